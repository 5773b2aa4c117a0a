package extractive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content/open"
)

// The words of an answer that are not quoted: a closed list.
const (
	about = "I am Sallyport's embedded answerer. I only quote from documents that come with a question. " +
		"No model is connected, and this request came without documents, so I cannot answer it. " +
		"Ask in the chat page, or connect a model to this deployment."
	nothing  = "I found nothing in these documents that answers the question."
	noAsking = "There is no question to look up in these documents."
)

// defaultTokens is the limit of an answer when the caller's limit is missing,
// which the type forbids.
const defaultTokens = 1024

// reply is a finished answer.
type reply struct {
	pieces []piece
	finish conversation.Finish
	tokens int
}

// piece is the text of one delta with the quotations in it.
type piece struct {
	text      string
	citations []conversation.Citation
}

// passage is a Document part.
type passage struct {
	text, title string
	source      conversation.Source
}

// ask is what there is to answer.
type ask struct {
	question, previous string
	passages           []passage
	documents          bool // the conversation has Document parts
}

// compose answers c.
func compose(ctx context.Context, c *conversation.Conversation) (reply, error) {
	a := read(c)
	var pieces []piece
	switch {
	case !a.documents:
		pieces = fixed(about)
	case strings.TrimSpace(a.question) == "":
		pieces = fixed(noAsking)
	default:
		quotes, err := choose(ctx, a)
		if err != nil {
			return reply{}, err
		}
		if len(quotes) == 0 {
			pieces = fixed(nothing)
		} else {
			pieces = write(a, quotes)
		}
	}
	pieces, stopped := cutAtStop(pieces, c)
	limit := c.MaxTokens
	if limit <= 0 {
		limit = defaultTokens
	}
	r := reply{finish: conversation.Stop}
	r.pieces, r.tokens = fit(pieces, limit)
	if length(r.pieces) < length(pieces) {
		r.finish = conversation.Length
	} else if stopped {
		r.finish = conversation.Stop
	}
	return r, nil
}

func fixed(s string) []piece { return []piece{{text: s}} }

// read takes the last question, the one before it and the documents. Documents
// behind the last answer win: those of earlier turns are older looks, and are
// used only when there are no others.
func read(c *conversation.Conversation) ask {
	var a ask
	last := -1 // the last answer
	for i, t := range c.Turns {
		switch t.Role {
		case conversation.Assistant:
			last = i
		case conversation.UserRole:
			var words []string
			for _, p := range t.Parts {
				if p.Kind == conversation.Text && p.Origin == conversation.User {
					words = append(words, open.String(p.Text))
				}
			}
			if q := strings.Join(words, "\n"); strings.TrimSpace(q) != "" {
				a.previous, a.question = a.question, q
			}
		}
	}
	collect := func(from int) {
		for _, t := range c.Turns[from:] {
			for _, p := range t.Parts {
				if p.Kind != conversation.Document {
					continue
				}
				a.documents = true
				one := passage{text: open.String(p.Text)}
				if p.Source != nil {
					one.source = *p.Source
					one.title = strings.Join(strings.Fields(open.String(p.Source.Title)), " ")
				}
				same := func(o passage) bool {
					return o.text == one.text && o.source.Document == one.source.Document && o.source.Passage == one.source.Passage
				}
				if utf8.ValidString(one.text) && !slices.ContainsFunc(a.passages, same) {
					a.passages = append(a.passages, one)
				}
			}
		}
	}
	if collect(last + 1); !a.documents {
		collect(0)
	}
	return a
}

// quote is a chosen sentence.
type quote struct {
	passage, start, end int
	order               int // its place among all sentences
	lead                int // the place of the sentence that it helps to understand; its own
}

