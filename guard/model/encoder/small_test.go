package encoder

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
)

// small makes a file of weights with random numbers in the least shape there is.
// change may spoil the manifest before the digest is taken.
func small(change func(m map[string]any, tensors map[string]any)) []byte {
	const h, in, layers = 96, 192, 2
	r := rand.New(rand.NewPCG(9, 9))
	tensors := map[string]any{}
	var data []byte
	add := func(name, kind string, shape []int, raw []byte) {
		for len(data)%64 != 0 {
			data = append(data, 0)
		}
		tensors[name] = map[string]any{"type": kind, "shape": shape, "at": len(data), "size": len(raw)}
		data = append(data, raw...)
	}
	floats := func(name string, middle float64, shape ...int) {
		n := 1
		for _, s := range shape {
			n *= s
		}
		var raw []byte
		for range n {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(middle+r.NormFloat64()*0.05)))
		}
		add(name, "f32", shape, raw)
	}
	words := func(name string, v ...uint32) {
		var raw []byte
		for _, x := range v {
			raw = binary.LittleEndian.AppendUint32(raw, x)
		}
		add(name, "u32", []int{len(v)}, raw)
	}
	matrix := func(name string, out, in int) {
		raw := make([]byte, out*in)
		for i := range raw {
			raw[i] = byte(int8(r.IntN(255) - 127))
		}
		add(name, "i8t", []int{out, in}, raw)
		floats(name+".scale", 0.001, out)
		floats(name+".bias", 0, out)
	}
	pieces := []string{"\xff0", "\xff1", "\xff2", "▁", "a", "b", "ab", "▁a", "é", "▁query", ":"}
	blob, at := "", []uint32{0}
	for _, p := range pieces {
		blob += p
		at = append(at, uint32(len(blob)))
	}
	add("pieces.text", "u8", []int{len(blob)}, []byte(blob))
	words("pieces.at", at...)
	floats("pieces.score", -3, len(pieces))
	words("norm.key", '\t', '\n', 'ﷺ', 'Ａ')
	words("norm.at", 0, 1, 2, 4, 5)
	words("norm.out", ' ', ' ', 'a', 'b', 'a')
	blocks := make([]byte, len(pieces)*h/blockLen*blockBytes)
	for i := range blocks {
		blocks[i] = byte(r.IntN(256))
		if i%blockBytes == 1 {
			blocks[i] = 0x20 // scales below one
		}
	}
	add("word", "q4", []int{len(pieces), h}, blocks)
	floats("position", 0, Length, h)
	floats("norm.weight", 1, h)
	floats("norm.bias", 0, h)
	for _, l := range []string{"layer0.", "layer1."} {
		matrix(l+"qkv", 3*h, h)
		matrix(l+"out", h, h)
		matrix(l+"up", in, h)
		matrix(l+"down", h, in)
		for _, n := range []string{"norm1", "norm2"} {
			floats(l+n+".weight", 1, h)
			floats(l+n+".bias", 0, h)
		}
	}
	for _, t := range []string{"whole", "parts"} {
		floats("task."+t+".w1", 0, h, 32)
		floats("task."+t+".b1", 0, 32)
		floats("task."+t+".w2", 0, 32, 3)
		floats("task."+t+".b2", 0, 3)
	}
	m := map[string]any{
		"version": "small", "hidden": h, "inner": in, "heads": 3, "layers": layers, "window": Length, "eps": 1e-12,
		"pieces": len(pieces), "bos": 0, "eos": 1, "unk": 2, "tensors": tensors,
		"tasks": []Task{{"whole", OnMean, 3}, {"parts", OnTokens, 3}},
	}
	if change != nil {
		change(m, tensors)
	}
	head, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return seal(head, data)
}

// seal puts a file together; its digest is right.
func seal(head, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(head)))
	out = append(out, head...)
	for len(out)%64 != 0 {
		out = append(out, 0)
	}
	out = append(out, data...)
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}
