package grounding

import (
	"math"
	"sort"
)

// Features of one statement. An answer's are those of its worst statement and
// the means over all; see Row.
const (
	fCover      = iota // weight of content words that some source has
	fSoft              // the same, with half marks for words that begin alike
	fBest              // in the best sentence
	fWindow            // in the best sentence and two on either side
	fSecond            // in the second best sentence
	fPairs             // neighbouring words that are neighbours in a source
	fTriples           // three in a row
	fAligned           // weight aligned in order with the best sentence
	fRun               // longest run shared with it, over the length
	fMissing           // content words no source has, at most 8
	fMissTop           // weight of the rarest of them
	fMissSum           // weight of all of them
	fNames             // names no source has
	fNumbers           // numbers no source has
	fDenied            // conflicts with the aligned sentence
	fUnsaid            // conflicts without one
	fNegation          // a conflict by negation, opposite, quantifier or order
	fLength            // logarithm of the content words
	fSources           // logarithm of the sources' tokens
	fSubjective        // share of words of the speaker's own view
	fIdle              // not a claim: a question, greeting, refusal
	fFunction          // share of function words
	fSwap              // weight of words that stand where the source has others
	fQuestion          // weight of content words that the question has
	fNew               // weight in sources of the words the question does not have
	fNear              // nearness of the new words to the question's in the sources
	fNearBest          // the same, over the nearest that any place gets
	fNearType          // the same, over the nearest of the kind the question asks for
	fSentenceQ         // weight of the question in the sentence of the new words
	fSentenceQB        // the same, over the best sentence's
	fType              // the new words are of the kind asked for: 1; of another: -1; not known: 0
	fAsks              // the kind that the question asks for, 0 for unknown
	fShort             // four words or fewer
	fHasQ              // a question was given
	fGap               // best minus second
	fWordCos           // mean over content words of the highest cosine to a source word
	fWordLow           // the lowest of them
	fWordMiss          // mean over the words no source has
	fSentence          // highest cosine to a source sentence
	fVectors           // vectors were given
	features
)

// FeatureNames are the names of a statement's features, in order.
var FeatureNames = [features]string{
	"cover", "soft", "best", "window", "second", "pairs", "triples", "aligned", "run", "missing", "miss top", "miss sum", "names", "numbers", "denied", "unsaid", "negation",
	"length", "sources", "subjective", "idle", "function", "swap", "question", "new", "near", "near best", "near type", "sentence q", "sentence q best", "type", "asks", "short", "has q", "gap",
	"word cos", "word low", "word miss", "sentence cos", "vectors",
}

// Features is what is measured of one statement.
type Features [features]float32

// Width is the length of a Row.
const Width = 2*features + 2

// Row is the input of the trees for an answer: the features of its worst
// statement, their means, the number of statements and the share that makes no
// claim. A single statement's row is that of an answer of one.
func Row(all []Features) [Width]float32 {
	var row [Width]float32
	if len(all) == 0 {
		return row
	}
	worst := 0
	for i := range all {
		if all[i].plain() < all[worst].plain() {
			worst = i
		}
	}
	copy(row[:], all[worst][:])
	idle := float32(0)
	for i := range all {
		for j, v := range all[i] {
			row[features+j] += v / float32(len(all))
		}
		idle += all[i][fIdle]
	}
	row[2*features] = float32(math.Log1p(float64(len(all))))
	row[2*features+1] = idle / float32(len(all))
	return row
}

// plain orders statements without the trees.
func (f *Features) plain() float32 {
	return f[fWindow] + f[fPairs] - f[fDenied] - 0.5*f[fUnsaid] + f[fIdle]
}

// Floor is the score that the trees are measured against: one minus the share
// of neighbouring words that are neighbours in a source.
func (f *Features) Floor() float64 { return 1 - float64(f[fPairs]) }

