package extractive

import (
	"slices"
	"strings"
	"unicode"

	"sallyport/internal/knowledge/lexis"
)

// determiners begin the name of a thing.
var determiners = list(`the a an my our your`)

// thing is what a question names: a sentence about something else is no answer,
// however many other words it shares.
type thing struct {
	words []term
	// which: the number that tells one of many ("ward 9"); no other will do.
	which bool
}

// named are the things of question: compounds ("the purchasing card"), and what a
// number tells from its like.
func named(question string, tokens []lexis.Token) []thing {
	var out []thing
	_, begins := lexis.Parts(question)
	ends := strings.LastIndexByte(question, '?')
	for i := 1; i < len(tokens); i++ {
		t, last := tokens[i], tokens[i-1]
		if ends >= 0 && t.Start > ends {
			break // what follows a question is none
		}
		if last.Start < begins || t.Start <= last.End || question[last.End:t.Start] != " " {
			continue
		}
		if t.Number && !last.Stop && !last.Number && plainNumber(question, t) {
			out = append(out, thing{words: []term{{stem: last.Term}, {stem: t.Term}}, which: true})
		}
		if asksFor(question, tokens, i) {
			out = append(out, thing{words: []term{{stem: t.Term, near: lexis.Near("en", t.Term)}}})
		}
		if compound(question, tokens, i) {
			out = append(out, thing{words: []term{{stem: last.Term, near: lexis.Near("en", last.Term)}, {stem: t.Term, near: lexis.Near("en", t.Term)}}})
		}
	}
	return out
}

// asksFor reports whether word i is what the question wants to know: "what is the
// X of", "how many X".
func asksFor(question string, tokens []lexis.Token, i int) bool {
	word := func(j int) string {
		if j < 0 || j >= len(tokens) {
			return ""
		}
		return strings.ToLower(question[tokens[j].Start:tokens[j].End])
	}
	switch {
	case !matters(tokens[i]) || sizes[word(i)]:
		return false
	case word(i-2) == "how" && word(i-1) == "many":
		return true
	}
	return determiners[word(i-1)] && (word(i-2) == "is" || word(i-2) == "are") && strings.HasPrefix(word(i-3), "what") && word(i+1) == "of"
}

// auxiliaries stand before the subject of a question; its verb stands behind.
var auxiliaries = list(`do does did can could may might must should shall will would is are was were`)

// compound reports whether words i-1 and i are a thing of two words, and not a
// subject with its verb: "does the shop open".
func compound(question string, tokens []lexis.Token, i int) bool {
	word := func(j int) string { return strings.ToLower(question[tokens[j].Start:tokens[j].End]) }
	if i < 2 || !matters(tokens[i-1]) || !matters(tokens[i]) || !determiners[word(i-2)] || strings.HasSuffix(word(i-1), "s") {
		return false
	}
	if i < 3 || !auxiliaries[word(i-3)] {
		return true
	}
	return i+1 < len(tokens) && !tokens[i+1].Stop && tokens[i+1].Start > tokens[i].End
}

// within reports whether a set of words has all of x.
func (x *thing) within(has map[string]bool) bool {
	for i := range x.words {
		if x.words[i].in(has) == 0 {
			return false
		}
	}
	return true
}

func matters(t lexis.Token) bool {
	return !t.Stop && !t.Number && !lexis.Everyday("en", t.Term) && !askedFor[t.Term]
}

// plainNumber reports whether a number counts nothing: no unit stands by it.
func plainNumber(question string, t lexis.Token) bool {
	before, behind := question[:t.Start], strings.TrimLeft(question[t.End:], " ")
	unit := strings.IndexFunc(behind+" ", func(r rune) bool { return !unicode.IsLetter(r) && r != '%' })
	return strings.TrimRight(before, "£$€") == before && units[strings.ToLower(behind[:unit])] == "" && !strings.HasPrefix(behind, "per cent") && !strings.HasPrefix(behind, "°")
}

// unnamed is the share of what the question names that sentence i lacks.
func (r *reading) unnamed(i int) float64 {
	lacks := 0.0
	for j := range r.named {
		if !r.about(i, &r.named[j]) {
			lacks++
		}
	}
	return lacks / float64(max(len(r.named), 1))
}

// another reports whether sentence i is about another one of many than the one
// that the question names by its number.
func (r *reading) another(i int) bool {
	return slices.ContainsFunc(r.named, func(x thing) bool { return x.which && !r.about(i, &x) })
}

// about reports whether sentence i names x, or what it stands under or goes on from.
func (r *reading) about(i int, x *thing) bool {
	s := &r.sentences[i]
	return x.within(s.has) || x.within(r.titles[s.passage]) || s.heading >= 0 && x.within(r.sentences[s.heading].has) ||
		i > 0 && related(&r.sentences[i-1], s) && x.within(r.sentences[i-1].has)
}
