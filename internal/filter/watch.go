package filter

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/pii"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
)

// Streaming constants; for what they bound see DESIGN 5.3.
const (
	// scoreStep is how many bytes of new text make a window worth scoring before
	// Tick does.
	scoreStep = 192
	// scoreReach is how many normalised characters before the new text a classifier
	// sees again: its largest window is four blocks of 120 and moves on by one, so
	// three blocks before the new text show it all that the whole text would.
	scoreReach = 360
	// lookBack is how many normalised characters before a match can decide what it
	// is: the words that explain a number.
	lookBack = 128
	// lookAhead is the same behind a match.
	lookAhead = 48
	// tailLimit bounds the bytes that are kept. Honest text needs a few hundred; more
	// means padding that only hides something.
	tailLimit = 64 << 10
	// mostItems bounds the tool calls of a choice.
	mostItems = 128
)

// errLane is the error of an event that no answer can have.
var errLane = errors.New("an event belongs to no lane of this answer")

// watch implements Watch.
type watch struct {
	p        *policy
	subs     *Substitutions
	choices  int
	whole    bool // release nothing before the end
	logprobs bool // asked for
	lanes    []*lane
	ended    map[int]bool // choices that the filter ended
	closed   map[int]bool // choices that the backend ended
	broken   error        // a judgement that failed: nothing is released any more
}

// lane is the state of one strand of an answer. Offsets are bytes of the answer
// with substitutes put back; that is the text which the guards see.
type lane struct {
	id       conversation.Lane
	call     content.Text
	name     content.Text
	raw      int    // bytes of the answer as the backend wrote it, less those in cut
	cut      []byte // the beginning of a substitute that may still be one: not in text yet
	text     []byte // what is still needed; text[0] is byte base
	base     int
	scored   int // a window has covered what lies before
	final    int // the span detectors' verdict on what lies before cannot change
	released int // what lies before is out
	spans    int // span detectors need the text from here on
	reach    int // classifiers need the text from here on
	back     []shift
	masked   []shift
	masks    []pii.Entity // to be masked, not out yet
	cites    []conversation.Citation
	logprobs []json.Value
	sheet    *sheet
	plain    int // the decoded reading needs the text from here on
}

// shift is a range of one text and what stands for it in another.
type shift struct{ from, to guard.Span }

