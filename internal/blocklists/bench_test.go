package blocklists

import (
	"fmt"
	"strings"
	"testing"

	"sallyport/guard/normalize"
	"sallyport/internal/custody/content"
)

// A list of 10,000 terms over a text of 10,000 characters, without a hit, with one,
// and with a hundred; beside them reading the text, the floor.
func BenchmarkFind(b *testing.B) {
	r := record{List: List{Name: "a"}}
	for i := range MaxTerms {
		r.Items = append(r.Items, Item{ID: fmt.Sprint(i), Text: content.New(fmt.Sprintf("term%d here", i))})
	}
	m, err := compile(r)
	if err != nil {
		b.Fatal(err)
	}
	calm := strings.Repeat("the bus to the clinic leaves at ten past eight. ", 208)
	var every strings.Builder
	for i := 0; i < MaxTerms; i += 100 {
		fmt.Fprintf(&every, "term%d here ", i)
	}
	every.WriteString(calm[:10_000-every.Len()])
	b.Run("reading", func(b *testing.B) {
		for b.Loop() {
			normalize.Normalize(calm)
		}
	})
	b.Run("compiling", func(b *testing.B) {
		for b.Loop() {
			if _, err := compile(r); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, c := range []struct {
		name, text string
		hits       int
	}{{"none", calm, 0}, {"one", calm + "term7 here", 1}, {"a hundred", every.String(), MaxTerms / 100}} {
		reading := normalize.Normalize(c.text)
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if hits := m.Find(reading); len(hits) != c.hits {
					b.Fatal(len(hits))
				}
			}
		})
	}
}
