package normalize

import "strings"

// trigger is a sign that a kind of disguise may be in a text. It is cheap to
// see and proves nothing.
type trigger uint32

const (
	spelledOut  trigger = 1 << iota // single letters in a row, words in pieces
	leetWords                       // words with digits in the place of letters
	longRun                         // a run of characters as in base64
	hexPairs                        // pairs of hexadecimal digits
	numbers                         // small numbers in a row
	strange                         // letters that follow each other as in no word
	pigLatin                        // words in -ay
	dashes                          // words of dots and dashes
	codeWords                       // alfa bravo charlie
	highBytes                       // a character of the block of braille
	percents                        // %
	ampersands                      // &
	backslashes                     // \
	equals                          // =
	quotes                          // two literals
	tags                            // < or ](
	punycodes                       // xn--
	roleMarks                       // what a role's mark begins or ends with
)

// Limits of triggers.
const (
	minSpelled = 4  // single letters in a row; initials and acronyms have fewer
	minLeet    = 2  // words; part numbers come alone
	minRun     = 16 // characters of an encoded run
	minCodes   = 6  // numbers or pairs in a row
	minStrange = 90 // see strangeness
	minPig     = 4
	minNato    = 4
	minDashes  = 4
	minQuotes  = 4
)

// Properties of a byte, with its number in the alphabet in the lowest five bits.
const (
	isLetter = 1 << (iota + 5)
	isDigit
	isBlank
	isRun  // may stand in base64
	isHigh // beyond ASCII
	isDash // of Morse
	isSign // printable ASCII that is no letter or digit
	isHex
	isQuote
	isPercent
	isAmpersand
	isBackslash
	isEqual
	isTagged // < or ]
	isBraille
	isRole
	isLeet // digits and signs that are read as letters
)

var property = func() (t [256]uint32) {
	for c := range t {
		b := byte(c)
		p := uint32(alphabet[b])
		mark := func(in string, bit uint32) {
			if strings.IndexByte(in, b) >= 0 {
				p |= bit
			}
		}
		switch {
		case p > 0:
			p |= isLetter | isRun
		case b >= '0' && b <= '9':
			p |= isDigit | isRun
		case b <= ' ':
			p |= isBlank
		case b >= 0x80:
			p |= isHigh
		default:
			p |= isSign
		}
		mark("+/-_=", isRun)
		mark(".-/|_\xC2\xB7", isDash)
		mark("0123456789abcdefABCDEF", isHex)
		mark("\"'`", isQuote)
		mark("%", isPercent)
		mark("&", isAmpersand)
		mark("\\", isBackslash)
		mark("=", isEqual)
		mark("<]", isTagged)
		mark("\xE2", isBraille)
		mark("<[#{:", isRole)
		mark("01345789@$!", isLeet)
		t[c] = p
	}
	return t
}()

// strangeness is how much an affinity below that of words weighs. A letter of an English
// word has about minus seven, of rot13 twelve, backwards four.
const strangeness = 5

// scanner is the state of scan between tokens.
type scanner struct {
	found                                          trigger
	singles, leet, numbers, pairs, pig, dash, nato int
	pieces, inner                                  int    // words in pieces, signs in words
	lines, lineAt                                  int    // short lines, the beginning of the last
	before                                         uint32 // the hash of the word before, 0 for none
	beforeOdd                                      bool   // it is no frequent word
	strange                                        int
	quotes                                         int
}

// scan looks for the triggers in a folded text, in one pass.
func scan(text string) trigger {
	var s scanner
	var bits uint32
	v := words()
	for i := 0; i < len(text); {
		if property[text[i]]&isBlank != 0 {
			i++
			continue
		}
		var t token
		t.at = i
		if i > 0 && text[i-1] == '\n' && i > 1 {
			s.line(text, i)
		}
		hash, prev, run := uint32(hashSeed), uint32(0), 0
		for ; i < len(text); i++ {
			p := property[text[i]]
			if p&isBlank != 0 {
				break
			}
			t.bits |= p
			x := p & 31
			pair := prev<<5 | x
			t.affinity += int(affinity[pair&1023])
			if pair == 'r'&31<<5|'n'&31 || pair == 'v'&31<<5|'v'&31 {
				t.twin = true
			}
			hash = (hash ^ x) * hashStep
			prev = x
			t.letters += int(p / isLetter & 1)
			if p&isRun != 0 {
				run++
				continue
			}
			t.run = max(t.run, run)
			run = 0
			if p&isQuote != 0 {
				s.quotes++
			}
		}
		t.run = max(t.run, run)
		t.affinity += int(affinity[prev<<5])
		t.end, t.hash = i, hash
		bits |= t.bits
		s.token(text, &t, v)
	}
	return s.triggers(text, bits)
}

