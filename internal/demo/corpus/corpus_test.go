package corpus_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/demo/corpus"
	"sallyport/internal/gate/identity"
	"sallyport/internal/knowledge"
)

func library(t testing.TB) *knowledge.Library {
	t.Helper()
	l, err := knowledge.Open(t.Context(), knowledge.Config{Collections: corpus.Collections(), Key: []byte("a key that only the tests use")})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func person(a corpus.Account) identity.Principal {
	return identity.Principal{ID: string(a), Kind: identity.Person, Groups: a.Groups(), GroupsKnown: true}
}

// everyone may read all: only tests have such a person.
var everyone = identity.Principal{ID: "auditor", Kind: identity.Person, GroupsKnown: true,
	Groups: []string{corpus.AllStaff, corpus.Clinical, corpus.Finance, corpus.HR}}

func TestDocuments(t *testing.T) {
	l := library(t)
	if f := l.Findings(); len(f) > 0 {
		t.Errorf("findings: %+v", f)
	}
	docs, err := l.Visible(t.Context(), everyone)
	if err != nil || len(docs) < 18 {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	per := map[string]int{}
	for _, d := range docs {
		per[d.Collection]++
		_, passages, err := l.Read(t.Context(), everyone, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		words := 0
		for _, p := range passages {
			words += len(strings.Fields(open.String(p.Text)))
		}
		if title := open.String(d.Title); words < 250 || words > 700 || d.Updated == "" || d.Classification == "" {
			t.Errorf("%s: %d words, updated %q, %q", title, words, d.Updated, d.Classification)
		}
	}
	if len(per) != 4 {
		t.Errorf("collections: %v", per)
	}
	for _, a := range corpus.Accounts {
		docs, _ := l.Visible(t.Context(), person(a))
		t.Logf("%s sees %d documents", a, len(docs))
		for _, d := range docs {
			want := d.Collection == "ward-procedures" || d.Collection == "pharmacy-guidance" && a == corpus.Nurse ||
				d.Collection == "finance-rules" && a == corpus.Analyst
			if !want {
				t.Errorf("%s sees a document of %s", a, d.Collection)
			}
		}
	}
}

// TestExamples: an example whose answer the account may not read would be an
// empty promise on the first page.
func TestExamples(t *testing.T) {
	l := library(t)
	for _, a := range corpus.Accounts {
		if len(a.Examples()) < 3 {
			t.Errorf("%s has %d examples", a, len(a.Examples()))
		}
		for _, q := range a.Examples() {
			r, err := l.Search(t.Context(), person(a), content.New(q), 0)
			if err != nil || len(r.Passages) == 0 {
				t.Errorf("%s: nothing found for %q (%v)", a, q, err)
			}
		}
		r, err := l.Search(t.Context(), person(a), content.New(corpus.Forbidden), 0)
		if err != nil || len(r.Passages) > 0 {
			t.Errorf("%s: the forbidden question found %d passages (%v)", a, len(r.Passages), err)
		}
	}
	r, _ := l.Search(t.Context(), everyone, content.New(corpus.Forbidden), 0)
	if len(r.Passages) == 0 || r.Passages[0].Document.Collection != "hr-papers" {
		t.Error("the forbidden question has no answer even for those who may read it")
	}
}

// first of the words that are as good as each other.
func first(words string) string {
	w, _, _ := strings.Cut(words, "|")
	return w
}

type question struct{ set, account, text, document, words string }

func questions(t testing.TB) []question {
	data, err := os.ReadFile("testdata/questions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var qs []question
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 5 {
			continue
		}
		qs = append(qs, question{f[0], f[1], f[2], f[3], f[4]})
	}
	return qs
}

// TestRetrieval: is the passage with the answer among the first, and is nothing
// found when nothing is there.
func TestRetrieval(t *testing.T) {
	l := library(t)
	for _, set := range []string{"dev", "held"} {
		var n, top, three, none, refused int
		for _, q := range questions(t) {
			if q.set != set {
				continue
			}
			r, err := l.Search(t.Context(), person(corpus.Account(q.account)), content.New(q.text), 6)
			if err != nil {
				t.Fatal(err)
			}
			if q.document == "-" {
				none++
				if len(r.Passages) == 0 {
					refused++
				} else {
					h := r.Passages[0]
					t.Logf("%s: not refused: %q: %s %s %.2f", set, q.text, open.String(h.Document.Title), h.Passage.Anchor, h.Coverage)
				}
				continue
			}
			n++
			at := slices.IndexFunc(r.Passages, func(h knowledge.Hit) bool {
				return strings.Contains(open.String(h.Passage.Text), first(q.words))
			})
			switch {
			case at == 0:
				top++
				three++
			case at > 0 && at < 3:
				three++
			default:
				t.Logf("%s: answer at %d of %d: %q", set, at, len(r.Passages), q.text)
			}
		}
		summary := fmt.Sprintf("%s: answer in first passage %d/%d, in first three %d/%d; unanswerable refused %d/%d",
			set, top, n, three, n, refused, none)
		t.Log(summary)
		if float64(three) < 0.9*float64(n) || float64(refused) < 0.9*float64(none) {
			t.Error("below the floor: " + summary)
		}
	}
}

// TestQuestionsExist keeps the expected words in step with the documents.
func TestQuestionsExist(t *testing.T) {
	for _, q := range questions(t) {
		if q.document == "-" {
			continue
		}
		data, err := os.ReadFile("docs/" + q.document)
		if err != nil || !strings.Contains(string(data), first(q.words)) {
			t.Errorf("%q: the expected words are not in %s (%v)", q.text, q.document, err)
		}
	}
}
