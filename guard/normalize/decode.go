package normalize

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base32"
	"encoding/base64"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxInflated bounds what is unpacked from one compressed run, whatever it says
// of itself.
const maxInflated = 64 << 10

// readable is b as text, ok when nearly all of it is printable and most of it
// letters and spaces: what images, keys and hashes decode to is not.
func readable(b []byte) (string, bool) {
	if t, ok := inflated(b); ok {
		b = t
	}
	if t, ok := wide(b); ok {
		b = t
	}
	b = bytes.TrimRight(b, "\x00")
	letters, printable, all := 0, 0, 0
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		i += size
		all++
		if r == utf8.RuneError && size == 1 {
			continue
		}
		if unicode.IsLetter(r) || unicode.IsMark(r) || isTag(r) || isSelector(r) || isInvisible(r) {
			letters++
			printable++
		} else if unicode.IsSpace(r) {
			letters++
			printable++
		} else if unicode.IsPrint(r) {
			printable++
		}
		if all == 64 && printable*10 < all*8 {
			return "", false // an image need not be looked at to its end
		}
	}
	if all < 4 || printable*20 < all*19 {
		return "", false
	}
	if letters*10 < all*6 && !nested(b) {
		return "", false
	}
	return string(b), true
}

// nested reports whether b is a code once more.
func nested(b []byte) bool {
	if len(b) < minRun {
		return false
	}
	codes := 0
	for _, c := range b {
		if c >= 0x80 || c < ' ' && c != '\n' && c != '\r' {
			return false
		}
		if property[c]&(isHex|isPercent|isBackslash) != 0 || base64Bytes[c] || c == '&' || c == '#' || c == ';' {
			codes++
		}
	}
	return codes*10 >= len(b)*9
}

// wide is UTF-16 as UTF-8.
func wide(b []byte) ([]byte, bool) {
	if len(b) < 8 {
		return nil, false
	}
	zero := [2]int{}
	n := min(len(b), 64) &^ 1
	for i := range n {
		if b[i] == 0 {
			zero[i&1]++
		}
	}
	high := 1
	if zero[0] > zero[1] {
		high = 0
	}
	if zero[high]*4 < n/2*3 || zero[1-high]*4 > n/2 {
		return nil, false
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = uint16(b[2*i+high])<<8 | uint16(b[2*i+1-high])
	}
	return []byte(string(utf16.Decode(u))), true
}

// inflated unpacks gzip and zlib, as far as maxInflated.
func inflated(b []byte) ([]byte, bool) {
	var z io.Reader
	var err error
	switch {
	case len(b) > 18 && b[0] == 0x1f && b[1] == 0x8b:
		z, err = gzip.NewReader(bytes.NewReader(b))
	case len(b) > 8 && b[0] == 0x78 && (int(b[0])<<8|int(b[1]))%31 == 0:
		z, err = zlib.NewReader(bytes.NewReader(b))
	default:
		return nil, false
	}
	if err != nil {
		return nil, false
	}
	out, _ := io.ReadAll(io.LimitReader(z, maxInflated)) // what was unpacked before a fault counts
	for len(out) > 0 {                                   // the limit may cut a character
		if r, size := utf8.DecodeLastRune(out); r != utf8.RuneError || size != 1 {
			break
		}
		out = out[:len(out)-1]
	}
	return out, len(out) > 0
}

// isPacked reports whether b is unpacked by inflated: the view is of Gzip too.
func isPacked(b []byte) bool {
	return len(b) > 8 && (b[0] == 0x1f && b[1] == 0x8b || b[0] == 0x78 && (int(b[0])<<8|int(b[1]))%31 == 0)
}

// runs calls f for the runs of characters that in holds, of at least n.
func runs(text string, n int, in *[256]bool, f func(i, j int)) {
	for i := 0; i < len(text); {
		if !in[text[i]] {
			i++
			continue
		}
		j := i
		for j < len(text) && in[text[j]] {
			j++
		}
		if j-i >= n {
			f(i, j)
		}
		i = j
	}
}

func bytesOf(s string) (t [256]bool) {
	for i := range len(s) {
		t[s[i]] = true
	}
	return t
}

