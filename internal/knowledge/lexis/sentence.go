package lexis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is a half-open range of bytes.
type Span struct{ Start, End int }

// Unit is what a line or sentence of a text is.
type Unit uint8

// The units. The zero Unit is running text.
const (
	Prose   Unit = iota
	Heading      // begins with #
	Item         // an entry of a list
)

// Sentence is one unit of a text. Start and End leave out the marker of a
// heading or list item and surrounding space; they stand on rune boundaries,
// rise, and never overlap.
type Sentence struct {
	Span
	Unit      Unit
	Paragraph int // index of the paragraph or list item that it belongs to
}

// longestSentence: text without full stops is cut at a space near here, so that
// a quotation stays readable and the work per sentence bounded.
const longestSentence = 1000

// Sentences splits text. Abbreviations, initials, decimals, times and numbered
// items do not end a sentence; a blank line, a heading and a list marker do.
func Sentences(text string) []Sentence {
	s := splitter{text: text}
	start := -1 // of the running paragraph
	kind := Prose
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += at
		}
		line := strings.TrimSpace(text[at:end])
		unit, skip := marker(text[at:end])
		switch {
		case line == "":
			s.paragraph(start, at, kind)
			start = -1
		case unit != Prose:
			s.paragraph(start, at, kind)
			start, kind = at+skip, unit
			if unit == Heading {
				s.paragraph(start, end, Heading)
				start = -1
			}
		case start < 0:
			start, kind = at, Prose
		}
		at = end + 1
	}
	s.paragraph(start, len(text), kind)
	return s.out
}

type splitter struct {
	text string
	out  []Sentence
	n    int // paragraphs so far
}

// paragraph splits text[start:end] into sentences.
func (s *splitter) paragraph(start, end int, u Unit) {
	if start < 0 || start >= end {
		return
	}
	before := len(s.out)
	if u == Heading {
		s.add(start, end, u)
	} else {
		from := start
		for i := start; i < end; {
			r, n := utf8.DecodeRuneInString(s.text[i:end])
			i += n
			stop := terminal(r) && s.ends(from, i-n, i, end, r)
			if !stop && i-from > longestSentence && unicode.IsSpace(r) {
				stop = true
			}
			if !stop {
				continue
			}
			for i < end { // closing quotes and brackets belong to the sentence
				r, n := utf8.DecodeRuneInString(s.text[i:end])
				if !closing(r) && !terminal(r) {
					break
				}
				i += n
			}
			s.add(from, i, u)
			from = i
		}
		s.add(from, end, u)
	}
	if len(s.out) > before {
		s.n++
	}
}

// add appends a sentence without the space around it.
func (s *splitter) add(start, end int, u Unit) {
	for start < end {
		r, n := utf8.DecodeRuneInString(s.text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		start += n
	}
	for end > start {
		r, n := utf8.DecodeLastRuneInString(s.text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		end -= n
	}
	if start < end {
		s.out = append(s.out, Sentence{Span: Span{start, end}, Unit: u, Paragraph: s.n})
	}
}

// ends reports whether the mark r at text[at:after] ends the sentence that
// began at from.
func (s *splitter) ends(from, at, after, end int, r rune) bool {
	if r == '。' || r == '！' || r == '？' || r == '।' {
		return true
	}
	// Closing marks may stand between the stop and the space.
	next := after
	for next < end {
		c, n := utf8.DecodeRuneInString(s.text[next:end])
		if !closing(c) && !terminal(c) {
			break
		}
		next += n
	}
	if next < end {
		c, _ := utf8.DecodeRuneInString(s.text[next:end])
		if !unicode.IsSpace(c) {
			return false // 3.5, 12.30, example.org, e.g.
		}
	}
	rest := strings.TrimLeftFunc(s.text[next:end], unicode.IsSpace)
	if rest == "" {
		return true
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, "\"'(“‘["))
	if r != '.' {
		return !unicode.IsLower(first)
	}
	if unicode.IsLower(first) {
		return false // "approx. five"
	}
	word := s.text[from:at]
	if i := strings.LastIndexFunc(word, unicode.IsSpace); i >= 0 {
		_, n := utf8.DecodeRuneInString(word[i:])
		word = word[i+n:]
	}
	word = strings.ToLower(strings.TrimLeft(word, "(\"'“‘["))
	if abbreviations[word] && (word != "no" || unicode.IsDigit(first)) {
		return false // it introduces a name or number
	}
	if utf8.RuneCountInString(word) == 1 {
		c, _ := utf8.DecodeRuneInString(word)
		if unicode.IsLetter(c) {
			return false // an initial
		}
		if unicode.IsDigit(c) && strings.TrimSpace(s.text[from:at]) == word {
			return false // "1. First step" inside a line
		}
	}
	return true
}

// abbreviations after which a capital or number goes on with the sentence.
// Read-only.
var abbreviations = set(`mr mrs ms dr prof sr jr st no nos vs e.g i.e eg ie cf approx fig figs vol pp para
	ext tel dept rev hon gen col capt lt sgt jan feb mar apr jun jul aug sep sept oct nov dec
	bzw z.b d.h usw nr abs art`)

func terminal(r rune) bool {
	switch r {
	case '.', '!', '?', '…', '。', '！', '？', '।', '؟', '۔':
		return true
	}
	return false
}

func closing(r rune) bool {
	switch r {
	case '"', '\'', ')', ']', '”', '’', '»':
		return true
	}
	return false
}

// marker tells what kind of line this is and how many bytes its marker takes.
func marker(line string) (Unit, int) {
	trimmed := strings.TrimLeft(line, " \t")
	indent := len(line) - len(trimmed)
	if hashes := len(trimmed) - len(strings.TrimLeft(trimmed, "#")); hashes > 0 && hashes <= 6 {
		if rest := trimmed[hashes:]; strings.HasPrefix(rest, " ") || rest == "" {
			return Heading, indent + hashes
		}
	}
	for _, bullet := range []string{"- ", "* ", "+ ", "• ", "– "} {
		if strings.HasPrefix(trimmed, bullet) {
			return Item, indent + len(bullet)
		}
	}
	digits := 0
	for digits < len(trimmed) && digits < 4 && trimmed[digits] >= '0' && trimmed[digits] <= '9' {
		digits++
	}
	if digits > 0 && digits+1 < len(trimmed) && (trimmed[digits] == '.' || trimmed[digits] == ')') && trimmed[digits+1] == ' ' {
		return Item, indent + digits + 2
	}
	return Prose, 0
}
