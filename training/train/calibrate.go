package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"

	"sallyport/guard/model"
	"sallyport/training/corpus"
	"sallyport/training/generate"
)

// Budgets: the share of harmless dev texts that each head may stop. The heads
// overlap little, so their sum bounds what all of them stop.
const (
	budgetHarm     = 0.0008
	budgetShield   = 0.0035
	budgetDocument = 0.003
	budgetTitles   = 0.005 // grave words in a search or a title, without a sentence
)

// Margins on top of the highest harmless texts seen: the next ones score
// higher. In the heads' own unit, the logarithm of the odds.
const (
	marginHarm     = 1.15
	marginShield   = 0.4
	marginDocument = 0.0
	marginWish     = 0.3
)

// scored is a dev example with the heads' values.
type scored struct {
	*corpus.Example
	value [model.Columns]float32
}

func score(m *model.Model, dev []corpus.Example) []scored {
	out := make([]scored, len(dev))
	for i := range dev {
		out[i] = scored{&dev[i], m.Values(dev[i].Raw)}
	}
	return out
}

// calmSeed makes harmless texts that training has not seen, of the same makers.
const calmSeed, calmTexts = seed + 1, 4000

// chosen are the harmless texts that thresholds are chosen on: by kind, because
// none of them may pay for another. Wrappers and lookalikes are reported only.
func chosen(dev, calm []scored) (prompts, documents [][]scored) {
	var ordinary, docs, distress []scored
	for _, s := range dev {
		if s.ForThresholds() && s.Task == "benign" {
			ordinary = append(ordinary, s)
		}
		if s.ForThresholds() && s.SeeksHelp() {
			distress = append(distress, s)
		}
		// Twins of quiet attacks, and texts on security that quote attacks, are reported apart.
		if s.ForThresholds() && s.Y[model.ColumnIndirect] == 0 && s.Pair == "" && !s.QuotesAttacks() {
			docs = append(docs, s)
		}
	}
	var calmDocs []scored
	for _, s := range calm {
		if s.Y[model.ColumnIndirect] == 0 {
			calmDocs = append(calmDocs, s)
		}
	}
	return [][]scored{ordinary, calm, distress}, [][]scored{docs, calmDocs}
}

func calibrate(m *model.Manifest, rows []byte, dev []corpus.Example) error {
	scorer := model.New(*m, rows)
	all := score(scorer, dev)
	prompts, documents := chosen(all, score(scorer, corpus.Made(generate.Calm(calmSeed, calmTexts))))
	titles := score(scorer, corpus.Made(generate.Titles(calmSeed, calmTexts)))
	for c := range model.ColumnIndirect {
		budget, margin := budgetHarm, float32(marginHarm)
		if c == model.ColumnOverride {
			budget, margin = budgetShield, marginShield
		}
		for _, set := range prompts {
			m.Threshold[c] = max(m.Threshold[c], quantile(set, c, budget)+margin)
		}
		m.Threshold[c] = max(m.Threshold[c], quantile(titles, c, budgetTitles))
	}
	for _, set := range documents {
		m.Threshold[model.ColumnIndirect] = max(m.Threshold[model.ColumnIndirect], quantile(set, model.ColumnIndirect, budgetDocument)+marginDocument)
	}
	costumes := inCostume(all)
	chooseTactic(m, all, append(prompts, costumes...))
	for c := range model.Columns {
		hit, n := 0, 0
		for _, s := range all {
			if s.Y[c] == 1 {
				n++
				if s.value[c] >= m.Threshold[c] {
					hit++
				}
			}
		}
		fmt.Printf("column %2d threshold %6.2f recall %4d/%4d\n", c, m.Threshold[c], hit, n)
	}
	return nil
}

// Budgets of the tactic with a wish: the share of harmless texts that it stops,
// by kind. Costumes are role plays, stories and system prompts without a
// harmful wish.
const (
	budgetPair    = 0.0005
	budgetCostume = 0.01
	budgetPlain   = 0.1 // of plain harmful questions, which the harm guard judges
)

// inCostume are harmless texts that wear a tactic, by source.
func inCostume(all []scored) [][]scored {
	by := map[string][]scored{}
	for _, s := range all {
		if s.ForThresholds() && s.Attack == 0 && s.Y[model.ColumnTactic] == 1 {
			by[s.Source] = append(by[s.Source], s)
		}
	}
	var out [][]scored
	for _, source := range slices.Sorted(maps.Keys(by)) {
		out = append(out, by[source])
	}
	return out
}

// chooseTactic chooses the two thresholds of a tactic around a wish: of all
// pairs within the budgets the one that finds most.
func chooseTactic(m *model.Manifest, all []scored, calm [][]scored) {
	var attacks []scored
	for _, s := range all {
		if s.Attack == 1 && s.Y[model.ColumnWish] == 1 {
			attacks = append(attacks, s)
		}
	}
	var plain []scored
	for _, s := range all {
		if s.Attack == 0 && s.Y[model.ColumnWish] == 1 {
			plain = append(plain, s)
		}
	}
	best := -1
	for t := float32(-1); t <= 4; t += 0.25 {
		var w float32 = -3
		for i, set := range calm {
			budget := budgetPair
			if i >= 3 {
				budget = budgetCostume
			}
			w = max(w, wishLimit(set, t, budget))
		}
		w = max(w, wishLimit(plain, t, budgetPlain)) + marginWish
		hits := 0
		for _, s := range attacks {
			if s.value[model.ColumnTactic] >= t && s.value[model.ColumnWish] >= w {
				hits++
			}
		}
		if hits > best {
			best = hits
			m.Threshold[model.ColumnTactic], m.Threshold[model.ColumnWish] = t, w
		}
	}
	fmt.Printf("tactic with wish: %d of %d attacks within the budgets\n", best, len(attacks))
}

// wishLimit is the smallest threshold of the wish that at most share of the set
// reach together with tactic t.
func wishLimit(set []scored, t float32, share float64) float32 {
	v := []float64{math.Inf(-1)}
	for _, s := range set {
		if s.value[model.ColumnTactic] >= t {
			v = append(v, float64(s.value[model.ColumnWish]))
		}
	}
	sort.Float64s(v)
	k := int(share * float64(len(set)))
	return float32(v[max(len(v)-1-k, 0)] + 1e-3)
}

// quantile is the smallest threshold, at least zero, that at most share of the
// rows reach.
func quantile(set []scored, column int, share float64) float32 {
	v := make([]float64, len(set))
	for i, s := range set {
		v[i] = float64(s.value[column])
	}
	sort.Float64s(v)
	k := int(share * float64(len(v)))
	return float32(max(v[len(v)-1-k]+1e-3, 0))
}

func write(out string, m model.Manifest, rows []byte, kept []corpus.Row, dropped []corpus.Excluded, made int, dev []corpus.Example) error {
	packed, err := finish(&m, rows)
	if err != nil {
		return err
	}
	fmt.Printf("weights %d bytes packed\n", len(packed))
	if err := save(out, &m, packed); err != nil {
		return err
	}
	return card(out, model.New(m, rows), len(packed), made, kept, dropped, dev)
}
