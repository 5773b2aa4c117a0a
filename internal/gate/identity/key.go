package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	gohash "hash"
	"io"
	"sync"
	"time"

	"sallyport/internal/custody/store"
)

// hash is what is kept of a secret: HMAC-SHA-256 under the pepper. A secret of
// ours has 256 bits or more, so a slow password hash would protect nothing and
// let a flood of wrong keys take the processor.
type hash [sha256.Size]byte

func (h hash) String() string { return hex.EncodeToString(h[:]) }

func parseHash(s string) (h hash, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, errors.New("not a hash")
	}
	copy(h[:], b)
	return h, nil
}

// pepper makes hashes.
type pepper struct{ pool sync.Pool }

func newPepper(key []byte) *pepper {
	return &pepper{pool: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// of hashes a secret for one use and owner: the hash of another use, or another
// resource's, is another one, even for the same characters.
func (p *pepper) of(use, owner, secret string) (h hash) {
	m := p.pool.Get().(gohash.Hash)
	m.Reset()
	for _, s := range [...]string{use, "\x00", owner, "\x00", secret} {
		_, _ = io.WriteString(m, s)
	}
	m.Sum(h[:0])
	p.pool.Put(m)
	return h
}

// Slot names one of a resource's two keys: one is in use while the other is
// renewed.
type Slot uint8

// The slots. The zero Slot is none.
const (
	NoSlot Slot = iota
	Key1
	Key2
)

const slots = 2

var slotWords = [...]string{"", "key1", "key2"}

func (s Slot) String() string {
	if int(s) < len(slotWords) {
		return slotWords[s]
	}
	return ""
}

// ParseSlot reads "key1" or "key2".
func ParseSlot(s string) (Slot, error) {
	for i, w := range slotWords {
		if i > 0 && w == s {
			return Slot(i), nil
		}
	}
	return NoSlot, errors.New("a resource has key1 and key2")
}

// keyRow is a key at rest. Its scope is the resource, its id the slot.
type keyRow struct {
	Hash    string    `json:"hash"`
	Created time.Time `json:"created"`
}

func (ix *index) addKey(it store.Item[keyRow]) error {
	slot, err := ParseSlot(it.ID)
	if err != nil {
		return fmt.Errorf("key %s of %s: %w", it.ID, it.Scope, err)
	}
	h, err := parseHash(it.Value.Hash)
	if err != nil {
		return fmt.Errorf("key %s of %s: %w", it.ID, it.Scope, err)
	}
	ix.setKey(it.Scope, slot, h)
	return nil
}

func (ix *index) setKey(resource string, slot Slot, h hash) {
	// Readers hold the old array: a new one keeps them out of our way.
	next := new([slots]hash)
	if old := ix.keys[resource]; old != nil {
		*next = *old
	}
	next[slot-1] = h
	ix.keys[resource] = next
}

const (
	keyLength = 84 // as Azure's newer keys; 500 bits
	letters   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// newSecret makes n random letters and digits.
func newSecret(n int) Secret {
	out := make([]byte, 0, n)
	var buf [128]byte
	for len(out) < n {
		rand.Read(buf[:]) // never fails (Go 1.24)
		for _, b := range buf {
			// Only what is below the largest multiple is taken: no letter is likelier.
			if int(b) < 256/len(letters)*len(letters) && len(out) < n {
				out = append(out, letters[int(b)%len(letters)])
			}
		}
	}
	return Secret{string(out)}
}

// NewKey makes a key for a slot of a resource. The one that was there is dead
// when NewKey returns. The key is not kept: it is shown now or never.
func (d *Directory) NewKey(ctx context.Context, resource string, slot Slot) (Secret, error) {
	if resource == "" || slot == NoSlot || int(slot) > slots {
		return Secret{}, errors.New("identity: a key belongs to a resource and a slot")
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	secret := newSecret(keyLength)
	h := d.pepper.of("key", resource, secret.s)
	row := keyRow{Hash: h.String(), Created: d.now().UTC()}
	if err := put(ctx, &d.tables.keys, resource, slot.String(), row); err != nil {
		return Secret{}, fmt.Errorf("storing a key: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index.setKey(resource, slot, h)
	return secret, nil
}

// HasKey reports whether a slot of a resource holds a key.
func (d *Directory) HasKey(resource string, slot Slot) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	ks := d.index.keys[resource]
	return ks != nil && slot != NoSlot && int(slot) <= slots && ks[slot-1] != hash{}
}

// RemoveKey empties a slot. It is dead when RemoveKey returns.
func (d *Directory) RemoveKey(ctx context.Context, resource string, slot Slot) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if err := d.tables.keys.Delete(ctx, resource, slot.String()); err != nil {
		return fmt.Errorf("removing a key: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index.setKey(resource, slot, hash{})
	return nil
}

// put creates a row or replaces it.
func put[T any](ctx context.Context, c *store.Collection[T], scope, id string, v T) error {
	err := c.Update(ctx, scope, id, func(old *T) error {
		*old = v
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return c.Create(ctx, scope, id, v)
	}
	return err
}

// byKey compares with both slots, whichever matches and whether the resource
// exists or not: the time tells nothing.
func (d *Directory) byKey(resource string, s Secret) (Principal, error) {
	h := d.pepper.of("key", resource, s.s)
	d.mu.RLock()
	held := d.index.keys[resource]
	d.mu.RUnlock()
	// An empty slot, and the decoy of a resource without keys, hold a hash of zeros,
	// which no secret has; none is taken for a match all the same.
	var none [slots]hash
	if held == nil {
		held = &none
	}
	found := 0
	for i := range held {
		match := subtle.ConstantTimeCompare(h[:], held[i][:]) & (1 ^ subtle.ConstantTimeCompare(none[i][:], held[i][:]))
		found = subtle.ConstantTimeSelect(match, i+1, found)
	}
	if found == 0 {
		return Principal{}, ErrKey
	}
	word := slotWords[found]
	return Principal{
		ID: resource + "/" + word, Pseudonym: word, Kind: Application, Resource: resource,
		GroupsKnown: true, Via: Key,
	}, nil
}
