package upstream

import (
	"errors"
	"math"
	"strconv"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/exchange"
)

// options are what a body depends on besides the conversation.
type options struct {
	model           string // "" leaves the member out
	noStreamOptions bool
	limitField      LimitField
}

// refusal says why a conversation cannot be sent. It never reached the network.
type refusal struct {
	fault exchange.Fault
	param string // from params
	cause error
}

var (
	errUnknownPart = errors.New("the conversation has a part or a role of unknown kind")
	errTwice       = errors.New("the conversation has a known member among its unknown ones")
	errFloat       = errors.New("a number is not finite")
	errNotSent     = errors.New("this parameter is never sent to a backend")
	errNoTurns     = errors.New("the conversation has no turns")
)

// encoder appends a request body in one pass. What it writes is either a constant
// of this file or a text that Conversation.Texts walks: what was judged is what is
// sent (a test compares the two sets).
type encoder struct {
	b       []byte
	wrote   []string // members of the message under way
	passage int      // number of the last passage written
	err     *refusal
}

func (e *encoder) refuse(f exchange.Fault, param string, cause error) {
	if e.err == nil {
		e.err = &refusal{f, param, cause}
	}
}

// known are the members that the encoder writes itself. Should one of them turn
// up among the unknown members, two readers could see two bodies: refused.
var known = [...]string{
	"model", "messages", "tools", "tool_choice", "response_format", "functions", "function_call", "stop", "temperature", "top_p",
	"presence_penalty", "frequency_penalty", "seed", "logprobs", "top_logprobs", "parallel_tool_calls", "n", "max_tokens",
	"max_completion_tokens", "stream", "stream_options",
}

// neverSent are members that would make the backend reach out, keep the content,
// or answer in a form that no guard reads. The surface should have refused them;
// this is the last door (DESIGN, promises 1, 5 and 12).
var neverSent = [...]string{
	"data_sources", "web_search_options", "audio", "prompt_cache_retention", "plugins", "mcp_servers", "background",
}

// appendChat appends the body of a chat completion.
func appendChat(dst []byte, c *conversation.Conversation, o options) ([]byte, *refusal) {
	if len(c.Turns) == 0 {
		return nil, &refusal{exchange.BadRequest, "messages", errNoTurns}
	}
	e := encoder{b: dst}
	if dst == nil {
		e.b = make([]byte, 0, size(c))
	}
	e.b = append(e.b, '{')
	if o.model != "" {
		e.member("model")
		e.quoted(content.New(o.model))
	}
	e.member("messages")
	e.b = append(e.b, '[')
	for i := range c.Turns {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.turn(&c.Turns[i])
	}
	e.b = append(e.b, ']')
	e.value("tools", c.Tools)
	e.value("tool_choice", c.ToolChoice)
	e.value("response_format", c.ResponseFormat)
	e.value("functions", c.Functions)
	e.value("function_call", c.FunctionCall)
	if len(c.Stop) > 0 {
		e.member("stop")
		e.b = append(e.b, '[')
		for i, s := range c.Stop {
			if i > 0 {
				e.b = append(e.b, ',')
			}
			e.quoted(s)
		}
		e.b = append(e.b, ']')
	}
	e.sampling(&c.Sampling)
	if c.Choices > 1 {
		e.int("n", int64(c.Choices))
	}
	if c.MaxTokens > 0 {
		switch completion := c.MaxCompletion && o.limitField != MaxTokens; {
		case completion, o.limitField == MaxCompletionTokens:
			e.int("max_completion_tokens", int64(c.MaxTokens))
		default:
			e.int("max_tokens", int64(c.MaxTokens))
		}
	}
	e.extra(c.Extra)
	if c.Stream {
		e.bool("stream", true)
		if !o.noStreamOptions {
			// Always asked for, whatever the caller wanted to see: the reserve is settled by it.
			e.member("stream_options")
			e.b = append(e.b, `{"include_usage":true}`...)
		}
	}
	e.b = append(e.b, '}')
	return e.b, e.err
}

// size estimates the body, so that it is allocated once.
func size(c *conversation.Conversation) int {
	n := 512
	for i := range c.Turns {
		n += 64
		for j := range c.Turns[i].Parts {
			p := &c.Turns[i].Parts[j]
			l := p.Text.Len()
			n += l + l/16 + p.Call.Len() + p.Name.Len() + 96
			if p.Kind == conversation.Document {
				n += l / 16
			}
		}
	}
	return n
}

// member begins a member of an object with a constant name.
func (e *encoder) member(name string) {
	if e.b[len(e.b)-1] != '{' {
		e.b = append(e.b, ',')
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, name...)
	e.b = append(e.b, '"', ':')
}

func (e *encoder) quoted(t content.Text) { e.b = open.AppendQuoted(e.b, t) }

func (e *encoder) text(name string, t content.Text) {
	e.member(name)
	e.quoted(t)
}

func (e *encoder) value(name string, v json.Value) {
	if v.Kind != json.Invalid {
		e.member(name)
		e.b = open.AppendJSON(e.b, v)
	}
}

