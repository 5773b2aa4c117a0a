package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sallyport/guard/pii/names"
)

// TestTemplates: every template of every language fills, its spans are what was
// put in, and nothing of its grammar is left.
func TestTemplates(t *testing.T) {
	v := load()
	for _, lang := range languages {
		b, err := templateFiles.ReadFile("templates/" + lang + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		kinds := map[names.Kind]int{}
		for _, template := range strings.Split(strings.TrimSpace(string(b)), "\n") {
			for range 8 {
				e := generate(v, r, lang, template)
				if !utf8.ValidString(e.text) || strings.Contains(e.text, "{p}") || strings.Contains(e.text, "[|") {
					t.Fatalf("%s: %q became %q", lang, template, e.text)
				}
				last := 0
				for _, s := range e.spans {
					if s.start < last || s.end <= s.start || s.end > len(e.text) || !utf8.ValidString(e.text[s.start:s.end]) {
						t.Fatalf("%s: span %v of %q", lang, s, e.text)
					}
					last = s.end
					kinds[s.kind]++
				}
			}
		}
		for k := names.Person; k < names.Kinds; k++ {
			if kinds[k] == 0 {
				t.Errorf("%s: no %s in any template", lang, kindNames[k])
			}
		}
		for _, list := range [][]string{v.first[lang], v.last[lang], v.word[lang], v.street[lang], own("month_" + lang), own("day_" + lang)} {
			if len(list) < 4 {
				t.Errorf("%s: a list of %d words", lang, len(list))
			}
		}
	}
}

// TestTrainingIsDeterministic: the same texts, the same weights; and a few
// hundred texts already teach something.
func TestTrainingIsDeterministic(t *testing.T) {
	v := load()
	train := func() []byte {
		m := names.New(v.known(nil))
		f := fit(m, nil, generated(v, 800, func(int) bool { return true }), 2, 7)
		f.quantised(m)
		m.Threshold = thresholds
		var b strings.Builder
		if err := m.Write(&b); err != nil {
			t.Fatal(err)
		}
		return []byte(b.String())
	}
	one, two := train(), train()
	if !slices.Equal(one, two) {
		t.Error("two trainings gave two models")
	}
	m, err := names.Load(one)
	if err != nil {
		t.Fatal(err)
	}
	if text := "my name is Anna Schneider."; len(m.Find(text, strings.ToLower(text))) != 1 {
		t.Error("nothing was learned")
	}
}
