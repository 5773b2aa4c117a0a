// Command peer times gomlx's pure Go backend, on which hugot runs its models, on
// the shape of our encoder: layers and attention in float32, random weights, a
// window of 128 tokens. The encoder itself runs beside it:
//
//	cd training/encoder/peer && go run . -weights ../../../guard/model/encoder/weights/encoder.bin
//
// It is a module of its own: nothing of it is in the program.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gomlx/gomlx/backends"
	_ "github.com/gomlx/gomlx/backends/simplego"
	. "github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"

	"sallyport/guard/model/encoder"
)

const (
	tokens, hidden, inner, heads, layers = 128, 384, 1536, 12, 6
	size                                 = hidden / heads
)

func main() {
	weights := flag.String("weights", "", "the encoder's file")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	theirs := peer()
	ours, report, err := own(*weights)
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
	fmt.Printf("gomlx simplego, float32, one processor: %.1f ms for %d tokens\n", theirs*1e3, tokens)
	fmt.Printf("%s: %.1f ms; ratio %.0f\n", report, ours*1e3, theirs/ours)
}

// best is the shortest of some runs, in seconds.
func best(n int, f func()) float64 {
	least := math.Inf(1)
	for range n {
		began := time.Now()
		f()
		least = min(least, time.Since(began).Seconds())
	}
	return least
}

func own(path string) (float64, string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, "", err
	}
	e, err := encoder.Load(data)
	if err != nil {
		return 0, "", err
	}
	text := strings.Repeat("The minutes of the meeting are attached. ", 40)
	one := func() {
		if _, err = e.Read(context.Background(), text, encoder.Options{Windows: 1}, func(*encoder.Window) error { return nil }); err != nil {
			panic(err)
		}
	}
	one()
	return best(20, one), e.Report(), nil
}

func peer() float64 {
	backend := backends.MustNew()
	exec := MustNewExec(backend, func(all []*Node) *Node {
		x := all[0]
		for l := range layers {
			w := all[1+4*l:]
			qkv := Reshape(MatMul(x, w[0]), tokens, 3, heads, size)
			part := func(i int) *Node {
				return Reshape(Slice(qkv, AxisRange(), AxisRange(i, i+1), AxisRange(), AxisRange()), tokens, heads, size)
			}
			score := Softmax(MulScalar(Einsum("qhd,khd->hqk", part(0), part(1)), 1/math.Sqrt(size)), -1)
			mixed := Reshape(Einsum("hqk,khd->qhd", score, part(2)), tokens, hidden)
			x = norm(Add(x, MatMul(mixed, w[1])))
			up := MatMul(x, w[2])
			up = Mul(up, MulScalar(AddScalar(Erf(MulScalar(up, math.Sqrt(0.5))), 1), 0.5))
			x = norm(Add(x, MatMul(up, w[3])))
		}
		return x
	})
	args := []any{random(tokens, hidden)}
	for range layers {
		args = append(args, random(hidden, 3*hidden), random(hidden, hidden), random(hidden, inner), random(inner, hidden))
	}
	exec.MustExec(args...)
	return best(5, func() { exec.MustExec(args...) })
}

func norm(x *Node) *Node {
	d := Sub(x, ReduceAndKeep(x, ReduceMean, -1))
	v := ReduceAndKeep(Mul(d, d), ReduceMean, -1)
	return Mul(d, Rsqrt(AddScalar(v, 1e-12)))
}

func random(rows, columns int) *tensors.Tensor {
	v := make([]float32, rows*columns)
	for i := range v {
		v[i] = float32(rand.NormFloat64()) * 0.05
	}
	return tensors.FromFlatDataAndDimensions(v, rows, columns)
}
