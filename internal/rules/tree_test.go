package rules_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	module = "sallyport"
	root   = "../.."
)

// pkg is a package of the tree, as `go list` tells it.
type pkg struct {
	ImportPath, Name, Dir, Doc string
	GoFiles                    []string // without tests
	Imports                    []string // of GoFiles
}

// room is the path below the module, e.g. internal/gate.
func (p *pkg) room() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

var packages = sync.OnceValues(func() ([]*pkg, error) {
	if err := look(); err != nil {
		return nil, err
	}
	out, err := goList("-json=ImportPath,Name,Dir,Doc,GoFiles,Imports", "./...")
	if err != nil {
		return nil, err
	}
	var all []*pkg
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		p := new(pkg)
		switch err := d.Decode(p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, p)
	}
})

// look takes a look at every file, because `go test` repeats an old result unless
// a file changed that the test itself looked at: what `go list` reads it does not
// see.
func look() error {
	return filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", ".build", "bin", "node_modules"}, d.Name()) {
			return filepath.SkipDir
		}
		_, err = os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
}

func goList(args ...string) (string, error) {
	c := exec.Command("go", append([]string{"list"}, args...)...)
	c.Dir, c.Stderr = root, os.Stderr
	out, err := c.Output()
	return string(out), err
}

// tree is every package of the module.
func tree(t *testing.T) []*pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatalf("listing packages: %v", err)
	}
	if len(all) < 30 {
		t.Fatalf("only %d packages found: the rules would hold for nothing", len(all))
	}
	return all
}

// below reports whether room is dir or lies in it.
func below(room, dir string) bool { return room == dir || strings.HasPrefix(room, dir+"/") }

// harness are the rooms that serve tests only. The program never imports them,
// and what holds for the program does not hold for them.
var harness = []string{
	"internal/rules", "internal/backend/backendtest", "internal/backend/mockupstream",
	"internal/custody/store/storetest", "internal/surface/web/webtest", "internal/surface/cognitive/cognitivetest", "test", "training",
}

func isHarness(room string) bool {
	return slices.ContainsFunc(harness, func(h string) bool { return below(room, h) })
}

func TestHarnessExists(t *testing.T) {
	for _, h := range harness {
		if !slices.ContainsFunc(tree(t), func(p *pkg) bool { return below(p.room(), h) }) {
			t.Errorf("%s is listed and has no package", h)
		}
	}
}

// file is a parsed source file.
type file struct {
	*ast.File
	name string // e.g. internal/gate/gate.go
	fset *token.FileSet
}

func (f *file) at(n ast.Node) token.Position {
	p := f.fset.Position(n.Pos())
	p.Filename = f.name
	return p
}

// files are the files of p without its tests.
func files(t *testing.T, p *pkg) []*file {
	t.Helper()
	var out []*file
	for _, name := range p.GoFiles {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &file{f, p.room() + "/" + name, fset})
	}
	return out
}

// importedAs is the name by which f calls the package path, "" if it does not.
func (f *file) importedAs(path string) string {
	for _, s := range f.Imports {
		if strings.Trim(s.Path.Value, `"`) != path {
			continue
		}
		if s.Name != nil {
			return s.Name.Name
		}
		return path[strings.LastIndexByte(path, '/')+1:]
	}
	return ""
}

// text reads a file of the repository.
func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
