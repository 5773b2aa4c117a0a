package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/surface/openai"
)

// The attack: a text that the guards refuse where they look is put where they
// might not look. Promise 1: there is no such place. Each place is tried with the
// refused text and with a harmless twin. One of three things must hold:
//
//	open     the text is refused as filtered, and the twin reaches the upstream
//	closed   neither gets in: the place takes no free text, both are a 400 that names a parameter
//	dropped  neither is filtered and neither reaches the upstream: the text goes nowhere
//
// What is closed or dropped is listed below, so that a place cannot become so
// unnoticed.
func TestEveryPlaceIsJudged(t *testing.T) {
	l := lab(t)
	seen := map[string]map[string]bool{} // verdict -> general place, over all modes
	for _, name := range slices.Sorted(maps.Keys(fullest)) {
		base := parseJSON([]byte(fullest[name]))
		for _, m := range modes {
			body := base
			if m.stream {
				body = streamed(parseJSON([]byte(fullest[name])))
			}
			t.Run(name+"/"+m.name, func(t *testing.T) {
				for _, text := range []pair{listed, attack} {
					// Sentences in two modes: the four share one decoder.
					if text.name == attack.name && m.name != "dated" && m.name != "v1 stream" {
						continue
					}
					if r := m.send(l, text.deployment, parseJSON(formJSON(body))); r.Status != 200 {
						t.Errorf("%s: the untouched body got %s", text.name, r.brief())
						continue
					}
					for _, p := range placesOf(body) {
						verdict := judgePlace(t, l, m, body, p, text, m.name == "v1")
						key := verdict + " " + text.name
						if seen[key] == nil {
							seen[key] = map[string]bool{}
						}
						seen[key][p.general()] = true
						totals.add("places", 1)
					}
				}
			})
		}
	}
	// Only what is listed may be closed or dropped.
	for key, places := range seen {
		verdict, _, _ := strings.Cut(key, " ")
		t.Logf("%s: %d kinds of places", key, len(places))
		for _, p := range slices.Sorted(maps.Keys(places)) {
			if verdict != "open" && !closedPlace(p) {
				t.Errorf("%s: %s, and is not listed as a place without free text", key, p)
			}
		}
	}
}

// The bodies without anything bad are ordinary requests: the default filter lets
// them through, in every mode.
func TestFullRequestsAreOrdinary(t *testing.T) {
	l := lab(t)
	for _, name := range slices.Sorted(maps.Keys(fullest)) {
		for _, m := range modes {
			body := parseJSON([]byte(fullest[name]))
			if m.stream {
				body = streamed(body)
			}
			if r := m.send(l, "chat", body); r.Status != 200 {
				t.Errorf("%s, %s: got %s, want 200", name, m.name, r.brief())
			}
		}
	}
}

// Nor are short and odd texts attacks.
func TestShortTextsAreOrdinary(t *testing.T) {
	l := lab(t)
	for _, text := range []string{"x", "?", "1", "hi", "OK", "Thanks!", "say: x", "a b c", "2+2=", "🙂", "http://example.com", "{}", "null", "SELECT 1;", "Ja, bitte.", "今日は", "Why?", "42 km"} {
		for _, body := range []string{asking(text), asking(text, `"stop":["END"]`, `"user":"worker-7"`, `"seed":42`)} {
			if r := l.chat(body); r.Status != 200 {
				t.Errorf("%q: got %s, want 200", text, r.brief())
			}
		}
	}
}

type mode struct {
	name   string
	v1     bool
	stream bool
}

var modes = []mode{{"dated", false, false}, {"dated stream", false, true}, {"v1", true, false}, {"v1 stream", true, true}}

// send sends a body to a deployment: in the path, or in the body unless a test put
// something else there.
func (m mode) send(l *Lab, deployment string, body any) Reply {
	return m.spelled(l, deployment, body, "")
}

// spelled is send with every letter of text as an escape.
func (m mode) spelled(l *Lab, deployment string, v any, text string) Reply {
	path := "/openai/v1/chat/completions"
	if !m.v1 {
		path = "/openai/deployments/" + deployment + "/chat/completions?api-version=" + apiVersion
	} else if o := v.(map[string]any); o["model"] == "chat" {
		o["model"] = deployment
	}
	body := formJSON(v)
	if text != "" {
		body = escaped(body, text)
	}
	return Call{Base: l.URL, Path: path, Key: l.Key, Body: body}.do()
}

