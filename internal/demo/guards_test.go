package demo_test

import (
	"context"
	"testing"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/demo/corpus"
	"sallyport/internal/filter"
	"sallyport/internal/gate/identity"
	"sallyport/internal/knowledge"
)

// TestGuardsLetTheDemoPass: under the default rules every example question passes,
// alone and with each passage that its asker may see.
func TestGuardsLetTheDemoPass(t *testing.T) {
	guards, err := filter.NewGuards()
	if err != nil {
		t.Fatal(err)
	}
	medium := filter.Threshold{At: 4}
	rules := filter.Rules{Harm: [4]filter.Threshold{medium, medium, medium, medium}}
	policy, err := filter.New(filter.Config{Name: "default", Guards: guards, Prompt: rules, Answer: rules})
	if err != nil {
		t.Fatal(err)
	}
	library, err := knowledge.Open(t.Context(), knowledge.Config{Collections: corpus.Collections(), Key: []byte("a key that only the tests use")})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, parts ...conversation.Part) {
		t.Helper()
		c := &conversation.Conversation{Turns: []conversation.Turn{{Role: conversation.UserRole, Parts: parts, Array: len(parts) > 1}}}
		r, _, err := policy.Prompt(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		if r.Action == guard.Refuse {
			for _, v := range r.Verdicts {
				if v.Filtered {
					t.Errorf("%s is refused: %s, severity %d, score %.2f", what, v.Category, v.Severity, v.Score)
				}
			}
		}
	}
	question := func(s string) conversation.Part {
		return conversation.Part{Kind: conversation.Text, Origin: conversation.User, Text: content.New(s)}
	}
	withPassages := func(who identity.Principal, q string, n int) {
		t.Helper()
		found, err := library.Search(t.Context(), who, content.New(q), n)
		if err != nil {
			t.Fatal(err)
		}
		parts := []conversation.Part{question(q)}
		for _, h := range found.Passages {
			parts = append(parts, h.Part())
		}
		check(q+" with its passages", parts...)
	}
	passages := 0
	for _, a := range corpus.Accounts {
		who := identity.Principal{ID: string(a), Kind: identity.Person, Groups: a.Groups(), GroupsKnown: true}
		for _, q := range a.Examples() {
			check(q, question(q))
			withPassages(who, q, 6)
		}
		documents, err := library.Visible(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range documents {
			_, all, err := library.Read(t.Context(), who, d.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				passages++
				check("a passage", conversation.Part{Kind: conversation.Document, Text: p.Text})
			}
			// The document is what the question is about: its passages come together,
			// each under the same title.
			title := open.String(d.Title)
			for _, q := range []string{"Where is " + title + "?", "What do I do about " + title + "?", title} {
				withPassages(who, q, 8)
			}
		}
	}
	if passages < 50 {
		t.Errorf("only %d passages were looked at", passages)
	}
}
