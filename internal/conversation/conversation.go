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
			w.leaf(Leaf{Text: &c.Stop[i], Origin: Untrusted, Kind: Text, Turn: -1, Path: "stop"})
		}
		w.value(&c.Tools, Untrusted, -1, "tools")
		w.value(&c.ToolChoice, Untrusted, -1, "tool_choice")
		w.value(&c.ResponseFormat, Untrusted, -1, "response_format")
		w.value(&c.Functions, Untrusted, -1, "functions")
		w.value(&c.FunctionCall, Untrusted, -1, "function_call")
		w.members(c.Extra, -1, "body")
	}
}

type walker struct {
	yield func(Leaf) bool
	done  bool
}

func (w *walker) leaf(l Leaf) {
	if w.done || l.Text.Empty() {
		return
	}
	w.done = !w.yield(l)
}

func (w *walker) turn(i int, t *Turn) {
	w.leaf(Leaf{Text: &t.Name, Origin: TurnOrigin(t.Role), Kind: Text, Turn: i, Path: "messages"})
	for j := range t.Parts {
		p := &t.Parts[j]
		at := Leaf{Origin: Untrusted, Kind: p.Kind, Turn: i, Part: j, Path: "messages"}
		w.part(at, &p.Call)
		w.part(at, &p.Name)
		at.Origin = p.Origin
		if p.Source != nil {
			w.part(at, &p.Source.Title)
		}
		at.Prose = true
		w.part(at, &p.Text)
		w.members(p.Extra, i, "messages")
	}
	w.members(t.Extra, i, "messages")
}

func (w *walker) part(at Leaf, t *content.Text) {
	at.Text = t
	w.leaf(at)
}

func (w *walker) members(ms []json.Member, turn int, path string) {
	for i := range ms {
		w.leaf(Leaf{Text: &ms[i].Name, Origin: Untrusted, Kind: Text, Turn: turn, Path: path + ".*"})
		w.value(&ms[i].Value, Untrusted, turn, path)
	}
}

func (w *walker) value(v *json.Value, origin Origin, turn int, path string) {
	switch v.Kind {
	case json.String:
		w.leaf(Leaf{Text: &v.Text, Origin: origin, Kind: Text, Turn: turn, Path: path})
	case json.Number:
		if len(v.Number) >= shortestNumberJudged {
			t := content.New(v.Number)
			w.leaf(Leaf{Text: &t, Origin: origin, Kind: Text, Turn: turn, Path: path, Number: true})
		}
	case json.Array:
		for i := range v.Items {
			w.value(&v.Items[i], origin, turn, path)
		}
	case json.Object:
		for i := range v.Members {
			w.leaf(Leaf{Text: &v.Members[i].Name, Origin: origin, Kind: Text, Turn: turn, Path: path})
			w.value(&v.Members[i].Value, origin, turn, path)
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
