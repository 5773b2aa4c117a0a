package blocklist

import (
	"strings"
	"sync"
	"unicode/utf8"

	"sallyport/guard/normalize"
)

// What stands before a letter of a strip.
const (
	afterGap   = 1 << iota // something that is no letter or digit
	afterCut               // a joint
	afterEdge              // a word may begin or end here
	afterBlank             // white space is in the gap
	afterStop              // a stop, comma or the like is in the gap
	afterFar               // the gap is longer than maxGap
)

// maxGap is how many characters may stand between two letters of a term where the
// term has fewer.
const maxGap = 3

// strip is the letters and digits of a part of a text.
type strip struct {
	letters []byte
	before  []uint8  // for each letter, and one more for what follows the last
	at, end []uint32 // where the rune of each letter lies in the text
	last    int      // the last joint has so many letters before it
}

var strips = sync.Pool{New: func() any { return new(strip) }}

func (b *strip) reset() {
	b.letters, b.before, b.at, b.end, b.last = b.letters[:0], b.before[:0], b.at[:0], b.end[:0], 0
}

// gap is what lies between two letters.
type gap struct {
	flags uint8
	n     int // characters
}

func (g *gap) take(r rune) {
	g.flags |= afterGap
	if g.n++; g.n > maxGap {
		g.flags |= afterFar
	}
	switch r {
	case ' ', '\n':
		g.flags |= afterBlank
	case '.', ',', ';', ':', '!', '?', '"', '(', ')', '[', ']':
		g.flags |= afterStop
	}
}

// read takes letters from text[i:] until limit are there, and returns where it ended: the
// letter there and all before it are complete.
func (b *strip) read(text string, i, limit int) int {
	b.reset()
	g, apart := gap{}, true
	if i > 0 {
		r, _ := utf8.DecodeLastRuneInString(text[:i])
		if apart = alone(r); !squashes(r) {
			g.take(r)
		}
	}
	for i < len(text) && len(b.letters) < limit {
		if c := text[i]; c < utf8.RuneSelf {
			if !inWord(rune(c)) {
				g.take(rune(c))
				i++
				continue
			}
			if g.flags != 0 || apart {
				g.flags |= afterEdge
			}
			b.letters = append(b.letters, c)
			b.before = append(b.before, g.flags)
			b.at, b.end = append(b.at, uint32(i)), append(b.end, uint32(i+1))
			g, apart = gap{}, false
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if squashes(r) {
			b.letter(text, i, size, g.flags, apart || alone(r))
			g, apart = gap{}, alone(r)
		} else {
			g.take(r)
		}
		i += size
	}
	b.finish(text, i, g, apart)
	return i
}

// finish notes what follows the last letter.
func (b *strip) finish(text string, i int, g gap, apart bool) {
	if i < len(text) && g.flags == 0 && !apart {
		if r, _ := utf8.DecodeRuneInString(text[i:]); squashes(r) && !alone(r) {
			b.before = append(b.before, 0)
			return
		}
	}
	b.before = append(b.before, g.flags|afterEdge)
}

func (b *strip) letter(text string, i, size int, flags uint8, apart bool) {
	if flags != 0 || apart {
		flags |= afterEdge
	}
	for j := range size {
		b.letters = append(b.letters, text[i+j])
		b.before = append(b.before, flags)
		b.at, b.end = append(b.at, uint32(i)), append(b.end, uint32(i+size))
		flags = 0
	}
}

// chunk is how many letters are looked at in one go.
const chunk = 8 << 10

// loose calls found for the terms in r whose signs and gaps may differ.
func (l *List) loose(r *normalize.Reading, found func(start, end, item int)) {
	if l.plain.empty() {
		return
	}
	b := strips.Get().(*strip)
	defer strips.Put(b)
	step := max(chunk, l.plainLongest)
	for i := 0; i < len(r.Text); {
		end := b.read(r.Text, i, step+l.plainLongest+1)
		starts := len(b.letters)
		if end < len(r.Text) {
			starts = step
		}
		for s := range starts {
			if b.before[s]&afterEdge == 0 {
				continue
			}
			at(&l.plain, b.letters[s:], func(k *key) {
				e := s + len(k.text)
				if k.flags&keyEdged == 0 && b.before[e]&afterEdge != 0 && b.matches(r, k, s) {
					found(int(b.at[s]), int(b.end[e-1]), k.item)
				}
			})
		}
		if end == len(r.Text) {
			break
		}
		i = int(b.at[starts])
	}
}

// matches reports whether the gaps between the letters of b from s on are such as k
// may have: white space or signs between its words, up to three signs inside a word
// of a long enough term.
func (b *strip) matches(r *normalize.Reading, k *key, s int) bool {
	breaks := k.breaks
	e := s + len(k.text)
	if span := int(b.end[e-1] - b.at[s]); span > len(k.text) {
		n := utf8.RuneCountInString(k.text) + len(breaks)
		if span > widest(n) && utf8.RuneCountInString(r.Text[b.at[s]:b.end[e-1]]) > widest(n) {
			return false
		}
	}
	for d := 1; d < len(k.text); d++ {
		f := b.before[s+d]
		broken := len(breaks) > 0 && int(breaks[0]) == d
		if broken {
			breaks = breaks[1:]
			if f&afterGap == 0 && b.joined(r, s+d) || f&afterFar != 0 || f&afterStop != 0 && f&afterBlank != 0 {
				return false
			}
			continue
		}
		if f&afterGap == 0 {
			continue
		}
		if k.flags&keyBroken == 0 || f&afterFar != 0 {
			return false
		}
		if f&afterBlank != 0 && !b.odd(r, s+d) || b.contraction(r.Text, s+d) {
			return false
		}
	}
	return true
}

// joined reports whether nothing at all stands before letter i in the original: not even
// characters that take no place.
func (b *strip) joined(r *normalize.Reading, i int) bool {
	from, to := int(b.at[i-1]), int(b.at[i])
	return r.Span(from, to).End >= r.Original(to)
}

// odd reports whether the white space before letter i is none that is typed: next
// line, blank braille, thin spaces. They look like nothing or like a sign.
func (b *strip) odd(r *normalize.Reading, i int) bool {
	span := r.Span(int(b.end[i-1]), int(b.at[i]))
	return !strings.ContainsAny(r.Source()[span.Start:span.End], " \t\n\r\u00a0\u3000")
}

// contraction reports whether an apostrophe alone stands before letter i and what follows is the
// end of a contraction: "he'll" is not "hell".
func (b *strip) contraction(text string, i int) bool {
	if text[b.end[i-1]:b.at[i]] != "'" {
		return false
	}
	j := i + 1
	for j < len(b.letters) && j < i+3 && b.before[j] == 0 {
		j++
	}
	switch string(b.letters[i:j]) {
	case "s", "t", "d", "m", "ll", "re", "ve":
		return b.before[j]&afterEdge != 0
	}
	return false
}