const (
	smallLetters = "abcdefghijklmnopqrstuvwxyz"
	digits       = "0123456789"
)

var (
	base64Bytes  = bytesOf(smallLetters + strings.ToUpper(smallLetters) + digits + "+/-_")
	base32Bytes  = bytesOf(smallLetters + strings.ToUpper(smallLetters) + "234567")
	hexBytes     = bytesOf("abcdefABCDEF" + digits)
	hexListBytes = bytesOf("abcdefxABCDEFX" + digits + " :,-\n")
)

func findBase64(r *Reading) []edit { return base64Runs(r, false) }

// findGzip decodes and unpacks what was packed before it was written in base64.
func findGzip(r *Reading) []edit { return base64Runs(r, true) }

// base64Runs decodes runs of base64, also when lines break them.
func base64Runs(r *Reading, packed bool) []edit {
	text := r.cased
	var out []edit
	var joined []byte
	start, end := -1, 0
	room := viewFactor*len(r.original) + viewFloor // packed runs grow
	flush := func() {
		if start >= 0 && len(joined) >= minRun && room >= 0 {
			if s, skip, ok := unBase64(joined, packed); ok {
				if skip > 0 && end-start == len(joined) {
					start += skip
				}
				out = append(out, edit{start, end, s})
				room -= len(s)
			}
		}
		start, joined = -1, joined[:0]
	}
	runs(text, 4, &base64Bytes, func(i, j int) {
		// A line that goes on: a run follows the last one after a line's end.
		if start >= 0 && !(i == end+1 && text[end] == '\n' && (len(joined) >= 40 || j-i >= minRun && len(joined) >= minRun)) {
			flush()
		}
		if start < 0 {
			if j-i < minRun {
				return
			}
			start = i
		}
		joined = append(joined, text[i:j]...)
		end = j
		if j < len(text) && text[j] == '=' {
			for end < len(text) && end < j+2 && text[end] == '=' {
				end++
			}
			flush()
		}
	})
	flush()
	return out
}

// unBase64 decodes b, which may begin with up to three characters of something else;
// skip is how many.
func unBase64(b []byte, packed bool) (s string, skip int, ok bool) {
	b = bytes.Clone(b)
	for i, c := range b {
		switch c {
		case '-':
			b[i] = '+'
		case '_':
			b[i] = '/'
		}
	}
	for ; skip < 4 && len(b)-skip >= minRun; skip++ {
		t := b[skip:]
		// A look at the beginning settles it for most runs.
		var probe [48]byte
		n := min(len(t)&^3, 64)
		k, err := base64.RawStdEncoding.Decode(probe[:], t[:n])
		if err != nil || isPacked(probe[:k]) != packed || !packed && !promising(probe[:k]) {
			continue
		}
		dec := make([]byte, base64.RawStdEncoding.DecodedLen(len(t)))
		if len(t)%4 == 1 {
			t = t[:len(t)-1]
		}
		k, _ = base64.RawStdEncoding.Decode(dec, t)
		if s, ok = readable(dec[:k]); ok {
			return s, skip, true
		}
	}
	return "", 0, false
}

// promising reports whether b may be the beginning of a text.
func promising(b []byte) bool {
	if _, ok := wide(b); ok {
		return true
	}
	good := 0
	for _, c := range b {
		if c >= ' ' && c != 0x7f || c == '\n' || c == '\t' || c == '\r' {
			good++
		}
	}
	return good*10 >= len(b)*9
}

// findBase32 decodes runs of base32 in capitals or small letters.
func findBase32(r *Reading) []edit {
	text := r.cased
	var out []edit
	runs(text, minRun, &base32Bytes, func(i, j int) {
		b := []byte(strings.ToUpper(text[i:j]))
		n := len(b) &^ 7
		switch rest := len(b) & 7; rest {
		case 2, 4, 5, 7:
			n = len(b)
		}
		dec := make([]byte, len(b))
		k, err := base32.StdEncoding.WithPadding(base32.NoPadding).Decode(dec, b[:n])
		if err != nil {
			return
		}
		s, ok := readable(dec[:k])
		if !ok || strings.IndexByte(s, ' ') < 0 && familiar(s) < 50 {
			return // a long word is base32 too
		}
		for j < len(text) && text[j] == '=' {
			j++
		}
		out = append(out, edit{i, j, s})
	})
	return out
}

