package web

import (
	"context"
	"net/http"

	"sallyport/internal/chat"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
)

// Gated is the Door of the real gate.
type Gated struct {
	Gate      gate.Opener
	Directory *identity.Directory
	Exchange  chat.Runner
}

var _ Door = Gated{}

// Enter implements Door.
func (g Gated) Enter(ctx context.Context, v gate.Visit) (Visitor, error) {
	e, err := g.Gate.Enter(ctx, v)
	if err != nil {
		return nil, err
	}
	return gatedVisitor{e, g.Exchange}, nil
}

// Stray implements Door.
func (g Gated) Stray(ctx context.Context, v gate.Visit, o gate.Outcome) error {
	return g.Gate.Stray(ctx, v, o)
}

// Invited implements Door.
func (g Gated) Invited(ctx context.Context, link identity.Secret) (string, bool) {
	m, ok := g.Directory.Invited(ctx, link)
	return m.Name, ok
}

// Redeem implements Door.
func (g Gated) Redeem(ctx context.Context, link identity.Secret) (Session, error) {
	secret, _, err := g.Directory.Redeem(ctx, link)
	if err != nil {
		return Session{}, err
	}
	return Session{Cookie: secret.Reveal(), Life: g.Directory.SessionLife()}, nil
}

// EndSession implements Door.
func (g Gated) EndSession(ctx context.Context, session identity.Secret) error {
	return g.Directory.EndSession(ctx, session)
}

type gatedVisitor struct {
	e *gate.Entry
	x chat.Runner
}

func (v gatedVisitor) Who() identity.Principal  { return v.e.Principal }
func (v gatedVisitor) Question() chat.Operation { return chat.Admitted(v.e, v.x) }

func (v gatedVisitor) Record(ctx context.Context, o gate.Outcome) error {
	if o.OK {
		return v.e.Record(ctx, o)
	}
	if o.Status == 0 {
		o.Status = http.StatusInternalServerError
	}
	return v.e.Refuse(ctx, o)
}
