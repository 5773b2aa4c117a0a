package grounding

// Why is the rule that decided on a statement.
type Why string

// The rules, and what is left to the model.
const (
	ByModel      Why = "model"
	ByNumber     Why = "number"
	ByUnit       Why = "unit"
	ByDate       Why = "date"
	ByName       Why = "name"
	ByNegation   Why = "negation"
	ByQuantifier Why = "quantifier"
	ByOpposite   Why = "opposite"
	ByOrder      Why = "order"
)

// conflict is something in the statement that the sources do not say, or deny.
type conflict struct {
	why        Why
	denied     bool // the source says otherwise; else it only does not say so
	first      int  // tokens of the statement
	last       int
	passage    int // where the source says otherwise
	start, end int
}

// Shares of a statement that must be linked to one sentence before a
// difference counts as a contradiction.
const (
	nearShare  = 0.5
	twinShare  = 0.66
	fewestLink = 2
)

// statement is one sentence of the answer with all that is found about it.
type statement struct {
	tokens    []token
	values    []value
	align     alignment
	gaps      []gap
	conflicts []conflict
	missing   struct{ names, numbers, all int }
}

// judge applies the rules to s, whose best sentence is aligned.
func (c *check) judge(s *statement) {
	near := s.align.share >= nearShare && s.align.linked >= fewestLink
	if near {
		s.gaps = s.align.gaps(len(s.tokens))
	}
	c.numbers(s, near)
	c.names(s, near)
	if near {
		c.polarity(s)
	}
	if s.align.share >= twinShare {
		c.order(s)
	}
}

// numbers holds every number and date of the statement against the sources.
func (c *check) numbers(s *statement, near bool) {
	for i := range s.values {
		v := &s.values[i]
		if v.first >= mostTokens {
			near = false
		}
		if near {
			if c.agreesInSentence(s, v) {
				continue
			}
			if u := c.counterpart(s, v); u != nil && !v.soft {
				c.deny(s, whyOf(v, u), v.first, v.last, u.first, u.last)
				s.missing.numbers++
				continue
			}
		}
		if v.soft || c.asked(v) || c.anywhere(v) {
			continue
		}
		s.missing.numbers++
		if near {
			if u := c.rival(s, v); u != nil {
				c.deny(s, whyOf(v, u), v.first, v.last, u.first, u.last)
				continue
			}
		}
		s.conflicts = append(s.conflicts, conflict{why: whyOf(v, v), first: v.first, last: v.last})
	}
}

func whyOf(v, u *value) Why {
	switch {
	case v.date || v.clock:
		return ByDate
	case v.dim != u.dim, v.dim != plain && v.unit != u.unit:
		return ByUnit
	}
	return ByNumber
}

func (c *check) deny(s *statement, why Why, first, last, b1, b2 int) {
	p := s.align.source
	s.conflicts = append(s.conflicts, conflict{why, true, first, last, c.x.sentences[s.align.sentence].passage, p.tokens[b1].start, p.tokens[b2].end})
}

func (c *check) agreesInSentence(s *statement, v *value) bool {
	n := &c.x.sentences[s.align.sentence]
	p := s.align.source
	for i := n.valueA; i < n.valB; i++ {
		if u := &p.values[i]; agree(v, u) && !c.taken(s, v, u) {
			return true
		}
	}
	// A date may be said in two places of the sentence: in May … of 2020.
	return v.date && v.month != 0 && v.year != 0 && c.inParts(p.values[n.valueA:n.valB], v)
}

func (c *check) inParts(values []value, v *value) bool {
	month, year := false, false
	for i := range values {
		u := &values[i]
		month = month || u.date && u.month == v.month && (u.day == v.day || v.day == 0) && u.year == 0
		year = year || u.date && u.year == v.year && u.month == 0
	}
	return month && year
}

// taken reports that u stands for another number of the statement than v: "3
// of her four children" does not say "4 of her four children".
func (c *check) taken(s *statement, v, u *value) bool {
	for _, l := range s.align.links {
		if b := l.b + s.align.first; b >= u.first && b <= u.last && s.tokens[l.a].kind == s.align.source.tokens[b].kind && !s.tokens[l.a].has(unit) {
			return l.a < v.first || l.a > v.last
		}
	}
	return false
}

// counterpart is the value that stands in the sentence where v stands in the
// statement.
func (c *check) counterpart(s *statement, v *value) *value {
	p := s.align.source
	n := &c.x.sentences[s.align.sentence]
	for _, g := range s.gaps {
		if v.last < g.a1 || v.first >= g.a2 {
			continue
		}
		for i := n.valueA; i < n.valB; i++ {
			u := &p.values[i]
			if u.first-s.align.first < g.b2+1 && u.last-s.align.first >= g.b1-1 && alike(v, u) && !c.kept(s, u) {
				return u
			}
		}
	}
	return nil
}

