package encoder

import "golang.org/x/sys/cpu"

//go:noescape
func int8AVX2(c *int32, a *int8, w *int8, sums *int32, m, n, k int)

//go:noescape
func int8VNNI(c *int32, a *int8, w *int8, sums *int32, m, n, k int)

//go:noescape
func quantiseAVX2(dst *int8, x *float32, n int, offset byte) float32

//go:noescape
func dequantiseAVX2(dst *float32, acc *int32, scale, bias *float32, by float32, n int)

//go:noescape
func geluAVX2(dst *float32, acc *int32, scale, bias *float32, by float32, n int)

//go:noescape
func normAVX2(x, y, weight, bias *float32, eps float32, n int)

//go:noescape
func float32AVX2(c *float32, ldc int, a *float32, lda int, b *float32, ldb int, m, n, k int)

//go:noescape
func softmaxAVX2(x *float32, n int)

var avx2 = kernel{
	name: "avx2", simd: true, int8: int8AVX2, quantise: quantiseAVX2, dequantise: dequantiseAVX2,
	gelu: geluAVX2, norm: normAVX2, float32: float32AVX2, softmax: softmaxAVX2,
}

// vnni sums four products an instruction; what is not sums of int8 takes a small
// part of the time and is avx2's.
var vnni = func() kernel {
	k := avx2
	k.name, k.int8, k.offset = "avx512-vnni", int8VNNI, 128
	return k
}()

// kernels are those that this processor can run, the fastest first.
func kernels() []*kernel {
	out := []*kernel{&plain}
	if !cpu.X86.HasAVX2 {
		return out
	}
	out = append([]*kernel{&avx2}, out...)
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VNNI {
		out = append([]*kernel{&vnni}, out...)
	}
	return out
}

func fastest() *kernel { return kernels()[0] }
