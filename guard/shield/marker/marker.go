// Package marker finds the marks by which chat templates separate roles, and the
// plainest wordings that would override instructions. A
// text that holds them tries to pass for another role, or it explains
// templates; a marker alone therefore proves little, a marker that opens a
// system turn more.
package marker

import "strings"

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

// overrides are the wordings of the plainest attack. They are quoted in texts on
// security too, so they count as a mark of a turn: not by themselves. In a long
// text they make up for the score that the text around them thins out.
var overrides = []struct {
	verb string
	what []string
}{
	{"ignore ", []string{"all previous", "previous instructions", "the previous instructions", "all prior", "your previous", "the above instructions", "your instructions", "all instructions"}},
	{"disregard ", []string{"all previous", "previous instructions", "your instructions", "the above"}},
	{"forget ", []string{"all previous", "your previous instructions"}},
	{"override ", []string{"your instructions"}},
}

// override returns where the first wording of the first verb that has one stands. Each
// verb costs one pass.
func override(text string) (start, end int, ok bool) {
	for _, o := range overrides {
		for at := 0; ; {
			i := strings.Index(text[at:], o.verb)
			if i < 0 {
				break
			}
			start, at = at+i, at+i+len(o.verb)
			for _, what := range o.what {
				if strings.HasPrefix(text[at:], what) {
					return start, at + len(what), true
				}
			}
		}
	}
	return 0, 0, false
}

// Find returns the gravest marker of a normalised text and where it is in it.
func Find(text string) (best Kind, start, end int) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '<' && c != '[' && c != '#' && c != '{' {
			continue
		}
		for _, m := range marks {
			if m.kind > best && m.text[0] == c && strings.HasPrefix(text[i:], m.text) {
				best, start, end = m.kind, i, i+len(m.text)
			}
		}
		if best == System {
			break
		}
	}
	if best == None {
		if i, j, ok := override(text); ok {
			return Role, i, j
		}
	}
	return best, start, end
}
