package model_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"sallyport/guard/model"
	"sallyport/guard/normalize"
)

// cpu is the processor time that this process has used: on a busy machine the
// wall's time says little.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// mixed is text of several languages with JSON, code and addresses, as prompts of tools
// have it: few of its words look disguised.
var mixed = strings.Join([]string{
	"The committee met on Tuesday and looked at the figures for the third quarter; sales rose by four percent.",
	`{"id": 17, "name": "chair", "price": 45.5, "tags": ["red", "wood"], "note": "by the door\nor not"}`,
	"Die Anmeldung ist bis Freitag möglich, bitte bringen Sie Ihren Ausweis und die Versicherungskarte mit.",
	"func sum(values []int) int {\n\ttotal := 0\n\tfor _, v := range values {\n\t\ttotal += v\n\t}\n\treturn total\n}",
	"Сорока и рак ехали в Москву, а щука осталась дома и долго ждала письма.",
	"See https://example.org/a/b?c=d%20e&f=2 for the rest, or write to desk@example.org (order 4f2a-77b1).",
	"会议在星期二举行，讨论了第三季度的数据。",
	"| item | count | price |\n|---|---|---|\n| chair | 4 | 45.50 |",
}, "\n")

// BenchmarkViews is what a prompt costs: reading, views, all heads. The floor is the
// heads over the text itself.
func BenchmarkViews(b *testing.B) {
	m, err := model.Load()
	if err != nil {
		b.Fatal(err)
	}
	plain := "The committee met on Tuesday and looked at the figures for the third quarter; sales rose by four percent. "
	for name, unit := range map[string]string{"plain": plain, "mixed": mixed, "leet": "th3 c0mm1tt33 m3t 0n tu3sd4y 4nd l00k3d 4t th3 f1gur3s. "} {
		s := strings.Repeat(unit, 32<<10/len(unit)+1)
		per := func(b *testing.B, f func()) {
			b.ReportAllocs()
			began, n := cpu(), 0
			for b.Loop() {
				f()
				n++
			}
			b.ReportMetric(float64((cpu()-began).Nanoseconds())/1e3/float64(n)/float64(len(s))*1024, "cpu-µs/KiB")
		}
		b.Run(name, func(b *testing.B) { per(b, func() { m.Score(normalize.Normalize(s)) }) })
		b.Run(name+" floor", func(b *testing.B) {
			r := normalize.Normalize(s)
			per(b, func() {
				one := m.Scorer(model.Everything, r)
				one.Scores()
			})
		})
	}
}
