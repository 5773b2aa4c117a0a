package upstream

import (
	"context"
	"errors"

	"github.com/sony/gobreaker/v2"

	"sallyport/internal/exchange"
)

// breaker keeps traffic away from a backend that fails again and again. What
// counts: no connection, no answer in time, 5xx, an answer cut short, garbage from
// the start. What does not: 429 and 4xx (the backend is well), callers that leave,
// and garbage once an answer has begun: what a model writes depends on the prompt,
// and no caller should be able to close a backend for all others with one.
type breaker struct {
	cb *gobreaker.TwoStepCircuitBreaker[struct{}]
}

// errNeutral is counted neither way.
var errNeutral = errors.New("neutral")

func newBreaker(cfg Config) *breaker {
	if cfg.Breaker.Off {
		return &breaker{}
	}
	return &breaker{gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        cfg.Name,
		MaxRequests: uint32(cfg.Breaker.Probes),
		Timeout:     cfg.Breaker.Open,
		ReadyToTrip: func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= cfg.Breaker.Failures },
		IsExcluded:  func(err error) bool { return errors.Is(err, errNeutral) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			cfg.Logger.Warn("backend circuit", "backend", name, "from", from.String(), "to", to.String())
		},
	})}
}

// ticket is one call that the breaker let through. It is settled once; later
// calls of settle do nothing.
type ticket struct {
	done  func(error)
	probe bool // let through half open: settled at the first event, so that the circuit closes soon
}

// allow reports whether a call may go out.
func (b *breaker) allow() (ticket, bool) {
	if b.cb == nil {
		return ticket{}, true
	}
	done, err := b.cb.Allow()
	if err != nil {
		return ticket{}, false
	}
	return ticket{done: done, probe: b.cb.State() == gobreaker.StateHalfOpen}, true
}

func (t *ticket) settle(err error) {
	if t.done != nil {
		t.done(err)
		t.done = nil
	}
}

// verdict is what err means for the breaker; begun: events were yielded before it.
func verdict(err *exchange.UpstreamError, begun bool) error {
	if err == nil {
		return nil
	}
	if begun && err.Fault == exchange.Garbage {
		return errNeutral
	}
	if errors.Is(err.Cause, context.Canceled) || errors.Is(err.Cause, context.DeadlineExceeded) {
		return errNeutral
	}
	switch err.Fault {
	case exchange.Garbage, exchange.Unreachable, exchange.TimedOut, exchange.Cut, exchange.Overloaded:
		return err
	case exchange.Limited, exchange.Denied:
		return errNeutral
	}
	return nil // it answered, if only to say no
}
