package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"sallyport/guard/normalize"
	"sallyport/guard/pii/names"
)

func fold(s string) string { return normalize.Normalize(s).Text }

// labels of words: a kind, or unknown for words that are not trained on.
const unknown = names.Kinds

// passage is an example as the model reads it, with the labels of its words.
type passage struct {
	p      *names.Passage
	labels []names.Kind
}

// read labels the words of an example.
func read(m *names.Model, plain map[string]bool, e example) passage {
	r := normalize.Normalize(e.text)
	p := m.Read(r.Cased(), r.Text)
	out := passage{p: p, labels: make([]names.Kind, p.Len())}
	for i := range out.labels {
		start, end := p.Span(i)
		at := r.Span(start, end)
		out.labels[i] = label(p, i, e, at.Start, at.End)
		if e.unlabelled && out.labels[i] == unknown && plain[r.Text[start:end]] {
			out.labels[i] = neighbourly(p, i)
		}
	}
	return out
}

func label(p *names.Passage, i int, e example, start, end int) names.Kind {
	if e.unlabelled {
		return presumed(p, i, e.strict)
	}
	for _, s := range e.spans {
		if start < s.end && end > s.start {
			return s.kind
		}
	}
	for _, s := range e.skip {
		if start < s.end && end > s.start {
			return unknown
		}
	}
	return names.Other
}

// presumed labels a word of a text without labels: it is no name when it is a
// word of the language, or when nothing is known of it and the text is technical.
func presumed(p *names.Passage, i int, strict bool) names.Kind {
	k := p.Known(i)
	const nameLike = names.KnownFirst | names.KnownLast | names.KnownCity | names.KnownLand | names.KnownTrade | names.KnownForm
	switch {
	case k&names.KnownCommon != 0 && k&(names.KnownFirst|names.KnownLand) == 0:
		return neighbourly(p, i)
	case k&nameLike != 0 || strict:
		return unknown
	}
	return neighbourly(p, i)
}

// neighbourly leaves a word alone that may belong to a name beside it.
func neighbourly(p *names.Passage, i int) names.Kind {
	for _, j := range [2]int{i - 1, i + 1} {
		if j >= 0 && j < p.Len() && p.Candidate(j) && p.Known(j)&names.KnownCommon == 0 && p.Known(j)&(names.KnownFirst|names.KnownLast|names.KnownTrade|names.KnownForm|names.KnownCity) != 0 {
			return unknown
		}
	}
	return names.Other
}

// fitter trains a linear model by stochastic gradient descent with a step size
// of its own for every weight (AdaGrad). It is deterministic.
type fitter struct {
	w, g [][names.Kinds]float32
	rate float32
}

func newFitter(rate float32) *fitter {
	return &fitter{w: make([][names.Kinds]float32, names.Rows), g: make([][names.Kinds]float32, names.Rows), rate: rate}
}

func (f *fitter) score(rows []uint32) (z [names.Kinds]float32) {
	for _, r := range rows {
		for k := range z {
			z[k] += f.w[r][k]
		}
	}
	return z
}

func best(z [names.Kinds]float32) names.Kind {
	b := names.Other
	for k := range names.Kinds {
		if z[k] > z[b] {
			b = k
		}
	}
	return b
}

// step moves the weights of rows, whose score with what is fixed is z.
func (f *fitter) step(rows []uint32, z [names.Kinds]float32, want names.Kind, weight float32) {
	top := z[best(z)]
	var sum float32
	var p [names.Kinds]float32
	for k := range z {
		p[k] = float32(math.Exp(float64(z[k] - top)))
		sum += p[k]
	}
	for k := range p {
		d := p[k] / sum
		if names.Kind(k) == want {
			d--
		}
		if d *= weight; d > -0.001 && d < 0.001 {
			continue
		}
		for _, r := range rows {
			g := f.g[r][k] + d*d
			f.g[r][k] = g
			f.w[r][k] -= f.rate * (d/float32(math.Sqrt(float64(g)+1e-6)) + decay*f.w[r][k])
		}
	}
}

const decay = 2e-4

// otherWeight is how much more a word counts that is no name: a false alarm is
// the dearer fault.
const otherWeight = 1.6

func weightOf(k names.Kind) float32 {
	if k == names.Other {
		return otherWeight
	}
	return 1
}

// fit trains both looks on the examples.
func fit(m *names.Model, plain map[string]bool, examples []example, epochs int, seed uint64) *fitter {
	f := newFitter(0.12)
	r := rand.New(rand.NewPCG(seed, 1))
	order := r.Perm(len(examples))
	for epoch := range epochs {
		loss, n := 0, 0
		for _, k := range order {
			p := read(m, plain, examples[k])
			blur(p, r)
			for i, want := range p.labels {
				if !p.p.Candidate(i) {
					continue
				}
				rows := p.p.First(i)
				z := f.score(rows)
				p.p.SetFirst(i, best(z))
				if want == unknown {
					continue
				}
				if best(z) != want {
					loss++
				}
				n++
				f.step(rows, z, want, weightOf(want))
			}
			for i, want := range p.labels {
				if !p.p.Candidate(i) || want == unknown {
					continue
				}
				fixed := f.score(p.p.First(i))
				rows := p.p.Second(i)
				z := f.score(rows)
				for k := range z {
					z[k] += fixed[k]
				}
				f.step(rows, z, want, weightOf(want))
			}
		}
		f.rate *= 0.75
		fmt.Printf("epoch %d: %d words, %.2f %% wrong at the first look\n", epoch+1, n, 100*float64(loss)/float64(max(n, 1)))
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	return f
}

// blur hides what is known of some words of names, so that the model learns to
// do without: tables never hold all names.
func blur(p passage, r *rand.Rand) {
	for i, k := range p.labels {
		if k == names.Other || k == unknown {
			continue
		}
		switch v := r.Float64(); {
		case v < 0.18:
			p.p.Forget(i, r.Uint32()|1)
		case v < 0.40:
			p.p.Forget(i, 0)
		}
	}
}

// quantised is the model with the weights of f as bytes.
func (f *fitter) quantised(m *names.Model) {
	const top = 2.0 // weights beyond are cut: there are hardly any
	m.Quantise(f.w, top/127)
}
