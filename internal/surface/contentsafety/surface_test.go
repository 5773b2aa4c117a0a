package contentsafety_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/guard"
	"sallyport/internal/blocklists"
	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
	"sallyport/internal/surface/cognitive"
	"sallyport/internal/surface/cognitive/cognitivetest"
	"sallyport/internal/surface/contentsafety"
	"sallyport/internal/surface/httpx"
)

const version = "?api-version=2024-09-01"

// guards find words: "violent" is severity 5, "override" is an attack.
type guards struct {
	err    error
	panics bool
	hangs  bool
	asked  []string
}

func (g *guards) Harm(ctx context.Context, text string) (h contentsafety.Harm, err error) {
	switch {
	case g.panics:
		panic("content " + text)
	case g.hangs:
		<-ctx.Done()
		time.Sleep(10 * time.Millisecond)
	}
	g.asked = append(g.asked, text)
	if strings.Contains(text, "violent") {
		h.Severity[2], h.Score[2] = 5, 0.75
	}
	h.Severity[3] = 1
	return h, g.err
}

func (g *guards) Direct(_ context.Context, text string) (contentsafety.Attack, error) {
	return contentsafety.Attack{Detected: strings.Contains(text, "override"), Score: 0.25}, g.err
}

func (g *guards) Planted(_ context.Context, text string) (contentsafety.Attack, error) {
	return contentsafety.Attack{Detected: strings.Contains(text, "assistant"), Score: 0.5}, g.err
}

func (g *guards) Version() string { return "w1" }

type grounding struct {
	got contentsafety.GroundingRequest
}

func (g *grounding) Check(_ context.Context, r contentsafety.GroundingRequest) (contentsafety.GroundingResult, error) {
	g.got = r
	i := max(0, strings.LastIndex(r.Answer, "She"))
	return contentsafety.GroundingResult{Ungrounded: true, Score: 0.9, Share: 0.5, Statements: []contentsafety.Statement{
		{Span: guard.Span{Start: 0, End: i}, Supported: true},
		{Span: guard.Span{Start: i, End: len(r.Answer)}, Reason: "the source says 10"},
	}}, nil
}

type material struct{}

func (material) Find(_ context.Context, text string) ([]contentsafety.Work, error) {
	if !strings.Contains(text, "quicksort") {
		return nil, nil
	}
	return []contentsafety.Work{{License: "MIT", Sources: []string{"https://example.invalid/repo"}, Score: 1}, {}}, nil
}

// world is a surface with everything, and what it stands on.
type world struct {
	*cognitivetest.World
	http.Handler
	guards    *guards
	grounding *grounding
	routes    []cognitive.Route
}

func newWorld(t testing.TB, change ...func(*contentsafety.Config)) *world {
	t.Helper()
	key := seal.NewKey()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &world{World: cognitivetest.New(), guards: &guards{}, grounding: &grounding{}}
	lists := blocklists.New(blocklists.Config{Store: db, Key: func(context.Context, string) (seal.Key, error) { return key, nil }})
	c := contentsafety.Config{
		Resolver: w.World, Service: w.World, Log: w.Log, Requests: func(*resource.Resource) int { return 0 },
		Guards: w.guards, Lists: lists, Grounding: w.grounding, Text: material{}, Code: material{},
	}
	for _, f := range change {
		f(&c)
	}
	s, err := contentsafety.New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.Handler, w.routes = s, s.Routes()
	return w
}

// post sends a body to an operation and returns status and body.
func (w *world) post(path, body string, headers ...string) (int, string) {
	rec := cognitivetest.Ask(w, http.MethodPost, "/contentsafety/"+path+version, body, headers...)
	return rec.Code, rec.Body.String()
}

func (w *world) want(t *testing.T, path, body string, want string, headers ...string) {
	t.Helper()
	if status, got := w.post(path, body, headers...); status != http.StatusOK || got != want {
		t.Errorf("%s %s\ngot  %d %s\nwant 200 %s", path, body, status, got, want)
	}
}

