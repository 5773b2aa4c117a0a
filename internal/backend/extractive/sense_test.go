package extractive_test

import (
	"strings"
	"testing"

	"sallyport/internal/backend/extractive"
	"sallyport/internal/conversation"
)

// The documents of these tests have nothing in common with the demo's.
const (
	harbour = "# Harbour dues\n\n## Who may waive dues\n\n- Rank: Mooring clerk; May waive up to: €200; Form: slip.\n- Rank: Pilot; May waive up to: €3,000; Form: letter.\n" +
		"- Rank: Harbour master; May waive up to: €40,000; Form: deed.\n- Rank: Council; May waive up to: any amount; Form: vote.\n\n" +
		"## Survey\n\nA visual survey is enough below €500. Two surveyors look at damage from €500 to €9,000. Above €9,000 a diver is sent.\n\n" +
		"## Fuel card\n\nA fuel card has a limit of €80. The cash box on the quay holds no more than €45.\n"
	boats = "# Boat shed\n\nThe shed times are 07:00 to 21:00 in summer. Members bring guests to the shed only on Sundays. Rack 4 is for canoes and rack 7 is for dinghies.\n"
)

// TestSense: amounts fall into ranges and steps, hours are times, a question's
// thing is not another of its kind, and who asks is no part of the question.
func TestSense(t *testing.T) {
	b := extractive.New(extractive.Config{Name: "quotes"})
	for question, want := range map[string]string{
		"Who may waive €150?":                                     "Mooring clerk",
		"Who may waive €200?":                                     "Mooring clerk",
		"Who may waive €201?":                                     "Pilot",
		"Who may waive €25,000?":                                  "Harbour master",
		"Who may waive more than €40,000?":                        "Council",
		"Who may waive 100000 euros?":                             "Council",
		"Which survey is needed for damage of €300?":              "visual survey",
		"Which survey is needed for damage of €7,500?":            "Two surveyors",
		"Which survey is needed for damage of €12,000?":           "diver",
		"What is the cash box limit?":                             "no more than €45",
		"What is the limit of the fuel card?":                     "limit of €80",
		"When are the shed hours?":                                "07:00 to 21:00",
		"My cousin Olaf asked me about shed hours for his friend": "07:00 to 21:00",
		"What is rack 7 for?":                                     "rack 7",
		"What is rack 5 for?":                                     "",
		"How much may a harbour porter waive?":                    "",
		"How many cranes are in the boat shed?":                   "",
		"What is the salary of a pilot?":                          "",
	} {
		got := collect(t, b.Answer(t.Context(), asking(question, document("harbour", "Harbour dues", harbour), document("boats", "Boat shed", boats))))
		first := ""
		if len(got.citations) > 0 {
			first = got.text[got.citations[0].Start:got.citations[0].End]
		}
		if want == "" && first != "" || !strings.Contains(first, want) {
			t.Errorf("%s\n\tquotes %q\n\twant %q", question, first, want)
		}
	}
}

// TestSaysThatItFoundNothing: by a step, so that nobody has to read the sentence.
func TestSaysThatItFoundNothing(t *testing.T) {
	b := extractive.New(extractive.Config{Name: "quotes"})
	for question, nothing := range map[string]bool{"What is the cash box limit?": false, "Who won the regatta?": true} {
		told := false
		for e, err := range b.Answer(t.Context(), asking(question, document("harbour", "Harbour dues", harbour))) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == conversation.Step && e.Step == conversation.NothingFound {
				told = true
			}
			if e.Kind == conversation.Delta && told != nothing {
				t.Errorf("%s: told %v before the text", question, told)
			}
		}
	}
}
