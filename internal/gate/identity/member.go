package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"sallyport/internal/custody/store"
)

// Member is a person whom the installation itself knows. (The kind of principal
// is Person.)
type Member struct {
	ID      string    `json:"id"` // random
	Name    string    `json:"name"`
	Groups  []string  `json:"groups"`
	Created time.Time `json:"created"`
}

// pseudonymRow is a row of its own so that it can be erased: the record then
// names somebody whom nobody can find, and stays intact.
type pseudonymRow struct {
	Pseudonym string `json:"pseudonym"`
}

// newID makes a random id of 130 bits in lower-case letters and digits.
func newID() string { return rand.Text() }

// NewMember registers a person and returns it with its id.
func (d *Directory) NewMember(ctx context.Context, name string, groups ...string) (Member, error) {
	if name == "" {
		return Member{}, errors.New("identity: a person has a name")
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	m := Member{ID: newID(), Name: name, Groups: slices.Clone(groups), Created: d.now().UTC()}
	if err := d.tables.members.Create(ctx, scope, m.ID, m); err != nil {
		return Member{}, fmt.Errorf("registering a person: %w", err)
	}
	d.mu.Lock()
	d.index.members[m.ID] = m
	d.mu.Unlock()
	_, err := d.pseudonymLocked(ctx, m.ID)
	return m, err
}

// Member finds a person by id.
func (d *Directory) Member(id string) (Member, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	m, ok := d.index.members[id]
	return m, ok
}

// Members lists the registered persons by name.
func (d *Directory) Members() []Member {
	d.mu.RLock()
	defer d.mu.RUnlock()
	list := make([]Member, 0, len(d.index.members))
	for _, m := range d.index.members {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Member) int {
		if a.Name != b.Name {
			return compare(a.Name, b.Name)
		}
		return compare(a.ID, b.ID)
	})
	return list
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// UpdateMember changes a person's name or groups. New groups hold for the next
// request of sessions that exist.
func (d *Directory) UpdateMember(ctx context.Context, id string, change func(m *Member) error) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	var after Member
	err := d.tables.members.Update(ctx, scope, id, func(m *Member) error {
		if err := change(m); err != nil {
			return err
		}
		m.ID = id
		after = *m
		after.Groups = slices.Clone(m.Groups)
		return nil
	})
	if err != nil {
		return fmt.Errorf("changing a person: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index.members[id] = after
	return nil
}

// RemoveMember ends a person's sessions and forgets it with its pseudonym.
func (d *Directory) RemoveMember(ctx context.Context, id string) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if err := d.tables.members.Delete(ctx, scope, id); err != nil {
		return fmt.Errorf("removing a person: %w", err)
	}
	d.mu.Lock()
	delete(d.index.members, id)
	d.mu.Unlock()
	return errors.Join(d.endAllLocked(ctx, id), d.erasePseudonymLocked(ctx, id))
}

// ErasePseudonym cuts the tie between a principal and its entries on the record.
// It gets a new one when it comes again.
func (d *Directory) ErasePseudonym(ctx context.Context, id string) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	return d.erasePseudonymLocked(ctx, id)
}

func (d *Directory) erasePseudonymLocked(ctx context.Context, id string) error {
	if err := d.tables.pseudonyms.Delete(ctx, scope, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("erasing a pseudonym: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.index.pseudonyms, id)
	return nil
}

// pseudonym is the name of a principal on the record, made on first sight.
func (d *Directory) pseudonym(ctx context.Context, id string) (string, error) {
	d.mu.RLock()
	p := d.index.pseudonyms[id]
	d.mu.RUnlock()
	if p != "" {
		return p, nil
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	return d.pseudonymLocked(ctx, id)
}

// pseudonymLocked needs d.writing.
func (d *Directory) pseudonymLocked(ctx context.Context, id string) (string, error) {
	d.mu.RLock()
	p := d.index.pseudonyms[id]
	d.mu.RUnlock()
	if p != "" {
		return p, nil
	}
	row := pseudonymRow{Pseudonym: newID()}
	err := d.tables.pseudonyms.Create(ctx, scope, id, row)
	if errors.Is(err, store.ErrConflict) { // another process was first
		var it store.Item[pseudonymRow]
		it, err = d.tables.pseudonyms.Get(ctx, scope, id)
		row = it.Value
	}
	if err != nil {
		return "", fmt.Errorf("storing a pseudonym: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index.pseudonyms[id] = row.Pseudonym
	return row.Pseudonym, nil
}
