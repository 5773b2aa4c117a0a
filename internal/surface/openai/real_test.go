package openai_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
	"sallyport/internal/exchange"
	"sallyport/internal/filter"
	"sallyport/internal/gate"
	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
	"sallyport/internal/gate/quota"
	"sallyport/internal/record/audit"
	"sallyport/internal/resource"
	"sallyport/internal/surface/httpx"
	"sallyport/internal/surface/openai"
)

// ledger is a record in memory.
type ledger struct {
	mu      sync.Mutex
	entries []audit.Entry
}

func (l *ledger) Append(_ context.Context, e audit.Entry) (audit.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
	return audit.Receipt{Index: int64(len(l.entries))}, nil
}

// take returns and forgets the entries, as "kind operation code".
func (l *ledger) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var words []string
	for _, e := range l.entries {
		words = append(words, strings.TrimSpace(e.Kind.String()+" "+e.Operation+" "+e.Code))
	}
	l.entries = nil
	return strings.Join(words, ", ")
}

// lenient lets everything pass that does not say "forbidden".
type lenient struct{}

func (lenient) Prompt(_ context.Context, c *conversation.Conversation) (guard.Report, *filter.Substitutions, error) {
	r := cleanPrompt
	for l := range c.Texts() {
		r.Total += l.Text.Len()
		if *l.Text == content.New("forbidden") {
			r.Action = guard.Refuse
		}
	}
	r.Scanned = r.Total
	return r, nil, nil
}
func (lenient) Answer(*conversation.Conversation, *filter.Substitutions) filter.Watch {
	return &passing{}
}
func (lenient) Empty(filter.Side) guard.Report { return clean }

type passing struct{}

func (*passing) Push(_ context.Context, e conversation.Event) ([]conversation.Event, error) {
	e.Report = clean
	return []conversation.Event{e}, nil
}
func (*passing) Tick(context.Context) ([]conversation.Event, error)  { return nil, nil }
func (*passing) Flush(context.Context) ([]conversation.Event, error) { return nil, nil }
func (*passing) Report() guard.Report                                { return clean }
func (*passing) Done() bool                                          { return false }

type parrot struct{}

func (parrot) Stream(_ context.Context, _ gate.Permit, c *conversation.Conversation) conversation.Stream {
	return events(nil, started, delta(0, "Hello"), delta(0, "."), finish(0, conversation.Stop, clean), usage)
}

func (parrot) Embed(_ context.Context, _ gate.Permit, r exchange.EmbedRequest) ([]exchange.Vector, conversation.Usage, error) {
	return make([]exchange.Vector, len(r.Texts)), conversation.Usage{Prompt: 1, Total: 1}, nil
}

