// Package access decides by role who may do what where. The rules are a closed
// set of Cedar policies (policies.cedar); role assignments are the entities they
// are judged with. Deny is the default and the zero Decision, an error in any
// policy denies, and every fact a policy asks for is always there, with a word
// for "unknown".
package access

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"sallyport/internal/gate/identity"
)

//go:embed policies.cedar
var policyText []byte

// Request asks whether a principal may do something.
type Request struct {
	Principal  identity.Principal
	Action     Action
	Resource   string // a configured name; "" for an unknown one
	Deployment string // as asked; "" for operations without one
}

// Reason is why a request was denied, a closed set. The zero Reason is a fault.
type Reason uint8

// The reasons.
const (
	Fault    Reason = iota // a policy could not be evaluated
	NoRole                 // nothing permits it
	Unknown                // nothing permits it, and the caller's groups are unknown
	Forbids                // a policy forbids it
	Permits                // it is allowed
	NoAction               // the action is not one of Actions
)

// Decision is the answer. The zero Decision denies.
type Decision struct {
	Allow  bool
	Reason Reason
	Why    []string // policies that decided, or the roles that would; closed words
}

// Table is where assignments live. Implementations MUST be safe for concurrent
// use and Put MUST replace an assignment with the same ID.
type Table interface {
	All(ctx context.Context) ([]Assignment, error)
	Put(ctx context.Context, a Assignment) error
	// Delete removes an assignment; ErrNotFound when there is none.
	Delete(ctx context.Context, id string) error
}

// ErrNotFound says that there is no such assignment.
var ErrNotFound = errors.New("no such role assignment")

// Config is what a decider needs.
type Config struct {
	Table  Table            // required
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: discards
}

// Decider decides. It is safe for concurrent use.
type Decider struct {
	table    Table
	now      func() time.Time
	log      *slog.Logger
	policies policies
	current  atomic.Pointer[snapshot]
	mu       sync.Mutex // held while assignments change
}

// policies is a slice, because a map would be walked in random order and slower.
type policies []policy

type policy struct {
	id types.PolicyID
	p  *cedar.Policy
}

// All satisfies cedar.PolicyIterator.
func (ps policies) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, p := range ps {
			if !yield(p.id, p.p) {
				return
			}
		}
	}
}

// Open reads the assignments and returns a decider.
func Open(ctx context.Context, c Config) (*Decider, error) {
	if c.Table == nil {
		return nil, errors.New("access: Table is required")
	}
	ps, err := parsePolicies(policyText)
	if err != nil {
		return nil, err
	}
	d := &Decider{table: c.Table, now: c.Now, log: c.Logger, policies: ps}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d, d.Reload(ctx)
}

func parsePolicies(text []byte) (policies, error) {
	list, err := cedar.NewPolicyListFromBytes("policies.cedar", text)
	if err != nil {
		return nil, fmt.Errorf("reading the policies: %w", err)
	}
	var ps policies
	for _, p := range list {
		id := types.PolicyID(p.Annotations()["id"])
		if id == "" || slices.ContainsFunc(ps, func(q policy) bool { return q.id == id }) {
			return nil, fmt.Errorf("reading the policies: @id %q is missing or not unique", id)
		}
		ps = append(ps, policy{id, p})
	}
	return ps, nil
}

// Reload reads the assignments again: another process may have changed them.
func (d *Decider) Reload(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reloadLocked(ctx)
}

func (d *Decider) reloadLocked(ctx context.Context) error {
	list, err := d.table.All(ctx)
	if err != nil {
		return fmt.Errorf("reading role assignments: %w", err)
	}
	for _, a := range list {
		// One that cannot be read gives nobody a right, but it may be the one that an
		// administrator believes in: stop rather than drop it.
		if err := a.check(); err != nil {
			return fmt.Errorf("role assignment %q: %w", a.ID(), err)
		}
	}
	slices.SortFunc(list, func(a, b Assignment) int { return strings.Compare(a.ID(), b.ID()) })
	d.current.Store(newSnapshot(list))
	return nil
}

