package encoder

import (
	"errors"
	"slices"
	"unicode/utf8"

	"sallyport/guard"
)

// Token is one piece of a text.
type Token struct {
	ID   int32
	Span guard.Span // in the text as it was given, the space before it left out
}

const (
	space         = '\u2581' // stands for a space inside pieces
	maxWord       = 1024     // characters; a longer word is cut
	noPiece       = -1
	maxPieceBytes = 1 << 23 // all together, so that a trie's node and a byte fit 32 bits
	unkMargin     = 10      // an unknown character costs this more than the rarest piece

	// resetBelow: sums of log probabilities start again at a word when they
	// have come this low, so that rounding does not decide in long texts. Words
	// do not share pieces, so this changes no choice but those by rounding.
	resetBelow = -2048
)

// tokenizer splits text as SentencePiece's Unigram does: characters are mapped
// (much of NFKC, one code point at a time), runs of spaces become one, and each
// word is cut so that the sum of its pieces' scores is highest.
type tokenizer struct {
	trie    trie
	score   []float32
	unknown int32
	unk     float32 // score of an unknown character
	normKey []rune
	normAt  []uint32
	normOut []rune
	ascii   [utf8.RuneSelf]int32 // index into normKey, or noPiece
}

func (f *file) tokenizer() (*tokenizer, error) {
	blob := f.raw("pieces.text", "u8", 1, anyLength)
	at := f.words("pieces.at")
	t := &tokenizer{
		score:   f.floats("pieces.score", f.Pieces),
		unknown: f.Unknown,
		normAt:  f.words("norm.at"),
	}
	for _, k := range f.words("norm.key") {
		t.normKey = append(t.normKey, rune(k))
	}
	for _, o := range f.words("norm.out") {
		t.normOut = append(t.normOut, rune(o))
	}
	if f.err != nil {
		return nil, f.err
	}
	if len(blob) > maxPieceBytes || !rising(at, f.Pieces, len(blob)) || !rising(t.normAt, len(t.normKey), len(t.normOut)) || !slices.IsSorted(t.normKey) {
		return nil, errors.New("tables of the tokenizer that do not fit together")
	}
	for _, o := range t.normOut {
		if !utf8.ValidRune(o) {
			return nil, errors.New("the normaliser map makes what is no character")
		}
	}
	t.trie = newTrie(len(blob))
	lowest := t.score[0]
	for id := range t.score {
		lowest = min(lowest, t.score[id])
		piece := blob[at[id]:at[id+1]]
		if !utf8.Valid(piece) {
			continue // a special piece, which no text may spell
		}
		t.trie.add(piece, int32(id))
	}
	t.unk = lowest - unkMargin
	for i := range t.ascii {
		t.ascii[i] = t.search(rune(i))
	}
	return t, nil
}

func (t *tokenizer) search(r rune) int32 {
	i, ok := slices.BinarySearch(t.normKey, r)
	if !ok {
		return noPiece
	}
	return int32(i)
}

// scan walks a text word by word. It is part of scratch memory: nothing of it
// grows, and reset makes it ready for another text.
type scan struct {
	t     *tokenizer
	text  string
	at    int // next byte of text
	sum   float32
	begun bool // a character came out of the normaliser
	was   bool // that character was a space
	done  bool

	// Characters that the normaliser made of a rune and that wait.
	waiting []rune
	from    guard.Span // of that rune

	// The word being collected.
	chars int
	buf   [maxWord * utf8.UTFMax]byte
	start [maxWord + 1]int32 // of each character in buf
	src   [maxWord]guard.Span

	best  [maxWord + 1]float32
	piece [maxWord + 1]int32
	back  [maxWord + 1]int32

	tokens [maxWord]Token
	n, out int // tokens holds n, of which out were taken
}

// reset starts on text; sum is that of the pieces before it.
func (s *scan) reset(t *tokenizer, text string, sum float32) {
	s.t, s.text, s.at, s.sum = t, text, 0, sum
	s.begun, s.was, s.done = false, false, false
	s.waiting, s.chars, s.n, s.out = nil, 0, 0, 0
}

// next is the next token; ok is false at the end.
func (s *scan) next() (tok Token, starts, ok bool) {
	for s.out == s.n {
		if s.done {
			return Token{}, false, false
		}
		s.word()
	}
	tok = s.tokens[s.out]
	s.out++
	return tok, s.out == 1, true
}

// unread puts back the token that next gave last.
func (s *scan) unread() { s.out-- }

// char is the next character out of the normaliser.
func (s *scan) char() (rune, bool) {
	for {
		if len(s.waiting) > 0 {
			r := s.waiting[0]
			s.waiting = s.waiting[1:]
			return r, true
		}
		if s.at >= len(s.text) {
			return 0, false
		}
		r, n := rune(s.text[s.at]), 1
		i := int32(noPiece)
		if r < utf8.RuneSelf {
			i = s.t.ascii[r]
		} else {
			r, n = utf8.DecodeRuneInString(s.text[s.at:])
			i = s.t.search(r)
		}
		s.from = guard.Span{Start: s.at, End: s.at + n}
		s.at += n
		if i == noPiece {
			return r, true
		}
		s.waiting = s.t.normOut[s.t.normAt[i]:s.t.normAt[i+1]]
	}
}

