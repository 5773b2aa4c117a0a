package names_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sallyport/guard/normalize"
	"sallyport/guard/pii/names"
)

func embedded(t testing.TB) *names.Model {
	t.Helper()
	m, err := names.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWriteAndLoad(t *testing.T) {
	m := embedded(t)
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := names.Load(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	text := "My name is Gudrun Petersen and I live in Salzburg."
	lower := strings.ToLower(text)
	if one, two := m.Find(text, lower), again.Find(text, lower); len(one) == 0 || len(one) != len(two) || one[0] != two[0] {
		t.Errorf("%+v before, %+v after", one, two)
	}
	for _, cut := range []int{0, 1, 20, b.Len() / 2, b.Len() - 9} {
		if _, err := names.Load(b.Bytes()[:cut]); err == nil {
			t.Errorf("weights cut at %d load", cut)
		}
	}
}

func TestWithoutWeights(t *testing.T) {
	var none *names.Model
	if got := none.Find("Anna", "anna"); got != nil {
		t.Errorf("no model found %+v", got)
	}
	if got := names.New(map[string]uint16{"anna": names.KnownFirst}).Find("Anna", "anna"); got != nil {
		t.Errorf("a model without weights found %+v", got)
	}
}

func TestLinear(t *testing.T) {
	m := embedded(t)
	for _, unit := range []string{"Anna ", "A", "1 ", "a'", "Aa, ", "O'O'", "\u00C9 ", "12 Main Street, ", "\n", "name is john "} {
		took := func(n int) time.Duration {
			text := strings.Repeat(unit, n/len(unit))
			lower := strings.ToLower(text)
			best := time.Hour
			for range 3 {
				begin := time.Now()
				m.Find(text, lower)
				best = min(best, time.Since(begin))
			}
			return best
		}
		if small, large := took(16<<10), took(160<<10); large > 40*small+300*time.Millisecond {
			t.Errorf("%q: 16 KiB take %v, 160 KiB %v", unit, small, large)
		}
	}
}

func FuzzFind(f *testing.F) {
	m := embedded(f)
	for _, s := range []string{"My name is Anna O'Dowd.", "\xc3 A", "12 Main St., Paris", "É", "Dr. J. R. R. Tolkien, Oxford OX1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := normalize.Normalize(s)
		last := 0
		for _, n := range m.Find(r.Cased(), r.Text) {
			if n.Start < last || n.End <= n.Start || n.End > len(r.Text) || n.Kind == names.Other || n.Kind >= names.Kinds || n.Score < 0 || n.Score > 1 {
				t.Fatalf("%q: %+v", s, n)
			}
			if n.End-n.Start > names.Longest(n.Kind)+40 {
				t.Fatalf("%q: %+v is too long", s, n)
			}
			if utf8.ValidString(r.Text) && !utf8.ValidString(r.Text[n.Start:n.End]) {
				t.Fatalf("%q: %+v cuts a rune", s, n)
			}
			last = n.End
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := names.Embedded(); err != nil {
			b.Fatal(err)
		}
	}
}
