package httpx

import (
	"context"
	"crypto/tls"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
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
	TLS            *tls.Config  // nil: plain HTTP
	Log            *slog.Logger // required
}

// Counters are what a server saw beside its requests. Safe for concurrent use.
type Counters struct {
	Connections atomic.Int64 // accepted
	Malformed   atomic.Int64 // closed without one request that could be read
	TLSFailures atomic.Int64
	OtherErrors atomic.Int64 // whatever else net/http reports
	conns       sync.Map     // net.Conn -> *conn
	log         *slog.Logger
}

type conn struct {
	served atomic.Bool
	tls    *tls.ConnectionState // where net/http does not know it
}

type connKey struct{}

func served(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.served.Store(true)
		if r.TLS == nil {
			r.TLS = c.tls
		}
	}
}

// NewServer returns a server for handler with every deadline set. ReadTimeout and
// WriteTimeout stay zero: they would cut long answers. Guard bounds the body and
// EventWriter each write instead. Listen bounds the connections.
func NewServer(handler http.Handler, s Settings) (*http.Server, *Counters) {
	c := &Counters{log: s.Log}
	place := s.Place
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: or(s.HeaderTimeout, DefaultHeaderTimeout),
		IdleTimeout:       or(s.IdleTimeout, DefaultIdleTimeout),
		MaxHeaderBytes:    or(s.HeaderBytes, DefaultHeaderBytes),
		ErrorLog:          log.New(&errorSink{c}, "", 0),
		BaseContext:       func(net.Listener) context.Context { return WithPlace(context.Background(), &place) },
		ConnContext: func(ctx context.Context, nc net.Conn) context.Context {
			info := &conn{}
			if cc, ok := nc.(*contractConn); ok {
				info.tls = cc.tls
			}
			c.conns.Store(nc, info)
			return context.WithValue(ctx, connKey{}, info)
		},
		ConnState: c.state,
		// "*" requests reach the handler like any other path instead of a built-in answer.
		DisableGeneralOptionsHandler: true,
	}
	if s.TLS != nil {
		srv.TLSConfig = protocols(s.TLS) // how net/http learns that it speaks HTTP/2
	}
	return srv, c
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
type errorSink struct{ c *Counters }

func (e *errorSink) Write(line []byte) (int, error) {
	e.c.OtherErrors.Add(1)
	e.c.failed("other")
	return len(line), nil
}

// handshakeFailed counts a connection that never came to a request.
func (c *Counters) handshakeFailed() {
	c.Connections.Add(1)
	c.Malformed.Add(1)
	c.TLSFailures.Add(1)
	c.failed("tls_handshake")
}

func (c *Counters) failed(kind string) {
	c.log.LogAttrs(context.Background(), slog.LevelDebug, "connection failed", slog.String("kind", kind))
}
