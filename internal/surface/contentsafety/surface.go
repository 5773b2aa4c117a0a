// Package contentsafety is the wire format of Azure AI Content Safety
// (reference/content-safety.md, sections 1 to 13): analysis of text, prompt
// shields, groundedness, protected material and blocklists. The guards judge in
// process; the record gets verdicts, never a text.
//
// The surface has the routes that its Config gives it the means for: without a
// guard there is no route, and the path is a 404.
package contentsafety

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"sallyport/guard"
	"sallyport/internal/blocklists"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
	"sallyport/internal/surface/cognitive"
	"sallyport/internal/surface/httpx"
)

// Guards judge texts. Implementations MUST look at all of a text or return an
// error, and MUST be safe for concurrent use.
type Guards interface {
	// Harm judges the four harms, in the order of guard.Harms.
	Harm(ctx context.Context, text string) (Harm, error)
	// Direct judges what a user typed: does it try to talk the model out of its rules?
	Direct(ctx context.Context, text string) (Attack, error)
	// Planted judges a document: does it hold instructions to the model?
	Planted(ctx context.Context, text string) (Attack, error)
	// Version names the weights, for the record.
	Version() string
}

// Harm is a verdict on the four harms.
type Harm struct {
	Severity [4]guard.Severity // 0 to 7
	Score    [4]float32        // 0 to 1
}

// Attack is a verdict of a prompt shield.
type Attack struct {
	Detected bool
	Score    float32 // 0 to 1
}

// Grounding compares an answer with the passages it should rest on. The shape is
// that of guard/grounding.
type Grounding interface {
	Check(ctx context.Context, r GroundingRequest) (GroundingResult, error)
}

// GroundingRequest is an answer to be checked.
type GroundingRequest struct {
	Answer   string
	Question string // "" when the answer sums up
	Passages []string
}

// GroundingResult is what came of it.
type GroundingResult struct {
	Ungrounded bool    // at or above the shipped threshold
	Score      float32 // 0 to 1, that the answer is not grounded
	Share      float32 // 0 to 1, of the answer that is not supported
	Statements []Statement
	Version    string
}

// Statement is a checkable claim of the answer.
type Statement struct {
	Span      guard.Span // bytes of the answer, on rune boundaries
	Supported bool
	Reason    string // in a sentence, why not; it may quote the texts
}

// Material finds works that somebody registered in a text. The shape is that of
// guard/material.
type Material interface {
	Find(ctx context.Context, text string) ([]Work, error)
}

// Work is a registered work that was found.
type Work struct {
	License string   // of code, e.g. "MIT"; "" unknown
	Sources []string // addresses
	Score   float32  // 0 to 1
}

// Config is what a Surface needs. Resolver, Service, Log, Guards and Lists are
// required; Grounding, Text and Code are nil where this service has none.
type Config struct {
	Resolver cognitive.Resolver
	Service  cognitive.Service
	Log      *slog.Logger
	Now      func() time.Time
	Room     *httpx.Room   // of the memory of all requests; nil: one of its own
	Deadline time.Duration // of the guards of one request; 0 means 10 s
	Requests func(*resource.Resource) int

	Guards    Guards
	Lists     *blocklists.Store
	Grounding Grounding
	Text      Material
	Code      Material
}

// surface holds the handlers.
type surface struct{ Config }

// maxBody is more than the largest request of the contract has, every character
// escaped: a hundred items of a blocklist with their descriptions.
const maxBody = 2 << 20

// Prefix begins every path.
const Prefix = "/contentsafety/"

// New returns the surface.
func New(c Config) (*cognitive.Surface, error) {
	if c.Guards == nil || c.Lists == nil {
		return nil, errors.New("contentsafety surface: guards and lists are required")
	}
	if c.Deadline == 0 {
		c.Deadline = 10 * time.Second
	}
	return cognitive.New(cognitive.Config{
		Resolver: c.Resolver, Service: c.Service, Log: c.Log, Now: c.Now, MaxBody: maxBody, Room: c.Room,
		Dialect: cognitive.Dialect{
			Surface: "contentsafety", Invalid: "InvalidRequestBody", TooMany: "TooManyRequests", Busy: "ServerBusy", Fault: "InternalError", Stamped: true,
		},
		Prefixes: []string{Prefix}, Routes: Routes(c), Version: known, Pool: gate.SafetyPool, Requests: c.Requests,
	})
}

// Routes is the table of what a surface with c has the means for.
func Routes(c Config) []cognitive.Route {
	s := &surface{c}
	const text = "/contentsafety/text:"
	table := []cognitive.Route{
		{Method: http.MethodPost, Pattern: text + "analyze", Action: gate.TextAnalyze, Operation: "Text_Analyze", Identifiers: []cognitive.IdentifierKind{cognitive.ListInBody}, Serve: s.analyze},
		{Method: http.MethodPost, Pattern: text + "shieldPrompt", Action: gate.ShieldPrompt, Operation: "Text_ShieldPrompt", Serve: s.shield},
	}
	if s.Grounding != nil {
		table = append(table, cognitive.Route{Method: http.MethodPost, Pattern: text + "detectGroundedness", Action: gate.Groundedness, Operation: "Text_DetectGroundedness", Serve: s.grounded})
	}
	if s.Text != nil {
		table = append(table, cognitive.Route{Method: http.MethodPost, Pattern: text + "detectProtectedMaterial", Action: gate.ProtectedMaterial, Operation: "Text_DetectProtectedMaterial", Serve: s.material})
	}
	if s.Code != nil {
		table = append(table, cognitive.Route{Method: http.MethodPost, Pattern: text + "detectProtectedMaterialForCode", Action: gate.ProtectedMaterial, Operation: "Text_DetectProtectedMaterialForCode", Serve: s.code})
	}
	return append(append(table, s.listRoutes()...), notBuilt()...)
}

