package model

import (
	"encoding/binary"
	"math"
	"strings"

	"sallyport/guard"
	"sallyport/guard/model/ngram"
)

// Table packs rows of unsigned bytes (a weight plus 128) two words a row. It
// is exported for training.
func Table(rows []byte) *[ngram.Buckets * 2]uint64 {
	t := new([ngram.Buckets * 2]uint64)
	for i := range t {
		t[i] = binary.LittleEndian.Uint64(rows[i*8:])
	}
	return t
}

// sums are the heads' sums over some features.
type sums struct {
	value [Columns]int32
	n     int32 // features
}

func (s *sums) add(o *sums) {
	for c := range s.value {
		s.value[c] += o.value[c]
	}
	s.n += o.n
}

// evenBytes selects every second byte, so that eight bytes become two times
// four lanes of sixteen bits.
const evenBytes = 0x00FF00FF00FF00FF

// maxLane is how many bytes a lane of sixteen bits can sum: 257 * 255 = 65535.
const maxLane = 257

// sum adds up the rows of the features. Four words hold sixteen lanes, which
// is several times faster than adding bytes one at a time.
func sum(t *[ngram.Buckets * 2]uint64, features []uint32) sums {
	s := sums{n: int32(len(features))}
	for len(features) > 0 {
		n := min(len(features), maxLane)
		var a, b, c, d uint64
		for _, f := range features[:n] {
			i := f & (ngram.Buckets - 1) * 2
			lo, hi := t[i], t[i+1]
			a += lo & evenBytes
			b += lo >> 8 & evenBytes
			c += hi & evenBytes
			d += hi >> 8 & evenBytes
		}
		for k := 0; k < 4; k++ {
			s.value[2*k] += int32(uint16(a >> (16 * k)))
			s.value[2*k+1] += int32(uint16(b >> (16 * k)))
			s.value[8+2*k] += int32(uint16(c >> (16 * k)))
			s.value[8+2*k+1] += int32(uint16(d >> (16 * k)))
		}
		features = features[n:]
	}
	for c := range s.value {
		s.value[c] -= 128 * s.n
	}
	return s
}

// best is the highest value of each head over the windows of a text.
type best struct {
	value   [Columns]float32
	window  [Columns]guard.Span // in the normalised text
	windows int
}

// Sizes are the sizes of windows in blocks: a sentence hidden in a long text
// (about 120 characters), one that a block's end cuts (240), and what takes more
// words (480). All move on by one block.
var Sizes = [3]int{1, 2, LargeWindow}

// LargeWindow is the largest of Sizes.
const LargeWindow = 4

// best slides windows of all sizes over text.
func (m *Model) best(text string) best {
	var out best
	if strings.TrimSpace(text) == "" {
		return out // nothing to score: the bias is not a finding
	}
	var buf [ngram.MaxFeatures]uint32
	var last [LargeWindow]sums // a ring of the last blocks
	var starts [LargeWindow]int
	walk := ngram.Walk(text)
	for k := 0; ; k++ {
		n, start, end, ok := walk.Next(buf[:])
		if !ok {
			break
		}
		last[k%LargeWindow], starts[k%LargeWindow] = sum(m.table, buf[:n]), start
		for _, size := range Sizes {
			if k+1 < size && end < len(text) {
				continue
			}
			if k+1 < size && size > 2*(k+1) {
				break // a text shorter than the window was scored whole already
			}
			if size == 1 && k > 0 && end-start < ngram.BlockSize/2 {
				continue // the rest of a text is too little to judge by itself
			}
			var s sums
			blocks := min(size, k+1)
			for b := range blocks {
				s.add(&last[(k-b)%LargeWindow])
			}
			m.window(&out, &s, guard.Span{Start: starts[(k-blocks+1)%LargeWindow], End: end})
		}
	}
	return out
}

func (m *Model) window(out *best, s *sums, at guard.Span) {
	norm := float32(1 / math.Sqrt(float64(s.n)))
	for c := range out.value {
		v := m.manifest.Bias[c] + m.manifest.Scale[c]*float32(s.value[c])*norm
		if out.windows == 0 || v > out.value[c] {
			out.value[c], out.window[c] = v, at
		}
	}
	out.windows++
}
