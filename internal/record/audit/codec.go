package audit

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The canonical form of an entry is one line of JSON: fields in the order of
// walk, zero fields left out, no spaces, no escapes. It has exactly one spelling,
// so decoding and encoding again gives the same bytes, and those bytes are the
// leaf of the tree.

// coder is either direction. walk is thereby the one list of fields and their
// order; an encoder and a decoder cannot drift apart.
type coder interface {
	stamp(key string, p *time.Time)
	enum(key string, words []string, p *uint8)
	text(key string, p *string)
	flag(key string, p *bool)
	int(key string, p *int)
	int64(key string, p *int64)
	verdicts(key string, p *[]VerdictNote)
}

func (e *Entry) walk(c coder) {
	c.stamp("time", &e.Time)
	c.enum("kind", kindWords[:], (*uint8)(&e.Kind))
	c.text("id", &e.ID)
	c.text("operation", &e.Operation)
	c.text("resource", &e.Resource)
	c.text("deployment", &e.Deployment)
	c.text("model", &e.Model)
	c.text("backend", &e.Backend)
	c.text("region", &e.Region)
	c.text("surface", &e.Surface)
	c.text("principal", &e.Principal)
	c.text("from", &e.From)
	c.text("target", &e.Target)
	c.text("use_case", &e.UseCase)
	c.enum("action", actionWords[:], (*uint8)(&e.Action))
	c.int("status", &e.Status)
	c.text("code", &e.Code)
	c.text("finish", &e.Finish)
	c.verdicts("verdicts", &e.Verdicts)
	c.int("scanned", &e.Scanned)
	c.int("total", &e.Total)
	c.int("prompt_tokens", &e.PromptTokens)
	c.int("completion_tokens", &e.CompletionTokens)
	c.int("reserved", &e.Reserved)
	c.int64("bytes_in", &e.BytesIn)
	c.int64("bytes_out", &e.BytesOut)
	c.int64("duration_ms", &e.DurationMS)
	c.int("count", &e.Count)
}

func (v *VerdictNote) walk(c coder) {
	c.text("category", &v.Category)
	c.int("severity", &v.Severity)
	c.flag("detected", &v.Detected)
	c.flag("filtered", &v.Filtered)
	c.text("label", &v.Label)
	c.text("stage", &v.Stage)
	c.text("version", &v.Version)
}

const timeForm = "2006-01-02T15:04:05.000000Z"

// AppendEntry appends the canonical line of e, without a newline.
func AppendEntry(dst []byte, e *Entry) []byte {
	enc := encoder{dst: append(dst, '{'), first: true}
	e.walk(&enc)
	return append(enc.dst, '}')
}

type encoder struct {
	dst   []byte
	first bool
}

func (c *encoder) key(key string) {
	if !c.first {
		c.dst = append(c.dst, ',')
	}
	c.first = false
	c.dst = append(c.dst, '"')
	c.dst = append(c.dst, key...)
	c.dst = append(c.dst, '"', ':')
}

func (c *encoder) stamp(key string, p *time.Time) {
	c.key(key)
	c.dst = append(c.dst, '"')
	c.dst = p.UTC().AppendFormat(c.dst, timeForm)
	c.dst = append(c.dst, '"')
}

func (c *encoder) enum(key string, words []string, p *uint8) {
	if w := word(words, *p); w != "" {
		c.text(key, &w)
	}
}

func (c *encoder) text(key string, p *string) {
	if *p == "" {
		return
	}
	c.key(key)
	c.dst = append(c.dst, '"')
	c.dst = appendClean(c.dst, *p)
	c.dst = append(c.dst, '"')
}

func (c *encoder) flag(key string, p *bool) {
	if *p {
		c.key(key)
		c.dst = append(c.dst, "true"...)
	}
}

func (c *encoder) int(key string, p *int) {
	n := int64(*p)
	c.int64(key, &n)
}

func (c *encoder) int64(key string, p *int64) {
	if *p != 0 {
		c.key(key)
		c.dst = strconv.AppendInt(c.dst, *p, 10)
	}
}

func (c *encoder) verdicts(key string, p *[]VerdictNote) {
	if len(*p) == 0 {
		return
	}
	c.key(key)
	c.dst = append(c.dst, '[')
	for i := range *p {
		if i > 0 {
			c.dst = append(c.dst, ',')
		}
		c.dst, c.first = append(c.dst, '{'), true
		(*p)[i].walk(c)
		c.dst = append(c.dst, '}')
	}
	c.dst, c.first = append(c.dst, ']'), false
}

