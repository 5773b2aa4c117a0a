package main

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"

	"sallyport/guard/grounding"
)

// Generators make answers whose label is known from documents whose licence
// permits it. All draws come from one seed.

var (
	wordNumbers = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty")
	monthNames  = strings.Fields("January February March April May June July August September October November December")
	dayNames    = strings.Fields("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")

	reNumber  = regexp.MustCompile(`\b\d{1,3}(?:,\d{3})+(?:\.\d+)?\b|\b\d+(?:\.\d+)?\b`)
	reDate    = regexp.MustCompile(`\b(\d{1,2}) (January|February|March|April|May|June|July|August|September|October|November|December)(?: (\d{4}))?\b|\b(January|February|March|April|May|June|July|August|September|October|November|December) (\d{1,2})(?:, (\d{4}))?\b|\b(January|February|March|April|June|July|August|September|October|November|December) (\d{4})\b`)
	reYear    = regexp.MustCompile(`\b(1[5-9]\d\d|20[0-2]\d)\b`)
	reDay     = regexp.MustCompile(`\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b`)
	reUnit    = regexp.MustCompile(`\b(\d+(?:\.\d+)?) (km|kilometers|kilometres|miles|meters|metres|feet|inches|cm|mg|grams|kg|kilograms|pounds|minutes|hours|days|weeks|months|years|percent|liters|litres|seconds|ounces)\b`)
	reName    = regexp.MustCompile(`[a-z,] ([A-Z][a-z]{3,}(?: [A-Z][a-z]{2,})?)\b`)
	reVerb    = regexp.MustCompile(`\b(is|was|are|were|can|could|will|would|has|have|had|should|may|did|does|do)\b`)
	reNot     = regexp.MustCompile(`\b(is|was|are|were|can|could|will|would|has|have|had|should|may|did|does|do) not\b|\b(is|was|are|were|could|would|has|have|had|should|did|does|do)n't\b`)
	otherName = strings.Fields("Harrington Velasquez Okafor Lindqvist Tanaka Moreau Castellano Petrov Albrecht Sutherland Montgomery Zhang Kowalski Nakamura Fitzgerald Oliveira Bergmann Rossini Delacroix Haverford Rotterdam Lisbon Nairobi Toronto Bergen Salzburg Valencia Adelaide Kyoto Krakow")
	unitKin   = map[string][]string{
		"km": {"miles", "m"}, "kilometers": {"miles", "meters"}, "kilometres": {"miles", "metres"}, "miles": {"kilometers", "feet"}, "meters": {"kilometers", "feet"}, "metres": {"kilometres", "feet"},
		"feet": {"meters", "inches"}, "inches": {"feet", "cm"}, "cm": {"mm", "inches"}, "mg": {"g", "kg"}, "grams": {"milligrams", "kilograms"}, "kg": {"pounds", "g"}, "kilograms": {"grams", "pounds"},
		"pounds": {"kilograms", "ounces"}, "minutes": {"hours", "seconds"}, "hours": {"minutes", "days"}, "days": {"weeks", "hours"}, "weeks": {"days", "months"}, "months": {"weeks", "years"},
		"years": {"months", "weeks"}, "liters": {"milliliters", "gallons"}, "litres": {"millilitres", "gallons"}, "seconds": {"minutes", "hours"}, "ounces": {"pounds", "kilograms"},
	}
	unitSizes = map[string]struct {
		to   string
		size float64
	}{
		"km": {"meters", 1000}, "kilometers": {"m", 1000}, "kilometres": {"miles", 0.621371}, "miles": {"km", 1.609344}, "meters": {"feet", 3.28084}, "metres": {"cm", 100}, "feet": {"meters", 0.3048},
		"inches": {"cm", 2.54}, "cm": {"mm", 10}, "mg": {"g", 0.001}, "grams": {"mg", 1000}, "kg": {"pounds", 2.204623}, "kilograms": {"grams", 1000}, "pounds": {"kg", 0.45359237},
		"minutes": {"seconds", 60}, "hours": {"minutes", 60}, "days": {"hours", 24}, "weeks": {"days", 7}, "liters": {"ml", 1000}, "litres": {"ml", 1000}, "seconds": {"milliseconds", 1000}, "ounces": {"g", 28.349523},
	}
)

// maker draws from documents.
type maker struct {
	rng *rand.Rand
	out []example
}

