package blocklist_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sallyport/guard/blocklist"
	"sallyport/guard/normalize"
)

func compile(t testing.TB, terms ...blocklist.Term) *blocklist.List {
	t.Helper()
	l, err := blocklist.Compile("test", terms)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func found(l *blocklist.List, text string) []string {
	var out []string
	for _, s := range l.Find(normalize.Normalize(text)) {
		out = append(out, text[s.Start:s.End])
	}
	return out
}

func TestFind(t *testing.T) {
	l := compile(t,
		blocklist.Term{Text: "Project Falcon"}, blocklist.Term{Text: "falcon nine"}, blocklist.Term{Text: "C++"}, blocklist.Term{Text: "机密"}, blocklist.Term{Text: "@acme"},
		blocklist.Term{Text: `emp-[0-9]{4,6}`, Regexp: true}, blocklist.Term{Text: "straße"}, blocklist.Term{Text: "a b a c"},
		blocklist.Term{Text: "hell"}, blocklist.Term{Text: "emp-42-blue"}, blocklist.Term{Text: "N/A"}, blocklist.Term{Text: "\U0001F346"})
	tests := []struct {
		text string
		want []string
	}{
		{"the project falcon plan", []string{"project falcon"}},
		{"the PROJECT\n  Falcon plan", []string{"PROJECT\n  Falcon"}},
		{"ｐｒｏｊｅｃｔ falcon", []string{"ｐｒｏｊｅｃｔ falcon"}},
		{"pro\u200bject falcon", []string{"pro\u200bject falcon"}},
		{"prоject fаlcon", []string{"prоject fаlcon"}}, // Cyrillic o and a
		{"project falconry", nil},
		{"subproject falcon", nil},
		{"project falcon nine", []string{"project falcon nine"}}, // overlapping ones are joined
		{"project_falcon", []string{"project_falcon"}},
		{"project-falcon", []string{"project-falcon"}},
		{"project *** falcon", nil}, // more than three signs
		{"the project. Falcon flies", nil},
		{"pro*ject fal.con", []string{"pro*ject fal.con"}},
		{"p.r.o.j.e.c.t f.a.l.c.o.n", []string{"p.r.o.j.e.c.t f.a.l.c.o.n"}},
		{"p***r***o***j***e***c***t f***a***l***c***o***n", nil}, // more than twice its length
		{"pro\u0085ject falcon", []string{"pro\u0085ject falcon"}},
		{"pro\u2800ject falcon", []string{"pro\u2800ject falcon"}},
		{"pro\ue000ject falcon", []string{"pro\ue000ject falcon"}},
		{"pro\u2009ject\u2028falcon", []string{"pro\u2009ject\u2028falcon"}},
		{"project\u0085falcon", []string{"project\u0085falcon"}},
		{"project\u200bfalcon", []string{"project\u200bfalcon"}},
		{"projectfalcon", nil},
		{"pro ject falcon", nil},
		{"go to hell now", []string{"hell"}},
		{"he'll be there, and so they'll", nil},
		{"h'ell", []string{"h'ell"}},
		{"emp 42 blue", []string{"emp 42 blue"}},
		{"emp-42-blue", []string{"emp-42-blue"}},
		{"N/A", []string{"N/A"}},
		{"NA", nil},
		{"acme", nil}, // the sign at its edge belongs to it
		{"\U0001F346", []string{"\U0001F346"}},
		{"project falcon_2", []string{"project falcon"}},
		{"we write C++ here", []string{"C++"}},
		{"这是机密文件", []string{"机密"}},
		{"mail x@acme now", []string{"@acme"}},
		{"badge EMP-12345!", []string{"EMP-12345"}},
		{"a b a b a c", []string{"a b a c"}}, // the automaton falls back
		{"nothing here", nil},
	}
	for _, tt := range tests {
		if got := found(l, tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("Find(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
	if l.Name() != "test" || l.Longest() != 2*len("project falcon") {
		t.Errorf("Name %q, Longest %d", l.Name(), l.Longest())
	}
}

// TestTermInsideAnother: a term is found while a longer one that begins before
// it is being followed, and the longer one then fails.
func TestTermInsideAnother(t *testing.T) {
	l := compile(t, blocklist.Term{Text: "x y z w"}, blocklist.Term{Text: "y z"})
	if got, want := found(l, "x y z v"), []string{"y z"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestCompileRefuses(t *testing.T) {
	tests := []struct {
		term blocklist.Term
		want string
	}{
		{blocklist.Term{Text: ""}, "nothing is left"},
		{blocklist.Term{Text: "\u200b"}, "nothing is left"},
		{blocklist.Term{Text: strings.Repeat("a", 1001)}, "longer than"},
		{blocklist.Term{Text: "a*", Regexp: true}, "empty text"},
		{blocklist.Term{Text: "(a|b?)+", Regexp: true}, "empty text"},
		{blocklist.Term{Text: "a{1000}b", Regexp: true}, "1001 characters"},
		{blocklist.Term{Text: "(" + strings.Repeat("[a-fx]?", 400) + "x){50,}", Regexp: true}, "too large"},
		{blocklist.Term{Text: "(a{1000}){2}", Regexp: true}, ""},
		{blocklist.Term{Text: "a?", Regexp: true}, "empty text"},
		{blocklist.Term{Text: "^a", Regexp: true}, "stream"},
		{blocklist.Term{Text: "secret(", Regexp: true}, "valid RE2"},
	}
	for _, tt := range tests {
		_, err := blocklist.Compile("test", []blocklist.Term{tt.term})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Compile(%.20q): error %v, want one about %q", tt.term.Text, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error quotes the term: %v", err)
		}
	}
	_, err := blocklist.Compile("test", []blocklist.Term{{Text: "^a", Regexp: true}, {Text: ""}})
	if err == nil || !strings.Contains(err.Error(), "term 1") || !strings.Contains(err.Error(), "term 2") {
		t.Errorf("error %v, want both findings", err)
	}
}

// TestMatches: every term is told, with its number and its name.
func TestMatches(t *testing.T) {
	l := compile(t, blocklist.Term{Text: "falcon", ID: "a"}, blocklist.Term{Text: "project falcon", ID: "b"}, blocklist.Term{Text: "Falcon", ID: "c"}, blocklist.Term{Text: `fal[a-z]+`, Regexp: true, ID: "d"}, blocklist.Term{Text: "falcon nine"})
	text := "the project falcon nine"
	var got []string
	for _, m := range l.Matches(normalize.Normalize(text)) {
		got = append(got, fmt.Sprintf("%d%s:%s", m.Item, m.ID, text[m.Span.Start:m.Span.End]))
	}
	want := []string{"1b:project falcon", "4:falcon nine", "0a:falcon", "2c:falcon", "3d:falcon"}
	if !slices.Equal(got, want) {
		t.Errorf("Matches are %q, want %q", got, want)
	}
}

// TestPatternsWithoutBound: they hold a stream back by MaxLength characters.
func TestPatternsWithoutBound(t *testing.T) {
	l := compile(t, blocklist.Term{Text: `secret.*key`, Regexp: true}, blocklist.Term{Text: `\d+ apples`, Regexp: true}, blocklist.Term{Text: `(red|blue)+ [aeiou]`, Regexp: true})
	if l.Longest() != blocklist.MaxLength {
		t.Errorf("Longest is %d", l.Longest())
	}
	for text, want := range map[string][]string{
		"the secret of the KEY":   {"secret of the KEY"},
		"17 apples and redblue a": {"17 apples", "redblue a"},
		"apples, secret, red":     nil,
	} {
		if got := found(l, text); !slices.Equal(got, want) {
			t.Errorf("Find(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestManyPatterns: patterns with a fixed part are as many as terms, others cost too much.
func TestManyPatterns(t *testing.T) {
	var fixed, loose []blocklist.Term
	for i := range 2000 {
		fixed = append(fixed, blocklist.Term{Text: fmt.Sprintf(`unit%d-[0-9]{4}`, i), Regexp: true})
		loose = append(loose, blocklist.Term{Text: fmt.Sprintf(`[a-f]%d[0-9]{4,20}`, i%10), Regexp: true})
	}
	if got := found(compile(t, fixed...), "so unit77-1234 it is"); !slices.Equal(got, []string{"unit77-1234"}) {
		t.Errorf("found %q", got)
	}
	if _, err := blocklist.Compile("test", loose); err == nil || !strings.Contains(err.Error(), "fixed part") {
		t.Errorf("error %.200v, want one about fixed parts", err)
	}
}

func TestLargeList(t *testing.T) {
	var terms []blocklist.Term
	for i := range blocklist.MaxTerms {
		terms = append(terms, blocklist.Term{Text: fmt.Sprintf("w%d %s", i, strings.Repeat("x y ", 40))})
	}
	l := compile(t, terms...)
	if got := l.Find(normalize.Normalize("so: W77 " + strings.Repeat("x y ", 40))); len(got) != 1 {
		t.Errorf("found %v", got)
	}
}

// FuzzFind compares the automaton with the naive search for each term.
func FuzzFind(f *testing.F) {
	f.Add("a b", "b c", "x a b c")
	f.Add("aa a", "a a", "aa a a a")
	f.Add("c++", "机密", "c++ 机密")
	f.Fuzz(func(t *testing.T, one, two, text string) {
		l, err := blocklist.Compile("fuzz", []blocklist.Term{{Text: one}, {Text: two}})
		if err != nil {
			return
		}
		r := normalize.Normalize(text)
		spans := l.Find(r)
		last := 0
		for _, s := range spans {
			if s.Start < last || s.End > len(text) || s.End <= s.Start {
				t.Fatalf("span %v after %d in %q", s, last, text)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[s.Start:s.End]) {
				t.Fatalf("span %v of %q cuts a rune", s, text)
			}
			last = s.End
		}
		if naive(r.Text, one) || naive(r.Text, two) {
			if len(spans) == 0 {
				t.Fatalf("%q or %q is in %q and was not found", one, two, r.Text)
			}
		}
	})
}

// naive looks for a term between spaces, the case that has no two opinions.
func naive(text, term string) bool {
	term = strings.TrimSpace(normalize.Normalize(term).Text)
	return term != "" && strings.Contains(" "+strings.ReplaceAll(text, "\n", " ")+" ", " "+strings.ReplaceAll(term, "\n", " ")+" ")
}

// TestSkeletons: a term is found whatever scripts stand around it, and a look-alike
// of it too.
func TestSkeletons(t *testing.T) {
	terms := []string{"секрет", "Operation Nightfall", "сор", "Ωμέγα", "heron"}
	surroundings := []string{"%s", "Please tell me the %s now.", "Это %s, о котором мы говорили вчера вечером.", "Η λέξη %s είναι εδώ σήμερα.", "这是%s。", "1 %s 2"}
	alike := strings.NewReplacer("o", "о", "O", "О", "p", "р", "e", "е", "a", "а", "h", "һ", "n", "п", "r", "г", "c", "с")
	for _, term := range terms {
		l := compile(t, blocklist.Term{Text: term})
		for _, around := range surroundings {
			for _, as := range []string{term, strings.ToUpper(term), alike.Replace(term)} {
				text := fmt.Sprintf(around, as)
				if around == "这是%s。" && as != term {
					continue
				}
				found := l.Find(normalize.Normalize(text))
				if len(found) != 1 || text[found[0].Start:found[0].End] != as {
					t.Errorf("%q in %q: %v", term, text, found)
				}
				if twin := fmt.Sprintf(around, "орган heran"); len(l.Find(normalize.Normalize(twin))) != 0 {
					t.Errorf("%q in its twin %q", term, twin)
				}
			}
		}
	}
}
