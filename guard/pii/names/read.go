package names

import "sync"

// word is a run of letters, digits and bytes of longer runes.
type word struct {
	start, end int32
	hash       uint32 // of the lower-case letters
	gap        uint32 // of what stands before it, up to four bytes
	known      uint16 // what the table knows of it
	shape      uint8
	gapLine    bool // a line breaks before it, or the text begins
	gapStop    bool // a sentence may end before it
	glued      bool // part of an identifier or an address of the net
	candidate  bool
	first      Kind
	label      Kind
	score      float32
	sum        sums
}

// Shapes of words.
const (
	shapeLower  uint8 = iota
	shapeTitle        // Anna
	shapeUpper        // ANNA
	shapeLetter       // A
	shapeMixed        // McDonald, iPhone
	shapeShort        // 1 to 3 digits
	shapeLong         // 4 to 6
	shapeCode         // digits and letters, or more digits
	shapeOther        // other scripts
)

// What the table knows of a word, as flags.
const (
	KnownFirst  uint16 = 1 << iota // a first name
	KnownLast                      // a surname
	KnownCity                      // a city, or a word of its name
	KnownLand                      // a country, a state
	KnownStreet                    // street, rue, straat
	KnownForm                      // of a company: GmbH, Ltd
	KnownTitle                     // Mr, Frau
	KnownJoint                     // de, van, of
	KnownCommon                    // a word of the language
	KnownTime                      // a month, a day
	KnownTrade                     // in names of organisations: bank, university
	KnownCue                       // a name follows it: dear, name
)

const maxFeatures = 56

// scratch is what a pass over a text needs.
type scratch struct {
	words []word
	any   bool
	text  string
}

var pool = sync.Pool{New: func() any { return new(scratch) }}

const (
	byteDigit = 1 << iota
	byteLetter
	byteHigh
)

var byteClass = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = byteDigit
		case c|0x20 >= 'a' && c|0x20 <= 'z' && c < 0x80:
			t[c] = byteLetter
		case c >= 0x80:
			t[c] = byteHigh
		}
	}
	return t
}()

const (
	prime  = 0x01000193
	offset = 0x811C9DC5
)

func hashOf(s string) uint32 {
	h := uint32(offset)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * prime
	}
	return h
}

// read splits the text and marks what is worth a look.
func (s *scratch) read(m *Model, cased, lower string) {
	s.words, s.any, s.text = s.words[:0], false, lower
	gapFrom := 0
	for i := 0; i < len(lower); {
		if byteClass[lower[i]] == 0 {
			i++
			continue
		}
		j, all, h := i, uint8(0), uint32(offset)
		for j < len(lower) && byteClass[lower[j]] != 0 {
			all |= byteClass[lower[j]]
			h = (h ^ uint32(lower[j])) * prime
			j++
		}
		if j == i+1 && apostrophe(cased, lower, j) { // O'Hara, D'Angelo
			h = (h ^ '\'') * prime
			for j++; j < len(lower) && byteClass[lower[j]] != 0; j++ {
				all |= byteClass[lower[j]]
				h = (h ^ uint32(lower[j])) * prime
			}
		}
		w := word{start: int32(i), end: int32(j), hash: h}
		w.shape = shapeOf(cased[i:j], lower[i:j], all)
		if w.shape < shapeShort {
			w.known = m.know(h)
		}
		s.gap(&w, lower[gapFrom:i], gapFrom == 0)
		if j < len(lower) && (lower[j] == '@' || lower[j] == '_' || lower[j] == '\\') {
			w.glued = true
		}
		s.words = append(s.words, w)
		i, gapFrom = j, j
	}
	s.gate()
}

// apostrophe reports whether the one letter before j and the word behind an
// apostrophe at j are a name together: both begin with a capital.
func apostrophe(cased, lower string, j int) bool {
	return j+1 < len(lower) && lower[j] == '\'' && cased[j-1] != lower[j-1] && cased[j+1] != lower[j+1]
}

