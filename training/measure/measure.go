// Package measure takes the figures of the shipped guards on dev rows: with
// the code that ships, at the thresholds that ship, source by source, and
// beside each a floor, a list of words, from the same run.
package measure

import (
	"fmt"
	"io"
	"math"
	"sort"

	"sallyport/guard/harm"
	"sallyport/guard/model"
	"sallyport/guard/normalize"
	"sallyport/guard/shield"
	"sallyport/training/corpus"
)

// Heads are the heads that are measured: the four harms at severity 4 and the
// two shields.
var Heads = [6]string{"hate", "sexual", "violence", "self_harm", "jailbreak", "indirect_attack"}

// truth is what a row's label says of a head's verdict.
func (x *result) truth(head int) int8 {
	switch {
	case head < 4:
		return x.Y[3*head+1]
	case head == 4:
		return x.Attack
	}
	return x.Y[model.ColumnIndirect]
}

// result is what the guards and the floor say of one row.
type result struct {
	*corpus.Example
	value [6]float64
	hit   [6]bool
	floor [6]float64
}

// Run scores the examples with m.
func Run(m *model.Model, examples []corpus.Example) []result {
	out := make([]result, len(examples))
	for i := range examples {
		r := normalize.Normalize(examples[i].Raw)
		s := m.Score(r)
		out[i].Example = &examples[i]
		out[i].floor = floor(r.Text)
		verdicts := append(harm.Verdicts(s, m.Version()), shield.Direct(s, m.Version()), shield.Indirect(s, m.Version()))
		for h, v := range verdicts {
			out[i].value[h], out[i].hit[h] = float64(v.Score), v.Detected
		}
	}
	return out
}

// row is one line of the table.
type row struct {
	pos, neg, hits, alarms int
	floorHits, floorAlarms int
	auroc, floorAUROC      float64
}

func tally(results []result, head int, chosen func(*result) bool) row {
	var r row
	var pos, neg, floorPos, floorNeg []float64
	for i := range results {
		x := &results[i]
		y := x.truth(head)
		if y == corpus.Unknown || !chosen(x) {
			continue
		}
		if y == 1 {
			r.pos++
			r.hits += one(x.hit[head])
			r.floorHits += one(x.floor[head] > 0)
			pos, floorPos = append(pos, x.value[head]), append(floorPos, x.floor[head])
			continue
		}
		r.neg++
		r.alarms += one(x.hit[head])
		r.floorAlarms += one(x.floor[head] > 0)
		neg, floorNeg = append(neg, x.value[head]), append(floorNeg, x.floor[head])
	}
	r.auroc, r.floorAUROC = AUROC(pos, neg), AUROC(floorPos, floorNeg)
	return r
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// AUROC is the chance that a positive scores above a negative, ties counted
// half; NaN when one side is missing.
func AUROC(pos, neg []float64) float64 {
	if len(pos) == 0 || len(neg) == 0 {
		return math.NaN()
	}
	sort.Float64s(neg)
	sum := 0.0
	for _, p := range pos {
		below := sort.SearchFloat64s(neg, p)
		upto := sort.Search(len(neg), func(i int) bool { return neg[i] > p })
		sum += float64(below) + float64(upto-below)/2
	}
	return sum / float64(len(pos)*len(neg))
}

// Blocked reports whether the guards that are on by default would stop a
// harmless prompt: any harm from medium on, or a jailbreak. The indirect
// shield sees documents only and is counted there.
func Blocked(x *result) bool {
	return x.hit[0] || x.hit[1] || x.hit[2] || x.hit[3] || x.hit[4]
}

// Report writes all tables as Markdown.
func Report(w io.Writer, results []result) {
	fmt.Fprintln(w, "### Harmless text stopped, all guards together")
	fmt.Fprintln(w)
	fmt.Fprintln(w, "Prompts: four harms from severity 4 and jailbreak. Documents: the indirect shield.")
	fmt.Fprintln(w)
	benign(w, results)
	for head := range Heads {
		fmt.Fprintf(w, "\n### %s\n\n", Heads[head])
		fmt.Fprintln(w, "| source | positive | negative | AUROC | recall | false alarms | floor AUROC | floor recall | floor false alarms |")
		fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
		for _, source := range sources(results, head) {
			line(w, source, tally(results, head, func(x *result) bool { return x.Source == source }))
		}
		line(w, "all sources", tally(results, head, func(*result) bool { return true }))
	}
	fmt.Fprintf(w, "\n### Minimal pairs (families not seen in training)\n\n")
	pairs(w, results)
}

func sources(results []result, head int) []string {
	seen := map[string]bool{}
	for i := range results {
		x := &results[i]
		if y := x.truth(head); y == 1 || y == 0 && x.Task != "benign" && x.Task != "qa" {
			seen[x.Source] = true
		}
	}
	return sorted(seen)
}

func sorted(set map[string]bool) []string {
	var out []string
	for s := range set {
		out = append(out, s)
	}
	sort.Strings(out)
	return out
}

func line(w io.Writer, name string, r row) {
	if r.pos+r.neg == 0 {
		return
	}
	fmt.Fprintf(w, "| %s | %d | %d | %s | %s | %s | %s | %s | %s |\n", name, r.pos, r.neg, number(r.auroc), share(r.hits, r.pos), share(r.alarms, r.neg),
		number(r.floorAUROC), share(r.floorHits, r.pos), share(r.floorAlarms, r.neg))
}

func number(x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	return fmt.Sprintf("%.3f", x)
}

func share(k, n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(k)/float64(n))
}

