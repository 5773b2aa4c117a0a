package store

import (
	"context"
	"encoding/json"
	"fmt"

	"sallyport/internal/custody/seal"
)

// Collection keeps values of T in one table, sealed. Table, Store and Key are
// required.
type Collection[T any] struct {
	Store Store
	Table string
	// Key finds the key that a record is sealed with.
	Key func(ctx context.Context, scope, id string) (seal.Key, error)
	// Index gives the clear index columns; nil leaves them empty.
	Index func(v *T) (k1, k2 string)
	// Encode and Decode are for a T with content in it, which does not encode by
	// itself. Nil is encoding/json.
	Encode func(v *T) ([]byte, error)
	Decode func(b []byte, v *T) error
}

// Item is a value with its place.
type Item[T any] struct {
	Scope, ID string
	Version   int64
	Value     T
}

// Get reads a value; ErrNotFound.
func (c *Collection[T]) Get(ctx context.Context, scope, id string) (Item[T], error) {
	r, err := c.Store.Get(ctx, c.Table, scope, id)
	if err != nil {
		return Item[T]{}, err
	}
	return c.open(ctx, r)
}

// Create stores a new value; ErrConflict if the id is taken.
func (c *Collection[T]) Create(ctx context.Context, scope, id string, v T) error {
	r := Row{Scope: scope, ID: id}
	if err := c.seal(ctx, &r, &v); err != nil {
		return err
	}
	return c.Store.Put(ctx, c.Table, r)
}

// Update changes a value through change, which MUST have no other effect: it runs
// again when another writer came between. Errors as Store.Update.
func (c *Collection[T]) Update(ctx context.Context, scope, id string, change func(v *T) error) error {
	return c.Store.Update(ctx, c.Table, scope, id, func(r *Row) error {
		it, err := c.open(ctx, *r)
		if err != nil {
			return err
		}
		if err := change(&it.Value); err != nil {
			return err
		}
		return c.seal(ctx, r, &it.Value)
	})
}

// Delete removes a value; ErrNotFound.
func (c *Collection[T]) Delete(ctx context.Context, scope, id string) error {
	return c.Store.Delete(ctx, c.Table, scope, id)
}

// List reads values in the order of their ids.
func (c *Collection[T]) List(ctx context.Context, scope string, f Filter, limit int, after string) ([]Item[T], error) {
	rows, err := c.Store.List(ctx, c.Table, scope, f, limit, after)
	if err != nil {
		return nil, err
	}
	items := make([]Item[T], len(rows))
	for i, r := range rows {
		if items[i], err = c.open(ctx, r); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// place binds a blob to its row, version and clear columns: an index column that
// was changed in the file would otherwise send a record to the wrong list.
func (c *Collection[T]) place(r Row, version int64) []byte {
	return seal.AAD(c.Table, r.Scope, r.ID, version, r.K1, r.K2)
}

func (c *Collection[T]) open(ctx context.Context, r Row) (Item[T], error) {
	it := Item[T]{Scope: r.Scope, ID: r.ID, Version: r.Version}
	k, err := c.Key(ctx, r.Scope, r.ID)
	if err != nil {
		return Item[T]{}, fmt.Errorf("key of a record in %s: %w", c.Table, err)
	}
	b, err := seal.Open(k, c.place(r, r.Version), r.Sealed)
	if err != nil {
		return Item[T]{}, fmt.Errorf("record in %s: %w", c.Table, err)
	}
	decode := c.Decode
	if decode == nil {
		decode = func(b []byte, v *T) error { return json.Unmarshal(b, v) }
	}
	if err := decode(b, &it.Value); err != nil {
		// The cause could quote what it could not read.
		return Item[T]{}, fmt.Errorf("record in %s does not decode", c.Table)
	}
	return it, nil
}

// seal fills r with v for the version that r is about to get.
func (c *Collection[T]) seal(ctx context.Context, r *Row, v *T) error {
	encode := c.Encode
	if encode == nil {
		encode = func(v *T) ([]byte, error) { return json.Marshal(v) }
	}
	b, err := encode(v)
	if err != nil {
		return fmt.Errorf("encoding a record of %s: %w", c.Table, err)
	}
	defer clear(b)
	k, err := c.Key(ctx, r.Scope, r.ID)
	if err != nil {
		return fmt.Errorf("key of a record in %s: %w", c.Table, err)
	}
	if c.Index != nil {
		r.K1, r.K2 = c.Index(v)
	}
	r.Sealed = seal.Seal(k, c.place(*r, r.Version+1), b)
	return nil
}
