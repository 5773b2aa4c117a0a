package blocklist

import (
	"slices"
	"sort"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/normalize"
)

// minSigned is how many letters and digits a term with signs must have to be
// found without them: "N/A" would be in every list of answers.
const minSigned = 4

// addPlain adds the form of a term in which signs and gaps are not compared.
func (l *List) addPlain(term string, item int) bool {
	k := key{item: item}
	var text []byte
	gap, signs, runes, edge := false, false, 0, false
	for i, r := range term {
		size := utf8.RuneLen(r)
		if !squashes(r) {
			gap = true
			signs = signs || r != ' ' && r != '\n'
			edge = edge || len(text) == 0
			i += size
			continue
		}
		if gap && len(text) > 0 {
			k.breaks = append(k.breaks, uint16(len(text)))
		}
		text = append(text, term[i:i+size]...)
		gap, runes = false, runes+1
	}
	l.signs = l.signs || signs
	if runes < 2 || signs && runes < minSigned {
		return false
	}
	if edge || gap {
		k.flags |= keyEdged
	}
	if runes >= minSigned {
		k.flags |= keyBroken
	}
	k.text = string(text)
	k.breaks = slices.Clip(k.breaks)
	l.plain.add(k)
	l.plainLongest = max(l.plainLongest, len(k.text))
	return !signs
}

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
	keep := func(start, end, _ int) { found = append(found, r.Span(start, end)) }
	crossing := func(start, end, item int) {
		if k := sort.SearchInts(at, start+1); k < len(at) && at[k] < end {
			keep(start, end, item)
		}
	}
	if !l.plain.empty() {
		b := strips.Get().(*strip)
		defer strips.Put(b)
		for k := 0; k < len(at); {
			k = b.fill(r.Text, at, k, l.plainLongest)
			l.across(b, keep)
		}
	}
	if len(l.patterns) > 0 || l.signs {
		for k := 0; k < len(at); {
			from, to, next := around(r.Text, at, k, utf8.UTFMax*(l.longest+1))
			l.exact(r.Text[from:to], nil, from, crossing)
			l.exact(r.Text[from:to], at[k:next], from, crossing) // neighbours glued to it are words apart
			l.match(r.Text[from:to], from, crossing)
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

// fill takes the letters within reach of at[k] and of the joints after it that
// are as near, and returns the first joint that is not.
func (b *strip) fill(text string, at []int, k, reach int) int {
	b.reset()
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
			b.at, b.end = append(b.at, uint32(i)), append(b.end, uint32(i+size))
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

// across calls found for each term that lies across a joint of b.
func (l *List) across(b *strip, found func(start, end, item int)) {
	for s := 0; s < b.last; s++ {
		if b.before[s]&afterEdge == 0 {
			continue
		}
		at(&l.plain, b.letters[s:], func(k *key) {
			e := s + len(k.text)
			if b.before[e]&afterEdge != 0 && fits(k.breaks, b.before[s:e]) {
				found(int(b.at[s]), int(b.end[e-1]), k.item)
			}
		})
	}
}

// fits reports whether a joint is among the gaps of a text and the others are where
// a term has them.
func fits(breaks []uint16, before []uint8) bool {
	crossed := false
	for i := 1; i < len(before); i++ {
		f := before[i]
		crossed = crossed || f&afterCut != 0
		if len(breaks) > 0 && int(breaks[0]) == i {
			breaks = breaks[1:]
			if f&(afterGap|afterCut) == 0 {
				return false
			}
		} else if f&(afterGap|afterCut) == afterGap {
			return false
		}
	}
	return crossed
}
