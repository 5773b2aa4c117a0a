package filter

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/guard/pii"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
)

// unit is a stretch of text that is judged in one piece.
type unit struct {
	text   string
	bytes  int
	leaves []conversation.Leaf // what it was joined from
	ends   []int               // end of each leaf in text
	prose  bool
	origin conversation.Origin
	kind   conversation.Kind
	turn   int
	found  []pii.Entity
	values []string // in the arguments of a tool call, once they are decoded
}

// unitsOf joins the texts of a conversation: prose that follows on prose of the
// same turn, origin and kind is one text, as the model will read it; the small
// leaves (names, ids, schema words) that follow each other are one text by lines.
func unitsOf(c *conversation.Conversation) []unit {
	var units []unit
	for l := range c.Texts() {
		n := len(units) - 1
		if n < 0 || !units[n].takes(l) {
			units = append(units, unit{turn: l.Turn, origin: l.Origin, kind: l.Kind, prose: l.Prose})
			n++
		}
		u := &units[n]
		u.bytes += l.Text.Len()
		u.leaves = append(u.leaves, l)
	}
	for i := range units {
		units[i].join()
	}
	return units
}

func (u *unit) takes(l conversation.Leaf) bool {
	return l.Prose == u.prose && l.Turn == u.turn && l.Origin == u.origin && l.Kind == u.kind
}

// join makes the text. One leaf is not copied: a prompt may be megabytes.
func (u *unit) join() {
	u.ends = make([]int, len(u.leaves))
	if len(u.leaves) == 1 {
		u.text = open.String(*u.leaves[0].Text)
		u.ends[0] = len(u.text)
		return
	}
	var b strings.Builder
	b.Grow(u.bytes + len(u.leaves))
	for i, l := range u.leaves {
		if i > 0 && !u.prose {
			b.WriteByte('\n')
		}
		b.WriteString(open.String(*l.Text))
		u.ends[i] = b.Len()
	}
	u.text = b.String()
}

// planted reports whether u is text that could hold planted instructions: the
// indirect shield reads what the user did not write. Names and ids are for the
// direct shield, which reads everything.
func (u *unit) planted() bool { return u.prose && u.turn >= 0 && u.origin == conversation.Untrusted }

// readable are the leaves of u that are sentences, by lines, and the others as one
// run of words.
func (u *unit) readable() (sentences, run string) {
	var long, short []string
	for _, l := range u.leaves {
		switch text := open.String(*l.Text); {
		case l.Number, vocabulary[text]:
		case words(text) > 2:
			long = append(long, text)
		default:
			short = append(short, text)
		}
	}
	return strings.Join(long, "\n"), strings.Join(short, " ")
}

// vocabulary are words that the API and schemas are made of. In a row they read
// like nothing that anybody wrote, and classifiers see attacks in such.
var vocabulary = map[string]bool{
	"type": true, "text": true, "content": true, "function": true, "name": true, "description": true, "parameters": true, "strict": true,
	"object": true, "string": true, "number": true, "integer": true, "boolean": true, "array": true, "null": true,
	"properties": true, "required": true, "items": true, "enum": true, "title": true, "format": true, "additionalProperties": true,
	"default": true, "examples": true, "pattern": true, "const": true, "anyOf": true, "oneOf": true, "allOf": true, "$ref": true, "$defs": true,
	"json_schema": true, "schema": true,
}

// words counts words with letters in text, up to three.
func words(text string) int {
	n, in := 0, false
	for _, r := range text {
		letter := unicode.IsLetter(r)
		switch {
		case letter && (!in || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)):
			if n++; n == 3 {
				return n
			}
			in = true
		case unicode.IsSpace(r):
			in = false
		}
	}
	return n
}

// seamReach is how many characters on each side of a boundary a seam shows at
// least: a classifier's window and the longest number. Only characters that take a
// place count, so padding does not shorten it.
const seamReach = 512

// piece is a leaf as seams see it.
type piece struct {
	text    string
	planted bool
	prose   bool
}

// seam is the neighbourhood of a boundary between leaves: what was split there is
// whole again in it.
type seam []piece

// seamsOf returns the seams of a conversation. Boundaries that lie close together
// share one. Prose is looked at once more without the small leaves between: a name
// or an id does not part what the model reads on.
func seamsOf(units []unit, reach int) []seam {
	var all, prose []piece
	parted := false // a small leaf stands among prose
	for i := range units {
		u := &units[i]
		for _, l := range u.leaves {
			p := piece{open.String(*l.Text), u.planted(), u.prose}
			parted = parted || !p.prose
			all = append(all, p)
			if p.prose {
				prose = append(prose, p)
			}
		}
	}
	seams := seamsIn(all, reach/2, reach)
	if parted {
		seams = append(seams, seamsIn(prose, reach/2, reach)...)
	}
	if own := bySpeaker(units); len(own) > 0 {
		seams = append(seams, seamsIn(own, reach/2, reach)...)
	}
	return seams
}

