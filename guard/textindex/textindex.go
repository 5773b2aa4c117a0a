// Package textindex counts text the way the Language API does: a span found in
// bytes is told to a client in text elements, code points or UTF-16 units.
//
// Text elements are the extended grapheme clusters of Unicode 8.0, as the
// API's TextElements_v8 asks for (UAX #29 revision 27): all regional
// indicators in a row are one element, and a zero-width joiner belongs to what
// stands before it but joins nothing behind it, so a family of three is three
// elements and a skin tone one of its own. Which characters are marks is the
// Unicode version of Go's tables, which know more of them than 8.0 did.
//
// Bytes that are no UTF-8 count as one unit each, as U+FFFD would.
package textindex

import (
	"unicode"
	"unicode/utf8"
)

// Unit is what offsets and lengths count. The zero Unit is TextElement, the
// service's default.
type Unit uint8

// The units.
const (
	TextElement Unit = iota
	CodePoint
	UTF16
)

// Parse reads a stringIndexType. "" is the default. The name with and the name
// without the s are in use.
func Parse(name string) (Unit, bool) {
	switch name {
	case "", "TextElements_v8", "TextElement_v8":
		return TextElement, true
	case "UnicodeCodePoint":
		return CodePoint, true
	case "Utf16CodeUnit":
		return UTF16, true
	}
	return TextElement, false
}

// String is the name on the wire.
func (u Unit) String() string {
	switch u {
	case CodePoint:
		return "UnicodeCodePoint"
	case UTF16:
		return "Utf16CodeUnit"
	}
	return "TextElements_v8"
}

// Index converts byte offsets of one text. It takes eight bytes per byte of a
// text that is not plain, none for plain ASCII. Immutable, safe for concurrent
// use.
type Index struct {
	at   []edge // per byte, and one for the end; nil: bytes are units
	size int    // bytes
}

// edge is how many units begin before the unit that a byte lies in, and how
// many before what follows that unit; the same where a unit begins.
type edge struct{ floor, ceil int32 }

// New reads s in one pass.
func New(s string, u Unit) Index {
	if plain(s) {
		return Index{size: len(s)}
	}
	at := make([]edge, len(s)+1)
	n := int32(0)
	for i := 0; i < len(s); {
		size, units := next(s[i:], u)
		at[i] = edge{n, n}
		for k := 1; k < size; k++ {
			at[i+k] = edge{n, n + int32(units)}
		}
		n += int32(units)
		i += size
	}
	at[len(s)] = edge{n, n}
	return Index{at: at, size: len(s)}
}

// plain reports whether every byte of s is one unit of every kind: ASCII
// without a return, which a line feed may join.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] == '\r' {
			return false
		}
	}
	return true
}

// Len is how many units the text has.
func (x Index) Len() int { return int(x.edge(x.size).ceil) }

// Span is the smallest range of whole units that holds the bytes start to end:
// a unit that the span cuts belongs to it. Offsets beyond the text are cut to
// it. An empty span has length 0.
func (x Index) Span(start, end int) (offset, length int) {
	from := x.edge(start)
	if end <= start {
		return int(from.floor), 0
	}
	return int(from.floor), int(x.edge(end).ceil - from.floor)
}

func (x Index) edge(i int) edge {
	i = max(0, min(i, x.size))
	if x.at == nil {
		return edge{int32(i), int32(i)}
	}
	return x.at[i]
}

// Count is how many units s has.
func Count(s string, u Unit) int {
	if plain(s) {
		return len(s)
	}
	n := 0
	for i := 0; i < len(s); {
		size, units := next(s[i:], u)
		n += units
		i += size
	}
	return n
}

// next is the size in bytes of the first unit of s and how many units it
// counts: one, but two for a rune that UTF-16 writes as a pair.
func next(s string, u Unit) (size, units int) {
	if u == TextElement {
		return element(s), 1
	}
	r, size := utf8.DecodeRuneInString(s)
	if u == UTF16 && r >= 0x10000 {
		return size, 2
	}
	return size, 1
}

// element is the size of the text element that s begins with.
func element(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	if r == '\r' {
		if len(s) > 1 && s[1] == '\n' {
			return 2
		}
		return 1
	}
	if control(r) || r == utf8.RuneError && size == 1 {
		return size
	}
	for size < len(s) {
		c, n := utf8.DecodeRuneInString(s[size:])
		if c == utf8.RuneError && n == 1 || !joins(r, c) {
			break
		}
		size += n
		r = c
	}
	return size
}

// joins reports whether b belongs to the element that a is the last rune of.
func joins(a, b rune) bool {
	if b < 0x300 {
		return false
	}
	switch {
	case extends(b), spacing(b):
		return true
	case regional(a) && regional(b):
		return true
	}
	return hangul(a, b)
}

func regional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

func extends(r rune) bool {
	return r == '\u200C' || r == '\u200D' || unicode.In(r, unicode.Mn, unicode.Me, unicode.Other_Grapheme_Extend) && !control(r)
}

// spacing reports whether r is a spacing mark that belongs to what it follows.
func spacing(r rune) bool {
	if r == 0x0E33 || r == 0x0EB3 {
		return true
	}
	if !unicode.Is(unicode.Mc, r) {
		return false
	}
	switch {
	case r == 0x102B, r == 0x102C, r == 0x1038, r >= 0x1062 && r <= 0x1064, r >= 0x1067 && r <= 0x106D, r == 0x1083, r >= 0x1087 && r <= 0x108C,
		r == 0x108F, r >= 0x109A && r <= 0x109C, r == 0x1A61, r == 0x1A63, r == 0x1A64, r == 0xAA7B, r == 0xAA7D, r == 0x11720, r == 0x11721:
		return false
	}
	return true
}

// hangul joins the parts of a syllable: L with L, V, LV, LVT; V and LV with V
// and T; T and LVT with T.
func hangul(a, b rune) bool {
	switch part(a) {
	case 'L':
		p := part(b)
		return p == 'L' || p == 'V' || p == 'S' || p == 'E'
	case 'V', 'S':
		p := part(b)
		return p == 'V' || p == 'T'
	case 'T', 'E':
		return part(b) == 'T'
	}
	return false
}

// part is L, V or T, S for a syllable without and E for one with a final.
func part(r rune) byte {
	switch {
	case r >= 0x1100 && r <= 0x115F, r >= 0xA960 && r <= 0xA97C:
		return 'L'
	case r >= 0x1160 && r <= 0x11A7, r >= 0xD7B0 && r <= 0xD7C6:
		return 'V'
	case r >= 0x11A8 && r <= 0x11FF, r >= 0xD7CB && r <= 0xD7FB:
		return 'T'
	case r >= 0xAC00 && r <= 0xD7A3:
		if (r-0xAC00)%28 == 0 {
			return 'S'
		}
		return 'E'
	}
	return 0
}

// control reports whether r stands alone.
func control(r rune) bool {
	if r < 0x300 {
		return r < ' ' || r >= 0x7F && r < 0xA0 || r == 0xAD
	}
	return r != '\u200C' && r != '\u200D' && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs)
}
