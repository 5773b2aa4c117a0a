package gate

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sallyport/guard"
	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
	"sallyport/internal/gate/network"
	"sallyport/internal/gate/quota"
	"sallyport/internal/record/audit"
	"sallyport/internal/resource"
)

// recordDeadline bounds each write to the record. It outlives the client: who
// leaves cannot keep a decision off the record. Generous beside a slow disk's
// fsync, short beside a load balancer's patience.
const recordDeadline = 10 * time.Second

// Recorder is the record. *audit.Log is the one in production. Append MUST have
// made the entry durable when it returns without an error, and may be called
// concurrently.
type Recorder interface {
	Append(ctx context.Context, e audit.Entry) (audit.Receipt, error)
}

// Floods records refusals of callers whom nobody knows: the first few of a second
// one by one, the rest counted. *audit.Counter is the one in production. Refuse
// MUST have made the entry durable or counted it when it returns nil.
type Floods interface {
	Refuse(ctx context.Context, e audit.Entry) error
}

// Config is what a gate needs.
type Config struct {
	Identity *identity.Directory // required
	Access   *access.Decider     // required
	Quota    *quota.Ledger       // required
	Log      Recorder            // required
	Floods   Floods              // nil: every refusal of somebody unknown gets an entry of its own
	Now      func() time.Time    // nil: time.Now
	Logger   *slog.Logger        // nil: discards
	// Mask is how a client's address appears on the record. Nil: network.Mask.
	Mask func(netip.Addr) string
}

// Gate decides and records. It is safe for concurrent use.
type Gate struct {
	c Config
}

