package model

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"sallyport/guard/normalize"
)

// TestLoadRefuses: weights that are not those that were measured do not load.
func TestLoadRefuses(t *testing.T) {
	flipped := append([]byte(nil), weightsFile...)
	flipped[len(flipped)/2] ^= 1
	var m Manifest
	if err := json.Unmarshal(manifestFile, &m); err != nil {
		t.Fatal(err)
	}
	changed := func(f func(*Manifest)) []byte {
		c := m
		c.SelfTest = append([]SelfTest(nil), m.SelfTest...)
		f(&c)
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	tests := []struct {
		name             string
		manifest, packed []byte
		want             string
	}{
		{"a flipped bit", manifestFile, flipped, "digest"},
		{"no file", manifestFile, nil, "digest"},
		{"another scale", changed(func(m *Manifest) { m.Scale[0] *= 2 }), weightsFile, "self-test"},
		{"no self-test", changed(func(m *Manifest) { m.SelfTest = nil }), weightsFile, "self-test"},
		{"no manifest", nil, weightsFile, "manifest"},
	}
	for _, tt := range tests {
		if _, err := load(tt.manifest, tt.packed); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one about %q", tt.name, err, tt.want)
		}
	}
}

// TestSumMatchesPlainLoop checks the packed lanes, beyond what one lane holds.
func TestSumMatchesPlainLoop(t *testing.T) {
	m, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := unpack(weightsFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 256, 257, 258, 3000} {
		features := make([]uint32, n)
		for i := range features {
			features[i] = uint32(i*i*7919) % (1 << 17)
		}
		got := sum(m.table, features)
		var want [Columns]int32
		for _, f := range features {
			for c := range want {
				want[c] += int32(rows[int(f)*Columns+c]) - 128
			}
		}
		if got.value != want {
			t.Errorf("sum of %d features = %v, want %v", n, got.value, want)
		}
	}
}

func TestSeverityIsMonotone(t *testing.T) {
	m := &Model{}
	for _, v := range [][3]float32{{-9, -9, 9}, {-9, 9, -9}, {9, -9, 9}, {-9, 9, 9}, {9, 9, 9}, {-9, -9, -9}} {
		var b best
		copy(b.value[:], v[:])
		p, s := m.severity(&b, 0)
		if (p >= 0.5) != (s >= 4) {
			t.Errorf("levels %v: severity %d with score %v: detection and severity differ", v, s, p)
		}
	}
}

func TestConcurrent(t *testing.T) {
	m, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	r := normalize.Normalize(strings.Repeat("the minutes of the meeting ", 100))
	want := m.Score(r)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if got := m.Score(r); got != want {
					t.Error("scores differ between goroutines")
				}
			}
		})
	}
	wg.Wait()
}

func TestScoreDoesNotAllocate(t *testing.T) {
	m, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	r := normalize.Normalize(strings.Repeat("the minutes of the meeting ", 1000))
	if n := testing.AllocsPerRun(10, func() { m.Score(r) }); n > 0 {
		t.Errorf("Score allocates %v times", n)
	}
}
