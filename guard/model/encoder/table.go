//go:build amd64 || arm64

package encoder

// Constants of kernel.go, as often as a register holds them.
var (
	geluTable [len(geluPoly) + 4][8]float32 // the polynomial; range, -range, scale, half
	expTable  [len(expPoly) + 5][8]float32  // the polynomial; lowest, log2e, magic, ln2 high, low
)

func init() {
	fill := func(rows [][8]float32, values ...float32) {
		for i, v := range values {
			for j := range rows[i] {
				rows[i][j] = v
			}
		}
	}
	fill(geluTable[:], append(geluPoly[:len(geluPoly):len(geluPoly)], geluRange, -geluRange, geluScale, 0.5)...)
	fill(expTable[:], append(expPoly[:len(expPoly):len(expPoly)], expLowest, log2e, roundMagic, ln2High, ln2Low)...)
}
