package cognitive

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendWord appends a word of the program, never content, as a JSON string.
func AppendWord(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // fails on invalid UTF-8 only, and appends a valid string even then
	return b
}

// AppendScore appends a score in [0, 1] with four decimals.
func AppendScore(b []byte, s float32) []byte {
	if !(s >= 0) { // also NaN
		s = 0
	}
	return strconv.AppendFloat(b, float64(int(min(s, 1)*10000+0.5))/10000, 'f', -1, 64)
}
