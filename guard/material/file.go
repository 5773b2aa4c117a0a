package material

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// The form of a saved index, little-endian: magic, version, length of the head,
// head (JSON: kind, settings, works), number of records, records (hash, work,
// token; ascending), SHA-256 of everything before it.
const (
	magic       = "SPMATERIAL"
	fileVersion = 1
	recordSize  = 16
	maxHead     = 1 << 28
)

// ErrFile is what Load returns for bytes that Save did not write.
var ErrFile = errors.New("material: not a saved index of this version, or damaged")

type head struct {
	Kind     Kind     `json:"kind"`
	Settings Settings `json:"settings"`
	Works    []Work   `json:"works"`
}

// Save writes the index. Equal indexes give equal bytes.
func (x *Index) Save(w io.Writer) error {
	text, err := json.Marshal(head{x.kind, x.settings, x.works})
	if err != nil {
		return fmt.Errorf("material: saving: %w", err)
	}
	var b bytes.Buffer
	b.WriteString(magic)
	b.WriteByte(fileVersion)
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
	b.Write(text)
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(x.places))))
	var record [recordSize]byte
	for _, p := range x.places {
		binary.LittleEndian.PutUint64(record[:], p.hash)
		binary.LittleEndian.PutUint32(record[8:], p.work)
		binary.LittleEndian.PutUint32(record[12:], p.at)
		b.Write(record[:])
	}
	sum := sha256.Sum256(b.Bytes())
	b.Write(sum[:])
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("material: saving: %w", err)
	}
	return nil
}

// Load reads what Save wrote. It refuses anything else, and checks everything
// that Find relies on; memory is bounded by the size of data.
func Load(data []byte) (*Index, error) {
	const fixed = len(magic) + 1 + 4
	if len(data) < fixed+4+sha256.Size || string(data[:len(magic)]) != magic || data[len(magic)] != fileVersion {
		return nil, ErrFile
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return nil, ErrFile
	}
	n := int(binary.LittleEndian.Uint32(body[len(magic)+1:]))
	body = body[fixed:]
	if n > maxHead || n > len(body)-4 {
		return nil, ErrFile
	}
	var h head
	if err := json.Unmarshal(body[:n], &h); err != nil {
		return nil, ErrFile
	}
	body = body[n:]
	count := int(binary.LittleEndian.Uint32(body))
	body = body[4:]
	if !h.Settings.valid() || h.Kind > Code || len(h.Works) > MaxWorks || count > maxRecords || len(body) != count*recordSize {
		return nil, ErrFile
	}
	for _, w := range h.Works {
		if !fields(w) || w.Kind != h.Kind {
			return nil, ErrFile
		}
	}
	x := &Index{settings: h.Settings, kind: h.Kind, works: h.Works, places: make([]place, count)}
	for i := range x.places {
		r := body[i*recordSize:]
		p := place{binary.LittleEndian.Uint64(r), binary.LittleEndian.Uint32(r[8:]), binary.LittleEndian.Uint32(r[12:])}
		if int64(p.work) >= int64(len(h.Works)) || i > 0 && before(p, x.places[i-1]) {
			return nil, ErrFile
		}
		x.places[i] = p
	}
	if crowded(x.places) {
		return nil, ErrFile
	}
	x.buckets()
	return x, nil
}

func before(p, q place) bool {
	if p.hash != q.hash {
		return p.hash < q.hash
	}
	return p.work < q.work || p.work == q.work && p.at <= q.at
}

// crowded reports that a fingerprint has more places than Save leaves it.
func crowded(places []place) bool {
	for i := perPrint; i < len(places); i++ {
		if places[i].hash == places[i-perPrint].hash {
			return true
		}
	}
	return false
}

// Merge joins indexes of one kind with the same settings, such as one a
// customer.
func Merge(all ...*Index) (*Index, error) {
	if len(all) == 0 {
		return nil, ErrSettings
	}
	b := &Builder{settings: all[0].settings, kind: all[0].kind}
	for _, x := range all {
		if x.settings != b.settings || x.kind != b.kind {
			return nil, ErrSettings
		}
		if len(b.works)+len(x.works) > MaxWorks || len(b.places)+len(x.places) > maxRecords {
			return nil, ErrFull
		}
		shift := uint32(len(b.works))
		b.works = append(b.works, x.works...)
		b.places = slices.Grow(b.places, len(x.places))
		for _, p := range x.places {
			b.places = append(b.places, place{p.hash, p.work + shift, p.at})
		}
	}
	return b.Index(), nil
}