// moved maps an offset by the shifts before it. Inside a range that was replaced
// it moves to the edge of what stands there.
func moved(shifts []shift, at int, end bool) int {
	lo, hi := 0, len(shifts) // the shifts before lo begin before at
	for lo < hi {
		if m := (lo + hi) / 2; shifts[m].from.Start < at {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == 0 {
		return at
	}
	switch s := shifts[lo-1]; {
	case at >= s.from.End:
		return s.to.End + at - s.from.End
	case end:
		return s.to.End
	default:
		return s.to.Start
	}
}

// Push implements Watch.
func (w *watch) Push(ctx context.Context, e conversation.Event) ([]conversation.Event, error) {
	if w.broken != nil {
		return nil, w.broken
	}
	switch e.Kind {
	case conversation.Delta:
		return w.delta(ctx, e)
	case conversation.Finished:
		return w.finish(ctx, e)
	}
	return nil, errLane
}

func (w *watch) delta(ctx context.Context, e conversation.Event) ([]conversation.Event, error) {
	l, err := w.lane(e.Lane)
	if err != nil || w.ended[e.Lane.Choice] {
		return nil, err
	}
	if !e.Call.Empty() {
		l.call = e.Call
	}
	if !e.Name.Empty() {
		l.name = e.Name
	}
	l.cites = append(l.cites, e.Citations...)
	if w.logprobs && l.id.Kind == conversation.Text && e.Logprobs.Kind != json.Invalid {
		l.logprobs = append(l.logprobs, e.Logprobs)
	}
	w.append(l, open.String(e.Text), false)
	if w.waits(l) || l.end()-l.scored < l.step() {
		return nil, nil
	}
	return w.advance(ctx, l)
}

// lane returns the lane of an event. Only kinds that a surface knows how to show
// are lanes, and only one each but for tool calls: two lanes that are shown as one
// text would be judged as two.
func (w *watch) lane(id conversation.Lane) (*lane, error) {
	switch {
	case id.Choice < 0 || id.Choice >= w.choices || w.closed[id.Choice]:
		return nil, errLane
	case id.Kind == conversation.ToolCall && id.Item >= 0 && id.Item < mostItems:
	case (id.Kind == conversation.Text || id.Kind == conversation.Refusal || id.Kind == conversation.Reasoning) && id.Item == 0:
	default:
		return nil, errLane
	}
	for _, l := range w.lanes {
		if l.id == id {
			return l, nil
		}
	}
	l := &lane{id: id, sheet: w.p.sheet(AnswerSide)}
	w.lanes = append(w.lanes, l)
	return l, nil
}

// append takes text in, with substitutes put back. What may be the beginning of
// one waits, unless the text ends here. A tool call's arguments are put back when
// they are whole.
func (w *watch) append(l *lane, text string, last bool) {
	if w.subs.Empty() || l.id.Kind == conversation.ToolCall {
		l.text = append(l.text, text...)
		l.raw += len(text)
		return
	}
	if len(l.cut) > 0 {
		text = string(l.cut) + text
		l.cut = l.cut[:0]
	}
	if !last {
		at := w.subs.cut(text)
		l.cut = append(l.cut, text[at:]...)
		text = text[:at]
	}
	for len(text) > 0 {
		start, end, original := w.subs.find(text)
		l.text = append(l.text, text[:start]...)
		l.raw += start
		if end > start {
			s := shift{from: guard.Span{Start: l.raw, End: l.raw + end - start}, to: guard.Span{Start: l.end(), End: l.end() + len(original)}}
			l.back = append(l.back, s)
			l.text = append(l.text, original...)
			l.raw += end - start
		}
		text = text[end:]
	}
}

// waits reports whether l waits for its end. Tool calls always do: an agent acts
// on them, there is no taking back.
func (w *watch) waits(l *lane) bool { return w.whole || l.id.Kind == conversation.ToolCall }

// step is how much new text is worth a look: more where much must wait anyway, so
// that a long pattern does not make every look a long one.
func (l *lane) step() int { return max(scoreStep, (l.end()-l.released)/2) }

func (l *lane) end() int { return l.base + len(l.text) }

// from is the kept text from offset at on, which it moves to the beginning of a
// character.
func (l *lane) from(at *int) string {
	i := max(*at-l.base, 0)
	for i > 0 && i < len(l.text) && !utf8.RuneStart(l.text[i]) {
		i--
	}
	*at = l.base + i
	return string(l.text[i:])
}

// Tick implements Watch.
func (w *watch) Tick(ctx context.Context) ([]conversation.Event, error) {
	if w.broken != nil {
		return nil, w.broken
	}
	var out []conversation.Event
	for _, l := range w.lanes {
		if w.ended[l.id.Choice] || w.closed[l.id.Choice] || w.waits(l) || l.end() == l.scored {
			continue
		}
		es, err := w.advance(ctx, l)
		out = append(out, es...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// advance shows the guards what is new in l and releases up to the frontier.
func (w *watch) advance(ctx context.Context, l *lane) ([]conversation.Event, error) {
	frontier, err := w.look(ctx, l, false)
	if err != nil {
		return nil, err
	}
	if l.sheet.refused() {
		return w.block(l.id.Choice), nil
	}
	plain, err := w.lookDecoded(ctx, l, false)
	if err != nil {
		return nil, err
	}
	if l.sheet.refused() {
		return w.block(l.id.Choice), nil
	}
	out := w.release(l, l.runeStart(l.both(frontier, plain)), nil)
	l.forget()
	if len(l.text) > tailLimit {
		l.sheet.block(guard.PersonalData)
		return w.block(l.id.Choice), nil
	}
	return out, nil
}

// finish judges all of a choice, then releases the rest of it and tells its end:
// nothing of a tool call is out before the next one is judged too.
func (w *watch) finish(ctx context.Context, e conversation.Event) ([]conversation.Event, error) {
	choice := e.Lane.Choice
	if choice < 0 || choice >= w.choices || w.closed[choice] || e.Finish == conversation.NotFinished || e.Finish > conversation.Filtered {
		return nil, errLane
	}
	if w.ended[choice] {
		return nil, nil
	}
	if err := w.last(ctx, choice); err != nil {
		return nil, err
	}
	var out []conversation.Event
	for _, l := range w.lanes {
		if l.id.Choice != choice {
			continue
		}
		if l.sheet.refused() {
			return w.block(choice), nil
		}
		if l.id.Kind == conversation.ToolCall {
			out = append(out, l.callEvent())
		} else {
			out = w.release(l, l.end(), out)
		}
	}
	w.closed[choice] = true
	return append(out, conversation.Event{
		Kind: conversation.Finished, Lane: conversation.Lane{Choice: choice, Kind: conversation.Text},
		Finish: e.Finish, Report: w.choiceReport(choice),
	}), nil
}

// last judges what is left of a choice.
func (w *watch) last(ctx context.Context, choice int) error {
	var calls []*lane
	for _, l := range w.lanes {
		if l.id.Choice != choice {
			continue
		}
		if l.id.Kind == conversation.ToolCall {
			calls = append(calls, l)
			continue
		}
		w.append(l, "", true)
		if l.end() > l.final || l.end() > l.scored {
			if _, err := w.look(ctx, l, true); err != nil {
				return err
			}
		}
		if _, err := w.lookDecoded(ctx, l, true); err != nil {
			return err
		}
		if err := w.lookAtLogprobs(ctx, l); err != nil {
			return err
		}
	}
	return w.lookAtCalls(ctx, calls)
}

// both is the frontier of two readings. A match that it cuts waits whole.
func (l *lane) both(a, b int) int {
	f := min(a, b)
	for _, m := range l.masks {
		if m.Span.Start < f && f < m.Span.End {
			f = m.Span.Start
		}
	}
	return max(f, l.released)
}

// lookDecoded shows the guards what escapes spell, where there are any, and returns
// the frontier of that reading: structured output is decoded by whoever gets it, and
// must not say there what is refused here. What it finds has no place where it could
// be masked.
func (w *watch) lookDecoded(ctx context.Context, l *lane, last bool) (int, error) {
	text := l.from(&l.plain)
	if !escaped(text) {
		l.plain = min(l.spans, l.reach)
		return l.end(), nil
	}
	from := l.plain
	if !last {
		text = settled(text)
	}
	d := decode(text)
	found, err := w.judge(ctx, []asked{{d.text, inEscapes(text, w.p.answerAsk)}})
	if err != nil || len(found) == 0 {
		return l.end(), err
	}
	f := found[0]
	frontier, visible := len(d.text), len(d.text)
	if !last {
		frontier, visible = f.before(w.p.hold), f.Visible
	}
	f.Terms = slices.DeleteFunc(f.Terms, func(t Term) bool {
		return !d.spelled(t.Span) || !last && t.Span.Start >= frontier && t.Span.End >= visible // not decided yet, as in settle
	})
	f.Personal = slices.DeleteFunc(f.Personal, func(e pii.Entity) bool {
		s := d.original(e.Span)
		s.Start, s.End = s.Start+from, s.End+from
		return !d.spelled(e.Span) || !last && e.Span.Start >= frontier || l.isMasked(s) || l.isBack(s)
	})
	l.sheet.addSeam(f)
	l.plain = from + d.at(min(f.before(2*w.p.hold+w.p.back), f.before(scoreReach), frontier))
	return from + d.at(frontier), nil
}

// isMasked reports whether a mask lies in s, if in part.
func (l *lane) isMasked(s guard.Span) bool {
	return slices.ContainsFunc(l.masks, func(m pii.Entity) bool { return overlap(m.Span, s) }) ||
		slices.ContainsFunc(l.masked, func(m shift) bool { return overlap(m.from, s) })
}

// look runs the guards over the end of l and returns the frontier: no verdict on
// text before it can change.
func (w *watch) look(ctx context.Context, l *lane, last bool) (int, error) {
	q := w.p.answerAsk
	spans, harm := q.spans(), q.classes()
	texts := make([]asked, 0, 2)
	if spans.any() {
		texts = append(texts, asked{l.from(&l.spans), spans})
	}
	if harm.any() && l.end() > l.scored {
		texts = append(texts, asked{l.from(&l.reach), harm})
	}
	found, err := w.judge(ctx, texts)
	if err != nil {
		return 0, err
	}
	if !spans.any() {
		l.spans = l.end()
	}
	if !harm.any() {
		l.reach = l.end()
	}
	frontier := l.end()
	if spans.any() {
		frontier = w.settle(l, &found[0], last)
		found = found[1:]
	}
	if len(found) > 0 {
		l.sheet.add(found[0])
		l.reach += found[0].before(scoreReach)
	}
	l.scored = l.end()
	return frontier, nil
}

// judge is policy.judge; after a failure nothing is released any more, nor
// touched: a guard that is late may still read.
func (w *watch) judge(ctx context.Context, texts []asked) ([]Findings, error) {
	found, err := w.p.judge(ctx, texts)
	if err != nil {
		w.broken = err
	}
	return found, err
}

// settle takes over what the span detectors found in the text from l.spans on and
// returns the frontier. What begins behind the frontier, or touches the end of a
// text that goes on, is not decided yet: it waits, unreleased.
func (w *watch) settle(l *lane, f *Findings, last bool) int {
	from := l.spans
	frontier, visible := l.end(), l.end()
	if !last {
		visible = from + f.Visible
		if w.p.hold > 0 {
			frontier = from + f.before(w.p.hold)
		}
	}
	terms := f.Terms[:0]
	for _, t := range f.Terms {
		s := guard.Span{Start: t.Span.Start + from, End: t.Span.End + from}
		// A span that is longer than any term holds one that ends before the end.
		open := !last && s.End >= visible && s.Start >= frontier
		if s.End > l.final && !open {
			terms = append(terms, t)
		}
	}
	f.Terms = terms
	edge := frontier
	personal := f.Personal[:0]
	l.masks = l.masks[:0]
	chain := guard.Span{Start: -1, End: -1} // enforced entities side by side: one long one in pieces
	keep := l.end()
	for _, e := range f.Personal {
		e.Span.Start, e.Span.End = e.Span.Start+from, e.Span.End+from
		mode, listed := w.p.Config.Answer.Personal[e.Type]
		if !listed || mode == Off || l.isBack(e.Span) {
			continue
		}
		if mode != Note {
			if chain.End != e.Span.Start {
				chain.Start = e.Span.Start
			}
			if chain.End = e.Span.End; chain.End >= edge {
				keep = min(keep, chain.Start-lookBack)
			}
		}
		if e.Span.End <= l.released || !last && e.Span.Start >= edge {
			continue
		}
		personal = append(personal, e)
		if mode != Mask {
			continue
		}
		l.masks = append(l.masks, e)
		if !last && e.Span.End > edge { // a match that the frontier cuts waits whole
			frontier = min(frontier, e.Span.Start)
		}
	}
	f.Personal = personal
	l.sheet.add(*f)
	if last {
		l.final = l.end()
		return l.end()
	}
	frontier = max(min(frontier, l.openWord()), l.final)
	reach := w.p.hold + w.p.back
	if frontier < edge {
		reach += w.p.hold + edge - frontier
	}
	l.final = frontier
	l.spans = max(min(from+f.before(reach), keep), l.base)
	return frontier
}

// isBack reports whether s is, in whole, a substitute put back: what the caller
// sent is shown to the caller.
func (l *lane) isBack(s guard.Span) bool {
	for i := len(l.back) - 1; i >= 0 && l.back[i].to.End >= s.End; i-- {
		if l.back[i].to.Start <= s.Start {
			return true
		}
	}
	return false
}

// openWord is where the word begins in which the text ends, if it has letters that
// may be read otherwise when its other letters are known (look-alikes), else the end.
func (l *lane) openWord() int {
	i, foreign := len(l.text), false
	for i > 0 {
		r, size := utf8.DecodeLastRune(l.text[:i])
		switch {
		case r < utf8.RuneSelf:
			if r != '\'' && (r|0x20 < 'a' || r|0x20 > 'z') {
				size = 0
			}
		case unicode.In(r, unicode.Mn, unicode.Cf):
		case unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Cherokee),
			r >= 0x1D400 && r <= 0x1D7FF, r >= 0x24B6 && r <= 0x24E9, r >= 0x2100 && r <= 0x214F, r >= 0x1F110 && r <= 0x1F189:
			foreign = true
		default:
			size = 0
		}
		if size == 0 {
			break
		}
		i -= size
	}
	if !foreign {
		return l.end()
	}
	return l.base + i
}

// release appends the event that puts text up to the frontier out, if there is
// something to tell.
func (w *watch) release(l *lane, frontier int, out []conversation.Event) []conversation.Event {
	if w.whole && frontier < l.end() {
		return out
	}
	last, at := frontier == l.end(), l.released
	text := l.mask(frontier)
	cites := l.citationsUpTo(frontier)
	if frontier == at && len(cites) == 0 && (!last || len(l.logprobs) == 0) {
		return out
	}
	e := conversation.Event{Kind: conversation.Delta, Lane: l.id, Text: text, Citations: cites, Report: l.sheet.report(l.scored, l.scored)}
	if last && len(l.logprobs) > 0 {
		e.Logprobs = mergeLogprobs(l.logprobs)
		l.logprobs = nil
	}
	return append(out, e)
}

// runeStart moves an offset back to the beginning of a character that is not
// whole before it.
func (l *lane) runeStart(at int) int {
	before := l.text[:at-l.base]
	for n := 1; n < utf8.UTFMax && n <= len(before); n++ {
		if rest := before[len(before)-n:]; utf8.RuneStart(rest[0]) {
			if !utf8.FullRune(rest) {
				return max(at-n, l.released)
			}
			break
		}
	}
	return at
}

// mask moves released to frontier and returns what lies between, masked.
func (l *lane) mask(frontier int) content.Text {
	pos, i := l.released, l.base
	l.released = frontier
	if pos == frontier {
		return content.Text{}
	}
	var b []byte
	for _, m := range l.masks {
		if m.Span.End <= pos || m.Span.Start >= frontier {
			continue
		}
		start, end := max(m.Span.Start, pos), min(m.Span.End, frontier)
		b = append(b, l.text[pos-i:start-i]...)
		out := moved(l.masked, start, true)
		b = append(append(append(b, '['), m.Type...), ']')
		l.masked = append(l.masked, shift{from: guard.Span{Start: start, End: end}, to: guard.Span{Start: out, End: out + len(m.Type) + 2}})
		pos = end
	}
	if b == nil {
		return content.New(string(l.text[pos-i : frontier-i]))
	}
	return content.New(string(append(b, l.text[pos-i:frontier-i]...)))
}

// citationsUpTo returns the citations whose text is out, in offsets of what was
// released. What is no range of a text is dropped.
func (l *lane) citationsUpTo(frontier int) []conversation.Citation {
	if len(l.cites) == 0 {
		return nil
	}
	var out []conversation.Citation
	rest := l.cites[:0]
	for _, c := range l.cites {
		switch end := moved(l.back, c.End, true); {
		case c.Start < 0 || c.End < c.Start:
		case c.End > l.raw || end > frontier:
			rest = append(rest, c)
		default:
			c.Start, c.End = moved(l.masked, moved(l.back, c.Start, false), false), moved(l.masked, end, true)
			out = append(out, c)
		}
	}
	l.cites = rest
	return out
}

// forget drops text that no guard needs any more.
func (l *lane) forget() {
	i := min(l.released, l.spans, l.reach, l.plain) - l.base
	for i > 0 && (i < len(l.text) && !utf8.RuneStart(l.text[i]) || l.text[i-1] == '\\') { // an escape stays whole
		i--
	}
	if i <= 0 {
		return
	}
	l.text = append(l.text[:0], l.text[i:]...)
	l.base += i
}

// block ends a choice in the filter's name: nothing more of it leaves.
func (w *watch) block(choice int) []conversation.Event {
	w.ended[choice] = true
	return []conversation.Event{{
		Kind: conversation.Finished, Lane: conversation.Lane{Choice: choice, Kind: conversation.Text},
		Finish: conversation.Filtered, Report: w.choiceReport(choice),
	}}
}

// choiceReport joins the sheets of a choice's lanes: the worst of each category.
func (w *watch) choiceReport(choice int) guard.Report {
	return w.joined(func(l *lane) bool { return l.id.Choice == choice })
}

// Report implements Watch. Text of a choice that the filter ended is never
// released, so it need not be looked at to the end.
func (w *watch) Report() guard.Report { return w.joined(func(*lane) bool { return true }) }

func (w *watch) joined(of func(*lane) bool) guard.Report {
	s := w.p.sheet(AnswerSide)
	scanned, total := 0, 0
	for _, l := range w.lanes {
		if !of(l) {
			continue
		}
		s.merge(l.sheet)
		scanned += l.scored
		if w.ended[l.id.Choice] {
			total += l.scored
		} else {
			total += l.end() + len(l.cut)
		}
	}
	return s.report(scanned, total)
}

// Done implements Watch.
func (w *watch) Done() bool { return len(w.ended) == w.choices }

// callEvent is a judged tool call.
func (l *lane) callEvent() conversation.Event {
	l.released = l.end()
	return conversation.Event{
		Kind: conversation.Delta, Lane: l.id, Text: content.New(string(l.text)), Call: l.call, Name: l.name,
		Report: l.sheet.report(l.scored, l.scored),
	}
}

// lookAtCalls judges tool calls as a whole: their names, their raw arguments, and
// the decoded strings in them, in which escapes hide nothing; then all calls of the
// choice together, for what was split between them.
func (w *watch) lookAtCalls(ctx context.Context, calls []*lane) error {
	var all []string
	for _, l := range calls {
		if !w.subs.Empty() {
			l.text = []byte(open.String(w.subs.RestoreJSON(content.New(string(l.text)))))
		}
		texts, values := callTexts(l)
		all = append(all, values...)
		if err := w.lookAcross(ctx, l, texts, w.p.answerAsk); err != nil {
			return err
		}
		l.scored = l.end()
	}
	if len(calls) < 2 {
		return nil
	}
	return w.lookAcross(ctx, calls[0], []string{strings.Join(all, ""), strings.Join(all, "\n")}, w.p.answerAsk.spans())
}

// lookAcross judges texts in which nothing can be masked.
func (w *watch) lookAcross(ctx context.Context, l *lane, texts []string, q Questions) error {
	if !q.any() {
		return nil
	}
	var ask []asked
	for i, t := range texts {
		if t != "" && (i == 0 || t != texts[i-1]) {
			ask = append(ask, asked{t, q})
		}
	}
	found, err := w.judge(ctx, ask)
	for _, f := range found {
		l.sheet.addSeam(f)
	}
	return err
}

// callTexts are the readings of a tool call, and the values in its arguments.
func callTexts(l *lane) (texts, values []string) {
	raw := string(l.text)
	more, values := readings(raw)
	return append([]string{open.String(l.name) + "\n" + open.String(l.call), raw}, more...), values
}

// readings are the texts that arguments hold when they are decoded, and the values
// in them. Arguments that are no JSON, or not strictly, are read with their escapes
// undone, as a lenient reader would; so is JSON inside a string.
func readings(raw string) (texts, values []string) {
	if v, err := json.Parse([]byte(raw), json.Limits{}); err == nil {
		var all []string
		collect(v, &all, true)
		collect(v, &values, false)
		texts = append(texts, strings.Join(all, "\n"), strings.Join(values, "\n"), strings.Join(values, ""))
	} else {
		values = []string{unescape(raw)}
	}
	const nested = 4
	for range nested {
		plain := unescape(raw)
		if plain == raw {
			break
		}
		texts = append(texts, plain)
		raw = plain
	}
	return texts, values
}

// collect gathers the texts of v in order, with or without the names of members.
func collect(v json.Value, out *[]string, names bool) {
	switch v.Kind {
	case json.String:
		*out = append(*out, open.String(v.Text))
	case json.Number:
		*out = append(*out, v.Number)
	case json.Array:
		for _, i := range v.Items {
			collect(i, out, names)
		}
	case json.Object:
		for _, m := range v.Members {
			if names {
				*out = append(*out, open.String(m.Name))
			}
			collect(m.Value, out, names)
		}
	}
}
