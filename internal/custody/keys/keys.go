// Package keys is the tree of data keys: installation, resource, person,
// conversation, and collections below a resource. A key is made when it is first
// asked for, lies wrapped by the key above it, and the installation's is wrapped
// by the seal.Wrapper (a key file, a key service). Revoking that one key makes
// everything unreadable within the cache's time; dropping one wrapped key makes
// everything below it unreadable for good.
//
// Two files, apart from the data and with a backup of their own:
//
//   - keys.db: the wrapped keys (an encrypted SQLite database).
//   - erasures: the erasure ledger, append-only and chained.
//
// # Erasure and backups
//
// Erase writes the ledger, durably, before it drops the key, and Open replays
// the ledger before anything is served: a keys.db that comes out of a backup
// loses the erased keys again, and Key refuses an erased path whatever the
// database says. keys.db remembers how far the ledger was, so a ledger that is
// shorter or another one than it knew is refused. An old ledger put back together
// with an old keys.db agrees with it: State goes into the audit log for that,
// and the one who starts the service compares.
//
// An erased path stays erased: a late write cannot bring it back.
package keys

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
)

// Errors that callers branch on.
var (
	// ErrErased: the path or one above it was erased.
	ErrErased = errors.New("the key was erased")
	// ErrClosed: the tree is closed.
	ErrClosed = errors.New("the key tree is closed")
)

// Options of a tree. Wrapper and DatabaseKey are required.
type Options struct {
	// Wrapper wraps the installation's key.
	Wrapper seal.Wrapper
	// DatabaseKey encrypts keys.db as a file.
	DatabaseKey seal.Key
	// Cache is how long unwrapped keys are kept, and so how long a revoked wrapping
	// key still works. Zero is five minutes.
	Cache time.Duration
	// Now is the clock. Nil is time.Now.
	Now func() time.Time
}

// maxCached bounds the unwrapped keys in memory.
const maxCached = 10_000

const table = "keys"

// Tree hands out keys. Its methods may be called concurrently, in one process.
type Tree struct {
	db  *store.SQL
	o   Options
	dir string

	// mu guards all below. Erase holds it for writing, so that no key is made under
	// a path while the path is erased; Key holds it for writing as well when it has
	// to unwrap, because it fills the cache.
	mu     sync.RWMutex
	ledger *ledger
	cache  map[pathHash]cached
	closed bool
}

type cached struct {
	key   seal.Key
	until time.Time
}

// Open opens the tree in dir, or begins one, and replays the ledger. It fails if
// the wrapper cannot unwrap the installation's key: a service that cannot read
// its data should not start.
func Open(ctx context.Context, dir string, o Options) (*Tree, error) {
	if o.Cache == 0 {
		o.Cache = 5 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening keys: %w", err)
	}
	t := &Tree{o: o, dir: dir, cache: map[pathHash]cached{}}
	if err := t.load(ctx); err != nil {
		return nil, fmt.Errorf("opening keys: %w", errors.Join(err, t.release()))
	}
	return t, nil
}

func (t *Tree) load(ctx context.Context) (err error) {
	// Checked before either file is made: a ledger that is gone is not a new one.
	_, missing := os.Stat(filepath.Join(t.dir, "erasures"))
	_, fresh := os.Stat(filepath.Join(t.dir, "keys.db"))
	if errors.Is(missing, fs.ErrNotExist) && fresh == nil {
		return fmt.Errorf("%w: it is missing", ErrLedger)
	}
	if t.ledger, err = openLedger(filepath.Join(t.dir, "erasures")); err != nil {
		return err
	}
	if t.db, err = store.OpenSQLite(ctx, filepath.Join(t.dir, "keys.db"), t.o.DatabaseKey); err != nil {
		return err
	}
	if err := t.replay(ctx); err != nil {
		return err
	}
	_, err = t.key(ctx, Installation())
	if errors.Is(err, ErrErased) {
		return nil // everything is erased: the tree opens and gives no key
	}
	return err
}

// replay drops the keys of erasures that the database does not know about: a
// crash between ledger and database, or a database out of a backup.
func (t *Tree) replay(ctx context.Context) error {
	n, known, err := t.applied(ctx)
	if err != nil {
		return err
	}
	h, since, err := t.ledger.at(n)
	if err != nil {
		return err
	}
	if h != known {
		return fmt.Errorf("%w: it is not the one that the keys know", ErrLedger)
	}
	for _, p := range since {
		if err := t.drop(ctx, p.String()); err != nil {
			return err
		}
	}
	if len(since) == 0 {
		return nil
	}
	return t.apply(ctx)
}

