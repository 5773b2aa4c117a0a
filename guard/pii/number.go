package pii

import "strings"

// digits is a number as it is written: its digits, and where groups end.
type digits struct {
	value  [24]byte
	n      int
	groups [12]int // lengths
	g      int
	end    int
	sep    byte // the separator, 0 for none, '?' for several kinds
}

// readDigits reads a number at i: up to 24 digits in groups, one separator
// between two groups.
func (f *finder) readDigits(i int) digits {
	d := digits{end: i}
	group := 0
	for j := i; j < len(f.text); {
		if f.is(j, isDigit) {
			if d.n == len(d.value) {
				d.n++ // too long to be any number
				break
			}
			d.value[d.n] = f.text[j] - '0'
			d.n++
			group++
			j++
			d.end = j
			continue
		}
		c := f.text[j]
		if c != ' ' && c != '-' && c != '.' && c != '/' || !f.is(j+1, isDigit) || d.g == len(d.groups)-1 {
			break
		}
		d.groups[d.g] = group
		d.g++
		group = 0
		if d.sep == 0 {
			d.sep = c
		} else if d.sep != c {
			d.sep = '?'
		}
		j++
	}
	d.groups[d.g] = group
	d.g++
	return d
}

// prefix is the number that the first g groups of d make, and where it ends.
func (f *finder) prefix(i int, d digits, g int) digits {
	p := digits{g: g, end: i}
	for k := 0; k < g; k++ {
		p.groups[k] = d.groups[k]
		p.n += d.groups[k]
		p.end += d.groups[k]
	}
	p.end += g - 1
	p.value = d.value
	for k := i; k < p.end; k++ {
		if c := f.text[k]; class[c]&isDigit == 0 {
			if p.sep == 0 {
				p.sep = c
			} else if p.sep != c {
				p.sep = '?'
			}
		}
	}
	return p
}

// number tries the types that are digits only, at the beginning of a word that
// begins with one. Longer readings of the groups come first: two numbers in a
// list may look like groups of one.
func (f *finder) number(i int) {
	if i > 0 && ((f.text[i-1] == '.' || f.text[i-1] == '-') && f.is(i-2, isAlnum) || f.text[i-1] == '/' && f.is(i-2, isDigit)) {
		return // the middle of something longer that was tried as a whole
	}
	d := f.readDigits(i)
	if d.n < 7 || d.n > len(d.value) {
		return
	}
	for g := d.g; g > 0; g-- {
		p := f.prefix(i, d, g)
		if g < d.g && f.text[p.end] != ' ' && f.text[p.end] != '-' {
			continue
		}
		if f.is(p.end, isWord) || p.end < len(f.text) && f.text[p.end] == '-' && f.is(p.end+1, isLetter) {
			continue // followed by letters: see code; or a part number
		}
		if f.identify(i, p) {
			return
		}
	}
	if f.text[i] == '0' || d.sep != 0 || d.n == 10 && f.line(i) || f.near(i, d.end, phoneWords...) {
		f.phone(i)
	}
}

