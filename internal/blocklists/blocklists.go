// Package blocklists keeps the lists of terms that people manage at run time:
// names, descriptions and items, sealed in the database under the key of their
// resource, and compiled for matching. What it knows of a text is what
// guard/blocklist finds in it.
//
// Lists belong to a resource; another resource's list does not exist. A list is one
// record, so a change of many items happens whole or not at all.
package blocklists

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"sallyport/guard/blocklist"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
)

// Limits (reference/content-safety.md, section 7), and two of our own.
const (
	MaxTerms       = 10_000 // items of all lists of a resource
	MaxTerm        = 128    // characters of an item's text
	MaxDescription = 1_024  // characters
	MaxBatch       = 100    // items of one call
	MaxName        = 64
	// MaxLists and MaxPatterns bound a resource where the contract does not: lists are
	// read together, and each pattern costs a pass over the text.
	MaxLists    = 1_000
	MaxPatterns = 500
)

// Errors that callers branch on. None holds a term.
var (
	ErrNoList    = errors.New("blocklists: no such list")
	ErrNoItem    = errors.New("blocklists: no such item")
	ErrTooMany   = errors.New("blocklists: too many items")
	ErrPatterns  = errors.New("blocklists: too many patterns")
	ErrLists     = errors.New("blocklists: too many lists")
	ErrDuplicate = errors.New("blocklists: an item is given twice")
)

// TermError is an item that cannot be on a list. Index is its place in the call.
type TermError struct {
	Index int
	Why   string // words of this package
}

func (e *TermError) Error() string { return fmt.Sprintf("blocklists: item %d %s", e.Index, e.Why) }

// List is a list without its items.
type List struct {
	Name        string
	Description content.Text
}

// Item is a term or a pattern (RE2) of a list.
type Item struct {
	ID                string // made by Add
	Text, Description content.Text
	Pattern           bool
}

// record is a list as it is stored.
type record struct {
	List
	Items []Item
}

// Config is what a Store needs. All of it is required but Now.
type Config struct {
	Store store.Store
	// Key is the key of a resource.
	Key func(ctx context.Context, resource string) (seal.Key, error)
	Now func() time.Time
}

// Store keeps lists. It is safe for concurrent use.
type Store struct {
	rows store.Collection[record]
	key  func(ctx context.Context, resource string) (seal.Key, error)
	now  func() time.Time

	// change is held by whoever changes a list: limits count all lists of a resource.
	change sync.Mutex
	sums   map[string]*sum // by resource; guarded by change

	mu     sync.Mutex
	loaded map[place]*loaded // guarded by mu; bounded by the lists there are
}

type place struct{ resource, name string }

// sum is what the lists of a resource hold, so that a change need not read them all.
type sum struct {
	at    time.Time
	lists map[string]count // by name
}

type count struct{ terms, patterns int }

// loaded is a list in memory. It never changes.
type loaded struct {
	record
	at      time.Time
	matcher func() (*Matcher, error)
}

// fresh is how long a list in memory is believed: another replica may have changed
// it. The contract grants minutes.
const fresh = time.Minute

// New returns a store.
func New(c Config) *Store {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Store{key: c.Key, now: c.Now, loaded: map[place]*loaded{}, sums: map[string]*sum{}}
	s.rows = store.Collection[record]{
		Store: c.Store, Table: "blocklists", Encode: encode, Decode: decode,
		Key: func(ctx context.Context, resource, _ string) (seal.Key, error) {
			k, err := c.Key(ctx, resource)
			if err != nil {
				return seal.Key{}, err
			}
			return k.Derive("blocklists"), nil
		},
	}
	return s
}

// row keeps names out of the clear columns.
func (s *Store) row(ctx context.Context, resource, name string) (string, error) {
	k, err := s.key(ctx, resource)
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, k.Derive("blocklist names").Bytes())
	h.Write([]byte(name))
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Put makes a list, or changes the description of one: nil leaves it.
func (s *Store) Put(ctx context.Context, resource, name string, description *content.Text) (l List, created bool, err error) {
	s.change.Lock()
	defer s.change.Unlock()
	id, err := s.row(ctx, resource, name)
	if err != nil {
		return List{}, false, err
	}
	set := func(r *record) error {
		r.Name = name
		if description != nil {
			r.Description = *description
		}
		l = r.List
		return nil
	}
	err = s.rows.Update(ctx, resource, id, set)
	if errors.Is(err, store.ErrNotFound) {
		all, err := s.all(ctx, resource)
		if err != nil {
			return List{}, false, err
		}
		if len(all) >= MaxLists {
			return List{}, false, ErrLists
		}
		var r record
		_ = set(&r)
		return l, true, s.rows.Create(ctx, resource, id, r)
	}
	s.forget(resource, name)
	return l, false, err
}