// The mark is the row that remembers how far the ledger was applied.
const markTable, markID = "mark", "ledger"

func (t *Tree) applied(ctx context.Context) (int64, head, error) {
	r, err := t.db.Get(ctx, markTable, "", markID)
	if errors.Is(err, store.ErrNotFound) {
		return 0, genesis, nil
	}
	if err == nil && len(r.Sealed) != 8+32 {
		err = fmt.Errorf("%w: the keys' mark is damaged", ErrLedger)
	}
	if err != nil {
		return 0, head{}, err
	}
	return int64(binary.BigEndian.Uint64(r.Sealed)), head(r.Sealed[8:]), nil
}

func (t *Tree) apply(ctx context.Context) error {
	mark := append(binary.BigEndian.AppendUint64(nil, uint64(t.ledger.n)), t.ledger.head[:]...)
	err := t.db.Put(ctx, markTable, store.Row{ID: markID, Sealed: mark})
	if errors.Is(err, store.ErrConflict) {
		err = t.db.Update(ctx, markTable, "", markID, func(r *store.Row) error {
			r.Sealed = mark
			return nil
		})
	}
	return err
}

// Key gives the key of p, making it and those above it if need be. ErrErased if
// p or one above was erased.
func (t *Tree) Key(ctx context.Context, p Path) (seal.Key, error) {
	t.mu.RLock()
	k, ok, err := t.cachedKey(p)
	t.mu.RUnlock()
	if ok || err != nil {
		return k, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.key(ctx, p)
}

// cachedKey needs mu for reading.
func (t *Tree) cachedKey(p Path) (seal.Key, bool, error) {
	if t.closed {
		return seal.Key{}, false, ErrClosed
	}
	if t.erased(p) {
		return seal.Key{}, false, ErrErased
	}
	c, ok := t.cache[p.hash()]
	if !ok || !t.o.Now().Before(c.until) {
		return seal.Key{}, false, nil
	}
	return c.key, true, nil
}

func (t *Tree) erased(p Path) bool {
	for _, a := range p.lineage() {
		if _, ok := t.ledger.erased[a.hash()]; ok {
			return true
		}
	}
	return false
}

// key needs mu for writing. It unwraps from the root down, so that no key
// outlives the time in which the wrapper was last asked.
func (t *Tree) key(ctx context.Context, p Path) (seal.Key, error) {
	if k, ok, err := t.cachedKey(p); ok || err != nil {
		return k, err
	}
	if p.isRoot() {
		return t.fetch(ctx, p, t.o.Wrapper, t.o.Now().Add(t.o.Cache))
	}
	above, err := t.key(ctx, p.parent())
	if err != nil {
		return seal.Key{}, err
	}
	// A child lives as long as its parent does in the cache, not longer.
	return t.fetch(ctx, p, below{above, p.hash()}, t.cache[p.parent().hash()].until)
}

// fetch reads and unwraps one key, or makes it.
func (t *Tree) fetch(ctx context.Context, p Path, w wrapper, until time.Time) (seal.Key, error) {
	row := store.Row{ID: p.hash().String(), K1: t.o.Wrapper.ID()}
	if !p.isRoot() {
		row.K2 = p.parent().hash().String() // by which Erase finds what is below
	}
	k := seal.Key{}
	r, err := t.db.Get(ctx, table, "", row.ID)
	switch {
	case err == nil:
		k, err = w.Unwrap(ctx, r.Sealed)
	case errors.Is(err, store.ErrNotFound):
		k, err = t.make(ctx, row, w)
	}
	if err != nil {
		return seal.Key{}, fmt.Errorf("data key: %w", err)
	}
	if len(t.cache) >= maxCached {
		t.forget()
	}
	t.cache[p.hash()] = cached{k, until}
	return k, nil
}

func (t *Tree) make(ctx context.Context, r store.Row, w wrapper) (k seal.Key, err error) {
	k = seal.NewKey()
	if r.Sealed, err = w.Wrap(ctx, k); err != nil {
		return seal.Key{}, err
	}
	return k, t.db.Put(ctx, table, r)
}

// forget empties the cache but for the installation's key, which bounds the age
// of all others.
func (t *Tree) forget() {
	root := Installation().hash()
	for h, c := range t.cache {
		if h != root {
			c.key.Zero()
			delete(t.cache, h)
		}
	}
}

// wrapper is what a key is wrapped by: seal.Wrapper, or the key above.
// Its methods are those of seal.Wrapper less the name.
type wrapper interface {
	Wrap(ctx context.Context, k seal.Key) ([]byte, error)
	Unwrap(ctx context.Context, wrapped []byte) (seal.Key, error)
}

// below wraps with the key above, for one path only: a wrapped key that is moved
// to another row does not open there.
type below struct {
	above seal.Key
	path  pathHash
}

func (b below) Wrap(_ context.Context, k seal.Key) ([]byte, error) {
	return seal.Seal(b.above.Derive("wrapping"), b.path[:], k.Bytes()), nil
}

func (b below) Unwrap(_ context.Context, wrapped []byte) (seal.Key, error) {
	raw, err := seal.Open(b.above.Derive("wrapping"), b.path[:], wrapped)
	if err != nil {
		return seal.Key{}, err
	}
	defer clear(raw)
	return seal.KeyFrom(raw)
}

// Receipt proves an erasure: the ledger's number and head after it.
type Receipt struct {
	Path  string // the hash of the path, as on the ledger
	Time  time.Time
	Count int64
	Head  [32]byte
}

// Erase drops the key of p and all below it, for good. On return the erasure is
// on the ledger and the wrapped keys are gone from the database. If it fails
// after the ledger was written the path is erased all the same, and the next
// Open finishes the work; calling again does so too. Erasing an erased path is
// no error.
func (t *Tree) Erase(ctx context.Context, p Path) (Receipt, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return Receipt{}, ErrClosed
	}
	at := t.o.Now().UTC()
	if _, ok := t.ledger.erased[p.hash()]; !ok {
		if err := t.ledger.add(at, p.hash()); err != nil {
			return Receipt{}, fmt.Errorf("erasing: %w", err)
		}
	}
	t.forgetBelow(p)
	if err := t.finish(ctx, p); err != nil {
		return Receipt{}, fmt.Errorf("erasing: %w", err)
	}
	return Receipt{Path: p.hash().String(), Time: at, Count: t.ledger.n, Head: t.ledger.head}, nil
}

