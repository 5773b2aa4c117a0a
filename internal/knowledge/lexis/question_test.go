package lexis

import (
	"slices"
	"testing"
)

func TestParts(t *testing.T) {
	for text, want := range map[string]string{
		"When are visitors allowed?":                       "When are visitors allowed?",
		"The lift is stuck. Which number opens the door?":  "Which number opens the door?",
		"I lost the keys. Who do I tell?":                  "I lost the keys. Who do I tell?", // the question alone says too little
		"Olaf asked me about parking fees for his boat":    "parking fees for his boat",
		"My boss wants to know whether fees are refunded.": "fees are refunded.",
		"Who asks the source for a sample?":                "Who asks the source for a sample?",
		"":                                                 "",
	} {
		from, at := Parts(text)
		if got := text[at:]; got != want || from > at {
			t.Errorf("%q: %q (%d)", text, got, from)
		}
	}
}

// TestNear: near words are given by their stems, both ways, and only in English.
func TestNear(t *testing.T) {
	if !slices.Contains(Near("en", "hour"), "time") || !slices.Contains(Near("en", "time"), "hour") || Near("de", "hour") != nil {
		t.Error(Near("en", "hour"), Near("en", "time"), Near("de", "hour"))
	}
}