// Get returns a list; ErrNoList.
func (s *Store) Get(ctx context.Context, resource, name string) (List, error) {
	r, err := s.load(ctx, resource, name)
	if err != nil {
		return List{}, err
	}
	return r.List, nil
}

// Lists returns all lists of a resource, by name.
func (s *Store) Lists(ctx context.Context, resource string) ([]List, error) {
	all, err := s.all(ctx, resource)
	lists := make([]List, len(all))
	for i := range all {
		lists[i] = all[i].List
	}
	slices.SortFunc(lists, func(a, b List) int { return strings.Compare(a.Name, b.Name) })
	return lists, err
}

func (s *Store) all(ctx context.Context, resource string) ([]record, error) {
	var all []record
	for after := ""; ; {
		page, err := s.rows.List(ctx, resource, store.Filter{}, store.MaxList, after)
		if err != nil {
			return nil, err
		}
		for _, it := range page {
			all = append(all, it.Value)
			after = it.ID
		}
		if len(page) < store.MaxList {
			return all, nil
		}
	}
}

// Delete removes a list with its items; ErrNoList.
func (s *Store) Delete(ctx context.Context, resource, name string) error {
	s.change.Lock()
	defer s.change.Unlock()
	id, err := s.row(ctx, resource, name)
	if err != nil {
		return err
	}
	err = s.rows.Delete(ctx, resource, id)
	s.forget(resource, name)
	delete(s.sums, resource)
	if errors.Is(err, store.ErrNotFound) {
		return ErrNoList
	}
	return err
}

// Add adds items, all or none, and returns them with their ids. An item whose text
// is on the list already is changed and keeps its id. Errors: ErrNoList, *TermError,
// ErrDuplicate, ErrTooMany, ErrPatterns.
func (s *Store) Add(ctx context.Context, resource, name string, items []Item) ([]Item, error) {
	if err := checkItems(items); err != nil {
		return nil, err
	}
	s.change.Lock()
	defer s.change.Unlock()
	id, err := s.row(ctx, resource, name)
	if err != nil {
		return nil, err
	}
	sum, err := s.sumLocked(ctx, resource)
	if err != nil {
		return nil, err
	}
	var (
		added []Item
		own   count
	)
	err = s.rows.Update(ctx, resource, id, func(r *record) error {
		added = r.add(items, s.now())
		own = countOf(r.Items)
		return sum.admits(name, own)
	})
	s.forget(resource, name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, ErrNoList
	case err != nil:
		return nil, err
	}
	sum.lists[name] = own
	return added, nil
}

// sumLocked counts what the lists of a resource hold.
func (s *Store) sumLocked(ctx context.Context, resource string) (*sum, error) {
	if have := s.sums[resource]; have != nil && s.now().Sub(have.at) < fresh {
		return have, nil
	}
	all, err := s.all(ctx, resource)
	if err != nil {
		return nil, err
	}
	counted := &sum{at: s.now(), lists: map[string]count{}}
	for _, r := range all {
		counted.lists[r.Name] = countOf(r.Items)
	}
	s.sums[resource] = counted
	return counted, nil
}

// admits reports whether a list may hold so much beside the others.
func (u *sum) admits(name string, own count) error {
	for other, n := range u.lists {
		if other != name {
			own.terms, own.patterns = own.terms+n.terms, own.patterns+n.patterns
		}
	}
	switch {
	case own.terms > MaxTerms:
		return ErrTooMany
	case own.patterns > MaxPatterns:
		return ErrPatterns
	}
	return nil
}

func countOf(items []Item) count {
	c := count{terms: len(items)}
	for _, it := range items {
		if it.Pattern {
			c.patterns++
		}
	}
	return c
}

