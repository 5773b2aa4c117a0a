package upstream_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/backend/backendtest"
	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/backend/upstream"
	"sallyport/internal/conversation"
	strict "sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/exchange"
)

func TestScan(t *testing.T) {
	long := strings.Repeat("x", 40<<10)
	for name, tc := range map[string]struct {
		in   string
		want []upstream.Event
		err  error
	}{
		"usual":                   {"data: a\n\ndata: b\n\n", []upstream.Event{{Data: "a"}, {Data: "b"}}, io.EOF},
		"CRLF":                    {"data: a\r\n\r\ndata:b\r\n\r\n", []upstream.Event{{Data: "a"}, {Data: "b"}}, io.EOF},
		"mixed ends":              {"data: a\n\r\ndata: b\r\n\n", []upstream.Event{{Data: "a"}, {Data: "b"}}, io.EOF},
		"comments and fields":     {": hi\n\nevent: message\nid: 7\nretry: 5\ndata: a\n\n:\n", []upstream.Event{{Data: "a"}}, io.EOF},
		"several data lines":      {"data: a\ndata: b\n\n", []upstream.Event{{Data: "a\nb"}}, io.EOF},
		"one space only":          {"data:  a\n\n", []upstream.Event{{Data: " a"}}, io.EOF},
		"empty data":              {"data\n\n", []upstream.Event{{Data: ""}}, io.EOF},
		"byte-order mark":         {"\xef\xbb\xbfdata: a\n\n", []upstream.Event{{Data: "a"}}, io.EOF},
		"no last blank line":      {"data: a\n", []upstream.Event{{Data: "a", Partial: true}}, io.EOF},
		"no last line end":        {"data: [DONE]", []upstream.Event{{Data: "[DONE]", Partial: true}}, io.EOF},
		"error event":             {"event: error\ndata: a\n\ndata: b\n\n", []upstream.Event{{Data: "a", Failure: true}, {Data: "b"}}, io.EOF},
		"event without data":      {"event: error\n\ndata: b\n\n", []upstream.Event{{Data: "b"}}, io.EOF},
		"error field":             {"error: a\n\n", []upstream.Event{{Data: "a", Failure: true}}, io.EOF},
		"unknown field":           {"x: y\ndata: a\n\n", []upstream.Event{{Data: "a"}}, io.EOF},
		"bare JSON":               {"data: a\n\n{\"error\":1}\n", []upstream.Event{{Data: "a"}}, upstream.ErrShape},
		"a page":                  {"<html>\n", nil, upstream.ErrShape},
		"longer than one buffer":  {"data: " + long + "\n\n", []upstream.Event{{Data: long}}, io.EOF},
		"longer than allowed":     {"data: " + long + long + "\n\n", nil, upstream.ErrLine},
		"a comment, too long":     {": " + long + long + "\n\n", nil, upstream.ErrLine},
		"many lines, too long":    {strings.Repeat("data: "+long[:1000]+"\n", 70), nil, upstream.ErrLine},
		"nothing":                 {"", nil, io.EOF},
		"only line ends":          {"\n\n\r\n\n", nil, io.EOF},
		"a field name and no end": {"dat", nil, io.EOF},
	} {
		for how, r := range map[string]io.Reader{
			"at once": strings.NewReader(tc.in), "byte by byte": iotest.OneByteReader(strings.NewReader(tc.in)), "data with error": iotest.DataErrReader(strings.NewReader(tc.in)),
		} {
			got, err := upstream.Scan(r, 64<<10)
			if d := cmp.Diff(tc.want, got); d != "" || !errors.Is(err, tc.err) {
				t.Errorf("%s, %s: error %v, want %v\n%s", name, how, err, tc.err, d)
			}
		}
	}
}

