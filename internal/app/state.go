package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"sallyport/internal/blocklists"
	"sallyport/internal/config"
	"sallyport/internal/custody/keys"
	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
	"sallyport/internal/record/audit"
)

// state is all that outlives the process, opened: the lock, the key tree, the
// database, the record, and who and what rights are known. It is opened by a
// service, or by a command while no service runs.
type state struct {
	keys      *keys.Tree
	store     *store.SQL
	log       *audit.Log
	record    *recorder
	metrics   *metrics
	directory *identity.Directory
	decider   *access.Decider
	libraryID []byte // makes the ids of folder documents
	lists     *blocklists.Store
	undo      undo
}

// undo closes what was opened, last first.
type undo []func() error

func (u *undo) add(f func() error) { *u = append(*u, f) }

func (u *undo) close() error {
	var err error
	for i := len(*u) - 1; i >= 0; i-- {
		err = errors.Join(err, (*u)[i]())
	}
	*u = nil
	return err
}

// openState opens the state of c. On an error everything is closed again.
func openState(ctx context.Context, c *config.Config, logger *slog.Logger) (*state, error) {
	s := &state{metrics: newMetrics()}
	if err := s.open(ctx, c, logger); err != nil {
		return nil, errors.Join(err, s.undo.close())
	}
	return s, nil
}

func (s *state) open(ctx context.Context, c *config.Config, logger *slog.Logger) error {
	lock, err := lockState(c.DataDir)
	if err != nil {
		return err
	}
	s.undo.add(lock.Close)
	if err := s.openKeys(ctx, c); err != nil {
		return err
	}
	if err := s.openRecord(ctx, c, logger); err != nil {
		return err
	}
	return s.openPeople(ctx, c, logger)
}

func (s *state) openKeys(ctx context.Context, c *config.Config) error {
	if err := keyBesideState(c); err != nil {
		return err
	}
	file, err := seal.OpenKeyFile(c.Seal.KeyFile)
	if err != nil {
		return err
	}
	s.keys, err = keys.Open(ctx, filepath.Join(c.DataDir, "keys"), keys.Options{Wrapper: file, DatabaseKey: file.Key("keys database")})
	if err != nil {
		return err
	}
	s.undo.add(s.keys.Close)
	db, err := s.keys.Key(ctx, keys.Installation().Purpose("state database"))
	if err != nil {
		return err
	}
	if s.store, err = store.OpenSQLite(ctx, filepath.Join(c.DataDir, "state.db"), db); err != nil {
		return err
	}
	s.undo.add(s.store.Close)
	library, err := s.keys.Key(ctx, keys.Installation().Purpose("document ids"))
	if err != nil {
		return err
	}
	s.libraryID = library.Derive("ids").Bytes()
	s.lists = blocklists.New(blocklists.Config{Store: s.store, Key: func(ctx context.Context, resource string) (seal.Key, error) {
		return s.keys.Key(ctx, keys.Installation().Resource(resource))
	}})
	return nil
}

// keyBesideState refuses to make a new key for a state that was sealed with
// another: a lost key file must be noticed, not replaced.
func keyBesideState(c *config.Config) error {
	_, key := os.Stat(c.Seal.KeyFile)
	_, old := os.Stat(filepath.Join(c.DataDir, "keys", "keys.db"))
	if errors.Is(key, os.ErrNotExist) && old == nil {
		return fmt.Errorf("the key file %s is missing: the state in %s was sealed with it and cannot be read without", c.Seal.KeyFile, c.DataDir)
	}
	return nil
}

func (s *state) openRecord(ctx context.Context, c *config.Config, logger *slog.Logger) (err error) {
	s.log, err = audit.Open(ctx, AuditDir(c.DataDir), audit.Options{Origin: c.Audit.Origin, CheckpointEvery: c.Audit.Checkpoint, Logger: logger})
	if err != nil {
		return err
	}
	s.undo.add(s.log.Close)
	s.record = &recorder{log: s.log, m: s.metrics}
	if err := s.checkAnchor(ctx); err != nil {
		return err
	}
	// Closed before the log and the store are: the anchor is of a log at its end.
	s.undo.add(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), store.CallTimeout)
		defer cancel()
		return s.dropAnchor(ctx)
	})
	if err := s.checkErasures(); err != nil {
		return err
	}
	_, err = s.log.Recover(ctx)
	return err
}

func (s *state) openPeople(ctx context.Context, c *config.Config, logger *slog.Logger) error {
	people, err := s.keys.Key(ctx, keys.Installation().Purpose("identities"))
	if err != nil {
		return err
	}
	providers, err := providers(c)
	if err != nil {
		return err
	}
	known := identity.Config{Store: s.store, Key: people, Providers: providers, Logger: logger}
	c.Sessions(&known)
	s.directory, err = identity.Open(ctx, known)
	if err != nil {
		return err
	}
	s.decider, err = access.Open(ctx, access.Config{Table: newAssignments(s.store, people), Logger: logger})
	return err
}

// AuditDir is where the record of a state folder lies.
func AuditDir(stateDir string) string { return filepath.Join(stateDir, "audit") }
