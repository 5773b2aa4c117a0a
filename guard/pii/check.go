package pii

// Check digits. Each takes the digits as values, most significant first.

// luhn is ISO/IEC 7812-1, annex B.
func luhn(v []byte) bool {
	sum := 0
	for k := range v {
		d := int(v[len(v)-1-k])
		if k%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// cardPrefix reports whether v begins and is long like the card schemes' numbers.
func cardPrefix(v []byte) bool {
	two := int(v[0])*10 + int(v[1])
	four := two*100 + int(v[2])*10 + int(v[3])
	switch n := len(v); {
	case v[0] == 4:
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return n == 16
	case two == 34 || two == 37:
		return n == 15
	case two == 36 || two == 38 || two == 39 || two == 30:
		return n == 14 || n == 16
	case four == 6011, two == 64, two == 65, two == 62, two == 60, two == 35, two == 81:
		return n >= 16 && n <= 19
	case two == 50 || two >= 56 && two <= 69: // Maestro
		return n >= 13 && n <= 19
	}
	return false
}

func weighted(v []byte, weights ...int) int {
	sum := 0
	for k, w := range weights {
		sum += int(v[k]) * w
	}
	return sum
}

// nhs is the NHS data dictionary's modulus 11.
func nhs(v []byte) bool {
	check := 11 - weighted(v, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return check != 10 && check%11 == int(v[9])
}

// bsn is the Dutch "elfproef".
func bsn(v []byte) bool { return weighted(v, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0 && !same(v) }

func tfn(v []byte) bool { return weighted(v, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0 && !same(v) }

func aba(v []byte) bool {
	first := int(v[0])*10 + int(v[1])
	ok := first <= 12 || first >= 21 && first <= 32 || first >= 61 && first <= 72 || first == 80
	return ok && weighted(v, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0 && !same(v)
}

func pesel(v []byte) bool {
	month, day := int(v[2])*10+int(v[3]), int(v[4])*10+int(v[5])
	return month%20 >= 1 && month%20 <= 12 && day >= 1 && day <= 31 &&
		weighted(v, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0
}

// germanTax is ISO 7064 MOD 11,10. In numbers as they are given, one digit of
// the first ten occurs twice or thrice and no other more than once: strict
// asks for that too.
func germanTax(v []byte, strict bool) bool {
	if v[0] == 0 {
		return false
	}
	var count [10]int
	product := 10
	for _, d := range v[:10] {
		count[d]++
		s := (int(d) + product) % 10
		if s == 0 {
			s = 10
		}
		product = s * 2 % 11
	}
	repeated := 0
	for _, n := range count {
		if n > 1 {
			repeated++
		}
		if n > 3 {
			repeated = 10
		}
	}
	return (repeated == 1 || !strict) && (11-product)%10 == int(v[10])
}

// insee is 97 less the number modulo 97.
func insee(v []byte) bool {
	month := int(v[3])*10 + int(v[4])
	if v[0] != 1 && v[0] != 2 || month == 0 || month > 12 && month < 20 || month > 42 && month < 50 {
		return false
	}
	n := 0
	for _, d := range v[:13] {
		n = (n*10 + int(d)) % 97
	}
	return 97-n == int(v[13])*10+int(v[14])
}

func cpf(v []byte) bool {
	if same(v) {
		return false
	}
	first := weighted(v, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	second := weighted(v, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	return first == int(v[9]) && second == int(v[10])
}

func same(v []byte) bool {
	for _, d := range v {
		if d != v[0] {
			return false
		}
	}
	return true
}

func ssnRange(v []byte) bool {
	area := int(v[0])*100 + int(v[1])*10 + int(v[2])
	return area != 0 && area != 666 && area < 900 && (v[3] != 0 || v[4] != 0) && (v[5]|v[6]|v[7]|v[8]) != 0
}

func itinRange(v []byte) bool {
	group := int(v[3])*10 + int(v[4])
	return group >= 50 && group <= 65 || group >= 70 && group <= 88 || group >= 90 && group <= 92 || group >= 94
}

var (
	verhoeffMul = [10][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7}, {4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
		{5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3}, {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	}
	verhoeffPerm = [8][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
		{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
	}
)

// verhoeff is the dihedral check of Aadhaar.
func verhoeff(v []byte) bool {
	c := byte(0)
	for k := range v {
		c = verhoeffMul[c][verhoeffPerm[k%8][v[len(v)-1-k]]]
	}
	return c == 0
}

// iban is ISO 13616: the first four characters moved to the end, letters as
// 10 to 35, modulo 97. s has no spaces and is upper case.
func iban(s []byte) bool {
	n := 0
	for k := range s {
		c := s[(k+4)%len(s)]
		if c <= '9' {
			n = (n*10 + int(c-'0')) % 97
		} else {
			n = (n*100 + int(c-'A') + 10) % 97
		}
	}
	return n == 1
}

// ibanLength is the length by country; others may have 15 to 34.
var ibanLength = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "CH": 21, "CR": 22, "CY": 28, "CZ": 24,
	"DE": 22, "DK": 18, "DO": 28, "EE": 20, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
	"HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21,
	"MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24,
	"RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VG": 24, "XK": 20,
}

// dniLetter is the check letter of a Spanish number.
func dniLetter(n int) byte { return "TRWAGMYFPDXBNJZSQVHLCKE"[n%23] }

// fiscalCode checks the sixteenth letter of an Italian code.
func fiscalCode(s []byte) bool {
	odd := [36]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
	sum := 0
	for k, c := range s[:15] {
		digit := 0
		if c <= '9' {
			digit = int(c - '0')
		} else {
			digit = int(c-'A') + 10
		}
		switch {
		case k%2 == 0:
			sum += odd[digit]
		case digit >= 10:
			sum += digit - 10
		default:
			sum += digit
		}
	}
	return byte('A'+sum%26) == s[15]
}

// nric is the check letter of Singapore.
func nric(s []byte) bool {
	sum := 0
	for k, w := range [7]int{2, 7, 6, 5, 4, 3, 2} {
		sum += int(s[k+1]-'0') * w
	}
	switch s[0] {
	case 'S':
		return "JZIHGFEDCBA"[sum%11] == s[8]
	case 'T':
		return "JZIHGFEDCBA"[(sum+4)%11] == s[8]
	case 'F':
		return "XWUTRQPNMLK"[sum%11] == s[8]
	case 'G':
		return "XWUTRQPNMLK"[(sum+4)%11] == s[8]
	}
	return false
}
