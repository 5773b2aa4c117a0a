package knowledge

import (
	"context"
	"io"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/gate/identity"
)

// Config is what a library is opened with.
type Config struct {
	Collections []Collection
	// Key makes the ids of folder documents: unguessable, and the same after a
	// restart. Required, at least 16 bytes.
	Key []byte
	// Parsers by lower-case file extension; nil: Parsers().
	Parsers map[string]Parser
}

// Library holds the documents. Its methods may be called concurrently.
type Library struct{ config Config }

// Open reads every collection.
func Open(ctx context.Context, c Config) (*Library, error) { return &Library{config: c}, nil }

// Reload reads the folders again and swaps. On an error the old state stays.
func (l *Library) Reload(ctx context.Context) error { return nil }

// Collections are the collections in which who may see at least one document.
func (l *Library) Collections(ctx context.Context, who identity.Principal) ([]Collection, error) {
	return nil, nil
}

// Search finds the k best passages for query among the documents that who may
// read. k ≤ 0 is 8.
func (l *Library) Search(ctx context.Context, who identity.Principal, query content.Text, k int) (Result, error) {
	return Result{}, nil
}

// Visible lists the documents that who may read, by title.
func (l *Library) Visible(ctx context.Context, who identity.Principal) ([]Document, error) {
	return nil, nil
}

// Passage opens a citation.
func (l *Library) Passage(ctx context.Context, who identity.Principal, document string, passage int) (Hit, error) {
	return Hit{}, ErrNotFound
}

// Read opens a whole document.
func (l *Library) Read(ctx context.Context, who identity.Principal, document string) (Document, []Passage, error) {
	return Document{}, nil, ErrNotFound
}

// Recheck returns the sources that who may read now and whose passage still
// exists, in order. Call it when the prompt is built.
func (l *Library) Recheck(ctx context.Context, who identity.Principal, sources []conversation.Source) ([]conversation.Source, error) {
	return nil, nil
}

// Add takes in an uploaded document.
func (l *Library) Add(ctx context.Context, collection, name string, r io.Reader, a Access) (Document, error) {
	return Document{}, ErrNotFound
}

// SetAccess changes who may read an uploaded document.
func (l *Library) SetAccess(document string, a Access) error { return ErrNotFound }

// Remove forgets an uploaded document.
func (l *Library) Remove(document string) error { return ErrNotFound }
