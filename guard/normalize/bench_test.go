package normalize_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"sallyport/guard/normalize"
)

const sentence = "The committee met on Tuesday and looked at the figures for the third quarter; sales rose by four percent. "

// samples are texts by what a reader has to do.
var samples = map[string]string{
	"plain":      sentence,
	"by lines":   "The committee met on Tuesday,\n  and looked at \"the figures\" (for 2024).\n\n",
	"code":       "func sum(values []int) int {\n\ttotal := 0\n\tfor _, v := range values {\n\t\ttotal += v\n\t}\n\treturn total\n}\n",
	"json":       `{"id": 17, "name": "chair", "price": 45.5, "tags": ["red", "wood"], "note": "by the door\\nor not"},` + "\n",
	"german":     "Die Anmeldung ist bis Freitag möglich, bitte bringen Sie Ihren Ausweis und die Versicherungskarte mit. ",
	"russian":    "Сорока и рак ехали в Москву, а щука осталась дома и долго ждала письма. ",
	"fullwidth":  "Ｔｈｅ ｃｏｍｍｉｔｔｅｅ ｍｅｔ ｏｎ Ｔｕｅｓｄａｙ. ",
	"zero width": "T\u200bh\u200be \u200bc\u200bo\u200bm\u200bm\u200bi\u200bt\u200bt\u200be\u200be ",
	"leet":       "th3 c0mm1tt33 m3t 0n tu3sd4y 4nd l00k3d 4t th3 f1gur3s. ",
	"spelled":    "t h e   c o m m i t t e e   m e t   o n   t u e s d a y   ",
	"rot13":      "Gur pbzzvggrr zrg ba Ghrfqnl naq ybbxrq ng gur svtherf. ",
	"base64":     base64.StdEncoding.EncodeToString([]byte(sentence)) + " ",
	"html":       `<p style="color:red">The <b>committee</b> met on <a href="https://example.org/x" title="a day of the week">Tuesday</a>.</p><!-- a note -->` + "\n",
	"percent":    "%54%68%65%20%63%6f%6d%6d%69%74%74%65%65 ",
}

// BenchmarkRead normalises and makes all views. The floor is what the text library takes for NFKC
// and lower case alone.
func BenchmarkRead(b *testing.B) {
	const size = 32 << 10
	for name, unit := range samples {
		s := strings.Repeat(unit, size/len(unit)+1)
		report := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(b.N)/float64(len(s))*1024, "µs/KiB")
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range normalize.Normalize(s).Views() {
				}
			}
			report(b)
		})
		b.Run(name+" floor", func(b *testing.B) {
			for b.Loop() {
				_ = strings.ToLower(norm.NFKC.String(s))
			}
			report(b)
		})
	}
}

// BenchmarkViews is what finding out costs that a plain text has no views.
func BenchmarkViews(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20} {
		r := normalize.Normalize(strings.Repeat(sentence, size/len(sentence)+1)[:size])
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range r.Views() {
					b.Fatal("a view of plain text")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(b.N)/float64(size)*1024, "µs/KiB")
		})
	}
}
