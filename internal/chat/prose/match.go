package prose

import (
	"math"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"

	"sallyport/guard"
	"sallyport/internal/custody/content/open"
)

// Thresholds of support, as shares of a statement's weight that its passages
// cover. Words that stand in few of the passages weigh more.
const (
	enough     = 0.58 // by one passage
	enoughPair = 0.72 // by two together, each giving at least ownShare
	ownShare   = 0.20
	// fewest content words of a statement that claims something checkable.
	fewest = 3
	// widest stretch of a passage that is marked, in sentences.
	widest = 3
)

type evidence struct {
	passage int
	span    guard.Span
}

// matcher finds which passages support a statement, by words alone: the level
// that works without a judge model. A statement's numbers must all stand in what
// supports it, and a negation on one side only is no support.
type matcher struct {
	passages []indexed
	weight   map[string]float64
	unseen   float64
}

type indexed struct {
	text      string
	words     map[string]bool
	sentences []sentence
}

type sentence struct {
	span  guard.Span
	words map[string]bool
	neg   bool
}

func newMatcher(ps []Passage) *matcher {
	m := &matcher{weight: map[string]float64{}}
	df := map[string]int{}
	for _, p := range ps {
		text := open.String(p.Text)
		x := indexed{text: text, words: map[string]bool{}}
		for _, s := range sentences(text) {
			terms, neg := words(text[s.Start:s.End])
			set := map[string]bool{}
			for _, t := range terms {
				set[t] = true
				x.words[t] = true
			}
			x.sentences = append(x.sentences, sentence{m.trim(text, s), set, neg})
		}
		// Headings and titles say what a passage is about.
		terms, _ := words(open.String(p.Source.Title) + " " + p.Source.Anchor)
		for _, t := range terms {
			if !numeric(t) {
				x.words[t] = true
			}
		}
		for t := range x.words {
			df[t]++
		}
		m.passages = append(m.passages, x)
	}
	n := float64(len(ps))
	idf := func(df float64) float64 { return math.Log(1 + (n+1)/(df+0.5)) }
	for t, c := range df {
		m.weight[t] = idf(float64(c))
	}
	m.unseen = idf(0)
	return m
}

// find returns what supports a statement, and whether it claims anything that
// could be supported.
func (m *matcher) find(statement string) (found []evidence, claim bool) {
	terms, neg := words(statement)
	slices.Sort(terms)
	terms = slices.Compact(terms)
	if len(terms) < fewest || strings.HasSuffix(statement, ":") || strings.HasSuffix(statement, "?") {
		return nil, false
	}
	var total float64
	for _, t := range terms {
		total += m.of(t)
	}
	type scored struct {
		passage int
		share   float64
	}
	var best []scored
	for i, p := range m.passages {
		best = append(best, scored{i, m.cover(terms, p.words) / total})
	}
	sort.SliceStable(best, func(i, j int) bool { return best[i].share > best[j].share })
	for _, b := range best {
		if b.share < enough {
			break
		}
		if numbersIn(terms, m.passages[b.passage].words) {
			if span, ok := m.window(b.passage, terms, neg); ok {
				return []evidence{{b.passage, span}}, true
			}
		}
	}
	// Two passages together: a statement that sums up.
	for i := 0; i < len(best) && i < 3; i++ {
		for j := i + 1; j < len(best) && j < 4; j++ {
			a, b := best[i], best[j]
			if b.share < ownShare {
				break
			}
			both := map[string]bool{}
			for t := range m.passages[a.passage].words {
				both[t] = true
			}
			for t := range m.passages[b.passage].words {
				both[t] = true
			}
			joint := m.cover(terms, both) / total
			if joint < enoughPair || joint-a.share < ownShare || !numbersIn(terms, both) {
				continue
			}
			sa, okA := m.window(a.passage, terms, neg)
			sb, okB := m.window(b.passage, terms, neg)
			if okA && okB {
				return []evidence{{a.passage, sa}, {b.passage, sb}}, true
			}
		}
	}
	return nil, true
}

func (m *matcher) of(term string) float64 {
	if w, ok := m.weight[term]; ok {
		return w
	}
	return m.unseen
}

func (m *matcher) cover(terms []string, set map[string]bool) float64 {
	var sum float64
	for _, t := range terms {
		if set[t] {
			sum += m.of(t)
		}
	}
	return sum
}

