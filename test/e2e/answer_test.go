package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sallyport/internal/backend/mockupstream"
)

// said is all text that a reply shows its reader, in every form in which answers
// carry text, and how each choice ended.
type said struct {
	text     string
	finishes map[int]string
	filtered map[int]bool // a category of the choice's verdict
	usage    bool
	done     bool // [DONE], or a whole body
	failed   bool // an error in the stream
}

type answerChoice struct {
	Index   int
	Finish  *string         `json:"finish_reason"`
	Message map[string]any  `json:"message"`
	Delta   map[string]any  `json:"delta"`
	Probs   json.RawMessage `json:"logprobs"`
	Results map[string]struct {
		Filtered bool
	} `json:"content_filter_results"`
}

func readAnswer(t testing.TB, r Reply) said {
	t.Helper()
	s := said{finishes: map[int]string{}, filtered: map[int]bool{}}
	var parts []string
	take := func(body []byte) {
		var a struct {
			Choices []answerChoice
			Usage   *struct{}
			Error   *struct{}
		}
		if err := json.Unmarshal(body, &a); err != nil {
			t.Errorf("an answer that is no JSON: %v: %s", err, cut(string(body), 300))
		}
		s.usage = s.usage || a.Usage != nil
		s.failed = s.failed || a.Error != nil
		for _, c := range a.Choices {
			for _, m := range []map[string]any{c.Message, c.Delta} {
				delete(m, "role")
				walkJSON(anyOf(m), nil, "", func(v any, _ []any, _ string) {
					if text, ok := v.(string); ok {
						parts = append(parts, text)
					}
				})
			}
			parts = append(parts, string(c.Probs))
			if c.Finish != nil {
				s.finishes[c.Index] = *c.Finish
			}
			for _, v := range c.Results {
				s.filtered[c.Index] = s.filtered[c.Index] || v.Filtered
			}
		}
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream") {
		take(r.Body)
		s.done = r.Err == nil
	} else {
		for event := range bytes.SplitSeq(r.Body, []byte("\n\n")) {
			data, ok := bytes.CutPrefix(event, []byte("data: "))
			switch {
			case len(event) == 0:
			case !ok || bytes.Contains(data, []byte("\n")):
				t.Errorf("an event that is not one data line: %q", cut(string(event), 200))
			case string(data) == "[DONE]":
				s.done = true
			default:
				take(data)
			}
		}
	}
	s.text = strings.Join(parts, "")
	return s
}

func anyOf(m map[string]any) any {
	if m == nil {
		return nil
	}
	return map[string]any(m)
}

// answerPlaces are where an answer can carry text.
var answerPlaces = map[string]func(text string, pieces int) mockupstream.Answer{
	"content": func(text string, pieces int) mockupstream.Answer {
		return mockupstream.Answer{Choices: []mockupstream.Choice{{Text: text, Pieces: pieces}}}
	},
	"refusal": func(text string, _ int) mockupstream.Answer {
		return mockupstream.Answer{Choices: []mockupstream.Choice{{Refusal: text}}}
	},
	"reasoning": func(text string, _ int) mockupstream.Answer {
		return mockupstream.Answer{Choices: []mockupstream.Choice{{Reasoning: text, Text: "Good day."}}}
	},
	"tool arguments": func(text string, _ int) mockupstream.Answer {
		return mockupstream.Answer{Choices: []mockupstream.Choice{{Calls: []mockupstream.Call{{ID: "call_1", Name: "f", Arguments: string(formJSON(map[string]any{"t": text}))}}}}}
	},
	"escaped tool arguments": func(text string, _ int) mockupstream.Answer {
		return mockupstream.Answer{Choices: []mockupstream.Choice{{Calls: []mockupstream.Call{{ID: "call_1", Name: "f", Arguments: string(escaped(formJSON(map[string]any{"t": text}), text))}}}}}
	},
	"second tool call": func(text string, _ int) mockupstream.Answer {
		return mockupstream.Answer{Choices: []mockupstream.Choice{{Calls: []mockupstream.Call{{ID: "call_1", Name: "f", Arguments: "{}"}, {ID: "call_2", Name: "f", Arguments: string(formJSON(map[string]any{"t": text}))}}}}}
	},
	"second choice": func(text string, pieces int) mockupstream.Answer {
		return mockupstream.Answer{Choices: []mockupstream.Choice{{Text: "Good day to you."}, {Text: text, Pieces: pieces}}}
	},
	"older function call": func(text string, _ int) mockupstream.Answer {
		return mockupstream.Answer{Choices: []mockupstream.Choice{{Function: &mockupstream.Call{Name: "f", Arguments: string(formJSON(map[string]any{"t": text}))}}}}
	},
}

const tools = `"tools":[{"type":"function","function":{"name":"f"}}]`