// write frames the quotations, grouped by document, best first. What helps to
// understand a sentence stands with it in reading order: the one it points back
// to before it, the steps that follow behind it. Passages are numbered by first
// use.
func write(a ask, quotes []quote) []piece {
	var (
		pieces  []piece
		at      int // bytes so far
		numbers = map[int]int{}
		written = map[int]bool{}
	)
	add := func(text string, citations ...conversation.Citation) {
		pieces = append(pieces, piece{text, citations})
		at += len(text)
	}
	rank := map[int]int{} // of the leads
	for i, q := range quotes {
		if q.order == q.lead {
			rank[q.lead] = i
		}
	}
	for _, lead := range quotes { // best first
		if written[lead.order] {
			continue
		}
		var group []quote
		for _, q := range quotes {
			if sameDocument(a.passages[q.passage], a.passages[lead.passage]) && !written[q.order] {
				group = append(group, q)
				written[q.order] = true
			}
		}
		slices.SortStableFunc(group, func(x, y quote) int {
			return cmp.Or(cmp.Compare(rank[x.lead], rank[y.lead]), cmp.Compare(x.order, y.order))
		})
		add(frame(a.passages[lead.passage], at > 0))
		for _, q := range group {
			p := a.passages[q.passage]
			number := numbers[q.passage]
			if number == 0 {
				number = len(numbers) + 1
				numbers[q.passage] = number
			}
			const before = "- “"
			add(fmt.Sprintf("%s%s” [%d]\n", before, p.text[q.start:q.end], number), conversation.Citation{
				Number: number, Source: p.source,
				Start: at + len(before), End: at + len(before) + q.end - q.start,
				PassageStart: q.start, PassageEnd: q.end,
			})
		}
	}
	// The answer ends without a line break.
	end := &pieces[len(pieces)-1]
	end.text = strings.TrimSuffix(end.text, "\n")
	return pieces
}

func sameDocument(a, b passage) bool {
	return a.source.Document == b.source.Document && a.source.Collection == b.source.Collection && a.title == b.title
}

// frame introduces the quotations of one document.
func frame(p passage, more bool) string {
	s := "From the document:"
	switch {
	case p.title != "" && p.source.Updated != "":
		s = fmt.Sprintf("From “%s” (updated %s):", p.title, written(p.source.Updated))
	case p.title != "":
		s = fmt.Sprintf("From “%s”:", p.title)
	}
	if more {
		s = "\n" + s
	}
	return s + "\n\n"
}

// written is a date as the page writes it; what is no date stays as it is.
func written(iso string) string {
	d, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	return d.Format("2 January 2006")
}

func length(pieces []piece) int {
	n := 0
	for _, p := range pieces {
		n += len(p.text)
	}
	return n
}

// cutAtStop ends the answer before the first stop sequence.
func cutAtStop(pieces []piece, c *conversation.Conversation) ([]piece, bool) {
	if len(c.Stop) == 0 {
		return pieces, false
	}
	text := joined(pieces)
	end := len(text)
	for _, s := range c.Stop {
		if i := strings.Index(text, open.String(s)); i >= 0 && !s.Empty() {
			end = min(end, i)
		}
	}
	return prefix(pieces, end), end < len(text)
}

func joined(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return b.String()
}

// fit cuts the answer to at most limit tokens, at the end of a sentence where
// one fits and else of a word, and returns the tokens of what is left.
func fit(pieces []piece, limit int) ([]piece, int) {
	text := joined(pieces)
	n := countTokens(text)
	if n <= limit {
		return pieces, n
	}
	// Ends of whole pieces behind the first quotation, then ends of words. The
	// count of a prefix rises with its length but for a token or two, so the
	// search finds the place and the loop makes sure.
	var ends []int
	at := 0
	for _, p := range pieces {
		at += len(p.text)
		if len(p.citations) > 0 {
			ends = append(ends, at)
		}
	}
	for _, ends := range [][]int{ends, wordEnds(text)} {
		i, _ := slices.BinarySearchFunc(ends, limit, func(end, limit int) int {
			return cmp.Compare(countTokens(text[:end]), limit+1)
		})
		for i = min(i, len(ends)-1); i >= 0; i-- {
			if n := countTokens(text[:ends[i]]); n <= limit {
				return prefix(pieces, ends[i]), n
			}
		}
	}
	return nil, 0
}

func wordEnds(text string) []int {
	var ends []int
	inside := false
	for i, r := range text {
		space := unicode.IsSpace(r)
		if space && inside {
			ends = append(ends, i)
		}
		inside = !space
	}
	return ends
}

// prefix is the first end bytes of the answer. Citations are cut with it.
func prefix(pieces []piece, end int) []piece {
	var out []piece
	at := 0
	for _, p := range pieces {
		if at >= end {
			break
		}
		if stop := at + len(p.text); stop > end {
			p.text = p.text[:end-at]
			var kept []conversation.Citation
			for _, c := range p.citations {
				if c.Start >= end {
					continue
				}
				if over := c.End - end; over > 0 {
					c.End -= over
					c.PassageEnd -= over
				}
				kept = append(kept, c)
			}
			p.citations = kept
		}
		out = append(out, p)
		at += len(p.text)
	}
	return out
}