// window finds the shortest run of sentences that supports best. It fails when
// the sentence that says it says the opposite.
func (m *matcher) window(passage int, terms []string, neg bool) (guard.Span, bool) {
	p := m.passages[passage]
	bestAt, bestN, best := 0, 1, -1.0
	for n := 1; n <= widest; n++ {
		for i := 0; i+n <= len(p.sentences); i++ {
			set := map[string]bool{}
			for _, s := range p.sentences[i : i+n] {
				for t := range s.words {
					set[t] = true
				}
			}
			// A longer window has to be clearly better.
			if c := m.cover(terms, set) * math.Pow(0.9, float64(n-1)); c > best+1e-9 {
				bestAt, bestN, best = i, n, c
			}
		}
	}
	if best < 0 {
		return guard.Span{}, false
	}
	if bestN == 1 && p.sentences[bestAt].neg != neg {
		return guard.Span{}, false
	}
	return guard.Span{Start: p.sentences[bestAt].span.Start, End: p.sentences[bestAt+bestN-1].span.End}, true
}

// span checks a backend's range against the passage; a wrong one marks the whole.
func (m *matcher) span(passage, start, end int) guard.Span {
	text := m.passages[passage].text
	if start < 0 || end > len(text) || start >= end || !utf8.RuneStart(text[start]) || end < len(text) && !utf8.RuneStart(text[end]) {
		return guard.Span{Start: 0, End: len(text)}
	}
	return m.trim(text, guard.Span{Start: start, End: end})
}

func (*matcher) trim(text string, s guard.Span) guard.Span {
	part := text[s.Start:s.End]
	s.Start += len(part) - len(strings.TrimLeftFunc(part, unicode.IsSpace))
	s.End -= len(part) - len(strings.TrimRightFunc(part, unicode.IsSpace))
	if s.End < s.Start {
		s.End = s.Start
	}
	return s
}

func numbersIn(terms []string, set map[string]bool) bool {
	for _, t := range terms {
		if numeric(t) && !set[t] {
			return false
		}
	}
	return true
}

func numeric(term string) bool { return term[0] >= '0' && term[0] <= '9' }

// words are the content words of s, stemmed, and whether s negates.
func words(s string) (terms []string, negates bool) {
	runes := []rune(strings.ToLower(s))
	for i := 0; i < len(runes); {
		r := runes[i]
		switch {
		case unicode.IsDigit(r):
			j := i + 1
			for j < len(runes) && (unicode.IsDigit(runes[j]) || (runes[j] == '.' || runes[j] == ',') && j+1 < len(runes) && unicode.IsDigit(runes[j+1])) {
				j++
			}
			n := strings.ReplaceAll(string(runes[i:j]), ",", "")
			if strings.Contains(n, ".") {
				n = strings.TrimRight(strings.TrimRight(n, "0"), ".")
			}
			if unicode.IsDigit(rune(n[0])) {
				terms = append(terms, n)
			}
			i = j
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
			terms = append(terms, string(r))
			i++
		case unicode.IsLetter(r):
			j := i + 1
			for j < len(runes) && (unicode.IsLetter(runes[j]) || unicode.IsMark(runes[j]) || (runes[j] == '\'' || runes[j] == '’') && j+1 < len(runes) && unicode.IsLetter(runes[j+1])) {
				j++
			}
			w := strings.ReplaceAll(string(runes[i:j]), "’", "'")
			i = j
			if strings.HasSuffix(w, "n't") || negators[w] {
				negates = true
				continue
			}
			w, _, _ = strings.Cut(w, "'")
			if len(w) > 1 && !stopwords[w] {
				terms = append(terms, stem(w))
			}
		default:
			i++
		}
	}
	return terms, negates
}

func stem(w string) string {
	env := snowballstem.NewEnv(w)
	english.Stem(env)
	return env.Current()
}

var negators = set("not no never without cannot nor neither none")

var stopwords = set(`a an and are as at be been being but by can could did do does for from had has have he her his how i if in
into is it its may me more most must my of on or other our out over should so some such than that the their them then there
these they this those to under up upon us was we were what when where which while who whom why will with would you your also
any all each both only very just about after before between during per via`)

func set(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}
