package openai

import (
	"context"

	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
)

// Behind is the Service of a gate and an exchange.
func Behind(g *gate.Gate, x *exchange.Exchange) Service { return behind{g, x} }

type behind struct {
	gate     *gate.Gate
	exchange *exchange.Exchange
}

// Identify asks the gate.
func (b behind) Identify(ctx context.Context, v gate.Visit) (Caller, error) {
	c, err := b.gate.Identify(ctx, v)
	if err != nil {
		return nil, err
	}
	return caller{c, b.exchange}, nil
}

// Stray asks the gate.
func (b behind) Stray(ctx context.Context, v gate.Visit, o gate.Outcome) error {
	return b.gate.Stray(ctx, v, o)
}

// caller is a Caller.
type caller struct {
	*gate.Caller
	exchange *exchange.Exchange
}

// Enter asks the gate.
func (c caller) Enter(ctx context.Context, deployment string) (Entry, error) {
	e, err := c.Caller.Enter(ctx, deployment)
	if err != nil {
		return nil, err
	}
	return entry{e, c.exchange}, nil
}

// entry is an Entry.
type entry struct {
	*gate.Entry
	exchange *exchange.Exchange
}

// Deployment is the one that was entered.
func (e entry) Deployment() *resource.Deployment { return e.Entry.Deployment }

// Chat opens the passage and runs.
func (e entry) Chat(ctx context.Context, c *conversation.Conversation) (conversation.Stream, gate.RateLimits, error) {
	p, err := e.Open(ctx, exchange.Reserve(c, e.Entry.Deployment))
	if err != nil {
		return nil, gate.RateLimits{}, err
	}
	return e.exchange.Run(ctx, p, c), p.Limits(), nil
}

// Embed opens the passage and asks for vectors.
func (e entry) Embed(ctx context.Context, r exchange.EmbedRequest) (Embedded, error) {
	p, err := e.Open(ctx, exchange.EmbedReserve(r))
	if err != nil {
		return Embedded{}, err
	}
	a := Embedded{Limits: p.Limits()}
	a.Vectors, a.Usage, a.Report, err = e.exchange.Embed(ctx, p, r)
	return a, err
}
