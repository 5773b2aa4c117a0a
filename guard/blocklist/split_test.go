package blocklist_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/guard"
	"sallyport/guard/blocklist"
	"sallyport/guard/normalize"
)

// across returns what FindSplit finds in pieces.
func across(l *blocklist.List, pieces ...string) []string {
	text, cuts := strings.Join(pieces, ""), []int(nil)
	at := 0
	for _, p := range pieces[:len(pieces)-1] {
		at += len(p)
		cuts = append(cuts, at)
	}
	var out []string
	for _, s := range l.FindSplit(normalize.Normalize(text), cuts) {
		out = append(out, text[s.Start:s.End])
	}
	return out
}

func TestFindSplit(t *testing.T) {
	l := compile(t,
		blocklist.Term{Text: "harbour lantern"}, blocklist.Term{Text: "Nightjar"}, blocklist.Term{Text: "emp-42-blue"}, blocklist.Term{Text: "N/A"},
		blocklist.Term{Text: "C++"}, blocklist.Term{Text: "机密文件"}, blocklist.Term{Text: `emp-[0-9]{4,6}\b`, Regexp: true}, blocklist.Term{Text: "fi ﬁn"}, blocklist.Term{Text: "señal"}, blocklist.Term{Text: "final"})
	tests := []struct {
		pieces []string
		want   []string
	}{
		{[]string{"harbour", "lantern"}, []string{"harbourlantern"}},
		{[]string{"Good morning", "harbour", "lantern", "Thank you"}, []string{"harbourlantern"}},
		{[]string{"Good morning.", "harbour", "lantern", ". Thank you"}, []string{"harbourlantern"}},
		{[]string{"Good morning, har", "bour", " lan", "tern and thanks"}, []string{"harbour lantern"}},
		{[]string{"Good morning har ", " bour -- lan. ", " \ntern and thanks"}, []string{"har  bour -- lan.  \ntern"}},
		{strings.Split("h a r b o u r l a n t e r n", " "), []string{"harbourlantern"}},
		{strings.Split("x|h|a|r|b|o|u|r|l|a|n|t|e|r|n|y", "|"), []string{"harbourlantern"}},
		{[]string{"the night", "jar flies"}, []string{"nightjar"}},
		{[]string{"nig", "ht", "jar"}, []string{"nightjar"}},
		{[]string{"id emp-", "42-blue!"}, []string{"emp-42-blue"}},
		{[]string{"emp", "42", "blue"}, []string{"emp42blue"}},
		{[]string{"I write C+", "+ daily"}, []string{"C++"}},
		{[]string{"Hello", "C", "++", "daily"}, []string{"C++"}},
		{[]string{"这是机", "密文", "件吗"}, []string{"机密文件"}},
		{[]string{"badge emp-12", "345!"}, []string{"emp-12345"}},
		{[]string{"sen", "\u0303al"}, []string{"sen\u0303al"}},         // between a letter and its mark
		{[]string{"se\xc3", "\xb1al"}, []string{"señal"}},              // within a rune
		{[]string{"fi \xef", "\xac\x81n"}, []string{"fi ﬁn"}},          // within what is folded as a whole
		{[]string{"x\xef", "\xac\x81nal"}, []string{"ﬁnal"}},           // the joint is on both sides of it
		{[]string{"ｈａｒ", "ｂｏｕｒ ｌａｎｔｅｒｎ"}, []string{"ｈａｒｂｏｕｒ ｌａｎｔｅｒｎ"}}, // folded
		{[]string{"nightjar", "nightjar"}, nil},                        // each lies in one piece
		{[]string{"harbour lantern", " and more"}, nil},
		// Twins.
		{[]string{"harbour", "lanternfish"}, nil},
		{[]string{"outharbour", "lantern"}, nil},
		{[]string{"har", "bour lanternfish"}, nil},
		{[]string{"a harbour", "by lantern"}, nil},
		{[]string{"harb our lan", "tern"}, nil}, // a gap that is no joint
		{[]string{"harbourlant", "ern"}, nil},   // no gap where the term has one
		{[]string{"tonight", "jar"}, nil},
		{[]string{"night jars", "nightja", "rs"}, nil},
		{[]string{"N", "A"}, nil}, // too short to be found without its sign
		{[]string{"N/", "A"}, []string{"N/A"}},
		{[]string{"机", "会密文件"}, nil},
		{[]string{"emp-12", "x345"}, nil},
		{[]string{"", ""}, nil},
		{[]string{"x"}, nil},
	}
	for _, tt := range tests {
		if got := across(l, tt.pieces...); !slices.Equal(got, tt.want) {
			t.Errorf("FindSplit(%q) = %q, want %q", tt.pieces, got, tt.want)
		}
	}
}

