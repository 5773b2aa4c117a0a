package normalize

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// Bounds of the work on one text.
const (
	// maxDepth is how many disguises may lie inside each other.
	maxDepth = 3
	// viewFactor and viewFloor bound the length of all views of a text:
	// viewFactor times its length and viewFloor bytes.
	viewFactor = 8
	viewFloor  = 16 << 10
	// margin is how much text around a disguised word belongs to its view:
	// enough for a sentence, so that a long text is not read twice for one word.
	margin = 160
)

// Views are further readings of the same text, for detectors to score beside
// it, never instead of it: what is in them is what a clever reader would find,
// each with the kind of disguise that was undone last. Offsets of a view lead to the original
// text; what was encoded leads to the whole of its code.
//
// Plain prose has no views, and finding that out costs a few microseconds per
// KiB and allocates nothing. Disguises inside each other are read three deep.
// The length of all views together is at most eight times that of the
// text and 16 KiB; after those of a text with more comes an empty view of kind Overflow:
// not all of it was read. Views are made as they are asked for: who
// needs them for several detectors runs the detectors in one loop.
func (r Reading) Views() iter.Seq2[Kind, Reading] {
	return func(yield func(Kind, Reading) bool) {
		if t := scan(r.Text); t != 0 || len(r.payloads) > 0 {
			disguised(r, t, yield)
		}
	}
}

// disguised is apart from Views so that plain texts cost no allocation.
func disguised(r Reading, t trigger, yield func(Kind, Reading) bool) {
	f := finder{left: viewFactor*len(r.original) + viewFloor, yield: yield}
	if f.views(&r, t, 0); f.full && !f.done {
		o := Reading{original: r.original, Hidden: true, kinds: r.kinds}
		o.kinds.add(Overflow)
		yield(Overflow, o)
	}
}

// Disguises are the kinds in r and in all of its views.
func (r Reading) Disguises() Set {
	all := r.kinds
	for k, v := range r.Views() {
		all |= v.kinds
		all.add(k)
	}
	return all
}

// finder finds views.
type finder struct {
	left  int // bytes that views may still have
	yield func(Kind, Reading) bool
	done  bool // nobody asks for more
	full  bool // something was left out
}

// fitting is how many of edits there is room for.
func (f *finder) fitting(edits []edit) int {
	sum := 0
	for i, e := range edits {
		if sum += len(e.text); sum > f.left {
			return i
		}
	}
	return len(edits)
}

// edit says that text stands where Reading.cased has [start:end).
type edit struct {
	start, end int
	text       string
}

// family finds the edits that undo one kind of disguise, in order.
type family struct {
	kind Kind
	find func(r *Reading) []edit
	// margin is how much text around an edit is shown, 0 for none.
	margin int
}

// families by the triggers that call for them. The order is that of Views.
var families = [...]struct {
	trigger trigger
	family
}{
	{spelledOut, family{Spelled, findSpelled, margin}},
	{leetWords, family{Leet, findLeet, margin}},
	{longRun, family{Glued, findGlued, margin}},
	{percents, family{Percent, findPercent, margin}},
	{ampersands, family{Entities, findEntities, margin}},
	{backslashes, family{Escapes, findEscapes, margin}},
	{equals, family{QuotedPrintable, findQuotedPrintable, margin}},
	{longRun, family{Base64, findBase64, 0}},
	{longRun, family{Gzip, findGzip, 0}},
	{longRun, family{Base32, findBase32, 0}},
	{longRun | hexPairs, family{Hex, findHex, 0}},
	{numbers, family{Codes, findCodes, 0}},
	{punycodes, family{Punycode, findPunycode, margin}},
	{strange, family{Caesar, findCaesar, 0}},
	{strange, family{Atbash, findAtbash, 0}},
	{strange, family{Reversed, findReversed, 0}},
	{strange, family{Reversed, findReversedWords, 0}},
	{pigLatin, family{PigLatin, findPigLatin, 0}},
	{dashes, family{Morse, findMorse, 0}},
	{codeWords, family{Nato, findNato, 0}},
	{highBytes, family{Braille, findBraille, 0}},
	{roleMarks, family{Role, findRoles, margin}},
	{quotes | equals, family{Literals, findLiterals, margin}},
	{tags, family{Markup, findMarkup, margin}},
	{tags, family{Comment, findComments, 0}},
	{tags, family{Concealed, findConcealed, 0}},
	{tags, family{Attribute, findAttributes, 0}},
	{tags, family{Link, findLinks, 0}},
}

