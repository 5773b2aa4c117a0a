package pii

import "strings"

// letters returns text[i:j] in upper case without separators, at most max
// bytes, and where the last one stands. Matching stops at any other byte.
func (f *finder) compact(i, limit int) (out [40]byte, n, end int) {
	end = i
	for j := i; j < len(f.text) && n < min(limit, len(out)); j++ {
		c := f.text[j]
		if class[c]&isAlnum == 0 {
			if (c == ' ' || c == '-') && f.is(j+1, isAlnum) {
				continue
			}
			break
		}
		if c >= 'a' && c <= 'z' {
			c -= 32
		}
		out[n] = c
		n++
		end = j + 1
	}
	return out, n, end
}

// form reports whether s is written like form: A a letter, 0 a digit.
func form(s []byte, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for k := range s {
		digit := s[k] >= '0' && s[k] <= '9'
		if form[k] == '0' != digit {
			return false
		}
	}
	return true
}

// code tries the types that mix letters and digits in one word.
func (f *finder) code(i, j int) {
	n := j - i
	if n > 34 || n < 7 {
		return
	}
	s, _, _ := f.compact(i, n)
	word := s[:n]
	switch {
	case n == 9 && form(word, "00000000A") && dniLetter(number(word[:8])) == word[8]:
		f.add(SpanishDNI, i, j, 0.9)
	case n == 9 && form(word, "A0000000A") && word[0] >= 'X' && word[0] <= 'Z' && dniLetter(number(word[1:8])+int(word[0]-'X')*10_000_000) == word[8]:
		f.add(SpanishDNI, i, j, 0.9)
	case n == 9 && form(word, "A0000000A") && nric(word):
		f.add(SingaporeNRIC, i, j, 0.9)
	case n == 9 && form(word, "AA000000A") && nino(word):
		f.add(NINO, i, j, 0.9)
	case n == 10 && form(word, "AAAAA0000A") && strings.IndexByte("PCHFATBLJG", word[3]) >= 0 && (word[3] == 'P' || f.near(i, j, "pan", "permanent account")):
		f.add(IndianPAN, i, j, 0.85)
	case n == 16 && form(word, "AAAAAA00A00A000A") && fiscalCode(word):
		f.add(ItalianCode, i, j, 0.95)
	case n >= 15 && word[0] >= 'A' && word[1] >= 'A' && word[2] <= '9' && word[3] <= '9' && ibanCountry(word) && iban(word):
		f.add(IBAN, i, j, 0.98)
	case n == 9 && form(word, "A00000000") && f.near(i, j, passportWords...):
		f.add(Passport, i, j, 0.7)
	case n == 8 && form(word, "A0000000") && f.near(i, j, licenseWords...):
		f.add(DriversLicense, i, j, 0.6)
	case n == 8 && form(word, "A0000000") && f.near(i, j, passportWords...):
		f.add(Passport, i, j, 0.6)
	default:
		f.codes(i, j, word)
	}
}

// codes tries the longer lists: countries, then licences of letters and digits.
func (f *finder) codes(i, j int, word []byte) {
	if f.coded(i, j, word) {
		return
	}
	digits := 0
	for _, c := range word {
		if c <= '9' {
			digits++
		}
	}
	switch n := len(word); {
	case digits < 5 || n > 14:
	case holds(f.lower, max(0, i-contextBefore/2), i, licenseNumberWords):
		f.add(DriversLicense, i, j, 0.8)
	case n <= 10 && holds(f.lower, max(0, i-contextBefore/2), i, passportNumberWords):
		f.add(Passport, i, j, 0.8)
	}
}

var (
	licenseNumberWords  = []string{"license number", "licence number", "driver's license", "driver's licence", "driving licence", "drivers license", "driver license", "fuhrerschein", "fuhrerscheinnummer", "permis de conduire", "permiso de conducir", "patente", "carta de conducao", "rijbewijs", "prawo jazdy", "korkort"}
	passportNumberWords = []string{"passport", "passport number", "passport no", "reisepass", "reisepassnummer", "passeport", "pasaporte", "passaporto", "passaporte", "paspoort", "paszport", "pass nr"}
)

// grouped tries types that begin with two to four letters or digits and go on
// in groups.
func (f *finder) grouped(i, j int) {
	if f.text[i] < 'A' || j >= len(f.text) || f.text[j] != ' ' && f.text[j] != '-' {
		return
	}
	n := j - i
	if n == 4 && f.is(i+1, isLetter) && f.is(i+2, isDigit) && f.is(i+3, isDigit) {
		f.groupedIBAN(i)
	}
	if n == 2 && f.is(i+1, isLetter) {
		s, n, end := f.compact(i, 9)
		if n == 9 && form(s[:9], "AA000000A") && nino(s[:9]) && !f.is(end, isWord) && end-i <= 17 {
			f.add(NINO, i, end, 0.9)
		}
	}
	if n == 4 && f.is(i+1, isDigit) && f.near(i, j, licenseWords...) {
		f.licence(i)
	}
	if n == 3 && strings.EqualFold(f.text[i:j], "mrn") && f.is(j+1, isDigit) {
		end := j + 1
		for f.is(end, isDigit) {
			end++
		}
		if k := end - j - 1; k >= 6 && k <= 12 && !f.is(end, isWord) {
			f.add(MedicalRecord, i, end, 0.85)
		}
	}
}

// licence reads a licence of a letter and groups of digits: W384-3523-4918-60.
func (f *finder) licence(i int) {
	s, n, end := f.compact(i, 14)
	if n < 12 || f.is(end, isWord) {
		return
	}
	for _, c := range s[1:n] {
		if c > '9' {
			return
		}
	}
	f.add(DriversLicense, i, end, 0.7)
}

func (f *finder) groupedIBAN(i int) {
	s, n, end := f.compact(i, 34)
	want, ok := ibanLength[string(s[:2])]
	if !ok || n < want {
		return
	}
	if n > want {
		_, n, end = f.compact(i, want)
	}
	if n == want && iban(s[:want]) && !f.is(end, isWord) {
		f.add(IBAN, i, end, 0.98)
	}
}

func ibanCountry(s []byte) bool {
	want, ok := ibanLength[string(s[:2])]
	return ok && want == len(s)
}

// nino knows the prefixes that HM Revenue does not give.
func nino(s []byte) bool {
	if strings.IndexByte("DFIQUV", s[0]) >= 0 || strings.IndexByte("DFIQUVO", s[1]) >= 0 || s[8] > 'D' {
		return false
	}
	switch string(s[:2]) {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return true
}

func number(s []byte) int {
	n := 0
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}
