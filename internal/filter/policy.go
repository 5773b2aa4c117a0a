package filter

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"
	"time"

	"sallyport/guard"
	"sallyport/guard/blocklist"
	"sallyport/guard/normalize"
	"sallyport/guard/pii"
	"sallyport/internal/conversation"
)

// Mode is what a policy does when a guard finds something. The zero Mode blocks.
type Mode uint8

// The modes, from the strictest.
const (
	Block Mode = iota
	Mask       // personal data only: a placeholder stands for it
	Note       // reported, let through
	Off        // not looked for
)

// Threshold is from which severity a harm is blocked. The zero Threshold blocks
// from low.
type Threshold struct {
	At   guard.Severity // 2 low, 4 medium, 6 high; 0 counts as 2
	Mode Mode           // Block, Note or Off
}

func (t Threshold) blocks(s guard.Severity) bool {
	return t.Mode == Block && s >= max(t.At, 2)
}

// Rules are the policy of one side.
type Rules struct {
	Harm       [4]Threshold // in the order of guard.Harms
	Jailbreak  Mode         // prompts only
	Indirect   Mode         // prompts only
	Personal   map[string]Mode
	Blocklists []*blocklist.List // always block
}

// Config is a content filter. Every set-up names it in full: there are no
// defaults here (they live in config).
type Config struct {
	Name           string
	Prompt, Answer Rules
	Buffered       bool          // judge the whole answer before any of it is released
	Deadline       time.Duration // for one judgement; 0 means 10 s
	Guards         Guards
}

// New makes a policy of cfg.
func New(cfg Config) (Policy, error) {
	if cfg.Guards == nil {
		return nil, errors.New("a content filter needs guards")
	}
	if cfg.Deadline == 0 {
		cfg.Deadline = 10 * time.Second
	}
	p := &policy{Config: cfg}
	p.promptAsk = questions(cfg.Prompt)
	p.answerAsk = questions(cfg.Answer)
	p.answerAsk.Jailbreak, p.answerAsk.Indirect = false, false
	p.types = [2][]string{sortedTypes(cfg.Prompt.Personal), sortedTypes(cfg.Answer.Personal)}
	p.hold = longestEnforced(cfg.Answer)
	p.back = lookBack
	if !p.answerAsk.Personal {
		p.back = min(p.back, p.hold+1) // lists look no further than at the word before
	}
	return p, nil
}

type policy struct {
	Config
	promptAsk, answerAsk Questions
	types                [2][]string // of personal data, sorted, by side
	hold                 int         // normalised characters that a span detector may still claim
	back                 int         // normalised characters before those that it looks at
}

// sheet is an empty sheet of a side.
func (p *policy) sheet(side Side) *sheet {
	rules := &p.Config.Prompt
	if side == AnswerSide {
		rules = &p.Config.Answer
	}
	return newSheet(rules, p.types[side], p.Guards.Version(), side)
}

func questions(r Rules) Questions {
	q := Questions{Jailbreak: r.Jailbreak != Off, Indirect: r.Indirect != Off, Lists: r.Blocklists}
	for _, t := range r.Harm {
		q.Harm = q.Harm || t.Mode != Off
	}
	for _, m := range r.Personal {
		q.Personal = q.Personal || m != Off
	}
	return q
}

// longestEnforced is the longest match of any detector whose hit must not be
// released even in part, with what behind it may still decide that it is one.
func longestEnforced(r Rules) int {
	n := 0
	for _, l := range r.Blocklists {
		n = max(n, l.Longest())
	}
	for t, m := range r.Personal {
		if m == Block || m == Mask {
			n = max(n, pii.Longest(t)+lookAhead)
		}
	}
	return n
}

// errLate is the error of a guard that did not answer in time.
var errLate = errors.New("guards are late")

// asked is a text and what is asked about it.
type asked struct {
	text string
	q    Questions
}

// judge runs the guards over texts within the deadline and contains their panics.
// A guard that hangs keeps its goroutine until it returns; its answer is then
// dropped.
func (p *policy) judge(ctx context.Context, texts []asked) ([]Findings, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	return p.within(ctx, func(ctx context.Context) ([]Findings, error) {
		found := make([]Findings, len(texts))
		for i, t := range texts {
			var err error
			if found[i], err = p.contained(ctx, t.text, t.q); err != nil {
				return nil, err
			}
		}
		return found, nil
	})
}