func TestAnalyze(t *testing.T) {
	w := newWorld(t)
	w.want(t, "text:analyze", `{"text":"a violent text"}`,
		`{"blocklistsMatch":[],"categoriesAnalysis":[{"category":"Hate","severity":0},{"category":"SelfHarm","severity":0},{"category":"Sexual","severity":0},{"category":"Violence","severity":4}]}`)
	if notes := w.Notes(); len(notes) != 1 || notes[0] != "outcome Text_Analyze 200 true [violence] scanned 14 of 14" {
		t.Errorf("on the record: %q", notes)
	}
	w.want(t, "text:analyze", `{"text":"a violent text","outputType":"EightSeverityLevels","categories":["Violence","SelfHarm"]}`,
		`{"blocklistsMatch":[],"categoriesAnalysis":[{"category":"SelfHarm","severity":1,"score":0},{"category":"Violence","severity":5,"score":0.75}]}`, "x-sallyport-scores", "true")
	w.want(t, "text:analyze", `{"text":"x","categories":null,"blocklistNames":null,"haltOnBlocklistHit":null,"outputType":null,"later":{"a":1}}`,
		`{"blocklistsMatch":[],"categoriesAnalysis":[{"category":"Hate","severity":0},{"category":"SelfHarm","severity":0},{"category":"Sexual","severity":0},{"category":"Violence","severity":0}]}`)
	if strings.Contains(w.Logged(), "violent") {
		t.Error("a text is in the log")
	}
}

func TestShieldPrompt(t *testing.T) {
	w := newWorld(t)
	w.want(t, "text:shieldPrompt", `{"userPrompt":"override","documents":["plain","assistant: obey"]}`,
		`{"userPromptAnalysis":{"attackDetected":true},"documentsAnalysis":[{"attackDetected":false},{"attackDetected":true}]}`)
	if notes := w.Notes(); len(notes) != 1 || notes[0] != "outcome Text_ShieldPrompt 200 true [jailbreak indirect_attack] scanned 28 of 28" {
		t.Errorf("on the record: %q", notes)
	}
	w.want(t, "text:shieldPrompt", `{"documents":["plain"]}`, `{"userPromptAnalysis":{"attackDetected":false,"score":0},"documentsAnalysis":[{"attackDetected":false,"score":0.5}]}`, "x-sallyport-scores", "true")
	w.want(t, "text:shieldPrompt", `{"userPrompt":"plain"}`, `{"userPromptAnalysis":{"attackDetected":false},"documentsAnalysis":[]}`)
	w.want(t, "text:shieldPrompt", `{"userPrompt":"","documents":[""]}`, `{"userPromptAnalysis":{"attackDetected":false},"documentsAnalysis":[{"attackDetected":false}]}`)
}

func TestGroundedness(t *testing.T) {
	w := newWorld(t)
	const body = `{"domain":"generic","task":"QNA","qna":{"query":"What does she earn?"},"text":"Good 🙂. She earns 12.","groundingSources":["She earns 10."]`
	w.want(t, "text:detectGroundedness", body+`}`, `{"ungroundedDetected":true,"ungroundedPercentage":0.5,"ungroundedDetails":[{"text":"She earns 12."}]}`)
	if g := w.grounding.got; g.Question != "What does she earn?" || len(g.Passages) != 1 {
		t.Errorf("the guard was asked %+v", g)
	}
	w.want(t, "text:detectGroundedness", body+`,"reasoning":true,"llmResource":{"resourceType":"AzureOpenAI"}}`,
		`{"ungroundedDetected":true,"score":0.9,"ungroundedPercentage":0.5,"ungroundedDetails":[{"text":"She earns 12.","offset":{"utf8":11,"utf16":9,"codePoint":8},"length":{"utf8":13,"utf16":13,"codePoint":13},"reason":"the source says 10"}]}`,
		"x-sallyport-scores", "true")
	w.want(t, "text:detectGroundedness", `{"text":"She","groundingSources":["a"],"qna":{"query":"is not read"}}`, `{"ungroundedDetected":true,"ungroundedPercentage":0.5,"ungroundedDetails":[{"text":"She"}]}`)
	if w.grounding.got.Question != "" {
		t.Error("a summary was checked against a question")
	}
	if notes := w.Notes(); len(notes) != 3 || !strings.Contains(notes[0], "[ungrounded_material]") {
		t.Errorf("on the record: %q", notes)
	}
}

