package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/guard/pii/names"
)

// span is a piece of a text that a slot was filled with.
type span struct {
	start, end int
	kind       names.Kind
}

// example is a text whose words are labelled. Words in skip are not trained on.
type example struct {
	text  string
	spans []span
	skip  []span
	// unlabelled texts are real: only words that are surely no names count.
	unlabelled bool
	strict     bool
	lang       string
}

// writer writes one generated text.
type writer struct {
	v     *vocabulary
	r     *rand.Rand
	lang  string
	b     strings.Builder
	spans []span
}

func pick[T any](r *rand.Rand, from []T) T {
	if len(from) == 0 {
		var zero T
		return zero
	}
	return from[r.IntN(len(from))]
}

func (w *writer) one(s ...string) string { return pick(w.r, s) }

func (w *writer) chance(p float64) bool { return w.r.Float64() < p }

// put writes a name and notes where.
func (w *writer) put(kind names.Kind, s string) {
	from := w.b.Len()
	w.b.WriteString(s)
	w.spans = append(w.spans, span{from, w.b.Len(), kind})
}

// generate fills one template.
func generate(v *vocabulary, r *rand.Rand, lang, template string) example {
	w := &writer{v: v, r: r, lang: lang}
	w.fill(strings.ReplaceAll(template, `\n`, "\n"))
	e := example{text: w.b.String(), spans: w.spans, lang: lang}
	switch {
	case w.chance(0.06):
		e.text = sameLength(e.text, unicode.ToLower)
	case w.chance(0.02):
		e.text = sameLength(e.text, unicode.ToUpper)
	}
	return e
}

// sameLength maps runes that keep their length: offsets stay.
func sameLength(s string, f func(rune) rune) string {
	return strings.Map(func(r rune) rune {
		if m := f(r); utf8.RuneLen(m) == utf8.RuneLen(r) {
			return m
		}
		return r
	}, s)
}

// fill writes a template: [a|b] chooses, {slot} is filled.
func (w *writer) fill(t string) {
	for t != "" {
		i := strings.IndexAny(t, "[{")
		if i < 0 {
			w.b.WriteString(t)
			return
		}
		w.b.WriteString(t[:i])
		t = t[i:]
		end := 0
		if t[0] == '[' {
			if end = closing(t); end > 0 {
				w.fill(pick(w.r, choices(t[1:end])))
			}
		} else if end = strings.IndexByte(t, '}'); end > 0 && slot(t[1:end]) {
			w.slot(t[1:end])
		} else {
			end = 0
		}
		if end == 0 {
			w.b.WriteByte(t[0])
		}
		t = t[end+1:]
	}
}

func slot(s string) bool {
	for _, r := range s {
		if r != '!' && !unicode.IsLetter(r) {
			return false
		}
	}
	return s != ""
}

