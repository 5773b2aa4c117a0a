// Package extractive is the embedded answerer: a backend without a model.
package extractive

import (
	"context"

	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
)

// Config is what the backend needs.
type Config struct {
	Name  string // as the configuration names the backend; permits must name it
	Model string // the model name in replies; "" is "extractive"
}

// Backend is the answerer.
type Backend struct{ config Config }

var _ exchange.Backend = (*Backend)(nil)

// New returns a backend.
func New(c Config) *Backend { return &Backend{config: c} }

// Stream answers c by quoting its documents.
func (b *Backend) Stream(ctx context.Context, p gate.Permit, c *conversation.Conversation) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) {}
}

// Embed is not something an answerer without a model can do.
func (b *Backend) Embed(ctx context.Context, p gate.Permit, r exchange.EmbedRequest) ([]exchange.Vector, conversation.Usage, error) {
	return nil, conversation.Usage{}, &exchange.UpstreamError{Backend: b.config.Name, Fault: exchange.Unsupported}
}
