package openai

import (
	"strings"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
)

func (d *decoder) messages(f *Field, v json.Value) *Problem {
	if len(v.Items) == 0 {
		return invalid(f.Name, codeValue, "Invalid 'messages': expected at least one message.")
	}
	d.c.Turns = make([]conversation.Turn, len(v.Items))
	for i := range v.Items {
		m := message{d: d, turn: &d.c.Turns[i], index: i}
		if p := m.decode(v.Items[i]); p != nil {
			return p
		}
	}
	return nil
}

// message is one member of messages under way.
type message struct {
	d     *decoder
	turn  *conversation.Turn
	index int

	text, refusal, calls, call json.Value
	id                         content.Text // tool_call_id
}

func (m *message) where(member string) string { return at("messages", m.index) + member }

func (m *message) decode(v json.Value) *Problem {
	if v.Kind != json.Object {
		return wrongType(m.where(""), Object)
	}
	role, ok := v.Member("role")
	if !ok {
		return invalid(m.where(".role"), codeMissing, "Missing required parameter: '"+m.where(".role")+"'.")
	}
	if role.Kind != json.String {
		return wrongType(m.where(".role"), String)
	}
	i := role.OneOf(conversation.Roles[1:]...)
	if i < 0 {
		return invalid(m.where(".role"), codeValue, "Invalid '"+m.where(".role")+"': the value is not one of the supported roles.")
	}
	m.turn.Role = conversation.Role(i + 1)
	for j := range v.Members {
		if p := m.member(&v.Members[j]); p != nil {
			return p
		}
	}
	return m.assemble()
}

func (m *message) member(mem *json.Member) *Problem {
	v := mem.Value
	role := m.turn.Role
	assistant := role == conversation.Assistant
	switch {
	case mem.Is("role"):
	case mem.Is("content"):
		m.text = v
	case v.Kind == json.Null: // absent
	case mem.Is("name"):
		if v.Kind != json.String {
			return wrongType(m.where(".name"), String)
		}
		m.turn.Name = v.Text
	case mem.Is("tool_call_id") && role == conversation.Tool:
		if v.Kind != json.String {
			return wrongType(m.where(".tool_call_id"), String)
		}
		m.id = v.Text
	case mem.Is("refusal") && assistant:
		if v.Kind != json.String {
			return wrongType(m.where(".refusal"), String)
		}
		m.refusal = v
	case mem.Is("tool_calls") && assistant:
		if v.Kind != json.Array {
			return wrongType(m.where(".tool_calls"), Array)
		}
		m.calls = v
	case mem.Is("function_call") && assistant:
		if v.Kind != json.Object {
			return wrongType(m.where(".function_call"), Object)
		}
		m.call = v
	case mem.Is("audio"):
		return invalid(m.where(".audio"), codeParameter, "Audio is not supported by this service.")
	default:
		for _, known := range messageMembers {
			if strings.EqualFold(open.String(mem.Name), known) {
				return invalid(m.where("."+known), codeParameter, "'"+m.where("."+known)+"' does not belong to this message.")
			}
		}
		m.turn.Extra = append(m.turn.Extra, *mem)
	}
	return nil
}

// messageMembers are the known members of a message. Under a role that has no
// use for them, or in another case, they are refused: only unknown ones are sent
// on unread by us.
var messageMembers = [...]string{"role", "content", "name", "tool_call_id", "refusal", "tool_calls", "function_call", "audio"}

