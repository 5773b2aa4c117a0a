package filter_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/blocklist"
	"sallyport/guard/normalize"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/filter"
)

func finished(choice int, f conversation.Finish) conversation.Event {
	return conversation.Event{Kind: conversation.Finished, Lane: conversation.Lane{Choice: choice, Kind: conversation.Text}, Finish: f}
}

func on(choice, item int, kind conversation.Kind, s string) conversation.Event {
	return conversation.Event{Kind: conversation.Delta, Lane: conversation.Lane{Choice: choice, Item: item, Kind: kind}, Text: content.New(s)}
}

// push pushes events and returns all that came out.
func push(t testing.TB, w filter.Watch, es ...conversation.Event) []conversation.Event {
	t.Helper()
	var out []conversation.Event
	for _, e := range es {
		got, err := w.Push(context.Background(), e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, got...)
	}
	return out
}

// shown is what a reader sees of each choice and kind, and how choices ended.
func shown(es []conversation.Event) (map[conversation.Lane]string, map[int]conversation.Finish) {
	texts, ends := map[conversation.Lane]string{}, map[int]conversation.Finish{}
	for _, e := range es {
		if e.Kind == conversation.Finished {
			ends[e.Lane.Choice] = e.Finish
		} else {
			texts[e.Lane] += open.String(e.Text)
		}
	}
	return texts, ends
}

// streamed in cuts of random length from 1 byte on (whole runes), with ticks between.
func cutAtRandom(t testing.TB, w filter.Watch, text string, most int) (string, conversation.Finish) {
	t.Helper()
	var out []conversation.Event
	for len(text) > 0 {
		k := min(1+rand.IntN(most), len(text))
		for k < len(text) && !utf8.RuneStart(text[k]) {
			k++
		}
		out = append(out, push(t, w, delta(text[:k]))...)
		text = text[k:]
		if rand.IntN(4) == 0 {
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

// TestVerdictEqualsWhole: however an answer is cut, the verdict is that of the
// whole text, and what was released is a prefix of the whole with its masks.
func TestVerdictEqualsWhole(t *testing.T) {
	terms := list(t, "project heron", "heron bay", "cat")
	masks := map[string]filter.Mode{"Email": filter.Mask, "UKNationalHealthNumber": filter.Mask, "URL": filter.Mask}
	masking := newPolicy(t, func(c *filter.Config) { c.Answer.Personal = maps.Clone(masks) })
	masks["CreditCardNumber"] = filter.Block
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Personal, c.Answer.Blocklists = masks, []*blocklist.List{terms} })
	words := []string{"project ", "heron", "heronry ", "heron ", "subproject heron", "cat", "category ", "bay ", " ", "\n", "mail ", " ann@example.org ", " bob@x.example ", " 9434765919", " is the NHS number. ",
		"NHS number ", "943 476 5919", " https://example.org/" + strings.Repeat("path/", 150) + " ", " 4111 1111 1111 ", "1111 ", "\u200b", "\u200b\u200b\u2060", strings.Repeat("\u200b", 400), "naïve ", "рroject ", "The ward round starts at nine. ", "😀", "e\u0301", strings.Repeat("All is well. ", 60)}
	// Personal data stands apart from its neighbours: glued together, which of two
	// wins is the pattern guard's affair and not ours.
	blocked := 0
	for i := range 2000 {
		var b strings.Builder
		for range 1 + rand.IntN(12) {
			b.WriteString(words[rand.IntN(len(words))])
		}
		text := b.String()
		buffered := p.Answer(&conversation.Conversation{Choices: 1}, nil)
		es := push(t, buffered, delta(text), finished(0, conversation.Stop))
		texts, ends := shown(es)
		whole, want := texts[conversation.Lane{Kind: conversation.Text}], ends[0]
		most := []int{1, 3, 40, 400}[i%4]
		w := p.Answer(talk(user("hello")), nil)
		got, end := cutAtRandom(t, w, text, most)
		if end != want {
			t.Fatalf("%q in cuts of %d: ended %v, the whole ends %v", text, most, end, want)
		}
		if want == conversation.Filtered {
			blocked++
			es := push(t, masking.Answer(&conversation.Conversation{Choices: 1}, nil), delta(text), finished(0, conversation.Stop))
			texts, _ := shown(es)
			hits := terms.Find(normalize.Normalize(got))
			if !strings.HasPrefix(texts[conversation.Lane{Kind: conversation.Text}], got) || len(hits) > 0 && hits[0].End < len(got) {
				t.Fatalf("%q: released %q", text, got)
			}
			continue
		}
		if got != whole {
			same := 0
			for same < len(got) && same < len(whole) && got[same] == whole[same] {
				same++
			}
			t.Fatalf("%q in cuts of %d:\n got  …%q\n want …%q", text, most, got[max(0, same-40):], whole[max(0, same-40):])
		}
		if a, b := w.Report(), buffered.Report(); a.Action != b.Action || a.Scanned != a.Total || a.Scanned != b.Scanned || len(a.Verdicts) != len(b.Verdicts) {
			t.Fatalf("%q: report %+v, the whole's %+v", text, a, b)
		}
	}
	if blocked < 50 || blocked > 1900 {
		t.Errorf("%d of 2000 were blocked: the test shows little", blocked)
	}
}

// TestBlockedReleaseIsPrefix: of a blocked answer nothing from the term on is out.
func TestBlockedReleaseIsPrefix(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		c.Answer.Blocklists = []*blocklist.List{list(t, "project heron", "heron bay watch")}
	})
	for range 500 {
		before := strings.Repeat("All is well here. ", rand.IntN(80))
		text := before + pad("project heron", rand.IntN(3)) + []string{"", " bay", " bay watch", ".", " and more of it"}[rand.IntN(5)]
		got, end := cutAtRandom(t, p.Answer(talk(user("hello")), nil), text, 1+rand.IntN(30))
		if end != conversation.Filtered || !strings.HasPrefix(before, got) {
			t.Fatalf("ended %v, released %q", end, got[max(0, len(got)-40):])
		}
	}
}

