// Package lexis takes text apart into words, stems and sentences, with the byte
// positions of each. Pure: the search and the embedded answerer both count in
// its units. It never fails; an unknown language is left unstemmed.
package lexis

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/turkish"
	"golang.org/x/text/unicode/norm"
)

// Token is a word of a text.
type Token struct {
	Start, End int    // bytes in the text
	Term       string // folded and stemmed: what is compared
	Stop       bool   // a word that carries grammar, not matter
	Number     bool   // has a digit
	Capital    bool   // begins with an upper-case letter
}

// stemmers by ISO 639-1 code. Read-only.
var stemmers = map[string]func(*snowballstem.Env) bool{
	"ar": arabic.Stem, "da": danish.Stem, "de": german.Stem, "en": english.Stem,
	"es": spanish.Stem, "fi": finnish.Stem, "fr": french.Stem, "hu": hungarian.Stem,
	"it": italian.Stem, "nl": dutch.Stem, "no": norwegian.Stem, "pt": portuguese.Stem,
	"ro": romanian.Stem, "ru": russian.Stem, "sv": swedish.Stem, "tr": turkish.Stem,
}

// Known reports whether language has a stemmer.
func Known(language string) bool { return stemmers[language] != nil }

// longestStemmed: longer words are not words. Stemmers cost more than linearly.
const longestStemmed = 64

// Analyser turns texts of one language into tokens. It remembers the stems it
// made, so it belongs to one goroutine.
type Analyser struct {
	language string
	stem     func(*snowballstem.Env) bool
	stop     map[string]bool
	cache    map[string]word
}

type word struct {
	term string
	stop bool
}

// cacheLimit bounds the memory that foreign text can make an Analyser hold.
const cacheLimit = 1 << 16

// NewAnalyser returns an Analyser for an ISO 639-1 code.
func NewAnalyser(language string) *Analyser {
	return &Analyser{
		language: language, stem: stemmers[language], stop: stopWords[language],
		cache: map[string]word{},
	}
}

// Tokens returns the words of text. A hyphenated word gives its parts and, behind
// them, the joined form, so that needle-stick, needle stick and needlestick meet;
// the joined form has the span of the whole.
func (a *Analyser) Tokens(text string) []Token {
	tokens := make([]Token, 0, len(text)/5+1)
	compound := -1 // index of the first token of a hyphenated word
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if end := degrees(text, i, r, n); end > 0 {
			tokens = append(tokens, Token{Start: i, End: end, Term: a.word("degrees").term})
			i = end
			continue
		}
		if !wordRune(r) {
			i += n
			continue
		}
		start := i
		number := false
		ideographic := ideograph(r)
		for i < len(text) {
			r, n := utf8.DecodeRuneInString(text[i:])
			if !wordRune(r) {
				if !joins(text, i, r, n, number) {
					break
				}
			} else if ideograph(r) != ideographic {
				break
			}
			number = number || unicode.IsDigit(r)
			i += n
			if ideographic {
				break // scripts without spaces: one character, one word
			}
		}
		tokens = append(tokens, a.token(text, start, i, number))
		if i < len(text) && hyphen(text, i) {
			if compound < 0 {
				compound = len(tokens) - 1
			}
			continue
		}
		if compound >= 0 {
			tokens = a.joined(tokens, text, compound, i)
			compound = -1
		}
	}
	return tokens
}

var closer = strings.NewReplacer("-", "", "\u2010", "", "\u2011", "")

// joined appends the closed spelling of the hyphenated word text[first.Start:end].
func (a *Analyser) joined(tokens []Token, text string, first, end int) []Token {
	start := tokens[first].Start
	if end-start > longestStemmed {
		return tokens
	}
	for _, t := range tokens[first:] {
		if t.Number {
			return tokens // 24-48 is a range, not a word
		}
	}
	closed := closer.Replace(text[start:end])
	w := a.word(closed)
	return append(tokens, Token{Start: start, End: end, Term: w.term, Capital: tokens[first].Capital})
}

func (a *Analyser) token(text string, start, end int, number bool) Token {
	s := text[start:end]
	w := a.word(s)
	r, _ := utf8.DecodeRuneInString(s)
	return Token{Start: start, End: end, Term: w.term, Stop: w.stop, Number: number, Capital: unicode.IsUpper(r)}
}

func (a *Analyser) word(s string) word {
	if w, ok := a.cache[s]; ok {
		return w
	}
	folded := fold(s)
	stop := a.stop[folded]
	if b, ok := irregular[folded]; ok && a.language == "en" && !stop {
		folded, stop = b, a.stop[b]
	}
	w := word{term: folded, stop: stop}
	if a.stem != nil && len(folded) <= longestStemmed && !w.stop {
		env := snowballstem.NewEnv(folded)
		a.stem(env)
		w.term = env.Current()
	}
	if a.language == "en" {
		if same, ok := sameWord[w.term]; ok {
			w.term = same
		}
	}
	if len(a.cache) < cacheLimit {
		a.cache[strings.Clone(s)] = w
	}
	return w
}

// fold makes spellings of one word equal: compatibility forms, case, curly
// apostrophes, the possessive, thousands separators.
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if !ascii {
		s = norm.NFKC.String(s)
		s = strings.ReplaceAll(s, "\u2019", "'")
	}
	s = strings.ToLower(s)
	s = strings.TrimSuffix(s, "'s")
	if strings.ContainsAny(s, ",") {
		s = strings.ReplaceAll(s, ",", "")
	}
	return s
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// joins reports whether the character at i stands inside a word: an apostrophe
// between letters, a point or comma between digits.
func joins(text string, i int, r rune, n int, number bool) bool {
	if i == 0 || i+n >= len(text) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(text[i+n:])
	last, _ := utf8.DecodeLastRuneInString(text[:i])
	switch r {
	case '\'', '\u2019':
		return unicode.IsLetter(last) && unicode.IsLetter(next)
	case '.', ',', ':':
		return number && unicode.IsDigit(last) && unicode.IsDigit(next)
	}
	return false
}

// degrees is the end of a sign of temperature at i, or 0: °C is read "degrees".
func degrees(text string, i int, r rune, n int) int {
	if r != '°' || i+n >= len(text) || !strings.ContainsRune("CFcf", rune(text[i+n])) {
		return 0
	}
	if next, _ := utf8.DecodeRuneInString(text[i+n+1:]); wordRune(next) && i+n+1 < len(text) {
		return 0
	}
	return i + n + 1
}

// hyphen reports whether a hyphen at i ties two words together.
func hyphen(text string, i int) bool {
	r, n := utf8.DecodeRuneInString(text[i:])
	if r != '-' && r != '\u2010' && r != '\u2011' {
		return false
	}
	next, _ := utf8.DecodeRuneInString(text[i+n:])
	return wordRune(next)
}

func ideograph(r rune) bool {
	const firstThai = 0x0e00 // the lowest of them; the tables are slow
	return r >= firstThai && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
