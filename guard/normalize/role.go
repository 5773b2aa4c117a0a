package normalize

import "strings"

// marks are what chat templates, prompts and tools write between turns, in lower
// case. A space in one stands for white space or none.
var marks = []string{
	"<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|system|>", "<|user|>", "<|assistant|>", "<|developer|>", "<|tool|>", "<|start_header_id|>", "<|end_header_id|>",
	"<|eot_id|>", "<|eom_id|>", "<|begin_of_text|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<|start|>", "<|channel|>", "<|message|>", "<|return|>", "<|call|>",
	"<|end_of_turn|>", "<|turn|>", "<|python_tag|>", "<start_of_turn>", "<end_of_turn>", "<<sys>>", "<</sys>>", "<system>", "</system>", "<sys>", "<tool_result>", "</tool_result>",
	"<tool_response>", "</tool_response>", "<function_results>", "</function_results>", "<function_response>", "<｜user｜>", "<|user_turn|>", "<|chatbot_token|>", "<|system_token|>",
	"[inst]", "[/inst]", "[system]", "[/system]", "[system message]", "[system prompt]", "[system](#", "[assistant](#", "[user](#", "[available_tools]", "[tool_results]",
	"### instruction:", "### instructions:", "### instruction\n", "### instruction ", "### response:", "### system:", "### system prompt", "### human:", "### assistant:", "### user:",
	"{ \"role\" : \"system\"", "{ 'role' : 'system'", "{ \"role\" : \"developer\"", "{ \\\"role\\\" : \\\"system\\\"", "{ \"role\" : \"assistant\"", "{ \"role\" : \"tool\"",
	"\nsystem:", "\nassistant:", "\ndeveloper:", "\nhuman:",
}

// byMark are the marks by their first byte.
var byMark = func() (t [256][]string) {
	for _, m := range marks {
		t[m[0]] = append(t[m[0]], m)
	}
	return t
}()

// findRoles ends the line where a mark of a role stands, so that what follows is read by itself.
func findRoles(r *Reading) []edit {
	var out []edit
	text := r.Text
	for i := 0; i < len(text); i++ {
		list := byMark[text[i]]
		if list == nil && i > 0 {
			continue
		}
		n := markAt(text[i:], list)
		if n == 0 && i == 0 { // a turn may begin the text
			n = max(0, markAt("\n"+text[:min(len(text), 32)], byMark['\n'])-1)
		}
		if n > 0 {
			out = append(out, edit{i, i + n, "\n"})
			i += n - 1
		}
	}
	return out
}

// markAt is the length of the mark that text begins with, 0 for none.
func markAt(text string, list []string) int {
	best := 0
	for _, m := range list {
		if n := prefixed(text, m); n > best {
			best = n
		}
	}
	return best
}

// prefixed is the length of the prefix of text that is m.
func prefixed(text, m string) int {
	if !strings.Contains(m, " ") {
		if strings.HasPrefix(text, m) {
			return len(m)
		}
		return 0
	}
	i := 0
	for k := range len(m) {
		if m[k] == ' ' {
			for n := 0; n < 2 && i < len(text) && property[text[i]]&isBlank != 0; n++ {
				i++
			}
			continue
		}
		if i >= len(text) || text[i] != m[k] {
			return 0
		}
		i++
	}
	return i
}
