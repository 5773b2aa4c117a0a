package material

import (
	"unicode"
	"unicode/utf8"
)

// print is a fingerprint with the tokens and bytes it covers.
type print struct {
	hash       uint64
	at         uint32 // first token
	start, end int    // bytes from the beginning of the text
	said       [2]int // the same in code points of tokens, see feed.said
}

// token is a word, or a token of code.
type token struct {
	hash       uint64
	start, end int
	said       [2]int
}

// feed cuts a text that arrives in pieces into tokens and gives the prints that
// winnowing keeps. It holds one unfinished token and Run+Window tokens.
type feed struct {
	s     Settings
	kind  Kind
	keep  func(print)
	rest  []byte // unfinished token
	base  int    // where rest begins in the text
	said  int    // code points of all tokens so far, and of one blank between words
	prev  byte   // the byte before it
	ring  []token
	count uint32 // tokens so far
	hash  []print
	last  uint32 // token of the print kept last
	kept  bool
	code  codeState
}

func newFeed(s Settings, kind Kind) *feed {
	return &feed{s: s, kind: kind, ring: make([]token, 0, s.Run), hash: make([]print, 0, s.Window)}
}

// longestToken bounds what waits for its end: a longer one is cut.
const longestToken = 256

// write takes a piece of the text; end says that nothing follows.
func (f *feed) write(piece string, end bool) {
	for len(piece) > 0 || end {
		n := min(len(piece), 1<<16)
		f.rest = append(f.rest, piece[:n]...)
		piece = piece[n:]
		last := end && len(piece) == 0
		used := 0
		if f.kind == Code {
			used = f.codeTokens(last)
		} else {
			used = f.words(last)
		}
		if used > 0 {
			f.prev = f.rest[used-1]
		}
		f.base += used
		f.rest = append(f.rest[:0], f.rest[used:]...)
		if last {
			f.flush()
			return
		}
	}
}

// words reads whole words from rest and returns how many bytes are done with.
func (f *feed) words(end bool) (used int) {
	b := f.rest
	for used < len(b) {
		size, n, h, full := f.word(b[used:], end)
		if !full {
			return used
		}
		if size == 0 {
			_, size = utf8.DecodeRune(b[used:])
			used += size
			continue
		}
		f.add(h, used, size, n+1)
		used += size
	}
	return used
}

// word reads the word at the beginning of b: its bytes (0 for none), code
// points and hash. full is false if it may go on in the next piece.
func (f *feed) word(b []byte, end bool) (size, runes int, h uint64, full bool) {
	h = fnvBasis
	for size < len(b) && size < longestToken {
		if !end && !utf8.FullRune(b[size:]) {
			return 0, 0, 0, false
		}
		r, n := utf8.DecodeRune(b[size:])
		hidden := ignorable(r)
		if hidden && size == 0 || !hidden && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) || alone(r) && size > 0 {
			return size, runes, h, true
		}
		size += n
		if hidden {
			continue
		}
		runes++
		if r = plain(r); r != 0 {
			h = mix(h, r)
		}
		if alone(r) {
			return size, runes, h, true
		}
	}
	return size, runes, h, end || size < len(b) || size >= longestToken
}

// alone reports characters of scripts without blanks: each is a token.
func alone(r rune) bool {
	return r >= 0x0E00 && (r <= 0x0E7F || r >= 0x3040 && r <= 0x30FF || r >= 0x3400 && r <= 0x9FFF || r >= 0x20000 && r <= 0x2FFFF)
}

// ignorable characters cannot be seen and are skipped within words.
func ignorable(r rune) bool {
	return r == 0xAD || r >= 0x200B && r <= 0x200F || r == 0x2060 || r == 0xFEFF || r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0000 && r <= 0xE0FFF
}

// plain is r in lower case, without width or the common diacritics; 0 for a
// mark.
func plain(r rune) rune {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r += 32
		}
		return r
	}
	if unicode.Is(unicode.Mn, r) {
		return 0
	}
	if r >= 0xFF01 && r <= 0xFF5E {
		r -= 0xFEE0
	}
	r = unicode.ToLower(r)
	if r >= 0xE0 && r < 0xE0+rune(len(bases)) {
		if b := bases[r-0xE0]; b != '.' {
			return rune(b)
		}
	}
	return r
}

// bases of U+00E0 to U+00FF.
const bases = "aaaaaa.ceeeeiiii.nooooo.ouuuuy.y"

const (
	fnvBasis = 14695981039346656037
	fnvPrime = 1099511628211
)

func mix(h uint64, r rune) uint64 {
	for range 3 {
		h = (h ^ uint64(r&0xff)) * fnvPrime
		r >>= 8
	}
	return h
}

// add takes the next token, size bytes at rest[at:]: it completes one hash, and
// perhaps a window.
func (f *feed) add(hash uint64, at, size, runes int) {
	t := token{hash, f.base + at, f.base + at + size, [2]int{f.said, f.said + runes}}
	f.said += runes
	if len(f.ring) == f.s.Run {
		copy(f.ring, f.ring[1:])
		f.ring = f.ring[:f.s.Run-1]
	}
	f.ring = append(f.ring, t)
	f.count++
	if len(f.ring) < f.s.Run {
		return
	}
	h := uint64(fnvBasis)
	for _, u := range f.ring {
		h = (h ^ u.hash) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}
	p := print{h, f.count - uint32(f.s.Run), f.ring[0].start, t.end, [2]int{f.ring[0].said[0], t.said[1]}}
	if len(f.hash) == f.s.Window {
		copy(f.hash, f.hash[1:])
		f.hash = f.hash[:f.s.Window-1]
	}
	f.hash = append(f.hash, p)
	if len(f.hash) == f.s.Window {
		f.winnow()
	}
}

// winnow keeps the smallest hash of the window, the last of equal ones, unless
// it was kept already.
func (f *feed) winnow() {
	best := 0
	for i := range f.hash {
		if f.hash[i].hash <= f.hash[best].hash {
			best = i
		}
	}
	p := f.hash[best]
	if f.kept && p.at <= f.last {
		return
	}
	f.kept, f.last = true, p.at
	f.keep(p)
}

// flush gives the print of a text that is shorter than a window.
func (f *feed) flush() {
	if !f.kept && len(f.hash) > 0 {
		f.winnow()
	}
}
