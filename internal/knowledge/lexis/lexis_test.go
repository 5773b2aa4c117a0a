package lexis_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/knowledge/lexis"
)

func TestSentences(t *testing.T) {
	for text, want := range map[string][]string{
		"One. Two! Three? Four":                                     {"One.", "Two!", "Three?", "Four"},
		"Dr. Smith saw Mr. J. Brown at 3.30 p.m. today. He left.":   {"Dr. Smith saw Mr. J. Brown at 3.30 p.m. today.", "He left."},
		"It opens at 8 a.m. The ward is shut.":                      {"It opens at 8 a.m.", "The ward is shut."},
		"See no. 5 and fig. 3. The answer is no. Then go.":          {"See no. 5 and fig. 3.", "The answer is no.", "Then go."},
		"Keep it below 25.5 °C, e.g. in a fridge. Done.":            {"Keep it below 25.5 °C, e.g. in a fridge.", "Done."},
		"He said “Stop.” Then he left.":                             {"He said “Stop.”", "Then he left."},
		"Version 2.0 is on example.org today.":                      {"Version 2.0 is on example.org today."},
		"Wait… now. What?! Yes.":                                    {"Wait… now.", "What?!", "Yes."},
		"# Heading\nText goes\non here. More.":                      {"Heading", "Text goes\non here.", "More."},
		"- first item\n- second item. With more\n\n1. third\n2) no": {"first item", "second item.", "With more", "third", "no"},
		"前の文。次の文。":                                                  {"前の文。", "次の文。"},
		"  \n\n ":                                                   nil,
		"A #hashtag is not a heading":                               {"A #hashtag is not a heading"},
	} {
		var got []string
		for _, s := range lexis.Sentences(text) {
			got = append(got, text[s.Start:s.End])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"The patients' reports":    "the patient report",
		"needle-stick":             "needl stick needlestick",
		"£25,000 at 09:30, 2.5 mg": "25000 at 09:30 2.5 mg",
		"the ward’s don't":         "the ward don't",
		"ﬁle CAFÉ":                 "file café",
		"24-48":                    "24 48",
		"it broke at 8 °C":         "it break at 8 degre",
		"°C2 °":                    "c2",
		"前の文":                      "前 の 文",
	} {
		var got []string
		for _, tok := range lexis.NewAnalyser("en").Tokens(text) {
			got = append(got, tok.Term)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if g := lexis.NewAnalyser("de").Tokens("Besuchszeiten"); g[0].Term != "besuchszeit" {
		t.Errorf("German stem %q", g[0].Term)
	}
}

// TestNear: near words go both ways, an everyday word is known by any of its forms,
// and no other language has either.
func TestNear(t *testing.T) {
	term := func(s string) string { return lexis.NewAnalyser("en").Tokens(s)[0].Term }
	for _, pair := range [][2]string{{"phone", "ring"}, {"rang", "telephoned"}, {"temperatures", "degrees"}, {"cold", "temperature"}} {
		for i := range pair {
			if a, b := term(pair[i]), term(pair[1-i]); !slices.Contains(lexis.Near("en", a), b) {
				t.Errorf("%s is not near %s", b, a)
			}
		}
	}
	if !lexis.Everyday("en", term("arrived")) || lexis.Everyday("en", term("fridge")) || lexis.Everyday("de", "arriv") || lexis.Near("de", "phone") != nil {
		t.Error("everyday words")
	}
}

func TestGuess(t *testing.T) {
	for text, want := range map[string]string{
		"How do I report it?":                     "en",
		"Wann endet die Besuchszeit?":             "de",
		"Où est la salle de réunion des équipes?": "fr",
		"zxcv": "en",
	} {
		if got := lexis.Guess(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func FuzzLexis(f *testing.F) {
	f.Add("One. Two\n\n- three\n# four\n5. six a.m. \u2011 x-y-z \xff")
	f.Fuzz(func(t *testing.T, text string) {
		end, paragraph := 0, 0
		for _, s := range lexis.Sentences(text) {
			if s.Start < end || s.End <= s.Start || s.End > len(text) || s.Paragraph < paragraph {
				t.Fatalf("sentence %+v behind %d", s, end)
			}
			if utf8.ValidString(text) && (!utf8.ValidString(text[s.Start:s.End]) || strings.TrimSpace(text[s.Start:s.End]) != text[s.Start:s.End]) {
				t.Fatalf("sentence %q", text[s.Start:s.End])
			}
			end, paragraph = s.End, s.Paragraph
		}
		for _, language := range []string{"en", "de", "ar", "xx"} {
			a := lexis.NewAnalyser(language)
			start := 0
			for _, tok := range a.Tokens(text) {
				if tok.End <= tok.Start || tok.End > len(text) || tok.End < start {
					t.Fatalf("token %+v", tok)
				}
				start = tok.Start
			}
		}
		lexis.Leans(text)
		lexis.Guess(text)
	})
}

func BenchmarkTokens(b *testing.B) {
	text := strings.Repeat("Report a needle-stick injury by telephoning occupational health on extension 4410 within one hour. ", 100)
	a := lexis.NewAnalyser("en")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		a.Tokens(text)
	}
}

func BenchmarkSentences(b *testing.B) {
	text := strings.Repeat("Report a needle-stick injury by telephoning occupational health on extension 4410 within one hour. ", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		lexis.Sentences(text)
	}
}
