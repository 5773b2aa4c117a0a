package grounding

import (
	"unicode"
	"unicode/utf8"
)

// kind is what a token is made of.
type kind uint8

const (
	word   kind = iota // letters
	number             // starts with a digit
	pair               // two characters of a script without blanks between words
	symbol             // a unit or sign that has a meaning of its own: %, €, °
	stop               // the end of a sentence, a bracket, a comma: never matched
)

// token is a word of a text. Its key is equal for words that inflection alone
// sets apart.
type token struct {
	start, end int // bytes in the text
	key        uint32
	kind       kind
	capital    bool
	first      bool // the first word of its sentence
	joined     bool // no blank before it
	entry      *entry
}

// content reports whether the token says something: function words and marks
// do not.
func (t *token) content() bool {
	return t.kind != stop && t.kind != symbol && !t.has(function)
}

func (t *token) has(c class) bool { return t.entry != nil && t.entry.class&c != 0 }

// denies reports a negation. Italian "mai" is German for May too.
func (t *token) denies() bool { return t.has(negation) && !(t.has(calendar) && t.capital) }

// name reports whether the token is written like a name.
func (t *token) name() bool {
	return t.kind == word && t.capital && !t.first && !t.has(function|calendar|numeral|titled|unit)
}

// longestWord bounds the work on one word; the rest of a longer one is
// another word.
const longestWord = 64

// tokenize cuts text into tokens. It is linear, and every token lies on rune
// boundaries.
func tokenize(text string) []token {
	z := tokenizer{text: text, out: make([]token, 0, len(text)/5+4), first: true, blank: true}
	for z.at < len(text) {
		z.next()
	}
	return z.out
}

type tokenizer struct {
	text  string
	at    int
	out   []token
	first bool // the next word begins a sentence
	blank bool
	buf   [longestWord*4 + 8]byte
}

func (z *tokenizer) next() {
	r, n := rune(z.text[z.at]), 1
	if r >= utf8.RuneSelf {
		r, n = utf8.DecodeRuneInString(z.text[z.at:])
	}
	r = fold(r)
	switch {
	case r == ' ', r == '\t', r == '\u00a0':
		z.at += n
		z.blank = true
		return
	case r == '\n', r == '\r':
		z.at += n
		z.blank, z.first = true, true
		return
	case r >= '0' && r <= '9':
		z.number()
	case dense(r):
		z.dense(r, n)
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= utf8.RuneSelf && unicode.IsLetter(r):
		z.word()
	default:
		z.mark(r, n)
	}
	z.blank = false
}

func (z *tokenizer) push(t token) {
	t.joined = !z.blank
	z.out = append(z.out, t)
}

// word takes letters, and digits and marks between them.
func (z *tokenizer) word() {
	start, buf, capital, runes := z.at, z.buf[:0], false, 0
	for z.at < len(z.text) && runes < longestWord {
		r, n := rune(z.text[z.at]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(z.text[z.at:])
		}
		if unicode.Is(unicode.Mn, r) || r == '\u200d' || r == '\u00ad' || r == '\u200b' {
			z.at += n
			continue
		}
		r = fold(r)
		if r == '\'' && !z.letterAt(z.at+n) || r == '\'' && elided(buf) {
			if r == '\'' && elided(buf) {
				z.at += n
			}
			break
		}
		if r != '\'' && !(r >= '0' && r <= '9') && !(unicode.IsLetter(r) && !dense(r)) && !unicode.Is(unicode.Mc, r) {
			break
		}
		if low := unicode.ToLower(r); low != r {
			capital = capital || runes == 0
			r = low
		}
		buf = utf8.AppendRune(buf, base(r))
		runes++
		z.at += n
	}
	if z.at == start { // a combining mark alone, or an apostrophe
		_, n := utf8.DecodeRuneInString(z.text[start:])
		z.at += n
		return
	}
	if len(buf) == 0 {
		return
	}
	if len(buf) > 2 && buf[len(buf)-1] == 's' && buf[len(buf)-2] == '\'' {
		buf = buf[:len(buf)-2]
	}
	e := lexicon[string(buf)]
	t := token{start: start, end: z.at, kind: word, capital: capital, first: z.first, entry: e, key: keyOf(buf, e)}
	z.first = false
	z.push(t)
}

// elided reports articles and pronouns that stand before an apostrophe: l'eau.
func elided(buf []byte) bool {
	switch string(buf) {
	case "l", "d", "j", "n", "s", "c", "m", "t", "qu", "dell", "nell", "all", "dall", "sull", "un":
		return true
	}
	return false
}

func (z *tokenizer) letterAt(i int) bool {
	r, _ := utf8.DecodeRuneInString(z.text[i:])
	return unicode.IsLetter(r)
}

