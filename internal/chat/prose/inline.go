package prose

import (
	"strings"

	"github.com/rivo/uniseg"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"sallyport/guard"
)

// piece is a stretch of inline text in one style.
type piece struct {
	text  string
	style Style
	at    int // first byte in the source
	size  int // bytes in the source
	// cooked pieces differ from their source (entities, escapes): positions within
	// them are not known.
	cooked bool
}

// inlines knows emphasis, code and links, and nothing of blocks, raw HTML or link
// definitions: those stay the characters they are.
var inlines = parser.NewParser(
	parser.WithBlockParsers(util.Prioritized(parser.NewParagraphParser(), 1000)),
	parser.WithInlineParsers(
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(parser.NewEmphasisParser(), 500),
	),
)

func inline(s string) []piece {
	src := []byte(s)
	w := inlineWalker{src: src}
	w.children(inlines.Parse(text.NewReader(src)), 0)
	return w.out
}

type inlineWalker struct {
	src []byte
	out []piece
}

func (w *inlineWalker) children(n ast.Node, style Style) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.node(c, style)
	}
}

func (w *inlineWalker) node(n ast.Node, style Style) {
	switch n := n.(type) {
	case *ast.Text:
		w.text(n.Segment.Start, n.Segment.Stop, style)
		if n.SoftLineBreak() || n.HardLineBreak() {
			w.out = append(w.out, piece{text: " ", style: style, at: n.Segment.Stop, size: 1})
		}
	case *ast.Emphasis:
		if n.Level > 1 {
			style |= Strong
		} else {
			style |= Emphasis
		}
		w.children(n, style)
	case *ast.CodeSpan:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			if t, ok := c.(*ast.Text); ok {
				w.put(string(t.Segment.Value(w.src)), t.Segment.Start, t.Segment.Len(), style|Mono)
			}
		}
	default:
		// A link or an image is its words; the address goes nowhere.
		w.children(n, style)
	}
}

func (w *inlineWalker) text(start, stop int, style Style) {
	raw := w.src[start:stop]
	s := util.UnescapePunctuations(append([]byte(nil), raw...))
	s = util.ResolveNumericReferences(s)
	s = util.ResolveEntityNames(s)
	w.put(string(s), start, stop-start, style)
}

func (w *inlineWalker) put(s string, at, size int, style Style) {
	if s == "" || size == 0 {
		return
	}
	w.out = append(w.out, piece{text: s, style: style, at: at, size: size, cooked: len(s) != size})
}

// abbreviations do not end a statement though a capital may follow.
var abbreviations = []string{"dr.", "mr.", "mrs.", "ms.", "prof.", "no.", "nr.", "e.g.", "i.e.", "approx.", "vs.", "fig.", "st.", "sect.", "sec.", "max.", "min."}

// sentences cuts s in statements (UAX #29, with abbreviations and enumerators
// kept with what follows).
func sentences(s string) []guard.Span {
	var out []guard.Span
	state := -1
	at, start := 0, 0
	rest := s
	for rest != "" {
		var sentence string
		sentence, rest, state = uniseg.FirstSentenceInString(rest, state)
		at += len(sentence)
		if rest != "" && holdsOn(s[start:at]) {
			continue
		}
		out = append(out, guard.Span{Start: start, End: at})
		start = at
	}
	return out
}

func holdsOn(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) < 4 {
		return true
	}
	for _, a := range abbreviations {
		if strings.HasSuffix(s, a) && (len(s) == len(a) || s[len(s)-len(a)-1] == ' ' || s[len(s)-len(a)-1] == '(') {
			return true
		}
	}
	return false
}
