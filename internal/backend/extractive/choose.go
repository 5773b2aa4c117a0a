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

// What speaks for a sentence: each is between 0 and 1.
const (
	byCoverage   = iota // share of the question that it has with what stands around it
	byOwn               // share of the question that it has itself
	byHeading           // share of the question in the heading above it
	byTitle             // share of the question in the document's title
	byFocus             // it has what the question asks for ("which bag")
	byCue               // it has the kind of thing that was asked for, as far as its words tell
	byMeasure           // it has the number, the time or the person that was asked for
	byProximity         // the question's neighbours are neighbours here
	byRank              // retrieval's own order
	byAnnounce          // it announces and does not tell
	byLong              // it is too long to quote well
	byBack              // it points back to what is not quoted
	bySubject           // it begins with a word of the question
	byNothingNew        // it only repeats a question that asks for more than yes or no
	byIntro             // it stands before the first heading, where a document says what it is for
	byProcedure         // steps are asked for, and the heading announces some
	byNot               // it says that something is not so, and so does the question
	signs
)

// weights of the signs, chosen on the dev questions of the demo's corpus and on
// half of a public set.
var weights = [signs]float64{
	byCoverage: 2.6, byOwn: 0.5, byHeading: 0.1, byTitle: 0.7, byFocus: 0.2, byCue: 1.1, byMeasure: 0.7, byProximity: 0.4,
	byRank: 0.35, byAnnounce: -0.2, byLong: -0.1, byBack: -0.3, bySubject: 0.45, byNothingNew: -2, byIntro: -0.9,
	byProcedure: 0.8, byNot: 1,
}

// The stop rule: below these shares of the question nothing is quoted. Tuned on
// the dev half of the questions on the demo's corpus.
const (
	floorCoverage = 0.36
	floorBest     = 0.25 // of the one that is quoted first
	floorOwn      = 0.18
	// enoughHeading: below a heading with so much of the question, a sentence needs
	// none of it.
	enoughHeading = 0.5
)

// Bounds.
const (
	maxQuotes    = 5
	maxSentences = 20_000
	keepShare    = 0.75 // of the best score: what else is worth quoting
	followWeight = 0.4  // of the previous question's words
	// unwantedWeight is that of what the question sets aside.
	unwantedWeight = 0.2
	tooAlike       = 0.7 // overlap of words from which a sentence says nothing new
	mostOfIt       = 0.8 // share of its words, from the question, from which it says nothing new
	longest        = 60  // words; longer sentences lose a little
	// phrasingShare is what an everyday word weighs that no passage has.
	phrasingShare = 0.3
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
	near   []string // everyday words that may stand for it
	weight float64
	// phrasing: an everyday word or a number, which the answer may lack.
	phrasing bool
	focus    bool // what the question asks for: "which bag"
}

// in is how much of t a set of words has: all, the share of a near word, nothing.
func (t *term) in(has map[string]bool) float64 {
	if has[t.stem] {
		return 1
	}
	for _, n := range t.near {
		if has[n] {
			return lexis.NearShare
		}
	}
	return 0
}

// reading is the passages and the question taken apart.
type reading struct {
	kind      kind
	negated   bool
	terms     []term
	pairs     [][2]string // the question's neighbours
	sentences []sentence
	titles    []map[string]bool // words, by passage
	passages  []map[string]bool // words, by passage
	intro     []bool            // by passage: before the document's first heading
}

// candidate is a sentence that may be quoted.
type candidate struct {
	sentence int
	x        [signs]float64
	score    float64
}

// choose returns the sentences that answer, best first; none when nothing does.
func choose(ctx context.Context, a ask) ([]quote, error) {
	r, err := newReading(ctx, a)
	if err != nil || len(r.terms) == 0 {
		return nil, err
	}
	ranked, err := r.rank(ctx)
	if err != nil || len(ranked) == 0 {
		return nil, err
	}
	if !r.answers(ranked) {
		return nil, nil
	}
	ranked[0].sentence = r.firstStep(ranked[0])
	return r.pick(ranked), nil
}

// answers reports whether the passages are about the question at all: some
// sentence has enough of it, and the best one is not far from it.
func (r *reading) answers(ranked []candidate) bool {
	for _, c := range ranked {
		if c.x[byCoverage] >= floorCoverage && (c.x[byOwn] >= floorOwn || c.x[byHeading] >= enoughHeading) {
			return ranked[0].x[byCoverage] >= floorBest
		}
	}
	return false
}

