package openai_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	contentjson "sallyport/internal/custody/content/json"
	"sallyport/internal/exchange"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	refusing = guard.Report{Action: guard.Refuse, Verdicts: []guard.Verdict{
		{Category: guard.Violence}, {Category: guard.SelfHarm}, {Category: guard.Sexual}, {Category: guard.Hate, Severity: 6, Detected: true, Filtered: true},
		{Category: guard.Hate, Severity: 2, Stage: "rules"},
		{Category: guard.Jailbreak, Detected: true, Filtered: true}, {Category: guard.IndirectAttack},
		{Category: guard.Blocklist, Detected: true, Filtered: true, Label: "pizza"}, {Category: guard.Blocklist, Detected: true, Label: "pasta"},
		{Category: guard.Blocklist, Detected: true, Label: "pizza"},
		{Category: guard.PersonalData, Detected: true, Filtered: true, Label: "Email"}, {Category: guard.PersonalData}}}
	redacting = guard.Report{Action: guard.Redact, Verdicts: []guard.Verdict{
		{Category: guard.PersonalData, Detected: true, Filtered: true, Label: "UKNationalHealthNumber"}, {Category: guard.PersonalData, Detected: true, Label: "Email"}, {Category: guard.Blocklist}}}
	harmful = guard.Report{Action: guard.Refuse, Verdicts: []guard.Verdict{{Category: guard.Hate, Severity: 5, Detected: true, Filtered: true}, {Category: guard.Violence}}}
)

func call(choice, item int, id, name, arguments string) conversation.Event {
	return conversation.Event{Kind: conversation.Delta, Lane: conversation.Lane{Choice: choice, Item: item, Kind: conversation.ToolCall},
		Call: content.New(id), Name: content.New(name), Text: content.New(arguments), Report: clean}
}

