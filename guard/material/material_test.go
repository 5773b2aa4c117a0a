package material_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"sallyport/guard/material"
)

func TestSelfTest(t *testing.T) {
	if err := material.SelfTest(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// words makes n words that do not repeat in runs.
func words(rng *rand.Rand, n int) []string {
	out := make([]string, n)
	for i := range out {
		var b strings.Builder
		for range 2 + rng.IntN(7) {
			b.WriteByte(byte('a' + rng.IntN(26)))
		}
		out[i] = b.String()
	}
	return out
}

func index(t testing.TB, kind material.Kind, s material.Settings, contents ...string) *material.Index {
	t.Helper()
	b, err := material.NewBuilder(kind, s)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range contents {
		if err := b.Add(material.Work{ID: fmt.Sprint("w", i), Title: "T", License: "MIT", Sources: []string{"https://example.org/w"}}, c); err != nil {
			t.Fatal(err)
		}
	}
	return b.Index()
}

// TestGuarantee: every verbatim run of Guarantee tokens shares a fingerprint,
// wherever it lies and whatever stands around it.
func TestGuarantee(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, s := range []material.Settings{{Run: 6, Window: 7, MinRunes: 1}, {Run: 3, Window: 1, MinRunes: 1}, {Run: 5, Window: 20, MinRunes: 1}} {
		work := words(rng, 400)
		x := index(t, material.Text, s, strings.Join(work, " "))
		for at := 0; at+s.Guarantee() <= len(work); at++ {
			text := strings.Join(words(rng, rng.IntN(30)), " ") + " " + strings.Join(work[at:at+s.Guarantee()], ",\n") + " " + strings.Join(words(rng, rng.IntN(30)), " ")
			m, err := x.Find(t.Context(), text)
			if err != nil || len(m) == 0 {
				t.Fatalf("%+v: nothing of the run at %d (%v)", s, at, err)
			}
		}
	}
}

func TestMatchNamesItsWork(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	a, b := strings.Join(words(rng, 120), " "), strings.Join(words(rng, 120), " ")
	x := index(t, material.Text, material.Settings{}, a, b)
	text := "Intro, über all: " + strings.ToUpper(b[100:500]) + ". Ende."
	m, err := x.Find(t.Context(), text)
	if err != nil || len(m) != 1 {
		t.Fatalf("%v, %v, want one match", m, err)
	}
	if m[0].Work.ID != "w1" || m[0].Work.License != "MIT" || len(m[0].Work.Sources) != 1 || m[0].Share != 1 {
		t.Errorf("match %+v", m[0])
	}
	if got := text[m[0].Span.Start:m[0].Span.End]; len(got) < 300 || !strings.Contains(strings.ToUpper(b), got) {
		t.Errorf("span %q", got)
	}
}

// TestHidden: characters that cannot be seen, width and diacritics hide nothing.
func TestHidden(t *testing.T) {
	work := "The lamplighter counted nine boats before the tide turned, and wrote their names into a ledger that nobody had asked him to keep."
	x := index(t, material.Text, material.Settings{}, work)
	for name, r := range map[string]*strings.Replacer{
		"zero width": strings.NewReplacer("e", "\u200be", "t", "t\u2060"), "soft hyphen": strings.NewReplacer("n", "\u00adn"), "diacritics": strings.NewReplacer("o", "ö", "a", "a\u0301"),
		"width": strings.NewReplacer("n", "ｎ", "T", "Ｔ"), "blanks": strings.NewReplacer(" ", "\n\n  "), "marks": strings.NewReplacer(" ", " * "),
	} {
		if m, err := x.Find(t.Context(), r.Replace(work)); err != nil || len(m) != 1 {
			t.Errorf("%s: %d matches, %v", name, len(m), err)
		}
	}
}

func TestShortMatchesAreLeftOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	work := words(rng, 200)
	x := index(t, material.Text, material.Settings{Run: 4, Window: 3, MinRunes: 110}, strings.Join(work, " "))
	if m, _ := x.Find(t.Context(), strings.Join(work[20:30], " ")); len(m) != 0 {
		t.Errorf("ten words matched: %v", m)
	}
	if m, _ := x.Find(t.Context(), strings.Join(work[20:70], " ")); len(m) != 1 {
		t.Errorf("fifty words gave %d matches", len(m))
	}
}

func TestCodeForms(t *testing.T) {
	code := "def total(rows, limit):\n    # adds them up\n    result = 0\n    for row in rows:\n        if row.value > limit and row.active:\n            result += row.value * row.count\n        else:\n            result -= limit\n    return result\n"
	same := index(t, material.Code, material.Settings{}, code)
	names := index(t, material.Code, material.Settings{Run: 12, Window: 13, MinRunes: 60, Names: true}, code)
	other := strings.NewReplacer("# adds them up", "# nothing of note, really", "    ", "\t").Replace(code)
	renamed := strings.NewReplacer("rows", "items", "row", "item", "result", "acc", "limit", "cap").Replace(other)
	for _, c := range []struct {
		name string
		x    *material.Index
		text string
		want int
	}{
		{"other comments and blanks", same, other, 1}, {"renamed, names count", same, renamed, 0}, {"renamed, names are alike", names, renamed, 1}, {"other code", names, strings.Repeat("print(x)\n", 40), 0},
	} {
		m, err := c.x.Find(t.Context(), c.text)
		if err != nil || len(m) != c.want {
			t.Errorf("%s: %d matches, %v, want %d", c.name, len(m), err, c.want)
		}
	}
}

// TestStreamIsTheWhole: whatever the cuts, a stream finds what Find finds, and
// no match begins before a frontier that was told earlier unless it was known.
func TestStreamIsTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for _, kind := range []material.Kind{material.Text, material.Code} {
		work := strings.Join(words(rng, 300), " ")
		x := index(t, kind, material.Settings{}, work)
		for round := range 300 {
			at := rng.IntN(len(work) - 500)
			text := strings.Join(words(rng, rng.IntN(40)), " /* ü */ q# -- x-- // é\n") + " " + work[at:at+rng.IntN(500)] + " *" + strings.Join(words(rng, rng.IntN(40)), " 中文 ")
			want, err := x.Find(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			s := x.Stream()
			type step struct {
				frontier int
				known    []material.Match
			}
			frontier, steps := 0, []step{}
			for rest := text; rest != ""; {
				n := min(len(rest), 1+rng.IntN(1+round%40))
				if err := s.Write(t.Context(), rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
				if f := s.Frontier(); f < frontier || f > len(text) {
					t.Fatalf("the frontier went from %d to %d", frontier, f)
				} else if f > frontier {
					frontier = f
					steps = append(steps, step{f, s.Known()})
				}
			}
			got, err := s.Close(t.Context())
			if err != nil || !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
				t.Fatalf("kind %d: cut %v, whole %v, %v", kind, got, want, err)
			}
			for _, m := range want {
				for _, p := range steps {
					if m.Span.Start < p.frontier && !holds(p.known, m.Span.Start) {
						t.Fatalf("a match at %d before the frontier %d was not known", m.Span.Start, p.frontier)
					}
				}
			}
		}
	}
}

func holds(known []material.Match, start int) bool {
	for _, m := range known {
		if m.Span.Start == start {
			return true
		}
	}
	return false
}

func TestSaveAndLoad(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	a, b := strings.Join(words(rng, 90), " "), strings.Join(words(rng, 90), " ")
	x := index(t, material.Text, material.Settings{}, a, b)
	var one, two bytes.Buffer
	if err := x.Save(&one); err != nil {
		t.Fatal(err)
	}
	y, err := material.Load(one.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := y.Save(&two); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Errorf("saved again, it differs (%v)", err)
	}
	if m, _ := y.Find(t.Context(), b); len(m) != 1 || m[0].Work.ID != "w1" {
		t.Errorf("loaded, it finds %v", m)
	}
	for i := range one.Len() {
		damaged := bytes.Clone(one.Bytes())
		damaged[i] ^= 4
		if _, err := material.Load(damaged); !errors.Is(err, material.ErrFile) {
			t.Fatalf("byte %d damaged: %v", i, err)
		}
	}
	z, err := material.Merge(x, index(t, material.Text, material.Settings{}, strings.Join(words(rng, 90), " ")))
	if err != nil || z.Works() != 3 {
		t.Fatalf("merged: %v", err)
	}
	if m, _ := z.Find(t.Context(), a); len(m) != 1 {
		t.Errorf("merged, it finds %v", m)
	}
}

func TestRefusals(t *testing.T) {
	b, err := material.NewBuilder(material.Text, material.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"no id":          b.Add(material.Work{}, strings.Repeat("word one two ", 20)),
		"too short":      b.Add(material.Work{ID: "a"}, "one two three"),
		"too long":       b.Add(material.Work{ID: "a"}, strings.Repeat("x", material.MaxWork+1)),
		"an invalid id":  b.Add(material.Work{ID: "\xff"}, strings.Repeat("word one two ", 20)),
		"too many links": b.Add(material.Work{ID: "a", Sources: make([]string, 33)}, strings.Repeat("word one two ", 20)),
	} {
		if !errors.Is(err, material.ErrWork) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := material.NewBuilder(material.Text, material.Settings{Run: 2, Window: 1, MinRunes: 1}); !errors.Is(err, material.ErrSettings) {
		t.Error(err)
	}
	x := b.Index()
	if m, err := x.Find(t.Context(), "an empty index finds nothing at all in any text"); err != nil || len(m) != 0 || x.Works() != 0 {
		t.Errorf("%v, %v", m, err)
	}
	if _, err := x.Find(t.Context(), strings.Repeat("x ", material.MaxText)); !errors.Is(err, material.ErrTooLong) {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Find(gone, "text"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzLoad(f *testing.F) {
	var b bytes.Buffer
	if err := index(f, material.Text, material.Settings{}, strings.Repeat("a few words that stand here again and again for once ", 4)).Save(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes()[:b.Len()-32])
	f.Add([]byte("SPMATERIAL\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := material.Load(material.Signed(data))
		if err != nil {
			return
		}
		if _, err := x.Find(context.Background(), "a few words that stand here again and again for once a few words"); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzFind(f *testing.F) {
	work := "The lamplighter counted nine boats before the tide turned, and wrote their names into a ledger that nobody had asked him to keep."
	text, code := index(f, material.Text, material.Settings{}, work), index(f, material.Code, material.Settings{Run: 4, Window: 4, MinRunes: 8}, work)
	f.Add("He said: "+work, uint8(3))
	f.Add("/* ü", uint8(1))
	f.Fuzz(func(t *testing.T, s string, step uint8) {
		for _, x := range []*material.Index{text, code} {
			want, err := x.Find(context.Background(), s)
			if err != nil {
				return
			}
			for _, m := range want {
				if m.Span.Start < 0 || m.Span.End > len(s) || m.Span.Start >= m.Span.End || !utf8.RuneStart(s[m.Span.Start]) && utf8.ValidString(s) {
					t.Fatalf("span %v of %d bytes", m.Span, len(s))
				}
			}
			stream := x.Stream()
			for rest := s; rest != ""; {
				n := min(len(rest), 1+int(step))
				if err := stream.Write(context.Background(), rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if got, err := stream.Close(context.Background()); err != nil || len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("cut %v, whole %v, %v", got, want, err)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	rng := rand.New(rand.NewPCG(6, 1))
	x := index(b, material.Text, material.Settings{}, strings.Join(words(rng, 200_000), " "))
	text := strings.Join(words(rng, 2000), " ")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := x.Find(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
}
