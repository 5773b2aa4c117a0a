package audit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Recorder is what a Counter writes to: a Log.
type Recorder interface {
	Append(ctx context.Context, e Entry) (Receipt, error)
}

// CounterOptions of a Counter. Zero values are defaults.
type CounterOptions struct {
	// PerSecond is how many refusals of one code are written one by one in a
	// second. Zero is 10.
	PerSecond int
	// Every is the time between counted entries. Zero is ten seconds.
	Every time.Duration
	// Now is the clock. Nil is time.Now.
	Now func() time.Time
	// Logger hears of counts that could not be written yet. Nil discards.
	Logger *slog.Logger
}

// maxCounts bounds a Counter's memory. Codes, surfaces and resources are closed
// sets; if they ever are not, the rest is counted under the code "other".
const maxCounts = 1024

// Counter records refusals of callers that nobody knows yet. Such callers cost
// nothing to invent, so a durable entry for each would let a flood fill the disk
// and hold up everybody else's entries. The first few of a code in every second
// are written one by one; what is beyond is counted, and the count is written.
// Nothing goes unrecorded.
type Counter struct {
	rec Recorder
	o   CounterOptions

	// mu guards all below.
	mu     sync.Mutex
	counts map[countKey]*count

	stop  chan struct{}
	done  sync.WaitGroup
	close sync.Once
	err   error
}

type countKey struct{ operation, resource, surface, code string }

type count struct {
	second int64 // of the current window
	direct int   // entries written one by one in it
	held   int   // refusals not written yet
	status int
}

// NewCounter starts a Counter, which runs until Close.
func NewCounter(rec Recorder, o CounterOptions) *Counter {
	set(&o.PerSecond, 10)
	set(&o.Every, 10*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Counter{rec: rec, o: o, counts: map[countKey]*count{}, stop: make(chan struct{})}
	c.done.Go(c.run)
	return c
}

// Refuse records e, whose kind becomes Refused. It returns when e is durable, or
// at once when e was counted.
func (c *Counter) Refuse(ctx context.Context, e Entry) error {
	e.Kind = Refused
	if !c.direct(e) {
		return nil
	}
	_, err := c.rec.Append(ctx, e)
	return err
}

// direct reports whether e is written by itself; else it is counted.
func (c *Counter) direct(e Entry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.count(e)
	if now := c.o.Now().Unix(); n.second != now {
		n.second, n.direct = now, 0
	}
	if n.direct < c.o.PerSecond {
		n.direct++
		return true
	}
	n.held++
	n.status = e.Status
	return false
}

func (c *Counter) count(e Entry) *count {
	k := countKey{e.Operation, e.Resource, e.Surface, e.Code}
	n, ok := c.counts[k]
	if !ok && len(c.counts) >= maxCounts {
		k = countKey{code: "other"}
		n, ok = c.counts[k]
	}
	if !ok {
		n = &count{}
		c.counts[k] = n
	}
	return n
}

func (c *Counter) run() {
	tick := time.NewTicker(c.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-tick.C:
			if err := c.flush(context.Background()); err != nil {
				c.o.Logger.Warn("counted refusals are not recorded yet", slog.Any("err", err))
			}
		}
	}
}

// flush writes what was counted. What could not be written is counted on; what
// may have been written is not, because a count too high is as wrong as a lost one
// and ErrUncertain is a disk that hangs.
func (c *Counter) flush(ctx context.Context) error {
	var errs []error
	for k, n := range c.take() {
		_, err := c.rec.Append(ctx, Entry{
			Kind: Counted, Operation: k.operation, Resource: k.resource, Surface: k.surface,
			Code: k.code, Status: n.status, Count: n.held,
		})
		if err != nil {
			errs = append(errs, err)
			if !errors.Is(err, ErrUncertain) {
				c.giveBack(k, n)
			}
		}
	}
	return errors.Join(errs...)
}

// take empties the counts; keys that were silent for a whole interval are dropped.
func (c *Counter) take() map[countKey]count {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := map[countKey]count{}
	now := c.o.Now().Unix()
	for k, n := range c.counts {
		if n.held > 0 {
			taken[k] = *n
			n.held = 0
		} else if n.second != now {
			delete(c.counts, k)
		}
	}
	return taken
}

func (c *Counter) giveBack(k countKey, n count) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.counts[k]; ok {
		now.held += n.held
		return
	}
	c.counts[k] = &count{held: n.held, status: n.status}
}

// Close writes the counts and ends. It comes before the log's Close; Refuse must
// not be called after it. It is idempotent.
func (c *Counter) Close() error {
	c.close.Do(func() {
		close(c.stop)
		c.done.Wait()
		c.err = c.flush(context.Background())
	})
	return c.err
}
