package extractive

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"sallyport/internal/knowledge/lexis"
)

// What a place where a word of the question stands is worth for a sentence: in
// the sentence itself 1, around it less.
const (
	inHeading  = 0.7
	inTitle    = 0.65
	inPrevious = 0.5 // the sentence before, same paragraph, or what introduces the list
	inNext     = 0.15
	inPassage  = 0.2 // elsewhere in the passage
)

// Weights of what else speaks for a sentence, beside a coverage of 0 to 1.
const (
	bonusCue       = 0.22 // it has the kind of thing that was asked for
	bonusProximity = 0.12 // the question's neighbours are neighbours here
	bonusOwn       = 0.45 // share of the question in the sentence itself
	bonusRank      = 0.05 // retrieval's own order
)

// The stop rule: below these shares of the question nothing is quoted. Tuned on
// the dev half of the questions on the demo's corpus.
const (
	floorCoverage = 0.36
	floorOwn      = 0.18
)

// Bounds.
const (
	maxQuotes    = 5
	maxSentences = 20_000
	keepShare    = 0.65 // of the best score: what else is worth quoting
	followWeight = 0.4  // of the previous question's words
	tooAlike     = 0.7  // overlap of words from which a sentence says nothing new
	longest      = 60   // words; longer sentences lose a little
)

// sentence is a candidate.
type sentence struct {
	lexis.Sentence
	passage int
	terms   []string // in order, without stop words
	has     map[string]bool
	words   int
	number  bool
	raw     string
	heading int // index of the heading above it, -1 none
}

// term is a word of the question.
type term struct {
	stem   string
	weight float64
}

// choose returns the sentences that answer, best first; none when nothing does.
func choose(ctx context.Context, a ask) ([]quote, error) {
	language := lexis.Guess(a.question)
	words := lexis.NewAnalyser(language)
	sentences, titles, err := take(ctx, a, words)
	if err != nil || len(sentences) == 0 {
		return nil, err
	}
	terms := asked(a, words, language)
	if len(terms) == 0 {
		return nil, nil
	}
	weigh(terms, sentences, titles)
	kind := kindOf(a.question)
	if kind == anything && leans(a, language) {
		kind = kindOf(a.previous)
	}
	type scored struct {
		i               int
		score, coverage float64
		own             float64
	}
	var ranked []scored
	passageHas := make([]map[string]bool, len(a.passages))
	for _, s := range sentences {
		m := passageHas[s.passage]
		if m == nil {
			m = map[string]bool{}
			passageHas[s.passage] = m
		}
		for t := range s.has {
			m[t] = true
		}
	}
	pairs := neighbours(words.Tokens(a.question))
	for i := range sentences {
		if i&1023 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s := &sentences[i]
		if s.Unit == lexis.Heading || s.words < 2 {
			continue
		}
		coverage, own := cover(terms, sentences, i, titles[s.passage], passageHas[s.passage])
		if own == 0 {
			continue
		}
		score := coverage + bonusOwn*own + bonusCue*cue(kind, s) + bonusProximity*near(pairs, s.terms)
		score += bonusRank / float64(1+s.passage)
		if s.words > longest {
			score -= 0.1
		}
		if strings.HasSuffix(s.raw, ":") || strings.HasSuffix(s.raw, "?") {
			score -= 0.2 // it announces, it does not tell
		}
		ranked = append(ranked, scored{i, score, coverage, own})
	}
	slices.SortFunc(ranked, func(x, y scored) int {
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.i, y.i))
	})
	if len(ranked) == 0 {
		return nil, nil
	}
	best := ranked[0]
	if best.coverage < floorCoverage || best.own < floorOwn {
		return nil, nil
	}
	var quotes []quote
	taken := map[int]bool{}
	pick := func(i int, score float64) {
		if taken[i] || len(quotes) == maxQuotes || sentences[i].Unit == lexis.Heading {
			return
		}
		taken[i] = true
		s := sentences[i]
		quotes = append(quotes, quote{passage: s.passage, start: s.Start, end: s.End, score: score, order: i})
	}
	limit := 3
	if kind == steps {
		limit = maxQuotes
	}
	for _, r := range ranked {
		if len(quotes) >= limit || r.score < keepShare*best.score || r.coverage < floorCoverage {
			break
		}
		if !alike(sentences, taken, r.i) {
			pick(r.i, r.score)
		}
	}
	for _, i := range behind(sentences, kind, best.i) {
		pick(i, best.score)
	}
	// What must be done comes in steps: the items behind the best one, or those
	// that the best sentence announces.
	top := sentences[best.i]
	if kind == steps && top.Unit == lexis.Item || strings.HasSuffix(top.raw, ":") {
		for j := best.i + 1; j < len(sentences); j++ {
			next := sentences[j]
			if next.passage != top.passage || next.Unit != lexis.Item {
				break
			}
			pick(j, best.score)
		}
	}
	return quotes, nil
}

// behind are the neighbours without which sentence i is not understood: the one
// that says who "she" is, the one with the name that was asked for, the
// instruction that follows a statement.
func behind(sentences []sentence, k kind, i int) []int {
	var out []int
	s := &sentences[i]
	for j := i; j > 0 && related(&sentences[j-1], &sentences[j]) && len(out) < 2; j-- {
		if !pronoun(sentences[j].raw) {
			break
		}
		out = append(out, j-1)
	}
	if k == someone && len(out) == 0 && capital(s.raw) == 0 && share(s.raw, roleWords, 1) == 0 {
		for j := i - 1; j >= 0 && related(&sentences[j], &sentences[j+1]); j-- {
			if capital(sentences[j].raw) > 0 {
				out = append(out, j)
				break
			}
		}
	}
	if k == steps && !imperative(s.raw) && i+1 < len(sentences) && related(s, &sentences[i+1]) && imperative(sentences[i+1].raw) {
		out = append(out, i+1)
	}
	return out
}