func TestDecodeStrictly(t *testing.T) {
	for name, tc := range map[string]struct {
		in  string
		err error
	}{
		"duplicate name":               {`{"choices":[{"index":0,"delta":{"content":"a","content":"b"}}]}`, upstream.ErrJSON},
		"duplicate name by an escape":  {`{"choices":[{"index":0,"delta":{"content":"a","cont\u0065nt":"b"}}]}`, upstream.ErrJSON},
		"duplicate in what is dropped": {`{"x":{"a":1,"a":2},"choices":[]}`, upstream.ErrJSON},
		"two values":                   {`{"choices":[]}{"choices":[]}`, upstream.ErrJSON},
		"invalid UTF-8":                {"{\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}", upstream.ErrJSON},
		"cut character":                {"{\"choices\":[{\"delta\":{\"content\":\"\xe4\xb8\"}}]}", upstream.ErrJSON},
		"lone surrogate":               {`{"choices":[{"delta":{"content":"\ud83d"}}]}`, upstream.ErrJSON},
		"wrong surrogates":             {`{"choices":[{"delta":{"content":"\udc4b\ud83d"}}]}`, upstream.ErrJSON},
		"NUL":                          {`{"choices":[{"delta":{"content":"a\u0000b"}}]}`, upstream.ErrJSON},
		"control character":            {"{\"choices\":[{\"delta\":{\"content\":\"a\x01\"}}]}", upstream.ErrJSON},
		"no end":                       {`{"choices":[{"delta":{"content":"a"`, upstream.ErrJSON},
		"nothing":                      {``, upstream.ErrJSON},
		"null":                         {`null`, upstream.ErrShape},
		"an array":                     {`[]`, upstream.ErrShape},
		"choices no array":             {`{"choices":{}}`, upstream.ErrShape},
		"content no string":            {`{"choices":[{"delta":{"content":[{"type":"text","text":"x"}]}}]}`, upstream.ErrShape},
		"content a number":             {`{"choices":[{"delta":{"content":1}}]}`, upstream.ErrShape},
		"index negative":               {`{"choices":[{"index":-1,"delta":{}}]}`, upstream.ErrShape},
		"index a fraction":             {`{"choices":[{"index":0.5,"delta":{}}]}`, upstream.ErrShape},
		"index huge":                   {`{"choices":[{"index":99999999999999999999,"delta":{}}]}`, upstream.ErrShape},
		"unknown finish":               {`{"choices":[{"index":0,"finish_reason":"because"}]}`, upstream.ErrShape},
		"usage negative":               {`{"usage":{"prompt_tokens":-1}}`, upstream.ErrShape},
		"usage no number":              {`{"usage":{"prompt_tokens":"12"}}`, upstream.ErrShape},
		"call no object":               {`{"choices":[{"delta":{"tool_calls":["x"]}}]}`, upstream.ErrShape},
		"fine":                         {` {"choices":[{"index":0,"delta":{"content":"a","role":"assistant","unknown":[1,{"a":[]}]}}],"usage":null,"x":{}} `, nil},
		"escaped names":                {`{"ch\u006fices":[]}`, nil},
	} {
		_, err := upstream.Decode([]byte(tc.in), true)
		if !errors.Is(err, tc.err) {
			t.Errorf("%s: %v, want %v", name, err, tc.err)
		}
	}
}

func TestLabels(t *testing.T) {
	for in, want := range map[string]string{
		`"gpt-4o-2024-11-20"`: "gpt-4o-2024-11-20", `"org/model:7b@q4_0"`: "org/model:7b@q4_0", `"a b"`: "", `"<script>"`: "", `"é"`: "", `""`: "", `null`: "",
		`"` + strings.Repeat("x", 129) + `"`: "", `"` + strings.Repeat("x", 128) + `"`: strings.Repeat("x", 128), `"a\nb"`: "",
	} {
		d, err := upstream.Decode([]byte(`{"model":`+in+`}`), false)
		if err != nil || d.Model != want {
			t.Errorf("model %s: %q, %v; want %q", in, d.Model, err, want)
		}
	}
}

func line(s string) string { return "data: " + s + "\n\n" }

func delta(s string) string { return line(`{"choices":[{"index":0,"delta":` + s + `}]}`) }

func stop(reason string) string {
	return line(`{"choices":[{"index":0,"delta":{},"finish_reason":"`+reason+`"}]}`) + line("[DONE]")
}

func play(t *testing.T, s string) (backendtest.Joined, []conversation.Event) {
	t.Helper()
	events, err := upstream.Play([]byte(s), 1, true)
	if err != nil {
		t.Fatalf("%v: %v", err, errors.Unwrap(err))
	}
	return backendtest.Join(t, events), events
}

