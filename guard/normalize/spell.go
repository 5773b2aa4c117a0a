package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// findSpelled joins the letters of words that were spelled out, and words that
// signs, spaces or lines part.
func findSpelled(r *Reading) []edit {
	runs := spelledRuns(r)
	parts := dense(r.cased)
	if parts == nil {
		parts = partedWords(r.cased, runs)
	}
	if len(parts) < 2 {
		return runs
	}
	return merge(runs, parts)
}

// dense are the signs or line ends inside words of a text that has so many of
// them that they are no hyphens or lists: whatever the words are, they are joined.
func dense(text string) []edit {
	var out []edit
	var signs, whole, lines, tokens, last int // whole: signs between words
	for i := 0; i < len(text); i++ {
		c := text[i]
		if property[c]&isBlank == 0 && property[c]&isSign == 0 {
			continue
		}
		if c == ' ' {
			tokens++
			continue
		}
		if c == '\n' {
			tokens++
		}
		if i == 0 || i+1 == len(text) || c == '\'' || spellable(text[i+1:]) == 0 || property[text[i-1]]&(isLetter|isHigh) == 0 || alphabet[text[i+1]] != 0 && text[i+1] < 'a' {
			continue
		}
		if c == '\n' {
			if lines++; i-last > 24 {
				lines-- // a line of some length
			}
			last = i
		} else {
			if signs++; knownAround(text, i) {
				whole++
			}
		}
		out = append(out, edit{i, i + 1, ""})
	}
	switch {
	case signs >= 4 && signs*3 >= tokens && whole*3 < signs:
		return keep(out, text, false)
	case lines >= 3 && lines*5 >= tokens && lines*3 < tokens*2:
		return keep(out, text, true)
	}
	return nil
}

// knownAround reports whether words stand on both sides of text[i], each known.
func knownAround(text string, i int) bool {
	from, to := i, i+1
	for from > 0 && i-from < 24 && alphabet[text[from-1]] != 0 {
		from--
	}
	for to < len(text) && to-i < 24 && alphabet[text[to]] != 0 {
		to++
	}
	return known(text[from:i]) && known(text[i+1:to])
}

// keep are the edits of line ends, or those of signs.
func keep(edits []edit, text string, lines bool) []edit {
	out := edits[:0]
	for _, e := range edits {
		if (text[e.start] == '\n') == lines {
			out = append(out, e)
		}
	}
	return out
}

// merge joins two lists of edits in order; those of b that overlap one of a are left out.
func merge(a, b []edit) []edit {
	if len(a) == 0 {
		return b
	}
	out := make([]edit, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].start <= b[0].start:
			out, a = append(out, a[0]), a[1:]
		case len(out) > 0 && b[0].start < out[len(out)-1].end || len(a) > 0 && b[0].end > a[0].start:
			b = b[1:]
		default:
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}

// spellable is the size of the letter at the beginning of s when it is one of a
// script whose words are spelled out, else 0.
func spellable(s string) int {
	if s == "" {
		return 0
	}
	if alphabet[s[0]] != 0 {
		return 1
	}
	if s[0] < utf8.RuneSelf {
		return 0
	}
	r, size := utf8.DecodeRuneInString(s)
	if r >= 0xC0 && r < 0x0700 && unicode.IsLetter(r) {
		return size
	}
	return 0
}

// gap is the length of the separator at the beginning of s: one to three equal
// or blank characters that are no letters or digits.
func gap(s string) int {
	n := 0
	for n < len(s) && n < 4 {
		c := s[n]
		if property[c]&(isLetter|isDigit|isHigh) != 0 {
			break
		}
		n++
	}
	if n == 4 {
		return 0
	}
	return n
}

