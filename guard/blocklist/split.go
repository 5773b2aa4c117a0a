package blocklist

import (
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/normalize"
)

// minSigned is how many letters and digits a term with signs must have to be
// found without them: "N/A" would be in every list of answers.
const minSigned = 4

// squashed is a term's letters and digits alone.
type squashed struct {
	text   string
	breaks string // a byte for each of text: 1 where a word begins after a gap
}

// joints are the terms in the form in which split texts are searched.
type joints struct {
	terms   []squashed // sorted by text, then breaks; no two are the same
	longest int        // bytes of the longest text
	signs   bool       // some term has signs that are no white space
}

func (j *joints) add(term string) {
	var s squashed
	var text, breaks []byte
	gap, signs, runes := byte(0), false, 0
	for i := 0; i < len(term); {
		r, size := utf8.DecodeRuneInString(term[i:])
		if squashes(r) {
			text = append(text, term[i:i+size]...)
			breaks = append(breaks, gap)
			breaks = append(breaks, "\x00\x00\x00"[:size-1]...)
			gap, runes = 0, runes+1
		} else {
			gap = 1
			signs = signs || r != ' ' && r != '\n'
		}
		i += size
	}
	j.signs = j.signs || signs
	if runes < 2 || signs && runes < minSigned {
		return
	}
	breaks[0] = 0
	s.text, s.breaks = string(text), string(breaks)
	j.terms = append(j.terms, s)
	j.longest = max(j.longest, len(s.text))
}

