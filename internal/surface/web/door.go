package web

import (
	"context"
	"time"

	"sallyport/internal/chat"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
)

// Door is what the pages need of the gate and of the directory's sessions.
// Implementations MUST be safe for concurrent use.
type Door interface {
	// Enter proves the session and the right to v.Action. Its refusals are
	// *gate.Refusal and on the record.
	Enter(ctx context.Context, v gate.Visit) (Visitor, error)
	// Stray puts a request on the record that ended before anybody was identified.
	Stray(ctx context.Context, v gate.Visit, o gate.Outcome) error
	// Invited says whose one-time link it is, without using it up; false for a link
	// that is wrong, used or too old: they look alike.
	Invited(ctx context.Context, link identity.Secret) (name string, ok bool)
	// Redeem uses a one-time link up and begins a session.
	Redeem(ctx context.Context, link identity.Secret) (Session, error)
	// EndSession ends a session at once.
	EndSession(ctx context.Context, session identity.Secret) error
}

// Session is a session that began.
type Session struct {
	Cookie string        // its secret, for the cookie only
	Life   time.Duration // at most; 0: as long as the browser runs
}

// Visitor is an operation that was let in. It ends with exactly one of Record
// and a question that was asked with it.
type Visitor interface {
	Who() identity.Principal
	Record(ctx context.Context, o gate.Outcome) error
	Question() chat.Operation
}
