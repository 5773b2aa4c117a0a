package encoder

import (
	"context"
	"strings"
	"testing"
	"time"

	"sallyport/guard/model/encoder/weights"
)

// BenchmarkWindow is a window of 128 tokens with each kernel; floor is the time
// of its dense layers' products alone, so the ratio says what all the rest costs.
func BenchmarkWindow(b *testing.B) {
	for _, k := range kernels() {
		e, err := load(weights.File, k)
		if err != nil {
			b.Fatal(err)
		}
		s := e.newScratch()
		text := strings.Repeat("The minutes of the meeting are attached to this mail. ", 30)
		one := func() {
			if _, err := e.read(context.Background(), s, text, Options{Windows: 1}, e.pass, func(w *Window) error {
				if w.rows < Length-slack {
					b.Fatalf("%d tokens", w.rows)
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(k.name, func(b *testing.B) {
			b.ReportAllocs()
			whole := least(one)
			floor := least(func() {
				for i := range e.layers {
					for _, m := range []*matrix{&e.layers[i].qkv, &e.layers[i].out, &e.layers[i].up, &e.layers[i].down} {
						k.int8(&s.acc[0], &s.act[0], &m.w[0], &m.sums[0], Length, m.out, m.in)
					}
				}
			})
			for b.Loop() {
				one()
			}
			b.ReportMetric(whole.Seconds()*1e3, "ms-best")
			b.ReportMetric(whole.Seconds()/floor.Seconds(), "x-products-alone")
		})
	}
}

// least is the shortest of some runs: what other programs took away is not in it.
func least(f func()) time.Duration {
	best := time.Hour
	for began := time.Now(); time.Since(began) < time.Second; {
		at := time.Now()
		f()
		best = min(best, time.Since(at))
	}
	return best
}

func BenchmarkTokens(b *testing.B) {
	e, s := must(b), &scan{}
	text := strings.Repeat("The minutes of the meeting are attached to this mail, 会議の議事録です。 ", 14)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.reset(e.tokens, text, 0)
		for _, _, ok := s.next(); ok; _, _, ok = s.next() {
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(weights.File); err != nil {
			b.Fatal(err)
		}
	}
}