// views yields the views of r, which has the triggers t and lies depth disguises deep.
func (f *finder) views(r *Reading, t trigger, depth int) {
	if len(r.payloads) > 0 {
		f.messages(r, depth)
	}
	for i := range families {
		fam := &families[i]
		if f.done {
			return
		}
		if t&fam.trigger == 0 || depth > 0 && f.pointless(r, fam.kind) {
			continue
		}
		edits := fam.find(r)
		if len(edits) == 0 {
			continue
		}
		f.view(r, fam.kind, edits, fam.margin, depth)
	}
}

// messages yields what was hidden in invisible characters, by itself.
func (f *finder) messages(r *Reading, depth int) {
	for _, k := range [...]Kind{Tags, Selectors} {
		var edits []edit
		for _, p := range r.payloads {
			if p.kind == k {
				edits = append(edits, edit{p.start, p.end, r.cased[p.start:p.end]})
			}
		}
		if len(edits) == 0 || f.done {
			continue
		}
		f.view(r, k, edits, 0, depth)
	}
}

// pointless reports whether kind was undone on the way to r already and cannot
// be in itself.
func (f *finder) pointless(r *Reading, kind Kind) bool {
	switch kind {
	case Base64, Base32, Hex, Percent, Entities, Escapes, QuotedPrintable:
		return false
	}
	return r.kinds.Has(kind)
}

// view yields the view of r that edits make, and the views of that.
func (f *finder) view(r *Reading, kind Kind, edits []edit, margin, depth int) {
	if n := f.fitting(edits); n < len(edits) {
		f.full = true
		if edits = edits[:n]; n == 0 {
			return
		}
	}
	v := r.edited(edits, margin)
	if v.Empty() || v.Text == r.Text {
		return
	}
	v.kinds |= r.kinds
	v.kinds.add(kind)
	v.Hidden = true
	if len(v.Text) > f.left {
		f.full = true
		return
	}
	f.left -= len(v.Text)
	// A code inside a code is read on, but it is nothing to judge by itself.
	if !codeOnly(v.Text) && !f.yield(kind, v) {
		f.done = true
		return
	}
	if depth+1 < maxDepth {
		f.views(&v, scan(v.Text), depth+1)
	}
}

// codeOnly reports whether s is a code and nothing else.
func codeOnly(s string) bool {
	return len(s) >= minRun && strings.Count(s, " ")*24 < len(s) && nested([]byte(s)) && fluency(s) < 0
}

// edited is r with edits made, as far as margin around them; without one only
// what the edits say, by lines.
func (r *Reading) edited(edits []edit, margin int) Reading {
	var b composer
	b.r = r
	at := 0 // what lies before was written or left out
	for i, e := range edits {
		if margin == 0 {
			if i > 0 {
				b.put(e.start, e.start, "\n")
			}
			b.put(e.start, e.end, e.text)
			continue
		}
		from := max(at, r.wordStart(e.start-margin))
		if from > at && i > 0 {
			end := min(from, r.wordStart(at+margin))
			b.copy(at, end)
			if end < from {
				b.put(end, end, "\n")
			}
		}
		b.copy(from, e.start)
		b.put(e.start, e.end, e.text)
		at = e.end
	}
	if margin > 0 {
		b.copy(at, r.wordStart(at+margin))
	}
	return b.reading()
}

// wordStart moves i back to the beginning of a word, or of the text. It looks at
// a bounded part of it.
func (r *Reading) wordStart(i int) int {
	if i <= 0 {
		return 0
	}
	if i >= len(r.cased) {
		return len(r.cased)
	}
	for n := 0; i > 0 && n < 64 && r.cased[i-1] != ' ' && r.cased[i-1] != '\n'; n++ {
		i--
	}
	for i > 0 && !utf8.RuneStart(r.cased[i]) {
		i--
	}
	return i
}