func (e *encoder) int(name string, n int64) {
	e.member(name)
	e.b = strconv.AppendInt(e.b, n, 10)
}

func (e *encoder) bool(name string, v bool) {
	e.member(name)
	e.b = strconv.AppendBool(e.b, v)
}

func (e *encoder) float(name string, f *float64) {
	if f == nil {
		return
	}
	if math.IsNaN(*f) || math.IsInf(*f, 0) {
		e.refuse(exchange.BadRequest, name, errFloat)
		return
	}
	e.member(name)
	e.b = strconv.AppendFloat(e.b, *f, 'g', -1, 64)
}

func (e *encoder) sampling(s *conversation.Sampling) {
	e.float("temperature", s.Temperature)
	e.float("top_p", s.TopP)
	e.float("presence_penalty", s.PresencePenalty)
	e.float("frequency_penalty", s.FrequencyPenalty)
	if s.Seed != nil {
		e.int("seed", *s.Seed)
	}
	if s.Logprobs {
		e.bool("logprobs", true)
	}
	if s.TopLogprobs != nil {
		e.int("top_logprobs", int64(*s.TopLogprobs))
	}
	if s.ParallelToolCalls != nil {
		e.bool("parallel_tool_calls", *s.ParallelToolCalls)
	}
}

// extra appends the unknown members of the body.
func (e *encoder) extra(ms []json.Member) {
	for _, m := range ms {
		for _, k := range known {
			if m.Is(k) {
				e.refuse(exchange.BadRequest, knownParam(k), errTwice)
				return
			}
		}
		for _, k := range neverSent {
			if m.Is(k) && m.Value.Kind != json.Null {
				e.refuse(exchange.Unsupported, knownParam(k), errNotSent)
				return
			}
		}
		if m.Is("store") && m.Value.Kind == json.Bool && m.Value.Bool {
			e.refuse(exchange.Unsupported, "store", errNotSent) // the provider would keep the content
			return
		}
		e.unknown(m)
	}
}

// members appends unknown members of a turn or a part, none of which may repeat
// one that was written already.
func (e *encoder) members(ms []json.Member, written ...string) {
	for _, m := range ms {
		for _, w := range written {
			if m.Is(w) {
				e.refuse(exchange.BadRequest, "messages", errTwice)
				return
			}
		}
		e.unknown(m)
	}
}

// unknown appends one unknown member.
func (e *encoder) unknown(m json.Member) {
	if e.b[len(e.b)-1] != '{' {
		e.b = append(e.b, ',')
	}
	e.quoted(m.Name)
	e.b = append(e.b, ':')
	e.b = open.AppendJSON(e.b, m.Value)
}

// turn appends one message.
func (e *encoder) turn(t *conversation.Turn) {
	if t.Role == conversation.UnknownRole || int(t.Role) >= len(conversation.Roles) {
		e.refuse(exchange.BadRequest, "messages", errUnknownPart)
		return
	}
	e.b = append(e.b, '{')
	e.wrote = e.wrote[:0]
	e.own("role")
	e.b = append(e.b, '"')
	e.b = append(e.b, t.Role.String()...)
	e.b = append(e.b, '"')
	if !t.Name.Empty() {
		e.own("name")
		e.quoted(t.Name)
	}
	e.content(t)
	e.beside(t)
	e.members(t.Extra, e.wrote...)
	e.b = append(e.b, '}')
}

// own begins a member of the message and remembers that it was written.
func (e *encoder) own(name string) {
	e.member(name)
	e.wrote = append(e.wrote, name)
}

// shown reports whether a part stands in a message's content.
func shown(t *conversation.Turn, p *conversation.Part) bool {
	switch p.Kind {
	case conversation.Text, conversation.ToolResult, conversation.Document:
		return true
	case conversation.Refusal:
		return t.Array
	}
	return false
}

// content appends the member "content": a string, an array of parts, or null.
// Passages are put behind the other text of their turn, as one block.
func (e *encoder) content(t *conversation.Turn) {
	texts, documents := 0, 0
	for i := range t.Parts {
		p := &t.Parts[i]
		switch {
		case p.Kind == conversation.Document:
			documents++
		case shown(t, p):
			texts++
		}
	}
	e.own("content")
	if texts+documents == 0 {
		if t.Null {
			e.b = append(e.b, "null"...)
		} else if t.Array {
			e.b = append(e.b, "[]"...)
		} else {
			e.b = append(e.b, `""`...)
		}
		return
	}
	if t.Array {
		e.array(t, documents)
		return
	}
	e.b = append(e.b, '"')
	for i := range t.Parts {
		p := &t.Parts[i]
		if p.Kind == conversation.Document || !shown(t, p) {
			continue
		}
		e.bare(p)
		e.unquoted(p.Text)
	}
	if documents > 0 {
		if texts > 0 {
			e.b = append(e.b, `\n\n`...)
		}
		e.documents(t)
	}
	e.b = append(e.b, '"')
}

// bare refuses a part with unknown members where its form has no place for them:
// dropping silently what a caller sent would change its meaning.
func (e *encoder) bare(p *conversation.Part) {
	if len(p.Extra) > 0 {
		e.refuse(exchange.BadRequest, "messages", errUnknownPart)
	}
}

