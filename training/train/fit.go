package main

import (
	"math"
	"math/rand/v2"
	"sync"

	"sallyport/guard/model"
	"sallyport/guard/model/ngram"
	"sallyport/training/corpus"
)

// window is what one step of training sees: the text of one window of an
// example.
type window struct {
	text    string
	y       [model.Columns]int8
	weight  float32
	example int // windows of one example share it
	many    bool
}

// maxWindows bounds the windows of a size that one example gives, so that books do not
// outweigh prompts.
const (
	maxWindows  = 8
	maxHarmless = 32 // of a size, of an example that is harmless in every head
)

func attacked(e *corpus.Example) bool {
	for _, y := range e.Y {
		if y == 1 {
			return true
		}
	}
	return false
}

// cut slices examples into windows as scoring does. A window that holds most of
// a planted attack is positive, one that holds none of it is negative, and one
// in between says nothing.
func cut(examples []corpus.Example) []window {
	var out []window
	buf := make([]uint32, ngram.MaxFeatures)
	for i := range examples {
		e := &examples[i]
		var cuts []int
		walk := ngram.Walk(e.Text)
		for {
			_, _, end, ok := walk.Next(buf)
			if !ok {
				break
			}
			cuts = append(cuts, end)
		}
		first := len(out)
		limit := maxWindows
		if !attacked(e) {
			limit = maxHarmless
		}
		for _, size := range model.Sizes {
			if size > 1 && len(cuts) <= size/2 {
				continue
			}
			for k := 0; k < max(1, len(cuts)-size+1) && k < limit; k++ {
				start, end := 0, cuts[min(k+size, len(cuts))-1]
				if k > 0 {
					start = cuts[k-1]
				}
				if size == 1 && k > 0 && end-start < ngram.BlockSize/2 {
					continue
				}
				out = append(out, window{text: e.Text[start:end], y: planted(e, start, end), weight: e.Weight, example: i})
			}
		}
		for k := first; k < len(out); k++ {
			out[k].many = len(out)-first > 1
		}
	}
	return out
}

func planted(e *corpus.Example, start, end int) [model.Columns]int8 {
	y := e.Y
	if e.PlantedEnd == 0 {
		return y
	}
	in := min(end, e.PlantedEnd) - max(start, e.PlantedStart)
	for c := range y {
		switch {
		case y[c] != 1:
		case in <= 0:
			y[c] = 0
		case in*10 < (e.PlantedEnd-e.PlantedStart)*7 && in < 100:
			y[c] = corpus.Unknown
		}
	}
	return y
}

// balance weighs each head's positives up to a quarter of its negatives, so
// that rare harms are learnt.
var positiveWeight [model.Columns]float32

func balance(windows []window) {
	var pos, neg [model.Columns]float32
	for i := range windows {
		for c, y := range windows[i].y {
			switch y {
			case 1:
				pos[c] += windows[i].weight
			case 0:
				neg[c] += windows[i].weight
			}
		}
	}
	for c := range pos {
		positiveWeight[c] = 1
		if pos[c] > 0 {
			positiveWeight[c] = min(max(neg[c]/4/pos[c], 1), 12)
		}
	}
}

// weights are the heads' values for each bucket, and their bias.
type weights struct {
	row  [][model.Columns]float32
	bias [model.Columns]float32
}

const (
	rate    = 0.5
	keep    = 0.7 // of the features of a window, another choice each pass
	decay   = 0.985
	halves  = 2 // columns are fitted in two halves at once; each is sequential
	halfLen = model.Columns / halves
)

// fit runs logistic regression with AdaGrad over all heads at once.
func fit(windows []window, epochs int) *weights {
	w := &weights{row: make([][model.Columns]float32, ngram.Buckets)}
	grad := make([][model.Columns]float32, ngram.Buckets)
	for i := range grad {
		for c := range grad[i] {
			grad[i][c] = 1e-4
		}
	}
	var biasGrad [model.Columns]float32
	for c := range biasGrad {
		biasGrad[c], w.bias[c] = 1, -2
	}
	mute := make([][model.Columns]bool, len(windows))
	order := rand.New(rand.NewPCG(seed, 2))
	for epoch := range epochs {
		if epoch >= 2 {
			muteAllButBest(w, windows, mute)
		}
		perm := order.Perm(len(windows))
		var wg sync.WaitGroup
		for half := range halves {
			wg.Go(func() { pass(w, grad, &biasGrad, windows, mute, perm, half*halfLen, uint64(epoch)) })
		}
		wg.Wait()
		for i := range w.row {
			for c := range w.row[i] {
				w.row[i][c] *= decay
			}
		}
	}
	return w
}

