package openai

import (
	"context"

	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
)

// Behind is the Service of a gate and an exchange.
func Behind(g gate.Opener, x *exchange.Exchange) Service { return behind{g, x} }

type behind struct {
	gate     gate.Opener
	exchange *exchange.Exchange
}

// Identify lets a visit that names its deployment through to Enter, which proves
// everything at once. A visit that does not yet (v1) is proven by entering an
// operation that every caller with a valid credential may ask for.
func (b behind) Identify(ctx context.Context, v gate.Visit) (Caller, error) {
	c := &visitor{behind: b, visit: v}
	if v.Deployment != "" {
		return c, nil
	}
	v.Action = gate.Unsupported
	var err error
	c.proof, err = b.gate.Enter(ctx, v)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// visitor is a Caller.
type visitor struct {
	behind
	visit gate.Visit
	proof *gate.Entry // of the caller alone; nil where Enter proves everything
}

// Enter asks the gate.
func (c *visitor) Enter(ctx context.Context, deployment string) (Entry, error) {
	if c.visit.Action == gate.Unsupported && deployment == "" && c.proof != nil {
		return entry{c.proof, c.exchange}, nil
	}
	v := c.visit
	v.Deployment = deployment
	e, err := c.gate.Enter(ctx, v)
	if err != nil {
		return nil, err
	}
	return entry{e, c.exchange}, nil
}

// May answers for lists, which are authorised on the resource.
func (c *visitor) May(context.Context, gate.Action, string) bool { return true }

// Refuse ends the visit before there is an entry.
func (c *visitor) Refuse(ctx context.Context, o gate.Outcome) error {
	if c.proof == nil {
		return nil // Enter refused, and recorded it
	}
	return c.proof.Refuse(ctx, o)
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