// forgetBelow takes unwrapped keys out of memory. The cache has hashes, not
// paths, so all go; they come back at their next use.
func (t *Tree) forgetBelow(p Path) {
	t.forget()
	if c, ok := t.cache[p.hash()]; ok {
		c.key.Zero()
		delete(t.cache, p.hash())
	}
}

func (t *Tree) finish(ctx context.Context, p Path) error {
	if err := t.drop(ctx, p.hash().String()); err != nil {
		return err
	}
	if err := t.apply(ctx); err != nil {
		return err
	}
	// Deleted rows are overwritten in the database (secure_delete) but stay in the
	// write-ahead log until that is cut.
	return t.db.Forget(ctx)
}

// drop deletes the row of a path and of all below: children first, so that a
// crash leaves nothing that cannot be found from the top.
func (t *Tree) drop(ctx context.Context, id string) error {
	for {
		rows, err := t.db.List(ctx, table, "", store.Filter{K2: id}, store.MaxList, "")
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			if err := t.drop(ctx, r.ID); err != nil {
				return err
			}
		}
	}
	if err := t.db.Delete(ctx, table, "", id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// State is the ledger's length and head, to be put on the audit log and compared
// at the next start: it finds a ledger that was put back together with its keys.
func (t *Tree) State() (erasures int64, head [32]byte) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.ledger.n, t.ledger.head
}

// Rewrap wraps the installation's key with another wrapper: the rotation of the
// wrapping key. Nothing below changes.
func (t *Tree) Rewrap(ctx context.Context, w seal.Wrapper) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, err := t.key(ctx, Installation())
	if err != nil {
		return fmt.Errorf("rewrapping: %w", err)
	}
	wrapped, err := w.Wrap(ctx, k)
	if err != nil {
		return fmt.Errorf("rewrapping: %w", err)
	}
	err = t.db.Update(ctx, table, "", Installation().hash().String(), func(r *store.Row) error {
		r.K1, r.Sealed = w.ID(), wrapped
		return nil
	})
	if err == nil {
		t.o.Wrapper = w
		err = t.db.Forget(ctx)
	}
	if err != nil {
		return fmt.Errorf("rewrapping: %w", err)
	}
	return nil
}

// Close forgets all keys. It is idempotent.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	for h, c := range t.cache {
		c.key.Zero()
		delete(t.cache, h)
	}
	return t.release()
}

func (t *Tree) release() error {
	var errs []error
	if t.db != nil {
		errs = append(errs, t.db.Close())
	}
	if t.ledger != nil {
		errs = append(errs, t.ledger.f.Close())
	}
	return errors.Join(errs...)
}
