package openai

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"sallyport/internal/gate"
	"sallyport/internal/surface/httpx"
)

// IdentifierKind is what a route takes from the caller to name a thing. Attack
// tests enumerate them: each kind is swapped for foreign, missing and malformed ones.
type IdentifierKind string

// The kinds of identifiers.
const (
	DeploymentInPath IdentifierKind = "deployment"
	DeploymentInBody IdentifierKind = "model in the body" // v1
	ModelInPath      IdentifierKind = "model"
	ObjectInPath     IdentifierKind = "id" // of operations that are not built
)

// Route is one operation of the surface.
type Route struct {
	Method      string
	Pattern     string // behind the resource's prefix; segments in braces are identifiers
	Action      gate.Action
	Operation   string // the record's word
	Identifiers []IdentifierKind
	Dated       bool // needs a known api-version
	handler     func(*call) error
}

// Built reports whether the operation does more than say that it is not there.
func (r Route) Built() bool { return r.Action != gate.Unsupported }

// Label is the operation as the contract's permission error writes it (section 14.2).
func (r Route) Label() string {
	return r.Method + " " + strings.ReplaceAll(r.Pattern, "{deployment}", "{deployment-id}")
}

// Routes returns the whole table: dated and v1, built and not built.
func Routes() []Route {
	dated, v1 := "/openai", "/openai/v1"
	inPath, inBody := []IdentifierKind{DeploymentInPath}, []IdentifierKind{DeploymentInBody}
	model := []IdentifierKind{ModelInPath}
	table := []Route{
		{http.MethodPost, dated + "/deployments/{deployment}/chat/completions", gate.ChatCompletions, "ChatCompletions_Create", inPath, true, (*call).chat},
		{http.MethodPost, v1 + "/chat/completions", gate.ChatCompletions, "ChatCompletions_Create", inBody, false, (*call).chat},
		{http.MethodPost, dated + "/deployments/{deployment}/embeddings", gate.Embeddings, "Embeddings_Create", inPath, true, (*call).embed},
		{http.MethodPost, v1 + "/embeddings", gate.Embeddings, "Embeddings_Create", inBody, false, (*call).embed},
		{http.MethodGet, dated + "/models", gate.ModelsRead, "Models_List", nil, true, (*call).models},
		{http.MethodGet, v1 + "/models", gate.ModelsRead, "Models_List", nil, false, (*call).models},
		{http.MethodGet, dated + "/models/{model}", gate.ModelsRead, "Models_Get", model, true, (*call).model},
		{http.MethodGet, v1 + "/models/{model}", gate.ModelsRead, "Models_Get", model, false, (*call).model},
	}
	// Legacy completions and media under a deployment.
	for _, op := range underDeployment {
		table = append(table, Route{http.MethodPost, dated + "/deployments/{deployment}/" + op.path, gate.Unsupported, op.operation, inPath, true, (*call).unsupported})
	}
	// Families that hang under the surface's root, to the depth at which the contract has paths.
	for _, f := range families {
		for _, prefix := range []string{dated, v1} {
			path := prefix + "/" + f.path
			var ids []IdentifierKind
			for depth := range f.depth + 1 {
				if depth > 0 {
					path += fmt.Sprintf("/{id%d}", depth)
					ids = append(ids, ObjectInPath)
				}
				for _, m := range f.methods {
					table = append(table, Route{m, path, gate.Unsupported, f.operation, slices.Clone(ids), prefix == dated, (*call).unsupported})
				}
			}
		}
	}
	return table
}

var underDeployment = []struct{ path, operation string }{
	{"completions", "Completions_Create"},
	{"extensions/chat/completions", "ExtensionsChatCompletions_Create"},
	{"audio/transcriptions", "Transcriptions_Create"},
	{"audio/translations", "Translations_Create"},
	{"audio/speech", "Speech_Create"},
	{"images/generations", "ImageGenerations_Create"},
	{"images/edits", "ImageEdits_Create"},
	{"batches", "Batches_Create"},
}

var (
	objects = []string{http.MethodGet, http.MethodPost, http.MethodDelete}
	post    = []string{http.MethodPost}
)

// families of operations that the contract knows (sections 1.2, 1.3 and 9) and
// that are not built. Depth is the number of segments that may follow.
var families = []struct {
	path, operation string
	depth           int
	methods         []string
}{
	{"completions", "Completions_Create", 0, post},
	{"responses", "Responses", 2, objects},
	{"files", "Files", 2, objects},
	{"uploads", "Uploads", 2, objects},
	{"batches", "Batches", 2, objects},
	{"vector_stores", "VectorStores", 4, objects},
	{"assistants", "Assistants", 3, objects},
	{"threads", "Threads", 5, objects},
	{"fine_tuning", "FineTuning", 4, objects},
	{"evals", "Evals", 5, objects},
	{"conversations", "Conversations", 3, objects},
	{"containers", "Containers", 4, objects},
	{"images", "Images", 1, post},
	{"audio", "Audio", 1, post},
	{"videos", "Videos", 2, objects},
	{"video", "Videos", 4, objects},
	{"realtime", "Realtime", 2, objects},
	{"moderations", "Moderations", 0, post},
}

// check refuses a table that could serve something unauthorised.
func check(table []Route) error {
	for _, r := range table {
		switch {
		case !slices.Contains(gate.Actions, r.Action):
			return fmt.Errorf("route %s %s has no action", r.Method, r.Pattern)
		case r.Operation == "" || r.handler == nil || !strings.HasPrefix(r.Pattern, "/"):
			return fmt.Errorf("route %s %s is incomplete", r.Method, r.Pattern)
		}
	}
	return nil
}

// find matches the escaped path. Without a route, allow lists the methods that
// the path has; it is empty for an unknown path.
func find(table []Route, method, path string) (route *Route, segments, allow []string) {
	var room [4]string
	for i := range table {
		got, ok := httpx.Match(room[:0], table[i].Pattern, path)
		if !ok {
			continue
		}
		if table[i].Method == method {
			return &table[i], slices.Clone(got), nil
		}
		if !slices.Contains(allow, table[i].Method) {
			allow = append(allow, table[i].Method)
		}
	}
	return nil, nil, allow
}