// TestBehind runs the surface on the real gate and exchange: what each request
// leaves on the record, and what a caller without rights learns.
func TestBehind(t *testing.T) {
	ctx := t.Context()
	db, err := store.OpenSQLite(ctx, filepath.Join(t.TempDir(), "s.db"), seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	dir, err := identity.Open(ctx, identity.Config{Store: db, Key: seal.NewKey()})
	if err != nil {
		t.Fatal(err)
	}
	rights, err := access.Open(ctx, access.Config{Table: &access.Memory{}})
	if err != nil {
		t.Fatal(err)
	}
	uk := resource.Region{Name: "uksouth", Geography: "uk"}
	gpu := &resource.Backend{Name: "gpu", Region: uk, Terms: resource.Terms{SelfHosted: true, Expires: time.Now().Add(time.Hour)}}
	limits := resource.Limits{OutputTokens: 100, ContextTokens: 1000}
	deployments := map[string]*resource.Deployment{
		"chat":    {Name: "chat", Filter: "lenient", Model: resource.Model{Name: "m", Version: "1", Can: resource.Chat}, Type: resource.Standard, Limits: limits, Backends: []*resource.Backend{gpu}},
		"vectors": {Name: "vectors", Filter: "lenient", Model: resource.Model{Name: "e", Can: resource.Embedding}, Type: resource.Standard, Limits: limits, Backends: []*resource.Backend{gpu}},
		"limited": {Name: "limited", Filter: "lenient", Model: resource.Model{Name: "m", Version: "1", Can: resource.Chat}, Type: resource.Standard, Limits: resource.Limits{TokensPerMinute: 1, OutputTokens: 100}, Backends: []*resource.Backend{gpu}},
	}
	ward := &resource.Resource{Name: "ward", Region: uk, Path: "/ward", LocalAuth: true, Network: resource.Network{Public: true}, Deployments: deployments}
	closed := &resource.Resource{Name: "closed", Region: uk, Path: "/closed", LocalAuth: true, Network: resource.Network{Links: []string{"pe"}}, Deployments: deployments}
	narrow := &resource.Resource{Name: "narrow", Region: uk, Path: "/narrow", LocalAuth: true, Network: resource.Network{Public: true, Allow: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}, Deployments: deployments}
	set, err := resource.NewSet(ward, closed, narrow)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, r := range set.All() {
		k, err := dir.NewKey(ctx, r.Name, identity.Key1)
		if err != nil {
			t.Fatal(err)
		}
		keys[r.Name] = k.Reveal()
	}
	record := &ledger{}
	g, err := gate.New(gate.Config{Identity: dir, Access: rights, Quota: quota.New(), Log: record})
	if err != nil {
		t.Fatal(err)
	}
	x, err := exchange.New(exchange.Config{
		Policy:  func(context.Context, string, string) filter.Policy { return lenient{} },
		Backend: func(*resource.Deployment, *resource.Backend) exchange.Backend { return parrot{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := openai.New(openai.Config{Resolver: set, Service: openai.Behind(g, x), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := httpx.Guard(s, httpx.Guarded{Log: slog.New(slog.DiscardHandler)})

	const dated = "?api-version=2024-10-21"
	chat := `{"model":"chat","messages":[{"role":"user","content":"hi"}]}`
	for _, c := range []struct {
		name, key, path, body string
		status                int
		record                string
	}{
		{"dated", "ward", "/ward/openai/deployments/chat/chat/completions" + dated, chat, 200, "intent ChatCompletions_Create, outcome ChatCompletions_Create"},
		{"v1", "ward", "/ward/openai/v1/chat/completions", chat, 200, "intent ChatCompletions_Create, outcome ChatCompletions_Create"},
		{"stream", "ward", "/ward/openai/v1/chat/completions", strings.Replace(chat, `{`, `{"stream":true,`, 1), 200, "intent ChatCompletions_Create, outcome ChatCompletions_Create"},
		{"embeddings", "ward", "/ward/openai/v1/embeddings", `{"model":"vectors","input":"x"}`, 200, "intent Embeddings_Create, outcome Embeddings_Create"},
		{"models", "ward", "/ward/openai/v1/models", "", 200, "outcome Models_List"},
		{"blocked", "ward", "/ward/openai/v1/chat/completions", strings.Replace(chat, "hi", "forbidden", 1), 400, "refused ChatCompletions_Create ContentFiltered"},
		{"bad body", "ward", "/ward/openai/deployments/chat/chat/completions" + dated, `{`, 400, "refused ChatCompletions_Create BadRequest"},
		{"bad v1 body", "ward", "/ward/openai/v1/chat/completions", `{`, 400, "refused ChatCompletions_Create BadRequest"},
		{"no model", "ward", "/ward/openai/v1/chat/completions", `{}`, 400, "refused ChatCompletions_Create BadRequest"},
		{"unknown deployment", "ward", "/ward/openai/v1/chat/completions", `{"model":"nope"}`, 404, "refused ChatCompletions_Create DeploymentNotFound"},
		{"wrong model", "ward", "/ward/openai/deployments/vectors/chat/completions" + dated, chat, 400, "refused ChatCompletions_Create NotSupportedByModel"},
		{"limit", "ward", "/ward/openai/deployments/limited/chat/completions" + dated, chat, 429, "refused ChatCompletions_Create TokenLimit"},
		{"not built", "ward", "/ward/openai/v1/responses", `{}`, 400, "refused Responses BadRequest"},
		{"no key", "", "/ward/openai/v1/models", "", 401, "refused Models_List InvalidKey"},
		{"foreign key", "closed", "/ward/openai/v1/models", "", 401, "refused Models_List InvalidKey"},
		{"unknown resource", "ward", "/nowhere/openai/v1/models", "", 401, "refused Models_List InvalidKey"},
		{"private", "closed", "/closed/openai/v1/chat/completions", chat, 403, "refused ChatCompletions_Create PublicAccessDisabled"},
		{"not from there", "narrow", "/narrow/openai/v1/chat/completions", chat, 403, "refused ChatCompletions_Create AddressDenied"},
		{"private, wrong key", "ward", "/closed/openai/v1/chat/completions", chat, 401, "refused ChatCompletions_Create InvalidKey"},
	} {
		method := http.MethodPost
		if c.body == "" {
			method = http.MethodGet
		}
		r := httptest.NewRequest(method, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		if c.key != "" {
			r.Header.Set("api-key", keys[c.key])
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != c.status {
			t.Errorf("%s: got %d %s, want %d", c.name, rec.Code, rec.Body, c.status)
		}
		if got := record.take(); got != c.record {
			t.Errorf("%s: record %q, want %q", c.name, got, c.record)
		}
	}
}
