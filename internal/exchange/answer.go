package exchange

import (
	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
)

// Blocked is the error of a prompt that the content filter refused. It is on
// the record already.
type Blocked struct{ Report guard.Report }

func (*Blocked) Error() string { return "the prompt was refused by the content filter" }

// GuardFailure is the error of a guard that could not judge: broken, late or
// panicked. The answer is a refusal that must not be retried at once.
type GuardFailure struct{ Cause error }

func (*GuardFailure) Error() string { return "a guard could not judge" }

// Unwrap returns the cause.
func (g *GuardFailure) Unwrap() error { return g.Cause }

// Answer is a collected stream: what a caller that does not stream gets.
type Answer struct {
	Prompt      guard.Report
	Choices     []Choice // by index
	Usage       conversation.Usage
	Model       string
	Fingerprint string
	Ticket      string // set when the answer is held
}

// Choice is one of the n answers.
type Choice struct {
	Text, Refusal, Reasoning content.Text
	Calls                    []Call
	Finish                   conversation.Finish
	Report                   guard.Report // of this choice's text
	Logprobs                 json.Value   // array of token entries, or Invalid
	Citations                []conversation.Citation
}

// Call is a tool call.
type Call struct{ ID, Name, Arguments content.Text }
