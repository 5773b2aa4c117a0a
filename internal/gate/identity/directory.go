package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
)

// The errors of Authenticate. What exactly was wrong is told to nobody.
var (
	// ErrKey: the key is none of the resource's, or there was no credential.
	ErrKey = errors.New("the key is not one of the resource's")
	// ErrToken: the token or session proves nobody.
	ErrToken = errors.New("the token proves nobody")
	// ErrUnavailable: the token may be good, but nobody could be asked.
	ErrUnavailable = errors.New("the identity provider could not be asked")
)

// Config is what a directory needs.
type Config struct {
	Store store.Store // required
	// Key is the installation's key for identities: rows are sealed with it, and the
	// pepper of all hashes is derived from it. Required.
	Key seal.Key
	// Providers issue tokens. May be empty.
	Providers []Provider

	SessionIdle     time.Duration // zero: 30 minutes
	SessionAbsolute time.Duration // zero: 8 hours

	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: discards
}

// Directory knows who callers are. Its rows are read into memory when it opens
// and after each change, so that proving a caller asks no database. It is safe
// for concurrent use. One process owns the rows; another one's changes show
// after Reload.
type Directory struct {
	now    func() time.Time
	log    *slog.Logger
	pepper *pepper
	tables tables

	providers map[string]*provider // by issuer; fixed after Open
	verified  verified

	idle, absolute time.Duration

	// writing is held while rows change, so that the index follows in their order.
	writing sync.Mutex
	mu      sync.RWMutex
	index   index // guarded by mu
}

// index is what the rows say.
type index struct {
	keys       map[string]*[slots]hash // by resource
	members    map[string]Member       // by id
	pseudonyms map[string]string       // by principal id
	sessions   map[hash]*session
}

// tables are the directory's collections.
type tables struct {
	keys       store.Collection[keyRow]
	members    store.Collection[Member]
	pseudonyms store.Collection[pseudonymRow]
	links      store.Collection[linkRow]
	sessions   store.Collection[sessionRow]
}

// scope is the scope of rows that belong to the installation.
const scope = "installation"

// Open reads the rows and returns a directory. It does not ask the identity
// providers: one that cannot be reached does not stop the start.
func Open(ctx context.Context, c Config) (*Directory, error) {
	if c.Store == nil || c.Key.IsZero() {
		return nil, errors.New("identity: Store and Key are required")
	}
	d := &Directory{
		now: c.Now, log: c.Logger, idle: c.SessionIdle, absolute: c.SessionAbsolute,
		pepper: newPepper(c.Key.Derive("identity pepper").Bytes()), tables: newTables(c),
		providers: map[string]*provider{},
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.idle <= 0 {
		d.idle = defaultIdle
	}
	if d.absolute <= 0 {
		d.absolute = defaultAbsolute
	}
	for _, p := range c.Providers {
		if d.providers[p.Issuer] != nil {
			return nil, fmt.Errorf("identity: two providers have the issuer %q", p.Issuer)
		}
		made, err := newProvider(p, d.now, d.log)
		if err != nil {
			return nil, err
		}
		d.providers[p.Issuer] = made
	}
	return d, d.Reload(ctx)
}

func newTables(c Config) tables {
	rows := c.Key.Derive("identity rows")
	key := func(context.Context, string, string) (seal.Key, error) { return rows, nil }
	return tables{
		keys:       store.Collection[keyRow]{Store: c.Store, Table: "api_keys", Key: key},
		members:    store.Collection[Member]{Store: c.Store, Table: "members", Key: key},
		pseudonyms: store.Collection[pseudonymRow]{Store: c.Store, Table: "pseudonyms", Key: key},
		links:      store.Collection[linkRow]{Store: c.Store, Table: "sign_in_links", Key: key},
		sessions:   store.Collection[sessionRow]{Store: c.Store, Table: "sessions", Key: key},
	}
}

// Reload reads all rows again.
func (d *Directory) Reload(ctx context.Context) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	ix, err := d.read(ctx)
	if err != nil {
		return fmt.Errorf("reading identities: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index = ix
	return nil
}

func (d *Directory) read(ctx context.Context) (index, error) {
	ix := index{
		keys: map[string]*[slots]hash{}, members: map[string]Member{},
		pseudonyms: map[string]string{}, sessions: map[hash]*session{},
	}
	err := errors.Join(
		everyScope(ctx, &d.tables.keys, func(it store.Item[keyRow]) error { return ix.addKey(it) }),
		every(ctx, &d.tables.members, scope, func(it store.Item[Member]) error {
			ix.members[it.ID] = it.Value
			return nil
		}),
		every(ctx, &d.tables.pseudonyms, scope, func(it store.Item[pseudonymRow]) error {
			ix.pseudonyms[it.ID] = it.Value.Pseudonym
			return nil
		}),
		every(ctx, &d.tables.sessions, scope, func(it store.Item[sessionRow]) error { return ix.addSession(it) }),
	)
	return ix, err
}

// every calls do for each row of a scope.
func every[T any](ctx context.Context, c *store.Collection[T], scope string, do func(store.Item[T]) error) error {
	for after := ""; ; {
		items, err := c.List(ctx, scope, store.Filter{}, store.MaxList, after)
		if err != nil {
			return err
		}
		for _, it := range items {
			if err := do(it); err != nil {
				return err
			}
			after = it.ID
		}
		if len(items) < store.MaxList {
			return nil
		}
	}
}

func everyScope[T any](ctx context.Context, c *store.Collection[T], do func(store.Item[T]) error) error {
	for after := ""; ; {
		scopes, err := c.Store.Scopes(ctx, c.Table, store.MaxList, after)
		if err != nil {
			return err
		}
		for _, s := range scopes {
			if err := every(ctx, c, s, do); err != nil {
				return err
			}
			after = s
		}
		if len(scopes) < store.MaxList {
			return nil
		}
	}
}

// maxSecret bounds a credential in bytes. Headers are bounded anyway; a token
// with hundreds of groups has a few thousand.
const maxSecret = 16 << 10

// Authenticate proves a credential. resource is the name of the resource that is
// asked, "" for an unknown one: a key is then compared with a decoy, so that a
// wrong key, another resource's key and an unknown resource take the same steps.
// The errors are ErrKey, ErrToken and ErrUnavailable, perhaps wrapped with a
// cause for the log.
func (d *Directory) Authenticate(ctx context.Context, resource string, c Credential) (Principal, error) {
	if len(c.Secret.s) > maxSecret {
		return Principal{}, ErrKey
	}
	switch c.Kind {
	case Key:
		return d.byKey(resource, c.Secret)
	case Bearer:
		if looksLikeToken(c.Secret.s) {
			return d.byToken(ctx, c.Secret)
		}
		return d.byKey(resource, c.Secret)
	case Session:
		return d.bySession(ctx, c.Secret)
	}
	return Principal{}, ErrKey
}

// looksLikeToken tells a JWT from a key: three parts, the first of which begins
// with the base64url form of `{"`. Keys have no dots.
func looksLikeToken(s string) bool {
	return strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2
}
