package normalize

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sallyport/guard"
)

// maxMarks is how many combining marks a letter outside Latin keeps. Pointed
// Hebrew needs three, stacked Thai and Indic two; a flood has hundreds.
const maxMarks = 4

// Reading is a text as guards read it. The zero Reading is of the empty text.
// It is immutable and safe for concurrent use.
type Reading struct {
	// Text is the folded text.
	Text string
	// Hidden reports that text was concealed from human eyes: tag characters,
	// runs of variation selectors, bidirectional overrides, or words broken
	// up by invisible characters.
	Hidden bool

	cased    string // Text before lower-casing; same length, same offsets
	original string
	segments []segment // nil: offsets are the same in Text and original
	kinds    Set
	payloads []payload
	strange  *[]region // what regions found, while views are made
	part     bool      // a view: its ends are not those of the original
}

// payload is a message of kind in Text that was written in characters which nobody sees.
type payload struct {
	start, end int
	kind       Kind
}

// segment says that Text from norm to the next segment's norm came from
// original[orig:end]. When both have the same length and whole is not set the
// bytes correspond one to one, otherwise only as a whole.
type segment struct {
	norm, orig, end uint32
	whole           bool
}

// Kinds are the disguises that were undone in this reading: of a view, those
// on the way to it too. That a disguise was needed is itself a sign, a weak one:
// emoji, mathematics and typography use the same characters.
func (r Reading) Kinds() Set { return r.kinds }

// Empty reports whether nothing is left to judge: no letter, digit or sign.
// What is empty was not found harmless; who asks decides what it means.
func (r Reading) Empty() bool {
	return strings.TrimSpace(r.Text) == ""
}

// Cased is Text before lower-casing: same length and offsets. Matchers of
// keys and tokens need the case.
func (r Reading) Cased() string { return r.cased }

// Source is the text that was read.
func (r Reading) Source() string { return r.original }

// Original maps a byte offset in Text, from 0 to its length, to a byte offset
// in the original, on a rune boundary. It never decreases as i grows. The ends of
// a view lead to the ends of what it was made from, else to those of the original.
func (r Reading) Original(i int) int {
	if i <= 0 {
		if r.part {
			return int(r.segments[0].orig)
		}
		return 0
	}
	if i >= len(r.Text) {
		if r.part {
			return int(r.segments[len(r.segments)-1].end)
		}
		return len(r.original)
	}
	if r.segments == nil {
		return i
	}
	seg, linear := r.segment(i)
	if !linear {
		return int(seg.orig)
	}
	at := int(seg.orig) + i - int(seg.norm)
	for at > int(seg.orig) && !utf8.RuneStart(r.original[at]) {
		at--
	}
	return at
}

// Span maps a range of Text to the smallest range of the original that holds
// all of it.
func (r Reading) Span(start, end int) guard.Span {
	start = min(max(start, 0), len(r.Text))
	end = min(max(end, start), len(r.Text))
	from := r.Original(start)
	if end == start {
		return guard.Span{Start: from, End: from}
	}
	return guard.Span{Start: from, End: max(from, r.originalEnd(end-1))}
}

// originalEnd is the end of what the byte of Text at i came from.
func (r Reading) originalEnd(i int) int {
	if r.segments == nil {
		return i + 1
	}
	seg, linear := r.segment(i)
	if !linear {
		return int(seg.end)
	}
	at := int(seg.orig) + i - int(seg.norm) + 1
	for at < int(seg.end) && !utf8.RuneStart(r.original[at]) {
		at++
	}
	return at
}

// segment finds the segment that holds offset i of Text and whether its bytes
// correspond one to one.
func (r Reading) segment(i int) (segment, bool) {
	k := r.segmentIndex(i)
	seg, next := r.segments[k], len(r.Text)
	if k+1 < len(r.segments) {
		next = int(r.segments[k+1].norm)
	}
	return seg, !seg.whole && next-int(seg.norm) == int(seg.end-seg.orig)
}

func (r Reading) segmentIndex(i int) int {
	return sort.Search(len(r.segments), func(k int) bool { return int(r.segments[k].norm) > i }) - 1
}

