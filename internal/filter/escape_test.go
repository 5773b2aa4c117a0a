package filter_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sallyport/guard"
	"sallyport/guard/blocklist"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/filter"
)

// TestLongAnswersPass: a long answer passes under every kind of filter, also with
// escapes in it, and what waits of it is bounded all the time.
func TestLongAnswersPass(t *testing.T) {
	prose := strings.Repeat("The ward round starts at nine and ends at noon. ", 1600)
	texts := map[string]string{
		"plain":         prose,
		"one backslash": `C:\` + prose,
		"one escape":    `caf\u00e9 ` + prose,
		"many escapes":  strings.Repeat(prose[:4000]+`caf\u00e9 \n\\ `, 18),
	}
	off := filter.Threshold{Mode: filter.Off}
	for kind, change := range map[string]func(c *filter.Config){
		"nothing":  func(*filter.Config) {},
		"lists":    func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, "operation zanzibar")} },
		"harm":     func(c *filter.Config) { c.Answer.Harm = [4]filter.Threshold{{At: 4}, off, off, off} },
		"personal": func(c *filter.Config) { c.Answer.Personal = map[string]filter.Mode{"Email": filter.Mask} },
		"all": func(c *filter.Config) {
			c.Answer.Harm = [4]filter.Threshold{{At: 4}, {At: 4}, {At: 4}, {At: 4}}
			c.Answer.Blocklists = []*blocklist.List{list(t, "operation zanzibar")}
			c.Answer.Personal = map[string]filter.Mode{"Email": filter.Mask}
		},
	} {
		p := newPolicy(t, change)
		for name, text := range texts {
			w := p.Answer(talk(user("hello")), nil)
			out, most := "", 0
			take := func(es []conversation.Event, err error) conversation.Finish {
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range es {
					out += open.String(e.Text)
					if e.Kind == conversation.Finished {
						return e.Finish
					}
				}
				return conversation.NotFinished
			}
			for at := 0; at < len(text); at += 100 {
				end := min(at+100, len(text))
				if f := take(w.Push(context.Background(), delta(text[at:end]))); f != conversation.NotFinished {
					t.Fatalf("%s, %s: ended with %v after %d bytes", kind, name, f, at)
				}
				most = max(most, end-len(out))
			}
			if f := take(w.Push(context.Background(), finished(0, conversation.Stop))); f != conversation.Stop || out != text {
				t.Errorf("%s, %s: ended with %v, %d bytes of %d", kind, name, f, len(out), len(text))
			}
			if most > 1500 {
				t.Errorf("%s, %s: %d bytes were held back", kind, name, most)
			}
		}
	}
}

// TestEscapedTermsNeverLeave spells a term with escapes in every way, cuts the answer
// anywhere, and looks for any piece of it in what was released.
func TestEscapedTermsNeverLeave(t *testing.T) {
	const term = "operation zanzibar"
	p := newPolicy(t, func(c *filter.Config) { c.Answer.Blocklists = []*blocklist.List{list(t, term)} })
	prose := strings.Repeat("The ward round starts at nine and ends at noon. ", 12)
	spell := func() string {
		var b strings.Builder
		for _, r := range term {
			switch n := rand.IntN(6); {
			case n == 0:
				fmt.Fprintf(&b, `\u%04x`, r)
			case n == 1 && r != ' ':
				fmt.Fprintf(&b, `\u%04X`, 0xff01+r-'!') // full width
			case r == ' ' && n == 2:
				b.WriteString(`\n`)
			default:
				b.WriteRune(r)
			}
		}
		return b.String()
	}
	before := []string{" ", `\"`, `\\`, `\\\\`, `\u0020`, `\n`, `\ud83d\ude00 `, ` \\\u0020`}
	for i := range 1500 {
		at := rand.IntN(len(prose))
		for prose[at] != ' ' {
			at = (at + 1) % len(prose)
		}
		spelled, lead := spell(), before[i%len(before)]
		if !strings.Contains(spelled+lead, `\`) {
			continue
		}
		s := stream(t, p.Answer(talk(user("hello")), nil), prose[:at]+lead+spelled+prose[at:], 1+rand.IntN(40))
		if s.finish != conversation.Filtered {
			t.Fatalf("passed: %q after %q", spelled, lead)
		}
		if !strings.HasPrefix(prose[:at]+lead, s.text) {
			t.Fatalf("%q: released beyond its beginning: %q", spelled, s.text[max(0, len(s.text)-60):])
		}
	}
}

// TestEscapesBesideData: what policy masks is masked beside escapes, too, and what
// only they spell is refused.
func TestEscapesBesideData(t *testing.T) {
	p := newPolicy(t, func(c *filter.Config) {
		c.Prompt.Personal = map[string]filter.Mode{"Email": filter.Mask}
		c.Answer.Personal = c.Prompt.Personal
	})
	text := strings.Repeat("Ask the pharmacy. ", 20) + `Say \"hello\" at caf\u00e9 one, mail desk@example.org and a\\b.` + strings.Repeat(" Then wait.", 40)
	want := strings.Replace(text, "desk@example.org", "[Email]", 1)
	for n := range 60 {
		if s := stream(t, p.Answer(talk(user("hello")), nil), text, n+1); s.text != want || s.finish != conversation.Stop {
			t.Fatalf("pieces of %d: %v %q", n+1, s.finish, s.text)
		}
	}
	for text, want := range map[string]guard.Action{`caf\u00e9, desk@example.org`: guard.Redact, `desk\u0040example.org`: guard.Refuse, `say \"desk@example.org\"`: guard.Redact} {
		if r, _, err := p.Prompt(context.Background(), talk(user(text))); err != nil || r.Action != want {
			t.Errorf("%s: action %d, want %d (%v)", text, r.Action, want, err)
		}
	}
	c := talk(user("Write to ann@example.org."))
	_, subs, err := p.Prompt(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 30; n++ {
		s := stream(t, p.Answer(c, subs), `{"to":"x","text":"say \"[Email 1]\" now"}`, n)
		if s.text != `{"to":"x","text":"say \"ann@example.org\" now"}` {
			t.Fatalf("pieces of %d: what was put back: %v %q", n, s.finish, s.text)
		}
	}
	if s := stream(t, p.Answer(talk(user("hello")), nil), `mail desk\u0040example.org now`, 3); s.finish != conversation.Filtered {
		t.Errorf("an address that only an escape spells: %v %q", s.finish, s.text)
	}
}