// New returns a gate.
func New(c Config) (*Gate, error) {
	switch {
	case c.Identity == nil:
		return nil, errors.New("gate: Identity is required")
	case c.Access == nil:
		return nil, errors.New("gate: Access is required")
	case c.Quota == nil:
		return nil, errors.New("gate: Quota is required")
	case c.Log == nil:
		return nil, errors.New("gate: Log is required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Mask == nil {
		c.Mask = network.Mask
	}
	return &Gate{c: c}, nil
}

// Entry is a visit that was let in. It ends with exactly one of Open, Refuse and
// Record.
type Entry struct {
	Visit      Visit
	Principal  identity.Principal
	Resource   *resource.Resource
	Deployment *resource.Deployment // nil for operations without one

	g     *Gate
	began time.Time
	ended atomic.Bool
}

var (
	errEnded        = errors.New("gate: the operation has ended already")
	errNotCommitted = errors.New("gate: the intent is not on the record")
)

// Enter is Identify and then Caller.Enter for the deployment of the visit. It
// proves identity, right and network place, in this order, and then looks the
// deployment up. Nothing about the resource is looked up or told before the
// caller's right to it is proven:
//
//   - a wrong key, another resource's key and an unknown resource get the same
//     InvalidKey, by the same computation;
//   - a proven person without a right gets MissingRole whether the resource
//     exists or not, whatever the network rules say, and whether the deployment
//     exists or not;
//   - network refusals are told to those only who hold a right there.
//
// Its refusals are *Refusal and already on the record.
func (g *Gate) Enter(ctx context.Context, v Visit) (*Entry, error) {
	c, err := g.identify(ctx, v)
	if err != nil {
		return nil, err
	}
	return c.Enter(ctx, v.Deployment)
}

// Caller is somebody whose identity was proven and nothing more. It may Enter
// several times.
type Caller struct {
	g         *Gate
	visit     Visit
	principal identity.Principal
	began     time.Time
}

// Identify proves identity only, for a surface that reads the deployment's name
// in the body: a body is read for proven callers only. Nothing is authorised and
// nothing about the resource is told yet; v.Deployment is not looked at. Its
// refusals are *Refusal and already on the record.
func (g *Gate) Identify(ctx context.Context, v Visit) (*Caller, error) {
	c, err := g.identify(ctx, v)
	if err != nil {
		return nil, err
	}
	return &c, nil
}

func (g *Gate) identify(ctx context.Context, v Visit) (c Caller, err error) {
	c = Caller{g: g, visit: v, began: g.c.Now()}
	name := "" // of no resource: Authenticate compares with a decoy
	if v.Resource != nil {
		name = v.Resource.Name
	}
	if c.principal, err = g.c.Identity.Authenticate(ctx, name, v.Credential); err != nil {
		return Caller{}, g.stranger(ctx, c.entry(""), err)
	}
	return c, nil
}

func (c *Caller) entry(deployment string) *Entry {
	e := &Entry{Visit: c.visit, Principal: c.principal, Resource: c.visit.Resource, g: c.g, began: c.began}
	e.Visit.Deployment = deployment
	return e
}

// Principal is who it is.
func (c *Caller) Principal() identity.Principal { return c.principal }

// Enter judges right and network place for a deployment, "" for the resource
// itself, and looks the deployment up. Its refusals are *Refusal and already on
// the record.
func (c *Caller) Enter(ctx context.Context, deployment string) (*Entry, error) {
	g, e := c.g, c.entry(deployment)
	if code := g.admit(ctx, &c.principal, &e.Visit); code != admitted {
		r := &Refusal{Code: code}
		if code == MissingRole {
			r.Principal = c.principal.Object
		}
		return nil, g.refuse(ctx, e, r)
	}
	if deployment != "" {
		if e.Deployment = e.Resource.Deployments[deployment]; e.Deployment == nil {
			return nil, g.refuse(ctx, e, &Refusal{Code: DeploymentNotFound})
		}
	}
	return e, nil
}

// May answers what Enter would, for another action, and records nothing. It is for
// lists, which show only what their reader may use.
func (c *Caller) May(ctx context.Context, a Action, deployment string) bool {
	v := c.visit
	v.Action, v.Deployment = a, deployment
	if c.g.admit(ctx, &c.principal, &v) != admitted {
		return false
	}
	return deployment == "" || v.Resource.Deployments[deployment] != nil
}

// Refuse puts on the record that the visit was refused before there was an entry:
// a body that cannot be read, or that names no model.
func (c *Caller) Refuse(ctx context.Context, o Outcome) error {
	return c.g.recordRefusal(ctx, c.entry(""), o)
}

// admitted is no code: what admit returns when nothing refuses.
const admitted = codes

// admit judges a proven caller.
func (g *Gate) admit(ctx context.Context, p *identity.Principal, v *Visit) Code {
	r := access.Request{Principal: *p, Action: v.Action, Deployment: v.Deployment}
	if v.Resource != nil {
		r.Resource = v.Resource.Name
	}
	// Access is asked for an unknown resource too: it takes the time of a forbidden one.
	if d := g.c.Access.Decide(ctx, r); v.Resource == nil || !d.Allow {
		return MissingRole
	}
	switch network.Check(v.Resource, v.From, v.Link) {
	case network.Allowed:
	case network.AddressDenied:
		return AddressDenied
	case network.LinkDenied:
		return LinkDenied
	default:
		return PublicAccessDisabled
	}
	if p.Kind == identity.Application && !v.Resource.LocalAuth {
		return KeyAuthDisabled
	}
	return admitted
}

// Stray puts a request on the record that no route takes: nobody was identified,
// so a flood of them is counted like a flood of wrong keys.
func (g *Gate) Stray(ctx context.Context, v Visit, o Outcome) error {
	c := Caller{g: g, visit: v, began: g.c.Now()}
	e := c.entry("")
	if g.c.Floods == nil {
		return g.recordRefusal(ctx, e, o)
	}
	l := e.refusal(&o)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordDeadline)
	defer cancel()
	if err := g.c.Floods.Refuse(ctx, l.Entry); err != nil {
		return g.unrecorded(ctx, audit.Refused, err)
	}
	return nil
}

// stranger records that somebody unknown was refused.
func (g *Gate) stranger(ctx context.Context, e *Entry, cause error) error {
	r := &Refusal{Code: InvalidKey, Cause: cause}
	switch {
	case errors.Is(cause, identity.ErrUnavailable):
		r.Code = IdentityUnavailable
	case errors.Is(cause, identity.ErrToken):
		r.Code = InvalidToken
	}
	if g.c.Floods == nil {
		return g.refuse(ctx, e, r)
	}
	l := e.refusal(&Outcome{Code: r.Code})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordDeadline)
	defer cancel()
	if err := g.c.Floods.Refuse(ctx, l.Entry); err != nil {
		return g.unrecorded(ctx, audit.Refused, err)
	}
	return r
}

// refuse puts r on the record and returns it, or RecordUnavailable.
func (g *Gate) refuse(ctx context.Context, e *Entry, r *Refusal) error {
	if err := g.recordRefusal(ctx, e, Outcome{Code: r.Code}); err != nil {
		return err
	}
	return r
}

func (g *Gate) recordRefusal(ctx context.Context, e *Entry, o Outcome) error {
	l := e.refusal(&o)
	_, err := g.append(ctx, l.Entry)
	return err
}

