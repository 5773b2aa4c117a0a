package normalize

import (
	"strings"
	"unicode/utf8"
)

// region is a part of a text whose letters follow each other as in no word, with
// how often one follows the other.
type region struct {
	start, end int
	pairs      [27 * 27]int32
	n          int32
}

// regions finds where the letters are strange: the places that scan saw.
func regions(text string) []region {
	var out []region
	sum, peak, start, end := 0, 0, 0, 0
	close := func() {
		if peak > minStrange {
			out = append(out, region{start: start, end: end})
		}
		sum, peak = 0, 0
	}
	for i := 0; i < len(text); {
		if property[text[i]]&isBlank != 0 {
			i++
			continue
		}
		at, letters, affine, prev := i, 0, 0, uint32(0)
		for ; i < len(text) && property[text[i]]&isBlank == 0; i++ {
			x := property[text[i]] & 31
			affine += int(affinity[prev<<5|x])
			prev = x
			letters += int(property[text[i]] / isLetter & 1)
		}
		affine += int(affinity[prev<<5])
		if letters*4 < (i-at)*3 || letters < 2 {
			if letters > 6 { // a number or a code
				close()
			}
			continue
		}
		if sum == 0 {
			start = at
		}
		sum += strangeness*(letters+1) - affine
		if sum <= 0 || sum < peak-2*minStrange {
			close()
			continue
		}
		if sum > peak {
			peak, end = sum, i
		}
	}
	close()
	for k := range out {
		low, high := 0, len(text)
		if k > 0 {
			low = out[k-1].end
		}
		if k+1 < len(out) {
			high = out[k+1].start
		}
		out[k].widen(text, low, high)
		out[k].count(text)
	}
	return out
}

// widen takes in the words beside g that are none.
func (g *region) widen(text string, low, high int) {
	for n := 0; n < 8; n++ {
		i := g.start
		for i > low && property[text[i-1]]&isBlank != 0 {
			i--
		}
		j := i
		for j > low && property[text[j-1]]&isBlank == 0 && i-j < 24 {
			j--
		}
		if j == i || i-j == 24 || known(strings.Trim(text[j:i], ".,;:!?\"'()")) || !letterish(text[j:i]) {
			break
		}
		g.start = j
	}
	for n := 0; n < 8; n++ {
		i := g.end
		for i < high && property[text[i]]&isBlank != 0 {
			i++
		}
		j := i
		for j < high && property[text[j]]&isBlank == 0 && j-i < 24 {
			j++
		}
		if j == i || j-i == 24 || known(strings.Trim(text[i:j], ".,;:!?\"'()")) || !letterish(text[i:j]) {
			break
		}
		g.end = j
	}
}

// letterish reports whether most of w is letters.
func letterish(w string) bool {
	n := 0
	for i := range len(w) {
		if alphabet[w[i]] != 0 {
			n++
		}
		if w[i] >= utf8.RuneSelf {
			return false
		}
	}
	return n*4 >= len(w)*3
}

func (g *region) count(text string) {
	prev := uint8(0)
	for i := g.start; i <= g.end; i++ {
		c := uint8(0)
		if i < g.end {
			c = alphabet[text[i]]
		}
		if c|prev != 0 {
			g.pairs[int(prev)*27+int(c)]++
			g.n++
		}
		prev = c
	}
}

// under is the mean affinity of g's letters when each is replaced by to, and the
// order turned round if reversed.
func (g *region) under(to *[27]uint8, reversed bool) int {
	if g.n == 0 {
		return 0
	}
	sum := int32(0)
	for a := range 27 {
		for b := range 27 {
			n := g.pairs[a*27+b]
			if n == 0 {
				continue
			}
			x, y := int(to[a]), int(to[b])
			if reversed {
				x, y = y, x
			}
			sum += n * int32(affinity[x*32+y])
		}
	}
	return int(sum / g.n)
}

// shifted replaces each letter by the one k places on.
func shifted(k int) (t [27]uint8) {
	for c := 1; c <= 26; c++ {
		t[c] = uint8((c-1+k)%26 + 1)
	}
	return t
}

