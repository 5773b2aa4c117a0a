package openai_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
	"sallyport/internal/resource"
	"sallyport/internal/surface/httpx"
	"sallyport/internal/surface/openai"
)

const goodKey = "k-good"

// world is a small working gate and exchange: one key, one resource, a record.
type world struct {
	t        testing.TB
	resource *resource.Resource
	log      strings.Builder

	mu      sync.Mutex
	record  []string // what would be on the record
	got     *conversation.Conversation
	embeds  *exchange.EmbedRequest
	entered int
	asked   string // deployment of the last Enter

	// answer is what Chat streams; nil: an ordinary greeting.
	answer conversation.Stream
	// refusal, chatErr and embedErr are returned by Identify, Chat and Embed.
	refusal, enterErr, chatErr, embedErr error
	recordErr                            error
	memory                               int64
}

func newWorld(t testing.TB) *world {
	uk, se := &resource.Backend{Region: resource.Region{Name: "uksouth"}}, &resource.Backend{Region: resource.Region{Name: "swedencentral"}}
	deployments := map[string]*resource.Deployment{
		"chat": {Name: "chat", Filter: "clinical", Model: resource.Model{Name: "gpt-4o", Version: "2024-11-20", Can: resource.Chat, Created: time.Unix(1700000000, 0)},
			Limits: resource.Limits{OutputTokens: 4096, ContextTokens: 128000}, Backends: []*resource.Backend{uk, uk}},
		"vectors": {Name: "vectors", Model: resource.Model{Name: "text-embedding-3-large", Version: "1", Can: resource.Embedding}, Backends: []*resource.Backend{uk, se}},
	}
	return &world{t: t, resource: &resource.Resource{Name: "ward", Region: resource.Region{Name: "uksouth"}, Deployments: deployments}}
}

func (w *world) Find(host, path string) (*resource.Resource, string) {
	if strings.HasPrefix(host, "nowhere") || strings.HasPrefix(path, "/foreign/") {
		return nil, path
	}
	return w.resource, strings.TrimPrefix(path, "/ward")
}

func (w *world) note(format string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.recordErr != nil {
		return &gate.Refusal{Code: gate.RecordUnavailable, Cause: w.recordErr}
	}
	w.record = append(w.record, fmt.Sprintf(format, args...))
	return nil
}

func (w *world) Stray(_ context.Context, v gate.Visit, o gate.Outcome) error {
	return w.note("stray %s %d", v.Operation, o.Status)
}

func (w *world) Identify(_ context.Context, v gate.Visit) (openai.Caller, error) {
	if w.refusal != nil {
		return nil, w.refusal
	}
	want := identity.NewSecret(goodKey)
	if v.Resource == nil || v.Credential.Secret != want || v.Credential.Kind == identity.None {
		if err := w.note("refused InvalidKey"); err != nil {
			return nil, err
		}
		return nil, &gate.Refusal{Code: gate.InvalidKey}
	}
	return fakeCaller{w, v}, nil
}

type fakeCaller struct {
	*world
	v gate.Visit
}

func (c fakeCaller) Enter(_ context.Context, deployment string) (openai.Entry, error) {
	c.entered++
	c.asked = deployment
	if c.enterErr != nil {
		return nil, c.enterErr
	}
	e := fakeEntry{world: c.world}
	if deployment != "" {
		if e.d = c.resource.Deployments[deployment]; e.d == nil {
			_ = c.note("refused DeploymentNotFound")
			return nil, &gate.Refusal{Code: gate.DeploymentNotFound}
		}
	}
	return e, nil
}

func (c fakeCaller) May(_ context.Context, _ gate.Action, deployment string) bool {
	return deployment != "hidden"
}

func (c fakeCaller) Refuse(_ context.Context, o gate.Outcome) error {
	return c.note("caller refused %d %s", o.Status, o.Code)
}

type fakeEntry struct {
	*world
	d *resource.Deployment
}

func (e fakeEntry) Deployment() *resource.Deployment { return e.d }

func (e fakeEntry) Chat(_ context.Context, c *conversation.Conversation) (conversation.Stream, gate.RateLimits, error) {
	e.got = c
	if e.chatErr != nil {
		return nil, gate.RateLimits{}, e.chatErr
	}
	limits := gate.RateLimits{Set: true, LimitTokens: 60000, RemainingTokens: 59000, LimitRequests: 360, RemainingRequests: 359}
	if e.answer != nil {
		return e.answer, limits, nil
	}
	return greeting(c.Choices), limits, nil
}

