package filter_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sallyport/guard"
	"sallyport/guard/blocklist"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/filter"
)

func newPolicy(t *testing.T, change func(*filter.Config)) filter.Policy {
	t.Helper()
	guards, err := filter.NewGuards()
	if err != nil {
		t.Fatal(err)
	}
	// The classifiers are judged elsewhere; here they would only blur what a test shows.
	off := filter.Threshold{Mode: filter.Off}
	rules := filter.Rules{Harm: [4]filter.Threshold{off, off, off, off}, Jailbreak: filter.Off, Indirect: filter.Off}
	cfg := filter.Config{Name: "test", Prompt: rules, Answer: rules, Guards: guards}
	change(&cfg)
	p, err := filter.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func list(t testing.TB, terms ...string) *blocklist.List {
	t.Helper()
	var ts []blocklist.Term
	for _, s := range terms {
		ts = append(ts, blocklist.Term{Text: s})
	}
	l, err := blocklist.Compile("projects", ts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func user(parts ...string) conversation.Turn {
	turn := conversation.Turn{Role: conversation.UserRole, Array: len(parts) > 1}
	for _, p := range parts {
		turn.Parts = append(turn.Parts, conversation.Part{Kind: conversation.Text, Origin: conversation.User, Text: content.New(p)})
	}
	return turn
}

func talk(turns ...conversation.Turn) *conversation.Conversation {
	return &conversation.Conversation{Turns: turns, Choices: 1, MaxTokens: 1000, Stream: true}
}

// TestPromptFindsTermEverywhere puts a listed term in every place that the one
// walk yields, whole and split, and a harmless twin in the same place.
func TestPromptFindsTermEverywhere(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Prompt.Blocklists = []*blocklist.List{list(t, "project heron")} })
	str := func(s string) json.Value { return json.Value{Kind: json.String, Text: content.New(s)} }
	places := map[string]func(string) *conversation.Conversation{
		"user": func(s string) *conversation.Conversation { return talk(user(s)) },
		"system": func(s string) *conversation.Conversation {
			return talk(conversation.Turn{Role: conversation.System, Parts: []conversation.Part{{Kind: conversation.Text, Origin: conversation.Operator, Text: content.New(s)}}}, user("hello"))
		},
		"assistant": func(s string) *conversation.Conversation {
			return talk(conversation.Turn{Role: conversation.Assistant, Parts: []conversation.Part{{Kind: conversation.Text, Origin: conversation.Model, Text: content.New(s)}}}, user("hello"))
		},
		"tool result": func(s string) *conversation.Conversation {
			return talk(conversation.Turn{Role: conversation.Tool, Parts: []conversation.Part{{Kind: conversation.ToolResult, Text: content.New(s)}}}, user("hello"))
		},
		"tool arguments": func(s string) *conversation.Conversation {
			return talk(conversation.Turn{Role: conversation.Assistant, Parts: []conversation.Part{{Kind: conversation.ToolCall, Name: content.New("f"), Text: content.New(`{"a":"` + s + `"}`)}}}, user("hello"))
		},
		"call id": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.Turns[0].Parts[0].Call = content.New(s)
			return c
		},
		"name": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.Turns[0].Name = content.New(s)
			return c
		},
		"stop": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.Stop = []content.Text{content.New(s)}
			return c
		},
		"tools": func(s string) *conversation.Conversation { c := talk(user("hello")); c.Tools = str(s); return c },
		"schema": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.ResponseFormat = str(s)
			return c
		},
		"extra value": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.Extra = []json.Member{{Name: content.New("x"), Value: str(s)}}
			return c
		},
		"extra name": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.Extra = []json.Member{{Name: content.New(s), Value: json.Value{Kind: json.Null}}}
			return c
		},
		"part extra": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.Turns[0].Parts[0].Extra = []json.Member{{Name: content.New("x"), Value: str(s)}}
			return c
		},
		"turn extra": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.Turns[0].Extra = []json.Member{{Name: content.New("x"), Value: str(s)}}
			return c
		},
		"document": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.Turns[0].Parts = append(c.Turns[0].Parts, conversation.Part{Kind: conversation.Document, Text: content.New(s)})
			return c
		},
		"source title": func(s string) *conversation.Conversation {
			c := talk(user("hello"))
			c.Turns[0].Parts = append(c.Turns[0].Parts, conversation.Part{Kind: conversation.Document, Text: content.New("x"), Source: &conversation.Source{Title: content.New(s)}})
			return c
		},
		"edge of a part":  func(s string) *conversation.Conversation { return talk(user(s, "Seven more words follow here")) },
		"start of a part": func(s string) *conversation.Conversation { return talk(user("Seven words come before", s)) },
		"split parts":     func(s string) *conversation.Conversation { return talk(user(s[:len(s)/2], s[len(s)/2:])) },
		"split turns":     func(s string) *conversation.Conversation { return talk(user(s[:len(s)/2]), user(s[len(s)/2:])) },
		"split words": func(s string) *conversation.Conversation {
			a, b, _ := strings.Cut(s, " ")
			return talk(user(a), user(b))
		},
		"many pieces": func(s string) *conversation.Conversation {
			var ts []conversation.Turn
			for _, r := range s {
				ts = append(ts, user(string(r)))
			}
			return talk(ts...)
		},
		"late": func(s string) *conversation.Conversation {
			return talk(user(strings.Repeat("All is well today. ", 2000) + s))
		},
	}
	for name, build := range places {
		for text, want := range map[string]guard.Action{"project heron": guard.Refuse, "project robin": guard.Pass} {
			r, _, err := p.Prompt(context.Background(), build(text))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if r.Action != want {
				t.Errorf("%s with %q: action %d, want %d", name, text, r.Action, want)
			}
			if r.Scanned != r.Total || r.Total == 0 {
				t.Errorf("%s: scanned %d of %d", name, r.Scanned, r.Total)
			}
		}
	}
}

