package upstream

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"

	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
)

// mostDimensions bounds one vector; the widest models in use have 8192.
const mostDimensions = 1 << 16

// vectors reads an answer to an embeddings request: want vectors, each index
// once, all of one width, every number finite. Both forms are read, arrays of
// numbers and base64 of little-endian float32, whichever was asked for: not every
// server knows the second.
func (r *reader) vectors(data []byte, want, width int) ([]exchange.Vector, conversation.Usage, told, error) {
	var c chunk
	out := make([]exchange.Vector, want)
	found := 0
	fail := func(err error) ([]exchange.Vector, conversation.Usage, told, error) {
		return nil, conversation.Usage{}, c.told, err
	}
	r.reset(data)
	if ok, err := r.open('{'); err != nil || !ok {
		return fail(errShape)
	}
	for {
		ok, err := r.more('}')
		if err != nil {
			return fail(err)
		}
		if !ok {
			break
		}
		name, err := r.name()
		if err != nil {
			return fail(err)
		}
		switch string(name) {
		case "data":
			found, err = r.entriesOf(out, &width)
		case "usage":
			err = r.usage(&c)
		case "error":
			err = r.failure(&c.told)
		default:
			err = r.skip()
		}
		if err != nil {
			return fail(err)
		}
	}
	if err := r.end(); err != nil {
		return fail(err)
	}
	if c.told.present || found != want {
		return fail(errVectors)
	}
	return out, c.usage, told{}, nil
}

// entriesOf fills out from the array "data" and returns how many it filled.
func (r *reader) entriesOf(out []exchange.Vector, width *int) (int, error) {
	ok, err := r.open('[')
	if err != nil || !ok {
		return 0, err
	}
	for place := 0; ; place++ {
		ok, err := r.more(']')
		if err != nil || !ok {
			return place, err
		}
		if place == len(out) {
			return 0, errVectors
		}
		index, v, err := r.vector(place, *width)
		if err != nil {
			return 0, err
		}
		if index >= len(out) || out[index] != nil || len(v) == 0 || *width > 0 && len(v) != *width {
			return 0, errVectors
		}
		*width = len(v)
		out[index] = v
	}
}

func (r *reader) vector(place, width int) (int, exchange.Vector, error) {
	var v exchange.Vector
	ok, err := r.open('{')
	if err != nil || !ok {
		return 0, nil, errShape
	}
	index := place // a server that sends no index means the order of the array
	for {
		ok, err := r.more('}')
		if err != nil || !ok {
			return index, v, err
		}
		name, err := r.name()
		if err != nil {
			return 0, nil, err
		}
		switch string(name) {
		case "index":
			index, err = r.count()
		case "embedding":
			if r.d.PeekKind() == '"' {
				v, err = r.packed()
			} else {
				v, err = r.numbers(width)
			}
		default:
			err = r.skip()
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

func (r *reader) packed() (exchange.Vector, error) {
	raw, err := r.bytes()
	if err != nil {
		return nil, err
	}
	const size = 4
	if len(raw) > base64.StdEncoding.EncodedLen(size*mostDimensions) {
		return nil, errVectors
	}
	// raw may be r.tmp itself when the string had escapes ("\/"): decode elsewhere.
	b := make([]byte, base64.StdEncoding.DecodedLen(len(raw)))
	n, err := base64.StdEncoding.Decode(b, raw)
	if err != nil || n%size != 0 {
		return nil, errVectors
	}
	v := make(exchange.Vector, n/size)
	for i := range v {
		f := math.Float32frombits(binary.LittleEndian.Uint32(b[size*i:]))
		if !finite(f) {
			return nil, errVectors
		}
		v[i] = f
	}
	return v, nil
}

func (r *reader) numbers(width int) (exchange.Vector, error) {
	ok, err := r.open('[')
	if err != nil || !ok {
		return nil, errVectors
	}
	v := make(exchange.Vector, 0, max(width, 64))
	for {
		ok, err := r.more(']')
		if err != nil || !ok {
			return v, err
		}
		if r.d.PeekKind() != '0' || len(v) == mostDimensions {
			return nil, errVectors
		}
		raw, err := r.d.ReadValue()
		if err != nil {
			return nil, errJSON
		}
		f, err := strconv.ParseFloat(string(raw), 32)
		if err != nil || !finite(float32(f)) {
			return nil, errVectors
		}
		v = append(v, float32(f))
	}
}

func finite(f float32) bool {
	return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0)
}