var mirrored = func() (t [27]uint8) {
	for c := 1; c <= 26; c++ {
		t[c] = uint8(27 - c)
	}
	return t
}()

var unchanged = shifted(0)

// Of what a cipher's text must have: how fluent it is, how much more than the
// code, and how many of its letters stand in frequent words, in percent.
const (
	minFluency  = 5
	minGain     = 5
	minFamiliar = 50
	// clearGain is enough without frequent words: other languages that are written in
	// Latin letters are half as fluent, and far from it in a cipher.
	clearGain = 6
)

// solved are the regions of r that solve makes English of.
func solved(r *Reading, solve func(g *region) (string, int)) []edit {
	var out []edit
	if r.strange == nil { // four ciphers ask
		found := regions(r.cased)
		r.strange = &found
	}
	list := *r.strange
	for i := range list {
		g := &list[i]
		if g.n < 14 {
			continue
		}
		s, f := solve(g)
		gain := f - g.under(&unchanged, false)
		if s == "" || f < minFluency || gain < minGain || gain < clearGain && familiar(s) < minFamiliar {
			continue
		}
		out = append(out, edit{g.start, g.end, s})
	}
	return out
}

func replaced(s string, to *[27]uint8) string {
	b := []byte(s)
	for i, c := range b {
		if x := alphabet[c]; x != 0 {
			b[i] = c - x + to[x]
		}
	}
	return string(b)
}

func findCaesar(r *Reading) []edit {
	return solved(r, func(g *region) (string, int) {
		best, score := unchanged, -1<<30
		for k := 1; k < 26; k++ {
			to := shifted(k)
			if f := g.under(&to, false); f > score {
				best, score = to, f
			}
		}
		return replaced(r.cased[g.start:g.end], &best), score
	})
}

func findAtbash(r *Reading) []edit {
	return solved(r, func(g *region) (string, int) {
		return replaced(r.cased[g.start:g.end], &mirrored), g.under(&mirrored, false)
	})
}

func findReversed(r *Reading) []edit {
	return solved(r, func(g *region) (string, int) {
		return backwards(r.cased[g.start:g.end]), g.under(&unchanged, true)
	})
}

// findReversedWords reads each word backwards in the order in which they stand.
func findReversedWords(r *Reading) []edit {
	return solved(r, func(g *region) (string, int) {
		s := r.cased[g.start:g.end]
		var b strings.Builder
		for i := 0; i < len(s); {
			j := i
			for j < len(s) && property[s[j]]&isBlank == 0 {
				j++
			}
			b.WriteString(backwards(s[i:j]))
			for i = j; i < len(s) && property[s[i]]&isBlank != 0; i++ {
				b.WriteByte(s[i])
			}
		}
		return b.String(), g.under(&unchanged, true)
	})
}

// backwards is s with its characters in the opposite order.
func backwards(s string) string {
	b := make([]byte, len(s))
	at := len(s)
	for _, r := range s {
		n := utf8.RuneLen(r)
		if r == utf8.RuneError {
			n = 3
		}
		at -= n
		if at < 0 {
			return s // cannot be: s is valid
		}
		utf8.EncodeRune(b[at:], r)
	}
	return string(b)
}

// findPigLatin reads words in -ay: "ignoreway", "eviouspray".
func findPigLatin(r *Reading) []edit {
	text := r.Text
	var out []edit
	var words []edit // of the run
	other := 0
	end := func() {
		if len(words) >= minPig {
			e := edit{start: words[0].start, end: words[len(words)-1].end}
			var b strings.Builder
			at := e.start
			for _, w := range words {
				b.WriteString(text[at:w.start])
				b.WriteString(w.text)
				at = w.end
			}
			e.text = b.String()
			if familiar(e.text) >= minFamiliar {
				out = append(out, e)
			}
		}
		words, other = words[:0], 0
	}
	for i := 0; i < len(text); {
		if alphabet[text[i]] == 0 {
			i++
			continue
		}
		j := i
		for j < len(text) && (alphabet[text[j]] != 0 || text[j] == '\'') {
			j++
		}
		switch w := text[i:j]; {
		case len(w) > 2 && strings.HasSuffix(w, "ay"):
			words, other = append(words, edit{i, j, unPig(w)}), 0
		case len(words) > 0:
			if other++; other > 2 {
				end()
			}
		}
		i = j
	}
	end()
	return out
}

