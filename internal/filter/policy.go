package filter

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"sallyport/guard"
	"sallyport/guard/blocklist"
	"sallyport/guard/pii"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
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
	p.hold = longestEnforced(cfg.Answer)
	return p, nil
}

type policy struct {
	Config
	promptAsk, answerAsk Questions
	hold                 int // normalised characters that a span detector may still claim
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
// released even in part.
func longestEnforced(r Rules) int {
	n := 0
	for _, l := range r.Blocklists {
		n = max(n, l.Longest())
	}
	for t, m := range r.Personal {
		if m == Block || m == Mask {
			n = max(n, pii.Longest(t))
		}
	}
	return n
}

// errLate is the error of a guard that did not answer in time.
var errLate = errors.New("guards are late")

// judge runs the guards with a deadline and contains their panics. A guard that
// hangs keeps its goroutine until it returns; its answer is then dropped.
func (p *policy) judge(ctx context.Context, text string, q Questions) (Findings, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Deadline)
	defer cancel()
	return p.contained(ctx, text, q)
}

func (p *policy) contained(ctx context.Context, text string, q Questions) (f Findings, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = Findings{}, panicked(r)
		}
	}()
	if err := ctx.Err(); err != nil {
		return Findings{}, errLate
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

// Prompt implements Policy.
func (p *policy) Prompt(ctx context.Context, c *conversation.Conversation) (guard.Report, *Substitutions, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Deadline)
	defer cancel()
	type result struct {
		report guard.Report
		subs   *Substitutions
		err    error
	}
	// The conversation is handed to the goroutine. When it is late, the caller gets
	// an error and must not touch the conversation again: the request is refused.
	done := make(chan result, 1)
	go func() {
		r, s, err := p.prompt(ctx, c)
		done <- result{r, s, err}
	}()
	select {
	case r := <-done:
		return r.report, r.subs, r.err
	case <-ctx.Done():
		if err := context.Cause(ctx); errors.Is(err, context.DeadlineExceeded) {
			return guard.Report{}, nil, errLate
		}
		return guard.Report{}, nil, ctx.Err()
	}
}

func (p *policy) prompt(ctx context.Context, c *conversation.Conversation) (report guard.Report, subs *Substitutions, err error) {
	defer func() {
		if r := recover(); r != nil {
			report, subs, err = guard.Report{}, nil, panicked(r)
		}
	}()
	s := newSheet(p.Config.Prompt, p.Guards.Version(), PromptSide)
	units := unitsOf(c)
	total := 0
	for _, u := range units {
		total += u.bytes
	}
	subs = &Substitutions{}
	for i := range units {
		u := &units[i]
		f, err := p.contained(ctx, u.text, p.ask(u))
		if err != nil {
			return guard.Report{}, nil, err
		}
		s.add(f)
		s.scanned += u.bytes
		u.found = f.Personal
	}
	for _, seam := range seamsOf(units) {
		f, err := p.contained(ctx, seam.text, p.ask(&unit{origin: seam.origin, kind: seam.kind}))
		if err != nil {
			return guard.Report{}, nil, err
		}
		f.Personal = seam.crossing(f.Personal)
		s.addSeam(f)
	}
	if !s.refused() && !mask(units, p.Config.Prompt, subs) {
		s.block(guard.PersonalData)
	}
	return s.report(total), subs, nil
}

// ask chooses the guards for a unit by whose words it is. The direct shield reads
// everything; the indirect shield reads what the user did not write.
func (p *policy) ask(u *unit) Questions {
	q := p.promptAsk
	q.Indirect = q.Indirect && u.origin == conversation.Untrusted && (u.kind == conversation.Document || u.kind == conversation.ToolResult || u.kind == conversation.Text && u.turn >= 0)
	return q
}

// Answer implements Policy.
func (p *policy) Answer(c *conversation.Conversation, m *Substitutions) Watch {
	w := &watch{p: p, subs: m, whole: p.Buffered || !c.Stream || c.Sampling.Logprobs}
	w.sheet = newSheet(p.Config.Answer, p.Guards.Version(), AnswerSide)
	return w
}

// Empty implements Policy.
func (p *policy) Empty(side Side) guard.Report {
	rules := p.Config.Prompt
	if side == AnswerSide {
		rules = p.Config.Answer
	}
	r := newSheet(rules, p.Guards.Version(), side).report(0)
	return r
}

// unit is a stretch of text that is judged in one piece.
type unit struct {
	text   string
	bytes  int
	leaves []conversation.Leaf // what it was joined from
	ends   []int               // end of each leaf in text
	origin conversation.Origin
	kind   conversation.Kind
	turn   int
	found  []pii.Entity
}

