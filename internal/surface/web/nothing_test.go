package web_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"sallyport/internal/demo/corpus"
)

// TestNothingFoundHasOneForm: what is hidden, what is nowhere and what the found
// passages do not answer end in the same words, whoever asks.
func TestNothingFoundHasOneForm(t *testing.T) {
	data, err := os.ReadFile("../../demo/corpus/testdata/questions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var reference = regexp.MustCompile(`"(id|reference)":("[^"]*"|\d+)`)
	w := start(t)
	for _, account := range corpus.Accounts {
		v := signIn(t, w, account)
		_, events := v.ask("How deep is the ocean trench?")
		want := reference.ReplaceAllString(lastLine(events), "")
		if !strings.Contains(want, `"state":"nothing_found"`) || !strings.Contains(want, "documents you may see") {
			t.Fatalf("%s: %s", account, want)
		}
		asked, read := 0, 0
		for line := range strings.Lines(string(data)) {
			f := strings.Split(strings.TrimSpace(line), "\t")
			if len(f) != 5 || f[1] != string(account) || f[4] != "-" {
				continue
			}
			_, events := v.ask(f[2])
			asked++
			if strings.Contains(events, `"step":"reading"`) {
				read++
			}
			if strings.Contains(events, `"type":"source"`) {
				continue // a wrong quotation: the answerer's own test counts them
			}
			if got := reference.ReplaceAllString(lastLine(events), ""); got != want || strings.Contains(events, `"type":"block"`) {
				t.Errorf("%s, %q:\n%s\nwant\n%s", account, f[2], events, want)
			}
		}
		t.Logf("%s: %d questions, passages read for %d", account, asked, read)
		if asked == 0 || read == 0 {
			t.Errorf("%s: both ways must be tried", account)
		}
	}
	v := signIn(t, w, corpus.Nurse)
	a, _ := v.ask("How many posts move from band 3 to band 4?")
	body, _ := json.Marshal(map[string]string{"conversation": a.Conversation, "question": "And what is the approval limit of a department head?"})
	_, out := v.do("POST", "/app/api/questions", "application/json", string(body))
	var next asked
	if err := json.Unmarshal([]byte(out), &next); err != nil {
		t.Fatal(err)
	}
	_, events := v.get("/app/api/conversations/" + next.Conversation + "/answers/" + next.Answer + "/events")
	if !strings.Contains(lastLine(events), `"state":"nothing_found"`) {
		t.Errorf("the question that goes on: %s", events)
	}
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