// assemble builds the parts in the order in which a model reads them.
func (m *message) assemble() *Problem {
	t := m.turn
	if t.Role == conversation.Tool && m.id.Empty() {
		return invalid(m.where(".tool_call_id"), codeMissing, "Missing required parameter: '"+m.where(".tool_call_id")+"'.")
	}
	if t.Role == conversation.Function && t.Name.Empty() {
		return invalid(m.where(".name"), codeMissing, "Missing required parameter: '"+m.where(".name")+"'.")
	}
	switch m.text.Kind {
	case json.String:
		t.Parts = m.prose(make([]conversation.Part, 0, 1), m.text.Text)
	case json.Array:
		if p := m.array(); p != nil {
			return p
		}
	case json.Null, json.Invalid:
		if t.Role != conversation.Assistant && t.Role != conversation.Function {
			return invalid(m.where(".content"), codeMissing, "Missing required parameter: '"+m.where(".content")+"'.")
		}
		t.Null = true
	default:
		return wrongType(m.where(".content"), String|Array)
	}
	if m.refusal.Kind == json.String {
		if t.Array {
			// Beside an array the refusal is a member of the message, and stays one.
			t.Extra = append(t.Extra, json.Member{Name: content.New("refusal"), Value: m.refusal})
		} else {
			t.Parts = append(t.Parts, conversation.Part{Kind: conversation.Refusal, Origin: conversation.Model, Text: m.refusal.Text})
		}
	}
	if m.call.Kind == json.Object {
		if m.calls.Kind == json.Array {
			return invalid(m.where(".function_call"), codeValue, "A message cannot have both 'tool_calls' and 'function_call'.")
		}
		part := conversation.Part{Kind: conversation.ToolCall, Origin: conversation.Model}
		if p := m.function(m.where(".function_call"), m.call, &part); p != nil {
			return p
		}
		t.Parts = append(t.Parts, part)
	}
	for i, v := range m.calls.Items {
		if p := m.toolCall(at(m.where(".tool_calls"), i), v); p != nil {
			return p
		}
	}
	if t.Role == conversation.Assistant && len(t.Parts) == 0 {
		return invalid(m.where(".content"), codeMissing, "An assistant message needs 'content', 'tool_calls' or 'function_call'.")
	}
	return nil
}

// prose appends the parts of one text: one, or several where documents are marked.
func (m *message) prose(parts []conversation.Part, t content.Text) []conversation.Part {
	part := conversation.Part{Kind: conversation.Text, Origin: conversation.TurnOrigin(m.turn.Role), Text: t}
	switch m.turn.Role {
	case conversation.Tool, conversation.Function:
		part.Kind, part.Origin, part.Call = conversation.ToolResult, conversation.Untrusted, m.id
	case conversation.System, conversation.Developer, conversation.UserRole:
		return split(parts, part)
	}
	return append(parts, part)
}

func (m *message) array() *Problem {
	m.turn.Array = true
	m.turn.Parts = make([]conversation.Part, 0, len(m.text.Items))
	if len(m.text.Items) == 0 {
		return invalid(m.where(".content"), codeValue, "Invalid '"+m.where(".content")+"': expected at least one part.")
	}
	for j := range m.text.Items {
		where := at(m.where(".content"), j)
		item := m.text.Items[j]
		if item.Kind != json.Object {
			return wrongType(where, Object)
		}
		kind, _ := item.Member("type")
		member := ""
		switch kind.OneOf("text", "refusal") {
		case 0:
			member = "text"
		case 1:
			if m.turn.Role == conversation.Assistant {
				member = "refusal"
			}
		}
		if member == "" {
			if kind.Kind != json.String {
				return wrongType(where+".type", String)
			}
			// What cannot be judged is not sent on: images, audio, files, and whatever comes next.
			return invalid(where+".type", codeContentType, "This content type is not supported by this service.")
		}
		text, _ := item.Member(member)
		if text.Kind != json.String {
			return wrongType(where+"."+member, String)
		}
		first := len(m.turn.Parts)
		if member == "refusal" {
			m.turn.Parts = append(m.turn.Parts, conversation.Part{Kind: conversation.Refusal, Origin: conversation.Model, Text: text.Text})
		} else {
			m.turn.Parts = m.prose(m.turn.Parts, text.Text)
		}
		for _, mem := range item.Members {
			if !mem.Is("type") && !mem.Is(member) && mem.Value.Kind != json.Null {
				m.turn.Parts[first].Extra = append(m.turn.Parts[first].Extra, mem)
			}
		}
	}
	return nil
}

