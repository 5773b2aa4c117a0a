// Package extractive is the embedded answerer: a backend without a model, for
// installations that have none yet. It reads the Document parts of the
// conversation and the last question, and quotes the sentences that answer it,
// word for word, with citations. It writes no sentence of its own beyond a few
// fixed framing words, quotes nothing from outside Document parts, follows no
// instruction, and says that it found nothing rather than guess.
//
// The same conversation gives the same answer. It holds no state but the token
// vocabulary (o200k_base), which is loaded at the first answer.
package extractive

import (
	"cmp"
	"context"
	"errors"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
)

// Config is what the backend needs.
type Config struct {
	Name  string // required: as the configuration names the backend; permits must name it
	Model string // the model's name in replies; "" is "extractive"
}

// Backend is the answerer. Its methods may be called concurrently.
type Backend struct{ name, model string }

var _ exchange.Backend = (*Backend)(nil)

// New returns a backend.
func New(c Config) *Backend {
	return &Backend{name: c.Name, model: cmp.Or(c.Model, "extractive")}
}

var errPermit = errors.New("the permit does not name this backend")

// Stream answers c by quoting its documents: Started, Deltas of a sentence each,
// Finished per choice, UsageTold. Tools are ignored, as a model may. A response
// format other than text and log-probabilities are refused as Unsupported.
func (b *Backend) Stream(ctx context.Context, p gate.Permit, c *conversation.Conversation) conversation.Stream {
	if !p.Allows(b.name) {
		return failed(b.fault(exchange.Denied, "", errPermit))
	}
	return b.answer(ctx, c)
}

// Embed is not something an answerer without a model can do.
func (b *Backend) Embed(_ context.Context, p gate.Permit, _ exchange.EmbedRequest) ([]exchange.Vector, conversation.Usage, error) {
	if !p.Allows(b.name) {
		return nil, conversation.Usage{}, b.fault(exchange.Denied, "", errPermit)
	}
	return nil, conversation.Usage{}, b.fault(exchange.Unsupported, "input", nil)
}

func (b *Backend) fault(f exchange.Fault, param string, cause error) error {
	return &exchange.UpstreamError{Backend: b.name, Fault: f, Param: param, Cause: cause}
}

func failed(err error) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) { yield(conversation.Event{}, err) }
}

// unsupported names the parameter that asks for what cannot be done, or "".
func unsupported(c *conversation.Conversation) string {
	if c.Sampling.Logprobs || c.Sampling.TopLogprobs != nil {
		return "logprobs"
	}
	switch f := c.ResponseFormat; f.Kind {
	case json.Invalid, json.Null:
	case json.Object:
		for _, m := range f.Members {
			if open.String(m.Name) == "type" && open.String(m.Value.Text) == "text" {
				return ""
			}
		}
		return "response_format"
	default:
		return "response_format"
	}
	return ""
}

// answer is Stream behind the permit.
func (b *Backend) answer(ctx context.Context, c *conversation.Conversation) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) {
		if param := unsupported(c); param != "" {
			yield(conversation.Event{}, b.fault(exchange.Unsupported, param, nil))
			return
		}
		// next yields unless the caller is gone, and reports whether to go on.
		next := func(e conversation.Event) bool {
			if err := ctx.Err(); err != nil {
				yield(conversation.Event{}, b.fault(exchange.Cut, "", err))
				return false
			}
			return yield(e, nil)
		}
		if !next(conversation.Event{Kind: conversation.Started, Model: b.model, Fingerprint: fingerprint}) {
			return
		}
		reply, err := compose(ctx, c)
		if err != nil {
			yield(conversation.Event{}, b.fault(exchange.Cut, "", err))
			return
		}
		choices := max(c.Choices, 1)
		for choice := range choices {
			lane := conversation.Lane{Choice: choice, Kind: conversation.Text}
			for _, p := range reply.pieces {
				if !next(conversation.Event{Kind: conversation.Delta, Lane: lane, Text: content.New(p.text), Citations: p.citations}) {
					return
				}
			}
			if !next(conversation.Event{Kind: conversation.Finished, Lane: lane, Finish: reply.finish}) {
				return
			}
		}
		usage := conversation.Usage{Prompt: promptTokens(c), Completion: choices * reply.tokens}
		usage.Total = usage.Prompt + usage.Completion
		next(conversation.Event{Kind: conversation.UsageTold, Usage: usage})
	}
}

// fingerprint changes when the same conversation may get another answer.
const fingerprint = "fp_extractive_2"
