package prose_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sallyport/guard"
	"sallyport/internal/chat/prose"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
)

var passages = []prose.Passage{
	passage("fridge", "Medicines storage", "## Fridge\n\nThe medicines fridge is kept between 2 °C and 8 °C. Read the thermometer twice a day and write it down. Do not store food in the medicines fridge."),
	passage("visits", "Visiting times", "Visitors are welcome on adult wards from 14:00 to 20:00 every day. No more than two visitors may be at a bed."),
	passage("spill", "Spillage", "Mercury spillage is reported to the estates desk at once. Open the windows and leave the room."),
}

func passage(id, title, text string) prose.Passage {
	return prose.Passage{Source: conversation.Source{Collection: "c", Document: id, Title: content.New(title)}, Text: content.New(text)}
}

// show writes blocks so that a test can read them.
func show(blocks []prose.Block) string {
	var b strings.Builder
	runs := func(rs []prose.Run) {
		for _, r := range rs {
			switch {
			case r.Cite > 0:
				fmt.Fprintf(&b, "[%d:%s]", r.Cite, open.String(passages[r.Passage].Text)[r.Support.Start:r.Support.End])
			case r.Unsupported:
				b.WriteString("[?]")
			default:
				mark := strings.Repeat("*", int(r.Style&prose.Strong)) + strings.Repeat("_", int(r.Style&prose.Emphasis)/2) + strings.Repeat("`", int(r.Style&prose.Mono)/4)
				b.WriteString(mark + open.String(r.Text) + mark)
			}
		}
	}
	for _, x := range blocks {
		fmt.Fprintf(&b, "%c%d.%d ", "pihqct"[x.Kind], x.Depth+x.Level, x.Number)
		runs(x.Runs)
		for _, row := range x.Rows {
			for _, cell := range row {
				b.WriteByte('|')
				runs(cell)
			}
			b.WriteByte(';')
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func draft(text string, cites ...conversation.Citation) (string, *prose.Draft) {
	d := prose.New(passages)
	blocks := d.Push(content.New(text), cites)
	return show(append(blocks, d.Flush()...)), d
}

func TestStatements(t *testing.T) {
	const fridge = "The medicines fridge is kept between 2 °C and 8 °C."
	for _, c := range []struct{ name, in, want string }{
		{"supported word for word", fridge, "p0.0 " + fridge + "[1:" + fridge + "]\n"},
		{"supported in other words", "Keep the fridge for medicines between 2 and 8 °C.", "p0.0 Keep the fridge for medicines between 2 and 8 °C.[1:" + fridge + "]\n"},
		{"another number", "The medicines fridge is kept between 2 °C and 12 °C.", "p0.0 The medicines fridge is kept between 2 °C and 12 °C.[?]\n"},
		{"the opposite", "Do store food in the medicines fridge.", "p0.0 Do store food in the medicines fridge.[?]\n"},
		{"negated", "The medicines fridge is not kept between 2 °C and 8 °C.", "p0.0 The medicines fridge is not kept between 2 °C and 8 °C.[?]\n"},
		{"invented", "The canteen serves pelican soup on bank holidays.", "p0.0 The canteen serves pelican soup on bank holidays.[?]\n"},
		{"two statements, each its own", "Visitors are welcome on adult wards from 14:00. Mercury spillage is reported to the estates desk.",
			"p0.0 Visitors are welcome on adult wards from 14:00.[1:Visitors are welcome on adult wards from 14:00 to 20:00 every day.] Mercury spillage is reported to the estates desk.[2:Mercury spillage is reported to the estates desk at once.]\n"},
		{"nothing to support", "Yes. Here is what I found:", "p0.0 Yes. Here is what I found:\n"},
		{"a made-up number", "Pelican soup is served on bank holidays [1][2].【3†source】 [^4]", "p0.0 Pelican soup is served on bank holidays.[?]\n"},
		{"a link is its words", "See [the page](https://evil.example/?q=secret) ![pixel](https://evil.example/p.png)", "p0.0 See the page pixel[?]\n"},
		{"markup is text", `<img src=x onerror="alert(1)"> and <https://evil.example>`, "p0.0 <img src=x onerror=\"alert(1)\"> and <https://evil.example>[?]\n"},
		{"style", "A **bold** and *soft* and `code` word", "p0.0 A *bold* and _soft_ and `code` word[?]\n"},
		{"hidden direction", "abc\u202edef\u2066x\u0007", "p0.0 abcdefx\n"},
		{"list", "- one\n- two\n  - three\n\n1. four\n2. five", "i0.0 one\ni0.0 two\ni1.0 three\ni0.1 four\ni0.2 five\n"},
		{"code", "```go\nx := a[1]\n\ny\n```\nafter", "c0.0 `x := a[1]\n\ny`\np0.0 after\n"},
		{"heading, rule, quote", "## Head\ntext\n\n---\n> said\n> more", "h2.0 Head\np0.0 text\nq0.0 said more\n"},
		{"table", "| a | b |\n|---|---|\n| 1 | two |\n", "t0.0 |a|b;|1|two;\n"},
		{"two lines of a paragraph", "one\ntwo", "p0.0 one two\n"},
	} {
		if got, _ := draft(c.in); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

// TestPieces: how a text is cut on its way changes nothing.
func TestPieces(t *testing.T) {
	text := "## Head\n\nVisitors are welcome on adult wards from 14:00. Pelican soup is served daily.\n\n- The medicines fridge is kept between 2 °C and 8 °C.\n\n```\ncode [1]\n```\n| a | b |\n|--|--|\n| x | y |\n"
	want, _ := draft(text)
	for range 200 {
		d := prose.New(passages)
		var got []prose.Block
		for rest := text; rest != ""; {
			n := 1 + rand.IntN(len(rest))
			got = append(got, d.Push(content.New(rest[:n]), nil)...)
			rest = rest[n:]
		}
		if s := show(append(got, d.Flush()...)); s != want {
			t.Fatalf("got %q\nwant %q", s, want)
		}
	}
}

// TestGiven: the citations of a backend that quotes are taken where they stand,
// and only for passages that were in the prompt.
func TestGiven(t *testing.T) {
	text := "From the spillage paper:\n\n- “Open the windows and leave the room.” [1]\n"
	at := strings.Index(text, "Open")
	p := open.String(passages[2].Text)
	c := conversation.Citation{Number: 1, Source: passages[2].Source, Start: at, End: at + 37,
		PassageStart: strings.Index(p, "Open"), PassageEnd: len(p)}
	got, d := draft(text, c)
	if want := "p0.0 From the spillage paper:\ni0.0 “Open the windows and leave the room.”[1:Open the windows and leave the room.]\n"; got != want || d.Cited() != 1 {
		t.Errorf("got %q, want %q", got, want)
	}
	c.Source.Document = "elsewhere"
	if got, _ = draft("- “Sheep may be borrowed from the farm.” [1]", c); !strings.Contains(got, "[?]") {
		t.Errorf("a citation of what was not in the prompt stands: %q", got)
	}
}

func FuzzDraft(f *testing.F) {
	f.Add("# a\n- b [1]\n```\nx", "| a |\n> q", 3, 9)
	f.Fuzz(func(t *testing.T, a, b string, from, to int) {
		d := prose.New(passages)
		blocks := d.Push(content.New(a), []conversation.Citation{{Source: passages[0].Source, Start: from, End: to, PassageStart: from, PassageEnd: to}})
		blocks = append(blocks, d.Push(content.New(b), nil)...)
		blocks = append(blocks, d.Flush()...)
		for _, x := range blocks {
			for _, r := range x.AllRuns() {
				if r.Cite == 0 {
					continue
				}
				text := open.String(passages[r.Passage].Text)
				if (r.Support == guard.Span{}) || r.Support.Start < 0 || r.Support.End > len(text) || r.Support.Start > r.Support.End {
					t.Fatalf("support %v of %d bytes", r.Support, len(text))
				}
			}
		}
	})
}