// spelledRuns joins runs of single letters. Short ones count beside a long one.
func spelledRuns(r *Reading) []edit {
	text := r.cased
	var out []edit
	var short []edit // runs of two and three, pending
	near := -1       // where the last long run ended
	for i := 0; i < len(text); {
		size := spellable(text[i:])
		if size == 0 || i > 0 && property[text[i-1]]&(isLetter|isDigit|isHigh) != 0 {
			_, n := utf8.DecodeRuneInString(text[i:])
			i += n
			continue
		}
		end, letters, joined := spelledRun(r, i)
		if letters < 2 {
			i += size
			for i < len(text) && property[text[i]]&(isLetter|isHigh) != 0 {
				i++
			}
			continue
		}
		e := edit{i, end, joined}
		switch {
		case letters >= minSpelled:
			for k, s := range short {
				if near = e.start; near-short[len(short)-1].end <= 4 && k >= 0 {
					out = append(out, s)
				}
			}
			short, near = short[:0], end
			out = append(out, e)
		case near >= 0 && i-near <= 4:
			out, near = append(out, e), end
		default:
			if n := len(short); n > 0 && i-short[n-1].end > 4 {
				short = short[:0]
			}
			short = append(short, e)
		}
		i = end
	}
	if near < 0 {
		return nil
	}
	for i := range out {
		out[i].text = spaced(out[i].text)
	}
	return out
}

// spaced parts a long run of letters into words.
func spaced(s string) string {
	if len(s) < 12 || strings.ContainsAny(s, " \n") || known(s) {
		return s
	}
	if t, ok := segmented(s); ok {
		return t
	}
	return s
}

// spelledRun reads the run of single letters that begins at i, with the same
// separator between them. A gap that was wider in the original was one between words.
func spelledRun(r *Reading, i int) (end, letters int, joined string) {
	text := r.cased
	b := make([]byte, 0, 64) // on the stack: most words are no run
	sep := ""
	for {
		size := spellable(text[i:])
		b = append(b, text[i:i+size]...)
		letters++
		end = i + size
		g := gap(text[end:])
		next := end + g
		if g == 0 || next >= len(text) {
			break
		}
		n := spellable(text[next:])
		if n == 0 || next+n < len(text) && property[text[next+n]]&(isLetter|isDigit|isHigh) != 0 {
			break
		}
		s := text[end:next]
		if sep == "" {
			if strings.TrimSpace(s) != s && strings.TrimSpace(s) != "" && !strings.HasPrefix(text[next+n:], s) {
				break // "a* u*n*i": the next word
			}
			sep = s
		}
		if s != sep && !(strings.TrimSpace(s) == "" && strings.TrimSpace(sep) == "") {
			break
		}
		if s[0] == ' ' || s[0] == '\n' {
			if span := r.Span(end, end+1); span.End-span.Start > 1 || s[0] != sep[0] {
				b = append(b, ' ')
			}
		}
		i = next
	}
	if sep != "" && property[sep[0]]&isSign != 0 && strings.HasPrefix(text[end:], sep) {
		end += len(sep) // after the last letter too
	}
	if letters < 2 {
		return end, letters, ""
	}
	return end, letters, string(b)
}

// unparted is a token without the signs in it, when that makes a word of pieces that
// are none ("ig-nore", but not "well-known").
func unparted(w string) (string, bool) {
	var b [24]byte
	n, pieces, odd, at := 0, 0, false, -1
	end := func(i int) {
		if at >= 0 {
			pieces++
			odd = odd || !known(w[at:i])
			at = -1
		}
	}
	for i := range len(w) {
		if alphabet[w[i]] == 0 {
			if w[i] >= utf8.RuneSelf || property[w[i]]&isDigit != 0 || w[i] == '\'' {
				return "", false
			}
			end(i)
			continue
		}
		if n == len(b) {
			return "", false
		}
		if at < 0 {
			at = i
		}
		b[n] = w[i]
		n++
	}
	end(len(w))
	if pieces < 2 || !odd || n < 4 || words().find(wordHash(string(b[:n]))) == 0 {
		return "", false
	}
	return string(b[:n]), true
}

// partedWords joins words that signs or white space part, outside of what was
// found already.
func partedWords(text string, found []edit) []edit {
	var out []edit
	var last [4]token // the tokens before, of letters
	n := 0
	for i := 0; i < len(text); {
		if len(found) > 0 && i >= found[0].start {
			i, found, n = max(i, found[0].end), found[1:], 0
			continue
		}
		if property[text[i]]&isBlank != 0 {
			i++
			continue
		}
		j := i
		bits := uint32(0)
		for j < len(text) && property[text[j]]&isBlank == 0 {
			bits |= property[text[j]]
			j++
		}
		switch {
		case bits&isSign != 0:
			start, end := i, j
			for start < end && alphabet[text[start]] == 0 {
				start++
			}
			for end > start && alphabet[text[end-1]] == 0 {
				end--
			}
			if w, ok := unparted(text[start:end]); ok {
				out = append(out, edit{start, end, w})
				n = 0
			} else if end-start > 0 && start == i && plainLetters(text[start:end]) {
				out, n = joinTokens(text, last[:n], token{at: start, end: end}, out), 0
			} else {
				n = 0
			}
		case bits&(isDigit|isHigh) != 0 || j-i > 12:
			n = 0
		default:
			t := token{at: i, end: j}
			if k := len(out); k > 0 {
				out = joinTokens(text, last[:n], t, out)
				if len(out) > k {
					n = 0
					break
				}
			} else if out = joinTokens(text, last[:n], t, out); len(out) > 0 {
				n = 0
				break
			}
			if n == len(last) {
				copy(last[:], last[1:])
				n--
			}
			last[n] = t
			n++
		}
		i = j
	}
	return out
}

