// Package names finds what has no form: people, organisations, places and
// addresses. A linear model judges words by their shape, their letters, their
// neighbours and a table of known words; see ../MODEL_CARD.md.
//
// Only words that may be names are judged (those that begin with a capital,
// are known as a name, or are numbers beside one), which is what makes it
// cheap. The verdict on a word depends on Before bytes of text before it and
// After behind it and on nothing else, so a stream can be judged piece by
// piece.
package names

import "math"

// Kind is what a name names.
type Kind uint8

// The kinds; Other is none.
const (
	Other Kind = iota
	Person
	Organization
	Location
	Address
	Kinds
)

// lanes is the width of a row of weights: Kinds, rounded up to a power of two.
const lanes = 8

// How far around a word its verdict looks, in bytes of the normalised text.
// Both hold a word's neighbours and, for the second look, theirs.
const (
	Before = 96
	After  = 40
)

// Name is one name, in byte offsets of the text it was found in.
type Name struct {
	Start, End int
	Kind       Kind
	Score      float32 // 0 to 1: how sure the model is, the mean over the words
}

// Found are the names in a text, in order and not overlapping. cased and lower
// are the same text but for case, byte by byte, as normalize.Reading has them.
// Linear in the length of the text; nil for a model without weights.
func (m *Model) Find(cased, lower string) []Name {
	if m == nil || len(m.weights) == 0 {
		return nil
	}
	s := pool.Get().(*scratch)
	defer pool.Put(s)
	s.read(m, cased, lower)
	if !s.any {
		return nil
	}
	s.judge(m)
	return s.join(m)
}

// judge gives every candidate its label: once by its words, once more with the
// labels of its neighbours.
func (s *scratch) judge(m *Model) {
	var rows [maxFeatures]uint32
	for i := range s.words {
		w := &s.words[i]
		if !w.candidate {
			continue
		}
		w.sum = [lanes]int32{}
		m.add(&w.sum, s.features(m, i, rows[:0]))
		w.first = w.sum.best()
	}
	for i := range s.words {
		w := &s.words[i]
		if !w.candidate {
			continue
		}
		m.add(&w.sum, s.second(i, rows[:0]))
		w.label, w.score = w.sum.verdict(m.scale)
		if w.label != Other && w.score < m.Threshold[w.label] {
			w.label = Other
		}
	}
}

// hopeless is how far behind Other a kind is out of the question, as a logit: no
// threshold is as low.
const hopeless = 3

type sums [lanes]int32

// add sums rows of weights. A row is a word of eight bytes, each a weight and 128:
// even and odd ones are summed side by side in lanes of 16 bits, which hold 256
// rows.
func (m *Model) add(sum *sums, rows []uint32) {
	const even = 0x00FF00FF00FF00FF
	var a, b uint64
	for _, r := range rows {
		row := m.weights[r]
		a += row & even
		b += row >> 8 & even
	}
	bias := int32(len(rows)) * 128
	for k := 0; k < lanes; k += 2 {
		sum[k] += int32(a>>(8*k)&0xFFFF) - bias
		sum[k+1] += int32(b>>(8*k)&0xFFFF) - bias
	}
}

// pack makes a row of weights.
func pack(w [Kinds]int8) (row uint64) {
	for k := range lanes {
		v := uint64(128)
		if k < len(w) {
			v = uint64(int(w[k]) + 128)
		}
		row |= v << (8 * k)
	}
	return row
}

// unpack is one weight of a row.
func unpack(row uint64, k int) int8 { return int8(int(row>>(8*k)&0xFF) - 128) }

func (s *sums) best() Kind {
	best := Other
	for k := Person; k < Kinds; k++ {
		if s[k] > s[best] {
			best = k
		}
	}
	return best
}

// verdict is the best kind but Other and its probability.
func (s *sums) verdict(scale float32) (Kind, float32) {
	best := Person
	for k := Organization; k < Kinds; k++ {
		if s[k] > s[best] {
			best = k
		}
	}
	if s[Other]-s[best] > int32(hopeless/scale) {
		return Other, 0
	}
	var all float64
	for k := range Kinds {
		all += math.Exp(float64(scale) * float64(s[k]-s[best]))
	}
	p := float32(1 / all)
	return best, p
}
