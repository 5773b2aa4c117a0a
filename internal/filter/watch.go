package filter

import (
	"context"
	"strings"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/pii"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
)

// Streaming constants, in bytes of text; for what they bound see DESIGN 5.3.
const (
	// scoreStep is how much new text makes a window worth scoring before Tick does.
	scoreStep = 100
	// scoreReach is how far back a window reaches, so that what is said across
	// windows is seen whole.
	scoreReach = 480
	// tailLimit bounds the text kept behind the frontier. Honest text needs a few
	// hundred bytes; more means padding that only hides something.
	tailLimit = 64 << 10
)

// watch implements Watch.
type watch struct {
	p     *policy
	subs  *Substitutions
	whole bool // release nothing before the end
	sheet *sheet
	lanes []*lane
	ended map[int]bool // choices that the filter ended
	total int
	alive map[int]bool // choices seen
}

// lane is the state of one strand of an answer.
type lane struct {
	id       conversation.Lane
	call     content.Text
	name     content.Text
	text     []byte // all text still needed; text[0] is byte base of the answer
	base     int
	scored   int // bytes of the answer that a window has covered
	released int // bytes of the answer that are out
	out      int // bytes released after edits: what citations count in
	edits    []edit
	cites    []conversation.Citation
	logprobs []json.Value
	sheet    *sheet
	masks    []pii.Entity // to be masked, likewise
}

// edit is a replaced range of the answer: citations behind it move by delta.
type edit struct{ at, delta int }

// Push implements Watch.
func (w *watch) Push(ctx context.Context, e conversation.Event) ([]conversation.Event, error) {
	switch e.Kind {
	case conversation.Delta:
		if w.ended[e.Lane.Choice] {
			return nil, nil
		}
		return w.delta(ctx, e)
	case conversation.Finished:
		return w.finish(ctx, e)
	}
	return []conversation.Event{e}, nil
}

func (w *watch) delta(ctx context.Context, e conversation.Event) ([]conversation.Event, error) {
	l := w.lane(e.Lane)
	w.see(e.Lane.Choice)
	if !e.Call.Empty() {
		l.call = e.Call
	}
	if !e.Name.Empty() {
		l.name = e.Name
	}
	l.text = append(l.text, open.String(e.Text)...)
	w.total += e.Text.Len()
	l.cites = append(l.cites, e.Citations...)
	if e.Logprobs.Kind != json.Invalid {
		l.logprobs = append(l.logprobs, e.Logprobs)
	}
	if w.buffers(l) || l.end()-l.scored < scoreStep {
		return nil, nil
	}
	return w.score(ctx, l, false)
}

// buffers reports whether l waits for its end. Tool calls always do: an agent acts
// on them, there is no taking back.
func (w *watch) buffers(l *lane) bool { return w.whole || l.id.Kind == conversation.ToolCall }