// TestLongMatchStaysMasked: an address longer than any window is masked to its end.
func TestLongMatchStaysMasked(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Personal = map[string]filter.Mode{"URL": filter.Mask} })
	text := "See https://example.org/" + strings.Repeat("secret/", 3000) + " for more."
	got, _ := cutAtRandom(t, p.Answer(talk(user("hello")), nil), text, 50)
	if strings.Contains(got, "secret") || !strings.HasSuffix(got, " for more.") {
		t.Errorf("released %.80q of %d bytes", got, len(got))
	}
}

// TestWordsBehindANumberCount: a number waits for the words that say what it is.
func TestWordsBehindANumberCount(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		c.Answer.Personal = map[string]filter.Mode{"UKNationalHealthNumber": filter.Mask}
	})
	text := "It was written down as 9434765919, which is her NHS number, " + strings.Repeat("and so it goes on. ", 20)
	w := p.Answer(talk(user("hello")), nil)
	var out []conversation.Event
	for i := range len(text) {
		out = append(out, push(t, w, delta(text[i:i+1]))...)
		es, err := w.Tick(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, es...)
	}
	if got, _ := shown(out); !strings.Contains(got[conversation.Lane{Kind: conversation.Text}], "as [UKNationalHealthNumber], which") {
		t.Errorf("released %q", got[conversation.Lane{Kind: conversation.Text}])
	}
}

// TestNothingAfterAFailure: a guard that failed once and then works again does not
// bring the answer back.
func TestNothingAfterAFailure(t *testing.T) {
	guards, err := filter.NewGuards()
	if err != nil {
		t.Fatal(err)
	}
	failed := false
	p := newPolicy(t, func(c *filter.Config) {
		c.Guards = once{guards, &failed}
		c.Answer.Blocklists = []*blocklist.List{list(t, "project heron")}
	})
	w := p.Answer(talk(user("hello")), nil)
	if _, err := w.Push(context.Background(), delta(strings.Repeat("All is well. ", 40))); err == nil {
		t.Fatal("the guard failed, the watch did not")
	}
	for _, e := range []conversation.Event{delta(strings.Repeat("All is well. ", 40)), finished(0, conversation.Stop)} {
		if es, err := w.Push(context.Background(), e); err == nil || len(es) > 0 {
			t.Errorf("the watch goes on: %d events", len(es))
		}
	}
	if es, err := w.Tick(context.Background()); err == nil || len(es) > 0 {
		t.Errorf("the watch ticks on: %d events", len(es))
	}
}

