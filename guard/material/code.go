package material

import (
	"unicode"
	"unicode/utf8"
)

// codeState is where in the code the feed stands, across pieces.
type codeState uint8

const (
	inCode codeState = iota
	inLine           // a comment to the end of the line
	inBlock
)

// codeTokens reads whole tokens of code from rest: identifiers, numbers, single
// marks. Comments (//, #, --, /* */) and blanks are skipped; strings are cut
// like code, so that a quote that never ends hides nothing. It returns how many
// bytes are done with.
func (f *feed) codeTokens(end bool) (used int) {
	b := f.rest
	for used < len(b) && (end || len(b)-used >= utf8.UTFMax) { // what begins a comment is shorter
		if f.code != inCode {
			used += f.skip(b[used:])
			continue
		}
		prev := f.prev
		if used > 0 {
			prev = b[used-1]
		}
		if n, state := comment(b[used:], f.base+used == 0 || spaceBefore(prev)); n > 0 {
			f.code = state
			used += n
			continue
		}
		r, size := utf8.DecodeRune(b[used:])
		if !identifier(r) {
			if !unicode.IsSpace(r) && !ignorable(r) && r != ';' && r != ',' {
				f.add(mix(fnvBasis, r), used, size, 1)
			}
			used += size
			continue
		}
		n, count, h, full := f.identifier(b[used:], end)
		if !full {
			return used
		}
		f.add(h, used, n, count)
		used += n
	}
	return used
}

// skip takes one character of a comment, or its end.
func (f *feed) skip(b []byte) int {
	switch {
	case f.code == inLine && b[0] == '\n':
		f.code = inCode
	case f.code == inBlock && len(b) > 1 && b[0] == '*' && b[1] == '/':
		f.code = inCode
		return 2
	}
	_, n := utf8.DecodeRune(b)
	return n
}

func spaceBefore(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';' }

// comment is the length of a comment's beginning. # and -- begin one only
// behind a blank.
func comment(b []byte, blank bool) (int, codeState) {
	switch {
	case len(b) > 1 && b[0] == '/' && b[1] == '/':
		return 2, inLine
	case len(b) > 1 && b[0] == '/' && b[1] == '*':
		return 2, inBlock
	case blank && b[0] == '#' && len(b) > 1 && (b[1] == ' ' || b[1] == '#' || b[1] == '!'):
		return 1, inLine
	case blank && len(b) > 2 && b[0] == '-' && b[1] == '-' && b[2] == ' ':
		return 2, inLine
	}
	return 0, inCode
}

func identifier(r rune) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// identifier reads the identifier or number at the beginning of b: its bytes,
// code points and hash. full is false if it may go on in the next piece.
func (f *feed) identifier(b []byte, end bool) (size, runes int, h uint64, full bool) {
	h = fnvBasis
	for size < len(b) && size < longestToken {
		if !end && !utf8.FullRune(b[size:]) {
			return 0, 0, 0, false
		}
		r, n := utf8.DecodeRune(b[size:])
		if !identifier(r) {
			break
		}
		h = mix(h, r)
		size, runes = size+n, runes+1
	}
	if size == len(b) && !end && size < longestToken {
		return 0, 0, 0, false
	}
	if f.s.Names && b[0] > '9' && !keywords[string(b[:size])] {
		h = 1
	}
	return size, runes, h, true
}

// keywords of common languages stay themselves where names are made alike.
var keywords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range []string{
		"and", "as", "async", "await", "break", "case", "catch", "chan", "class", "const", "continue", "def", "default", "defer", "del", "do", "elif", "else", "enum", "except", "export", "extends", "false", "False", "final", "finally", "float", "fn", "for", "from", "func", "function", "go", "goto", "if", "impl", "import", "in", "int", "interface", "is", "lambda", "let", "loop", "map", "match", "mod", "mut", "new", "nil", "None", "not", "null", "or", "package", "pass", "private", "protected", "pub", "public", "raise", "range", "return", "select", "self", "static", "string", "struct", "super", "switch", "this", "throw", "trait", "true", "True", "try", "type", "use", "var", "void", "where", "while", "with", "yield", "bool", "char", "double", "long", "short", "unsigned",
	} {
		m[w] = true
	}
	return m
}()