// number takes digits with the separators between them: 1,234.5 and 12:30 and
// 2020-05-03 are one token each.
func (z *tokenizer) number() {
	start, h := z.at, uint32(fnvBasis)
	for z.at < len(z.text) && z.at-start < longestWord {
		r, n := utf8.DecodeRuneInString(z.text[z.at:])
		r = fold(r)
		if r >= '0' && r <= '9' {
			h = (h ^ uint32(r)) * fnvPrime
			z.at += n
			continue
		}
		if blankGroup(r) && z.groups(start, z.at+n) {
			z.at += n
			continue
		}
		if !between(r) || !z.digitAt(z.at+n) {
			break
		}
		h = (h ^ uint32(r)) * fnvPrime
		z.at += n
	}
	z.first = false
	z.push(token{start: start, end: z.at, kind: number, key: h | 1})
}

// blankGroup is a blank that may group digits: 8 834.
func blankGroup(r rune) bool { return r == ' ' || r == '\u00a0' }

// groups reports that exactly three digits follow at i, and that those since
// start can stand before them.
func (z *tokenizer) groups(start, i int) bool {
	n := 0
	for ; i+n < len(z.text) && n < 4 && z.text[i+n] >= '0' && z.text[i+n] <= '9'; n++ {
	}
	if n != 3 || z.at-start > 3 && (z.at < 4 || z.text[z.at-4] >= '0' && z.text[z.at-4] <= '9') {
		return false
	}
	for j := start; j < z.at; j++ {
		if c := z.text[j]; c == '.' || c == ':' || c == '/' || c == '-' || c == ',' {
			return false
		}
	}
	return z.text[start] != '0'
}

func between(r rune) bool {
	switch r {
	case '.', ',', ':', '/', '\'', '-':
		return true
	}
	return false
}

func (z *tokenizer) digitAt(i int) bool {
	r, _ := utf8.DecodeRuneInString(z.text[i:])
	r = fold(r)
	return r >= '0' && r <= '9'
}

// dense takes one character of a script without blanks, with the one after it
// in its key.
func (z *tokenizer) dense(r rune, n int) {
	start := z.at
	z.at += n
	t := token{start: start, end: z.at, kind: pair, key: fnv2(r, 0), first: z.first}
	next, m := utf8.DecodeRuneInString(z.text[z.at:])
	next = fold(next)
	if dense(next) {
		t.key = fnv2(r, next)
		t.entry = lexicon[z.text[start:z.at+m]]
	}
	if t.entry == nil {
		t.entry = lexicon[z.text[start:z.at]]
	}
	if t.entry == nil && unicode.Is(unicode.Hiragana, r) {
		t.entry = particle
	}
	z.first = false
	z.push(t)
}

// mark takes everything else.
func (z *tokenizer) mark(r rune, n int) {
	start := z.at
	z.at += n
	switch r {
	case '%', '‰', '$', '€', '£', '¥', '°', '½', '¼', '¾', '⅓', '⅔', '+', '±', '~', '<', '>', '=', '≥', '≤', '₹', '&':
		z.push(token{start: start, end: z.at, kind: symbol, key: fnv2(r, 1), entry: lexicon[string(r)]})
		return
	case '.', '!', '?', '。', '！', '？', '।', '؟', '…':
		z.first = r != '.' || !z.abbreviated()
	case ':', ';', '"', '“', '”', '«', '»', '(', '•', '|', '*', '#':
		z.first = z.first || r == '•' || r == '|' || r == '*' || r == '#'
	}
	z.push(token{start: start, end: z.at, kind: stop, key: fnv2(r, 2)})
}

func (z *tokenizer) abbreviated() bool {
	if len(z.out) == 0 {
		return false
	}
	t := &z.out[len(z.out)-1]
	return t.kind == word && (t.has(abbreviation) || utf8.RuneCountInString(z.text[t.start:t.end]) == 1)
}

// dense reports scripts that set no blanks between words, and Hangul, whose
// words carry their particles.
func dense(r rune) bool {
	switch {
	case r < 0x0E00:
		return false
	case r <= 0x0E7F: // Thai
		return r != 0x0E3F
	case r >= 0x3041 && r <= 0x30FF && r != 0x30FB:
		return true
	case r == 0x3005, r >= 0x3400 && r <= 0x4DBF, r >= 0x4E00 && r <= 0x9FFF, r >= 0xAC00 && r <= 0xD7A3, r >= 0x20000 && r <= 0x2FFFF:
		return true
	}
	return false
}

// fold undoes width, typographic apostrophes and dashes, and digits of other
// scripts.
func fold(r rune) rune {
	switch {
	case r < 0x80:
		return r
	case r >= 0xFF01 && r <= 0xFF5E:
		return r - 0xFEE0
	case r == 0x2019, r == 0x2018, r == 0x02BC:
		return '\''
	case r == 0x2010, r == 0x2011, r == 0x2012, r == 0x2013, r == 0x2014, r == 0x2212:
		return '-'
	case r == 0x3000, r == 0x202F, r >= 0x2000 && r <= 0x200A:
		return ' '
	case r >= 0x0660 && r <= 0x0669:
		return r - 0x0660 + '0'
	case r >= 0x06F0 && r <= 0x06F9:
		return r - 0x06F0 + '0'
	case r >= 0x0966 && r <= 0x096F:
		return r - 0x0966 + '0'
	}
	return r
}