type once struct {
	filter.Guards
	failed *bool
}

func (o once) Judge(ctx context.Context, text string, q filter.Questions) (filter.Findings, error) {
	if !*o.failed {
		*o.failed = true
		return filter.Findings{}, errors.New("planted")
	}
	return o.Guards.Judge(ctx, text, q)
}

// TestPutBackIsJudged: what a substitute stands for can complete a listed term.
func TestPutBackIsJudged(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		c.Prompt.Personal = map[string]filter.Mode{"Email": filter.Mask}
		c.Answer.Personal = map[string]filter.Mode{"Email": filter.Mask}
		c.Answer.Blocklists = []*blocklist.List{list(t, "heron@example.org")}
	})
	for address, want := range map[string]conversation.Finish{"heron@example.org": conversation.Filtered, "robin@example.org": conversation.Stop} {
		c := talk(user("mail " + address))
		_, subs, err := p.Prompt(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		got, end := cutAtRandom(t, p.Answer(c, subs), "I will mail [Email 1] and x@example.org soon.", 1)
		if end != want || end == conversation.Filtered && strings.Contains(got, "heron") {
			t.Errorf("%s: ended %v, released %q", address, end, got)
		}
		if want == conversation.Stop && got != "I will mail robin@example.org and [Email] soon." {
			t.Errorf("got %q", got)
		}
	}
}

func TestSubstitutesAcrossCuts(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Prompt.Personal = map[string]filter.Mode{"Email": filter.Mask} })
	c := talk(user(`mail ann@example.org, "bob"@x.org bob@example.org`))
	_, subs, err := p.Prompt(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"[[Email 1]]":                 "[ann@example.org]",
		"[Email [Email 1] [Ema":       "[Email ann@example.org [Ema",
		"[Email 1":                    "[Email 1",
		"[Email 12] [Email 01] [x] [": "[Email 12] [Email 01] [x] [",
		"[[[[[Email 1][Email 1]":      "[[[[ann@example.organn@example.org",
		"[email 1] [Email  1]":        "[email 1] [Email  1]",
		"a[1] b[2] [Email 1]":         "a[1] b[2] ann@example.org",
	} {
		for _, most := range []int{1, 2, 3, 4, 1000} {
			if got, _ := cutAtRandom(t, p.Answer(c, subs), in, most); got != want {
				t.Errorf("%q in cuts of %d: got %q, want %q", in, most, got, want)
			}
		}
		if got, _ := shown(push(t, p.Answer(c, subs), delta(in), finished(0, conversation.Stop))); got[conversation.Lane{Kind: conversation.Text}] != want {
			t.Errorf("%v in one: got %v, want %v", in, got, want)
		}
	}
	// In arguments the original is put back escaped, and judged.
	w := p.Answer(c, subs)
	out := push(t, w, on(0, 0, conversation.ToolCall, `{"to":"[Ema`), on(0, 0, conversation.ToolCall, `il 1]"}`), finished(0, conversation.ToolCalls))
	if got := open.String(out[0].Text); got != `{"to":"ann@example.org"}` {
		t.Errorf("arguments %q", got)
	}
}

func TestToolCallsCannotHide(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, "project heron")} })
	for name, calls := range map[string][]string{
		"escapes in what is no strict JSON": {`{"a":1,"A":2,"q":"\u0070roject heron"}`},
		"escapes in what is cut off":        {`{"q":"\u0070roject heron`},
		"JSON in a string":                  {`{"q":"{\"x\":\"\\u0070roject heron\"}"}`},
		"surrogates":                        {`{"q":"\ud835\udc5droject heron", "q":1}`},
		"split between calls":               {`{"q":"project"}`, `{"q":"heron"}`},
		"split inside a word":               {`{"q":"project he"}`, `{"q":"ron"}`},
		"second call":                       {`{"q":"fine"}`, `{"q":"project heron"}`},
		"function name":                     {"", ""},
	} {
		w := p.Answer(talk(user("hello")), nil)
		var in []conversation.Event
		for i, c := range calls {
			e := on(0, i, conversation.ToolCall, c)
			e.Call = content.New(fmt.Sprintf("call_%d", i))
			if name == "function name" {
				e.Name = content.New("project-heron"[:7+6*i])
				e.Call = content.New("project heron")
			}
			in = append(in, e)
		}
		out := push(t, w, append(in, finished(0, conversation.ToolCalls))...)
		if len(out) != 1 || out[0].Finish != conversation.Filtered {
			t.Errorf("%s: %d events, finish %v", name, len(out), out[len(out)-1].Finish)
		}
	}
}

