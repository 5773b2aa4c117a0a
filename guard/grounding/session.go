package grounding

import (
	"context"
	"errors"
	"strings"

	"sallyport/guard"
)

// Session judges the statements of one answer one by one, while it is written. What it
// says of a statement depends on the sources, the question and that statement only, so
// it is the same wherever the answer is cut; Check knows the whole answer and
// may judge a few statements otherwise. It is not safe for concurrent use.
type Session struct {
	c    *Checker
	base check
}

// Session reads the sources once. Errors are those of Check.
func (c *Checker) Session(question string, passages []string) (s *Session, err error) {
	defer func() {
		if recover() != nil {
			s, err = nil, errors.New("grounding: a fault within the guard")
		}
	}()
	if err := bounds(Request{Answer: "-", Question: question, Passages: passages}); err != nil {
		return nil, err
	}
	s = &Session{c: c, base: check{w: c.w, x: newIndex(passages), table: make([]float32, (mostTokens+2)*(mostTokens+1))}}
	s.base.ask(question)
	s.base.german = inGerman(passages)
	return s, nil
}

// fewestGerman of a hundred words must be German for sources to be.
const fewestGerman = 4

func inGerman(passages []string) bool {
	words, hits := 0, 0
	for _, p := range passages {
		tokens := tokenize(p)
		words += len(tokens)
		for i := range tokens {
			if german(p, tokens[i:i+1]) {
				hits++
			}
		}
	}
	return hits*100 > fewestGerman*words
}

// Statement judges text as one statement. Spans are bytes of it.
func (s *Session) Statement(ctx context.Context, text string) (st Statement, err error) {
	defer func() {
		if recover() != nil {
			st, err = Statement{}, errors.New("grounding: a fault within the guard")
		}
	}()
	if text == "" {
		return Statement{}, ErrNoText
	}
	if len(text) > MaxAnswer {
		return Statement{}, ErrTooLong
	}
	k := s.base
	k.answer = text
	res, _, err := k.each(ctx, []piece{{0, len(text)}})
	if err != nil {
		return Statement{}, err
	}
	return res.Statements[0], nil
}

// Cutter cuts a growing text into the statements that Split would find in the whole
// of it. The zero Cutter begins at the start of a text.
type Cutter struct {
	at   int  // bytes that are cut already
	line bool // at lies within a line
}

// Context is how many bytes before Cutter.At a text must still hold.
const Context = 32

// ahead is how much text behind a sentence settles that it ends there.
const ahead = 48

// At is how many bytes of the text are cut.
func (c *Cutter) At() int { return c.at }

// Next returns the statements that are complete whatever follows, all of them when the
// text has ended, and moves At behind them. text holds the text from byte base on, which
// must not exceed At less Context. Spans are bytes of the whole text.
func (c *Cutter) Next(text string, base int, ended bool) []guard.Span {
	var out []piece
	for at := c.at - base; at < len(text); at = c.at - base {
		end := strings.IndexByte(text[at:], '\n')
		whole := end >= 0 || ended
		if end < 0 {
			end = len(text)
		} else {
			end += at
		}
		out = c.cut(text, base, at, end, whole, out)
		if !whole {
			break
		}
		c.at, c.line = base+min(end+1, len(text)), false
	}
	spans := make([]guard.Span, len(out))
	for i, p := range out {
		spans[i] = guard.Span{Start: p.start + base, End: p.end + base}
	}
	return spans
}

// cut cuts one line, of which whole tells whether its end is known.
func (c *Cutter) cut(text string, base, at, end int, whole bool, out []piece) []piece {
	start := at
	if !c.line {
		if !whole && end-at < ahead {
			return out // its mark of a list is not known
		}
		start = bullet(text, at, end)
	}
	settled := true
	cuts(text, start, end, func(next int) {
		settled = settled && (whole || len(strings.TrimLeft(text[next:end], " \t\u00a0\"'”)[(“«")) >= ahead)
		if !settled {
			return
		}
		out = add(text, start, next, out)
		start = next
		c.at, c.line = base+next, true
	})
	if whole {
		out = add(text, start, end, out)
	}
	return out
}
