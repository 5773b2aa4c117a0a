package upstream

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content/json"
)

// reader reads one JSON text into the few fields that an answer has and drops the
// rest. It stands on the same strict tokenizer as custody/content/json (no
// duplicate names, no invalid UTF-8, no lone surrogates) without building a tree:
// a stream has one text per token. Only what is handed on as a value (log
// probabilities) takes the tree.
type reader struct {
	d   jsontext.Decoder
	in  bytes.Buffer
	tmp []byte
}

var readers = sync.Pool{New: func() any { return new(reader) }}

func (r *reader) reset(data []byte) {
	r.in = *bytes.NewBuffer(data)
	r.d.Reset(&r.in)
}

// release drops every reference to the data read.
func (r *reader) release() {
	r.reset(nil)
	r.tmp = r.tmp[:0]
	readers.Put(r)
}

// end checks that nothing follows.
func (r *reader) end() error {
	if _, err := r.d.ReadToken(); err != io.EOF {
		return errJSON
	}
	return nil
}

// open enters an object or an array. For null it returns false.
func (r *reader) open(kind jsontext.Kind) (bool, error) {
	switch k := r.d.PeekKind(); k {
	case kind:
		_, err := r.d.ReadToken()
		return err == nil, syntax(err)
	case 'n':
		return false, r.skip()
	case 0:
		return false, errJSON
	default:
		return false, errShape
	}
}

// more reports whether the object or array that ends with end goes on, and
// leaves it when it does not.
func (r *reader) more(end jsontext.Kind) (bool, error) {
	switch r.d.PeekKind() {
	case end:
		_, err := r.d.ReadToken()
		return false, syntax(err)
	case 0:
		return false, errJSON
	}
	return true, nil
}

func (r *reader) skip() error { return syntax(r.d.SkipValue()) }

// name reads a member's name, valid until the next read.
func (r *reader) name() ([]byte, error) {
	v, err := r.d.ReadValue()
	if err != nil {
		return nil, errJSON
	}
	return r.unquote(v)
}

func (r *reader) unquote(v jsontext.Value) ([]byte, error) {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1], nil
	}
	var err error
	r.tmp, err = jsontext.AppendUnquote(r.tmp[:0], v)
	if err != nil {
		return nil, errJSON
	}
	if bytes.IndexByte(r.tmp, 0) >= 0 {
		return nil, errJSON // as in custody/content/json: no NUL
	}
	return r.tmp, nil
}

// bytes reads a string or null (nil), valid until the next read.
func (r *reader) bytes() ([]byte, error) {
	switch r.d.PeekKind() {
	case '"':
		v, err := r.d.ReadValue()
		if err != nil {
			return nil, errJSON
		}
		return r.unquote(v)
	case 'n':
		return nil, r.skip()
	case 0:
		return nil, errJSON
	}
	return nil, errShape
}

// str reads a string or null ("").
func (r *reader) str() (string, error) {
	b, err := r.bytes()
	return string(b), err
}

// count reads a whole number that is not negative, or null (0).
func (r *reader) count() (int, error) {
	switch r.d.PeekKind() {
	case '0':
		v, err := r.d.ReadValue()
		if err != nil {
			return 0, errJSON
		}
		n := 0
		for _, c := range v {
			if c < '0' || c > '9' || n > math.MaxInt32/10 {
				return wholeFloat(v)
			}
			n = 10*n + int(c-'0')
		}
		return n, nil
	case 'n':
		return 0, r.skip()
	case 0:
		return 0, errJSON
	}
	return 0, errShape
}

// wholeFloat is for servers that write counts as 12.0 or 1e3.
func wholeFloat(v []byte) (int, error) {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f < 0 || f > math.MaxInt32 || f != math.Trunc(f) {
		return 0, errShape
	}
	return int(f), nil
}

func syntax(err error) error {
	if err != nil {
		return errJSON
	}
	return nil
}