// within waits for f no longer than the deadline, nor than ctx.
func (p *policy) within(ctx context.Context, f func(context.Context) ([]Findings, error)) ([]Findings, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Deadline)
	defer cancel()
	type result struct {
		found []Findings
		err   error
	}
	done := make(chan result, 1)
	go func() {
		found, err := f(ctx)
		done <- result{found, err}
	}()
	select {
	case r := <-done:
		return r.found, r.err
	case <-ctx.Done():
		return nil, late(ctx)
	}
}

// late is the error of a judgement that ctx cut off.
func late(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errLate
	}
	return ctx.Err()
}

func (p *policy) contained(ctx context.Context, text string, q Questions) (f Findings, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = Findings{}, panicked(r)
		}
	}()
	if ctx.Err() != nil {
		return Findings{}, late(ctx)
	}
	return p.Guards.Judge(ctx, text, q)
}

// panicked describes a panic by its type only: its value may hold content.
func panicked(r any) error {
	if e, ok := r.(runtime.Error); ok {
		return fmt.Errorf("guard panicked: %T", e)
	}
	return fmt.Errorf("guard panicked: %T", r)
}

// Prompt implements Policy. The conversation is handed to a goroutine: when it is
// late, the caller gets an error and must not touch the conversation again, and
// the request is refused.
func (p *policy) Prompt(ctx context.Context, c *conversation.Conversation) (guard.Report, *Substitutions, error) {
	type judged struct {
		report guard.Report
		subs   *Substitutions
	}
	out := make(chan judged, 1)
	_, err := p.within(ctx, func(ctx context.Context) ([]Findings, error) {
		r, s, err := p.prompt(ctx, c)
		if err == nil {
			out <- judged{r, s}
		}
		return nil, err
	})
	if err != nil {
		return guard.Report{}, nil, err
	}
	j := <-out
	return j.report, j.subs, nil
}

// largeUnit is from which size what the guards made of a unit is collected at
// once: the next one, and the body that is sent, need the room.
const largeUnit = 4 << 20

func (p *policy) prompt(ctx context.Context, c *conversation.Conversation) (report guard.Report, subs *Substitutions, err error) {
	defer func() {
		if r := recover(); r != nil {
			report, subs, err = guard.Report{}, nil, panicked(r)
		}
	}()
	s := p.sheet(PromptSide)
	units := unitsOf(c)
	total, scanned := 0, 0
	for _, u := range units {
		total += u.bytes
	}
	subs = &Substitutions{}
	for i := range units {
		u := &units[i]
		if err := p.judgeUnit(ctx, s, u); err != nil {
			return guard.Report{}, nil, err
		}
		scanned += u.bytes
		if u.bytes >= largeUnit {
			runtime.GC()
		}
	}
	if err := p.judgeSeams(ctx, s, units); err != nil {
		return guard.Report{}, nil, err
	}
	if !s.refused() && !mask(units, p.Config.Prompt, subs) {
		s.block(guard.PersonalData)
	}
	return s.report(scanned, total), subs, nil
}

// judgeUnit shows a unit to the guards. Small leaves are shown to the classifiers
// as they can be read: the sentences among them line by line, the words as one run.
func (p *policy) judgeUnit(ctx context.Context, s *sheet, u *unit) error {
	q := p.promptAsk
	q.Indirect = q.Indirect && u.planted()
	shown := q
	if !u.prose || words(u.text) < 2 {
		shown = q.spans()
	}
	f, err := p.contained(ctx, u.text, shown)
	if err != nil {
		return err
	}
	s.add(f)
	u.found = f.Personal
	if u.prose {
		return errors.Join(p.judgeText(ctx, s, spokenTokens(u.text), q.classes()),
			p.judgeEscapes(ctx, s, u, q), p.judgeLeaves(ctx, s, u), p.judgeArguments(ctx, s, u))
	}
	sentences, run := u.readable()
	return errors.Join(p.judgeText(ctx, s, sentences, q.classes()), p.judgeRun(ctx, s, run, q.classes()))
}

// judgeText shows a text without a place of its own to the classifiers.
func (p *policy) judgeText(ctx context.Context, s *sheet, text string, q Questions) error {
	return p.judgeWords(ctx, s, text, q, 0)
}

