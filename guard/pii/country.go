package pii

// Numbers that countries give. A rule with form stands by itself where it is
// written so; otherwise one of its words must stand beside it. Words are as the
// normalised text has them, without marks.

// rule is one kind of number of digits only.
type rule struct {
	kind  string
	n     int
	check func(v []byte) bool // nil: none
	words []string
	form  string  // d a digit; as written when it needs no word
	free  float32 // score in that form, without a word
}

var rules = [...]rule{
	{BrazilianCNPJ, 14, cnpj, []string{"cnpj"}, "dd.ddd.ddd/dddd-dd", 0.95},
	{AustralianABN, 11, abn, []string{"abn", "business number"}, "dd ddd ddd ddd", 0.75},
	{AustralianACN, 9, acn, []string{"acn", "company number"}, "", 0},
	{AustralianMedicare, 10, medicare, []string{"medicare"}, "", 0},
	{AustralianMedicare, 11, medicare, []string{"medicare"}, "", 0},
	{BelgianNational, 11, belgian, []string{"rijksregister", "rijksregisternummer", "registre national", "numero national", "national number", "insz", "niss"}, "dd.dd.dd-ddd.dd", 0.95},
	{BulgarianEGN, 10, egn, []string{"egn", "uniform civil", "edinen grazhdanski"}, "", 0},
	{SwissAHV, 13, ahv, []string{"ahv", "avs", "ahv-nr"}, "ddd.dddd.dddd.dd", 0.97},
	{SwissAHV, 13, ahv, []string{"ahv", "avs", "ahv-nr", "sozialversicherungsnummer"}, "", 0},
	{CzechPersonal, 10, birthNumber, []string{"rodne cislo", "rc", "birth number", "personal identity"}, "dddddd/dddd", 0.9},
	{SlovakPersonal, 10, birthNumber, []string{"rodne cislo sk", "slovak", "slovensko"}, "", 0},
	{DanishCPR, 10, dayMonthYear, []string{"cpr", "cpr-nummer", "cpr nr", "personnummer"}, "", 0},
	{EstonianCode, 11, baltic, []string{"isikukood", "personal code"}, "", 0},
	{LithuanianCode, 11, baltic, []string{"asmens kodas", "asmens"}, "", 0},
	{LatvianCode, 11, dayMonthYear, []string{"personas kods"}, "", 0},
	{SpanishSocial, 12, spanishSocial, []string{"seguridad social", "numero de afiliacion", "nuss", "naf"}, "", 0},
	{FrenchTax, 13, frenchTax, []string{"numero fiscal", "spi", "reference fiscale", "tax identification"}, "", 0},
	{FrenchID, 12, nil, []string{"carte nationale d'identite", "carte d'identite", "cni", "piece d'identite"}, "", 0},
	{GreekTax, 9, afm, []string{"afm", "greek tax"}, "", 0},
	{CroatianOIB, 11, mod1110, []string{"oib", "osobni identifikacijski broj"}, "", 0},
	{HungarianTax, 10, hungarianTax, []string{"adoazonosito", "adoazonosito jel", "adoszam", "hungarian tax"}, "", 0},
	{HungarianTAJ, 9, taj, []string{"taj", "taj szam", "taj-szam"}, "", 0},
	{IndonesianID, 16, nil, []string{"nik", "ktp", "nomor induk kependudukan"}, "", 0},
	{IsraeliID, 9, luhn, []string{"teudat zehut", "israeli id", "israel id", "mispar zehut"}, "", 0},
	{ItalianVAT, 11, luhn, []string{"partita iva", "p.iva", "p. iva", "piva", "vat"}, "", 0},
	{JapaneseMyNumber, 12, myNumber, []string{"my number", "mynumber", "individual number", "kojin bango"}, "", 0},
	{JapaneseCorporate, 13, nil, []string{"corporate number", "hojin bango"}, "", 0},
	{KoreanRRN, 13, rrn, []string{"rrn", "resident registration", "jumin"}, "dddddd-ddddddd", 0.95},
	{MalaysianID, 12, yearMonthDay, []string{"mykad", "nric", "kad pengenalan", "ic number", "ic no"}, "dddddd-dd-dddd", 0.85},
	{NorwegianID, 11, norwegian, []string{"fodselsnummer", "fødselsnummer", "personnummer", "fnr", "d-nummer"}, "dddddd ddddd", 0.9},
	{NewZealandIRD, 8, ird, []string{"ird", "inland revenue"}, "", 0},
	{NewZealandIRD, 9, ird, []string{"ird", "inland revenue"}, "", 0},
	{PhilippineUMID, 12, nil, []string{"umid", "crn", "unified multi-purpose"}, "dddd-ddddddd-d", 0.7},
	{PolishNIP, 10, nip, []string{"nip", "numer identyfikacji podatkowej"}, "", 0},
	{PolishREGON, 9, regon, []string{"regon"}, "", 0},
	{PortugueseNIF, 9, nif, []string{"nif", "contribuinte", "numero fiscal", "numero de contribuinte"}, "", 0},
	{RomanianCNP, 13, cnp, []string{"cnp", "cod numeric personal"}, "", 0},
	{SaudiID, 10, luhn, []string{"iqama", "saudi id", "saudi national"}, "", 0},
	{SwedishID, 10, swedish, []string{"personnummer", "pnr", "samordningsnummer", "personal identity"}, "dddddd-dddd", 0.85},
	{SwedishID, 12, swedish, []string{"personnummer", "pnr", "samordningsnummer", "personal identity"}, "dddddddd-dddd", 0.95},
	{SlovenianEMSO, 13, emso, []string{"emso", "jmbg", "maticna stevilka"}, "", 0},
	{SlovenianTax, 8, slovenianTax, []string{"davcna stevilka", "slovenian tax"}, "", 0},
	{ThaiID, 13, thai, []string{"thai id", "thailand id", "population identification", "thai national"}, "d-dddd-ddddd-dd-d", 0.97},
	{TurkishID, 11, turkish, []string{"tc kimlik", "t.c. kimlik", "tckn", "kimlik no", "kimlik", "tc"}, "", 0},
	{SouthAfricanID, 13, southAfrican, []string{"id number", "sa id", "south african", "identity number"}, "dddddd dddd ddd", 0.9},
	{UKTaxpayer, 10, nil, []string{"utr", "unique taxpayer", "taxpayer reference"}, "", 0},
	{ArgentineDNI, 8, nil, []string{"dni argentino", "documento nacional de identidad", "argentina dni"}, "", 0},
	{AustrianTax, 9, nil, []string{"abgabenkontonummer", "finanzamt", "osterreichische steuernummer"}, "", 0},
	{RussianPassport, 10, nil, []string{"russian passport", "pasport rf", "\u043f\u0430\u0441\u043f\u043e\u0440\u0442"}, "", 0},
	{CanadianHealth, 10, nil, []string{"ohip", "health card", "personal health number", "phn"}, "", 0},
}

