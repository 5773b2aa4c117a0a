package filter

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"sallyport/guard"
)

// escaped reports whether s has, or ends in what may become, an escape.
func escaped(s string) bool { return strings.IndexByte(s, '\\') >= 0 }

// inEscapes are the questions about the decoded reading of s. Only escapes that spell
// letters show classifiers anything new; every other one can stand in a term.
func inEscapes(s string, q Questions) Questions {
	if strings.Contains(s, `\u`) {
		return q
	}
	return q.spans()
}

// decoded is a text with the escapes of JSON strings undone wherever they stand.
type decoded struct {
	text   string
	spells []int // for each escape: where in text what it spells begins,
	ends   []int // ends,
	raw    []int // and where in the original the escape begins
	rest   []int // and ends
}

// decode undoes the escapes in s and knows where they were.
func decode(s string) decoded {
	var d decoded
	b := make([]byte, 0, len(s))
	pos := 0
	for {
		i := strings.IndexByte(s[pos:], '\\')
		if i < 0 || pos+i+1 >= len(s) {
			break
		}
		b = append(b, s[pos:pos+i]...)
		pos += i
		from := len(b)
		var n int
		b, n = appendEscape(b, s[pos:])
		d.spells, d.ends = append(d.spells, from), append(d.ends, len(b))
		d.raw, d.rest = append(d.raw, pos), append(d.rest, pos+n)
		pos += n
	}
	d.text = string(append(b, s[pos:]...))
	return d
}

// at is where in the original the byte i of the text stands; inside of what an escape
// spells it is the beginning of the escape.
func (d *decoded) at(i int) int {
	k := sort.SearchInts(d.spells, i+1) - 1 // the last escape that begins at or before i
	switch {
	case k < 0:
		return i
	case i < d.ends[k]:
		return d.raw[k]
	}
	return d.rest[k] + i - d.ends[k]
}

// spelled reports whether an escape has a part in the span, or stands beside it: the
// guards see all others as they stand.
func (d *decoded) spelled(s guard.Span) bool {
	k := sort.SearchInts(d.ends, s.Start) // the first escape that ends at the start or behind
	return k < len(d.spells) && d.spells[k] <= s.End
}

// original is the span in the original.
func (d *decoded) original(s guard.Span) guard.Span {
	return guard.Span{Start: d.at(s.Start), End: d.at(s.End-1) + 1}
}

func overlap(a, b guard.Span) bool { return a.Start < b.End && b.Start < a.End }

// longestEscape is a pair of surrogates.
const longestEscape = 12

// settled is s without the escape at its end that may have begun only, nor the
// backslashes before: which of them escapes which is known from the first one.
func settled(s string) string {
	tail := max(len(s)-longestEscape, 0)
	i := strings.IndexByte(s[tail:], '\\')
	if i < 0 {
		return s
	}
	for i += tail; i > 0 && s[i-1] == '\\'; {
		i--
	}
	return s[:i]
}

// unescape undoes the escapes of JSON strings wherever they stand.
func unescape(s string) string {
	if !escaped(s) {
		return s
	}
	return decode(s).text
}

// appendEscape appends what the escape at the beginning of s spells, and tells how
// long the escape is.
func appendEscape(b []byte, s string) ([]byte, int) {
	switch s[1] {
	case 'n', 'r', 't', 'b', 'f':
		return append(b, ' '), 2
	case 'u':
		if r, n := unicodeEscape(s); n > 0 {
			return utf8.AppendRune(b, r), n
		}
		return append(b, '\\', 'u'), 2
	}
	return append(b, s[1]), 2
}

// unicodeEscape reads \uXXXX, or a pair of them, at the beginning of s.
func unicodeEscape(s string) (r rune, n int) {
	one, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(one) {
		if two, ok := hex4(s[6:]); ok {
			if r := utf16.DecodeRune(one, two); r != utf8.RuneError {
				return r, 12
			}
		}
	}
	return one, 6
}

func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