// pick returns sentences of a document that can be worked on.
func pick(text string) []string {
	var out []string
	for _, s := range grounding.Split(text) {
		p := text[s.Start:s.End]
		n := len(strings.Fields(p))
		if n >= 7 && n <= 45 && p[0] >= 'A' && p[0] <= 'Z' && strings.HasSuffix(p, ".") && !strings.Contains(p, "http") && !strings.ContainsAny(p, "{}<>|=") {
			out = append(out, p)
		}
	}
	return out
}

func (m *maker) put(d document, kind, response string, bad bool) {
	m.out = append(m.out, example{"made_" + kind[:strings.IndexByte(kind+"_", '_')], kind, "", d.dev, d.text, "", response, bad})
}

// fault makes wrong numbers, dates, units, names and negations of a sentence,
// and the same sentence said truly in other forms.
func (m *maker) fault(d document, s string) {
	m.put(d, "seeded_true", s, false)
	if t, ok := m.rephrase(s); ok {
		m.put(d, "seeded_true_rephrased", t, false)
	}
	for _, f := range []struct {
		kind string
		make func(string, string) (string, bool)
	}{
		{"seeded_number", m.wrongNumber}, {"seeded_date", m.wrongDate}, {"seeded_unit", m.wrongUnit}, {"seeded_name", m.wrongName}, {"seeded_negation", m.wrongNegation},
	} {
		if t, ok := f.make(s, d.text); ok && t != s {
			if m.rng.IntN(2) == 0 {
				if u, ok := m.clause(t); ok && differs(u, s) {
					t = u
				}
			}
			m.put(d, f.kind, t, true)
		}
	}
	for _, f := range []func(string) (string, bool){m.otherNumber, m.otherDate, m.otherUnit, m.contract} {
		if t, ok := f(s); ok && t != s {
			m.put(d, "seeded_true_form", t, false)
		}
	}
}

// differs reports that a part still has what was changed.
func differs(part, s string) bool {
	return !strings.Contains(s, strings.TrimSuffix(part[1:], "."))
}

func (m *maker) replace(s string, re *regexp.Regexp, f func(string) string) (string, bool) {
	all := re.FindAllStringIndex(s, -1)
	if len(all) == 0 {
		return s, false
	}
	at := all[m.rng.IntN(len(all))]
	t := f(s[at[0]:at[1]])
	return s[:at[0]] + t + s[at[1]:], t != s[at[0]:at[1]]
}

func (m *maker) wrongNumber(s, doc string) (string, bool) {
	if reDate.MatchString(s) || reYear.MatchString(s) {
		return s, false
	}
	return m.replace(s, reNumber, func(w string) string {
		if m.rng.IntN(3) == 0 { // another number of the document
			if all := reNumber.FindAllString(doc, -1); len(all) > 1 {
				if o := all[m.rng.IntN(len(all))]; o != w && strings.Count(s, o) == 0 {
					return o
				}
			}
		}
		n, err := strconv.ParseFloat(strings.ReplaceAll(w, ",", ""), 64)
		if err != nil {
			return w
		}
		n = []float64{n + 1 + float64(m.rng.IntN(9)), n * 2, n * 10, n*1.3 + 1}[m.rng.IntN(4)]
		if strings.Contains(w, ".") {
			return strconv.FormatFloat(n+0.3, 'f', 1, 64)
		}
		if n <= 20 && m.rng.IntN(2) == 0 {
			return wordNumbers[int(n)]
		}
		return strconv.Itoa(int(n))
	})
}

func (m *maker) wrongDate(s, _ string) (string, bool) {
	switch {
	case reDate.MatchString(s):
		return m.replace(s, reDate, func(w string) string {
			if reYear.MatchString(w) && m.rng.IntN(2) == 0 {
				return reYear.ReplaceAllStringFunc(w, m.otherYear)
			}
			for i, n := range monthNames {
				if strings.Contains(w, n) {
					return strings.Replace(w, n, monthNames[(i+1+m.rng.IntN(11))%12], 1)
				}
			}
			return w
		})
	case reDay.MatchString(s):
		return m.replace(s, reDay, func(w string) string {
			for {
				if o := dayNames[m.rng.IntN(7)]; o != w {
					return o
				}
			}
		})
	case reYear.MatchString(s):
		return m.replace(s, reYear, m.otherYear)
	}
	return s, false
}

func (m *maker) otherYear(w string) string {
	n, _ := strconv.Atoi(w)
	return strconv.Itoa(n + []int{1, -1, 10, -10, 3, -7, 100, -20}[m.rng.IntN(8)])
}

func (m *maker) wrongUnit(s, _ string) (string, bool) {
	return m.replace(s, reUnit, func(w string) string {
		n, u, _ := strings.Cut(w, " ")
		kin := unitKin[u]
		if len(kin) == 0 {
			return w
		}
		return n + " " + kin[m.rng.IntN(len(kin))]
	})
}

