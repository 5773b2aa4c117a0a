package audit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A segment is a header and records. Each record is
//
//	length  uint32, big endian, of the entry
//	check   uint32: CRC-32C of length and the entry's index
//	chain   32 bytes: SHA-256 of the chain before and the entry
//	entry   canonical line
//
// The check is apart from the chain for one reason: a length that cannot be
// trusted would make damage in the last record look like a write that was cut
// short, and that is the one thing Open repairs.
const (
	headSize   = 8 + 8 + 32 + 4 // magic, first index, chain before, CRC-32C
	recordHead = 4 + 4 + 32
	magic      = "SALLYLG1"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type chain [32]byte

// genesis is the chain before the first entry: bound to the origin, so that a
// segment of another log does not fit.
func genesis(origin string) chain {
	return sha256.Sum256([]byte("sallyport audit log\n" + origin + "\n"))
}

func (c chain) next(scratch *[]byte, entry []byte) chain {
	*scratch = append(append((*scratch)[:0], c[:]...), entry...)
	return sha256.Sum256(*scratch)
}

func appendSegmentHead(dst []byte, first int64, c chain) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(first))
	dst = append(dst, c[:]...)
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func appendRecord(dst []byte, index int64, c chain, entry []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(entry)))
	dst = binary.BigEndian.AppendUint32(dst, lengthCheck(dst[len(dst)-4:], index))
	dst = append(dst, c[:]...)
	return append(dst, entry...)
}

func lengthCheck(length []byte, index int64) uint32 {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(index))
	return crc32.Update(crc32.Checksum(length, castagnoli), castagnoli, b[:])
}

// segmentName is the path of the segment that begins with entry first.
func segmentName(first int64) string { return fmt.Sprintf("segments/%016d.log", first) }

// segments lists the segments of dir by first index.
func segments(dir string) ([]int64, error) {
	files, err := os.ReadDir(filepath.Join(dir, "segments"))
	if err != nil {
		return nil, err
	}
	var firsts []int64
	for _, f := range files {
		var n int64
		if strings.HasSuffix(f.Name(), ".tmp") {
			continue // a rotation that was cut short
		}
		if _, err := fmt.Sscanf(f.Name(), "%d.log", &n); err != nil || segmentName(n) != "segments/"+f.Name() {
			return nil, &Damage{File: "segments/" + f.Name(), Index: -1, What: "not a segment of this log"}
		}
		firsts = append(firsts, n)
	}
	slices.Sort(firsts)
	return firsts, nil
}

// Damage is one place where a log is not what was written.
type Damage struct {
	File   string // relative to the log's folder
	Offset int64  // in bytes; of the record for a segment
	Index  int64  // of the entry; -1 when no single entry is meant
	What   string
}

func (d *Damage) Error() string {
	if d.Index < 0 {
		return fmt.Sprintf("audit log damaged: %s at byte %d: %s", d.File, d.Offset, d.What)
	}
	return fmt.Sprintf("audit log damaged: %s at byte %d, entry %d: %s", d.File, d.Offset, d.Index, d.What)
}

// errTorn says that a segment ends inside a record: a write that was cut short,
// which is normal for the last record after a crash and damage anywhere else.
var errTorn = errors.New("the segment ends inside a record")

// record is one record of a segment. Its bytes are lent until the next read.
type record struct {
	index  int64
	offset int64 // of the record in its segment
	entry  []byte
}

// segmentReader reads one segment. After an error other than io.EOF only a
// chain mismatch allows reading on.
type segmentReader struct {
	f      *os.File
	r      *bufio.Reader
	name   string
	offset int64
	index  int64
	chain  chain
	buf    []byte
	hash   []byte
	// mended says that the last record's chain did not match; chain went on from
	// the stored one, so that one changed entry is one finding.
	mended bool
}

// openSegment opens the segment that begins with entry first and reads its head.
func openSegment(dir string, first int64) (*segmentReader, error) {
	name := segmentName(first)
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	s := &segmentReader{f: f, r: bufio.NewReaderSize(f, 1<<16), name: name}
	if err := s.head(first); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func (s *segmentReader) head(first int64) error {
	var h [headSize]byte
	if _, err := io.ReadFull(s.r, h[:]); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return errTorn
		}
		return err
	}
	var c chain
	copy(c[:], h[16:48])
	if !bytes.Equal(h[:], appendSegmentHead(nil, first, c)) {
		return s.damage("the segment's head was changed")
	}
	s.offset, s.index, s.chain = headSize, first, c
	return nil
}

func (s *segmentReader) damage(what string) error {
	return &Damage{File: s.name, Offset: s.offset, Index: s.index, What: what}
}

func (s *segmentReader) close() { s.f.Close() }

// next reads a record: io.EOF at a clean end, errTorn at a cut, *Damage else.
func (s *segmentReader) next() (record, error) {
	var h [recordHead]byte
	n, err := io.ReadFull(s.r, h[:])
	switch {
	case err == io.EOF:
		return record{}, io.EOF
	case err == io.ErrUnexpectedEOF:
		return record{}, s.short(h[:n])
	case err != nil:
		return record{}, err
	}
	length := binary.BigEndian.Uint32(h[:4])
	if binary.BigEndian.Uint32(h[4:8]) != lengthCheck(h[:4], s.index) || length == 0 || length > MaxEntry {
		return record{}, s.badLength(h[:])
	}
	s.buf = slices.Grow(s.buf[:0], int(length))[:length]
	if _, err := io.ReadFull(s.r, s.buf); err == io.EOF || err == io.ErrUnexpectedEOF {
		return record{}, errTorn
	} else if err != nil {
		return record{}, err
	}
	return s.accept(chain(h[8:]), length)
}

func (s *segmentReader) accept(stored chain, length uint32) (record, error) {
	rec := record{index: s.index, offset: s.offset, entry: s.buf}
	var err error
	s.mended = s.chain.next(&s.hash, s.buf) != stored
	if s.mended {
		err = s.damage("the entry or its chain was changed")
	}
	s.chain = stored
	s.index++
	s.offset += recordHead + int64(length)
	return rec, err
}

// short judges a record whose head is cut. What is there of length and check must be
// what a record can begin with, else bytes that were added would pass for a cut.
func (s *segmentReader) short(h []byte) error {
	var length [4]byte
	copy(length[:], h)
	// The bytes that are missing are taken for zeros: the smallest length that h begins.
	possible := binary.BigEndian.Uint32(length[:]) <= MaxEntry
	if len(h) >= len(length) {
		check := binary.BigEndian.AppendUint32(nil, lengthCheck(length[:], s.index))
		there := h[len(length):min(len(h), len(length)+len(check))]
		possible = possible && bytes.HasPrefix(check, there)
	}
	if !possible {
		return s.badLength(h)
	}
	return errTorn
}

// badLength tells a tail of zeros from damage: a file system may lengthen a
// file before the bytes arrive and lose power between.
func (s *segmentReader) badLength(h []byte) error {
	if zeros(h) {
		rest, err := io.ReadAll(s.r) // the tail of one segment, bounded by its size
		if err == nil && zeros(rest) {
			return errTorn
		}
	}
	return s.damage("the record's length was changed")
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
