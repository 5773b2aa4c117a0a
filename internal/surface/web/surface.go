package web

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sallyport/internal/chat"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
	"sallyport/internal/resource"
	"sallyport/internal/surface/httpx"
)

// policy is the content security policy of every response. No string becomes
// HTML or script anywhere (trusted-types 'none'), nothing comes from elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Config is what a Surface cannot run without.
type Config struct {
	Door       Door
	Chat       *chat.Service
	Library    chat.Library
	Resource   *resource.Resource
	Deployment string // the chat deployment that answers
	// Organisation is whose assistant it is; Scope says in a sentence what it is for.
	Organisation, Scope string
	// Examples are questions that the person's documents answer. Nil: none.
	Examples func(context.Context, identity.Principal) []string
	Language string // of the catalogue; "" is "en"
	// FormKey makes the form tokens: pages that are open outlive a reload with the
	// same key. The zero key is a random one.
	FormKey [32]byte
	Log     *slog.Logger
}

// Surface serves the pages. Safe for concurrent use.
type Surface struct {
	cfg    Config
	texts  *Catalogue
	assets *assets
	pages  *template.Template
	key    [32]byte // makes the form tokens; dies with the process
}

// New builds the pages. A text that is missing in the catalogue is an error here,
// not a gap on a page.
func New(cfg Config) (*Surface, error) {
	switch {
	case cfg.Door == nil, cfg.Chat == nil, cfg.Library == nil:
		return nil, errors.New("web: Door, Chat and Library are required")
	case cfg.Resource == nil || cfg.Resource.Deployments[cfg.Deployment] == nil:
		return nil, errors.New("web: the resource has no such deployment")
	}
	if cfg.Language == "" {
		cfg.Language = "en"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Surface{cfg: cfg}
	var err error
	if s.texts, err = OpenCatalogue(cfg.Language); err != nil {
		return nil, err
	}
	if s.assets, err = openAssets(); err != nil {
		return nil, fmt.Errorf("page assets: %w", err)
	}
	if s.pages, err = parsePages(s.texts, s.assets); err != nil {
		return nil, fmt.Errorf("page templates: %w", err)
	}
	if s.key = cfg.FormKey; s.key == [32]byte{} {
		_, _ = rand.Read(s.key[:]) // never fails
	}
	return s, nil
}

// visit is a request under way.
type visit struct {
	*http.Request
	route    *Route
	id       string   // the request's id: the reference code
	args     []string // the identifiers of the path
	secret   string   // the session's secret, "" without one
	key      chat.SessionKey
	Visitor  Visitor // nil on public routes
	recorded bool
}

// fault is an error that a person is told about: a key of the catalogue's states
// and a status. Cause is for the log.
type fault struct {
	status int
	state  string
	args   []any
	retry  time.Duration
	cause  error
}

func (f *fault) Error() string { return f.state }
func (f *fault) Unwrap() error { return f.cause }

var errMissing = &fault{status: http.StatusNotFound, state: "missing"}

// ServeHTTP serves the pages and their API.
func (s *Surface) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	headers(w.Header(), r.TLS != nil)
	v := &visit{Request: r, id: httpx.RequestID(r.Context())}
	if v.id == "" {
		v.id = httpx.NewID()
	}
	w.Header().Set("X-Request-Id", v.id)
	if err := s.serve(w, v); err != nil {
		s.tell(w, v, err)
	}
}

