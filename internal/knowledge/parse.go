package knowledge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"sallyport/internal/custody/content"
)

// Parser reads one document format. Implementations MUST bound what they read,
// MUST refuse what is not valid text, MUST leave out what a reader would not see
// and say so in Hidden, and MUST NOT put content into errors.
type Parser interface {
	Parse(ctx context.Context, r io.Reader, name string) (Parsed, error)
}

// Parsed is a document as read. Text is a small part of Markdown: headings
// begin with #, list items with "- " or "1. ", paragraphs are one line each,
// blank lines stand between blocks.
type Parsed struct {
	Title          content.Text
	Text           content.Text
	Language       string // "" when the document does not say
	Updated        string // YYYY-MM-DD or ""
	Classification string
	Sections       []Section // rising, not overlapping, they cover all text
	Hidden         int       // pieces that a reader would not have seen and that were left out
}

// Section is the text under one heading, the heading line included.
type Section struct {
	Number     string // "2.1"; "0" before the first heading
	Headings   []content.Text
	Start, End int   // bytes of Text
	Blocks     []int // where its paragraphs, lists and tables begin
}

// Bounds of one document.
const (
	maxDocument = 4 << 20 // bytes
	maxNesting  = 32      // block quotes and lists
	maxLine     = 1 << 16 // bytes: inline parsing costs more than linearly
)

// Parse errors.
var (
	ErrTooLarge    = errors.New("the document is too large")
	ErrNotText     = errors.New("the document is not valid UTF-8 text")
	ErrNested      = errors.New("the document is nested too deeply")
	ErrEmpty       = errors.New("the document has no text")
	ErrFrontMatter = errors.New("the document's front matter is not understood")
	ErrFormat      = errors.New("no parser for this kind of file")
)

// Parsers are the built-in parsers by file extension.
func Parsers() map[string]Parser {
	return map[string]Parser{".md": Markdown{}, ".markdown": Markdown{}, ".txt": Plain{}}
}

// Markdown reads Markdown with tables. Raw HTML and comments are left out;
// pictures are replaced by their descriptions; links by their text. Front matter
// between two lines "---" may have title, updated, language and classification.
type Markdown struct{}

// Plain reads plain text: paragraphs are separated by blank lines, the first
// line is the title.
type Plain struct{}

// readText reads strict UTF-8 without control characters, bounded.
func readText(ctx context.Context, r io.Reader) (string, int, error) {
	if err := ctx.Err(); err != nil {
		return "", 0, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("reading document: %w", err)
	case len(data) > maxDocument:
		return "", 0, ErrTooLarge
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return "", 0, ErrNotText
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	hidden := 0
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r == '\f' || r == '\v':
			return ' '
		case unicode.IsControl(r), unseen(r):
			hidden++
			return -1
		}
		return r
	}, string(data))
	for line := range strings.SplitSeq(clean, "\n") {
		if len(line) > maxLine {
			return "", 0, ErrTooLarge
		}
	}
	return clean, hidden, nil
}

// unseen reports whether r takes part in hiding text: formatting characters
// (bidirectional controls, zero-width, tags), variation selectors and fillers.
// The joiners are letters' neighbours in Persian and Indic words and stay.
func unseen(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return false
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u034f':
		return true
	}
	return unicode.Is(unicode.Cf, r) || r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef
}

// Parse implements Parser.
func (Plain) Parse(ctx context.Context, r io.Reader, name string) (Parsed, error) {
	src, hidden, err := readText(ctx, r)
	if err != nil {
		return Parsed{}, err
	}
	w := writer{}
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			w.block(strings.Join(paragraph, " "))
			paragraph = nil
		}
	}
	for line := range strings.SplitSeq(src, "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" {
			flush()
			continue
		}
		if w.title == "" && w.b.Len() == 0 && paragraph == nil {
			w.title = cut(line, 200)
		}
		if item(line) {
			flush()
		}
		paragraph = append(paragraph, line)
	}
	flush()
	return w.parsed(name, hidden)
}

// item reports whether a line of plain text begins a list entry.
func item(line string) bool {
	return strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "• ")
}