// Tick implements Watch.
func (w *watch) Tick(ctx context.Context) ([]conversation.Event, error) {
	var out []conversation.Event
	for _, l := range w.lanes {
		if w.ended[l.id.Choice] || w.buffers(l) || l.end() == l.scored {
			continue
		}
		es, err := w.score(ctx, l, false)
		out = append(out, es...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// Flush implements Watch.
func (w *watch) Flush(ctx context.Context) ([]conversation.Event, error) {
	var out []conversation.Event
	for _, l := range w.lanes {
		if w.ended[l.id.Choice] {
			continue
		}
		es, err := w.score(ctx, l, true)
		out = append(out, es...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// finish releases the rest of a choice before its end is told.
func (w *watch) finish(ctx context.Context, e conversation.Event) ([]conversation.Event, error) {
	w.see(e.Lane.Choice)
	if w.ended[e.Lane.Choice] {
		return nil, nil
	}
	var out []conversation.Event
	for _, l := range w.lanes {
		if l.id.Choice != e.Lane.Choice || w.ended[l.id.Choice] {
			continue
		}
		es, err := w.score(ctx, l, true)
		out = append(out, es...)
		if err != nil {
			return out, err
		}
	}
	if w.ended[e.Lane.Choice] {
		return out, nil
	}
	e.Report = w.choiceReport(e.Lane.Choice)
	return append(out, e), nil
}

// Report implements Watch.
func (w *watch) Report() guard.Report {
	r := w.sheet.report(w.total)
	r.Scanned = 0
	for _, l := range w.lanes {
		r.Scanned += l.scored
	}
	// Text of a choice that the filter ended is never released, so it need not be
	// looked at to the end.
	if len(w.ended) > 0 {
		r.Total = r.Scanned
	}
	return r
}

// Done implements Watch.
func (w *watch) Done() bool { return len(w.alive) > 0 && len(w.ended) == len(w.alive) }

func (w *watch) see(choice int) {
	if w.alive == nil {
		w.alive, w.ended = map[int]bool{}, map[int]bool{}
	}
	w.alive[choice] = true
}

func (w *watch) lane(id conversation.Lane) *lane {
	for _, l := range w.lanes {
		if l.id == id {
			return l
		}
	}
	l := &lane{id: id, sheet: newSheet(w.p.Config.Answer, w.p.Guards.Version(), AnswerSide)}
	w.lanes = append(w.lanes, l)
	return l
}

func (l *lane) end() int { return l.base + len(l.text) }

// score shows the guards what is new in l and releases up to the frontier.
func (w *watch) score(ctx context.Context, l *lane, last bool) ([]conversation.Event, error) {
	if l.id.Kind == conversation.ToolCall {
		return w.toolCall(ctx, l, last)
	}
	if l.end() == l.scored && !last {
		return nil, nil
	}
	frontier := l.end()
	if l.end() > l.scored {
		var err error
		if frontier, err = w.look(ctx, l); err != nil {
			return nil, err
		}
	}
	if last {
		if err := w.lookAtLogprobs(ctx, l); err != nil {
			return nil, err
		}
	}
	if l.sheet.refused() {
		return w.block(l.id.Choice), nil
	}
	if last {
		frontier = l.end()
	} else {
		frontier = w.holdPlaceholder(l, min(frontier, l.end()))
	}
	if w.whole && !last {
		return nil, nil
	}
	e, ok := w.release(l, frontier)
	w.forget(l)
	if len(l.text) > tailLimit && !w.buffers(l) {
		l.sheet.block(guard.PersonalData)
		w.sheet.block(guard.PersonalData)
		return w.block(l.id.Choice), nil
	}
	if !ok {
		return nil, nil
	}
	return []conversation.Event{e}, nil
}

// look runs the guards over the tail of l and returns the frontier: no verdict on
// text before it can change.
func (w *watch) look(ctx context.Context, l *lane) (int, error) {
	f, err := w.p.judge(ctx, string(l.text), w.p.answerAsk)
	if err != nil {
		return 0, err
	}
	l.sheet.add(f)
	w.sheet.add(f)
	l.scored = l.end()
	frontier := l.end()
	if w.p.hold > 0 {
		frontier = l.base
		if f.End != nil {
			frontier += f.End(w.p.hold)
		}
	}
	l.masks = l.masks[:0]
	for _, e := range f.Personal {
		if w.p.Config.Answer.Personal[e.Type] != Mask {
			continue
		}
		e.Span.Start, e.Span.End = e.Span.Start+l.base, e.Span.End+l.base
		if e.Span.End > l.released {
			l.masks = append(l.masks, e)
		}
		// A match that the frontier cuts waits whole.
		if e.Span.Start < frontier && frontier < e.Span.End {
			frontier = e.Span.Start
		}
	}
	return max(frontier, l.released), nil
}

// holdPlaceholder moves the frontier before a substitute that may be incomplete.
func (w *watch) holdPlaceholder(l *lane, frontier int) int {
	if w.subs.Empty() {
		return frontier
	}
	from := max(l.released, frontier-w.subs.Longest())
	cut := strings.LastIndexByte(string(l.text[from-l.base:frontier-l.base]), '[')
	if cut < 0 {
		return frontier
	}
	at := from + cut
	if strings.IndexByte(string(l.text[at-l.base:frontier-l.base]), ']') >= 0 {
		return frontier
	}
	return at
}

// release puts out text up to the frontier.
func (w *watch) release(l *lane, frontier int) (conversation.Event, bool) {
	for frontier > l.released && frontier < l.end() && !utf8.RuneStart(l.text[frontier-l.base]) {
		frontier--
	}
	if frontier <= l.released && len(l.logprobs) == 0 {
		return conversation.Event{}, false
	}
	text := w.edited(l, l.released, frontier)
	e := conversation.Event{Kind: conversation.Delta, Lane: l.id, Text: text, Report: l.sheet.report(l.scored)}
	e.Report.Scanned = l.scored
	e.Citations = l.citationsUpTo(frontier)
	if len(l.logprobs) > 0 {
		e.Logprobs = mergeLogprobs(l.logprobs)
		l.logprobs = nil
	}
	l.out += text.Len()
	l.released = frontier
	return e, true
}

// edited is the answer between two offsets with masks applied and substitutes put back.
func (w *watch) edited(l *lane, from, to int) content.Text {
	raw := string(l.text[from-l.base : to-l.base])
	if len(l.masks) == 0 && w.subs.Empty() {
		return content.New(raw)
	}
	var b strings.Builder
	pos := from
	for _, m := range l.masks {
		if m.Span.End <= pos || m.Span.Start >= to {
			continue
		}
		start := max(m.Span.Start, pos)
		b.WriteString(raw[pos-from : start-from])
		word := "[" + m.Type + "]"
		b.WriteString(word)
		end := min(m.Span.End, to)
		l.edits = append(l.edits, edit{at: end, delta: len(word) - (end - start)})
		pos = end
	}
	b.WriteString(raw[pos-from:])
	masked := b.String()
	restored := w.subs.Restore(content.New(masked))
	if d := restored.Len() - len(masked); d != 0 {
		l.edits = append(l.edits, edit{at: to, delta: d})
	}
	return restored
}

// citationsUpTo returns the citations whose text is out, in offsets of what was released.
func (l *lane) citationsUpTo(frontier int) []conversation.Citation {
	var out []conversation.Citation
	rest := l.cites[:0]
	for _, c := range l.cites {
		if c.End > frontier {
			rest = append(rest, c)
			continue
		}
		c.Start, c.End = l.moved(c.Start), l.moved(c.End)
		out = append(out, c)
	}
	l.cites = rest
	return out
}

func (l *lane) moved(at int) int {
	d := 0
	for _, e := range l.edits {
		if e.at <= at {
			d += e.delta
		}
	}
	return at + d
}

// forget drops text that no guard needs any more.
func (w *watch) forget(l *lane) {
	keep := scoreReach + 4*w.p.hold
	cut := l.released - keep
	if cut <= l.base {
		return
	}
	i := cut - l.base
	for i > 0 && !utf8.RuneStart(l.text[i]) {
		i--
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
	joined := newSheet(w.p.Config.Answer, w.p.Guards.Version(), AnswerSide)
	total := 0
	for _, l := range w.lanes {
		if l.id.Choice == choice {
			joined.merge(l.sheet)
			total += l.scored
		}
	}
	joined.scanned = total
	return joined.report(total)
}

// toolCall judges a call as a whole: its name, its raw arguments, and the decoded
// strings in them, in which escapes hide nothing.
func (w *watch) toolCall(ctx context.Context, l *lane, last bool) ([]conversation.Event, error) {
	if !last || l.scored == l.end() && l.scored > 0 {
		return nil, nil
	}
	raw := string(l.text)
	texts := []string{open.String(l.name) + "\n" + open.String(l.call), raw}
	if v, err := json.Parse(l.text, json.Limits{}); err == nil {
		var all, values []string
		collect(v, &all, true)
		collect(v, &values, false)
		texts = append(texts, strings.Join(all, "\n"), strings.Join(values, "\n"), strings.Join(values, ""))
	}
	for _, t := range texts {
		f, err := w.p.judge(ctx, t, w.p.answerAsk)
		if err != nil {
			return nil, err
		}
		// Masks cannot be written into arguments without changing what the call does.
		l.sheet.addSeam(f)
		w.sheet.addSeam(f)
	}
	l.scored = l.end()
	if l.sheet.refused() {
		return w.block(l.id.Choice), nil
	}
	l.released = l.end()
	args := content.New(raw)
	if !w.subs.Empty() {
		args = w.subs.RestoreJSON(args)
	}
	return []conversation.Event{{
		Kind: conversation.Delta, Lane: l.id, Text: args, Call: l.call, Name: l.name, Report: l.sheet.report(l.scored),
	}}, nil
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

// lookAtLogprobs judges the tokens and their alternatives, which are text too. An
// answer with them is always released as a whole.
func (w *watch) lookAtLogprobs(ctx context.Context, l *lane) error {
	if len(l.logprobs) == 0 {
		return nil
	}
	merged := mergeLogprobs(l.logprobs)
	dropUnprovenBytes(&merged)
	l.logprobs = append(l.logprobs[:0], merged)
	var tokens []string
	collect(merged, &tokens, false)
	for _, text := range []string{strings.Join(tokens, ""), strings.Join(tokens, "\n")} {
		f, err := w.p.judge(ctx, text, Questions{Personal: w.p.answerAsk.Personal, Lists: w.p.answerAsk.Lists})
		if err != nil {
			return err
		}
		l.sheet.addSeam(f)
		w.sheet.addSeam(f)
	}
	return nil
}

// dropUnprovenBytes sets the "bytes" of a token to null unless they spell the
// token: as numbers they could carry text past the guards.
func dropUnprovenBytes(v *json.Value) {
	for i := range v.Items {
		dropUnprovenBytes(&v.Items[i])
	}
	token, _ := v.Member("token")
	for i := range v.Members {
		m := &v.Members[i]
		if m.Is("bytes") && !spells(m.Value, open.String(token.Text)) {
			m.Value = json.Value{Kind: json.Null}
			continue
		}
		dropUnprovenBytes(&m.Value)
	}
}

func spells(v json.Value, token string) bool {
	if len(v.Items) != len(token) {
		return false
	}
	for i, item := range v.Items {
		if n, ok := item.Int(); !ok || n != int(token[i]) {
			return false
		}
	}
	return true
}

// mergeLogprobs joins the token lists of several chunks, member by member.
func mergeLogprobs(vs []json.Value) json.Value {
	merged := json.Value{Kind: json.Object}
	for _, v := range vs {
		for _, m := range v.Members {
			mergeMember(&merged, m)
		}
	}
	return merged
}

func mergeMember(into *json.Value, m json.Member) {
	for i := range into.Members {
		if into.Members[i].Is(open.String(m.Name)) {
			have := &into.Members[i].Value
			if have.Kind != json.Array {
				*have = m.Value
				return
			}
			have.Items = append(have.Items, m.Value.Items...)
			return
		}
	}
	into.Members = append(into.Members, m)
}