func TestProtectedMaterial(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("a line of the song ", 7)
	w.want(t, "text:detectProtectedMaterial", `{"text":"`+long+`"}`, `{"protectedMaterialAnalysis":{"detected":false}}`)
	w.want(t, "text:detectProtectedMaterial", `{"text":"quicksort `+long+`"}`, `{"protectedMaterialAnalysis":{"detected":true,"score":1}}`, "x-sallyport-scores", "true")
	w.want(t, "text:detectProtectedMaterialForCode", `{"code":"quicksort `+long+`"}`,
		`{"protectedMaterialAnalysis":{"detected":true,"codeCitations":[{"license":"MIT","sourceUrls":["https://example.invalid/repo"]},{"license":"NOASSERTION","sourceUrls":[]}]}}`)
	w.want(t, "text:detectProtectedMaterialForCode", `{"code":"`+long+`"}`, `{"protectedMaterialAnalysis":{"detected":false,"codeCitations":[]}}`)
}

// Without a guard there is no route, and the path is like any that does not exist.
func TestRoutesAreWhatThereAreMeansFor(t *testing.T) {
	full, bare := newWorld(t), newWorld(t, func(c *contentsafety.Config) { c.Grounding, c.Text, c.Code = nil, nil, nil })
	if got := len(full.routes) - len(bare.routes); got != 3 {
		t.Errorf("%d routes more with all guards, want 3", got)
	}
	for _, path := range []string{"text:detectGroundedness", "text:detectProtectedMaterial", "text:detectProtectedMaterialForCode", "text:nothing"} {
		if status, body := bare.post(path, `{}`); status != http.StatusNotFound || !strings.Contains(body, `"Resource not found"`) {
			t.Errorf("%s without its guard: %d %s", path, status, body)
		}
		if status, _ := full.post(path, `{}`); status == http.StatusNotFound && path != "text:nothing" {
			t.Errorf("%s with its guard: %d", path, status)
		}
	}
}

// A request that cannot be read is the contract's 400, on the record, and no guard
// is asked.
func TestBadRequests(t *testing.T) {
	w := newWorld(t)
	long, source := strings.Repeat("é", 10_001), strings.Repeat("a", 7_501)
	for _, c := range []struct{ path, body, target string }{
		{"text:analyze", ``, ""}, {"text:analyze", `{`, ""}, {"text:analyze", `[]`, ""}, {"text:analyze", `{}`, "text"}, {"text:analyze", `{"text":null}`, "text"},
		{"text:analyze", `{"text":7}`, "text"}, {"text:analyze", `{"text":""}`, "text"}, {"text:analyze", `{"text":"` + long + `"}`, "text"},
		{"text:analyze", "{\"text\":\"a\xff\"}", ""}, {"text:analyze", `{"text":"\ud800"}`, ""}, {"text:analyze", `{"text":"a\u0000"}`, ""}, {"text:analyze", `{"text":"a","text":"b"}`, ""},
		{"text:analyze", `{"text":"a","Categories":["Hate"]}`, "categories"}, {"text:analyze", `{"text":"a","categories":"Hate"}`, "categories"},
		{"text:analyze", `{"text":"a","categories":["hate"]}`, "categories[0]"}, {"text:analyze", `{"text":"a","categories":["Hate",7]}`, "categories[1]"},
		{"text:analyze", `{"text":"a","outputType":"SixLevels"}`, "outputType"}, {"text:analyze", `{"text":"a","haltOnBlocklistHit":"yes"}`, "haltOnBlocklistHit"},
		{"text:analyze", `{"text":"a","blocklistNames":[7]}`, "blocklistNames[0]"}, {"text:analyze", `{"text":"a","blocklistNames":["` + strings.Repeat(`a","`, 100) + `b"]}`, "blocklistNames"},
		{"text:shieldPrompt", `{}`, "userPrompt"}, {"text:shieldPrompt", `{"documents":[]}`, "userPrompt"}, {"text:shieldPrompt", `{"userPrompt":"` + long + `"}`, "userPrompt"},
		{"text:shieldPrompt", `{"documents":["a","b","c","d","e","f"]}`, "documents"}, {"text:shieldPrompt", `{"documents":["` + source + `","` + source + `"]}`, "documents"},
		{"text:shieldPrompt", `{"userPrompt":"a","documents":[{}]}`, "documents[0]"},
		{"text:detectGroundedness", `{"groundingSources":["a"]}`, "text"}, {"text:detectGroundedness", `{"text":"a"}`, "groundingSources"}, {"text:detectGroundedness", `{"text":"a","groundingSources":[]}`, "groundingSources"},
		{"text:detectGroundedness", `{"text":"a","groundingSources":["a"],"task":"QnA"}`, "qna"}, {"text:detectGroundedness", `{"text":"a","groundingSources":["a"],"task":"QnA","qna":{"query":"two words"}}`, "qna.query"},
		{"text:detectGroundedness", `{"text":"a","groundingSources":["a"],"task":"Poem"}`, "task"}, {"text:detectGroundedness", `{"text":"a","groundingSources":["a"],"domain":"Law"}`, "domain"},
		{"text:detectGroundedness", `{"text":"a","groundingSources":["a"],"correction":true}`, "correction"}, {"text:detectGroundedness", `{"text":"` + source + `","groundingSources":["a"]}`, "text"},
		{"text:detectGroundedness", `{"text":"a","groundingSources":["` + strings.Repeat("a", 55_001) + `"]}`, "groundingSources"}, {"text:detectGroundedness", `{"text":"a","groundingSources":["a"],"llmResource":"x"}`, "llmResource"},
		{"text:detectProtectedMaterial", `{"text":"short"}`, "text"}, {"text:detectProtectedMaterialForCode", `{"text":"short"}`, "code"},
		{"text:detectProtectedMaterial", `{"text":"` + long + `"}`, "text"},
	} {
		rec := cognitivetest.Ask(w, http.MethodPost, "/contentsafety/"+c.path+version, c.body)
		f := cognitivetest.Faulty(t, rec)
		if rec.Code != http.StatusBadRequest || f.Code != "InvalidRequestBody" || f.Target != c.target || !strings.Contains(f.Message, " | Request Id: ") {
			t.Errorf("%s %.60s: got %d %+v, want target %q", c.path, c.body, rec.Code, f, c.target)
		}
		if notes := w.Notes(); len(notes) != 1 || !strings.HasPrefix(notes[0], "refused Text_") {
			t.Errorf("%s %.60s: on the record: %q", c.path, c.body, notes)
		}
	}
	if len(w.guards.asked) > 0 {
		t.Errorf("the guards were asked %q", w.guards.asked)
	}
	// The limit counts code points.
	if status, body := w.post("text:analyze", `{"text":"`+strings.Repeat("🙂", 10_000)+`"}`); status != http.StatusOK {
		t.Errorf("10,000 code points: %d %s", status, body)
	}
	if status, _ := w.post("text:detectProtectedMaterial", `{"text":"`+strings.Repeat("é", 110)+`"}`); status != http.StatusOK {
		t.Errorf("110 code points: %d", status)
	}
}

