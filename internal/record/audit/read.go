package audit

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"golang.org/x/mod/sumdb/tlog"
)

// Indexed is an entry with its place in the log.
type Indexed struct {
	Index int64
	Entry
	Line []byte // the canonical bytes, the reader's to keep
}

// Read yields the entries of the log in dir from index from on, in order, up to
// the end as it is now; a reader with a cursor calls it again later. It works
// beside a writer and checks the chain within each segment it reads; it does not
// check signatures (Verify does). A record that is still being written ends the
// sequence. Another process may see an entry a moment before it is durable;
// readers in the writer's process use Log.Read, which does not.
func Read(dir string, from int64) iter.Seq2[Indexed, error] {
	return func(yield func(Indexed, error) bool) { read(dir, from, -1, yield) }
}

// Read is Read up to the last durable entry.
func (l *Log) Read(from int64) iter.Seq2[Indexed, error] {
	return func(yield func(Indexed, error) bool) { read(l.dir, from, l.Size(), yield) }
}

func read(dir string, from, limit int64, yield func(Indexed, error) bool) {
	firsts, err := segments(dir)
	if err != nil {
		yield(Indexed{}, fmt.Errorf("reading audit log: %w", err))
		return
	}
	// The segment that holds from is the last one that begins at or before it.
	start := max(0, sort.Search(len(firsts), func(i int) bool { return firsts[i] > from })-1)
	for i, first := range firsts[start:] {
		more, err := readSegment(dir, first, from, limit, yield)
		last := start+i == len(firsts)-1
		if errors.Is(err, errTorn) && last {
			return
		}
		if err != nil {
			yield(Indexed{}, fmt.Errorf("reading audit log: %w", err))
			return
		}
		if !more {
			return
		}
	}
}

func readSegment(dir string, first, from, limit int64, yield func(Indexed, error) bool) (more bool, err error) {
	s, err := openSegment(dir, first)
	if err != nil {
		return false, err
	}
	defer s.close()
	for limit < 0 || s.index < limit {
		rec, err := s.next()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if rec.index < from {
			continue
		}
		e, err := DecodeEntry(rec.entry)
		if err != nil {
			return false, &Damage{File: s.name, Offset: rec.offset, Index: rec.index, What: err.Error()}
		}
		if !yield(Indexed{rec.index, e, slices.Clone(rec.entry)}, nil) {
			return false, nil
		}
	}
	return false, nil
}

// Export writes the log as JSON lines for somebody who has to check it without
// this program:
//
//	{"checkpoint":"<the signed note>","verifier":"<key>"}
//	{"index":0,"leaf":"<base64 RFC 6962 leaf hash>","entry":{…}}
//	…
//
// It covers what the checkpoint covers. The leaf hash is SHA-256 of a zero byte
// and the exact bytes of the entry's value; all leaves together give the root in
// the checkpoint. Prove gives the proof of a single one.
func Export(dir string, w io.Writer) error {
	note, size, vkey, err := exportHead(dir)
	if err != nil {
		return fmt.Errorf("exporting audit log: %w", err)
	}
	head, err := json.Marshal(map[string]string{"checkpoint": string(note), "verifier": vkey})
	if err != nil {
		return fmt.Errorf("exporting audit log: %w", err)
	}
	buf := append(head, '\n')
	var scratch []byte
	n := int64(0)
	read(dir, 0, size, func(in Indexed, e error) bool {
		if err = e; err != nil {
			return false
		}
		leaf := leafHash(&scratch, in.Line)
		buf = fmt.Appendf(buf, `{"index":%d,"leaf":%q,"entry":`, in.Index, base64.StdEncoding.EncodeToString(leaf[:]))
		buf = append(append(buf, in.Line...), "}\n"...)
		n++
		if len(buf) > 1<<16 {
			_, err = w.Write(buf)
			buf = buf[:0]
		}
		return err == nil
	})
	if err == nil && n != size {
		err = fmt.Errorf("the checkpoint speaks of %d entries, the log has %d", size, n)
	}
	if err == nil {
		_, err = w.Write(buf)
	}
	if err != nil {
		return fmt.Errorf("exporting audit log: %w", err)
	}
	return nil
}

func exportHead(dir string) (note []byte, size int64, vkey string, err error) {
	v, vkey, err := verifierFor(dir, "")
	if err != nil {
		return nil, 0, "", err
	}
	note, err = os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, 0, "", err
	}
	tree, err := openCheckpoint(note, v)
	return note, tree.N, vkey, err
}

// Proof shows that an entry is in the tree of a checkpoint
// (tlog.CheckRecord, RFC 6962, section 2.1.1).
type Proof struct {
	Index      int64            `json:"index"`
	Entry      json.RawMessage  `json:"entry"`
	Path       tlog.RecordProof `json:"path"`
	Checkpoint string           `json:"checkpoint"`
}

// Prove makes the inclusion proof of one entry from the published tiles, which
// it authenticates against the checkpoint.
func Prove(dir string, index int64) (Proof, error) {
	v, _, err := verifierFor(dir, "")
	if err != nil {
		return Proof{}, fmt.Errorf("proving entry %d: %w", index, err)
	}
	cp, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return Proof{}, fmt.Errorf("proving entry %d: %w", index, err)
	}
	t, err := openCheckpoint(cp, v)
	if err == nil && (index < 0 || index >= t.N) {
		err = fmt.Errorf("the checkpoint covers %d entries", t.N)
	}
	if err != nil {
		return Proof{}, fmt.Errorf("proving entry %d: %w", index, err)
	}
	path, err := tlog.ProveRecord(t.N, index, tlog.TileHashReader(t, tileFiles(dir)))
	if err != nil {
		return Proof{}, fmt.Errorf("proving entry %d: %w", index, err)
	}
	p := Proof{Index: index, Path: path, Checkpoint: string(cp)}
	read(dir, index, index+1, func(in Indexed, e error) bool {
		p.Entry, err = in.Line, e
		return false
	})
	if err != nil {
		return Proof{}, fmt.Errorf("proving entry %d: %w", index, err)
	}
	return p, nil
}

// tileFiles reads hash tiles from the log's folder, as tlog's client wants them.
type tileFiles string

func (d tileFiles) Height() int { return tileHeight }

func (d tileFiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (d tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		b, err := os.ReadFile(filepath.Join(string(d), tilePath(t.L, t.N, t.W)))
		if errors.Is(err, fs.ErrNotExist) { // the full tile replaced the partial one
			b, err = os.ReadFile(filepath.Join(string(d), tilePath(t.L, t.N, tileWidth)))
		}
		if err != nil {
			return nil, err
		}
		if len(b) < t.W*tlog.HashSize {
			return nil, &Damage{File: tilePath(t.L, t.N, t.W), Offset: int64(len(b)), Index: -1, What: "too short"}
		}
		all = append(all, b[:t.W*tlog.HashSize])
	}
	return all, nil
}
