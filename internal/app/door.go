package app

import (
	"context"
	"fmt"

	"sallyport/internal/chat"
	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
	"sallyport/internal/record/audit"
	"sallyport/internal/surface/web"
)

// door lets people in to the pages: by the gate, and by the directory's links and
// sessions, whose beginnings and ends are on the record.
type door struct {
	gate      *gate.Gate
	directory *identity.Directory
	exchange  *exchange.Exchange
	record    *recorder
}

// Enter implements web.Door.
func (d *door) Enter(ctx context.Context, v gate.Visit) (web.Visitor, error) {
	e, err := d.gate.Enter(ctx, v)
	if err != nil {
		return nil, err
	}
	return visitor{e, d.exchange}, nil
}

// Invited implements web.Door.
func (d *door) Invited(ctx context.Context, link identity.Secret) (string, bool) {
	m, ok := d.directory.Invited(ctx, link)
	return m.Name, ok
}

// Redeem implements web.Door. A session that could not be recorded is ended.
func (d *door) Redeem(ctx context.Context, link identity.Secret) (web.Session, error) {
	secret, _, err := d.directory.Redeem(ctx, link)
	if err != nil {
		return web.Session{}, err
	}
	if err := d.put(ctx, secret, "Session_Begin"); err != nil {
		_ = d.directory.EndSession(ctx, secret)
		return web.Session{}, fmt.Errorf("recording the session of a person: %w", err)
	}
	return web.Session{Cookie: secret.Reveal(), Life: d.directory.SessionLife()}, nil
}

// EndSession implements web.Door.
func (d *door) EndSession(ctx context.Context, session identity.Secret) error {
	if err := d.put(ctx, session, "Session_End"); err != nil {
		return err
	}
	return d.directory.EndSession(ctx, session)
}

// put records the beginning or end of a session under its person's pseudonym.
func (d *door) put(ctx context.Context, session identity.Secret, operation string) error {
	p, err := d.directory.Authenticate(ctx, "", identity.Credential{Kind: identity.Session, Secret: session})
	if err != nil {
		return err
	}
	_, err = d.record.Append(ctx, audit.Entry{Kind: audit.Session, Operation: operation, Principal: p.Pseudonym, Surface: "web"})
	return err
}

// visitor is a person who was let in.
type visitor struct {
	entry    *gate.Entry
	exchange *exchange.Exchange
}

func (v visitor) Who() identity.Principal { return v.entry.Principal }

func (v visitor) Record(ctx context.Context, o gate.Outcome) error {
	if o.OK {
		return v.entry.Record(ctx, o)
	}
	return v.entry.Refuse(ctx, o)
}

func (v visitor) Question() chat.Operation {
	d := v.entry.Deployment
	return chat.Admitted(v.entry, v.exchange, func(c *conversation.Conversation) gate.Reserve { return exchange.Reserve(c, d) })
}
