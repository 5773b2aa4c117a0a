package filter

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape undoes the escapes of JSON strings wherever they stand.
func unescape(s string) string {
	at := strings.IndexByte(s, '\\')
	if at < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for at >= 0 && at+1 < len(s) {
		b = append(b, s[:at]...)
		s = s[at:]
		n := 2
		switch s[1] {
		case 'n', 'r', 't', 'b', 'f':
			b = append(b, ' ')
		case 'u':
			var r rune
			if r, n = unicodeEscape(s); n == 0 {
				b, n = append(b, '\\', 'u'), 2
				break
			}
			b = utf8.AppendRune(b, r)
		default:
			b = append(b, s[1])
		}
		s = s[n:]
		at = strings.IndexByte(s, '\\')
	}
	return string(append(b, s...))
}

// unicodeEscape reads \uXXXX, or a pair of them, at the beginning of s.
func unicodeEscape(s string) (r rune, n int) {
	one, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(one) {
		if two, ok := hex4(s[6:]); ok {
			if r := utf16.DecodeRune(one, two); r != utf8.RuneError {
				return r, 12
			}
		}
	}
	return one, 6
}

func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
