// Package marker finds the marks by which chat templates separate roles. A
// text that holds them tries to pass for another role, or it explains
// templates; a marker alone therefore proves little, a marker that opens a
// system turn more.
package marker

import (
	"strings"

	"sallyport/guard"
	"sallyport/guard/normalize"
)

// Kind is how much a marker says.
type Kind uint8

// Kinds, from the weakest.
const (
	None Kind = iota
	// Role is any mark of a turn.
	Role
	// System is a mark that opens a turn of the system or the operator.
	System
)

// marks are lower case, as normalised text is, and begin with one of the
// bytes that Find looks for.
var marks = []struct {
	text string
	kind Kind
}{
	{"<|im_start|>system", System}, {"<|system|>", System}, {"<<sys>>", System}, {"<|start_header_id|>system", System},
	{"[system](#", System}, {"### system:", System}, {"### system prompt", System}, {"<|developer|>", System},
	{"<|im_start|>", Role}, {"<|im_end|>", Role}, {"<|user|>", Role}, {"<|assistant|>", Role},
	{"<|start_header_id|>", Role}, {"<|eot_id|>", Role}, {"<|endoftext|>", Role}, {"<|end_of_turn|>", Role}, {"<start_of_turn>", Role},
	{"[inst]", Role}, {"[/inst]", Role}, {"### instruction:", Role}, {"### instruction\n", Role}, {"### response:", Role},
	{"{\"role\":\"system\"", System}, {"{\"role\": \"system\"", System},
}

// Find returns the gravest marker of r and where it is.
func Find(r normalize.Reading) (Kind, guard.Span) {
	text, best := r.Text, None
	var at guard.Span
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '<' && c != '[' && c != '#' && c != '{' {
			continue
		}
		for _, m := range marks {
			if m.kind > best && m.text[0] == c && strings.HasPrefix(text[i:], m.text) {
				best, at = m.kind, r.Span(i, i+len(m.text))
			}
		}
		if best == System {
			break
		}
	}
	return best, at
}
