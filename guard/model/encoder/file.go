package encoder

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// magic opens a file of weights; training/encoder/weights.py says what follows.
const magic = "SPENC001"

// Bounds on what a manifest may ask for: a file beyond them is no encoder of ours.
const (
	maxManifest = 1 << 20
	maxHidden   = 1024
	maxInner    = 4096
	maxLayers   = 24
	maxPieces   = 1 << 19
	maxTasks    = 64
	maxOutputs  = 64
)

type manifest struct {
	Version string  `json:"version"`
	Base    string  `json:"base"`
	Hidden  int     `json:"hidden"`
	Inner   int     `json:"inner"`
	Heads   int     `json:"heads"`
	Layers  int     `json:"layers"`
	Window  int     `json:"window"`
	Eps     float32 `json:"eps"`
	Pieces  int     `json:"pieces"`
	BOS     int32   `json:"bos"`
	EOS     int32   `json:"eos"`
	Unknown int32   `json:"unk"`
	Tasks   []Task  `json:"tasks"`
	Tensors map[string]struct {
		Type  string `json:"type"`
		Shape []int  `json:"shape"`
		At    int    `json:"at"`
		Size  int    `json:"size"`
	} `json:"tensors"`
}

// check holds the dimensions to what the kernels are made for.
func (m *manifest) check() error {
	switch {
	case m.Hidden < 96 || m.Hidden > maxHidden || m.Hidden%96 != 0,
		m.Inner < 96 || m.Inner > maxInner || m.Inner%96 != 0,
		m.Layers < 1 || m.Layers > maxLayers,
		m.Heads < 1 || m.Hidden != m.Heads*headSize,
		m.Window != Length,
		m.Pieces < 4 || m.Pieces > maxPieces,
		len(m.Tasks) > maxTasks,
		!(m.Eps > 0 && m.Eps < 1):
		return errors.New("dimensions that the kernels are not made for")
	}
	for _, id := range []int32{m.BOS, m.EOS, m.Unknown} {
		if id < 0 || int(id) >= m.Pieces {
			return errors.New("a special piece that does not exist")
		}
	}
	for _, t := range m.Tasks {
		if t.Name == "" || t.Outputs < 1 || t.Outputs > maxOutputs || t.Input != OnMean && t.Input != OnTokens {
			return fmt.Errorf("task %q with input %q and %d outputs", t.Name, t.Input, t.Outputs)
		}
	}
	return nil
}

// file reads tensors out of a checked file. The first error sticks.
type file struct {
	manifest
	data []byte // the tensors
	err  error
}

func open(data []byte) (*file, error) {
	const head = len(magic) + 4
	if len(data) < head+sha256.Size || string(data[:len(magic)]) != magic {
		return nil, errors.New("no file of encoder weights")
	}
	body := data[:len(data)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
		return nil, errors.New("the digest does not match")
	}
	n := int(binary.LittleEndian.Uint32(body[len(magic):]))
	if n > maxManifest || head+n > len(body) {
		return nil, errors.New("the manifest is too long")
	}
	f := &file{}
	if err := json.Unmarshal(body[head:head+n], &f.manifest); err != nil {
		return nil, fmt.Errorf("the manifest: %w", err)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	f.data = body[min((head+n+63)/64*64, len(body)):]
	return f, nil
}

// raw is the tensor's bytes, which are values of width bytes each.
func (f *file) raw(name, kind string, width int, shape ...int) []byte {
	return f.part(name, kind, width, 1, shape...)
}

// blocks is a matrix of four-bit weights.
func (f *file) blocks(name string, shape ...int) []byte {
	return f.part(name, "q4", blockBytes, blockLen, shape...)
}

// part is the tensor's bytes: width bytes for every per values.
func (f *file) part(name, kind string, width, per int, shape ...int) []byte {
	if f.err != nil {
		return nil
	}
	t, ok := f.Tensors[name]
	size := width
	for i, n := range shape {
		if i >= len(t.Shape) || n >= 0 && t.Shape[i] != n || t.Shape[i] < 0 || t.Shape[i] > 1<<28 {
			ok = false
			break
		}
		size *= t.Shape[i]
	}
	size /= per
	if !ok || t.Type != kind || len(t.Shape) != len(shape) || size < 0 || t.At < 0 || t.At > len(f.data) || size > len(f.data)-t.At {
		f.err = fmt.Errorf("tensor %q is missing or not as the dimensions want it", name)
		return nil
	}
	return f.data[t.At : t.At+size]
}

// anyLength stands for a length that the tensor itself says.
const anyLength = -1

func (f *file) floats(name string, shape ...int) []float32 {
	raw := f.raw(name, "f32", 4, shape...)
	out := aligned[float32](len(raw) / 4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		if v := float64(out[i]); math.IsNaN(v) || math.IsInf(v, 0) {
			f.err = fmt.Errorf("tensor %q is not finite", name)
			return nil
		}
	}
	return out
}

func (f *file) words(name string) []uint32 {
	raw := f.raw(name, "u32", 4, anyLength)
	out := make([]uint32, len(raw)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
	return out
}

// rising reports whether at holds n+1 offsets that never fall, from 0 to end.
func rising(at []uint32, n, end int) bool {
	if len(at) != n+1 || at[0] != 0 || int(at[n]) != end {
		return false
	}
	for i := range n {
		if at[i] > at[i+1] {
			return false
		}
	}
	return true
}
