package pii

import "strings"

// finder is one pass over a text.
type finder struct {
	text, lower string // the same but for case
	found       []match
	all         bool // weak ones too
}

const (
	isDigit = 1 << iota
	isUpper
	isLower
	isSign // a byte that begins a matcher: @ : = -
	isHigh // a byte of a longer rune
	isHex
)

const (
	isLetter = isUpper | isLower
	isAlnum  = isDigit | isLetter
	isWord   = isAlnum | isHigh
)

var class = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = isDigit | isHex
		case c >= 'A' && c <= 'F':
			t[c] = isUpper | isHex
		case c >= 'a' && c <= 'f':
			t[c] = isLower | isHex
		case c >= 'A' && c <= 'Z':
			t[c] = isUpper
		case c >= 'a' && c <= 'z':
			t[c] = isLower
		case c >= 0x80:
			t[c] = isHigh
		case c == '@' || c == ':' || c == '=' || c == '-' || c == '+' || c == '(':
			t[c] = isSign
		}
	}
	return t
}()

func (f *finder) is(i int, k uint8) bool { return i >= 0 && i < len(f.text) && class[f.text[i]]&k != 0 }

// add reports a match, in pieces of at most the type's longest.
func (f *finder) add(kind string, start, end int, score float32) {
	limit, rank := longest[kind], ranked
	switch kind {
	case URL, Person, Organization, Location, Address, PersonType:
		rank = yielding
	}
	for end-start > limit {
		f.found = append(f.found, match{kind, start, start + limit, score, rank})
		start += limit
	}
	f.found = append(f.found, match{kind, start, end, score, rank})
}

// scan visits each word and each sign once.
func (f *finder) scan() {
	text := f.text
	for i := 0; i < len(text); {
		k := class[text[i]]
		switch {
		case k&isWord != 0:
			j, all := i, uint8(0)
			for j < len(text) && class[text[j]]&isWord != 0 {
				all |= class[text[j]]
				j++
			}
			f.word(i, j, all)
			i = j
		case k == isSign:
			f.sign(i)
			i++
		default:
			i++
		}
	}
}

// word dispatches on the kinds of bytes in the word text[i:j].
func (f *finder) word(i, j int, all uint8) {
	n := j - i
	if all&isDigit != 0 {
		if class[f.text[i]]&isDigit != 0 {
			f.number(i)
			f.special(i)
			if n <= 4 {
				f.dated(i, j)
				f.aged(i, j)
				f.short(i, j)
			}
		} else if n == 7 {
			f.special(i)
		}
		if all&isLetter != 0 && all&isHigh == 0 {
			f.code(i, j)
		}
		if n <= 4 && f.is(i, isHex) {
			f.hexAddress(i)
		}
	}
	var next byte
	if j < len(f.text) {
		next = f.text[j]
	}
	if n >= 2 && n <= 4 && (next == ' ' || next == '-') && class[f.text[i]]&isLetter != 0 && f.is(j+1, isAlnum) && (f.is(j+1, isDigit) || all&isDigit != 0) {
		f.grouped(i, j)
	}
	if n <= 4 && all&isDigit == 0 && (next == ':' || next == '-') && f.is(i, isHex) {
		f.hexAddress(i)
	}
	if f.all && n >= 3 && n <= 16 && all&(isDigit|isHigh) == 0 {
		f.trade(i, j)
	}
	if all&isHigh != 0 && f.text[i] >= 0xE3 {
		f.cjk(i, j)
	}
	if all&isHigh == 0 && n >= 8 {
		if all&isDigit != 0 && n >= 26 {
			f.wallet(i, j)
		}
		if all&isUpper != 0 && all&isLower == 0 && n <= 11 {
			f.swift(i, j)
		}
	}
	if all&isHigh == 0 && n >= 2 {
		if keyed(n, next) {
			f.token(i, j)
		}
		if next == ' ' {
			switch f.text[i] | 0x20 {
			case 'p':
				f.spoken(i, j)
			case 'l', 'u':
				if n >= 5 && n <= 8 {
					f.named(i, j)
				}
			}
		}
	}
}

func (f *finder) sign(i int) {
	switch f.text[i] {
	case '@':
		f.email(i)
	case ':':
		if strings.HasPrefix(f.text[i:], "://") {
			f.url(i)
			return
		}
		if strings.HasPrefix(f.text[i:], "::") {
			f.hexAddress(i)
		}
		f.assignment(i)
	case '=':
		f.assignment(i)
	case '-':
		if strings.HasPrefix(f.text[i:], "-----BEGIN ") {
			f.privateKey(i)
		}
	case '+', '(':
		if f.is(i+1, isDigit) || f.text[i] == '(' && strings.HasPrefix(f.text[i:], "(+") {
			f.phone(i)
		}
	}
}

// near reports whether one of the words stands as a whole word shortly before
// or after text[i:j].
func (f *finder) near(i, j int, words ...string) bool {
	return holds(f.lower, max(0, i-contextBefore), i, words) || holds(f.lower, j, min(len(f.lower), j+contextAfter), words)
}

// How far from a number the word that explains it may stand, in bytes.
const (
	contextBefore = 64
	contextAfter  = 40
)

func holds(text string, from, to int, words []string) bool {
	for _, w := range words {
		for i := from; i < to; {
			k := strings.Index(text[i:to], w)
			if k < 0 {
				break
			}
			i += k
			before := i == 0 || class[text[i-1]]&isWord == 0
			after := i+len(w) >= len(text) || class[text[i+len(w)]]&isWord == 0
			if before && after {
				return true
			}
			i++
		}
	}
	return false
}
