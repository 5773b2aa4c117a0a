package upstream

import (
	"crypto/rand"
	"encoding/hex"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/exchange"
)

// mostCalls is how many tool calls one choice may have. OpenAI's models stay far below.
const mostCalls = 128

// answer turns chunks into events in the order that exchange.Backend promises,
// whatever the order on the wire.
type answer struct {
	s     *shared
	yield func(conversation.Event, error) bool
	most  int64 // bytes of text
	n     int   // choices asked for
	tick  *ticket

	gone    bool // the consumer left
	started bool
	model   string
	print   string
	choices []strand
	usage   conversation.Usage
	told    bool // usage
	text    int64
}

// strand is one of the n choices.
type strand struct {
	seen     bool
	finished bool
	older    bool // has a function_call
	calls    []lane
}

// lane is a tool call. Its id and name are given out once, with its first event;
// arguments that come before the name wait for it.
type lane struct {
	id, name string
	wire     int // the index on the wire
	open     bool
	waiting  string
}

func (a *answer) emit(e conversation.Event) {
	if !a.gone {
		a.gone = !a.yield(e, nil)
	}
}

// take handles one chunk. An error ends the answer.
func (a *answer) take(c *chunk) *exchange.UpstreamError {
	if c.told.present {
		return a.s.toldFault(c.told)
	}
	if a.model == "" {
		a.model = c.model
	}
	if a.print == "" {
		a.print = c.fingerprint
	}
	if c.hasUsage {
		a.usage, a.told = c.usage, true // some tell it with every chunk: the last is the whole
	}
	// Azure's first chunk has verdicts on the prompt, no choices and no model.
	if !a.started && (len(c.choices) > 0 || a.model != "") {
		a.started = true
		if a.tick.probe {
			a.tick.settle(nil)
		}
		a.emit(conversation.Event{Kind: conversation.Started, Model: a.model, Fingerprint: a.print})
	}
	for i := range c.choices {
		if err := a.choice(&c.choices[i]); err != nil {
			return err
		}
		if a.gone {
			return nil
		}
	}
	return nil
}

func (a *answer) choice(c *choice) *exchange.UpstreamError {
	// More choices than were asked for were not reserved either.
	if c.index >= a.n {
		return a.s.fault(exchange.Garbage, errShape)
	}
	for len(a.choices) <= c.index {
		a.choices = append(a.choices, strand{})
	}
	s := &a.choices[c.index]
	s.seen = true
	m := &c.delta
	if m.unsupportedAnswer {
		return a.s.fault(exchange.Unsupported, errShape)
	}
	if m.reasoning == "" {
		m.reasoning = m.older
	}
	if s.finished && (m.content != "" || m.refusal != "" || m.reasoning != "" || len(m.calls) > 0 || m.hasFunction) {
		return a.s.fault(exchange.Garbage, errShape) // text behind the end of its choice
	}
	a.text += int64(len(m.content) + len(m.refusal) + len(m.reasoning))
	a.delta(c.index, conversation.Reasoning, m.reasoning, json.Value{})
	a.delta(c.index, conversation.Text, m.content, c.probs)
	a.delta(c.index, conversation.Refusal, m.refusal, c.denyProbs)
	for i := range m.calls {
		if err := a.call(c.index, s, &m.calls[i], i); err != nil {
			return err
		}
	}
	if m.hasFunction {
		if err := a.function(c.index, s, &m.function); err != nil {
			return err
		}
	}
	if a.text > a.most {
		return a.s.fault(exchange.Garbage, errTooLong)
	}
	if c.finish != conversation.NotFinished && !s.finished {
		return a.finish(c, s)
	}
	return nil
}

// delta yields a piece of text. Its log probabilities, if any, are the array of
// token entries that belong to this piece, without the object around them.
func (a *answer) delta(choice int, kind conversation.Kind, text string, probs json.Value) {
	if text == "" && len(probs.Items) == 0 {
		return
	}
	a.emit(conversation.Event{
		Kind: conversation.Delta, Lane: conversation.Lane{Choice: choice, Kind: kind}, Text: content.New(text), Logprobs: probs,
	})
}

