// Command benchmark compares Sallyport with a bare reverse proxy before the same
// mock upstream, in one run, interleaved. It starts all three as processes and
// takes CPU from the kernel's accounting, so that the load generator beside them
// counts for nobody.
//
//	go run ./test/benchmark            the table of `make bench`
//	go run ./test/benchmark -soak 10m  one load, memory minute by minute
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "floor" {
		exit(floor(os.Args[2]))
	}
	rounds := flag.Int("rounds", 3, "interleaved rounds; the table shows medians")
	seconds := flag.Duration("each", 2*time.Second, "length of one measurement")
	only := flag.Bool("memory", false, "only the memory of one large prompt")
	soak := flag.Duration("soak", 0, "run one load for so long instead, and watch the memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, *rounds, *seconds, *soak, *only))
}

func exit(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "benchmark:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, rounds int, each, soak time.Duration, memory bool) error {
	lab, err := openLab(ctx)
	if err != nil {
		return err
	}
	defer lab.close()
	if soak > 0 {
		return soakLoad(ctx, lab, soak)
	}
	if memory {
		return bigPrompt(ctx, lab)
	}
	return table(ctx, lab, rounds, each)
}
