package blocklist_test

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"sallyport/guard/blocklist"
	"sallyport/guard/normalize"
)

// fullList is as many terms as a list may have, of 5 to 1,000 characters.
func fullList() []blocklist.Term {
	terms := make([]blocklist.Term, blocklist.MaxTerms)
	for i := range terms {
		text := fmt.Sprintf("project %x falcon", i*7919)
		if i%10 == 0 {
			text += strings.Repeat(" and its annexes", 60)
		}
		terms[i].Text = text[:min(len(text), blocklist.MaxLength)]
	}
	return terms
}

func prose(n int) string {
	return strings.Repeat("The committee met on Tuesday and looked at the figures of project falcon for the third quarter; sales rose by four percent. ", n/120+1)[:n]
}

func perKiB(b *testing.B, size int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(b.N)/float64(size)*1024, "µs/KiB")
}

// BenchmarkFind compares with the floors that the standard library gives: a search
// for each term, and all terms in one expression.
func BenchmarkFind(b *testing.B) {
	terms := fullList()
	l := compile(b, terms...)
	const size = 64 << 10
	r := normalize.Normalize(prose(size))
	b.Run("list", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.Find(r)
		}
		perKiB(b, size)
	})
	attack := normalize.Normalize(strings.Repeat("project 0 falcon and its annexes ", size/33))
	b.Run("list, prefixes of terms", func(b *testing.B) {
		for b.Loop() {
			l.Find(attack)
		}
		perKiB(b, size)
	})
	b.Run("floor Contains", func(b *testing.B) {
		for b.Loop() {
			for i := range terms {
				strings.Contains(r.Text, terms[i].Text)
			}
		}
		perKiB(b, size)
	})
	var parts []string
	for _, t := range terms[:1000] {
		parts = append(parts, regexp.QuoteMeta(t.Text))
	}
	re := regexp.MustCompile(strings.Join(parts, "|"))
	b.Run("floor regexp of 1000 terms", func(b *testing.B) {
		for b.Loop() {
			re.FindAllStringIndex(r.Text, -1)
		}
		perKiB(b, size)
	})
}

func BenchmarkCompile(b *testing.B) {
	terms := fullList()
	long := make([]blocklist.Term, blocklist.MaxTerms)
	for i := range long {
		long[i].Text = fmt.Sprintf("%d ", i) + strings.Repeat("falcon wing ", 82)
	}
	for name, list := range map[string][]blocklist.Term{"mixed": terms, "all of 1,000 characters": long} {
		b.Run(name, func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var l *blocklist.List
			for b.Loop() {
				l = compile(b, list...)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
			runtime.KeepAlive(l)
		})
	}
}
