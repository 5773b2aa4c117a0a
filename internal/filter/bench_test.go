package filter_test

import (
	"context"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sallyport/guard/blocklist"
	"sallyport/guard/model"
	"sallyport/guard/normalize"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/filter"
)

// cpu is the processor time that this process has used: on a busy machine the
// wall's time says little.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var paragraph = "Check the airway first, then call the nurse in charge. Give 2 mg by mouth, at most 4 times in 24 hours, and write it on the chart. "

func text(n int) string { return strings.Repeat(paragraph, n/len(paragraph)+1)[:n] }

// BenchmarkWatch is what watching costs per KiB of an answer that comes 20
// characters at a time. The floor is one pass of the classifier over the text.
func BenchmarkWatch(b *testing.B) {
	m, err := model.Load()
	if err != nil {
		b.Fatal(err)
	}
	guards, err := filter.NewGuards()
	if err != nil {
		b.Fatal(err)
	}
	per := func(b *testing.B, size int, f func()) {
		b.ReportAllocs()
		began := cpu()
		n := 0
		for b.Loop() {
			f()
			n++
		}
		b.ReportMetric(float64((cpu()-began).Nanoseconds())/1000/float64(n)*1024/float64(size), "cpu-µs/KiB")
	}
	medium := filter.Threshold{At: 4}
	rules := filter.Rules{Harm: [4]filter.Threshold{medium, medium, medium, medium}, Blocklists: []*blocklist.List{list(b, "project heron", "operation midnight kestrel")}}
	personal := rules
	personal.Personal = map[string]filter.Mode{"Email": filter.Mask, "CreditCardNumber": filter.Mask, "UKNationalHealthNumber": filter.Mask}
	keys := rules
	keys.Personal = map[string]filter.Mode{"PrivateKey": filter.Block}
	for _, size := range []int{64 * 20, 1 << 10, 32 << 10} {
		answer := text(size)
		b.Run("floor/"+strconv.Itoa(size), func(b *testing.B) {
			r := normalize.Normalize(answer)
			per(b, size, func() { m.ScoreHarm(r) })
		})
		for _, kind := range []struct {
			name  string
			rules filter.Rules
		}{{"harm+list", rules}, {"+personal", personal}, {"+keys", keys}} {
			p, err := filter.New(filter.Config{Guards: guards, Answer: kind.rules})
			if err != nil {
				b.Fatal(err)
			}
			var events []conversation.Event
			for i := 0; i < size; i += 20 {
				events = append(events, delta(answer[i:min(i+20, size)]))
			}
			b.Run(kind.name+"/"+strconv.Itoa(size), func(b *testing.B) {
				per(b, size, func() {
					w := p.Answer(talk(), nil)
					push(b, w, events...)
					push(b, w, finished(0, conversation.Stop))
				})
			})
		}
	}
}

// BenchmarkPrompt is a prompt of one long user message, and of a talk of twenty turns.
func BenchmarkPrompt(b *testing.B) {
	guards, err := filter.NewGuards()
	if err != nil {
		b.Fatal(err)
	}
	p, err := filter.New(filter.Config{Guards: guards})
	if err != nil {
		b.Fatal(err)
	}
	long, short := content.New(text(1<<20)), content.New(text(200))
	b.Run("1MiB", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c := talk(user(""))
			c.Turns[0].Parts[0].Text = long
			if _, _, err := p.Prompt(context.Background(), c); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("20turns", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c := talk()
			for range 20 {
				t := user("")
				t.Parts[0].Text = short
				c.Turns = append(c.Turns, t)
			}
			if _, _, err := p.Prompt(context.Background(), c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
