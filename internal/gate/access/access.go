package access

import (
	"context"

	"sallyport/internal/gate/identity"
)

// Request asks whether a principal may do something.
type Request struct {
	Principal  identity.Principal
	Action     Action
	Resource   string // name; "" for an unknown one
	Deployment string // as asked; "" for operations without one
}

// Decision is the answer. The zero Decision denies.
type Decision struct {
	Allow bool
	Why   []string
}

// Config is what a decider needs.
type Config struct{}

// Decider decides. It is safe for concurrent use.
type Decider struct{}

// Open returns a decider.
func Open(ctx context.Context, c Config) (*Decider, error) { return &Decider{}, nil }

// Decide answers r.
func (d *Decider) Decide(ctx context.Context, r Request) Decision { return Decision{} }
