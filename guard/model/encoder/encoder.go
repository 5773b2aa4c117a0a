// Package encoder reads meaning: a small multilingual transformer (the lower
// layers of multilingual-e5-small) that gives sentence embeddings, states of the
// tokens, and the logits of tasks trained on them. It runs in this process, on
// one core, without network, disk or clock.
//
// The weights say the shape; Load checks them. The arithmetic is int8 for the
// layers and float32 between, in kernels that give the same bits on every
// processor. Without vector instructions the encoder is off and says so: the
// plain kernel would take seconds for a page.
package encoder

import (
	"errors"
	"fmt"
	"math"
	"runtime"
)

// ErrOff is given by an encoder that found no fast kernel.
var ErrOff = errors.New("encoder: off: this processor has none of the vector instructions it needs")

// Encoder is immutable and safe for concurrent use. At most as many passes run
// at once as there are processors; more wait for their context.
type Encoder struct {
	kernel *kernel
	on     bool

	manifest
	hidden, inner int
	eps           float32
	tokens        *tokenizer
	words         []byte // blocks of four bits; part of the loaded file
	position      []float32
	norm, bias    []float32
	layers        []layer
	tasks         []task
	widest        int // hidden values of the widest task
	prefix        [2][]int32
	prefixSum     [2]float32
	room          chan *scratch // nil: not made yet
}

// Prefix says what a text is for; the model was trained with these words before it.
type Prefix uint8

// Prefixes. Query is also for everything symmetric: comparing, classifying.
const (
	Query Prefix = iota
	Passage
)

var prefixes = [2]string{"query:", "passage:"}

// Load makes an encoder of a file of weights, of which it keeps a part: data must
// not change. An encoder that is off loads too; see On.
func Load(data []byte) (*Encoder, error) { return load(data, fastest()) }

func load(data []byte, k *kernel) (*Encoder, error) {
	f, err := open(data)
	if err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	e := &Encoder{kernel: k, on: k.simd, manifest: f.manifest, hidden: f.Hidden, inner: f.Inner, eps: f.Eps}
	if e.tokens, err = f.tokenizer(); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	e.words = f.blocks("word", f.Pieces, f.Hidden)
	e.position = f.floats("position", Length, f.Hidden)
	e.norm, e.bias = f.floats("norm.weight", f.Hidden), f.floats("norm.bias", f.Hidden)
	for i := range f.Layers {
		e.layers = append(e.layers, f.layer(fmt.Sprintf("layer%d.", i)))
	}
	for _, t := range f.Tasks {
		e.tasks = append(e.tasks, f.task(t))
		e.widest = max(e.widest, e.tasks[len(e.tasks)-1].wide)
	}
	if f.err != nil {
		return nil, fmt.Errorf("encoder: %w", f.err)
	}
	e.Tensors = nil
	e.room = make(chan *scratch, max(2, runtime.GOMAXPROCS(0)))
	for range cap(e.room) {
		e.room <- nil
	}
	s := &scan{}
	for p, text := range prefixes {
		s.reset(e.tokens, text, 0)
		for tok, _, ok := s.next(); ok; tok, _, ok = s.next() {
			e.prefix[p] = append(e.prefix[p], tok.ID)
		}
		e.prefixSum[p] = s.sum
	}
	return e, nil
}

// On reports whether this processor has a fast kernel.
func (e *Encoder) On() bool { return e.on }

// Report is one line for the report of stages.
func (e *Encoder) Report() string {
	if !e.on {
		return fmt.Sprintf("encoder %s: off, no vector instructions", e.Version)
	}
	return fmt.Sprintf("encoder %s: %d layers of %d, %d pieces, kernel %s", e.Version, e.Layers, e.hidden, e.Pieces, e.kernel.name)
}

// Dimensions is the length of a vector.
func (e *Encoder) Dimensions() int { return e.hidden }

func normalise(v []float32) {
	var sum float32
	for _, x := range v {
		sum += float32(x * x)
	}
	if sum < 1e-24 {
		return
	}
	by := 1 / float32(math.Sqrt(float64(sum)))
	for i := range v {
		v[i] *= by
	}
}
