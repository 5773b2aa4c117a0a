package blocklist

import (
	"errors"
	"fmt"
	"regexp/syntax"
)

// longestMatch is the length in characters of the longest text that pattern
// can match, or an error for patterns that a list cannot take.
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
	case long > MaxLength:
		return 0, fmt.Errorf("the pattern's longest match has %d characters, at most %d are possible", long, MaxLength)
	}
	return long, nil
}

// bounds are the shortest and longest match of re.
func bounds(re *syntax.Regexp) (short, long int, err error) {
	switch re.Op {
	case syntax.OpStar, syntax.OpPlus:
		return 0, 0, errors.New("the pattern has no longest match: write {0,64} or {1,64} for * or +")
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
		if re.Max < 0 {
			return 0, 0, errors.New("the pattern has no longest match: give {n,} an upper bound")
		}
		short, long, err = bounds(re.Sub[0])
		return short * re.Min, long * re.Max, err
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			s, l, err := bounds(sub)
			if err != nil {
				return 0, 0, err
			}
			short, long = short+s, long+l
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