// token is a run of characters between white space, as scan measured it.
type token struct {
	at, end  int
	bits     uint32
	letters  int
	run      int // longest run of characters as in base64
	affinity int
	hash     uint32 // right for tokens of letters only
	twin     bool   // rn or vv
}

// line counts short lines that end and begin inside a sentence.
func (s *scanner) line(text string, i int) {
	if i-s.lineAt < 24 && text[i] >= 'a' && text[i] <= 'z' && property[text[i-2]]&(isLetter|isHigh) != 0 {
		if s.lines++; s.lines >= 3 {
			s.found |= spelledOut
		}
	}
	s.lineAt = i
}

func (s *scanner) token(text string, t *token, v *vocabulary) {
	n := t.end - t.at
	if t.run >= minRun {
		s.found |= longRun
	}
	if t.bits&(isSign|isDigit|isHigh) == 0 {
		s.word(text, t, v)
		return
	}
	s.strangeWord(t, n)
	if t.bits == isHigh && n == 2 {
		s.single()
		return
	}
	if t.letters == 0 {
		s.code(text, t, n)
		return
	}
	s.dash = 0
	s.codes(text[t.at:t.end], t, n)
	if t.letters == 1 && n <= 2 {
		s.single()
	} else if n > 1 {
		s.singles = 0
	}
	word := text[t.at:t.end]
	if t.bits&isLeet != 0 && t.letters > 1 && s.leet < minLeet {
		s.leet += leetCount(word)
	}
	if t.bits&isSign != 0 && t.letters > 2 {
		s.parted(word)
		s.wordEnd(strings.TrimRight(word, ".,;:!?\"')"))
	}
	if t.twin && s.leet < minLeet && hasTwin(word) {
		s.leet += minLeet
	}
	if word[n-1] == ':' && (word == "system:" || word == "assistant:" || word == "developer:" || word == "human:") {
		s.found |= roleMarks
	}
}

// word takes a token of letters.
func (s *scanner) word(text string, t *token, v *vocabulary) {
	n := t.end - t.at
	s.dash, s.numbers = 0, 0
	s.strangeWord(t, n)
	if n == 1 {
		s.single()
		return
	}
	s.singles = 0
	if n == 2 && t.bits&isHex != 0 {
		s.codes(text[t.at:t.end], t, n)
	} else {
		s.pairs = 0
	}
	if n <= 8 && s.found&spelledOut == 0 {
		s.piece(text[t.at:t.end], t, v)
	} else {
		s.before = 0
	}
	if t.twin && s.leet < minLeet && hasTwin(text[t.at:t.end]) {
		s.leet += minLeet
	}
	s.wordEnd(text[t.at:t.end])
}

// piece counts words that make another one with the word before, when one of the two
// is none.
func (s *scanner) piece(w string, t *token, v *vocabulary) {
	odd := v.find(t.hash) == 0
	if s.before != 0 && (odd || s.beforeOdd) {
		h := s.before
		for i := range len(w) {
			h = (h ^ uint32(alphabet[w[i]])) * hashStep
		}
		if v.find(h) > 0 {
			if s.pieces++; s.pieces >= 2 {
				s.found |= spelledOut
			}
		}
	}
	s.before, s.beforeOdd = t.hash, odd
}