func (m *maker) wrongName(s, doc string) (string, bool) {
	all := reName.FindAllStringSubmatchIndex(s, -1)
	if len(all) == 0 {
		return s, false
	}
	at := all[m.rng.IntN(len(all))]
	old := s[at[2]:at[3]]
	for _, w := range append(monthNames, dayNames...) {
		if strings.Contains(old, w) {
			return s, false
		}
	}
	name := otherName[m.rng.IntN(len(otherName))]
	if m.rng.IntN(2) == 0 { // another name of the document
		others := reName.FindAllStringSubmatch(doc, -1)
		for range 5 {
			o := others[m.rng.IntN(len(others))][1]
			if !strings.Contains(s, o) && !strings.Contains(o, old) && !strings.Contains(doc, o+" "+old) && !strings.Contains(doc, old+" "+o) && !reDay.MatchString(o) && !reDate.MatchString(o+" 1") {
				name = o
				break
			}
		}
	}
	return s[:at[2]] + name + s[at[3]:], true
}

func (m *maker) wrongNegation(s, _ string) (string, bool) {
	if at := reNot.FindStringIndex(s); at != nil {
		w := s[at[0]:at[1]]
		if strings.HasPrefix(w, "do") || strings.HasPrefix(w, "did") {
			return s, false
		}
		w = strings.TrimSuffix(strings.TrimSuffix(w, " not"), "n't")
		return s[:at[0]] + w + s[at[1]:], true
	}
	at := reVerb.FindStringIndex(s)
	if at == nil || at[1] == len(s) {
		return s, false
	}
	w := s[at[0]:at[1]]
	if w == "do" || w == "does" || w == "did" || strings.HasPrefix(s[at[1]:], "n't") {
		return s, false
	}
	if m.rng.IntN(3) == 0 && (w == "is" || w == "was" || w == "are" || w == "were" || w == "could" || w == "would" || w == "should" || w == "had") {
		return s[:at[1]] + "n't" + s[at[1]:], true
	}
	return s[:at[1]] + []string{" not", " never"}[m.rng.IntN(2)] + s[at[1]:], true
}

// otherNumber writes a number as the sentence does not.
func (m *maker) otherNumber(s string) (string, bool) {
	if reDate.MatchString(s) || reUnit.MatchString(s) {
		return s, false
	}
	return m.replace(s, reNumber, func(w string) string {
		n, err := strconv.Atoi(strings.ReplaceAll(w, ",", ""))
		switch {
		case err != nil:
			return w
		case n <= 20:
			return wordNumbers[n]
		case strings.Contains(w, ","):
			return strings.ReplaceAll(w, ",", "")
		case n >= 10000 && n%1000 == 0:
			return fmt.Sprintf("%d thousand", n/1000)
		}
		return w
	})
}

func (m *maker) otherDate(s string) (string, bool) {
	return m.replace(s, reDate, func(w string) string {
		p := reDate.FindStringSubmatch(w)
		day, month, year := p[1], p[2], p[3]
		if p[4] != "" {
			month, day, year = p[4], p[5], p[6]
		}
		if day == "" {
			return w
		}
		number := 0
		for i, n := range monthNames {
			if n == month {
				number = i + 1
			}
		}
		d, _ := strconv.Atoi(day)
		if year == "" {
			if p[1] != "" {
				return month + " " + day
			}
			return day + " " + month
		}
		return []string{fmt.Sprintf("%s %s %s", day, month, year), fmt.Sprintf("%s %s, %s", month, day, year), fmt.Sprintf("%s-%02d-%02d", year, number, d), fmt.Sprintf("%d.%d.%s", d, number, year)}[m.rng.IntN(4)]
	})
}

func (m *maker) otherUnit(s string) (string, bool) {
	return m.replace(s, reUnit, func(w string) string {
		a, u, _ := strings.Cut(w, " ")
		to, ok := unitSizes[u]
		n, err := strconv.ParseFloat(a, 64)
		if !ok || err != nil || n == 0 {
			return w
		}
		return strconv.FormatFloat(n*to.size, 'g', 4, 64) + " " + to.to
	})
}

func (m *maker) contract(s string) (string, bool) {
	t := strings.NewReplacer(" is not ", " isn't ", " was not ", " wasn't ", " are not ", " aren't ", " were not ", " weren't ", " cannot ", " can't ", " do not ", " don't ", " does not ", " doesn't ", " did not ", " didn't ").Replace(s)
	return t, t != s
}