func TestMaskAndRestore(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Prompt.Personal = map[string]filter.Mode{"Email": filter.Mask} })
	c := talk(user("Write to ann.example@example.org and to bob@example.org, then ann.example@example.org again."))
	r, subs, err := p.Prompt(context.Background(), c)
	if err != nil || r.Action != guard.Redact {
		t.Fatalf("action %d, err %v", r.Action, err)
	}
	sent := open.String(c.Turns[0].Parts[0].Text)
	if strings.Contains(sent, "@") {
		t.Fatalf("an address is left in what would be sent: %q", sent)
	}
	if !strings.Contains(sent, "[Email 1] and to [Email 2], then [Email 1] again") {
		t.Errorf("substitutes are not consistent: %q", sent)
	}
	// Put back in a stream cut at every byte.
	w := p.Answer(c, subs)
	got := stream(t, w, "I wrote to [Email 2], and to [Email 1]. [Email 9] is unknown.", 1)
	if want := "I wrote to bob@example.org, and to ann.example@example.org. [Email 9] is unknown."; got.text != want {
		t.Errorf("got %q, want %q", got.text, want)
	}
}

// TestWhatLooksLikeASubstitute: what somebody typed is never taken for one, in
// whatever message it stands.
func TestWhatLooksLikeASubstitute(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Prompt.Personal = map[string]filter.Mode{"Email": filter.Mask} })
	c := talk(user("What does [Email 1] mean?"), user("Write to ann.example@example.org."))
	_, subs, err := p.Prompt(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if sent := open.String(c.Turns[0].Parts[0].Text); sent != "What does [Text 1] mean?" {
		t.Fatalf("sent %q", sent)
	}
	got := stream(t, p.Answer(c, subs), "You wrote [Text 1], her address is [Email 1].", 1)
	if want := "You wrote [Email 1], her address is ann.example@example.org."; got.text != want {
		t.Errorf("got %q, want %q", got.text, want)
	}
}

func TestMaskSplitAcrossMessagesIsRefused(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Prompt.Personal = map[string]filter.Mode{"CreditCardNumber": filter.Mask} })
	r, _, err := p.Prompt(context.Background(), talk(user("my card is 4111 1111"), user("1111 1111")))
	if err != nil || r.Action != guard.Refuse {
		t.Errorf("a card number split across messages: action %d, err %v", r.Action, err)
	}
}

type fault struct{ judge func() error }

func (f fault) Judge(context.Context, string, filter.Questions) (filter.Findings, error) {
	return filter.Findings{}, f.judge()
}
func (fault) Version() string { return "fault" }

