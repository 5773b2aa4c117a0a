package language

import (
	"unicode"
	"unicode/utf8"
)

// unit is what offsets and lengths count (stringIndexType).
type unit uint8

// The units, in the order of unitWords.
const (
	textElements unit = iota // grapheme clusters as Unicode 8.0 has them, the default
	codePoints
	utf16Units
)

var unitWords = []string{"TextElements_v8", "UnicodeCodePoint", "Utf16CodeUnit", "TextElement_v8"}

// unitOf is the unit of a word; version 3.1 spells the default without an s.
func unitOf(i int) unit {
	if i >= int(utf16Units)+1 {
		return textElements
	}
	return unit(i)
}

// ruler counts the units of a text, from its beginning on.
type ruler struct {
	text  string
	unit  unit
	pos   int // bytes read
	count int // units begun before pos
	last  class
}

// before is how many units begin before the byte at pos. Calls must not go back.
func (r *ruler) before(pos int) int {
	for r.pos < pos && r.pos < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.pos:])
		switch r.unit {
		case codePoints:
			r.count++
		case utf16Units:
			r.count++
			if c >= 0x10000 {
				r.count++
			}
		default:
			now := classOf(c)
			if r.pos == 0 || breaks(r.last, now) {
				r.count++
			}
			r.last = now
		}
		r.pos += size
	}
	return r.count
}

// place is the offset and length of the bytes from start to end. A range that
// begins or ends inside a unit takes all of it.
func (r *ruler) place(start, end int) (offset, length int) {
	if start >= end {
		return r.before(start), 0
	}
	_, size := utf8.DecodeRuneInString(r.text[start:])
	begun := r.before(start)
	if through := r.before(start + size); through == begun {
		offset = begun - 1 // start lies inside a unit
	} else {
		offset = begun
	}
	return offset, r.before(end) - offset
}

// length is how many units s has.
func (u unit) length(s string) int {
	r := ruler{text: s, unit: u}
	return r.before(len(s))
}

// class is a character's part in grapheme clusters (UAX #29, revision 27).
type class uint8

const (
	other class = iota
	cr
	lf
	control
	extend
	spacing
	regional
	hangulL
	hangulV
	hangulT
	hangulLV
	hangulLVT
)

// breaks reports whether an element ends between a and b. Unicode 8.0 knows no
// emoji sequences: a zero-width joiner ends an element, and flags run on.
func breaks(a, b class) bool {
	switch {
	case a == cr && b == lf:
		return false
	case a == cr, a == lf, a == control, b == cr, b == lf, b == control:
		return true
	case b == extend, b == spacing:
		return false
	case a == hangulL:
		return b != hangulL && b != hangulV && b != hangulLV && b != hangulLVT
	case a == hangulLV, a == hangulV:
		return b != hangulV && b != hangulT
	case a == hangulLVT, a == hangulT:
		return b != hangulT
	}
	return a != regional || b != regional
}

func classOf(r rune) class {
	switch {
	case r == '\r':
		return cr
	case r == '\n':
		return lf
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return control
	case r < 0x300:
		if r == 0xad {
			return control
		}
		return other
	case r == 0x200c, r == 0x200d, unicode.In(r, unicode.Mn, unicode.Me, unicode.Other_Grapheme_Extend):
		return extend
	case unicode.In(r, unicode.Zl, unicode.Zp, unicode.Cc, unicode.Cf):
		return control
	case r >= 0x1F1E6 && r <= 0x1F1FF:
		return regional
	case r == 0xE33, r == 0xEB3, unicode.Is(unicode.Mc, r) && !unicode.Is(noSpacing, r):
		return spacing
	}
	return hangul(r)
}

func hangul(r rune) class {
	switch {
	case r >= 0x1100 && r <= 0x115F, r >= 0xA960 && r <= 0xA97C:
		return hangulL
	case r >= 0x1160 && r <= 0x11A7, r >= 0xD7B0 && r <= 0xD7C6:
		return hangulV
	case r >= 0x11A8 && r <= 0x11FF, r >= 0xD7CB && r <= 0xD7FB:
		return hangulT
	case r >= 0xAC00 && r <= 0xD7A3 && (r-0xAC00)%28 == 0:
		return hangulLV
	case r >= 0xAC00 && r <= 0xD7A3:
		return hangulLVT
	}
	return other
}

// noSpacing are combining marks that are no SpacingMark (UAX #29, table 2).
var noSpacing = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x102B, Hi: 0x102C, Stride: 1}, {Lo: 0x1038, Hi: 0x1038, Stride: 1}, {Lo: 0x1062, Hi: 0x1064, Stride: 1}, {Lo: 0x1067, Hi: 0x106D, Stride: 1},
		{Lo: 0x1083, Hi: 0x1083, Stride: 1}, {Lo: 0x1087, Hi: 0x108C, Stride: 1}, {Lo: 0x108F, Hi: 0x108F, Stride: 1}, {Lo: 0x109A, Hi: 0x109C, Stride: 1},
		{Lo: 0x19B0, Hi: 0x19B4, Stride: 1}, {Lo: 0x19B8, Hi: 0x19B9, Stride: 1}, {Lo: 0x19BB, Hi: 0x19C0, Stride: 1}, {Lo: 0x19C8, Hi: 0x19C9, Stride: 1},
		{Lo: 0x1A61, Hi: 0x1A61, Stride: 1}, {Lo: 0x1A63, Hi: 0x1A64, Stride: 1}, {Lo: 0xAA7B, Hi: 0xAA7B, Stride: 1}, {Lo: 0xAA7D, Hi: 0xAA7D, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x11720, Hi: 0x11721, Stride: 1}},
}
