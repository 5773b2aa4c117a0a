package lexis

import (
	"regexp"
	"strings"
)

// reported stands before a question that is told and not asked: "Tom asked me
// about parking".
var reported = regexp.MustCompile(`(?i)\b(?:asks?|asked|asking|wonders?|wondered|wondering|enquired|inquired|(?:wants?|wanted|need|needs|like) to know)(?: (?:(?:me|us|you|him|her|them)(?: about| whether| if| for)?|about|whether|if))\s`)

// Parts tells where in an English text the circumstances of its question begin,
// and where the question itself does. What stands before the circumstances only
// says who asks; an answer may lack the words of both.
func Parts(text string) (circumstances, question int) {
	for _, s := range Sentences(text) {
		if s.Start > 0 && strings.HasSuffix(text[s.Start:s.End], "?") && matter(text[s.Start:s.End]) > 1 {
			question = s.Start
		}
	}
	if question > 0 {
		return 0, question
	}
	if at := reported.FindStringIndex(text); at != nil && at[0] > 0 && matter(text[at[1]:]) > 1 {
		return at[1], at[1]
	}
	return 0, 0
}

// matter counts the words that carry some.
func matter(text string) int {
	n := 0
	for _, t := range NewAnalyser("en").Tokens(text) {
		if !t.Stop && !Everyday("en", t.Term) {
			n++
		}
	}
	return n
}