// closing is where the bracket that opens t ends, 0 when it does not.
func closing(t string) int {
	depth := 0
	for i := range len(t) {
		switch t[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}

func choices(t string) []string {
	var out []string
	depth, from := 0, 0
	for i := range len(t) {
		switch t[i] {
		case '[':
			depth++
		case ']':
			depth--
		case '|':
			if depth == 0 {
				out = append(out, t[from:i])
				from = i + 1
			}
		}
	}
	return append(out, t[from:])
}

func (w *writer) slot(name string) {
	name, form, _ := strings.Cut(name, "!")
	cased := func(s string) string {
		switch form {
		case "l":
			return strings.ToLower(s)
		case "u":
			return strings.ToUpper(s)
		}
		return s
	}
	switch name {
	case "p":
		w.put(names.Person, cased(w.person()))
	case "f":
		w.put(names.Person, cased(w.first()))
	case "l":
		w.put(names.Person, cased(w.last()))
	case "o":
		w.put(names.Organization, cased(w.org()))
	case "c":
		w.put(names.Location, cased(w.city()))
	case "k":
		w.put(names.Location, cased(pick(w.r, w.v.country)))
	case "a":
		w.address()
	default:
		w.b.WriteString(cased(w.plain(name)))
	}
}

// pool chooses a language of names: mostly the text's own.
func (w *writer) pool() string {
	switch p := w.r.Float64(); {
	case p < 0.5:
		return w.lang
	case p < 0.68:
		return pick(w.r, languages)
	case p < 0.9:
		return "world"
	default:
		return "asia"
	}
}

func (w *writer) first() string { return pick(w.r, w.v.first[w.pool()]) }

func (w *writer) last() string {
	l := pick(w.r, w.v.last[w.pool()])
	if w.chance(0.03) {
		l += "-" + pick(w.r, w.v.last[w.pool()])
	}
	if w.chance(0.05) {
		l = w.one("van ", "van der ", "de ", "von ", "da ", "del ", "al-", "Mc", "O'", "O'", "de la ", "ten ", "St. ", "El ", "bin ", "D'") + l
	}
	return l
}

// invented is a name that nobody has: the model must not live by its table.
func (w *writer) invented() string {
	var b strings.Builder
	for range 2 + w.r.IntN(2) {
		b.WriteString(pick(w.r, w.v.last["world"])[:1] + w.one("a", "e", "i", "o", "u", "ae", "ou") + w.one("n", "r", "l", "m", "s", "k", "t", "nd", "rt", "", "v"))
	}
	s := strings.ToLower(strings.ToValidUTF8(b.String(), "k"))
	return strings.ToUpper(s[:1]) + s[1:]
}

func (w *writer) person() string {
	pool := w.pool()
	first, last := pick(w.r, w.v.first[pool]), pick(w.r, w.v.last[pool])
	if w.chance(0.35) {
		last = w.last()
	}
	if w.chance(0.06) {
		first = w.invented()
	}
	if w.chance(0.06) {
		last = w.invented()
	}
	if w.chance(0.03) {
		last = w.one("O'", "D'", "Mc", "Mac", "De", "Di", "Van") + last
	}
	initial, _ := utf8.DecodeRuneInString(first)
	switch p := w.r.Float64(); {
	case p < 0.60:
		return first + " " + last
	case p < 0.68:
		return first + " " + string(rune('A'+w.r.IntN(26))) + w.one(". ", ". ", " ") + last
	case p < 0.72:
		return string(initial) + ". " + last
	case p < 0.76:
		return first + " " + w.first() + " " + last
	case p < 0.80 || p < 0.87 && (w.lang == "es" || w.lang == "pt"):
		return first + " " + last + " " + w.last()
	case p < 0.90:
		return first
	case p < 0.93:
		return last + ", " + first
	case p < 0.95:
		return first + " " + strings.ToUpper(last)
	case p < 0.97:
		return last + " " + first
	case p < 0.985:
		return first + w.one("-", " ") + w.first() + " " + last
	}
	return first + " " + last + w.one(" Jr.", " III", " Sr", " II", ", PhD", ", MD")
}

func (w *writer) city() string {
	if own := w.v.city[w.lang]; len(own) > 0 && w.chance(0.4) {
		return pick(w.r, own)
	}
	if w.lang == "en" && w.chance(0.1) {
		return pick(w.r, list("state_en"))
	}
	if w.chance(0.08) {
		return w.invented() + w.one("", "", "ville", "burg", "town", "stad", "dorf", " Bay", "heim", "wice")
	}
	return pick(w.r, w.v.worldCity)
}

func (w *writer) org() string {
	form := func() string { return pick(w.r, own("form")) }
	name := func() string {
		switch p := w.r.Float64(); {
		case p < 0.35:
			return w.last()
		case p < 0.5:
			return w.invented()
		case p < 0.85:
			return pick(w.r, own("brand"))
		default:
			return pick(w.r, w.v.cap)
		}
	}
	trade := func() string { return pick(w.r, w.v.trade) }
	switch p := w.r.Float64(); {
	case p < 0.25:
		return pick(w.r, w.v.org)
	case p < 0.37:
		return name() + " " + form()
	case p < 0.55:
		return name() + " " + trade()
	case p < 0.64:
		return name() + " " + trade() + " " + form()
	case p < 0.70:
		return w.last() + w.one(" & ", " and ", " und ", " & ") + w.last() + w.one("", " "+form(), " LLP")
	case p < 0.74:
		return w.last() + ", " + w.last() + " and " + w.last()
	case p < 0.79:
		return w.last() + "-" + w.last()
	case p < 0.83:
		return w.last() + " " + w.one("Ltd", "Inc", "PLC", "LLC", "Group", "and Sons", "& Sons", "Brothers", "GmbH", "et Fils", "Hermanos", "e figli")
	case p < 0.89:
		return w.one("University of ", "Bank of ", "City of ", "Universität ", "Université de ", "Universidad de ", "Università di ", "St. Mary's Hospital ", "Stadt ", "Klinikum ", "Port of ", "Museum of ") + w.city()
	case p < 0.94:
		return w.city() + " " + trade()
	case p < 0.97:
		return name() + w.one("-", "") + w.one("Soft", "Tech", "Net", "Plan", "Works", "Lab", "Pro", "Med")
	}
	return name() + " " + trade() + " of " + w.city()
}

func (w *writer) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + w.r.IntN(10))
	}
	return string(b)
}

