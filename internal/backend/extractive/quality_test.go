package extractive_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/internal/backend/extractive"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/demo/corpus"
	"sallyport/internal/gate/identity"
	"sallyport/internal/knowledge"
	"sallyport/internal/knowledge/lexis"
)

// collected is a whole answer of choice 0.
type collected struct {
	text      string
	citations []conversation.Citation
	finish    conversation.Finish
	usage     conversation.Usage
}

func collect(t testing.TB, s conversation.Stream) collected {
	t.Helper()
	var c collected
	for e, err := range s {
		if err != nil {
			t.Fatal(err)
		}
		switch e.Kind {
		case conversation.Delta:
			if e.Lane.Choice == 0 {
				c.text += open.String(e.Text)
				c.citations = append(c.citations, e.Citations...)
			}
		case conversation.Finished:
			c.finish = e.Finish
		case conversation.UsageTold:
			c.usage = e.Usage
		}
	}
	return c
}

// asking is a conversation in which question comes with documents.
func asking(question string, documents ...conversation.Part) *conversation.Conversation {
	parts := append(documents, conversation.Part{Kind: conversation.Text, Origin: conversation.User, Text: content.New(question)})
	return &conversation.Conversation{
		Turns:   []conversation.Turn{{Role: conversation.UserRole, Parts: parts}},
		Choices: 1, MaxTokens: 800,
	}
}

func sampleLibrary(t testing.TB) *knowledge.Library {
	t.Helper()
	l, err := knowledge.Open(t.Context(), knowledge.Config{Collections: corpus.Collections(), Key: []byte("a key that only the tests use")})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func principal(a corpus.Account) identity.Principal {
	return identity.Principal{ID: string(a), Kind: identity.Person, Groups: a.Groups(), GroupsKnown: true}
}

// ask searches as account and answers from what was found, as the chat does.
func ask(t testing.TB, l *knowledge.Library, b *extractive.Backend, account corpus.Account, question string) collected {
	t.Helper()
	r, err := l.Search(t.Context(), principal(account), content.New(question), 6)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Passages) == 0 {
		return collected{} // the chat says so without asking anybody
	}
	var parts []conversation.Part
	for _, h := range r.Passages {
		parts = append(parts, h.Part())
	}
	return collect(t, b.Answer(t.Context(), asking(question, parts...)))
}

