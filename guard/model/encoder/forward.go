package encoder

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
)

// matrix is a linear layer with int8 weights.
type matrix struct {
	out, in     int
	w           []int8  // packed in tiles
	sums        []int32 // of each output's weights
	scale, bias []float32
}

type layer struct {
	qkv, out, up, down         matrix
	norm1, bias1, norm2, bias2 []float32
}

func (f *file) matrix(name string, out, in int) matrix {
	raw := f.raw(name, "i8t", 1, out, in)
	m := matrix{
		out: out, in: in, w: aligned[int8](len(raw)), sums: make([]int32, out),
		scale: f.floats(name+".scale", out), bias: f.floats(name+".bias", out),
	}
	if f.err != nil {
		return m
	}
	for t := 0; t < out; t += tile {
		sum := (*[tile]int32)(m.sums[t:])
		packed := raw[t*in : (t+tile)*in]
		w := m.w[t*in : (t+tile)*in]
		for i := 0; i < len(packed); i += tile * group {
			for j := range sum {
				at := i + j*group
				a, b, c, d := int8(packed[at]), int8(packed[at+1]), int8(packed[at+2]), int8(packed[at+3])
				if a == -128 || b == -128 || c == -128 || d == -128 {
					f.err = fmt.Errorf("tensor %q has -128, whose sign the kernels cannot turn", name)
					return m
				}
				w[at], w[at+1], w[at+2], w[at+3] = a, b, c, d
				sum[j] += int32(a) + int32(b) + int32(c) + int32(d)
			}
		}
	}
	return m
}

func (f *file) layer(name string) layer {
	h, in := f.Hidden, f.Inner
	return layer{
		qkv: f.matrix(name+"qkv", 3*h, h), out: f.matrix(name+"out", h, h),
		up: f.matrix(name+"up", in, h), down: f.matrix(name+"down", h, in),
		norm1: f.floats(name+"norm1.weight", h), bias1: f.floats(name+"norm1.bias", h),
		norm2: f.floats(name+"norm2.weight", h), bias2: f.floats(name+"norm2.bias", h),
	}
}

// half is the value of an IEEE half-precision number.
func half(h uint16) float32 {
	exp, frac := int(h>>10&31), float64(h&1023)
	v := math.Ldexp(frac, -24)
	if exp > 0 {
		v = math.Ldexp(1024+frac, exp-25)
	}
	if h>>15 != 0 {
		v = -v
	}
	return float32(v)
}

// Blocks of four-bit weights: a half-precision scale, then the weights plus 8,
// the first sixteen in the lower halves of the bytes.
const (
	blockLen   = 32
	blockBytes = 18
)

// word writes the embedding of a piece.
func (e *Encoder) word(dst []float32, id int32) {
	size := e.hidden / blockLen * blockBytes
	row := e.words[int(id)*size:][:size]
	for b := 0; len(row) > 0; b, row = b+blockLen, row[blockBytes:] {
		scale := half(binary.LittleEndian.Uint16(row))
		out := dst[b : b+blockLen]
		for i, q := range row[2:blockBytes] {
			out[i] = float32(int(q&15)-8) * scale
			out[i+blockLen/2] = float32(int(q>>4)-8) * scale
		}
	}
}

// forward computes the states of ids in s.x. The context is asked between layers.
func (e *Encoder) forward(ctx context.Context, s *scratch, ids []int32) error {
	n := len(ids)
	rows := (n + rowBlock - 1) / rowBlock * rowBlock
	h := e.hidden
	k := e.kernel
	for i := range rows {
		x := s.x[i*h : (i+1)*h]
		if i >= n {
			clear(x) // a row of padding: computed with its block, never read
			continue
		}
		e.word(x, ids[i])
		k.norm(&x[0], &e.position[i*h], &e.norm[0], &e.bias[0], e.eps, h)
	}
	for i := range e.layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		l := &e.layers[i]
		e.linear(s, s.x, rows, &l.qkv, s.qkv, k.dequantise)
		e.attend(s, n, rows)
		e.linear(s, s.ctx, rows, &l.out, s.wide, k.dequantise)
		for r := range rows {
			k.norm(&s.x[r*h], &s.wide[r*h], &l.norm1[0], &l.bias1[0], e.eps, h)
		}
		e.linear(s, s.x, rows, &l.up, s.wide, k.gelu)
		e.linear(s, s.wide, rows, &l.down, s.qkv, k.dequantise)
		for r := range rows {
			k.norm(&s.x[r*h], &s.qkv[r*h], &l.norm2[0], &l.bias2[0], e.eps, h)
		}
	}
	return ctx.Err()
}

// linear sets y to m of x, finished by dequantise or gelu.
func (e *Encoder) linear(s *scratch, x []float32, rows int, m *matrix, y []float32, finish func(dst *float32, acc *int32, scale, bias *float32, by float32, n int)) {
	k := e.kernel
	for r := range rows {
		s.by[r] = k.quantise(&s.act[r*m.in], &x[r*m.in], m.in, k.offset)
	}
	k.int8(&s.acc[0], &s.act[0], &m.w[0], &m.sums[0], rows, m.out, m.in)
	for r := range rows {
		finish(&y[r*m.out], &s.acc[r*m.out], &m.scale[0], &m.bias[0], s.by[r], m.out)
	}
}

// attend sets s.ctx to the attention of n rows among themselves. The query's
// scale is in its weights.
func (e *Encoder) attend(s *scratch, n, rows int) {
	k := e.kernel
	h := e.hidden
	step := 3 * h
	wide := (n + headSize - 1) / headSize * headSize // of the scores
	padded := (n + lanes - 1) / lanes * lanes
	for head := 0; head < h; head += headSize {
		for i := range n {
			key := s.qkv[i*step+h+head:][:headSize]
			for f, v := range key {
				s.keys[f*wide+i] = v
			}
		}
		k.float32(&s.score[0], wide, &s.qkv[head], step, &s.keys[0], wide, rows, wide, headSize)
		for i := range n {
			row := s.score[i*wide:]
			for j := n; j < padded; j++ {
				row[j] = -math.MaxFloat32 / 4
			}
			k.softmax(&row[0], padded)
		}
		k.float32(&s.ctx[head], h, &s.score[0], wide, &s.qkv[2*h+head], step, rows, headSize, n)
	}
}
