// Package exchange is a conversation with a model: shield, dispatch, shield,
// release. No I/O of its own, and the only place that calls a backend.
package exchange

import (
	"context"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/gate"
)

// Backend is an upstream. Implementations MUST encode only from the typed
// conversation, MUST refuse a permit that does not name them, and MUST NOT see
// the caller's credentials. Both methods may be called concurrently.
type Backend interface {
	// Stream answers c. The stream yields Started first, then Deltas, Finished per
	// choice and UsageTold at most once. It ends early with an *UpstreamError.
	Stream(ctx context.Context, p gate.Permit, c *conversation.Conversation) conversation.Stream
	// Embed returns one vector per text, in order.
	Embed(ctx context.Context, p gate.Permit, r EmbedRequest) ([]Vector, conversation.Usage, error)
}

// EmbedRequest asks for vectors.
type EmbedRequest struct {
	Texts      []content.Text
	Dimensions int // 0: the model's own
	User       content.Text
}

// Vector is one embedding.
type Vector []float32

// Fault is what went wrong upstream, a closed set.
type Fault uint8

// The upstream faults. The zero Fault is a protocol violation.
const (
	Garbage     Fault = iota // not what the protocol allows
	Unreachable              // no connection, TLS failure
	TimedOut                 // no first byte, or idle for too long
	Cut                      // ended in the middle
	Limited                  // 429
	Overloaded               // 5xx
	BadRequest               // 400: the backend refused the request
	TooLong                  // 400: context length exceeded
	Filtered                 // the backend's own content filter refused the prompt
	Denied                   // 401, 403: our credentials at the backend
	Unsupported              // the backend cannot do this
	CircuitOpen              // not tried
	Missing                  // 404
)

var faultWords = [...]string{
	Garbage: "garbage", Unreachable: "unreachable", TimedOut: "timed_out", Cut: "cut", Limited: "limited",
	Overloaded: "overloaded", BadRequest: "bad_request", TooLong: "too_long", Filtered: "filtered", Denied: "denied",
	Unsupported: "unsupported", CircuitOpen: "circuit_open", Missing: "missing",
}

// String is the fault's word in logs.
func (f Fault) String() string {
	if int(f) >= len(faultWords) {
		return faultWords[Garbage]
	}
	return faultWords[f]
}

// UpstreamError is a backend's failure. Retryable is true only before the first
// byte of an answer was read.
type UpstreamError struct {
	Backend    string
	Fault      Fault
	Status     int
	RetryAfter int // seconds, as told by the backend; 0 unknown
	Retryable  bool
	Param      string // Unsupported and BadRequest: the parameter, from a closed set
	Cause      error  // for the log; never holds content
}

// Error is made of names from the configuration and closed sets, so a log may have it.
func (e *UpstreamError) Error() string {
	s := "backend " + e.Backend + " failed: " + e.Fault.String()
	if e.Param != "" {
		s += " (" + e.Param + ")"
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *UpstreamError) Unwrap() error { return e.Cause }