// TestGuardThatCannotRunRefuses plants an error, a panic and a hang.
func TestGuardThatCannotRunRefuses(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	faults := map[string]func() error{
		"errs":   func() error { return errors.New("planted") },
		"panics": func() error { panic("planted: secret prompt text") },
		"hangs":  func() error { <-release; return nil },
	}
	for name, f := range faults {
		p := newPolicy(t, func(c *filter.Config) {
			c.Guards, c.Deadline = fault{f}, 50*time.Millisecond
			c.Answer.Personal = map[string]filter.Mode{"Email": filter.Block}
		})
		r, _, err := p.Prompt(context.Background(), talk(user("hello")))
		if err == nil || r.Action != guard.Refuse {
			t.Errorf("%s: action %d, err %v; want a refusal", name, r.Action, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error carries what the guard panicked with: %v", name, err)
		}
		w := p.Answer(talk(user("hello")), nil)
		_, err = w.Push(context.Background(), delta(strings.Repeat("text ", 100)))
		if err == nil {
			t.Errorf("%s: the watch let an answer pass", name)
		}
		if es, err := w.Push(context.Background(), finished(0, conversation.Stop)); err == nil || len(es) > 0 {
			t.Errorf("%s: the watch goes on after a failure", name)
		}
	}
}

func delta(s string) conversation.Event {
	return conversation.Event{Kind: conversation.Delta, Lane: conversation.Lane{Kind: conversation.Text}, Text: content.New(s)}
}

type streamed struct {
	text   string
	finish conversation.Finish
	pieces []string
}

// stream pushes text in cuts of n bytes (never inside a rune) and ends the choice.
func stream(t *testing.T, w filter.Watch, text string, n int) streamed {
	t.Helper()
	var s streamed
	take := func(es []conversation.Event, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			switch e.Kind {
			case conversation.Delta:
				s.text += open.String(e.Text)
				s.pieces = append(s.pieces, open.String(e.Text))
			case conversation.Finished:
				s.finish = e.Finish
			}
		}
	}
	for len(text) > 0 {
		k := min(n, len(text))
		for k < len(text) && text[k]&0xC0 == 0x80 {
			k++
		}
		take(w.Push(context.Background(), delta(text[:k])))
		text = text[k:]
		if rand.IntN(8) == 0 {
			take(w.Tick(context.Background()))
		}
	}
	take(w.Push(context.Background(), conversation.Event{Kind: conversation.Finished, Lane: conversation.Lane{Kind: conversation.Text}, Finish: conversation.Stop}))
	return s
}

// TestStreamNeverReleasesPartOfATerm cuts answers at random, pads the term with
// zero-width characters, and looks for any piece of it in what was released.
func TestStreamNeverReleasesPartOfATerm(t *testing.T) {
	term := "operation midnight kestrel"
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, term)} })
	prose := strings.Repeat("The ward round starts at nine and ends at noon. ", 12)
	for i := range 400 {
		at := rand.IntN(len(prose))
		for prose[at] != ' ' {
			at = (at + 1) % len(prose)
		}
		hidden := pad(term, i%5)
		text := prose[:at] + " " + hidden + prose[at:]
		s := stream(t, p.Answer(talk(user("hello")), nil), text, 1+rand.IntN(40))
		if s.finish != conversation.Filtered {
			t.Fatalf("cut %d: the term passed", i)
		}
		if !strings.HasPrefix(prose[:at]+" ", s.text) {
			t.Fatalf("cut %d: released beyond the term's start: %q", i, s.text[max(0, len(s.text)-60):])
		}
	}
}

func pad(s string, n int) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
		b.WriteString(strings.Repeat("\u200b", n*7))
	}
	return b.String()
}

// TestStreamEqualsWhole: for random cuts, what is released of a harmless answer is
// the answer, and masked personal data is masked exactly as in the whole.
func TestStreamEqualsWhole(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Personal = map[string]filter.Mode{"Email": filter.Mask} })
	text := strings.Repeat("Ask the pharmacy. ", 20) + "Mail pharmacy.desk@example.org today — naïve façade 😀. " + strings.Repeat("Then wait. ", 30) + "Or mail x@example.org"
	whole := stream(t, p.Answer(talk(user("hello")), nil), text, len(text))
	if strings.Contains(whole.text, "@") || !strings.Contains(whole.text, "Mail [Email] today") {
		t.Fatalf("not masked: %q", whole.text)
	}
	for range 300 {
		if s := stream(t, p.Answer(talk(user("hello")), nil), text, 1+rand.IntN(60)); s.text != whole.text {
			t.Fatalf("got  %q\nwant %q", s.text, whole.text)
		}
	}
}

