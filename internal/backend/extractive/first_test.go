package extractive_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"sallyport/internal/backend/extractive"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/demo/corpus"
	"sallyport/internal/knowledge"
	"sallyport/internal/knowledge/lexis"
)

// labelled is a question with the sentences that answer it, by words that stand
// in one sentence of the library each.
type labelled struct {
	set, question string
	account       corpus.Account
	words         string
}

func readLabelled(t *testing.T) []labelled {
	t.Helper()
	data, err := os.ReadFile("../../demo/corpus/testdata/first.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []labelled
	for line := range strings.Lines(string(data)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 5 && !strings.HasPrefix(line, "#") {
			out = append(out, labelled{f[0], f[2], corpus.Account(f[1]), f[4]})
		}
	}
	return out
}

func (l labelled) names(sentence string) bool {
	for w := range strings.SplitSeq(l.words, "|") {
		if strings.Contains(sentence, w) {
			return true
		}
	}
	return false
}

// TestFirstQuote asks what is quoted first, for readers stop there. The floor is
// the sentence of the same passages that BM25 alone ranks first.
func TestFirstQuote(t *testing.T) {
	l, b := sampleLibrary(t), extractive.New(extractive.Config{Name: "quotes"})
	all := readLabelled(t)
	if len(all) < 100 {
		t.Fatalf("only %d questions", len(all))
	}
	asked, right := 0, 0
	for _, set := range []string{"dev", "held", "blind"} {
		var n, first, any, floor, quoted int
		for _, q := range all {
			if q.set != set {
				continue
			}
			n++
			got := ask(t, l, b, q.account, q.question)
			quoted += len(got.citations)
			if quotes(got, q.words) {
				any++
			}
			if len(got.citations) > 0 && q.names(got.text[got.citations[0].Start:got.citations[0].End]) {
				first++
			} else if set != "blind" || os.Getenv("SALLYPORT_HELD") != "" {
				t.Logf("%s, first quotation wrong: %q, want %q\n%s", set, q.question, q.words, got.text)
			}
			found, err := l.Search(t.Context(), principal(q.account), content.New(q.question), 6)
			if err != nil {
				t.Fatal(err)
			}
			if q.names(bm25First(found.Passages, q.question)) {
				floor++
			}
		}
		t.Logf("%s: first quotation right %d/%d (%.0f %%); floor, BM25 over the same sentences: %d/%d (%.0f %%); right one among the quoted %d/%d; %.1f sentences an answer",
			set, first, n, pct(first, n), floor, n, pct(floor, n), any, n, float64(quoted)/float64(n))
		if first <= floor {
			t.Errorf("%s: first quotation right %d of %d, no more than the floor", set, first, n)
		}
		asked, right = asked+n, right+first
	}
	if 100*right < 85*asked {
		t.Errorf("first quotation right %d of %d, want 85 %%", right, asked)
	}
}

// bm25First is the sentence that BM25 ranks first.
func bm25First(hits []knowledge.Hit, question string) string {
	const k1, b = 1.2, 0.75
	words := lexis.NewAnalyser("en")
	var texts []string
	var counts []map[string]int
	var lengths []float64
	df, total := map[string]int{}, 0.0
	for _, h := range hits {
		text := open.String(h.Passage.Text)
		for _, s := range lexis.Sentences(text) {
			if s.Unit == lexis.Heading {
				continue
			}
			texts = append(texts, text[s.Start:s.End])
			n, length := map[string]int{}, 0.0
			for _, tok := range words.Tokens(text[s.Start:s.End]) {
				length++
				if n[tok.Term]++; n[tok.Term] == 1 {
					df[tok.Term]++
				}
			}
			counts, lengths, total = append(counts, n), append(lengths, length), total+length
		}
	}
	best, at := 0.0, -1
	for i, n := range counts {
		score, seen := 0.0, map[string]bool{}
		for _, tok := range words.Tokens(question) {
			if tok.Stop || seen[tok.Term] {
				continue
			}
			seen[tok.Term] = true
			tf, d := float64(n[tok.Term]), float64(df[tok.Term])
			idf := math.Log(1 + (float64(len(texts))-d+0.5)/(d+0.5))
			score += idf * tf * (k1 + 1) / (tf + k1*(1-b+b*lengths[i]*float64(len(texts))/total))
		}
		if score > best {
			best, at = score, i
		}
	}
	if at < 0 {
		return ""
	}
	return texts[at]
}
