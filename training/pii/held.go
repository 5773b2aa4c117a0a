package main

import (
	"fmt"
	"hash/fnv"
	"math"

	"sallyport/guard/normalize"
	"sallyport/guard/pii/names"
	"sallyport/training/corpus"
)

// Every seventh template and every eighth name is held out for figures.
const (
	heldTemplates = 7
	heldNames     = 8
)

// part is the vocabulary with or without the names that are held out.
func (v *vocabulary) part(held bool) *vocabulary {
	out := *v
	keep := func(lists map[string][]string) map[string][]string {
		m := map[string][]string{}
		for l, words := range lists {
			for _, w := range words {
				h := fnv.New32a()
				h.Write([]byte(w))
				if (h.Sum32()%heldNames == 0) == held {
					m[l] = append(m[l], w)
				}
			}
		}
		return m
	}
	out.first, out.last, out.city = keep(v.first), keep(v.last), keep(v.city)
	out.worldCity = keep(map[string][]string{"": v.worldCity})[""]
	out.org = keep(map[string][]string{"": v.org})[""]
	return &out
}

// heldOut trains without the held-out templates and names and prints figures on
// texts made of those alone.
func heldOut(data string, texts, epochs int) error {
	rows, err := corpus.Read(data, "benign", "harm", "indirect", "qa", "pii")
	if err != nil {
		return err
	}
	all := load()
	seen, unseen := all.part(false), all.part(true)
	words, plain := common(rows)
	m := names.New(seen.known(words))
	examples := generated(seen, texts, func(t int) bool { return t%heldTemplates != 3 })
	examples = append(append(append(examples, labelled(rows)...), real(rows, 4)...), translations()...)
	fit(m, plain, examples, epochs, 7).quantised(m)
	m.Threshold = thresholds
	fmt.Println("| language | kind | labelled | recall | found | precision |\n|---|---|---|---|---|---|")
	for _, lang := range languages {
		report(m, lang, generatedIn(unseen, lang, 3000))
	}
	return nil
}

func generatedIn(v *vocabulary, lang string, n int) []example {
	var out []example
	for _, e := range generated(v, n*16, func(t int) bool { return t%heldTemplates == 3 }) {
		if e.lang == lang && len(out) < n {
			out = append(out, e)
		}
	}
	return out
}

var kindNames = [names.Kinds]string{"", "Person", "Organization", "Location", "Address"}

// report prints figures by spans: a name is found when one of its kind overlaps it.
func report(m *names.Model, lang string, examples []example) {
	var want, hit, got, right [names.Kinds]int
	for _, e := range examples {
		r := normalize.Normalize(e.text)
		found := m.Find(r.Cased(), r.Text)
		for _, s := range e.spans {
			want[s.kind]++
			for _, f := range found {
				if at := r.Span(f.Start, f.End); alike(f.Kind, s.kind) && at.Start < s.end && at.End > s.start {
					hit[s.kind]++
					break
				}
			}
		}
		for _, f := range found {
			got[f.Kind]++
			for _, s := range e.spans {
				if at := r.Span(f.Start, f.End); alike(f.Kind, s.kind) && at.Start < s.end && at.End > s.start {
					right[f.Kind]++
					break
				}
			}
		}
	}
	for k := names.Person; k < names.Kinds; k++ {
		fmt.Printf("| %s | %s | %d | %s | %d | %s |\n", lang, kindNames[k], want[k], share(hit[k], want[k]), got[k], share(right[k], got[k]))
	}
}

// alike holds a place and an address for the same: one often is part of the other.
func alike(a, b names.Kind) bool {
	place := func(k names.Kind) bool { return k == names.Location || k == names.Address }
	return a == b || place(a) && place(b)
}

// share is a share in per cent with its 95 % interval (Wilson).
func share(n, of int) string {
	if of == 0 {
		return "-"
	}
	const z = 1.96
	p, k := float64(n)/float64(of), float64(of)
	mid := (p + z*z/(2*k)) / (1 + z*z/k)
	half := z * math.Sqrt(p*(1-p)/k+z*z/(4*k*k)) / (1 + z*z/k)
	return fmt.Sprintf("%.1f (%.1f–%.1f)", 100*p, 100*(mid-half), 100*(mid+half))
}