// unitsOf joins the texts of a conversation: prose that follows on prose of the
// same turn, origin and kind is one text, as the model will read it; the small
// leaves (names, ids, schema words) that follow each other are one text by lines.
func unitsOf(c *conversation.Conversation) []unit {
	var units []unit
	var b strings.Builder
	var cur unit
	prose := false
	flush := func() {
		if len(cur.leaves) > 0 {
			cur.text = b.String()
			if len(cur.leaves) == 1 {
				cur.text = open.String(*cur.leaves[0].Text)
			}
			units = append(units, cur)
		}
		cur = unit{}
		b.Reset()
	}
	for l := range c.Texts() {
		same := len(cur.leaves) > 0 && l.Prose == prose && l.Turn == cur.turn && l.Origin == cur.origin && l.Kind == cur.kind
		if !same {
			flush()
			cur.turn, cur.origin, cur.kind, prose = l.Turn, l.Origin, l.Kind, l.Prose
		}
		if len(cur.leaves) > 0 && !prose {
			b.WriteByte('\n')
		}
		text := open.String(*l.Text)
		b.WriteString(text)
		cur.bytes += len(text)
		cur.leaves = append(cur.leaves, l)
		cur.ends = append(cur.ends, b.Len())
	}
	flush()
	return units
}

// seam is the neighbourhood of a boundary between units or leaves: what was split
// there is whole again in it.
type seam struct {
	text   string
	cuts   []int // where the pieces were joined
	origin conversation.Origin
	kind   conversation.Kind
}

// seamReach is how many bytes on each side of a boundary a seam shows. It covers
// the longest pattern and a classifier's window.
const seamReach = 512

// seamsOf returns the seams of a conversation, each in two forms: joined directly,
// for words that were cut, and by a space, for sentences. Boundaries that lie
// close together share a seam.
func seamsOf(units []unit) []seam {
	pieces, origins := pieces(units)
	if len(pieces) < 2 {
		return nil
	}
	return append(seamsBy("", pieces, origins), seamsBy(" ", pieces, origins)...)
}

func seamsBy(sep string, pieces []string, origins []conversation.Origin) []seam {
	joined := strings.Join(pieces, sep)
	cuts := make([]int, 0, len(pieces)-1)
	for at, i := 0, 0; i < len(pieces)-1; i++ {
		at += len(pieces[i])
		cuts = append(cuts, at)
		at += len(sep)
	}
	var seams []seam
	covered := -1
	for i, at := range cuts {
		if at < covered-seamReach/2 {
			continue
		}
		from, to := runeStart(joined, max(0, at-seamReach)), runeStart(joined, min(len(joined), at+seamReach))
		s := seam{text: joined[from:to], origin: min(origins[i], origins[i+1]), kind: conversation.Text}
		for j := 0; j < len(cuts) && cuts[j] < to; j++ {
			if cuts[j] > from {
				s.cuts = append(s.cuts, cuts[j]-from)
			}
		}
		seams = append(seams, s)
		covered = to
	}
	return seams
}

// crossing keeps the entities that no single piece shows: they cannot be masked
// in one place.
func (s seam) crossing(found []pii.Entity) []pii.Entity {
	kept := found[:0:0]
	for _, e := range found {
		for _, cut := range s.cuts {
			if e.Span.Start < cut && cut < e.Span.End {
				kept = append(kept, e)
				break
			}
		}
	}
	return kept
}

func pieces(units []unit) ([]string, []conversation.Origin) {
	var texts []string
	var origins []conversation.Origin
	for _, u := range units {
		for _, l := range u.leaves {
			texts = append(texts, open.String(*l.Text))
			origins = append(origins, u.origin)
		}
	}
	return texts, origins
}

func runeStart(s string, i int) int {
	for i > 0 && i < len(s) && s[i]&0xC0 == 0x80 {
		i--
	}
	return i
}

// mask writes placeholders over the personal data that policy masks. It reports
// whether all of it could be masked: a number's literal has no place for a word.
func mask(units []unit, rules Rules, subs *Substitutions) bool {
	for _, u := range units {
		hits := u.found[:0:0]
		for _, e := range u.found {
			if rules.Personal[e.Type] == Mask {
				hits = append(hits, e)
			}
		}
		if len(hits) > 0 && !maskUnit(u, hits, subs) {
			return false
		}
	}
	return true
}

func maskUnit(u unit, hits []pii.Entity, subs *Substitutions) bool {
	start := 0
	for i, l := range u.leaves {
		end := u.ends[i]
		if covered(hits, start, end) {
			if l.Number {
				return false
			}
			*l.Text = content.New(masked(u.text, start, end, hits, subs))
		}
		start = end
		if !l.Prose {
			start++ // the line break between small leaves
		}
	}
	return true
}

func covered(hits []pii.Entity, start, end int) bool {
	for _, h := range hits {
		if h.Span.Start < end && h.Span.End > start {
			return true
		}
	}
	return false
}

// masked returns text[start:end] with placeholders for what hits cover. An entity
// that began in an earlier leaf leaves nothing here: its placeholder stands there.
func masked(text string, start, end int, hits []pii.Entity, subs *Substitutions) string {
	var b strings.Builder
	pos := start
	for _, h := range hits {
		if h.Span.End <= pos || h.Span.Start >= end {
			continue
		}
		from := max(h.Span.Start, pos)
		b.WriteString(text[pos:from])
		if h.Span.Start >= start {
			b.WriteString(subs.placeholderFor(h.Type, text[h.Span.Start:h.Span.End]))
		}
		pos = min(h.Span.End, end)
	}
	b.WriteString(text[pos:end])
	return b.String()
}