// byDigits are the rules for numbers of so many digits.
var byDigits = func() (t [25][]*rule) {
	for i := range rules {
		r := &rules[i]
		t[r.n] = append(t[r.n], r)
	}
	return t
}()

// country tries the rules for the number p at i.
func (f *finder) country(i int, p digits) bool {
	v := p.value[:p.n]
	var best *rule
	score := float32(0)
	for _, r := range byDigits[p.n] {
		if r.check != nil && !r.check(v) {
			continue
		}
		s := float32(0)
		if r.form != "" && f.formatted(i, p.end, r.form) {
			s = r.free
		}
		if len(r.words) > 0 && f.near(i, p.end, r.words...) {
			s = 0.95
			if r.check == nil {
				s = 0.75
			}
		}
		if s > score {
			best, score = r, s
		}
	}
	if best == nil {
		return false
	}
	f.add(best.kind, i, p.end, score)
	return true
}

// coded is one kind of word that mixes letters and digits.
type coded struct {
	kind  string
	form  string // A a letter, 0 a digit, X either
	check func(s []byte) bool
	words []string
	free  float32 // score without a word, 0: needs one
}

var codedRules = [...]coded{
	{AustrianVAT, "AAA00000000", austrianVAT, nil, 0.9},
	{BelgianVAT, "AA0000000000", belgianVAT, nil, 0.9},
	{GermanVAT, "AA000000000", germanVAT, nil, 0.9},
	{FrenchVAT, "AAXX000000000", frenchVAT, nil, 0.85},
	{ItalianVAT, "AA00000000000", func(s []byte) bool { return string(s[:2]) == "IT" && luhn(valuesOf(s[2:])) }, nil, 0.9},
	{DutchVAT, "AA000000000A00", func(s []byte) bool { return string(s[:2]) == "NL" && s[11] == 'B' }, nil, 0.9},
	{PolishNIP, "AA0000000000", func(s []byte) bool { return string(s[:2]) == "PL" && nip(valuesOf(s[2:])) }, nil, 0.9},
	{SpanishTax, "A00000000", cif, []string{"cif", "nif", "empresa"}, 0},
	{SpanishTax, "A0000000A", cif, []string{"cif", "nif", "empresa"}, 0},
	{DEANumber, "AA0000000", dea, []string{"dea", "dea number", "dea no"}, 0},
	{UKLicence, "AAAAA000000AAXAA", nil, nil, 0.9},
	{UKLicence, "AAAA9000000AAXAA", nil, nil, 0.9},
	{CanadianHealth, "AAAA00000000", nil, []string{"ramq", "assurance maladie", "health insurance"}, 0},
	{IrishPPS, "0000000A", pps, []string{"pps", "ppsn", "pps number", "personal public service"}, 0},
	{IrishPPS, "0000000AA", pps, []string{"pps", "ppsn", "pps number", "personal public service"}, 0},
	{PolishCard, "AAA000000", polishCard, []string{"dowod", "dowod osobisty", "identity card", "seria i numer"}, 0},
	{TaiwanID, "A000000000", taiwan, []string{"taiwan", "roc id", "national id"}, 0},
	{GermanCard, "XXXXXXXXXX", germanCard, []string{"personalausweis", "ausweisnummer", "personalausweisnummer", "ausweis"}, 0},
	{GermanCard, "XXXXXXXXX", nil, []string{"personalausweis", "personalausweisnummer"}, 0},
	{GermanSocial, "00000000A000", germanSocial, []string{"sozialversicherungsnummer", "rentenversicherungsnummer", "sv-nummer", "rvnr"}, 0.85},
	{NewZealandHealth, "AAA0000", nil, []string{"nhi", "nhi number"}, 0},
	{MedicareID, "0AX0AX0AA00", nil, []string{"medicare", "mbi", "beneficiary"}, 0.7},
	{VIN, "XXXXXXXXXXXXXXXXX", vin, []string{"vin", "fahrgestellnummer", "chassis", "vehicle", "fin"}, 0.7},
	{CURP, "AAAA000000AAAAAAX0", nil, []string{"curp"}, 0.9},
	{RussianPassport, "00AA0000000", nil, []string{"passport"}, 0},
	{JapaneseResidence, "AA00000000AA", nil, []string{"residence card", "zairyu"}, 0.7},
	{UKElectoral, "AAA00000", nil, []string{"electoral"}, 0},
	{FinnishID, "000000A000X", finnish, nil, 0.9},
}

