package upstream

import (
	"unicode/utf8"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
)

// documents appends the passages of a turn in the contract's form (reference
// section 12), as the inside of a JSON string. The model reads:
//
//	""" <documents>
//	[1] {"title":"Falls","text":"Check the airway.\nThen …"}
//	[2] {"text":"…"}
//	</documents> """
//
// The number is the passage's place in the whole conversation, counted from 1: a
// citation [2] names the second Document part. Each passage is one JSON object on
// one line in which <, > and & are written as \u escapes, so that a passage can
// neither close the tag nor begin a numbered line of its own.
//
// Of the source only the title is sent: it is the only part of it that the
// guards saw.
func (e *encoder) documents(t *conversation.Turn) {
	e.b = append(e.b, `\"\"\" <documents>\n`...)
	for i := range t.Parts {
		p := &t.Parts[i]
		if p.Kind != conversation.Document {
			continue
		}
		e.passage++
		e.b = append(e.b, '[')
		e.b = appendNumber(e.b, e.passage)
		e.b = append(e.b, `] {`...)
		if p.Source != nil && !p.Source.Title.Empty() {
			e.b = append(e.b, `\"title\":`...)
			e.nested(p.Source.Title)
			e.b = append(e.b, ',')
		}
		e.b = append(e.b, `\"text\":`...)
		e.nested(p.Text)
		e.bare(p)
		e.b = append(e.b, `}\n`...)
	}
	e.b = append(e.b, `</documents> \"\"\"`...)
}

func appendNumber(dst []byte, n int) []byte {
	if n >= 10 {
		dst = appendNumber(dst, n/10)
	}
	return append(dst, byte('0'+n%10))
}

// nested appends t as a JSON string inside a JSON string: escaped twice.
func (e *encoder) nested(t content.Text) {
	const hex = "0123456789abcdef"
	s := open.String(t)
	e.b = append(e.b, '\\', '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError && r != '\u2028' && r != '\u2029' || r == utf8.RuneError && n > 1 {
				i += n
				continue
			}
			e.b = append(e.b, s[from:i]...)
			switch r { // line separators: a reader may take them for the end of the line
			case '\u2028':
				e.b = append(e.b, `\\u2028`...)
			case '\u2029':
				e.b = append(e.b, `\\u2029`...)
			default:
				e.b = append(e.b, "\ufffd"...) // never reached with texts of the strict reader
			}
			i += n
			from = i
			continue
		}
		if plain[c] {
			i++
			continue
		}
		e.b = append(e.b, s[from:i]...)
		switch c {
		case '"':
			e.b = append(e.b, `\\\"`...)
		case '\\':
			e.b = append(e.b, `\\\\`...)
		case '\n':
			e.b = append(e.b, `\\n`...)
		case '\t':
			e.b = append(e.b, `\\t`...)
		case '\r':
			e.b = append(e.b, `\\r`...)
		default:
			e.b = append(e.b, `\\u00`...)
			e.b = append(e.b, hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	e.b = append(e.b, s[from:]...)
	e.b = append(e.b, '\\', '"')
}

// plain are the ASCII characters that need no escape in a passage.
var plain = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = c >= ' ' && c != 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return t
}()