func (j *joints) sort() {
	slices.SortFunc(j.terms, func(a, b squashed) int {
		switch {
		case a.text < b.text || a.text == b.text && a.breaks < b.breaks:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	j.terms = slices.Compact(j.terms)
}

// squashes reports whether r is compared when a text is searched across joints.
func squashes(r rune) bool { return inWord(r) || alone(r) && unicode.IsLetter(r) }

// FindSplit finds what lies across the joints of a text that came in pieces: r
// reads the pieces joined by nothing, cuts are the offsets of the joints in the
// original. What lies within one piece is left to Find.
//
// At a joint nothing, or anything that is no letter or digit, may stand between
// two letters of a term; elsewhere letters stand as the term has them. Words of
// the term are apart by any sign or by a joint, and the term begins and ends
// at the edge of a word or at a joint. Terms with signs and fewer than four
// letters or digits ("C++") are found with their signs only. Patterns are
// matched over the joined text.
func (l *List) FindSplit(r normalize.Reading, cuts []int) []guard.Span {
	found := l.findSplit(r, cuts)
	if s, other := r.Skeleton(); other {
		found = append(found, l.findSplit(s, cuts)...)
	}
	return join(found)
}

func (l *List) findSplit(r normalize.Reading, cuts []int) []guard.Span {
	at := positions(r, cuts)
	if len(at) == 0 {
		return nil
	}
	var found []guard.Span
	keep := func(start, end int) { found = append(found, r.Span(start, end)) }
	crossing := func(start, end int) {
		if k := sort.SearchInts(at, start+1); k < len(at) && at[k] < end {
			keep(start, end)
		}
	}
	if len(l.joints.terms) > 0 {
		var b strip
		for k := 0; k < len(at); {
			k = b.fill(r.Text, at, k, l.joints.longest)
			l.joints.find(&b, keep)
		}
	}
	if len(l.patterns) > 0 || l.joints.signs {
		for k := 0; k < len(at); {
			from, to, next := around(r.Text, at, k, utf8.UTFMax*(l.longest+1))
			if l.joints.signs {
				l.words.find(r.Text[from:to], nil, from, crossing)
				l.words.find(r.Text[from:to], at[k:next], from, crossing) // neighbours glued to it are words apart
			}
			for _, re := range l.patterns {
				for _, m := range re.FindAllStringIndex(r.Text[from:to], -1) {
					crossing(from+m[0], from+m[1])
				}
			}
			k = next
		}
	}
	return found
}

// positions are the offsets in r.Text of cuts in the original, in order. A cut
// within what was folded as a whole stands on both sides of it.
func positions(r normalize.Reading, cuts []int) []int {
	at := make([]int, 0, len(cuts))
	n := len(r.Text)
	for _, c := range cuts {
		if c <= 0 || c >= len(r.Source()) {
			continue
		}
		i := sort.Search(n, func(i int) bool { return r.Original(i) >= c })
		if r.Original(i) > c && i > 0 {
			whole := r.Original(i - 1)
			at = append(at, sort.Search(i, func(k int) bool { return r.Original(k) >= whole }))
		}
		at = append(at, i)
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// around is the text within reach of at[k] and of the positions after it that
// are as near; next is the first that is not.
func around(text string, at []int, k, reach int) (from, to, next int) {
	from, to = max(0, at[k]-reach), at[k]
	for ; k < len(at) && at[k] <= to+reach; k++ {
		to = at[k]
	}
	to = min(len(text), to+reach)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	return from, to, k
}

// What stands before a byte of a strip.
const (
	afterGap  = 1 << iota // something that is no letter or digit
	afterCut              // a joint
	afterEdge             // a word may begin or end here
)

// strip is the letters and digits of a part of a text.
type strip struct {
	letters []byte
	before  []uint8 // for each letter, and one more for what follows the last
	at, end []int   // where the rune of each letter lies in the text
	last    int     // the last joint has so many letters before it
}

// fill takes the letters within reach of at[k] and of the joints after it that
// are as near, and returns the first joint that is not.
func (b *strip) fill(text string, at []int, k, reach int) int {
	b.letters, b.before, b.at, b.end, b.last = b.letters[:0], b.before[:0], b.at[:0], b.end[:0], 0
	joint := at[k]
	i, n := joint, 0
	for i > 0 && n <= reach {
		r, size := utf8.DecodeLastRuneInString(text[:i])
		i -= size
		if squashes(r) {
			n += size
		}
	}
	flags, apart := uint8(afterGap), true // apart: the neighbour before is a word by itself
	if i > 0 {
		r, size := utf8.DecodeRuneInString(text[i:])
		flags, apart = 0, alone(r)
		i += size // its only use is as a neighbour
	}
	for i <= len(text) {
		for ; k < len(at) && at[k] <= i; k++ {
			flags |= afterCut
			b.last = len(b.letters)
		}
		if i == len(text) || i > joint && len(b.letters)-b.last > reach {
			break
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if !squashes(r) {
			flags |= afterGap
			i += size
			continue
		}
		if flags != 0 || apart || alone(r) {
			flags |= afterEdge
		}
		for j := range size {
			b.letters = append(b.letters, text[i+j])
			b.before = append(b.before, flags)
			b.at, b.end = append(b.at, i), append(b.end, i+size)
			flags = 0
		}
		apart = alone(r)
		i += size
	}
	if flags != 0 || apart || i == len(text) {
		flags |= afterEdge
	}
	b.before = append(b.before, flags)
	return k
}

// find calls found for each term that lies across a joint of b.
func (j *joints) find(b *strip, found func(start, end int)) {
	for s := 0; s < b.last; s++ {
		if b.before[s]&afterEdge == 0 {
			continue
		}
		terms, crossed := j.terms, false
		for d := 0; s+d < len(b.letters); {
			c := b.letters[s+d]
			lo := sort.Search(len(terms), func(i int) bool { return terms[i].text[d] >= c })
			hi := lo + sort.Search(len(terms)-lo, func(i int) bool { return terms[lo+i].text[d] > c })
			terms = terms[lo:hi]
			if len(terms) == 0 {
				break
			}
			crossed = crossed || d > 0 && b.before[s+d]&afterCut != 0
			d++
			for len(terms) > 0 && len(terms[0].text) == d {
				if crossed && b.before[s+d]&afterEdge != 0 && fits(terms[0].breaks, b.before[s:s+d]) {
					found(b.at[s], b.end[s+d-1])
				}
				terms = terms[1:]
			}
		}
	}
}

// fits reports whether the gaps of a text are where a term has them.
func fits(breaks string, before []uint8) bool {
	for i := 1; i < len(before); i++ {
		if breaks[i] == 1 && before[i]&(afterGap|afterCut) == 0 {
			return false
		}
		if breaks[i] == 0 && before[i]&(afterGap|afterCut) == afterGap {
			return false
		}
	}
	return true
}
