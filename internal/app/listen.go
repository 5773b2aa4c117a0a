package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"sallyport/internal/config"
	"sallyport/internal/gate/quota"
	"sallyport/internal/record/audit"
	"sallyport/internal/surface/httpx"
	"sallyport/internal/surface/web"
)

// ear is one listener under way.
type ear struct {
	name     string
	config   *config.Listener
	listener net.Listener
	server   *http.Server
	counters *httpx.Counters
}

// operational reports whether the ear serves health and metrics only.
func (e *ear) operational() bool {
	return !slices.ContainsFunc(e.config.Serves, func(s string) bool { return s == "api" || s == "web" })
}

// URL is where the ear is reached.
func (e *ear) URL() string {
	scheme := "http"
	if e.config.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + e.listener.Addr().String()
}

func (a *App) listen() error {
	c := a.o.Config
	for _, name := range sortedKeys(c.Listeners) {
		e, err := a.openEar(name, c.Listeners[name])
		if err != nil {
			return fmt.Errorf("listener %s: %w", name, err)
		}
		a.ears = append(a.ears, e)
		a.undo.add(func() error {
			if err := e.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				return err
			}
			return nil
		})
		a.state.metrics.gauge("sallyport_connections_"+metricName(name), "Connections accepted by the listener.", func() float64 { return float64(e.counters.Connections.Load()) })
		a.state.metrics.gauge("sallyport_malformed_"+metricName(name), "Connections closed without one request that could be read.", func() float64 { return float64(e.counters.Malformed.Load()) })
	}
	return nil
}

func metricName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(s))
}

func (a *App) openEar(name string, c *config.Listener) (*ear, error) {
	cert, err := certificate(c.TLS)
	if err != nil {
		return nil, err
	}
	settings := httpx.Settings{
		Place:          httpx.Place{Listener: name, Link: c.Link, Proxies: c.Proxies()},
		MaxConnections: a.o.Config.Limits.Connections, TLS: cert, Log: a.log,
	}
	l, err := net.Listen("tcp", c.Address)
	if err != nil {
		return nil, err
	}
	e := &ear{name: name, config: c}
	e.server, e.counters = httpx.NewServer(a.handler(c), settings)
	e.listener = httpx.Listen(l, settings, e.counters)
	return e, nil
}

// certificate is what a listener shows; nil for plain HTTP.
func certificate(c *config.TLS) (*tls.Config, error) {
	if c == nil {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tlsVersion(c.Min)}, nil
}

func tlsVersion(word string) uint16 {
	if word == "1.3" {
		return tls.VersionTLS13
	}
	return tls.VersionTLS12
}

// handler serves what a listener serves: operations on a mux of their own, the
// pages for their paths, and the API for everything else.
func (a *App) handler(c *config.Listener) http.Handler {
	health, numbers := slices.Contains(c.Serves, "health"), slices.Contains(c.Serves, "metrics")
	api, pages := slices.Contains(c.Serves, "api"), slices.Contains(c.Serves, "web")
	ops := a.operations(health, numbers)
	return httpx.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.handlers.Add(1)
		defer a.handlers.Done()
		p := a.parts.Load()
		switch {
		case (health || numbers) && operational(r.URL.Path):
			ops.ServeHTTP(w, r)
		case pages && p.pages != nil && (!api || web.Serves(r)):
			p.pages.ServeHTTP(w, r)
		case api:
			p.api.ServeHTTP(w, r)
		default:
			ops.ServeHTTP(w, r)
		}
	}), httpx.Guarded{Log: a.log, Panicked: panicked})
}

func operational(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/metrics"
}

// panicked answers a request whose handler panicked, in the API's shape.
func panicked(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Request-Id", httpx.RequestID(r.Context()))
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write([]byte(`{"error":{"message":"The server had an error processing your request.","type":"server_error","param":null,"code":"server_error"}}`))
}

// operations serves health, readiness and metrics.
func (a *App) operations(health, numbers bool) http.Handler {
	metrics := a.state.metrics.handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		switch {
		case health && r.URL.Path == "/healthz":
			_, _ = w.Write([]byte("ok\n"))
		case health && r.URL.Path == "/readyz":
			a.readiness(w, r)
		case numbers && r.URL.Path == "/metrics":
			metrics.ServeHTTP(w, r)
		default:
			http.Error(w, "not found", http.StatusNotFound)
		}
	})
}

