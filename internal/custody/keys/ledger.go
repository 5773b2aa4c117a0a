package keys

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// The ledger is a head and records of one size:
//
//	time   int64, big endian: microseconds since 1970
//	path   32 bytes: hash of the erased path
//	chain  32 bytes: SHA-256 of the chain before, time and path
const (
	ledgerMagic = "SALLYER1"
	recordSize  = 8 + 32 + 32
)

// ErrLedger says that the erasure ledger is not the one that was written: it was
// cut, changed or put back. Nothing is served then: an erased key could be alive.
var ErrLedger = errors.New("the erasure ledger was changed, cut or put back")

type head [32]byte

// genesis is the chain before the first erasure.
var genesis = head(sha256.Sum256([]byte("sallyport erasure ledger")))

func (h head) next(body []byte) head {
	return sha256.Sum256(append(h[:], body...))
}

// ledger is the open ledger. Owned by the Tree, under its lock.
type ledger struct {
	f      *os.File
	n      int64 // erasures
	head   head
	erased map[pathHash]struct{}
	broken error // a failed write: nothing can be said about the file any more
}

// openLedger reads the ledger at path, or begins one. Each record is shown to
// replay with the number and head that the ledger has after it.
func openLedger(path string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &ledger{f: f, head: genesis, erased: map[pathHash]struct{}{}}
	if err := l.load(path); err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

func (l *ledger) load(path string) error {
	if err := flock(l.f); err != nil {
		return err
	}
	b, err := io.ReadAll(l.f)
	if err != nil {
		return err
	}
	if len(b) < len(ledgerMagic) && bytes.HasPrefix([]byte(ledgerMagic), b) {
		return l.begin(path)
	}
	body, ok := bytes.CutPrefix(b, []byte(ledgerMagic))
	if !ok {
		return fmt.Errorf("%w: %s is not an erasure ledger", ErrLedger, path)
	}
	for len(body) >= recordSize {
		if err := l.take(body[:recordSize]); err != nil {
			return err
		}
		body = body[recordSize:]
	}
	// A part of a record is an erasure that was never confirmed: the process died
	// while writing it. A confirmed one that was cut shows in the key database.
	if len(body) == 0 {
		return nil
	}
	return errors.Join(l.f.Truncate(l.end()), l.f.Sync())
}

// flock keeps a second process from writing: two chains would fork.
func flock(f *os.File) error {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("another process has the erasure ledger: %w", err)
	}
	return nil
}

func (l *ledger) begin(path string) error {
	_, err := l.f.WriteAt([]byte(ledgerMagic), 0)
	if err == nil {
		err = l.f.Sync()
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (l *ledger) end() int64 { return int64(len(ledgerMagic)) + l.n*recordSize }

func (l *ledger) take(rec []byte) error {
	want := l.head.next(rec[:40])
	if head(rec[40:]) != want {
		return fmt.Errorf("%w: erasure %d", ErrLedger, l.n)
	}
	l.head = want
	l.n++
	l.erased[pathHash(rec[8:40])] = struct{}{}
	return nil
}

// add makes an erasure durable. After a failure the ledger takes nothing more:
// what the file holds is then unknown until it is read again.
func (l *ledger) add(at time.Time, p pathHash) error {
	if l.broken != nil {
		return l.broken
	}
	rec := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro()))
	rec = append(rec, p[:]...)
	sum := l.head.next(rec)
	rec = append(rec, sum[:]...)
	_, err := l.f.WriteAt(rec, l.end())
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		l.broken = fmt.Errorf("the erasure ledger failed, restart to read it again: %w", err)
		return l.broken
	}
	return l.take(rec)
}

// at reads the head that the ledger had after n erasures, and the paths since.
func (l *ledger) at(n int64) (head, []pathHash, error) {
	if n > l.n {
		return head{}, nil, fmt.Errorf("%w: the keys know %d erasures, the ledger has %d", ErrLedger, n, l.n)
	}
	h := genesis
	rec := make([]byte, recordSize)
	if n > 0 {
		if _, err := l.f.ReadAt(rec, int64(len(ledgerMagic))+(n-1)*recordSize); err != nil {
			return h, nil, err
		}
		h = head(rec[40:])
	}
	var since []pathHash
	for i := n; i < l.n; i++ {
		if _, err := l.f.ReadAt(rec, int64(len(ledgerMagic))+i*recordSize); err != nil {
			return h, nil, err
		}
		since = append(since, pathHash(rec[8:40]))
	}
	return h, since, nil
}
