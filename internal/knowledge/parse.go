package knowledge

import (
	"context"
	"io"
)

// Parser reads one document format.
type Parser interface {
	Parse(ctx context.Context, r io.Reader, name string) (Parsed, error)
}

// Parsed is a document as read.
type Parsed struct{}