// take splits the passages.
func take(ctx context.Context, a ask, words *lexis.Analyser) ([]sentence, []map[string]bool, error) {
	var (
		all    []sentence
		titles = make([]map[string]bool, len(a.passages))
	)
	for p, passage := range a.passages {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		titles[p] = map[string]bool{}
		for _, t := range words.Tokens(passage.title) {
			if !t.Stop {
				titles[p][t.Term] = true
			}
		}
		heading := -1
		for _, s := range lexis.Sentences(passage.text) {
			if len(all) == maxSentences {
				return all, titles, nil
			}
			raw := passage.text[s.Start:s.End]
			one := sentence{Sentence: s, passage: p, raw: raw, heading: heading, has: map[string]bool{}}
			for _, t := range words.Tokens(raw) {
				one.words++
				one.number = one.number || t.Number
				if !t.Stop {
					one.terms = append(one.terms, t.Term)
					one.has[t.Term] = true
				}
			}
			if s.Unit == lexis.Heading {
				heading = len(all)
			}
			all = append(all, one)
		}
	}
	return all, titles, nil
}

// asked are the words of the question, and those of the one before it, at lower
// weight, when the question leans on it.
func asked(a ask, words *lexis.Analyser, language string) []term {
	var terms []term
	add := func(text string, weight float64) {
		end := -1
		for _, t := range words.Tokens(text) {
			if t.Stop || t.Start < end || len(t.Term) == 1 && !t.Number || askedFor[strings.ToLower(text[t.Start:t.End])] {
				continue // the closed spelling behind a hyphenated word's parts
			}
			if !slices.ContainsFunc(terms, func(x term) bool { return x.stem == t.Term }) {
				terms = append(terms, term{t.Term, weight})
			}
			end = t.End
		}
	}
	add(a.question, 1)
	if leans(a, language) {
		add(a.previous, followWeight)
	}
	return terms[:min(len(terms), 128)]
}

// leans reports whether the question goes on from the one before it.
func leans(a ask, language string) bool {
	return language == "en" && a.previous != "" && lexis.Leans(a.question)
}

// weigh multiplies each word's weight by its rarity among the sentences. A word
// that is nowhere weighs as much as one that is in one sentence.
func weigh(terms []term, sentences []sentence, titles []map[string]bool) {
	n := float64(len(sentences))
	for i := range terms {
		df := 0.0
		for j := range sentences {
			x := &sentences[j]
			if x.has[terms[i].stem] || x.heading >= 0 && sentences[x.heading].has[terms[i].stem] || titles[x.passage][terms[i].stem] {
				df++ // what a heading says, all below it is about
			}
		}
		df = max(df, 1)
		// Smoother than BM25's: in a passage of five sentences the topic's own words
		// are in all of them and still matter.
		terms[i].weight *= math.Log(1 + (n+4)/(df+1))
	}
}

// cover is the share of the question that sentence i has with what stands
// around it, and the share that it has itself.
func cover(terms []term, sentences []sentence, i int, title, passage map[string]bool) (coverage, own float64) {
	s := &sentences[i]
	all := 0.0
	for _, t := range terms {
		all += t.weight
		part := 0.0
		switch {
		case s.has[t.stem]:
			part = 1
			own += t.weight
		case s.heading >= 0 && sentences[s.heading].has[t.stem]:
			part = inHeading
		case title[t.stem]:
			part = inTitle
		case i > 0 && related(&sentences[i-1], s) && sentences[i-1].has[t.stem]:
			part = inPrevious
		case i+1 < len(sentences) && related(s, &sentences[i+1]) && sentences[i+1].has[t.stem]:
			part = inNext
		case passage[t.stem]:
			part = inPassage
		}
		coverage += part * t.weight
	}
	if all == 0 {
		return 0, 0
	}
	return coverage / all, own / all
}

// related reports whether b goes on from a.
func related(a, b *sentence) bool {
	return a.passage == b.passage && a.Unit != lexis.Heading && b.Unit != lexis.Heading
}

// neighbours are the pairs of words that stand side by side in the question,
// stop words left out.
func neighbours(tokens []lexis.Token) [][2]string {
	var pairs [][2]string
	last := ""
	for _, t := range tokens {
		if t.Stop {
			continue
		}
		if last != "" && last != t.Term {
			pairs = append(pairs, [2]string{last, t.Term})
		}
		last = t.Term
	}
	return pairs
}

// near is the share of pairs whose words are at most three apart in terms.
func near(pairs [][2]string, terms []string) float64 {
	if len(pairs) == 0 {
		return 0
	}
	n := 0
	for _, p := range pairs {
		found := false
		for i, t := range terms {
			if t != p[0] && t != p[1] {
				continue
			}
			for _, u := range terms[i+1 : min(i+4, len(terms))] {
				if (u == p[0] || u == p[1]) && u != t {
					found = true
				}
			}
		}
		if found {
			n++
		}
	}
	return float64(n) / float64(len(pairs))
}

// alike reports whether a sentence that was taken says nearly the same as i.
func alike(sentences []sentence, taken map[int]bool, i int) bool {
	for j := range taken {
		both := 0
		for t := range sentences[i].has {
			if sentences[j].has[t] {
				both++
			}
		}
		if least := min(len(sentences[i].has), len(sentences[j].has)); least > 0 && float64(both)/float64(least) > tooAlike {
			return true
		}
	}
	return false
}
