package filter

import (
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

// find returns the first substitute in text and what it stands for. There is none
// when start and end are both the length of text.
func (s *Substitutions) find(text string) (start, end int, original string) {
	for from := 0; ; {
		i := strings.IndexByte(text[from:], '[')
		if i < 0 {
			return len(text), len(text), ""
		}
		i += from
		near := text[i:min(len(text), i+s.longest)]
		if n := strings.IndexByte(near, ']') + 1; n > 0 {
			if t, ok := s.back[near[:n]]; ok {
				return i, i + n, open.String(t)
			}
		}
		from = i + 1
	}
}

// cut is where the beginning of a substitute stands at the end of text, the length
// of text when none does.
func (s *Substitutions) cut(text string) int {
	i := strings.LastIndexByte(text, '[')
	if i < 0 || len(text)-i >= s.longest {
		return len(text)
	}
	rest := text[i+1:]
	for kind := range s.count {
		n := min(len(rest), len(kind))
		if rest[:n] != kind[:n] {
			continue
		}
		if digits, ok := strings.CutPrefix(rest[n:], " "); rest[n:] == "" || ok && strings.Trim(digits, "0123456789") == "" {
			return i
		}
	}
	return len(text)
}

// RestoreJSON puts the originals back into the text of a JSON document, escaped
// as JSON strings are.
func (s *Substitutions) RestoreJSON(t content.Text) content.Text {
	if s.Empty() {
		return t
	}
	text := open.String(t)
	var b []byte
	for {
		start, end, original := s.find(text)
		if start == end {
			break
		}
		b = append(b, text[:start]...)
		quoted := open.AppendQuoted(nil, content.New(original))
		b = append(b, quoted[1:len(quoted)-1]...)
		text = text[end:]
	}
	if b == nil {
		return t
	}
	return content.New(string(append(b, text...)))
}
