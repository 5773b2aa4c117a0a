// Package language is the wire format of Azure AI Language's detection of personal
// data (reference/content-safety.md, section 14): the synchronous call, in the form
// of today and in that of version 3.1. Texts are looked at in process; the record
// gets the types that were found, never a text. Nothing is logged or kept, whatever
// loggingOptOut says.
package language

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"sallyport/guard"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
	"sallyport/internal/surface/cognitive"
	"sallyport/internal/surface/httpx"
)

// Finder finds personal data. Implementations MUST look at all of a text or return
// an error, and MUST be safe for concurrent use.
type Finder interface {
	// Find returns the entities of text, sorted by start and not overlapping; with scores
	// below pii.Weak also those that are told only when their category is named. language is
	// a lower-case primary subtag (BCP 47), e.g. "en".
	Find(ctx context.Context, text, language string) ([]Entity, error)
	// Types are the names of all types that Find can return.
	Types() []string
}

// Entity is one piece of personal data.
type Entity struct {
	Type  string     // Azure's name where Azure has one
	Span  guard.Span // bytes of the text, on rune boundaries
	Score float32    // 0 to 1
}

// Config is what a Surface needs. Resolver, Service, Log and Finder are required.
type Config struct {
	Resolver cognitive.Resolver
	Service  cognitive.Service
	Log      *slog.Logger
	Now      func() time.Time
	Room     *httpx.Room   // of the memory of all requests; nil: one of its own
	Deadline time.Duration // of the guards of one request; 0 means 10 s
	Requests func(*resource.Resource) int
	Finder   Finder
}

// surface holds the handlers.
type surface struct {
	Config
	categories map[string]bool // that a request may name
}

// Prefixes begin every path.
var Prefixes = []string{"/language/", "/text/analytics/"}

// maxBody is the limit of a request in bytes (section 14.4).
const maxBody = 1 << 20

// New returns the surface.
func New(c Config) (*cognitive.Surface, error) {
	if c.Finder == nil {
		return nil, errors.New("language surface: a finder is required")
	}
	if c.Deadline == 0 {
		c.Deadline = 10 * time.Second
	}
	s := &surface{Config: c, categories: map[string]bool{}}
	for _, t := range slices.Concat(strings.Fields(contract), c.Finder.Types()) {
		s.categories[t] = true
	}
	return cognitive.New(cognitive.Config{
		Resolver: c.Resolver, Service: c.Service, Log: c.Log, Now: c.Now, MaxBody: maxBody, Room: c.Room,
		Dialect: cognitive.Dialect{
			Surface: "language", Invalid: "InvalidRequest", Inner: "InvalidRequestBodyFormat",
			TooMany: "TooManyRequests", Busy: "ServiceUnavailable", Fault: "InternalServerError",
		},
		Prefixes: Prefixes, Routes: s.routes(), Version: dateLike.MatchString, Pool: gate.LanguagePool, Requests: c.Requests,
	})
}

// Routes is the surface's table.
func Routes() []cognitive.Route { return (&surface{}).routes() }

func (s *surface) routes() []cognitive.Route {
	const jobs = "Asynchronous jobs are not supported by this service; the synchronous call takes up to 5 documents."
	return []cognitive.Route{
		{Method: http.MethodPost, Pattern: "/language/:analyze-text", Action: gate.LanguageAnalyze, Operation: "AnalyzeText", Serve: s.analyze},
		{Method: http.MethodPost, Pattern: "/text/analytics/v3.1/entities/recognition/pii", Action: gate.LanguageAnalyze, Operation: "EntitiesRecognitionPii", Undated: true, Serve: s.analyze31},
		{Method: http.MethodPost, Pattern: "/language/analyze-text/jobs", Action: gate.Unsupported, Operation: "AnalyzeTextJobs", Serve: cognitive.Unsupported(jobs)},
		{Method: http.MethodGet, Pattern: "/language/analyze-text/jobs/{id}", Action: gate.Unsupported, Operation: "AnalyzeTextJobs", Identifiers: []cognitive.IdentifierKind{cognitive.ObjectInPath}, Serve: cognitive.Unsupported(jobs)},
	}
}

// dateLike is an api-version: the complete list of the service's is not known, so any
// date is taken (section 14.1).
var dateLike = regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-preview)?$`)

// modelVersion is what replies say. It names the rules of this service.
const modelVersion = "2026-11-01"

// languages are the codes that a document may have: those in which the guard's
// patterns and context words were written or tried. Regions and scripts behind a dash
// are passed over.
var languages = strings.Fields(`af ar az be bg bn bs ca cs cy da de el en es et eu fa fi fil fr ga gl gu he hi hr hu hy id is it ja ka kk km kn ko lo lt lv
mk ml mn mr ms my nb ne nl nn no or pa pl ps pt ro ru sk sl so sq sr sv sw ta te th tr uk ur uz vi zh zu`)

// languageOf reads a document's language; "" is none that is supported. Absent and
// "auto" are English, the service's default.
func languageOf(code string) string {
	if code == "" || strings.EqualFold(code, "auto") {
		return "en"
	}
	primary, _, _ := strings.Cut(strings.ToLower(code), "-")
	if len(code) > 16 || !slices.Contains(languages, primary) {
		return ""
	}
	return primary
}
