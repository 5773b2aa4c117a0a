package grounding_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sallyport/guard/grounding"
)

func check(t testing.TB, answer, question string, passages ...string) grounding.Result {
	t.Helper()
	r, err := grounding.Check(t.Context(), grounding.Request{Answer: answer, Question: question, Passages: passages})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const plant = "The Elmsford plant opened on 3 May 1987 and employs 1,240 people. It is run by Greta Winkler, who succeeded Paul Ferrand in 2011. " +
	"About 35 percent of the output is exported, mostly to Norway. The plant does not use coal. Workers are paid 18 dollars an hour. The main hall is 2.5 km from the harbour, and most deliveries arrive by rail before 6:30 am. " +
	"The cold store is kept at -5 °C. All visitors must wear a helmet. Output increased in 2023."

// TestRules: what the sources say in another form is carried, and each kind of
// fault is found by its rule.
func TestRules(t *testing.T) {
	s, c, u := grounding.Supported, grounding.Contradicted, grounding.Unsupported
	for _, x := range []struct {
		answer string
		want   grounding.Support
		why    grounding.Why
	}{
		{"The Elmsford plant employs 1240 people.", s, ""},
		{"The Elmsford plant employs 1.240 people.", s, ""},
		{"The Elmsford plant opened on May 3, 1987.", s, ""},
		{"The Elmsford plant opened on 1987-05-03.", s, ""},
		{"The Elmsford plant opened in May 1987.", s, ""},
		{"About thirty-five percent of the output is exported, mostly to Norway.", s, ""},
		{"The main hall is 2,500 metres from the harbour.", s, ""},
		{"The main hall is 1.6 miles from the harbour.", s, ""},
		{"The cold store is kept at 23 °F.", s, ""},
		{"Most deliveries arrive by rail before 6.30 am.", s, ""},
		{"The plant doesn't use coal.", s, ""},
		{"The Elmsford plant employs 1,420 people.", c, grounding.ByNumber},
		{"The Elmsford plant employs twelve people.", c, grounding.ByNumber},
		{"The Elmsford plant opened on 3 June 1987.", c, grounding.ByDate},
		{"The Elmsford plant opened on 3 May 1978.", c, grounding.ByDate},
		{"The main hall is 2.5 miles from the harbour.", c, grounding.ByUnit},
		{"Workers are paid 18 euros an hour.", c, grounding.ByUnit},
		{"It is run by Marta Olsen, who succeeded Paul Ferrand in 2011.", c, grounding.ByName},
		{"The plant uses coal.", c, grounding.ByNegation},
		{"All deliveries arrive by rail before 6:30 am.", c, grounding.ByQuantifier},
		{"Output decreased in 2023.", c, grounding.ByOpposite},
		{"Most deliveries arrive by rail after 6:30 am.", c, grounding.ByOpposite},
		{"The canteen serves herring soup and rye bread to every guest on weekdays.", u, ""},
		{"The plant was bought by Northwind Holdings.", u, grounding.ByName},
	} {
		r := check(t, x.answer, "", plant)
		if len(r.Statements) != 1 {
			t.Fatalf("%q: %d statements", x.answer, len(r.Statements))
		}
		g := r.Statements[0]
		if g.Support != x.want || x.why != "" && g.Why != x.why {
			t.Errorf("%q: %v by %s (%.2f), want %v by %s", x.answer, g.Support, g.Why, g.Score, x.want, x.why)
		}
		if (g.Support == s) == r.Ungrounded {
			t.Errorf("%q: %v, and ungrounded is %v", x.answer, g.Support, r.Ungrounded)
		}
	}
}

func TestLanguages(t *testing.T) {
	for _, x := range []struct{ passage, right, wrong string }{
		{"Die Brücke in Lindau ist 1,5 Kilometer lang und wurde am 9. Mai 1984 eröffnet.", "Die Brücke in Lindau wurde am 09.05.1984 eröffnet.", "Die Brücke in Lindau wurde nicht am 9. Mai 1984 eröffnet."},
		{"Die Brücke in Lindau hat fünfundzwanzig Pfeiler.", "Die Brücke in Lindau hat 25 Pfeiler.", "Die Brücke in Lindau hat 52 Pfeiler."},
		{"Le pont de Tours mesure 850 mètres et a été ouvert le 3 avril 1992.", "Le pont de Tours a été ouvert le 3 avril 1992.", "Le pont de Tours a été ouvert le 3 août 1992."},
		{"El puente de Girona fue abierto el 12 de julio de 1971 y lo cruzan 3.400 coches.", "El puente de Girona fue abierto el 12/7/1971.", "El puente de Girona fue abierto el 12 de junio de 1971."},
		{"Il ponte di Pavia misura 2 chilometri.", "Il ponte di Pavia misura 2000 metri.", "Il ponte di Pavia misura 2 metri."},
		{"A ponte de Braga foi aberta em 9 de agosto de 1958.", "A ponte de Braga foi aberta em 9 de agosto de 1958.", "A ponte de Braga não foi aberta em 9 de agosto de 1958."},
		{"De brug in Utrecht is 646 meter lang.", "De brug in Utrecht is 646 meter lang.", "De brug in Utrecht is 664 meter lang."},
		{"Мост в Туле открыли 9 мая 1984 года.", "Мост в Туле открыли 9 мая 1984 года.", "Мост в Туле открыли 9 мая 1948 года."},
		{"这座桥长1500米，于2019年5月3日开放。", "这座桥于2019年5月3日开放。", "这座桥于2019年6月3日开放。"},
		{"橋の長さは1500メートルで、2019年5月3日に開通しました。", "橋は2019年5月3日に開通しました。", "橋は2018年5月3日に開通しました。"},
		{"다리는 2019년 5월 3일에 개통되었습니다.", "다리는 2019년 5월 3일에 개통되었습니다.", "다리는 2019년 6월 3일에 개통되었습니다."},
	} {
		if r := check(t, x.right, "", x.passage); r.Ungrounded {
			t.Errorf("%q: %+v", x.right, r.Statements)
		}
		if r := check(t, x.wrong, "", x.passage); !r.Ungrounded {
			t.Errorf("%q: %+v", x.wrong, r.Statements)
		}
	}
}

// TestWhatIsNotJudged: greetings, questions and refusals make no claim; loaded
// questions do.
func TestWhatIsNotJudged(t *testing.T) {
	for _, s := range []string{"Hello!", "Thank you!", "I don't know.", "I'm sorry, the documents do not say.", "Would you like to know more?", "Das weiß ich leider nicht, tut mir leid.", "抱歉，我不知道。", "Here are the facts:"} {
		r := check(t, s, "", plant)
		for _, g := range r.Statements {
			if g.Support != grounding.Ignored {
				t.Errorf("%q: %v", s, g.Support)
			}
		}
		if r.Ungrounded || r.Share != 0 {
			t.Errorf("%q: %+v", s, r)
		}
	}
	for _, s := range []string{"Did you know that the plant employs 99 dragons?", "The plant burns coal, right?"} {
		if r := check(t, s, "", plant); !r.Ungrounded {
			t.Errorf("%q is not judged: %+v", s, r.Statements)
		}
	}
}

func TestEvidence(t *testing.T) {
	other := "The council met on Tuesday. It discussed the timetable."
	r := check(t, "Hello! The plant employs 1,420 people. The council met on Tuesday.", "", other, plant)
	if len(r.Statements) != 3 {
		t.Fatalf("%+v", r.Statements)
	}
	wrong, right := r.Statements[1], r.Statements[2]
	if wrong.Evidence.Passage != 1 || plant[wrong.Evidence.Span.Start:wrong.Evidence.Span.End] != "1,240 people" && plant[wrong.Evidence.Span.Start:wrong.Evidence.Span.End] != "1,240" {
		t.Errorf("wrong: %+v", wrong)
	}
	if right.Evidence.Passage != 0 || other[right.Evidence.Span.Start:right.Evidence.Span.End] != "The council met on Tuesday." || right.Support != grounding.Supported {
		t.Errorf("right: %+v", right)
	}
	if r.Share < 0.4 || r.Share > 0.7 {
		t.Errorf("share %v of two statements, one wrong", r.Share)
	}
}

func TestQuestion(t *testing.T) {
	right := check(t, "Greta Winkler", "Who runs the Elmsford plant?", plant).Score
	wrong := check(t, "Norway", "Who runs the Elmsford plant?", plant).Score
	if right >= wrong {
		t.Errorf("the right answer scores %.2f, a wrong one %.2f", right, wrong)
	}
}

func TestSplit(t *testing.T) {
	for _, x := range []struct {
		text string
		want []string
	}{
		{"Dr. Lang met Mr. Sall at 3 p.m. in St. Gallen. They left.", []string{"Dr. Lang met Mr. Sall at 3 p.m. in St. Gallen.", "They left."}},
		{"It cost 3.50 euros. See e.g. page 4.", []string{"It cost 3.50 euros.", "See e.g. page 4."}},
		{"- one item\n- two items. And more\n\n1. first\n2) second", []string{"one item", "two items.", "And more", "first", "second"}},
		{"| a | b |\n|---|---|\n| 1 | 2 |", []string{"a | b", "1 | 2"}},
		{"Am 9. Mai 1984 kam er. Dann ging er.", []string{"Am 9. Mai 1984 kam er.", "Dann ging er."}},
		{"桥很长。它是新的！真的？", []string{"桥很长。", "它是新的！", "真的？"}},
		{"He said \"Stop.\" Then he left [1]. Fine.", []string{"He said \"Stop.\"", "Then he left [1].", "Fine."}},
		{"J. R. Simplot bought it.", []string{"J. R. Simplot bought it."}},
		{"", nil}, {"...", nil}, {" \n\t", nil},
	} {
		var got []string
		for _, s := range grounding.Split(x.text) {
			got = append(got, x.text[s.Start:s.End])
		}
		if strings.Join(got, "¦") != strings.Join(x.want, "¦") {
			t.Errorf("%q: %q, want %q", x.text, got, x.want)
		}
	}
}

// TestRefusals: what cannot be judged is an error, never a verdict.
func TestRefusals(t *testing.T) {
	long := strings.Repeat("x", grounding.MaxSources)
	for name, r := range map[string]grounding.Request{
		"no answer": {Passages: []string{"a"}}, "no passage": {Answer: "a"}, "empty passages": {Answer: "a", Passages: []string{"", ""}},
		"long answer": {Answer: long, Passages: []string{"a"}}, "long sources": {Answer: "a", Passages: []string{long, "b"}}, "long question": {Answer: "a", Question: long, Passages: []string{"a"}},
		"many passages": {Answer: "a", Passages: make([]string, grounding.MaxPassages+1)},
	} {
		got, err := grounding.Check(t.Context(), r)
		if !errors.Is(err, grounding.ErrTooLong) && !errors.Is(err, grounding.ErrNoText) || len(got.Statements) > 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := grounding.Check(gone, grounding.Request{Answer: "A claim.", Passages: []string{"a"}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWeightsAreChecked(t *testing.T) {
	if _, err := grounding.LoadWeights(nil); err == nil {
		t.Error("no bytes are weights")
	}
	for name, spoil := range map[string]func(*grounding.Weights){
		"a loop": func(w *grounding.Weights) { w.Trees = [][]grounding.Node{{{Feature: 0, Left: 0, Right: 0}}} },
		"a column": func(w *grounding.Weights) {
			w.Trees = [][]grounding.Node{{{Feature: 9999, Left: 1, Right: 1}, {Feature: -1}}}
		},
		"no threshold": func(w *grounding.Weights) { w.Threshold = 0 },
		"a format":     func(w *grounding.Weights) { w.Format = 9 },
		"words":        func(w *grounding.Weights) { w.Keys = w.Keys[:1] },
	} {
		w := grounding.Shipped(t)
		spoil(w)
		if _, err := grounding.LoadWeights(grounding.Pack(t, w)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	w := grounding.Shipped(t)
	w.SelfTest[0].Support = grounding.Unsupported
	if _, err := grounding.NewWith(w, nil); err == nil {
		t.Error("a self-test that fails is taken")
	}
}

// TestLinear: the most text that is taken ends in seconds, under the race
// detector too, whatever it is made of.
func TestLinear(t *testing.T) {
	for name, f := range map[string]func(n int) grounding.Request{
		"one word":   func(n int) grounding.Request { return repeat("boat ", "boat ", n) },
		"numbers":    func(n int) grounding.Request { return repeat("1 2 3. ", "4 5 6. ", n) },
		"marks":      func(n int) grounding.Request { return repeat("\u0301\u0301", "a\u0301.", n) },
		"sentences":  func(n int) grounding.Request { return repeat("The boat left. ", "The boat left at 5. ", n) },
		"characters": func(n int) grounding.Request { return repeat("船船。", "船は船。", n) },
		"invalid":    func(n int) grounding.Request { return repeat("\xff\xfe. ", "\xff. ", n) },
	} {
		begin := time.Now()
		if _, err := grounding.Check(t.Context(), f(64<<10)); err != nil {
			t.Fatal(name, err)
		}
		if took := time.Since(begin); took > 8*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
}

func repeat(answer, source string, n int) grounding.Request {
	return grounding.Request{Answer: strings.Repeat(answer, n/4/len(answer)), Question: "Which boat left?", Passages: []string{strings.Repeat(source, 4*n/len(source))}}
}

// fakeMeaning gives each distinct word its own axis.
type fakeMeaning struct{ err error }

func (f fakeMeaning) Words(_ context.Context, texts []string) ([][]grounding.Word, error) {
	out := make([][]grounding.Word, len(texts))
	for i, s := range texts {
		for at := 0; at < len(s); at += 4 {
			out[i] = append(out[i], grounding.Word{Start: at, End: min(at+4, len(s)), Vector: []float32{float32(s[at]), 1, 2}})
		}
	}
	return out, f.err
}

func (f fakeMeaning) Sentences(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, s := range texts {
		out[i] = []float32{float32(len(s)), 1}
	}
	return out, f.err
}

// TestMeaning: vectors reach the measures when the weights ask for them, and an
// encoder that fails is an error, not a verdict.
func TestMeaning(t *testing.T) {
	w := grounding.Shipped(t)
	r := grounding.Request{Answer: "The plant opened.", Passages: []string{plant}}
	at := func(m grounding.Meaning) float32 {
		f, err := grounding.Untested(w, m).Features(t.Context(), r)
		if err != nil || len(f) != 1 {
			t.Fatal(f, err)
		}
		return f[0][len(f[0])-1]
	}
	if at(fakeMeaning{}) != 0 {
		t.Error("weights without vectors asked for them")
	}
	w.Vectors = true
	if at(fakeMeaning{}) != 1 || at(nil) != 0 {
		t.Error("vectors do not reach the measures")
	}
	broken := errors.New("no encoder")
	if _, err := grounding.Untested(w, fakeMeaning{broken}).Check(t.Context(), r); !errors.Is(err, broken) {
		t.Errorf("%v, want the encoder's error", err)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("The plant employs 1,420 people.", "Who?", plant)
	f.Add("12:61 31/31/2020 5½ km²", "when", "½ 2020年13月 1e9 99999999999999999999")
	f.Add("а́\xff 1.234.5 - 1,2,3", "", "| a | 1-2-3 |")
	f.Fuzz(func(t *testing.T, answer, question, passage string) {
		r, err := grounding.Check(context.Background(), grounding.Request{Answer: answer, Question: question, Passages: []string{passage}})
		if err != nil {
			if !errors.Is(err, grounding.ErrNoText) && !errors.Is(err, grounding.ErrTooLong) {
				t.Fatal(err)
			}
			return
		}
		last := 0
		for _, s := range r.Statements {
			if s.Span.Start < last || s.Span.End <= s.Span.Start || s.Span.End > len(answer) || !(s.Score >= 0 && s.Score <= 1) {
				t.Fatalf("%+v", s)
			}
			last = s.Span.End
			edges(t, answer, s.Span.Start, s.Span.End)
			edges(t, answer, s.Fault.Start, s.Fault.End)
			if s.Evidence.Passage == 0 {
				edges(t, passage, s.Evidence.Span.Start, s.Evidence.Span.End)
			}
		}
		if !(r.Share >= 0 && r.Share <= 1) || !(r.Score >= 0 && r.Score <= 1) {
			t.Fatalf("%+v", r)
		}
	})
}

func edges(t *testing.T, s string, start, end int) {
	if start < 0 || start > end || end > len(s) {
		t.Fatalf("span %d-%d of %d bytes", start, end, len(s))
	}
	if utf8.ValidString(s) && (!utf8.ValidString(s[:start]) || !utf8.ValidString(s[:end])) {
		t.Fatalf("span %d-%d cuts a character", start, end)
	}
}

// BenchmarkCheck judges 4 KiB of answer against 32 KiB of sources, of words
// that are mostly the same.
func BenchmarkCheck(b *testing.B) {
	var answer, source strings.Builder
	names := strings.Fields("harbour ledger bridge council tariff engine valley archive garden signal window letter market copper")
	line := func(w *strings.Builder, i, k int) {
		w.WriteString("In ")
		w.WriteString([]string{"1987", "1991", "2004", "2011"}[i%4])
		w.WriteString(" the " + names[i%len(names)] + " near the " + names[(i*5+k)%len(names)] + " was rebuilt by the " + names[(i*3+1)%len(names)] + " office for about " + []string{"1,200", "340", "75"}[i%3] + " dollars. ")
	}
	for i := 0; source.Len() < 32<<10; i++ {
		line(&source, i, i/7)
	}
	for i := 0; answer.Len() < 4<<10; i++ {
		line(&answer, i*3, i)
	}
	r := grounding.Request{Answer: answer.String(), Question: "When was the bridge near the harbour rebuilt?", Passages: []string{source.String()}}
	b.SetBytes(int64(answer.Len() + source.Len()))
	for b.Loop() {
		if _, err := grounding.Check(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFloor cuts the same sources into words and nothing else.
func BenchmarkFloor(b *testing.B) {
	source := strings.Repeat("In 1987 the harbour near the ledger was rebuilt by the council office for about 1,200 dollars. ", 370)
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		seen := map[string]int{}
		for _, w := range strings.Fields(strings.ToLower(source)) {
			seen[w]++
		}
	}
}
