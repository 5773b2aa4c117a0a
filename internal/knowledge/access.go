package knowledge

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"
)

// Bounds of an access list.
const (
	maxAccessBytes = 4 << 20
	maxAccessRows  = 100_000
)

// AccessError is a mistake in an access list. It says where, never what: the
// cell may be a person's name.
type AccessError struct {
	Collection string
	Line       int
	Problem    string // from a closed set
}

func (e *AccessError) Error() string {
	return fmt.Sprintf("access list of collection %s, line %d: %s", e.Collection, e.Line, e.Problem)
}

// rule is one line of an access list.
type rule struct {
	line    int
	pattern string // path.Match over the slash-separated path
	person  bool
	name    string
	matched bool
}

// parseAccess reads an access list: a header "document,kind,name" in any order
// and one line for each right. Kind is "group" or "person"; names are compared
// exactly. All mistakes are returned, and a list with a mistake gives no right.
func parseAccess(collection string, r io.Reader) ([]rule, error) {
	var problems []error
	bad := func(line int, format string, args ...any) {
		if len(problems) < 100 {
			problems = append(problems, &AccessError{collection, line, fmt.Sprintf(format, args...)})
		}
	}
	data, err := io.ReadAll(io.LimitReader(r, maxAccessBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading access list of collection %s: %w", collection, err)
	}
	if len(data) > maxAccessBytes {
		return nil, &AccessError{collection, 0, "too large"}
	}
	if !utf8.Valid(data) {
		return nil, &AccessError{collection, 0, "not UTF-8"}
	}
	in := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	columns := map[string]int{}
	var rules []rule
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line := 0
			if p, ok := errors.AsType[*csv.ParseError](err); ok {
				line = p.Line
			}
			bad(line, "not valid CSV") // the reader's own text could quote the line
			break
		}
		line, _ := in.FieldPos(0)
		if len(columns) == 0 {
			for i, name := range record {
				name = strings.TrimSpace(name)
				if _, twice := columns[name]; twice {
					bad(line, "column %d is there twice", i+1)
				}
				if name != "document" && name != "kind" && name != "name" {
					bad(line, "column %d is unknown; the columns are document, kind, name", i+1)
				}
				columns[name] = i
			}
			for _, name := range []string{"document", "kind", "name"} {
				if _, ok := columns[name]; !ok {
					bad(line, "column %s is missing", name)
				}
			}
			if len(problems) > 0 {
				break
			}
			continue
		}
		if len(record) != len(columns) {
			bad(line, "%d fields where the header has %d", len(record), len(columns))
			continue
		}
		if len(rules) == maxAccessRows {
			bad(line, "more than %d lines", maxAccessRows)
			break
		}
		one := rule{
			line:    line,
			pattern: strings.TrimSpace(record[columns["document"]]),
			name:    strings.TrimSpace(record[columns["name"]]),
		}
		switch strings.TrimSpace(record[columns["kind"]]) {
		case "group":
		case "person":
			one.person = true
		default:
			bad(line, "unknown kind; it is group or person")
		}
		if _, err := path.Match(one.pattern, ""); err != nil || one.pattern == "" {
			bad(line, "the document pattern is not valid")
		}
		if one.name == "" {
			bad(line, "the name is empty")
		}
		rules = append(rules, one)
	}
	if len(columns) == 0 && len(problems) == 0 {
		bad(1, "no header")
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	// ReuseRecord shares only the slice: the strings stay valid.
	return rules, nil
}

// accessOf collects the rights that rules give to the document at name.
func accessOf(rules []rule, name string) Access {
	var a Access
	for i := range rules {
		r := &rules[i]
		if ok, _ := path.Match(r.pattern, name); !ok {
			continue
		}
		r.matched = true
		if r.person {
			a.People = append(a.People, r.name)
		} else {
			a.Groups = append(a.Groups, r.name)
		}
	}
	return a
}
