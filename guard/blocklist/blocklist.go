// Package blocklist finds an organisation's own terms and patterns in a text.
//
// A plain term matches whole words of the normalised text: case, width,
// look-alike letters, invisible characters and white space do not matter, and
// between its words white space is as good as up to three signs: "purple
// falcon" is in "purple-falcon" and "Purple_Falcon", but not in "purple. Falcon" or
// "purplefalcon". A term of four letters or more is found with up to three signs
// between any two of its letters too ("pur*ple fal.con"), but for the apostrophe of a
// contraction: "hell" is not in "he'll". A term with signs in it and four letters or
// more is found without them ("emp-42-blue" in "emp 42 blue"); with fewer
// letters ("N/A"), or with signs at its edge ("@acme", "C++"), only as it is.
//
// Where an edge of the term is a letter or digit, the neighbour in the text must
// be none; "_" and "-" are no letters, so "falcon" matches in "falcon_2". An edge
// that is a sign matches anywhere. Characters of scripts written without
// spaces (Chinese, Japanese, Thai, Lao, Burmese, Khmer) are words each.
//
// A pattern is RE2 over the normalised text, ignoring case: small letters, one white
// space for many. A stream is held back by Longest characters; what a pattern without a
// longest match (a+, a.*b) matches within MaxLength characters is never
// released in part, of a longer match the beginning may have left. Bounded
// patterns with a longest match over MaxLength, patterns that match nothing, that ask for the
// beginning or end of the text, or whose programs are too large are refused when the list
// is compiled.
//
// All terms are found in one pass whatever their number. A pattern with a
// fixed part of three letters runs over texts that hold it, others over all; each takes
// time linear in the text. Lists look at one reading; who wants terms found in disguises that need
// a view of their own (base64, rot13, letters apart) asks for each of Reading.Views.
package blocklist

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/normalize"
)

// Limits of a list.
const (
	MaxTerms  = 10_000
	MaxLength = 1_000 // characters of a term, or of a pattern's longest match
)

// MaxMatches is how many matches Matches returns at most.
const MaxMatches = 10_000

// Term is an entry of a list.
type Term struct {
	ID     string // the caller's, told by Matches; may be empty
	Text   string
	Regexp bool
}

// Match is where a term is.
type Match struct {
	Item int    // number of the term, from 0, in the order of Compile
	ID   string // of the term
	Span guard.Span
}

// List is a compiled blocklist. It is immutable and safe for concurrent use.
type List struct {
	name         string
	ids          []string // nil when no term has one
	plain        index    // terms without their signs and gaps
	plainLongest int      // bytes
	signed       index    // terms that are compared with their signs
	signs        bool     // some term has signs that are no white space
	patterns     []pattern
	always       []int // patterns without a fixed part
	fixed        index // fixed parts of the others
	size         int   // instructions of all patterns
	looseSize    int   // of those in always
	longest      int
}

// Compile checks and compiles terms. The error holds all findings, by the
// number of the term from 1 and never by its text: lists may be confidential.
func Compile(name string, terms []Term) (*List, error) {
	if len(terms) > MaxTerms {
		return nil, fmt.Errorf("blocklist %s: %d terms, at most %d are possible", name, len(terms), MaxTerms)
	}
	l := &List{name: name}
	var errs []error
	for i, t := range terms {
		if t.ID != "" && l.ids == nil {
			l.ids = make([]string, len(terms))
		}
		if l.ids != nil {
			l.ids[i] = t.ID
		}
		if err := l.add(t, i); err != nil {
			errs = append(errs, fmt.Errorf("blocklist %s: term %d: %w", name, i+1, err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	l.plain.build()
	l.signed.build()
	l.fixed.build()
	return l, nil
}

func (l *List) add(t Term, item int) error {
	if t.Regexp {
		return l.addPattern(t.Text, item)
	}
	if utf8.RuneCountInString(t.Text) > MaxLength {
		return fmt.Errorf("longer than %d characters", MaxLength)
	}
	r := normalize.Normalize(t.Text)
	if strings.TrimSpace(r.Text) == "" {
		return errors.New("nothing is left of it after normalisation")
	}
	l.addWords(r.Text, item)
	if s, other := r.Skeleton(); other {
		l.addWords(s.Text, item)
	}
	return nil
}

func (l *List) addWords(text string, item int) {
	text = oneSpace(strings.TrimSpace(text))
	if !l.addPlain(text, item) {
		l.signed.add(key{text: text, item: item})
	}
	l.longest = max(l.longest, widest(utf8.RuneCountInString(text)))
}

// widest is how many characters a match of a term of n has at most.
func widest(n int) int { return n + min(n, maxGap*(n-1)) }

// Name is the list's name.
func (l *List) Name() string { return l.name }

// Longest is the longest match in characters of the normalised text, the signs that may
// stand in a term included: twice the longest term, or the longest match of a pattern, at
// most MaxLength. A match that has not been found in the last Longest characters of a
// growing text begins after them.
func (l *List) Longest() int { return l.longest }

// Find returns where terms and patterns are in the original text, sorted by
// start, overlapping ones joined.
//
// Terms are compared as they are read and by their skeletons too: whether letters
// that look alike are of one script or another must not depend on the text around.
func (l *List) Find(r normalize.Reading) []guard.Span {
	var found []guard.Span
	last := guard.Span{Start: -1}
	l.each(r, func(s guard.Span, _ int) {
		if s != last { // terms may be the same
			found, last = append(found, s), s
		}
	})
	return join(found)
}

// Matches returns each term that is in r and where, sorted by start, the longest
// first; at most MaxMatches of them.
func (l *List) Matches(r normalize.Reading) []Match {
	var found []Match
	l.each(r, func(s guard.Span, item int) {
		if len(found) == MaxMatches {
			return
		}
		m := Match{Item: item, Span: s}
		if l.ids != nil {
			m.ID = l.ids[item]
		}
		found = append(found, m)
	})
	slices.SortFunc(found, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(b.Span.End, a.Span.End), cmp.Compare(a.Item, b.Item))
	})
	return slices.Compact(found)
}

// Items calls found with the number of each term that is in r, as often as it is
// there. Unlike Matches it leaves none out.
func (l *List) Items(r normalize.Reading, found func(item int)) {
	l.each(r, func(_ guard.Span, item int) { found(item) })
}

// each calls found for each match in r.
func (l *List) each(r normalize.Reading, found func(s guard.Span, item int)) {
	l.words(&r, found)
	if s, other := r.Skeleton(); other {
		l.words(&s, found)
	}
	l.match(r.Text, 0, func(start, end, item int) { found(r.Span(start, end), item) })
}

// words calls found for each term in r.
func (l *List) words(r *normalize.Reading, found func(s guard.Span, item int)) {
	in := func(start, end, item int) { found(r.Span(start, end), item) }
	l.exact(r.Text, nil, 0, in)
	l.loose(r, in)
}

func join(spans []guard.Span) []guard.Span {
	if len(spans) < 2 {
		return spans
	}
	sort.Slice(spans, func(i, j int) bool { return spans[i].Start < spans[j].Start })
	out := spans[:1]
	for _, s := range spans[1:] {
		if last := &out[len(out)-1]; s.Start < last.End {
			last.End = max(last.End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}
