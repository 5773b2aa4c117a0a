package httpx

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrCrowded is the error of a body for which there is no room: too much is being
// read or judged at the moment.
var ErrCrowded = errors.New("no room for the body")

// DefaultMemory is what all requests together may take while their bodies are
// read, decoded and judged, in bytes.
const DefaultMemory = 512 << 20

// RoomWait is how long a body waits for room before it is refused.
const RoomWait = 5 * time.Second

const (
	// freeBody is how much of a body is read without asking: as much as a connection
	// costs anyway.
	freeBody = 64 << 10
	// smallWeight is from which weight a request belongs to the large ones. The small
	// ones have room of their own and wait for nobody large.
	smallWeight = 2 << 20
	// What a request takes while it is decoded and judged, and while it is answered:
	// so many times its bytes, and so much for each value in it (measured: a value of
	// one letter takes 660 bytes until it is judged).
	judgedBytes, judgedValue = 5, 640
	keptBytes, keptValue     = 2, 128
	mostValues               = 1 << 17 // no more are decoded
)

// Room bounds the memory of requests by what they would take, before they take it.
// It is safe for concurrent use. Nobody who holds judging room waits for any other,
// and reading room is held by those only who get judging room or give up: there is
// no deadlock.
type Room struct {
	reading, small, large hall
	wait                  time.Duration
}

type hall struct {
	*semaphore.Weighted
	size int64
}

// NewRoom returns a room of so many bytes; 0 means DefaultMemory.
func NewRoom(memory int64) *Room {
	memory = or(memory, DefaultMemory)
	of := func(size int64) hall { return hall{semaphore.NewWeighted(size), size} }
	return &Room{reading: of(memory / 4), small: of(memory / 4), large: of(memory / 2), wait: RoomWait}
}

// Share is what one request has of a room. The zero Share has nothing.
type Share struct {
	mu   sync.Mutex
	hall hall
	held int64 // guarded by mu
	kept int64 // of it, what Answering leaves
}

// enter waits for n bytes of the hall. Who wants more than the whole gets the whole.
func (s *Share) enter(ctx context.Context, h hall, n int64, wait time.Duration) error {
	n = min(n, h.size)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := h.Acquire(ctx, n); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return ErrCrowded
		}
		return err
	}
	s.hall, s.held = h, n
	return nil
}

// Answering gives back what only decoding and judging needed: the request was sent
// on, and what is left of it waits for its answer.
func (s *Share) Answering() { s.shrink(s.kept) }

// Leave gives back all. It may be called twice.
func (s *Share) Leave() { s.shrink(0) }

func (s *Share) shrink(to int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held > to {
		s.hall.Release(s.held - to)
		s.held = to
	}
}

// admit waits for the room in which body is decoded and judged.
func (r *Room) admit(ctx context.Context, body []byte, s *Share) error {
	values := int64(min(mostValues, 1+bytes.Count(body, []byte{','})+bytes.Count(body, []byte{'['})+bytes.Count(body, []byte{'{'})))
	size := int64(len(body))
	weight := judgedBytes*size + judgedValue*values
	h := r.small
	if weight > smallWeight {
		h = r.large
	}
	s.kept = keptBytes*size + keptValue*values
	return s.enter(ctx, h, weight, r.wait)
}
