// Package generate makes training sentences of our own: plain harmful ones at
// each severity, direct and planted attacks in many wordings, and harmless
// twins of each. They supply what the licence-clean rows lack; figures are
// never reported on them.
package generate

import (
	"math/rand/v2"
	"strings"
)

// Sentence is one made text.
type Sentence struct {
	Text string
	// Harm is the severity of each harm; -1 is not said.
	Harm [4]int
	// Jailbreak and Indirect are 1, 0 or -1 for not said. Jailbreak is an
	// override of rules or an extraction of instructions.
	Jailbreak, Indirect int
	// Tactic and Wish are 1, 0 or -1 for not said: a costume, and a harmful wish
	// as of wishPairs. They are read only where Parts is set.
	Tactic, Wish int
	Parts        bool
	// Planted is the part of Text that is the attack, in bytes; both zero when
	// there is none.
	PlantedStart, PlantedEnd int
}

// All makes the sentences. Equal seeds give equal sentences.
func All(seed uint64) []Sentence {
	r := rand.New(rand.NewPCG(seed, 1))
	out := harmSentences(r)
	out = append(out, dailySentences(r)...)
	out = append(out, jailbreakSentences(r)...)
	out = append(out, indirectSentences(r)...)
	out = append(out, plainAttacks(r)...)
	out = append(out, plainHarms(r)...)
	out = append(out, plantedInPapers(r)...)
	out = append(out, wishPairs(rand.New(rand.NewPCG(seed, 3)), 9000)...)
	out = append(out, threats(rand.New(rand.NewPCG(seed, 6)), 3000)...)
	out = append(out, Titles(seed, 5000)...)
	out = append(out, hosted(rand.New(rand.NewPCG(seed, 4)), 9000)...)
	return append(out, Calm(seed, 13000)...)
}

func harmSentences(r *rand.Rand) []Sentence {
	var out []Sentence
	for _, l := range levels() {
		per := 30
		if l.severity == 0 {
			per = 14
		}
		for _, t := range l.sentences {
			for range copies(t, per) {
				s := Sentence{Text: dress(r, fill(r, t)), Harm: [4]int{-1, -1, -1, -1}, Jailbreak: -1, Indirect: -1}
				s.Harm[l.category] = l.severity
				if l.severity == 0 {
					s.Harm, s.Jailbreak = [4]int{}, 0
				}
				if r.IntN(4) == 0 {
					s = plant(r, s)
				}
				out = append(out, s)
			}
		}
	}
	return out
}

// plant sets a sentence between lines of ordinary text, as one that is hidden
// in a long prompt.
func plant(r *rand.Rand, s Sentence) Sentence {
	d := document(r, s.Text, 0)
	s.Text, s.PlantedStart, s.PlantedEnd = d.Text, d.PlantedStart, d.PlantedEnd
	return s
}

// copies is how often a template is used: one without slots varies little.
func copies(template string, n int) int {
	if !strings.Contains(template, "{") {
		return max(n/4, 3)
	}
	return n
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

var slots = map[string][]string{
	"group": groups, "lovers": lovers, "victim": victims, "drug": drugs,
	"ignore": ignoreVerbs, "old": oldOrders, "reveal": revealVerbs, "prompt": promptNames, "persona": personas,
	"task": plainTasks, "secret": secrets, "sink": sinks, "rules": ruleNames, "who": addressees, "topic": topics,
	"daily": daily, "genre": genres, "form": forms, "person": persons, "people": people,
}

// fill replaces the slots of a template, those of its fillings too.
func fill(r *rand.Rand, t string) string {
	for range 4 {
		i := strings.IndexByte(t, '{')
		if i < 0 {
			break
		}
		var b strings.Builder
		for i >= 0 {
			j := strings.IndexByte(t[i:], '}')
			if j < 0 {
				break
			}
			list, ok := slots[t[i+1:i+j]]
			b.WriteString(t[:i])
			if ok {
				b.WriteString(pick(r, list))
			} else {
				b.WriteString(t[i : i+j+1])
			}
			t = t[i+j+1:]
			i = strings.IndexByte(t, '{')
		}
		t = b.String() + t
	}
	return t
}

// dress adds what people write around a sentence, drops the final stop at
// times, and shouts at times.
func dress(r *rand.Rand, s string) string {
	if r.IntN(3) == 0 {
		s = strings.TrimRight(s, ".!?")
	}
	return pick(r, carriers) + s + pick(r, tails)
}
