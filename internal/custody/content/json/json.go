// Package json reads JSON strictly into values whose strings are content.
//
// It exists so that a body is decoded exactly once: what the guards judge is
// what is later encoded, and no two readers can see two bodies. Refused are
// invalid UTF-8, lone surrogates, a byte-order mark, duplicate names (also
// those that differ only by case or by an escape), NUL characters, numbers that
// no float64 holds, nesting beyond a limit, more values than a limit, and
// anything behind the first value.
package json

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/internal/raw"
)

// Kind is the kind of a JSON value. The zero Kind is Invalid: absent.
type Kind uint8

// The kinds of JSON values.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// Value is one JSON value. Only the field that belongs to Kind is set.
type Value struct {
	Kind    Kind
	Bool    bool
	Number  string // the literal, as written
	Text    content.Text
	Items   []Value
	Members []Member
}

// Member is one name and value of an object. The name is content too: a caller
// chooses the names of a schema's properties.
type Member struct {
	Name  content.Text
	Value Value
}

// Limits bound the work of one Parse.
type Limits struct {
	Depth  int // nesting of arrays and objects; 0 means 64
	Values int // all values together; 0 means 1<<17: each costs memory far beyond its bytes
}

// Parse errors. They carry no content: at most a byte offset.
var (
	ErrSyntax    = errors.New("body is not valid JSON")
	ErrUTF8      = errors.New("body has invalid UTF-8 or a lone surrogate")
	ErrDuplicate = errors.New("an object has the same name twice")
	ErrDepth     = errors.New("body is nested too deeply")
	ErrSize      = errors.New("body has too many values")
	ErrNUL       = errors.New("body has a NUL character")
	ErrNumber    = errors.New("a number is out of range")
	ErrTrailing  = errors.New("body has data behind the JSON value")
)

// Parse reads exactly one value from data. The value does not alias data.
func Parse(data []byte, l Limits) (Value, error) {
	if l.Depth == 0 {
		l.Depth = 64
	}
	if l.Values == 0 {
		l.Values = 1 << 17
	}
	// A bytes.Buffer is read in place: no second buffer of the body.
	p := parser{d: jsontext.NewDecoder(bytes.NewBuffer(data)), limits: l}
	v, err := p.value(0)
	if err != nil {
		return Value{}, err
	}
	if _, err := p.d.ReadToken(); err != io.EOF {
		return Value{}, ErrTrailing
	}
	return v, nil
}

type parser struct {
	d      *jsontext.Decoder
	limits Limits
	values int
}

func (p *parser) value(depth int) (Value, error) {
	if depth > p.limits.Depth {
		return Value{}, ErrDepth
	}
	if p.values++; p.values > p.limits.Values {
		return Value{}, ErrSize
	}
	tok, err := p.d.ReadToken()
	if err != nil {
		return Value{}, classify(err)
	}
	switch tok.Kind() {
	case 'n':
		return Value{Kind: Null}, nil
	case 't', 'f':
		return Value{Kind: Bool, Bool: tok.Bool()}, nil
	case '0':
		return number(tok.String())
	case '"':
		t, err := text(tok)
		return Value{Kind: String, Text: t}, err
	case '[':
		return p.array(depth)
	case '{':
		return p.object(depth)
	}
	return Value{}, ErrSyntax
}

func (p *parser) array(depth int) (Value, error) {
	v := Value{Kind: Array}
	for p.d.PeekKind() != ']' {
		item, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Items = append(v.Items, item)
	}
	_, err := p.d.ReadToken()
	return v, classify(err)
}

func (p *parser) object(depth int) (Value, error) {
	v := Value{Kind: Object}
	seen := folded{}
	for p.d.PeekKind() != '}' {
		tok, err := p.d.ReadToken()
		if err != nil {
			return Value{}, classify(err)
		}
		name, err := text(tok)
		if err != nil {
			return Value{}, err
		}
		if !seen.add(raw.Open(name)) {
			return Value{}, ErrDuplicate
		}
		member, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Members = append(v.Members, Member{Name: name, Value: member})
	}
	_, err := p.d.ReadToken()
	return v, classify(err)
}

// folded is a set of names compared without case. Small objects, by far the most,
// are compared pairwise and allocate no map.
type folded struct {
	few  []string
	many map[string]struct{}
}

func (f *folded) add(name string) bool {
	const smallObject = 16
	if f.many == nil {
		for _, s := range f.few {
			if strings.EqualFold(s, name) {
				return false
			}
		}
		if f.few = append(f.few, name); len(f.few) <= smallObject {
			return true
		}
		f.many = make(map[string]struct{}, 2*smallObject)
		for _, s := range f.few {
			f.many[fold(s)] = struct{}{}
		}
		return true
	}
	key := fold(name)
	if _, dup := f.many[key]; dup {
		return false
	}
	f.many[key] = struct{}{}
	return true
}

// fold maps names that strings.EqualFold calls equal to one key: lower case
// alone leaves a few pairs apart (the Kelvin sign, the long s).
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

func text(tok jsontext.Token) (content.Text, error) {
	s := tok.String()
	if strings.IndexByte(s, 0) >= 0 {
		return content.Text{}, ErrNUL
	}
	return content.New(s), nil
}

func number(literal string) (Value, error) {
	if len(literal) > 64 {
		return Value{}, ErrNumber
	}
	if _, err := strconv.ParseFloat(literal, 64); err != nil {
		return Value{}, ErrNumber
	}
	return Value{Kind: Number, Number: strings.Clone(literal)}, nil
}

// classify maps the decoder's errors, which may quote content, to ours, which never do.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var syn *jsontext.SyntacticError
	if !errors.As(err, &syn) {
		return ErrSyntax
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return ErrDuplicate
	case strings.Contains(syn.Err.Error(), "UTF-8"), strings.Contains(syn.Err.Error(), "surrogate"):
		return ErrUTF8
	}
	return ErrSyntax
}

// Member returns the value of the named member and whether it is there.
func (v Value) Member(name string) (Value, bool) {
	for _, m := range v.Members {
		if raw.Open(m.Name) == name {
			return m.Value, true
		}
	}
	return Value{}, false
}

// Is reports whether the member's name equals the given one. Comparing with a
// name that the program already knows reveals nothing else.
func (m Member) Is(name string) bool { return raw.Open(m.Name) == name }

// OneOf returns the index of v's text in the closed set of words, or -1. It is
// how enumerations are read without opening content.
func (v Value) OneOf(words ...string) int {
	if v.Kind != String {
		return -1
	}
	s := raw.Open(v.Text)
	for i, w := range words {
		if s == w {
			return i
		}
	}
	return -1
}

// Int returns v as a whole number.
func (v Value) Int() (int, bool) {
	if v.Kind != Number {
		return 0, false
	}
	if n, err := strconv.Atoi(v.Number); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(v.Number, 64)
	if err != nil || f != float64(int(f)) {
		return 0, false
	}
	return int(f), true
}

// Float returns v as a number.
func (v Value) Float() (float64, bool) {
	if v.Kind != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(v.Number, 64)
	return f, err == nil
}