// composer writes a text made of parts of a reading, and normalises it.
type composer struct {
	r   *Reading
	raw []byte
	seg []segment // from raw to the original
	k   int       // segment of r that was looked at last
}

// copy writes r.cased[i:j].
func (b *composer) copy(i, j int) {
	if i >= j {
		return
	}
	if b.r.segments == nil {
		b.segment(segment{norm: uint32(len(b.raw)), orig: uint32(i), end: uint32(j)})
		b.raw = append(b.raw, b.r.cased[i:j]...)
		return
	}
	b.seek(i)
	eachSegment(b.r, b.k, i, j, func(from, to int, s segment) {
		s.norm = uint32(len(b.raw) + from - i)
		b.segment(s)
	})
	b.raw = append(b.raw, b.r.cased[i:j]...)
}

// seek moves to the segment that holds i; i mostly grows.
func (b *composer) seek(i int) {
	seg := b.r.segments
	if int(seg[b.k].norm) > i {
		b.k = 0
	}
	for step := 0; b.k+1 < len(seg) && int(seg[b.k+1].norm) <= i; step++ {
		if step == 32 {
			b.k = b.r.segmentIndex(i)
			return
		}
		b.k++
	}
}

// eachSegment calls f for the parts of r.Text[i:j], from segment k on, with the
// segment that leads from each to the original.
func eachSegment(r *Reading, k, i, j int, f func(from, to int, s segment)) {
	for i < j {
		seg, next := r.segments[k], len(r.Text)
		if k+1 < len(r.segments) {
			next = int(r.segments[k+1].norm)
		}
		k++
		to := min(j, next)
		if to <= i {
			continue
		}
		if !seg.whole && next-int(seg.norm) == int(seg.end-seg.orig) {
			off := uint32(i) - seg.norm
			f(i, to, segment{orig: seg.orig + off, end: seg.orig + off + uint32(to-i)})
		} else {
			f(i, to, segment{orig: seg.orig, end: seg.end, whole: true})
		}
		i = to
	}
}

// put writes text in the place of r.cased[i:j].
func (b *composer) put(i, j int, text string) {
	switch text {
	case "":
		return
	case b.r.cased[i:j]:
		b.copy(i, j)
		return
	}
	span := b.r.Span(i, j)
	b.segment(segment{norm: uint32(len(b.raw)), orig: uint32(span.Start), end: uint32(span.End), whole: true})
	b.raw = append(b.raw, text...)
}

// segment appends s. Offsets never decrease.
func (b *composer) segment(s segment) {
	if n := len(b.seg); n > 0 {
		last := b.seg[n-1].orig
		if s.orig < last {
			s.orig, s.whole = last, true
		}
		s.end = max(s.end, s.orig)
	}
	b.seg = append(b.seg, s)
}

// reading normalises what was written.
func (b *composer) reading() Reading {
	outer := Reading{Text: string(b.raw), original: b.r.original, segments: b.seg}
	v := Normalize(outer.Text)
	v.original, v.part = b.r.original, true
	if len(b.seg) == 0 {
		v.segments = []segment{{end: uint32(len(v.original)), whole: true}}
		return v
	}
	if v.segments == nil {
		v.segments = b.seg
		return v
	}
	out := make([]segment, 0, len(v.segments)+len(b.seg))
	k := 0
	for n, s := range v.segments {
		next := len(v.Text)
		if n+1 < len(v.segments) {
			next = int(v.segments[n+1].norm)
		}
		for k+1 < len(b.seg) && b.seg[k+1].norm <= s.orig {
			k++
		}
		if s.whole || next-int(s.norm) != int(s.end-s.orig) || s.orig == s.end {
			span := outer.Span(int(s.orig), int(s.end))
			out = append(out, segment{norm: s.norm, orig: uint32(span.Start), end: uint32(span.End), whole: true})
			continue
		}
		eachSegment(&outer, k, int(s.orig), int(s.end), func(from, _ int, t segment) {
			t.norm = s.norm + uint32(from) - s.orig
			out = append(out, t)
		})
	}
	for i := 1; i < len(out); i++ {
		out[i].orig = max(out[i].orig, out[i-1].orig)
		out[i].end = max(out[i].end, out[i].orig)
	}
	v.segments = out
	return v
}