// base takes the diacritic from a lower-case letter.
func base(r rune) rune {
	switch {
	case r < 0xC0:
		return r
	case r < 0x180:
		if b := latin[r-0xC0]; b != 0 {
			return b
		}
	case r == 'ё':
		return 'е'
	case r >= 0x03AC && r <= 0x03CE:
		switch r {
		case 'ά':
			return 'α'
		case 'έ':
			return 'ε'
		case 'ή':
			return 'η'
		case 'ί', 'ϊ':
			return 'ι'
		case 'ό':
			return 'ο'
		case 'ύ', 'ϋ':
			return 'υ'
		case 'ώ':
			return 'ω'
		case 'ς':
			return 'σ'
		}
	}
	return r
}

// latin has the bases of U+00C0 to U+017F, lower case.
var latin = func() (t [0xC0]rune) {
	for _, g := range []struct {
		base    rune
		letters string
	}{
		{'a', "àáâãäåāăą"}, {'c', "çćĉċč"}, {'d', "ďđ"}, {'e', "èéêëēĕėęě"}, {'g', "ĝğġģ"}, {'h', "ĥħ"}, {'i', "ìíîïĩīĭįı"}, {'j', "ĵ"}, {'k', "ķ"},
		{'l', "ĺļľŀł"}, {'n', "ñńņňŉ"}, {'o', "òóôõöøōŏő"}, {'r', "ŕŗř"}, {'s', "śŝşš"}, {'t', "ţťŧ"}, {'u', "ùúûüũūŭůűų"}, {'w', "ŵ"}, {'y', "ýÿŷ"}, {'z', "źżž"},
	} {
		for _, r := range g.letters {
			t[r-0xC0] = g.base
		}
	}
	return t
}()

const (
	fnvBasis = 2166136261
	fnvPrime = 16777619
)

func fnv(b []byte) uint32 {
	h := uint32(fnvBasis)
	for _, c := range b {
		h = (h ^ uint32(c)) * fnvPrime
	}
	return h
}

func fnv2(a, b rune) uint32 {
	h := uint32(fnvBasis)
	for _, v := range [...]uint32{uint32(a), uint32(a) >> 8, uint32(a) >> 16, uint32(b), uint32(b) >> 8, uint32(b) >> 16} {
		h = (h ^ v&0xff) * fnvPrime
	}
	return h
}

// keyOf is equal for the forms of a word.
func keyOf(b []byte, e *entry) uint32 {
	if e != nil && e.root != 0 {
		return e.root
	}
	return fnv(stem(b))
}

// stem takes common endings off: English ones from words of ASCII letters,
// everything beyond the sixth letter from long words of other scripts and from
// words that had diacritics too, since those are ASCII by now.
func stem(b []byte) []byte {
	n := len(b)
	if n <= 3 {
		return b
	}
	if b[0] >= utf8.RuneSelf {
		return cut(b, 6)
	}
	if has(b, "'t") || has(b, "'") {
		return b
	}
	switch {
	case has(b, "sses"):
		return b[:n-2]
	case has(b, "ies") && n > 4:
		return append(b[:n-3], 'y')
	case has(b, "ss"), has(b, "us"), has(b, "is"):
	case has(b, "s"):
		b = b[:n-1]
	}
	n = len(b)
	for _, end := range endings {
		if n-len(end.cut) >= end.keep && has(b, end.cut) {
			b = append(b[:n-len(end.cut)], end.put...)
			break
		}
	}
	n = len(b)
	if n > 4 && b[n-1] == b[n-2] && b[n-1] != 'l' && b[n-1] != 's' && b[n-1] != 'z' && b[n-1] != 'e' {
		b = b[:n-1]
	}
	if n = len(b); n > 4 && b[n-1] == 'e' {
		b = b[:n-1]
	}
	return cut(b, 9)
}

var endings = []struct {
	cut, put string
	keep     int
}{
	{"ization", "iz", 3}, {"isation", "iz", 3}, {"ational", "at", 3}, {"fulness", "", 3}, {"iveness", "iv", 3}, {"ation", "at", 3}, {"ition", "it", 3}, {"ically", "ic", 3},
	{"iser", "iz", 3}, {"izer", "iz", 3}, {"ising", "iz", 3}, {"izing", "iz", 3}, {"ised", "iz", 3}, {"ized", "iz", 3}, {"ise", "iz", 4}, {"ize", "iz", 3},
	{"ment", "", 4}, {"ness", "", 4}, {"ally", "al", 3}, {"ied", "y", 3}, {"ing", "", 3}, {"ed", "", 3}, {"ly", "", 4}, {"er", "", 4}, {"or", "", 5}, {"ion", "", 4}, {"our", "or", 3},
}

func has(b []byte, end string) bool {
	return len(b) >= len(end) && string(b[len(b)-len(end):]) == end
}

// cut keeps the first n runes.
func cut(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	i := 0
	for ; n > 0 && i < len(b); n-- {
		_, size := utf8.DecodeRune(b[i:])
		i += size
	}
	return b[:i]
}