// Parse implements Parser.
func (Markdown) Parse(ctx context.Context, r io.Reader, name string) (Parsed, error) {
	src, hidden, err := readText(ctx, r)
	if err != nil {
		return Parsed{}, err
	}
	meta, src, err := frontMatter(src)
	if err != nil {
		return Parsed{}, err
	}
	if nested(src) {
		return Parsed{}, ErrNested
	}
	source := []byte(src)
	md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough))
	root := md.Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext()))
	if err := ctx.Err(); err != nil {
		return Parsed{}, err
	}
	w := writer{title: meta.title, source: source}
	if err := w.blocks(root, "", 0); err != nil {
		return Parsed{}, err
	}
	p, err := w.parsed(name, hidden+w.hidden)
	p.Language, p.Updated, p.Classification = meta.language, meta.updated, meta.classification
	return p, err
}

type meta struct{ title, updated, language, classification string }

// frontMatter takes the leading block of "key: value" lines off. Unknown keys
// and values are errors with their line.
func frontMatter(src string) (meta, string, error) {
	var m meta
	rest, found := strings.CutPrefix(src, "---\n")
	if !found {
		return m, src, nil
	}
	seen := map[string]bool{}
	for n := 2; ; n++ {
		line, after, more := strings.Cut(rest, "\n")
		if strings.TrimRight(line, " ") == "---" {
			return m, after, nil
		}
		if !more {
			return m, "", fmt.Errorf("%w: not closed", ErrFrontMatter)
		}
		rest = after
		key, value, colon := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		bad := !colon || value == "" || seen[key]
		switch key {
		case "title":
			m.title = value
		case "updated":
			m.updated = value
			_, err := time.Parse(time.DateOnly, value)
			bad = bad || err != nil
		case "language":
			m.language = value
			bad = bad || len(value) != 2 || strings.Trim(value, "abcdefghijklmnopqrstuvwxyz") != ""
		case "classification":
			m.classification = value
			bad = bad || len(value) > 64
		default:
			bad = true
		}
		seen[key] = true
		if bad {
			return m, "", fmt.Errorf("%w: line %d", ErrFrontMatter, n)
		}
	}
}

// nested reports whether a line opens more containers than a document has. The
// Markdown parser would recurse as deep as it is told to.
func nested(src string) bool {
	for line := range strings.SplitSeq(src, "\n") {
		markers, indent := 0, 0
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case c == '>' || c == '-' || c == '*' || c == '+':
				markers++
			case c == ' ':
				indent++
			case c == '\t':
				indent += 4
			case c >= '0' && c <= '9' || c == '.' || c == ')':
				if c == '.' || c == ')' {
					markers++
				}
			default:
				i = len(line)
			}
		}
		if strings.Trim(line, " -*") == "" {
			markers = 0 // a rule
		}
		if markers > maxNesting || indent > 4*maxNesting {
			return true
		}
		if strings.Count(line, "[")+strings.Count(line, "*")+strings.Count(line, "_")+strings.Count(line, "`") > 4096 {
			return true
		}
	}
	return false
}

// writer builds the text and the sections of a document.
type writer struct {
	source   []byte
	title    string
	b        strings.Builder
	sections []Section
	path     []heading // open headings, outermost first
	roots    int       // sections on the outermost level
	hidden   int
}

type heading struct {
	level, number int
	children      int
	text          string
}

// blocks writes the children of n. prefix is the marker of the list item that
// they belong to.
func (w *writer) blocks(n ast.Node, prefix string, depth int) error {
	if depth > maxNesting {
		return ErrNested
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Heading:
			w.heading(c.Level, w.inline(c, 0))
		case *ast.Paragraph, *ast.TextBlock:
			if s := w.inline(c, 0); s != "" {
				w.block(prefix + s)
			}
			prefix = "" // an item's further paragraphs are read as text of their own
		case *ast.List:
			number := c.Start
			for li := c.FirstChild(); li != nil; li = li.NextSibling() {
				mark := "- "
				if c.IsOrdered() {
					mark = fmt.Sprintf("%d. ", number)
					number++
				}
				if err := w.blocks(li, mark, depth+1); err != nil {
					return err
				}
			}
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			var code strings.Builder
			for i := range c.Lines().Len() {
				s := c.Lines().At(i)
				code.Write(s.Value(w.source))
			}
			for line := range strings.SplitSeq(code.String(), "\n") {
				if line = strings.TrimSpace(line); line != "" {
					w.block(escape(line))
				}
			}
		case *ast.HTMLBlock:
			w.hidden++
		case *ast.LinkReferenceDefinition:
			w.hidden++
		case *ast.ThematicBreak:
		case *east.Table:
			w.table(c)
		default: // block quotes and containers of extensions
			if err := w.blocks(c, prefix, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// table writes each row as one line in which every cell has its column's name,
// so that a row can be quoted alone.
func (w *writer) table(t *east.Table) {
	var names []string
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, w.inline(cell, 0))
		}
		if _, ok := row.(*east.TableHeader); ok {
			names = cells
			continue
		}
		var line strings.Builder
		for i, cell := range cells {
			if cell == "" {
				continue
			}
			if line.Len() > 0 {
				line.WriteString("; ")
			}
			if i < len(names) && names[i] != "" {
				line.WriteString(names[i] + ": ")
			}
			line.WriteString(cell)
		}
		if line.Len() > 0 {
			w.block("- " + line.String() + ".")
		}
	}
}

