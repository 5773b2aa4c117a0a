package openai

import (
	"cmp"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"sallyport/guard"
)

// appendResults appends content_filter_results (section 10.2): every category
// that was evaluated, in alphabetical order, and no other.
func appendResults(b []byte, r *guard.Report) []byte {
	b = append(b, '{')
	if r != nil {
		var room [16]guard.Category
		for i, c := range categories(room[:0], r.Verdicts) {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendWord(b, string(c))
			b = append(b, ':')
			b = appendCategory(b, c, r)
		}
	}
	return append(b, '}')
}

// categories appends the distinct categories of vs that the contract knows in
// alphabetical order. Disguises are for the record.
func categories(dst []guard.Category, vs []guard.Verdict) []guard.Category {
next:
	for i := range vs {
		c := vs[i].Category
		if c == guard.Disguise {
			continue
		}
		at := len(dst)
		for j, have := range dst {
			if have == c {
				continue next
			}
			if have > c {
				at = j
				break
			}
		}
		dst = append(dst, c)
		copy(dst[at+1:], dst[at:])
		dst[at] = c
	}
	return dst
}

func appendCategory(b []byte, c guard.Category, r *guard.Report) []byte {
	var severity guard.Severity
	filtered, detected := false, false
	for i := range r.Verdicts {
		if v := &r.Verdicts[i]; v.Category == c {
			severity = max(severity, v.Severity)
			filtered = filtered || v.Filtered
			detected = detected || v.Detected
		}
	}
	b = append(b, `{"filtered":`...)
	b = strconv.AppendBool(b, filtered)
	switch c {
	case guard.Hate, guard.Sexual, guard.Violence, guard.SelfHarm:
		b = append(b, `,"severity":`...)
		b = appendWord(b, severity.Level())
	case guard.Blocklist:
		// The object form (section 10.3); without a hit there are no details.
		b = appendDetails(b, c, r, `,"details":[`, func(b []byte, v *guard.Verdict, filtered bool) []byte {
			b = append(b, `{"filtered":`...)
			b = strconv.AppendBool(b, filtered)
			b = append(b, `,"id":`...)
			b = appendWord(b, v.Label)
			return append(b, '}')
		})
	case guard.PersonalData:
		b = append(b, `,"detected":`...)
		b = strconv.AppendBool(b, detected)
		// Masked text went on, only changed: redacted. Refused or withheld text did not: filtered.
		redacting := r.Action >= guard.Redact
		b = appendDetails(b, c, r, `,"sub_categories":[`, func(b []byte, v *guard.Verdict, filtered bool) []byte {
			b = append(b, `{"detected":true,"filtered":`...)
			b = strconv.AppendBool(b, filtered && !redacting)
			b = append(b, `,"redacted":`...)
			b = strconv.AppendBool(b, filtered && redacting)
			b = append(b, `,"sub_category":`...)
			b = appendWord(b, v.Label)
			return append(b, '}')
		})
	case guard.ProtectedCode:
		b = append(b, `,"detected":`...)
		b = strconv.AppendBool(b, detected)
		b = appendCitation(b, r)
	case guard.Ungrounded:
		b = append(b, `,"detected":`...)
		b = strconv.AppendBool(b, detected)
		b = appendPoints(b, r)
	default:
		b = append(b, `,"detected":`...)
		b = strconv.AppendBool(b, detected)
	}
	return append(b, '}')
}

// appendCitation appends where registered code comes from, on a hit only. What nobody
// registered is "NOASSERTION", as SPDX has it.
func appendCitation(b []byte, r *guard.Report) []byte {
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		if v.Category != guard.ProtectedCode || !v.Detected {
			continue
		}
		b = append(b, `,"citation":{"URL":`...)
		b = appendWord(b, v.Source)
		b = append(b, `,"license":`...)
		b = appendWord(b, cmp.Or(v.License, "NOASSERTION"))
		return append(b, '}')
	}
	return b
}

// appendPoints appends the statements of the answer that nothing carries.
func appendPoints(b []byte, r *guard.Report) []byte {
	any := false
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		if v.Category != guard.Ungrounded {
			continue
		}
		for _, p := range v.Points {
			if any {
				b = append(b, ',')
			} else {
				b, any = append(b, `,"details":[`...), true
			}
			b = append(b, `{"completion_start_offset":`...)
			b = strconv.AppendInt(b, int64(p.Start), 10)
			b = append(b, `,"completion_end_offset":`...)
			b = strconv.AppendInt(b, int64(p.End), 10)
			b = append(b, '}')
		}
	}
	if any {
		b = append(b, ']')
	}
	return b
}

// appendDetails appends one entry per detected label of c, between head and "]",
// or nothing.
func appendDetails(b []byte, c guard.Category, r *guard.Report, head string, entry func([]byte, *guard.Verdict, bool) []byte) []byte {
	any := false
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		if v.Category != c || !v.Detected || v.Label == "" || repeats(r.Verdicts[:i], v) {
			continue
		}
		filtered := v.Filtered
		for j := range r.Verdicts[i:] {
			if w := &r.Verdicts[i+j]; w.Category == c && w.Label == v.Label {
				filtered = filtered || w.Filtered
			}
		}
		if any {
			b = append(b, ',')
		} else {
			b, any = append(b, head...), true
		}
		b = entry(b, v, filtered)
	}
	if any {
		b = append(b, ']')
	}
	return b
}

// repeats reports whether one of vs detected the same label of the same category.
func repeats(vs []guard.Verdict, v *guard.Verdict) bool {
	for i := range vs {
		if vs[i].Category == v.Category && vs[i].Label == v.Label && vs[i].Detected {
			return true
		}
	}
	return false
}

// appendWord appends one of our own words, or a configured name, as a JSON string.
func appendWord(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // fails on invalid UTF-8 only, and appends a valid string even then
	return b
}

func appendWordOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendWord(b, s)
}
