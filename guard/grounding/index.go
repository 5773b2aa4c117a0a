package grounding

import "math"

// Bounds that keep the work linear.
const (
	mostPlaces = 256     // places remembered for one word
	mostPairs  = 1 << 17 // comparisons of numbers in a request; what is left over counts as not said
	mostTokens = 128     // tokens of a sentence that are aligned
	apart      = 64      // distance between passages in positions
)

// place is where a word stands in the sources.
type place struct{ sentence, position int32 }

// passage is one source, read.
type passage struct {
	text   string
	tokens []token
	values []value
	base   int // position of the first token among all sources
}

// sentence is a range of tokens of a passage.
type sentence struct {
	passage      int
	start, end   int // bytes
	first, last  int // tokens, last excluded
	valueA, valB int // values, valB excluded
}

// index is the sources, read once for all statements.
type index struct {
	passages  []passage
	sentences []sentence
	places    map[uint32][]place
	prefixes  map[uint32]bool
	grams     map[uint64]bool // pairs and triples of neighbours
	beside    map[uint64]bool // capitalised words next to each other
	initials  map[uint32]bool // of runs of capitalised words
	cased     bool            // names can be told by their capitals
	tokens    int
	scores    []float32 // of each sentence, for the statement at hand
	touched   []int32
}

func newIndex(texts []string) *index {
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	x := &index{places: make(map[uint32][]place, size/12+8), prefixes: make(map[uint32]bool, size/12+8), grams: make(map[uint64]bool, size/3+8), beside: map[uint64]bool{}, initials: map[uint32]bool{}}
	capitals, words := 0, 0
	for i, t := range texts {
		p := passage{text: t, tokens: tokenize(t), base: x.tokens}
		p.values = values(t, p.tokens)
		x.passages = append(x.passages, p)
		x.read(i)
		x.tokens += len(p.tokens) + apart
		for j := range p.tokens {
			if p.tokens[j].kind == word {
				words++
				if p.tokens[j].capital {
					capitals++
				}
			}
		}
	}
	x.cased = capitals*50 > words
	x.scores = make([]float32, len(x.sentences))
	return x
}

// read adds the sentences and words of passage i.
func (x *index) read(i int) {
	p := &x.passages[i]
	at, v := 0, 0
	for _, s := range sentences(p.text) {
		for at < len(p.tokens) && p.tokens[at].start < s.start {
			at++
		}
		n := sentence{passage: i, start: s.start, end: s.end, first: at, valueA: v}
		for at < len(p.tokens) && p.tokens[at].start < s.end {
			at++
		}
		n.last = at
		for v < len(p.values) && p.values[v].first < n.first {
			v++
		}
		n.valueA = v
		for v < len(p.values) && p.values[v].first < n.last {
			v++
		}
		n.valB = v
		x.words(p, n)
		x.sentences = append(x.sentences, n)
	}
}

func (x *index) words(p *passage, s sentence) {
	number := int32(len(x.sentences))
	var a, b uint32
	run := uint32(0)
	length := 0
	for j := s.first; j < s.last; j++ {
		t := &p.tokens[j]
		if t.kind == stop {
			run, length = 0, 0
			continue
		}
		if t.content() {
			at := x.places[t.key]
			if len(at) < mostPlaces {
				x.places[t.key] = append(at, place{number, int32(p.base + j)})
			}
			if h := prefix(p.text, t); h != 0 {
				x.prefixes[h] = true
			}
		}
		x.grams[gram(b, t.key)] = true
		x.grams[gram3(a, b, t.key)] = true
		a, b = b, t.key
		if j > s.first && t.capital && p.tokens[j-1].capital {
			x.beside[gram(p.tokens[j-1].key, t.key)] = true
		}
		if t.kind == word && t.capital {
			run = run*31 + uint32(initial(p.text, t))
			if length++; length > 1 {
				x.initials[run] = true
			}
		} else if !t.has(function) {
			run, length = 0, 0
		}
	}
}

func initial(text string, t *token) byte {
	b := text[t.start]
	if b >= 'a' && b <= 'z' {
		b -= 32
	}
	return b
}

func gram(a, b uint32) uint64 { return uint64(a)<<32 | uint64(b) }

func gram3(a, b, c uint32) uint64 {
	h := gram(a, b)*0x9E3779B97F4A7C15 ^ uint64(c)
	return h*0xBF58476D1CE4E5B9 | 1
}

// prefix is equal for words with the same first five letters, 0 for short
// ones.
func prefix(text string, t *token) uint32 {
	if t.kind != word || t.end-t.start < 6 {
		return 0
	}
	h, n := uint32(fnvBasis), 0
	for _, r := range text[t.start:t.end] {
		if r >= 'A' && r <= 'Z' {
			r += 32
		}
		h = (h ^ uint32(r)) * fnvPrime
		if n++; n == 5 {
			return h | 1
		}
	}
	return 0
}

// weight says how much a word tells, 0 to 1, by how rare it is in ordinary
// text.
func (m *Weights) weight(t *token) float64 {
	switch t.kind {
	case number:
		return 0.9
	case pair:
		return 0.6
	}
	if b, ok := m.rarity[t.key]; ok {
		return float64(b) / 255
	}
	return 1
}

// search scores every sentence by the weight of the words it shares with
// tokens and returns the best three, best first; -1 for none.
func (x *index) search(m *Weights, tokens []token) (best [3]int, share [3]float64) {
	for _, s := range x.touched {
		x.scores[s] = 0
	}
	x.touched = x.touched[:0]
	total := 0.0
	for i := range tokens {
		t := &tokens[i]
		if !t.content() || repeated(tokens, i) {
			continue
		}
		w := m.weight(t)
		total += w
		last := int32(-1)
		for _, p := range x.places[t.key] {
			if p.sentence == last {
				continue
			}
			last = p.sentence
			if x.scores[last] == 0 {
				x.touched = append(x.touched, last)
			}
			x.scores[last] += float32(w)
		}
	}
	best = [3]int{-1, -1, -1}
	var top [3]float64
	for _, s := range x.touched {
		n := &x.sentences[s]
		v := float64(x.scores[s]) * (1 + 0.5/math.Sqrt(float64(n.last-n.first+4)))
		for k := range best {
			if v > top[k] || v == top[k] && best[k] >= 0 && int(s) < best[k] {
				copy(top[k+1:], top[k:2])
				copy(best[k+1:], best[k:2])
				top[k], best[k] = v, int(s)
				break
			}
		}
	}
	for k, s := range best {
		if s >= 0 && total > 0 {
			share[k] = float64(x.scores[s]) / total
		}
	}
	return best, share
}

// repeated reports a word that stood earlier in a short statement; in a long
// one the search would cost more than it saves.
func repeated(tokens []token, i int) bool {
	for j := max(0, i-24); j < i; j++ {
		if tokens[j].key == tokens[i].key && tokens[j].content() {
			return true
		}
	}
	return false
}

// union is the share of the statement's weight that sentence s and its
// neighbours hold together.
func (x *index) union(m *Weights, tokens []token, s int) float64 {
	if s < 0 {
		return 0
	}
	passage := x.sentences[s].passage
	got, total := 0.0, 0.0
	for i := range tokens {
		t := &tokens[i]
		if !t.content() || repeated(tokens, i) {
			continue
		}
		w := m.weight(t)
		total += w
		for _, p := range x.places[t.key] {
			d := int(p.sentence) - s
			if d >= -2 && d <= 2 && x.sentences[p.sentence].passage == passage {
				got += w
				break
			}
			if d > 2 {
				break
			}
		}
	}
	if total == 0 {
		return 0
	}
	return got / total
}