func (c *check) features(s *statement, best [3]int, share [3]float64, why ignored) Features {
	var f Features
	m := c.w
	total, got, soft, ask := 0.0, 0.0, 0.0, 0.0
	words, content, functions, subjectives := 0, 0, 0, 0
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind == stop {
			continue
		}
		words++
		if t.has(subjective) {
			subjectives++
		}
		if !t.content() {
			functions++
			continue
		}
		content++
		w := m.weight(t)
		total += w
		if c.questionKeys[t.key] {
			ask += w
		}
		if c.says(t) {
			got, soft = got+w, soft+w
			continue
		}
		if h := prefix(c.answer, t); h != 0 && c.x.prefixes[h] {
			soft += w / 2
		}
		if c.questionKeys[t.key] {
			continue
		}
		f[fMissing]++
		f[fMissTop] = max(f[fMissTop], float32(w))
		f[fMissSum] += float32(w)
	}
	f[fMissing], f[fMissSum] = min(f[fMissing], 8), min(f[fMissSum], 8)
	if total > 0 {
		f[fCover], f[fSoft], f[fQuestion] = float32(got/total), float32(soft/total), float32(ask/total)
	}
	if words > 0 {
		f[fSubjective], f[fFunction] = float32(subjectives)/float32(words), float32(functions)/float32(words)
	}
	f[fBest], f[fSecond], f[fGap] = float32(share[0]), float32(share[1]), float32(share[0]-share[1])
	f[fWindow] = float32(c.x.union(m, s.tokens, best[0]))
	f[fPairs], f[fTriples] = c.grams(s)
	f[fAligned] = float32(s.align.share)
	if words > 0 {
		f[fRun] = float32(s.align.run) / float32(min(words, mostTokens))
	}
	f[fNames], f[fNumbers] = float32(min(s.missing.names, 4)), float32(min(s.missing.numbers, 4))
	for _, x := range s.conflicts {
		switch {
		case x.why == ByNegation || x.why == ByOpposite || x.why == ByQuantifier || x.why == ByOrder:
			f[fNegation] = 1
			f[fDenied]++
		case x.denied:
			f[fDenied]++
		default:
			f[fUnsaid]++
		}
	}
	f[fDenied], f[fUnsaid] = min(f[fDenied], 4), min(f[fUnsaid], 4)
	f[fLength] = float32(math.Log1p(float64(content)))
	f[fSources] = float32(math.Log1p(float64(c.x.tokens)))
	if why != checked {
		f[fIdle] = 1
	}
	f[fSwap] = c.swapped(s)
	if words <= 4 {
		f[fShort] = 1
	}
	c.answers(s, &f)
	c.meanings(s, best[0], &f)
	return f
}

// grams is the share of neighbouring pairs and triples of the statement that a
// source has.
func (c *check) grams(s *statement) (two, three float32) {
	var a, b uint32
	n, pairs, triples, have2, have3 := 0, 0, 0, 0, 0
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind == stop {
			continue
		}
		if n > 0 {
			pairs++
			if c.x.grams[gram(b, t.key)] {
				have2++
			}
		}
		if n > 1 {
			triples++
			if c.x.grams[gram3(a, b, t.key)] {
				have3++
			}
		}
		a, b = b, t.key
		n++
	}
	if n == 1 && len(c.x.places[b]) > 0 {
		return 1, 1
	}
	if pairs > 0 {
		two = float32(have2) / float32(pairs)
	}
	if three = two; triples > 0 {
		three = float32(have3) / float32(triples)
	}
	return two, three
}

// swapped is the weight of content words of the statement that stand where the
// sentence has other ones, over the statement's.
func (c *check) swapped(s *statement) float32 {
	if s.align.share < nearShare {
		return 0
	}
	got, total := 0.0, 0.0
	for i := range s.tokens {
		if s.tokens[i].content() {
			total += c.w.weight(&s.tokens[i])
		}
	}
	for _, g := range s.gaps {
		other := false
		for b := g.b1; b < g.b2; b++ {
			other = other || s.align.source.tokens[s.align.first+b].content()
		}
		if !other || g.a2-g.a1 > 4 {
			continue
		}
		for i := g.a1; i < g.a2; i++ {
			if s.tokens[i].content() {
				got += c.w.weight(&s.tokens[i])
			}
		}
	}
	if total == 0 {
		return 0
	}
	return float32(got / total)
}

// Kinds of answers that questions ask for.
const (
	anything = iota
	person
	moment
	locality
	amount
)

// expect says what kind of answer the question asks for.
func expect(text string, tokens []token) int {
	for i := range tokens {
		t := &tokens[i]
		switch plainWord(text[t.start:t.end]) {
		case "who", "whom", "whose", "wer", "wem", "wen", "qui", "quien", "chi", "quem", "wie's", "кто":
			return person
		case "when", "wann", "quand", "cuando", "quando", "wanneer", "когда", "year", "date", "month", "decade", "century", "jahr", "annee", "ano", "anno", "jaar", "год", "году":
			return moment
		case "where", "wo", "woher", "wohin", "ou'", "donde", "dove", "onde", "waar", "где", "city", "country", "state", "place", "town", "location":
			return locality
		case "many", "much", "percentage", "percent", "number", "long", "old", "far", "tall", "high", "often", "large", "population", "viele", "wieviel", "combien", "cuantos", "cuantas", "cuanto", "quanti", "quante", "quanto", "quantos", "quantas", "hoeveel", "сколько", "age":
			return amount
		}
	}
	return anything
}

// isOf reports whether token t is of the kind asked for: 1, 0 or -1.
func isOf(t *token, kind int) int {
	dated := t.kind == number || t.has(calendar)
	counted := t.kind == number || t.has(numeral)
	name := t.kind == word && t.capital && !t.has(function|calendar|numeral)
	yes := false
	switch kind {
	case person, locality:
		yes = name
	case moment:
		yes = dated
	case amount:
		yes = counted
	default:
		return 0
	}
	if yes {
		return 1
	}
	return -1
}

// reach is the distance in tokens over which nearness halves.
const reach = 8