// TestQuality asks the committed questions. The peer is a backend that quotes
// the first sentence of the first passage.
func TestQuality(t *testing.T) {
	data, err := os.ReadFile("../../demo/corpus/testdata/questions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	l, b := sampleLibrary(t), extractive.New(extractive.Config{Name: "quotes"})
	for _, set := range []string{"dev", "held"} {
		var answerable, right, first, nothing, refused, quoted int
		for line := range strings.Lines(string(data)) {
			f := strings.Split(strings.TrimSpace(line), "\t")
			if len(f) != 5 || f[0] != set {
				continue
			}
			got := ask(t, l, b, corpus.Account(f[1]), f[2])
			if f[4] == "-" {
				nothing++
				if len(got.citations) == 0 {
					refused++
				} else if set == "dev" || os.Getenv("SALLYPORT_HELD") != "" {
					t.Logf("not refused: %q\n%s", f[2], got.text)
				}
				continue
			}
			answerable++
			quoted += len(got.citations)
			if quotes(got, f[4]) {
				right++
			} else if set == "dev" || os.Getenv("SALLYPORT_HELD") != "" {
				t.Logf("%s wrong: %q\n%s", set, f[2], got.text)
			}
			if r, _ := l.Search(t.Context(), principal(corpus.Account(f[1])), content.New(f[2]), 1); len(r.Passages) > 0 {
				if strings.Contains(firstSentence(open.String(r.Passages[0].Passage.Text)), f[4]) {
					first++
				}
			}
		}
		t.Logf("%s: right sentence quoted %d/%d (first sentence of the first passage: %d/%d), %.1f sentences an answer; unanswerable refused %d/%d",
			set, right, answerable, first, answerable, float64(quoted)/float64(answerable), refused, nothing)
		if 10*right < 9*answerable || 10*refused < 9*nothing {
			t.Errorf("%s: below nine in ten", set)
		}
	}
}

func quotes(c collected, words string) bool {
	for _, x := range c.citations {
		for w := range strings.SplitSeq(words, "|") {
			if strings.Contains(c.text[x.Start:x.End], w) {
				return true
			}
		}
	}
	return false
}

func firstSentence(text string) string {
	for _, s := range lexis.Sentences(text) {
		if s.Unit != lexis.Heading {
			return text[s.Start:s.End]
		}
	}
	return ""
}

// TestPublicSets measures on labelled questions that are not committed here.
// Set SALLYPORT_QA to the folder.
func TestPublicSets(t *testing.T) {
	dir := os.Getenv("SALLYPORT_QA")
	if dir == "" {
		t.Skip("SALLYPORT_QA is not set")
	}
	b := extractive.New(extractive.Config{Name: "quotes"})
	for _, set := range []string{"quoref", "xquad", "adversarialqa"} {
		docs := map[string]string{}
		at := map[string]int{}
		var order []string
		rows(t, filepath.Join(dir, set+"_documents.jsonl.gz"), func(r row) {
			if r.Lang == "en" {
				docs[r.Doc] = r.Text
				at[r.Doc] = len(order)
				order = append(order, r.Doc)
			}
		})
		var n, hit, words, top, first, sentences, silent, wrong int
		var last string // a foreign passage: what is asked is not in it
		rows(t, filepath.Join(dir, set+"_questions.jsonl.gz"), func(r row) {
			if r.Lang != "en" || len(r.Docs) == 0 || len(r.Answers) == 0 || docs[r.Docs[0]] == "" {
				return
			}
			text := docs[r.Docs[0]]
			n++
			got := collect(t, b.Answer(t.Context(), asking(r.Question, conversation.Part{
				Kind: conversation.Document, Text: content.New(text), Source: &conversation.Source{Document: r.Docs[0]}})))
			sentences += len(got.citations)
			if len(got.citations) == 0 {
				silent++
			}
			if quotes(got, r.Answers[0].Text) {
				words++
			}
			if last = order[(at[r.Docs[0]]+len(order)/2)%len(order)]; last != r.Docs[0] {
				got := collect(t, b.Answer(t.Context(), asking(r.Question, conversation.Part{
					Kind: conversation.Document, Text: content.New(docs[last]), Source: &conversation.Source{Document: last}})))
				if len(got.citations) > 0 {
					wrong++
				}
			}
			if holds(got.citations, r) {
				hit++
			}
			if len(got.citations) > 0 && holds(got.citations[:1], r) {
				top++
			}
			if s := lexis.Sentences(text); len(s) > 0 && within(s[0].Start, s[0].End, r) {
				first++
			}
		})
		if n > 0 {
			t.Logf("%s-en, %d questions with their passage: the labelled answer sentence quoted %.1f %% (quoted first %.1f %%), a quoted sentence has the answer's words %.1f %%, "+
				"%.2f sentences an answer, nothing quoted %.1f %%; floor, first sentence of the passage: %.1f %%; with a foreign passage: nothing quoted %.1f %%",
				set, n, pct(hit, n), pct(top, n), pct(words, n), float64(sentences)/float64(n), pct(silent, n), pct(first, n), 100-pct(wrong, n))
		}
	}
}

func pct(a, b int) float64 { return 100 * float64(a) / float64(b) }

type row struct {
	Doc      string `json:"doc_id"`
	Text     string
	Lang     string
	Question string
	Docs     []string `json:"doc_ids"`
	Answers  []struct {
		Text  string
		Start int
	}
}

// holds reports whether one of the quotations has an answer. The sets count
// characters, citations bytes, so the answer's text is what is looked for.
func holds(cs []conversation.Citation, r row) bool {
	for _, c := range cs {
		if within(c.PassageStart, c.PassageEnd, r) {
			return true
		}
	}
	return false
}

func within(start, end int, r row) bool {
	text := texts[r.Docs[0]]
	for _, a := range r.Answers {
		at := len(string([]rune(text)[:min(a.Start, len([]rune(text)))]))
		if at >= start && at < end {
			return true
		}
	}
	return false
}

var texts = map[string]string{}

func rows(t *testing.T, path string, f func(row)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Skip(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(z)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var r row
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Text != "" {
			texts[r.Doc] = r.Text
		}
		f(r)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
}