// A guard that errs, panics or is late is a refusal that asks not to try again.
func TestGuardsThatCannotJudge(t *testing.T) {
	for name, break_ := range map[string]func(*guards){
		"errs":   func(g *guards) { g.err = errors.New("weights are broken") },
		"panics": func(g *guards) { g.panics = true },
		"late":   func(g *guards) { g.hangs = true },
	} {
		w := newWorld(t, func(c *contentsafety.Config) { c.Deadline = 20 * time.Millisecond })
		break_(w.guards)
		rec := cognitivetest.Ask(w, http.MethodPost, "/contentsafety/text:analyze"+version, `{"text":"secret words"}`)
		if f := cognitivetest.Faulty(t, rec); rec.Code != http.StatusServiceUnavailable || f.Code != "ServerBusy" || rec.Header().Get("x-should-retry") != "false" {
			t.Errorf("%s: %d %+v", name, rec.Code, f)
		}
		if notes := w.Notes(); len(notes) != 1 || notes[0] != "refused Text_Analyze 503 GuardUnavailable" {
			t.Errorf("%s: on the record: %q", name, notes)
		}
		if strings.Contains(w.Logged(), "secret") {
			t.Errorf("%s: a text is in the log", name)
		}
	}
}

// No record, no answer.
func TestNoRecordNoAnswer(t *testing.T) {
	w := newWorld(t)
	w.RecordErr = errors.New("disk full")
	for _, r := range w.routes {
		if r.Action == gate.Unsupported {
			continue
		}
		path := strings.NewReplacer("{list}", "list-a", "{item}", "x").Replace(r.Pattern)
		rec := cognitivetest.Ask(w, r.Method, path+version, `{"text":"a"}`)
		if rec.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %s: %d %s", r.Method, r.Pattern, rec.Code, rec.Body)
		}
	}
	w.RecordErr = nil
	if rec := cognitivetest.Ask(w, http.MethodGet, "/contentsafety/text/blocklists/list-a"+version, ""); rec.Code != http.StatusNotFound {
		t.Errorf("a list was made without a record: %d", rec.Code)
	}
}

