package cognitive

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
)

// Reader reads the members of one object and keeps the first fault. Members that
// it is not asked for are passed over, as the services do; null counts as absent.
type Reader struct {
	c   *Call
	v   json.Value
	at  string
	err *Problem
}

// Read reads v, which stands at the path at, "" for the body. A member whose name
// differs from a known one by case only is a fault: it would silently not count.
func (c *Call) Read(v json.Value, at string, known ...string) *Reader {
	r := &Reader{c: c, v: v, at: at}
	for _, m := range v.Members {
		name := open.String(m.Name)
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				r.fail(k, "must be written exactly so")
			}
		}
	}
	return r
}

// Err is the first fault.
func (r *Reader) Err() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

// Take takes over the fault of another reader, of an object inside.
func (r *Reader) Take(in *Reader) {
	if r.err == nil {
		r.err = in.err
	}
}

// Fail notes a fault of the member name.
func (r *Reader) Fail(name, what string) { r.fail(name, what) }

func (r *Reader) fail(name, what string) {
	if r.err != nil {
		return
	}
	if r.at != "" {
		name = r.at + "." + name
	}
	r.err = r.c.Invalid(name, name+" "+what+".")
}

// member is the value of a member of one kind.
func (r *Reader) member(name string, kind json.Kind, required bool, form string) (json.Value, bool) {
	v, ok := r.v.Member(name)
	switch {
	case !ok || v.Kind == json.Null:
		if required {
			r.fail(name, "is required")
		}
		return json.Value{}, false
	case v.Kind != kind:
		r.fail(name, "must be "+form)
		return json.Value{}, false
	}
	return v, true
}

// Length bounds a text in code points. Max 0 is no bound.
type Length struct{ Min, Max int }

// Text reads a string.
func (r *Reader) Text(name string, required bool, l Length) (text string, given bool) {
	v, ok := r.member(name, json.String, required, "a string")
	if !ok {
		return "", false
	}
	return r.bounded(name, v, l), true
}

func (r *Reader) bounded(name string, v json.Value, l Length) string {
	text := open.String(v.Text)
	n := utf8.RuneCountInString(text)
	switch {
	case n < l.Min && n == 0:
		r.fail(name, "must not be empty")
	case n < l.Min:
		r.fail(name, "must be at least "+strconv.Itoa(l.Min)+" characters")
	case l.Max > 0 && n > l.Max:
		r.fail(name, "must be at most "+strconv.Itoa(l.Max)+" characters")
	}
	return text
}

// Bool reads a boolean; absent is false.
func (r *Reader) Bool(name string) bool {
	v, _ := r.member(name, json.Bool, false, "a boolean")
	return v.Bool
}

// Int reads a whole number.
func (r *Reader) Int(name string) (n int, given bool) {
	v, ok := r.member(name, json.Number, false, "a whole number")
	if !ok {
		return 0, false
	}
	if n, ok = v.Int(); !ok {
		r.fail(name, "must be a whole number")
	}
	return n, true
}

// Number reads a number.
func (r *Reader) Number(name string) (n float64, given bool) {
	v, ok := r.member(name, json.Number, false, "a number")
	if !ok {
		return 0, false
	}
	n, ok = v.Float()
	if !ok {
		r.fail(name, "must be a number")
	}
	return n, true
}

// Word reads one word of a closed set, without regard to case when fold is set, and
// returns its index; the first is the default.
func (r *Reader) Word(name string, fold bool, words ...string) int {
	v, ok := r.member(name, json.String, false, "a string")
	if !ok {
		return 0
	}
	i := WordOf(v, fold, words...)
	if i < 0 {
		r.fail(name, "must be one of "+strings.Join(words, ", "))
		return 0
	}
	return i
}

// WordOf is the index of v in a closed set of words, or -1.
func WordOf(v json.Value, fold bool, words ...string) int {
	if i := v.OneOf(words...); i >= 0 || !fold || v.Kind != json.String {
		return i
	}
	for i, w := range words {
		if strings.EqualFold(w, open.String(v.Text)) {
			return i
		}
	}
	return -1
}

// Array reads an array of at most most values; given is false when it is absent.
func (r *Reader) Array(name string, required bool, most int) (items []json.Value, given bool) {
	v, ok := r.member(name, json.Array, required, "an array")
	if !ok {
		return nil, false
	}
	if len(v.Items) > most {
		r.fail(name, "must hold at most "+strconv.Itoa(most)+" items")
		return nil, true
	}
	return v.Items, true
}

// Texts reads an array of strings.
func (r *Reader) Texts(name string, required bool, most int, l Length) (texts []string, given bool) {
	items, given := r.Array(name, required, most)
	for i, v := range items {
		at := name + "[" + strconv.Itoa(i) + "]"
		if v.Kind != json.String {
			r.fail(at, "must be a string")
			break
		}
		texts = append(texts, r.bounded(at, v, l))
	}
	return texts, given
}

// Object reads an object.
func (r *Reader) Object(name string, required bool) (json.Value, bool) {
	return r.member(name, json.Object, required, "an object")
}
