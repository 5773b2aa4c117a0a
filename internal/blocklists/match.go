package blocklists

import (
	"fmt"
	"slices"

	"sallyport/guard/blocklist"
	"sallyport/guard/normalize"
	"sallyport/internal/custody/content/open"
)

// Matcher finds the items of a list in texts. It is immutable and safe for
// concurrent use.
type Matcher struct {
	name  string
	items []Item
	list  *blocklist.List
}

func compile(r record) (*Matcher, error) {
	list, err := blocklist.Compile(r.Name, terms(r.Items))
	if err != nil {
		return nil, fmt.Errorf("compiling a blocklist: %w", err)
	}
	return &Matcher{name: r.Name, items: r.Items, list: list}, nil
}

func terms(items []Item) []blocklist.Term {
	out := make([]blocklist.Term, len(items))
	for i, it := range items {
		out[i] = blocklist.Term{ID: it.ID, Text: open.String(it.Text), Regexp: it.Pattern}
	}
	return out
}

// Name is the list's.
func (m *Matcher) Name() string { return m.name }

// List is the compiled list, for a content filter.
func (m *Matcher) List() *blocklist.List { return m.list }

// Find returns the items that are in any of the readings of a text, in the order of the
// list.
func (m *Matcher) Find(readings ...normalize.Reading) []Item {
	hit := map[int]bool{}
	for _, r := range readings {
		m.list.Items(r, func(item int) { hit[item] = true })
	}
	at := make([]int, 0, len(hit))
	for i := range hit {
		at = append(at, i)
	}
	slices.Sort(at)
	out := make([]Item, len(at))
	for i, k := range at {
		out[i] = m.items[k]
	}
	return out
}
