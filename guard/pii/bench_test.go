package pii_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport/guard/normalize"
	"sallyport/guard/pii"
)

// prose is plain text with few names, as most requests are.
var prose = strings.Repeat(`The committee met on Tuesday to review the plan for the coming quarter. Most of the members had read the report, which explains how the costs
were shared and why two of the projects were moved to next year. After a short discussion about the budget it was agreed that the team should first finish the
migration of the old reports, then write down what was learned. Susan Whitmore asked whether the new office in Leeds would be ready in time. Nobody could say.
If the lease is signed before the summer, the furniture can be ordered and the network be installed within six weeks; otherwise it will take until autumn.
Questions about travel, holidays and equipment go to the service desk, which answers between nine and five on working days. `, 24)

// BenchmarkFind prints the time for a KiB of plain text, and how many times as
// long one naive regular expression for cards and addresses takes in the same run.
func BenchmarkFind(b *testing.B) {
	r := normalize.Normalize(prose)
	naive := regexp.MustCompile(`\b(?:\d[ -]?){13,16}\b|[\w.+-]+@[\w-]+\.[\w.]+`)
	begin := time.Now()
	for range 3 {
		naive.FindAllStringIndex(prose, -1)
	}
	peer := time.Since(begin) / 3
	b.SetBytes(int64(len(prose)))
	b.ReportAllocs()
	for b.Loop() {
		pii.FindReading(r)
	}
	took := b.Elapsed() / time.Duration(b.N)
	kib := float64(len(prose)) / 1024
	b.ReportMetric(float64(took.Microseconds())/kib, "µs/KiB")
	b.ReportMetric(float64(peer)/float64(took), "x-faster-than-one-regexp")
}

// TestVerdictsAreLocal: what is found in a text does not change with what stands
// further away than the watch of a stream keeps: 128 characters before, 48
// behind. Names are looked at in pieces of a long text, and must be the same.
func TestVerdictsAreLocal(t *testing.T) {
	text := `Dear Susan, please send the letter to Mr. Ferdinand Okafor, 14 Alder Road, Bristol BS1 4ND, before Friday. He works at Harrowgate Insurance Ltd and can be reached at +44 20 7946 0123. ` +
		`Patient: Ingrid Solheim, born 4 May 1981, lives in Salzburg. The invoice of Whitfield & Sons was paid by Ann O'Dowd. Mein Name ist Gudrun Petersen, ich wohne in der Lindenstraße 12, 50674 Köln. `
	long := strings.Repeat("incomprehensibility", 5)
	text += "My name " + long + " " + long + " Petersen " + long + " " + long + " called. Dear " + long + " Sanders " + strings.Repeat("antidisestablishment", 3) + " Ltd, "
	text += text
	want := pii.Find(text)
	const before, behind = 128, 48
	for cut := range len(text) {
		if !boundary(text, cut) {
			continue
		}
		for _, e := range pii.Find(text[cut:]) {
			e.Span.Start, e.Span.End = e.Span.Start+cut, e.Span.End+cut
			if e.Span.Start-cut > before && !has(want, e) {
				t.Fatalf("from byte %d on: %+v %q, not in the whole text", cut, e, text[e.Span.Start:e.Span.End])
			}
		}
		for _, e := range pii.Find(text[:cut]) {
			if cut-e.Span.End > behind && !has(want, e) {
				t.Fatalf("up to byte %d: %+v %q, not in the whole text", cut, e, text[e.Span.Start:e.Span.End])
			}
		}
	}
}

func boundary(s string, i int) bool { return i == 0 || s[i] < 0x80 || s[i] >= 0xC0 }

func has(found []pii.Entity, e pii.Entity) bool {
	for _, f := range found {
		if f == e {
			return true
		}
	}
	return false
}
