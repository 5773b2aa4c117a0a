package rules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func parseInto(fset *token.FileSet, p *pkg, f *file) (*ast.File, error) {
	return parser.ParseFile(fset, filepath.Join(p.Dir, filepath.Base(f.name)), nil, parser.SkipObjectResolution)
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range tree(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.room())
		} else if want := "Package " + p.Name + " "; p.Name != "main" && !strings.HasPrefix(p.Doc, want) {
			t.Errorf("the comment of %s does not begin with %q", p.room(), want)
		}
	}
}

// A package without a subject collects what belongs elsewhere.
func TestNoPackageWithoutASubject(t *testing.T) {
	for _, p := range tree(t) {
		for name := range strings.SplitSeq(p.room(), "/") {
			if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "base", "shared", "misc", "lib", "pkg"}, name) {
				t.Errorf("%s: %q is no subject; name it for what it handles", p.room(), name)
			}
		}
	}
}

// Parts are listed where they are put together, never registered by being
// imported.
func TestNothingRegistersItself(t *testing.T) {
	for _, p := range tree(t) {
		for _, f := range files(t, p) {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: func init", f.at(fn))
				}
			}
		}
	}
}

// What the program dials is in its configuration. The defaults of net/http read
// the environment's proxy variables and have no time limits.
func TestNoDefaultClient(t *testing.T) {
	forbidden := []string{"DefaultClient", "DefaultTransport", "ProxyFromEnvironment", "Get", "Head", "Post", "PostForm", "DefaultServeMux", "Handle", "HandleFunc", "ListenAndServe", "ListenAndServeTLS"}
	for _, p := range tree(t) {
		if isHarness(p.room()) {
			continue
		}
		for _, f := range files(t, p) {
			as := f.importedAs("net/http")
			if as == "" {
				continue
			}
			ast.Inspect(f.File, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := s.X.(*ast.Ident); ok && x.Name == as && slices.Contains(forbidden, s.Sel.Name) {
					t.Errorf("%s: http.%s", f.at(s), s.Sel.Name)
				}
				return true
			})
		}
	}
}

// Only the demo looks at the environment: whatever else steers the program is in its
// configuration.
func TestWhoReadsTheEnvironment(t *testing.T) {
	readers := map[string]string{"internal/demo": "XDG_DATA_HOME, the user's data folder"}
	found := map[string]bool{}
	for _, p := range tree(t) {
		if isHarness(p.room()) {
			continue
		}
		for _, f := range files(t, p) {
			as := f.importedAs("os")
			ast.Inspect(f.File, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				x, ok := s.X.(*ast.Ident)
				if ok && as != "" && x.Name == as && slices.Contains([]string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}, s.Sel.Name) {
					found[p.room()] = true
					if readers[p.room()] == "" {
						t.Errorf("%s: os.%s", f.at(s), s.Sel.Name)
					}
				}
				return true
			})
		}
	}
	for room := range readers {
		if !found[room] {
			t.Errorf("the list has %s, which reads no environment: take the line out", room)
		}
	}
}
