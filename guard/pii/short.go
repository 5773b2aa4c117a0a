package pii

import "strings"

// short tries what is only a few digits and needs its word right before it.
func (f *finder) short(i, j int) {
	if class[f.text[j-1]]&isDigit == 0 {
		return
	}
	switch n := j - i; {
	case (n == 3 || n == 4) && !f.is(j, isWord) && holds(f.lower, max(0, i-20), i, cvvWords):
		f.add(CVV, i, j, 0.85)
	case n == 2 && (f.formAt(i, "dd/dd") || f.formAt(i, "dd/dddd")) && holds(f.lower, max(0, i-24), i, expiryWords):
		end := j + 1
		for f.is(end, isDigit) {
			end++
		}
		f.add(ExpirationDate, i, end, 0.85)
	case n == 2 && (f.formAt(i, "dd-dd-dd") || f.formAt(i, "dd dd dd")) && holds(f.lower, max(0, i-24), i, sortWords):
		f.add(SortCode, i, i+8, 0.85)
	case n <= 3 && j < len(f.text) && f.text[j] == '.':
		f.coordinates(i, j)
	}
}

var (
	cvvWords    = []string{"cvv", "cvc", "cvv2", "cvc2", "security code", "card verification", "prufziffer", "cryptogramme"}
	expiryWords = []string{"exp", "expiry", "expires", "expiration", "valid thru", "valid until", "gultig bis", "expire", "vencimiento", "scadenza", "validade", "vervaldatum"}
	sortWords   = []string{"sort code", "sortcode", "sort-code"}
)

// coordinates reads latitude and longitude with four or more decimals each:
// 48.8583, 2.2945.
func (f *finder) coordinates(i, j int) {
	first, end := f.degrees(i)
	if end == 0 || first > 90 || end >= len(f.text) || i > 0 && (f.text[i-1] == '.' || f.text[i-1] == ',') {
		return
	}
	k := end
	for k < len(f.text) && k < end+2 && (f.text[k] == ',' || f.text[k] == ' ' || f.text[k] == ';') {
		k++
	}
	start := k
	if k < len(f.text) && f.text[k] == '-' {
		k++
	}
	if k == end || !f.is(k, isDigit) {
		return
	}
	second, last := f.degrees(k)
	if last == 0 || second > 180 || f.is(last, isWord) || start == end {
		return
	}
	if i > 0 && f.text[i-1] == '-' {
		i--
	}
	if !f.near(i, last, "gps", "latitude", "lat", "lon", "longitude", "coordinates", "location", "position", "koordinaten", "coordonnees", "coordenadas", "coordinate", "standort", "geo") {
		return
	}
	f.add(GPSCoordinates, i, last, 0.9)
}

// degrees reads a number with at least four decimals.
func (f *finder) degrees(i int) (value, end int) {
	k := i
	for f.is(k, isDigit) && k-i < 4 {
		value = value*10 + int(f.text[k]-'0')
		k++
	}
	if k == i || k >= len(f.text) || f.text[k] != '.' {
		return 0, 0
	}
	end = f.run(k+1, 12, func(c byte) bool { return class[c]&isDigit != 0 })
	if end-k-1 < 4 {
		return 0, 0
	}
	return value, end
}

// wallet reads an address of Bitcoin or Ethereum in the word text[i:j].
func (f *finder) wallet(i, j int) {
	word := f.text[i:j]
	switch n := j - i; {
	case n == 42 && word[0] == '0' && word[1]|0x20 == 'x' && all(word[2:], isHex):
		f.add(CryptoWallet, i, j, 0.95)
	case n >= 42 && n <= 90 && strings.HasPrefix(f.lower[i:j], "bc1") && all(word, isAlnum) && mixed(word[3:]):
		f.add(CryptoWallet, i, j, 0.95)
	case n >= 26 && n <= 35 && (word[0] == '1' || word[0] == '3') && base58(word) && f.near(i, j, "bitcoin", "btc", "wallet", "satoshi"):
		f.add(CryptoWallet, i, j, 0.9)
	}
}

func all(s string, k uint8) bool {
	for i := range len(s) {
		if class[s[i]]&k == 0 {
			return false
		}
	}
	return true
}

func base58(s string) bool {
	return all(s, isAlnum) && !strings.ContainsAny(s, "0OIl") && mixed(s)
}

// swift reads a bank's code in the word text[i:j]: its word must stand near.
func (f *finder) swift(i, j int) {
	if n := j - i; n != 8 && n != 11 || !all(f.text[i:i+6], isUpper) || !all(f.text[i:j], isUpper|isDigit) {
		return
	}
	if f.near(i, j, "swift", "bic", "swift/bic", "bic/swift", "swift-code", "bic-code", "swift code") {
		f.add(SWIFTCode, i, j, 0.9)
	}
}