// chunk is one JSON text of an answer: an event of a stream, or the whole of an
// answer that is not streamed.
type chunk struct {
	model, fingerprint string
	choices            []choice
	usage              conversation.Usage
	hasUsage           bool
	told               told
}

type choice struct {
	index     int
	delta     message
	finish    conversation.Finish
	probs     json.Value // of the content
	denyProbs json.Value // of the refusal
}

// message is a delta of a stream or the message of an answer: same members.
type message struct {
	content, refusal  string
	reasoning, older  string // reasoning_content; and reasoning, which some send beside it
	calls             []toolCall
	function          toolCall // the older function_call
	hasFunction       bool
	unsupportedAnswer bool // audio and the like: something we cannot judge
}

type toolCall struct {
	index           int
	hasIndex        bool
	id              string
	name, arguments string
	custom          bool
}

// answer reads an answer, of a stream (delta) or not (message). It reuses what c held.
func (r *reader) answer(data []byte, c *chunk, probs bool) error {
	*c = chunk{choices: c.choices[:0]}
	r.reset(data)
	ok, err := r.open('{')
	if err != nil {
		return err
	}
	if !ok {
		return errShape
	}
	for {
		ok, err := r.more('}')
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		switch string(name) {
		case "model":
			c.model, err = r.label()
		case "system_fingerprint":
			c.fingerprint, err = r.label()
		case "choices":
			err = r.choices(c, probs)
		case "usage":
			err = r.usage(c)
		case "error":
			err = r.failure(&c.told)
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
	return r.end()
}

// label reads a name that the backend chose. Anything but a safe pattern is
// dropped: it would be a way past the guards.
func (r *reader) label() (string, error) {
	b, err := r.bytes()
	if err != nil || len(b) == 0 || len(b) > 128 {
		return "", err
	}
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("._:/@-", c) >= 0:
		default:
			return "", nil
		}
	}
	return string(b), nil
}

func (r *reader) choices(c *chunk, probs bool) error {
	ok, err := r.open('[')
	if err != nil || !ok {
		return err
	}
	for {
		ok, err := r.more(']')
		if err != nil || !ok {
			return err
		}
		// Reuse the slice of calls of the choice that stood here before.
		if len(c.choices) < cap(c.choices) {
			c.choices = c.choices[:len(c.choices)+1]
			last := &c.choices[len(c.choices)-1]
			*last = choice{delta: message{calls: last.delta.calls[:0]}}
		} else {
			c.choices = append(c.choices, choice{})
		}
		if err := r.choice(&c.choices[len(c.choices)-1], probs); err != nil {
			return err
		}
	}
}

