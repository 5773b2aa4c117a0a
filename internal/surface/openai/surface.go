package openai

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
	"sallyport/internal/surface/httpx"
)

// Config is what a Surface needs.
type Config struct {
	Resolver Resolver     // required
	Service  Service      // required
	Log      *slog.Logger // required
	Now      func() time.Time
	MaxBody  int64 // bytes; 0 means httpx.DefaultMaxBody
	Memory   int64 // bytes of all requests together; 0 means httpx.DefaultMemory
}

// Surface serves the API. It is safe for concurrent use.
type Surface struct {
	config Config
	routes []Route
	room   *httpx.Room
}

// New returns a surface, or an error when a route declares no action.
func New(c Config) (*Surface, error) {
	if c.Resolver == nil || c.Service == nil || c.Log == nil {
		return nil, errors.New("openai surface: resolver, service and log are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxBody == 0 {
		c.MaxBody = httpx.DefaultMaxBody
	}
	table := Routes()
	if err := check(table); err != nil {
		return nil, err
	}
	return &Surface{config: c, routes: table, room: httpx.NewRoom(c.Memory)}, nil
}

// call is one request under way.
type call struct {
	s       *Surface
	w       *httpx.Response
	r       *http.Request
	id      string
	route   *Route
	version string // of the API, for the texts of section 14.3
	ids     []string
	visit   gate.Visit
	caller  Caller // nil until identified
	entry   Entry  // nil until authorised
	share   httpx.Share
	// handed is set when the exchange took over the record of this operation.
	handed bool
}

// ServeHTTP serves one request.
func (s *Surface) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	began := s.config.Now()
	w, ok := rw.(*httpx.Response)
	if !ok {
		w = &httpx.Response{ResponseWriter: rw}
	}
	c := &call{s: s, w: w, r: r, id: httpx.RequestID(r.Context())}
	if c.id == "" {
		c.id = httpx.NewID()
	}
	defer c.contain()
	defer c.share.Leave()
	c.headers()
	if err := c.serve(); err != nil {
		c.fail(err)
	}
	operation := "none"
	if c.route != nil {
		operation = c.route.Operation
	}
	s.config.Log.LogAttrs(r.Context(), slog.LevelInfo, "request served", slog.String("request", c.id), slog.String("operation", operation),
		slog.Int("status", w.Status), slog.Int64("bytes", w.Bytes), slog.Int64("took_ms", s.config.Now().Sub(began).Milliseconds()))
}

// serve follows the order in the package comment.
func (c *call) serve() error {
	res, rest := c.s.config.Resolver.Find(c.r.Host, c.r.URL.EscapedPath())
	// Whatever stands before the API's own path may be a resource's prefix, also where
	// a resource without a prefix takes all other paths: one that does not exist must
	// look like a wrong key, as a foreign one does.
	if i := strings.Index(rest, "/openai/"); i > 1 {
		res, rest = nil, rest[i:]
	}
	route, ids, allow := find(c.s.routes, c.r.Method, rest)
	if route == nil {
		if len(allow) > 0 {
			return &Problem{Status: http.StatusMethodNotAllowed, Code: "405", Message: "The method is not allowed for this resource.", allow: allow, outcome: gate.NotFound}
		}
		return problemNotFound
	}
	c.route, c.ids = route, ids
	if err := c.apiVersion(); err != nil {
		return err
	}
	c.visit = gate.Visit{
		Resource: res, Credential: credential(c.r.Header), From: httpx.ClientAddr(c.r), Link: httpx.PlaceOf(c.r.Context()).Link,
		Action: route.Action, Operation: route.Operation, Surface: "openai", RequestID: c.id,
	}
	if len(route.Identifiers) > 0 && route.Identifiers[0] == DeploymentInPath && route.Built() {
		c.visit.Deployment = deploymentName(ids[0])
	}
	caller, err := c.s.config.Service.Identify(c.r.Context(), c.visit)
	if err != nil {
		return err
	}
	c.caller = caller
	if res != nil { // told to proven callers only: it would show that the resource exists
		c.w.Header().Set("x-ms-region", res.Region.Name)
	}
	return route.handler(c)
}

// unreadable stands for a deployment name that none can have.
const unreadable = "?"

func deploymentName(s string) string {
	if httpx.Identifier(s) {
		return s
	}
	return unreadable
}

// enter authorises the operation on the deployment.
func (c *call) enter(deployment string) error {
	c.visit.Deployment = deployment
	e, err := c.caller.Enter(c.r.Context(), deployment)
	if err != nil {
		return err
	}
	c.entry = e
	if d := e.Deployment(); d != nil {
		h := c.w.Header()
		h.Set("x-ms-deployment-name", d.Name)
		h.Set(filterRan, "false") // until the guards have judged
	}
	return nil
}

// filterRan is the header that tells whether the prompt was judged (section 15).
const filterRan = "x-ms-rai-invoked"

func (c *call) apiVersion() error {
	c.version = "v1"
	if !c.route.Dated {
		return nil
	}
	// A query that cannot be read has no api-version either.
	q, err := url.ParseQuery(c.r.URL.RawQuery)
	given := q["api-version"]
	if err != nil || len(given) != 1 || !knownVersion[given[0]] {
		return problemNotFound
	}
	c.version = given[0]
	return nil
}