func checkItems(items []Item) error {
	seen := map[string]bool{}
	for i, it := range items {
		text := open.String(it.Text)
		if n := utf8.RuneCountInString(text); n == 0 || n > MaxTerm {
			return &TermError{i, fmt.Sprintf("must have 1 to %d characters", MaxTerm)}
		}
		if it.Description.Len() > MaxDescription && utf8.RuneCountInString(open.String(it.Description)) > MaxDescription {
			return &TermError{i, fmt.Sprintf("has a description of more than %d characters", MaxDescription)}
		}
		if seen[text] {
			return ErrDuplicate
		}
		seen[text] = true
		if _, err := blocklist.Compile("", []blocklist.Term{{Text: text, Regexp: it.Pattern}}); err != nil {
			why := "has no letter, digit or sign that could be matched"
			if it.Pattern {
				why = "is no pattern that can be matched: it must be RE2, have a longest match, match no empty text and name no beginning or end of the text"
			}
			return &TermError{i, why}
		}
	}
	return nil
}

// add changes r and returns the items as they are now.
func (r *record) add(items []Item, now time.Time) []Item {
	at := map[string]int{}
	for i, it := range r.Items {
		at[open.String(it.Text)] = i
	}
	r.Items = slices.Clone(r.Items)
	added := make([]Item, len(items))
	for i, it := range items {
		if j, ok := at[open.String(it.Text)]; ok {
			it.ID = r.Items[j].ID
			r.Items[j] = it
		} else {
			it.ID = newID(now)
			r.Items = append(r.Items, it)
		}
		added[i] = it
	}
	return added
}

// Remove removes items, all or none; ErrNoList, ErrNoItem.
func (s *Store) Remove(ctx context.Context, resource, name string, ids []string) error {
	s.change.Lock()
	defer s.change.Unlock()
	row, err := s.row(ctx, resource, name)
	if err != nil {
		return err
	}
	err = s.rows.Update(ctx, resource, row, func(r *record) error {
		for _, id := range ids {
			if !slices.ContainsFunc(r.Items, func(it Item) bool { return it.ID == id }) {
				return ErrNoItem
			}
		}
		r.Items = slices.DeleteFunc(slices.Clone(r.Items), func(it Item) bool { return slices.Contains(ids, it.ID) })
		return nil
	})
	s.forget(resource, name)
	delete(s.sums, resource)
	if errors.Is(err, store.ErrNotFound) {
		return ErrNoList
	}
	return err
}

// Items returns the items of a list in the order in which they were added; ErrNoList.
// The caller MUST NOT change the slice.
func (s *Store) Items(ctx context.Context, resource, name string) ([]Item, error) {
	r, err := s.load(ctx, resource, name)
	if err != nil {
		return nil, err
	}
	return r.Items, nil
}

// Item returns one item; ErrNoList, ErrNoItem.
func (s *Store) Item(ctx context.Context, resource, name, id string) (Item, error) {
	items, err := s.Items(ctx, resource, name)
	if err != nil {
		return Item{}, err
	}
	i := slices.IndexFunc(items, func(it Item) bool { return it.ID == id })
	if i < 0 {
		return Item{}, ErrNoItem
	}
	return items[i], nil
}

// Matcher returns the list compiled; ErrNoList.
func (s *Store) Matcher(ctx context.Context, resource, name string) (*Matcher, error) {
	r, err := s.load(ctx, resource, name)
	if err != nil {
		return nil, err
	}
	return r.matcher()
}

func (s *Store) load(ctx context.Context, resource, name string) (*loaded, error) {
	at := place{resource, name}
	s.mu.Lock()
	l := s.loaded[at]
	s.mu.Unlock()
	if l != nil && s.now().Sub(l.at) < fresh {
		return l, nil
	}
	// Who changes a list holds the lock until memory has forgotten the old one: what is
	// read here can't be older than a change that has returned.
	s.change.Lock()
	defer s.change.Unlock()
	id, err := s.row(ctx, resource, name)
	if err != nil {
		return nil, err
	}
	it, err := s.rows.Get(ctx, resource, id)
	if errors.Is(err, store.ErrNotFound) {
		s.forget(resource, name)
		return nil, ErrNoList
	}
	if err != nil {
		return nil, err
	}
	l = &loaded{record: it.Value, at: s.now(), matcher: sync.OnceValues(func() (*Matcher, error) { return compile(it.Value) })}
	s.mu.Lock()
	s.loaded[at] = l
	s.mu.Unlock()
	return l, nil
}

func (s *Store) forget(resource, name string) {
	s.mu.Lock()
	delete(s.loaded, place{resource, name})
	s.mu.Unlock()
}
