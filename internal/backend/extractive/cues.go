package extractive

import (
	"regexp"
	"strings"

	"sallyport/internal/knowledge/lexis"
)

// kind is what sort of thing a question asks for.
type kind uint8

const (
	anything kind = iota
	quantity
	moment
	often
	clock
	someone
	place
	steps
	whether
	reason
)

// measured reports whether an answer of this kind can be told by its form.
func (k kind) measured() bool {
	return k == quantity || k == moment || k == often || k == clock || k == someone
}

// openings tell the kind of an English question, the more special first.
var openings = []struct {
	words string
	kind  kind
}{
	{"how many times", often}, {"how many", quantity}, {"how much", quantity}, {"what is the limit", quantity}, {"what percentage", quantity},
	{"which number", quantity}, {"what number", quantity}, {"which extension", quantity}, {"which amount", quantity},
	{"what does it cost", quantity}, {"cost", quantity}, {"what is the rate", quantity}, {"temperature", quantity},
	{"how long", moment}, {"how soon", moment}, {"how often", often}, {"how quickly", moment}, {"how fast", moment},
	{"what time", clock}, {"what times", clock}, {"which day", moment}, {"which year", moment}, {"what year", moment}, {"by when", moment},
	{"until when", moment}, {"when", moment}, {"how old", quantity}, {"how late", moment}, {"how early", moment}, {"how far", quantity}, {"how tall", quantity},
	{"how big", quantity}, {"how large", quantity}, {"how high", quantity}, {"how low", quantity}, {"how deep", quantity},
	{"how full", quantity}, {"how warm", quantity}, {"how cold", quantity}, {"how hot", quantity}, {"how heavy", quantity},
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
	at, k := len(q), anything
	for _, o := range openings {
		if i := strings.Index(q, " "+o.words); i >= 0 && i < at && strings.ContainsAny(q[i+1+len(o.words):][:1], " ?,.") {
			at, k = i, o.kind // what stands first asks; what stands behind tells when or who
		}
	}
	if k != anything {
		return k
	}
	for clause := range strings.FieldsFuncSeq(q, func(r rune) bool { return strings.ContainsRune(",.;:!?", r) }) {
		if first, _, _ := strings.Cut(strings.TrimSpace(clause), " "); askWhether[first] {
			return whether
		}
	}
	return anything
}

// askWhether begin a question that wants a yes or a no.
var askWhether = list(`may can could do does did is are was were am must should will would has have shall`)

var (
	numberWords = list(`one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
		hundred thousand million half quarter quarters third thirds first second no none single several`)
	timeWords = list(`second seconds minute minutes hour hours day days week weeks month months year years daily weekly
		monthly yearly annually morning noon afternoon evening night midnight monday tuesday wednesday thursday friday
		saturday sunday january february march april may june july august september october november december
		once twice immediately before after until during century always never`)
	everyWords = list(`every each daily weekly monthly quarterly yearly annually once twice times always whenever`)
	roleWords  = list(`nurse nurses doctor doctors manager manager's officer team director pharmacist consultant matron staff adviser
		coordinator person people member members committee chair specialist holder approver witness mr mrs dr president king queen`)
	whetherWords = list(`not no never only may must can cannot should always allowed unless without`)
	dutyWords    = list(`must should shall needs need`)
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

var (
	clockTime = regexp.MustCompile(`\b\d{1,2}:\d{2}\b`)
	standing  = regexp.MustCompile(`(?i)\b(is|are|be|sit|stand|lies?)( (kept|found|stored|held|placed|put|located))? (in|at|on|near|inside|outside|behind|only in|nearest)\b`)
)

// cue is how much s looks like what a question of kind k asks for, 0 to 1.
func cue(k kind, s *sentence) float64 {
	switch k {
	case quantity:
		if s.number && clockTime.MatchString(s.raw) && share(s.raw, numberWords, 1) == 0 {
			return 0.5 // perhaps no other number
		}
		return either(s.number, 1, share(s.raw, numberWords, 1))
	case moment:
		if s.number || share(s.raw, numberWords, 1) > 0 {
			return 0.6 + 0.4*share(s.raw, timeWords, 1)
		}
		return 0.6 * share(s.raw, timeWords, 1)
	case often:
		return max(share(s.raw, everyWords, 1), 0.6*cue(moment, s))
	case clock:
		return either(clockTime.MatchString(s.raw), 1, 0.4*cue(moment, s))
	case someone:
		return either(share(s.raw, roleWords, 1) > 0, 1, 0.5*capital(s.raw))
	case place:
		return either(standing.MatchString(s.raw), 1, 0.5*share(s.raw, placeWords, 2))
	case steps:
		return max(0.3, either(s.Unit == lexis.Item || imperative(s.raw), 1, 0), either(conditional(s.raw), 0.9, 0), 0.7*share(s.raw, dutyWords, 1))
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
	first, _, _ := strings.Cut(strings.ToLower(raw), " ")
	return pronouns[strings.Trim(first, ",.;:")]
}

var pronouns = list(`he she it they this that these those his her its their`)

// announces reports whether a heading announces what is to be done.
func announces(heading string) bool {
	h := strings.ToLower(heading)
	return strings.HasPrefix(h, "what to do") || strings.HasPrefix(h, "how to") || strings.HasPrefix(h, "if you ") || strings.HasPrefix(h, "steps")
}

// conditional reports whether raw begins with the case that it is for.
func conditional(raw string) bool {
	first, _, _ := strings.Cut(strings.ToLower(raw), " ")
	return conditions[first]
}

var conditions = list(`if when whenever unless once should`)

// negates reports whether text says that something is not so.
func negates(text string) bool {
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r == '\'' || r == '’') }) {
		if negators[w] || strings.HasSuffix(w, "n't") || strings.HasSuffix(w, "n’t") {
			return true
		}
	}
	return false
}

var negators = list(`no not never nobody none nothing without cannot`)

// imperative reports whether a clause of raw begins like an instruction, at the
// start or behind the condition or the case that it names. English verbs have no
// mark of it, so this is a list of what instructions begin with.
func imperative(raw string) bool {
	for clause := range strings.FieldsFuncSeq(strings.ToLower(raw), func(r rune) bool { return strings.ContainsRune(",;:", r) }) {
		if first, _, _ := strings.Cut(strings.TrimSpace(clause), " "); imperatives[strings.Trim(first, ".!")] {
			return true
		}
	}
	return false
}

var imperatives = list(`add agree always answer apply arrange ask assess attach avoid begin book break bring call carry change check
	choose claim clean clear close collect compare complete confirm consider contact copy count cover cut decide deliver discard
	do document dry eat empty encourage enclose end enter ensure evacuate explain file fill find follow get give go hand hold
	identify include inform keep label leave list lock log look make mark match measure move name never note notify obtain offer
	open order pay phone place prepare press print pull push put quarantine read record refer remain remove repeat replace report
	request reset return review rinse save say secure see seek select send set show shut sign sit start state stay stop store
	submit switch take talk telephone tell test throw try turn use verify wait warn wash wear write`)