// firstStep is where the steps begin when all of them are asked for: the best one
// then has nothing of the question that their heading has not.
func (r *reading) firstStep(c candidate) int {
	i := c.sentence
	if r.kind != steps || r.sentences[i].Unit != lexis.Item || c.x[byHeading] < c.x[byOwn] {
		return i
	}
	for i > 0 && r.sentences[i-1].passage == r.sentences[i].passage && r.sentences[i-1].Unit == lexis.Item {
		i--
	}
	return i
}

func newReading(ctx context.Context, a ask) (*reading, error) {
	language := lexis.Guess(a.question)
	words := lexis.NewAnalyser(language)
	sentences, titles, err := take(ctx, a, words)
	if err != nil {
		return nil, err
	}
	r := &reading{kind: kindOf(a.question), negated: negates(a.question), terms: asked(a, words, language), pairs: neighbours(words.Tokens(a.question)),
		sentences: sentences, titles: titles, passages: make([]map[string]bool, len(a.passages))}
	if r.kind == anything && leans(a, language) {
		r.kind = kindOf(a.previous)
	}
	weigh(r.terms, sentences, titles)
	for i := range r.passages {
		r.passages[i] = map[string]bool{}
		r.intro = append(r.intro, strings.HasPrefix(a.passages[i].source.Anchor, "0 "))
	}
	for _, s := range sentences {
		for t := range s.has {
			r.passages[s.passage][t] = true
		}
	}
	return r, nil
}

// rank scores every sentence that has a word of the question, or stands below a
// heading that has, best first.
func (r *reading) rank(ctx context.Context) ([]candidate, error) {
	var ranked []candidate
	for i := range r.sentences {
		if i&1023 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s := &r.sentences[i]
		if s.Unit == lexis.Heading || s.words < 2 {
			continue
		}
		c := candidate{sentence: i, x: r.look(i)}
		if c.x[byOwn] == 0 && c.x[byHeading] < enoughHeading {
			continue
		}
		for sign, v := range c.x {
			c.score += weights[sign] * v
		}
		ranked = append(ranked, c)
	}
	slices.SortFunc(ranked, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.sentence, y.sentence))
	})
	return ranked, nil
}

// pick takes the best, what else is nearly as good, and what they need to be
// understood.
func (r *reading) pick(ranked []candidate) []quote {
	var quotes []quote
	taken := map[int]bool{}
	best := ranked[0]
	take := func(i, lead int) {
		if taken[i] || len(quotes) == maxQuotes || r.sentences[i].Unit == lexis.Heading {
			return
		}
		taken[i] = true
		s := r.sentences[i]
		quotes = append(quotes, quote{passage: s.passage, start: s.Start, end: s.End, order: i, lead: lead})
	}
	limit := 3
	if r.kind == steps {
		limit = maxQuotes
	}
	take(best.sentence, best.sentence)
	for _, c := range ranked[1:] {
		if len(quotes) >= limit || c.score < keepShare*best.score || c.x[byCoverage] < floorCoverage {
			break
		}
		if !alike(r.sentences, taken, c.sentence) {
			take(c.sentence, c.sentence)
		}
	}
	for _, i := range behind(r.sentences, r.kind, best.sentence) {
		take(i, best.sentence)
	}
	for _, i := range r.stepsBehind(best.sentence) {
		take(i, best.sentence)
	}
	return quotes
}

// stepsBehind are the items behind sentence i when steps are asked for, or those
// that it announces: what must be done comes in steps.
func (r *reading) stepsBehind(i int) []int {
	var out []int
	s := r.sentences[i]
	if (r.kind != steps || s.Unit != lexis.Item) && !strings.HasSuffix(s.raw, ":") {
		return nil
	}
	for j := i + 1; j < len(r.sentences) && len(out) < maxQuotes; j++ {
		if next := r.sentences[j]; next.passage != s.passage || next.Unit != lexis.Item {
			break
		}
		out = append(out, j)
	}
	return out
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
		end, after := -1, false
		for _, t := range words.Tokens(text) {
			word, focus := strings.ToLower(text[t.Start:t.End]), after
			after = word == "which" || word == "what"
			if t.Stop || t.Start < end || len(t.Term) == 1 && !t.Number || askedFor[word] {
				continue // the closed spelling behind a hyphenated word's parts
			}
			if !slices.ContainsFunc(terms, func(x term) bool { return x.stem == t.Term }) {
				terms = append(terms, term{stem: t.Term, near: lexis.Near(language, t.Term), weight: weight,
					phrasing: t.Number || lexis.Everyday(language, t.Term), focus: focus})
			}
			end = t.End
		}
	}
	wanted, unwanted := contrast(a.question)
	add(wanted, 1)
	add(unwanted, unwantedWeight)
	if leans(a, language) {
		add(a.previous, followWeight)
	}
	return terms[:min(len(terms), 128)]
}

