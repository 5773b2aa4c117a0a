package grounding

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sallyport/guard"
)

var cutParts = []string{
	"The dose is 5 mg. ", "Dr. Amsel wrote it on 3. May. ", "Er kam am 3. Dezember an. ", "- a list item of some words\n", "| cell | cell |\n", "\n\n", "Is it so? ", "e.g. this one, ", "\"Quoted.\" ", "See [3].[4] ", "1. first of all\n",
	"ends.Next goes on ", "…", "!!!??? ", "药物剂量是五毫克。", "x ", strings.Repeat("long words without an end ", 60), "\"'”)[( ", "# Heading:\n", "\u200b\u200b.", "Version 2.5.1 came. ", ". . . ",
}

// The statements of a growing text are those of the whole, wherever it is cut.
func TestCutter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 3000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteString(cutParts[r.IntN(len(cutParts))])
		}
		text := b.String()
		var c Cutter
		var got []guard.Span
		base := 0
		for at := 0; at < len(text); {
			at = min(len(text), at+1+r.IntN(1+n%90))
			got = append(got, c.Next(text[base:at], base, at == len(text))...)
			base = max(0, c.At()-Context)
		}
		if want := Split(text); !slices.Equal(got, want) {
			t.Fatalf("%q\n got %v\nwant %v", text, got, want)
		}
	}
}

// A session judges as Check does an answer of one statement.
func TestSession(t *testing.T) {
	const passage = "The reading room closes at 18:00 on weekdays. Members may borrow 5 books for 21 days."
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Session("When does it close?", []string{passage})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Support{
		"The reading room closes at 18:00 on weekdays.": Supported,
		"The reading room closes at 20:00 on weekdays.": Contradicted,
		"Members may borrow 9 books for 21 days.":       Contradicted,
		"Let me know.": Ignored,
	} {
		got, err := s.Statement(context.Background(), text)
		if err != nil || got.Support != want {
			t.Errorf("%q: %v, %v; want %v", text, got.Support, err, want)
		}
		whole, err := c.Check(context.Background(), Request{Answer: text, Question: "When does it close?", Passages: []string{passage}})
		if err != nil || len(whole.Statements) != 1 || whole.Statements[0] != got {
			t.Errorf("%q: Check says %+v (%v), a session %+v", text, whole.Statements, err, got)
		}
	}
	if _, err := c.Session("", nil); err != ErrNoText {
		t.Errorf("no passages: %v", err)
	}
}
