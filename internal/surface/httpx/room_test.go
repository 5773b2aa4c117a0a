package httpx_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/surface/httpx"
)

// enter reads a body within room as a surface does; use runs while it is judged.
func enter(room *httpx.Room, body io.Reader, length int64, use func(*httpx.Share)) error {
	r := httptest.NewRequest("POST", "/", body)
	r.ContentLength = length
	r.Header.Set("Content-Type", "application/json")
	var s httpx.Share
	defer s.Leave()
	return room.JSONBody(httptest.NewRecorder(), r, 16<<20, &s, func([]byte) error {
		use(&s)
		return nil
	})
}

// What is admitted together is bounded, whatever comes: bodies of one long text and
// of nothing but tiny values, announced or in chunks. Everybody gets a turn.
func TestRoomIsBounded(t *testing.T) {
	const memory = 64 << 20
	room := httpx.NewRoom(memory)
	room.Patience(time.Minute)
	bodies := []string{`{"a":"` + strings.Repeat("a", 5<<20) + `"}`, `[` + strings.Repeat(`"a",`, 100_000) + `0]`, `{"a":"` + strings.Repeat("a", 300<<10) + `"}`, `{"a":"b"}`}
	var now, peak, done atomic.Int64
	var all sync.WaitGroup
	for i := range 80 {
		body := bodies[i%len(bodies)]
		length := int64(len(body))
		if i%3 == 0 {
			length = -1
		}
		all.Go(func() {
			err := enter(room, strings.NewReader(body), length, func(s *httpx.Share) {
				held, kept := s.Held()
				if held == 0 || kept > held {
					t.Errorf("holds %d, keeps %d", held, kept)
				}
				for n := now.Add(held); ; {
					if p := peak.Load(); n <= p || peak.CompareAndSwap(p, n) {
						break
					}
				}
				time.Sleep(2 * time.Millisecond)
				now.Add(-held)
				s.Answering()
				if left, _ := s.Held(); left != kept {
					t.Errorf("holds %d while it is answered, want %d", left, kept)
				}
				done.Add(1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if done.Load() != 80 || peak.Load() > memory {
		t.Errorf("%d were served, at most %d bytes at once, want 80 and %d", done.Load(), peak.Load(), memory)
	}
	t.Logf("at most %d KiB of %d", peak.Load()>>10, memory>>10)
}

// Large bodies that wait, for room to be read or judged, hold up no small one; those
// that wait too long, or whose callers leave, are let go and leave nothing behind.
func TestSmallBodiesPass(t *testing.T) {
	room := httpx.NewRoom(8 << 20)
	large := `{"a":"` + strings.Repeat("a", 1<<20) + `"}`
	for round := range 2 {
		room.Patience(time.Minute)
		inside, leave := make(chan bool), make(chan bool)
		var all sync.WaitGroup
		all.Go(func() {
			if err := enter(room, strings.NewReader(large), int64(len(large)), func(*httpx.Share) { inside <- true; <-leave }); err != nil {
				t.Error(err)
			}
		})
		<-inside
		var refused atomic.Int64
		room.Patience(50 * time.Millisecond)
		for range 5 {
			all.Go(func() {
				switch err := enter(room, strings.NewReader(large), int64(len(large)), func(*httpx.Share) {}); {
				case errors.Is(err, httpx.ErrCrowded):
					refused.Add(1)
				case err != nil:
					t.Error(err)
				}
			})
		}
		for range 50 {
			if err := enter(room, strings.NewReader(`{"a":"b"}`), 9, func(*httpx.Share) {}); err != nil {
				t.Fatalf("round %d: a small body: %v", round, err)
			}
		}
		time.Sleep(200 * time.Millisecond)
		close(leave)
		all.Wait()
		if refused.Load() != 5 {
			t.Errorf("round %d: %d large ones were refused, want 5", round, refused.Load())
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := httptest.NewRequest("POST", "/", strings.NewReader(large)).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	var s httpx.Share
	if err := room.JSONBody(httptest.NewRecorder(), r, 16<<20, &s, func([]byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who left: %v", err)
	}
	if held, _ := s.Held(); held != 0 {
		t.Errorf("who got no room holds %d", held)
	}
}
