package blocklists

import (
	"fmt"

	"sallyport/guard/blocklist"
	"sallyport/guard/normalize"
	"sallyport/internal/custody/content/open"
)

// chunk is how many items share a list below the whole one. A text without a hit
// costs one pass; one with a hit costs a pass for each chunk, and one for each item
// of the chunks that hit.
const chunk = 100

// Matcher finds the items of a list in texts. It is immutable and safe for
// concurrent use.
type Matcher struct {
	name   string
	items  []Item
	whole  *blocklist.List
	chunks []*blocklist.List
}

func compile(r record) (*Matcher, error) {
	m := &Matcher{name: r.Name, items: r.Items}
	var err error
	if m.whole, err = blocklist.Compile(r.Name, terms(r.Items)); err != nil {
		return nil, fmt.Errorf("compiling a blocklist: %w", err)
	}
	for i := 0; i < len(r.Items); i += chunk {
		l, err := blocklist.Compile(r.Name, terms(r.Items[i:min(i+chunk, len(r.Items))]))
		if err != nil {
			return nil, fmt.Errorf("compiling a blocklist: %w", err)
		}
		m.chunks = append(m.chunks, l)
	}
	return m, nil
}

func terms(items []Item) []blocklist.Term {
	out := make([]blocklist.Term, len(items))
	for i, it := range items {
		out[i] = blocklist.Term{Text: open.String(it.Text), Regexp: it.Pattern}
	}
	return out
}

// Name is the list's.
func (m *Matcher) Name() string { return m.name }

// List is the compiled list, for a content filter.
func (m *Matcher) List() *blocklist.List { return m.whole }

// Find returns the items that are in the text, in the order of the list.
func (m *Matcher) Find(r normalize.Reading) ([]Item, error) {
	if len(m.whole.Find(r)) == 0 {
		return nil, nil
	}
	var hits []Item
	for i, c := range m.chunks {
		if len(c.Find(r)) == 0 {
			continue
		}
		for _, it := range m.items[i*chunk : min((i+1)*chunk, len(m.items))] {
			one, err := blocklist.Compile(m.name, terms([]Item{it}))
			if err != nil {
				return nil, fmt.Errorf("compiling a blocklist's item: %w", err)
			}
			if len(one.Find(r)) > 0 {
				hits = append(hits, it)
			}
		}
	}
	return hits, nil
}