// pass is one pass of the columns from lo over all windows.
func pass(w *weights, grad [][model.Columns]float32, biasGrad *[model.Columns]float32, windows []window, mute [][model.Columns]bool, perm []int, lo int, epoch uint64) {
	feats := make([]uint32, 0, 4*ngram.MaxFeatures)
	for _, i := range perm {
		win := &windows[i]
		feats = features(feats[:0], win.text)
		feats = thin(feats, uint64(i)*977+epoch*7919)
		if len(feats) == 0 {
			continue
		}
		x := float32(1 / math.Sqrt(float64(len(feats))))
		var z [halfLen]float32
		for _, f := range feats {
			r := &w.row[f]
			for c := range z {
				z[c] += r[lo+c]
			}
		}
		var g [halfLen]float32
		active := false
		for c := range z {
			y := win.y[lo+c]
			if y < 0 || mute[i][lo+c] {
				continue
			}
			p := float32(1 / (1 + math.Exp(-float64(z[c]*x+w.bias[lo+c]))))
			weight := win.weight
			if y == 1 {
				weight *= positiveWeight[lo+c]
			}
			g[c] = (p - float32(y)) * weight
			active = active || g[c] > 1e-3 || g[c] < -1e-3
			biasGrad[lo+c] += g[c] * g[c]
			w.bias[lo+c] -= 0.1 * g[c] / float32(math.Sqrt(float64(biasGrad[lo+c])))
		}
		if !active {
			continue
		}
		for _, f := range feats {
			r, q := &w.row[f], &grad[f]
			for c := range g {
				if g[c] == 0 {
					continue
				}
				d := g[c] * x
				q[lo+c] += d * d
				r[lo+c] -= rate * x * g[c] / sqrt32(q[lo+c]) * x * 8
			}
		}
	}
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// thin drops three in ten of the features: a head that must do without some of
// them leans on no single one.
func thin(feats []uint32, salt uint64) []uint32 {
	out := feats[:0]
	for _, f := range feats {
		h := (uint64(f) ^ salt*0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93
		if float64(h>>40)/(1<<24) < keep {
			out = append(out, f)
		}
	}
	return out
}

func features(dst []uint32, text string) []uint32 {
	walk := ngram.Walk(text)
	for {
		n := len(dst)
		if cap(dst)-n < ngram.MaxFeatures {
			dst = append(dst, make([]uint32, ngram.MaxFeatures)...)[:n]
		}
		k, _, _, ok := walk.Next(dst[n : n+ngram.MaxFeatures])
		if !ok {
			return dst
		}
		dst = dst[:n+k]
	}
}

// muteAllButBest lets only the best window of a long positive text teach: most
// windows of a long attack are harmless.
func muteAllButBest(w *weights, windows []window, mute [][model.Columns]bool) {
	type top struct {
		at    int
		value float32
	}
	tops := map[int]*[model.Columns]top{}
	feats := make([]uint32, 0, 4*ngram.MaxFeatures)
	for i := range windows {
		win := &windows[i]
		if !win.many || !positive(win) {
			continue
		}
		t := tops[win.example]
		if t == nil {
			t = new([model.Columns]top)
			for c := range t {
				t[c].at = -1
			}
			tops[win.example] = t
		}
		feats = features(feats[:0], win.text)
		v := w.values(feats)
		for c, y := range win.y {
			mute[i][c] = y == 1
			if y == 1 && (t[c].at < 0 || v[c] > t[c].value) {
				t[c] = top{i, v[c]}
			}
		}
	}
	for _, t := range tops {
		for c := range t {
			if t[c].at >= 0 {
				mute[t[c].at][c] = false
			}
		}
	}
}

func positive(w *window) bool {
	for _, y := range w.y {
		if y == 1 {
			return true
		}
	}
	return false
}

func (w *weights) values(feats []uint32) [model.Columns]float32 {
	var z [model.Columns]float32
	for _, f := range feats {
		for c := range z {
			z[c] += w.row[f][c]
		}
	}
	x := float32(1 / math.Sqrt(float64(max(len(feats), 1))))
	for c := range z {
		z[c] = z[c]*x + w.bias[c]
	}
	return z
}