// unPig is the word of a word of pig Latin.
func unPig(w string) string {
	stem := w[:len(w)-2]
	best, score := stem, -1<<30
	try := func(t string) {
		s := fluency(t)
		if rank := words().find(wordHash(t)); rank > 0 {
			s += 100 - 4*log2(rank)
		}
		if s > score {
			best, score = t, s
		}
	}
	if n := len(stem); n > 1 && (stem[n-1] == 'w' || stem[n-1] == 'y') && strings.IndexByte("aeiou", stem[0]) >= 0 {
		try(stem[:n-1])
	}
	for k := len(stem); k > 0 && len(stem)-k <= 4; k-- {
		if k < len(stem) && strings.IndexByte("aeio", stem[k]) >= 0 {
			break
		}
		try(stem[k:] + stem[:k])
	}
	return best
}

var morse = map[string]byte{
	".-": 'a', "-...": 'b', "-.-.": 'c', "-..": 'd', ".": 'e', "..-.": 'f', "--.": 'g', "....": 'h', "..": 'i', ".---": 'j', "-.-": 'k',
	".-..": 'l', "--": 'm', "-.": 'n', "---": 'o', ".--.": 'p', "--.-": 'q', ".-.": 'r', "...": 's', "-": 't', "..-": 'u', "...-": 'v',
	".--": 'w', "-..-": 'x', "-.--": 'y', "--..": 'z', "-----": '0', ".----": '1', "..---": '2', "...--": '3', "....-": '4', ".....": '5',
	"-....": '6', "--...": '7', "---..": '8', "----.": '9', ".-.-.-": '.', "--..--": ',', "..--..": '?', "-.-.--": '!', ".----.": '\'', "---...": ':',
}

var dots = strings.NewReplacer("·", ".", "•", ".", "_", "-")

// findMorse reads runs of dots and dashes. Words are apart by a slash, a bar or a wider gap.
func findMorse(r *Reading) []edit {
	text := r.cased
	var out []edit
	var b []byte
	start, end := 0, 0
	flush := func() {
		if s := string(b); len(s) >= 8 && various(s) {
			out = append(out, edit{start, end, s})
		}
		b = b[:0]
	}
	for i := 0; i < len(text); {
		c := text[i]
		if property[c]&isBlank != 0 {
			if len(b) > 0 && b[len(b)-1] != ' ' {
				if span := r.Span(i, i+1); span.End-span.Start > 1 || c == '\n' {
					b = append(b, ' ')
				}
			}
			i++
			continue
		}
		j := i
		for j < len(text) && property[text[j]]&isBlank == 0 && j-i < 32 && (property[text[j]]&(isDash|isHigh) != 0) {
			j++
		}
		for j < len(text) && j > i && !utf8.RuneStart(text[j]) {
			j--
		}
		if j == i || j < len(text) && property[text[j]]&isBlank == 0 && property[text[j]]&isDash == 0 {
			flush()
			for i = max(j, i+1); i < len(text) && property[text[i]]&isBlank == 0; i++ {
			}
			continue
		}
		for k, w := range strings.FieldsFunc(dots.Replace(text[i:j]), func(r rune) bool { return r == '/' || r == '|' }) {
			l := morse[w]
			if l == 0 {
				flush()
				continue
			}
			if len(b) == 0 {
				start = i
			} else if k > 0 {
				b = append(b, ' ')
			}
			b = append(b, l)
			end = j
		}
		if strings.ContainsAny(text[i:j], "/|") && len(b) > 0 && (text[j-1] == '/' || text[j-1] == '|') {
			b = append(b, ' ')
		}
		i = j
	}
	flush()
	return out
}

