// Package prose cuts an answer, while it arrives, into finished blocks of
// statements, and ties each statement to the passages that support it.
//
// It opens content, which is why it is a package of its own: internal/chat does
// not. Text in, typed blocks out; there is no HTML anywhere. What a model may
// write that could act in a page has no form here: a link is its words, an image
// is its caption, markup is text, and a "[3]" of the model's is dropped, because
// only a match made here may look like a citation.
package prose

import (
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
)

// Kind is what a block is. The zero Kind is a paragraph.
type Kind uint8

// The kinds of blocks.
const (
	Paragraph Kind = iota
	Item           // of a list: Depth, and Number or 0 for a bullet
	Heading        // Level
	Quote
	Code
	Table // Rows, the first is the head
)

// Block is a finished piece of an answer: it never changes afterwards.
type Block struct {
	Kind                 Kind
	Level, Depth, Number int
	Runs                 []Run
	Rows                 [][][]Run // Table: rows of cells
}

// AllRuns are the runs of the block, those in cells too.
func (b Block) AllRuns() []Run {
	out := slices.Clip(b.Runs)
	for _, row := range b.Rows {
		for _, cell := range row {
			out = append(out, cell...)
		}
	}
	return out
}

// Style is how a run is set.
type Style uint8

// The styles, as bits.
const (
	Strong Style = 1 << iota
	Emphasis
	Mono
)

// Run is a stretch of text in one style, or a mark behind a statement.
type Run struct {
	Text  content.Text
	Style Style
	// Cite is the number of a cited passage; the run then holds no text.
	Cite int
	// Ref counts the citations of an answer from 1: which of those with the same
	// number was opened.
	Ref     int
	Passage int        // Cite: index of the passage in the prompt
	Support guard.Span // Cite: the supporting words in the passage
	// Unsupported marks the end of a statement for which no source was found.
	Unsupported bool
}

// Draft takes an answer as it is released. Used by one goroutine.
type Draft struct {
	match    *matcher
	passages []Passage
	given    []conversation.Citation // from a backend that quotes
	line     strings.Builder         // the unfinished last line
	at       int                     // bytes of the answer before line
	cur      *block
	fence    string // the fence that is open, or ""
	numbers  []int  // by passage: the number shown, 0 not cited yet
	cited    int
	refs     int
	missing  int // statements without a source
	words    int // pushed so far
	inWord   bool
}

// Passage is a passage that was in the prompt.
type Passage struct {
	Source conversation.Source
	Text   content.Text
}

// block is a block that still grows.
type block struct {
	kind                 Kind
	level, depth, number int
	text                 strings.Builder
	anchors              []anchor
	rows                 []row
}

// anchor says which byte of the answer a byte of the block came from.
type anchor struct{ here, answer int }

type row struct {
	text string
	at   int
}

// New begins an answer to a prompt that held these passages.
func New(passages []Passage) *Draft {
	return &Draft{match: newMatcher(passages), passages: passages, numbers: make([]int, len(passages))}
}

// Cited is how many passages have a number.
func (d *Draft) Cited() int { return d.cited }

// Unsupported is how many statements have no source.
func (d *Draft) Unsupported() int { return d.missing }

// Words is how many words were pushed so far.
func (d *Draft) Words() int { return d.words }

func (d *Draft) count(s string) {
	for _, r := range s {
		space := unicode.IsSpace(r)
		if !space && !d.inWord {
			d.words++
		}
		d.inWord = !space
	}
}

// Push takes released text and returns the blocks it finished.
func (d *Draft) Push(t content.Text, cites []conversation.Citation) []Block {
	d.given = append(d.given, cites...)
	var out []Block
	s := open.String(t)
	d.count(s)
	for s != "" {
		line, rest, complete := strings.Cut(s, "\n")
		d.line.WriteString(line)
		s = rest
		if complete {
			out = append(out, d.takeLine()...)
		}
	}
	return out
}

// Flush ends the answer.
func (d *Draft) Flush() []Block {
	var out []Block
	if d.line.Len() > 0 {
		out = d.takeLine()
	}
	return append(out, d.close()...)
}

