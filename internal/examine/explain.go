package examine

import (
	"fmt"
	"io"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/normalize"
)

// shown is how many bytes of a text are printed before it is cut.
const shown = 600

// Explain prints what the guards read in text and what they say of it. Text is quoted:
// what a terminal would take for a command stays visible. Whole prints texts uncut.
func (g *Guards) Explain(w io.Writer, text string, whole bool) error {
	p := printer{w: w, whole: whole}
	r := normalize.Normalize(text)
	p.f("%d bytes, %d characters\n\nreadings\n", len(text), utf8.RuneCountInString(text))
	p.f("  as it stands   %s\n", p.cut(text))
	if r.Text == text {
		p.f("  folded         the same\n")
	} else {
		p.f("  folded         %s\n", p.cut(r.Text))
	}
	if r.Hidden {
		p.f("  text was hidden from human eyes\n")
	}
	for kind, v := range r.Views() {
		p.f("  %-14s %s\n", kind, p.cut(v.Text))
	}
	if d := r.Disguises(); d != 0 {
		p.f("  disguises      %s\n", d)
	}
	p.f("\nverdicts, as a prompt and as a document (weights %s)\n", g.Version())
	for _, v := range g.Verdicts(r) {
		p.verdict(v, text)
	}
	return p.err
}

// printer keeps the first error.
type printer struct {
	w     io.Writer
	whole bool
	err   error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// cut quotes s, in its first part unless whole.
func (p *printer) cut(s string) string {
	if p.whole || len(s) <= shown {
		return fmt.Sprintf("%q", s)
	}
	n := shown
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return fmt.Sprintf("%q … (%d bytes more)", s[:n], len(s)-n)
}

func (p *printer) verdict(v guard.Verdict, text string) {
	word := "-"
	if v.Detected {
		word = "DETECTED"
	}
	name := string(v.Category)
	if v.Label != "" {
		name = v.Label
	}
	p.f("  %-28s %-9s score %.3f", name, word, v.Score)
	for _, h := range guard.Harms {
		if v.Category == h {
			p.f("  severity %d (%s)", v.Severity, v.Severity.Level())
		}
	}
	p.f("  stage %s\n", v.Stage)
	for _, s := range v.Spans {
		p.f("      bytes %d to %d: %s\n", s.Start, s.End, p.cut(text[s.Start:s.End]))
	}
}
