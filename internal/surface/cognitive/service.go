package cognitive

import (
	"context"

	"sallyport/internal/gate"
	"sallyport/internal/resource"
)

// Resolver finds the resource of a request, as *resource.Set does.
type Resolver interface {
	Find(host, path string) (r *resource.Resource, rest string)
}

// Service is the gate as the surfaces see it.
type Service interface {
	// Identify proves identity. Its refusals are *gate.Refusal and on the record.
	Identify(ctx context.Context, v gate.Visit) (Caller, error)
	// Stray puts a request on the record that no route takes.
	Stray(ctx context.Context, v gate.Visit, o gate.Outcome) error
}

// Caller is somebody whose identity is proven.
type Caller interface {
	// Enter authorises the visit's action on the resource.
	Enter(ctx context.Context) (Entry, error)
	// Refuse puts a refusal on the record while there is no Entry.
	Refuse(ctx context.Context, o gate.Outcome) error
}

// Entry is an authorised operation; see gate.Entry.
type Entry interface {
	Meter(ctx context.Context, p gate.Pool, requests int) error
	Intend(ctx context.Context, ids ...string) error
	Record(ctx context.Context, o gate.Outcome) error
	Refuse(ctx context.Context, o gate.Outcome) error
}

// Behind is the Service of a gate.
func Behind(g *gate.Gate) Service { return behind{g} }

type behind struct{ *gate.Gate }

func (b behind) Identify(ctx context.Context, v gate.Visit) (Caller, error) {
	c, err := b.Gate.Identify(ctx, v)
	if err != nil {
		return nil, err
	}
	return caller{c}, nil
}

type caller struct{ *gate.Caller }

func (c caller) Enter(ctx context.Context) (Entry, error) {
	e, err := c.Caller.Enter(ctx, "")
	if err != nil {
		return nil, err
	}
	return e, nil
}
