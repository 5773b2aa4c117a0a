package httpx

import (
	"net/url"
	"strings"
)

// Match compares an escaped path with a pattern such as
// "/openai/deployments/{deployment}/chat/completions". It is exact: no cleaning,
// no redirect, no trailing slash. Fixed segments must be written without
// escapes; a segment in braces takes one non-empty escaped segment, which is
// handed out unescaped ("a%2Fb" is one segment, "a/b"). The values are appended
// to dst in order.
func Match(dst []string, pattern, path string) ([]string, bool) {
	for {
		p, prest, pmore := strings.Cut(pattern, "/")
		s, srest, smore := strings.Cut(path, "/")
		if strings.HasPrefix(p, "{") {
			v, err := url.PathUnescape(s)
			if s == "" || err != nil {
				return dst, false
			}
			dst = append(dst, v)
		} else if p != s {
			return dst, false
		}
		if !pmore || !smore {
			return dst, pmore == smore
		}
		pattern, path = prest, srest
	}
}

// Begins is where in path the first of marks begins, such as "/openai/", or -1. What
// stands before it may be a resource's prefix.
func Begins(path string, marks ...string) int {
	first := -1
	for _, m := range marks {
		if i := strings.Index(path, m); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	return first
}

// Identifier reports whether s is a name that configuration may hold: letters,
// digits, dot, dash and underscore, at most 64.
func Identifier(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}
