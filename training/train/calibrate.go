package main

import (
	"fmt"
	"sort"

	"sallyport/guard/model"
	"sallyport/training/corpus"
)

// Budgets: the share of harmless dev texts that each head may stop. The heads
// overlap little, so their sum bounds what all of them stop.
const (
	budgetHarm     = 0.0008
	budgetShield   = 0.0015
	budgetDocument = 0.005
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

// ordinary reports whether a row is harmless traffic: what the budget is
// counted on. Wrappers and lookalikes are reported beside it.
func ordinary(e *corpus.Example) bool { return e.Task == "benign" }

func calibrate(m *model.Manifest, rows []byte, dev []corpus.Example) error {
	all := score(model.New(*m, rows), dev)
	for c := range model.ColumnIndirect {
		budget := budgetHarm
		if c == model.ColumnJailbreak {
			budget = budgetShield
		}
		m.Threshold[c] = quantile(all, c, budget, ordinary)
	}
	m.Threshold[model.ColumnIndirect] = quantile(all, model.ColumnIndirect, budgetDocument, func(e *corpus.Example) bool {
		return e.Y[model.ColumnIndirect] == 0 && e.Pair == "" // twins of quiet attacks are reported apart
	})
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
// chosen rows reach.
func quantile(all []scored, column int, share float64, chosen func(*corpus.Example) bool) float32 {
	var v []float64
	for _, s := range all {
		if chosen(s.Example) {
			v = append(v, float64(s.value[column]))
		}
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
