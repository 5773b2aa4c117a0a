package knowledge

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/gate/identity"
	"sallyport/internal/knowledge/lexis"
)

// BM25's constants and the weights of words outside the running text. Headings
// and the title stand for every passage below them.
const (
	bm25K1        = 1.2
	bm25B         = 0.6
	titleWeight   = 1
	headingWeight = 2
)

// The relevance floor. A question's best passage must have floorBest of its
// words, each weighted by rarity, and every further passage floorOther; else
// the honest answer is that nothing was found. Tuned on testdata of this package
// and of the demo's corpus.
const (
	floorBest  = 0.46
	floorTitle = 0.36 // for the best passage of a document whose title has a word of the question
	floorOther = 0.3
	floorScore = 0.25 // of the best score
	// What an everyday word weighs, and one that no document has.
	phrasingShare = 0.6
	unsaidShare   = 0.3
)

// Bounds of a query.
const (
	maxQuery = 8 << 10 // bytes
	maxTerms = 64      // the bits of a mask
	maxHits  = 100
)

// passageBytes is about how long a passage is: some 200 words, short enough to
// quote and to count statistics on, long enough to stand alone.
const passageBytes = 1200

// entry is one document with its words counted. Immutable.
type entry struct {
	doc      Document
	text     content.Text
	passages []Passage
	counts   []passageCounts // by passage
	access   Access          // as the owner of the rights last said
}

type passageCounts struct {
	terms  []termCount // sorted by term
	length int
}

type termCount struct {
	term string // with its language in front
	n    uint16
}

// newEntry cuts a parsed document into passages and counts their words.
func newEntry(doc Document, p Parsed, access Access) *entry {
	text := open.String(p.Text)
	e := &entry{text: p.Text, access: access}
	words := lexis.NewAnalyser(doc.Language)
	title := words.Tokens(open.String(p.Title))
	for _, s := range p.Sections {
		var heads []lexis.Token
		for _, h := range s.Headings {
			heads = append(heads, words.Tokens(open.String(h))...)
		}
		for _, piece := range pieces(text, s) {
			body := strings.TrimRight(text[piece.start:piece.end], "\n ")
			e.passages = append(e.passages, Passage{
				Document: doc.ID, Index: len(e.passages),
				Anchor:    fmt.Sprintf("%s ¶%d", s.Number, piece.paragraph),
				Paragraph: piece.paragraph, Headings: s.Headings,
				Text: content.New(body), Start: piece.start, End: piece.start + len(body),
			})
			// The heading line is counted as a heading, not as running text.
			if piece.start == s.Start && strings.HasPrefix(body, "#") {
				_, body, _ = strings.Cut(body, "\n")
			}
			e.counts = append(e.counts, count(doc.Language, words.Tokens(body), heads, title))
		}
	}
	doc.Passages = len(e.passages)
	e.doc = doc
	return e
}

func count(language string, body, heads, title []lexis.Token) passageCounts {
	n := map[string]int{}
	var c passageCounts
	add := func(tokens []lexis.Token, weight int) {
		for _, t := range tokens {
			c.length++
			if !t.Stop {
				n[t.Term] += weight
			}
		}
	}
	add(body, 1)
	add(heads, headingWeight)
	add(title, titleWeight)
	for term, k := range n {
		c.terms = append(c.terms, termCount{key(language, term), uint16(min(k, math.MaxUint16))})
	}
	slices.SortFunc(c.terms, func(a, b termCount) int { return strings.Compare(a.term, b.term) })
	return c
}

// key keeps the words of different languages apart: their stems can coincide.
func key(language, term string) string { return language + ":" + term }

type piece struct{ start, end, paragraph int }

// pieces cuts a section into passages: whole paragraphs while they fit, and
// sentences of a paragraph that alone is too long.
func pieces(text string, s Section) []piece {
	if len(s.Blocks) == 0 {
		return nil
	}
	var out []piece
	now := piece{start: s.Start, end: s.Start, paragraph: 1}
	flush := func(next, paragraph int) {
		if now.end > now.start {
			out = append(out, now)
		}
		now = piece{start: next, end: next, paragraph: paragraph}
	}
	for i, start := range s.Blocks {
		end := s.End
		if i+1 < len(s.Blocks) {
			end = s.Blocks[i+1]
		}
		if i > 0 && end-now.start > passageBytes {
			flush(start, i+1)
		}
		if end-start <= 2*passageBytes {
			now.end = end
			continue
		}
		for _, sentence := range lexis.Sentences(text[start:end]) {
			if to := start + sentence.End; to-now.start > passageBytes && now.end > now.start {
				flush(start+sentence.Start, i+1)
			}
			now.end = start + sentence.End
		}
	}
	flush(s.End, 0)
	return out
}

// corpus is the words of all documents. Immutable.
type corpus struct {
	entries   []*entry // sorted by id: the order that breaks ties, whatever else is there
	byID      map[string]int
	first     []int    // number of each entry's first passage
	document  []uint32 // of each passage
	lengths   []float64
	postings  map[string][]posting
	languages []string
}

