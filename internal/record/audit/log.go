package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of Append.
var (
	// ErrPoisoned: the disk failed; nothing is written until a restart.
	ErrPoisoned = errors.New("audit log: the disk failed, nothing more is recorded until a restart")
	// ErrUnavailable: nothing of the entry was written; a later Append may succeed.
	ErrUnavailable = errors.New("audit log: no space to record")
	// ErrBusy: nothing of the entry was written within its deadline.
	ErrBusy = errors.New("audit log: not recorded in time")
	// ErrUncertain: the deadline passed while the entry was being made durable. It
	// may or may not be in the log.
	ErrUncertain = errors.New("audit log: recording is taking too long; it is not known whether it succeeds")
	// ErrClosed: the log is closed.
	ErrClosed = errors.New("audit log: closed")
	// ErrTooLarge: the entry has more verdicts than a record holds.
	ErrTooLarge = errors.New("audit log: entry too large")
	// ErrNoKind: the entry states nothing.
	ErrNoKind = errors.New("audit log: entry without a kind")
)

// Options of a log. Origin is required.
type Options struct {
	// Origin names the log in its checkpoints, e.g. "ai.example/ward-1".
	Origin string
	// Key signs checkpoints. Nil is a key file in the log's folder, made at first open.
	Key ed25519.PrivateKey
	// CheckpointEvery is the time between checkpoints of a growing log. Zero is a minute.
	CheckpointEvery time.Duration
	// SegmentBytes is where a segment ends. Zero is 64 MiB.
	SegmentBytes int64
	// MaxBatch is the most entries of one write. Zero is 1024.
	MaxBatch int
	// Queue is the most entries waiting for the writer. Zero is 4096.
	Queue int
	// Deadline bounds an Append whose context has none, and the wait for a disk
	// that hangs. Zero is ten seconds.
	Deadline time.Duration
	// Now is the clock. Nil is time.Now.
	Now func() time.Time
	// Logger hears what the log does by itself. Nil discards.
	Logger *slog.Logger
	// Hook fails the disk in tests.
	Hook Hook
}

// checkpointAfter is how many entries a checkpoint may lag behind, whatever its
// interval: it bounds what a crash leaves unsigned, and the work of one publish.
const checkpointAfter = 1 << 16

// outcomeReserve is the space kept on the disk for the outcome of an open
// intent. An outcome beyond it is written if there is room, as any other entry.
const outcomeReserve = 4 << 10

func (o Options) withDefaults() Options {
	set(&o.CheckpointEvery, time.Minute)
	set(&o.SegmentBytes, 64<<20)
	set(&o.MaxBatch, 1024)
	set(&o.Queue, 4096)
	set(&o.Deadline, 10*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func set[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Log is an open log. Its methods may be called concurrently.
type Log struct {
	dir    string
	o      Options
	lock   *os.File
	vkey   string
	queue  chan *pending
	pool   sync.Pool
	writer *writer

	size   atomic.Int64 // durable entries
	poison atomic.Pointer[error]

	recovered []Entry // intents without outcome that Open found; fixed after Open

	// mu guards closed. Append holds it for reading while it enqueues, so that no
	// entry enters the queue after Close has shut it.
	mu     sync.RWMutex
	closed bool

	stopPublish chan struct{}
	nudge       chan struct{} // the writer tells the publisher of much work
	done        sync.WaitGroup
	closeOnce   sync.Once
	closeErr    error
}

// Receipt proves that an entry is durable.
type Receipt struct {
	Index int64
}

// pending is an entry on its way. Its state settles the race between the writer
// taking it and the caller giving up.
type pending struct {
	line  []byte
	kind  Kind
	id    string
	state atomic.Int32
	done  chan result // capacity 1: the writer never waits for a caller
	timer *time.Timer
}

type result struct {
	index int64
	err   error
}

const (
	waiting int32 = iota
	taken         // the writer has it
	left          // the caller gave up before the writer took it
)

func newPending() *pending {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &pending{done: make(chan result, 1), timer: t}
}

// Append records e and returns when it is durable. Nothing that e permits may
// happen before. On ErrUncertain the entry may be in the log; on every other
// error it is not (ErrPoisoned: it may be found at the next start, and an intent
// is then closed as unknown).
//
// An intent also reserves the space of its outcome, the entry of kind Outcome
// with the same ID.
func (l *Log) Append(ctx context.Context, e Entry) (Receipt, error) {
	if e.Kind == 0 || int(e.Kind) >= len(kindWords) {
		return Receipt{}, ErrNoKind
	}
	if e.Time.IsZero() {
		e.Time = l.o.Now()
	}
	p := l.pool.Get().(*pending)
	p.line = AppendEntry(p.line[:0], &e)
	p.kind, p.id = e.Kind, e.ID
	p.state.Store(waiting)
	if len(p.line) > MaxEntry {
		l.pool.Put(p)
		return Receipt{}, ErrTooLarge
	}
	p.timer.Reset(l.o.Deadline)
	defer p.timer.Stop()
	if err := l.enqueue(ctx, p); err != nil {
		l.pool.Put(p)
		return Receipt{}, err
	}
	return l.await(ctx, p)
}

func (l *Log) enqueue(ctx context.Context, p *pending) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return ErrClosed
	}
	if err := l.Healthy(); err != nil {
		return err
	}
	select {
	case l.queue <- p:
		return nil
	default:
	}
	select {
	case l.queue <- p:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBusy, context.Cause(ctx))
	case <-p.timer.C:
		return ErrBusy
	}
}

