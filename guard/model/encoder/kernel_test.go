package encoder

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// fast are the kernels under test; plain is the reference.
func fast(t testing.TB) []*kernel {
	all := kernels()
	if len(all) == 1 {
		t.Skip("this processor has no fast kernel")
	}
	return all[:len(all)-1]
}

func randomInt8(r *rand.Rand, n, mode int) []int8 {
	out := aligned[int8](n)
	for i := range out {
		switch mode {
		case 0:
			out[i] = int8(r.IntN(255) - 127)
		case 1:
			out[i] = 127 // the largest sums
		case 2:
			out[i] = -127
		default:
			out[i] = int8(127 - 254*r.IntN(2))
		}
	}
	return out
}

func randomFloats(r *rand.Rand, n int, size float32) []float32 {
	out := aligned[float32](n)
	for i := range out {
		out[i] = float32(r.NormFloat64()) * size
		switch r.IntN(60) {
		case 0:
			out[i] *= 100
		case 1:
			out[i] = 0
		case 2:
			out[i] = float32(math.Copysign(0, -1))
		}
	}
	return out
}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %v (%#x), the plain kernel's is %v (%#x)", what, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

func TestInt8AgreesBitForBit(t *testing.T) {
	for _, k := range fast(t) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, shape := range [][3]int{{8, 96, 16}, {8, 384, 384}, {16, 1152, 384}, {128, 96, 1536}, {24, 1536, 384}} {
			m, n, depth := shape[0], shape[1], shape[2]
			for mode := range 16 {
				a, w := randomInt8(r, m*depth, mode%4), randomInt8(r, n*depth, mode/4)
				sums := make([]int32, n)
				for i := range w {
					sums[i/(tile*depth)*tile+i%(tile*group)/group] += int32(w[i])
				}
				want, got := aligned[int32](m*n), aligned[int32](m*n)
				plain.int8(&want[0], &a[0], &w[0], &sums[0], m, n, depth)
				for i := range a {
					a[i] = int8(byte(a[i]) + k.offset)
				}
				k.int8(&got[0], &a[0], &w[0], &sums[0], m, n, depth)
				if !slices.Equal(got, want) {
					t.Fatalf("%s: products of %v, mode %d differ from the plain kernel's", k.name, shape, mode)
				}
			}
		}
	}
}

func TestFloatsAgreeBitForBit(t *testing.T) {
	for _, k := range fast(t) {
		r := rand.New(rand.NewPCG(3, 4))
		for range 200 {
			n := 96 * (1 + r.IntN(16))
			size := float32(math.Exp(r.Float64()*12 - 6))
			x := randomFloats(r, n, size)

			want8, got8 := make([]int8, n), make([]int8, n)
			a, b := plain.quantise(&want8[0], &x[0], n, k.offset), k.quantise(&got8[0], &x[0], n, k.offset)
			if a != b || !slices.Equal(got8, want8) {
				t.Fatalf("%s: quantise differs: scales %v and %v", k.name, b, a)
			}

			acc := make([]int32, n)
			for i := range acc {
				acc[i] = r.Int32N(1<<24) - 1<<23
			}
			scale, bias := randomFloats(r, n, 1e-4), randomFloats(r, n, 1)
			want, got := make([]float32, n), make([]float32, n)
			plain.dequantise(&want[0], &acc[0], &scale[0], &bias[0], 0.01, n)
			k.dequantise(&got[0], &acc[0], &scale[0], &bias[0], 0.01, n)
			same(t, k.name+" dequantise", got, want)
			plain.gelu(&want[0], &acc[0], &scale[0], &bias[0], 0.01, n)
			k.gelu(&got[0], &acc[0], &scale[0], &bias[0], 0.01, n)
			same(t, k.name+" gelu", got, want)

			y, weight := randomFloats(r, n, size), randomFloats(r, n, 1)
			copy(want, x)
			copy(got, x)
			plain.norm(&want[0], &y[0], &weight[0], &bias[0], 1e-12, n)
			k.norm(&got[0], &y[0], &weight[0], &bias[0], 1e-12, n)
			same(t, k.name+" norm", got, want)

			n = lanes * (1 + r.IntN(6))
			copy(want, x[:n])
			want[n-1] = -math.MaxFloat32 / 4
			copy(got, want[:n])
			plain.softmax(&want[0], n)
			k.softmax(&got[0], n)
			same(t, k.name+" softmax", got[:n], want[:n])

			m, columns, depth := 2*(1+r.IntN(8)), 32*(1+r.IntN(4)), 1+r.IntN(128)
			lda, ldb := depth+r.IntN(3), columns+32*r.IntN(2)
			aa, bb := randomFloats(r, m*lda, 1), randomFloats(r, depth*ldb, size)
			want, got = make([]float32, m*columns), make([]float32, m*columns)
			plain.float32(&want[0], columns, &aa[0], lda, &bb[0], ldb, m, columns, depth)
			k.float32(&got[0], columns, &aa[0], lda, &bb[0], ldb, m, columns, depth)
			same(t, k.name+" float32", got, want)
		}
	}
}

func TestZeroRowQuantises(t *testing.T) {
	for _, k := range kernels() {
		x, out := make([]float32, 96), make([]int8, 96)
		if scale := k.quantise(&out[0], &x[0], 96, k.offset); scale != 0 {
			t.Errorf("%s: scale %v of a row of zeros", k.name, scale)
		}
		for _, v := range out {
			if byte(v) != k.offset {
				t.Fatalf("%s: zero became %d", k.name, v)
			}
		}
	}
}

// TestAgainstMath holds the polynomials to the functions that they stand for.
func TestAgainstMath(t *testing.T) {
	one, zero := make([]float32, 16), make([]float32, 16)
	for i := range one {
		one[i] = 1
	}
	acc, got := make([]int32, 16), make([]float32, 16)
	for v := -8000; v <= 8000; v++ {
		x := float64(v) / 1000
		acc[0] = int32(v)
		plain.gelu(&got[0], &acc[0], &one[0], &zero[0], 0.001, 16)
		if want := x / 2 * (1 + math.Erf(x/math.Sqrt2)); math.Abs(float64(got[0])-want) > 2e-5 {
			t.Fatalf("gelu(%v) = %v, want %v", x, got[0], want)
		}
		if x *= 10; x <= 0 {
			if e := plainExp(float32(x)); math.Abs(float64(e)/math.Exp(x)-1) > 1e-5 && x > -80 {
				t.Fatalf("exp(%v) = %v, want %v", x, e, math.Exp(x))
			}
		}
	}
}

func BenchmarkLayerProducts(b *testing.B) {
	for _, k := range kernels() {
		b.Run(k.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			a, w := randomInt8(r, 128*1536, 0), randomInt8(r, 1536*1536, 0)
			c, sums := aligned[int32](128*1536), make([]int32, 1536)
			macs := 0
			for b.Loop() {
				for _, s := range [][2]int{{1152, 384}, {384, 384}, {1536, 384}, {384, 1536}} {
					k.int8(&c[0], &a[0], &w[0], &sums[0], 128, s[0], s[1])
					macs += 128 * s[0] * s[1]
				}
			}
			b.ReportMetric(2*float64(macs)/b.Elapsed().Seconds()/1e9, "Gop/s")
		})
	}
}