func (e fakeEntry) Embed(_ context.Context, r exchange.EmbedRequest) (openai.Embedded, error) {
	e.embeds = &r
	a := openai.Embedded{Usage: conversation.Usage{Prompt: 2, Total: 2}}
	for range r.Texts {
		a.Vectors = append(a.Vectors, exchange.Vector{0.5, -1.25, 3e-7})
	}
	return a, e.embedErr
}

func (e fakeEntry) Refuse(_ context.Context, o gate.Outcome) error {
	return e.note("entry refused %d %s", o.Status, o.Code)
}

func (e fakeEntry) Record(_ context.Context, o gate.Outcome) error {
	return e.note("recorded %d", o.Status)
}

var clean = guard.Report{Action: guard.Pass, Verdicts: []guard.Verdict{
	{Category: guard.Violence}, {Category: guard.SelfHarm}, {Category: guard.Hate}, {Category: guard.Sexual}}}

var cleanPrompt = guard.Combine(clean, guard.Report{Action: guard.Pass, Verdicts: []guard.Verdict{{Category: guard.Jailbreak}}})

func delta(choice int, s string) conversation.Event {
	return conversation.Event{Kind: conversation.Delta, Lane: conversation.Lane{Choice: choice, Kind: conversation.Text}, Text: content.New(s), Report: clean}
}

func finish(choice int, f conversation.Finish, r guard.Report) conversation.Event {
	return conversation.Event{Kind: conversation.Finished, Lane: conversation.Lane{Choice: choice}, Finish: f, Report: r}
}

var (
	verdict = conversation.Event{Kind: conversation.Verdict, Report: cleanPrompt}
	started = conversation.Event{Kind: conversation.Started, Model: "gpt-4o-2024-11-20", Fingerprint: "fp_01"}
	usage   = conversation.Event{Kind: conversation.UsageTold, Usage: conversation.Usage{Prompt: 12, Completion: 9, Total: 21}}
)

// events is a stream of these events, ended by err if there is one.
func events(err error, es ...conversation.Event) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) {
		for _, e := range es {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(conversation.Event{}, err)
		}
	}
}

func greeting(n int) conversation.Stream {
	es := []conversation.Event{verdict, started}
	for i := range n {
		es = append(es, delta(i, "Hello"), delta(i, "."))
	}
	for i := range n {
		es = append(es, finish(i, conversation.Stop, clean))
	}
	return events(nil, append(es, usage)...)
}

func (w *world) surface() *openai.Surface {
	s, err := openai.New(openai.Config{Resolver: w, Service: w, Log: slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now: func() time.Time { return time.Unix(1730000000, 0) }, MaxBody: 1 << 20, Memory: w.memory})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) handler() http.Handler {
	return httpx.Guard(w.surface(), httpx.Guarded{Log: slog.New(slog.DiscardHandler)})
}

const (
	chatPath  = "/openai/deployments/chat/chat/completions?api-version=2024-10-21"
	embedPath = "/openai/deployments/vectors/embeddings?api-version=2024-10-21"
	v1Chat    = "/openai/v1/chat/completions"
)

// request is a POST of body as SDKs send it; GET when body is empty.
func request(path, body string) *http.Request {
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("api-key", goodKey)
	return r
}

func (w *world) do(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.handler().ServeHTTP(rec, r)
	return rec
}

func (w *world) post(path, body string) *httptest.ResponseRecorder { return w.do(request(path, body)) }

// chatBody is a request with one user message and these further members.
func chatBody(more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"messages":[{"role":"user","content":"hi"}]` + more + `}`
}

func text(p conversation.Part) string { return open.String(p.Text) }

var errBoom = errors.New("boom")

// flushRecorder tells what was flushed, as a connection would have sent it.
type flushRecorder struct {
	header  http.Header
	pending strings.Builder
	flushed strings.Builder
	flushes int
	err     error
}

func newFlushRecorder() *flushRecorder { return &flushRecorder{header: http.Header{}} }

func (r *flushRecorder) Header() http.Header { return r.header }
func (r *flushRecorder) WriteHeader(int)     {}
func (r *flushRecorder) Write(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	return r.pending.Write(p)
}

func (r *flushRecorder) Flush() {
	r.flushes++
	r.flushed.WriteString(r.pending.String())
	r.pending.Reset()
}
