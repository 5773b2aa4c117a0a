package app

import (
	"context"
	"errors"

	"sallyport/internal/custody/keys"
	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
)

// The record proves what is in it, not that it is there. So the database keeps
// the record's key and how long it was: a record that was removed, replaced or put
// back from an old copy does not start. It is written at each start and stop.

type anchor struct {
	Verifier string `json:"verifier"`
	Size     int64  `json:"size"`
}

var errAnchor = errors.New("the record is not the one that this state was kept with: it was removed, replaced or put back from an old copy")

func (s *state) anchors(ctx context.Context) (*store.Collection[anchor], error) {
	key, err := s.keys.Key(ctx, keys.Installation().Purpose("record anchor"))
	if err != nil {
		return nil, err
	}
	return &store.Collection[anchor]{
		Store: s.store, Table: "record_anchor",
		Key: func(context.Context, string, string) (seal.Key, error) { return key, nil },
	}, nil
}

const anchorID = "log"

// checkAnchor holds the log against what the last start or stop kept.
func (s *state) checkAnchor(ctx context.Context) error {
	rows, err := s.anchors(ctx)
	if err != nil {
		return err
	}
	kept, err := rows.Get(ctx, installationScope, anchorID)
	if errors.Is(err, store.ErrNotFound) {
		return s.dropAnchor(ctx)
	}
	if err != nil {
		return err
	}
	if kept.Value.Verifier != s.log.VerifierKey() || s.log.Size() < kept.Value.Size {
		return errAnchor
	}
	return s.dropAnchor(ctx)
}

// dropAnchor keeps the log as it is now.
func (s *state) dropAnchor(ctx context.Context) error {
	rows, err := s.anchors(ctx)
	if err != nil {
		return err
	}
	now := anchor{s.log.VerifierKey(), s.log.Size()}
	err = rows.Create(ctx, installationScope, anchorID, now)
	if errors.Is(err, store.ErrConflict) {
		return rows.Update(ctx, installationScope, anchorID, func(a *anchor) error { *a = now; return nil })
	}
	return err
}