func TestQuirks(t *testing.T) {
	calls := func(j backendtest.Joined) (out []backendtest.Piece) {
		for i := range 8 {
			if p, ok := j.Lanes[conversation.Lane{Item: i, Kind: conversation.ToolCall}]; ok {
				out = append(out, p)
			}
		}
		return out
	}
	for name, tc := range map[string]struct {
		in   string
		want []backendtest.Piece
	}{
		"arguments split, id once": {
			delta(`{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}`) + delta(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}`) + delta(`{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}`),
			[]backendtest.Piece{{Call: "a", Name: "f", Text: `{"x":1}`}},
		},
		"interleaved": {
			delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1"}},{"index":1,"id":"b","function":{"name":"g","arguments":"2"}}]}`) + delta(`{"tool_calls":[{"index":1,"function":{"arguments":"4"}},{"index":0,"function":{"arguments":"3"}}]}`),
			[]backendtest.Piece{{Call: "a", Name: "f", Text: "13"}, {Call: "b", Name: "g", Text: "24"}},
		},
		"name behind the id and the first arguments": {
			delta(`{"tool_calls":[{"index":0,"id":"a"}]}`) + delta(`{"tool_calls":[{"index":0,"function":{"arguments":"12"}}]}`) + delta(`{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"3"}}]}`),
			[]backendtest.Piece{{Call: "a", Name: "f", Text: "123"}},
		},
		"all numbered 0 (Ollama)": {
			delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"g","arguments":"[]"}}]}`),
			[]backendtest.Piece{{Call: "a", Name: "f", Text: "{}"}, {Call: "b", Name: "g", Text: "[]"}},
		},
		"a new id with every piece (older vLLM)": {
			delta(`{"tool_calls":[{"index":0,"id":"r1","function":{"name":"f","arguments":"1"}}]}`) + delta(`{"tool_calls":[{"index":0,"id":"r2","function":{"arguments":"2"}}]}`),
			[]backendtest.Piece{{Call: "r1", Name: "f", Text: "12"}},
		},
		"no index": {
			delta(`{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"1"}},{"id":"b","function":{"name":"g","arguments":"2"}}]}`),
			[]backendtest.Piece{{Call: "a", Name: "f", Text: "1"}, {Call: "b", Name: "g", Text: "2"}},
		},
		"arguments as an object": {
			delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}]}`),
			[]backendtest.Piece{{Call: "a", Name: "f", Text: `{"x":1}`}},
		},
		"older form": {
			delta(`{"function_call":{"name":"f","arguments":""}}`) + delta(`{"function_call":{"arguments":"{}"}}`),
			[]backendtest.Piece{{Name: "f", Text: "{}"}},
		},
	} {
		j, _ := play(t, tc.in+stop("tool_calls"))
		if d := cmp.Diff(tc.want, calls(j)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
	j, _ := play(t, delta(`{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}`)+stop("tool_calls"))
	if c := calls(j); len(c) != 1 || !strings.HasPrefix(c[0].Call, "call_") {
		t.Errorf("a call without an id: %v; want one made up", c)
	}

	// Azure's first chunk has no choices and no model; async annotations have no delta and no id.
	j, _ = play(t, line(`{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}`)+
		line(`{"choices":[{"content_filter_results":{},"delta":{"content":"","refusal":null,"role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}],"model":"gpt-4o","system_fingerprint":"fp_01"}`)+
		delta(`{"content":"Hello"}`)+line(`{"choices":[{"content_filter_offsets":{"check_offset":44},"content_filter_results":{},"finish_reason":null,"index":0}],"id":"","model":""}`)+
		line(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)+line(`{"choices":[{"content_filter_results":{"hate":{"filtered":true}},"finish_reason":null,"index":0}]}`)+line("[DONE]"))
	if j.Model != "gpt-4o" || j.Fingerprint != "fp_01" || j.Lanes[conversation.Lane{Kind: conversation.Text}].Text != "Hello" {
		t.Errorf("Azure: %+v", j)
	}
	// A backend's own filter is an end like any other; it gives no verdict of ours.
	if j, _ = play(t, delta(`{"content":"x"}`)+stop("content_filter")); j.Finish[0] != conversation.Filtered {
		t.Errorf("filtered: %+v", j)
	}
	// Usage with every chunk (vLLM): told once, the last.
	j, _ = play(t, line(`{"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}`)+
		line(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"completion_tokens_details":{"reasoning_tokens":1,"accepted_prediction_tokens":2,"rejected_prediction_tokens":3},"prompt_tokens_details":{"cached_tokens":4}}}`)+line("[DONE]"))
	if want := (conversation.Usage{Prompt: 5, Completion: 2, Total: 7, Reasoning: 1, Cached: 4, AcceptedPredict: 2, RejectedPredct: 3}); j.Usage != want {
		t.Errorf("usage %+v, want %+v", j.Usage, want)
	}
	// Both names of reasoning in one chunk are one reasoning.
	j, _ = play(t, delta(`{"reasoning_content":"hm","reasoning":"hm"}`)+delta(`{"reasoning":" so"}`)+delta(`{"content":"x"}`)+stop("stop"))
	if got := j.Lanes[conversation.Lane{Kind: conversation.Reasoning}].Text; got != "hm so" {
		t.Errorf("reasoning %q", got)
	}
	for _, bad := range []string{
		delta(`{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{}"}}]}`) + stop("tool_calls"),
		delta(`{"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"f","input":"x"}}]}`) + stop("tool_calls"),
		delta(`{"audio":{"data":"x"}}`) + stop("stop"),
		delta(`{"function_call":{"name":"f","arguments":""},"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]}`) + stop("stop"),
	} {
		if events, err := upstream.Play([]byte(bad), 1, false); err == nil {
			t.Errorf("%s: %d events, want an error", bad, len(events))
		}
	}
	var many strings.Builder
	for i := range 200 {
		many.WriteString(delta(fmt.Sprintf(`{"tool_calls":[{"index":%d,"id":"a%d","function":{"name":"f","arguments":""}}]}`, i, i)))
	}
	if _, err := upstream.Play([]byte(many.String()), 1, false); err == nil {
		t.Error("200 calls of one choice are taken")
	}
}

func TestLogprobsKeepKnownMembersOnly(t *testing.T) {
	in := line(`{"choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":{"content":[{"token":"Hi","logprob":-0.1,"bytes":[72,105],"secret":"leak","top_logprobs":[{"token":"Ho","logprob":-2,"bytes":null,"x":{}}]}],"refusal":null,"other":[1]}}]}`) + stop("stop")
	events, err := upstream.Play([]byte(in), 1, true)
	if err != nil {
		t.Fatal(err)
	}
	got := string(open.AppendJSON(nil, events[1].Logprobs))
	if want := `[{"token":"Hi","logprob":-0.1,"bytes":[72,105],"top_logprobs":[{"token":"Ho","logprob":-2,"bytes":null}]}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// Not asked for, not handed on.
	events, err = upstream.Play([]byte(in), 1, false)
	if err != nil || events[1].Logprobs.Kind != strict.Invalid {
		t.Errorf("unasked: %v %v", events[1].Logprobs, err)
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{"data: a\n\n", "data: a\r\ndata: b\r\n\r\n", ": c\n\n", "event: error\ndata: x", "\xef\xbb\xbfdata:\n\n", "{\n", "data: [DONE]\n\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		a, errA := upstream.Scan(strings.NewReader(in), 1<<10)
		b, errB := upstream.Scan(iotest.OneByteReader(strings.NewReader(in)), 1<<10)
		// However the bytes arrive, the events are the same. (Where a line is too long,
		// how much of it was seen before the refusal may differ; that it is refused not.)
		if d := cmp.Diff(a, b); d != "" || !errors.Is(errB, errA) && !errors.Is(errA, errB) {
			t.Errorf("%v / %v\n%s", errA, errB, d)
		}
		for _, e := range a {
			if len(e.Data) > 1<<10 {
				t.Errorf("an event of %d bytes", len(e.Data))
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	mock := mockupstream.New(mockupstream.Options{Tokens: 3})
	f.Add([]byte(`{"choices":[{"index":0,"delta":{"content":"x","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}`))
	f.Add(mock.Whole())
	f.Add([]byte(`{"error":{"code":429,"message":"x","innererror":{"code":"y"}}}`))
	f.Add([]byte(`{"choices":[{"logprobs":{"content":[{"token":"a","logprob":-1}]}}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := upstream.Decode(in, true)
		v, perr := strict.Parse(in, strict.Limits{Depth: 10000})
		if err != nil {
			return
		}
		// What we take, the strict reader takes as well. It refuses some more, in
		// members that are dropped here: names that differ by case only, huge numbers, NUL.
		if perr != nil && !errors.Is(perr, strict.ErrDuplicate) && !errors.Is(perr, strict.ErrNumber) && !errors.Is(perr, strict.ErrNUL) && !errors.Is(perr, strict.ErrDepth) {
			t.Fatalf("taken, but not strict JSON: %v: %q", perr, in)
		}
		if perr != nil {
			return
		}
		// And it says the same.
		content := ""
		choices, _ := v.Member("choices")
		for _, c := range choices.Items {
			m, _ := c.Member("delta")
			if other, ok := c.Member("message"); ok {
				m = other
				if _, both := c.Member("delta"); both {
					return // never in one chunk
				}
			}
			text, _ := m.Member("content")
			content += open.String(text.Text)
		}
		if d.Content != content || d.Choices != len(choices.Items) {
			t.Errorf("%q: content %q of %d choices, the strict reader says %q of %d", in, d.Content, d.Choices, content, len(choices.Items))
		}
	})
}

func FuzzPlay(f *testing.F) {
	f.Add([]byte(delta(`{"content":"x"}`)+stop("stop")), 2)
	f.Add([]byte(delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}`)+stop("tool_calls")), 1)
	f.Fuzz(func(t *testing.T, in []byte, choices int) {
		if choices < 1 || choices > 8 {
			return
		}
		events, err := upstream.Play(in, choices, true)
		if err != nil {
			var u *exchange.UpstreamError
			if !errors.As(err, &u) {
				t.Fatalf("error is %T", err)
			}
			return
		}
		backendtest.Join(t, events)
	})
}

func FuzzVectors(f *testing.F) {
	f.Add([]byte(`{"data":[{"index":0,"embedding":[1,2,3]}],"usage":{"prompt_tokens":1,"total_tokens":1}}`), 1, 0)
	f.Add([]byte(`{"data":[{"index":0,"embedding":"AACAPwAAAEAAAEBA"}]}`), 1, 3)
	f.Fuzz(func(t *testing.T, in []byte, want, width int) {
		if want < 1 || want > 16 || width < 0 || width > 16 {
			return
		}
		v, err := upstream.Vectors(in, want, width)
		if err != nil {
			return
		}
		if len(v) != want {
			t.Fatalf("%d vectors, want %d", len(v), want)
		}
		for _, x := range v {
			if len(x) == 0 || len(x) != len(v[0]) || width > 0 && len(x) != width {
				t.Fatalf("widths differ: %v", v)
			}
			for _, n := range x {
				if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
					t.Fatalf("not finite: %v", x)
				}
			}
		}
	})
}

func BenchmarkDecodeStream(b *testing.B) {
	mock := mockupstream.New(mockupstream.Options{Tokens: 200})
	stream := mock.Standard()
	const events = 203.0 // 200 words, role, end, usage
	b.Run("event", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(stream)))
		for b.Loop() {
			if _, err := upstream.Play(stream, 1, false); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
	})
	var bodies [][]byte
	for _, l := range strings.Split(string(stream), "\n\n") {
		if l = strings.TrimPrefix(l, "data: "); strings.HasPrefix(l, "{") {
			bodies = append(bodies, []byte(l))
		}
	}
	b.Run("peer: custody/content/json tree", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, l := range bodies {
				_, _ = strict.Parse(l, strict.Limits{})
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
	})
	b.Run("peer: encoding/json struct", func(b *testing.B) {
		b.ReportAllocs()
		type chunk struct {
			Model   string
			Choices []struct {
				Index        int
				Delta        struct{ Content *string }
				FinishReason *string `json:"finish_reason"`
			}
		}
		for b.Loop() {
			for _, l := range bodies {
				var c chunk
				_ = json.Unmarshal(l, &c)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
	})
}
