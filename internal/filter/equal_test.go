package filter_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"sallyport/guard/blocklist"
	"sallyport/guard/material"
	"sallyport/guard/pii"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/filter"
)

const roomRules = "The reading room closes at 18:00 on weekdays. Members may borrow 5 books for 21 days. " +
	"Anna Kowalski keeps the register, and every late book costs 20 pence a day."

const ferrySong = "Slow turns the ferry where the willow leans low, and the lantern of the keeper swings over the dark water below"

// documented is a question with a document.
func documented(document string) *conversation.Conversation {
	c := talk(user("When does the reading room close, and what may I borrow?"))
	c.Stream = true
	c.Turns[0].Parts = append(c.Turns[0].Parts, conversation.Part{Kind: conversation.Document, Text: content.New(document)})
	return c
}

func worksOf(t testing.TB, kind material.Kind, license, text string) *material.Index {
	t.Helper()
	b, err := material.NewBuilder(kind, material.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Add(material.Work{ID: "w", License: license, Sources: []string{"https://works.example/w"}}, text); err != nil {
		t.Fatal(err)
	}
	return b.Index()
}

// bytesAtRandom pushes text in pieces of up to most bytes, within characters too.
func bytesAtRandom(t testing.TB, r *rand.Rand, w filter.Watch, text string, most int) (string, conversation.Finish) {
	t.Helper()
	var out []conversation.Event
	for len(text) > 0 {
		k := min(1+r.IntN(most), len(text))
		out = append(out, push(t, w, delta(text[:k]))...)
		text = text[k:]
		if r.IntN(6) == 0 {
			es, err := w.Tick(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, es...)
		}
	}
	out = append(out, push(t, w, finished(0, conversation.Stop))...)
	texts, ends := shown(out)
	return texts[conversation.Lane{Kind: conversation.Text}], ends[0]
}

// TestEveryGuardJudgesStreamsAsWholes: for 10,000 texts cut at random the verdict is
// that of the whole, and what was released is a prefix of the redacted whole. The
// classifiers' windows begin where a look begins, so their scores are not compared.
func TestEveryGuardJudgesStreamsAsWholes(t *testing.T) {
	terms := list(t, "project heron", "cat")
	song := worksOf(t, material.Text, "", ferrySong)
	code := worksOf(t, material.Code, "GPL-3.0-only", "func tally(boats []string, seen map[string]int) int { total := 0; for i, name := range boats { seen[name] = i + 1; total += len(name) * seen[name] }; return total }")
	masks := map[string]filter.Mode{}
	for _, kind := range pii.Types() {
		if pii.Longest(kind) < 300 { // longer ones make every look a long one
			masks[kind] = filter.Mask
		}
	}
	variant := func(lists []*blocklist.List, works filter.Mode, rule filter.Otherwise) filter.Policy {
		return newPolicy(t, func(c *filter.Config) {
			c.Answer.Personal, c.Answer.Blocklists, c.Answer.Ungrounded = masks, lists, rule
			c.Answer.Works = [2]filter.Works{{Index: song, Mode: works}, {Index: code, Mode: works}}
		})
	}
	policies := []struct {
		name             string
		policy, redacted filter.Policy // redacted removes what policy does, and blocks nothing
	}{
		{"everything ends the answer", variant([]*blocklist.List{terms}, filter.Block, filter.EndAnswer), variant(nil, filter.Note, filter.TellOnly)},
		{"statements are left out", variant([]*blocklist.List{terms}, filter.Block, filter.RemoveStatement), variant(nil, filter.Note, filter.RemoveStatement)},
		{"works are annotated", variant(nil, filter.Note, filter.TellOnly), variant(nil, filter.Note, filter.TellOnly)},
	}
	parts := []string{
		"The reading room closes at 18:00 on weekdays. ", "The reading room closes at 20:00 on weekdays. ", "Members may borrow 5 books for 21 days. ", "Members may borrow 9 books. ", "Anna Kowalski keeps the register. ",
		"Let me know. ", "1. every late book costs 20 pence a day\n", "- late books cost 40 pounds\n", "project ", "heron ", "cat ", "category ", "\n", "\u200b", strings.Repeat("\u200b\u2060", 90), "e\u0301", "рroject heron ",
		"Slow turns the ferry where the willow leans low, ", "and the lantern of the keeper swings over the dark water below. ", "Slow turns the ferry. ", "mail ann@example.org today. ", "NHS number 943 476 5919. ", "Maria Fernández lives in Lisbon. ",
		"func tally(boats []string, seen map[string]int) int { total := 0; for i, name := range boats { ", "seen[name] = i + 1; total += len(name) * seen[name] }; return total }\n", "药房六点关门。", "😀 ",
	}
	n := 10_000
	if testing.Short() {
		n = 500
	}
	r := rand.New(rand.NewPCG(7, 11))
	ends := map[conversation.Finish]int{}
	for i := range n {
		var b strings.Builder
		for range 1 + r.IntN(7) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		text, p := b.String(), policies[i%len(policies)]
		c := documented(roomRules)
		whole := func(p filter.Policy) (string, conversation.Finish, filter.Watch) {
			c := documented(roomRules)
			c.Stream = false
			w := p.Answer(c, nil)
			texts, ends := shown(push(t, w, delta(text), finished(0, conversation.Stop)))
			return texts[conversation.Lane{Kind: conversation.Text}], ends[0], w
		}
		want, wantEnd, wantWatch := whole(p.policy)
		ends[wantEnd]++
		most := []int{1, 1, 4, 60, 400}[i%5]
		w := p.policy.Answer(c, nil)
		got, end := bytesAtRandom(t, r, w, text, most)
		if end != wantEnd {
			t.Fatalf("%s: %q in cuts of %d ended %v, the whole ends %v", p.name, text, most, end, wantEnd)
		}
		if end == conversation.Filtered {
			if redacted, _, _ := whole(p.redacted); !strings.HasPrefix(redacted, got) {
				t.Fatalf("%s: %q in cuts of %d released\n%q, no prefix of\n%q", p.name, text, most, got, redacted)
			}
			continue
		}
		if got != want {
			t.Fatalf("%s: %q in cuts of %d released\n%q, want\n%q", p.name, text, most, got, want)
		}
		a, b2 := w.Report(), wantWatch.Report()
		if a.Action != b2.Action || a.Scanned != b2.Scanned || len(a.Verdicts) != len(b2.Verdicts) {
			t.Fatalf("%s: %q: report %+v, the whole's %+v", p.name, text, a, b2)
		}
		for k := range a.Verdicts {
			x, y := a.Verdicts[k], b2.Verdicts[k]
			if x.Category != y.Category || x.Label != y.Label || x.Detected != y.Detected || x.Severity != y.Severity || x.Source != y.Source || len(x.Points) != len(y.Points) {
				t.Fatalf("%s: %q in cuts of %d: verdict %+v, the whole's %+v", p.name, text, most, x, y)
			}
			for j := range x.Points {
				if x.Points[j] != y.Points[j] {
					t.Fatalf("%s: %q in cuts of %d: points %v, the whole's %v", p.name, text, most, x.Points, y.Points)
				}
			}
		}
	}
	if ends[conversation.Filtered] < n/10 || ends[conversation.Stop] < n/10 {
		t.Errorf("ends: %v: the test shows little", ends)
	}
}
