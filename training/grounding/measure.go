package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"

	"sallyport/guard/grounding"
)

// scored is an example with what was said of it.
type scored struct {
	*example
	score, floor float64
	flagged      bool
}

// judge runs the checker over examples.
func judge(c *grounding.Checker, all []example) ([]scored, error) {
	out := make([]scored, 0, len(all))
	for i := range all {
		e := &all[i]
		r := grounding.Request{Answer: e.response, Question: e.question, Passages: []string{e.context}}
		res, err := c.Check(context.Background(), r)
		if err != nil {
			return nil, fmt.Errorf("judging a row of %s: %w", e.source, err)
		}
		f, err := c.Features(context.Background(), r)
		if err != nil {
			return nil, err
		}
		out = append(out, scored{e, res.Score, floor(f), res.Ungrounded})
	}
	return out, nil
}

// floor is the share of pairs of words that no source has, in the answer's
// worst statement.
func floor(all []grounding.Features) float64 {
	worst := 0.0
	for i := range all {
		worst = max(worst, all[i].Floor())
	}
	return worst
}

// report prints a line a source: how well scores rank, beside the floor, and
// what the shipped decision does.
func report(w io.Writer, all []scored) {
	by := map[string][]scored{}
	for _, s := range all {
		by[s.source] = append(by[s.source], s)
	}
	names := make([]string, 0, len(by))
	for n := range by {
		names = append(names, n)
	}
	sort.Strings(names)
	fmt.Fprintln(w, "| source | carried | not carried | AUROC | ± | floor | flagged of carried | flagged of not carried |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|")
	for _, n := range names {
		line(w, n, by[n])
	}
}

func line(w io.Writer, name string, rows []scored) {
	var s, f []float64
	var bad []bool
	var n, hit [2]int
	for _, r := range rows {
		s, f, bad = append(s, r.score), append(f, r.floor), append(bad, r.bad)
		k := 0
		if r.bad {
			k = 1
		}
		n[k]++
		if r.flagged {
			hit[k]++
		}
	}
	a := auroc(s, bad)
	fmt.Fprintf(w, "| %s | %d | %d | %.3f | %.3f | %.3f | %s | %s |\n", name, n[0], n[1], a, halfWidth(a, n[1], n[0]), auroc(f, bad), percent(hit[0], n[0]), percent(hit[1], n[1]))
}

func percent(a, n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(a)/float64(n))
}

// halfWidth is half of the 95 % interval of an AUROC (Hanley and McNeil 1982).
func halfWidth(a float64, pos, neg int) float64 {
	if pos == 0 || neg == 0 {
		return math.NaN()
	}
	q1, q2 := a/(2-a), 2*a*a/(1+a)
	v := (a*(1-a) + float64(pos-1)*(q1-a*a) + float64(neg-1)*(q2-a*a)) / float64(pos) / float64(neg)
	return 1.96 * math.Sqrt(max(v, 0))
}

// seeded prints what part of each kind of seeded fault is flagged, and of true
// statements.
func seeded(w io.Writer, all []scored) {
	type count struct{ n, hit int }
	kinds := map[string]*count{}
	for _, s := range all {
		if !strings.HasPrefix(s.kind, "seeded_") && !strings.HasPrefix(s.kind, "templates_") {
			continue
		}
		k := s.kind
		if strings.HasPrefix(k, "templates_") {
			k = "templates_" + k[len("templates_xx_"):]
		}
		if kinds[k] == nil {
			kinds[k] = &count{}
		}
		kinds[k].n++
		if s.flagged {
			kinds[k].hit++
		}
	}
	names := make([]string, 0, len(kinds))
	for k := range kinds {
		names = append(names, k)
	}
	sort.Strings(names)
	fmt.Fprintln(w, "| kind | statements | flagged |")
	fmt.Fprintln(w, "|---|---|---|")
	for _, k := range names {
		fmt.Fprintf(w, "| %s | %d | %s |\n", k, kinds[k].n, percent(kinds[k].hit, kinds[k].n))
	}
}