func askFor(place string, stream bool) string {
	more := []string{}
	switch {
	case strings.Contains(place, "older"):
		more = append(more, `"functions":[{"name":"f"}]`)
	case strings.Contains(place, "tool"):
		more = append(more, tools)
	case strings.Contains(place, "choice"):
		more = append(more, `"n":2`)
	}
	if stream {
		more = append(more, `"stream":true`, `"stream_options":{"include_usage":true}`)
	}
	return asking("What is it called?", more...)
}

// The attack: the model says a listed word, a pattern or a card number, wherever
// answers carry text, cut at any point of the stream. Promise 2: nothing of it is
// released, not even in part. A harmless twin arrives whole.
func TestNothingListedLeaves(t *testing.T) {
	l := lab(t)
	random := rand.New(rand.NewPCG(1, 2)) // the same cuts at each run
	secrets := []struct{ name, text, twin string }{
		{"term", term, termTwin},
		{"pattern", "vault-4711-qwerty", "vault-47-qwerty"},
		{"card", "4111 1111 1111 1111", "4111 1111 1111 1112"},
		{"term with invisible padding", "harbour\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200blantern", termTwin},
		{"term in capitals", strings.ToUpper(term), strings.ToUpper(termTwin)},
	}
	for place, answer := range answerPlaces {
		for _, secret := range secrets {
			for _, stream := range []bool{false, true} {
				rounds := 1
				if stream {
					rounds = 6
				}
				for range rounds {
					lead := strings.Repeat("The plan was made last year. ", random.IntN(20))
					full := lead + "Its name is " + secret.text + " and it stays so."
					n := 1 + random.IntN(len([]rune(full)))
					l.Mock.Next(answer(full, n))
					r := l.chatAt("lists", askFor(place, stream))
					got := readAnswer(t, r)
					name := fmt.Sprintf("%s in %s, stream %v, %d pieces", secret.name, place, stream, n)
					if r.Status != 200 || !got.done {
						t.Errorf("%s: got %s, done %v", name, r.brief(), got.done)
						continue
					}
					// In full and in part: four characters of it are too much.
					visible := strings.ReplaceAll(got.text, "\u200b", "")
					for i := 0; i+4 <= len(secret.text); i++ {
						if part := secret.text[i : i+4]; i%4 == 0 && strings.Contains(secret.text, part) && part != " and" && strings.Contains(visible, part) {
							t.Errorf("%s: %q of it was released", name, part)
							break
						}
					}
					choice := 0
					if place == "second choice" {
						choice = 1
						if !strings.Contains(got.text, "Good day to you.") || got.finishes[0] != "stop" {
							t.Errorf("%s: the other choice did not stay: %q %v", name, cut(got.text, 100), got.finishes)
						}
					}
					if got.finishes[choice] != "content_filter" || !got.filtered[choice] {
						t.Errorf("%s: finish %q, verdict filtered %v; want content_filter and a filtered category", name, got.finishes[choice], got.filtered[choice])
					}
					if stream && got.usage && place != "second choice" {
						t.Errorf("%s: a blocked stream told usage", name)
					}
					totals.add("answers", 1)

					full = lead + "Its name is " + secret.twin + " and it stays so."
					l.Mock.Next(answer(full, n))
					r = l.chatAt("lists", askFor(place, stream))
					got = readAnswer(t, r)
					text := got.text
					if strings.Contains(place, "escaped") {
						continue // arrives escaped, as it was sent
					}
					if r.Status != 200 || !strings.Contains(text, secret.twin) || got.finishes[choice] == "content_filter" {
						t.Errorf("%s: the twin got %s, finish %q: %s", name, r.brief(), got.finishes[choice], cut(text, 200))
					}
				}
			}
		}
	}
}

// What the stream releases is what was said: cut and joined, no character is lost,
// doubled or broken, whatever the pieces.
func TestStreamsArriveWhole(t *testing.T) {
	l := lab(t)
	random := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("Die Übergabe an der Tür — für 患者 und Ärzte 🙂 — ends at nine; naïve café, e\u0301tude, 한국어, שלום and 👩‍⚕️ too.")
	for range 60 {
		var b strings.Builder
		for range 1 + random.IntN(120) {
			b.WriteString(words[random.IntN(len(words))] + " ")
		}
		text := b.String()
		a := mockupstream.Answer{Choices: []mockupstream.Choice{{Text: text, Pieces: 1 + random.IntN(200)}}}
		if random.IntN(3) == 0 {
			a.Fault = mockupstream.SplitUTF8
		}
		l.Mock.Next(a)
		r := l.chatAt("lists", asking("Say it.", `"stream":true`))
		got := readAnswer(t, r)
		if want := text + "null"; strings.ReplaceAll(got.text, "null", "") != text || got.finishes[0] != "stop" || !got.done {
			t.Fatalf("got %q %v, want %q", got.text, got.finishes, want)
		}
		totals.add("answers", 1)
	}
}
