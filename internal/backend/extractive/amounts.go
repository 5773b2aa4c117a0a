package extractive

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// amount is a number with the unit that it counts.
type amount struct {
	value float64
	unit  string
}

// span is the amounts for which a text says something, ends included.
type span struct {
	from, to float64
	unit     string
	// ladder: it ends where the next larger one takes over, as the limits of a table.
	ladder bool
}

func (s span) has(a amount) bool { return s.unit == a.unit && a.value >= s.from && a.value <= s.to }

const number = `(-?\d+(?:,\d{3})*(?:\.\d+)?)`

// figure is an amount as people write it; the unit before or behind the number.
const figure = `([£$€]?)\s?` + number + `\s?(°\s?[CF]|%|per cent|[a-zA-Z]+)?`

var (
	figures = regexp.MustCompile(figure)
	between = regexp.MustCompile(`(?i)\b(?:between|from)\s` + figure + `\s(?:and|to)\s` + figure)
	above   = regexp.MustCompile(`(?i)^(?:above|over|more than|exceed)`)
	atMost  = regexp.MustCompile(`(?i)(?:\b(?:below|under|less than|up to|at most|no more than|not more than|not exceed|maximum of|within)\b:?\s)` + figure)
	atLeast = regexp.MustCompile(`(?i)(?:\b(?:above|over|more than|at least|exceed(?:s|ing)?|minimum of)\b:?\s)` + figure)
	over    = regexp.MustCompile(`(?i)\b(?:above|over|more than|exceed(?:s|ing)?)\s*$`)
	// anyAmount has no upper end.
	anyAmount = regexp.MustCompile(`(?i)\b(?:any|unlimited) amount\b`)
	upTo      = regexp.MustCompile(`(?i)\bup to: `)
)

// units by the word behind a number; others are no amounts.
var units = map[string]string{"£": "£", "pound": "£", "pounds": "£", "$": "$", "dollar": "$", "dollars": "$", "€": "€", "euro": "€", "euros": "€",
	"%": "%", "per cent": "%", "percent": "%", "degree": "°", "degrees": "°",
	"minute": "minute", "minutes": "minute", "hour": "hour", "hours": "hour", "day": "day", "days": "day", "week": "week", "weeks": "week",
	"month": "month", "months": "month", "year": "year", "years": "year"}

// amountOf reads what figure matched; m is sign, number, unit.
func amountOf(m []string) (amount, bool) {
	unit := units[m[0]]
	if unit == "" {
		unit = units[strings.ToLower(m[2])]
	}
	if strings.HasPrefix(m[2], "°") {
		unit = "°"
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
	return amount{v, unit}, unit != "" && err == nil
}

// amounts are those of a text; "more than 2 per cent" is a little more.
func amounts(text string) []amount {
	var out []amount
	for _, at := range figures.FindAllStringSubmatchIndex(text, 8) {
		a, ok := amountOf([]string{text[at[2]:at[3]], text[at[4]:at[5]], part(text, at[6], at[7])})
		if !ok {
			continue
		}
		if over.MatchString(text[:at[0]]) {
			a.value = math.Nextafter(a.value, math.Inf(1))
		}
		out = append(out, a)
	}
	return out
}

func part(text string, start, end int) string {
	if start < 0 {
		return ""
	}
	return text[start:end]
}

// spans are the ranges that text speaks of.
func spans(text string) []span {
	var out []span
	for _, m := range between.FindAllStringSubmatch(text, 8) {
		to, ok := amountOf(m[4:])
		from, fromOK := amountOf(m[1:])
		if !fromOK {
			from, fromOK = amountOf([]string{m[1], m[2], m[6]}) // "from 2 to 8 °C"
		}
		if ok && fromOK && from.unit == to.unit {
			out = append(out, span{from: from.value, to: to.value, unit: to.unit})
		}
	}
	ladder := upTo.MatchString(text)
	for _, m := range atMost.FindAllStringSubmatch(text, 8) {
		if a, ok := amountOf(m[1:]); ok {
			out = append(out, span{from: math.Inf(-1), to: a.value, unit: a.unit, ladder: ladder})
		}
	}
	for _, m := range atLeast.FindAllStringSubmatch(text, 8) {
		if a, ok := amountOf(m[1:]); ok {
			if above.MatchString(m[0]) {
				a.value = math.Nextafter(a.value, math.Inf(1))
			}
			out = append(out, span{from: a.value, to: math.Inf(1), unit: a.unit})
		}
	}
	if ladder && anyAmount.MatchString(text) {
		out = append(out, span{from: math.Inf(-1), to: math.Inf(1), ladder: true})
	}
	return out
}

// measure reads the amounts of the question and, when it has some, those of the
// sentences. The rows of a table are the steps of a ladder: each holds for what is
// above the next smaller limit.
func (r *reading) measure(question string) {
	if r.amounts = amounts(question); len(r.amounts) == 0 {
		return
	}
	for i := range r.sentences {
		s := &r.sentences[i]
		s.ranges, s.amounts = spans(s.raw), amounts(s.raw)
	}
	for i := range r.sentences {
		for j, x := range r.sentences[i].ranges {
			if x.ladder {
				r.sentences[i].ranges[j].from = r.below(i, x)
			}
		}
	}
}

// rows bounds the part of a table that is looked at, to each side.
const rows = 64

// below is just above the largest limit under x among the other rows of its table.
func (r *reading) below(i int, x span) float64 {
	from := math.Inf(-1)
	for j := max(0, i-rows); j < min(i+rows, len(r.sentences)); j++ {
		s := &r.sentences[j]
		if j == i || s.passage != r.sentences[i].passage || s.heading != r.sentences[i].heading {
			continue
		}
		for _, o := range s.ranges {
			if o.ladder && (o.unit == x.unit || x.unit == "") && o.to < x.to {
				from = max(from, math.Nextafter(o.to, math.Inf(1)))
			}
		}
	}
	return from
}

// amount is 1 when s speaks of a range with an amount of the question in it, or of
// the amount itself, -1 when it speaks of others only, else 0.
func (r *reading) amount(s *sentence) float64 {
	other := 0.0
	for _, a := range r.amounts {
		for _, x := range s.ranges {
			if x.has(a) || x.unit == "" && x.ladder && a.value >= x.from {
				return 1
			}
			if x.unit == a.unit {
				other = -1
			}
		}
		if len(s.ranges) == 0 && slices.Contains(s.amounts, a) {
			return 1
		}
	}
	return other
}
