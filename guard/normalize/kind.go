package normalize

import (
	"iter"
	"math/bits"
	"strings"
)

// Kind names a way to disguise text. It is a closed vocabulary without
// content, fit for records and metrics.
type Kind uint8

// Kinds that are undone in a Reading itself.
const (
	Width      Kind = iota // letters in costume: fullwidth, mathematical, circled, small capitals
	Confusable             // look-alike letters of another script
	Invisible              // words broken up by characters that take no place, control or private-use characters
	Tags                   // a message in Unicode tags
	Selectors              // a message in variation selectors
	Bidi                   // bidirectional overrides
	Marks                  // floods of combining marks, struck-out letters
	Regional               // words in regional indicators

	// Kinds that need a view of their own.
	Spelled         // letters of a word apart: s p a c e s, d.o.t.s, lines, signs
	Leet            // digits and signs for letters, rn for m, vv for w
	Glued           // words written without spaces
	Base64          // also of UTF-16, and URL-safe
	Base32          //
	Hex             // bytes as hexadecimal digits
	Codes           // characters by number: binary, octal, decimal
	Percent         // as in URLs
	Entities        // of HTML
	Escapes         // \u0069, \x69, \151
	QuotedPrintable //
	Punycode        // xn--
	Gzip            // gzip or zlib inside another encoding
	Caesar          // rot13 and all other shifts
	Atbash          //
	Reversed        // backwards, by the text or by the word
	PigLatin        //
	Morse           //
	Nato            // alfa bravo charlie
	Braille         //
	Literals        // string literals that code puts together
	Markup          // words parted by HTML tags or Markdown signs
	Comment         // of HTML or Markdown
	Concealed       // HTML that no browser shows: display:none, no size, white
	Attribute       // alternative texts, titles, other attributes of HTML, Markdown titles
	Link            // links whose text names another host than their target
	Role            // forged marks of roles
	Overflow        // more disguises than a text of this length may hold: not all were read

	// Kinds is how many kinds there are.
	Kinds
)

var kindNames = [Kinds]string{
	"width", "confusable", "invisible", "tags", "selectors", "bidi", "marks", "regional",
	"spelled", "leet", "glued", "base64", "base32", "hex", "codes", "percent", "entities", "escapes", "quoted_printable",
	"punycode", "gzip", "caesar", "atbash", "reversed", "pig_latin", "morse", "nato", "braille", "literals", "markup",
	"comment", "concealed", "attribute", "link", "role", "overflow",
}

// String is the name of k in lower case.
func (k Kind) String() string {
	if k >= Kinds {
		return "unknown"
	}
	return kindNames[k]
}

// Set is a set of kinds.
type Set uint64

// SetOf is the set of kinds.
func SetOf(kinds ...Kind) (s Set) {
	for _, k := range kinds {
		s.add(k)
	}
	return s
}

// Has reports whether k is in s.
func (s Set) Has(k Kind) bool { return s>>k&1 == 1 }

// Len is how many kinds s has.
func (s Set) Len() int { return bits.OnesCount64(uint64(s)) }

// All are the kinds of s in order.
func (s Set) All() iter.Seq[Kind] {
	return func(yield func(Kind) bool) {
		for k := range Kinds {
			if s.Has(k) && !yield(k) {
				return
			}
		}
	}
}

// String is the names of s, apart by commas.
func (s Set) String() string {
	var names []string
	for k := range s.All() {
		names = append(names, k.String())
	}
	return strings.Join(names, ",")
}

func (s *Set) add(k Kind) { *s |= 1 << k }