type posting struct {
	passage uint32
	n       uint16
}

func newCorpus(entries []*entry) *corpus {
	slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(a.doc.ID, b.doc.ID) })
	c := &corpus{entries: entries, byID: make(map[string]int, len(entries)), postings: map[string][]posting{}}
	for i, e := range entries {
		c.byID[e.doc.ID] = i
		c.first = append(c.first, len(c.document))
		if !slices.Contains(c.languages, e.doc.Language) {
			c.languages = append(c.languages, e.doc.Language)
		}
		for _, p := range e.counts {
			n := uint32(len(c.document))
			for _, t := range p.terms {
				c.postings[t.term] = append(c.postings[t.term], posting{n, t.n})
			}
			c.document = append(c.document, uint32(i))
			c.lengths = append(c.lengths, float64(p.length))
		}
	}
	slices.Sort(c.languages)
	return c
}

// bitset is a set of documents by their number in the corpus.
type bitset []uint64

func (b bitset) has(i int) bool { return i>>6 < len(b) && b[i>>6]>>(i&63)&1 == 1 }
func (b bitset) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// state is a corpus with the rights to it. Immutable; the library swaps it.
type state struct {
	*corpus
	collections []Collection
	findings    []Finding
	groups      map[string]bitset
	people      map[string]bitset
}

func newState(c *corpus, collections []Collection, findings []Finding) *state {
	s := &state{corpus: c, collections: collections, findings: findings, groups: map[string]bitset{}, people: map[string]bitset{}}
	grant := func(m map[string]bitset, name string, doc int) {
		if name == "" {
			return
		}
		if m[name] == nil {
			m[name] = make(bitset, (len(c.entries)+63)/64)
		}
		m[name].set(doc)
	}
	for i, e := range c.entries {
		for _, g := range e.access.Groups {
			grant(s.groups, g, i)
		}
		for _, p := range e.access.People {
			grant(s.people, p, i)
		}
	}
	return s
}

// visible is the set of documents that who may read: the one place where a
// right is worked out.
func (s *state) visible(who identity.Principal) (bitset, error) {
	set := make(bitset, (len(s.entries)+63)/64)
	if who.Kind == identity.Nobody || who.ID == "" {
		return set, nil
	}
	if !who.GroupsKnown {
		return nil, ErrGroupsUnknown
	}
	for _, g := range who.Groups {
		for i, w := range s.groups[g] {
			set[i] |= w
		}
	}
	for i, w := range s.people[who.ID] {
		set[i] |= w
	}
	return set, nil
}

// queryTerm is a word of the question in one language.
type queryTerm struct {
	key   string
	parts uint64 // the question's words that it stands for
	// joined: a hyphenated word's closed spelling, which stands for its parts and
	// has no weight of its own.
	joined bool
	// near: another word for one that was asked with; it has no weight of its own.
	near bool
	// phrasing: an everyday word or a number, which a document that answers may lack.
	phrasing bool
	idf      float64
}

// query is a question taken apart.
type query struct {
	analysers  map[string]*lexis.Analyser
	byLanguage map[string][]queryTerm
	weights    map[string][]float64 // by language: of each of the question's words
}

func newQuery(languages []string, text string) query {
	text = cut(text, maxQuery)
	q := query{analysers: map[string]*lexis.Analyser{}, byLanguage: map[string][]queryTerm{}, weights: map[string][]float64{}}
	for _, language := range languages {
		var terms []queryTerm
		seen := map[string]int{}
		q.analysers[language] = lexis.NewAnalyser(language)
		tokens := q.analysers[language].Tokens(text)
		bit := map[int]uint64{} // of the words by where they begin
		words := 0
		for _, t := range tokens {
			joined := bit[t.Start] != 0
			if t.Stop || len(t.Term) == 1 && !t.Number {
				continue
			}
			parts := uint64(0)
			if joined { // behind its parts: it covers what they cover
				for at, b := range bit {
					if at >= t.Start && at < t.End {
						parts |= b
					}
				}
			}
			if i, ok := seen[t.Term]; ok {
				bit[t.Start] |= terms[i].parts
				continue
			}
			if !joined {
				if words == maxTerms {
					break
				}
				parts = 1 << words
				words++
				bit[t.Start] = parts
			}
			seen[t.Term] = len(terms)
			terms = append(terms, queryTerm{key: key(language, t.Term), parts: parts, joined: joined,
				phrasing: t.Number || lexis.Everyday(language, t.Term)})
		}
		for _, asked := range terms[:len(terms):len(terms)] {
			_, stem, _ := strings.Cut(asked.key, ":")
			for _, other := range lexis.Near(language, stem) {
				if _, ok := seen[other]; !ok {
					terms = append(terms, queryTerm{key: key(language, other), parts: asked.parts, near: true})
				}
			}
		}
		q.byLanguage[language] = terms
		q.weights[language] = make([]float64, words)
	}
	return q
}

