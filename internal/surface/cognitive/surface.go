package cognitive

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/custody/content/json"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
	"sallyport/internal/resource"
	"sallyport/internal/surface/httpx"
)

// Config is what a Surface needs.
type Config struct {
	Resolver Resolver     // required
	Service  Service      // required
	Log      *slog.Logger // required
	Now      func() time.Time
	MaxBody  int64 // bytes; 0 means httpx.DefaultMaxBody
	// Room bounds the memory of all requests; surfaces share it. Nil: one of its own.
	Room *httpx.Room

	Dialect Dialect
	// Prefixes begin every path, e.g. "/contentsafety/".
	Prefixes []string
	Routes   []Route
	// Version reports whether an api-version is known.
	Version func(string) bool
	Pool    gate.Pool
	// Requests is how many requests a minute a resource may make; zero is no limit.
	Requests func(r *resource.Resource) int
}

// Dialect is where the services' errors differ.
type Dialect struct {
	Surface string // the record's word: "contentsafety", "language"
	// Codes of section 10 or 14.4.
	Invalid, TooMany, Busy, Fault string
	// Inner is the finer code of requests that cannot be read; "" is none.
	Inner string
	// Stamped adds the request id and the time to messages of bad requests.
	Stamped bool
}

// Surface serves one service. It is safe for concurrent use.
type Surface struct{ config Config }

// New returns a surface, or an error when a route declares no action.
func New(c Config) (*Surface, error) {
	if c.Resolver == nil || c.Service == nil || c.Log == nil || c.Version == nil || c.Requests == nil {
		return nil, errors.New(c.Dialect.Surface + " surface: resolver, service, log, version and requests are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxBody == 0 {
		c.MaxBody = httpx.DefaultMaxBody
	}
	if c.Room == nil {
		c.Room = httpx.NewRoom(0)
	}
	if err := check(c.Routes); err != nil {
		return nil, err
	}
	return &Surface{config: c}, nil
}

// Routes is the table of what this surface can serve.
func (s *Surface) Routes() []Route { return slices.Clone(s.config.Routes) }

// Call is one request under way.
type Call struct {
	s       *Surface
	w       *httpx.Response
	r       *http.Request
	id      string
	route   *Route
	query   url.Values
	ids     []string
	visit   gate.Visit
	caller  Caller // nil until identified
	entry   Entry  // nil until authorised
	intends bool   // the intent is on the record: its outcome must follow
	ended   bool   // the outcome is on the record
	share   httpx.Share
}

// ServeHTTP serves one request.
func (s *Surface) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	began := s.config.Now()
	w, ok := rw.(*httpx.Response)
	if !ok {
		w = &httpx.Response{ResponseWriter: rw}
	}
	c := &Call{s: s, w: w, r: r, id: httpx.RequestID(r.Context())}
	if c.id == "" {
		c.id = httpx.NewID()
	}
	defer c.share.Leave()
	defer c.contain()
	c.headers()
	if err := c.serve(); err != nil {
		c.fail(err)
	}
	s.config.Log.LogAttrs(r.Context(), slog.LevelInfo, "request served", slog.String("request", c.id), slog.String("operation", c.operation("none")),
		slog.Int("status", w.Status), slog.Int64("bytes", w.Bytes), slog.Int64("took_ms", s.config.Now().Sub(began).Milliseconds()))
}

func (c *Call) operation(without string) string {
	if c.route == nil {
		return without
	}
	return c.route.Operation
}

