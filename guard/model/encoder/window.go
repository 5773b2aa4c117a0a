package encoder

import (
	"context"

	"sallyport/guard"
)

// Options of a reading.
type Options struct {
	Prefix Prefix
	// Windows is the most windows that are read, 0 for DefaultWindows.
	Windows int
	// Overlap is how many tokens of a window the next one sees again, at most
	// MaxOverlap: what a window's end cuts is whole in the next.
	Overlap int
}

// Bounds of Options.
const (
	DefaultWindows = 64
	MaxOverlap     = Length / 2
)

// slack is how many tokens a window gives up so that it ends with a word.
const slack = 16

// Window is what the model saw of a text at once. It and all slices it gives are
// valid until visit returns.
type Window struct {
	e      *Encoder
	s      *scratch
	tokens []Token
	first  int // row of the first token
	rows   int
	mean   []float32
	unit   []float32
}

// Tokens are the window's pieces of the text, without specials and prefix. There
// is at least one, even of an empty text.
func (w *Window) Tokens() []Token { return w.tokens }

// Span is the part of the text that the window covers.
func (w *Window) Span() guard.Span {
	return guard.Span{Start: w.tokens[0].Span.Start, End: w.tokens[len(w.tokens)-1].Span.End}
}

// Vector is the state of token i, Dimensions long, not normalised.
func (w *Window) Vector(i int) []float32 {
	h := w.e.hidden
	return w.s.x[(w.first+i)*h:][:h:h]
}

// Mean is the mean of all states, not normalised.
func (w *Window) Mean() []float32 { return w.mean }

// Unit is Mean at length 1.
func (w *Window) Unit() []float32 { return w.unit }

// Read passes the windows of text to visit, one after another. read is how many
// bytes the windows covered: less than len(text) when Options.Windows were too
// few. Errors are ErrOff, the context's, and visit's. The time is linear in the
// text that was read; nothing is allocated after the first passes.
func (e *Encoder) Read(ctx context.Context, text string, o Options, visit func(*Window) error) (read int, err error) {
	if !e.on {
		return 0, ErrOff
	}
	return e.within(ctx, text, o, e.pass, visit)
}

// Split is Read without the model: the windows have tokens and nothing else. An
// encoder that is off splits too.
func (e *Encoder) Split(ctx context.Context, text string, o Options, visit func(*Window) error) (read int, err error) {
	return e.within(ctx, text, o, func(ctx context.Context, _ *scratch, _ Prefix) error { return ctx.Err() }, visit)
}

type passFunc func(context.Context, *scratch, Prefix) error

func (e *Encoder) within(ctx context.Context, text string, o Options, pass passFunc, visit func(*Window) error) (int, error) {
	s, err := e.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { e.room <- s }()
	return e.read(ctx, s, text, o, pass, visit)
}

// enter waits for scratch memory.
func (e *Encoder) enter(ctx context.Context) (*scratch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s := <-e.room:
		if s == nil {
			s = e.newScratch()
		}
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e *Encoder) read(ctx context.Context, s *scratch, text string, o Options, pass passFunc, visit func(*Window) error) (read int, err error) {
	p := o.Prefix
	if int(p) >= len(prefixes) {
		p = Query
	}
	most := o.Windows
	if most <= 0 {
		most = DefaultWindows
	}
	overlap := min(max(o.Overlap, 0), MaxOverlap)
	w := &s.win
	capacity := Length - 2 - len(e.prefix[p])
	s.scan.reset(e.tokens, text, e.prefixSum[p])
	kept := 0 // tokens at the front that come from the window before
	for range most {
		cut, more := s.fill(kept, capacity)
		all := w.tokens
		w.tokens = all[:cut]
		if err := pass(ctx, s, p); err != nil {
			return read, err
		}
		if err := visit(w); err != nil {
			return read, err
		}
		if !more {
			return len(text), nil
		}
		read = max(read, w.tokens[cut-1].Span.End)
		kept = copy(all, all[cut-overlap:])
		w.tokens = all[:kept]
	}
	return read, nil
}

// fill adds tokens behind the kept ones, up to capacity. It returns where the
// window ends, before a word if there is one close, and whether there is more.
func (s *scratch) fill(kept, capacity int) (cut int, more bool) {
	w := &s.win
	w.tokens = w.tokens[:kept]
	word := 0
	for {
		tok, starts, ok := s.scan.next()
		if !ok {
			return len(w.tokens), false
		}
		if starts {
			word = len(w.tokens)
		}
		if len(w.tokens) == capacity {
			s.scan.unread()
			break
		}
		w.tokens = append(w.tokens, tok)
	}
	if word >= capacity-slack {
		return word, true
	}
	return capacity, true
}

// pass runs the model over the window's tokens.
func (e *Encoder) pass(ctx context.Context, s *scratch, p Prefix) error {
	w := &s.win
	ids := append(s.ids[:0], e.BOS)
	ids = append(ids, e.prefix[p]...)
	w.first = len(ids)
	for _, t := range w.tokens {
		ids = append(ids, t.ID)
	}
	ids = append(ids, e.EOS)
	w.rows = len(ids)
	if err := e.forward(ctx, s, ids); err != nil {
		return err
	}
	h := e.hidden
	clear(w.mean)
	for i := range ids {
		for j, v := range s.x[i*h : (i+1)*h] {
			w.mean[j] += v
		}
	}
	by := 1 / float32(len(ids))
	for j := range w.mean {
		w.mean[j] *= by
	}
	copy(w.unit, w.mean)
	normalise(w.unit)
	return nil
}

// Embed writes the embedding of text to dst, which holds at least Dimensions
// values: the mean of all windows' states, at length 1. Vectors are compared by
// their product. read is as in Read.
func (e *Encoder) Embed(ctx context.Context, p Prefix, text string, dst []float32) (read int, err error) {
	dst = dst[:e.hidden]
	clear(dst)
	read, err = e.Read(ctx, text, Options{Prefix: p}, func(w *Window) error {
		by := float32(len(w.tokens))
		for i, v := range w.mean {
			dst[i] += float32(v * by)
		}
		return nil
	})
	normalise(dst)
	return read, err
}
