package names

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"errors"
	"io"
	"sort"
)

// The first look has 1<<firstBits rows, the second 1<<secondBits of its own
// behind them.
const (
	firstBits  = 18
	secondBits = 14
)

const format = "names/1\n"

// mostWords bounds the table of known words.
const mostWords = 1 << 18

var errWeights = errors.New("the weights of names are damaged")

// Model is the weights and the table of known words. It is immutable and safe
// for concurrent use.
type Model struct {
	weights   []uint64 // rows, see pack
	scale     float32
	Threshold [Kinds]float32
	slots     []slot
	shift     uint8
}

type slot struct {
	hash  uint32
	known uint16
}

//go:embed weights.bin.gz
var embedded []byte

// Embedded is the model that ships.
func Embedded() (*Model, error) { return Load(embedded) }

// mask is what a hash of a feature is cut to.
func (m *Model) mask() uint32 { return 1<<firstBits - 1 }

// Known looks a word's hash up.
func (m *Model) know(h uint32) uint16 {
	for k := (h * 0x9E3779B1) >> m.shift; ; k = (k + 1) & uint32(len(m.slots)-1) {
		switch s := &m.slots[k]; {
		case s.known == 0:
			return 0
		case s.hash == h:
			return s.known
		}
	}
}

// fill makes the table of words, which are sorted by their hashes.
func (m *Model) fill(words []slot) {
	bits := uint8(4)
	for 1<<bits < len(words)*3/2+2 {
		bits++
	}
	m.slots, m.shift = make([]slot, 1<<bits), 32-bits
	for _, w := range words {
		k := (w.hash * 0x9E3779B1) >> m.shift
		for m.slots[k].known != 0 {
			k = (k + 1) & uint32(len(m.slots)-1)
		}
		m.slots[k] = w
	}
}

// Load reads what Write wrote. Errors: any damage.
func Load(packed []byte) (*Model, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errWeights
	}
	const rows = 1<<firstBits + 1<<secondBits
	data, err := io.ReadAll(io.LimitReader(z, int64(rows*int(Kinds)+mostWords*6+256)))
	if err != nil || len(data) < len(format)+4+4*int(Kinds)+4 || string(data[:len(format)]) != format {
		return nil, errWeights
	}
	data = data[len(format):]
	m := &Model{weights: make([]uint64, rows)}
	var head struct {
		Scale     float32
		Threshold [Kinds]float32
		Words     uint32
	}
	r := bytes.NewReader(data)
	if binary.Read(r, binary.LittleEndian, &head) != nil || head.Words > mostWords || r.Len() != int(head.Words)*6+rows*int(Kinds) {
		return nil, errWeights
	}
	m.scale, m.Threshold = head.Scale, head.Threshold
	body := data[len(data)-r.Len():]
	words := make([]slot, head.Words)
	for i := range words {
		words[i] = slot{binary.LittleEndian.Uint32(body), binary.LittleEndian.Uint16(body[4:])}
		body = body[6:]
	}
	m.fill(words)
	for i := range rows { // a kind's weights lie side by side: they pack better
		var w [Kinds]int8
		for k := range w {
			w[k] = int8(body[k*rows+i])
		}
		m.weights[i] = pack(w)
	}
	return m, nil
}

// Write packs a model. It is deterministic.
func (m *Model) Write(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(format)
	slots := make([]slot, 0, len(m.slots))
	for _, s := range m.slots {
		if s.known != 0 {
			slots = append(slots, s)
		}
	}
	sort.Slice(slots, func(i, j int) bool { return slots[i].hash < slots[j].hash })
	head := struct {
		Scale     float32
		Threshold [Kinds]float32
		Words     uint32
	}{m.scale, m.Threshold, uint32(len(slots))}
	if err := binary.Write(&b, binary.LittleEndian, head); err != nil {
		return err
	}
	for _, s := range slots {
		b.Write(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint32(nil, s.hash), s.known))
	}
	for k := range int(Kinds) {
		for i := range m.weights {
			b.WriteByte(byte(unpack(m.weights[i], k)))
		}
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(b.Bytes()); err != nil {
		return err
	}
	return z.Close()
}
