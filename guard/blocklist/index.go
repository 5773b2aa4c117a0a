package blocklist

import (
	"cmp"
	"slices"
)

// index finds which of many keys begin at a place of a text: a sorted list, in
// which each key knows the longest other key that it begins with. It takes little more
// room than the keys, and a place costs a few comparisons whatever the number
// of keys; most places are ruled out by four bytes.
type index struct {
	keys []key
	one  [256]bool             // first bytes of keys of one byte
	some [3][heads / 64]uint64 // hashes of the first two, three and four bytes
	up   []int32               // the longest key that is a prefix, -1 for none
}

const heads = 1 << 16

// key is a text to find and what was found then.
type key struct {
	text   string
	breaks []uint16 // where words begin after a gap, in bytes of text
	item   int      // number of the term
	flags  uint8
}

// Flags of keys.
const (
	keyEdged  = 1 << iota // begins or ends with a sign: found without them across joints only
	keyBroken             // long enough to be found with signs inside its words
)

func (x *index) add(k key) { x.keys = append(x.keys, k) }

func (x *index) empty() bool { return len(x.keys) == 0 }

// build sorts the keys. Keys of equal text and breaks stay, for each has its term.
func (x *index) build() {
	slices.SortFunc(x.keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.text, b.text), slices.Compare(a.breaks, b.breaks), cmp.Compare(a.item, b.item))
	})
	x.keys = slices.Clip(x.keys)
	x.up = make([]int32, len(x.keys))
	var open []int32
	for i, k := range x.keys {
		for n := len(open); n > 0; n = len(open) {
			if t := x.keys[open[n-1]].text; len(t) <= len(k.text) && k.text[:len(t)] == t {
				break
			}
			open = open[:n-1]
		}
		x.up[i] = -1
		if n := len(open); n > 0 {
			x.up[i] = open[n-1]
		}
		open = append(open, int32(i))
		switch n := len(k.text); n {
		case 0:
		case 1:
			x.one[k.text[0]] = true
		default:
			n = min(n, 4)
			h := head(k.text[:n])
			x.some[n-2][h/64] |= 1 << (h % 64)
		}
	}
}

func head[T string | []byte](s T) uint32 {
	h := uint32(s[0]) | uint32(s[1])<<8
	if len(s) > 2 {
		h |= uint32(s[2]) << 16
	}
	if len(s) > 3 {
		h |= uint32(s[3]) << 24
	}
	return h * 2654435761 >> 16
}

// at calls found for the keys that text begins with, the longest first.
func at[T string | []byte](x *index, text T, found func(*key)) {
	if !possible(x, text) {
		return
	}
	lo, hi := 0, len(x.keys)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if string(text[:min(len(text), len(x.keys[m].text)+1)]) < x.keys[m].text {
			hi = m
		} else {
			lo = m + 1
		}
	}
	i := int32(lo - 1)
	if i < 0 {
		return
	}
	same := 0 // bytes that the key has in common with text
	for k := x.keys[i].text; same < len(k) && same < len(text) && k[same] == text[same]; {
		same++
	}
	for ; i >= 0; i = x.up[i] {
		if len(x.keys[i].text) <= same {
			found(&x.keys[i])
		}
	}
}

// possible reports whether some key may begin as text does.
func possible[T string | []byte](x *index, text T) bool {
	if len(text) == 0 {
		return false
	}
	if x.one[text[0]] {
		return true
	}
	for n := 2; n <= 4 && n <= len(text); n++ {
		h := head(text[:n])
		if x.some[n-2][h/64]>>(h%64)&1 == 1 {
			return true
		}
	}
	return false
}
