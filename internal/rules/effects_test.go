package rules_test

import (
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestOneCallOfEachEffect type-checks the program and looks for every use of a
// method that has the name and signature of one of exchange.Backend: through the
// interface, through another one like it, on an adapter itself, or as a value.
// A second use would be a second path to a model, around the filter.
func TestOneCallOfEachEffect(t *testing.T) {
	const owner = "internal/exchange"
	load := exports(t)
	backend := func() *types.Interface {
		p, err := load.Import(module + "/" + owner)
		if err != nil {
			t.Fatal(err)
		}
		return p.Scope().Lookup("Backend").Type().Underlying().(*types.Interface)
	}()
	effects := map[string]string{} // method to signature
	for m := range backend.Methods() {
		effects[m.Name()] = shape(m)
		if p := m.Type().(*types.Signature).Params(); p.Len() < 2 || p.At(1).Type().String() != module+"/internal/gate.Permit" {
			t.Errorf("Backend.%s does not take a gate.Permit behind its context", m.Name())
		}
	}
	if len(effects) != 2 || effects["Stream"] == "" || effects["Embed"] == "" {
		t.Fatalf("Backend has the methods %v, want Stream and Embed", effects)
	}

	uses := map[string][]string{}
	for _, p := range tree(t) {
		if isHarness(p.room()) {
			continue
		}
		for _, u := range usesOf(t, p, load, effects) {
			uses[u.method] = append(uses[u.method], u.at.String())
			if p.room() != owner {
				t.Errorf("%s: %s of a backend is used outside %s", u.at, u.method, owner)
			}
		}
	}
	for method := range effects {
		if len(uses[method]) != 1 {
			t.Errorf("Backend.%s is used at %v, want one place", method, uses[method])
		}
	}
}

// shape is a method's signature without the names of its parameters, which every
// implementation chooses anew.
func shape(m *types.Func) string {
	var words []string
	s := m.Type().(*types.Signature)
	for _, t := range []*types.Tuple{s.Params(), s.Results()} {
		for v := range t.Variables() {
			words = append(words, v.Type().String())
		}
		words = append(words, ";")
	}
	return strings.Join(words, " ")
}

type use struct {
	method string
	at     token.Position
}

func usesOf(t *testing.T, p *pkg, load types.Importer, effects map[string]string) (out []use) {
	t.Helper()
	var parsed []*ast.File
	all := files(t, p)
	if !slices.ContainsFunc(all, func(f *file) bool { return mentions(f, effects) }) {
		return nil
	}
	fset := token.NewFileSet()
	for _, f := range all {
		again, err := parseInto(fset, p, f)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, again)
	}
	info := &types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}}
	if _, err := (&types.Config{Importer: load}).Check(p.ImportPath, fset, parsed, info); err != nil {
		t.Fatalf("checking %s: %v", p.room(), err)
	}
	for e, s := range info.Selections {
		m, ok := s.Obj().(*types.Func)
		if !ok || effects[m.Name()] == "" || shape(m) != effects[m.Name()] {
			continue
		}
		at := fset.Position(e.Pos())
		at.Filename = strings.TrimPrefix(at.Filename[strings.Index(at.Filename, p.room()):], "/")
		out = append(out, use{m.Name(), at})
	}
	return out
}

// mentions reports whether f selects a name of effects: most packages do not, and
// need no type-checking.
func mentions(f *file, effects map[string]string) (found bool) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && effects[s.Sel.Name] != "" {
			found = true
		}
		return !found
	})
	return found
}

// exports imports packages from what the compiler wrote of them.
func exports(t *testing.T) types.Importer {
	t.Helper()
	out, err := goList("-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", "./internal/...", "./cmd/...")
	if err != nil {
		t.Fatalf("compiling for export data: %v", err)
	}
	where := map[string]string{}
	for line := range strings.Lines(out) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		where[path] = file
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(where[path]) })
}
