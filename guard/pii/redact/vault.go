// Package redact takes personal data out of texts and puts it back.
//
// A Vault holds what placeholders of one conversation stand for. What it
// replaces it restores byte for byte, in a text, in a stream cut anywhere, and
// in the strings of a JSON document. Text of the input that looks like a
// placeholder is replaced by one itself, so that none is ever mistaken for
// what somebody typed.
package redact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sallyport/guard"
	"sallyport/guard/pii"
)

// Literal is the type of text that looks like a placeholder and is none.
const Literal = "Text"

// Vault holds the placeholders of one conversation. The zero Vault is empty and
// ready. It is not safe for concurrent use; a Restorer reads it.
type Vault struct {
	forward map[string]string // type and original -> placeholder
	back    map[string]string
	count   map[string]int // per type, for the numbering
	longest int            // of all placeholders, in bytes
}

// Format keeps what a vault holds out of logs and errors, however it is printed.
func (v *Vault) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("redact.Vault")) }

// MarshalJSON does the same.
func (v *Vault) MarshalJSON() ([]byte, error) { return []byte(`"redact.Vault"`), nil }

// Empty reports whether the vault holds nothing. A nil Vault is empty.
func (v *Vault) Empty() bool { return v == nil || len(v.back) == 0 }

// Placeholder is what stands for an original: "[Person 1]". Equal originals of a
// type get equal placeholders, so that a model can still tell them apart; the
// numbers follow the order of the calls, so a conversation that is sent again
// gets the same ones.
func (v *Vault) Placeholder(kind, original string) string {
	key := kind + "\x00" + original
	if p, ok := v.forward[key]; ok {
		return p
	}
	if v.forward == nil {
		v.forward, v.back, v.count = map[string]string{}, map[string]string{}, map[string]int{}
	}
	v.count[kind]++
	p := "[" + kind + " " + strconv.Itoa(v.count[kind]) + "]"
	v.forward[key], v.back[p] = p, original
	v.longest = max(v.longest, len(p))
	return p
}

// Replace writes placeholders over the entities, which are sorted and do not
// overlap (as pii.Find returns them), and over what looks like a placeholder.
func (v *Vault) Replace(text string, found []pii.Entity) string {
	var b strings.Builder
	at := 0
	for _, e := range WithLiterals(text, found) {
		b.WriteString(text[at:e.Span.Start])
		b.WriteString(v.Placeholder(e.Type, text[e.Span.Start:e.Span.End]))
		at = e.Span.End
	}
	if at == 0 {
		return text
	}
	b.WriteString(text[at:])
	return b.String()
}

var kinds = func() map[string]bool {
	m := map[string]bool{Literal: true}
	for _, t := range pii.Types() {
		m[t] = true
	}
	return m
}()

var longestKind = func() (n int) {
	for k := range kinds {
		n = max(n, len(k))
	}
	return n
}()

// mostDigits bounds the number in what looks like a placeholder. No
// conversation has that many.
const mostDigits = 9

// WithLiterals adds to the entities of a text, in order, what looks like a
// placeholder there and touches none of them.
func WithLiterals(text string, found []pii.Entity) []pii.Entity {
	if !strings.Contains(text, "[") {
		return found
	}
	var out []pii.Entity
	k := 0
	for from := 0; ; {
		i := strings.IndexByte(text[from:], '[')
		if i < 0 {
			break
		}
		i += from
		from = i + 1
		n := looksLike(text[i:])
		for k < len(found) && found[k].Span.End <= i {
			k++
		}
		if n == 0 || k < len(found) && found[k].Span.Start < i+n {
			continue
		}
		out = append(out, pii.Entity{Type: Literal, Span: guard.Span{Start: i, End: i + n}, Score: 1})
	}
	if out == nil {
		return found
	}
	out = append(out, found...)
	slices.SortFunc(out, func(a, b pii.Entity) int { return a.Span.Start - b.Span.Start })
	return out
}