// answers measures how well the new words of the statement answer the
// question, by where they stand in the sources.
func (c *check) answers(s *statement, f *Features) {
	if len(c.questionTerms) == 0 {
		return
	}
	f[fHasQ], f[fAsks] = 1, float32(c.expects)
	var fresh []*token
	have, total, kind := 0.0, 0.0, 0
	for i := range s.tokens {
		t := &s.tokens[i]
		if !t.content() || c.questionKeys[t.key] {
			continue
		}
		w := c.w.weight(t)
		total += w
		if c.says(t) {
			have += w
		}
		fresh = append(fresh, t)
		kind += isOf(t, c.expects)
	}
	if total > 0 {
		f[fNew] = float32(have / total)
	}
	switch {
	case kind > 0, c.expects == amount && kind > -len(fresh):
		f[fType] = 1
	case kind < 0:
		f[fType] = -1
	}
	near, sentence := c.nearest(fresh)
	f[fNear] = float32(near)
	f[fNearBest] = ratio(near, c.nearBest)
	f[fNearType] = ratio(near, c.nearType)
	if sentence >= 0 {
		f[fSentenceQ] = float32(c.sentenceQ[sentence])
		f[fSentenceQB] = ratio(float64(c.sentenceQ[sentence]), c.sentenceBest)
	}
}

func ratio(a, b float64) float32 {
	if b <= 0 {
		return 0
	}
	return float32(min(a/b, 2))
}

// mostAnchors bounds the places that are tried for the words of an answer.
const mostAnchors = 24

// nearest is the greatest nearness to the question among the places where the
// words stand together, and the sentence there.
func (c *check) nearest(words []*token) (best float64, sentence int32) {
	sentence = -1
	tried := 0
	together := 0.0
	for _, t := range words {
		for _, p := range c.x.places[t.key] {
			if tried++; tried > mostAnchors {
				return best, sentence
			}
			with := 0.0
			for k, u := range words {
				if k == 8 {
					break
				}
				if d, ok := c.distance(u.key, p.position); ok && int(d) <= len(words)+3 {
					with += c.w.weight(u)
				}
			}
			n := c.nearness(p.position)
			if with > together+0.2 || with > together-0.2 && n > best {
				best, sentence = n, p.sentence
			}
			together = max(together, with)
		}
	}
	return best, sentence
}

// nearness is the share of the question's weight that stands around a
// position, less the farther away.
func (c *check) nearness(position int32) float64 {
	got := 0.0
	for _, q := range c.questionTerms {
		if d, ok := c.distance(q.key, position); ok {
			got += q.weight * reach / (reach + float64(d))
		}
	}
	return got / c.questionWeight
}

// distance is from position to the nearest place of a word.
func (c *check) distance(key uint32, position int32) (int32, bool) {
	p := c.x.places[key]
	if len(p) == 0 {
		return 0, false
	}
	i := sort.Search(len(p), func(i int) bool { return p[i].position >= position })
	best := int32(math.MaxInt32)
	if i < len(p) {
		best = p[i].position - position
	}
	if i > 0 {
		best = min(best, position-p[i-1].position)
	}
	return best, true
}

// term is a content word of the question.
type term struct {
	key    uint32
	weight float64
}

// mostTerms bounds the words of a question that are looked for.
const mostTerms = 24

// ask reads the question, and where the sources speak of it.
func (c *check) ask(question string) {
	c.questionKeys = map[uint32]bool{}
	tokens := tokenize(question)
	c.questionValues = values(question, tokens)
	c.expects = expect(question, tokens)
	for i := range tokens {
		t := &tokens[i]
		if !t.content() || t.has(asking) || c.questionKeys[t.key] {
			continue
		}
		c.questionKeys[t.key] = true
		if len(c.questionTerms) < mostTerms {
			w := c.w.weight(t)
			c.questionTerms = append(c.questionTerms, term{t.key, w})
			c.questionWeight += w
		}
	}
	if len(c.questionTerms) == 0 {
		return
	}
	c.sentenceQ = make([]float32, len(c.x.sentences))
	for _, q := range c.questionTerms {
		last := int32(-1)
		for _, p := range c.x.places[q.key] {
			if p.sentence != last {
				last = p.sentence
				c.sentenceQ[last] += float32(q.weight / c.questionWeight)
			}
		}
	}
	top := 0
	for i, v := range c.sentenceQ {
		if v > c.sentenceQ[top] {
			top = i
		}
	}
	if len(c.sentenceQ) == 0 {
		return
	}
	c.sentenceBest = float64(c.sentenceQ[top])
	c.candidates()
}

// mostSentences bounds the sentences that are searched for other answers.
const mostSentences = 48

// candidates finds how near the best words around the question come, of any
// kind and of the kind asked for.
func (c *check) candidates() {
	looked := 0
	for i, v := range c.sentenceQ {
		if float64(v) < 0.5*c.sentenceBest || v == 0 {
			continue
		}
		if looked++; looked > mostSentences {
			return
		}
		n := c.x.sentences[i]
		p := &c.x.passages[n.passage]
		for j := n.first; j < min(n.last, n.first+mostTokens); j++ {
			t := &p.tokens[j]
			if !t.content() || c.questionKeys[t.key] {
				continue
			}
			near := c.nearness(int32(p.base + j))
			c.nearBest = max(c.nearBest, near)
			if isOf(t, c.expects) >= 0 {
				c.nearType = max(c.nearType, near)
			}
		}
	}
}