// call handles a piece of a tool call. The lane is found by the wire's index, by
// its place where there is none. A new id together with a new name on a known
// index is a new call: some servers number all their calls 0. A new id alone is
// not: others make one up with every piece.
func (a *answer) call(choice int, s *strand, c *toolCall, place int) *exchange.UpstreamError {
	if c.custom {
		return a.s.fault(exchange.Unsupported, errShape)
	}
	wire := place
	if c.hasIndex {
		wire = c.index
	}
	item := -1
	for i := range s.calls {
		if s.calls[i].wire == wire {
			item = i // the last one with this index is the current one
		}
	}
	if item >= 0 {
		if l := &s.calls[item]; c.id != "" && l.id != "" && c.id != l.id && c.name != "" && l.name != "" {
			item = -1
		}
	}
	if item < 0 {
		if len(s.calls) == mostCalls || s.older {
			return a.s.fault(exchange.Garbage, errShape)
		}
		item = len(s.calls)
		s.calls = append(s.calls, lane{wire: wire})
	}
	l := &s.calls[item]
	if l.id == "" {
		l.id = c.id
	}
	a.text += int64(len(c.arguments))
	return a.piece(choice, item, l, c, false)
}

// function handles a piece of the older function_call: lane 0, without an id.
func (a *answer) function(choice int, s *strand, c *toolCall) *exchange.UpstreamError {
	if !s.older {
		if len(s.calls) > 0 {
			return a.s.fault(exchange.Garbage, errShape)
		}
		s.older = true
		s.calls = append(s.calls, lane{})
	}
	a.text += int64(len(c.arguments))
	return a.piece(choice, 0, &s.calls[0], c, true)
}

func (a *answer) piece(choice, item int, l *lane, c *toolCall, older bool) *exchange.UpstreamError {
	e := conversation.Event{
		Kind: conversation.Delta, Lane: conversation.Lane{Choice: choice, Item: item, Kind: conversation.ToolCall},
	}
	if l.open {
		if c.arguments != "" {
			e.Text = content.New(c.arguments)
			a.emit(e)
		}
		return nil
	}
	if c.name != "" {
		l.name = c.name
		a.text += int64(len(c.name))
	}
	l.waiting += c.arguments
	if l.name == "" {
		return nil
	}
	if l.id == "" && !older {
		l.id = newCallID() // the caller needs one to answer the call
	}
	l.open = true
	a.text += int64(len(l.id))
	e.Call, e.Name, e.Text = content.New(l.id), content.New(l.name), content.New(l.waiting)
	l.waiting = ""
	a.emit(e)
	return nil
}

func newCallID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails, crypto/rand
	return "call_" + hex.EncodeToString(b[:])
}

func (a *answer) finish(c *choice, s *strand) *exchange.UpstreamError {
	for i := range s.calls {
		if !s.calls[i].open {
			return a.s.fault(exchange.Garbage, errShape) // a call that never had a name
		}
	}
	s.finished = true
	a.emit(conversation.Event{Kind: conversation.Finished, Lane: conversation.Lane{Choice: c.index}, Finish: c.finish})
	return nil
}

// end is called once, after the last chunk. An answer is whole when at least one
// choice came and every one that came has ended. Fewer choices than were asked
// for are no fault: some servers know no n.
func (a *answer) end() *exchange.UpstreamError {
	if !a.whole() {
		return a.s.fault(exchange.Cut, errEnded)
	}
	if a.told {
		a.emit(conversation.Event{Kind: conversation.UsageTold, Usage: a.usage})
	}
	return nil
}

func (a *answer) whole() bool {
	for i := range a.choices {
		if a.choices[i].seen && !a.choices[i].finished {
			return false
		}
	}
	return len(a.choices) > 0
}