// serve follows the order in the package comment.
func (c *Call) serve() error {
	res, rest := c.s.config.Resolver.Find(c.r.Host, c.r.URL.EscapedPath())
	// What stands before the service's own path may be a resource's prefix, also where
	// a resource without a prefix takes all other paths: one that does not exist must
	// look like a wrong key, as a foreign one does.
	if i := httpx.Begins(rest, c.s.config.Prefixes...); i > 0 {
		res, rest = nil, rest[i:]
	}
	route, ids, allow := find(c.s.config.Routes, c.r.Method, rest)
	if route == nil {
		if len(allow) > 0 {
			return &Problem{Status: http.StatusMethodNotAllowed, Code: "405", Message: "The method is not allowed for this resource.", allow: allow, outcome: gate.NotFound}
		}
		return problemNotFound
	}
	c.route, c.ids = route, ids
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return problemNotFound
	}
	c.query = query
	if v := query["api-version"]; !route.Undated && (len(v) != 1 || !c.s.config.Version(v[0])) {
		return problemNotFound
	}
	c.visit = c.stray()
	c.visit.Resource, c.visit.Credential, c.visit.Action = res, identity.FromHeader(c.r.Header), route.Action
	if c.caller, err = c.s.config.Service.Identify(c.r.Context(), c.visit); err != nil {
		return err
	}
	if res != nil { // told to proven callers only: it would show that the resource exists
		c.w.Header().Set("x-ms-region", res.Region.Name)
	}
	return route.Serve(c)
}

// Enter authorises the operation and takes it from the resource's rate.
func (c *Call) Enter() error {
	e, err := c.caller.Enter(c.r.Context())
	if err != nil {
		return err
	}
	if err := e.Meter(c.r.Context(), c.s.config.Pool, c.s.config.Requests(c.visit.Resource)); err != nil {
		return err
	}
	c.entry = e
	return nil
}

// Context is the request's.
func (c *Call) Context() context.Context { return c.r.Context() }

// Resource is the one that was entered.
func (c *Call) Resource() *resource.Resource { return c.visit.Resource }

// ID is the i-th identifier of the path, unescaped.
func (c *Call) ID(i int) string { return c.ids[i] }

// Query is the value of a parameter that may be given once; ok is false when it is
// given twice.
func (c *Call) Query(name string) (value string, given, ok bool) {
	v := c.query[name]
	if len(v) == 0 {
		return "", false, true
	}
	return v[0], true, len(v) == 1
}

// Scores reports whether the caller asked for scores beside verdicts.
func (c *Call) Scores() bool { return strings.EqualFold(c.r.Header.Get(ScoresHeader), "true") }

// ScoresHeader asks for a number score, 0 to 1, beside every verdict.
const ScoresHeader = "x-sallyport-scores"

// JSON reads the body as one JSON object and shows it to use.
func (c *Call) JSON(use func(json.Value) error) error {
	return c.s.config.Room.JSONBody(c.w, c.r, c.s.config.MaxBody, &c.share, c.object(use))
}

// MergePatch is JSON for a PATCH.
func (c *Call) MergePatch(use func(json.Value) error) error {
	return c.s.config.Room.MergePatchBody(c.w, c.r, c.s.config.MaxBody, &c.share, c.object(use))
}

func (c *Call) object(use func(json.Value) error) func([]byte) error {
	return func(body []byte) error {
		v, err := json.Parse(body, json.Limits{})
		switch {
		case err == nil && v.Kind == json.Object:
			return use(v)
		case err == nil:
			return c.Invalid("", "The request body must be a JSON object.")
		case len(body) == 0:
			return c.Invalid("", "The request body is empty.")
		}
		for _, known := range [...]error{json.ErrUTF8, json.ErrDuplicate, json.ErrDepth, json.ErrSize, json.ErrNUL, json.ErrNumber, json.ErrTrailing} {
			if errors.Is(err, known) {
				return c.Invalid("", "Deserialize failed: "+known.Error()+".")
			}
		}
		return c.Invalid("", "Deserialize failed: "+json.ErrSyntax.Error()+".")
	}
}

// Intend puts on the record that something stored is about to change.
func (c *Call) Intend(ids ...string) error {
	err := c.entry.Intend(c.r.Context(), ids...)
	c.intends = err == nil
	return err
}

