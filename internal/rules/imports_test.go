package rules_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// may says which rooms of ours a room imports. The longest matching room counts
// for a package; within one line, packages reach each other. A name that ends in
// /... stands for all below.
//
// The order is the order of dependence:
//
//	guard, content <- conversation <- filter, gate <- exchange <- backend, surface, chat <- app
//
// The interface Backend belongs to exchange, which uses it, so adapters import
// exchange and exchange imports no adapter.
var may = []struct {
	room    string
	imports []string
}{
	// What everything else is made of.
	{"guard", nil},
	{"internal/custody/content", nil},
	{"internal/conversation", []string{"guard", "internal/custody/content", "internal/custody/content/json"}},
	{"internal/resource", nil},
	{"internal/record", nil},

	// Where content and state lie.
	{"internal/custody/seal", []string{"internal/custody/content", "internal/custody/content/open"}},
	{"internal/custody/store", []string{"internal/custody/seal"}},
	{"internal/custody/keys", []string{"internal/custody/seal", "internal/custody/store"}},

	// May this happen.
	{"internal/gate", []string{"guard", "internal/record/audit", "internal/resource", "internal/gate/..."}},
	{"internal/gate/identity", []string{"internal/custody/seal", "internal/custody/store"}},
	{"internal/gate/access", []string{"internal/gate/identity"}},
	{"internal/gate/network", []string{"internal/resource"}},
	{"internal/gate/quota", nil},

	// A conversation with a model.
	{"internal/filter", []string{"guard/...", "internal/conversation", "internal/custody/content/..."}},
	{"internal/exchange", []string{
		"guard", "internal/conversation", "internal/custody/content", "internal/custody/content/json",
		"internal/filter", "internal/gate", "internal/resource",
	}},

	// Adapters: each points at the domain, none at another.
	{"internal/backend/upstream", []string{
		"internal/conversation", "internal/custody/content/...", "internal/exchange", "internal/gate",
	}},
	{"internal/backend/azure", []string{"internal/backend/upstream"}},
	{"internal/backend/openai", []string{"internal/backend/upstream"}},
	{"internal/backend/extractive", []string{
		"internal/conversation", "internal/custody/content/...", "internal/exchange", "internal/gate",
		"internal/knowledge/lexis", // pure: words, stems, sentences
	}},

	// What people work with.
	{"internal/knowledge", []string{"internal/conversation", "internal/custody/content", "internal/custody/content/open", "internal/gate/identity", "internal/knowledge/lexis"}},
	{"internal/knowledge/lexis", nil},
	{"internal/chat", []string{
		"guard", "internal/conversation", "internal/custody/content", "internal/exchange", "internal/gate", "internal/gate/identity", "internal/knowledge",
		"internal/chat/prose",
	}},
	{"internal/chat/prose", []string{"guard", "internal/conversation", "internal/custody/content", "internal/custody/content/open"}},

	// Wire formats.
	{"internal/surface/httpx", nil},
	{"internal/surface/openai", []string{
		"guard", "internal/conversation", "internal/custody/content/...", "internal/exchange", "internal/gate", "internal/gate/identity",
		"internal/resource", "internal/surface/httpx",
	}},
	{"internal/surface/web", []string{
		"guard", "internal/chat", "internal/chat/prose", "internal/custody/content", "internal/custody/content/open", "internal/gate", "internal/gate/identity",
		"internal/knowledge", "internal/resource", "internal/surface/httpx",
	}},

	// The whole.
	{"internal/config", []string{"guard/pii", "internal/gate/identity", "internal/resource"}},
	{"internal/demo", []string{"internal/config"}},
	{"internal/demo/corpus", []string{"internal/knowledge"}},
	{"internal/app", []string{"guard/...", "internal/..."}},
	{"cmd/sallyport", []string{"internal/app", "internal/config", "internal/demo", "internal/gate/access", "internal/record/audit"}},

	// For tests and for making weights.
	{"internal/rules", nil},
	{"internal/backend/mockupstream", nil},
	{"internal/backend/backendtest", []string{
		"internal/backend/mockupstream", "internal/backend/upstream", "internal/conversation", "internal/custody/content/...",
		"internal/exchange", "internal/gate", "internal/resource",
	}},
	{"internal/custody/store/storetest", []string{"internal/custody/store"}},
	{"internal/surface/web/webtest", []string{"guard/...", "internal/..."}},
	{"test", []string{"internal/backend/mockupstream"}},
	{"training", []string{"guard/..."}},
}

func lineOf(room string) (name string, imports []string, ok bool) {
	for _, l := range may {
		if below(room, l.room) && len(l.room) > len(name) {
			name, imports, ok = l.room, l.imports, true
		}
	}
	return name, imports, ok
}

