package gate

import (
	"context"
	"errors"
	"sync"

	"sallyport/guard"
	"sallyport/internal/gate/quota"
	"sallyport/internal/record/audit"
	"sallyport/internal/resource"
)

// needs is what a model must be able to do for an action that reaches one. An
// action that is not in it reaches no model.
var needs = map[Action]resource.Capability{
	ChatCompletions: resource.Chat,
	Completions:     resource.Chat,
	PageUse:         resource.Chat,
	Embeddings:      resource.Embedding,
}

// Passage is an operation that may reach a backend once it is committed. It ends
// with Refuse or, after Commit, with Settle. It is safe for concurrent use.
type Passage struct {
	entry    *Entry
	limits   RateLimits
	reserved int
	backends []*resource.Backend

	mu    sync.Mutex
	state state      // guarded by mu
	hold  quota.Hold // guarded by mu; settled once
}

type state uint8

const (
	opened state = iota
	committing
	committed
	ended
)

// Open finds the lawful backends and reserves the worst case, in this order: an
// operation that may go nowhere takes nothing from the limits. Its refusals are
// *Refusal and already on the record.
func (e *Entry) Open(ctx context.Context, r Reserve) (*Passage, error) {
	if !e.ended.CompareAndSwap(false, true) {
		return nil, errEnded
	}
	g, d := e.g, e.Deployment
	if d == nil {
		return nil, g.refuse(ctx, e, &Refusal{Code: DeploymentNotFound})
	}
	need, ok := needs[e.Visit.Action]
	if !ok {
		return nil, g.refuse(ctx, e, &Refusal{Code: Internal, Cause: errors.New("gate: the action reaches no model: " + string(e.Visit.Action))})
	}
	if d.Model.Can != need {
		return nil, g.refuse(ctx, e, &Refusal{Code: NotSupportedByModel})
	}
	now := g.c.Now()
	backends, why := d.Lawful(e.Resource, now)
	if len(backends) == 0 {
		code := NoLawfulBackend
		if why == resource.TermsNotCurrent {
			code = TermsExpired
		}
		return nil, g.refuse(ctx, e, &Refusal{Code: code})
	}
	p := &Passage{entry: e, reserved: r.Tokens, backends: backends}
	hold, limits, wait, verdict := g.c.Quota.Reserve(
		quota.Key{Resource: e.Resource.Name, Deployment: d.Name},
		quota.Limits{Tokens: d.Limits.TokensPerMinute, Requests: d.Limits.RequestsPerMinute}, r.Tokens, now)
	p.hold, p.limits = hold, limits
	switch verdict {
	case quota.Granted:
		return p, nil
	case quota.OverTokens:
		return nil, g.refuse(ctx, e, &Refusal{Code: TokenLimit, RetryAfter: wait, Limits: limits})
	case quota.OverCalls:
		return nil, g.refuse(ctx, e, &Refusal{Code: RequestLimit, RetryAfter: wait, Limits: limits})
	}
	return nil, g.refuse(ctx, e, &Refusal{Code: Internal, Cause: errors.New("gate: a reserve cannot be negative")})
}

// Entry is the visit that the passage belongs to.
func (p *Passage) Entry() *Entry { return p.entry }

// Limits are the deployment's limits when the passage was opened.
func (p *Passage) Limits() RateLimits { return p.limits }

// Refuse ends a passage that was not committed: the prompt was blocked or a
// guard failed. The reserve is given back but for o.PromptTokens.
func (p *Passage) Refuse(ctx context.Context, o Outcome) error {
	if !p.move(opened, ended) {
		return errEnded
	}
	p.settle(o.PromptTokens)
	return p.entry.g.recordRefusal(ctx, p.entry, o)
}

// Commit puts the intent on the record, with what the guards said of the prompt,
// and returns the right to cause the effect. The intent is durable on return. A
// report that refuses, or that did not see all of the prompt, commits nothing.
// After an error the passage has ended, the reserve is given back and no backend
// may be called.
func (p *Passage) Commit(ctx context.Context, r guard.Report) (Permit, error) {
	if r.Action == guard.Refuse || r.Action > guard.Pass || r.Scanned < r.Total {
		if err := p.Refuse(ctx, Outcome{Code: GuardUnavailable, Report: r}); err != nil {
			return Permit{}, err
		}
		return Permit{}, &Refusal{Code: GuardUnavailable, Cause: errors.New("gate: the report does not let the prompt pass")}
	}
	if !p.move(opened, committing) {
		return Permit{}, errEnded
	}
	l := p.entry.line(audit.Intent)
	l.report(&r)
	l.Reserved = p.reserved
	receipt, err := p.entry.g.append(ctx, l.Entry)
	if err != nil {
		p.move(committing, ended)
		p.settle(0)
		return Permit{}, err
	}
	p.move(committing, committed)
	return Permit{receipt: receipt, sealed: true, backends: p.backends}, nil
}

// Settle puts the outcome on the record and returns what was reserved and not
// used. It outlives the client: the deadline is its own. It succeeds at most
// once; a second call is an error. The caller MUST NOT release finish, usage or
// the end of the answer before it returned nil.
func (p *Passage) Settle(ctx context.Context, o Outcome) error {
	if !p.move(committed, ended) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.state == ended {
			return errEnded
		}
		return errNotCommitted
	}
	p.settle(o.PromptTokens + o.CompletionTokens)
	e := p.entry
	l := e.line(audit.Outcome)
	l.outcome(&o)
	l.Reserved = p.reserved
	l.DurationMS = l.Time.Sub(e.began).Milliseconds()
	_, err := e.g.append(ctx, l.Entry)
	return err
}

func (p *Passage) move(from, to state) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != from {
		return false
	}
	p.state = to
	return true
}

func (p *Passage) settle(used int) {
	p.mu.Lock()
	hold := p.hold
	p.hold = quota.Hold{}
	p.mu.Unlock()
	hold.Settle(used, p.entry.g.c.Now())
}