// Answer records the outcome and then sends body, which is nil for a reply without
// one.
func (c *Call) Answer(status int, body []byte, o gate.Outcome) error {
	o.Status, o.OK = status, true
	c.ended = true
	if err := c.entry.Record(context.WithoutCancel(c.r.Context()), o); err != nil {
		return err
	}
	if body == nil {
		c.w.Header().Del("Content-Type")
		c.w.WriteHeader(status)
		return nil
	}
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_ = httpx.WriteOnce(c.w, status, body)
	return nil
}

// Self is the address of this request with another query, for links to next pages.
func (c *Call) Self(query url.Values) string {
	scheme := "http"
	if httpx.Secure(c.r) {
		scheme = "https"
	}
	return scheme + "://" + c.r.Host + c.r.URL.EscapedPath() + "?" + query.Encode()
}

// headers sets what every response has.
func (c *Call) headers() {
	h := c.w.Header()
	client := httpx.ClientID(c.r.Header.Get("x-ms-client-request-id"))
	if client == "" {
		client = c.id
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache, must-revalidate")
	h.Set("apim-request-id", c.id)
	h.Set("x-request-id", c.id)
	h.Set("x-ms-client-request-id", client)
	h.Set("x-content-type-options", "nosniff")
	if c.r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	}
}

// fail is the error boundary: the only place where an error becomes a response.
func (c *Call) fail(err error) {
	p := c.problem(err)
	if !p.recorded {
		// The record comes first. Without it the caller still gets a refusal, only a different one.
		if rerr := c.refuse(p); rerr != nil {
			c.s.config.Log.LogAttrs(c.r.Context(), slog.LevelError, "refusal is not on the record", slog.String("request", c.id))
			p = c.unavailable(gate.RecordUnavailable, rerr)
		}
	}
	level := slog.LevelInfo
	if p.Status >= 500 {
		level = slog.LevelError
	}
	// Causes are errors of our own packages; their texts hold no content by contract.
	attrs := []slog.Attr{slog.String("request", c.id), slog.Int("status", p.Status), slog.String("code", p.outcome.String())}
	if p.cause != nil && p.Status >= 500 {
		attrs = append(attrs, slog.Any("cause", p.cause))
	}
	c.s.config.Log.LogAttrs(c.r.Context(), level, "request refused", attrs...)
	if c.w.Status != 0 || p.Status == statusGone {
		return
	}
	c.write(p)
}

// stray is the visit of a request that ended before anybody was identified.
func (c *Call) stray() gate.Visit {
	return gate.Visit{
		From: httpx.ClientAddr(c.r), Link: httpx.PlaceOf(c.r.Context()).Link,
		Operation: c.operation("unknown"), Surface: c.s.config.Dialect.Surface, RequestID: c.id,
	}
}

func (c *Call) write(p *Problem) {
	p.header(c.w.Header())
	body := c.appendProblem(make([]byte, 0, 512), p)
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_ = httpx.WriteOnce(c.w, p.Status, body)
}

// refuse records p where the gate has not done so. What was intended gets its
// outcome; the rest is a refusal.
func (c *Call) refuse(p *Problem) error {
	o := gate.Outcome{Status: p.Status, Code: p.outcome, Report: p.Report}
	ctx := context.WithoutCancel(c.r.Context())
	switch {
	case c.ended:
		return nil
	case c.caller == nil:
		return c.s.config.Service.Stray(ctx, c.stray(), o)
	case c.intends:
		return c.entry.Record(ctx, o)
	case c.entry != nil:
		return c.entry.Refuse(ctx, o)
	}
	return c.caller.Refuse(ctx, o)
}

// contain ends a request that panicked: recorded as an internal fault, answered
// with 500 if a status line is still possible, else the connection is cut.
func (c *Call) contain() {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	httpx.LogPanic(c.r.Context(), c.s.config.Log, v)
	p := c.fault(nil)
	_ = c.refuse(p) // best effort: the fault may lie there
	if c.w.Status != 0 {
		panic(http.ErrAbortHandler)
	}
	c.w.Header().Set("Connection", "close")
	c.write(p)
}