func TestVersions(t *testing.T) {
	w := newWorld(t)
	for _, v := range contentsafety.Versions {
		if rec := cognitivetest.Ask(w, http.MethodPost, "/contentsafety/text:analyze?api-version="+v, `{"text":"a"}`); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", v, rec.Code)
		}
	}
	for _, q := range []string{"", "?api-version=", "?api-version=2024-09-02", "?api-version=2024-09-01&api-version=2024-09-01", "?api-version=%zz"} {
		if rec := cognitivetest.Ask(w, http.MethodPost, "/contentsafety/text:analyze"+q, `{"text":"a"}`); rec.Code != http.StatusNotFound {
			t.Errorf("%q: %d", q, rec.Code)
		}
	}
}

// Every route asks the gate, whoever asks: a wrong key is 401 on all of them.
func TestEveryRouteIsGuarded(t *testing.T) {
	w := newWorld(t)
	for _, r := range w.routes {
		path := strings.NewReplacer("{list}", "list-a", "{item}", "x", "{id}", "x").Replace(r.Pattern)
		for _, prefix := range []string{"", "/ward", "/nowhere"} {
			want := http.StatusUnauthorized
			if rec := cognitivetest.Ask(w, r.Method, prefix+path+version, `{"text":"a"}`, "Ocp-Apim-Subscription-Key", "k-wrong"); rec.Code != want || cognitivetest.Faulty(t, rec).Code != "401" {
				t.Errorf("%s %s%s with a wrong key: %d", r.Method, prefix, path, rec.Code)
			}
		}
		if rec := cognitivetest.Ask(w, r.Method, "/nowhere"+path+version, `{"text":"a"}`); rec.Code != http.StatusUnauthorized {
			t.Errorf("%s of a resource that does not exist: %d", path, rec.Code)
		}
		w.Refusal = &gate.Refusal{Code: gate.MissingRole, Principal: "p1"}
		if rec := cognitivetest.Ask(w, r.Method, path+version, `{"text":"a"}`); rec.Code != http.StatusUnauthorized || !strings.Contains(cognitivetest.Faulty(t, rec).Message, string(r.Action)) {
			t.Errorf("%s without a role: %d %s", path, rec.Code, rec.Body)
		}
		w.Refusal = &gate.Refusal{Code: gate.PublicAccessDisabled}
		if rec := cognitivetest.Ask(w, r.Method, path+version, `{"text":"a"}`); rec.Code != http.StatusForbidden {
			t.Errorf("%s from outside: %d", path, rec.Code)
		}
		w.Refusal, w.MeterErr = nil, &gate.Refusal{Code: gate.RequestLimit, RetryAfter: 1500 * time.Millisecond}
		rec := cognitivetest.Ask(w, r.Method, path+version, `{"text":"a"}`)
		if f := cognitivetest.Faulty(t, rec); rec.Code != http.StatusTooManyRequests || f.Code != "TooManyRequests" || rec.Header().Get("Retry-After") != "2" {
			t.Errorf("%s over the limit: %d %+v", path, rec.Code, f)
		}
		w.MeterErr = nil
	}
}

func TestHeaders(t *testing.T) {
	w := newWorld(t)
	rec := cognitivetest.Ask(w, http.MethodPost, "/contentsafety/text:analyze"+version, `{"text":"a"}`, "x-ms-client-request-id", "abc-1")
	h := rec.Header()
	if h.Get("x-ms-client-request-id") != "abc-1" || h.Get("apim-request-id") == "" || h.Get("x-ms-region") != "uksouth" {
		t.Errorf("headers: %v", h)
	}
	rec = cognitivetest.Ask(w, http.MethodPost, "/contentsafety/text:analyze"+version, `{"text":"a"}`, "x-ms-client-request-id", "a\u00e9<script>")
	if got := rec.Header().Get("x-ms-client-request-id"); strings.Contains(got, "script") {
		t.Errorf("an odd client id is echoed: %q", got)
	}
	for _, c := range []struct {
		header, value string
		status        int
	}{{"Content-Type", "text/plain", 415}, {"Content-Encoding", "gzip", 415}, {"Content-Type", "application/merge-patch+json", 415}} {
		if rec := cognitivetest.Ask(w, http.MethodPost, "/contentsafety/text:analyze"+version, `{"text":"a"}`, c.header, c.value); rec.Code != c.status {
			t.Errorf("%s: %s: %d", c.header, c.value, rec.Code)
		}
	}
	if rec := cognitivetest.Ask(w, http.MethodGet, "/contentsafety/text:analyze"+version, ``); rec.Code != 405 || rec.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", rec.Code, rec.Header())
	}
}

