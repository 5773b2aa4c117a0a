package pii_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sallyport/guard/normalize"
	"sallyport/guard/pii"
)

// TestNothing: numbers of other kinds are no personal data.
func TestNothing(t *testing.T) {
	for _, text := range []string{
		"Order 4711 of 2025-03-01, 10:22:31, total 1,234.56", "version 1.2.3.4", "commit 3055cd5afeab8f176bbe872bb47f1a20df98858d", "id 5c6bcc0d-088e-2768-c622-6da8230d8475",
		"4111 1111 1111 1112", "IBAN GB82 WEST 1234 5698 7654 33", "2024-01-01 2024-12-31", "the public licence", "ISBN 978-3-16-148410-0", "1,000,000 and 2,000,000", "AKIA is a prefix",
		"a@b", "x = y", "token: none", "password: required", "3.14159265358979", "pi is 3,14159", "http:// is a scheme", "::", "12:30:45", "std::vector<int>", "part no. 731-90-3641-X",
	} {
		if got := pii.Find(text); len(got) > 0 {
			t.Errorf("Find(%q) = %+v, want nothing", text, got)
		}
	}
}

func TestTypesAreBounded(t *testing.T) {
	for _, kind := range pii.Types() {
		if pii.Longest(kind) <= 0 {
			t.Errorf("%s has no longest match", kind)
		}
	}
	if got, all := pii.Longest("no such type"), pii.Longest(); got != all {
		t.Errorf("Longest of an unknown type is %d, want %d, the longest of all", got, all)
	}
}

// TestLongOnesComeInPieces: no match is longer than its type's longest, and
// nothing of a long one is left out.
func TestLongOnesComeInPieces(t *testing.T) {
	text := "https://example.org/" + strings.Repeat("a", 2000)
	at := 0
	for _, e := range pii.Find(text) {
		if e.Span.Start != at || e.Span.End-e.Span.Start > pii.Longest(pii.URL) {
			t.Errorf("piece %v, want one from %d of at most %d", e.Span, at, pii.Longest(pii.URL))
		}
		at = e.Span.End
	}
	if at != len(text) {
		t.Errorf("pieces end at %d of %d", at, len(text))
	}
}

func TestContextIsAWholeWord(t *testing.T) {
	if got := pii.Find("asinine 130692544"); len(got) > 0 { // "sin" is not in "asinine"
		t.Errorf("found %+v", got)
	}
	if got := pii.Find("SIN 130692544"); len(got) != 1 || got[0].Type != pii.CanadianSIN {
		t.Errorf("found %+v, want one %s", got, pii.CanadianSIN)
	}
}

func TestLinear(t *testing.T) {
	for _, unit := range []string{"1", "1 ", "a@", "a:", "://", "eyJ", "-----BEGIN ", "a1:", "0.", "GB82 ", "password=", "+1", "(", "AAAA-", "::", "12345678 account "} {
		took := func(n int) time.Duration {
			s := strings.Repeat(unit, n/len(unit))
			best := time.Hour
			for range 3 {
				begin := time.Now()
				pii.Find(s)
				best = min(best, time.Since(begin))
			}
			return best
		}
		small, large := took(16<<10), took(160<<10)
		if large > 40*small+300*time.Millisecond {
			t.Errorf("%q: 16 KiB take %v, 160 KiB %v", unit, small, large)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"4111 1111 1111 1111", "a@b.cd", "https://x.y/z", "GB82 WEST 1234 5698 7654 32", "+44 20 7946 0123", "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.x", "-----BEGIN PRIVATE KEY-----\nabc", "2001:db8::1", "１２３", "pwd=é1!", "a\u200b@b.cd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, e := range pii.Find(s) {
			if e.Span.Start < last || e.Span.End <= e.Span.Start || e.Span.End > len(s) {
				t.Fatalf("Find(%q): span %v after %d", s, e.Span, last)
			}
			if utf8.ValidString(s) && !utf8.ValidString(s[e.Span.Start:e.Span.End]) {
				t.Fatalf("Find(%q): span %v cuts a rune", s, e.Span)
			}
			part := normalize.Normalize(s[e.Span.Start:e.Span.End]).Text
			if n := utf8.RuneCountInString(part); n > pii.Longest(e.Type) {
				t.Fatalf("Find(%q): %s has %d characters, longest is %d", s, e.Type, n, pii.Longest(e.Type))
			}
			last = e.Span.End
		}
	})
}