func shapeOf(cased, lower string, all uint8) uint8 {
	n := len(cased)
	if all&byteDigit != 0 {
		switch {
		case all != byteDigit || n > 6:
			return shapeCode
		case n <= 3:
			return shapeShort
		}
		return shapeLong
	}
	if all == byteHigh && n > 2 && cased[0] >= 0xCF {
		return shapeOther // no Latin letter in it
	}
	up, firstUp := 0, cased[0] != lower[0] || n > 1 && cased[0] >= 0xC3 && cased[1] != lower[1]
	for k := range n {
		if cased[k] != lower[k] {
			up++
		}
	}
	switch {
	case up == 0:
		return shapeLower
	case firstUp && n <= 2 && (n == 1 || cased[0] >= 0x80):
		return shapeLetter
	case firstUp && (up == 1 || up == 2 && n > 3 && lower[1] == '\''):
		return shapeTitle
	case up == n:
		return shapeUpper
	}
	return shapeMixed
}

// gap notes what stands before a word.
func (s *scratch) gap(w *word, between string, begins bool) {
	w.gapLine = begins
	stop := false
	for k := range len(between) {
		switch c := between[k]; c {
		case '\n':
			w.gapLine = true
		case '.', '!', '?', ':', '"', '(', '[', '>', '|', '\t':
			stop = true
		}
	}
	w.gapStop = stop || w.gapLine
	if n := len(between); n > 0 {
		switch between[n-1] {
		case '@', '_', '\\', '/', '$', '#', '~', '=', '%':
			w.glued = between[n-1] != '/' || n == 1 && !begins
		}
		if n > 4 {
			between = between[n-4:]
		}
	}
	w.gap = hashOf(between)
}

// gate decides which words are judged.
func (s *scratch) gate() {
	for i := range s.words {
		w := &s.words[i]
		switch {
		case w.end-w.start > 32 || w.glued && w.shape == shapeLower:
		case w.shape == shapeTitle && s.ordinary(i):
		case w.shape == shapeTitle, w.shape == shapeUpper, w.shape == shapeLetter, w.shape == shapeMixed:
			w.candidate = true
		case w.shape == shapeLower && w.known&(KnownFirst|KnownLast|KnownCity|KnownLand|KnownStreet|KnownJoint|KnownForm) != 0:
			w.candidate = w.known&KnownCommon == 0 || w.known&(KnownJoint|KnownStreet) != 0 || i > 0 && s.words[i-1].known&(KnownCue|KnownTitle) != 0
		case w.shape == shapeLower && w.known&KnownCommon == 0:
			w.candidate = i > 0 && s.words[i-1].known&(KnownCue|KnownTitle|KnownFirst) != 0 && s.words[i-1].shape == shapeLower
		case w.shape == shapeShort || w.shape == shapeLong || w.shape == shapeCode && w.end-w.start <= 6:
			w.candidate = s.beside(i)
		}
		s.any = s.any || w.candidate
	}
}

// ordinary reports whether word i, in a capital, only begins a sentence or is a
// noun: a word of the language that names nothing, alone before a small word.
func (s *scratch) ordinary(i int) bool {
	const nameLike = KnownFirst | KnownLast | KnownCity | KnownLand | KnownStreet | KnownForm | KnownTitle | KnownJoint | KnownTrade
	if w := &s.words[i]; w.known&KnownCommon == 0 || w.known&nameLike != 0 {
		return false
	}
	if i+1 < len(s.words) {
		if n := &s.words[i+1]; n.shape != shapeLower || n.known&(KnownJoint|KnownStreet|KnownForm) != 0 || !s.near(i, i+1) {
			return false
		}
	}
	return i == 0 || s.words[i-1].shape == shapeLower || s.words[i].gapStop
}

// beside reports whether a neighbour of a number may belong to an address.
func (s *scratch) beside(i int) bool {
	for k := max(0, i-2); k <= min(len(s.words)-1, i+2); k++ {
		if w := &s.words[k]; k != i && (w.shape == shapeTitle || w.shape == shapeUpper || w.shape == shapeMixed || w.known&(KnownStreet|KnownCity) != 0 && w.known&KnownCommon == 0 || w.known&KnownStreet != 0) {
			return true
		}
	}
	return false
}

// near reports whether word k counts as a neighbour of word i: it exists and
// lies within half the reach, so that two looks stay within it.
func (s *scratch) near(i, k int) bool {
	if k < 0 || k >= len(s.words) {
		return false
	}
	a, b := &s.words[i], &s.words[k]
	if k < i {
		return a.start-b.start <= Before/2
	}
	return b.end-a.end <= After/2
}
