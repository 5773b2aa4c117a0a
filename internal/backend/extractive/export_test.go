package extractive

import (
	"context"

	"sallyport/internal/conversation"
)

// Answer is Stream behind the permit, which only the gate can make.
func (b *Backend) Answer(ctx context.Context, c *conversation.Conversation) conversation.Stream {
	return b.answer(ctx, c)
}
