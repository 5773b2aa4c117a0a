package audit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sallyport/internal/record/audit"
)

// disk fails one operation on the segments while on.
type disk struct {
	on  atomic.Bool
	op  audit.Op
	err error
}

func (d *disk) hook(op audit.Op, file string, _ int) error {
	if d.on.Load() && op == d.op && strings.HasPrefix(file, "segments/") {
		return d.err
	}
	return nil
}

// TestFailedDiskPoisons: after a failed write or sync nothing is recorded until a
// restart, and the restart finds a whole log.
func TestFailedDiskPoisons(t *testing.T) {
	for _, op := range []audit.Op{audit.OpWrite, audit.OpSync} {
		t.Run(string(op), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "audit")
			d := &disk{op: op, err: syscall.EIO}
			l := open(t, dir, audit.Options{Hook: d.hook})
			mustAppend(t, l, intent(1))
			d.on.Store(true)
			if _, err := l.Append(t.Context(), intent(2)); !errors.Is(err, audit.ErrPoisoned) || !errors.Is(err, syscall.EIO) {
				t.Errorf("while it fails: got %v", err)
			}
			d.on.Store(false)
			if _, err := l.Append(t.Context(), outcome(1)); !errors.Is(err, audit.ErrPoisoned) {
				t.Errorf("after it failed: got %v, want ErrPoisoned", err)
			}
			if !errors.Is(l.Healthy(), audit.ErrPoisoned) {
				t.Errorf("Healthy: got %v", l.Healthy())
			}
			if err := l.Close(); !errors.Is(err, audit.ErrPoisoned) {
				t.Errorf("Close: got %v, want ErrPoisoned", err)
			}
			l = open(t, dir, audit.Options{})
			if _, err := l.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			intact(t, dir, l.Size())
		})
	}
}

// TestFullDiskHeals: the disk takes part of a batch and says ENOSPC. Nothing of it
// stays, and the log goes on when there is room.
func TestFullDiskHeals(t *testing.T) {
	for _, op := range []audit.Op{audit.OpWrite, audit.OpAllocate} {
		t.Run(string(op), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "audit")
			d := &disk{op: op, err: syscall.ENOSPC}
			l := open(t, dir, audit.Options{Hook: d.hook})
			mustAppend(t, l, intent(1))
			d.on.Store(true)
			refused := 0
			for i := range 400 { // beyond what is allocated ahead
				if _, err := l.Append(t.Context(), intent(100+i)); errors.Is(err, audit.ErrUnavailable) {
					refused++
				} else if err != nil {
					t.Fatalf("got %v, want ErrUnavailable", err)
				}
			}
			if refused == 0 || l.Healthy() != nil {
				t.Errorf("%d refused, healthy: %v", refused, l.Healthy())
			}
			if op == audit.OpAllocate { // the reserve was had before
				mustAppend(t, l, outcome(1))
			}
			if _, err := l.Append(t.Context(), large()); !errors.Is(err, audit.ErrUnavailable) {
				t.Errorf("a large entry: got %v", err)
			}
			d.on.Store(false)
			mustAppend(t, l, audit.Entry{Kind: audit.Admin})
			// Before Close: nothing of the large entry lies behind the small one.
			intact(t, dir, l.Size())
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			intact(t, dir, l.Size())
		})
	}
}

// large is an entry of many kilobytes.
func large() audit.Entry {
	e := intent(7)
	for range 400 {
		e.Verdicts = append(e.Verdicts, audit.VerdictNote{Category: "hate", Stage: "ngram", Version: "2026-11"})
	}
	return e
}

// TestOutcomesHaveAPlaceOnAFullDisk fills a real file system under the log.
func TestOutcomesHaveAPlaceOnAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small tmpfs takes root")
	}
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=3m"); err != nil {
		t.Skip("cannot mount: ", err)
	}
	defer syscall.Unmount(mount, syscall.MNT_DETACH)
	dir := filepath.Join(mount, "audit")
	l := open(t, dir, audit.Options{CheckpointEvery: time.Hour, SegmentBytes: 256 << 10})
	begun := 0
	for ; ; begun++ {
		_, err := l.Append(t.Context(), intent(begun))
		if errors.Is(err, audit.ErrUnavailable) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if begun < 50 {
		t.Fatalf("only %d intents fit", begun)
	}
	fill(t, mount)
	for range 1000 { // small entries fit in what is over, and then no more
		if _, err := l.Append(t.Context(), audit.Entry{Kind: audit.Admin}); errors.Is(err, audit.ErrUnavailable) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Append(t.Context(), intent(-1)); !errors.Is(err, audit.ErrUnavailable) {
		t.Errorf("an intent on a full disk: got %v", err)
	}
	for i := range begun {
		if _, err := l.Append(t.Context(), outcome(i)); err != nil {
			t.Fatalf("outcome %d of %d has no place: %v", i, begun, err)
		}
	}
	if err := l.Healthy(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(mount, "filler")); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, audit.Entry{Kind: audit.Admin})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	intact(t, dir, l.Size())
}

func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{64 << 10, 4096, 1} {
		for {
			if _, err := f.Write(make([]byte, size)); err != nil {
				break
			}
		}
	}
}

// hang makes the disk stop until it is let go.
type hang struct {
	mu sync.Mutex
	on atomic.Bool
	in chan struct{}
}

func (h *hang) hook(op audit.Op, file string, _ int) error {
	if h.on.Load() && op == audit.OpSync && strings.HasPrefix(file, "segments/") {
		h.in <- struct{}{}
		h.mu.Lock()
		defer h.mu.Unlock()
	}
	return nil
}

// TestHangingDisk: a caller that leaves before its entry is taken leaves no
// trace; one whose entry is being synced learns that nobody knows.
func TestHangingDisk(t *testing.T) {
	h := &hang{in: make(chan struct{}, 100)}
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, dir, audit.Options{Hook: h.hook, Deadline: 100 * time.Millisecond})
	h.mu.Lock()
	h.on.Store(true)
	stuck := make(chan error)
	go func() {
		_, err := l.Append(context.Background(), intent(1))
		stuck <- err
	}()
	<-h.in
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := l.Append(ctx, intent(2)); !errors.Is(err, audit.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting behind a hanging disk: got %v, want ErrBusy", err)
	}
	if err := <-stuck; !errors.Is(err, audit.ErrUncertain) {
		t.Errorf("being synced: got %v, want ErrUncertain", err)
	}
	h.on.Store(false)
	h.mu.Unlock()
	mustAppend(t, l, intent(3))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), intent(4)); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("after Close: got %v, want ErrClosed", err)
	}
	intact(t, dir, 2) // the first and the third; the second left no trace
}

func TestOneWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	open(t, dir, audit.Options{})
	if l, err := audit.Open(t.Context(), dir, audit.Options{Origin: origin}); err == nil {
		l.Close()
		t.Error("a second writer opened the log")
	}
}

// TestVerifyBesideAWriter: verification never blames a log for being in use.
func TestVerifyBesideAWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, dir, audit.Options{CheckpointEvery: 3 * time.Millisecond, SegmentBytes: 50_000})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					mustAppend(t, l, intent(1))
				}
			}
		})
	}
	for until := time.Now().Add(time.Second); time.Now().Before(until); {
		r, err := audit.Verify(dir, audit.VerifyOptions{})
		if err != nil || r.State != audit.Intact || !r.Live {
			t.Errorf("got %+v, %v", r, err)
			break
		}
	}
	close(stop)
	wg.Wait()
}