// kept reports that the statement says u too, elsewhere.
func (c *check) kept(s *statement, u *value) bool {
	for i := range s.values {
		if agree(&s.values[i], u) {
			return true
		}
	}
	return false
}

// rival is the only value of v's kind in the sentence.
func (c *check) rival(s *statement, v *value) *value {
	p := s.align.source
	n := &c.x.sentences[s.align.sentence]
	var found *value
	for i := n.valueA; i < n.valB; i++ {
		if u := &p.values[i]; alike(v, u) && !c.kept(s, u) {
			if found != nil {
				return nil
			}
			found = u
		}
	}
	return found
}

func (c *check) asked(v *value) bool {
	for i := range c.questionValues {
		if agree(v, &c.questionValues[i]) {
			return true
		}
	}
	return false
}

// anywhere reports that some source says v, in one value or in parts.
func (c *check) anywhere(v *value) bool {
	for i := range c.x.passages {
		p := &c.x.passages[i]
		for j := range p.values {
			if c.pairs++; c.pairs > mostPairs {
				return false
			}
			if agree(v, &p.values[j]) {
				return true
			}
		}
		if v.date && v.month != 0 && v.year != 0 && c.inParts(p.values, v) {
			return true
		}
	}
	return false
}

// names holds every capitalised word against the sources.
func (c *check) names(s *statement, near bool) {
	if !c.x.cased {
		return
	}
	for i := 0; i < len(s.tokens); i++ {
		t := &s.tokens[i]
		if !t.name() && !(t.first && c.initialName(s, i)) {
			continue
		}
		known := c.says(t)
		if near && i < mostTokens && s.align.share >= twinShare-0.06 && !c.linkedA(s, i) {
			if b := c.otherName(s, i); b >= 0 {
				c.deny(s, ByName, i, i, b, b)
				s.missing.names++
				continue
			}
		}
		if known || c.german || c.inQuestion(t.key) || c.abbreviates(s, i) {
			continue
		}
		s.missing.names++
		s.conflicts = append(s.conflicts, conflict{why: ByName, first: i, last: i})
	}
}

// initialName reports that the first word of a sentence is a name: another
// name follows, or the sources write it with a capital within a sentence.
func (c *check) initialName(s *statement, i int) bool {
	t := &s.tokens[i]
	if t.kind != word || !t.capital || t.has(function|numeral|calendar|titled) {
		return false
	}
	if i+1 < len(s.tokens) && s.tokens[i+1].name() {
		return true
	}
	for _, p := range c.x.places[t.key] {
		if u := c.tokenAt(p); u.name() {
			return true
		}
	}
	return len(c.x.places[t.key]) == 0 && c.w.rarity[t.key] == 0
}

func (c *check) tokenAt(p place) *token {
	q := &c.x.passages[c.x.sentences[p.sentence].passage]
	return &q.tokens[int(p.position)-q.base]
}

// says reports that the word stands in the sources in some form.
func (c *check) says(t *token) bool { return len(c.x.places[t.key]) > 0 }

func (c *check) inQuestion(key uint32) bool { return c.questionKeys[key] }

// abbreviates reports that token i is the initials of words in the sources, or
// part of a name whose initials they have.
func (c *check) abbreviates(s *statement, i int) bool {
	t := &s.tokens[i]
	run := uint32(0)
	letters := 0
	for j := t.start; j < t.end; j++ {
		b := c.answer[j]
		if b < 'A' || b > 'Z' {
			letters = 0
			break
		}
		run = run*31 + uint32(b)
		letters++
	}
	if letters > 1 && c.x.initials[run] {
		return true
	}
	// The other way: World Health Organization for WHO.
	name, n := make([]byte, 0, 8), 0
	for j := i; j >= 0 && j > i-6 && s.tokens[j].kind == word && (s.tokens[j].capital || s.tokens[j].has(function)); j-- {
		if s.tokens[j].capital {
			n = j
		}
	}
	for j := n; j < len(s.tokens) && j < n+8 && s.tokens[j].kind == word && (s.tokens[j].capital || s.tokens[j].has(function)); j++ {
		if s.tokens[j].capital {
			b := c.answer[s.tokens[j].start]
			if b >= 'A' && b <= 'Z' {
				b += 32
			}
			name = append(name, b)
		}
	}
	return len(name) > 1 && len(c.x.places[fnv(stem(name))]) > 0
}

func (c *check) linkedA(s *statement, a int) bool {
	for _, l := range s.align.links {
		if l.a == a {
			return true
		}
	}
	return false
}

// otherName is the token of a name in the sentence that stands where name i
// stands in the statement, and that the statement does not have; -1 for none.
func (c *check) otherName(s *statement, i int) int {
	for _, g := range s.gaps {
		if i < g.a1 || i >= g.a2 || g.a2-g.a1 > 8 || g.b2-g.b1 > 8 {
			continue
		}
		for b := g.b1; b < g.b2; b++ {
			u := &s.align.source.tokens[s.align.first+b]
			if !(u.name() || u.first && u.capital && u.content() && u.kind == word) || c.moved(s, u.key) || c.sameBearer(u.key, s.tokens[i].key) {
				continue
			}
			return s.align.first + b
		}
	}
	return -1
}

