package openai

import (
	"strconv"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content/json"
)

// Types is a set of JSON kinds.
type Types uint8

// The kinds. Null is allowed for every optional field and means that it is absent.
const (
	Bool Types = 1 << iota
	Integer
	Number // a whole number is a Number too
	String
	Array
	Object
)

func (t Types) has(k json.Kind) bool {
	switch k {
	case json.Bool:
		return t&Bool != 0
	case json.Number:
		return t&(Integer|Number) != 0
	case json.String:
		return t&String != 0
	case json.Array:
		return t&Array != 0
	case json.Object:
		return t&Object != 0
	}
	return false
}

func (t Types) String() string {
	words := [...]string{"a boolean", "an integer", "a number", "a string", "an array", "an object"}
	s := ""
	for i, w := range words {
		if t&(1<<i) != 0 {
			if s != "" {
				s += " or "
			}
			s += w
		}
	}
	return s
}

// Field is one known member of a request body: what it may be, as data, and
// where it goes. Every string below a field that goes to Extra is judged there.
type Field struct {
	Name     string
	Types    Types
	Required bool
	Ranged   bool // numbers lie between Min and Max
	Min, Max float64
	Items    int      // longest array; 0 any
	Words    []string // a string is one of these; nil any
	Refused  string   // the error code of a field that is refused whatever it holds
	// take puts the value where it belongs. Nil keeps it as it is, in Extra.
	take func(*decoder, *Field, json.Value) *Problem
}

// Bounds of a request.
const (
	maxChoices   = 128
	maxTools     = 128
	maxStops     = 4
	maxLogprobs  = 20
	maxInputs    = 2048
	maxTokenWish = 1 << 24 // beyond any model's context
)

// ChatSchema is the body of chat completions. Members that it does not know go to
// Extra: judged, and sent on.
var ChatSchema = []Field{
	{Name: "messages", Types: Array, Required: true, take: (*decoder).messages},
	{Name: "model", Types: String, take: (*decoder).skip}, // routing only, read before
	{Name: "stream", Types: Bool, take: func(d *decoder, _ *Field, v json.Value) *Problem { d.c.Stream = v.Bool; return nil }},
	{Name: "stream_options", Types: Object, take: (*decoder).streamOptions},
	{Name: "temperature", Types: Number, Ranged: true, Max: 2, take: number(func(s *conversation.Sampling) **float64 { return &s.Temperature })},
	{Name: "top_p", Types: Number, Ranged: true, Max: 1, take: number(func(s *conversation.Sampling) **float64 { return &s.TopP })},
	{Name: "presence_penalty", Types: Number, Ranged: true, Min: -2, Max: 2, take: number(func(s *conversation.Sampling) **float64 { return &s.PresencePenalty })},
	{Name: "frequency_penalty", Types: Number, Ranged: true, Min: -2, Max: 2, take: number(func(s *conversation.Sampling) **float64 { return &s.FrequencyPenalty })},
	{Name: "n", Types: Integer, Ranged: true, Min: 1, Max: maxChoices, take: func(d *decoder, _ *Field, v json.Value) *Problem { d.c.Choices, _ = v.Int(); return nil }},
	{Name: "max_tokens", Types: Integer, Ranged: true, Min: 1, Max: maxTokenWish, take: (*decoder).maxTokens},
	{Name: "max_completion_tokens", Types: Integer, Ranged: true, Min: 1, Max: maxTokenWish, take: (*decoder).maxTokens},
	{Name: "seed", Types: Integer, take: (*decoder).seed},
	{Name: "stop", Types: String | Array, Items: maxStops, take: (*decoder).stop},
	{Name: "logprobs", Types: Bool, take: func(d *decoder, _ *Field, v json.Value) *Problem { d.c.Sampling.Logprobs = v.Bool; return nil }},
	{Name: "top_logprobs", Types: Integer, Ranged: true, Max: maxLogprobs, take: (*decoder).topLogprobs},
	{Name: "response_format", Types: Object, take: (*decoder).responseFormat},
	{Name: "tools", Types: Array, Items: maxTools, take: (*decoder).tools},
	{Name: "tool_choice", Types: String | Object, Words: []string{"none", "auto", "required"}, take: (*decoder).toolChoice},
	{Name: "parallel_tool_calls", Types: Bool, take: func(d *decoder, _ *Field, v json.Value) *Problem {
		d.c.Sampling.ParallelToolCalls = &v.Bool
		return nil
	}},
	{Name: "functions", Types: Array, Items: maxTools, take: (*decoder).functions},
	{Name: "function_call", Types: String | Object, Words: []string{"none", "auto"}, take: (*decoder).functionCall},
	{Name: "logit_bias", Types: Object, take: (*decoder).logitBias},
	{Name: "modalities", Types: Array, take: (*decoder).modalities},
	{Name: "store", Types: Bool, take: (*decoder).store},
	{Name: "user", Types: String},
	{Name: "metadata", Types: Object},
	{Name: "reasoning_effort", Types: String},
	{Name: "verbosity", Types: String},
	{Name: "prediction", Types: Object},
	{Name: "service_tier", Types: String},
	{Name: "prompt_cache_key", Types: String},
	{Name: "safety_identifier", Types: String},
	{Name: "user_security_context", Types: Object},
	// Kept upstream beyond the request, or fetched by the backend: against our promises.
	{Name: "prompt_cache_retention", Types: String, Refused: codeParameter},
	{Name: "background", Types: Bool, Refused: codeParameter},
	{Name: "plugins", Types: Array, Refused: codeParameter},
	{Name: "mcp_servers", Types: Array, Refused: codeParameter},
	{Name: "audio", Types: Object, Refused: codeParameter},
	{Name: "web_search_options", Types: Object, Refused: codeParameter},
	{Name: "data_sources", Types: Array, Refused: notSupported},
	{Name: "dataSources", Types: Array, Refused: notSupported}, // its name in the first previews
}