// unquoted appends t as the inside of a JSON string.
func (e *encoder) unquoted(t content.Text) {
	at := len(e.b)
	e.quoted(t)
	e.b = append(e.b[:at], e.b[at+1:len(e.b)-1]...)
}

func (e *encoder) array(t *conversation.Turn, documents int) {
	e.b = append(e.b, '[')
	first := true
	begin := func(kind, member string) {
		if !first {
			e.b = append(e.b, ',')
		}
		first = false
		e.b = append(e.b, `{"type":"`...)
		e.b = append(e.b, kind...)
		e.b = append(e.b, `","`...)
		e.b = append(e.b, member...)
		e.b = append(e.b, `":`...)
	}
	for i := 0; i < len(t.Parts); i++ {
		p := &t.Parts[i]
		switch {
		case p.Kind == conversation.Document || !shown(t, p):
			continue
		case p.Kind == conversation.Refusal:
			begin("refusal", "refusal")
		default:
			begin("text", "text")
		}
		e.quoted(p.Text)
		for i++; i < len(t.Parts) && t.Parts[i].Joined && t.Parts[i].Kind == p.Kind; i++ {
			e.b = e.b[:len(e.b)-1] // the closing quote: the text goes on
			e.unquoted(t.Parts[i].Text)
			e.b = append(e.b, '"')
			e.bare(&t.Parts[i])
		}
		i--
		e.members(p.Extra, "type", "text", "refusal")
		e.b = append(e.b, '}')
	}
	if documents > 0 {
		begin("text", "text")
		e.b = append(e.b, '"')
		e.documents(t)
		e.b = append(e.b, '"', '}')
	}
	e.b = append(e.b, ']')
}

// beside appends what stands beside the content: calls, the id that a result
// answers, a refusal, reasoning.
func (e *encoder) beside(t *conversation.Turn) {
	calls, result := 0, false
	for i := range t.Parts {
		p := &t.Parts[i]
		switch p.Kind {
		case conversation.ToolCall:
			calls++
		case conversation.ToolResult:
			if !result && !p.Call.Empty() {
				e.own("tool_call_id")
				e.quoted(p.Call)
			}
			result = true
		case conversation.Text, conversation.Document, conversation.Refusal, conversation.Reasoning:
		default:
			e.refuse(exchange.BadRequest, "messages", errUnknownPart)
		}
	}
	if !t.Array {
		e.joined("refusal", t, conversation.Refusal)
	}
	e.joined("reasoning_content", t, conversation.Reasoning)
	if calls == 0 {
		return
	}
	if calls == 1 {
		for i := range t.Parts {
			if p := &t.Parts[i]; p.Kind == conversation.ToolCall && p.Call.Empty() {
				e.own("function_call") // the older form has no id
				e.function(p)
				e.bare(p)
				return
			}
		}
	}
	e.own("tool_calls")
	e.b = append(e.b, '[')
	first := true
	for i := range t.Parts {
		p := &t.Parts[i]
		if p.Kind != conversation.ToolCall {
			continue
		}
		if !first {
			e.b = append(e.b, ',')
		}
		first = false
		e.b = append(e.b, '{')
		e.text("id", p.Call)
		e.b = append(e.b, `,"type":"function","function":`...)
		e.function(p)
		e.members(p.Extra, "id", "type", "function")
		e.b = append(e.b, '}')
	}
	e.b = append(e.b, ']')
}

// joined appends the texts of a turn's parts of one kind as one string, if there are any.
func (e *encoder) joined(name string, t *conversation.Turn, kind conversation.Kind) {
	found := false
	for i := range t.Parts {
		p := &t.Parts[i]
		if p.Kind != kind {
			continue
		}
		e.bare(p)
		if !found {
			e.own(name)
			e.b = append(e.b, '"')
			found = true
		}
		e.unquoted(p.Text)
	}
	if found {
		e.b = append(e.b, '"')
	}
}

func (e *encoder) function(p *conversation.Part) {
	e.b = append(e.b, '{')
	e.text("name", p.Name)
	e.text("arguments", p.Text)
	e.b = append(e.b, '}')
}

// appendEmbeddings appends the body of an embeddings request. Base64 is asked
// for: half the bytes of the decimal form and exact.
func appendEmbeddings(r *exchange.EmbedRequest, o options) []byte {
	n := 256
	for _, t := range r.Texts {
		n += t.Len() + t.Len()/16 + 4
	}
	e := encoder{b: make([]byte, 0, n)}
	e.b = append(e.b, '{')
	if o.model != "" {
		e.text("model", content.New(o.model))
	}
	e.member("input")
	e.b = append(e.b, '[')
	for i, t := range r.Texts {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.quoted(t)
	}
	e.b = append(e.b, ']')
	e.member("encoding_format")
	e.b = append(e.b, `"base64"`...)
	if r.Dimensions > 0 {
		e.int("dimensions", int64(r.Dimensions))
	}
	if !r.User.Empty() {
		e.text("user", r.User)
	}
	e.b = append(e.b, '}')
	return e.b
}