// moved reports that the statement has the word too, where the sentence has
// something else.
func (c *check) moved(s *statement, key uint32) bool {
	for i := range s.tokens {
		if s.tokens[i].key == key && !c.linkedA(s, i) {
			return true
		}
	}
	return false
}

// sameBearer reports that two names stand next to each other somewhere: Martin
// and Luther.
func (c *check) sameBearer(a, b uint32) bool {
	return c.x.beside[gram(a, b)] || c.x.beside[gram(b, a)]
}

// polarity looks for a negation, an opposite or a quantifier on one side only.
// Two of them next to each other undo one another: not legal, illegal.
func (c *check) polarity(s *statement) {
	b0 := s.align.first
	source := s.align.source.tokens
	for _, g := range s.gaps {
		if g.b2-g.b1 > 10 || g.a2-g.a1 > 12 {
			continue
		}
		neg := 0
		at, from := -1, -1
		for i := g.a1; i < g.a2; i++ {
			if s.tokens[i].denies() {
				neg++
				at = i
			}
		}
		for j := g.b1; j < g.b2; j++ {
			// At the edge the source may go on with something else.
			if source[b0+j].denies() && !(g.edge && g.a1 == g.a2) {
				neg--
				from = b0 + j
			}
		}
		flips, fa, fb := c.opposites(s, g)
		switch {
		case neg != 0 && flips%2 == 1:
		case flips%2 == 1:
			c.deny(s, ByOpposite, fa, fa, b0+fb, b0+fb)
		case neg != 0:
			if at < 0 {
				at = min(max(g.a1, 0), len(s.tokens)-1)
			}
			if from < 0 {
				from = b0 + min(max(g.b1, 0), s.align.size-1)
			}
			if g.edge && g.b1 >= g.b2 && c.detached(s, at) {
				continue
			}
			c.deny(s, ByNegation, at, at, from, from)
		default:
			c.quantity(s, g)
		}
	}
}

// detached reports that token at stands in a part of the statement of its own,
// behind a comma: "…, not just here".
func (c *check) detached(s *statement, at int) bool {
	last := s.align.links[len(s.align.links)-1]
	return at > last.a+1
}

// opposites counts pairs of antonyms across the gap.
func (c *check) opposites(s *statement, g gap) (n, a, b int) {
	for i := g.a1; i < g.a2; i++ {
		e := s.tokens[i].entry
		if e == nil || e.pole == 0 {
			continue
		}
		for j := g.b1; j < g.b2; j++ {
			if f := s.align.source.tokens[s.align.first+j].entry; f != nil && f.pole == -e.pole {
				n, a, b = n+1, i, j
				break
			}
		}
	}
	return n, a, b
}

// quantity compares all, most, some, few and none across the gap. To say less
// than the source is no fault.
func (c *check) quantity(s *statement, g gap) {
	for i := g.a1; i < g.a2; i++ {
		e := s.tokens[i].entry
		if e == nil || e.class&quantifier == 0 {
			continue
		}
		for j := g.b1; j < g.b2; j++ {
			f := s.align.source.tokens[s.align.first+j].entry
			if f == nil || f.class&quantifier == 0 || f.val == e.val {
				continue
			}
			if e.val > f.val || e.val == 0 || f.val >= 2 && e.val == 1 {
				c.deny(s, ByQuantifier, i, i, s.align.first+j, s.align.first+j)
				return
			}
		}
	}
}

// order finds "B is larger than A" for "A is larger than B": the words are the
// source's, a comparative among them, and two names have changed places.
func (c *check) order(s *statement) {
	if len(s.conflicts) > 0 {
		return
	}
	pivot := -1
	for _, l := range s.align.links {
		if s.tokens[l.a].has(comparative) {
			pivot = l.a
		}
	}
	if pivot < 0 {
		return
	}
	anchor := -1
	for _, l := range s.align.links {
		if l.a == pivot {
			anchor = l.b
		}
	}
	before, after := -1, -1
	for i := range s.tokens[:min(len(s.tokens), mostTokens)] {
		t := &s.tokens[i]
		if !t.content() || c.linkedA(s, i) {
			continue
		}
		for b := range s.align.size {
			if u := &s.align.source.tokens[s.align.first+b]; same(t, u) {
				if i < pivot && b > anchor {
					before = i
				}
				if i > pivot && b < anchor {
					after = i
				}
			}
		}
	}
	if before >= 0 && after >= 0 {
		c.deny(s, ByOrder, before, after, s.align.first+anchor, s.align.first+anchor)
	}
}
