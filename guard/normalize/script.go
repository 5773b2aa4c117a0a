package normalize

import (
	"unicode"
	"unicode/utf8"
)

// scripts counts the letters of a text by what they can be.
type scripts struct {
	latin   int
	genuine [foreignScripts]int // letters that look like no Latin letter
}

type script uint8

const (
	cyrillic script = iota
	greek
	armenian
	cherokee
	foreignScripts
	latin
	mathematical
	noScript
	neutral // digits, marks, invisible characters: part of a token, of no script
)

func scriptOf(r rune) script {
	switch {
	case r < utf8.RuneSelf:
		if asciiLetter(byte(r)) {
			return latin
		}
		if r >= '0' && r <= '9' || r == '\'' {
			return neutral
		}
		return noScript
	case isLatin(r):
		return latin
	case r >= 0x0370 && r <= 0x03FF, r >= 0x1F00 && r <= 0x1FFF:
		return greek
	case r >= 0x0400 && r <= 0x052F, r >= 0x1C80 && r <= 0x1C8F, r >= 0xA640 && r <= 0xA69F:
		return cyrillic
	case r >= 0x0531 && r <= 0x0587:
		return armenian
	case r >= 0x13A0 && r <= 0x13FF, r >= 0xAB70 && r <= 0xABBF:
		return cherokee
	case folded(r):
		return mathematical
	case isInvisible(r), isSelector(r), isTag(r), unicode.Is(unicode.Mn, r):
		return neutral
	}
	return noScript
}

// isLatin reports whether r is a letter of the Latin script.
func isLatin(r rune) bool {
	if r < utf8.RuneSelf {
		return r > 0 && asciiLetter(byte(r))
	}
	return r >= 0xAA && r <= 0x024F && r != 0xD7 && r != 0xF7 && unicode.IsLetter(r) ||
		r >= 0x0250 && r <= 0x02AF || r >= 0x1E00 && r <= 0x1EFF
}

// folded reports whether r is a letter in costume: mathematical, circled,
// squared or fullwidth, or of the small capitals.
func folded(r rune) bool {
	if r >= 0x1D400 && r <= 0x1D7FF || r >= 0xFF10 && r <= 0xFF5A || r >= 0x24B6 && r <= 0x24E9 ||
		r >= 0x1F110 && r <= 0x1F189 || r >= 0x2100 && r <= 0x214F {
		return true
	}
	_, ok := shapes[r]
	return ok
}

// countScripts takes the measure of a whole text, so that one word of
// look-alikes in an English text can be told from a word of a Russian one.
func countScripts(s string) scripts {
	var n scripts
	for _, r := range s {
		switch sc := scriptOf(r); {
		case sc == latin:
			n.latin++
		case sc < foreignScripts:
			if _, ok := confusables[unicode.ToLower(r)]; !ok {
				n.genuine[sc]++
			}
		}
	}
	return n
}

// disguised looks ahead over the token at i. A token is disguised when Latin
// and foreign letters mix in it, or when all its letters are look-alikes and
// the text has hardly any letter that only that script has.
func (b *builder) disguised(i int) (bool, int) {
	if b.skeleton {
		return true, len(b.src)
	}
	var hasLatin, hasForeign, hasGenuine bool
	var which script
	j := i
	for j < len(b.src) {
		r, size := utf8.DecodeRuneInString(b.src[j:])
		sc := scriptOf(r)
		switch {
		case sc == latin || sc == mathematical:
			hasLatin = true
		case sc < foreignScripts:
			hasForeign, which = true, sc
			if _, ok := confusables[unicode.ToLower(r)]; !ok {
				hasGenuine = true
			}
		}
		if sc == noScript {
			break
		}
		j += size
	}
	if j == i { // a letter of a script that has no look-alikes
		_, size := utf8.DecodeRuneInString(b.src[i:])
		return false, i + size
	}
	if !hasForeign {
		return false, j
	}
	if hasLatin {
		return true, j
	}
	rare := b.mix.genuine[which]*4 < b.mix.latin
	return !hasGenuine && rare, j
}