// looksLike is the length of what looks like a placeholder at the beginning of
// text, 0 when nothing does.
func looksLike(text string) int {
	near := text[1:min(len(text), longestKind+mostDigits+3)]
	space := strings.IndexByte(near, ' ')
	if space < 0 || !kinds[near[:space]] {
		return 0
	}
	rest := near[space+1:]
	n := strings.IndexByte(rest, ']')
	if n < 1 || strings.Trim(rest[:n], "0123456789") != "" {
		return 0
	}
	return 1 + space + 1 + n + 1
}

// Next is the first placeholder in text and what it stands for. There is none
// when start and end are both the length of text.
func (v *Vault) Next(text string) (start, end int, original string) {
	if v.Empty() {
		return len(text), len(text), ""
	}
	for from := 0; ; {
		i := strings.IndexByte(text[from:], '[')
		if i < 0 {
			return len(text), len(text), ""
		}
		i += from
		near := text[i:min(len(text), i+v.longest)]
		if n := strings.IndexByte(near, ']') + 1; n > 0 {
			if o, ok := v.back[near[:n]]; ok {
				return i, i + n, o
			}
		}
		from = i + 1
	}
}

// Open is where the beginning of a placeholder stands at the end of text, the
// length of text when none does. What comes before will not change.
func (v *Vault) Open(text string) int {
	if v.Empty() {
		return len(text)
	}
	i := strings.LastIndexByte(text, '[')
	if i < 0 || len(text)-i >= v.longest {
		return len(text)
	}
	rest := text[i+1:]
	for kind, count := range v.count {
		n := min(len(rest), len(kind))
		if rest[:n] != kind[:n] {
			continue
		}
		digits, spaced := strings.CutPrefix(rest[n:], " ")
		if rest[n:] == "" || spaced && reaches(digits, count) {
			return i
		}
	}
	return len(text)
}

// reaches reports whether digits begin a number from 1 to count.
func reaches(digits string, count int) bool {
	if digits == "" {
		return true
	}
	n, err := strconv.Atoi(digits)
	return err == nil && digits[0] >= '1' && digits[0] <= '9' && n <= count
}

// Restore puts the originals back into a text.
func (v *Vault) Restore(text string) string { return v.restore(text, plainly) }

// RestoreJSON puts the originals back into the strings of a JSON document,
// escaped as strings are. A document inside a string of a document is text to
// it: originals with quotes in them come out escaped once.
func (v *Vault) RestoreJSON(document string) string { return v.restore(document, appendEscaped) }

func plainly(b []byte, s string) []byte { return append(b, s...) }

func (v *Vault) restore(text string, write func([]byte, string) []byte) string {
	var b []byte
	for {
		start, end, original := v.Next(text)
		if start == end {
			break
		}
		b = write(append(b, text[:start]...), original)
		text = text[end:]
	}
	if b == nil {
		return text
	}
	return string(append(b, text...))
}

// appendEscaped writes s as it stands between the quotes of a JSON string.
// Bytes that are no UTF-8 stay: the originals are put back exactly.
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

// Restorer puts originals back into a text that comes in pieces, cut anywhere.
// It holds back only what may be the beginning of a placeholder. Pieces put
// together are what Restore makes of the whole.
type Restorer struct {
	v     *Vault
	write func([]byte, string) []byte
	held  []byte
}

// Restorer begins a stream of text. The vault
// must not change while the stream lasts.
func (v *Vault) Restorer() *Restorer { return &Restorer{v: v, write: plainly} }

// JSONRestorer is Restorer for a JSON document, as a tool call's arguments are.
func (v *Vault) JSONRestorer() *Restorer { return &Restorer{v: v, write: appendEscaped} }

// Push takes a piece and returns what is ready.
func (r *Restorer) Push(piece string) string {
	if len(r.held) > 0 {
		piece = string(append(r.held, piece...))
		r.held = r.held[:0]
	}
	at := r.v.Open(piece)
	r.held = append(r.held, piece[at:]...)
	return r.v.restore(piece[:at], r.write)
}

// Close returns what was held back: the text has ended, it is no placeholder.
func (r *Restorer) Close() string {
	rest := string(r.held)
	r.held = nil
	return rest
}

// Held is how many bytes wait.
func (r *Restorer) Held() int { return len(r.held) }
