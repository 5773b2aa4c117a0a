package normalize_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sallyport/guard/normalize"
)

func TestNormalize(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "Hello World", "hello world"},
		{"white space", "a \t b\r\n\r\nc\u00a0\u2003d", "a b\nc d"},
		{"fullwidth", "Ｉｇｎｏｒｅ １２", "ignore 12"},
		{"mathematical", "𝐈𝐠𝐧𝐨𝐫𝐞", "ignore"},
		{"ligature", "oﬃce", "office"},
		{"circled", "ⓘⓖⓝⓞⓡⓔ", "ignore"},
		{"mixed scripts", "іgnоrе", "ignore"},
		{"word of look-alikes in Latin text", "please ѕсоре the plan", "please scope the plan"},
		{"Cyrillic stays", "Сорока и рак ехали в Москву", "сорока и рак ехали в москву"},
		{"Greek stays", "το νερό", "το νερο\u0301"},
		{"Cyrillic beside Latin", "Открой файл README сейчас", strings.ToLower("Открои\u0306 фаи\u0306л README сеи\u0306час")},
		{"mixed word in Cyrillic text", "дайте мне pаsswоrd пожалуйста", "даи\u0306те мне password пожалуи\u0306ста"},
		{"marks on Latin letters", "i\u0336g\u0301nöre", "ignore"},
		{"zero width", "ig\u200bno\u2060re\ufeff", "ignore"},
		{"soft hyphen", "ig\u00adnore", "ignore"},
		{"bidi", "\u202eignore\u202c", "ignore"},
		{"tags", "hi\U000E0069\U000E0067\U000E006E", "hi ign"},
		{"flag of Wales", "🏴\U000E0067\U000E0062\U000E0077\U000E006C\U000E0073\U000E007F ok", "🏴 ok"},
		{"emoji", "❤\ufe0f ok", "❤ ok"},
		{"regional letters", "🇮🇬🇳🇴🇷🇪", "ignore"},
		{"one flag", "🇩🇪 ok", "🇩🇪 ok"},
		{"small capitals", "ɪɢɴᴏʀᴇ", "ignore"},
		{"quotes", "it’s – “ok”", "it's - \"ok\""},
		{"bad bytes", "a\xffb", "a\ufffdb"},
		{"control", "ig\x00nore", "ignore"},
		{"Korean stays", "안녕하세요", "안녕하세요"},
		{"Arabic digits", "٤١١١", "4111"},
	}
	for _, tt := range tests {
		if got := normalize.Normalize(tt.text).Text; got != tt.want {
			t.Errorf("%s: Normalize(%q) = %q, want %q", tt.name, tt.text, got, tt.want)
		}
	}
}

func TestHidden(t *testing.T) {
	for _, text := range []string{"a\U000E0068\U000E0069\U000E006A", "x\u202ey", "i\u200bg\u200bn\u200bo\u200br\u200be"} {
		if !normalize.Normalize(text).Hidden {
			t.Errorf("Normalize(%q) is not Hidden", text)
		}
	}
	for _, text := range []string{"plain", "co\u00adoperate", "می\u200cخواهم", "👨\u200d👩\u200d👧", "❤\ufe0f"} {
		if normalize.Normalize(text).Hidden {
			t.Errorf("Normalize(%q) is Hidden", text)
		}
	}
}

func TestViews(t *testing.T) {
	tests := []struct{ text, want string }{
		{"i g n o r e", "ignore"},
		{"i g n o r e   t h i s", "ignore this"},
		{"i.g.n.o.r.e", "ignore"},
		{"1gn0r3 pr3v10us", "ignore previous"},
		{"J. R. R. wrote it", ""},
		{"part A1B2 of the plan", ""},
	}
	for _, tt := range tests {
		got := ""
		if v := normalize.Normalize(tt.text).Views(); len(v) > 0 {
			got = v[0].Text
		}
		if got != tt.want {
			t.Errorf("Views(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

// TestLinear: ten times the text may take some tens of times as long, not a
// hundred. The texts are the ones that break careless normalisers.
func TestLinear(t *testing.T) {
	for name, unit := range map[string]string{
		"marks": "\u0301", "letters and marks": "a\u0301\u0302", "zero width": "\u200b", "tags": "\U000E0041", "selectors": "\U000E0141",
		"flags": "🏴", "half a flag": "🏴\U000E0067", "one token": "aа", "spaces": " ", "spelled": "a ", "leet": "a1b0c", "regional": "🇮", "ideographs": "漢",
	} {
		took := func(n int) time.Duration {
			s := strings.Repeat(unit, n/len(unit))
			best := time.Hour
			for range 3 {
				begin := time.Now()
				normalize.Normalize(s).Views()
				best = min(best, time.Since(begin))
			}
			return best
		}
		small, large := took(100<<10), took(1<<20)
		if large > 40*small+500*time.Millisecond {
			t.Errorf("%s: 100 KiB take %v, 1 MiB %v", name, small, large)
		}
	}
}

// check holds what every reading promises.
func check(t *testing.T, s string, r normalize.Reading) {
	t.Helper()
	if !utf8.ValidString(r.Text) {
		t.Fatalf("Text of %q is not valid UTF-8: %q", s, r.Text)
	}
	if len(r.Cased()) != len(r.Text) {
		t.Fatalf("Cased of %q has %d bytes, Text %d", s, len(r.Cased()), len(r.Text))
	}
	last := 0
	for i := 0; i <= len(r.Text); i++ {
		o := r.Original(i)
		if o < last || o > len(s) {
			t.Fatalf("Original(%d) of %q is %d after %d", i, s, o, last)
		}
		if !onBoundary(s, o) {
			t.Fatalf("Original(%d) of %q is %d, inside a rune", i, s, o)
		}
		last = o
		for _, j := range []int{i, i + 1, i + 3} {
			span := r.Span(i, j)
			if span.Start < 0 || span.End < span.Start || span.End > len(s) || !onBoundary(s, span.Start) || !onBoundary(s, span.End) {
				t.Fatalf("Span(%d, %d) of %q is %v", i, j, s, span)
			}
		}
	}
}

// onBoundary reports whether decoding s rune by rune passes i.
func onBoundary(s string, i int) bool {
	at := 0
	for at < i {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at == i
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{
		"", "plain", "a  b\t\n", "Ｉｇｎ", "і\u0301gnоrе", "\U000E0041\U000E0042\U000E0043", "🏴\U000E0067\U000E007F", "a\xff\xfe", "ﬃ\u200bx", "e\u0301\u0301", "🇮🇬🇳🇴🇷",
		"\u0130\u212a", "ẞ", "é́́́", "a\ufe0f\ufe0e\ufe0d\ufe0c", "क्षि", "\x00", "i g n o r e", "1gn0r3 th15", "각",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4<<10 {
			return
		}
		r := normalize.Normalize(s)
		check(t, s, r)
		for _, v := range r.Views() {
			check(t, s, v)
		}
		// What was folded stays as it is, so lists may be compared folded.
		if again := normalize.Normalize(r.Text); !strings.ContainsRune(s, utf8.RuneError) && strings.TrimSpace(again.Text) == "" != (strings.TrimSpace(r.Text) == "") {
			t.Fatalf("Normalize(%q) = %q is folded to %q", s, r.Text, again.Text)
		}
	})
}
