package main

import "testing"

func TestVerdictOfASoak(t *testing.T) {
	const mib = 1 << 10
	for name, tt := range map[string]struct {
		resident []int
		failed   int64
		bad      bool
	}{
		"level":                {[]int{40 * mib, 60 * mib, 61 * mib, 62 * mib}, 0, false},
		"warm-up is no growth": {[]int{10 * mib, 60 * mib, 60 * mib}, 0, false},
		"small and noisy":      {[]int{10 * mib, 10 * mib, 20 * mib}, 0, false},
		"a leak":               {[]int{60 * mib, 60 * mib, 75 * mib, 90 * mib}, 0, true},
		"requests failed":      {[]int{60 * mib, 60 * mib, 60 * mib}, 3, true},
		"too short":            {[]int{60 * mib, 600 * mib}, 0, false},
	} {
		if err := verdict(tt.resident, tt.failed); (err != nil) != tt.bad {
			t.Errorf("%s: %v", name, err)
		}
	}
}
