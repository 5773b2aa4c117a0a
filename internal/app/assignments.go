package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
	"sallyport/internal/gate/access"
)

// assignments keeps role assignments in the store. It implements access.Table.
type assignments struct {
	rows store.Collection[access.Assignment]
}

const installationScope = "installation"

func newAssignments(s store.Store, key seal.Key) *assignments {
	rows := key.Derive("role assignments")
	return &assignments{store.Collection[access.Assignment]{
		Store: s, Table: "role_assignments",
		Key: func(context.Context, string, string) (seal.Key, error) { return rows, nil },
	}}
}

// rowID keeps names of groups and roles out of the clear columns.
func rowID(id string) string {
	h := sha256.Sum256([]byte(id))
	return hex.EncodeToString(h[:])
}

func (t *assignments) All(ctx context.Context) ([]access.Assignment, error) {
	var out []access.Assignment
	for after := ""; ; {
		page, err := t.rows.List(ctx, installationScope, store.Filter{}, store.MaxList, after)
		if err != nil {
			return nil, err
		}
		for _, it := range page {
			out = append(out, it.Value)
			after = it.ID
		}
		if len(page) < store.MaxList {
			return out, nil
		}
	}
}

func (t *assignments) Put(ctx context.Context, a access.Assignment) error {
	err := t.rows.Create(ctx, installationScope, rowID(a.ID()), a)
	if errors.Is(err, store.ErrConflict) {
		return t.rows.Update(ctx, installationScope, rowID(a.ID()), func(v *access.Assignment) error { *v = a; return nil })
	}
	return err
}

func (t *assignments) Delete(ctx context.Context, id string) error {
	err := t.rows.Delete(ctx, installationScope, rowID(id))
	if errors.Is(err, store.ErrNotFound) {
		return access.ErrNotFound
	}
	return err
}
