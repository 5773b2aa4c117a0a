// Package store keeps rows: a place, a version, two clear index columns and a
// sealed blob. What is in the blob is the business of Collection and of the keys
// (custody/keys); the store never sees a plaintext.
//
// One SQL text serves SQLite and PostgreSQL; storetest.Run is the contract that
// both pass.
//
// A database's pages are encrypted but not authenticated, so a row may be put
// back to what it was by somebody who can write the file. Blobs are bound to
// their place and version (seal.AAD); for tables that decide over security,
// Digest gives a hash over all rows, which the audit log carries.
package store

import (
	"context"
	"errors"
	"time"
)

// Errors that callers branch on.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("store: not found")
	// ErrConflict: the row exists already, or others kept changing it.
	ErrConflict = errors.New("store: conflict")
	// ErrNewer: the state was written by a newer version of this program.
	ErrNewer = errors.New("store: the state has a newer format than this program knows")
	// ErrKey: the database does not open with this key.
	ErrKey = errors.New("store: the database does not open with this key, or is not a database")
)

// Row is one record.
type Row struct {
	Scope   string // whose: the resource, the person; never empty by accident
	ID      string
	Version int64  // 1 at creation, one more with each update
	K1, K2  string // clear index columns: nothing in them may be content
	Sealed  []byte
}

// Filter narrows a List. The zero Filter takes all.
type Filter struct {
	K1, K2       string // equal, unless empty
	K2Min, K2Max string // K2Min <= K2 < K2Max, unless empty
}

// Store is where rows live.
//
// Implementations MUST be safe for concurrent use by several processes, MUST make
// a change durable before they return, and MUST bound every call: by the
// context's deadline or CallTimeout, whichever is first. Callers MUST NOT derive
// table names from input.
type Store interface {
	// Get reads a row; ErrNotFound.
	Get(ctx context.Context, table, scope, id string) (Row, error)
	// Put creates a row, with version 1 whatever r says; ErrConflict if it exists.
	Put(ctx context.Context, table string, r Row) error
	// Update reads a row, lets change alter K1, K2 and Sealed, and writes it with the
	// next version. If another writer came between it starts again with the new
	// row, so change MUST have no other effect. An error of change leaves the row
	// and is returned as it is. ErrNotFound; ErrConflict after too many tries.
	//
	// During change r.Version is the version read: a blob bound to its version is
	// sealed for r.Version+1.
	Update(ctx context.Context, table, scope, id string, change func(r *Row) error) error
	// Delete removes a row; ErrNotFound.
	Delete(ctx context.Context, table, scope, id string) error
	// List reads up to limit rows of a scope in the byte order of their ids, after
	// the id given.
	List(ctx context.Context, table, scope string, f Filter, limit int, after string) ([]Row, error)
	// Scopes lists the scopes that have rows, in byte order, after the one given.
	Scopes(ctx context.Context, table string, limit int, after string) ([]string, error)
	// Digest is SHA-256 over every row of a table in order of scope and id. A table
	// whose digest is on the audit log cannot be put back unnoticed.
	Digest(ctx context.Context, table string) ([32]byte, error)
	Close() error
}

// CallTimeout bounds a call whose context has no deadline.
const CallTimeout = 10 * time.Second

// MaxList is the most rows of one List.
const MaxList = 1000
