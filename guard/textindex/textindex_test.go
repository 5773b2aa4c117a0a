package textindex_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"sallyport/guard/textindex"
)

// units of a text in text elements, code points and UTF-16 units.
var texts = []struct {
	name, text             string
	elements, points, u16s int
}{
	{"plain", "call me", 7, 7, 7},
	{"empty", "", 0, 0, 0},
	{"return and line feed", "a\r\nb", 3, 4, 4},
	{"a lone return", "a\rb", 3, 3, 3},
	{"line feed and return", "\n\r", 2, 2, 2},
	{"a combining mark", "e\u0301a", 2, 3, 3},
	{"many marks", "e" + strings.Repeat("\u0301", 9), 1, 10, 10},
	{"a mark with no letter", "\u0301a", 2, 2, 2},
	{"a mark after a line", "\n\u0301", 2, 2, 2},
	{"an emoji", "\U0001F600!", 2, 2, 3},
	{"a skin tone", "\U0001F44D\U0001F3FD", 2, 2, 4},
	{"a family", "\U0001F468\u200D\U0001F469\u200D\U0001F467", 3, 5, 8},
	{"a heart in colour", "\u2764\uFE0Fx", 2, 3, 3},
	{"a flag", "\U0001F1E9\U0001F1EA", 1, 2, 4},
	{"two flags", "\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7", 1, 4, 8},
	{"a keycap", "1\uFE0F\u20E3", 1, 3, 3},
	{"Hangul in parts", "\u1112\u1161\u11AB", 1, 3, 3},
	{"a Hangul syllable and a final", "\uD558\u11AB", 1, 2, 2},
	{"Devanagari", "\u0928\u093F", 1, 2, 2},
	{"Thai", "\u0E19\u0E33", 1, 2, 2},
	{"a soft hyphen", "a\u00ADb", 3, 3, 3},
	{"no UTF-8", "a\xff\xfeb", 4, 4, 4},
}

func TestLen(t *testing.T) {
	for _, tt := range texts {
		for unit, want := range map[textindex.Unit]int{textindex.TextElement: tt.elements, textindex.CodePoint: tt.points, textindex.UTF16: tt.u16s} {
			if got := textindex.New(tt.text, unit).Len(); got != want {
				t.Errorf("%s: New(%q, %v).Len() = %d, want %d", tt.name, tt.text, unit, got, want)
			}
			if got := textindex.Count(tt.text, unit); got != want {
				t.Errorf("%s: Count(%q, %v) = %d, want %d", tt.name, tt.text, unit, got, want)
			}
		}
	}
}

func TestSpan(t *testing.T) {
	text := "Zoe\u0301 \U0001F1E9\U0001F1EA Bob"
	bob := strings.Index(text, "Bob")
	tests := []struct {
		unit           textindex.Unit
		start, end     int
		offset, length int
	}{
		{textindex.TextElement, bob, bob + 3, 6, 3},
		{textindex.CodePoint, bob, bob + 3, 8, 3},
		{textindex.UTF16, bob, bob + 3, 10, 3},
		{textindex.TextElement, 0, 3, 0, 3}, // the accent belongs to the e
		{textindex.CodePoint, 0, 3, 0, 3},
		{textindex.TextElement, 3, 5, 2, 1},
		{textindex.CodePoint, 4, 5, 3, 1}, // in the middle of a rune
		{textindex.CodePoint, -5, 1000, 0, 11},
		{textindex.CodePoint, 2, 2, 2, 0},
	}
	for _, tt := range tests {
		if o, l := textindex.New(text, tt.unit).Span(tt.start, tt.end); o != tt.offset || l != tt.length {
			t.Errorf("%v of bytes %d to %d: %d and %d, want %d and %d", tt.unit, tt.start, tt.end, o, l, tt.offset, tt.length)
		}
	}
}

func TestParse(t *testing.T) {
	for _, unit := range []textindex.Unit{textindex.TextElement, textindex.CodePoint, textindex.UTF16} {
		if got, ok := textindex.Parse(unit.String()); !ok || got != unit {
			t.Errorf("Parse(%q) = %v, %v", unit.String(), got, ok)
		}
	}
	if _, ok := textindex.Parse("Bytes"); ok {
		t.Error("Bytes is no unit")
	}
	if got, ok := textindex.Parse(""); !ok || got != textindex.TextElement {
		t.Error("the default is text elements")
	}
}

func TestLinear(t *testing.T) {
	begin := time.Now()
	x := textindex.New("e"+strings.Repeat("\u0301", 500_000), textindex.TextElement)
	for i := range 10_000 {
		x.Span(i*100, i*100+50)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("a megabyte of marks took %v", took)
	}
}

func FuzzIndex(f *testing.F) {
	for _, tt := range texts {
		f.Add(tt.text, 0, 2)
	}
	f.Fuzz(func(t *testing.T, s string, start, end int) {
		elements := textindex.New(s, textindex.TextElement).Len()
		points := textindex.New(s, textindex.CodePoint).Len()
		u16s := textindex.New(s, textindex.UTF16).Len()
		if points != utf8.RuneCountInString(s) || u16s != len(utf16.Encode([]rune(s))) || elements > points {
			t.Fatalf("%q: %d elements, %d points, %d UTF-16 units", s, elements, points, u16s)
		}
		for _, unit := range []textindex.Unit{textindex.TextElement, textindex.CodePoint, textindex.UTF16} {
			x := textindex.New(s, unit)
			o, l := x.Span(start, end)
			if o < 0 || l < 0 || o+l > x.Len() {
				t.Fatalf("%q: %v of %d to %d is %d and %d", s, unit, start, end, o, l)
			}
		}
	})
}
