// Package blocklist finds an organisation's own terms and patterns in a text.
//
// A plain term matches whole words of the normalised text: case, width,
// look-alike letters, invisible characters and white space do not matter. Where
// an edge of the term is a letter or digit, the neighbour in the text must be
// none; "_" and "-" are no letters, so "falcon" matches in "falcon_2". An edge
// that is a sign matches anywhere. Characters of scripts written without
// spaces (Chinese, Japanese) are words each.
//
// A pattern is RE2 over the normalised text, ignoring case. What a stream can
// hold back is finite, so patterns without a longest match, with one over
// MaxLength characters, that match nothing, or that ask for the beginning or
// end of the text are refused when the list is compiled.
//
// All terms are found in one pass whatever their number; each pattern costs a
// pass of its own.
package blocklist

import (
	"errors"
	"fmt"
	"regexp"
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

// Term is an entry of a list.
type Term struct {
	Text   string
	Regexp bool
}

// List is a compiled blocklist. It is immutable and safe for concurrent use.
type List struct {
	name     string
	words    automaton
	joints   joints
	patterns []*regexp.Regexp
	longest  int
}

// Compile checks and compiles terms. The error holds all findings, by the
// number of the term from 1 and never by its text: lists may be confidential.
func Compile(name string, terms []Term) (*List, error) {
	if len(terms) > MaxTerms {
		return nil, fmt.Errorf("blocklist %s: %d terms, at most %d are possible", name, len(terms), MaxTerms)
	}
	l := &List{name: name, words: newAutomaton()}
	var errs []error
	for i, t := range terms {
		if err := l.add(t); err != nil {
			errs = append(errs, fmt.Errorf("blocklist %s: term %d: %w", name, i+1, err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	l.words.link()
	l.joints.sort()
	return l, nil
}

func (l *List) add(t Term) error {
	if t.Regexp {
		return l.addPattern(t.Text)
	}
	if utf8.RuneCountInString(t.Text) > MaxLength {
		return fmt.Errorf("longer than %d characters", MaxLength)
	}
	r := normalize.Normalize(t.Text)
	if strings.TrimSpace(r.Text) == "" {
		return errors.New("nothing is left of it after normalisation")
	}
	l.addWords(r.Text)
	if s, other := r.Skeleton(); other {
		l.addWords(s.Text)
	}
	return nil
}

func (l *List) addWords(text string) {
	text = strings.TrimSpace(text)
	l.words.add(text)
	l.joints.add(text)
	l.longest = max(l.longest, utf8.RuneCountInString(text))
}

func (l *List) addPattern(pattern string) error {
	longest, err := longestMatch(pattern)
	if err != nil {
		return err
	}
	re, err := regexp.Compile("(?i:" + pattern + ")")
	if err != nil {
		return errors.New("not a valid RE2 pattern") // the error would quote it
	}
	l.patterns = append(l.patterns, re)
	l.longest = max(l.longest, longest)
	return nil
}

// Name is the list's name.
func (l *List) Name() string { return l.name }

// Longest is the longest match in characters of the normalised text. A match
// that has not been found in the last Longest characters of a growing text
// begins after them.
func (l *List) Longest() int { return l.longest }

// Find returns where terms and patterns are in the original text, sorted by
// start, overlapping ones joined.
//
// Terms are compared as they are read and by their skeletons too: whether letters
// that look alike are of one script or another must not depend on the text around.
func (l *List) Find(r normalize.Reading) []guard.Span {
	var found []guard.Span
	l.words.find(r.Text, nil, 0, func(start, end int) { found = append(found, r.Span(start, end)) })
	if s, other := r.Skeleton(); other {
		l.words.find(s.Text, nil, 0, func(start, end int) { found = append(found, s.Span(start, end)) })
	}
	for _, re := range l.patterns {
		for _, m := range re.FindAllStringIndex(r.Text, -1) {
			found = append(found, r.Span(m[0], m[1]))
		}
	}
	return join(found)
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