// credential takes the one credential of a request. A header given twice or two
// headers that disagree prove nothing: there must be no doubt about who asks.
func credential(h http.Header) identity.Credential {
	keys := append(h.Values("api-key"), h.Values("Ocp-Apim-Subscription-Key")...)
	all := keys
	for _, v := range h.Values("Authorization") {
		scheme, token, _ := strings.Cut(v, " ")
		if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") {
			token = "" // another scheme counts as a value that differs
		}
		all = append(all[:len(all):len(all)], token)
	}
	for _, v := range all {
		if v == "" || v != all[0] {
			return identity.Credential{}
		}
	}
	switch {
	case len(keys) > 0:
		return identity.Credential{Kind: identity.Key, Secret: identity.NewSecret(keys[0])}
	case len(all) > 0:
		return identity.Credential{Kind: identity.Bearer, Secret: identity.NewSecret(all[0])}
	}
	return identity.Credential{}
}

// headers sets what every response has (section 15).
func (c *call) headers() {
	h := c.w.Header()
	client := httpx.ClientID(c.r.Header.Get("x-ms-client-request-id"))
	if client == "" {
		client = c.id
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache, must-revalidate")
	h.Set("access-control-allow-origin", "*")
	h.Set("apim-request-id", c.id)
	h.Set("x-request-id", c.id)
	h.Set("x-ms-client-request-id", client)
	h.Set("x-content-type-options", "nosniff")
	if c.r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	}
}

func limitHeaders(h http.Header, l gate.RateLimits) {
	if !l.Set {
		return
	}
	set := func(name string, n int) { h.Set(name, strconv.Itoa(n)) }
	if l.LimitRequests > 0 {
		set("x-ratelimit-limit-requests", l.LimitRequests)
		set("x-ratelimit-remaining-requests", l.RemainingRequests)
		set("x-ratelimit-reset-requests", seconds(l.ResetRequests))
	}
	if l.LimitTokens > 0 {
		set("x-ratelimit-limit-tokens", l.LimitTokens)
		set("x-ratelimit-remaining-tokens", l.RemainingTokens)
		set("x-ratelimit-reset-tokens", seconds(l.ResetTokens))
	}
}

// fail is the error boundary: the only place where an error becomes a response.
func (c *call) fail(err error) {
	p := c.problem(err)
	if !p.recorded {
		// The record comes first. Without it the caller still gets a refusal, only a different one.
		if rerr := c.refuse(p); rerr != nil {
			c.s.config.Log.LogAttrs(c.r.Context(), slog.LevelError, "refusal is not on the record", slog.String("request", c.id))
			p = unavailable(gate.RecordUnavailable, false, rerr)
		}
	}
	level := slog.LevelInfo
	if p.Status >= 500 {
		level = slog.LevelError
	}
	// Causes are errors of our own packages; their texts hold no content by contract.
	attrs := []slog.Attr{slog.String("request", c.id), slog.Int("status", p.Status), slog.String("code", p.outcome.String())}
	if p.cause != nil && (p.Status >= 500 || p.outcome == gate.BackendFailed) {
		attrs = append(attrs, slog.Any("cause", p.cause))
	}
	c.s.config.Log.LogAttrs(c.r.Context(), level, "request refused", attrs...)
	if c.w.Status != 0 || p.Status == statusGone {
		return // half an answer is out, or nobody is there: the stream has said what could be said
	}
	c.write(p)
}

// stray is the visit of a request that ended before anybody was identified.
func (c *call) stray() gate.Visit {
	operation := "unknown"
	if c.route != nil {
		operation = c.route.Operation
	}
	return gate.Visit{
		From: httpx.ClientAddr(c.r), Link: httpx.PlaceOf(c.r.Context()).Link,
		Operation: operation, Surface: "openai", RequestID: c.id,
	}
}

func (c *call) write(p *Problem) {
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	p.header(h)
	body := p.append(make([]byte, 0, 1024))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_ = httpx.WriteOnce(c.w, p.Status, body) // a client that left is nobody's error
}

// refuse records p where this package must: after the gate knows the caller and
// before the exchange took over. Strangers who ask for paths that do not exist are not
// recorded one by one.
func (c *call) refuse(p *Problem) error {
	o := gate.Outcome{Status: p.Status, Code: p.outcome}
	ctx := context.WithoutCancel(c.r.Context())
	switch {
	case c.handed:
		return nil
	case c.caller == nil:
		return c.s.config.Service.Stray(ctx, c.stray(), o)
	case c.entry != nil:
		return c.entry.Refuse(ctx, o)
	}
	return c.caller.Refuse(ctx, o)
}

// contain ends a request that panicked: recorded as an internal fault, answered
// with 500 if a status line is still possible, else the connection is cut.
func (c *call) contain() {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	httpx.LogPanic(c.r.Context(), c.s.config.Log, v)
	p := internalFault(c.id, nil)
	_ = c.refuse(p) // best effort: the fault may lie there
	if c.w.Status != 0 {
		panic(http.ErrAbortHandler)
	}
	c.w.Header().Set("Connection", "close")
	c.write(p)
}

// unsupported answers for operations that are not built. A valid credential and a
// permitted place are needed: strangers learn nothing.
func (c *call) unsupported() error {
	if err := c.enter(""); err != nil {
		return err
	}
	p := invalid("", notSupported, "The "+c.route.Operation+" operation is not available on this service.")
	return p
}