// TestCallWithoutArgumentsComesOnce: its text is empty, its event is not.
func TestCallWithoutArgumentsComesOnce(t *testing.T) {
	p := newPolicy(t, func(*filter.Config) {})
	w := p.Answer(talk(user("hello")), nil)
	e := on(0, 0, conversation.ToolCall, "")
	e.Name = content.New("now")
	out := push(t, w, e, finished(0, conversation.ToolCalls))
	if len(out) != 2 || open.String(out[0].Name) != "now" {
		t.Fatalf("%d events", len(out))
	}
	if es, err := w.Push(context.Background(), finished(0, conversation.ToolCalls)); err == nil {
		t.Errorf("a second end gave %d events", len(es))
	}
}

func TestStrangeLanesAreErrors(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, "project heron")} })
	for name, e := range map[string]conversation.Event{
		"second text lane":  on(0, 1, conversation.Text, " heron"),
		"unknown kind":      on(0, 0, conversation.UnknownKind, " heron"),
		"document":          on(0, 0, conversation.Document, " heron"),
		"negative choice":   on(-1, 0, conversation.Text, " heron"),
		"far choice":        on(1_000_000_000, 0, conversation.Text, " heron"),
		"far call":          on(0, 1<<40, conversation.ToolCall, " heron"),
		"negative call":     on(0, -1, conversation.ToolCall, " heron"),
		"end of far choice": finished(7, conversation.Stop),
		"end for no reason": finished(0, conversation.NotFinished),
		"end of a new kind": finished(0, 99),
		"step":              {Kind: conversation.Step},
	} {
		w := p.Answer(talk(user("hello")), nil)
		push(t, w, delta("project"))
		if es, err := w.Push(context.Background(), e); err == nil {
			t.Errorf("%s: taken, %d events", name, len(es))
		}
	}
	w := p.Answer(talk(user("hello")), nil)
	push(t, w, delta("fine"), finished(0, conversation.Stop))
	if _, err := w.Push(context.Background(), delta("more")); err == nil {
		t.Error("text behind the end was taken")
	}
}

// TestEndCarriesNothing: fields that were not judged do not leave with an end.
func TestEndCarriesNothing(t *testing.T) {
	p := newPolicy(t, func(*filter.Config) {})
	e := finished(0, conversation.Stop)
	e.Text, e.Citations, e.Step = content.New("unjudged"), []conversation.Citation{{Number: 1}}, "unjudged"
	e.Logprobs = json.Value{Kind: json.String, Text: content.New("unjudged")}
	for _, out := range push(t, p.Answer(talk(user("hello")), nil), e) {
		if !out.Text.Empty() || len(out.Citations) > 0 || out.Step != "" || out.Logprobs.Kind != json.Invalid {
			t.Errorf("an end carries %+v", out)
		}
	}
}

// TestOneChoiceBlocked: the others go on, also those that have not begun.
func TestOneChoiceBlocked(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, "project heron")} })
	for _, streamed := range []bool{true, false} {
		c := talk(user("hello"))
		c.Choices, c.Stream = 3, streamed
		w := p.Answer(c, nil)
		out := push(t, w, on(0, 0, conversation.Text, "project heron it is, as everybody knows by now."+strings.Repeat(" So.", 80)), finished(0, conversation.Stop))
		if w.Done() {
			t.Fatal("done before two choices began")
		}
		out = append(out, push(t, w, on(1, 0, conversation.Text, "robin"), finished(1, conversation.Stop), on(2, 0, conversation.Refusal, "no project heron"), finished(2, conversation.Stop))...)
		texts, ends := shown(out)
		if ends[0] != conversation.Filtered || ends[1] != conversation.Stop || ends[2] != conversation.Filtered || texts[conversation.Lane{Choice: 1, Kind: conversation.Text}] != "robin" || len(texts) != 1 {
			t.Errorf("streamed %v: texts %v, ends %v", streamed, texts, ends)
		}
	}
}