func judgePlace(t *testing.T, l *Lab, m mode, body any, p place, text pair, spell bool) string {
	t.Helper()
	before := l.Mock.Stats().Requests
	letters := ""
	if spell {
		letters = text.blocked
	}
	blocked := m.spelled(l, text.deployment, p.put(body, text.blocked), letters)
	sawBad := l.Mock.Stats().Requests - before
	sentBad := sawBad > 0 && anyHolds(l, text.blocked)
	l.Mock.Forget()
	twin := m.send(l, text.deployment, p.put(body, text.twin))
	sawTwin := l.Mock.Stats().Requests - before - sawBad
	sentTwin := sawTwin > 0 && anyHolds(l, text.twin)
	l.Mock.Forget()

	if v := (trial{blocked, twin, sawBad, sawTwin, sentBad, sentTwin}).verdict(text.category); v != "" {
		return v
	}
	t.Errorf("%s, %s: refused text: %s, upstream saw it: %v; twin: %s, upstream saw it: %v", p.name, text.name, blocked.brief(), sentBad, twin.brief(), sentTwin)
	return "wrong"
}

// trial is a text that must be refused and its twin, sent to the same place: the
// replies, how many requests the upstream saw of each, and whether it saw the text.
type trial struct {
	blocked, twin     Reply
	sawBad, sawTwin   int64
	sentBad, sentTwin bool
}

// verdict is what the place does with text: "open" judges and sends it on, "closed"
// takes none, "dropped" never sends it. None of these is "".
func (r trial) verdict(category string) string {
	_, shapeErr := r.blocked.shape()
	switch {
	case r.blocked.filtered(category) == nil && r.sawBad == 0 && r.twin.Status == 200 && r.sentTwin:
		return "open"
	case r.blocked.Status/100 == 4 && r.blocked.code() != "content_filter" && r.twin.Status == r.blocked.Status && shapeErr == nil && r.sawBad == 0 && r.sawTwin == 0:
		return "closed"
	case r.blocked.Status == 200 && r.twin.Status == 200 && !r.sentBad && !r.sentTwin:
		return "dropped"
	}
	return ""
}

func anyHolds(l *Lab, text string) bool {
	for _, r := range l.Mock.Requests() {
		if holds(r.Body, text) {
			return true
		}
	}
	return false
}

// closedPlaces take no free text: words of a closed set, names of deployments,
// names with a form, and objects that take no unknown members.
var closedPlaces = []string{
	"model",                              // a deployment (v1) or not read at all (dated)
	"messages[*].role",                   // a closed set
	"messages[*].content[*].type",        // a closed set
	"messages[*].tool_calls[*].type",     // a closed set
	"tools[*].type",                      // a closed set
	"tool_choice.type",                   // a closed set
	"tool_choice",                        // as a string: a closed set
	"function_call",                      // as a string: a closed set
	"response_format.type",               // a closed set
	"modalities[*]", "modalities[<new>]", // a closed set
	"messages[*].tool_calls[*].function",      // no unknown members
	"messages[*].function_call",               // no unknown members
	"stream_options",                          // no unknown members
	"logit_bias",                              // numbers only
	"messages[*].tool_calls[*].function.name", // names: a word fits, a sentence does not
	"messages[*].function_call.name",
	"tools[*].function.name", "tool_choice.function.name", "functions[*].name", "function_call.name",
	"response_format.json_schema.name",
}

func closedPlace(p string) bool {
	p = strings.TrimSuffix(p, " (end)")
	if slices.Contains(closedPlaces, p) {
		return true
	}
	object, _, ok := strings.Cut(p, ".<new")
	return ok && slices.Contains([]string{"messages[*].tool_calls[*].function", "messages[*].function_call", "stream_options", "logit_bias"}, object)
}

