//go:build amd64 || arm64

package encoder

// Constants of kernel.go, each as often as a register holds it. The assembly knows
// their order.
var (
	//lint:ignore U1000 the assembly reads it: the polynomial; range, -range, scale, half.
	geluTable = *(*[len(geluPoly) + 4][8]float32)(eightfold(append(geluPoly[:len(geluPoly):len(geluPoly)], geluRange, -geluRange, geluScale, 0.5)))
	//lint:ignore U1000 the assembly reads it: the polynomial; lowest, log2e, magic, ln2 high, ln2 low.
	expTable = *(*[len(expPoly) + 5][8]float32)(eightfold(append(expPoly[:len(expPoly):len(expPoly)], expLowest, log2e, roundMagic, ln2High, ln2Low)))
)

func eightfold(values []float32) [][8]float32 {
	out := make([][8]float32, len(values))
	for i, v := range values {
		for j := range out[i] {
			out[i][j] = v
		}
	}
	return out
}