// TestEachLaneIsJudged: reasoning and refusals are no way out.
func TestEachLaneIsJudged(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, "project heron")} })
	for _, kind := range []conversation.Kind{conversation.Text, conversation.Refusal, conversation.Reasoning, conversation.ToolCall} {
		w := p.Answer(talk(user("hello")), nil)
		out := push(t, w, on(0, 0, kind, "so it is pro"), on(0, 0, kind, "ject heron"), finished(0, conversation.Stop))
		if texts, ends := shown(out); ends[0] != conversation.Filtered || len(texts) > 0 {
			t.Errorf("kind %d: texts %v, ends %v", kind, texts, ends)
		}
	}
}

func tokens(entries ...string) json.Value {
	v := json.Value{Kind: json.Array}
	for _, e := range entries {
		parsed, err := json.Parse([]byte(e), json.Limits{})
		if err != nil {
			panic(err)
		}
		v.Items = append(v.Items, parsed)
	}
	return v
}

func TestLogprobs(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, "project heron")} })
	ask := func(asked bool, probs ...json.Value) []conversation.Event {
		c := talk(user("hello"))
		c.Sampling.Logprobs = asked
		var in []conversation.Event
		for _, v := range probs {
			e := delta("fine ")
			e.Logprobs = v
			in = append(in, e)
		}
		return push(t, p.Answer(c, nil), append(in, finished(0, conversation.Stop))...)
	}
	robin := tokens(`{"token":"project","logprob":-0.123456789,"bytes":[112,114,111,106,101,99,116],"top_logprobs":[]}`, `{"token":" robin","logprob":-1,"bytes":[1,2,3],"top_logprobs":[]}`)
	out := ask(true, robin, robin)
	if len(out) != 2 || len(out[0].Logprobs.Items) != 4 {
		t.Fatalf("%d events, log probabilities %v", len(out), out[0].Logprobs.Kind)
	}
	if b, _ := out[0].Logprobs.Items[1].Member("bytes"); b.Kind != json.Null {
		t.Error("bytes that do not spell the token are left")
	}
	if b, _ := out[0].Logprobs.Items[0].Member("bytes"); b.Kind != json.Array {
		t.Error("bytes that spell the token are gone")
	}
	for _, e := range ask(false, robin) {
		if e.Logprobs.Kind != json.Invalid {
			t.Error("log probabilities that nobody asked for")
		}
	}
	for name, v := range map[string][]json.Value{
		"tokens":       {tokens(`{"token":"project","logprob":-1,"bytes":null,"top_logprobs":[]}`, `{"token":" heron","logprob":-1,"bytes":null,"top_logprobs":[]}`)},
		"two events":   {tokens(`{"token":"project","logprob":-1}`), tokens(`{"token":" heron","logprob":-1}`)},
		"alternatives": {tokens(`{"token":"a","top_logprobs":[{"token":"a"},{"token":"project"}]}`, `{"token":"b","top_logprobs":[{"token":"b"},{"token":" heron"}]}`)},
		"names":        {tokens(`{"token":"a","project heron":1}`)},
	} {
		if out := ask(true, v...); len(out) != 1 || out[0].Finish != conversation.Filtered {
			t.Errorf("%s: passed", name)
		}
	}
}

