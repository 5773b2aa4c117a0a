package httpx

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
)

// The bounds of a server. Zero fields of Settings mean these.
const (
	DefaultHeaderTimeout  = 10 * time.Second // an unfinished header is dropped; the contract allows 30 s
	DefaultIdleTimeout    = 120 * time.Second
	DefaultHeaderBytes    = 64 << 10 // tokens with many groups reach 16 KiB
	DefaultMaxConnections = 4096
)

// Settings of a listener's server.
type Settings struct {
	Place          Place
	HeaderTimeout  time.Duration
	IdleTimeout    time.Duration
	HeaderBytes    int
	MaxConnections int
	Log            *slog.Logger // required
}

// Counters are what a server saw beside its requests. Safe for concurrent use.
type Counters struct {
	Connections atomic.Int64 // accepted
	Malformed   atomic.Int64 // closed without one request that could be read
	TLSFailures atomic.Int64
	OtherErrors atomic.Int64 // whatever else net/http reports
	conns       sync.Map     // net.Conn -> *conn
}

type conn struct{ served atomic.Bool }

type connKey struct{}

func served(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*conn); ok {
		c.served.Store(true)
	}
}

// NewServer returns a server for handler with every deadline set. ReadTimeout and
// WriteTimeout stay zero: they would cut long answers. Guard bounds the body and
// EventWriter each write instead. Listen bounds the connections.
func NewServer(handler http.Handler, s Settings) (*http.Server, *Counters) {
	c := &Counters{}
	place := s.Place
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: or(s.HeaderTimeout, DefaultHeaderTimeout),
		IdleTimeout:       or(s.IdleTimeout, DefaultIdleTimeout),
		MaxHeaderBytes:    or(s.HeaderBytes, DefaultHeaderBytes),
		ErrorLog:          log.New(&errorSink{c, s.Log}, "", 0),
		BaseContext:       func(net.Listener) context.Context { return WithPlace(context.Background(), &place) },
		ConnContext: func(ctx context.Context, nc net.Conn) context.Context {
			info := &conn{}
			c.conns.Store(nc, info)
			return context.WithValue(ctx, connKey{}, info)
		},
		ConnState: c.state,
		// "*" requests reach the handler like any other path instead of a built-in answer.
		DisableGeneralOptionsHandler: true,
	}
	return srv, c
}

// Listen bounds the open connections of l: beyond it clients wait in the backlog.
func Listen(l net.Listener, s Settings) net.Listener {
	return contractListener{netutil.LimitListener(l, or(s.MaxConnections, DefaultMaxConnections))}
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (c *Counters) state(nc net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		c.Connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		info, ok := c.conns.LoadAndDelete(nc)
		if ok && s == http.StateClosed && !info.(*conn).served.Load() {
			c.Malformed.Add(1)
		}
	}
}

// errorSink counts the lines that net/http logs and drops their text, which can
// hold what a client sent.
type errorSink struct {
	c   *Counters
	log *slog.Logger
}

func (e *errorSink) Write(line []byte) (int, error) {
	kind := "other"
	switch {
	case bytes.Contains(line, []byte("TLS handshake error")):
		kind = "tls_handshake"
		e.c.TLSFailures.Add(1)
	default:
		e.c.OtherErrors.Add(1)
	}
	e.log.LogAttrs(context.Background(), slog.LevelDebug, "connection failed", slog.String("kind", kind))
	return len(line), nil
}
