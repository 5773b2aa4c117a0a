package language

import "sallyport/guard/textindex"

// unitWords are the values of stringIndexType (section 14.1). Version 3.1 spells the
// default without an s.
var unitWords = []string{"TextElements_v8", "UnicodeCodePoint", "Utf16CodeUnit", "TextElement_v8"}

// unitOf is the unit of a word by its place in unitWords; the default for none.
func unitOf(i int) textindex.Unit {
	if i < 0 {
		return textindex.TextElement
	}
	u, _ := textindex.Parse(unitWords[i])
	return u
}
