package lexis

import "strings"

// leaning begins a question that goes on from the one before it.
var leaning = []string{"and ", "but ", "or ", "also ", "what about ", "how about ", "then ", "so ", "why?", "why not", "how so", "who else", "what else", "what if "}

// pointing words stand for something said before.
var pointing = set(`it they them this that these those he she him her there one ones`)

// Leans reports whether an English question needs the question before it to be
// understood. It looks at form only: an opening, a pointing word, or hardly any
// word that carries matter.
func Leans(question string) bool {
	q := strings.ToLower(strings.Join(strings.Fields(question), " "))
	for _, l := range leaning {
		if strings.HasPrefix(q, l) {
			return true
		}
	}
	matter, points := 0, false
	for _, t := range NewAnalyser("en").Tokens(q) {
		if pointing[t.Term] {
			points = true
		}
		if !t.Stop {
			matter++
		}
	}
	return matter <= 1 && len(q) > 0 || points && matter <= 3
}