func (r *reader) choice(c *choice, probs bool) error {
	ok, err := r.open('{')
	if err != nil {
		return err
	}
	if !ok {
		return errShape
	}
	for {
		ok, err := r.more('}')
		if err != nil || !ok {
			return err
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		switch string(name) {
		case "index":
			c.index, err = r.count()
		case "delta", "message":
			err = r.message(&c.delta)
		case "finish_reason":
			var b []byte
			b, err = r.bytes()
			if len(b) > 0 {
				c.finish, err = finishOf(b)
			}
		case "logprobs":
			if probs {
				err = r.logprobs(c)
			} else {
				err = r.skip()
			}
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

// finishOf maps a backend's word to the wire's. The words behind the first of each
// case are Hugging Face's, Mistral's and Anthropic-like servers'.
func finishOf(word []byte) (conversation.Finish, error) {
	switch string(word) {
	case "stop", "eos", "eos_token", "stop_sequence", "end_turn":
		return conversation.Stop, nil
	case "length", "model_length", "max_tokens":
		return conversation.Length, nil
	case "tool_calls", "tool_use":
		return conversation.ToolCalls, nil
	case "function_call":
		return conversation.FunctionCall, nil
	case "content_filter":
		return conversation.Filtered, nil
	}
	return conversation.NotFinished, errShape
}

func (r *reader) message(m *message) error {
	ok, err := r.open('{')
	if err != nil || !ok {
		return err
	}
	for {
		ok, err := r.more('}')
		if err != nil || !ok {
			return err
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		switch string(name) {
		case "content":
			m.content, err = r.str()
		case "refusal":
			m.refusal, err = r.str()
		case "reasoning_content":
			m.reasoning, err = r.str()
		case "reasoning":
			m.older, err = r.str()
		case "tool_calls":
			err = r.calls(m)
		case "function_call":
			m.hasFunction, err = r.function(&m.function)
		case "audio":
			m.unsupportedAnswer = m.unsupportedAnswer || r.d.PeekKind() != 'n'
			err = r.skip()
		default: // role too: it is "assistant" or nothing we would act on
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

func (r *reader) calls(m *message) error {
	ok, err := r.open('[')
	if err != nil || !ok {
		return err
	}
	for {
		ok, err := r.more(']')
		if err != nil || !ok {
			return err
		}
		m.calls = append(m.calls, toolCall{})
		if err := r.call(&m.calls[len(m.calls)-1]); err != nil {
			return err
		}
	}
}

func (r *reader) call(c *toolCall) error {
	ok, err := r.open('{')
	if err != nil {
		return err
	}
	if !ok {
		return errShape
	}
	for {
		ok, err := r.more('}')
		if err != nil || !ok {
			return err
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		switch string(name) {
		case "index":
			c.hasIndex = r.d.PeekKind() == '0'
			c.index, err = r.count()
		case "id":
			c.id, err = r.str()
		case "type":
			var b []byte
			b, err = r.bytes()
			c.custom = len(b) > 0 && string(b) != "function"
		case "function":
			_, err = r.function(c)
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

func (r *reader) function(c *toolCall) (bool, error) {
	ok, err := r.open('{')
	if err != nil || !ok {
		return false, err
	}
	for {
		ok, err := r.more('}')
		if err != nil || !ok {
			return true, err
		}
		name, err := r.name()
		if err != nil {
			return true, err
		}
		switch string(name) {
		case "name":
			c.name, err = r.str()
		case "arguments":
			// A string by the contract; a few servers send the object itself.
			if r.d.PeekKind() == '{' {
				var v jsontext.Value
				if v, err = r.d.ReadValue(); err != nil {
					err = errJSON
				}
				c.arguments = string(v)
			} else {
				c.arguments, err = r.str()
			}
		default:
			err = r.skip()
		}
		if err != nil {
			return true, err
		}
	}
}

func (r *reader) usage(c *chunk) error {
	ok, err := r.open('{')
	if err != nil || !ok {
		return err
	}
	c.hasUsage = true
	u := &c.usage
	for {
		ok, err := r.more('}')
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		switch string(name) {
		case "prompt_tokens":
			u.Prompt, err = r.count()
		case "completion_tokens":
			u.Completion, err = r.count()
		case "total_tokens":
			u.Total, err = r.count()
		case "completion_tokens_details", "prompt_tokens_details":
			err = r.details(u)
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
	if u.Total < u.Prompt+u.Completion { // missing, or told smaller than its parts: the larger is what is charged
		u.Total = u.Prompt + u.Completion
	}
	return nil
}

func (r *reader) details(u *conversation.Usage) error {
	ok, err := r.open('{')
	if err != nil || !ok {
		return err
	}
	for {
		ok, err := r.more('}')
		if err != nil || !ok {
			return err
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		switch string(name) {
		case "reasoning_tokens":
			u.Reasoning, err = r.count()
		case "cached_tokens":
			u.Cached, err = r.count()
		case "accepted_prediction_tokens":
			u.AcceptedPredict, err = r.count()
		case "rejected_prediction_tokens":
			u.RejectedPredct, err = r.count()
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

// failure reads an error: an object, or a bare sentence (Ollama).
func (r *reader) failure(t *told) error {
	switch r.d.PeekKind() {
	case 'n':
		return r.skip()
	case '{':
		return r.failureObject(t)
	}
	t.present = true
	return r.skip()
}

func (r *reader) failureObject(t *told) error {
	if _, err := r.d.ReadToken(); err != nil {
		return errJSON
	}
	t.present = true
	for {
		ok, err := r.more('}')
		if err != nil || !ok {
			return err
		}
		raw, err := r.name()
		if err != nil {
			return err
		}
		name := ""
		for _, k := range [...]string{"code", "type", "param", "message", "innererror", "status"} {
			if string(raw) == k {
				name = k
			}
		}
		switch kind := r.d.PeekKind(); {
		case name == "":
			err = r.skip()
		case name == "innererror" && kind == '{':
			err = r.failureObject(t)
		case kind == '"':
			var v string
			if v, err = r.str(); err == nil {
				t.note(name, v)
			}
		case kind == '0' && (name == "code" || name == "status"):
			var n int
			if n, err = r.count(); err == nil && n >= 400 && n < 600 {
				t.status = n
				t.limited = t.limited || n == 429
			}
			if errors.Is(err, errShape) {
				err = nil
			}
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

// decodeError reads the body of a refusal, leniently: the status has said most.
// Both shapes are read, {"error":{…}} and the flat one (reference section 14.1).
func decodeError(body []byte) (told, bool) {
	r := readers.Get().(*reader)
	defer r.release()
	var c chunk
	if err := r.answer(body, &c, false); err == nil && c.told.present {
		return c.told, true
	}
	r.reset(body)
	if r.d.PeekKind() != '{' {
		return told{}, false
	}
	var t told
	if err := r.failureObject(&t); err != nil {
		return told{}, false
	}
	return t, true
}

// logprobs reads {"content":[…],"refusal":[…]} and keeps of each entry only the
// members that the contract has.
func (r *reader) logprobs(c *choice) error {
	ok, err := r.open('{')
	if err != nil || !ok {
		return err
	}
	for {
		ok, err := r.more('}')
		if err != nil || !ok {
			return err
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		switch string(name) {
		case "content":
			c.probs, err = r.entries()
		case "refusal":
			c.denyProbs, err = r.entries()
		default:
			err = r.skip()
		}
		if err != nil {
			return err
		}
	}
}

func (r *reader) entries() (json.Value, error) {
	raw, err := r.d.ReadValue()
	if err != nil {
		return json.Value{}, errJSON
	}
	v, err := json.Parse(raw, json.Limits{Depth: 8})
	if err != nil {
		return json.Value{}, errJSON
	}
	switch v.Kind {
	case json.Null:
		return json.Value{}, nil
	case json.Array:
		return knownEntries(v, true)
	}
	return json.Value{}, errShape
}

// knownEntries rebuilds the entries from known members of known kinds.
func knownEntries(v json.Value, top bool) (json.Value, error) {
	out := json.Value{Kind: json.Array, Items: make([]json.Value, 0, len(v.Items))}
	for _, e := range v.Items {
		if e.Kind != json.Object {
			return json.Value{}, errShape
		}
		kept := json.Value{Kind: json.Object}
		for _, m := range e.Members {
			switch {
			case m.Is("token") && m.Value.Kind == json.String,
				m.Is("logprob") && m.Value.Kind == json.Number,
				m.Is("bytes") && (m.Value.Kind == json.Null || numbers(m.Value)):
				kept.Members = append(kept.Members, m)
			case top && m.Is("top_logprobs") && m.Value.Kind == json.Array:
				inner, err := knownEntries(m.Value, false)
				if err != nil {
					return json.Value{}, err
				}
				kept.Members = append(kept.Members, json.Member{Name: m.Name, Value: inner})
			}
		}
		out.Items = append(out.Items, kept)
	}
	return out, nil
}

func numbers(v json.Value) bool {
	if v.Kind != json.Array {
		return false
	}
	for _, n := range v.Items {
		if n.Kind != json.Number {
			return false
		}
	}
	return true
}