func (e *Entry) refusal(o *Outcome) line {
	l := e.line(audit.Refused)
	l.outcome(o)
	if l.Status == 0 {
		l.Status = o.Code.Status()
	}
	l.DurationMS = l.Time.Sub(e.began).Milliseconds()
	return l
}

// append writes an entry, whether the client stays or not. Its error is a
// *Refusal.
func (g *Gate) append(ctx context.Context, e audit.Entry) (audit.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordDeadline)
	defer cancel()
	receipt, err := g.c.Log.Append(ctx, e)
	if err != nil {
		return receipt, g.unrecorded(ctx, e.Kind, err)
	}
	return receipt, nil
}

// unrecorded is the refusal of whatever could not be put on the record.
func (g *Gate) unrecorded(ctx context.Context, k audit.Kind, err error) error {
	g.c.Logger.LogAttrs(ctx, slog.LevelError, "the record could not be written", slog.String("kind", k.String()), slog.Any("err", err))
	return &Refusal{Code: RecordUnavailable, Cause: err}
}

// Refuse ends the operation with one durable entry: bad input and the like.
func (e *Entry) Refuse(ctx context.Context, o Outcome) error {
	if !e.ended.CompareAndSwap(false, true) {
		return errEnded
	}
	return e.g.recordRefusal(ctx, e, o)
}

// Record ends an operation without an effect outside with one durable entry. The
// caller MUST NOT show the effect before it returned nil.
func (e *Entry) Record(ctx context.Context, o Outcome) error {
	if !e.ended.CompareAndSwap(false, true) {
		return errEnded
	}
	kind := audit.Outcome
	if e.Visit.Action == SessionUse {
		kind = audit.Session
	}
	l := e.line(kind)
	l.outcome(&o)
	l.DurationMS = l.Time.Sub(e.began).Milliseconds()
	_, err := e.g.append(ctx, l.Entry)
	return err
}

// line is an entry under way to the record.
type line struct{ audit.Entry }

func (e *Entry) line(k audit.Kind) line {
	v := &e.Visit
	l := line{audit.Entry{
		Time: e.g.c.Now(), Kind: k, ID: v.RequestID, Operation: v.Operation, Surface: v.Surface,
		Principal: e.Principal.Pseudonym, From: e.g.c.Mask(v.From),
	}}
	if v.Resource != nil {
		l.Resource, l.Region = v.Resource.Name, v.Resource.Region.Name
	}
	// The name of a deployment that does not exist is the caller's text: not for
	// the record.
	if e.Deployment != nil {
		l.Deployment, l.Model = e.Deployment.Name, e.Deployment.Model.ID()
	}
	return l
}

func (l *line) outcome(o *Outcome) {
	l.Status, l.Finish, l.Backend = o.Status, o.Finish, o.Backend
	if !o.OK {
		l.Code = o.Code.String()
	}
	l.PromptTokens, l.CompletionTokens = o.PromptTokens, o.CompletionTokens
	l.Target = targets(o.Targets)
	l.report(&o.Report)
}

// targets joins identifiers. When they do not fit in a field the last word says
// how many are missing, so that the record never claims to be whole.
func targets(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	const room = audit.MaxText - len(" +1000000")
	var b strings.Builder
	for i, id := range ids {
		if b.Len()+1+len(id) > room {
			b.WriteString(" +" + strconv.Itoa(len(ids)-i))
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(id)
	}
	return strings.TrimSpace(b.String())
}

func (l *line) report(r *guard.Report) {
	l.Scanned, l.Total = r.Scanned, r.Total
	// The zero Report refuses, but where nothing was judged no filter ran.
	if r.Action == guard.Refuse && r.Total == 0 && len(r.Verdicts) == 0 {
		return
	}
	if int(r.Action) < len(actions) { // else it is no action, and none is claimed
		l.Action = actions[r.Action]
	}
	if len(r.Verdicts) == 0 {
		return
	}
	l.Verdicts = make([]audit.VerdictNote, len(r.Verdicts))
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		l.Verdicts[i] = audit.VerdictNote{
			Category: string(v.Category), Severity: int(v.Severity), Detected: v.Detected, Filtered: v.Filtered,
			Label: v.Label, Stage: v.Stage, Version: v.Version,
		}
	}
}

// actions are the record's words, by guard.Action.
var actions = [...]audit.Action{
	guard.Refuse:   audit.Refuse,
	guard.Hold:     audit.Hold,
	guard.Redact:   audit.Redact,
	guard.Annotate: audit.Annotate,
	guard.Pass:     audit.Pass,
}