// streetName is a street of the text's country or another.
func (w *writer) streetName(lang string) string {
	kind := pick(w.r, w.v.street[lang])
	name := w.last()
	switch p := w.r.Float64(); {
	case p < 0.2:
		name = pick(w.r, own("streetname"))
	case p < 0.3:
		name = w.person()
	case p < 0.4:
		name = w.city()
	case p < 0.45:
		name = w.invented()
	}
	if strings.HasPrefix(kind, "-") {
		return name + kind[1:]
	}
	if strings.HasSuffix(kind, "_") {
		return kind[:len(kind)-1] + " " + name
	}
	return name + " " + kind
}

func (w *writer) address() {
	lang := w.lang
	if w.chance(0.35) {
		lang = pick(w.r, languages)
	}
	street := w.streetName(lang)
	number := fmt.Sprint(1 + w.r.IntN(300))
	if w.chance(0.25) {
		number = fmt.Sprint(1 + w.r.IntN(9999))
	}
	if w.chance(0.06) {
		number += w.one("a", "b", "B", "-3", "/2", " bis")
	}
	line := street + " " + number
	if lang == "en" || lang == "fr" || w.chance(0.15) {
		line = number + w.one(" ", " ", " ", ", ") + street
	} else if lang == "es" || lang == "it" || lang == "pt" {
		line = street + w.one(", ", " ", ", ") + number
	}
	if w.chance(0.22) {
		line += w.one(", Apt ", " Apt. ", ", Suite ", " Suite ", ", Flat ", ", Unit ", " #", ", 2nd floor, ", ", Etage ", ", Piso ", "\nApt. ", "\n Suite ") + fmt.Sprint(1+w.r.IntN(999))
	}
	if w.chance(0.03) {
		line = w.one("PO Box ", "P.O. Box ", "Postfach ", "Unit "+w.digits(4)+" Box ", "PSC "+w.digits(4)+" Box ") + w.digits(4)
	}
	zip := w.digits(5)
	switch w.r.IntN(6) {
	case 0:
		zip = w.digits(4)
	case 1:
		zip = w.digits(2) + "-" + w.digits(3)
	case 2:
		zip = string(rune('A'+w.r.IntN(20))) + string(rune('A'+w.r.IntN(20))) + w.digits(1) + " " + w.digits(1) + "AB"
	case 3:
		zip = w.digits(4) + " " + w.one("AB", "KL", "XZ")
	}
	sep := w.one(", ", ", ", ", ", "\n", "\n", " ")
	tail := ""
	switch p := w.r.Float64(); {
	case p < 0.2: // no town
	case p < 0.55:
		tail = sep + zip + " " + w.city()
	case p < 0.70:
		tail = sep + w.city() + ", " + w.one("TX", "CA", "NY", "FL", "BA", "WA", "IL", "AE", "ON") + " " + w.digits(5)
	case p < 0.82:
		tail = sep + w.city() + w.one(" ", ", ") + zip
	default:
		tail = sep + w.city()
	}
	if w.chance(0.15) && tail != "" {
		tail += w.one(", ", "\n", " ") + pick(w.r, w.v.country)
		if w.chance(0.3) {
			tail += " " + w.digits(5)
		}
	}
	w.put(names.Address, line+tail)
}

