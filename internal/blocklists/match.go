package blocklists

import (
	"fmt"

	"sallyport/guard/blocklist"
	"sallyport/guard/normalize"
	"sallyport/internal/custody/content/open"
)

// fan is into how many parts a list is divided, and each part again: a text without a
// hit costs one pass over it, and each item that hits costs a pass for every part on
// the way down to it.
const fan = 16

// Matcher finds the items of a list in texts. It is immutable and safe for
// concurrent use.
type Matcher struct {
	name  string
	items []Item
	root  part
}

// part is a stretch of the items, compiled.
type part struct {
	from, to int
	list     *blocklist.List
	parts    []part // none for up to fan items
}

func compile(r record) (*Matcher, error) {
	m := &Matcher{name: r.Name, items: r.Items}
	var err error
	m.root, err = m.part(0, len(r.Items))
	return m, err
}

func (m *Matcher) part(from, to int) (p part, err error) {
	p = part{from: from, to: to}
	if p.list, err = blocklist.Compile(m.name, terms(m.items[from:to])); err != nil {
		return p, fmt.Errorf("compiling a blocklist: %w", err)
	}
	if to-from <= fan {
		return p, nil
	}
	size := (to - from + fan - 1) / fan
	for ; from < to; from += size {
		below, err := m.part(from, min(from+size, to))
		if err != nil {
			return p, err
		}
		p.parts = append(p.parts, below)
	}
	return p, nil
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
func (m *Matcher) List() *blocklist.List { return m.root.list }

// Find returns the items that are in the text, in the order of the list.
func (m *Matcher) Find(r normalize.Reading) ([]Item, error) { return m.find(nil, &m.root, r) }

func (m *Matcher) find(hits []Item, p *part, r normalize.Reading) (_ []Item, err error) {
	if len(p.list.Find(r)) == 0 {
		return hits, nil
	}
	for i := range p.parts {
		if hits, err = m.find(hits, &p.parts[i], r); err != nil {
			return nil, err
		}
	}
	if len(p.parts) > 0 {
		return hits, nil
	}
	for _, it := range m.items[p.from:p.to] {
		one, err := blocklist.Compile(m.name, terms([]Item{it}))
		if err != nil {
			return nil, fmt.Errorf("compiling a blocklist's item: %w", err)
		}
		if len(one.Find(r)) > 0 {
			hits = append(hits, it)
		}
	}
	return hits, nil
}