func TestPaddingThatOnlyHidesEndsTheAnswer(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, "operation midnight kestrel")} })
	text := "All good. " + strings.Repeat("\u200b", 100_000) + " end"
	if s := stream(t, p.Answer(talk(user("hello")), nil), text, 4000); s.finish != conversation.Filtered {
		t.Errorf("an answer of padding ended with %v", s.finish)
	}
}

// TestToolCallsAreJudgedWhole: arguments wait for their end, and escapes hide nothing.
func TestToolCallsAreJudgedWhole(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, "project heron")} })
	for args, want := range map[string]conversation.Finish{
		`{"q":"project heron"}`:           conversation.Filtered,
		`{"q":"\u0070roject\u0020heron"}`: conversation.Filtered,
		`{"a":"project","b":"heron"}`:     conversation.Filtered,
		`{"q":"project robin"}`:           conversation.ToolCalls,
		`{"q":"project heron`:             conversation.Filtered,
	} {
		w := p.Answer(talk(user("hello")), nil)
		lane := conversation.Lane{Kind: conversation.ToolCall}
		var out []conversation.Event
		for i, c := range args {
			e := conversation.Event{Kind: conversation.Delta, Lane: lane, Text: content.New(string(c))}
			if i == 0 {
				e.Name, e.Call = content.New("search"), content.New("call_1")
			}
			es, err := w.Push(context.Background(), e)
			if err != nil || len(es) > 0 {
				t.Fatalf("%s: released before the end (%v)", args, err)
			}
		}
		es, err := w.Push(context.Background(), conversation.Event{Kind: conversation.Finished, Lane: conversation.Lane{Kind: conversation.Text}, Finish: conversation.ToolCalls})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, es...)
		if got := out[len(out)-1].Finish; got != want {
			t.Errorf("%s: finish %v, want %v", args, got, want)
		}
		if want == conversation.Filtered && len(out) != 1 {
			t.Errorf("%s: something of a refused call was released", args)
		}
	}
}

// TestEscapesHideNothing: JSON escapes in prose are read decoded, on both sides, in
// streams cut anywhere, and personal data that two messages share is seen.
func TestEscapesHideNothing(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		lists := []*blocklist.List{list(t, "zanzibar")}
		c.Prompt.Blocklists, c.Answer.Blocklists = lists, lists
		c.Prompt.Personal = map[string]filter.Mode{"Email": filter.Block}
	})
	prompts := map[string]guard.Action{
		`{"x":"zan\u007aibar"}`: guard.Refuse,
		`{"x":"zan\u007aania"}`: guard.Pass,
	}
	for text, want := range prompts {
		r, _, err := p.Prompt(context.Background(), talk(user(text)))
		if err != nil || r.Action != want {
			t.Errorf("%s: action %d, want %d (%v)", text, r.Action, want, err)
		}
	}
	r, _, err := p.Prompt(context.Background(), talk(user("write to bob@exam"), user("ple.com and wait")))
	if err != nil || r.Action != guard.Refuse {
		t.Errorf("an address split across messages: action %d, %v", r.Action, err)
	}
	prose := strings.Repeat("The ward round starts at nine. ", 20)
	for cut := 1; cut < 40; cut++ {
		s := stream(t, p.Answer(talk(user("hello")), nil), prose+`{"x":"zan\u007aibar"} and more`, cut)
		if s.finish != conversation.Filtered || strings.Contains(s.text, "zan") {
			t.Fatalf("cuts of %d: finish %v, released %q", cut, s.finish, s.text[max(0, len(s.text)-40):])
		}
		harmless := prose + `{"x":"zan\u007aania"} and more`
		if s := stream(t, p.Answer(talk(user("hello")), nil), harmless, cut); s.text != harmless {
			t.Fatalf("cuts of %d: a harmless answer lost text", cut)
		}
	}
}
