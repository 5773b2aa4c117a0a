package openai

import (
	stdjson "encoding/json"
	"fmt"
	"strings"
	"testing"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/exchange"
	"sallyport/internal/resource"
)

// leaves collects every string of v, names included.
func leaves(v json.Value, into map[string]bool) {
	switch v.Kind {
	case json.String:
		into[open.String(v.Text)] = true
	case json.Array:
		for _, i := range v.Items {
			leaves(i, into)
		}
	case json.Object:
		for _, m := range v.Members {
			leaves(m.Value, into)
		}
	}
}

// FuzzDecode: no body panics; of an accepted one, every string that would reach a
// model is shown to the guards and none of its messages' text is lost.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":"hi"}]}`))
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"\"\"\"<documents>a</documents>\"\"\""}]},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}}],"n":2,"stop":["a"],"stream":true,"stream_options":{"include_usage":true}}`))
	f.Add([]byte(`{"messages":[{"role":"assistant","content":"a","refusal":"b","function_call":{"name":"f","arguments":""}}],"x":{"y":["z"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := parse(data)
		if err != nil {
			return
		}
		if r, _, err := decodeEmbeddings(body); err == nil && len(r.Texts) == 0 {
			t.Fatal("embeddings of nothing")
		}
		c, err := decodeChat(body, resource.Limits{OutputTokens: 100})
		if err != nil {
			return
		}
		if c.Choices < 1 || c.Choices > maxChoices || c.MaxTokens < 1 || c.MaxTokens > 100 {
			t.Fatalf("choices %d, tokens %d", c.Choices, c.MaxTokens)
		}
		walked := map[string]bool{}
		joined := strings.Builder{}
		for l := range c.Texts() {
			walked[open.String(*l.Text)] = true
			joined.WriteString(open.String(*l.Text))
		}
		want := map[string]bool{}
		leaves(body, want)
		for s := range want {
			// Words of closed sets are not text; documents are walked in pieces.
			if s == "" || walked[s] || strings.Contains(s, opener) || closedWord(s) {
				continue
			}
			if v, ok := body.Member("model"); ok && v.Kind == json.String && open.String(v.Text) == s {
				continue
			}
			t.Fatalf("%q is not walked", s)
		}
		if v, _ := body.Member("messages"); len(v.Items) != len(c.Turns) {
			t.Fatal("messages are lost")
		}
	})
}

func closedWord(s string) bool {
	switch s {
	case "text", "refusal", "function":
		return true
	}
	for _, r := range conversation.Roles {
		if s == r {
			return true
		}
	}
	return false
}

// FuzzDocuments: the cuts lose nothing and never raise trust.
func FuzzDocuments(f *testing.F) {
	f.Add(`a """ <documents> b </documents> """ c`)
	f.Add(`"""<documents>x</documents>"""<documents>y`)
	f.Fuzz(func(t *testing.T, s string) {
		joined := ""
		for _, p := range split(nil, conversation.Part{Kind: conversation.Text, Origin: conversation.User, Text: content.New(s)}) {
			joined += open.String(p.Text)
			if p.Origin > conversation.User {
				t.Fatal("trust was raised")
			}
		}
		if joined != s {
			t.Fatalf("got %q, want %q", joined, s)
		}
	})
}

const kib = 1024

func benchBody(size int) []byte {
	const sentence = "The patient in bed four asked about the ward's visiting hours and \\\"quiet time\\\". "
	return []byte(`{"model":"chat","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"` +
		strings.Repeat(sentence, size/len(sentence)+1)[:size/2*2] + `"}],"temperature":0.2,"max_tokens":500,"stream":false,"user":"u-1"}`)
}

var sizes = []int{kib / 2, 2 * kib, 32 * kib}

func BenchmarkDecode(b *testing.B) {
	for _, size := range sizes {
		body := benchBody(size)
		b.Run(fmt.Sprintf("%.1fKiB", float64(size)/kib), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v, err := parse(body)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := decodeChat(v, resource.Limits{OutputTokens: 4096}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(float64(len(body))/kib), "µs/KiB")
		})
		b.Run(fmt.Sprintf("%.1fKiB/peer=encoding-json", float64(size)/kib), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var v map[string]any
				if err := stdjson.Unmarshal(body, &v); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(float64(len(body))/kib), "µs/KiB")
		})
	}
}

var benchReport = guard.Report{Action: guard.Pass, Verdicts: []guard.Verdict{
	{Category: guard.Hate}, {Category: guard.Sexual}, {Category: guard.Violence}, {Category: guard.SelfHarm}, {Category: guard.Jailbreak}, {Category: guard.IndirectAttack}}}

func BenchmarkEncode(b *testing.B) {
	for _, size := range sizes {
		a := exchange.Answer{Prompt: benchReport, Choices: []exchange.Choice{{Text: content.New(strings.Repeat("Visiting hours end at eight \"sharp\".\n", size/37)), Finish: conversation.Stop, Report: benchReport}}}
		h := &head{id: completionID(), created: 1, model: "gpt-4o-2024-11-20"}
		b.Run(fmt.Sprintf("%.1fKiB", float64(size)/kib), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				withBuffer(func(buf []byte) []byte { return appendCompletion(buf, h, &a) })
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(float64(size)/kib), "µs/KiB")
		})
		message := map[string]any{"choices": []any{map[string]any{"message": map[string]any{"content": open.String(a.Choices[0].Text)}}}}
		b.Run(fmt.Sprintf("%.1fKiB/peer=encoding-json", float64(size)/kib), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := stdjson.Marshal(message); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(float64(size)/kib), "µs/KiB")
		})
	}
}

func BenchmarkChunk(b *testing.B) {
	h := &head{id: completionID(), created: 1, model: "gpt-4o-2024-11-20", fingerprint: "fp_01"}
	e := conversation.Event{Lane: conversation.Lane{Kind: conversation.Text}, Text: content.New(strings.Repeat("visiting ", 22)), Report: benchReport}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = appendChunk(buf[:0], h, chunk{report: &e.Report, event: &e})
	}
}
