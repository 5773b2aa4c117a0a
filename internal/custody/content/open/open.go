// Package open opens content. Importing it is a privilege: filter, backends,
// surface encoders and custody may, and the import test lists exactly who does.
package open

import (
	"github.com/go-json-experiment/json/jsontext"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/internal/raw"
	"sallyport/internal/custody/content/json"
)

// String returns the characters of t.
func String(t content.Text) string { return raw.Open(t) }

// AppendQuoted appends t as a JSON string.
func AppendQuoted(dst []byte, t content.Text) []byte {
	// The error is for invalid UTF-8 only; the output is then still a valid JSON
	// string with U+FFFD in place of the bad bytes.
	dst, _ = jsontext.AppendQuote(dst, raw.Open(t))
	return dst
}

// AppendJSON appends v in compact form.
func AppendJSON(dst []byte, v json.Value) []byte {
	switch v.Kind {
	case json.Null:
		return append(dst, "null"...)
	case json.Bool:
		if v.Bool {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case json.Number:
		return append(dst, v.Number...)
	case json.String:
		return AppendQuoted(dst, v.Text)
	case json.Array:
		dst = append(dst, '[')
		for i, item := range v.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSON(dst, item)
		}
		return append(dst, ']')
	case json.Object:
		dst = append(dst, '{')
		for i, m := range v.Members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendQuoted(dst, m.Name)
			dst = append(dst, ':')
			dst = AppendJSON(dst, m.Value)
		}
		return append(dst, '}')
	}
	// Invalid is the zero kind: an absent value encodes as null.
	return append(dst, "null"...)
}