// search ranks the visible passages. Everything that it counts is counted over
// the visible documents: nothing hidden moves a score by a bit.
func (s *state) search(ctx context.Context, visible bitset, text string, k int) ([]Hit, error) {
	n, total := 0, 0.0
	for i, e := range s.entries {
		if visible.has(i) {
			n += len(e.counts)
			for j := range e.counts {
				total += s.lengths[s.first[i]+j] // whole numbers: the sum is exact in any order
			}
		}
	}
	if n == 0 {
		return nil, ctx.Err()
	}
	average := total / float64(n)
	scores := make([]float64, len(s.document))
	masks := make([]uint64, len(s.document))
	q := newQuery(s.languages, text)
	for _, language := range s.languages {
		terms := q.byLanguage[language]
		for i := range terms {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			list := s.postings[terms[i].key]
			df := 0
			for _, p := range list {
				if visible.has(int(s.document[p.passage])) {
					df++
				}
			}
			terms[i].idf = idf(n, df)
			if terms[i].near {
				terms[i].idf *= lexis.NearShare
			} else if !terms[i].joined {
				w := &q.weights[language][bits.TrailingZeros64(terms[i].parts)]
				*w = max(*w, terms[i].weight(n, df))
			}
			for _, p := range list {
				if !visible.has(int(s.document[p.passage])) {
					continue
				}
				tf := float64(p.n)
				norm := bm25K1 * (1 - bm25B + bm25B*s.lengths[p.passage]/average)
				scores[p.passage] += terms[i].idf * tf * (bm25K1 + 1) / (tf + norm)
				masks[p.passage] |= terms[i].parts
			}
		}
	}
	return s.best(q, scores, masks, k), nil
}

// weight is what a word of the question counts when it is asked how much of the
// question a passage has. A rare word that no document has weighs as much as one
// that a single passage has: the question asks for something that may not be here.
func (t queryTerm) weight(n, df int) float64 {
	switch w := idf(n, max(df, 1)); {
	case !t.phrasing:
		return w
	case df == 0:
		return unsaidShare * w
	default:
		return phrasingShare * w
	}
}

func idf(n, df int) float64 {
	return math.Log(1 + (float64(n-df)+0.5)/(float64(df)+0.5))
}

// best applies the floor and keeps the k best. Ties go to the earlier passage.
func (s *state) best(q query, scores []float64, masks []uint64, k int) []Hit {
	type candidate struct {
		passage         int
		score, coverage float64
	}
	var found []candidate
	top, topCoverage := 0.0, 0.0
	for p, score := range scores {
		if score <= 0 {
			continue
		}
		coverage := share(q.weights[s.entries[s.document[p]].doc.Language], masks[p])
		if coverage < floorOther {
			continue
		}
		found = append(found, candidate{p, score, coverage})
		top, topCoverage = max(top, score), max(topCoverage, coverage)
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.passage, b.passage))
	})
	if len(found) == 0 || topCoverage < floorBest && (topCoverage < floorTitle || !s.entitled(q, found[0].passage)) {
		return nil
	}
	var hits []Hit
	for _, c := range found {
		if len(hits) == k || c.score < floorScore*top {
			break
		}
		i := int(s.document[c.passage])
		h := s.hit(i, c.passage-s.first[i])
		h.Score, h.Coverage = c.score, c.coverage
		h.Spans = matched(q, h)
		hits = append(hits, h)
	}
	return hits
}

// entitled reports whether the title of the passage's document has a word of the
// question: a title names what a document is about.
func (s *state) entitled(q query, passage int) bool {
	doc := s.entries[s.document[passage]].doc
	for _, t := range q.analysers[doc.Language].Tokens(open.String(doc.Title)) {
		k := key(doc.Language, t.Term)
		if !t.Stop && slices.ContainsFunc(q.byLanguage[doc.Language], func(x queryTerm) bool { return x.key == k && !x.near && !x.phrasing }) {
			return true
		}
	}
	return false
}

// share is how much of the question's weight mask has.
func share(weights []float64, mask uint64) float64 {
	have, all := 0.0, 0.0
	for i, w := range weights {
		all += w
		if mask>>i&1 == 1 {
			have += w
		}
	}
	if all == 0 {
		return 0
	}
	return have / all
}

func (s *state) hit(document, passage int) Hit {
	e := s.entries[document]
	return Hit{Document: e.doc, Passage: e.passages[passage]}
}

// matched finds the question's words in the passage.
func matched(q query, h Hit) []Span {
	terms := map[string]bool{}
	for _, t := range q.byLanguage[h.Document.Language] {
		terms[t.key] = true
	}
	var spans []Span
	for _, t := range q.analysers[h.Document.Language].Tokens(open.String(h.Passage.Text)) {
		if t.Stop || !terms[key(h.Document.Language, t.Term)] {
			continue
		}
		if n := len(spans); n > 0 && t.Start < spans[n-1].End {
			spans[n-1].Start, spans[n-1].End = min(spans[n-1].Start, t.Start), max(spans[n-1].End, t.End)
			continue
		}
		spans = append(spans, Span{t.Start, t.End})
	}
	return spans
}
