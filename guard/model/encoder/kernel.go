package encoder

import (
	"math"
	"unsafe"
)

// Shapes that the kernels are made for.
const (
	// Length is the most tokens that the model sees at once, the specials and the
	// prefix among them.
	Length = 128

	headSize = 32 // of an attention head
	tile     = 16 // outputs that lie together in packed weights
	group    = 4  // inputs that lie together in packed weights
	rowBlock = 8  // rows are computed in blocks of this many
	lanes    = 16 // partial sums of a reduction, whatever a register holds
)

// kernel is the arithmetic, once per kind of processor. All kernels give the
// same bits: products of int8 are summed exactly; every float is multiplied and
// added in one order, never fused, and reductions have 16 partial sums.
//
// Pointers are to buffers of scratch memory, whose sizes the caller answers for:
// rows come in multiples of rowBlock, lengths in multiples of 16.
type kernel struct {
	name string
	simd bool
	// offset is added to every quantised activation: instructions that want
	// unsigned bytes get them so, and correct the sums.
	offset byte
	// int8 sets c[m][n] to the products of a[m][k] and packed weights; n is a
	// multiple of 96, k of 16. sums are those of the weights of each output.
	int8 func(c *int32, a *int8, w *int8, sums *int32, m, n, k int)
	// quantise writes x / scale, rounded to even, plus offset, and returns the
	// scale, which is the largest magnitude of x over 127.
	quantise func(dst *int8, x *float32, n int, offset byte) float32
	// dequantise sets dst[i] to (acc[i] * scale[i]) * by + bias[i].
	dequantise func(dst *float32, acc *int32, scale, bias *float32, by float32, n int)
	// gelu is dequantise, followed by the Gaussian linear unit.
	gelu func(dst *float32, acc *int32, scale, bias *float32, by float32, n int)
	// norm sets x to the layer norm of x + y.
	norm func(x, y, weight, bias *float32, eps float32, n int)
	// float32 sets c[m][n] to the products of a[m][k] and b[k][n], k by k. m is
	// even, n a multiple of 32. ldc, lda, ldb are the rows' distances.
	float32 func(c *float32, ldc int, a *float32, lda int, b *float32, ldb int, m, n, k int)
	// softmax replaces x[n].
	softmax func(x *float32, n int)
}

// plain is the reference. It is some fifty times slower than the others.
var plain = kernel{
	name: "go", int8: plainInt8, quantise: plainQuantise, dequantise: plainDequantise,
	gelu: plainGelu, norm: plainNorm, float32: plainFloat32, softmax: plainSoftmax,
}

func slice[T any](p *T, n int) []T { return unsafe.Slice(p, n) }

func plainInt8(c *int32, a, w *int8, _ *int32, m, n, k int) {
	cs, as, ws := slice(c, m*n), slice(a, m*k), slice(w, n*k)
	for i := range m {
		row := as[i*k : (i+1)*k]
		for t := 0; t < n; t += tile {
			var sum [tile]int32
			packed := ws[t*k : (t+tile)*k]
			for g := 0; g < k; g += group {
				for j := range tile {
					for e := range group {
						sum[j] += int32(row[g+e]) * int32(packed[g*tile+j*group+e])
					}
				}
			}
			copy(cs[i*n+t:], sum[:])
		}
	}
}

// roundMagic added and taken away rounds a small float32 to the nearest whole
// number, to even at the middle.
const roundMagic = 3 << 22

func plainQuantise(dst *int8, x *float32, n int, offset byte) float32 {
	ds, xs := slice(dst, n), slice(x, n)
	var most float32
	for _, v := range xs {
		most = max(most, math.Float32frombits(math.Float32bits(v)&^(1<<31)))
	}
	if most == 0 {
		for i := range ds {
			ds[i] = int8(offset)
		}
		return 0
	}
	by := 127 / most
	for i, v := range xs {
		r := float32(v*by) + roundMagic
		ds[i] = int8(byte(math.Float32bits(r)) + offset)
	}
	return most / 127
}

