package chat

import (
	"context"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/gate/identity"
	"sallyport/internal/knowledge"
)

// Library is what chat and the pages need of *knowledge.Library: every method
// takes the person and applies the person's permissions itself.
type Library interface {
	Search(ctx context.Context, who identity.Principal, query content.Text, k int) (knowledge.Result, error)
	Recheck(ctx context.Context, who identity.Principal, sources []conversation.Source) ([]conversation.Source, error)
	Passage(ctx context.Context, who identity.Principal, document string, passage int) (knowledge.Hit, error)
	Read(ctx context.Context, who identity.Principal, document string) (knowledge.Document, []knowledge.Passage, error)
	Visible(ctx context.Context, who identity.Principal) ([]knowledge.Document, error)
	Collections(ctx context.Context, who identity.Principal) ([]knowledge.Collection, error)
}

var _ Library = (*knowledge.Library)(nil)