// word collects the next word and cuts it into pieces.
func (s *scan) word() {
	if !s.begun {
		s.begin()
	}
	for s.chars < maxWord {
		r, ok := s.char()
		if !ok {
			s.done = true
			break
		}
		if r != ' ' {
			s.put(r)
			s.was = false
			continue
		}
		if s.was {
			continue
		}
		s.was = true
		s.cut()
		s.put(space)
		return
	}
	s.cut()
}

// begin puts the space that every text starts with, given or not.
func (s *scan) begin() {
	s.begun = true
	r, ok := s.char()
	if ok && r == ' ' {
		s.was = true
		s.put(space)
		return
	}
	if !ok {
		s.from = guard.Span{}
	}
	from := s.from
	s.from.End = s.from.Start // made by us: no byte stands for it
	s.put(space)
	s.from = from
	if ok {
		s.put(r)
	}
}

func (s *scan) put(r rune) {
	at := s.start[s.chars]
	s.src[s.chars] = s.from
	n := utf8.EncodeRune(s.buf[at:at+utf8.UTFMax], r)
	s.chars++
	s.start[s.chars] = at + int32(n)
}

// cut is Viterbi's search over the collected word; it leaves the tokens.
func (s *scan) cut() {
	n := s.chars
	s.n, s.out, s.chars = 0, 0, 0
	if n == 0 {
		return
	}
	if s.sum < resetBelow {
		s.sum = 0
	}
	const never = -1e30
	for i := 1; i <= n; i++ {
		s.best[i] = never
	}
	s.best[0] = s.sum
	buf := s.buf[:s.start[n]]
	for i := range n {
		s.match(buf, i, n)
		if v := s.best[i] + s.t.unk; v > s.best[i+1] {
			s.best[i+1], s.piece[i+1], s.back[i+1] = v, s.t.unknown, int32(i)
		}
	}
	s.sum = s.best[n]
	for i := n; i > 0; i = int(s.back[i]) {
		s.n++
	}
	k := s.n
	for i := n; i > 0; i = int(s.back[i]) {
		k--
		s.tokens[k] = Token{ID: s.piece[i], Span: s.span(int(s.back[i]), i)}
	}
}

// match tries every piece that begins at character i.
func (s *scan) match(buf []byte, i, n int) {
	node := int32(0)
	base := s.best[i]
	end := i + 1
	for at := s.start[i]; int(at) < len(buf); at++ {
		node = s.t.trie.step(node, buf[at])
		if node < 0 {
			return
		}
		if at+1 != s.start[end] {
			continue
		}
		if id := s.t.trie.piece[node]; id != noPiece {
			if v := base + s.t.score[id]; v > s.best[end] {
				s.best[end], s.piece[end], s.back[end] = v, id, int32(i)
			}
		}
		end++
	}
}

// span is where characters a to b came from.
func (s *scan) span(a, b int) guard.Span {
	if b-a > 1 && s.start[a+1]-s.start[a] == 3 && string(s.buf[s.start[a]:s.start[a+1]]) == string(space) {
		a++
	}
	return guard.Span{Start: s.src[a].Start, End: s.src[b-1].End}
}

// trie maps pieces to ids: edges in one open-addressed table.
type trie struct {
	edges []uint64 // node and byte above, target below; 0 is free
	shift uint8
	piece []int32 // of each node
}

func newTrie(bytes int) trie {
	bits := uint8(4)
	for 1<<bits <= bytes {
		bits++
	}
	return trie{edges: make([]uint64, 1<<bits), shift: 64 - bits, piece: []int32{noPiece}}
}

func edge(node int32, b byte) uint64 { return uint64(node)<<8 | uint64(b) }

// slot is where the edge with key is or would be.
func (t *trie) slot(key uint64) uint64 {
	i := key * 0x9E3779B97F4A7C15 >> t.shift
	for t.edges[i] != 0 && t.edges[i]>>32 != key {
		i = (i + 1) & uint64(len(t.edges)-1)
	}
	return i
}

func (t *trie) step(node int32, b byte) int32 {
	e := t.edges[t.slot(edge(node, b))]
	if e == 0 {
		return -1
	}
	return int32(uint32(e))
}

func (t *trie) add(piece []byte, id int32) {
	if len(piece) == 0 {
		return
	}
	node := int32(0)
	for _, b := range piece {
		key := edge(node, b)
		i := t.slot(key)
		if t.edges[i] == 0 {
			t.edges[i] = key<<32 | uint64(len(t.piece))
			t.piece = append(t.piece, noPiece)
		}
		node = int32(uint32(t.edges[i]))
	}
	if t.piece[node] == noPiece {
		t.piece[node] = id
	}
}