// clause keeps a part of a sentence that commas set off.
func (m *maker) clause(s string) (string, bool) {
	parts := strings.Split(strings.TrimSuffix(s, "."), ", ")
	if len(parts) < 2 {
		return s, false
	}
	p := parts[m.rng.IntN(len(parts))]
	if len(strings.Fields(p)) < 5 {
		return s, false
	}
	return strings.ToUpper(p[:1]) + p[1:] + ".", true
}

var frames = []string{"According to the text, %s", "The document says that %s", "In short, %s", "As described, %s", "%s", "Yes, %s", "It is said that %s"}

// rephrase says a sentence in a somewhat different form.
func (m *maker) rephrase(s string) (string, bool) {
	t := s
	if m.rng.IntN(2) == 0 {
		t, _ = m.clause(t)
	}
	if m.rng.IntN(2) == 0 {
		if a, b, ok := strings.Cut(strings.TrimSuffix(t, "."), ", "); ok && len(strings.Fields(a)) > 3 && len(strings.Fields(b)) > 3 {
			t = strings.ToUpper(b[:1]) + b[1:] + ", " + a + "."
		}
	}
	t = m.synonyms(t)
	if f := frames[m.rng.IntN(len(frames))]; m.rng.IntN(2) == 0 {
		if f != "%s" && !startsWithName(t) {
			t = strings.ToLower(t[:1]) + t[1:]
		}
		t = fmt.Sprintf(f, t)
	}
	return t, t != s
}

func startsWithName(s string) bool {
	w, _, _ := strings.Cut(s, " ")
	switch strings.ToLower(w) {
	case "the", "a", "an", "in", "it", "this", "these", "they", "if", "when", "he", "she", "his", "her", "there", "for", "after", "before", "some", "many", "most", "you", "your", "as", "on", "at":
		return false
	}
	return true
}

// pairs of words of our own that may stand for one another.
var kin = strings.Fields("large:big small:little begin:start began:started buy:purchase help:assist doctor:physician movie:film child:kid show:display build:construct built:constructed near:close company:firm city:town often:frequently important:key also:additionally however:but because:since about:around main:principal get:obtain use:utilize many:numerous made:created shows:displays helps:assists children:kids job:occupation needs:requires need:require usually:generally different:various quickly:rapidly illness:disease people:individuals house:home road:street wrote:authored famous:renowned")

