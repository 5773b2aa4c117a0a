package cognitive

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"sallyport/internal/gate"
	"sallyport/internal/surface/httpx"
)

// IdentifierKind is what a route takes from the caller to name a thing. Attack
// tests enumerate them: each kind is swapped for foreign, missing and malformed
// ones.
type IdentifierKind string

// The kinds of identifiers.
const (
	ListInPath   IdentifierKind = "blocklist"
	ItemInPath   IdentifierKind = "blocklist item"
	ListInBody   IdentifierKind = "blocklist in the body"
	ObjectInPath IdentifierKind = "id" // of operations that are not built
)

// Route is one operation of a surface.
type Route struct {
	Method string
	// Pattern is the path behind the resource's prefix. A segment in braces is an
	// identifier; a segment such as {list}:add takes what stands before the colon.
	Pattern     string
	Action      gate.Action
	Operation   string // the record's word
	Identifiers []IdentifierKind
	Undated     bool // needs no api-version
	Serve       func(*Call) error
}

// Label is the operation as the contract's permission error writes it.
func (r Route) Label() string { return r.Method + " " + r.Pattern }

// check refuses a table that could serve something unauthorised.
func check(table []Route) error {
	for _, r := range table {
		switch {
		case !slices.Contains(gate.Actions, r.Action):
			return fmt.Errorf("route %s %s has no action", r.Method, r.Pattern)
		case r.Operation == "" || r.Serve == nil || !strings.HasPrefix(r.Pattern, "/"):
			return fmt.Errorf("route %s %s is incomplete", r.Method, r.Pattern)
		}
	}
	return nil
}

// find matches the escaped path. Without a route, allow lists the methods that
// the path has; it is empty for an unknown path.
func find(table []Route, method, path string) (route *Route, ids, allow []string) {
	for i := range table {
		got, ok := match(table[i].Pattern, path)
		if !ok {
			continue
		}
		if table[i].Method == method {
			return &table[i], got, nil
		}
		if !slices.Contains(allow, table[i].Method) {
			allow = append(allow, table[i].Method)
		}
	}
	return nil, nil, allow
}

// match is httpx.Match with verbs: the colon and what follows it in a pattern's
// last segment must end the path. A pattern whose identifier has no verb takes no
// segment with a colon: the contract's names and ids have none, so a verb that is
// not there is an unknown path and never a name.
func match(pattern, path string) ([]string, bool) {
	if i := strings.Index(pattern, "}:"); i >= 0 {
		verb := pattern[i+1:]
		rest, ok := strings.CutSuffix(path, verb)
		if !ok {
			return nil, false
		}
		pattern, path = pattern[:i+1], rest
	}
	ids, ok := httpx.Match(nil, pattern, path)
	if !ok || slices.ContainsFunc(ids, func(s string) bool { return strings.Contains(s, ":") }) {
		return nil, false
	}
	return ids, true
}

// Unsupported answers for operations of the contract that are not built, so that a
// client learns it in words. A valid credential and a permitted place are needed:
// strangers learn nothing.
func Unsupported(message string) func(*Call) error {
	return func(c *Call) error {
		if err := c.Enter(); err != nil {
			return err
		}
		return &Problem{Status: http.StatusBadRequest, Code: "OperationNotSupported", Message: message}
	}
}