// TestFindSplitEveryCut cuts a text with a term at all places, and at each pair
// of places: whatever the neighbours, it is found across the joints or within a piece.
func TestFindSplitEveryCut(t *testing.T) {
	l := compile(t, blocklist.Term{Text: "harbour lantern"}, blocklist.Term{Text: "nightjar"})
	for _, neighbours := range [][2]string{{"", ""}, {"Good morning", "Thank you"}, {"Good morning. ", " Thank you"}, {"one, ", ", two"}, {"Ünï ", " ütf"}} {
		for _, term := range []string{"harbour lantern", "nightjar", "Nígh\u0301tjar"} {
			text := neighbours[0] + term + neighbours[1]
			from, to := len(neighbours[0]), len(neighbours[0])+len(term)
			for i := from; i <= to; i++ {
				for j := i; j <= to; j++ {
					cuts := []int{from, i, j, to}
					r := normalize.Normalize(text)
					if i == from && j == to || i == j && (i == from || i == to) {
						continue // it is whole in its piece
					}
					got := l.FindSplit(r, cuts)
					if len(got) != 1 || got[0].Start > from || got[0].End < to-2 {
						t.Fatalf("FindSplit(%q, %v) = %v, want %d to %d", text, cuts, got, from, to)
					}
				}
			}
		}
	}
}

// TestFindSplitFar: a joint far from any other is looked at, and offsets count
// from the beginning of the whole.
func TestFindSplitFar(t *testing.T) {
	l := compile(t, blocklist.Term{Text: "harbour lantern"})
	far := strings.Repeat("the committee looked at the figures. ", 500)
	for _, pieces := range [][]string{
		{far + "harbour", "lantern " + far}, {far, "har", "bour", far, "har", "bour lantern", far}, {far + "h" + strings.Repeat(".", 3000), strings.Repeat(" ", 3000) + "arbour lantern", far},
	} {
		if got := across(l, pieces...); len(got) != 1 || !strings.HasPrefix(got[0], "h") || !strings.HasSuffix(got[0], "lantern") {
			t.Errorf("found %.80q in pieces", got)
		}
	}
}

// manyTerms is a full list, and a text in which every word begins some term.
func manyTerms(t testing.TB) (*blocklist.List, normalize.Reading, []int) {
	var terms []blocklist.Term
	for i := range blocklist.MaxTerms {
		terms = append(terms, blocklist.Term{Text: fmt.Sprintf("project falcon %d %s", i, strings.Repeat("xy ", i%20))})
	}
	text := strings.Repeat("project falcon 12 project fal con 9 xy xy project falcon ", 1<<20/56)
	var cuts []int
	for i := 1; i < len(text); i += 7 {
		cuts = append(cuts, i)
	}
	return compile(t, terms...), normalize.Normalize(text), cuts
}

// TestFindSplitSpeed: a megabyte in 150,000 pieces against 10,000 terms that all
// begin alike takes seconds at most, also under the race detector.
func TestFindSplitSpeed(t *testing.T) {
	l, r, cuts := manyTerms(t)
	begin := time.Now()
	l.FindSplit(r, cuts)
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

func BenchmarkFindSplit(b *testing.B) {
	l, r, cuts := manyTerms(b)
	for name, n := range map[string]int{"10": 10, "all": len(cuts)} {
		some := make([]int, 0, n)
		for i := range n {
			some = append(some, cuts[i*len(cuts)/n])
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				l.FindSplit(r, some)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/joint")
		})
	}
}

// FuzzFindSplit: whatever is cut, spans are sound, and what Find finds over a
// joint of the whole is found.
func FuzzFindSplit(f *testing.F) {
	f.Add("harbour lantern", "c++", "the harbour lantern in c++", 9, 14)
	f.Add("机密", "a b", "机密 a b", 3, 8)
	f.Fuzz(func(t *testing.T, one, two, text string, i, j int) {
		l, err := blocklist.Compile("fuzz", []blocklist.Term{{Text: one}, {Text: two}})
		if err != nil {
			return
		}
		i, j = min(max(i, 0), len(text)), min(max(j, 0), len(text))
		cuts := []int{min(i, j), max(i, j)}
		last, r := 0, normalize.Normalize(text)
		split := l.FindSplit(r, cuts)
		for _, whole := range l.Find(r) {
			for _, c := range cuts {
				overlaps := func(s guard.Span) bool { return s.Start < whole.End && whole.Start < s.End }
				if r.Text == strings.ToLower(text) && whole.Start < c && c < whole.End && !slices.ContainsFunc(split, overlaps) {
					t.Fatalf("%q is in %q over the joint %d, FindSplit finds %v", text[whole.Start:whole.End], text, c, split)
				}
			}
		}
		for _, s := range split {
			if s.Start < last || s.End > len(text) || s.End <= s.Start {
				t.Fatalf("span %v after %d in %q", s, last, text)
			}
			last = s.End
		}
	})
}
