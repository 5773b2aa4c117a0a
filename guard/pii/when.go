package pii

import "strings"

// months are the names of months in ten languages, as the normalised text has
// them, and short ones.
var months = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`january february march april may june july august september october november december
		jan feb mar apr jun jul aug sep sept oct nov dec januar februar marz mai juni juli oktober dezember dez okt
		janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
		gennaio febbraio maggio giugno luglio settembre ottobre dicembre janeiro fevereiro marco maio junho julho setembro outubro novembro dezembro
		januari februari maart mei augustus stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia maj augusti marts`) {
		m[w] = true
	}
	return m
}()

var birthWords = []string{"born", "dob", "d.o.b", "birth", "birthday", "birthdate", "date of birth", "geboren", "geb", "geburtsdatum", "ne le", "nee le", "date de naissance", "nacido", "nacida", "fecha de nacimiento", "nato", "nata", "data di nascita", "nascido", "nascida", "data de nascimento", "geboortedatum", "ur", "urodzony", "urodzona", "data urodzenia", "fodd", "fodelsedatum", "født", "fodt", "fodselsdato"}

// dated reads a date at the number text[i:j]: in digits, or with the name of a
// month beside it. Days of a machine's clock are none: a time follows them.
func (f *finder) dated(i, j int) {
	if i > 0 && strings.IndexByte("/.-", f.text[i-1]) >= 0 && f.is(i-2, isAlnum) {
		return
	}
	end := f.digitsDate(i)
	start := i
	if end == 0 {
		start, end = f.monthDate(i, j)
	}
	if end == 0 || f.is(end, isWord) {
		return
	}
	switch {
	case holds(f.lower, max(0, start-contextBefore/2), start, birthWords) || f.headed(start):
		f.add(DateOfBirth, start, end, 0.9)
	case f.clock(start, end) || f.formatted(start, min(start+4, len(f.text)), "dddd") && !f.cell(start, end): // a clock's, or a record's: 2025-03-01
		if f.all {
			f.add(Date, start, end, 0.4)
		}
	default:
		f.add(Date, start, end, 0.6)
	}
}

// cell reports whether text[i:j] is one value of a line of values.
func (f *finder) cell(i, j int) bool {
	return i > 0 && strings.IndexByte(",;|\t", f.text[i-1]) >= 0 && (j == len(f.text) || strings.IndexByte(",;|\t\n", f.text[j]) >= 0)
}

// headed reports whether the table that begins the text has a column of days of
// birth and text[i:] is in a cell.
func (f *finder) headed(i int) bool {
	if i == 0 || strings.IndexByte(",;\t|", f.text[i-1]) < 0 {
		return false
	}
	from := max(0, i-contextBefore)
	return holds(f.lower, from, i, []string{"dob", "birthday", "born", "birth"})
}

// clock reports whether text[i:j] is part of a machine's time stamp, or of a name.
func (f *finder) clock(i, j int) bool {
	if j < len(f.text)-1 && (f.text[j] == 'T' || f.text[j] == ' ' || f.text[j] == '_' || f.text[j] == '-') && f.is(j+1, isDigit) {
		return true
	}
	return i > 0 && strings.IndexByte("_[=/-", f.text[i-1]) >= 0
}

// digitsDate is the end of a date in digits at i, 0 when there is none.
func (f *finder) digitsDate(i int) int {
	for _, form := range [...]string{"dddd-dd-dd", "dd/dd/dddd", "dd.dd.dddd", "dd-dd-dddd", "d/dd/dddd", "dd/d/dddd", "d/d/dddd", "d.d.dddd", "dd.d.dddd", "d.dd.dddd", "dddd/dd/dd"} {
		if i+len(form) <= len(f.text) && f.formatted(i, i+len(form), form) && calendar(f.text[i:i+len(form)]) && !f.is(i+len(form), isDigit) {
			return i + len(form)
		}
	}
	return 0
}

// calendar reports whether the numbers of s can be a year, a month and a day.
func calendar(s string) bool {
	var n [3]int
	k := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			k++
			continue
		}
		n[k] = n[k]*10 + int(c-'0')
	}
	if n[0] > 31 {
		n[0], n[2] = n[2], n[0]
	}
	return n[2] >= 1900 && n[2] <= 2100 && n[0] >= 1 && n[1] >= 1 && n[0] <= 31 && n[1] <= 31 && min(n[0], n[1]) <= 12
}

