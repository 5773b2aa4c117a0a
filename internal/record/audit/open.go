package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Open opens the log in dir, or begins one. It reads every segment: a log that
// is damaged, or shorter than its checkpoint, is an error, and the service must
// not start on it. One thing is repaired, and put on the record: a last record
// that was being written when the process or the machine died. It was never
// acknowledged.
func Open(ctx context.Context, dir string, o Options) (*Log, error) {
	o = o.withDefaults()
	if err := os.MkdirAll(filepath.Join(dir, "segments"), 0o750); err != nil {
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	held, err := hold(dir)
	if err != nil {
		return nil, err
	}
	l := &Log{
		dir: dir, o: o, lock: held,
		queue:       make(chan *pending, o.Queue),
		stopPublish: make(chan struct{}), nudge: make(chan struct{}, 1),
	}
	l.pool.New = func() any { return newPending() }
	torn, err := l.load(ctx)
	if err != nil {
		held.Close()
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	l.done.Go(l.writer.run)
	l.done.Go(func() { l.publishLoop(l.writer.publisher) })
	if torn > 0 {
		e := Entry{Kind: Recovery, Operation: "audit.repair", Code: "torn_tail", Count: int(torn)}
		if _, err := l.Append(ctx, e); err != nil {
			return nil, errors.Join(fmt.Errorf("recording the repair of the audit log: %w", err), l.Close())
		}
	}
	return l, nil
}

// hold takes the writer's lock: two writers on one log would fork it.
func hold(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	ok, err := lock(f)
	if err == nil && !ok {
		err = fmt.Errorf("opening audit log: another process writes to %s", dir)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// load brings keys, checkpoint and segments together. It returns how many bytes
// of an unfinished record it removed.
func (l *Log) load(ctx context.Context) (torn int64, err error) {
	signer, verifier, err := signerFor(l.dir, l.o)
	if err != nil {
		return 0, err
	}
	vkey, err := os.ReadFile(filepath.Join(l.dir, verifierFile))
	if err != nil {
		return 0, err
	}
	l.vkey = string(vkey[:len(vkey)-1])
	p := newPublisher(l.dir, signer, l.o.Hook)
	tree, err := l.begin(p, verifier)
	if err != nil {
		return 0, err
	}
	s := scan{l: l, publisher: p, signed: tree, open: map[string]Entry{}}
	w, torn, err := s.run(ctx)
	if err != nil {
		p.close()
		return 0, err
	}
	l.writer = w
	l.size.Store(w.index)
	if fresh := w.out.ensure(w.need(nil)); fresh != nil && !noSpace(fresh) {
		p.close()
		return 0, fresh
	}
	return torn, nil
}

// begin reads the checkpoint; of a log that has nothing yet it writes the first
// one, of size 0, and the first segment. Entries without a checkpoint are not a
// new log: somebody removed it.
func (l *Log) begin(p *publisher, v note.Verifier) (tlog.Tree, error) {
	firsts, err := segments(l.dir)
	if err != nil {
		return tlog.Tree{}, err
	}
	tree, err := readCheckpoint(l.dir, v)
	if errors.Is(err, fs.ErrNotExist) {
		if len(firsts) > 0 {
			return tlog.Tree{}, &Damage{File: "checkpoint", Index: -1, What: "missing, although there are entries"}
		}
		if err := p.publish(0); err != nil {
			return tlog.Tree{}, err
		}
		p.signed = -1
		tree, err = readCheckpoint(l.dir, v)
	}
	if err != nil || len(firsts) > 0 {
		return tree, err
	}
	if tree.N > 0 {
		return tree, &Damage{File: "segments", Index: -1, What: "missing, although the checkpoint speaks of entries"}
	}
	a, err := createSegment(l.dir, 0, genesis(l.o.Origin), l.o.Hook, func(head int64) int64 { return head })
	if err != nil {
		return tree, err
	}
	return tree, a.f.Close()
}

// scan is Open's one pass over the segments.
type scan struct {
	l         *Log
	publisher *publisher
	signed    tlog.Tree
	open      map[string]Entry
	order     []string // ids of open, by time
	index     int64
	chain     chain
	last      *segmentReader
	tail      int64 // where the last segment's unsigned entries begin
}

func (s *scan) run(ctx context.Context) (*writer, int64, error) {
	firsts, err := segments(s.l.dir)
	if err != nil {
		return nil, 0, err
	}
	s.chain = genesis(s.l.o.Origin)
	if err := s.reached(firsts[0], headSize); err != nil {
		return nil, 0, err
	}
	var torn int64
	for i, first := range firsts {
		if torn, err = s.segment(ctx, first, i == len(firsts)-1); err != nil {
			return nil, 0, err
		}
	}
	if s.index < s.signed.N {
		return nil, 0, &Damage{File: s.last.name, Offset: s.last.offset, Index: s.index,
			What: fmt.Sprintf("the log ends here, but its checkpoint speaks of %d entries", s.signed.N)}
	}
	s.intents()
	out, err := s.reopen(torn)
	if err != nil {
		return nil, 0, err
	}
	w := &writer{l: s.l, out: out, chain: s.chain, index: s.index, publisher: s.publisher,
		signedAt: s.signed.N, open: map[string]struct{}{}}
	for id := range s.open {
		w.open[id] = struct{}{}
	}
	return w, torn, nil
}

// reached notes the place of the checkpoint: the tree must have its hash there,
// and the publisher goes on from there.
func (s *scan) reached(first, offset int64) error {
	if s.index != s.signed.N {
		return nil
	}
	if s.publisher.tree.root() != s.signed.Hash {
		return &Damage{File: "checkpoint", Index: -1, What: "the entries do not have the checkpoint's root hash"}
	}
	r, err := openSegment(s.l.dir, first)
	if err != nil {
		return err
	}
	if _, err := r.f.Seek(offset, io.SeekStart); err != nil {
		r.close()
		return err
	}
	r.r.Reset(r.f)
	r.offset, r.index, r.chain = offset, s.index, s.chain
	s.publisher.source, s.publisher.signed = r, s.signed.N
	s.tail = offset
	return nil
}

// segment reads one segment through. Only the last may end inside a record.
func (s *scan) segment(ctx context.Context, first int64, last bool) (torn int64, err error) {
	r, err := openSegment(s.l.dir, first)
	if errors.Is(err, errTorn) {
		err = &Damage{File: segmentName(first), Index: -1, What: "shorter than a segment's head"}
	}
	if err != nil {
		return 0, err
	}
	defer r.close()
	if r.index != s.index || r.chain != s.chain {
		return 0, r.damage("the segment does not follow the one before")
	}
	s.last = r
	if s.publisher.signed >= 0 {
		s.tail = headSize // a whole segment after the checkpoint
	}
	for {
		rec, err := r.next()
		switch {
		case err == io.EOF:
			return 0, nil
		case errors.Is(err, errTorn) && last:
			return s.cut(r)
		case errors.Is(err, errTorn):
			return 0, r.damage(err.Error())
		case err != nil:
			return 0, err
		}
		if err := s.entry(ctx, r, rec); err != nil {
			return 0, err
		}
	}
}

func (s *scan) cut(r *segmentReader) (int64, error) {
	info, err := r.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size() - r.offset, nil
}

func (s *scan) entry(ctx context.Context, r *segmentReader, rec record) error {
	if rec.index%4096 == 0 && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e, err := DecodeEntry(rec.entry)
	if err != nil {
		return &Damage{File: r.name, Offset: rec.offset, Index: rec.index, What: err.Error()}
	}
	switch e.Kind {
	case Intent:
		s.open[e.ID] = e
		s.order = append(s.order, e.ID)
	case Outcome:
		delete(s.open, e.ID)
	}
	if len(s.order) > 2*len(s.open)+1024 {
		s.compact()
	}
	if s.publisher.signed < 0 {
		s.publisher.add(rec.entry)
	}
	s.index, s.chain = r.index, r.chain
	return s.reached(r.startOf(), r.offset)
}

// startOf is the first index of the segment, from its name.
func (s *segmentReader) startOf() int64 {
	var n int64
	_, _ = fmt.Sscanf(filepath.Base(s.name), "%d.log", &n)
	return n
}

// compact forgets the order of intents that are closed, so that Open's memory is
// bounded by what is open.
func (s *scan) compact() {
	kept := s.order[:0]
	for _, id := range s.order {
		if _, ok := s.open[id]; ok {
			kept = append(kept, id)
		}
	}
	s.order = kept
}

func (s *scan) intents() {
	seen := map[string]bool{}
	for _, id := range s.order {
		if e, ok := s.open[id]; ok && !seen[id] {
			seen[id] = true
			s.l.recovered = append(s.l.recovered, e)
		}
	}
}

// reopen makes the last segment ready for writing: cut what is torn, and write
// the unsigned tail again. A sync that failed before the restart may have left
// pages that the kernel calls clean and the disk never got; reading them back
// looks fine until the power goes. Writing the same bytes makes them dirty, and
// the sync that follows tells the truth.
func (s *scan) reopen(torn int64) (*appendFile, error) {
	f, err := os.OpenFile(filepath.Join(s.l.dir, s.last.name), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	a := &appendFile{f: f, name: s.last.name, first: s.last.startOf(), off: s.last.offset, alloc: s.last.offset, hook: s.l.o.Hook}
	if torn > 0 {
		err = a.undo()
	}
	if err == nil {
		err = a.again(s.tail)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

// again writes the bytes from offset to the end once more.
func (a *appendFile) again(from int64) error {
	buf := make([]byte, 1<<20)
	for from < a.off {
		n, err := a.f.ReadAt(buf[:min(int64(len(buf)), a.off-from)], from)
		if n == 0 {
			return err
		}
		if _, err := a.f.WriteAt(buf[:n], from); err != nil {
			return err
		}
		from += int64(n)
	}
	return a.sync()
}