// await waits for the writer. A caller whose context ends before the writer took
// the entry leaves without a trace; after, it waits for the truth, up to the
// log's deadline. A pending that was left goes to the garbage, not to the pool:
// the writer still holds it.
func (l *Log) await(ctx context.Context, p *pending) (Receipt, error) {
	select {
	case r := <-p.done:
		return l.finish(p, r)
	case <-p.timer.C:
		if p.state.CompareAndSwap(waiting, left) {
			return Receipt{}, ErrBusy
		}
		return l.uncertain(p)
	case <-ctx.Done():
		if p.state.CompareAndSwap(waiting, left) {
			return Receipt{}, fmt.Errorf("%w: %w", ErrBusy, context.Cause(ctx))
		}
	}
	select {
	case r := <-p.done:
		return l.finish(p, r)
	case <-p.timer.C:
		return l.uncertain(p)
	}
}

func (l *Log) uncertain(p *pending) (Receipt, error) {
	select {
	case r := <-p.done: // it was decided in the same moment
		return l.finish(p, r)
	default:
		return Receipt{}, ErrUncertain
	}
}

func (l *Log) finish(p *pending, r result) (Receipt, error) {
	l.pool.Put(p)
	return Receipt{Index: r.index}, r.err
}

// Healthy is nil while the log can record; readiness reports it.
func (l *Log) Healthy() error {
	if err := l.poison.Load(); err != nil {
		return *err
	}
	return nil
}

// setPoison keeps the first cause.
func (l *Log) setPoison(cause error) error {
	err := fmt.Errorf("%w: %w", ErrPoisoned, cause)
	if l.poison.CompareAndSwap(nil, &err) {
		l.o.Logger.Error("audit log poisoned", slog.Any("err", cause))
	}
	return *l.poison.Load()
}

// Size is the number of durable entries.
func (l *Log) Size() int64 { return l.size.Load() }

// VerifierKey is the key that the log's checkpoints verify with, in note's form:
// what an auditor should keep.
func (l *Log) VerifierKey() string { return l.vkey }

// Dir is the folder of the log.
func (l *Log) Dir() string { return l.dir }

// OpenIntents are the intents that Open found without an outcome: what was under
// way when the service died.
func (l *Log) OpenIntents() []Entry { return append([]Entry(nil), l.recovered...) }

// Recover writes the outcome "unknown" for every open intent that Open found and
// returns how many. It is called once, before the service serves.
func (l *Log) Recover(ctx context.Context) (int, error) {
	for i, in := range l.recovered {
		_, err := l.Append(ctx, Entry{
			Kind: Outcome, ID: in.ID, Operation: in.Operation, Resource: in.Resource,
			Deployment: in.Deployment, Model: in.Model, Backend: in.Backend, Region: in.Region,
			Surface: in.Surface, Principal: in.Principal, UseCase: in.UseCase,
			Reserved: in.Reserved, Code: "unknown", Finish: "unknown",
		})
		if err != nil {
			l.recovered = l.recovered[i:]
			return i, fmt.Errorf("closing intents of the last run: %w", err)
		}
	}
	n := len(l.recovered)
	l.recovered = nil
	return n, nil
}

// Close stops taking entries, writes out what was taken and a last checkpoint.
// It is idempotent.
func (l *Log) Close() error {
	l.closeOnce.Do(func() { l.closeErr = l.close() })
	return l.closeErr
}

func (l *Log) close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	close(l.queue) // by the lock no Append is sending; the writer drains and ends
	close(l.stopPublish)
	l.done.Wait()
	err := l.Healthy()
	if err == nil {
		// What was allocated ahead goes back first: it may be the room that the last
		// tiles and the checkpoint need.
		_ = l.writer.out.f.Truncate(l.writer.out.off)
		err = l.writer.publisher.publish(l.size.Load())
	}
	l.writer.publisher.close()
	return errors.Join(err, l.writer.out.f.Close(), l.lock.Close())
}

// checkpoint publishes what is durable.
func (l *Log) checkpoint(p *publisher) {
	if err := p.publish(l.size.Load()); err != nil {
		// Entries stay durable and chained; only their signature is late. Damage is
		// another matter: what was acknowledged is not there any more.
		if _, ok := errors.AsType[*Damage](err); ok {
			_ = l.setPoison(err)
			return
		}
		l.o.Logger.Warn("audit checkpoint delayed", slog.Any("err", err))
	}
}

// publishLoop owns the publisher until Close.
func (l *Log) publishLoop(p *publisher) {
	tick := time.NewTicker(l.o.CheckpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stopPublish:
			return
		case <-tick.C:
			l.checkpoint(p)
		case <-l.nudge:
			l.checkpoint(p)
		}
	}
}