func (m *maker) synonyms(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		for _, k := range kin {
			a, b, _ := strings.Cut(k, ":")
			if w == a && m.rng.IntN(2) == 0 {
				words[i] = b
			}
		}
		if m.rng.IntN(14) == 0 && (w == "the" || w == "very" || w == "also" || w == "then" || w == "only just" || w == "quite") {
			words[i] = ""
		}
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// claims makes statements of a document, once with the sentence they are from
// and once without it: on the topic, and not said.
func (m *maker) claims(d document, all []string) {
	if len(all) < 4 {
		return
	}
	for range 3 {
		i := m.rng.IntN(len(all))
		s := all[i]
		t, _ := m.rephrase(s)
		j := (i + 1 + m.rng.IntN(len(all)-1)) % len(all)
		if m.rng.IntN(2) == 0 {
			other := all[j]
			if !startsWithName(other) {
				other = strings.ToLower(other[:1]) + other[1:]
			}
			t = strings.TrimSuffix(t, ".") + ", and " + other
		}
		t = m.thin(t)
		without := d
		without.text = strings.Replace(d.text, s, "", 1)
		if m.rng.IntN(2) == 0 {
			m.put(d, "claims_kept", t, false)
		} else {
			m.put(without, "claims_removed", t, true)
		}
	}
}

// thin drops a few words that are not names or numbers, as a paraphrase does.
func (m *maker) thin(s string) string {
	words := strings.Fields(s)
	out := words[:0]
	for i, w := range words {
		if i > 0 && i < len(words)-1 && w == strings.ToLower(w) && !strings.ContainsAny(w, "0123456789,.'") && w != "not" && w != "no" && w != "never" && m.rng.IntN(9) == 0 {
			if m.rng.IntN(3) == 0 && len(w) > 5 {
				out = append(out, fillers[m.rng.IntN(len(fillers))])
			}
			continue
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

var fillers = strings.Fields("notable particular related considerable relevant further regarded featured described reported")

// cloze makes questions of sentences by asking for a name, number or date in
// them; wrong answers are others of the same document.
func (m *maker) cloze(d document, all []string) {
	type answer struct {
		text, sentence string
		kind           int
	}
	var found []answer
	for _, s := range all {
		if x := reName.FindStringSubmatch(s); x != nil {
			found = append(found, answer{x[1], s, 0})
		}
		if x := reDate.FindString(s); x != "" {
			found = append(found, answer{x, s, 1})
		} else if x := reYear.FindString(s); x != "" {
			found = append(found, answer{x, s, 1})
		} else if x := reNumber.FindString(s); x != "" {
			found = append(found, answer{x, s, 2})
		}
		if w := strings.Fields(strings.TrimSuffix(s, ".")); len(w) > 10 {
			n := 1 + m.rng.IntN(4)
			at := 3 + m.rng.IntN(len(w)-n-3)
			found = append(found, answer{strings.Trim(strings.Join(w[at:at+n], " "), ",;:."), s, 3})
		}
	}
	if len(found) < 4 {
		return
	}
	for range 4 {
		a := found[m.rng.IntN(len(found))]
		q := m.ask(a.sentence, a.text, a.kind)
		if q == "" {
			continue
		}
		e := example{"made_answers", "answers_right", "", d.dev, d.text, q, a.text, false}
		m.out = append(m.out, e)
		m.told(e, a.sentence, a.text, a.kind)
		for range 12 {
			b := found[m.rng.IntN(len(found))]
			if b.kind != a.kind && m.rng.IntN(2) == 0 || strings.Contains(a.text, b.text) || strings.Contains(b.text, a.text) || strings.Contains(q, b.text) {
				continue
			}
			e.kind, e.response, e.bad = "answers_wrong", b.text, true
			m.out = append(m.out, e)
			break
		}
	}
}

// told answers a question in a sentence: the source's with the right phrase, or
// with one that the source does not have; and by such a phrase alone.
func (m *maker) told(e example, sentence, answer string, kind int) {
	if m.rng.IntN(2) == 0 {
		e.kind, e.response = "answers_told_right", sentence
		if t, ok := m.rephrase(sentence); ok && strings.Contains(t, answer) {
			e.response = t
		}
		m.out = append(m.out, e)
	}
	invented := otherName[m.rng.IntN(len(otherName))]
	switch kind {
	case 1:
		invented = strconv.Itoa(1500 + m.rng.IntN(520))
	case 2:
		invented = strconv.Itoa(2 + m.rng.IntN(4000))
	case 3:
		invented = fillers[m.rng.IntN(len(fillers))] + " " + []string{"arrangements", "materials", "customs", "measures", "methods"}[m.rng.IntN(5)]
	}
	if strings.Contains(e.context, invented) {
		return
	}
	e.bad = true
	if m.rng.IntN(3) == 0 {
		e.kind, e.response = "answers_invented", invented
		m.out = append(m.out, e)
	}
	if m.rng.IntN(2) == 0 {
		e.kind, e.response = "answers_told_wrong", strings.Replace(sentence, answer, invented, 1)
		if m.rng.IntN(2) == 0 {
			e.response = m.thin(strings.Trim(e.response, ".")) + " in " + otherName[m.rng.IntN(len(otherName))] + "."
		}
		m.out = append(m.out, e)
	}
}

var askers = [][]string{{"Who", "What", "Which person", "Where", "What is the name of"}, {"When", "In what year", "What year"}, {"How many", "What number of", "How much"}, {"What", "Which", "What kind of", "How"}}

// ask makes a question of the other words of a sentence: some of them, around
// the answer, with a few changed.
func (m *maker) ask(sentence, answer string, kind int) string {
	at := strings.Index(sentence, answer)
	if at < 0 {
		return ""
	}
	before, after := strings.Fields(sentence[:at]), strings.Fields(strings.TrimSuffix(sentence[at+len(answer):], "."))
	if len(before) > 9 {
		before = before[len(before)-9:]
	}
	if len(after) > 8 {
		after = after[:8]
	}
	words := []string{askers[kind][m.rng.IntN(len(askers[kind]))]}
	for _, w := range append(before, after...) {
		if m.rng.IntN(4) == 0 {
			continue
		}
		words = append(words, strings.Trim(w, ",;:()\""))
	}
	if len(words) < 5 {
		return ""
	}
	return m.synonyms(strings.Join(words, " ")) + "?"
}

// made runs all generators over documents.
func made(docs []document, seed uint64) []example {
	m := &maker{rng: rand.New(rand.NewPCG(seed, 3))}
	for _, d := range docs {
		all := pick(d.text)
		if len(all) == 0 {
			continue
		}
		for range 3 {
			m.fault(d, all[m.rng.IntN(len(all))])
		}
		m.claims(d, all)
		m.cloze(d, all)
	}
	for range 500 {
		m.template()
	}
	return m.out
}
