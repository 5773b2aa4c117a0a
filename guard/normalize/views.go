package normalize

import "unicode/utf8"

// minSpelled is how many single letters in a row are read as a word that was
// spelled out. Initials and acronyms ("J. R. R.") have fewer.
const minSpelled = 5

// minLeet is how many words must have digits or signs in the place of letters
// before a text is read as leetspeak. Part numbers come alone.
const minLeet = 2

// viewMargin is how much text around a suspicious word belongs to its view:
// enough for a sentence, so that a long text is not read twice for one word.
const viewMargin = 160

// Views are further readings of the same text, for detectors to score beside
// it, never instead of it and never to mask by: spelled-out words joined
// ("i g n o r e") and digits read as letters ("1gn0r3"), with the text around
// them. Most texts have none.
func (r Reading) Views() []Reading {
	spelled, leet, marks := suspicious(r.Text)
	if !spelled && !leet {
		return nil
	}
	b := builder{src: r.original}
	v := viewer{r: r, b: &b}
	at := 0
	for _, mark := range marks {
		if mark+viewMargin < at {
			continue
		}
		at = max(at, back(r.Text, mark-viewMargin))
		for at < len(r.Text) && at < mark+viewMargin {
			at = v.step(at, spelled, leet)
		}
	}
	return []Reading{{
		Text: string(b.text), cased: string(b.cased), original: r.original,
		segments: b.segments, Hidden: true,
	}}
}

// back moves i to the beginning of a word.
func back(text string, i int) int {
	for i > 0 && i < len(text) && wordByte(text[i-1]) {
		i--
	}
	return max(i, 0)
}

type viewer struct {
	r Reading
	b *builder
}

// step reads one word or one character at i and returns what follows.
func (v *viewer) step(i int, spelled, leet bool) int {
	text := v.r.Text
	if spelled {
		if end, _ := spelledRun(text, i); end > 0 {
			v.join(i, end)
			return end
		}
	}
	if leet {
		if end := leetWord(text, i); end > 0 {
			for ; i < end; i++ {
				v.emit(i, i+1, string(leetLetter(text[i])))
			}
			return end
		}
	}
	_, size := utf8.DecodeRuneInString(text[i:])
	v.emit(i, i+size, text[i:i+size])
	return i + size
}

// join writes the letters of text[i:end] without what separates them. A gap
// that was wider in the original was a gap between words.
func (v *viewer) join(i, end int) {
	for ; i < end; i++ {
		c := v.r.Text[i]
		if asciiLetter(c) {
			v.emit(i, i+1, v.r.Text[i:i+1])
			continue
		}
		if span := v.r.Span(i, i+1); c == ' ' && span.End-span.Start > 1 {
			v.emit(i, i+1, " ")
		}
	}
}

func (v *viewer) emit(i, end int, s string) {
	span := v.r.Span(i, end)
	v.b.emit(span.Start, span.End, s, s)
}

// suspicious reports in one pass whether a text holds spelled-out words and
// enough words of leetspeak to be worth another reading, and where they are.
func suspicious(text string) (spelled, leet bool, marks []int) {
	words := 0
	for i := 0; i < len(text); {
		if !wordByte(text[i]) || i > 0 && wordByte(text[i-1]) {
			i++
			continue
		}
		if end, ok := spelledRun(text, i); ok {
			spelled = true
			marks = append(marks, i)
			i = end
			continue
		}
		if end := leetWord(text, i); end > 0 {
			words++
			marks = append(marks, i)
			i = end
			continue
		}
		i++
	}
	return spelled, words >= minLeet, marks
}

func wordByte(c byte) bool {
	return asciiLetter(c) || c >= '0' && c <= '9' || c == '@' || c == '$' || c == '!' || c >= utf8.RuneSelf
}

func separator(c byte) bool {
	return c == ' ' || c == '.' || c == '-' || c == '_' || c == '*' || c == '\n' || c == '/' || c == '|' || c == ','
}

// spelledRun is the end of a run of at least minSpelled single letters, each
// followed by one separator, that begins at i; 0 when there is none.
func spelledRun(text string, i int) (int, bool) {
	if i > 0 && wordByte(text[i-1]) {
		return 0, false
	}
	letters, j := 0, i
	for j < len(text) && asciiLetter(text[j]) {
		if j+1 < len(text) && !separator(text[j+1]) {
			break
		}
		letters++
		if j+2 >= len(text) || !asciiLetter(text[j+2]) {
			j++
			break
		}
		j += 2
	}
	if letters < minSpelled {
		return 0, false
	}
	return min(j, len(text)), true
}

// leetWord is the end of a word at i in which digits or signs stand between
// letters ("pr3v10us"), 0 when the word is none. Words of mostly digits are
// codes.
func leetWord(text string, i int) int {
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
	if !inner || letters < 2 || signs > letters+1 || j-i < 3 || j-i > 24 {
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
	}
	return c
}
