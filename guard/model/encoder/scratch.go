package encoder

import "unsafe"

// aligned is a slice that begins at a multiple of 64 bytes.
func aligned[T any](n int) []T {
	var t T
	extra := 64 / int(unsafe.Sizeof(t))
	s := make([]T, n+extra)
	skip := (64 - int(uintptr(unsafe.Pointer(&s[0]))%64)) % 64 / int(unsafe.Sizeof(t))
	return s[skip : skip+n : skip+n]
}

// scratch is all the memory that one pass needs, some 3 MB.
type scratch struct {
	scan scan
	win  Window
	ids  [Length]int32

	x     []float32 // states, Length rows
	qkv   []float32 // query, key, value of each row
	keys  []float32 // of one head, one row a feature
	score []float32 // of one head, one row a query
	ctx   []float32
	wide  []float32 // inner rows; also outputs of the attention and of the layer
	acc   []int32
	act   []int8
	by    [Length]float32 // scale of each row of act
	task  []float32       // hidden values of a task
	out   [Length * maxOutputs]float32
}

func (e *Encoder) newScratch() *scratch {
	h, in := e.hidden, e.inner
	s := &scratch{
		x: aligned[float32](Length * h), qkv: aligned[float32](Length * 3 * h),
		keys: aligned[float32](headSize * Length), score: aligned[float32](Length * Length),
		ctx: aligned[float32](Length * h), wide: aligned[float32](Length * max(in, h)),
		acc: aligned[int32](Length * max(in, 3*h)), act: aligned[int8](Length * max(in, h)),
		task: aligned[float32](Length * e.widest),
	}
	s.win = Window{e: e, s: s, mean: make([]float32, h), unit: aligned[float32](h), tokens: make([]Token, 0, Length)}
	return s
}
