package filter

import (
	"sort"
	"strconv"
	"strings"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
)

// Substitutions say what stands in a masked prompt for what, and put it back in
// the answer. They belong to one request and die with it. The zero value puts
// nothing back.
type Substitutions struct {
	forward map[string]string // type and original -> placeholder
	back    map[string]content.Text
	count   map[string]int // per type, for the numbering
	longest int            // of all placeholders, in bytes
}

// placeholderFor returns the substitute of an entity. Equal entities get equal
// substitutes, so that the model can still tell them apart.
func (s *Substitutions) placeholderFor(kind, original string) string {
	key := kind + "\x00" + original
	if p, ok := s.forward[key]; ok {
		return p
	}
	if s.forward == nil {
		s.forward, s.back, s.count = map[string]string{}, map[string]content.Text{}, map[string]int{}
	}
	s.count[kind]++
	p := "[" + kind + " " + strconv.Itoa(s.count[kind]) + "]"
	s.forward[key], s.back[p] = p, content.New(original)
	s.longest = max(s.longest, len(p))
	return p
}

// Empty reports whether nothing was masked.
func (s *Substitutions) Empty() bool { return s == nil || len(s.back) == 0 }

// Longest is the length of the longest placeholder in bytes: a stream holds back
// that much so that none is cut.
func (s *Substitutions) Longest() int {
	if s == nil {
		return 0
	}
	return s.longest
}

// Restore puts the originals back into t.
func (s *Substitutions) Restore(t content.Text) content.Text {
	if s.Empty() || t.Empty() {
		return t
	}
	text := open.String(t)
	if !strings.Contains(text, "[") {
		return t
	}
	return content.New(s.replacer().Replace(text))
}

func (s *Substitutions) replacer() *strings.Replacer {
	keys := make([]string, 0, len(s.back))
	for p := range s.back {
		keys = append(keys, p)
	}
	// Longest first: "[Email 12]" must not be read as "[Email 1]" and a rest. The
	// closing bracket already sees to that; the order keeps the output stable.
	sort.Slice(keys, func(i, j int) bool {
		return len(keys[i]) > len(keys[j]) || len(keys[i]) == len(keys[j]) && keys[i] < keys[j]
	})
	pairs := make([]string, 0, 2*len(keys))
	for _, p := range keys {
		pairs = append(pairs, p, open.String(s.back[p]))
	}
	return strings.NewReplacer(pairs...)
}

// RestoreJSON puts the originals back into the text of a JSON document, escaped
// as JSON strings are.
func (s *Substitutions) RestoreJSON(t content.Text) content.Text {
	if s.Empty() {
		return t
	}
	escaped := &Substitutions{back: make(map[string]content.Text, len(s.back))}
	for p, original := range s.back {
		quoted := open.AppendQuoted(nil, original)
		escaped.back[p] = content.New(string(quoted[1 : len(quoted)-1]))
	}
	return escaped.Restore(t)
}