// plain fills the slots that hold no name.
func (w *writer) plain(name string) string {
	switch name {
	case "d":
		return w.date()
	case "t":
		return fmt.Sprintf("%d:%02d", w.r.IntN(24), w.r.IntN(60))
	case "n":
		return fmt.Sprint(1 + w.r.IntN(150))
	case "N":
		return w.digits(4 + w.r.IntN(7))
	case "x":
		return w.code()
	case "e":
		return strings.ToLower(strings.ReplaceAll(pick(w.r, w.v.last["en"]), " ", "")) + w.digits(2) + "@" + w.one("example.com", "example.org", "mail.example.net", "corp.example")
	case "ph":
		return w.one("+"+w.digits(2)+" "+w.digits(3)+" "+w.digits(6), "("+w.digits(3)+") 555-01"+w.digits(2), w.digits(3)+"-555-"+w.digits(4), "0"+w.digits(3)+" "+w.digits(6), w.digits(10))
	case "u":
		return "https://" + strings.ToLower(pick(w.r, w.v.word["en"])) + ".example.com/" + w.digits(3)
	case "m":
		return pick(w.r, w.v.product)
	case "drug":
		return pick(w.r, w.v.drug)
	case "mon":
		return pick(w.r, own("month_"+w.lang))
	case "day":
		return pick(w.r, own("day_"+w.lang))
	case "job":
		if jobs := w.v.job[w.lang]; len(jobs) > 0 {
			return pick(w.r, jobs)
		}
		return pick(w.r, w.v.job["en"])
	case "head":
		return w.heading()
	case "W":
		return title(w.word())
	}
	return w.word()
}

func (w *writer) word() string {
	if words := w.v.word[w.lang]; len(words) > 0 {
		return pick(w.r, words)
	}
	return pick(w.r, w.v.word["en"])
}

func title(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// heading is some words in capitals, as headings have them.
func (w *writer) heading() string {
	if w.chance(0.5) {
		return pick(w.r, w.v.head)
	}
	var words []string
	for range 2 + w.r.IntN(4) {
		words = append(words, title(w.word()))
	}
	if w.chance(0.2) {
		return strings.ToUpper(strings.Join(words, " "))
	}
	return strings.Join(words, " ")
}

func (w *writer) date() string {
	d, m, y := 1+w.r.IntN(28), 1+w.r.IntN(12), 1930+w.r.IntN(96)
	months := own("month_" + w.lang)
	switch w.r.IntN(6) {
	case 0:
		return fmt.Sprintf("%d/%d/%d", m, d, y)
	case 1:
		return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
	case 2:
		return fmt.Sprintf("%02d.%02d.%d", d, m, y)
	case 3:
		return fmt.Sprintf("%s %d, %d", pick(w.r, months), d, y)
	case 4:
		return fmt.Sprintf("%d %s %d", d, pick(w.r, months), y)
	}
	return fmt.Sprintf("%d %s", d, pick(w.r, months))
}

const hexDigits = "0123456789abcdef"

// code is something with digits and letters that is nobody's.
func (w *writer) code() string {
	hex := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = hexDigits[w.r.IntN(16)]
		}
		return string(b)
	}
	upper := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('A' + w.r.IntN(26))
		}
		return string(b)
	}
	switch w.r.IntN(15) {
	case 0:
		return hex(40)
	case 1:
		return hex(8) + "-" + hex(4) + "-" + hex(4) + "-" + hex(4) + "-" + hex(12)
	case 2:
		return "v" + w.digits(1) + "." + w.digits(2) + "." + w.digits(1) + w.one("", "-rc1", "-beta")
	case 3:
		return upper(2) + w.digits(4)
	case 4:
		return "INV-" + w.digits(4) + "-" + w.digits(5)
	case 5:
		return "#" + w.digits(7)
	case 6:
		return "0x" + strings.ToUpper(hex(8))
	case 7:
		return strings.ToLower(w.word()) + "_" + strings.ToLower(w.word())
	case 8:
		return w.digits(3) + "-" + w.digits(2) + "-" + w.digits(4) + "-" + upper(1)
	case 11:
		return upper(2) + w.digits(2) + " " + upper(4) + " " + w.digits(4) + " " + w.digits(4) + " " + w.digits(2)
	case 12:
		return upper(2) + w.one(" ", "") + w.digits(2) + " " + w.digits(2) + " " + w.digits(2) + " " + upper(1)
	case 13:
		return strings.ToUpper(hex(2) + "-" + hex(2) + "-" + hex(2) + "-" + hex(2) + "-" + hex(2) + "-" + hex(2))
	case 14:
		return upper(6) + w.digits(2) + upper(1) + w.digits(2) + upper(1) + w.digits(3) + upper(1)
	case 9:
		b := make([]byte, 20+w.r.IntN(30))
		for i := range b {
			b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[w.r.IntN(64)]
		}
		return string(b) + "=="
	}
	return "ISBN 978-" + w.digits(1) + "-" + w.digits(4) + "-" + w.digits(4) + "-" + w.digits(1)
}