// Normalize reads s. Texts of plain ASCII cost one pass and one copy.
func Normalize(s string) Reading {
	kind := classify(s)
	if kind == plain {
		return Reading{Text: lower(s), cased: s, original: s}
	}
	b := builder{src: s, text: make([]byte, 0, len(s)+16), cased: make([]byte, 0, len(s)+16)}
	if kind == spacedASCII {
		b.ascii()
	} else {
		b.mix = countScripts(s)
		b.unicode()
	}
	r := Reading{Text: string(b.text), cased: string(b.cased), original: s, segments: b.segments, Hidden: b.hidden, kinds: b.seen(), payloads: b.payloads}
	if len(r.segments) == 0 && len(s) > 0 {
		r.segments = []segment{{orig: 0, end: uint32(len(s)), whole: true}}
	}
	return r
}

// Skeleton is r with every look-alike letter read as the Latin letter it is drawn
// like, whatever script its neighbours and the rest of the text are in, and so
// the same in every context (UTS #39, section 4). It is for comparing with terms
// that were read likewise. ok is false when r has no such letter: then r is its
// own skeleton, and when it is a view.
func (r Reading) Skeleton() (s Reading, ok bool) {
	if r.part || !lookalike(r.Text) {
		return r, false
	}
	b := builder{src: r.original, text: make([]byte, 0, len(r.original)+16), cased: make([]byte, 0, len(r.original)+16), skeleton: true}
	b.mix = countScripts(r.original)
	b.unicode()
	s = Reading{Text: string(b.text), cased: string(b.cased), original: r.original, segments: b.segments, Hidden: b.hidden, kinds: r.kinds}
	if len(s.segments) == 0 {
		s.segments = []segment{{orig: 0, end: uint32(len(r.original)), whole: true}}
	}
	return s, true
}

// lookalike reports whether a letter of s is drawn like a Latin one.
func lookalike(s string) bool {
	for i, r := range s {
		if s[i] < utf8.RuneSelf {
			continue
		}
		if _, ok := confusables[r]; ok {
			return true
		}
	}
	return false
}

type kind uint8

const (
	plain       kind = iota // ASCII, no control characters, no runs of space
	spacedASCII             // ASCII, no control characters but space
	other
)

// asciiClass marks bytes: 0 printable, 1 white space, 2 anything else.
var asciiClass = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			t[c] = 1
		case c < ' ' || c >= 0x7f:
			t[c] = 2
		}
	}
	return t
}()

func classify(s string) kind {
	k, last := plain, uint8(0)
	for i := 0; i < len(s); i++ {
		c := asciiClass[s[i]]
		if c == 2 {
			return other
		}
		// A lone tab, return or form feed is rewritten too, so it is not plain.
		if c == 1 && (last == 1 || s[i] != ' ' && s[i] != '\n') {
			k = spacedASCII
		}
		last = c
	}
	return k
}

var lowerByte = func() (t [256]byte) {
	for c := range t {
		t[c] = byte(c)
		if c >= 'A' && c <= 'Z' {
			t[c] = byte(c) + 'a' - 'A'
		}
	}
	return t
}()

func lower(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	var chunk [256]byte
	for len(s) > 0 {
		n := min(len(s), len(chunk))
		for i := 0; i < n; i++ {
			chunk[i] = lowerByte[s[i]]
		}
		b.Write(chunk[:n])
		s = s[n:]
	}
	return b.String()
}

// builder folds src into text. It is used once.
type builder struct {
	src         string
	text, cased []byte
	segments    []segment
	hidden      bool
	kinds       Set
	costumes    int // letters in costume
	payloads    []payload
	regionals   int  // whether regional indicators spell words: 0 not known, 1 or -1
	skeleton    bool // every look-alike is folded

	mix       scripts
	base      rune // last letter written: marks belong to it
	marks     int  // marks written after base
	invisible int  // invisible characters seen between two letters
}

// emit writes one folded character that came from src[orig:end].
func (b *builder) emit(orig, end int, cased, lowered string) {
	at := uint32(len(b.text))
	o, e := uint32(orig), uint32(end)
	n := uint32(len(lowered))
	if k := len(b.segments) - 1; k >= 0 && n == e-o {
		last := &b.segments[k]
		if last.end == o && at-last.norm == last.end-last.orig {
			last.end = e
			b.write(cased, lowered)
			return
		}
	}
	b.segments = append(b.segments, segment{norm: at, orig: o, end: e})
	b.write(cased, lowered)
}

func (b *builder) write(cased, lowered string) {
	b.text = append(b.text, lowered...)
	b.cased = append(b.cased, cased...)
}