// TestCitationsFollowTheText: offsets count in what was released, whatever was
// masked or put back before them or inside them.
func TestCitationsFollowTheText(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		c.Prompt.Personal = map[string]filter.Mode{"Email": filter.Mask}
		c.Answer.Personal = map[string]filter.Mode{"CreditCardNumber": filter.Mask}
	})
	c := talk(user("mail ann.longer.name@example.org"))
	_, subs, err := p.Prompt(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	raw := "Mail [Email 1] first. Then 4111 1111 1111 1111 is charged. Then [Email 1] again. Last words."
	want := map[string]string{"Mail [Email 1]": "Mail ann.longer.name@example.org", "first": "first", "Then 4111 1111 1111 1111 is": "Then [CreditCardNumber] is", "charged": "charged", "again": "again", "Last words": "Last words"}
	for range 50 {
		var cites []conversation.Citation
		for s := range want {
			at := strings.Index(raw, s)
			cites = append(cites, conversation.Citation{Number: at, Start: at, End: at + len(s)})
		}
		cites = append(cites, conversation.Citation{Number: -1, Start: -5, End: 3}, conversation.Citation{Number: -1, Start: 5, End: 1 << 40})
		w := p.Answer(c, subs)
		var out []conversation.Event
		first := true
		for rest := raw; rest != ""; {
			n := min(1+rand.IntN(30), len(rest))
			e := delta(rest[:n])
			if first {
				e.Citations, first = cites, false
			}
			out = append(out, push(t, w, e)...)
			es, err := w.Tick(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, es...)
			rest = rest[n:]
		}
		out = append(out, push(t, w, finished(0, conversation.Stop))...)
		texts, _ := shown(out)
		text := texts[conversation.Lane{Kind: conversation.Text}]
		seen := 0
		for _, e := range out {
			for _, c := range e.Citations {
				seen++
				if c.Number < 0 {
					t.Fatal("a citation of nothing was passed on")
				}
				for s, shows := range want {
					if strings.Index(raw, s) == c.Number && text[c.Start:c.End] != shows {
						t.Fatalf("the citation of %q shows %q of %q", s, text[c.Start:c.End], text)
					}
				}
			}
		}
		if seen != len(want) {
			t.Fatalf("%d citations of %d", seen, len(want))
		}
	}
}

// TestHalfCharactersWait: a character that a backend cuts in two comes out whole.
func TestHalfCharactersWait(t *testing.T) {
	p := newPolicy(t, func(*filter.Config) {})
	text := strings.Repeat("😀é", 300)
	w := p.Answer(talk(user("hello")), nil)
	var out []conversation.Event
	for i := range len(text) {
		out = append(out, push(t, w, delta(text[i:i+1]))...)
	}
	out = append(out, push(t, w, finished(0, conversation.Stop))...)
	for _, e := range out {
		if !utf8.ValidString(open.String(e.Text)) {
			t.Fatal("half a character was released")
		}
	}
	if texts, _ := shown(out); texts[conversation.Lane{Kind: conversation.Text}] != text {
		t.Error("the text changed")
	}
}

// TestPaddingBetweenMessages: what stands between the halves of a term in two
// messages does not keep it from being found.
func TestPaddingBetweenMessages(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Prompt.Blocklists = []*blocklist.List{list(t, "project heron")} })
	for name, between := range map[string][]conversation.Turn{
		"invisible":         {user("the project" + strings.Repeat("\u200b", 3000)), user(strings.Repeat("\u200b", 3000) + "heron")},
		"white space":       {user("the project" + strings.Repeat(" ", 3000)), user(strings.Repeat("\n", 3000) + "heron")},
		"invisible message": {user("the project"), user(strings.Repeat("\u2060", 5000)), user("heron")},
		"name":              {user("the project"), {Role: conversation.UserRole, Name: content.New("ann"), Parts: user("heron").Parts}},
		"inside a word":     {user("the project he" + strings.Repeat("\u200b", 900)), user("ron")},
		"late boundary":     {user("a"), user("b" + strings.Repeat("\u200b", 400)), user("the project" + strings.Repeat("\u200b", 300)), user("heron")},
	} {
		r, _, err := p.Prompt(context.Background(), talk(between...))
		if err != nil || r.Action != guard.Refuse {
			t.Errorf("%s: action %d, err %v", name, r.Action, err)
		}
	}
}

// TestManyPiecesAreLinear: a body of very many small texts is judged in time.
func TestManyPiecesAreLinear(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		c.Prompt.Personal = map[string]filter.Mode{"Email": filter.Mask}
		c.Prompt.Blocklists = []*blocklist.List{list(t, "project heron")}
		c.Deadline = 5 * time.Minute // what counts is the processor's time
	})
	c := talk(user("hello"))
	for i := range 60_000 {
		c.Extra = append(c.Extra, json.Member{Name: content.New(fmt.Sprintf("a%d", i)), Value: json.Value{Kind: json.String, Text: content.New(fmt.Sprintf("m%d@example.org", i))}})
	}
	began := cpu()
	r, subs, err := p.Prompt(context.Background(), c)
	if err != nil || r.Action == guard.Pass {
		t.Fatalf("action %d, err %v", r.Action, err)
	}
	w := p.Answer(c, subs)
	for range 200 {
		push(t, w, delta("Mail [Email 777], then wait. "))
	}
	if took := cpu() - began; took > 15*time.Second {
		t.Errorf("took %v of processor time", took)
	}
}

