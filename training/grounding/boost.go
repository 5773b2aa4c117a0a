package main

import (
	"math"
	"math/rand/v2"
	"sort"

	"sallyport/guard/grounding"
)

// sample is a row of the trees with its label and weight.
type sample struct {
	row    [grounding.Width]float32
	bad    bool
	weight float64
}

const (
	rounds  = 220
	rate    = 0.06
	leaves  = 12
	ridge   = 4.0
	fewest  = 12 // samples of a leaf
	columns = 0.5
	share   = 0.7 // of the samples a tree sees
	bins    = 48
)

// boost fits trees to samples by second-order gradients of the logistic loss.
// Equal inputs give equal trees.
func boost(samples []sample, seed uint64, allowed func(int) bool) (start float64, trees [][]grounding.Node) {
	rng := rand.New(rand.NewPCG(seed, 17))
	cuts := quantiles(samples, allowed)
	binned := make([][grounding.Width]uint8, len(samples))
	for i := range samples {
		for f := range cuts {
			binned[i][f] = uint8(sort.Search(len(cuts[f]), func(k int) bool { return samples[i].row[f] <= cuts[f][k] }))
		}
	}
	pos, all := 0.0, 0.0
	for _, s := range samples {
		all += s.weight
		if s.bad {
			pos += s.weight
		}
	}
	start = math.Log(pos / (all - pos))
	sums := make([]float64, len(samples))
	for i := range sums {
		sums[i] = start
	}
	g, h := make([]float64, len(samples)), make([]float64, len(samples))
	for range rounds {
		var index []int32
		for i := range samples {
			p := 1 / (1 + math.Exp(-sums[i]))
			y := 0.0
			if samples[i].bad {
				y = 1
			}
			g[i], h[i] = samples[i].weight*(p-y), samples[i].weight*p*(1-p)
			if rng.Float64() < share {
				index = append(index, int32(i))
			}
		}
		var use []int
		for f := range cuts {
			if len(cuts[f]) > 0 && rng.Float64() < columns {
				use = append(use, f)
			}
		}
		t := grow(binned, cuts, index, use, g, h)
		for i := range samples {
			sums[i] += value(t, &samples[i].row)
		}
		trees = append(trees, t)
	}
	return start, trees
}

func value(t []grounding.Node, row *[grounding.Width]float32) float64 {
	i := 0
	for t[i].Feature >= 0 {
		if row[t[i].Feature] <= t[i].Value {
			i = int(t[i].Left)
		} else {
			i = int(t[i].Right)
		}
	}
	return float64(t[i].Value)
}

func quantiles(samples []sample, allowed func(int) bool) [grounding.Width][]float32 {
	var cuts [grounding.Width][]float32
	column := make([]float32, len(samples))
	for f := range grounding.Width {
		if !allowed(f) {
			continue
		}
		for i := range samples {
			column[i] = samples[i].row[f]
		}
		sort.Slice(column, func(i, j int) bool { return column[i] < column[j] })
		for k := 1; k < bins; k++ {
			v := column[k*len(column)/bins]
			if v < column[len(column)-1] && (len(cuts[f]) == 0 || v > cuts[f][len(cuts[f])-1]) {
				cuts[f] = append(cuts[f], v)
			}
		}
	}
	return cuts
}

// part is a leaf that may be split.
type part struct {
	node    int
	index   []int32
	g, h    float64
	gain    float64
	feature int
	bin     int
}

// grow makes a tree, the best split first.
func grow(binned [][grounding.Width]uint8, cuts [grounding.Width][]float32, index []int32, use []int, g, h []float64) []grounding.Node {
	root := part{index: index}
	for _, i := range index {
		root.g += g[i]
		root.h += h[i]
	}
	nodes := []grounding.Node{leaf(root.g, root.h)}
	best(&root, binned, cuts, use, g, h)
	open := []part{root}
	for n := 1; n < leaves; n++ {
		top := -1
		for i := range open {
			if open[i].gain > 1e-6 && (top < 0 || open[i].gain > open[top].gain) {
				top = i
			}
		}
		if top < 0 {
			break
		}
		p := open[top]
		open = append(open[:top], open[top+1:]...)
		l, r := part{node: len(nodes)}, part{node: len(nodes) + 1}
		for _, i := range p.index {
			to := &r
			if int(binned[i][p.feature]) <= p.bin {
				to = &l
			}
			to.index = append(to.index, i)
			to.g += g[i]
			to.h += h[i]
		}
		nodes = append(nodes, leaf(l.g, l.h), leaf(r.g, r.h))
		nodes[p.node] = grounding.Node{Feature: int16(p.feature), Value: cuts[p.feature][p.bin], Left: int16(l.node), Right: int16(r.node)}
		best(&l, binned, cuts, use, g, h)
		best(&r, binned, cuts, use, g, h)
		open = append(open, l, r)
	}
	return nodes
}

func leaf(g, h float64) grounding.Node {
	return grounding.Node{Feature: -1, Value: float32(-rate * g / (h + ridge))}
}

func best(p *part, binned [][grounding.Width]uint8, cuts [grounding.Width][]float32, use []int, g, h []float64) {
	p.gain = 0
	if len(p.index) < 2*fewest {
		return
	}
	whole := p.g * p.g / (p.h + ridge)
	for _, f := range use {
		var bg, bh [bins + 1]float64
		var bn [bins + 1]int
		for _, i := range p.index {
			b := binned[i][f]
			bg[b] += g[i]
			bh[b] += h[i]
			bn[b]++
		}
		lg, lh, ln := 0.0, 0.0, 0
		for b := range cuts[f] {
			lg, lh, ln = lg+bg[b], lh+bh[b], ln+bn[b]
			if ln < fewest || len(p.index)-ln < fewest {
				continue
			}
			rg, rh := p.g-lg, p.h-lh
			if gain := lg*lg/(lh+ridge) + rg*rg/(rh+ridge) - whole; gain > p.gain {
				p.gain, p.feature, p.bin = gain, f, b
			}
		}
	}
}

// platt fits 1/(1+exp(-(a*x+b))) to labels, by Newton steps with a prior that
// holds a near one.
func platt(x []float64, y []bool) (a, b float64) {
	a, b = 1, 0
	for range 60 {
		var ga, gb, haa, hab, hbb float64
		for i := range x {
			p := 1 / (1 + math.Exp(-(a*x[i] + b)))
			t := 0.0
			if y[i] {
				t = 1
			}
			d, w := p-t, p*(1-p)
			ga, gb = ga+d*x[i], gb+d
			haa, hab, hbb = haa+w*x[i]*x[i], hab+w*x[i], hbb+w
		}
		ga += 10 * (a - 1)
		haa, hbb = haa+10, hbb+1e-3
		det := haa*hbb - hab*hab
		if det < 1e-9 {
			break
		}
		a -= (hbb*ga - hab*gb) / det
		b -= (haa*gb - hab*ga) / det
		a = max(0.2, min(3, a))
	}
	return a, b
}

// auroc is the chance that a bad answer scores above a good one.
func auroc(scores []float64, bad []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return scores[order[i]] < scores[order[j]] })
	sum, pos := 0.0, 0
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && scores[order[j]] == scores[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			if bad[order[k]] {
				sum += float64(i+j+1) / 2
				pos++
			}
		}
		i = j
	}
	neg := len(order) - pos
	if pos == 0 || neg == 0 {
		return math.NaN()
	}
	return (sum - float64(pos)*float64(pos+1)/2) / float64(pos) / float64(neg)
}
