package exchange_test

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/guard/blocklist"
	"sallyport/guard/normalize"
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
)

// ledger is a record in memory; kinds that are in broken cannot be written.
type ledger struct {
	mu      sync.Mutex
	entries []audit.Entry
	broken  map[audit.Kind]bool
}

func (l *ledger) Append(_ context.Context, e audit.Entry) (audit.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken[e.Kind] {
		return audit.Receipt{}, errors.New("the disk is full")
	}
	l.entries = append(l.entries, e)
	return audit.Receipt{Index: int64(len(l.entries))}, nil
}

func (l *ledger) of(k audit.Kind) []audit.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []audit.Entry
	for _, e := range l.entries {
		if e.Kind == k {
			out = append(out, e)
		}
	}
	return out
}

// script is a backend as a test wants it.
type script func(ctx context.Context, yield func(conversation.Event, error) bool)

func (s script) Stream(ctx context.Context, _ gate.Permit, _ *conversation.Conversation) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) { s(ctx, yield) }
}

func (s script) Embed(context.Context, gate.Permit, exchange.EmbedRequest) ([]exchange.Vector, conversation.Usage, error) {
	return nil, conversation.Usage{}, errors.New("not here")
}

// says is a backend that yields these events, and err behind them if there is one.
func says(err error, es ...conversation.Event) script {
	return func(_ context.Context, yield func(conversation.Event, error) bool) {
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

// world is the real gate and filter around scripted backends.
type world struct {
	t        testing.TB
	gate     *gate.Gate
	ledger   *ledger
	resource *resource.Resource
	key      identity.Secret
	backends map[string]exchange.Backend // "one", "two"
	policy   filter.Policy
	exchange *exchange.Exchange
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
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
	w := &world{t: t, ledger: &ledger{broken: map[audit.Kind]bool{}}, backends: map[string]exchange.Backend{}}
	home := resource.Region{Name: "onsite", Geography: "uk"}
	terms := resource.Terms{SelfHosted: true, Owner: "platform", Expires: time.Now().AddDate(1, 0, 0)}
	both := []*resource.Backend{{Name: "one", Kind: "openai", Region: home, Terms: terms}, {Name: "two", Kind: "openai", Region: home, Terms: terms}}
	w.resource = &resource.Resource{Name: "ward", Region: home, LocalAuth: true, Network: resource.Network{Public: true}, Deployments: map[string]*resource.Deployment{
		"chat":    {Name: "chat", Model: resource.Model{Name: "m", Can: resource.Chat}, Type: resource.Standard, Filter: "strict", Backends: both},
		"vectors": {Name: "vectors", Model: resource.Model{Name: "e", Can: resource.Embedding}, Type: resource.Standard, Filter: "strict", Backends: both},
	}}
	if w.key, err = dir.NewKey(ctx, "ward", identity.Key1); err != nil {
		t.Fatal(err)
	}
	if w.gate, err = gate.New(gate.Config{Identity: dir, Access: rights, Quota: quota.New(), Log: w.ledger}); err != nil {
		t.Fatal(err)
	}
	w.policy = newPolicy(t, words{})
	w.exchange, err = exchange.New(exchange.Config{
		Policy:  func(string) filter.Policy { return w.policy },
		Backend: func(_ *resource.Deployment, b *resource.Backend) exchange.Backend { return w.backends[b.Name] },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// words are guards that look for listed terms only, in plain ASCII. The embedded
// ones are judged elsewhere, and cost half a second to load.
type words struct{}

func (words) Judge(_ context.Context, text string, q filter.Questions) (filter.Findings, error) {
	f := filter.Findings{End: func(chars int) int { return max(len(text)-chars, 0) }, Visible: len(text)}
	for _, l := range q.Lists {
		for _, s := range l.Find(normalize.Normalize(text)) {
			f.Terms = append(f.Terms, filter.Term{List: l.Name(), Span: s})
		}
	}
	return f, nil
}
func (words) Version() string { return "words" }

// newPolicy refuses "forbidden fruit" on both sides and looks for nothing else.
func newPolicy(t testing.TB, guards filter.Guards) filter.Policy {
	t.Helper()
	list, err := blocklist.Compile("fruit", []blocklist.Term{{Text: "forbidden fruit"}})
	if err != nil {
		t.Fatal(err)
	}
	off := filter.Threshold{Mode: filter.Off}
	rules := filter.Rules{Harm: [4]filter.Threshold{off, off, off, off}, Jailbreak: filter.Off, Indirect: filter.Off, Blocklists: []*blocklist.List{list}}
	p, err := filter.New(filter.Config{Name: "strict", Prompt: rules, Answer: rules, Guards: guards, Deadline: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) open(deployment string) *gate.Passage {
	w.t.Helper()
	action := gate.ChatCompletions
	if deployment == "vectors" {
		action = gate.Embeddings
	}
	e, err := w.gate.Enter(context.Background(), gate.Visit{
		Resource: w.resource, Credential: identity.Credential{Kind: identity.Key, Secret: w.key}, From: netip.MustParseAddr("192.0.2.1"),
		Action: action, Operation: "Test", Deployment: deployment, Surface: "openai", RequestID: "req-1",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := e.Open(context.Background(), gate.Reserve{Tokens: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func ask(question string, n int, stream bool) *conversation.Conversation {
	return &conversation.Conversation{Choices: n, MaxTokens: 1000, Stream: stream, Turns: []conversation.Turn{{
		Role: conversation.UserRole, Parts: []conversation.Part{{Kind: conversation.Text, Origin: conversation.User, Text: content.New(question)}},
	}}}
}

// told is what a consumer saw.
type told struct {
	events []conversation.Event
	err    error
}

func (a told) kinds() string {
	names := map[conversation.EventKind]string{conversation.Started: "started", conversation.Verdict: "verdict", conversation.Delta: "delta", conversation.Finished: "finished", conversation.UsageTold: "usage", conversation.Step: "step"}
	var out []string
	for _, e := range a.events {
		if n := names[e.Kind]; len(out) == 0 || out[len(out)-1] != n {
			out = append(out, n)
		}
	}
	return strings.Join(out, " ")
}

// run ranges to the end and checks what holds for every answer: the intent is on
// the record before anything is told, the outcome before an end is told, ids rise
// by one, and nothing follows an error.
func (w *world) run(ctx context.Context, c *conversation.Conversation, leave func(e conversation.Event, n int) bool) told {
	w.t.Helper()
	var a told
	for e, err := range w.exchange.Run(ctx, w.open("chat"), c) {
		if a.err != nil {
			w.t.Fatal("something follows an error")
		}
		intents, outcomes := len(w.ledger.of(audit.Intent)), len(w.ledger.of(audit.Outcome))
		if err != nil {
			a.err = err
			if refused := len(w.ledger.of(audit.Refused)); outcomes+refused != 1 && !w.ledger.broken[audit.Outcome] && !w.ledger.broken[audit.Refused] && !w.ledger.broken[audit.Intent] {
				w.t.Errorf("an error before it is on the record: %d outcomes, %d refusals", outcomes, refused)
			}
			continue
		}
		if intents != 1 {
			w.t.Errorf("event %d is told with %d intents on the record", e.Kind, intents)
		}
		if end := e.Kind == conversation.Finished || e.Kind == conversation.UsageTold; end != (outcomes == 1) {
			w.t.Errorf("event %d is told with %d outcomes on the record", e.Kind, outcomes)
		}
		a.events = append(a.events, e)
		if e.ID != uint64(len(a.events)) {
			w.t.Errorf("event %d has id %d", len(a.events), e.ID)
		}
		if leave != nil && leave(e, len(a.events)) {
			break
		}
	}
	return a
}

// outcome is the one entry that ends the exchange, as "status code finish".
func (w *world) outcome() string {
	w.t.Helper()
	all := slices.Concat(w.ledger.of(audit.Outcome), w.ledger.of(audit.Refused))
	if len(all) != 1 {
		w.t.Errorf("%d entries end the exchange, want 1", len(all))
		return ""
	}
	e := all[0]
	return strings.TrimSpace(strings.Join([]string{strconv.Itoa(e.Status), e.Code, e.Finish}, " "))
}