// findHex decodes runs of hexadecimal digits, by pairs with or without what stands
// between them.
func findHex(r *Reading) []edit {
	text := r.cased
	var out []edit
	runs(text, minRun, &hexListBytes, func(i, j int) {
		for i < j {
			k, b := hexRun(text, i, j)
			if len(b) >= minRun/2 {
				if s, ok := readable(b); ok {
					out = append(out, edit{i, k, s})
				}
			}
			i = max(k, i+1)
			for i < j && !hexBytes[text[i]] {
				i++
			}
		}
	})
	return out
}

// hexRun reads the bytes that text[i:j] spells in pairs, as far as the form is kept.
func hexRun(text string, i, j int) (int, []byte) {
	if i > 0 && property[text[i-1]]&isLetter != 0 {
		for i < j && property[text[i]]&(isLetter|isDigit) != 0 {
			i++
		}
		return i, nil
	}
	var b []byte
	end := i
	for i < j {
		if text[i] == '0' && i+1 < j && text[i+1]|0x20 == 'x' {
			i += 2
		}
		if i+1 >= j || !hexBytes[text[i]] || !hexBytes[text[i+1]] {
			break
		}
		b = append(b, unhex(text[i])<<4|unhex(text[i+1]))
		i += 2
		end = i
		for n := 0; i < j && n < 2 && !hexBytes[text[i]] && text[i]|0x20 != 'x'; n++ {
			i++
		}
	}
	return end, b
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// findCodes reads lists of numbers as characters: binary, octal or decimal.
func findCodes(r *Reading) []edit {
	text := r.cased
	var out []edit
	isDigitByte := func(c byte) bool { return c >= '0' && c <= '9' }
	for i := 0; i < len(text); {
		if !isDigitByte(text[i]) || i > 0 && property[text[i-1]]&(isLetter|isDigit) != 0 {
			i++
			continue
		}
		var list []string
		start, end := i, i
		for i < len(text) {
			j := i
			for j < len(text) && isDigitByte(text[j]) {
				j++
			}
			if j == i || j < len(text) && alphabet[text[j]] != 0 || j-i > 8 && !binary(text[i:j]) {
				break
			}
			list = append(list, text[i:j])
			end = j
			for i = j; i < len(text) && i < j+3 && (text[i] == ' ' || text[i] == ',' || text[i] == '-' || text[i] == '\n' || text[i] == ';'); i++ {
			}
			if i == j {
				break
			}
		}
		if s, ok := byNumber(list); ok {
			out = append(out, edit{start, end, s})
		}
		i = max(i, end, start+1)
	}
	return out
}

func binary(s string) bool { return len(s)%8 == 0 && strings.Trim(s, "01") == "" }

// byNumber reads numbers in the first base that makes them readable. Lists of
// numbers are common, so what they spell must look like words.
func byNumber(list []string) (string, bool) {
	if len(list) == 1 && len(list[0]) >= 64 && binary(list[0]) {
		s := list[0]
		list = nil
		for len(s) > 0 {
			list, s = append(list, s[:8]), s[8:]
		}
	}
	if len(list) < 8 {
		return "", false
	}
	for _, base := range [...]int{2, 10, 8} {
		var b []byte
		n := 0
		for _, w := range list {
			if base == 2 && (len(w) < 7 || len(w) > 8) {
				break
			}
			c, err := strconv.ParseUint(w, base, 16)
			if err != nil {
				break
			}
			n++
			if base == 2 {
				b = append(b, byte(c)) // of UTF-8
			} else {
				b = utf8.AppendRune(b, rune(c))
			}
		}
		if n < len(list) {
			continue
		}
		s, ok := readable(b)
		blanks := strings.Count(s, " ") * 100
		if ok && (fluency(s) >= 4 && (familiar(s) >= 40 || blanks >= 6*n && blanks <= 30*n) || blanks <= 30*n && !plainASCII(s)) {
			return s, true
		}
	}
	return "", false
}

// findPercent decodes %69.
func findPercent(r *Reading) []edit {
	text := r.cased
	var out []edit
	for i := strings.IndexByte(text, '%'); i >= 0 && i+2 < len(text); {
		var b []byte
		j := i
		for j+2 < len(text) && text[j] == '%' && hexBytes[text[j+1]] && hexBytes[text[j+2]] {
			b = append(b, unhex(text[j+1])<<4|unhex(text[j+2]))
			j += 3
		}
		if len(b) > 0 {
			out = append(out, edit{i, j, clean(b)})
		}
		next := strings.IndexByte(text[max(j, i+1):], '%')
		if next < 0 {
			break
		}
		i = max(j, i+1) + next
	}
	return spelling(out)
}

// clean is b without what is no UTF-8.
func clean(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// spelling keeps edits that write at least three characters in all or one letter: one
// %20 in an address is nothing.
func spelling(edits []edit) []edit {
	n, letter := 0, false
	for _, e := range edits {
		for _, c := range e.text {
			n++
			letter = letter || unicode.IsLetter(c) && c < utf8.RuneSelf
		}
	}
	if n < 3 && !letter {
		return nil
	}
	return edits
}

// findEntities decodes &#105; and &lt;.
func findEntities(r *Reading) []edit {
	text := r.cased
	var out []edit
	for i := 0; ; {
		next := strings.IndexByte(text[i:], '&')
		if next < 0 {
			break
		}
		i += next
		j, number := entityEnd(text, i)
		if j == 0 {
			i++
			continue
		}
		s := html.UnescapeString(text[i:j])
		if s != text[i:j] && (number || s != "\u00a0") {
			out = append(out, edit{i, j, s})
		}
		i = j
	}
	return out
}

// entityEnd is the end of the entity at i, 0 for none. The semicolon after a number may be missing.
func entityEnd(text string, i int) (end int, number bool) {
	j := i + 1
	if j < len(text) && text[j] == '#' {
		j++
		if j < len(text) && text[j]|0x20 == 'x' {
			j++
		}
		from := j
		for j < len(text) && j < from+7 && hexBytes[text[j]] {
			j++
		}
		if j == from {
			return 0, true
		}
	} else {
		from := j
		for j < len(text) && j < from+10 && alphabet[text[j]] != 0 {
			j++
		}
		if j == from || j >= len(text) || text[j] != ';' {
			return 0, false
		}
	}
	if j < len(text) && text[j] == ';' {
		return j + 1, text[i+1] == '#'
	}
	return j, true
}

// findEscapes decodes \u0069, \u{69}, \x69, \151 and, beside them or where they part
// words, \n and \t.
func findEscapes(r *Reading) []edit {
	text := r.cased
	var out []edit
	numeric, breaks := 0, 0
	var pending []uint16 // halves of a pair
	for i := 0; ; {
		next := strings.IndexByte(text[i:], '\\')
		if next < 0 || i+next+1 >= len(text) {
			break
		}
		i += next
		value, end := escape(text, i)
		if end > 0 {
			numeric++
			s := string(value)
			if utf16.IsSurrogate(value) {
				pending = append(pending, uint16(value))
				s = ""
				if len(pending) == 2 {
					s = string(utf16.Decode(pending))
					pending = pending[:0]
				}
			} else {
				pending = pending[:0]
			}
			out = append(out, edit{i, end, s})
			i = end
			continue
		}
		switch text[i+1] {
		case 'n', 'r', 't':
			if i+2 < len(text) && alphabet[text[i+2]] != 0 {
				breaks++
			}
			out = append(out, edit{i, i + 2, "\n"})
		case '"', '\'', '/', '\\':
			out = append(out, edit{i, i + 2, text[i+1 : i+2]})
		}
		i += 2
		if i >= len(text) {
			break
		}
	}
	if numeric == 0 && breaks < 2 {
		return nil
	}
	return out
}

// escape is the character that the numeric escape at i spells and its end, 0 for none.
func escape(text string, i int) (rune, int) {
	j, least, most, base := i+2, 0, 0, 16
	switch text[i+1] {
	case 'u':
		least, most = 4, 4
		if j < len(text) && text[j] == '{' {
			j, least, most = j+1, 1, 6
		}
	case 'U':
		least, most = 8, 8
	case 'x':
		least, most = 2, 2
		if j < len(text) && text[j] == '{' {
			j, least, most = j+1, 1, 6
		}
	case '0', '1':
		j, least, most, base = i+1, 3, 3, 8
	default:
		return 0, 0
	}
	k := j
	for k < len(text) && k < j+most && hexBytes[text[k]] {
		k++
	}
	if k-j < least {
		return 0, 0
	}
	n, err := strconv.ParseUint(text[j:k], base, 32)
	if err != nil || n > unicode.MaxRune || n == 0 {
		return 0, 0
	}
	if text[j-1] == '{' {
		if k >= len(text) || text[k] != '}' {
			return 0, 0
		}
		k++
	}
	return rune(n), k
}

// findQuotedPrintable decodes =69 and joins lines that end in =.
func findQuotedPrintable(r *Reading) []edit {
	text := r.cased
	var out []edit
	codes := 0
	for i := 0; ; {
		next := strings.IndexByte(text[i:], '=')
		if next < 0 {
			break
		}
		i += next
		var b []byte
		j := i
		for j+2 < len(text) && text[j] == '=' && qpDigit(text[j+1]) && qpDigit(text[j+2]) {
			b = append(b, unhex(text[j+1])<<4|unhex(text[j+2]))
			j += 3
		}
		switch {
		case len(b) > 0:
			codes += len(b)
			out = append(out, edit{i, j, clean(b)})
			i = j
		case i+1 < len(text) && text[i+1] == '\n' && i > 0 && property[text[i-1]]&isBlank == 0:
			out = append(out, edit{i, i + 2, ""})
			i += 2
		default:
			i++
		}
	}
	if codes < 3 && len(out) < 3 {
		return nil
	}
	return out
}

func qpDigit(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' }

// findPunycode decodes labels that begin with xn--.
func findPunycode(r *Reading) []edit {
	text := r.Text
	var out []edit
	for i := 0; ; {
		next := strings.Index(text[i:], "xn--")
		if next < 0 {
			return out
		}
		i += next
		j := i + 4
		for j < len(text) && j < i+63 && (property[text[j]]&(isLetter|isDigit) != 0 || text[j] == '-') {
			j++
		}
		if s, ok := unPunycode(text[i+4 : j]); ok {
			out = append(out, edit{i, j, s})
		}
		i = j
	}
}

// unPunycode decodes a label after its xn--, by RFC 3492.
func unPunycode(s string) (string, bool) {
	const base, least, most, skew, damp, first = 36, 1, 26, 38, 700, 72
	var out []rune
	if k := strings.LastIndexByte(s, '-'); k > 0 {
		out, s = []rune(s[:k]), s[k+1:]
	}
	n, i, bias := 128, 0, first
	for at := 0; at < len(s); {
		old, weight := i, 1
		for k := base; ; k += base {
			if at == len(s) {
				return "", false
			}
			digit := int(alphabet[s[at]]) - 1
			if s[at] >= '0' && s[at] <= '9' {
				digit = int(s[at]-'0') + 26
			}
			at++
			if digit < 0 || digit > (1<<28-i)/weight {
				return "", false
			}
			i += digit * weight
			t := min(max(k-bias, least), most)
			if digit < t {
				break
			}
			if weight *= base - t; weight > 1<<28 {
				return "", false
			}
		}
		delta := (i - old) / 2
		if old == 0 {
			delta = (i - old) / damp
		}
		delta += delta / (len(out) + 1)
		bias = 0
		for ; delta > (base-least)*most/2; bias += base {
			delta /= base - least
		}
		bias += (base - least + 1) * delta / (delta + skew)
		n += i / (len(out) + 1)
		i %= len(out) + 1
		if n > unicode.MaxRune || !utf8.ValidRune(rune(n)) {
			return "", false
		}
		out = slices.Insert(out, i, rune(n))
		i++
	}
	return string(out), len(out) > 0
}
