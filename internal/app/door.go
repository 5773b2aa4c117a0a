package app

import (
	"context"
	"fmt"

	"sallyport/internal/gate/identity"
	"sallyport/internal/record/audit"
	"sallyport/internal/surface/web"
)

// door is the pages' door with the beginnings and ends of sessions on the record.
type door struct {
	web.Gated
	record *recorder
}

// Redeem implements web.Door. A session that could not be recorded is ended.
func (d *door) Redeem(ctx context.Context, link identity.Secret) (web.Session, error) {
	s, err := d.Gated.Redeem(ctx, link)
	if err != nil {
		return web.Session{}, err
	}
	if err := d.put(ctx, identity.NewSecret(s.Cookie), "Session_Begin"); err != nil {
		_ = d.Directory.EndSession(ctx, identity.NewSecret(s.Cookie))
		return web.Session{}, fmt.Errorf("recording a session: %w", err)
	}
	return s, nil
}

// EndSession implements web.Door.
func (d *door) EndSession(ctx context.Context, session identity.Secret) error {
	if err := d.put(ctx, session, "Session_End"); err != nil {
		return err
	}
	return d.Gated.EndSession(ctx, session)
}

// put records the beginning or end of a session under its person's pseudonym.
func (d *door) put(ctx context.Context, session identity.Secret, operation string) error {
	p, err := d.Directory.Authenticate(ctx, "", identity.Credential{Kind: identity.Session, Secret: session})
	if err != nil {
		return err
	}
	_, err = d.record.Append(ctx, audit.Entry{Kind: audit.Session, Operation: operation, Principal: p.Pseudonym, Surface: "web"})
	return err
}
