package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// scene is one row group of the table.
type scene struct {
	name     string
	prompt   int
	stream   bool
	inFlight int
}

var scenes = []scene{
	{"0.5 KiB, 32 in flight", 512, false, 32},
	{"2 KiB, 32 in flight", 2 << 10, false, 32},
	{"32 KiB, 32 in flight", 32 << 10, false, 32},
	{"2 KiB, alone", 2 << 10, false, 1},
	{"stream of 64, 2 KiB, 32 in flight", 2 << 10, true, 32},
	{"stream of 64, 2 KiB, alone", 2 << 10, true, 1},
}

// table measures every scene on every target, interleaved, and prints medians.
func table(ctx context.Context, l *lab, rounds int, each time.Duration) error {
	targets := l.targets()
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "scene\ttarget\tCPU/request\tratio\trequests/s\tp50\tp99\tfirst byte p50\tp99\tRSS MiB\tfailed")
	for _, s := range scenes {
		all := make([][]result, len(targets))
		payload := body(s.prompt, s.stream)
		for range rounds {
			for i, t := range targets {
				if err := ctx.Err(); err != nil {
					return err
				}
				all[i] = append(all[i], load(ctx, t, payload, s.inFlight, each))
			}
		}
		base := median(all[0], func(r result) float64 { return float64(r.perRequest()) })
		for i, t := range targets {
			rs := all[i]
			cpu := median(rs, func(r result) float64 { return float64(r.perRequest()) })
			_, _ = fmt.Fprintf(out, "%s\t%s\t%.3f ms\t%.2fx\t%.0f\t%s\t%s\t%s\t%s\t%.0f\t%d\n", s.name, t.name, cpu/1e6, cpu/base,
				median(rs, func(r result) float64 { return float64(r.requests) / r.wall.Seconds() }),
				millis(rs, func(r result) time.Duration { return quantile(r.latencies, .5) }),
				millis(rs, func(r result) time.Duration { return quantile(r.latencies, .99) }),
				millis(rs, func(r result) time.Duration { return quantile(r.firsts, .5) }),
				millis(rs, func(r result) time.Duration { return quantile(r.firsts, .99) }),
				median(rs, func(r result) float64 { return float64(r.rss) / 1024 }), sum(rs))
		}
		_ = out.Flush()
	}
	return bigPrompt(ctx, l)
}

func median(rs []result, of func(result) float64) float64 {
	vs := make([]float64, len(rs))
	for i, r := range rs {
		vs[i] = of(r)
	}
	slices.Sort(vs)
	return vs[len(vs)/2]
}

func millis(rs []result, of func(result) time.Duration) string {
	return fmt.Sprintf("%.2f ms", median(rs, func(r result) float64 { return float64(of(r)) })/1e6)
}

func sum(rs []result) (n int64) {
	for _, r := range rs {
		n += r.failed
	}
	return n
}

// bigPrompt shows what one prompt of 10 MB does to the peak memory.
func bigPrompt(ctx context.Context, l *lab) error {
	const size = 10 << 20
	t := l.targets()[2]
	payload := body(size, false)
	client := &http.Client{Timeout: 60 * time.Second}
	t.p.resetPeak()
	before := t.p.memory("VmRSS")
	_, _, err := request(ctx, client, t, payload)
	peak := t.p.memory("VmHWM")
	fmt.Printf("one prompt of 10 MiB: resident %.0f MiB before, peak %.0f MiB: %.1fx its size (floor: 1x, the body itself; error: %v)\n",
		float64(before)/1024, float64(peak)/1024, float64(peak-before)*1024/size, err)
	return nil
}

// soakLoad keeps one load up, prints the memory each minute and judges it at the
// end: from the second minute on, when all is warm, it must not grow.
func soakLoad(ctx context.Context, l *lab, d time.Duration) error {
	t := l.targets()[2]
	payload, stream := body(2<<10, false), body(2<<10, true)
	var resident []int // KiB, by minute
	var failed int64
	for began := time.Now(); time.Since(began) < d; {
		r := load(ctx, t, payload, 32, min(30*time.Second, d/2))
		s := load(ctx, t, stream, 32, min(30*time.Second, d/2))
		if err := ctx.Err(); err != nil {
			return err
		}
		resident = append(resident, s.rss)
		failed += r.failed + s.failed
		fmt.Printf("minute %2d: %6d requests, %5d streams, %d failed, resident %.1f MiB (floor process %.1f MiB)\n",
			len(resident), r.requests, s.requests, r.failed+s.failed, float64(s.rss)/1024, float64(l.floor.memory("VmRSS"))/1024)
	}
	return verdict(resident, failed)
}

// What the memory may grow by from minute 2 to the end: the garbage collector
// moves it about this much without a leak.
const (
	growthShare = 0.25
	growthKiB   = 16 << 10
)

func verdict(resident []int, failed int64) error {
	if failed > 0 {
		return fmt.Errorf("%d requests failed", failed)
	}
	if len(resident) < 3 {
		fmt.Println("too short to judge the memory: three minutes are the least")
		return nil
	}
	at2, end := resident[1], resident[len(resident)-1]
	share := float64(end-at2) / float64(at2)
	fmt.Printf("resident in minute 2: %.1f MiB, at the end: %.1f MiB (%+.1f %%)\n", float64(at2)/1024, float64(end)/1024, 100*share)
	if share > growthShare && end-at2 > growthKiB {
		return fmt.Errorf("the memory grew by %.0f %%: more than %.0f %% is a leak", 100*share, 100*growthShare)
	}
	return nil
}