// emitRune writes r and its lower case. Where the two have different lengths
// the lower case serves for both, so that offsets stay shared.
func (b *builder) emitRune(orig, end int, r rune) {
	l := unicode.ToLower(r)
	if utf8.RuneLen(l) != utf8.RuneLen(r) {
		r = l
	}
	var c, d [utf8.UTFMax]byte
	n := utf8.EncodeRune(c[:], r)
	utf8.EncodeRune(d[:], l)
	at, o, e := uint32(len(b.text)), uint32(orig), uint32(end)
	k := len(b.segments) - 1
	if k >= 0 && uint32(n) == e-o && b.segments[k].end == o &&
		at-b.segments[k].norm == b.segments[k].end-b.segments[k].orig {
		b.segments[k].end = e
	} else {
		b.segments = append(b.segments, segment{norm: at, orig: o, end: e})
	}
	b.cased = append(b.cased, c[:n]...)
	b.text = append(b.text, d[:n]...)
}

// seen are the disguises that were undone. A few letters in costume are
// typography.
func (b *builder) seen() Set {
	if b.costumes >= 4 {
		b.kinds.add(Width)
	}
	return b.kinds
}

// space writes the white space src[i:end] as one character.
func (b *builder) space(i, end int) {
	c := " "
	if strings.ContainsAny(b.src[i:end], "\n\r\v\f\u0085\u2028\u2029") {
		c = "\n"
	}
	b.base, b.marks, b.invisible = 0, 0, 0
	if n := len(b.text); n > 0 && (b.text[n-1] == ' ' || b.text[n-1] == '\n') {
		// Only invisible characters lay between: still one run.
		if c == "\n" {
			b.text[n-1], b.cased[n-1] = '\n', '\n'
		}
		return
	}
	b.emit(i, end, c, c)
}

// ascii folds a text of printable ASCII and white space.
func (b *builder) ascii() {
	s := b.src
	for i := 0; i < len(s); {
		j := i
		if asciiClass[s[i]] == 1 {
			for j < len(s) && asciiClass[s[j]] == 1 {
				j++
			}
			b.space(i, j)
			i = j
			continue
		}
		for j < len(s) && asciiClass[s[j]] == 0 {
			j++
		}
		b.literal(i, j)
		i = j
	}
}

// literal writes src[i:j], printable ASCII, byte for byte.
func (b *builder) literal(i, j int) {
	at := uint32(len(b.text))
	k := len(b.segments) - 1
	if k >= 0 && b.segments[k].end == uint32(i) && at-b.segments[k].norm == b.segments[k].end-b.segments[k].orig {
		b.segments[k].end = uint32(j)
	} else {
		b.segments = append(b.segments, segment{norm: at, orig: uint32(i), end: uint32(j)})
	}
	b.cased = append(b.cased, b.src[i:j]...)
	for ; i < j; i++ {
		b.text = append(b.text, lowerByte[b.src[i]])
	}
}

// unicode folds any text.
func (b *builder) unicode() {
	s := b.src
	for i := 0; i < len(s); {
		if j := b.asciiRun(i); j > i {
			b.literal(i, j)
			b.base, b.marks, b.invisible = rune(s[j-1]), 0, 0
			i = j
			continue
		}
		if c := s[i]; c < utf8.RuneSelf && !asciiLetter(c) {
			i = b.asciiOther(i)
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b.emit(i, i+1, "\uFFFD", "\uFFFD")
			b.base = 0
			i++
			continue
		}
		if n := b.special(i, r); n > 0 {
			i += n
			continue
		}
		if unicode.IsLetter(r) || folded(r) {
			i = b.token(i)
			continue
		}
		b.fold(i, i+size, r, false)
		i += size
	}
}

// asciiRun is the end of the printable ASCII from i on, less a word at its end
// that goes on in other characters: that one is judged as a whole.
func (b *builder) asciiRun(i int) int {
	j := i
	for j < len(b.src) && asciiClass[b.src[j]] == 0 {
		j++
	}
	if j < len(b.src) && asciiClass[b.src[j]] == 2 {
		for j > i && inToken(b.src[j-1]) {
			j--
		}
	}
	return j
}

func inToken(c byte) bool { return asciiLetter(c) || c >= '0' && c <= '9' || c == '\'' }

func asciiLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// asciiOther handles the ASCII character at i that is no letter.
func (b *builder) asciiOther(i int) int {
	j := i
	switch asciiClass[b.src[i]] {
	case 1:
		for j < len(b.src) && asciiClass[b.src[j]] == 1 {
			j++
		}
		b.space(i, j)
		return j
	case 2:
		return i + 1 // control characters are dropped
	}
	b.base, b.marks, b.invisible = rune(b.src[i]), 0, 0
	b.literal(i, i+1)
	return i + 1
}