var (
	headingLine = regexp.MustCompile(`^ {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$`)
	itemLine    = regexp.MustCompile(`^([ \t]*)(?:([-*+•])|(\d{1,3})[.)])[ \t]+`)
	ruleLine    = regexp.MustCompile(`^ {0,3}(?:-[ \t]*){3,}$|^ {0,3}(?:\*[ \t]*){3,}$|^ {0,3}(?:_[ \t]*){3,}$`)
	fenceLine   = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	quoteLine   = regexp.MustCompile(`^ {0,3}>[ \t]?`)
	tableRule   = regexp.MustCompile(`^[ \t|:-]+$`)
	// madeUp are the citations that models write of their own accord.
	madeUp = regexp.MustCompile(`[ \t]?(?:\[\^?(?:doc|source|ref)?[ \t]?\d{1,3}(?:[ \t]*[,;–-][ \t]*\d{1,3})*\](?:\([^)\n]*\))?|【[^】\n]{0,80}】)`)
)

func (d *Draft) takeLine() []Block {
	line := strings.TrimSuffix(d.line.String(), "\r")
	at := d.at
	d.at += d.line.Len() + 1
	d.line.Reset()

	if d.fence != "" {
		if f := fenceLine.FindStringSubmatch(line); f != nil && strings.HasPrefix(f[1], d.fence) {
			d.fence = ""
			return d.close()
		}
		d.add(line, at, false)
		return nil
	}
	trimmed := strings.TrimSpace(line)
	if trimmed == "" || ruleLine.MatchString(line) {
		return d.close()
	}
	if f := fenceLine.FindStringSubmatch(line); f != nil {
		out := d.close()
		d.fence = f[1]
		d.cur = &block{kind: Code}
		return out
	}
	if h := headingLine.FindStringSubmatchIndex(line); h != nil {
		out := d.close()
		d.cur = &block{kind: Heading, level: h[3] - h[2]}
		d.add(line[h[4]:h[5]], at+h[4], true)
		return append(out, d.close()...)
	}
	if m := itemLine.FindStringSubmatchIndex(line); m != nil {
		out := d.close()
		b := &block{kind: Item, depth: min(indent(line[m[2]:m[3]])/2, 3)}
		if m[6] >= 0 {
			b.number, _ = strconv.Atoi(line[m[6]:m[7]])
		}
		d.cur = b
		d.add(line[m[1]:], at+m[1], true)
		return out
	}
	if q := quoteLine.FindStringIndex(line); q != nil {
		var out []Block
		if d.cur == nil || d.cur.kind != Quote {
			out = d.close()
			d.cur = &block{kind: Quote}
		}
		d.add(line[q[1]:], at+q[1], true)
		return out
	}
	if strings.HasPrefix(trimmed, "|") && strings.Count(trimmed, "|") > 1 {
		var out []Block
		if d.cur == nil || d.cur.kind != Table {
			out = d.close()
			d.cur = &block{kind: Table}
		}
		if !tableRule.MatchString(line) {
			d.cur.rows = append(d.cur.rows, row{line, at})
		}
		return out
	}
	var out []Block
	if d.cur == nil || d.cur.kind == Table {
		out = d.close()
		d.cur = &block{kind: Paragraph}
	}
	d.add(line, at, true)
	return out
}

func indent(s string) int {
	n := 0
	for _, c := range s {
		if c == '\t' {
			n += 4
		} else {
			n++
		}
	}
	return n
}

// add appends a line to the current block, without what may not be shown.
func (d *Draft) add(line string, at int, prose bool) {
	b := d.cur
	if b.text.Len() > 0 {
		b.text.WriteByte('\n')
	}
	if !prose {
		b.text.WriteString(clean(line))
		return
	}
	lead := len(line) - len(strings.TrimLeft(line, " \t"))
	line, at = line[lead:], at+lead
	last := 0
	put := func(from, to int) {
		if from < to {
			b.anchors = append(b.anchors, anchor{b.text.Len(), at + from})
			b.text.WriteString(line[from:to])
		}
	}
	for _, m := range madeUp.FindAllStringIndex(line, -1) {
		put(last, m[0])
		last = m[1]
	}
	put(last, len(line))
}

// clean removes characters that make text look like what it is not: controls and
// the overrides of direction (UTS #55).
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r >= 0xe0000 && r <= 0xe007f:
			return -1
		}
		return r
	}, s)
}

func (b *block) answerOffset(here int) int {
	i := sort.Search(len(b.anchors), func(i int) bool { return b.anchors[i].here > here })
	if i == 0 {
		return here
	}
	a := b.anchors[i-1]
	return a.answer + here - a.here
}

