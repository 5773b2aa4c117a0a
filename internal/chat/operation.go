package chat

import (
	"context"
	"net/http"

	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
)

// Runner is what chat needs of *exchange.Exchange.
type Runner interface {
	Run(ctx context.Context, p *gate.Passage, c *conversation.Conversation) conversation.Stream
}

// Admitted makes an Operation of an entry that the gate let in.
func Admitted(e *gate.Entry, x Runner) Operation { return &admitted{e, x} }

type admitted struct {
	entry *gate.Entry
	x     Runner
}

func (a *admitted) Who() identity.Principal { return a.entry.Principal }
func (a *admitted) Reference() string       { return a.entry.Visit.RequestID }

func (a *admitted) Answer(ctx context.Context, c *conversation.Conversation) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) {
		p, err := a.entry.Open(ctx, exchange.Reserve(c, a.entry.Deployment))
		if err != nil {
			yield(conversation.Event{}, err)
			return
		}
		for e, err := range a.x.Run(ctx, p, c) {
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (a *admitted) Record(ctx context.Context, o gate.Outcome) error {
	if o.OK || o.Status == http.StatusOK {
		return a.entry.Record(ctx, o)
	}
	return a.entry.Refuse(ctx, o)
}