// bySpeaker is the prose of a conversation sorted by whose it is and what it is:
// what somebody goes on to say after an answer. It is empty where nobody goes on.
func bySpeaker(units []unit) []piece {
	type speaker struct {
		origin conversation.Origin
		kind   conversation.Kind
	}
	var order []speaker
	said := map[speaker][]piece{}
	last, again := speaker{}, false
	for i := range units {
		u := &units[i]
		if !u.prose {
			continue
		}
		who := speaker{u.origin, u.kind}
		if _, known := said[who]; !known {
			order = append(order, who)
		} else {
			again = again || who != last
		}
		last = who
		for _, l := range u.leaves {
			said[who] = append(said[who], piece{open.String(*l.Text), u.planted(), true})
		}
	}
	if !again {
		return nil
	}
	var pieces []piece
	for _, who := range order {
		pieces = append(pieces, said[who]...)
	}
	return pieces
}

// value is a leaf that is neither prose nor the name of a member.
type value struct {
	text           string
	object, column int
	number         bool
}

// valuesOf returns the values of a conversation in its order, those in the
// arguments of tool calls too.
func valuesOf(units []unit) []value {
	const arguments = -1
	var all []value
	for i := range units {
		u := &units[i]
		for _, text := range u.values {
			all = append(all, value{text, arguments, arguments, false})
		}
		if u.prose {
			continue
		}
		for _, l := range u.leaves {
			v := value{open.String(*l.Text), l.Object, l.Column, l.Number}
			if l.Named || l.Call && len(all) > 0 && all[len(all)-1] == v {
				continue // each part of a result has the result's id
			}
			all = append(all, v)
		}
	}
	return all
}

// orders are the ways in which values may be read on: as they stand, object by
// object (what lies deeper does not part the siblings), and column by column (the
// descriptions of all tools, the texts of all parts).
func orders(values []value) [][]piece {
	if len(values) < 2 {
		return nil
	}
	var all [][]piece
	add := func() {
		pieces := make([]piece, len(values))
		for i, v := range values {
			pieces[i].text = v.text
		}
		if !slices.ContainsFunc(all, func(had []piece) bool { return slices.Equal(had, pieces) }) {
			all = append(all, pieces)
		}
	}
	add()
	values = slices.DeleteFunc(values, func(v value) bool { return v.number }) // a number parts no words
	standing := slices.Clone(values)
	slices.SortStableFunc(values, func(a, b value) int { return a.object - b.object })
	add()
	copy(values, standing)
	slices.SortStableFunc(values, func(a, b value) int { return a.column - b.column })
	add()
	return all
}

// prose reports whether all of w is prose. A name or a schema word glued to a
// sentence reads like nothing anybody wrote, so classifiers are shown prose only;
// the small leaves are judged as a run of their own.
func (w seam) prose() bool {
	for _, p := range w {
		if !p.prose {
			return false
		}
	}
	return true
}

// readable is unit.readable of a seam.
func (w seam) readable() (sentences, run []string) {
	for _, p := range w {
		switch {
		case vocabulary[p.text]:
		case words(p.text) > 2:
			sentences = append(sentences, p.text)
		default:
			run = append(run, p.text)
		}
	}
	return sentences, run
}

// seamsIn returns the seams of pieces: each boundary with at least on characters
// behind it, and reach where a seam begins or ends.
func seamsIn(pieces []piece, on, reach int) []seam {
	var seams []seam
	done := cursor{} // boundaries before it have enough text behind them in the last seam
	for i := 0; i+1 < len(pieces); i++ {
		at := cursor{i, len(pieces[i].text)}
		if at.before(done) {
			continue
		}
		from := back(pieces, at, reach)
		enough, to := ahead(pieces, at, on, reach)
		s := slices.Clone(pieces[from.piece : to.piece+1])
		s[len(s)-1].text = s[len(s)-1].text[:to.at]
		s[0].text = s[0].text[from.at:]
		seams = append(seams, s)
		done = enough
	}
	return seams
}

// planted reports whether all of s could hold planted instructions. The words of
// the operator or the user beside a document are theirs: read together they would
// look planted in it.
func (s seam) planted() bool {
	return !slices.ContainsFunc(s, func(p piece) bool { return !p.planted })
}

// joined is a reading of a seam.
type joined struct {
	text   string
	cuts   []int // where pieces were joined, before what is between
	starts []int // where pieces begin
}

func (s seam) join(between func(a, b string) string) joined {
	var b strings.Builder
	j := joined{cuts: make([]int, 0, len(s)), starts: make([]int, 0, len(s))}
	for i, p := range s {
		if i > 0 {
			j.cuts = append(j.cuts, b.Len())
			b.WriteString(between(s[i-1].text, p.text))
		}
		j.starts = append(j.starts, b.Len())
		b.WriteString(p.text)
	}
	j.text = b.String()
	return j
}