// readiness says whether requests can be served: the record must be writable.
func (a *App) readiness(w http.ResponseWriter, r *http.Request) {
	word := ""
	switch {
	case !a.ready.Load():
		word = "draining"
	case a.state.record.writable(r.Context()) != nil:
		word = "the record cannot be written"
	default:
		_, _ = w.Write([]byte("ready\n"))
		return
	}
	http.Error(w, word, http.StatusServiceUnavailable)
}

// Run serves until ctx ends, drains and closes everything. Its error is of a
// listener that failed, or of closing.
func (a *App) Run(ctx context.Context) error {
	failed := make(chan error, len(a.ears))
	for _, e := range a.ears {
		go func() { failed <- e.serve() }()
	}
	a.ready.Store(true)
	for _, e := range a.ears {
		a.log.Info("listening", slog.String("listener", e.name), slog.String("address", e.URL()))
	}
	a.log.Info("ready", slog.String("state", a.o.Config.DataDir), slog.String("version", a.o.Version))
	err := a.announce()
	running := len(a.ears)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
			running--
		}
	}
	a.ready.Store(false)
	return errors.Join(err, a.drain(failed, running), a.Close())
}

func (a *App) announce() error {
	if a.o.Ready == nil {
		return nil
	}
	return a.o.Ready()
}

func (e *ear) serve() error {
	err := e.server.Serve(e.listener) // TLS is the listener's
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("listener %s: %w", e.name, err)
}

// drain lets requests end within a bound, then cuts what is left.
func (a *App) drain(failed <-chan error, running int) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.o.Config.Limits.DrainDeadline)
	defer cancel()
	var err error
	a.log.Info("draining")
	// Health and metrics are served to the end: who watches sees "draining", not a
	// dead process.
	shutdown := func(last bool) {
		for _, e := range a.ears {
			if e.operational() == last && e.server.Shutdown(ctx) != nil {
				// Late answers are cut: their outcome is still recorded.
				_ = e.server.Close()
			}
		}
	}
	shutdown(false)
	shutdown(true)
	for range running {
		err = errors.Join(err, <-failed)
	}
	a.settle()
	rctx, rcancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer rcancel()
	_, rerr := a.state.record.Append(rctx, audit.Entry{Kind: audit.Stopped, Operation: "service.stop"})
	return errors.Join(err, rerr)
}

// settle waits for handlers that were cut: each still owes the record its outcome.
func (a *App) settle() {
	done := make(chan struct{})
	go func() { a.handlers.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(settleDeadline):
		a.log.Error("a handler did not end; the next start records its outcome as unknown")
	}
}

// settleDeadline is longer than the gate's own deadline for writing an outcome.
const settleDeadline = 12 * time.Second

// pageURL is where people reach the page.
func (a *App) pageURL() string {
	if p := a.o.Config.Page; p == nil {
		return ""
	} else if p.URL != "" {
		return strings.TrimSuffix(p.URL, "/")
	}
	for _, e := range a.ears {
		if slices.Contains(e.config.Serves, "web") {
			return e.URL()
		}
	}
	return ""
}

// Address is where the named listener is reached, e.g. http://127.0.0.1:8080.
func (a *App) Address(listener string) string {
	for _, e := range a.ears {
		if e.name == listener {
			return e.URL()
		}
	}
	return ""
}

// recent yields the entries of the log that quota recovery needs: those of the
// last minute, and what else a reader must pass on the way. It steps back from the
// end, so that the start is fast however long the log is.
func recent(l *audit.Log, now time.Time) iter.Seq2[audit.Entry, error] {
	size := l.Size()
	back := int64(1024)
	for back < size && back < recentEntries && !olderThanWindow(l, size-back, now) {
		back *= 4
	}
	from := max(0, size-back)
	return func(yield func(audit.Entry, error) bool) {
		for e, err := range l.Read(from) {
			if !yield(e.Entry, err) || err != nil {
				return
			}
		}
	}
}

func olderThanWindow(l *audit.Log, index int64, now time.Time) bool {
	for e, err := range l.Read(index) {
		return err != nil || now.Sub(e.Time) > quota.Window
	}
	return true
}

// recentEntries bounds what quota recovery reads: two entries a request at the
// record's top rate for a minute.
const recentEntries = 1 << 20