// plain reports whether r stands in a line as it is. What does not would need
// an escape, and escapes would give one value several spellings.
func plain(r rune) bool {
	return r >= 0x20 && r != '"' && r != '\\' && (r < 0x7f || r > 0x9f) && r != '\u2028' && r != '\u2029'
}

// appendClean appends s with every character that is not plain replaced, cut at
// MaxText bytes. It is idempotent, which the decoder relies on.
func appendClean(dst []byte, s string) []byte {
	if clean(s) {
		return append(dst, s...)
	}
	end := len(dst) + MaxText
	for _, r := range s {
		if !plain(r) {
			r = utf8.RuneError
		}
		if len(dst)+utf8.RuneLen(r) > end {
			break
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func clean(s string) bool {
	if len(s) > MaxText {
		return false
	}
	for i := 0; i < len(s); i++ {
		if b := s[i]; b < 0x20 || b > 0x7e || b == '"' || b == '\\' {
			return cleanUnicode(s)
		}
	}
	return true
}

func cleanUnicode(s string) bool {
	for i, r := range s {
		if !plain(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
	}
	return true
}

// ErrMalformed says that bytes are not the canonical line of an entry.
var ErrMalformed = errors.New("not an audit entry")

// DecodeEntry parses a canonical line. Every other spelling, unknown field or
// order is ErrMalformed.
func DecodeEntry(line []byte) (Entry, error) {
	var e Entry
	d := decoder{src: string(line), first: true}
	d.want("{")
	e.walk(&d)
	d.want("}")
	if d.bad || d.src != "" || e.Kind == 0 {
		return Entry{}, ErrMalformed
	}
	return e, nil
}

type decoder struct {
	src   string
	first bool
	bad   bool
}

func (d *decoder) want(s string) {
	rest, ok := strings.CutPrefix(d.src, s)
	d.src, d.bad = rest, d.bad || !ok
}

// key reports whether the next member is key, and steps over its name.
func (d *decoder) key(key string) bool {
	s := d.src
	if !d.first {
		if s == "" || s[0] != ',' {
			return false
		}
		s = s[1:]
	}
	n := len(key)
	if d.bad || len(s) < n+3 || s[0] != '"' || s[1:n+1] != key || s[n+1:n+3] != `":` {
		return false
	}
	d.src, d.first = s[n+3:], false
	return true
}

func (d *decoder) quoted() string {
	d.want(`"`)
	end := strings.IndexByte(d.src, '"')
	if d.bad || end <= 0 {
		d.bad = true
		return ""
	}
	s := d.src[:end]
	d.src = d.src[end+1:]
	d.bad = !clean(s)
	return s
}

func (d *decoder) stamp(key string, p *time.Time) {
	if !d.key(key) {
		d.bad = true
		return
	}
	s := d.quoted()
	t, err := time.Parse(timeForm, s)
	if err != nil || t.Format(timeForm) != s {
		d.bad = true
	}
	*p = t
}

func (d *decoder) enum(key string, words []string, p *uint8) {
	if !d.key(key) {
		return
	}
	s := d.quoted()
	for i, w := range words {
		if i > 0 && w == s {
			*p = uint8(i)
			return
		}
	}
	d.bad = true
}

func (d *decoder) text(key string, p *string) {
	if d.key(key) {
		*p = d.quoted()
	}
}

func (d *decoder) flag(key string, p *bool) {
	if d.key(key) {
		d.want("true")
		*p = true
	}
}

func (d *decoder) int(key string, p *int) {
	var n int64
	d.int64(key, &n)
	*p = int(n)
}

func (d *decoder) int64(key string, p *int64) {
	if !d.key(key) {
		return
	}
	end := 0
	for end < len(d.src) && (d.src[end] == '-' || d.src[end] >= '0' && d.src[end] <= '9') {
		end++
	}
	s := d.src[:end]
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n == 0 || strconv.FormatInt(n, 10) != s {
		d.bad = true
	}
	d.src, *p = d.src[end:], n
}

func (d *decoder) verdicts(key string, p *[]VerdictNote) {
	if !d.key(key) {
		return
	}
	d.want("[")
	for !d.bad {
		var v VerdictNote
		d.want("{")
		d.first = true
		v.walk(d)
		d.want("}")
		*p = append(*p, v)
		if !strings.HasPrefix(d.src, ",") {
			break
		}
		d.src = d.src[1:]
	}
	d.want("]")
	d.first = false
}
