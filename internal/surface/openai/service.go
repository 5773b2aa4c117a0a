package openai

import (
	"context"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
)

// Resolver finds the resource of a request: by host, by path prefix, or, when
// only one is configured, that one. The path is escaped, and so is the rest
// behind the resource's prefix. Nil means that there is no such resource; rest
// is then the path.
type Resolver interface {
	Find(host, path string) (r *resource.Resource, rest string)
}

// Service is what lies behind the wire: the gate, and the exchange behind it.
type Service interface {
	// Identify proves identity; v.Deployment is not looked at. Nothing is authorised
	// yet. Its refusals are *gate.Refusal and on the record.
	Identify(ctx context.Context, v gate.Visit) (Caller, error)
	// Stray puts a request on the record that no route takes.
	Stray(ctx context.Context, v gate.Visit, o gate.Outcome) error
}

// Caller is somebody whose identity is proven.
type Caller interface {
	// Enter authorises the visit's action on the deployment, from where the caller
	// is; "" is the resource.
	Enter(ctx context.Context, deployment string) (Entry, error)
	// May reports what Enter would decide, without a record: for lists.
	May(ctx context.Context, a gate.Action, deployment string) bool
	// Refuse puts a refusal on the record while there is no Entry.
	Refuse(ctx context.Context, o gate.Outcome) error
}

// Entry is an authorised operation.
type Entry interface {
	// Deployment is nil for an operation on the resource.
	Deployment() *resource.Deployment
	// Chat reserves and runs; the stream keeps the record itself.
	Chat(ctx context.Context, c *conversation.Conversation) (conversation.Stream, gate.RateLimits, error)
	Embed(ctx context.Context, r exchange.EmbedRequest) (Embedded, error)
	// Refuse records an operation that ended here, Record one that was served here.
	Refuse(ctx context.Context, o gate.Outcome) error
	Record(ctx context.Context, o gate.Outcome) error
}

// Embedded is the answer to an EmbedRequest.
type Embedded struct {
	Vectors []exchange.Vector
	Usage   conversation.Usage
	Report  guard.Report
	Limits  gate.RateLimits
}
