package filter

import (
	"context"
	"strings"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/grounding"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content/open"
)

// Otherwise is what happens with a statement of an answer that no document of the
// conversation carries. The zero Otherwise asks for no documents.
type Otherwise uint8

// What happens, from the mildest.
const (
	Anything        Otherwise = iota // answers need not be grounded
	TellOnly                         // annotated
	RemoveStatement                  // left out
	EndAnswer                        // the answer ends there, in the filter's name
)

// claims judges the statements of an answer against the documents of its prompt.
type claims struct {
	rule     Otherwise
	question string
	passages []string
	bare     bool // there is no document: nothing can be carried
	session  *grounding.Session
}

// claimsOf is nil where answers need not be grounded. What was masked in the prompt is
// put back, as it is in the answer.
func claimsOf(rule Otherwise, c *conversation.Conversation, m *Substitutions) *claims {
	if rule == Anything {
		return nil
	}
	k := &claims{rule: rule}
	for i := range c.Turns {
		asked, question := c.Turns[i].Role == conversation.UserRole, ""
		for j := range c.Turns[i].Parts {
			p := &c.Turns[i].Parts[j]
			text := m.restore(open.String(p.Text))
			switch {
			case p.Kind == conversation.Document || p.Kind == conversation.ToolResult:
				k.passages = append(k.passages, text)
			case p.Kind == conversation.Text && p.Origin != conversation.Model:
				rest, inside := embeddedDocuments(text)
				k.passages = append(k.passages, inside...)
				question += rest
			}
		}
		if asked && strings.TrimSpace(question) != "" {
			k.question = question
		}
	}
	if strings.TrimSpace(strings.Join(k.passages, "")) == "" {
		k.bare, k.passages = true, []string{"."}
	}
	if len(k.question) > grounding.MaxQuestion {
		k.question = k.question[:grounding.MaxQuestion] // the rest of a question helps no more
	}
	return k
}

// embeddedDocuments are the documents between tags in a text, as Azure's documentation asks
// for them, and the text without them.
func embeddedDocuments(text string) (rest string, inside []string) {
	const from, to = "<documents>", "</documents>"
	for {
		i := strings.Index(text, from)
		if i < 0 {
			return rest + text, inside
		}
		j := strings.Index(text[i:], to)
		if j < 0 {
			return rest + text, inside
		}
		rest += text[:i]
		inside = append(inside, unescape(text[i+len(from):i+j]))
		text = text[i+j+len(to):]
	}
}

// judge returns which of the statements are not carried.
func (k *claims) judge(ctx context.Context, texts []string) (bad []bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			bad, err = nil, panicked(r)
		}
	}()
	if k.session == nil {
		c, err := checker()
		if err != nil {
			return nil, err
		}
		if k.session, err = c.Session(k.question, k.passages); err != nil {
			return nil, err
		}
	}
	for _, text := range texts {
		st, err := k.session.Statement(ctx, text)
		if err != nil {
			return nil, err
		}
		bad = append(bad, k.uncarried(st))
	}
	return bad, nil
}

// uncarried never looks at the score of a statement that was not judged.
func (k *claims) uncarried(st grounding.Statement) bool {
	switch {
	case st.Support == grounding.Ignored:
		return false
	case k.bare:
		return k.rule != TellOnly
	}
	return st.Support != grounding.Supported
}

// lookGrounded judges the statements that are complete and returns the frontier: what
// is not yet a statement waits.
func (w *watch) lookGrounded(ctx context.Context, l *lane, last bool) (int, error) {
	if !l.claims {
		return l.end(), nil
	}
	base := max(l.base, l.cutter.At()-grounding.Context)
	spans := l.cutter.Next(string(l.text[base-l.base:]), base, last)
	texts := make([]string, len(spans))
	for i, s := range spans {
		texts[i] = string(l.text[s.Start-l.base : s.End-l.base])
	}
	if len(texts) > 0 {
		bad, err := within(ctx, w.p.Deadline, func(ctx context.Context) ([]bool, error) { return w.claims.judge(ctx, texts) })
		if err != nil {
			w.broken = err
			return 0, err
		}
		for i, s := range spans {
			if bad[i] {
				l.uncarried(s, w.claims.rule)
			}
		}
	}
	if w.claims.rule == TellOnly {
		return l.end(), nil
	}
	return l.cutter.At(), nil
}

// uncarried acts on a statement that no document carries.
func (l *lane) uncarried(s guard.Span, rule Otherwise) {
	l.sheet.takeUngrounded(rule)
	switch rule {
	case TellOnly:
		l.told = append(l.told, told{span: s, from: -1})
	case RemoveStatement:
		if at := s.End - l.base; at < len(l.text) && l.text[at] == ' ' {
			s.End++ // the blank that parts it from the next
		}
		l.drops = append(l.drops, s)
	}
}

// told is an annotated statement that is not released in full yet.
type told struct {
	span guard.Span
	from int // where it begins in what was released, in code points; -1: not released
}

// place finds the annotated statements in out, which is released for the text up to
// frontier.
func (l *lane) place(out []byte, frontier int) {
	points := func(at int, end bool) int {
		return l.points + utf8.RuneCount(out[:min(max(moved(l.masked, at, end)-l.bytes, 0), len(out))])
	}
	rest := l.told[:0]
	for _, t := range l.told {
		if t.from < 0 && t.span.Start < frontier {
			t.from = points(t.span.Start, false)
		}
		if t.span.End <= frontier {
			l.sheet.points = append(l.sheet.points, guard.Span{Start: t.from, End: points(t.span.End, true)})
			continue
		}
		rest = append(rest, t)
	}
	l.told = rest
	l.points += utf8.RuneCount(out)
	l.bytes += len(out)
}
