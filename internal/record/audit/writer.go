package audit

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
)

// writer owns the segments. All its fields belong to its goroutine, before that
// to Open, after that to Close.
type writer struct {
	l         *Log
	out       *appendFile
	chain     chain
	index     int64
	open      map[string]struct{} // intents without an outcome
	publisher *publisher          // handed from Open to its goroutine, then to Close
	signedAt  int64               // size at the last nudge
	stalled   bool                // the disk is full; said once

	batch []*pending
	buf   []byte
	hash  []byte
}

func (w *writer) run() {
	for first := range w.l.queue {
		w.collect(first)
		if len(w.batch) > 0 {
			w.commit()
		}
		w.nudge()
	}
}

// collect takes what is waiting. Entries whose callers left are dropped: they
// were told that nothing is recorded.
func (w *writer) collect(first *pending) {
	w.batch = w.batch[:0]
	w.take(first)
	// Callers that the last batch has just woken come back with their next entry
	// right now; one yield lets them join instead of waiting for the disk twice.
	runtime.Gosched()
	for len(w.batch) < w.l.o.MaxBatch {
		select {
		case p, ok := <-w.l.queue:
			if !ok {
				return
			}
			w.take(p)
		default:
			return
		}
	}
}

func (w *writer) take(p *pending) {
	if p.state.CompareAndSwap(waiting, taken) {
		w.batch = append(w.batch, p)
	}
}

// commit makes the batch durable or tells every caller why not.
func (w *writer) commit() {
	if err := w.l.Healthy(); err != nil {
		w.refuse(w.batch, err)
		return
	}
	w.rotate()
	if err := w.out.ensure(w.need(w.batch)); err != nil {
		if !noSpace(err) {
			w.refuse(w.batch, w.l.setPoison(err))
			return
		}
		w.full(err)
		if w.batch = w.onlyOutcomes(); len(w.batch) == 0 {
			return
		}
	}
	w.write()
}

// need is how far the segment reaches when the batch and, after it, the outcome
// of every open intent are written.
func (w *writer) need(batch []*pending) int64 {
	size, open := w.out.off, int64(len(w.open))
	for _, p := range batch {
		size += recordHead + int64(len(p.line))
		switch p.kind {
		case Intent:
			open++
		case Outcome:
			if _, ok := w.open[p.id]; ok {
				open--
			}
		}
	}
	return size + open*outcomeReserve
}

// onlyOutcomes refuses everything but the outcomes for which space was reserved.
func (w *writer) onlyOutcomes() []*pending {
	kept, room := w.batch[:0], w.out.alloc-w.out.off-int64(len(w.open))*outcomeReserve
	closing := map[string]bool{}
	for _, p := range w.batch {
		size := recordHead + int64(len(p.line))
		_, open := w.open[p.id]
		switch {
		case p.kind == Outcome && open && !closing[p.id] && size <= outcomeReserve:
			closing[p.id] = true
			kept = append(kept, p)
		case p.kind == Outcome && size <= room:
			room -= size
			kept = append(kept, p)
		default:
			p.done <- result{err: ErrUnavailable}
		}
	}
	return kept
}

func (w *writer) full(err error) {
	if !w.stalled {
		w.l.o.Logger.Error("audit log has no space: refusing what would have to be recorded", slog.Any("err", err))
	}
	w.stalled = true
}

func (w *writer) refuse(batch []*pending, err error) {
	for _, p := range batch {
		p.done <- result{err: err}
	}
}

// write is the durable step: one write, one sync, then the news.
func (w *writer) write() {
	w.buf = w.buf[:0]
	c, index := w.chain, w.index
	for _, p := range w.batch {
		c = c.next(&w.hash, p.line)
		w.buf = appendRecord(w.buf, index, c, p.line)
		index++
	}
	if err := w.out.write(w.buf); err != nil {
		w.refuse(w.batch, w.failedWrite(err))
		return
	}
	if err := w.out.sync(); err != nil {
		// The kernel may have dropped the pages and will report the next sync as a
		// success: nothing can be said about this file any more.
		w.refuse(w.batch, w.l.setPoison(err))
		return
	}
	w.stalled = false
	w.settle(c)
}

func (w *writer) failedWrite(err error) error {
	if !noSpace(err) {
		return w.l.setPoison(err)
	}
	w.full(err)
	if err := w.out.undo(); err != nil {
		return w.l.setPoison(err)
	}
	// Undoing gave the reserve back; if it cannot be had again, outcomes of open
	// intents are on their own, as everything else.
	_ = w.out.ensure(w.need(nil))
	return ErrUnavailable
}

// settle moves the writer past the durable batch and answers its callers.
func (w *writer) settle(c chain) {
	w.out.off += int64(len(w.buf))
	first := w.index
	w.chain, w.index = c, w.index+int64(len(w.batch))
	w.l.size.Store(w.index)
	for i, p := range w.batch {
		switch p.kind {
		case Intent:
			w.open[p.id] = struct{}{}
		case Outcome:
			delete(w.open, p.id)
		}
		p.done <- result{index: first + int64(i)}
	}
}

// rotate begins a new segment when the present one is long enough. On a full
// disk it stays where it is: the reserve is there.
func (w *writer) rotate() {
	if w.out.off < w.l.o.SegmentBytes {
		return
	}
	next, err := createSegment(w.l.dir, w.index, w.chain, w.l.o.Hook, func(head int64) int64 {
		return head + w.need(w.batch) - w.out.off
	})
	if err != nil {
		w.l.o.Logger.Warn("audit log keeps its segment", slog.Any("err", err))
		return
	}
	_ = w.out.f.Truncate(w.out.off) // gives back what was allocated ahead
	_ = w.out.f.Close()             // every byte in it is synced
	w.out = next
}

// createSegment makes a segment with its head durable. need says how many bytes
// to reserve, given the head's.
func createSegment(dir string, first int64, c chain, hook Hook, need func(head int64) int64) (*appendFile, error) {
	name := segmentName(first)
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path+".tmp", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return nil, err
	}
	a := &appendFile{f: f, name: name, first: first, hook: hook}
	err = errors.Join(a.ensure(need(headSize)), a.write(appendSegmentHead(nil, first, c)))
	if err == nil {
		err = a.sync()
	}
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		f.Close()
		os.Remove(path + ".tmp")
		return nil, err
	}
	a.off = headSize
	return a, nil
}

// nudge calls the publisher when many entries lack a signature.
func (w *writer) nudge() {
	if w.index-w.signedAt < checkpointAfter {
		return
	}
	w.signedAt = w.index
	select {
	case w.l.nudge <- struct{}{}:
	default: // it is at work already
	}
}
