// Package conversation holds the types in which a conversation with a model
// travels: turns, parts and events. Types only: no I/O, no policy. Every surface
// decodes into a Conversation and every backend encodes from one, so what was
// judged is what is sent.
package conversation

import (
	"iter"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
)

// Origin says whose words a text is. Guards trust the origin, never the role
// name. The zero Origin is the least trusted.
type Origin uint8

// Origins, from the least trusted.
const (
	Untrusted Origin = iota // documents, tool results, unknown leaves
	User
	Model
	Operator
)

// Kind is what a part is. The zero Kind is unknown and refused.
type Kind uint8

// The kinds of parts and of answer lanes.
const (
	UnknownKind Kind = iota
	Text
	Refusal
	Reasoning
	ToolCall   // Name is the function, Text its arguments, Call the call's id
	ToolResult // Text is the result, Call the call's id
	Document   // Text is a passage; Source says of which document
)

// Role is the role of a turn on the wire. The zero Role is unknown and refused.
type Role uint8

// The roles.
const (
	UnknownRole Role = iota
	System
	Developer
	UserRole
	Assistant
	Tool
	Function
)

// Roles are the wire's words, by index of Role.
var Roles = [...]string{"", "system", "developer", "user", "assistant", "tool", "function"}

func (r Role) String() string {
	if int(r) < len(Roles) {
		return Roles[r]
	}
	return ""
}

// Source says where a part's text comes from: the passage of a document.
type Source struct {
	Collection, Document string // identifiers
	Passage              int
	Title                content.Text
	Anchor               string // page, heading or cell, as the parser named it
	Updated              string // date of the document, YYYY-MM-DD
}

// Part is a piece of a turn. Every text in it is content, the identifiers and
// names that a caller chose included: they are sent on and so they are judged.
type Part struct {
	Kind   Kind
	Origin Origin
	Text   content.Text
	Call   content.Text
	Name   content.Text
	Joined bool // continues the part before: on the wire the two are one text
	Source *Source
	Extra  []json.Member // unknown members of the part, judged and sent on
}

// Turn is one message.
type Turn struct {
	Role  Role
	Name  content.Text // the optional participant name
	Parts []Part
	Array bool          // content was an array of parts, not one string
	Null  bool          // content was null or absent (an assistant turn with calls only)
	Extra []json.Member // unknown members of the message
}

// Sampling are the known parameters that carry no text. Nil means absent.
type Sampling struct {
	Temperature, TopP, PresencePenalty, FrequencyPenalty *float64
	Seed                                                 *int64
	Logprobs                                             bool
	TopLogprobs                                          *int
	ParallelToolCalls                                    *bool
}

// Conversation is a decoded, not yet judged request.
type Conversation struct {
	Turns []Turn
	// Tools, ToolChoice, ResponseFormat, Stop and Extra keep their JSON form: their
	// names, descriptions and schemas are text and are walked like every other.
	Tools          json.Value
	ToolChoice     json.Value
	ResponseFormat json.Value
	Functions      json.Value // the older form of Tools
	FunctionCall   json.Value
	Stop           []content.Text
	Extra          []json.Member // every member of the body that no field above holds
	Sampling       Sampling
	Choices        int  // n, at least 1
	MaxTokens      int  // per choice; always set: the deployment's limit when the caller gave none
	MaxCompletion  bool // the caller named max_completion_tokens, not max_tokens
	Stream         bool
	Usage          bool // stream_options.include_usage
}

// Leaf is one text of a conversation with whose words it is and where it stands.
type Leaf struct {
	Text   *content.Text // in place: masks write through it
	Origin Origin
	Kind   Kind
	Turn   int    // index of the turn, -1 outside turns
	Prose  bool   // continuous with the leaves before it in the same turn: joined when judged
	Part   int    // index of the part within the turn
	Path   string // the member of the body it belongs to: "messages", "tools", …
	Number bool   // a number's literal: judged by patterns only, never masked
	Call   bool   // the id of a tool call
	Named  bool   // the name of a member: what it names is another leaf
	// Object numbers the object or array in which it stands. Column numbers its
	// place in objects of the same form: the values of equally named members at one
	// depth share it. What is cut in pieces stands in one or the other.
	Object, Column int
}

