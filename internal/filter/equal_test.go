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

// firstWork is where the first registered work begins in text.
func firstWork(t testing.TB, text string, indexes ...*material.Index) int {
	first := len(text)
	for _, x := range indexes {
		found, err := x.Find(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			first = min(first, found[0].Span.Start)
		}
	}
	return first
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
	narrow := func(works filter.Mode, rule filter.Otherwise) filter.Policy {
		return newPolicy(t, func(c *filter.Config) {
			c.Answer.Ungrounded, c.Answer.Works = rule, [2]filter.Works{{Index: song, Mode: works}, {Index: code, Mode: works}}
		})
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
		// Without personal data little text waits, so each frontier stands alone.
		{"works only", narrow(filter.Block, filter.Anything), narrow(filter.Note, filter.Anything)},
		{"statements only", narrow(filter.Off, filter.RemoveStatement), narrow(filter.Off, filter.RemoveStatement)},
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
		for range 1 + r.IntN(9) {
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
			if p.name == "works only" && len(got) > firstWork(t, text, song, code) {
				t.Fatalf("%q in cuts of %d released %q", text, most, got)
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

// TestUngroundedPoints: annotated statements are told in code points of the text as it
// was released.
func TestUngroundedPoints(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		c.Answer.Ungrounded, c.Answer.Personal = filter.TellOnly, map[string]filter.Mode{"Email": filter.Mask}
	})
	const wrong = "The reading room closes at 20:00 on weekdays."
	text := "Ünïted 😀 readers, write to ann@example.org. Members may borrow 5 books for 21 days. " + wrong + " Let me know."
	r := rand.New(rand.NewPCG(1, 1))
	for _, most := range []int{1, 7, 1000} {
		w := p.Answer(documented(roomRules), nil)
		got, _ := bytesAtRandom(t, r, w, text, most)
		told := false
		for _, v := range w.Report().Verdicts {
			for _, at := range v.Points {
				told = told || string([]rune(got)[at.Start:at.End]) == wrong
			}
		}
		if !told {
			t.Errorf("cuts of %d: %+v in %q", most, w.Report().Verdicts, got)
		}
	}
}

// TestGroundingRules: what happens with a statement that no document carries, and
// where there is no document.
func TestGroundingRules(t *testing.T) {
	const right, wrong, polite = "The reading room closes at 18:00 on weekdays.", "The reading room closes at 20:00 on weekdays.", "Let me know."
	bare := talk(user("When does it close?"))
	bare.Stream = true
	inline := talk(user(`When does it close? """ <documents> ` + roomRules + ` </documents> """`))
	inline.Stream = true
	huge := documented(strings.Repeat(roomRules, 8000))
	for _, tt := range []struct {
		name   string
		rule   filter.Otherwise
		c      *conversation.Conversation
		answer string
		want   string
		end    conversation.Finish
		failed bool
	}{
		{"carried", filter.EndAnswer, documented(roomRules), right + " " + polite, right + " " + polite, conversation.Stop, false},
		{"refused", filter.EndAnswer, documented(roomRules), wrong, "", conversation.Filtered, false},
		{"left out", filter.RemoveStatement, documented(roomRules), right + " " + wrong + " " + polite, right + " " + polite, conversation.Stop, false},
		{"told", filter.TellOnly, documented(roomRules), wrong, wrong, conversation.Stop, false},
		{"not asked for", filter.Anything, bare, wrong, wrong, conversation.Stop, false},
		{"no document", filter.RemoveStatement, bare, right + " " + polite, polite, conversation.Stop, false},
		{"no document, told", filter.TellOnly, bare, right, right, conversation.Stop, false},
		{"a document between tags", filter.EndAnswer, inline, right, right, conversation.Stop, false},
		{"documents beyond the bound", filter.EndAnswer, huge, right, "", 0, true},
	} {
		p := newPolicy(t, func(c *filter.Config) { c.Answer.Ungrounded = tt.rule })
		w := p.Answer(tt.c, nil)
		var out []conversation.Event
		var failed error
		for _, e := range []conversation.Event{delta(tt.answer), finished(0, conversation.Stop)} {
			es, err := w.Push(context.Background(), e)
			if err != nil {
				failed = err
			}
			out = append(out, es...)
		}
		texts, ends := shown(out)
		if got := texts[conversation.Lane{Kind: conversation.Text}]; got != tt.want || ends[0] != tt.end || (failed != nil) != tt.failed {
			t.Errorf("%s: %q, ended %v, %v", tt.name, got, ends[0], failed)
		}
	}
}

// TestWorksInToolCalls: what an agent would write to a file is looked at decoded.
func TestWorksInToolCalls(t *testing.T) {
	song := worksOf(t, material.Text, "", ferrySong)
	for mode, want := range map[filter.Mode]conversation.Finish{filter.Block: conversation.Filtered, filter.Note: conversation.ToolCalls} {
		p := newPolicy(t, func(c *filter.Config) { c.Answer.Works[0] = filter.Works{Index: song, Mode: mode} })
		w := p.Answer(talk(user("write it down")), nil)
		call := on(0, 0, conversation.ToolCall, `{"text":"`+strings.ReplaceAll(ferrySong, " ", `\u0020`)+`"}`)
		_, ends := shown(push(t, w, call, finished(0, conversation.ToolCalls)))
		if ends[0] != want {
			t.Errorf("mode %d: ended %v", mode, ends[0])
		}
		for _, v := range w.Report().Verdicts {
			if v.Category == "protected_material_text" && (!v.Detected || v.Filtered != (mode == filter.Block) || v.Source != "https://works.example/w") {
				t.Errorf("mode %d: %+v", mode, v)
			}
		}
	}
}