func plainLetters(s string) bool {
	for i := range len(s) {
		if alphabet[s[i]] == 0 {
			return false
		}
	}
	return true
}

// joinTokens adds the word that t makes with those before it, if one of the
// pieces is no word.
func joinTokens(text string, before []token, t token, out []edit) []edit {
	odd := !known(text[t.at:t.end])
	var b [24]byte
	at := len(b)
	put := func(t token) bool {
		if t.end-t.at > at {
			return false
		}
		at -= t.end - t.at
		copy(b[at:], text[t.at:t.end])
		return true
	}
	if !put(t) {
		return out
	}
	best := -1
	for k := len(before) - 1; k >= 0; k-- {
		w := text[before[k].at:before[k].end]
		odd = odd || !known(w)
		if !put(before[k]) {
			break
		}
		if odd && len(b)-at >= 4 && known(string(b[at:])) {
			best = k
		}
	}
	if best < 0 {
		return out
	}
	return append(out, edit{before[best].at, t.end, joinedText(text, before[best:], t)})
}

func joinedText(text string, before []token, t token) string {
	var b strings.Builder
	for _, p := range before {
		b.WriteString(text[p.at:p.end])
	}
	b.WriteString(text[t.at:t.end])
	return b.String()
}

// findGlued parts long runs of letters into words.
func findGlued(r *Reading) []edit {
	var out []edit
	text := r.cased
	for i := 0; i < len(text); {
		j := i
		for j < len(text) && alphabet[text[j]] != 0 {
			j++
		}
		if i > 0 && strings.IndexByte("/_-@#$%\\=<", text[i-1]) >= 0 || j < len(text) && strings.IndexByte("/_-@(=>", text[j]) >= 0 ||
			j+1 < len(text) && text[j] == '.' && text[j+1] >= 'a' && text[j+1] <= 'z' {
			i = max(j, i+1) // an address or a name in code
			continue
		}
		if j-i >= 16 || j-i >= 8 && (len(out) > 0 && i-out[len(out)-1].end < 3) {
			if s, ok := segmented(text[i:j]); ok && strings.Count(s, " ") >= 2 && familiar(s) >= 60 && !choppy(s) {
				out = append(out, edit{i, j, s})
			}
		}
		i = max(j, i+1)
	}
	return out
}

// choppy reports whether more than half of the words of s are of one or two letters: a long
// word can be cut like that.
func choppy(s string) bool {
	words := strings.Split(s, " ")
	short := 0
	for _, w := range words {
		if len(w) < 3 {
			short++
		}
	}
	return short*2 > len(words)
}

// findLeet reads digits and signs in words as letters, rn as m and vv as w.
func findLeet(r *Reading) []edit {
	text := r.Text
	var out []edit
	twins := false
	n := leetCount(text)
	amid := n > minLeet && n*6 > strings.Count(text, " ")
	for i := 0; i < len(text); {
		if !wordByte(text[i]) || i > 0 && wordByte(text[i-1]) {
			i++
			continue
		}
		end := leetEnd(text, i, amid)
		if end > 0 {
			if w := leetRead(text[i:end]); known(w) || (amid || fluency(w) >= 3) && !number(text[i:end]) {
				out = append(out, edit{i, end, w})
			}
			i = end
			continue
		}
		for end = i; end < len(text) && alphabet[text[end]] != 0; end++ {
		}
		if w, ok := untwinned(text[i:end]); ok {
			out = append(out, edit{i, end, w})
			twins = true
		}
		i = max(end, i+1)
	}
	if len(out) < minLeet && !twins {
		return nil
	}
	return out
}

