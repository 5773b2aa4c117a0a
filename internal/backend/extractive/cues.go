package extractive

import (
	"strings"

	"sallyport/internal/knowledge/lexis"
)

// kind is what sort of thing a question asks for.
type kind uint8

const (
	anything kind = iota
	quantity
	moment
	clock
	someone
	place
	steps
	whether
	reason
)

// openings tell the kind of an English question, the more special first.
var openings = []struct {
	words string
	kind  kind
}{
	{"how many", quantity}, {"how much", quantity}, {"what is the limit", quantity}, {"what percentage", quantity},
	{"which number", quantity}, {"what number", quantity}, {"which extension", quantity}, {"which amount", quantity},
	{"what does it cost", quantity}, {"cost", quantity}, {"what is the rate", quantity}, {"temperature", quantity},
	{"how long", moment}, {"how soon", moment}, {"how often", moment}, {"how quickly", moment}, {"how fast", moment},
	{"what time", clock}, {"what times", clock}, {"which day", moment}, {"which year", moment}, {"what year", moment}, {"by when", moment},
	{"until when", moment}, {"when", moment}, {"how old", quantity}, {"how far", quantity}, {"how tall", quantity},
	{"the name", someone}, {"names of", someone}, {"what name", someone}, {"whom", someone}, {"who", someone}, {"whose", someone},
	{"where", place},
	{"how do", steps}, {"how should", steps}, {"how can", steps}, {"how to", steps}, {"what should i do", steps},
	{"what do i do", steps}, {"what must i do", steps}, {"what do we do", steps}, {"what happens", steps}, {"what now", steps},
	{"why", reason},
}

// askedFor are words that name the kind of the answer: it need not have them.
var askedFor = list(`time times number amount date`)

// kindOf tells what sort of thing question asks for, by its form.
func kindOf(question string) kind {
	q := " " + strings.ToLower(strings.Join(strings.Fields(question), " ")) + " "
	for _, o := range openings {
		if i := strings.Index(q, " "+o.words); i >= 0 && strings.ContainsAny(q[i+1+len(o.words):][:1], " ?,.") {
			return o.kind
		}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(q), " ")
	switch first {
	case "may", "can", "do", "does", "did", "is", "are", "was", "were", "must", "should", "will", "has", "have":
		return whether
	}
	return anything
}

var (
	numberWords = list(`one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
		hundred thousand million half quarter third first second no none single several`)
	timeWords = list(`second seconds minute minutes hour hours day days week weeks month months year years daily weekly
		monthly yearly annually morning noon afternoon evening night midnight monday tuesday wednesday thursday friday
		saturday sunday january february march april may june july august september october november december
		once twice immediately before after until during century always never`)
	roleWords = list(`nurse nurses doctor doctors manager manager's officer team director pharmacist consultant matron staff adviser
		coordinator person people member members committee chair specialist holder approver witness mr mrs dr president king queen`)
	whetherWords = list(`not no never only may must can cannot should always allowed unless without`)
	causeWords   = list(`because since so therefore due reason cause caused in order to`)
	placeWords   = list(`in at on near inside outside ward wards room building office department unit level floor street city cupboard desk behind`)
)

func list(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// cue is how much s looks like what a question of kind k asks for, 0 to 1.
func cue(k kind, s *sentence) float64 {
	switch k {
	case quantity:
		return either(s.number, 1, share(s.raw, numberWords, 1))
	case moment:
		if s.number {
			return 0.6 + 0.4*share(s.raw, timeWords, 1)
		}
		return 0.7 * share(s.raw, timeWords, 1)
	case clock:
		return either(strings.Contains(s.raw, ":") && s.number, 1, 0.4*cue(moment, s))
	case someone:
		return either(share(s.raw, roleWords, 1) > 0, 1, 0.5*capital(s.raw))
	case place:
		return 0.7 * share(s.raw, placeWords, 2)
	case steps:
		return either(s.Unit == lexis.Item || imperative(s.raw), 1, 0.3)
	case whether:
		return share(s.raw, whetherWords, 1)
	case reason:
		return share(s.raw, causeWords, 1)
	}
	return 0
}

func either(yes bool, a, b float64) float64 {
	if yes {
		return a
	}
	return b
}

// share is how many of enough words of a list raw has, at most 1.
func share(raw string, words map[string]bool, enough int) float64 {
	n := 0
	for _, w := range strings.FieldsFunc(strings.ToLower(raw), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r == '\'') }) {
		if words[w] {
			n++
		}
	}
	return float64(min(n, enough)) / float64(enough)
}

// capital is 1 when a word behind the first begins with a capital: a name.
func capital(raw string) float64 {
	for i, w := range strings.Fields(raw) {
		if i > 0 && w[0] >= 'A' && w[0] <= 'Z' {
			return 1
		}
	}
	return 0
}

// pronoun reports whether raw begins by pointing back.
func pronoun(raw string) bool {
	for i, w := range strings.Fields(strings.ToLower(raw)) {
		if i == 2 {
			break
		}
		if pronouns[strings.Trim(w, ",.;:")] {
			return true
		}
	}
	return false
}

var pronouns = list(`he she it they this that these those his her its their him them`)

// imperative reports whether raw begins like an instruction. English verbs have
// no mark of it, so this is the list of what instructions here begin with.
func imperative(raw string) bool {
	first, _, _ := strings.Cut(strings.ToLower(raw), " ")
	return imperatives[strings.Trim(first, ",.;:")]
}

var imperatives = list(`report tell call telephone use write read check ask keep close open wash rinse cover encourage
	send take put press leave move mark record complete clean dry turn break add remove contact go give count order
	never always do quarantine try choose lock confirm sit accrue compare match`)