func (m *message) toolCall(where string, v json.Value) *Problem {
	if v.Kind != json.Object {
		return wrongType(where, Object)
	}
	if kind, _ := v.Member("type"); kind.OneOf("function") < 0 {
		return invalid(where+".type", codeUnsupported, "Invalid '"+where+".type': only 'function' is supported.")
	}
	id, _ := v.Member("id")
	if id.Kind != json.String || id.Text.Empty() {
		return invalid(where+".id", codeMissing, "Missing required parameter: '"+where+".id'.")
	}
	part := conversation.Part{Kind: conversation.ToolCall, Origin: conversation.Model, Call: id.Text}
	fn, _ := v.Member("function")
	if fn.Kind != json.Object {
		return wrongType(where+".function", Object)
	}
	if p := m.function(where+".function", fn, &part); p != nil {
		return p
	}
	for _, mem := range v.Members {
		if !mem.Is("type") && !mem.Is("id") && !mem.Is("function") && mem.Value.Kind != json.Null {
			part.Extra = append(part.Extra, mem)
		}
	}
	m.turn.Parts = append(m.turn.Parts, part)
	return nil
}

func (m *message) function(where string, v json.Value, part *conversation.Part) *Problem {
	for _, mem := range v.Members {
		switch {
		case mem.Is("name"):
			if !functionName(mem.Value) {
				return invalid(where+".name", codeValue, "Invalid '"+where+".name': expected 1 to 64 letters, digits, underscores or dashes.")
			}
			part.Name = mem.Value.Text
		case mem.Is("arguments"):
			if mem.Value.Kind != json.String {
				return wrongType(where+".arguments", String)
			}
			part.Text = mem.Value.Text
		case mem.Value.Kind == json.Null:
		default:
			return invalid(where, codeParameter, "'"+where+"' holds a member that is not supported.")
		}
	}
	if part.Name.Empty() {
		return invalid(where+".name", codeMissing, "Missing required parameter: '"+where+".name'.")
	}
	return nil
}

// The marks of documents inside a prompt (section 12).
const (
	opener = "<documents>"
	closer = "</documents>"
	quotes = `"""`
)

// split appends p, cut where documents are marked: text inside the marks is
// somebody else's. The cuts lose nothing: the parts say that they are joined, and
// a backend sends them as the one text that they were.
//
// A document that was not escaped can hold the closing mark. So a region runs to
// the last closing mark before the next opening one, and to the end of the text
// when there is none: doubt makes text less trusted, never more.
func split(parts []conversation.Part, p conversation.Part) []conversation.Part {
	s := open.String(p.Text)
	if !strings.Contains(s, opener) {
		return append(parts, p)
	}
	own, taken := p.Origin, len(parts)
	add := func(text string, origin conversation.Origin) {
		if text != "" {
			p.Text, p.Origin, p.Joined = content.New(text), origin, len(parts) > taken
			parts = append(parts, p)
		}
	}
	for {
		start := openerEnd(s)
		if start < 0 {
			break
		}
		add(s[:start], own)
		s = s[start:]
		region := s
		if next := openerEnd(s); next >= 0 {
			region = s[:next-len(opener)]
		}
		end := closerStart(region)
		if end < 0 {
			end = len(s)
		}
		add(s[:end], conversation.Untrusted)
		s = s[end:]
	}
	if s != "" || len(parts) == taken {
		add(s, own)
	}
	return parts
}

// openerEnd is the offset behind the first opening mark that follows triple
// quotes, or -1.
func openerEnd(s string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], opener)
		if i < 0 {
			return -1
		}
		i += from
		if strings.HasSuffix(strings.TrimRight(s[:i], " \t\r\n"), quotes) {
			return i + len(opener)
		}
		from = i + len(opener)
	}
}

// closerStart is the offset of the last closing mark that triple quotes follow, or -1.
func closerStart(s string) int {
	for to := len(s); ; {
		i := strings.LastIndex(s[:to], closer)
		if i < 0 {
			return -1
		}
		if strings.HasPrefix(strings.TrimLeft(s[i+len(closer):], " \t\r\n"), quotes) {
			return i
		}
		to = i
	}
}