func TestBlocklists(t *testing.T) {
	w := newWorld(t)
	ask := func(method, path, body string, status int) string {
		t.Helper()
		rec := cognitivetest.Ask(w, method, "/contentsafety/text/blocklists"+path+version, body)
		if rec.Code != status {
			t.Errorf("%s %s: %d %s, want %d", method, path, rec.Code, rec.Body, status)
		}
		return rec.Body.String()
	}
	ask("PATCH", "/list-a", `{"description":"one"}`, 201)
	if got := ask("PATCH", "/list-a", `{"blocklistName":"list-a"}`, 200); got != `{"blocklistName":"list-a","description":"one"}` {
		t.Error(got)
	}
	if got := ask("PATCH", "/list-a", `{"description":null}`, 200); got != `{"blocklistName":"list-a","description":""}` {
		t.Error(got)
	}
	if notes := w.Notes(); len(notes) != 6 || notes[0] != "intent Blocklists_CreateOrUpdate [list-a]" || !strings.HasPrefix(notes[1], "outcome Blocklists_CreateOrUpdate 201 true") {
		t.Errorf("on the record: %q", notes)
	}
	ask("PATCH", "/list~b.1", `{}`, 201)
	for _, name := range []string{"a%20b", "a%2Fb", strings.Repeat("a", 65), "%C3%A9"} {
		if got := ask("PATCH", "/"+name, `{}`, 400); !strings.Contains(got, "InvalidResourceName") {
			t.Error(got)
		}
	}
	var items []string
	for i := range 100 {
		items = append(items, fmt.Sprintf(`{"text":"term %d"}`, i))
	}
	ask("POST", "/list-a:addOrUpdateBlocklistItems", `{"blocklistItems":[`+strings.Join(items, ",")+`]}`, 200)
	ask("POST", "/list-a:addOrUpdateBlocklistItems", `{"blocklistItems":[`+strings.Join(items, ",")+`,{"text":"one more"}]}`, 400)
	ask("POST", "/list-a:addOrUpdateBlocklistItems", `{"blocklistItems":[]}`, 400)
	ask("POST", "/list-a:addOrUpdateBlocklistItems", `{"blocklistItems":["term"]}`, 400)
	ask("POST", "/list-a:addOrUpdateBlocklistItems", `{"blocklistItems":[{"text":"twice"},{"text":"twice"}]}`, 400)
	if got := ask("POST", "/list-a:addOrUpdateBlocklistItems", `{"blocklistItems":[{"text":"fine"},{"text":"`+strings.Repeat("é", 129)+`"}]}`, 400); !strings.Contains(got, `blocklistItems[1].text must be at most 128`) {
		t.Error(got)
	}
	ask("POST", "/list-a:addOrUpdateBlocklistItems", `{"blocklistItems":[{"text":"`+strings.Repeat("é", 128)+`"}]}`, 200)
	for _, pattern := range []string{`(a+)+$`, `a*`, `[`, `(?=a)`, `a{1001}`, `^a`} {
		if got := ask("POST", "/list-a:addOrUpdateBlocklistItems", `{"blocklistItems":[{"text":"`+pattern+`","isRegex":true}]}`, 400); !strings.Contains(got, `"target":"blocklistItems[0]"`) {
			t.Errorf("%s: %s", pattern, got)
		}
	}
	ask("POST", "/nowhere:addOrUpdateBlocklistItems", `{"blocklistItems":[{"text":"a"}]}`, 404)
	ask("POST", "/list-a:shred", `{}`, 404)
	ask("GET", "/list-a:shred", ``, 404)

	// Pages: each entry once, in order, and top bounds all of them.
	for _, c := range []struct {
		query string
		want  []string
		pages int
	}{
		{"&maxpagesize=40", texts(0, 101), 3}, {"", texts(0, 101), 2}, {"&skip=95&maxpagesize=5", texts(95, 101), 2},
		{"&top=7&skip=1&maxpagesize=3", texts(1, 8), 3}, {"&top=0", nil, 1}, {"&skip=1000", nil, 1}, {"&maxpagesize=100000", texts(0, 101), 2},
	} {
		got, pages := w.pages(t, "/contentsafety/text/blocklists/list-a/blocklistItems"+version+c.query)
		if !slices.Equal(got, c.want) || pages != c.pages {
			t.Errorf("%s: %d pages of %d: %v", c.query, pages, len(got), got)
		}
	}
	for _, q := range []string{"&top=-1", "&skip=x", "&maxpagesize=0", "&top=1&top=2"} {
		if rec := cognitivetest.Ask(w, "GET", "/contentsafety/text/blocklists/list-a/blocklistItems"+version+q, ""); rec.Code != 400 {
			t.Errorf("%s: %d", q, rec.Code)
		}
	}
	w.Notes()
	ask("POST", "/list-a:removeBlocklistItems", `{"blocklistItemIds":["nowhere"]}`, 404)
	// What was intended and failed has an outcome, not a refusal beside an open intent.
	if notes := w.Notes(); len(notes) != 2 || notes[0] != "intent BlocklistItems_Remove [list-a]" || !strings.HasPrefix(notes[1], "outcome BlocklistItems_Remove 404 false") {
		t.Errorf("on the record: %q", notes)
	}
	ask("POST", "/list-a:removeBlocklistItems", `{"blocklistItemIds":[]}`, 400)

	w.Notes()
	w.want(t, "text:analyze", `{"text":"violent Term  7 here","blocklistNames":["list-a","list-a","list~b.1"],"haltOnBlocklistHit":true}`,
		`{"blocklistsMatch":[{"blocklistName":"list-a","blocklistItemId":"`+w.idOf(t, "term 7")+`","blocklistItemText":"term 7"}],"categoriesAnalysis":[]}`)
	if notes := w.Notes(); !slices.Contains(notes, "outcome Text_Analyze 200 true [custom_blocklists:list-a] scanned 20 of 20") {
		t.Errorf("on the record: %q", notes)
	}
	if _, got := w.post("text:analyze", `{"text":"violent term 7 here","blocklistNames":["list-a"]}`); !strings.Contains(got, `"severity":4`) || !strings.Contains(got, `"term 7"`) {
		t.Errorf("without a halt: %s", got)
	}
	if status, got := w.post("text:analyze", `{"text":"a","blocklistNames":["nowhere"]}`); status != 404 || !strings.Contains(got, "ResourceNotFound") {
		t.Errorf("a list that does not exist: %d %s", status, got)
	}
	ask("DELETE", "/list-a", ``, 204)
	ask("DELETE", "/list-a", ``, 404)
	ask("GET", "/list-a", ``, 404)
	if strings.Contains(w.Logged(), "term 7") {
		t.Error("a term is in the log")
	}
}

