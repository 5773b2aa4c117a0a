// Package knowledge finds passages in an organisation's documents, and only in
// those the asker may read.
//
// The permission set is applied inside the search loop, and the statistics of
// the ranking are those of the visible documents alone: a person who may see
// five documents of five hundred gets, bit for bit, the result of a library
// that holds only these five. Nothing, not a score and not a count, tells of
// the rest. Rights are looked at three times: in Search, in Recheck when a
// prompt is built, and in Passage when a citation is opened.
//
// The life of a Library: Open reads every collection's folder into memory;
// Reload reads them again and swaps; Add, SetAccess and Remove change uploaded
// documents. Each change builds a new immutable snapshot; a search whose snapshot
// was replaced while it ran starts again, so a right that was taken away is
// gone from every answer that had not returned yet.
//
// Document text lives in the process's memory and in the operator's own folder,
// nowhere else: this package writes no file. A sealed snapshot on disk is a
// later matter, and until then uploads do not outlive the process.
//
// It fails closed: unlisted documents are readable by nobody, unknown group
// membership searches nothing, forbidden and missing give the same error.
package knowledge

import (
	"errors"
	"io/fs"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
)

// Errors that callers branch on.
var (
	// ErrNotFound is for a document or passage that does not exist or that the
	// asker may not read: the two cannot be told apart.
	ErrNotFound = errors.New("no such document")
	// ErrGroupsUnknown is for an asker whose group membership is not known: nothing
	// was searched.
	ErrGroupsUnknown = errors.New("group membership is not known, so nothing was searched")
	// ErrFolderOwned is for changing the rights of a folder's document, whose one
	// owner is the folder's access list.
	ErrFolderOwned = errors.New("the rights of a folder's document are in its access list")
)

// Collection is a set of documents with one owner and purpose. The strings are
// the operator's configuration, not content.
type Collection struct {
	ID       string // in configuration and records, e.g. "ward-procedures"
	Name     string // for people
	Owner    string
	Region   string
	Purpose  string
	Language string // of documents that name none; "" is "en"
	// Files is the folder. Nil: a collection of uploaded documents only.
	Files fs.FS
	// AccessFile is the access list in Files; "" is "access.csv".
	AccessFile string
}

// Access says who may read a document. The zero Access is nobody.
type Access struct {
	Groups []string
	People []string // Principal.ID
}

// Document is what a person who may read it is told of a document.
type Document struct {
	ID             string // unguessable
	Collection     string
	Title          content.Text
	Language       string
	Updated        string // YYYY-MM-DD, "" unknown
	Classification string // as the document says, e.g. "official"; for display
	Passages       int
	Uploaded       bool
}

// Passage is the piece of a document that is found, quoted and cited: a
// section, or a part of a long one.
type Passage struct {
	Document string
	Index    int
	// Anchor is the position: numbers only, for headings are content. "2.1 ¶3" is
	// the third paragraph of the first subsection of the second section.
	Anchor    string
	Paragraph int            // number of its first paragraph within the section
	Headings  []content.Text // from the outermost
	Text      content.Text
	// Start and End are the passage's bytes in the text that the parser made.
	Start, End int
}

// Span is a half-open range of bytes.
type Span struct{ Start, End int }

// Hit is a passage that was found.
type Hit struct {
	Document Document
	Passage  Passage
	Score    float64
	Coverage float64 // share of the question's words, weighted by rarity, that the passage has
	Spans    []Span  // the matched words in Passage.Text
}

// Source is the hit in the form in which it travels in a conversation.
func (h Hit) Source() conversation.Source {
	return source(h.Document, h.Passage)
}

// Part is the hit as a part of a prompt. Its text is whose it is: untrusted.
func (h Hit) Part() conversation.Part {
	s := h.Source()
	return conversation.Part{Kind: conversation.Document, Origin: conversation.Untrusted, Text: h.Passage.Text, Source: &s}
}

func source(d Document, p Passage) conversation.Source {
	return conversation.Source{
		Collection: d.Collection, Document: d.ID, Passage: p.Index,
		Title: d.Title, Anchor: p.Anchor, Updated: d.Updated,
	}
}

// Result is what a search found.
type Result struct {
	Visible  int   // documents that this person may see
	Passages []Hit // best first; empty: nothing relevant enough was found
}
