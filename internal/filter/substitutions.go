package filter

import (
	"sallyport/guard/pii/redact"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
)

// Substitutions say what stands in a masked prompt for what, and put it back in
// the answer. They belong to one request and die with it. The zero value puts
// nothing back.
type Substitutions struct{ vault redact.Vault }

// placeholderFor returns the substitute of an entity. Equal entities get equal
// substitutes, so that the model can still tell them apart.
func (s *Substitutions) placeholderFor(kind, original string) string {
	return s.vault.Placeholder(kind, original)
}

// Empty reports whether nothing was masked.
func (s *Substitutions) Empty() bool { return s == nil || s.vault.Empty() }

// find returns the first substitute in text and what it stands for. There is none
// when start and end are both the length of text.
func (s *Substitutions) find(text string) (start, end int, original string) {
	return s.vault.Next(text)
}

// cut is where the beginning of a substitute stands at the end of text, the length
// of text when none does.
func (s *Substitutions) cut(text string) int { return s.vault.Open(text) }

// restore puts the originals back into text.
func (s *Substitutions) restore(text string) string {
	if s.Empty() {
		return text
	}
	return s.vault.Restore(text)
}

// RestoreJSON puts the originals back into the text of a JSON document, escaped
// as JSON strings are.
func (s *Substitutions) RestoreJSON(t content.Text) content.Text {
	if s.Empty() {
		return t
	}
	return content.New(s.vault.RestoreJSON(open.String(t)))
}