// FuzzWatch pushes any events at a watch. Whatever they are: no panic, nothing
// after an error or an end, and no listed term in what is shown of a lane.
func FuzzWatch(f *testing.F) {
	f.Add([]byte("\x00project heron\x01\x02"), uint8(1))
	f.Add([]byte("\x10pro\x00ject \x20heron\x03\x01ry [Email 1\x00] ann@example.org\x07"), uint8(3))
	f.Add([]byte("\x30{\"q\":\"\\u0070roject heron\"}\x07\x00\xe2\x80\x8b\xf0\x9f\x07"), uint8(2))
	l := list(f, "project heron", "heron")
	guards, err := filter.NewGuards()
	if err != nil {
		f.Fatal(err)
	}
	off := filter.Threshold{Mode: filter.Off}
	rules := filter.Rules{Harm: [4]filter.Threshold{off, off, off, off}, Jailbreak: filter.Off, Indirect: filter.Off, Blocklists: []*blocklist.List{l}, Personal: map[string]filter.Mode{"Email": filter.Mask}}
	p, err := filter.New(filter.Config{Guards: guards, Prompt: filter.Rules{Harm: rules.Harm, Jailbreak: filter.Off, Indirect: filter.Off, Personal: rules.Personal}, Answer: rules})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, script []byte, cut uint8) {
		if len(script) > 4096 {
			return
		}
		c := talk(user("mail bob@example.org"))
		c.Choices = 2
		_, subs, err := p.Prompt(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		w := p.Answer(c, subs)
		pushed, out := map[conversation.Lane]string{}, []conversation.Event{}
		over := map[int]bool{}
		lane := conversation.Lane{Kind: conversation.Text}
		for len(script) > 0 {
			var es []conversation.Event
			var err error
			switch op := script[0]; {
			case op == 1:
				es, err = w.Tick(context.Background())
				script = script[1:]
			case op == 2 || op == 7:
				es, err = w.Push(context.Background(), finished(int(op)%2, conversation.Stop))
				script = script[1:]
			case op < 0x40 && op&0x0F == 0 && len(script) > 1:
				lane = conversation.Lane{Choice: int(op>>4) & 1, Kind: []conversation.Kind{conversation.Text, conversation.Reasoning, conversation.Refusal, conversation.ToolCall}[op>>4]}
				script = script[1:]
			default:
				n := min(1+int(cut)%16, len(script))
				text := string(script[:n])
				es, err = w.Push(context.Background(), on(lane.Choice, 0, lane.Kind, text))
				pushed[lane] += text
				script = script[n:]
			}
			for _, e := range es {
				if over[e.Lane.Choice] {
					t.Fatal("something follows an end")
				}
				over[e.Lane.Choice] = e.Kind == conversation.Finished
			}
			out = append(out, es...)
			if err != nil {
				break
			}
		}
		texts, _ := shown(out)
		for id, text := range texts {
			if found := l.Find(normalize.Normalize(text)); len(found) > 0 && found[0].End < len(text) {
				t.Fatalf("released %q", text)
			}
			if id.Kind == conversation.ToolCall {
				continue
			}
			restored := strings.ReplaceAll(pushed[id], "[Email 1]", "bob@example.org")
			if !strings.Contains(text, "[Email]") && !strings.HasPrefix(restored, text) {
				t.Fatalf("released %q of %q", text, restored)
			}
		}
	})
}

func TestQuestionsOfAPolicy(t *testing.T) {
	// Modes that only report hold nothing back.
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Personal = map[string]filter.Mode{"Email": filter.Note} })
	text := strings.Repeat("Mail ann@example.org. ", 30)
	w := p.Answer(talk(user("hello")), nil)
	out := push(t, w, delta(text))
	if texts, _ := shown(out); texts[conversation.Lane{Kind: conversation.Text}] != text {
		t.Errorf("held back without need")
	}
	if r := w.Report(); r.Action != guard.Annotate || !slices.ContainsFunc(r.Verdicts, func(v guard.Verdict) bool { return v.Label == "Email" && v.Detected && !v.Filtered }) {
		t.Errorf("report %+v", r)
	}
}