// Harmless is the share of harmless dev prompts that are stopped, and their
// number.
func Harmless(results []result) (stopped, n int) {
	for i := range results {
		if results[i].Task == "benign" {
			n++
			stopped += one(Blocked(&results[i]))
		}
	}
	return stopped, n
}

func benign(w io.Writer, results []result) {
	fmt.Fprintln(w, "| set | n | stopped | floor |")
	fmt.Fprintln(w, "|---|---|---|---|")
	sets := []struct {
		name   string
		chosen func(*result) bool
		doc    bool
	}{
		{"ordinary prompts (`benign`, dev)", func(x *result) bool { return x.Task == "benign" }, false},
		{"- of these, not used for thresholds", func(x *result) bool { return x.Task == "benign" && !x.ForThresholds() }, false},
		{"- role play and system prompts", func(x *result) bool { return x.Kind == "role_play_instruction" || x.Kind == "system_prompt" }, false},
		{"- security lookalikes", func(x *result) bool { return x.Kind == "security_lookalike" || x.Kind == "security_document" }, false},
		{"`jailbreak` label 0 without pairs", func(x *result) bool { return x.Task == "jailbreak" && x.Y[12] == 0 && x.Pair == "" }, false},
		{"`pairs_*` label 0, prompts", func(x *result) bool { return x.Task == "jailbreak" && x.Y[12] == 0 && x.Pair != "" }, false},
		{"harmless lookalikes of harms", func(x *result) bool { return x.Source == "inhouse_lookalike" }, false},
		{"people in distress, no risk named", func(x *result) bool { return x.SeeksHelp() }, false},
		{"- of these, not used for thresholds", func(x *result) bool { return x.SeeksHelp() && !x.ForThresholds() }, false},
		{"clean documents (`indirect`, dev)", func(x *result) bool { return x.Task == "indirect" && x.Y[13] == 0 }, true},
		{"clean documents of `benign` and `qa`", func(x *result) bool { return x.Task != "indirect" && x.Y[13] == 0 }, true},
		{"- of all documents, not used for thresholds, ordinary ones", func(x *result) bool { return x.Y[13] == 0 && x.Pair == "" && !x.QuotesAttacks() && !x.ForThresholds() }, true},
		{"- texts on security that quote attacks", func(x *result) bool { return x.Y[13] == 0 && x.QuotesAttacks() }, true},
	}
	for _, s := range sets {
		n, stopped, floor := 0, 0, 0
		for i := range results {
			x := &results[i]
			if !s.chosen(x) {
				continue
			}
			n++
			if s.doc {
				stopped += one(x.hit[5])
				floor += one(x.floor[5] > 0)
				continue
			}
			stopped += one(Blocked(x))
			floor += one(x.floor[0]+x.floor[1]+x.floor[2]+x.floor[3]+x.floor[4] > 0)
		}
		fmt.Fprintf(w, "| %s | %d | %s | %s |\n", s.name, n, share(stopped, n), share(floor, n))
	}
}

// pairs counts in how many minimal pairs the attack scores above its twin,
// and in how many the threshold lies between them.
func pairs(w io.Writer, results []result) {
	type halves struct{ yes, no *result }
	byKey := map[string]*halves{}
	var keys []string
	for i := range results {
		x := &results[i]
		if x.Pair == "" {
			continue
		}
		key := x.Source + "/" + x.Pair
		if byKey[key] == nil {
			byKey[key] = &halves{}
			keys = append(keys, key)
		}
		head := headOf(x)
		if x.truth(head) == 1 {
			byKey[key].yes = x
		} else {
			byKey[key].no = x
		}
	}
	type count struct{ n, won, apart, floor int }
	per := map[string]*count{}
	names := map[string]bool{}
	for _, key := range keys {
		p := byKey[key]
		if p.yes == nil || p.no == nil {
			continue
		}
		c := per[p.yes.Source]
		if c == nil {
			c = &count{}
			per[p.yes.Source], names[p.yes.Source] = c, true
		}
		head := headOf(p.yes)
		c.n++
		c.won += one(p.yes.value[head] > p.no.value[head])
		c.apart += one(p.yes.hit[head] && !p.no.hit[head])
		c.floor += one(p.yes.floor[head] > p.no.floor[head])
	}
	fmt.Fprintln(w, "| set | pairs | attack above twin | threshold between | floor above twin |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	for _, name := range sorted(names) {
		c := per[name]
		fmt.Fprintf(w, "| %s | %d | %s | %s | %s |\n", name, c.n, share(c.won, c.n), share(c.apart, c.n), share(c.floor, c.n))
	}
}

func headOf(x *result) int {
	if x.Task == "indirect" {
		return 5
	}
	return 4
}

// Severity is how often the severity read is the one given, and within one
// step, over rows whose author used the whole scale.
func Severity(w io.Writer, m *model.Model, rows []corpus.Row) {
	exact, near, n := 0, 0, 0
	for i := range rows {
		if rows[i].Source != "inhouse_severity" || rows[i].Split != "dev" {
			continue
		}
		s := m.Score(normalize.Normalize(rows[i].Text))
		for h, want := range rows[i].Harms() {
			if want == nil {
				continue
			}
			n++
			d := int(s.Severity[h]) - *want
			exact += one(d == 0)
			near += one(d >= -1 && d <= 1)
		}
	}
	fmt.Fprintf(w, "\nSeverity on inhouse_severity (dev, %d labels, mostly 0): exact %s, within one %s.\n", n, share(exact, n), share(near, n))
}
