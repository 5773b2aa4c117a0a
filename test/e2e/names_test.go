package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// The attack: a name twice in the arguments of an earlier tool call. One reader of
// that string takes the first value, another the last: both are judged.
func TestBothValuesOfOneNameAreJudged(t *testing.T) {
	l := lab(t)
	for name, arguments := range map[string]string{
		"first":          `{"city":%[1]q,"city":%[2]q}`,
		"last":           `{"city":%[2]q,"city":%[1]q}`,
		"three times":    `{"city":%[2]q,"city":%[1]q,"city":%[2]q}`,
		"escaped name":   `{"city":%[1]q,"\u0063ity":%[2]q}`,
		"deep":           `{"a":[{"city":%[1]q,"city":%[2]q}]}`,
		"whole objects":  `{"a":{"city":%[1]q},"a":{"city":%[2]q}}`,
		"value and list": `{"a":[%[1]q],"a":%[2]q}`,
		"name":           `{%[1]q:1,%[1]q:%[2]q}`,
	} {
		for _, letters := range []string{"plain", "escaped"} {
			ask := func(said string) Reply {
				text := fmt.Sprintf(arguments, said, termTwin)
				if letters == "escaped" {
					text = strings.ReplaceAll(text, said, strings.ReplaceAll(said, "h", `\u0068`))
				}
				call := fmt.Sprintf(`{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":%s}}]}`, formJSON(text))
				return l.chatAt("lists", `{"messages":[{"role":"user","content":"Where?"},`+call+`,{"role":"tool","tool_call_id":"call_1","content":"done"}],`+tools+`}`)
			}
			if r := ask(term); r.filtered(listed.category) != nil {
				t.Errorf("%s, %s: %s, want a refusal: %v", name, letters, r.brief(), r.filtered(listed.category))
			}
			if r := ask(termTwin); r.Status != 200 {
				t.Errorf("%s, %s: the twin got %s", name, letters, r.brief())
			}
			totals.add("places", 2)
		}
	}
}