func headers(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("Origin-Agent-Cluster", "?1")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=(), browsing-topics=()")
	h.Set("Cache-Control", "no-store")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func (s *Surface) serve(w http.ResponseWriter, v *visit) error {
	if err := v.find(); err != nil {
		return err
	}
	if err := sameOrigin(v); err != nil {
		return err
	}
	if c, err := v.Cookie(cookieName(v.Request)); err == nil && len(c.Value) <= 512 {
		v.secret = c.Value
		v.key = sha256.Sum256([]byte("sallyport page session " + c.Value))
	}
	if v.route.Public {
		return v.route.serve(s, w, v)
	}
	if err := s.enter(v); err != nil {
		return err
	}
	if v.route.Changes && !s.tokenFits(v) {
		return &fault{status: http.StatusForbidden, state: "stale"}
	}
	return v.route.serve(s, w, v)
}

// find takes the route for the request's method and path.
func (v *visit) find() error {
	known := false
	for i := range routes {
		args, ok := httpx.Match(nil, routes[i].Pattern, v.URL.EscapedPath())
		if !ok {
			continue
		}
		known = true
		if routes[i].Method == v.Method || routes[i].Method == http.MethodGet && v.Method == http.MethodHead {
			v.route, v.args = &routes[i], args
			return nil
		}
	}
	if known {
		return &fault{status: http.StatusMethodNotAllowed, state: "missing"}
	}
	return errMissing
}

// sameOrigin refuses what another site makes a browser send. Reads by a link from
// elsewhere are fine for pages; the cookie stays behind (SameSite=Strict).
func sameOrigin(v *visit) error {
	site := v.Header.Get("Sec-Fetch-Site")
	refused := &fault{status: http.StatusForbidden, state: "stale"}
	if !v.route.Changes {
		if v.route.API && site != "" && site != "same-origin" && site != "none" {
			return refused
		}
		return nil
	}
	if site != "" {
		if site != "same-origin" {
			return refused
		}
		return nil
	}
	o, err := url.Parse(v.Header.Get("Origin"))
	if err != nil || o.Host == "" || o.Host != v.Host || (o.Scheme == "https") != (v.TLS != nil) {
		return refused
	}
	return nil
}

func (s *Surface) enter(v *visit) error {
	visit := gate.Visit{
		Resource:   s.cfg.Resource,
		Credential: identity.Credential{Kind: identity.Session, Secret: identity.NewSecret(v.secret)},
		From:       httpx.ClientAddr(v.Request),
		Link:       httpx.PlaceOf(v.Context()).Link,
		Action:     v.route.Action,
		Operation:  v.route.Operation,
		Surface:    "web",
		RequestID:  v.id,
	}
	if v.route.Action == gate.PageUse {
		visit.Deployment = s.cfg.Deployment
	}
	if v.secret == "" {
		visit.Credential = identity.Credential{}
	}
	who, err := s.cfg.Door.Enter(v.Context(), visit)
	if err != nil {
		return s.refused(v, err)
	}
	if who.Who().ID == "" {
		return &fault{status: http.StatusUnauthorized, state: "session_ended"}
	}
	v.Visitor = who
	return nil
}

// refused translates the gate's word. Who has no session learns nothing else.
func (s *Surface) refused(v *visit, err error) error {
	r, ok := errors.AsType[*gate.Refusal](err)
	if !ok {
		return err
	}
	switch r.Code {
	case gate.InvalidKey, gate.InvalidToken:
		if v.secret != "" {
			s.cfg.Chat.End(v.key)
		}
		return &fault{status: http.StatusUnauthorized, state: "session_ended", cause: err}
	case gate.RecordUnavailable:
		return &fault{status: http.StatusServiceUnavailable, state: "record_down", cause: err}
	case gate.TokenLimit, gate.RequestLimit:
		return &fault{status: http.StatusTooManyRequests, state: "limited", retry: r.RetryAfter, cause: err}
	case gate.MissingRole, gate.PublicAccessDisabled, gate.AddressDenied, gate.LinkDenied, gate.KeyAuthDisabled:
		return &fault{status: http.StatusForbidden, state: "no_access", cause: err}
	}
	return &fault{status: http.StatusServiceUnavailable, state: "failed", cause: err}
}

// done puts a read on the record before it is shown.
func (v *visit) done(targets ...string) error {
	v.recorded = true
	if err := v.Visitor.Record(v.Context(), gate.Outcome{Status: http.StatusOK, OK: true, Targets: targets}); err != nil {
		return &fault{status: http.StatusServiceUnavailable, state: "record_down", cause: err}
	}
	return nil
}

// tell is the only place where an error becomes a response.
func (s *Surface) tell(w http.ResponseWriter, v *visit, err error) {
	f, ok := errors.AsType[*fault](err)
	if !ok {
		f = &fault{status: http.StatusInternalServerError, state: "failed", cause: err}
	}
	if v.Visitor != nil && !v.recorded {
		code := gate.BadRequest
		switch {
		case f.status == http.StatusNotFound:
			code = gate.NotFound
		case f.status >= 500:
			code = gate.Internal
		}
		if err := v.Visitor.Record(v.Context(), gate.Outcome{Status: f.status, Code: code}); err != nil {
			f = &fault{status: http.StatusServiceUnavailable, state: "record_down", cause: err}
		}
	}
	level := slog.LevelInfo
	if f.status >= 500 {
		level = slog.LevelError
	}
	s.cfg.Log.LogAttrs(v.Context(), level, "page request refused",
		slog.String("request", v.id), slog.Int("status", f.status), slog.String("state", f.state), slog.Any("err", f.cause))
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(f.retry)))
	}
	if f.status == http.StatusUnauthorized && v.secret != "" {
		http.SetCookie(w, s.cookie(v.Request, "", -1))
	}
	if v.route != nil && v.route.API || v.route == nil && !wantsPage(v.Request) {
		_ = s.json(w, f.status, problem{s.problem(f, v.id)})
		return
	}
	if f.status == http.StatusUnauthorized {
		s.page(w, v, f.status, "signedout", nil)
		return
	}
	s.page(w, v, f.status, "notice", s.problem(f, v.id))
}

type problem struct {
	Error problemBody `json:"error"`
}

type problemBody struct {
	State      string `json:"state"`
	Title      string `json:"title"`
	Body       string `json:"body"`
	Reference  string `json:"reference"`
	RetryAfter int    `json:"retry_after,omitempty"`
}

func (s *Surface) problem(f *fault, id string) problemBody {
	return problemBody{
		State:      f.state,
		Title:      s.texts.say("state."+f.state+".title", f.args...),
		Body:       s.texts.say("state."+f.state+".body", f.args...),
		Reference:  id,
		RetryAfter: seconds(f.retry),
	}
}

// seconds rounds up: a page that tries again too early is refused again.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func (s *Surface) json(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return httpx.WriteOnce(w, status, b)
}

// page renders a template whole before the first byte leaves.
func (s *Surface) page(w http.ResponseWriter, v *visit, status int, name string, data any) {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, data); err != nil {
		s.cfg.Log.LogAttrs(v.Context(), slog.LevelError, "page could not be rendered", slog.String("request", v.id), slog.String("page", name), slog.Any("err", err))
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = httpx.WriteOnce(w, status, b.Bytes())
}

// cookieName: on TLS the browser itself then guarantees Secure, our host and "/".
func cookieName(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-sallyport"
	}
	return "sallyport"
}

func (s *Surface) cookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: cookieName(r), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode}
}

// token ties forms and API calls to the session, in case a same-origin check is
// ever fooled.
func (s *Surface) token(secret string) string {
	m := hmac.New(sha256.New, s.key[:])
	m.Write([]byte("form token " + secret))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (s *Surface) tokenFits(v *visit) bool {
	given := v.Header.Get("X-Form-Token")
	if given == "" && !v.route.API {
		v.Body = http.MaxBytesReader(nil, v.Body, formBytes)
		given = v.PostFormValue("token")
	}
	return hmac.Equal([]byte(given), []byte(s.token(v.secret)))
}

// formBytes bounds a form: a token and a link.
const formBytes = 4 << 10