// various reports whether s has four different letters: rules and tables do not.
func various(s string) bool {
	seen, n := uint32(0), 0
	for i := range len(s) {
		if bit := uint32(1) << alphabet[s[i]]; bit > 1 && seen&bit == 0 {
			seen |= bit
			n++
		}
	}
	return n >= 4
}

var nato = [26]string{
	"alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima", "mike",
	"november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "xray", "yankee", "zulu",
}

// natoLetter is the letter that w is the code word of, 0 for none.
func natoLetter(w string) byte {
	x := alphabet[w[0]]
	if x == 0 || len(w) < 4 || len(w) > 8 {
		return 0
	}
	c := 'a' + x - 1
	if n := nato[x-1]; len(w) == len(n) && strings.EqualFold(w, n) {
		return c
	}
	switch w {
	case "alpha", "juliet", "x-ray", "whisky":
		return c
	}
	return 0
}

// findNato reads runs of code words. Words are apart by any other word or sign, or
// a wider gap.
func findNato(r *Reading) []edit {
	text := r.Text
	var out []edit
	var b []byte
	start, end, n := 0, 0, 0
	flush := func() {
		if n >= minNato {
			out = append(out, edit{start, end, spaced(string(b))})
		}
		b, n = b[:0], 0
	}
	for i := 0; i < len(text); {
		if alphabet[text[i]] == 0 {
			i++
			continue
		}
		j := i
		for j < len(text) && (alphabet[text[j]] != 0 || text[j] == '-' && j == i+1) {
			j++
		}
		l := natoLetter(text[i:j])
		switch {
		case l == 0 && n > 0 && i-end > 12, l == 0 && j-i > 5:
			flush()
		case l == 0:
			if n > 0 && b[len(b)-1] != ' ' {
				b = append(b, ' ')
			}
		default:
			if n == 0 {
				start = i
			} else if between := r.Span(end, i); b[len(b)-1] != ' ' && (between.End-between.Start > 1 && text[end] != '-' && text[end] != ',' || text[end] == '\n') {
				b = append(b, ' ')
			}
			b = append(b, l)
			n++
			end = j
		}
		i = j
	}
	flush()
	return out
}

// cells are the letters of braille by their dots, from U+2800.
var cells = func() (t [64]byte) {
	const order = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵"
	i := byte(0)
	for _, r := range order {
		t[r-0x2800] = 'a' + i
		i++
	}
	t['⠲'-0x2800], t['⠂'-0x2800], t['⠦'-0x2800], t['⠖'-0x2800], t['⠤'-0x2800] = '.', ',', '?', '!', '-'
	return t
}()

func hasBraille(text string) bool {
	for i := 0; ; {
		next := strings.IndexByte(text[i:], 0xE2)
		if next < 0 || i+next+1 >= len(text) {
			return false
		}
		if i += next + 1; text[i] >= 0xA0 && text[i] <= 0xA3 {
			return true
		}
	}
}

// findBraille reads braille of the first grade. Pictures and progress marks of its dots
// spell hardly a letter.
func findBraille(r *Reading) []edit {
	text := r.cased
	var out []edit
	var b []byte
	start, end, all := 0, 0, 0
	flush := func() {
		if s := string(b); len(s) >= 5 && len(s)*10 >= all*8 && various(s) {
			out = append(out, edit{start, end, s})
		}
		b, all = b[:0], 0
	}
	for i, c := range text {
		switch {
		case c > 0x2800 && c < 0x2900:
			if all == 0 {
				start = i
			}
			all++
			end = i + 3
			if c < 0x2840 && cells[c-0x2800] != 0 {
				b = append(b, cells[c-0x2800])
			} else if c == '⠠' || c == '⠼' { // capital, number
				all--
			}
		case (c == ' ' || c == '\n') && all > 0:
			if len(b) > 0 && b[len(b)-1] != ' ' {
				b = append(b, ' ')
				all++
			}
		case all > 0:
			flush()
		}
	}
	flush()
	return out
}
