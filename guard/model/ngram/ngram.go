// Package ngram turns a normalised text into hashed features, block by block,
// the same way for training and for scoring. It allocates nothing.
//
// Features are words, pairs of neighbouring words, pairs with one word left
// out, and all runs of three to five bytes. A block is about 240 bytes ending
// at a word's end; two neighbouring blocks make the window that is scored, so
// that each feature is computed once and every phrase is whole in a window.
package ngram

const (
	// Bits is the logarithm of the number of buckets.
	Bits = 18
	// Buckets is the number of hash buckets.
	Buckets = 1 << Bits
	// BlockSize is the length in bytes after which a block ends at the next
	// word's end.
	BlockSize = 120
	// maxBlock ends a block inside a word, for texts without white space.
	maxBlock = 160
	// MaxFeatures bounds the features of one block: three runs for each byte
	// and three word features for each word's end.
	MaxFeatures = maxBlock*6 + 8
)

// class maps bytes: digits to '0', all that is no letter, digit or byte of a
// longer rune to one of a few signs. Upper case does not occur in normalised
// text but folding it costs nothing.
var class = func() (t [256]byte) {
	for c := range t {
		t[c] = byte(c)
		switch {
		case c >= 'A' && c <= 'Z':
			t[c] = byte(c) + 32
		case c >= '0' && c <= '9':
			t[c] = '0'
		case c <= ' ':
			t[c] = ' '
		}
	}
	return t
}()

// word marks the bytes that make words.
var word = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '\'' || c >= 0x80
	}
	return t
}()

const (
	mul3  = 0x9E3779B97F4A7C15
	mul4  = 0xC2B2AE3D27D4EB4F
	mul5  = 0x165667B19E3779F9
	mulW  = 0xFF51AFD7ED558CCD
	mulWW = 0xD6E8FEB86659FD93
	mulWS = 0xA0761D6478BD642F
	seedW = 0xCBF29CE484222325
	fnv   = 0x100000001B3
)

// Walker walks over one text. The zero Walker is of the empty text.
type Walker struct {
	text   string
	at     int
	bytes  uint64 // the last eight classed bytes
	hash   uint64 // of the word begun
	prev   uint64 // hashes of the last two words
	before uint64
}

// Walk begins at the start of text.
func Walk(text string) Walker { return Walker{text: text, bytes: ' ', hash: seedW} }

// Next writes the features of the next block to dst, which must have room for
// MaxFeatures, and returns how many and where the block lies. ok is false at
// the end of the text.
func (w *Walker) Next(dst []uint32) (n, start, end int, ok bool) {
	if w.at >= len(w.text) {
		return 0, w.at, w.at, false
	}
	dst = dst[:MaxFeatures]
	start = w.at
	limit := min(len(w.text), start+maxBlock)
	i, b, h := w.at, w.bytes, w.hash
	for ; i < limit; i++ {
		raw := w.text[i]
		c := class[raw]
		b = b<<8 | uint64(c)
		dst[n] = uint32((b & 0xFFFFFF) * mul3 >> (64 - Bits))
		dst[n+1] = uint32((b & 0xFFFFFFFF) * mul4 >> (64 - Bits))
		dst[n+2] = uint32((b & 0xFFFFFFFFFF) * mul5 >> (64 - Bits))
		n += 3
		if word[raw] {
			h = (h ^ uint64(c)) * fnv
			if !ideograph(raw, i, w.text) {
				continue
			}
		}
		if h != seedW {
			n += w.endWord(dst[n:], h)
			h = seedW
		}
		if i-start >= BlockSize {
			i++
			break
		}
	}
	if i == len(w.text) && h != seedW {
		n += w.endWord(dst[n:], h)
		h = seedW
	}
	w.at, w.bytes, w.hash = i, b, h
	return n, start, i, true
}

// endWord writes the features of a word that ends: itself, with the word
// before it, and with the one before that.
func (w *Walker) endWord(dst []uint32, h uint64) int {
	dst[0] = uint32(h * mulW >> (64 - Bits))
	dst[1] = uint32((h ^ w.prev*3) * mulWW >> (64 - Bits))
	dst[2] = uint32((h ^ w.before*5) * mulWS >> (64 - Bits))
	w.before, w.prev = w.prev, h
	return 3
}

// ideograph reports whether the byte at i ends a character that is a word by
// itself: Chinese and Japanese write no spaces. Only the last byte of a rune of
// three bytes with a lead byte of that range counts.
func ideograph(raw byte, i int, text string) bool {
	return raw >= 0x80 && raw < 0xC0 && i >= 2 && text[i-2] >= 0xE3 && text[i-2] <= 0xE9
}