func (s *surface) listRoutes() []cognitive.Route {
	const lists = "/contentsafety/text/blocklists"
	list, item := []cognitive.IdentifierKind{cognitive.ListInPath}, []cognitive.IdentifierKind{cognitive.ListInPath, cognitive.ItemInPath}
	return []cognitive.Route{
		{Method: http.MethodGet, Pattern: lists, Action: gate.BlocklistsRead, Operation: "Blocklists_List", Serve: s.lists},
		{Method: http.MethodGet, Pattern: lists + "/{list}", Action: gate.BlocklistsRead, Operation: "Blocklists_Get", Identifiers: list, Serve: s.list},
		{Method: http.MethodPatch, Pattern: lists + "/{list}", Action: gate.BlocklistsWrite, Operation: "Blocklists_CreateOrUpdate", Identifiers: list, Serve: s.putList},
		{Method: http.MethodDelete, Pattern: lists + "/{list}", Action: gate.BlocklistsDelete, Operation: "Blocklists_Delete", Identifiers: list, Serve: s.deleteList},
		{Method: http.MethodPost, Pattern: lists + "/{list}:addOrUpdateBlocklistItems", Action: gate.BlocklistsWrite, Operation: "BlocklistItems_AddOrUpdate", Identifiers: list, Serve: s.addItems},
		{Method: http.MethodPost, Pattern: lists + "/{list}:removeBlocklistItems", Action: gate.BlocklistsWrite, Operation: "BlocklistItems_Remove", Identifiers: list, Serve: s.removeItems},
		{Method: http.MethodGet, Pattern: lists + "/{list}/blocklistItems", Action: gate.BlocklistsRead, Operation: "BlocklistItems_List", Identifiers: list, Serve: s.items},
		{Method: http.MethodGet, Pattern: lists + "/{list}/blocklistItems/{item}", Action: gate.BlocklistsRead, Operation: "BlocklistItems_Get", Identifiers: item, Serve: s.item},
	}
}

// notBuilt are operations of the contract that this service answers for in words.
func notBuilt() []cognitive.Route {
	var table []cognitive.Route
	add := func(method, path, operation, message string, ids ...cognitive.IdentifierKind) {
		table = append(table, cognitive.Route{Method: method, Pattern: Prefix + path, Action: gate.Unsupported, Operation: operation, Identifiers: ids, Serve: cognitive.Unsupported(message)})
	}
	for _, image := range [...]struct{ path, operation string }{
		{"image:analyze", "Image_Analyze"}, {"imageWithText:analyze", "ImageWithText_Analyze"}, {"image:detectIncidents", "Image_DetectIncidents"},
	} {
		add(http.MethodPost, image.path, image.operation, "Images are not supported by this service: it has no means to judge them.")
	}
	const custom = "Custom categories are not supported by this service."
	add(http.MethodPost, "text:analyzeCustomCategory", "Text_AnalyzeCustomCategory", custom)
	add(http.MethodPost, "text:detectIncidents", "Text_DetectIncidents", custom)
	for _, family := range [...]struct {
		path, operation string
		methods         []string
	}{
		{"text/categories", "CustomCategories", []string{http.MethodGet, http.MethodPut, http.MethodDelete}},
		{"text/incidents", "Incidents", []string{http.MethodGet, http.MethodPatch, http.MethodDelete}},
		{"image/incidents", "Incidents", []string{http.MethodGet, http.MethodPatch, http.MethodDelete}},
	} {
		add(http.MethodGet, family.path, family.operation, custom)
		for _, m := range family.methods {
			add(m, family.path+"/{id}", family.operation, custom, cognitive.ObjectInPath)
		}
	}
	add(http.MethodPost, "text/categories/{id}:build", "CustomCategories", custom, cognitive.ObjectInPath)
	add(http.MethodPost, "agent:analyzeTaskAdherence", "Agent_AnalyzeTaskAdherence", "Task adherence is not supported by this service.")
	add(http.MethodPost, "content:unifiedModerate", "Content_UnifiedModerate", "Unified moderation is not supported by this service.")
	return table
}

// Versions are the api-versions (section 1). Every one serves every operation: the
// forms of the operations do not differ between them.
var Versions = []string{
	"2023-10-01", "2024-09-01",
	"2023-04-30-preview", "2023-10-15-preview", "2023-10-30-preview", "2023-11-30-preview", "2023-12-30-preview",
	"2024-01-15-preview", "2024-01-30-preview", "2024-02-15-preview", "2024-09-15-preview", "2024-12-15-preview",
	"2026-09-01-preview", "2026-10-15-preview", "2026-11-01-preview",
}

func known(version string) bool {
	for _, v := range Versions {
		if v == version {
			return true
		}
	}
	return false
}
