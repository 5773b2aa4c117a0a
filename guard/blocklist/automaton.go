package blocklist

import (
	"unicode"
	"unicode/utf8"
)

// automaton is Aho and Corasick's over words instead of characters: whole-word
// matching needs no further check, and the states are as many as the words of
// the terms, not their characters.
type automaton struct {
	symbols map[string]uint32 // the words that occur in terms, from 1
	next    map[edge]uint32   // goto
	fail    []uint32          // the longest proper suffix that is a state
	length  []int             // tokens of the term that ends here, 0 for none
	output  []uint32          // the nearest state along fail that ends a term
	longest int               // tokens
}

type edge struct{ state, symbol uint32 }

func newAutomaton() automaton {
	return automaton{
		symbols: map[string]uint32{}, next: map[edge]uint32{},
		fail: []uint32{0}, length: []int{0}, output: []uint32{0},
	}
}

func (a *automaton) add(term string) {
	state, tokens := uint32(0), 0
	for i := 0; i < len(term); {
		j := token(term, i)
		s, ok := a.symbols[symbol(term[i:j])]
		if !ok {
			s = uint32(len(a.symbols) + 1)
			a.symbols[symbol(term[i:j])] = s
		}
		to, ok := a.next[edge{state, s}]
		if !ok {
			to = uint32(len(a.fail))
			a.next[edge{state, s}] = to
			a.fail = append(a.fail, 0)
			a.length = append(a.length, 0)
			a.output = append(a.output, 0)
		}
		state, i = to, j
		tokens++
	}
	a.length[state] = tokens
	a.longest = max(a.longest, tokens)
}

// link computes the fail and output links. A state's number is larger than its
// parent's but not in order of depth, so the states are visited by level.
func (a *automaton) link() {
	children := make([][]edge, len(a.fail)) // to, by from
	for e, to := range a.next {
		children[e.state] = append(children[e.state], edge{to, e.symbol})
	}
	level := []uint32{0}
	for len(level) > 0 {
		var below []uint32
		for _, from := range level {
			for _, c := range children[from] {
				below = append(below, c.state)
				if from != 0 {
					a.fail[c.state] = a.step(a.fail[from], c.symbol)
				}
				f := a.fail[c.state]
				a.output[c.state] = a.output[f]
				if a.length[f] > 0 {
					a.output[c.state] = f
				}
			}
		}
		level = below
	}
}

func (a *automaton) step(state, symbol uint32) uint32 {
	for {
		if to, ok := a.next[edge{state, symbol}]; ok {
			return to
		}
		if state == 0 {
			return 0
		}
		state = a.fail[state]
	}
}

// find calls found for each term in text. Of the terms that end at one place
// only the longest is reported: its span holds the others. A word also ends at
// each of cuts. Cuts and what is reported count from base before the text.
func (a *automaton) find(text string, cuts []int, base int, found func(start, end int)) {
	if len(a.symbols) == 0 {
		return
	}
	starts := make([]int, a.longest) // of the last tokens, a ring
	state := uint32(0)
	for i, n := 0, 0; i < len(text); n++ {
		j := token(text, i)
		for len(cuts) > 0 && cuts[0] <= base+i {
			cuts = cuts[1:]
		}
		if len(cuts) > 0 {
			j = min(j, cuts[0]-base)
		}
		starts[n%len(starts)] = base + i
		s, ok := a.symbols[symbol(text[i:j])]
		if !ok {
			state, i = 0, j
			continue
		}
		state = a.step(state, s)
		end := state
		if a.length[end] == 0 {
			end = a.output[end]
		}
		if k := a.length[end]; k > 0 {
			found(starts[(n-k+1)%len(starts)], base+j)
		}
		i = j
	}
}

// symbol makes the two kinds of white space one.
func symbol(token string) string {
	if token == "\n" {
		return " "
	}
	return token
}

// token is the end of the token at i: a run of letters, digits and marks, one
// ideograph, or one other character.
func token(text string, i int) int {
	r, size := utf8.DecodeRuneInString(text[i:])
	if !inWord(r) {
		return i + size
	}
	j := i + size
	for j < len(text) {
		r, size := utf8.DecodeRuneInString(text[j:])
		if !inWord(r) {
			break
		}
		j += size
	}
	return j
}

// inWord reports whether r continues a word.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9'
	}
	if r == utf8.RuneError || alone(r) {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
}

// alone reports whether r is a word by itself.
func alone(r rune) bool {
	return r >= 0x2E80 && r <= 0x9FFF || r >= 0x20000 && r <= 0x3FFFF || r >= 0xF900 && r <= 0xFAFF ||
		r >= 0x0E00 && r <= 0x0EFF || r >= 0x1000 && r <= 0x109F || r >= 0x1780 && r <= 0x17FF // Thai, Lao, Burmese, Khmer
}