func texts(from, to int) []string {
	var all []string
	for i := from; i < min(to, 100); i++ {
		all = append(all, fmt.Sprintf("term %d", i))
	}
	if to > 100 {
		all = append(all, strings.Repeat("é", 128))
	}
	return all
}

type listed struct {
	Value    []struct{ Text, BlocklistItemID string }
	NextLink string
}

// pages follows the links from path to the end.
func (w *world) pages(t *testing.T, path string) (got []string, n int) {
	t.Helper()
	for path != "" && n < 50 {
		rec := cognitivetest.Ask(w, "GET", path, "")
		var p listed
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || rec.Code != 200 {
			t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
		}
		for _, v := range p.Value {
			got = append(got, v.Text)
		}
		n++
		path = strings.TrimPrefix(p.NextLink, "http://example.com")
	}
	return got, n
}

func (w *world) idOf(t *testing.T, text string) string {
	t.Helper()
	var p listed
	rec := cognitivetest.Ask(w, "GET", "/contentsafety/text/blocklists/list-a/blocklistItems"+version, "")
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	for _, v := range p.Value {
		if v.Text == text {
			return v.BlocklistItemID
		}
	}
	t.Fatalf("no item %q", text)
	return ""
}

// Without room for a body: 503, with a time to come back, on the record.
func TestNoRoom(t *testing.T) {
	room := httpx.NewRoom(4)
	w := newWorld(t, func(c *contentsafety.Config) { c.Room = room })
	inside, done := make(chan bool), make(chan bool)
	go func() { // takes all the room there is
		r := httptest.NewRequest("POST", "/", strings.NewReader(`{}`))
		r.Header.Set("Content-Type", "application/json")
		var s httpx.Share
		_ = room.JSONBody(httptest.NewRecorder(), r, 100, &s, func([]byte) error { close(inside); <-done; return nil })
		s.Leave()
	}()
	<-inside
	defer close(done)
	rec := cognitivetest.Ask(w, http.MethodPost, "/contentsafety/text:analyze"+version, `{"text":"a"}`)
	if f := cognitivetest.Faulty(t, rec); rec.Code != 503 || f.Code != "ServerBusy" || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%d %+v", rec.Code, f)
	}
	if notes := w.Notes(); len(notes) != 1 || notes[0] != "refused Text_Analyze 503 Overloaded" {
		t.Errorf("on the record: %q", notes)
	}
}