var (
	nhsWords      = []string{"nhs", "nhs number", "health number", "patient"}
	ssnWords      = []string{"ssn", "social security", "social"}
	itinWords     = []string{"itin", "taxpayer", "tax id"}
	deTaxWords    = []string{"steuer", "steuer-id", "steuerid", "steueridentifikationsnummer", "idnr", "tax id", "tax", "tin", "identifikationsnummer", "steuernummer"}
	bsnWords      = []string{"bsn", "burgerservicenummer", "sofinummer", "citizen service"}
	peselWords    = []string{"pesel"}
	cpfWords      = []string{"cpf"}
	aadhaarWords  = []string{"aadhaar", "aadhar", "uidai"}
	sinWords      = []string{"sin", "social insurance", "insurance number"}
	tfnWords      = []string{"tfn", "tax file"}
	routingWords  = []string{"routing", "aba", "rtn", "routing number"}
	accountWords  = []string{"account", "acct", "account number", "bank account", "konto"}
	passportWords = []string{"passport", "passport number", "reisepass", "passeport", "pasaporte"}
	licenseWords  = []string{"driver", "drivers", "driver's", "driving", "license", "licence", "dl"}
	recordWords   = []string{"mrn", "medical record", "record number", "patient id", "hospital number"}
	cardWords     = []string{"card", "visa", "mastercard", "amex", "credit", "debit", "karte", "kreditkarte", "carte", "tarjeta"}
	phoneWords    = []string{"phone", "tel", "telephone", "telefon", "mobile", "cell", "call", "fax", "handy", "mobil", "whatsapp", "ring", "text", "tél", "téléphone", "telefono", "teléfono", "dial", "rufnummer", "reach", "sms", "phone number", "contact", "office", "answering", "number is", "number", "hotline", "mob", "whats app", "gsm", "telefoon", "telefone", "telemovel", "celular", "cellulare", "komorka", "mobiltelefon", "movil", "handynummer"}
	notPhoneWords = []string{"order", "invoice", "isbn", "ticket", "case", "build", "version", "account", "id", "error", "ref", "flight", "part", "sku"}
	versionWords  = []string{"version", "build", "release", "firmware", "v"}
)

// identify reports the first type that the whole number p is.
func (f *finder) identify(i int, p digits) bool {
	v := p.value[:p.n]
	switch {
	case p.n >= 13 && p.n <= 19 && p.separators(" -") && p.evenGroups() && cardPrefix(v) && luhn(v):
		score := float32(0.9)
		if f.near(i, p.end, cardWords...) {
			score = 1
		}
		f.add(CreditCard, i, p.end, score)
	case p.n == 15 && p.separators(" ") && insee(v):
		f.add(FrenchINSEE, i, p.end, 0.9)
	case p.n == 12 && p.separators(" -") && v[0] >= 2 && verhoeff(v) && (p.shape(4, 4, 4) || f.near(i, p.end, aadhaarWords...)):
		f.add(IndianAadhaar, i, p.end, f.scored(i, p.end, 0.75, aadhaarWords))
	case p.n == 11 && p.separators(" .-") && cpf(v) && (f.formatted(i, p.end, "ddd.ddd.ddd-dd") || f.near(i, p.end, cpfWords...)):
		f.add(BrazilianCPF, i, p.end, 0.9)
	case p.n == 11 && p.sep == 0 && pesel(v) && f.near(i, p.end, peselWords...):
		f.add(PolishPESEL, i, p.end, 0.95)
	case p.n == 11 && p.separators(" /") && (germanTax(v, true) && p.shape(2, 3, 3, 3) || germanTax(v, false) && f.near(i, p.end, deTaxWords...)):
		f.add(GermanTaxID, i, p.end, 0.9)
	case p.n == 10 && p.separators(" -") && nhs(v) && (p.shape(3, 3, 4) && p.sep == ' ' || f.near(i, p.end, nhsWords...)):
		f.add(NHSNumber, i, p.end, f.scored(i, p.end, 0.8, nhsWords))
	case p.n == 9:
		return f.nine(i, p)
	case f.country(i, p):
	default:
		return f.bare(i, p)
	}
	return true
}

// nine tries the types of nine digits.
func (f *finder) nine(i int, p digits) bool {
	v := p.value[:p.n]
	grouped := p.shape(3, 2, 4) && (p.sep == '-' || p.sep == ' ')
	switch {
	case v[0] == 9 && itinRange(v) && (grouped && p.sep == '-' || (p.sep == 0 || grouped) && f.near(i, p.end, itinWords...)):
		f.add(ITIN, i, p.end, f.scored(i, p.end, 0.75, itinWords))
	case ssnRange(v) && (grouped && p.sep == '-' || (p.sep == 0 || grouped) && f.near(i, p.end, ssnWords...)):
		f.add(SSN, i, p.end, f.scored(i, p.end, 0.8, ssnWords))
	case p.separators(" .") && bsn(v) && f.near(i, p.end, bsnWords...):
		f.add(DutchBSN, i, p.end, 0.9)
	case p.separators(" -") && luhn(v) && f.near(i, p.end, sinWords...):
		f.add(CanadianSIN, i, p.end, 0.9)
	case p.separators(" ") && tfn(v) && f.near(i, p.end, tfnWords...):
		f.add(AustralianTFN, i, p.end, 0.9)
	case p.sep == 0 && aba(v) && f.near(i, p.end, routingWords...):
		f.add(ABARouting, i, p.end, 0.9)
	case ssnRange(v) && grouped && f.column(i, p.end):
		f.add(SSN, i, p.end, 0.7)
	case f.country(i, p):
	default:
		return f.bare(i, p)
	}
	return true
}