// special handles white space, invisible characters and hidden payloads at i.
// It returns how many bytes it took, 0 when r is none of them.
func (b *builder) special(i int, r rune) int {
	size := utf8.RuneLen(r)
	switch {
	case r < utf8.RuneSelf:
		return 0
	case unicode.IsSpace(r) || unicode.Is(unicode.Zs, r) || r == '\u2028' || r == '\u2029' || r == blankCell:
		b.space(i, i+size)
		return size
	case r == '\U0001F3F4': // black flag: a region's flag may follow in tags
		b.fold(i, i+size, r, false)
		return size + flagTags(b.src[i+size:])
	case isTag(r):
		return b.tags(i)
	case isSelector(r):
		return b.selectors(i)
	case isRegional(r):
		return b.regional(i)
	case isInvisible(r) || isPrivate(r):
		b.invisibleAt(r)
		return size
	case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
		b.mark(i, i+size, r)
		return size
	}
	return 0
}

// invisibleAt notes an invisible character. One or two in a word may be a soft
// hyphen; several in one line of letters are a disguise.
func (b *builder) invisibleAt(r rune) {
	if r == '\u202D' || r == '\u202E' {
		b.hidden = true
		b.kinds.add(Bidi)
	}
	if isLatin(b.base) {
		if b.invisible++; b.invisible >= 3 {
			b.hidden = true
			b.kinds.add(Invisible)
		}
	}
}

// mark writes a combining mark unless it is decoration: on a Latin letter or
// no letter at all, or beyond maxMarks.
func (b *builder) mark(i, end int, r rune) {
	b.marks++
	if b.base < utf8.RuneSelf || isLatin(b.base) || b.marks > maxMarks || unicode.Is(unicode.Me, r) {
		// Vietnamese has two marks on a letter.
		if b.marks > maxMarks || b.marks > 2 && b.base != 0 || b.base != 0 && r >= 0x0334 && r <= 0x0338 {
			b.kinds.add(Marks)
		}
		return
	}
	b.emitRune(i, end, r)
}

// token folds the run of letters at i, looking ahead to its end to decide
// whether look-alike letters are a disguise.
func (b *builder) token(i int) int {
	disguised, end := b.disguised(i)
	if disguised {
		b.kinds.add(Confusable)
	}
	for i < end {
		r, size := utf8.DecodeRuneInString(b.src[i:])
		if n := b.special(i, r); n > 0 {
			i += n
			continue
		}
		if r == utf8.RuneError && size == 1 {
			return i
		}
		b.fold(i, i+size, r, disguised)
		i += size
	}
	return i
}

// fold writes the compatibility decomposition of the rune at src[i:end].
func (b *builder) fold(i, end int, r rune, disguised bool) {
	if r < utf8.RuneSelf {
		b.base, b.marks = r, 0
		b.literal(i, end)
		return
	}
	if r >= 0xFF01 && r <= 0xFF5E { // fullwidth ASCII
		b.costumes++
		b.letter(i, end, r-0xFEE0, disguised)
		return
	}
	if r >= 0x0430 && r <= 0x044F && r != 'й' { // no table has more to say of these
		b.letter(i, end, r, disguised)
		return
	}
	if l, ok := shapes[r]; ok {
		b.costumes++
		b.letter(i, end, l, disguised)
		return
	}
	if folded(r) {
		b.costumes++
	}
	if l, ok := punctuation[r]; ok {
		b.letter(i, end, l, false)
		return
	}
	if l, ok := digit(r); ok {
		b.letter(i, end, l, false)
		return
	}
	if r >= 0xAC00 && r <= 0xD7A3 { // Hangul syllables stay whole
		b.letter(i, end, r, false)
		return
	}
	d := norm.NFKD.PropertiesString(b.src[i:end]).Decomposition()
	if d == nil {
		b.letter(i, end, r, disguised)
		return
	}
	for len(d) > 0 {
		part, size := utf8.DecodeRune(d)
		d = d[size:]
		switch {
		case unicode.Is(unicode.Mn, part):
			b.mark(i, end, part)
		case unicode.IsSpace(part):
			b.space(i, end)
		case part < ' ':
		default:
			b.letter(i, end, part, disguised)
		}
	}
}

func (b *builder) letter(i, end int, r rune, disguised bool) {
	if disguised {
		if l, ok := confusables[unicode.ToLower(r)]; ok {
			if unicode.IsUpper(r) {
				l = unicode.ToUpper(l)
			}
			r = l
		}
	}
	b.base, b.marks = r, 0
	b.emitRune(i, end, r)
}