// judgeRun is judgeText for words that nobody wrote in a row: the shields must be
// surer of what they see in them.
func (p *policy) judgeRun(ctx context.Context, s *sheet, text string, q Questions) error {
	return p.judgeWords(ctx, s, text, q, sure)
}

// judgeWords asks the classifiers; a jailbreak counts from the score least.
func (p *policy) judgeWords(ctx context.Context, s *sheet, text string, q Questions, least float32) error {
	if words(text) < 2 || !q.any() {
		return nil
	}
	f, err := p.contained(ctx, text, q)
	if err != nil {
		return err
	}
	f.Jailbreak.Detected = f.Jailbreak.Detected && f.Jailbreak.Score >= least
	s.add(f)
	return nil
}

// sure is the score from which a run of words is an attack. The names of a few
// categories of harm score 0.7; attacks in single words, 0.8 and more.
const sure = 0.75

// judgeLeaves judges each piece of prose that was joined by itself too: a joint
// without a space glues the last word of one to the first of the next, and a term
// or a number at the edge would no longer stand alone.
func (p *policy) judgeLeaves(ctx context.Context, s *sheet, u *unit) error {
	if len(u.leaves) < 2 {
		return nil
	}
	start, next := 0, 0
	whole := u.found // sorted, and those of the leaves come in order too
	for i := range u.leaves {
		f, err := p.contained(ctx, u.text[start:u.ends[i]], p.promptAsk.spans())
		if err != nil {
			return err
		}
		for _, e := range f.Personal {
			e.Span.Start, e.Span.End = e.Span.Start+start, e.Span.End+start
			for next < len(whole) && whole[next].Span.End <= e.Span.Start {
				next++
			}
			if next == len(whole) || whole[next].Span.Start >= e.Span.End {
				u.found = append(u.found, e)
			}
		}
		s.add(f)
		start = u.ends[i]
	}
	slices.SortFunc(u.found, func(a, b pii.Entity) int { return a.Span.Start - b.Span.Start })
	return nil
}

// judgeEscapes judges what the escapes in a text spell: tool results and quoted
// JSON are read decoded. Personal data that only this reading shows has no place
// where it could be masked.
func (p *policy) judgeEscapes(ctx context.Context, s *sheet, u *unit, q Questions) error {
	if u.kind == conversation.ToolCall || !escaped(u.text) {
		return nil // judgeArguments decodes calls
	}
	if q = inEscapes(u.text, q); !q.any() {
		return nil
	}
	d := decode(u.text)
	f, err := p.contained(ctx, d.text, q)
	if err != nil {
		return err
	}
	f.Personal = slices.DeleteFunc(f.Personal, func(e pii.Entity) bool {
		return !d.spelled(e.Span) || entities(u.found).overlaps(e.Type, d.original(e.Span))
	})
	s.addSeam(f)
	return nil
}

// judgeArguments judges what the arguments of a tool call say when they are
// decoded, as the model reads them. Personal data that only the decoded form shows
// has no place where it could be masked.
func (p *policy) judgeArguments(ctx context.Context, s *sheet, u *unit) error {
	if u.kind != conversation.ToolCall {
		return nil
	}
	type entity struct{ kind, text string }
	raw := map[entity]bool{}
	for _, e := range u.found {
		raw[entity{e.Type, u.text[e.Span.Start:e.Span.End]}] = true
	}
	texts, values := readings(u.text)
	u.values = values
	for _, text := range texts {
		f, err := p.contained(ctx, text, p.promptAsk.spans())
		if err != nil {
			return err
		}
		f.Personal = slices.DeleteFunc(f.Personal, func(e pii.Entity) bool {
			return raw[entity{e.Type, text[e.Span.Start:e.Span.End]}]
		})
		s.addSeam(f)
	}
	return nil
}

// judgeSeams judges what was split between texts: listed terms wherever the cuts
// are, personal data whose digits go on, and sentences.
func (p *policy) judgeSeams(ctx context.Context, s *sheet, units []unit) error {
	reach := seamReach
	for _, l := range p.promptAsk.Lists {
		reach = max(reach, l.Longest())
	}
	for _, w := range seamsOf(units, reach) {
		q := p.promptAsk.classes()
		q.Indirect = q.Indirect && w.planted()
		if !w.prose() {
			q = Questions{}
		}
		if err := p.judgeJoined(ctx, s, w, q); err != nil {
			return err
		}
	}
	for _, order := range orders(valuesOf(units)) {
		for _, w := range seamsIn(order, valueStride, valueStride+reach) {
			if err := errors.Join(p.judgeJoined(ctx, s, w, Questions{}), p.judgeValues(ctx, s, w)); err != nil {
				return err
			}
		}
	}
	return nil
}