// bare tries types that have no check digit and need their word.
func (f *finder) bare(i int, p digits) bool {
	if p.sep != 0 {
		return false
	}
	switch {
	case p.n == 9 && f.near(i, p.end, passportWords...):
		f.add(Passport, i, p.end, 0.7)
	case p.n >= 7 && p.n <= 12 && f.near(i, p.end, recordWords...):
		f.add(MedicalRecord, i, p.end, 0.7)
	case (p.n == 7 || p.n == 8) && f.near(i, p.end, "patient") && f.near(i, p.end, "dob", "nhs", "mrn", "ward", "admitted"):
		f.add(MedicalRecord, i, p.end, 0.6)
	case p.n >= 8 && p.n <= 12 && holds(f.lower, max(0, i-contextBefore/2), i, accountWords):
		f.add(BankAccount, i, p.end, 0.6)
	case p.n >= 7 && p.n <= 12 && holds(f.lower, max(0, i-contextBefore/2), i, licenseWords[:6]):
		f.add(DriversLicense, i, p.end, 0.6)
	default:
		return false
	}
	return true
}

// column reports whether text[i:j] fills a cell of a table: separators of
// columns, or the edges of a line, stand on both sides.
func (f *finder) column(i, j int) bool {
	edge := func(k int) bool {
		return k < 0 || k >= len(f.text) || f.text[k] == ',' || f.text[k] == ';' || f.text[k] == '|' || f.text[k] == '\n' || f.text[k] == '"'
	}
	return edge(i-1) && edge(j)
}

func (f *finder) scored(i, end int, plain float32, words []string) float32 {
	if f.near(i, end, words...) {
		return 0.95
	}
	return plain
}

// separators reports whether p has no separators or only one kind, of set.
func (p *digits) separators(set string) bool {
	if p.sep == 0 {
		return true
	}
	if p.sep == '?' {
		return len(set) > 2
	}
	for k := range len(set) {
		if set[k] == p.sep {
			return true
		}
	}
	return false
}

func (p *digits) shape(groups ...int) bool {
	if p.g != len(groups) {
		return false
	}
	for k, n := range groups {
		if p.groups[k] != n {
			return false
		}
	}
	return true
}

// evenGroups reports whether the groups are those of a card, or single digits
// spread out. Dates and times in a row have odd ones.
func (p *digits) evenGroups() bool {
	if p.g == 1 || p.shape(4, 6, 5) || p.shape(4, 6, 4) {
		return true
	}
	for k := 0; k < p.g-1; k++ {
		if p.groups[k] != p.groups[0] {
			return false
		}
	}
	return p.groups[p.g-1] <= 4 || p.groups[p.g-1] == p.groups[0]
}

// formatted reports whether text[i:j] is written like form, d being a digit.
func (f *finder) formatted(i, j int, form string) bool {
	if j-i != len(form) {
		return false
	}
	for k := range len(form) {
		if form[k] == 'd' != f.is(i+k, isDigit) || form[k] != 'd' && form[k] != f.text[i+k] {
			return false
		}
	}
	return true
}

