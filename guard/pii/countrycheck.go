package pii

// Check digits of countries. Digits come as values, codes as upper-case bytes.

func valuesOf(s []byte) []byte {
	out := make([]byte, len(s))
	for i, c := range s {
		out[i] = c - '0'
	}
	return out
}

func cnpj(v []byte) bool {
	digit := func(sum int) int {
		if sum %= 11; sum < 2 {
			return 0
		}
		return 11 - sum
	}
	return !same(v) && digit(weighted(v, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == int(v[12]) &&
		digit(weighted(v, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) == int(v[13])
}

// abn is modulus 89 after one is taken from the first digit.
func abn(v []byte) bool {
	return v[0] > 0 && (weighted(v, 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)-10)%89 == 0
}

func acn(v []byte) bool {
	return !same(v) && (10-weighted(v, 8, 7, 6, 5, 4, 3, 2, 1)%10)%10 == int(v[8])
}

func medicare(v []byte) bool {
	return v[0] >= 2 && v[0] <= 6 && weighted(v, 1, 3, 7, 9, 1, 3, 7, 9)%10 == int(v[8])
}

// whole is the digits as a number; at most 18 of them.
func whole(v []byte) int {
	n := 0
	for _, d := range v {
		n = n*10 + int(d)
	}
	return n
}

// belgian is 97 less the first nine digits modulo 97; those born since 2000 have
// a 2 before them.
func belgian(v []byte) bool {
	n, check := whole(v[:9]), whole(v[9:])
	return monthDay(v[2:6]) && (97-n%97 == check || 97-(2_000_000_000+n)%97 == check)
}

// monthDay reports whether four digits are a month and a day; a Belgian bis
// number has 20 or 40 more months.
func monthDay(v []byte) bool {
	m, d := (int(v[0])*10+int(v[1]))%20, int(v[2])*10+int(v[3])
	return m <= 12 && d <= 31
}

func egn(v []byte) bool {
	m := (int(v[2])*10 + int(v[3])) % 20
	return m >= 1 && m <= 12 && weighted(v, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10 == int(v[9])
}

func ahv(v []byte) bool {
	return v[0] == 7 && v[1] == 5 && v[2] == 6 && (10-weighted(v, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3)%10)%10 == int(v[12])
}

// birthNumber is divisible by 11; women's months have 50 more.
func birthNumber(v []byte) bool {
	m, d := int(v[2])*10+int(v[3]), int(v[4])*10+int(v[5])
	if m > 50 {
		m -= 50
	}
	if m > 20 {
		m -= 20
	}
	return m >= 1 && m <= 12 && d >= 1 && d <= 31 && whole(v)%11 == 0
}

func dayMonthYear(v []byte) bool {
	d, m := int(v[0])*10+int(v[1]), int(v[2])*10+int(v[3])
	return d >= 1 && d <= 31 && m >= 1 && m <= 12
}

func yearMonthDay(v []byte) bool {
	m, d := int(v[2])*10+int(v[3]), int(v[4])*10+int(v[5])
	return m >= 1 && m <= 12 && d >= 1 && d <= 31
}

// baltic is the check of Estonia and Lithuania: two rows of weights.
func baltic(v []byte) bool {
	if v[0] < 1 || v[0] > 8 || !monthDay(v[3:7]) {
		return false
	}
	c := weighted(v, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1) % 11
	if c == 10 {
		c = weighted(v, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3) % 11 % 10
	}
	return c == int(v[10])
}

func spanishSocial(v []byte) bool {
	province := whole(v[:2])
	return province >= 1 && province <= 66 && whole(v[:10])%97 == whole(v[10:])
}

func frenchTax(v []byte) bool { return v[0] <= 3 && whole(v[:10])%511 == whole(v[10:]) }

func afm(v []byte) bool {
	return !same(v) && weighted(v, 256, 128, 64, 32, 16, 8, 4, 2)%11%10 == int(v[8])
}

// mod1110 is ISO 7064 MOD 11,10 over eleven digits.
func mod1110(v []byte) bool {
	product := 10
	for _, d := range v[:10] {
		s := (int(d) + product) % 10
		if s == 0 {
			s = 10
		}
		product = s * 2 % 11
	}
	return (11-product)%10 == int(v[10])
}

func hungarianTax(v []byte) bool {
	return v[0] == 8 && weighted(v, 1, 2, 3, 4, 5, 6, 7, 8, 9)%11 == int(v[9])
}

func taj(v []byte) bool { return !same(v) && weighted(v, 3, 7, 3, 7, 3, 7, 3, 7)%10 == int(v[8]) }

func myNumber(v []byte) bool {
	c := weighted(v, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	if c <= 1 {
		return v[11] == 0
	}
	return 11-c == int(v[11])
}

func rrn(v []byte) bool {
	return yearMonthDay(v) && v[6] >= 1 && v[6] <= 8 && (11-weighted(v, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)%11)%10 == int(v[12])
}

func norwegian(v []byte) bool {
	d, m := int(v[0])*10+int(v[1]), int(v[2])*10+int(v[3])
	if d%40 < 1 || d%40 > 31 || m%40 < 1 || m%40 > 12 {
		return false
	}
	first := (11 - weighted(v, 3, 7, 6, 1, 8, 9, 4, 5, 2)%11) % 11
	second := (11 - weighted(v, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
	return first == int(v[9]) && second == int(v[10])
}

func ird(v []byte) bool {
	if len(v) == 8 {
		v = append([]byte{0}, v...)
	}
	if n := whole(v); n < 10_000_000 || n > 150_000_000 {
		return false
	}
	c := (11 - weighted(v, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
	if c == 10 {
		c = (11 - weighted(v, 7, 4, 3, 2, 5, 2, 7, 6)%11) % 11
	}
	return c == int(v[8])
}

func nip(v []byte) bool { return !same(v) && weighted(v, 6, 5, 7, 2, 3, 4, 5, 6, 7)%11 == int(v[9]) }

func regon(v []byte) bool { return !same(v) && weighted(v, 8, 9, 2, 3, 4, 5, 6, 7)%11%10 == int(v[8]) }

func nif(v []byte) bool {
	c := 11 - weighted(v, 9, 8, 7, 6, 5, 4, 3, 2)%11
	if c >= 10 {
		c = 0
	}
	return v[0] != 0 && v[0] != 4 && c == int(v[8])
}

func cnp(v []byte) bool {
	c := weighted(v, 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9) % 11
	if c == 10 {
		c = 1
	}
	return v[0] > 0 && monthDay(v[3:7]) && c == int(v[12])
}

func swedish(v []byte) bool {
	v = v[len(v)-10:]
	m, d := int(v[2])*10+int(v[3]), int(v[4])*10+int(v[5])
	if d > 60 {
		d -= 60
	}
	return m >= 1 && m <= 12 && d >= 1 && d <= 31 && luhn(v)
}

func emso(v []byte) bool {
	return dayMonthYear(v) && (11-weighted(v, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11)%11%10 == int(v[12])
}

func slovenianTax(v []byte) bool {
	return v[0] > 0 && (11-weighted(v, 8, 7, 6, 5, 4, 3, 2)%11)%11%10 == int(v[7])
}

func thai(v []byte) bool {
	return v[0] > 0 && (11-weighted(v, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11)%10 == int(v[12])
}

func turkish(v []byte) bool {
	odd, even := 0, 0
	for i, d := range v[:9] {
		if i%2 == 0 {
			odd += int(d)
		} else {
			even += int(d)
		}
	}
	return v[0] > 0 && (odd*7-even+100)%10 == int(v[9]) && (odd+even+int(v[9]))%10 == int(v[10])
}

func southAfrican(v []byte) bool { return yearMonthDay(v) && v[10] <= 2 && luhn(v) }

func austrianVAT(s []byte) bool {
	if string(s[:3]) != "ATU" {
		return false
	}
	sum := 0
	for k, c := range valuesOf(s[3:10]) {
		d := int(c)
		if k%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return (96-sum)%10 == int(s[10]-'0')
}

func belgianVAT(s []byte) bool {
	return string(s[:2]) == "BE" && s[2] <= '1' && 97-whole(valuesOf(s[2:10]))%97 == whole(valuesOf(s[10:]))
}

func germanVAT(s []byte) bool {
	if string(s[:2]) != "DE" || s[2] == '0' {
		return false
	}
	product := 10
	v := valuesOf(s[2:])
	for _, d := range v[:8] {
		sum := (int(d) + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	return (11-product)%10 == int(v[8])
}

// frenchVAT checks the key where it is digits, and the company number.
func frenchVAT(s []byte) bool {
	if string(s[:2]) != "FR" || !luhn(valuesOf(s[4:])) {
		return false
	}
	if s[2] > '9' || s[3] > '9' {
		return true
	}
	return (12+3*(whole(valuesOf(s[4:]))%97))%97 == whole(valuesOf(s[2:4]))
}

func cif(s []byte) bool {
	sum := 0
	for k, d := range valuesOf(s[1:8]) {
		n := int(d)
		if k%2 == 0 {
			n = n*2/10 + n*2%10
		}
		sum += n
	}
	c := (10 - sum%10) % 10
	return s[8] == byte('0'+c) || s[8] == "JABCDEFGHI"[c]
}

func dea(s []byte) bool {
	v := valuesOf(s[2:])
	return (int(v[0])+int(v[2])+int(v[4])+2*(int(v[1])+int(v[3])+int(v[5])))%10 == int(v[6])
}

func pps(s []byte) bool {
	sum := weighted(valuesOf(s[:7]), 8, 7, 6, 5, 4, 3, 2)
	if len(s) == 9 && s[8] != 'W' {
		sum += int(s[8]-'A'+1) * 9
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == s[7]
}

// letterValue is 10 for A and so on.
func letterValue(c byte) int {
	if c <= '9' {
		return int(c - '0')
	}
	return int(c-'A') + 10
}

func polishCard(s []byte) bool {
	sum := 0
	for k, w := range [9]int{7, 3, 1, 9, 7, 3, 1, 7, 3} {
		sum += letterValue(s[k]) * w
	}
	return sum%10 == 0
}

func taiwan(s []byte) bool {
	order := "ABCDEFGHJKLMNPQRSTUVXYWZIO"
	n := -1
	for k := range len(order) {
		if order[k] == s[0] {
			n = k + 10
		}
	}
	if n < 0 || s[1] != '1' && s[1] != '2' {
		return false
	}
	v := valuesOf(s[1:])
	return (n/10+n%10*9+weighted(v, 8, 7, 6, 5, 4, 3, 2, 1, 1))%10 == 0
}

// germanCard is the machine-readable number: nine characters and a check digit.
func germanCard(s []byte) bool {
	sum := 0
	for k, c := range s[:9] {
		sum += letterValue(c) * [3]int{7, 3, 1}[k%3]
	}
	return s[9] <= '9' && sum%10 == int(s[9]-'0')
}

// germanSocial is the pension insurance number: the letter as two digits.
func germanSocial(s []byte) bool {
	d := whole(valuesOf(s[2:4])) % 50
	m := whole(valuesOf(s[4:6]))
	if d < 1 || d > 31 || m < 1 || m > 12 {
		return false
	}
	n := letterValue(s[8]) - 9
	v := append(valuesOf(s[:8]), byte(n/10), byte(n%10), s[9]-'0', s[10]-'0')
	sum := 0
	for k, w := range [12]int{2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1} {
		p := int(v[k]) * w
		sum += p/10 + p%10
	}
	return sum%10 == int(s[11]-'0')
}

// vin is the North American check digit, the ninth character.
func vin(s []byte) bool {
	weights := [17]int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}
	values := "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ"
	sum, letters := 0, 0
	for k, c := range s {
		n := -1
		for i := range len(values) {
			if values[i] == c && c != '.' {
				n = i % 10
			}
		}
		if n < 0 {
			return false
		}
		if c > '9' {
			letters++
		}
		sum += n * weights[k]
	}
	check := byte('0' + sum%11)
	if sum%11 == 10 {
		check = 'X'
	}
	return letters >= 3 && s[8] == check
}

// finnish is the number of the day, century sign removed or a letter, and a
// check character of 31.
func finnish(s []byte) bool {
	if len(s) == 11 {
		s = append(append([]byte{}, s[:6]...), s[7:]...)
	}
	if len(s) != 10 || !fits(s[:9], "000000000") || !dayMonthYear(valuesOf(s[:6])) {
		return false
	}
	return "0123456789ABCDEFHJKLMNPRSTUVWXY"[whole(valuesOf(s[:9]))%31] == s[9]
}

func rut(s []byte) bool {
	if len(s) < 8 {
		return false
	}
	sum, w := 0, 2
	for k := len(s) - 2; k >= 0; k-- {
		if s[k] > '9' {
			return false
		}
		sum += int(s[k]-'0') * w
		if w++; w > 7 {
			w = 2
		}
	}
	return "0K987654321"[sum%11] == s[len(s)-1]
}

func hkid(s []byte) bool {
	if len(s) != 8 || s[0] < 'A' {
		return false
	}
	sum := 36*9 + letterValue(s[0])*8
	for k, c := range s[1:7] {
		if c > '9' {
			return false
		}
		sum += int(c-'0') * (7 - k)
	}
	return "0A987654321"[sum%11] == s[7]
}

// residentID is ISO 7064 MOD 11-2 and a day of birth.
func residentID(s []byte) bool {
	if len(s) != 18 || !fits(s[:17], "00000000000000000") {
		return false
	}
	v := valuesOf(s[:17])
	year := whole(v[6:10])
	if year < 1900 || year > 2099 || !yearMonthDay(v[8:14]) {
		return false
	}
	return "10X98765432"[weighted(v, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)%11] == s[17]
}