// The bodies must have every member that the surface knows: a new one without a
// place in this test is a hole in it.
func TestEveryFieldHasAPlace(t *testing.T) {
	have := map[string]bool{"stream": true, "stream_options": true}
	for _, text := range fullest {
		for k := range parseJSON([]byte(text)).(map[string]any) {
			have[k] = true
		}
	}
	l := lab(t)
	for _, f := range openai.ChatSchema {
		if f.Refused == "" {
			if !have[f.Name] {
				t.Errorf("no body of this test has %q", f.Name)
			}
			continue
		}
		// A refused field is refused with anything in it.
		value := map[openai.Types]string{openai.Object: `{"a":"x"}`, openai.Array: `[{"type":"azure_search"}]`, openai.String: `"24h"`, openai.Bool: `true`}[f.Types]
		r := l.chat(asking("Good morning.", fmt.Sprintf("%q:%s", f.Name, value)))
		if _, err := r.shape(); r.Status != 400 || err != nil || r.code() != f.Refused {
			t.Errorf("%s: got %d %s, want a 400 with code %s", f.Name, r.Status, r.Body, f.Refused)
		}
		if len(l.Mock.Requests()) != 0 {
			t.Errorf("%s: reached the upstream", f.Name)
		}
	}
}

// Embeddings have places too.
func TestEveryPlaceOfEmbeddingsIsJudged(t *testing.T) {
	l := lab(t)
	for _, text := range []string{`{"model":"embed","input":"a text","user":"worker-7"}`, `{"model":"embed","input":["a text","another"],"encoding_format":"float","dimensions":4}`} {
		body := parseJSON([]byte(text))
		for _, path := range []string{"/openai/v1/embeddings", "/openai/deployments/embed/embeddings?api-version=" + apiVersion} {
			for _, p := range placesOf(body) {
				before := l.Mock.Stats().Requests
				bad := Call{Base: l.URL, Path: path, Key: l.Key, Body: formJSON(p.put(body, term))}.do()
				saw := l.Mock.Stats().Requests - before
				l.Mock.Forget()
				twin := Call{Base: l.URL, Path: path, Key: l.Key, Body: formJSON(p.put(body, termTwin))}.do()
				sent := anyHolds(l, termTwin)
				l.Mock.Forget()
				totals.add("places", 1)
				closed := bad.Status/100 == 4 && bad.code() != "content_filter" && twin.Status == bad.Status
				dropped := bad.Status == 200 && twin.Status == 200 && strings.HasPrefix(p.name, "model")
				open := bad.filtered("custom_blocklists") == nil && saw == 0 && twin.Status == 200 && sent
				if free := strings.HasPrefix(p.name, "input") || p.name == "user" || p.name == "user (end)"; free && !open || !open && !closed && !dropped {
					t.Errorf("%s %s: refused text %d (%v), twin %d, twin at the upstream %v", path, p.name, bad.Status, bad.filtered("custom_blocklists"), twin.Status, sent)
				}
			}
		}
	}
}