func TestRoutesDeclareIdentifiers(t *testing.T) {
	for _, r := range newWorld(t).routes {
		in := 0
		for _, k := range r.Identifiers {
			if k != cognitive.ListInBody {
				in++
			}
		}
		if n := strings.Count(r.Pattern, "{"); n != in {
			t.Errorf("%s %s: %d identifiers in the path, %d declared", r.Method, r.Pattern, n, in)
		}
		if !slices.Contains(gate.Actions, r.Action) {
			t.Errorf("%s %s: no action", r.Method, r.Pattern)
		}
	}
}

// A panic in a handler is the contract's 500, on the record.
func TestPanicIsContained(t *testing.T) {
	w := newWorld(t, func(c *contentsafety.Config) { c.Lists = blocklists.New(blocklists.Config{}) })
	rec := cognitivetest.Ask(w, http.MethodGet, "/contentsafety/text/blocklists"+version, "")
	if f := cognitivetest.Faulty(t, rec); rec.Code != 500 || f.Code != "InternalError" {
		t.Errorf("%d %+v", rec.Code, f)
	}
	if notes := w.Notes(); len(notes) != 1 || !strings.HasPrefix(notes[0], "refused Blocklists_List 500") {
		t.Errorf("on the record: %q", notes)
	}
}

// brokenWriter breaks when the reply is sent.
type brokenWriter struct{ http.ResponseWriter }

func (brokenWriter) Write([]byte) (int, error) { panic("broken") }

// What breaks behind the record is not recorded twice.
func TestPanicBehindTheRecord(t *testing.T) {
	w := newWorld(t)
	func() {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("the connection is not cut: %v", v)
			}
		}()
		cognitivetest.Ask(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.ServeHTTP(brokenWriter{rw}, r) }), http.MethodPost, "/contentsafety/text:analyze"+version, `{"text":"a"}`)
	}()
	if notes := w.Notes(); len(notes) != 1 || !strings.HasPrefix(notes[0], "outcome Text_Analyze 200") {
		t.Errorf("on the record: %q", notes)
	}
}

func FuzzBodies(f *testing.F) {
	w := newWorld(f)
	var paths []string
	for _, r := range w.routes {
		if r.Method == http.MethodPost || r.Method == http.MethodPatch {
			paths = append(paths, strings.NewReplacer("{list}", "list-a", "{id}", "x").Replace(r.Pattern))
		}
	}
	for i, body := range []string{`{"text":"a","categories":["Hate"]}`, `{"userPrompt":"a","documents":["b"]}`, `{"text":"a","groundingSources":["b"],"task":"QnA","qna":{"query":"a b c"},"reasoning":true}`,
		`{"blocklistItems":[{"text":"a","isRegex":true}]}`, `{"blocklistItemIds":["a"]}`, `{"description":null}`, `[`, `{"text":{"text":1}}`} {
		f.Add(i, body)
	}
	f.Fuzz(func(t *testing.T, i int, body string) {
		path := paths[(i%len(paths)+len(paths))%len(paths)]
		method := http.MethodPost
		if strings.HasSuffix(path, "/list-a") {
			method = http.MethodPatch
		}
		rec := cognitivetest.Ask(w, method, path+version, body)
		if rec.Code >= 500 || !json.Valid(rec.Body.Bytes()) && rec.Code != 204 {
			t.Errorf("%s %q: %d %s", path, body, rec.Code, rec.Body)
		}
	})
}