var byLength = func() (t [20][]*coded) {
	for i := range codedRules {
		r := &codedRules[i]
		t[len(r.form)] = append(t[len(r.form)], r)
	}
	return t
}()

// coded tries the rules for a word of letters and digits, in upper case.
func (f *finder) coded(i, j int, s []byte) bool {
	if len(s) >= len(byLength) {
		return false
	}
	for _, r := range byLength[len(s)] {
		if !fits(s, r.form) || r.check != nil && !r.check(s) {
			continue
		}
		score := r.free
		if len(r.words) > 0 && f.near(i, j, r.words...) {
			score = 0.9
		}
		if score > 0 {
			f.add(r.kind, i, j, score)
			return true
		}
	}
	return false
}

// fits reports whether s is written like form; of X at least one is a digit.
func fits(s []byte, form string) bool {
	if len(s) != len(form) {
		return false
	}
	digits := 0
	for k := range s {
		d := s[k] >= '0' && s[k] <= '9'
		if d {
			digits++
		}
		switch c := form[k]; {
		case c == 'X':
		case c == 'A' && d, c == '0' && !d, c == '9' && s[k] != '9':
			return false
		}
	}
	return digits >= 2
}

// special reads numbers that end in a letter or in brackets, at the beginning of
// a word that begins with a digit or letter.
func (f *finder) special(i int) {
	switch {
	case f.formAt(i, "dddddd-dddX"), f.formAt(i, "dddddd+dddX"):
		if s := f.stripped(i, 11); finnish(s) {
			f.add(FinnishID, i, i+11, 0.95)
		}
	case f.formAt(i, "dd.ddd.ddd-X"):
		if rut(f.stripped(i, 12)) {
			f.add(ChileanRUT, i, i+12, 0.95)
		}
	case f.formAt(i, "d.ddd.ddd-X"):
		if rut(f.stripped(i, 11)) {
			f.add(ChileanRUT, i, i+11, 0.95)
		}
	case f.formAt(i, "dddddddd-X"):
		if rut(f.stripped(i, 10)) && f.near(i, i+10, "rut", "run", "cedula") {
			f.add(ChileanRUT, i, i+10, 0.9)
		}
	case f.formAt(i, "Xdddddd(X)"):
		if hkid(f.stripped(i, 10)) {
			f.add(HongKongID, i, i+10, 0.95)
		}
	case f.formAt(i, "ddddddddddddddddd") && f.is(i+17, isAlnum) && !f.is(i+18, isWord):
		if s := f.stripped(i, 18); residentID(s) {
			f.add(ChineseID, i, i+18, 0.97)
		}
	case f.formAt(i, "dXXd-XXd-XXdd"):
		if s := f.stripped(i, 13); fits(s, "0AX0AX0AA00") {
			f.add(MedicareID, i, i+13, 0.85)
		}
	}
}

// formAt reports whether text at i is written like form (d a digit, X a letter
// or digit) and no word goes on behind it.
func (f *finder) formAt(i int, form string) bool {
	if i+len(form) > len(f.text) {
		return false
	}
	for k := range len(form) {
		c := class[f.text[i+k]]
		switch form[k] {
		case 'd':
			if c&isDigit == 0 {
				return false
			}
		case 'X':
			if c&isAlnum == 0 {
				return false
			}
		default:
			if f.text[i+k] != form[k] {
				return false
			}
		}
	}
	return form[len(form)-1] == 'd' && len(form) == 17 || !f.is(i+len(form), isWord)
}

// stripped is text[i:i+n] in upper case without what is no letter or digit.
func (f *finder) stripped(i, n int) []byte {
	out := make([]byte, 0, n)
	for _, c := range []byte(f.text[i : i+n]) {
		if class[c]&isAlnum == 0 {
			continue
		}
		if class[c]&isLower != 0 {
			c -= 32
		}
		out = append(out, c)
	}
	return out
}