// The attack: the text is cut, and each piece alone is harmless. Something
// harmless stands before and after, so that the pieces have neighbours.
func TestSplitTextIsJoined(t *testing.T) {
	l := lab(t)
	dodged := map[string][]string{} // by text: one line each, not one for every pair of roles
	defer func() {
		for text, names := range dodged {
			t.Errorf("%s reaches the upstream, cut by: %s", text, strings.Join(names, "; "))
		}
	}()
	try := func(name string, build func(pieces []string) any) {
		for _, n := range []int{2, 3, len(term)} {
			for _, text := range []pair{listed, attack} {
				if text.name == attack.name && n > 3 {
					continue // letter by letter a sentence is noise to a model too
				}
				before := l.Mock.Stats().Requests
				bad := l.chatAt(text.deployment, string(formJSON(build(pieces(text.blocked, n)))))
				if err := bad.filtered(text.category); l.Mock.Stats().Requests != before {
					dodged[text.name] = append(dodged[text.name], fmt.Sprintf("%s, %d pieces", name, n))
				} else if err != nil && (n <= 3 || bad.code() != "content_filter") {
					t.Errorf("%s, %s in %d pieces: %v", name, text.name, n, err)
				}
				totals.add("splits", 1)
				if n > 3 {
					continue // single letters are an attack's form, whatever they spell
				}
				if twin := l.chatAt(text.deployment, string(formJSON(build(pieces(text.twin, n))))); twin.Status != 200 {
					t.Errorf("%s, %s in %d pieces: the twin got %s", name, text.name, n, twin.brief())
				}
			}
		}
	}
	part := func(text string) any { return map[string]any{"type": "text", "text": text} }
	say := func(role, content string) any { return map[string]any{"role": role, "content": content} }
	before, after := say("user", "Good morning"), say("user", "Thank you")
	messages := func(m ...any) any { return map[string]any{"messages": append(append([]any{before}, m...), after)} }
	call := func(id, arguments string) any {
		return map[string]any{"id": id, "type": "function", "function": map[string]any{"name": "f", "arguments": arguments}}
	}
	calls := func(c ...any) any { return map[string]any{"role": "assistant", "content": nil, "tool_calls": c} }
	result := func(id string, content any) any {
		return map[string]any{"role": "tool", "tool_call_id": id, "content": content}
	}

	roles := []string{"system", "developer", "user", "assistant"}
	for _, role := range append(roles, "tool") {
		try("parts of one "+role+" message", func(pieces []string) any {
			parts := []any{part("Good morning ")}
			for _, p := range pieces {
				parts = append(parts, part(p))
			}
			parts = append(parts, part(" and thank you"))
			if role == "tool" {
				return messages(calls(call("call_1", "{}")), result("call_1", parts))
			}
			return messages(map[string]any{"role": role, "content": parts})
		})
	}
	for _, first := range roles {
		for _, second := range roles {
			try("messages by "+first+" and "+second, func(pieces []string) any {
				var m []any
				for i, p := range pieces {
					m = append(m, say([]string{first, second}[i%2], p))
				}
				return messages(m...)
			})
		}
	}
	try("results of tools", func(pieces []string) any {
		var c, m []any
		for i, p := range pieces {
			id := fmt.Sprint("call_", i)
			c, m = append(c, call(id, "{}")), append(m, result(id, p))
		}
		return messages(append([]any{calls(c...)}, m...)...)
	})
	try("stop words", func(pieces []string) any {
		if len(pieces) > 4 {
			pieces = append(pieces[:3:3], strings.Join(pieces[3:], ""))
		}
		return map[string]any{"messages": []any{before}, "stop": pieces}
	})
	try("enum of a schema", func(pieces []string) any {
		return map[string]any{"messages": []any{before}, "tools": []any{map[string]any{"type": "function", "function": map[string]any{
			"name": "f", "parameters": map[string]any{"type": "object", "properties": map[string]any{"a": map[string]any{"enum": pieces}}}}}}}
	})
}

// pieces cuts text into n pieces of about the same length.
func pieces(text string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, text[i*len(text)/n:(i+1)*len(text)/n])
	}
	return out
}

// The attack: the same word in another dress.
func TestDressedText(t *testing.T) {
	l := lab(t)
	for name, text := range map[string]string{
		"capitals":              "HarbourLANTERN",
		"full width":            "ｈａｒｂｏｕｒｌａｎｔｅｒｎ",
		"Cyrillic letters":      "hаrbоurlаntеrn",
		"zero-width spaces":     "har\u200bbour\u200blan\u200btern",
		"soft hyphens":          "har\u00adbour\u00adlantern",
		"combining marks":       "h\u0301arbourlantern",
		"mathematical letters":  "𝐡𝐚𝐫𝐛𝐨𝐮𝐫𝐥𝐚𝐧𝐭𝐞𝐫𝐧",
		"direction overrides":   "har\u202dbour\u202clantern",
		"tag characters":        "har\U000E0062bourlantern",
		"variation selectors":   "har\ufe0fbourlantern",
		"in arguments, escaped": "",
	} {
		body := asking("Tell me about " + text + " please.")
		if text == "" {
			var b strings.Builder
			for _, r := range term {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
			body = string(formJSON(map[string]any{"messages": []any{map[string]any{"role": "user", "content": "Hello."},
				map[string]any{"role": "assistant", "content": nil, "tool_calls": []any{map[string]any{"id": "call_1", "type": "function",
					"function": map[string]any{"name": "f", "arguments": `{"t":"` + b.String() + `"}`}}}},
				map[string]any{"role": "tool", "tool_call_id": "call_1", "content": "done"}}}))
		}
		before := l.Mock.Stats().Requests
		if err := l.chatAt("lists", body).filtered("custom_blocklists"); err != nil || l.Mock.Stats().Requests != before {
			t.Errorf("%s: %v", name, err)
		}
		totals.add("dresses", 1)
	}
}
