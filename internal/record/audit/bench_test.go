package audit_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sallyport/internal/record/audit"
)

// BenchmarkAppend has 64 appenders and prints, beside the records a second, how
// often this disk syncs a 4 KiB write in the same run, and the processor time of
// one record, publishing included.
//
//	go test ./internal/record/audit -run '^$' -bench Append -benchtime 5s
func BenchmarkAppend(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "audit")
	rate := syncRate(b, filepath.Dir(dir))
	l := open(b, dir, audit.Options{CheckpointEvery: time.Second})
	var next atomic.Int64
	b.SetParallelism(max(1, 64/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	before := cpu()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(next.Add(1))
			e := intent(i / 2)
			if i%2 == 1 {
				e.Kind = audit.Outcome
			}
			if _, err := l.Append(context.Background(), e); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	elapsed := b.Elapsed()
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "records/s")
	b.ReportMetric(rate, "fsyncs/s")
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/record")
}

// BenchmarkEncode is the part of a record that its caller pays alone.
func BenchmarkEncode(b *testing.B) {
	e := intent(1)
	e.Time = time.Unix(1, 0)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = audit.AppendEntry(buf[:0], &e)
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

// BenchmarkDecode is what Open and readers pay.
func BenchmarkDecode(b *testing.B) {
	e := intent(1)
	e.Time = time.Unix(1, 0)
	line := audit.AppendEntry(nil, &e)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := audit.DecodeEntry(line); err != nil {
			b.Fatal(err)
		}
	}
}

func syncRate(b *testing.B, dir string) float64 {
	f, err := os.CreateTemp(dir, "sync")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	start, n := time.Now(), 0
	for ; time.Since(start) < 500*time.Millisecond; n++ {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
	}
	return float64(n) / time.Since(start).Seconds()
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
