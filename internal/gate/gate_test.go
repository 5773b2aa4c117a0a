package gate_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/guard"
	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
	"sallyport/internal/gate"
	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
	"sallyport/internal/gate/quota"
	"sallyport/internal/record/audit"
	"sallyport/internal/resource"
)

var t0 = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// memory is a record in memory that can be made to fail.
type memory struct {
	mu      sync.Mutex
	entries []audit.Entry
	fail    error
}

func (m *memory) Append(ctx context.Context, e audit.Entry) (audit.Receipt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return audit.Receipt{}, m.fail
	}
	if err := ctx.Err(); err != nil {
		return audit.Receipt{}, err
	}
	if _, ok := ctx.Deadline(); !ok && e.Kind != audit.Counted {
		return audit.Receipt{}, errors.New("a write to the record without a deadline")
	}
	m.entries = append(m.entries, e)
	return audit.Receipt{Index: int64(len(m.entries))}, nil
}

func (m *memory) all() []audit.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.entries)
}

func (m *memory) last() audit.Entry {
	all := m.all()
	if len(all) == 0 {
		return audit.Entry{}
	}
	return all[len(all)-1]
}

func (m *memory) broken(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// world is a gate with two resources, a person and a key for each.
type world struct {
	*gate.Gate
	rec            *memory
	dir            *identity.Directory
	access         *access.Decider
	ledger         *quota.Ledger
	ward, pharmacy *resource.Resource
	wardKey        identity.Secret
	pharmacyKey    identity.Secret
	person         identity.Member
	now            time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	db, err := store.OpenSQLite(ctx, filepath.Join(t.TempDir(), "s.db"), seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w := &world{rec: &memory{}, ledger: quota.New(), now: t0}
	clock := func() time.Time { return w.now }
	if w.dir, err = identity.Open(ctx, identity.Config{Store: db, Key: seal.NewKey(), Now: clock}); err != nil {
		t.Fatal(err)
	}
	if w.access, err = access.Open(ctx, access.Config{Table: &access.Memory{}}); err != nil {
		t.Fatal(err)
	}
	uk := resource.Region{Name: "uksouth", Geography: "uk"}
	se := resource.Region{Name: "swedencentral", Geography: "se", Zone: "eu"}
	own := resource.Terms{SelfHosted: true, Expires: t0.AddDate(1, 0, 0)}
	gpu := &resource.Backend{Name: "gpu", Kind: "openai", Region: uk, Terms: own}
	far := &resource.Backend{Name: "far", Kind: "openai", Region: se, Terms: own}
	old := &resource.Backend{Name: "old", Kind: "openai", Region: uk, Terms: resource.Terms{SelfHosted: true, Expires: t0}}
	chat := resource.Model{Name: "m", Version: "1", Can: resource.Chat}
	limits := resource.Limits{TokensPerMinute: 1000, RequestsPerMinute: 100, OutputTokens: 100, ContextTokens: 1000}
	w.ward = &resource.Resource{
		Name: "ward", Region: uk, LocalAuth: true,
		Network: resource.Network{Public: true, Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Links: []string{"pe"}},
		Deployments: map[string]*resource.Deployment{
			"chat":    {Name: "chat", Model: chat, Type: resource.Standard, Limits: limits, Backends: []*resource.Backend{far, old, gpu}},
			"abroad":  {Name: "abroad", Model: chat, Type: resource.Standard, Limits: limits, Backends: []*resource.Backend{far}},
			"expired": {Name: "expired", Model: chat, Type: resource.Standard, Limits: limits, Backends: []*resource.Backend{old}},
			"vectors": {Name: "vectors", Model: resource.Model{Name: "e", Can: resource.Embedding}, Type: resource.Standard, Limits: limits, Backends: []*resource.Backend{gpu}},
			"unable":  {Name: "unable", Type: resource.Standard, Limits: limits, Backends: []*resource.Backend{gpu}},
		},
	}
	w.pharmacy = &resource.Resource{
		Name: "pharmacy", Region: uk, LocalAuth: false, Network: resource.Network{Public: true},
		Deployments: map[string]*resource.Deployment{"chat": {Name: "chat", Model: chat, Type: resource.Standard, Limits: limits, Backends: []*resource.Backend{gpu}}},
	}
	if w.wardKey, err = w.dir.NewKey(ctx, "ward", identity.Key1); err != nil {
		t.Fatal(err)
	}
	if w.pharmacyKey, err = w.dir.NewKey(ctx, "pharmacy", identity.Key1); err != nil {
		t.Fatal(err)
	}
	if w.person, err = w.dir.NewMember(ctx, "Nora", "nurses"); err != nil {
		t.Fatal(err)
	}
	w.Gate, err = gate.New(gate.Config{Identity: w.dir, Access: w.access, Quota: w.ledger, Log: w.rec, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) session(t testing.TB) identity.Credential {
	t.Helper()
	link, err := w.dir.NewLink(t.Context(), w.person.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := w.dir.Redeem(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	return identity.Credential{Kind: identity.Session, Secret: s}
}

func (w *world) visit(action gate.Action, deployment string) gate.Visit {
	return gate.Visit{
		Resource: w.ward, Credential: identity.Credential{Kind: identity.Key, Secret: w.wardKey},
		From: netip.MustParseAddr("192.0.2.77"), Action: action, Operation: "Test", Deployment: deployment,
		Surface: "openai", RequestID: "req-1",
	}
}

func code(t testing.TB, err error) gate.Code {
	t.Helper()
	r, ok := errors.AsType[*gate.Refusal](err)
	if !ok {
		t.Fatalf("not a refusal: %v", err)
	}
	return r.Code
}

func (w *world) open(t testing.TB, tokens int) *gate.Passage {
	t.Helper()
	e, err := w.Enter(t.Context(), w.visit(gate.ChatCompletions, "chat"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Open(t.Context(), gate.Reserve{Tokens: tokens})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var pass = guard.Report{Action: guard.Pass, Scanned: 5, Total: 5}

func TestRefusalsOfEnter(t *testing.T) {
	w := newWorld(t)
	session := w.session(t)
	key := func(s identity.Secret) identity.Credential { return identity.Credential{Kind: identity.Key, Secret: s} }
	for name, tt := range map[string]struct {
		change func(v *gate.Visit)
		want   gate.Code
	}{
		"no credential":          {func(v *gate.Visit) { v.Credential = identity.Credential{} }, gate.InvalidKey},
		"wrong key":              {func(v *gate.Visit) { v.Credential = key(identity.NewSecret(strings.Repeat("a", 84))) }, gate.InvalidKey},
		"empty key":              {func(v *gate.Visit) { v.Credential = key(identity.Secret{}) }, gate.InvalidKey},
		"foreign key":            {func(v *gate.Visit) { v.Credential = key(w.pharmacyKey) }, gate.InvalidKey},
		"unknown resource":       {func(v *gate.Visit) { v.Resource = nil }, gate.InvalidKey},
		"wrong key, wrong place": {func(v *gate.Visit) { v.Credential = key(w.pharmacyKey); v.From = netip.MustParseAddr("203.0.113.1") }, gate.InvalidKey},
		"bad token": {func(v *gate.Visit) {
			v.Credential = identity.Credential{Kind: identity.Bearer, Secret: identity.NewSecret("eyJh.e30.x")}
		}, gate.InvalidToken},
		"bad session": {func(v *gate.Visit) {
			v.Credential = identity.Credential{Kind: identity.Session, Secret: identity.NewSecret("x")}
		}, gate.InvalidToken},
		"no role":                 {func(v *gate.Visit) { v.Credential = session }, gate.MissingRole},
		"no role, no deployment":  {func(v *gate.Visit) { v.Credential = session; v.Deployment = "nothing" }, gate.MissingRole},
		"no role, no resource":    {func(v *gate.Visit) { v.Credential = session; v.Resource = nil }, gate.MissingRole},
		"no role, wrong place":    {func(v *gate.Visit) { v.Credential = session; v.From = netip.MustParseAddr("203.0.113.1") }, gate.MissingRole},
		"a key on a page":         {func(v *gate.Visit) { v.Action = gate.PageUse }, gate.MissingRole},
		"address":                 {func(v *gate.Visit) { v.From = netip.MustParseAddr("203.0.113.1") }, gate.AddressDenied},
		"no address":              {func(v *gate.Visit) { v.From = netip.Addr{} }, gate.PublicAccessDisabled},
		"link":                    {func(v *gate.Visit) { v.Link = "other" }, gate.LinkDenied},
		"no such deployment":      {func(v *gate.Visit) { v.Deployment = "nothing" }, gate.DeploymentNotFound},
		"keys disabled":           {func(v *gate.Visit) { v.Resource = w.pharmacy; v.Credential = key(w.pharmacyKey) }, gate.KeyAuthDisabled},
		"an action nobody states": {func(v *gate.Visit) { v.Action = "" }, gate.MissingRole},
	} {
		v := w.visit(gate.ChatCompletions, "chat")
		tt.change(&v)
		before := len(w.rec.all())
		e, err := w.Enter(t.Context(), v)
		if err == nil {
			t.Errorf("%s: let in as %+v", name, e.Principal)
			continue
		}
		if got := code(t, err); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if n := len(w.rec.all()) - before; n != 1 {
			t.Errorf("%s: %d entries", name, n)
		}
		got := w.rec.last()
		if got.Kind != audit.Refused || got.Code != tt.want.String() || got.Status != tt.want.Status() || got.ID != "req-1" {
			t.Errorf("%s: on the record as %+v", name, got)
		}
		if strings.Contains(fmt.Sprint(got), "nothing") {
			t.Errorf("%s: the caller's text is on the record: %+v", name, got)
		}
		if v.From.IsValid() && !strings.HasSuffix(got.From, ".0") {
			t.Errorf("%s: the address is not masked: %s", name, got.From)
		}
	}
}

// What a stranger can tell from the outside is the same for a resource that
// exists and one that does not.
func TestUnknownAndForbiddenLookAlike(t *testing.T) {
	w := newWorld(t)
	session := w.session(t)
	for _, c := range []identity.Credential{
		{}, {Kind: identity.Key, Secret: identity.NewSecret("wrong")}, {Kind: identity.Key, Secret: w.pharmacyKey},
		{Kind: identity.Bearer, Secret: w.pharmacyKey}, session,
	} {
		var seen []string
		for _, r := range []*resource.Resource{w.ward, nil} {
			for _, d := range []string{"chat", "nothing", ""} {
				v := w.visit(gate.ChatCompletions, d)
				v.Credential, v.Resource = c, r
				_, err := w.Enter(t.Context(), v)
				r, ok := errors.AsType[*gate.Refusal](err)
				if !ok {
					t.Fatalf("kind %d: %v", c.Kind, err)
				}
				seen = append(seen, fmt.Sprint(r.Code, r.Principal, r.RetryAfter, r.Limits))
			}
		}
		if len(slices.Compact(seen)) != 1 {
			t.Errorf("kind %d: tells apart: %q", c.Kind, seen)
		}
	}
}

func TestBearerMayBeTheKey(t *testing.T) {
	w := newWorld(t)
	v := w.visit(gate.ChatCompletions, "chat")
	v.Credential.Kind = identity.Bearer
	e, err := w.Enter(t.Context(), v)
	if err != nil || e.Principal.Kind != identity.Application || e.Principal.Pseudonym != "key1" {
		t.Errorf("Enter: %+v, %v", e, err)
	}
	if e.Deployment != w.ward.Deployments["chat"] || e.Resource != w.ward {
		t.Errorf("entry: %+v", e)
	}
	v.Link, v.From = "pe", netip.MustParseAddr("10.0.0.1")
	if _, err := w.Enter(t.Context(), v); err != nil {
		t.Errorf("by the approved link: %v", err)
	}
}

func TestPersonByRole(t *testing.T) {
	w := newWorld(t)
	v := w.visit(gate.PageUse, "chat")
	v.Credential = w.session(t)
	if _, err := w.Enter(t.Context(), v); code(t, err) != gate.MissingRole {
		t.Fatal(err)
	}
	a := access.Assignment{Role: access.ChatUser, Subject: access.Subject{Kind: access.GroupSubject, ID: "nurses"}, Scope: access.Resource("ward")}
	if err := w.access.Add(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	e, err := w.Enter(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Record(t.Context(), gate.Outcome{OK: true, Status: 200, Targets: []string{"d1", "d2"}}); err != nil {
		t.Fatal(err)
	}
	got := w.rec.last()
	if got.Kind != audit.Outcome || got.Target != "d1 d2" || got.Principal == "" || got.Principal == w.person.ID || strings.Contains(got.Principal, "Nora") || got.Code != "" {
		t.Errorf("on the record: %+v", got)
	}
	if e.Record(t.Context(), gate.Outcome{}) == nil || e.Refuse(t.Context(), gate.Outcome{}) == nil {
		t.Error("an entry ended twice")
	}
	if _, err := e.Open(t.Context(), gate.Reserve{}); err == nil {
		t.Error("an entry that ended was opened")
	}
}

// The v1 surface learns the deployment from the body, after Identify.
func TestIdentifyThenEnter(t *testing.T) {
	w := newWorld(t)
	v := w.visit(gate.ChatCompletions, "")
	v.Credential = w.session(t)
	a := access.Assignment{Role: access.OpenAIUser, Subject: access.Subject{Kind: access.PersonSubject, ID: w.person.ID}, Scope: access.Deployment("ward", "chat")}
	if err := w.access.Add(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	before := len(w.rec.all())
	c, err := w.Identify(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if !c.May(t.Context(), gate.ChatCompletions, "chat") || c.May(t.Context(), gate.ChatCompletions, "abroad") || c.May(t.Context(), gate.ChatCompletions, "nothing") || c.May(t.Context(), gate.ChatCompletions, "") {
		t.Error("May differs from the role's scope")
	}
	if n := len(w.rec.all()) - before; n != 0 {
		t.Errorf("%d entries before anything was decided", n)
	}
	e, err := c.Enter(t.Context(), "chat")
	if err != nil || e.Deployment.Name != "chat" || e.Visit.Deployment != "chat" {
		t.Fatalf("Enter: %+v, %v", e, err)
	}
	// Another deployment and one that does not exist look alike.
	for _, d := range []string{"abroad", "nothing", "?", ""} {
		if _, err := c.Enter(t.Context(), d); code(t, err) != gate.MissingRole {
			t.Errorf("Enter(%q): %v", d, err)
		}
	}
	if err := c.Refuse(t.Context(), gate.Outcome{Code: gate.BadRequest}); err != nil {
		t.Fatal(err)
	}
	if got := w.rec.last(); got.Code != "BadRequest" || got.Principal == "" {
		t.Errorf("on the record: %+v", got)
	}
	// From a forbidden place the caller is identified, told nothing, and refused.
	v.From = netip.MustParseAddr("203.0.113.1")
	if c, err = w.Identify(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if c.May(t.Context(), gate.ChatCompletions, "chat") {
		t.Error("May from a forbidden place")
	}
	if _, err := c.Enter(t.Context(), "chat"); code(t, err) != gate.AddressDenied {
		t.Errorf("from a forbidden place: %v", err)
	}
	v.Resource = nil
	if c, err = w.Identify(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Enter(t.Context(), "chat"); code(t, err) != gate.MissingRole || c.May(t.Context(), gate.ChatCompletions, "chat") {
		t.Errorf("at an unknown resource: %v", err)
	}
}

func TestTargetsThatDoNotFitAreCounted(t *testing.T) {
	w := newWorld(t)
	e, err := w.Enter(t.Context(), w.visit(gate.ModelsRead, ""))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range 100 {
		ids = append(ids, fmt.Sprintf("document-%03d", i))
	}
	if err := e.Record(t.Context(), gate.Outcome{OK: true, Targets: ids}); err != nil {
		t.Fatal(err)
	}
	got := w.rec.last().Target
	words := strings.Fields(got)
	if len(got) > audit.MaxText || words[len(words)-1] != fmt.Sprintf("+%d", 100-(len(words)-1)) {
		t.Errorf("target: %q", got)
	}
}

func TestRefusalsOfOpen(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		action     gate.Action
		deployment string
		tokens     int
		want       gate.Code
	}{
		{gate.ChatCompletions, "abroad", 1, gate.NoLawfulBackend},
		{gate.ChatCompletions, "expired", 1, gate.TermsExpired},
		{gate.ChatCompletions, "vectors", 1, gate.NotSupportedByModel},
		{gate.Embeddings, "chat", 1, gate.NotSupportedByModel},
		{gate.ChatCompletions, "unable", 1, gate.NotSupportedByModel},
		{gate.ChatCompletions, "", 1, gate.DeploymentNotFound},
		{gate.ModelsRead, "chat", 1, gate.Internal},
		{gate.ChatCompletions, "chat", 1001, gate.TokenLimit},
		{gate.ChatCompletions, "chat", -1, gate.Internal},
	} {
		e, err := w.Enter(t.Context(), w.visit(tt.action, tt.deployment))
		if err != nil {
			t.Fatal(err)
		}
		before := len(w.rec.all())
		_, err = e.Open(t.Context(), gate.Reserve{Tokens: tt.tokens})
		if err == nil {
			t.Errorf("%+v: opened", tt)
			continue
		}
		if got := code(t, err); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
		if got := w.rec.last(); len(w.rec.all())-before != 1 || got.Kind != audit.Refused || got.Code != tt.want.String() {
			t.Errorf("%+v: on the record: %+v", tt, got)
		}
	}
	// Nothing of it was charged.
	if s := w.ledger.State(quota.Key{Resource: "ward", Deployment: "chat"}, quota.Limits{Tokens: 1000, Requests: 100}, w.now); s.RemainingTokens != 1000 || s.RemainingRequests != 100 {
		t.Errorf("refused operations were charged: %+v", s)
	}
}

func TestLifeOfAPassage(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, 400)
	if got := p.Limits(); !got.Set || got.LimitTokens != 1000 || got.RemainingTokens != 600 || got.RemainingRequests != 99 {
		t.Errorf("limits: %+v", got)
	}
	if err := p.Settle(t.Context(), gate.Outcome{}); err == nil {
		t.Error("settled before the intent")
	}
	permit, err := p.Commit(t.Context(), guard.Report{Action: guard.Annotate, Scanned: 9, Total: 9, Verdicts: []guard.Verdict{{Category: guard.Hate, Severity: 2, Detected: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if names := permit.Backends(); len(names) != 1 || names[0].Name != "gpu" || !permit.Allows("gpu") || permit.Allows("far") || permit.Allows("old") {
		t.Errorf("backends: %+v", names)
	}
	intent := w.rec.last()
	if intent.Kind != audit.Intent || intent.Reserved != 400 || intent.Action != audit.Annotate || len(intent.Verdicts) != 1 || intent.Scanned != 9 || intent.Deployment != "chat" || intent.Model != "m-1" {
		t.Errorf("intent: %+v", intent)
	}
	if _, err := p.Commit(t.Context(), pass); err == nil {
		t.Error("committed twice")
	}
	if err := p.Refuse(t.Context(), gate.Outcome{}); err == nil {
		t.Error("refused after the intent")
	}
	// The client leaves and the clock goes on.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.now = w.now.Add(3 * time.Second)
	if err := p.Settle(ctx, gate.Outcome{OK: true, Status: 200, Backend: "gpu", Finish: "stop", PromptTokens: 10, CompletionTokens: 20, Report: pass}); err != nil {
		t.Fatalf("Settle after the client left: %v", err)
	}
	out := w.rec.last()
	if out.Kind != audit.Outcome || out.ID != intent.ID || out.Backend != "gpu" || out.PromptTokens != 10 || out.CompletionTokens != 20 || out.DurationMS != 3000 || out.Code != "" {
		t.Errorf("outcome: %+v", out)
	}
	if err := p.Settle(t.Context(), gate.Outcome{}); err == nil {
		t.Error("settled twice")
	}
	s := w.ledger.State(quota.Key{Resource: "ward", Deployment: "chat"}, quota.Limits{Tokens: 1000}, w.now)
	if s.RemainingTokens != 970 {
		t.Errorf("after settling 30 of 400: %+v", s)
	}
}

func TestRefusedPassageGivesBack(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, 900)
	if err := p.Refuse(t.Context(), gate.Outcome{Code: gate.ContentFiltered, PromptTokens: 40, Report: guard.Report{Action: guard.Refuse, Scanned: 3, Total: 3}}); err != nil {
		t.Fatal(err)
	}
	got := w.rec.last()
	if got.Kind != audit.Refused || got.Code != "ContentFiltered" || got.Action != audit.Refuse || got.Status != 400 {
		t.Errorf("on the record: %+v", got)
	}
	if p.Refuse(t.Context(), gate.Outcome{}) == nil {
		t.Error("refused twice")
	}
	if _, err := p.Commit(t.Context(), pass); err == nil {
		t.Error("committed after it was refused")
	}
	if s := w.ledger.State(quota.Key{Resource: "ward", Deployment: "chat"}, quota.Limits{Tokens: 1000}, w.now); s.RemainingTokens != 960 {
		t.Errorf("after refusing: %+v", s)
	}
}

func TestCommitTakesOnlyAReportThatPasses(t *testing.T) {
	for _, r := range []guard.Report{
		{}, {Action: guard.Refuse, Scanned: 1, Total: 1}, {Action: guard.Pass, Scanned: 4, Total: 5}, {Action: 99, Scanned: 1, Total: 1},
	} {
		w := newWorld(t)
		permit, err := w.open(t, 100).Commit(t.Context(), r)
		if err == nil || len(permit.Backends()) != 0 {
			t.Errorf("%+v: permit for %v", r, permit.Backends())
			continue
		}
		if got := code(t, err); got != gate.GuardUnavailable {
			t.Errorf("%+v: %s", r, got)
		}
		for _, e := range w.rec.all() {
			if e.Kind == audit.Intent {
				t.Errorf("%+v: an intent is on the record", r)
			}
		}
	}
}

// No record, no answer: each step refuses while the record cannot be written, and
// what was reserved comes back.
func TestNothingHappensOffTheRecord(t *testing.T) {
	w := newWorld(t)
	disk := errors.New("disk")
	key := quota.Key{Resource: "ward", Deployment: "chat"}
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || code(t, err) != gate.RecordUnavailable || !errors.Is(err, disk) {
			t.Errorf("%s: %v", what, err)
		}
	}
	e, err := w.Enter(t.Context(), w.visit(gate.ModelsRead, ""))
	if err != nil {
		t.Fatal(err)
	}
	e2, _ := w.Enter(t.Context(), w.visit(gate.ModelsRead, ""))
	abroad, _ := w.Enter(t.Context(), w.visit(gate.ChatCompletions, "abroad"))
	p, p2, p3 := w.open(t, 100), w.open(t, 100), w.open(t, 100)
	if _, err := p3.Commit(t.Context(), pass); err != nil {
		t.Fatal(err)
	}
	w.rec.broken(disk)
	refused("Record", e.Record(t.Context(), gate.Outcome{}))
	refused("Refuse", e2.Refuse(t.Context(), gate.Outcome{}))
	_, err = abroad.Open(t.Context(), gate.Reserve{})
	refused("Open", err)
	permit, err := p.Commit(t.Context(), pass)
	refused("Commit", err)
	if len(permit.Backends()) != 0 {
		t.Error("a permit without an intent")
	}
	refused("Passage.Refuse", p2.Refuse(t.Context(), gate.Outcome{}))
	refused("Settle", p3.Settle(t.Context(), gate.Outcome{}))
	v := w.visit(gate.ModelsRead, "")
	v.Credential.Secret = identity.NewSecret("wrong")
	_, err = w.Enter(t.Context(), v)
	refused("Enter", err)
	if s := w.ledger.State(key, quota.Limits{Tokens: 1000}, w.now); s.RemainingTokens != 1000 {
		t.Errorf("reserves were kept: %+v", s)
	}
}

func TestFloodsAreCounted(t *testing.T) {
	w := newWorld(t)
	counter := audit.NewCounter(w.rec, audit.CounterOptions{PerSecond: 3, Every: time.Hour, Now: func() time.Time { return w.now }})
	g, err := gate.New(gate.Config{Identity: w.dir, Access: w.access, Quota: w.ledger, Log: w.rec, Floods: counter, Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	v := w.visit(gate.ChatCompletions, "chat")
	v.Credential.Secret = identity.NewSecret("wrong")
	for range 100 {
		if _, err := g.Enter(t.Context(), v); code(t, err) != gate.InvalidKey {
			t.Fatal(err)
		}
	}
	if n := len(w.rec.all()); n != 3 {
		t.Errorf("%d entries of their own", n)
	}
	if err := counter.Close(); err != nil {
		t.Fatal(err)
	}
	if got := w.rec.last(); got.Kind != audit.Counted || got.Count != 97 || got.Code != "InvalidKey" {
		t.Errorf("counted: %+v", got)
	}
}

func TestSettleOnceUnderConcurrency(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, 100)
	if _, err := p.Commit(t.Context(), pass); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	ok := 0
	for range 16 {
		wg.Go(func() {
			if p.Settle(t.Context(), gate.Outcome{OK: true}) == nil {
				mu.Lock()
				ok++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if ok != 1 {
		t.Errorf("settled %d times", ok)
	}
}

func TestCodesAreClosedWords(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range gate.Codes() {
		if c.String() == "" || seen[c.String()] || c.Status() < 400 {
			t.Errorf("code %d: %q, status %d", c, c, c.Status())
		}
		seen[c.String()] = true
	}
	if gate.Code(250).String() != "Internal" || gate.Code(250).Status() != 500 {
		t.Error("a code out of range is not Internal")
	}
	if (gate.Permit{}).Backends() != nil || (gate.Permit{}).Allows("") {
		t.Error("the zero Permit opens something")
	}
}

func TestNewWantsItsParts(t *testing.T) {
	w := newWorld(t)
	whole := gate.Config{Identity: w.dir, Access: w.access, Quota: w.ledger, Log: w.rec}
	for i, strip := range []func(c *gate.Config){
		func(c *gate.Config) { c.Identity = nil }, func(c *gate.Config) { c.Access = nil },
		func(c *gate.Config) { c.Quota = nil }, func(c *gate.Config) { c.Log = nil },
	} {
		c := whole
		strip(&c)
		if _, err := gate.New(c); err == nil {
			t.Errorf("case %d: a gate without a part", i)
		}
	}
}

// With the real log, from the first entry to the verification of the files.
func TestOnTheRealRecord(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	log, err := audit.Open(t.Context(), dir, audit.Options{Origin: "test/1"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.New(gate.Config{Identity: w.dir, Access: w.access, Quota: w.ledger, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	w.now = time.Now()
	for _, d := range w.ward.Deployments {
		for _, b := range d.Backends {
			b.Terms.Expires = w.now.AddDate(1, 0, 0)
		}
	}
	w.Gate = g
	p := w.open(t, 50)
	if _, err := p.Commit(t.Context(), pass); err != nil {
		t.Fatal(err)
	}
	if err := p.Settle(t.Context(), gate.Outcome{OK: true, Status: 200, PromptTokens: 5, CompletionTokens: 7}); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	ledger := quota.New()
	for it, err := range audit.Read(dir, 0) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, it.Entry.Kind.String())
	}
	if got := strings.Join(kinds, " "); got != "intent outcome" {
		t.Errorf("on the record: %s", got)
	}
	// After a restart the last minute counts.
	entries := func(yield func(audit.Entry, error) bool) {
		for it, err := range audit.Read(dir, 0) {
			if !yield(it.Entry, err) {
				return
			}
		}
	}
	if err := gate.Restore(ledger, entries, time.Now()); err != nil {
		t.Fatal(err)
	}
	if s := ledger.State(quota.Key{Resource: "ward", Deployment: "chat"}, quota.Limits{Tokens: 1000, Requests: 10}, time.Now()); s.RemainingTokens != 988 || s.RemainingRequests != 9 {
		t.Errorf("restored: %+v", s)
	}
}

func TestRestore(t *testing.T) {
	entry := func(k audit.Kind, id string, ago time.Duration, reserved, used int) audit.Entry {
		return audit.Entry{Kind: k, ID: id, Time: t0.Add(-ago), Resource: "r", Deployment: "d", Reserved: reserved, PromptTokens: used}
	}
	entries := []audit.Entry{
		entry(audit.Intent, "old", 5*time.Minute, 500, 0),
		entry(audit.Intent, "settled", 50*time.Second, 300, 0),
		entry(audit.Outcome, "settled", 40*time.Second, 300, 20),
		entry(audit.Outcome, "old", 30*time.Second, 500, 400),
		entry(audit.Outcome, "list", 20*time.Second, 0, 0),
		entry(audit.Intent, "open", 10*time.Second, 100, 0),
		entry(audit.Intent, "crashed", 9*time.Second, 60, 0),
		{Kind: audit.Outcome, ID: "crashed", Time: t0.Add(-time.Second), Resource: "r", Deployment: "d", Reserved: 60, Finish: "unknown"},
	}
	l := quota.New()
	err := gate.Restore(l, func(yield func(audit.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}, t0)
	if err != nil {
		t.Fatal(err)
	}
	s := l.State(quota.Key{Resource: "r", Deployment: "d"}, quota.Limits{Tokens: 1000, Requests: 10}, t0)
	if s.RemainingTokens != 820 || s.RemainingRequests != 7 {
		t.Errorf("restored: %+v", s)
	}
	if gate.Restore(l, func(yield func(audit.Entry, error) bool) { yield(audit.Entry{}, errors.New("damaged")) }, t0) == nil {
		t.Error("a record that cannot be read restored")
	}
}

// nothing is a record that costs nothing, to see what the gate costs.
type nothing struct{}

func (nothing) Append(context.Context, audit.Entry) (audit.Receipt, error) {
	return audit.Receipt{Index: 1}, nil
}

func BenchmarkPassage(b *testing.B) {
	w := newWorld(b)
	g, err := gate.New(gate.Config{Identity: w.dir, Access: w.access, Quota: w.ledger, Log: nothing{}})
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range w.ward.Deployments {
		r.Limits = resource.Limits{TokensPerMinute: 1 << 50, RequestsPerMinute: 1 << 40}
		for _, u := range r.Backends {
			u.Terms.Expires = time.Now().AddDate(1, 0, 0)
		}
	}
	ctx := context.Background()
	v := w.visit(gate.ChatCompletions, "chat")
	report := guard.Report{Action: guard.Pass, Scanned: 100, Total: 100, Verdicts: make([]guard.Verdict, 5)}
	a := access.Assignment{Role: access.ChatUser, Subject: access.Subject{Kind: access.GroupSubject, ID: "nurses"}, Scope: access.Resource("ward")}
	if err := w.access.Add(ctx, a); err != nil {
		b.Fatal(err)
	}
	person := v
	person.Action, person.Credential = gate.PageUse, w.session(b)
	for name, v := range map[string]gate.Visit{"key": v, "person": person} {
		b.Run(name, func(b *testing.B) { passages(b, g, v, report) })
	}
}

func passages(b *testing.B, g *gate.Gate, v gate.Visit, report guard.Report) {
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		e, err := g.Enter(ctx, v)
		if err != nil {
			b.Fatal(err)
		}
		p, err := e.Open(ctx, gate.Reserve{Tokens: 100})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Commit(ctx, report); err != nil {
			b.Fatal(err)
		}
		if err := p.Settle(ctx, gate.Outcome{OK: true, Status: 200, PromptTokens: 10, CompletionTokens: 20, Report: report}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrongKey(b *testing.B) {
	w := newWorld(b)
	counter := audit.NewCounter(nothing{}, audit.CounterOptions{})
	defer counter.Close()
	g, err := gate.New(gate.Config{Identity: w.dir, Access: w.access, Quota: w.ledger, Log: nothing{}, Floods: counter})
	if err != nil {
		b.Fatal(err)
	}
	v := w.visit(gate.ChatCompletions, "chat")
	v.Credential.Secret = identity.NewSecret(strings.Repeat("x", 84))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Enter(context.Background(), v); err == nil {
			b.Fatal("let in")
		}
	}
}