// Texts walks every text that would leave for the model: the one walk that
// guards, masks and counters use. The names and ids that callers choose, and the
// member names of unknown objects, are texts too.
func (c *Conversation) Texts() iter.Seq[Leaf] {
	return func(yield func(Leaf) bool) {
		w := walker{yield: yield}
		for i := range c.Turns {
			w.turn(i, &c.Turns[i])
		}
		for i := range c.Stop {
			w.leaf(Leaf{Text: &c.Stop[i], Origin: Untrusted, Kind: Text, Turn: -1, Path: "stop", Column: w.column(slot{path: "stop"})})
		}
		w.whole(&c.Tools, "tools")
		w.whole(&c.ToolChoice, "tool_choice")
		w.whole(&c.ResponseFormat, "response_format")
		w.whole(&c.Functions, "functions")
		w.whole(&c.FunctionCall, "function_call")
		w.members(c.Extra, -1, "body")
	}
}

type walker struct {
	yield   func(Leaf) bool
	done    bool
	objects int
	columns map[slot]int
}

// slot is a place in objects of the same form.
type slot struct {
	path  string
	depth int
	item  int // in a list
	name  content.Text
}

func (w *walker) column(s slot) int {
	n, known := w.columns[s]
	if !known {
		if w.columns == nil {
			w.columns = map[slot]int{}
		}
		n = len(w.columns) + 1
		w.columns[s] = n
	}
	return n
}

func (w *walker) leaf(l Leaf) {
	if w.done || l.Text.Empty() {
		return
	}
	w.done = !w.yield(l)
}

func (w *walker) turn(i int, t *Turn) {
	own := func(at Leaf, member string, t *content.Text) {
		if !t.Empty() {
			at.Text, at.Column = t, w.column(slot{path: member, depth: -1})
			w.leaf(at)
		}
	}
	own(Leaf{Origin: TurnOrigin(t.Role), Kind: Text, Turn: i, Path: "messages"}, "name", &t.Name)
	for j := range t.Parts {
		p := &t.Parts[j]
		at := Leaf{Origin: Untrusted, Kind: p.Kind, Turn: i, Part: j, Path: "messages"}
		at.Call = true
		own(at, "call", &p.Call)
		at.Call = false
		own(at, "function", &p.Name)
		at.Origin = p.Origin
		if p.Source != nil {
			own(at, "title", &p.Source.Title)
		}
		at.Prose, at.Text = true, &p.Text
		w.leaf(at)
		w.members(p.Extra, i, "messages")
	}
	w.members(t.Extra, i, "messages")
}

func (w *walker) whole(v *json.Value, path string) {
	w.value(v, Leaf{Origin: Untrusted, Kind: Text, Turn: -1, Path: path}, slot{path: path})
}

func (w *walker) members(ms []json.Member, turn int, path string) {
	if len(ms) == 0 {
		return
	}
	w.objects++
	at := Leaf{Origin: Untrusted, Kind: Text, Turn: turn, Path: path, Object: w.objects}
	for i := range ms {
		name := at
		name.Text, name.Path, name.Named = &ms[i].Name, path+".*", true
		w.leaf(name)
		w.value(&ms[i].Value, at, slot{path: path, name: ms[i].Name})
	}
}

// value walks v, which stands at a leaf's place in s.
func (w *walker) value(v *json.Value, at Leaf, s slot) {
	switch v.Kind {
	case json.String:
		at.Text, at.Column = &v.Text, w.column(s)
		w.leaf(at)
	case json.Number:
		if len(v.Number) >= shortestNumberJudged {
			t := content.New(v.Number)
			at.Text, at.Number, at.Column = &t, true, w.column(s)
			w.leaf(at)
		}
	case json.Array:
		w.objects++
		at.Object = w.objects
		s.depth++
		for i := range v.Items {
			if v.Items[i].Kind == json.String {
				s.item = i + 1 // lists of words have columns, too
			}
			w.value(&v.Items[i], at, s)
		}
	case json.Object:
		w.objects++
		at.Object = w.objects
		for i := range v.Members {
			name := at
			name.Text, name.Named = &v.Members[i].Name, true
			w.leaf(name)
			w.value(&v.Members[i].Value, at, slot{path: s.path, depth: s.depth + 1, name: v.Members[i].Name})
		}
	}
}

// shortestNumberJudged: a bare JSON number of this many digits can be a card or
// an identity number, so it is shown to the pattern guards.
const shortestNumberJudged = 9

// TurnOrigin is the origin of plain text in a turn of role r.
func TurnOrigin(r Role) Origin {
	switch r {
	case System, Developer:
		return Operator
	case UserRole:
		return User
	case Assistant:
		return Model
	}
	return Untrusted
}