// phone reads a telephone number at i, which is '+', '(' or a digit.
func (f *finder) phone(i int) {
	j, n, plus, groups, parens := i, 0, false, 0, 0
	last := i
	for j < len(f.text) && n <= 15 && j-i < 30 {
		switch c := f.text[j]; {
		case c == '+' && n == 0 && !plus:
			plus = true
		case class[c]&isDigit != 0:
			if j == 0 || class[f.text[j-1]]&isDigit == 0 {
				groups++
			}
			n++
			last = j + 1
		case c == '(' && parens == 0:
			parens = 1
		case c == ')' && parens == 1:
			parens = 2
		case (c == ' ' || c == '-' || c == '.' || c == '/') && f.is(j-1, isDigit|isSign) || c == ' ' && j > 0 && f.text[j-1] == ')':
		case (c == ' ' || c == '-' || c == '.') && j > 0 && f.text[j-1] == ')':
		default:
			j = len(f.text)
			continue
		}
		j++
	}
	if end := f.extension(last); end > last {
		last = end
	}
	if parens == 1 || n < 7 || n > 15 || f.is(last, isWord) || i > 0 && f.is(i-1, isWord) {
		return
	}
	if last < len(f.text) && (f.text[last] == '-' || f.text[last] == '.' || f.text[last] == '/') && f.is(last+1, isWord) && !f.phoneWord(last+1) {
		return
	}
	if score := f.phoneScore(i, last, n, groups, plus, parens == 2); score > 0 {
		f.add(PhoneNumber, i, last, score)
	}
}

// extension is the end of an extension at i: x123, ext. 123; i when there is none.
func (f *finder) extension(i int) int {
	j := i
	for _, sign := range [...]string{"x", " x", " ext. ", " ext ", " extension "} {
		if strings.HasPrefix(f.lower[i:], sign) && f.is(i+len(sign), isDigit) {
			j = i + len(sign)
			break
		}
	}
	if j == i {
		return i
	}
	end := f.run(j, 6, func(c byte) bool { return class[c]&isDigit != 0 })
	if f.is(end, isWord) {
		return i
	}
	return end
}

// phoneWord reports whether a word at i says that a number of a telephone stood
// before it: 555-0100-Fax.
func (f *finder) phoneWord(i int) bool {
	for _, w := range [...]string{"office", "fax", "mobile", "home", "work", "cell", "tel"} {
		if strings.HasPrefix(f.lower[i:], w) && !f.is(i+len(w), isWord) {
			return true
		}
	}
	return false
}

// extended reports whether text[i:end] has an extension.
func (f *finder) extended(i, end int) bool {
	return strings.IndexByte(f.lower[i:end], 'x') > 0
}

// line reports whether what stands at i begins a line.
func (f *finder) line(i int) bool { return i == 0 || f.text[i-1] == '\n' }

// phoneScore says how much a run of digits looks like a telephone number.
func (f *finder) phoneScore(i, end, n, groups int, plus, parens bool) float32 {
	if !plus && f.digitsDate(i) > 0 {
		return 0
	}
	context := f.near(i, end, phoneWords...)
	if !context && (holds(f.lower, max(0, i-24), i, notPhoneWords) || dateLike(f.text[i:end])) {
		return 0
	}
	switch {
	case plus && n >= 8:
		return 0.9
	case context && (groups >= 2 || n >= 9) && n >= 7:
		return 0.85
	case parens && n == 10:
		return 0.75
	case f.extended(i, end):
		return 0.85
	case parens && n >= 9 && n <= 11 && groups >= 2:
		return 0.6
	case groups == 4 && n >= 11 && n <= 13 && strings.HasPrefix(f.text[i:], "00"):
		return 0.75
	case groups == 3 && n == 10 && (f.formatted(i, end, "ddd-ddd-dddd") || f.formatted(i, end, "ddd.ddd.dddd")):
		return 0.7
	case f.text[i] == '0' && n >= 10 && n <= 11 && groups >= 2 && groups <= 5:
		return 0.6
	}
	return 0
}

// dateLike reports whether s begins like a date: 2025-03-01 or 01.03.2025.
func dateLike(s string) bool {
	if len(s) < 8 {
		return false
	}
	year := func(s string) bool { return s[:2] == "19" || s[:2] == "20" }
	if year(s) && (s[4] == '-' || s[4] == '.' || s[4] == '/') {
		return true
	}
	return len(s) >= 10 && (s[2] == '.' || s[2] == '/' || s[2] == '-') && s[2] == s[5] && year(s[6:])
}
