package filter

import (
	"context"
	"fmt"

	"sallyport/guard"
	"sallyport/guard/blocklist"
	"sallyport/guard/model"
	"sallyport/guard/normalize"
	"sallyport/guard/pii"
)

// Questions say which guards a text is shown to. The zero value asks nothing.
type Questions struct {
	Harm, Jailbreak, Indirect, Personal bool
	Lists                               []*blocklist.List
}

// any reports whether q asks anything.
func (q Questions) any() bool {
	return q.Harm || q.Jailbreak || q.Indirect || q.Personal || len(q.Lists) > 0
}

// spans are the questions whose answers are spans that must not be released.
func (q Questions) spans() Questions { return Questions{Personal: q.Personal, Lists: q.Lists} }

// classes are the other questions.
func (q Questions) classes() Questions {
	return Questions{Harm: q.Harm, Jailbreak: q.Jailbreak, Indirect: q.Indirect}
}

// Findings are what the guards found in one text. Spans are bytes of that text.
type Findings struct {
	Severity            [4]guard.Severity // in the order of guard.Harms
	Score               [4]float32
	Jailbreak, Indirect Attack
	Personal            []pii.Entity
	Terms               []Term
	// End maps a count of normalised characters before the end of the text to the
	// byte offset where they start: the frontier of span detectors.
	End func(chars int) int
	// Visible is where the last normalised character ends: only characters that take
	// no place follow.
	Visible int
}

// before is End; without one it is the beginning of the text.
func (f *Findings) before(chars int) int {
	if f.End == nil {
		return 0
	}
	return f.End(chars)
}

// Attack is the verdict of a prompt shield.
type Attack struct {
	Detected bool
	Score    float32
	Span     guard.Span
}

// Term is a hit of a blocklist.
type Term struct {
	List string
	Span guard.Span
}

// Guards run the guards over a text. It is an interface so that tests can show
// what a guard that errs, panics or is late does to a request.
type Guards interface {
	// Judge MUST look at all of text or return an error.
	Judge(ctx context.Context, text string, q Questions) (Findings, error)
	Version() string
}

// embedded are the guards of this binary.
type embedded struct{ m *model.Model }

// NewGuards loads the embedded guards and checks that they work.
func NewGuards() (Guards, error) {
	m, err := model.Load()
	if err != nil {
		return nil, fmt.Errorf("loading guards: %w", err)
	}
	return embedded{m}, nil
}

func (e embedded) Version() string { return e.m.Version() }

func (e embedded) Judge(ctx context.Context, text string, q Questions) (Findings, error) {
	r := normalize.Normalize(text)
	var f Findings
	e.classify(r, q, &f)
	if ctx.Err() != nil { // between the guards: a text may be megabytes
		return Findings{}, late(ctx)
	}
	if q.Personal {
		f.Personal = pii.FindReading(r)
	}
	for _, l := range q.Lists {
		if ctx.Err() != nil {
			return Findings{}, late(ctx)
		}
		for _, s := range l.Find(r) {
			f.Terms = append(f.Terms, Term{List: l.Name(), Span: s})
		}
	}
	f.End = func(chars int) int { return fromEnd(r, chars) }
	f.Visible = r.Span(len(r.Text)-1, len(r.Text)).End
	return f, nil
}

func (e embedded) classify(r normalize.Reading, q Questions, f *Findings) {
	var s model.Scores
	switch {
	case q.Jailbreak || q.Indirect:
		s = e.m.Score(r)
	case q.Harm:
		s = e.m.ScoreHarm(r)
	default:
		return
	}
	if q.Harm {
		f.Severity, f.Score = s.Severity, s.Harm
	}
	if q.Jailbreak {
		f.Jailbreak = Attack{Detected: s.JailbreakDetected, Score: s.Jailbreak, Span: s.JailbreakSpan}
	}
	if q.Indirect {
		f.Indirect = Attack{Detected: s.IndirectDetected, Score: s.Indirect, Span: s.IndirectSpan}
	}
}

// fromEnd returns the original offset of the position that lies chars normalised
// characters before the end.
func fromEnd(r normalize.Reading, chars int) int {
	i := len(r.Text)
	for ; chars > 0 && i > 0; chars-- {
		i--
		for i > 0 && r.Text[i]&0xC0 == 0x80 {
			i--
		}
	}
	return r.Original(i)
}
