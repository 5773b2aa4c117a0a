package names

import "sort"

// What the trainer needs: the model reads a text exactly as it will when it
// judges.

// New is a model without weights that knows words: lower-case, as
// normalize.Reading has them, to Known flags.
func New(known map[string]uint16) *Model {
	m := &Model{scale: 1}
	table := make(map[uint32]uint16, len(known))
	for w, k := range known {
		if k != 0 {
			table[hashOf(w)] |= k
		}
	}
	words := make([]slot, 0, len(table))
	for h, k := range table {
		words = append(words, slot{h, k})
	}
	sort.Slice(words, func(i, j int) bool { return words[i].hash < words[j].hash })
	m.fill(words)
	return m
}

// Rows is how many rows of weights a model has.
const Rows = 1<<firstBits + 1<<secondBits

// Passage is a text as the model reads it.
type Passage struct {
	m *Model
	s scratch
}

// Read reads a text as Find does.
func (m *Model) Read(cased, lower string) *Passage {
	p := &Passage{m: m}
	p.s.read(m, cased, lower)
	return p
}

// Len is the number of words.
func (p *Passage) Len() int { return len(p.s.words) }

// Candidate reports whether word i is judged.
func (p *Passage) Candidate(i int) bool { return p.s.words[i].candidate }

// Span is where word i stands.
func (p *Passage) Span(i int) (start, end int) {
	return int(p.s.words[i].start), int(p.s.words[i].end)
}

// Known are the flags of word i.
func (p *Passage) Known(i int) uint16 { return p.s.words[i].known }

// Forget makes word i one that was never seen: without flags, and with letters
// of its own where hash is not 0.
func (p *Passage) Forget(i int, hash uint32) {
	w := &p.s.words[i]
	w.known &= KnownCommon | KnownJoint
	if hash != 0 {
		w.hash = hash
	}
}

// First are the rows that judge word i at the first look.
func (p *Passage) First(i int) []uint32 { return p.s.features(p.m, i, nil) }

// SetFirst says what the first look made of word i.
func (p *Passage) SetFirst(i int, k Kind) { p.s.words[i].first = k }

// Second are the rows that judge word i at the second look.
func (p *Passage) Second(i int) []uint32 { return p.s.second(i, nil) }

// Begins reports whether word i is the first of a line or sentence.
func (p *Passage) Begins(i int) bool { return p.s.words[i].gapStop }

// Quantise sets the weights: Rows rows. scale is what one step of an int8
// stands for.
func (m *Model) Quantise(weights [][Kinds]float32, scale float32) {
	m.weights, m.scale = make([]uint64, Rows), scale
	for i := range weights {
		var row [Kinds]int8
		for k, v := range weights[i] {
			q := v / scale
			switch {
			case q >= 0:
				q += 0.5
			default:
				q -= 0.5
			}
			row[k] = int8(max(-127, min(127, q)))
		}
		m.weights[i] = pack(row)
	}
}
