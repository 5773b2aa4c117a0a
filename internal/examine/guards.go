// Package examine shows an operator what the guards make of a text, and how well
// they do on labelled ones. It is the one place that prints content, and it does so
// because somebody at a terminal named the file.
package examine

import (
	"context"
	"errors"
	"fmt"

	"sallyport/guard"
	"sallyport/guard/grounding"
	"sallyport/guard/harm"
	"sallyport/guard/model"
	"sallyport/guard/normalize"
	"sallyport/guard/pii"
	"sallyport/guard/shield"
)

// Guards are those of this binary at the thresholds that ship.
type Guards struct {
	m *model.Model
	c *grounding.Checker
}

// Open loads the guards.
func Open() (*Guards, error) {
	m, err := model.Load()
	if err != nil {
		return nil, fmt.Errorf("loading guards: %w", err)
	}
	c, err := grounding.New(nil)
	if err = errors.Join(err, pii.Ready()); err != nil {
		return nil, fmt.Errorf("loading guards: %w", err)
	}
	return &Guards{m, c}, nil
}

// Grounded is what is said of an answer and its sources.
func (g *Guards) Grounded(ctx context.Context, answer, question, sources string) (guard.Verdict, error) {
	r, err := g.c.Check(ctx, grounding.Request{Answer: answer, Question: question, Passages: []string{sources}})
	if err != nil {
		return guard.Verdict{}, err
	}
	return guard.Verdict{Category: guard.Ungrounded, Detected: r.Ungrounded, Score: float32(r.Score), Stage: "grounding", Version: r.Version}, nil
}

// Version names the weights.
func (g *Guards) Version() string { return g.m.Version() }

// Verdicts are what all guards say of a text, read as a prompt and as a document:
// the harms in the order of guard.Harms, the two shields, then one verdict for each
// type of personal data.
func (g *Guards) Verdicts(r normalize.Reading) []guard.Verdict {
	s := g.m.Score(r)
	all := append(harm.Verdicts(s, g.m.Version()), shield.Direct(s, g.m.Version()), shield.Indirect(s, g.m.Version()))
	at := map[string]int{}
	for _, e := range pii.FindReading(r) {
		i, ok := at[e.Type]
		if !ok {
			i = len(all)
			at[e.Type] = i
			all = append(all, guard.Verdict{Category: guard.PersonalData, Detected: true, Label: e.Type, Stage: "rules", Version: g.m.Version()})
		}
		all[i].Score = max(all[i].Score, e.Score)
		all[i].Spans = append(all[i].Spans, e.Span)
	}
	return all
}