// number reports whether w is digits only.
func number(w string) bool { return strings.Trim(w, digits) == "" }

// hasTwin reports whether a word of w reads better with m for rn or w for vv.
func hasTwin(w string) bool {
	for len(w) > 0 {
		i := 0
		for i < len(w) && alphabet[w[i]] != 0 {
			i++
		}
		if _, ok := untwinned(w[:i]); ok {
			return true
		}
		w = w[min(i+1, len(w)):]
	}
	return false
}

// frequent reports whether s is among the most frequent words.
func frequent(s string) bool {
	rank := words().find(wordHash(s))
	return rank > 0 && rank <= 4000
}

// untwinned reads rn as m and vv as w in a word that is none, if that makes it one.
func untwinned(w string) (string, bool) {
	if len(w) < 4 || len(w) > 24 || !strings.Contains(w, "rn") && !strings.Contains(w, "vv") || known(w) {
		return "", false
	}
	v := strings.ReplaceAll(w, "vv", "w")
	for _, t := range [...]string{strings.ReplaceAll(v, "rn", "m"), strings.Replace(v, "rn", "m", 1), v} {
		if t != w && len(t) > 3 && frequent(t) {
			return t, true
		}
	}
	return "", false
}

func wordByte(c byte) bool {
	return asciiLetter(c) || c >= '0' && c <= '9' || c == '@' || c == '$' || c == '!' || c >= utf8.RuneSelf
}

// leetCount is how many words of w are leetspeak.
func leetCount(w string) int {
	n := 0
	for i := 0; i < len(w); i++ {
		if !wordByte(w[i]) || i > 0 && wordByte(w[i-1]) {
			continue
		}
		if end := leetWord(w, i); end > 0 {
			n++
			i = end - 1
		}
	}
	return n
}

// leetWord is the end of a word at i in which digits or signs stand for letters
// ("pr3v10us"), 0 when the word is none. Words of mostly digits are codes.
func leetWord(text string, i int) int { return leetEnd(text, i, false) }

// leetEnd is leetWord; amid leetspeak words of mostly digits count too.
func leetEnd(text string, i int, amid bool) int {
	if i > 0 && wordByte(text[i-1]) {
		return 0
	}
	letters, signs, inner, j := 0, 0, false, i
	for ; j < len(text) && wordByte(text[j]) && text[j] < utf8.RuneSelf; j++ {
		if asciiLetter(text[j]) {
			letters++
			inner = inner || signs > 0
			continue
		}
		if leetLetter(text[j]) == text[j] {
			return 0
		}
		signs++
	}
	if j+1 < len(text) && text[j] == '.' && asciiLetter(text[j+1]) {
		return 0 // an address: name@host.example
	}
	for j > i && text[j-1] == '!' && signs > 0 { // an exclamation
		j--
		signs--
	}
	if text[i] == '0' && j > i+1 && text[i+1] == 'x' {
		return 0 // a number
	}
	if amid && signs > 0 && j-i <= 24 && (j-i >= 2 || text[i] == '4') {
		return j
	}
	if signs == 0 || !inner && letters < 2 || letters < 1 || signs > letters+1 || j-i < 3 || j-i > 24 {
		return 0
	}
	return j
}

func leetLetter(c byte) byte {
	switch c {
	case '0':
		return 'o'
	case '1', '!':
		return 'i'
	case '3':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	case '7':
		return 't'
	case '8':
		return 'b'
	case '9', '6':
		return 'g'
	}
	return c
}

// leetRead reads a word of leetspeak. A one is an i or an l, what makes the better word.
func leetRead(w string) string {
	b := []byte(w)
	for i, c := range b {
		b[i] = leetLetter(c)
	}
	first := string(b)
	if known(first) || !strings.ContainsAny(w, "1!|") {
		return first
	}
	best, score := first, fluency(first)
	// Each one by itself, then all of them.
	all := []byte(first)
	for i := range b {
		if w[i] != '1' && w[i] != '!' {
			continue
		}
		all[i] = 'l'
		one := []byte(first)
		one[i] = 'l'
		for _, t := range [...]string{string(one), string(all)} {
			if known(t) {
				return t
			}
			if s := fluency(t); s > score {
				best, score = t, s
			}
		}
	}
	return best
}