func TestImportsPointOneWay(t *testing.T) {
	used := map[string]bool{}
	for _, p := range tree(t) {
		line, imports, ok := lineOf(p.room())
		if !ok {
			t.Errorf("%s is a room that the table does not know", p.room())
			continue
		}
		used[line] = true
		for _, i := range p.Imports {
			to, ours := strings.CutPrefix(i, module+"/")
			if !ours {
				continue
			}
			if isHarness(to) && !isHarness(p.room()) {
				t.Errorf("%s imports %s, which is for tests", p.room(), to)
			}
			if target, _, _ := lineOf(to); target == line || permitted(imports, to) {
				continue
			}
			t.Errorf("%s imports %s; %s may import %s", p.room(), to, line, strings.Join(imports, ", "))
		}
	}
	for _, l := range may {
		if !used[l.room] {
			t.Errorf("the table has %s, which does not exist", l.room)
		}
	}
}

func permitted(imports []string, to string) bool {
	return slices.ContainsFunc(imports, func(i string) bool {
		dir, all := strings.CutSuffix(i, "/...")
		return all && below(to, dir) || i == to
	})
}

// pure are rooms without I/O. netip is names of addresses, no network.
var pure = []struct {
	room string
	but  []string // packages that it may import all the same
}{
	{"guard", []string{"net/netip", "golang.org/x/sys/cpu"}}, // cpu: which instructions there are
	{"internal/conversation", nil},
	{"internal/resource", []string{"net", "net/netip", "net/url"}},
	{"internal/exchange", []string{"net/http"}}, // the names of statuses
	{"internal/filter", nil},
	{"internal/gate/quota", nil},
	{"internal/gate/network", []string{"net/netip"}},
	{"internal/knowledge/lexis", nil},
	{"internal/chat/prose", []string{"net/url"}},
}

// outside are the packages by which a program reaches beyond its memory.
var outside = []string{"net", "os", "syscall", "plugin", "io/ioutil", "log", "database/sql", "golang.org/x/sys", "golang.org/x/net"}

func TestPureRoomsDoNoIO(t *testing.T) {
	for _, r := range pure {
		seen := false
		for _, p := range tree(t) {
			if !below(p.room(), r.room) {
				continue
			}
			seen = true
			for _, i := range p.Imports {
				if slices.ContainsFunc(outside, func(o string) bool { return below(i, o) }) && !slices.Contains(r.but, i) {
					t.Errorf("%s imports %s: %s is pure", p.room(), i, r.room)
				}
			}
		}
		if !seen {
			t.Errorf("%s does not exist", r.room)
		}
	}
}

// Exchange decides which status an outcome has, and that is all it takes of HTTP.
func TestExchangeTakesOnlyStatusesOfHTTP(t *testing.T) {
	for _, p := range tree(t) {
		if p.room() != "internal/exchange" {
			continue
		}
		for _, f := range files(t, p) {
			as := f.importedAs("net/http")
			ast.Inspect(f.File, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := s.X.(*ast.Ident); ok && as != "" && x.Name == as && !strings.HasPrefix(s.Sel.Name, "Status") {
					t.Errorf("%s: http.%s", f.at(s), s.Sel.Name)
				}
				return true
			})
		}
	}
}

// openers is the privacy audit: who opens content, and for what. A package that
// is not here cannot read a prompt, an answer or a document.
var openers = map[string]string{
	"internal/custody/seal":        "seals the text that is stored, and opens what was sealed",
	"internal/filter":              "shows every text to the guards, masks and puts back",
	"internal/backend/upstream":    "writes the request to the backend, reads its answer",
	"internal/backend/extractive":  "reads the documents it was handed, quotes from them",
	"internal/knowledge":           "indexes documents, compares words of the question",
	"internal/chat/prose":          "cuts an answer into statements, finds what supports them",
	"internal/surface/openai":      "decodes requests, encodes answers",
	"internal/surface/web":         "decodes questions, encodes answers and passages",
	"internal/backend/backendtest": "tests only: compares what a backend sent and answered",
	"internal/surface/web/webtest": "tests only: a fake backend that obeys words of the question",
}

func TestWhoOpensContent(t *testing.T) {
	const open = module + "/internal/custody/content/open"
	found := map[string]bool{}
	for _, p := range tree(t) {
		if !slices.Contains(p.Imports, open) {
			continue
		}
		found[p.room()] = true
		if openers[p.room()] == "" {
			t.Errorf("%s imports custody/content/open: say in the list what for, and in docs/threat-model.md", p.room())
		}
	}
	for room := range openers {
		if !found[room] {
			t.Errorf("the list has %s, which does not open content: take the line out", room)
		}
	}
}

// The representation of content has two ways in: making one and opening one.
func TestContentHasTwoDoors(t *testing.T) {
	const raw = "internal/custody/content/internal/raw"
	doors := []string{"internal/custody/content", "internal/custody/content/json", "internal/custody/content/open"}
	for _, p := range tree(t) {
		if slices.Contains(p.Imports, module+"/"+raw) && !slices.Contains(doors, p.room()) {
			t.Errorf("%s imports %s", p.room(), raw)
		}
	}
}
