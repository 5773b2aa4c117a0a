package gate

import (
	"context"
	"errors"

	"sallyport/internal/gate/quota"
	"sallyport/internal/record/audit"
)

// Pool names what operations that reach no model are counted under, per resource.
// The slash keeps it apart from every deployment's name.
type Pool string

// The pools.
const (
	SafetyPool   Pool = "/contentsafety"
	LanguagePool Pool = "/language"
)

// Meter takes one request from the pool's limit, requests in any minute; zero is
// no limit. A refusal is a *Refusal, is on the record, and ends the operation.
// After a crash the pools begin empty: what they bound is the load on this
// process.
func (e *Entry) Meter(ctx context.Context, p Pool, requests int) error {
	if e.ended.Load() {
		return errEnded
	}
	g := e.g
	_, limits, wait, verdict := g.c.Quota.Reserve(quota.Key{Resource: e.Resource.Name, Deployment: string(p)}, quota.Limits{Requests: requests}, 0, g.c.Now())
	if verdict == quota.Granted {
		return nil
	}
	if !e.ended.CompareAndSwap(false, true) {
		return errEnded
	}
	if verdict == quota.OverCalls {
		return g.refuse(ctx, e, &Refusal{Code: RequestLimit, RetryAfter: wait, Limits: limits})
	}
	return g.refuse(ctx, e, &Refusal{Code: Internal, Cause: errors.New("gate: the ledger cannot say")})
}

// Intend puts on the record, durably, that the operation is about to change what
// is stored; ids name it. Record
// ends the operation, also when the change failed. The caller MUST
// NOT change anything before it returned nil. After an error the operation has
// ended.
func (e *Entry) Intend(ctx context.Context, ids ...string) error {
	if e.ended.Load() {
		return errEnded
	}
	l := e.line(audit.Intent)
	l.Target = targets(ids)
	if _, err := e.g.append(ctx, l.Entry); err != nil {
		e.ended.Store(true)
		return err
	}
	return nil
}
