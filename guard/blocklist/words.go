package blocklist

import (
	"unicode"
	"unicode/utf8"
)

// inWord reports whether r continues a word.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9'
	}
	if r == utf8.RuneError || alone(r) {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
}

// alone reports whether r is a word by itself.
func alone(r rune) bool {
	return r >= 0x2E80 && r <= 0x9FFF || r >= 0x20000 && r <= 0x3FFFF || r >= 0xF900 && r <= 0xFAFF ||
		r >= 0x0E00 && r <= 0x0EFF || r >= 0x1000 && r <= 0x109F || r >= 0x1780 && r <= 0x17FF // Thai, Lao, Burmese, Khmer
}

// squashes reports whether r is compared when signs and gaps are not.
func squashes(r rune) bool { return inWord(r) || alone(r) && unicode.IsLetter(r) }

// exact calls found for the terms that are in text with their signs. A word also
// ends at each of cuts. Cuts and what is reported count from base before the text.
func (l *List) exact(text string, cuts []int, base int, found func(start, end, item int)) {
	if l.signed.empty() {
		return
	}
	text = oneSpace(text)
	prev := rune(-1) // before i
	for i := 0; i < len(text); {
		for len(cuts) > 0 && cuts[0] < base+i {
			cuts = cuts[1:]
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if !inWord(r) || !inWord(prev) || prev < 0 || len(cuts) > 0 && cuts[0] == base+i {
			at(&l.signed, text[i:], func(k *key) {
				end := i + len(k.text)
				last, _ := utf8.DecodeLastRuneInString(k.text)
				next, _ := utf8.DecodeRuneInString(text[end:])
				if !inWord(last) || end == len(text) || !inWord(next) || isCut(cuts, base+end) {
					found(base+i, base+end, k.item)
				}
			})
		}
		prev = r
		i += size
	}
}

// isCut reports whether i is one of cuts, which are near it and in order.
func isCut(cuts []int, i int) bool {
	for _, c := range cuts {
		if c >= i {
			return c == i
		}
	}
	return false
}

// oneSpace is text with one kind of white space.
func oneSpace(text string) string {
	for i := range len(text) {
		if text[i] == '\n' {
			b := []byte(text)
			for ; i < len(b); i++ {
				if b[i] == '\n' {
					b[i] = ' '
				}
			}
			return string(b)
		}
	}
	return text
}