// valueStride is how many characters of values are judged in one piece. They are
// small and many: a seam for each boundary would be most of the work.
const valueStride = 8 << 10

// judgeJoined judges what was cut within a seam; classifiers are asked what q asks.
func (p *policy) judgeJoined(ctx context.Context, s *sheet, w seam, q Questions) error {
	if ctx.Err() != nil {
		return late(ctx)
	}
	glued, spaced := w.join(func(string, string) string { return "" }), w.join(func(string, string) string { return " " })
	if len(p.promptAsk.Lists) > 0 {
		s.addSeam(p.splitTerms(glued.text, glued.cuts))
	}
	if words(spaced.text) < 2 {
		q = Questions{}
	}
	q.Personal = p.promptAsk.Personal
	alone, err := p.judgeSeam(ctx, s, spaced, q, nil)
	if err != nil || !q.Personal {
		return err
	}
	for _, j := range []joined{w.join(byDigits), glued} {
		if j.text == spaced.text {
			continue
		}
		if _, err := p.judgeSeam(ctx, s, j, Questions{Personal: true}, func(e pii.Entity) bool { return alone.has(e, j, spaced) }); err != nil {
			return err
		}
	}
	return nil
}

func (p *policy) splitTerms(glued string, cuts []int) Findings {
	r := normalize.Normalize(glued)
	var f Findings
	for _, l := range p.promptAsk.Lists {
		for _, span := range l.FindSplit(r, cuts) {
			f.Terms = append(f.Terms, Term{List: l.Name(), Span: span})
		}
	}
	return f
}

// judgeValues shows values that follow each other to the classifiers: sentences
// that were cut between or within words, and words one by one.
func (p *policy) judgeValues(ctx context.Context, s *sheet, w seam) error {
	q := p.promptAsk.classes()
	q.Indirect = false // values are for the direct shield, as in judgeUnit
	sentences, run := w.readable()
	return errors.Join(
		p.judgeText(ctx, s, strings.Join(sentences, " "), q),
		p.judgeText(ctx, s, strings.Join(sentences, ""), q),
		p.judgeRun(ctx, s, strings.Join(run, " "), q))
}

// judgeSeam judges a reading of a seam and returns the personal data that single
// pieces show. What known says of is no news.
func (p *policy) judgeSeam(ctx context.Context, s *sheet, j joined, q Questions, known func(pii.Entity) bool) (entities, error) {
	if !q.any() {
		return nil, nil
	}
	f, err := p.contained(ctx, j.text, q)
	if err != nil {
		return nil, err
	}
	cut, alone := crossing(f.Personal, j.cuts)
	if known != nil {
		cut = slices.DeleteFunc(cut, known)
	}
	f.Personal = cut
	s.addSeam(f)
	return alone, nil
}

// entities are sorted and do not overlap.
type entities []pii.Entity

// has reports whether a piece shows e by itself: glued to the word at the edge of its
// neighbour it would look like one that was cut. The entities lie in another reading
// of the seam than e.
func (es entities) has(e pii.Entity, of, in joined) bool {
	return es.overlaps(e.Type, guard.Span{Start: of.moved(e.Span.Start, in), End: of.moved(e.Span.End-1, in) + 1})
}

// overlaps reports whether one of the kind lies in the span, if in part.
func (es entities) overlaps(kind string, s guard.Span) bool {
	i := sort.Search(len(es), func(i int) bool { return es[i].Span.End > s.Start })
	for ; i < len(es) && es[i].Span.Start < s.End; i++ {
		if es[i].Type == kind {
			return true
		}
	}
	return false
}

// Answer implements Policy.
func (p *policy) Answer(c *conversation.Conversation, m *Substitutions) Watch {
	return &watch{
		p: p, subs: m, choices: max(c.Choices, 1), logprobs: c.Sampling.Logprobs,
		whole: p.Buffered || !c.Stream || c.Sampling.Logprobs,
		ended: map[int]bool{}, closed: map[int]bool{},
	}
}

// Empty implements Policy.
func (p *policy) Empty(side Side) guard.Report {
	return p.sheet(side).report(0, 0)
}
