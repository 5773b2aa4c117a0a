package normalize

import (
	"unicode"
	"unicode/utf8"
)

// minHidden is how many tag characters, variation selectors or regional
// indicators in a row are read as a message. Fewer occur in plain emoji.
const minHidden = 3

func isTag(r rune) bool { return r >= 0xE0000 && r <= 0xE007F }

func isSelector(r rune) bool {
	return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF
}

func isRegional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// blankCell is the cell of braille without a dot: a space to the eye.
const blankCell = '\u2800'

// isPrivate reports whether nobody but a font's maker knows what r looks like:
// private use, noncharacters, the object replacement character. Models skip them.
func isPrivate(r rune) bool {
	return r >= 0xE000 && r <= 0xF8FF || r >= 0xF0000 || r&0xFFFE == 0xFFFE || r >= 0xFDD0 && r <= 0xFDEF || r == 0xFFFC
}

// isInvisible reports whether r takes no place on a page. Tags and variation
// selectors are apart: they can carry text.
func isInvisible(r rune) bool {
	switch {
	case r == 0x00AD, r == 0x034F, r == 0x061C, r == 0x180E, r == 0xFEFF,
		r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F,
		r >= 0x180B && r <= 0x180D,
		r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0, // Hangul fillers
		r == 0x17B4, r == 0x17B5, r >= 0xFFF9 && r <= 0xFFFB, r >= 0x80 && r <= 0x9F && r != 0x85,
		r >= 0x1D173 && r <= 0x1D17A, r >= 0x1BCA0 && r <= 0x1BCA3:
		return true
	}
	return r > 0x2000 && unicode.Is(unicode.Cf, r)
}

// flagTags is the length of the tag characters that spell a region after a
// black flag, 0 when s does not begin with such a spelling.
func flagTags(s string) int {
	n, letters := 0, 0
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if !isTag(r) {
			return 0
		}
		n += size
		if r == 0xE007F {
			return n
		}
		if letters++; letters > 6 { // "gbeng" has five
			return 0
		}
	}
	return 0
}

// tags reads a run of tag characters as the ASCII that they spell.
func (b *builder) tags(i int) int {
	end, count := i, 0
	for end < len(b.src) {
		r, size := utf8.DecodeRuneInString(b.src[end:])
		if !isTag(r) {
			break
		}
		end += size
		count++
	}
	if count < minHidden {
		return end - i
	}
	b.payload(i)
	b.kinds.add(Tags)
	defer b.paid(Tags, len(b.text))
	for j := i; j < end; {
		r, size := utf8.DecodeRuneInString(b.src[j:])
		b.payloadByte(j, j+size, byte(r-0xE0000))
		j += size
	}
	return end - i
}

// selectors reads a long run of variation selectors as the bytes they number.
func (b *builder) selectors(i int) int {
	end, count := i, 0
	for end < len(b.src) {
		r, size := utf8.DecodeRuneInString(b.src[end:])
		if !isSelector(r) {
			break
		}
		end += size
		count++
	}
	if count < minHidden {
		return end - i
	}
	b.payload(i)
	b.kinds.add(Selectors)
	defer b.paid(Selectors, len(b.text))
	var char []byte // of UTF-8, begun
	for j, from := i, i; j < end; {
		r, size := utf8.DecodeRuneInString(b.src[j:])
		value := r - 0xFE00
		if r >= 0xE0100 {
			value = r - 0xE0100 + 16
		}
		if len(char) == 0 {
			from = j
		}
		j += size
		if value < utf8.RuneSelf {
			char = char[:0]
			b.payloadByte(j-size, j, byte(value))
			continue
		}
		if char = append(char, byte(value)); utf8.FullRune(char) {
			if l, _ := utf8.DecodeRune(char); l != utf8.RuneError {
				b.emitRune(from, j, l)
			}
			char = char[:0]
		}
	}
	return end - i
}

// payload begins hidden text at i, apart from the visible text before it.
func (b *builder) payload(i int) {
	b.hidden = true
	if n := len(b.text); n > 0 && b.text[n-1] != ' ' && b.text[n-1] != '\n' {
		b.emit(i, i, " ", " ")
	}
	b.base, b.marks = 0, 0
}

// paid notes the message that began at start of the text.
func (b *builder) paid(k Kind, start int) {
	if len(b.text)-start >= minHidden {
		b.payloads = append(b.payloads, payload{start, len(b.text), k})
	}
}

func (b *builder) payloadByte(i, end int, c byte) {
	if asciiClass[c] == 2 {
		return
	}
	if asciiClass[c] == 1 {
		if n := len(b.text); n > 0 && b.text[n-1] != ' ' && b.text[n-1] != '\n' {
			b.emit(i, end, " ", " ")
		}
		return
	}
	b.emitRune(i, end, rune(c))
}

// regional reads regional indicators. Pairs are flags; five and more letters
// that are no pairs of flags in an odd number spell words, and so do the others
// in the same text.
func (b *builder) regional(i int) int {
	end, count := i, 0
	for end < len(b.src) {
		r, size := utf8.DecodeRuneInString(b.src[end:])
		if !isRegional(r) && !isInvisible(r) {
			break
		}
		if isRegional(r) {
			count++
		}
		end += size
	}
	for j := i; j < end; {
		r, size := utf8.DecodeRuneInString(b.src[j:])
		if isRegional(r) {
			if count >= 5 || count%2 == 1 || b.spelled() {
				r = 'a' + r - 0x1F1E6
				b.kinds.add(Regional)
			}
			b.emitRune(j, j+size, r)
		}
		j += size
	}
	b.base, b.marks = 0, 0
	return end - i
}

// spelled reports whether regional indicators spell a word somewhere in the text.
func (b *builder) spelled() bool {
	if b.regionals == 0 {
		b.regionals = -1
		count := 0
		for _, r := range b.src {
			switch {
			case isRegional(r):
				count++
				continue
			case isInvisible(r):
				continue
			}
			if count >= 5 {
				b.regionals = 1
				break
			}
			count = 0
		}
		if count >= 5 {
			b.regionals = 1
		}
	}
	return b.regionals > 0
}
