package encoder

import "golang.org/x/sys/cpu"

//go:noescape
func int8SDOT(c *int32, a *int8, w *int8, sums *int32, m, n, k int)

//go:noescape
func quantiseNEON(dst *int8, x *float32, n int, offset byte) float32

//go:noescape
func dequantiseNEON(dst *float32, acc *int32, scale, bias *float32, by float32, n int)

//go:noescape
func geluNEON(dst *float32, acc *int32, scale, bias *float32, by float32, n int)

//go:noescape
func normNEON(x, y, weight, bias *float32, eps float32, n int)

//go:noescape
func float32NEON(c *float32, ldc int, a *float32, lda int, b *float32, ldb int, m, n, k int)

//go:noescape
func softmaxNEON(x *float32, n int)

// sdot was checked in an emulator only; its speed was never measured.
var sdot = kernel{
	name: "neon-sdot", simd: true, int8: int8SDOT, quantise: quantiseNEON, dequantise: dequantiseNEON,
	gelu: geluNEON, norm: normNEON, float32: float32NEON, softmax: softmaxNEON,
}

// kernels are those that this processor can run, the fastest first.
func kernels() []*kernel {
	if !cpu.ARM64.HasASIMDDP {
		return []*kernel{&plain}
	}
	return []*kernel{&sdot, &plain}
}

func fastest() *kernel { return kernels()[0] }