// close finishes the current block.
func (d *Draft) close() []Block {
	b := d.cur
	d.cur = nil
	if b == nil {
		return nil
	}
	out := Block{Kind: b.kind, Level: b.level, Depth: b.depth, Number: b.number}
	switch b.kind {
	case Code:
		out.Runs = []Run{{Text: content.New(b.text.String()), Style: Mono}}
		return []Block{out}
	case Table:
		for i, r := range b.rows {
			out.Rows = append(out.Rows, d.row(r, i == 0))
		}
		if len(out.Rows) == 0 {
			return nil
		}
		return []Block{out}
	case Heading:
		for _, p := range inline(b.text.String()) {
			out.Runs = append(out.Runs, Run{Text: content.New(clean(p.text)), Style: p.style})
		}
	default:
		out.Runs = d.statements(b)
	}
	if len(out.Runs) == 0 {
		return nil
	}
	return []Block{out}
}

// row cuts a table's row in cells; the row is one statement, cited in its last cell.
func (d *Draft) row(r row, head bool) [][]Run {
	text := strings.Trim(strings.TrimSpace(madeUp.ReplaceAllString(r.text, "")), "|")
	var cells [][]Run
	var plain []string
	for cell := range strings.SplitSeq(text, "|") {
		runs := []Run{}
		for _, p := range inline(strings.TrimSpace(cell)) {
			runs = append(runs, Run{Text: content.New(clean(p.text)), Style: p.style})
			plain = append(plain, p.text)
		}
		cells = append(cells, runs)
	}
	if !head && len(cells) > 0 {
		last := len(cells) - 1
		cells[last] = append(cells[last], d.support(strings.Join(plain, " "), r.at, r.at+len(r.text))...)
	}
	return cells
}

// statements sets a block's text with a mark behind each statement.
func (d *Draft) statements(b *block) []Run {
	pieces := inline(b.text.String())
	var plain strings.Builder
	for _, p := range pieces {
		plain.WriteString(p.text)
	}
	var out []Run
	whole := plain.String()
	for _, s := range sentences(whole) {
		body := strings.TrimRightFunc(whole[s.Start:s.End], unicode.IsSpace)
		end := s.Start + len(body)
		from, to := -1, -1
		at := 0
		for _, p := range pieces {
			lo, hi := max(at, s.Start), min(at+len(p.text), end)
			if lo < hi {
				out = append(out, Run{Text: content.New(clean(whole[lo:hi])), Style: p.style})
				if from < 0 {
					from = b.answerOffset(p.at)
					if !p.cooked {
						from = b.answerOffset(p.at + lo - at)
					}
				}
				to = b.answerOffset(p.at+p.size-1) + 1
				if !p.cooked {
					to = b.answerOffset(p.at+hi-at-1) + 1
				}
			}
			at += len(p.text)
		}
		out = append(out, d.support(body, from, to)...)
		if tail := whole[end:s.End]; tail != "" && s.End < len(whole) {
			out = append(out, Run{Text: content.New(" ")})
		}
	}
	return out
}

// support returns the marks behind a statement that stands at bytes from to to of
// the answer: the citations of the backend if it gave any there, else those found
// by matching, else a mark that there is none.
func (d *Draft) support(statement string, from, to int) []Run {
	var found []evidence
	for _, c := range d.given {
		if c.Start < to && from < c.End {
			for i, p := range d.passages {
				if p.Source.Collection == c.Source.Collection && p.Source.Document == c.Source.Document && p.Source.Passage == c.Source.Passage {
					found = add(found, evidence{i, d.match.span(i, c.PassageStart, c.PassageEnd)})
				}
			}
		}
	}
	if len(found) == 0 {
		var claim bool
		found, claim = d.match.find(statement)
		if claim && len(found) == 0 {
			d.missing++
			return []Run{{Unsupported: true}}
		}
	}
	var out []Run
	for _, e := range found {
		if d.numbers[e.passage] == 0 {
			d.cited++
			d.numbers[e.passage] = d.cited
		}
		d.refs++
		out = append(out, Run{Cite: d.numbers[e.passage], Ref: d.refs, Passage: e.passage, Support: e.span})
	}
	return out
}

// add joins evidence from the same passage.
func add(list []evidence, e evidence) []evidence {
	for i := range list {
		if list[i].passage == e.passage {
			list[i].span.Start = min(list[i].span.Start, e.span.Start)
			list[i].span.End = max(list[i].span.End, e.span.End)
			return list
		}
	}
	return append(list, e)
}

// Join puts texts together.
func Join(sep string, ts ...content.Text) content.Text {
	var b strings.Builder
	for i, t := range ts {
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(open.String(t))
	}
	return content.New(b.String())
}

// Same reports whether two texts are equal.
func Same(a, b content.Text) bool { return open.String(a) == open.String(b) }

// Trim removes the white space around t and the characters that may not be shown.
func Trim(t content.Text) content.Text { return content.New(strings.TrimSpace(clean(open.String(t)))) }
