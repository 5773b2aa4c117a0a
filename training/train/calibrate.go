package main

import (
	"fmt"
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
)

// Margins on top of the highest harmless texts seen: the next ones score
// higher. In the heads' own unit, the logarithm of the odds.
const (
	marginHarm     = 0.9
	marginShield   = 0.05
	marginDocument = 0.05
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
	for c := range model.ColumnIndirect {
		budget, margin := budgetHarm, float32(marginHarm)
		if c == model.ColumnJailbreak {
			budget, margin = budgetShield, marginShield
		}
		for _, set := range prompts {
			m.Threshold[c] = max(m.Threshold[c], quantile(set, c, budget)+margin)
		}
	}
	for _, set := range documents {
		m.Threshold[model.ColumnIndirect] = max(m.Threshold[model.ColumnIndirect], quantile(set, model.ColumnIndirect, budgetDocument)+marginDocument)
	}
	for c := range model.Columns - 2 {
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
