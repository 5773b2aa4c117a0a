package normalize

import (
	_ "embed"
	"strings"
	"sync"
)

// What tells English from letters in disguise. Both tables were counted over
// texts in the public domain (CC0: the 18F handbook, prompts.chat, EDOS, Toxic
// Spans), under MIT (CyberSecEval's refusal questions in other languages, copyright Meta
// Platforms, Inc. and affiliates) and the sentences of this repository. Other languages in
// Latin letters are known a little.

// wordList are frequent words, the most frequent first.
//
//go:embed words.txt
var wordList string

// pairs are eight times the binary logarithm of how much likelier a letter is
// after another one than by chance, 27 by 27, 0 for the edge of a word.
//
//go:embed bigrams.bin
var pairs string

// affinity is pairs, by 32.
var affinity = func() (t [32 * 32]int8) {
	for i := range len(pairs) {
		t[i/27*32+i%27] = int8(pairs[i])
	}
	return t
}()

// alphabet is 1 to 26 for letters of either case, 0 for all else.
var alphabet = func() (t [256]uint8) {
	for c := byte(1); c <= 26; c++ {
		t['a'-1+c], t['A'-1+c] = c, c
	}
	return t
}()

// vocabulary is a hash table of the words, open addressing.
type vocabulary struct {
	hash [1 << 15]uint32
	rank [1 << 15]uint16
}

const (
	hashSeed = 2166136261
	hashStep = 16777619
)

var words = sync.OnceValue(func() *vocabulary {
	v := new(vocabulary)
	for i, w := range strings.Split(strings.TrimSpace(wordList), "\n") {
		h := wordHash(w)
		k := h >> 7 % (1 << 15)
		for v.hash[k] != 0 {
			k = (k + 1) % (1 << 15)
		}
		v.hash[k], v.rank[k] = h, uint16(i+1)
	}
	return v
})

// wordHash hashes letters of either case.
func wordHash(s string) uint32 {
	h := uint32(hashSeed)
	for i := range len(s) {
		h = (h ^ uint32(alphabet[s[i]])) * hashStep
	}
	return h
}

// find is the rank of the word with hash h from 1, 0 for none.
func (v *vocabulary) find(h uint32) int {
	for k := h >> 7 % (1 << 15); v.hash[k] != 0; k = (k + 1) % (1 << 15) {
		if v.hash[k] == h {
			return int(v.rank[k])
		}
	}
	return 0
}

// known reports whether s, of letters, is a frequent word.
func known(s string) bool { return len(s) > 0 && words().find(wordHash(s)) > 0 }

// fluency is the mean affinity of neighbouring letters in s, the edges of words
// included: about 11 for English, 0 for English backwards, -8 for random letters.
func fluency(s string) int {
	sum, n, prev := 0, 0, uint8(0)
	for i := range len(s) {
		c := alphabet[s[i]]
		if c|prev != 0 {
			sum += int(affinity[int(prev)*32+int(c)])
			n++
		}
		prev = c
	}
	if prev != 0 {
		sum += int(affinity[int(prev)*32])
		n++
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// familiar is the share of the letters of s that stand in frequent words, in
// percent. Words of one letter count neither way.
func familiar(s string) int {
	all, in := 0, 0
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && alphabet[s[j]] != 0 {
			j++
		}
		if j-i > 1 {
			all += j - i
			if known(s[i:j]) {
				in += j - i
			}
		}
		i = max(j, i+1)
	}
	if all == 0 {
		return 0
	}
	return 100 * in / all
}

// segmented puts spaces between the words of letters that are written as one,
// at most limit of them; ok is false when they are not words.
func segmented(s string) (string, bool) {
	const longest, unknown = 16, 24
	if len(s) > 4<<10 {
		return s, false
	}
	v := words()
	cost := make([]int32, len(s)+1)
	from := make([]int32, len(s)+1)
	for i := 1; i <= len(s); i++ {
		cost[i] = 1 << 30
	}
	for i := 0; i < len(s); i++ {
		h := uint32(hashSeed)
		for n := 1; n <= longest && i+n <= len(s); n++ {
			h = (h ^ uint32(alphabet[s[i+n-1]])) * hashStep
			c := int32(unknown + 9*n)
			if rank := v.find(h); rank > 0 && (n > 1 || s[i]|0x20 == 'a' || s[i]|0x20 == 'i') {
				c = int32(8 + 2*log2(rank))
			}
			if t := cost[i] + c; t < cost[i+n] {
				cost[i+n], from[i+n] = t, int32(i)
			}
		}
	}
	var cuts []int
	strange := 0
	for i := len(s); i > 0; i = int(from[i]) {
		cuts = append(cuts, int(from[i]))
		if w := s[from[i]:i]; !known(w) {
			strange += len(w)
		}
	}
	if strange*5 > len(s)*2 {
		return s, false
	}
	var b strings.Builder
	for i := len(cuts) - 1; i >= 0; i-- {
		end := len(s)
		if i > 0 {
			end = cuts[i-1]
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s[cuts[i]:end])
	}
	return b.String(), true
}

func log2(n int) int {
	k := 0
	for ; n > 1; n >>= 1 {
		k++
	}
	return k
}
