package examine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strings"
	"text/tabwriter"

	"sallyport/guard"
	"sallyport/guard/normalize"
)

// Options choose what is measured.
type Options struct {
	By    string // "", or one of Groups
	Split string // only rows of this split
}

// scores are what the guards gave the rows of one category and group.
type scores struct {
	pos, neg     []float64
	hits, alarms int // positives and negatives at or above the shipped threshold
}

type cell struct{ category, group string }

// Evaluate scores labelled rows and prints, for each category, how well the guards
// rank them (AUROC), and what share of them they detect at the thresholds that ship,
// with 95 % intervals.
func (g *Guards) Evaluate(w io.Writer, files []string, o Options) error {
	if o.By != "" && !slices.Contains(Groups, o.By) {
		return fmt.Errorf("rows are grouped by one of: %s", strings.Join(Groups, ", "))
	}
	found := map[cell]*scores{}
	rows, passed := 0, 0
	for _, file := range files {
		err := each(file, func(r *Row, folder string) error {
			labels := r.labels(folder)
			if len(labels) == 0 || o.Split != "" && r.Split != o.Split {
				passed++
				return nil
			}
			rows++
			return g.score(found, r, labels, r.group(o.By))
		})
		if err != nil {
			return err
		}
	}
	if rows == 0 {
		return errors.New("no row says anything that can be measured: see docs/content-safety.md for the shapes that are taken")
	}
	return g.print(w, found, rows, passed, o)
}

func (g *Guards) score(found map[cell]*scores, r *Row, labels []label, group string) error {
	verdicts, err := g.of(r, labels)
	if err != nil {
		return err
	}
	for _, l := range labels {
		at := cell{l.category, group}
		if found[at] == nil {
			found[at] = &scores{}
		}
		value, hit := judged(verdicts, l.category)
		found[at].add(value, hit, l.positive)
	}
	return nil
}

// of are the verdicts on a row.
func (g *Guards) of(r *Row, labels []label) ([]guard.Verdict, error) {
	if labels[0].category != "grounded" {
		return g.Verdicts(normalize.Normalize(r.Text)), nil
	}
	v, err := g.Grounded(context.Background(), r.Response, r.Question, r.Context)
	return []guard.Verdict{v}, err
}

func (s *scores) add(value float64, hit, positive bool) {
	n := 0
	if hit {
		n = 1
	}
	if positive {
		s.pos, s.hits = append(s.pos, value), s.hits+n
	} else {
		s.neg, s.alarms = append(s.neg, value), s.alarms+n
	}
}

// judged is what the guards say of a category: the highest score among its verdicts.
func judged(verdicts []guard.Verdict, category string) (score float64, hit bool) {
	for _, v := range verdicts {
		if !within(v.Category, category) {
			continue
		}
		score, hit = max(score, float64(v.Score)), hit || v.Detected
	}
	return score, hit
}

func within(c guard.Category, category string) bool {
	switch category {
	case "harm":
		return slices.Contains(guard.Harms[:], c)
	case "indirect":
		return c == guard.IndirectAttack
	case "pii":
		return c == guard.PersonalData
	case "grounded":
		return c == guard.Ungrounded
	}
	return string(c) == category
}

func (g *Guards) print(w io.Writer, found map[cell]*scores, rows, passed int, o Options) error {
	cells := make([]cell, 0, len(found))
	for c := range found {
		cells = append(cells, c)
	}
	slices.SortFunc(cells, func(a, b cell) int {
		if d := slices.Index(Categories, a.category) - slices.Index(Categories, b.category); d != 0 {
			return d
		}
		return strings.Compare(a.group, b.group)
	})
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	p := printer{w: t}
	p.f("%d rows measured, %d passed over; weights %s; 95 %% intervals in brackets\n\n", rows, passed, g.Version())
	p.f("category\t%s\tpositive\tnegative\tAUROC\trecall\tfalse alarms\n", o.By)
	for _, c := range cells {
		s := found[c]
		p.f("%s\t%s\t%d\t%d\t%s\t%s\t%s\n", c.category, c.group, len(s.pos), len(s.neg), auroc(s.pos, s.neg), share(s.hits, len(s.pos)), share(s.alarms, len(s.neg)))
	}
	if p.err != nil {
		return p.err
	}
	return t.Flush()
}

// share is k of n in per cent with Wilson's interval.
func share(k, n int) string {
	if n == 0 {
		return "-"
	}
	low, high := wilson(k, n)
	return fmt.Sprintf("%.1f %% [%.1f, %.1f]", 100*float64(k)/float64(n), 100*low, 100*high)
}

// z is the normal quantile of a two-sided 95 % interval.
const z = 1.959964

// wilson is the 95 % interval of a proportion (Wilson 1927).
func wilson(k, n int) (low, high float64) {
	p, m := float64(k)/float64(n), float64(n)
	centre, d := p+z*z/(2*m), 1+z*z/m
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (centre-half)/d), min(1, (centre+half)/d)
}

// auroc is the chance that a positive scores above a negative, ties counted half, with
// the interval of Hanley and McNeil (1982).
func auroc(pos, neg []float64) string {
	a, ok := area(pos, neg)
	if !ok {
		return "-"
	}
	m, n := float64(len(pos)), float64(len(neg))
	q1, q2 := a/(2-a), 2*a*a/(1+a)
	se := math.Sqrt(max(0, a*(1-a)+(m-1)*(q1-a*a)+(n-1)*(q2-a*a)) / (m * n))
	low, high := max(0, a-z*se), min(1, a+z*se)
	if a == 0 || a == 1 {
		// The formula knows no doubt here: the smaller side's proportion stands in.
		fewer := min(len(pos), len(neg))
		low, high = wilson(int(a)*fewer, fewer)
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", a, low, high)
}

func area(pos, neg []float64) (float64, bool) {
	if len(pos) == 0 || len(neg) == 0 {
		return 0, false
	}
	sort.Float64s(neg)
	sum := 0.0
	for _, p := range pos {
		below := sort.SearchFloat64s(neg, p)
		upto := sort.Search(len(neg), func(i int) bool { return neg[i] > p })
		sum += float64(below) + float64(upto-below)/2
	}
	return sum / float64(len(pos)*len(neg)), true
}
