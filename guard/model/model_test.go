package model_test

import (
	"testing"
	"time"

	"sallyport/guard/model"
	"sallyport/guard/normalize"
)

func load(t testing.TB) *model.Model {
	t.Helper()
	m, err := model.Load()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLoadIsQuick(t *testing.T) {
	best := time.Hour
	for range 5 {
		begin := time.Now()
		load(t)
		best = min(best, time.Since(begin))
	}
	t.Logf("Load takes %v", best)
	if best > 2*time.Second { // 50 ms on an idle core; tests run beside others, and under -race
		t.Errorf("Load takes %v", best)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		load(b)
	}
}

func TestNothingToScore(t *testing.T) {
	m := load(t)
	for _, text := range []string{"", " ", "\u200b\u200b\u2060", "\n\t \u00ad", "\x00\x01"} {
		if got := m.Score(normalize.Normalize(text)); got != (model.Scores{}) {
			t.Errorf("Score(%q) = %+v, want the zero Scores", text, got)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	m := load(b)
	text := ""
	for len(text) < 32<<10 {
		text += "The committee met on Tuesday and looked at the figures for the third quarter; sales rose by four percent. "
	}
	r := normalize.Normalize(text)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		m.Score(r)
	}
}