func logprobs(t testing.TB) contentjson.Value {
	v, err := contentjson.Parse([]byte(`[{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[]}]`), contentjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Each case is the wire's bytes, ids replaced by a fixed word.
func TestShapes(t *testing.T) {
	withLogprobs := delta(0, "Hi")
	withLogprobs.Logprobs = logprobs(t)
	usageAsked := `"stream":true,"stream_options":{"include_usage":true}`
	for name, c := range map[string]struct {
		body   string
		answer conversation.Stream
		err    error
	}{
		"plain":             {chatBody(``), greeting(1), nil},
		"plain-n2":          {chatBody(`"n":2`), greeting(2), nil},
		"plain-blocked":     {chatBody(`"n":2`), events(nil, verdict, started, delta(0, "fine"), delta(1, "bad"), finish(0, conversation.Stop, clean), finish(1, conversation.Filtered, harmful), usage), nil},
		"plain-redacted":    {chatBody(``), events(nil, conversation.Event{Kind: conversation.Verdict, Report: redacting}, started, delta(0, "a \"quoted\"\n<b>é\u2028</b>"), finish(0, conversation.Length, redacting), usage), nil},
		"plain-calls":       {chatBody(`"tools":[{"type":"function","function":{"name":"look"}}]`), events(nil, verdict, started, call(0, 0, "c1", "look", `{"a":1}`), call(0, 1, "c2", "look", `{}`), finish(0, conversation.ToolCalls, clean), usage), nil},
		"plain-function":    {chatBody(`"functions":[{"name":"look"}]`), events(nil, verdict, started, call(0, 0, "", "look", `{"a":1}`), finish(0, conversation.FunctionCall, clean), usage), nil},
		"plain-logprobs":    {chatBody(`"logprobs":true`), events(nil, verdict, started, withLogprobs, finish(0, conversation.Stop, clean), usage), nil},
		"prompt-blocked":    {chatBody(``), nil, &exchange.Blocked{Report: refusing}},
		"stream":            {chatBody(`"stream":true`), greeting(1), nil},
		"stream-usage":      {chatBody(usageAsked), greeting(1), nil},
		"stream-n2-blocked": {chatBody(usageAsked + `,"n":2`), events(nil, verdict, started, delta(0, "fine"), delta(1, "ba"), finish(1, conversation.Filtered, harmful), finish(0, conversation.Stop, clean), usage), nil},
		"stream-blocked":    {chatBody(usageAsked), events(nil, verdict, started, delta(0, "ba"), finish(0, conversation.Filtered, harmful), usage), nil},
		"stream-calls":      {chatBody(`"stream":true`), events(nil, verdict, started, call(0, 0, "c1", "look", `{"a":1}`), call(0, 1, "c2", "look", `{}`), finish(0, conversation.ToolCalls, clean), usage), nil},
		"stream-function":   {chatBody(`"stream":true,"functions":[{"name":"look"}]`), events(nil, verdict, started, call(0, 0, "", "look", `{"a":1}`), finish(0, conversation.FunctionCall, clean), usage), nil},
		"stream-logprobs":   {chatBody(`"stream":true,"logprobs":true`), events(nil, verdict, started, withLogprobs, finish(0, conversation.Stop, clean), usage), nil},
		"stream-failed":     {chatBody(usageAsked), events(&exchange.UpstreamError{Fault: exchange.Cut}, verdict, started, delta(0, "Hel")), nil},
		"stream-refused":    {chatBody(`"stream":true`), events(&exchange.Blocked{Report: refusing}), nil},
		"stream-unstarted":  {chatBody(`"stream":true`), events(&exchange.UpstreamError{Fault: exchange.Overloaded}, verdict), nil},
		"stream-held":       {chatBody(`"stream":true`), events(nil, verdict, conversation.Event{Kind: conversation.Held, Ticket: "r1"}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answer, w.chatErr = c.answer, c.err
			rec := w.post(chatPath, c.body)
			got := regexp.MustCompile(`chatcmpl-[0-9A-Za-z]{29}`).ReplaceAllString(rec.Body.String(), "chatcmpl-ID")
			kind := rec.Header().Get("Content-Type")
			golden(t, name, rec.Result().Status+" "+kind+"\n"+got)
			if strings.HasPrefix(kind, "text/event-stream") {
				checkStream(t, got)
			} else if !json.Valid([]byte(got)) {
				t.Error("not JSON")
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// checkStream holds what the crudest client needs (section 4.4): data lines only,
// one JSON each, and [DONE] last.
func checkStream(t *testing.T, s string) {
	t.Helper()
	blocks := strings.Split(strings.TrimSuffix(s, "\n\n"), "\n\n")
	for i, b := range blocks {
		data, ok := strings.CutPrefix(b, "data: ")
		if !ok || strings.Contains(data, "\n") {
			t.Errorf("event %d is not one data line: %q", i, b)
		}
		if last := i == len(blocks)-1; last != (data == "[DONE]") || !last && !json.Valid([]byte(data)) {
			t.Errorf("event %d: %q", i, data)
		}
	}
}

// Text is released piece by piece, each on the wire before the next one is asked for.
func TestStreamNeverDelays(t *testing.T) {
	w := newWorld(t)
	rec := newFlushRecorder()
	w.answer = func(yield func(conversation.Event, error) bool) {
		for _, step := range []struct {
			e    conversation.Event
			want string // on the wire when yield returns
		}{{verdict, ""}, {started, "prompt_filter_results"}, {delta(0, "one"), "one"}, {delta(0, "two"), "two"}} {
			if !yield(step.e, nil) {
				t.Error("left")
			}
			if !strings.Contains(rec.flushed.String(), step.want) {
				t.Errorf("%q waits: %q", step.want, rec.flushed.String())
			}
			if step.want == "" && rec.flushed.Len() != 0 {
				t.Error("written before the backend took the request")
			}
		}
		_ = yield(finish(0, conversation.Stop, clean), nil) && yield(usage, nil)
	}
	w.handler().ServeHTTP(rec, request(chatPath, chatBody(`"stream":true`)))
	if rec.flushes != 4 {
		t.Errorf("got %d writes, want 4: start, two pieces, end", rec.flushes)
	}
}

func TestClientThatLeavesEndsTheStream(t *testing.T) {
	w := newWorld(t)
	rec := newFlushRecorder()
	asked := 0
	w.answer = func(yield func(conversation.Event, error) bool) {
		_ = yield(verdict, nil) && yield(started, nil)
		rec.err = errBoom
		for range 10 {
			asked++
			if !yield(delta(0, "x"), nil) {
				return
			}
		}
	}
	w.handler().ServeHTTP(rec, request(chatPath, chatBody(`"stream":true`)))
	if asked != 1 {
		t.Errorf("read %d pieces after the client left, want 1", asked)
	}
}

func TestEmbeddings(t *testing.T) {
	w := newWorld(t)
	rec := w.post(embedPath, `{"input":["a","b"],"dimensions":3,"user":"u"}`)
	if want := `{"object":"list","model":"text-embedding-3-large-1","data":[{"object":"embedding","index":0,"embedding":[0.5,-1.25,3e-07]},{"object":"embedding","index":1,"embedding":[0.5,-1.25,3e-07]}],"usage":{"prompt_tokens":2,"total_tokens":2}}`; rec.Body.String() != want {
		t.Errorf("got %s", rec.Body)
	}
	if w.embeds.Dimensions != 3 || len(w.embeds.Texts) != 2 || w.embeds.User.Empty() {
		t.Errorf("request: %+v", w.embeds)
	}
	rec = w.post(embedPath, `{"input":"a","encoding_format":"base64"}`)
	var reply struct{ Data []struct{ Embedding string } }
	if err := json.Unmarshal(rec.Body.Bytes(), &reply); err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(reply.Data[0].Embedding)
	var got [3]float32
	if err == nil {
		err = binary.Read(bytes.NewReader(raw), binary.LittleEndian, &got)
	}
	if err != nil || got != [3]float32{0.5, -1.25, 3e-7} {
		t.Errorf("base64: got %v, %v", got, err)
	}
	for body, param := range map[string]string{`{"input":[1,2]}`: "input", `{"input":[[1]]}`: "input", `{"input":""}`: "input", `{"input":["a",""]}`: "input[1]", `{"input":[]}`: "input",
		`{}`: "input", `{"input":"a","encoding_format":"hex"}`: "encoding_format", `{"input":"a","novel":"x"}`: "",
		`{"input":[` + strings.Repeat(`"a",`, 2048) + `"a"]}`: "input"} {
		rec := newWorld(t).post(embedPath, body)
		if e := errorOf(t, rec.Body.String()); rec.Code != 400 || e.Error.Param != param || e.Error.Code == "" {
			t.Errorf("%.60s: got %d %s, want param %q", body, rec.Code, rec.Body, param)
		}
	}
	if math.Float32bits(got[0]) != 0x3f000000 {
		t.Error("not little-endian")
	}
}

func TestModels(t *testing.T) {
	w := newWorld(t)
	w.resource.Deployments["hidden"] = w.resource.Deployments["vectors"]
	delete(w.resource.Deployments, "vectors")
	golden(t, "models", w.post("/openai/models?api-version=2024-10-21", "").Body.String())
	golden(t, "model", w.post("/openai/v1/models/gpt-4o-2024-11-20", "").Body.String())
	if rec := w.post("/openai/v1/models/text-embedding-3-large-1", ""); rec.Code != 404 {
		t.Errorf("a model only others may use: got %d", rec.Code)
	}
}