// moved is where the byte i stands in another reading of the same seam.
func (j joined) moved(i int, to joined) int {
	piece := sort.SearchInts(j.starts, i+1) - 1
	return to.starts[piece] + i - j.starts[piece]
}

// byDigits joins a number that goes on directly, all else by a space.
func byDigits(a, b string) string {
	digit := func(r rune) bool { return place(r) > 0 }
	x, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(b, func(r rune) bool { return !digit(r) }))
	y, _ := utf8.DecodeLastRuneInString(strings.TrimRightFunc(a, func(r rune) bool { return !digit(r) }))
	if unicode.IsDigit(x) && unicode.IsDigit(y) {
		return ""
	}
	return " "
}

// cursor is a place in pieces.
type cursor struct{ piece, at int }

func (c cursor) before(d cursor) bool {
	return c.piece < d.piece || c.piece == d.piece && c.at < d.at
}

// back goes reach characters back from c.
func back(pieces []piece, c cursor, reach int) cursor {
	for n := 0; ; c = (cursor{c.piece - 1, len(pieces[c.piece-1].text)}) {
		text := pieces[c.piece].text
		for c.at > 0 && n < reach {
			r, size := utf8.DecodeLastRuneInString(text[:c.at])
			c.at -= size
			n += place(r)
		}
		if n >= reach || c.piece == 0 {
			return c
		}
	}
}

// ahead goes on characters on from c, and reach.
func ahead(pieces []piece, c cursor, on, reach int) (half, end cursor) {
	found := false
	for n := 0; ; c = (cursor{c.piece + 1, 0}) {
		text := pieces[c.piece].text
		for c.at < len(text) && n < reach {
			r, size := utf8.DecodeRuneInString(text[c.at:])
			c.at += size
			if n += place(r); n == on && !found {
				half, found = c, true
			}
		}
		if n >= reach {
			return half, c
		}
		if c.piece == len(pieces)-1 {
			return cursor{len(pieces), 0}, c
		}
	}
}

// place is 1 for a character that takes a place for every reader, 0 for white
// space and what normalisation may drop.
func place(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		if r > ' ' && r < 0x7f {
			return 1
		}
		return 0
	case r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0: // fillers that count as letters
		return 0
	case unicode.In(r, unicode.M, unicode.Z, unicode.C):
		return 0
	}
	return 1
}

// crossing parts the entities that no single piece shows, which cannot be masked in
// one place, from the others.
func crossing(found []pii.Entity, cuts []int) (cut, alone []pii.Entity) {
	i := 0
	for _, e := range found {
		for i < len(cuts) && cuts[i] <= e.Span.Start {
			i++
		}
		if i < len(cuts) && cuts[i] < e.Span.End {
			cut = append(cut, e)
		} else {
			alone = append(alone, e)
		}
	}
	return cut, alone
}

// mask writes placeholders over the personal data that policy masks. It reports
// whether all of it could be masked: a number's literal has no place for a word.
func mask(units []unit, rules Rules, subs *Substitutions) bool {
	for i := range units {
		u := &units[i]
		hits := u.found[:0:0]
		for _, e := range u.found {
			if mode, listed := rules.Personal[e.Type]; listed && mode == Mask {
				hits = append(hits, e)
			}
		}
		if len(hits) > 0 && !u.mask(hits, subs) {
			return false
		}
	}
	return true
}

// mask writes placeholders over hits, which are sorted and do not overlap.
func (u *unit) mask(hits []pii.Entity, subs *Substitutions) bool {
	start, first := 0, 0
	for i, l := range u.leaves {
		end := u.ends[i]
		for first < len(hits) && hits[first].Span.End <= start {
			first++
		}
		after := first
		for after < len(hits) && hits[after].Span.Start < end {
			after++
		}
		if first < after {
			if l.Number {
				return false
			}
			*l.Text = content.New(masked(u.text, start, end, hits[first:after], subs))
		}
		start = end
		if !u.prose {
			start++ // the line break between small leaves
		}
	}
	return true
}

// masked returns text[start:end] with placeholders for what hits cover. An entity
// that began in an earlier leaf leaves nothing here: its placeholder stands there.
func masked(text string, start, end int, hits []pii.Entity, subs *Substitutions) string {
	var b strings.Builder
	b.Grow(end - start)
	pos := start
	for _, h := range hits {
		from := max(h.Span.Start, pos)
		b.WriteString(text[pos:from])
		if h.Span.Start >= start {
			b.WriteString(subs.placeholderFor(h.Type, text[h.Span.Start:h.Span.End]))
		}
		pos = min(h.Span.End, end)
	}
	b.WriteString(text[pos:end])
	return b.String()
}