// Add assigns a role. Adding what is there already changes nothing.
func (d *Decider) Add(ctx context.Context, a Assignment) error {
	if err := a.check(); err != nil {
		return err
	}
	if a.Created.IsZero() {
		a.Created = d.now().UTC().Truncate(time.Second)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.table.Put(ctx, a); err != nil {
		return fmt.Errorf("storing a role assignment: %w", err)
	}
	return d.reloadLocked(ctx)
}

// Remove takes an assignment back. It holds for every decision that begins after
// it returned. ErrNotFound says that there was none.
func (d *Decider) Remove(ctx context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.table.Delete(ctx, id); err != nil {
		return fmt.Errorf("removing a role assignment: %w", err)
	}
	return d.reloadLocked(ctx)
}

// List returns the assignments, ordered by ID.
func (d *Decider) List() []Assignment { return slices.Clone(d.current.Load().list) }

// contexts are the facts of a request: a closed set, so they are made once.
var contexts = func() (all [4][2]types.Record) {
	vias := [4]types.String{identity.None: "unknown", identity.Key: "key", identity.Bearer: "token", identity.Session: "session"}
	for i, via := range vias {
		for known, word := range [2]types.String{"unknown", "known"} {
			all[i][known] = types.NewRecord(types.RecordMap{"via": via, "groups": word})
		}
	}
	return all
}()

func facts(p *identity.Principal) types.Record {
	via, known := p.Via, 0
	if int(via) >= len(contexts) {
		via = identity.None
	}
	// A resource key in an Authorization header is still a key.
	if p.Kind == identity.Application {
		via = identity.Key
	}
	if p.GroupsKnown {
		known = 1
	}
	return contexts[via][known]
}

// Decide answers r. ctx is not used yet: the decision is made in memory.
func (d *Decider) Decide(_ context.Context, r Request) Decision {
	uid, ok := actions[r.Action]
	if !ok {
		return Decision{Reason: NoAction}
	}
	s := d.current.Load()
	at := s.place(r.Resource, r.Deployment)
	e := &entities{place: at, snapshot: s, principal: s.principal(&r.Principal, at)}
	allowed, diagnostic := cedar.Authorize(d.policies, e, cedar.Request{
		Principal: e.principal.UID, Action: uid, Resource: at.entity.UID, Context: facts(&r.Principal),
	})
	return d.decide(allowed, &diagnostic, &r)
}

func (d *Decider) decide(allowed cedar.Decision, diagnostic *cedar.Diagnostic, r *Request) Decision {
	if len(diagnostic.Errors) > 0 {
		// Cedar skips a policy that errs. A forbid that is skipped would allow, so any
		// error denies.
		d.log.Error("an access policy could not be evaluated", slog.String("policy", string(diagnostic.Errors[0].PolicyID)))
		return Decision{Reason: Fault, Why: []string{string(diagnostic.Errors[0].PolicyID)}}
	}
	if allowed && len(diagnostic.Reasons) > 0 {
		return Decision{Allow: true, Reason: Permits, Why: ids(diagnostic.Reasons)}
	}
	if len(diagnostic.Reasons) > 0 {
		return Decision{Reason: Forbids, Why: ids(diagnostic.Reasons)}
	}
	why := Decision{Reason: NoRole, Why: carrying[r.Action]}
	if r.Principal.Kind == identity.Person && !r.Principal.GroupsKnown {
		why.Reason = Unknown
	}
	return why
}

func ids(reasons []cedar.DiagnosticReason) []string {
	out := make([]string, len(reasons))
	for i, r := range reasons {
		out[i] = string(r.PolicyID)
	}
	return out
}

// actions are Cedar's names of the actions, made once.
var actions = func() map[Action]types.EntityUID {
	m := make(map[Action]types.EntityUID, len(Actions))
	for _, a := range Actions {
		m[a] = cedar.NewEntityUID(actionType, types.String(a))
	}
	return m
}()

// carrying lists for each action the roles that would permit it. A test holds it
// to the policies.
var carrying = map[Action][]string{
	ChatCompletions: {string(OpenAIUser), string(OpenAIContributor), string(CognitiveServicesUser)},
	Completions:     {string(OpenAIUser), string(OpenAIContributor), string(CognitiveServicesUser)},
	Embeddings:      {string(OpenAIUser), string(OpenAIContributor), string(CognitiveServicesUser)},
	ModelsRead:      {string(OpenAIUser), string(OpenAIContributor), string(CognitiveServicesUser)},
	TextAnalyze:     {string(CognitiveServicesUser)}, ShieldPrompt: {string(CognitiveServicesUser)}, Groundedness: {string(CognitiveServicesUser)},
	ProtectedMaterial: {string(CognitiveServicesUser)}, BlocklistsRead: {string(CognitiveServicesUser)}, BlocklistsWrite: {string(CognitiveServicesUser)},
	BlocklistsDelete: {string(CognitiveServicesUser)}, LanguageAnalyze: {string(CognitiveServicesUser)},
	PageUse:       {string(ChatUser)},
	KnowledgeRead: {string(ChatUser), string(KnowledgeReader)},
}

// Memory is a Table in memory, for tests and the demo. The zero Memory is empty.
type Memory struct {
	mu   sync.Mutex
	rows map[string]Assignment // by ID; guarded by mu
}

// All returns every assignment.
func (m *Memory) All(context.Context) ([]Assignment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Assignment
	for _, a := range m.rows {
		list = append(list, a)
	}
	return list, nil
}

// Put adds or replaces a.
func (m *Memory) Put(_ context.Context, a Assignment) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[string]Assignment{}
	}
	m.rows[a.ID()] = a
	return nil
}

// Delete removes an assignment.
func (m *Memory) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.rows[id]; !ok {
		return ErrNotFound
	}
	delete(m.rows, id)
	return nil
}