// monthDate reads "4 May 1999", "4. Mai", "May 4, 1999", "4 de mayo de 1999"
// around the number text[i:j]. A month alone, or with a year only, is no date.
func (f *finder) monthDate(i, j int) (start, end int) {
	if j-i > 2 || whole(valuesOf([]byte(f.text[i:min(j, i+2)]))) > 31 || class[f.text[j-1]]&isDigit == 0 {
		return 0, 0
	}
	k := j
	for _, s := range [...]string{"st ", "nd ", "rd ", "th ", ". ", " de ", " of ", " "} {
		if strings.HasPrefix(f.lower[j:], s) {
			k = j + len(s)
			break
		}
	}
	if k > j {
		if w := f.letters(k); w > k && months[f.lower[k:w]] {
			if year := f.year(w); year > 0 {
				return i, year
			}
			if f.lower[k:w] != "may" && f.lower[k:w] != "mars" && f.lower[k:w] != "mai" && w-k > 3 {
				return i, w
			}
		}
	}
	if i >= 4 && f.text[i-1] == ' ' {
		m := i - 1
		if f.text[m-1] == '.' {
			m--
		}
		from := m
		for from > 0 && m-from < 12 && f.is(from-1, isLetter) {
			from--
		}
		if months[f.lower[from:m]] && f.text[from] <= 'Z' && !f.is(from-1, isWord) {
			if year := f.year(j); year > 0 {
				return from, year
			}
		}
	}
	return 0, 0
}

// letters is the end of the letters at i, at most twelve.
func (f *finder) letters(i int) int {
	return f.run(i, 12, func(c byte) bool { return class[c]&isLetter != 0 })
}

// year is the end of a year that follows i, 0 when none does.
func (f *finder) year(i int) int {
	for _, s := range [...]string{", ", " ", ". ", " de ", ".", "-", "/"} {
		if strings.HasPrefix(f.lower[i:], s) {
			k := i + len(s)
			if k+4 <= len(f.text) && (f.text[k] == '1' && f.text[k+1] == '9' || f.text[k] == '2' && f.text[k+1] == '0') && f.is(k+2, isDigit) && f.is(k+3, isDigit) && !f.is(k+4, isWord) {
				return k + 4
			}
		}
	}
	return 0
}

// Words that make a number an age: behind it, and before it.
var (
	ageBehind = []string{"years old", "year old", "year-old", "years-old", "yrs old", "yr old", "yo", "y/o", "y.o.", "years of age", "jahre alt", "jahrige", "jahriger", "-jahrige", "-jahriger", "ans d'age", "anos de edad", "anni di eta", "anos de idade", "jaar oud", "lat zycia", "ar gammal", "ar gammel", "months old", "weeks old"}
	ageBefore = []string{"aged", "age", "age:", "alter", "alter:", "agé de", "age de", "agee de", "edad", "edad:", "eta", "eta:", "idade", "idade:", "leeftijd", "leeftijd:", "wiek", "wiek:", "alder", "alder:", "turns", "turned"}
)

// aged reads an age at the number text[i:j].
func (f *finder) aged(i, j int) {
	if j-i > 3 || class[f.text[j-1]]&isDigit == 0 || whole(valuesOf([]byte(f.text[i:j]))) > 120 || i > 0 && strings.IndexByte(".,-/:", f.text[i-1]) >= 0 && f.is(i-2, isDigit) {
		return
	}
	if k := j; k < len(f.text) && (f.text[k] == ' ' || f.text[k] == '-') {
		for _, w := range ageBehind {
			if strings.HasPrefix(f.lower[k+1:], w) && !f.is(k+1+len(w), isLetter) {
				f.add(Age, i, k+1+len(w), 0.85)
				return
			}
		}
	}
	before := strings.TrimRight(f.lower[max(0, i-12):i], " ")
	if len(before) < i-max(0, i-12) && ends(before, ageBefore) && !f.is(j, isWord) && (j >= len(f.text) || strings.IndexByte(".:%/-", f.text[j]) < 0 || !f.is(j+1, isDigit)) {
		f.add(Age, i, j, 0.75)
	}
}
