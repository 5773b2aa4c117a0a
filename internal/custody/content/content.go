// Package content defines the type in which prompts, answers and documents
// travel. A Text has no path to a log, a metric, a trace, an error or a plain
// file: printing shows a fixed word and encoding fails. Opening one takes the
// import of custody/content/open, whose list of importers is the privacy audit
// (a test holds the list).
package content

import "sallyport/internal/custody/content/internal/raw"

// Text is a piece of content. The zero Text is empty.
type Text = raw.Text

// New wraps s as content.
func New(s string) Text { return raw.New(s) }

// Placeholder is the word that every printing path shows in place of content.
const Placeholder = raw.Placeholder

// Builder joins texts without opening them. The zero Builder is empty.
type Builder = raw.Builder
