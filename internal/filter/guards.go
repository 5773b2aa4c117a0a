package filter

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"sallyport/guard"
	"sallyport/guard/blocklist"
	"sallyport/guard/grounding"
	"sallyport/guard/material"
	"sallyport/guard/model"
	"sallyport/guard/normalize"
	"sallyport/guard/pii"
	"sallyport/guard/shield"
)

// Questions say which guards a text is shown to. The zero value asks nothing.
type Questions struct {
	Harm, Jailbreak, Indirect, Personal bool
	Lists                               []*blocklist.List
	// Views asks the lists for terms in disguises that need a reading of their own. It is
	// for whole texts: what a growing one hides is not known before its end.
	Views bool
	// Weak asks for personal data that is too ordinary to be told unasked, with scores
	// below pii.Weak.
	Weak bool
}

// any reports whether q asks anything.
func (q Questions) any() bool {
	return q.Harm || q.Jailbreak || q.Indirect || q.Personal || len(q.Lists) > 0
}

// spans are the questions whose answers are spans that must not be released.
func (q Questions) spans() Questions {
	return Questions{Personal: q.Personal, Lists: q.Lists, Views: q.Views}
}

// classes are the other questions.
func (q Questions) classes() Questions {
	return Questions{Harm: q.Harm, Jailbreak: q.Jailbreak, Indirect: q.Indirect, Views: q.Views}
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
	// Disguises are those that were undone. With Overflow among them not all of the
	// text was read. Personal data alone asks for none that needs a reading of its own.
	Disguises normalize.Set
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
	_, err = checker()
	if err := errors.Join(err, pii.Ready(), material.SelfTest(context.Background())); err != nil {
		return nil, fmt.Errorf("testing guards: %w", err)
	}
	return embedded{m}, nil
}

// checker judges whether statements are carried by sources.
var checker = sync.OnceValues(func() (*grounding.Checker, error) { return grounding.New(nil) })

func (e embedded) Version() string { return e.m.Version() }

func (e embedded) Judge(ctx context.Context, text string, q Questions) (Findings, error) {
	r := normalize.Normalize(text)
	var f Findings
	if err := e.readings(ctx, r, q, &f); err != nil {
		return Findings{}, err
	}
	if ctx.Err() != nil { // between the guards: a text may be megabytes
		return Findings{}, late(ctx)
	}
	switch {
	case q.Personal && q.Weak:
		f.Personal = pii.FindAll(r)
	case q.Personal:
		f.Personal = pii.FindReading(r)
	}
	f.End = func(chars int) int { return fromEnd(r, chars) }
	f.Visible = r.Span(len(r.Text)-1, len(r.Text)).End
	return f, nil
}

// readings shows r and its views to the classifiers and the lists, each view once
// to all of them.
func (e embedded) readings(ctx context.Context, r normalize.Reading, q Questions, f *Findings) error {
	scores := e.m.Scorer(q.scope(), r)
	if err := f.terms(ctx, r, q.Lists); err != nil {
		return err
	}
	f.Disguises = r.Kinds()
	if !scores.Any() && (!q.Views || len(q.Lists) == 0) {
		return nil
	}
	for kind, view := range r.Views() {
		if ctx.Err() != nil {
			return late(ctx)
		}
		f.Disguises |= view.Kinds() | normalize.SetOf(kind)
		scores.View(view)
		if !q.Views {
			continue
		}
		if err := f.terms(ctx, view, q.Lists); err != nil {
			return err
		}
	}
	e.classify(scores.Scores(), q, f)
	return nil
}

// terms takes over what the lists find in a reading.
func (f *Findings) terms(ctx context.Context, r normalize.Reading, lists []*blocklist.List) error {
	for _, l := range lists {
		if ctx.Err() != nil {
			return late(ctx)
		}
		for _, s := range l.Find(r) {
			f.Terms = append(f.Terms, Term{List: l.Name(), Span: s})
		}
	}
	return nil
}

// scope is what the classifiers are asked.
func (q Questions) scope() model.Scope {
	switch {
	case q.Jailbreak || q.Indirect:
		return model.Everything
	case q.Harm:
		return model.Harms
	}
	return model.Nothing
}

// classify takes the scores over. The shields' verdicts are those of package shield,
// forged marks of roles included: a filter, the API and a terminal say the same.
func (e embedded) classify(s model.Scores, q Questions, f *Findings) {
	if q.Harm {
		f.Severity, f.Score = s.Severity, s.Harm
	}
	if q.Jailbreak {
		f.Jailbreak = attack(shield.Direct(s, e.Version()))
	}
	if q.Indirect {
		f.Indirect = attack(shield.Indirect(s, e.Version()))
	}
}

func attack(v guard.Verdict) Attack {
	a := Attack{Detected: v.Detected, Score: v.Score}
	if len(v.Spans) > 0 {
		a.Span = v.Spans[0]
	}
	return a
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
