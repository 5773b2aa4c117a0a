package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// peak is the most memory that the service ever had, in MiB.
func (s *Service) peak(t testing.TB) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Skip("no /proc on this system")
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return n >> 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// The attack: many bodies at once that take a hundred times their size when they are
// decoded. Memory stays bounded, nobody hangs, small requests are served meanwhile,
// and whoever found no room is told so and when to come again.
func TestManyLargeBodies(t *testing.T) {
	l := newLab(t, LabOptions{Bin: program, Limits: "{body_bytes: 1048576, memory_bytes: 134217728, drain_deadline: 5s}"})
	before := l.warm(t)
	first := l.peak(t)
	heavy := asking("Good day.", `"x":[`+strings.Repeat(`"a",`, 120_000)+`"a"]`)
	var all sync.WaitGroup
	var served, refused atomic.Int64
	for range 60 {
		all.Go(func() {
			r := l.chatAt("lists", heavy)
			switch {
			case r.Err == nil && r.Status == 200:
				served.Add(1)
			case r.Err == nil && r.Status == 503 && r.Header.Get("Retry-After") != "" && r.code() == "ServiceUnavailable":
				refused.Add(1)
			default:
				t.Errorf("a large body: %s %v", r.brief(), r.Err)
			}
		})
	}
	for range 20 {
		began := time.Now()
		if r := l.chat(asking("Good day to you.")); r.Status != 200 || time.Since(began) > 5*time.Second {
			t.Errorf("a small one meanwhile: %s after %s", r.brief(), time.Since(began))
		}
	}
	all.Wait()
	grown := l.peak(t) - first
	totals.note("60 bodies of %d KiB at once: %d served, %d refused, %d MiB more at the peak", len(heavy)>>10, served.Load(), refused.Load(), grown)
	if served.Load() == 0 || grown > 400 {
		t.Errorf("%d served, %d refused, memory grew by %d MiB", served.Load(), refused.Load(), grown)
	}
	l.quiet(t, before)
}
