package blocklist

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Limits of patterns, in instructions of their programs.
const (
	maxProgram = 10_000  // of one pattern
	maxLoose   = 20_000  // of all patterns that have no fixed part
	maxAll     = 400_000 // of all
	minFixed   = 3       // bytes of a fixed part that is looked for first
)

// pattern is a compiled pattern. It runs over texts in which one of its fixed parts
// is, if it has some.
type pattern struct {
	re   *regexp.Regexp
	item int
}

// addPattern compiles an expression.
func (l *List) addPattern(expr string, item int) error {
	longest, err := longestMatch(expr)
	if err != nil {
		return err
	}
	re, err := regexp.Compile("(?i:" + expr + ")")
	if err != nil {
		return errors.New("not a valid RE2 pattern") // the error would quote it
	}
	tree, err := syntax.Parse("(?i:"+expr+")", syntax.Perl)
	if err != nil {
		return errors.New("not a valid RE2 pattern")
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return errors.New("not a valid RE2 pattern")
	}
	size, fixed := len(program.Inst), fixedParts(tree)
	l.size += size
	if fixed == nil {
		l.looseSize += size
	}
	switch {
	case size > maxProgram:
		return fmt.Errorf("the pattern is too large: %d instructions, at most %d are possible", size, maxProgram)
	case l.looseSize > maxLoose:
		return fmt.Errorf("too many patterns without a fixed part of %d letters or digits", minFixed)
	case l.size > maxAll:
		return errors.New("too many large patterns")
	}
	n := len(l.patterns)
	l.patterns = append(l.patterns, pattern{re, item})
	if fixed == nil {
		l.always = append(l.always, n)
	}
	for _, f := range fixed {
		l.fixed.add(key{text: f, item: n})
	}
	l.longest = max(l.longest, longest)
	return nil
}

// match calls found for the matches of patterns in text, which begins at base.
func (l *List) match(text string, base int, found func(start, end, item int)) {
	if len(l.patterns) == 0 {
		return
	}
	run := func(n int) {
		p := &l.patterns[n]
		for _, m := range p.re.FindAllStringIndex(text, -1) {
			found(base+m[0], base+m[1], p.item)
		}
	}
	for _, n := range l.always {
		run(n)
	}
	if l.fixed.empty() {
		return
	}
	var seen []uint64 // patterns that ran
	for i := range len(text) {
		at(&l.fixed, text[i:], func(k *key) {
			if seen == nil {
				seen = make([]uint64, len(l.patterns)/64+1)
			}
			if seen[k.item/64]>>(k.item%64)&1 == 0 {
				seen[k.item/64] |= 1 << (k.item % 64)
				run(k.item)
			}
		})
	}
}

// fixedParts are literals of which one is in every match of re, nil when there are none
// that are long enough. Only ASCII counts: it has one form after normalisation.
func fixedParts(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		best, from := "", 0
		text := strings.ToLower(string(re.Rune))
		for i := 0; i <= len(text); i++ {
			if i == len(text) || text[i] >= 0x80 || text[i] <= ' ' {
				if i-from > len(best) {
					best = text[from:i]
				}
				from = i + 1
			}
		}
		if len(best) >= minFixed {
			return []string{best}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return fixedParts(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return fixedParts(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			f := fixedParts(sub)
			if f != nil && (best == nil || shortest(f) > shortest(best)) {
				best = f
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			f := fixedParts(sub)
			if f == nil || len(all)+len(f) > 64 {
				return nil
			}
			all = append(all, f...)
		}
		return all
	}
	return nil
}

func shortest(list []string) int {
	n := len(list[0])
	for _, s := range list {
		n = min(n, len(s))
	}
	return n
}

// unbounded is the longest match of a pattern that has none.
const unbounded = 1 << 30

// longestMatch is the length in characters of the longest text that pattern can match,
// MaxLength for patterns without one, or an error for patterns that a list cannot take.
func longestMatch(pattern string) (int, error) {
	if len(pattern) > 4*MaxLength {
		return 0, fmt.Errorf("longer than %d characters", MaxLength)
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, errors.New("not a valid RE2 pattern")
	}
	short, long, err := bounds(re)
	switch {
	case err != nil:
		return 0, err
	case short == 0:
		return 0, errors.New("the pattern matches the empty text")
	case long >= unbounded:
		return MaxLength, nil
	case long > MaxLength:
		return 0, fmt.Errorf("the pattern's longest match has %d characters, at most %d are possible", long, MaxLength)
	}
	return long, nil
}

// bounds are the shortest and longest match of re.
func bounds(re *syntax.Regexp) (short, long int, err error) {
	switch re.Op {
	case syntax.OpStar, syntax.OpPlus:
		short, _, err = bounds(re.Sub[0])
		if re.Op == syntax.OpStar {
			short = 0
		}
		return short, unbounded, err
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return 0, 0, errors.New("^, $, \\A and \\z have no meaning in a stream: use \\b")
	case syntax.OpLiteral:
		return len(re.Rune), len(re.Rune), nil
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, 1, nil
	case syntax.OpCapture:
		return bounds(re.Sub[0])
	case syntax.OpQuest:
		_, long, err = bounds(re.Sub[0])
		return 0, long, err
	case syntax.OpRepeat:
		short, long, err = bounds(re.Sub[0])
		if re.Max < 0 {
			return short * re.Min, unbounded, err
		}
		return short * re.Min, min(long*re.Max, unbounded), err
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			s, l, err := bounds(sub)
			if err != nil {
				return 0, 0, err
			}
			short, long = short+s, min(long+l, unbounded)
		}
		return short, long, nil
	case syntax.OpAlternate:
		return alternatives(re.Sub)
	}
	return 0, 0, nil // empty matches and word boundaries
}

func alternatives(subs []*syntax.Regexp) (short, long int, err error) {
	for i, sub := range subs {
		s, l, err := bounds(sub)
		if err != nil {
			return 0, 0, err
		}
		if i == 0 || s < short {
			short = s
		}
		long = max(long, l)
	}
	return short, long, nil
}