// wordEnd looks for pig Latin and code words.
func (s *scanner) wordEnd(w string) {
	n := len(w)
	if n < 3 {
		return
	}
	if w[n-1] == 'y' && w[n-2] == 'a' {
		if s.pig += 2; s.pig >= 2*minPig {
			s.found |= pigLatin
		}
	} else if s.pig > 0 {
		s.pig--
	}
	if natoLetter(w) != 0 {
		if s.nato++; s.nato >= minNato {
			s.found |= codeWords
		}
	} else {
		s.nato = 0
	}
}

func (s *scanner) single() {
	if s.singles++; s.singles >= minSpelled {
		s.found |= spelledOut
	}
}

// strangeWord adds a token up for or against letters in disguise.
func (s *scanner) strangeWord(t *token, n int) {
	if t.letters*4 < n*3 || t.letters < 2 {
		return
	}
	s.strange = max(0, s.strange+strangeness*(t.letters+1)-t.affinity)
	if s.strange > minStrange {
		s.found |= strange
	}
}

// code takes a token without letters.
func (s *scanner) code(text string, t *token, n int) {
	w := text[t.at:t.end]
	if w[n-1] == ',' || w[n-1] == ';' {
		w, n = w[:n-1], n-1
	}
	if t.bits&^uint32(isDash|isSign|isHigh|isRun|isRole|31) == 0 && t.bits&isDash != 0 {
		if s.dash++; s.dash >= minDashes {
			s.found |= dashes
		}
		return
	}
	s.dash = 0
	if n > 1 {
		s.singles = 0
	}
	s.codes(w, t, n)
	if t.bits&isDigit != 0 && (n <= 3 || n == 7 || n == 8) {
		if s.numbers++; s.numbers >= minCodes {
			s.found |= numbers
		}
	} else if strings.Count(w, ",") >= minCodes || strings.Count(w, "-") >= minCodes {
		s.found |= numbers
	} else {
		s.numbers = 0
	}
}

// codes counts pairs of hexadecimal digits.
func (s *scanner) codes(w string, t *token, n int) {
	switch {
	case n == 2 && t.bits&isHex != 0, n <= 5 && strings.HasPrefix(w, "0x"):
		if s.pairs++; s.pairs >= minCodes {
			s.found |= hexPairs
		}
	case n >= minRun && t.bits&isHex != 0 && (strings.Count(w, ":") > minCodes || strings.Count(w, "0x") > minCodes || strings.Count(w, "-") > minCodes):
		s.found |= hexPairs
	default:
		s.pairs = 0
	}
}

// parted looks for letters and pieces of words inside a token with signs.
func (s *scanner) parted(w string) {
	if s.found&spelledOut != 0 {
		return
	}
	letters, inner := 0, false
	for i := 0; i < len(w); i++ {
		if alphabet[w[i]] == 0 {
			inner = inner || i > 0 && i+1 < len(w) && alphabet[w[i-1]] != 0
			continue
		}
		if (i == 0 || alphabet[w[i-1]] == 0) && (i+1 == len(w) || alphabet[w[i+1]] == 0) {
			if letters++; letters >= minSpelled {
				s.found |= spelledOut
				return
			}
		}
	}
	if !inner {
		return
	}
	if s.inner++; s.inner >= 4 {
		s.found |= spelledOut
	}
	if _, ok := unparted(w); ok {
		if s.pieces++; s.pieces >= 2 {
			s.found |= spelledOut
		}
	}
}

// triggers adds what single characters tell.
func (s *scanner) triggers(text string, bits uint32) trigger {
	t := s.found
	if s.leet >= minLeet {
		t |= leetWords
	}
	for _, b := range [...]struct {
		bit uint32
		t   trigger
	}{{isPercent, percents}, {isAmpersand, ampersands}, {isBackslash, backslashes}, {isEqual, equals}, {isTagged, tags}} {
		if bits&b.bit != 0 {
			t |= b.t
		}
	}
	if bits&isBraille != 0 && hasBraille(text) {
		t |= highBytes
	}
	if s.quotes >= minQuotes {
		t |= quotes
	}
	if bits&(isTagged|isRole) != 0 && strings.ContainsAny(text, "<[#{") {
		t |= roleMarks
	}
	if bits&isRun != 0 && bits&isSign != 0 && strings.Contains(text, "xn--") {
		t |= punycodes
	}
	return t
}
