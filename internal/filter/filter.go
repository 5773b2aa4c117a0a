// Package filter applies a content filter: it shows a conversation and its
// answer to the guards, decides by policy, and reports. An answer is watched
// incrementally; no character leaves outside a scored window, and no listed
// term, pattern or secret leaves even in part (DESIGN 5.3).
package filter

import (
	"context"

	"sallyport/guard"
	"sallyport/internal/conversation"
)

// Policy is a content filter. Implementations MUST be safe for concurrent use.
type Policy interface {
	// Prompt judges every text of c. An error, or a report whose Scanned is less
	// than Total, refuses. Texts may be masked in place; the substitutions say how
	// to put them back.
	Prompt(ctx context.Context, c *conversation.Conversation) (guard.Report, *Substitutions, error)
	// Answer starts watching the answer to c. m is what Prompt returned.
	Answer(c *conversation.Conversation, m *Substitutions) Watch
	// Empty is the report of a text in which nothing was found: the categories that
	// this filter evaluates, for annotations of pieces that hold no text.
	Empty(side Side) guard.Report
}

// Side is the direction of a text.
type Side uint8

// The sides.
const (
	PromptSide Side = iota
	AnswerSide
)

// Watch judges one answer while it grows. It is used by one goroutine. It never
// returns text beyond the frontier.
type Watch interface {
	// Push takes a Delta or a Finished and returns what may be released because of
	// it. With a choice's Finished the rest of it is released; what is not Finished
	// stays unreleased. An event that belongs to no lane is an error. After an error
	// nothing is released any more.
	Push(ctx context.Context, e conversation.Event) ([]conversation.Event, error)
	// Tick scores what waits in a partial window, when no event came for a while.
	Tick(ctx context.Context) ([]conversation.Event, error)
	// Report is the verdict on everything pushed so far.
	Report() guard.Report
	// Done reports whether every choice was ended by the filter, so that upstream
	// can be let go.
	Done() bool
}