func plainDequantise(dst *float32, acc *int32, scale, bias *float32, by float32, n int) {
	ds, as, ss, bs := slice(dst, n), slice(acc, n), slice(scale, n), slice(bias, n)
	for i := range ds {
		v := float32(as[i]) * ss[i]
		v = float32(v) * by
		ds[i] = float32(v) + bs[i]
	}
}

func plainGelu(dst *float32, acc *int32, scale, bias *float32, by float32, n int) {
	plainDequantise(dst, acc, scale, bias, by, n)
	ds := slice(dst, n)
	for i, x := range ds {
		z := min(max(x, -geluRange), geluRange)
		u := float32(float32(z*z)*geluScale) - 1
		p := geluPoly[0]
		for _, c := range geluPoly[1:] {
			p = float32(p*u) + c
		}
		ds[i] = x * (float32(z*p) + 0.5)
	}
}

// tree adds up partial sums by halves.
func tree(s *[lanes]float32) float32 {
	for half := lanes / 2; half > 0; half /= 2 {
		for i := range half {
			s[i] += s[i+half]
		}
	}
	return s[0]
}

func plainNorm(x, y, weight, bias *float32, eps float32, n int) {
	xs, ys, ws, bs := slice(x, n), slice(y, n), slice(weight, n), slice(bias, n)
	var sum, squares [lanes]float32
	for i := range xs {
		xs[i] += ys[i]
		sum[i%lanes] += xs[i]
	}
	part := 1 / float32(n)
	mean := float32(tree(&sum) * part) // rounded here: no fusing with what follows
	for i := range xs {
		xs[i] -= mean
		squares[i%lanes] += float32(xs[i] * xs[i])
	}
	inv := 1 / float32(math.Sqrt(float64(float32(tree(&squares)*part)+eps)))
	for i := range xs {
		v := float32(xs[i]*inv) * ws[i]
		xs[i] = float32(v) + bs[i]
	}
}

func plainFloat32(c *float32, ldc int, a *float32, lda int, b *float32, ldb int, m, n, k int) {
	cs, as, bs := slice(c, (m-1)*ldc+n), slice(a, (m-1)*lda+k), slice(b, (k-1)*ldb+n)
	for i := range m {
		row := cs[i*ldc : i*ldc+n]
		clear(row)
		for e, v := range as[i*lda : i*lda+k] {
			for j, w := range bs[e*ldb : e*ldb+n] {
				row[j] += float32(v * w)
			}
		}
	}
}

// Exponential: 2^whole times a polynomial of the rest. Below expLowest the value
// is that of expLowest, which is 0 for every use here.
const (
	expLowest = -87
	log2e     = 1.44269504
	ln2High   = 0.693359375
	ln2Low    = -2.12194440e-4
)

var expPoly = [...]float32{1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1}

func plainSoftmax(x *float32, n int) {
	xs := slice(x, n)
	most := xs[0]
	for _, v := range xs {
		most = max(most, v)
	}
	var sum [lanes]float32
	for i, v := range xs {
		xs[i] = plainExp(max(v-most, expLowest))
		sum[i%lanes] += xs[i]
	}
	inv := 1 / tree(&sum)
	for i := range xs {
		xs[i] *= inv
	}
}

func plainExp(x float32) float32 {
	t := float32(x*log2e) + roundMagic
	whole := float32(t) - roundMagic
	r := x - float32(whole*ln2High)
	r = float32(r) - float32(whole*ln2Low)
	p := expPoly[0]
	for _, c := range expPoly[1:] {
		p = float32(p*r) + c
	}
	return math.Float32frombits(math.Float32bits(p) + math.Float32bits(t)<<23)
}

// Gaussian linear unit: x * (1/2 + z P(u)) with z = x held to geluRange and
// u = 2 z^2 / geluRange^2 - 1. P is a Chebyshev fit; the error is below 2e-5.
const (
	geluRange = 4.8
	geluScale = 2 / (geluRange * geluRange)
)

var geluPoly = [12]float32{
	-0.000960074772592634, 0.002199555980041623, -0.002055695280432701, 0.0038079391233623028,
	-0.009132027626037598, 0.015005530789494514, -0.02162323333323002, 0.030392687767744064,
	-0.040639594197273254, 0.05293617770075798, -0.0729772299528122, 0.14721229672431946,
}