// inline is the visible text of n on one line.
func (w *writer) inline(n ast.Node, depth int) string {
	var b strings.Builder
	w.appendInline(&b, n, depth)
	s := strings.Map(func(r rune) rune { // references can spell what readText took out
		if unicode.IsControl(r) && !unicode.IsSpace(r) || unseen(r) {
			w.hidden++
			return -1
		}
		return r
	}, b.String())
	return strings.Join(strings.Fields(s), " ")
}

func (w *writer) appendInline(b *strings.Builder, n ast.Node, depth int) {
	if depth > maxNesting {
		w.hidden++
		return
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.Write(unescape(c.Value(w.source), c.IsRaw()))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.AutoLink:
			b.Write(c.Label(w.source))
		case *ast.RawHTML:
			w.hidden++
		default:
			w.appendInline(b, c, depth+1)
		}
	}
}

// unescape resolves backslashes before punctuation and character references, as
// the renderer would.
func unescape(s []byte, raw bool) []byte {
	if raw || bytes.IndexByte(s, '\\') < 0 && bytes.IndexByte(s, '&') < 0 {
		return s
	}
	return util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(s)))
}

// heading opens a section.
func (w *writer) heading(level int, title string) {
	if title == "" {
		return
	}
	if w.title == "" && level == 1 {
		w.title = cut(title, 200)
	}
	if level == 1 && title == w.title && len(w.sections) == 0 {
		return // the document's title is not a section of it
	}
	for len(w.path) > 0 && w.path[len(w.path)-1].level >= level {
		w.path = w.path[:len(w.path)-1]
	}
	children := &w.roots
	if len(w.path) > 0 {
		children = &w.path[len(w.path)-1].children
	}
	*children++
	w.path = append(w.path, heading{level: level, number: *children, text: title})
	w.open()
	w.line(strings.Repeat("#", level) + " " + title)
}

func (w *writer) number() string {
	var parts []string
	for _, h := range w.path {
		parts = append(parts, fmt.Sprint(h.number))
	}
	return strings.Join(parts, ".")
}

// open begins a section at the end of the text.
func (w *writer) open() {
	s := Section{Number: w.number(), Start: w.b.Len()}
	if s.Number == "" {
		s.Number = "0"
	}
	for _, h := range w.path {
		s.Headings = append(s.Headings, content.New(h.text))
	}
	w.sections = append(w.sections, s)
}

// block writes a paragraph or list item.
func (w *writer) block(s string) {
	if len(w.sections) == 0 {
		w.open()
	}
	last := &w.sections[len(w.sections)-1]
	last.Blocks = append(last.Blocks, w.b.Len())
	w.line(s)
}

func (w *writer) line(s string) {
	w.b.WriteString(s)
	w.b.WriteString("\n\n")
}

// escape keeps a line of code from being read as a heading.
func escape(s string) string {
	if strings.HasPrefix(s, "#") {
		return " " + s
	}
	return s
}

func (w *writer) parsed(name string, hidden int) (Parsed, error) {
	if w.b.Len() == 0 {
		return Parsed{}, ErrEmpty
	}
	if w.title == "" {
		w.title = strings.TrimSuffix(path.Base(name), path.Ext(name))
	}
	for i := range w.sections {
		w.sections[i].End = w.b.Len()
		if i+1 < len(w.sections) {
			w.sections[i].End = w.sections[i+1].Start
		}
	}
	return Parsed{
		Title: content.New(w.title), Text: content.New(w.b.String()),
		Sections: w.sections, Hidden: hidden,
	}, nil
}

// cut shortens s to at most n bytes, on a rune boundary.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