// noted notes what the classifiers are asked.
type noted struct {
	filter.Guards
	seen *[]string
}

func (n noted) Judge(ctx context.Context, text string, q filter.Questions) (filter.Findings, error) {
	if q.Indirect {
		*n.seen = append(*n.seen, text)
	}
	return n.Guards.Judge(ctx, text, q)
}

// TestIndirectShieldReadsWhatIsPlanted: the words of the operator and the user are
// theirs, also beside a document; two documents are read together.
func TestIndirectShieldReadsWhatIsPlanted(t *testing.T) {
	guards, err := filter.NewGuards()
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	off := filter.Threshold{Mode: filter.Off}
	p, err := filter.New(filter.Config{Guards: noted{guards, &seen}, Prompt: filter.Rules{Harm: [4]filter.Threshold{off, off, off, off}, Jailbreak: filter.Off, Indirect: filter.Note}})
	if err != nil {
		t.Fatal(err)
	}
	c := talk(
		conversation.Turn{Role: conversation.System, Parts: []conversation.Part{{Kind: conversation.Text, Origin: conversation.Operator, Text: content.New("operator words here")}}},
		user("user words here"))
	c.Turns[1].Parts = append(c.Turns[1].Parts,
		conversation.Part{Kind: conversation.Document, Text: content.New("document one here")},
		conversation.Part{Kind: conversation.Text, Text: content.New("marked words here"), Joined: true})
	c.Turns[1].Name = content.New("a name of words")
	c.Turns = append(c.Turns, conversation.Turn{Role: conversation.Tool, Parts: []conversation.Part{{Kind: conversation.ToolResult, Call: content.New("call_1"), Text: content.New("result words here")}}})
	c.Stop = []content.Text{content.New("stop words stand here")}
	if _, _, err := p.Prompt(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(seen, "|")
	for _, want := range []string{"document one here", "marked words here", "result words here"} {
		if !slices.Contains(seen, want) {
			t.Errorf("%q is not asked about by itself: %q", want, seen)
		}
	}
	for _, not := range []string{"operator", "user", "name", "stop"} {
		if strings.Contains(all, not) {
			t.Errorf("the indirect shield reads %q: %q", not, seen)
		}
	}
}

// TestArgumentsOfAPromptAreDecoded: what a model reads in a call is what counts.
func TestArgumentsOfAPromptAreDecoded(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		c.Prompt.Blocklists = []*blocklist.List{list(t, "project heron")}
		c.Prompt.Personal = map[string]filter.Mode{"Email": filter.Mask}
	})
	for args, want := range map[string]guard.Action{
		`{"q":"\u0070roject heron"}`:        guard.Refuse,
		`{"a":"project","b":"heron"}`:       guard.Refuse,
		`{"to":"ann\u0040example.org"}`:     guard.Refuse,
		`{"to":"ann@example.org"}`:          guard.Redact,
		`{"q":"project robin","w":"heron"}`: guard.Pass,
	} {
		c := talk(conversation.Turn{Role: conversation.Assistant, Parts: []conversation.Part{{Kind: conversation.ToolCall, Origin: conversation.Model, Name: content.New("f"), Text: content.New(args)}}}, user("hello"))
		r, _, err := p.Prompt(context.Background(), c)
		if err != nil || r.Action != want {
			t.Errorf("%s: action %d, want %d, err %v", args, r.Action, want, err)
		}
	}
}

// TestNumberAtTheEdgeOfAPartIsMasked: joined with the digits of the next part it
// would be no card number any more.
func TestNumberAtTheEdgeOfAPartIsMasked(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		c.Prompt.Personal = map[string]filter.Mode{"CreditCardNumber": filter.Mask, "Email": filter.Mask}
	})
	c := talk(user("mail ann@example.org about my card 4111 1111 1111 1111", "22 apples for bob@example.org"))
	r, _, err := p.Prompt(context.Background(), c)
	if err != nil || r.Action != guard.Redact {
		t.Fatalf("action %d, err %v", r.Action, err)
	}
	if got := open.String(c.Turns[0].Parts[0].Text) + open.String(c.Turns[0].Parts[1].Text); got != "mail [Email 1] about my card [CreditCardNumber 1]22 apples for [Email 2]" {
		t.Errorf("sent %q", got)
	}
}