// EmbeddingsSchema is the body of embeddings. Members that it does not know are
// refused: there is nowhere to send them on to.
var EmbeddingsSchema = []Field{
	{Name: "input", Types: String | Array, Required: true, Items: maxInputs, take: (*decoder).input},
	{Name: "model", Types: String, take: (*decoder).skip},
	{Name: "encoding_format", Types: String, Words: []string{"float", "base64"}, take: func(d *decoder, _ *Field, v json.Value) *Problem {
		d.base64 = v.OneOf("base64") == 0
		return nil
	}},
	{Name: "dimensions", Types: Integer, Ranged: true, Min: 1, Max: 1 << 16, take: func(d *decoder, _ *Field, v json.Value) *Problem {
		d.embed.Dimensions, _ = v.Int()
		return nil
	}},
	{Name: "user", Types: String, take: func(d *decoder, _ *Field, v json.Value) *Problem { d.embed.User = v.Text; return nil }},
	{Name: "input_type", Types: String, Refused: codeParameter},
}

// admit checks a value against its field. Null has been taken out before.
func (f *Field) admit(v json.Value) *Problem {
	if f.Refused != "" {
		return invalid(f.Name, f.Refused, "The parameter '"+f.Name+"' is not supported by this service.")
	}
	if !f.Types.has(v.Kind) {
		return wrongType(f.Name, f.Types)
	}
	switch v.Kind {
	case json.Number:
		if f.Types&Number == 0 {
			if _, ok := v.Int(); !ok && f.Ranged {
				return wrongType(f.Name, f.Types)
			}
		}
		if n, ok := v.Float(); f.Ranged && (!ok || n < f.Min || n > f.Max) {
			return invalid(f.Name, codeValue, "Invalid '"+f.Name+"': expected a value from "+decimal(f.Min)+" to "+decimal(f.Max)+".")
		}
	case json.String:
		if f.Words != nil && v.OneOf(f.Words...) < 0 {
			return invalid(f.Name, codeValue, "Invalid '"+f.Name+"': the value is not one of the supported ones.")
		}
	case json.Array:
		if f.Items > 0 && len(v.Items) > f.Items {
			return invalid(f.Name, codeValue, "Invalid '"+f.Name+"': expected at most "+strconv.Itoa(f.Items)+" items.")
		}
	}
	return nil
}

func wrongType(param string, t Types) *Problem {
	return invalid(param, codeType, "Invalid type for '"+param+"': expected "+t.String()+".")
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// lookup is the index of the field with the member's name, or -1.
func lookup(schema []Field, m *json.Member) int {
	for i := range schema {
		if m.Is(schema[i].Name) {
			return i
		}
	}
	return -1
}
