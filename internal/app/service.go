package app

import (
	"context"

	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
	"sallyport/internal/surface/openai"
)

// service is what lies behind the Azure OpenAI surface: the gate and the exchange.
type service struct {
	gate     *gate.Gate
	exchange *exchange.Exchange
}

// Identify implements openai.Service.
func (s *service) Identify(ctx context.Context, v gate.Visit) (openai.Caller, error) {
	c, err := s.gate.Identify(ctx, v)
	if err != nil {
		return nil, err
	}
	return caller{c, s.exchange}, nil
}

type caller struct {
	*gate.Caller
	x *exchange.Exchange
}

func (c caller) Enter(ctx context.Context, deployment string) (openai.Entry, error) {
	e, err := c.Caller.Enter(ctx, deployment)
	if err != nil {
		return nil, err
	}
	return entry{e, c.x}, nil
}

type entry struct {
	e *gate.Entry
	x *exchange.Exchange
}

func (e entry) Deployment() *resource.Deployment { return e.e.Deployment }

func (e entry) Chat(ctx context.Context, c *conversation.Conversation) (conversation.Stream, gate.RateLimits, error) {
	p, err := e.e.Open(ctx, exchange.Reserve(c, e.e.Deployment))
	if err != nil {
		return nil, gate.RateLimits{}, err
	}
	return e.x.Run(ctx, p, c), p.Limits(), nil
}

func (e entry) Embed(ctx context.Context, r exchange.EmbedRequest) (openai.Embedded, error) {
	p, err := e.e.Open(ctx, exchange.EmbedReserve(r))
	if err != nil {
		return openai.Embedded{}, err
	}
	vectors, usage, report, err := e.x.Embed(ctx, p, r)
	return openai.Embedded{Vectors: vectors, Usage: usage, Report: report, Limits: p.Limits()}, err
}

func (e entry) Refuse(ctx context.Context, o gate.Outcome) error { return e.e.Refuse(ctx, o) }
func (e entry) Record(ctx context.Context, o gate.Outcome) error { return e.e.Record(ctx, o) }