// contrast takes what is not meant off a question: "soap instead of alcohol".
func contrast(question string) (wanted, unwanted string) {
	low := strings.ToLower(question)
	for _, word := range []string{" instead of ", " rather than "} {
		if i := strings.Index(low, word); i > 0 && len(low) == len(question) {
			return question[:i], question[i+len(word):]
		}
	}
	return question, ""
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
		t := &terms[i]
		df := 0.0
		for j := range sentences {
			x := &sentences[j]
			about := t.in(titles[x.passage]) // what a title or heading says, all below it is about
			if x.heading >= 0 {
				about = max(about, t.in(sentences[x.heading].has))
			}
			df += max(about, t.in(x.has))
		}
		if df == 0 && t.phrasing {
			t.weight *= phrasingShare
		}
		df = max(df, 1)
		// Smoother than BM25's: in a passage of five sentences the topic's own words
		// are in all of them and still matter.
		terms[i].weight *= math.Log(1 + (n+4)/(df+1))
	}
}

// look takes the signs of sentence i.
func (r *reading) look(i int) (x [signs]float64) {
	s := &r.sentences[i]
	all, focus, found := 0.0, 0.0, 0.0
	for j := range r.terms {
		t := &r.terms[j]
		all += t.weight
		own, above, title := t.in(s.has), 0.0, t.in(r.titles[s.passage])
		if s.heading >= 0 {
			above = t.in(r.sentences[s.heading].has)
		}
		x[byOwn] += own * t.weight
		x[byHeading] += above * t.weight
		x[byTitle] += title * t.weight
		x[byCoverage] += max(own, inHeading*above, inTitle*title, r.around(t, i)) * t.weight
		found += own
		if t.focus {
			focus += t.weight
			x[byFocus] += own * t.weight
		}
	}
	for _, sign := range []int{byOwn, byHeading, byTitle, byCoverage} {
		x[sign] /= max(all, math.SmallestNonzeroFloat64)
	}
	x[byFocus] /= max(focus, math.SmallestNonzeroFloat64)
	x[byNothingNew] = either(r.kind != anything && r.kind != whether && found > mostOfIt*float64(len(s.has)), 1, 0)
	if s.heading >= 0 {
		x[byProcedure] = either(r.kind == steps && announces(r.sentences[s.heading].raw), 1, 0)
	}
	x[byIntro] = either(r.intro[s.passage], 1, 0)
	x[bySubject] = r.subject(s)
	x[byNot] = either(r.negated && negates(s.raw), 1, 0)
	x[byProximity] = near(r.pairs, s.terms)
	if c := cue(r.kind, s); r.kind.measured() {
		x[byMeasure] = c
	} else {
		x[byCue] = c
	}
	x[byRank] = 1 / float64(1+s.passage)
	x[byAnnounce] = either(strings.HasSuffix(s.raw, ":") || strings.HasSuffix(s.raw, "?"), 1, 0)
	x[byLong] = either(s.words > longest, 1, 0)
	x[byBack] = either(pronoun(s.raw), 1, 0)
	return x
}

// subject is high when a word of the question stands early in s.
func (r *reading) subject(s *sentence) float64 {
	for at, word := range s.terms {
		for j := range r.terms {
			if r.terms[j].stem == word {
				return 1 / float64(1+at)
			}
		}
	}
	return 0
}

// around is what t counts for sentence i where its neighbours or the rest of the
// passage have it.
func (r *reading) around(t *term, i int) float64 {
	s := &r.sentences[i]
	part := inPassage * t.in(r.passages[s.passage])
	if i > 0 && related(&r.sentences[i-1], s) {
		part = max(part, inPrevious*t.in(r.sentences[i-1].has))
	}
	if i+1 < len(r.sentences) && related(s, &r.sentences[i+1]) {
		part = max(part, inNext*t.in(r.sentences[i+1].has))
	}
	return part
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
