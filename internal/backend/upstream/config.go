package upstream

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Config is what an upstream needs. Name and Endpoint are required; the zero
// value of everything else is a sensible default, named at the field.
type Config struct {
	Name     string   // the backend's name in the configuration; permits must name it
	Endpoint *url.URL // scheme http or https; no user, query or fragment

	// Key returns the credential for the backend, each time anew so that a rotated
	// key is taken up; KeyFile makes one. Nil sends none. The caller's own
	// credentials never come near a backend.
	Key func(ctx context.Context) (string, error)

	CA        *x509.CertPool // nil: the system's
	Proxy     *url.URL       // nil: none. Proxies of the environment are always ignored
	AllowHTTP bool           // permits plain HTTP to hosts other than loopback

	Timeouts Timeouts
	Limits   Limits
	Breaker  Breaker

	// NoStreamOptions leaves stream_options out of streamed requests, for backends
	// that refuse the member. Their streams then tell no usage.
	NoStreamOptions bool
	LimitField      LimitField

	// CheckAddress sees every resolved address before it is dialled, after the
	// built-in refusal of link-local, multicast and unspecified ones. Nil: no further check.
	CheckAddress func(netip.AddrPort) error

	Logger *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // nil: time.Now

	// Dial replaces the network, for tests. The check of the host stands before it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Timeouts bound the phases of a call. Zero means the default.
type Timeouts struct {
	Dial      time.Duration // name look-up and TCP connection: 5 s
	TLS       time.Duration // 5 s
	FirstByte time.Duration // from the request to the first event of a stream: 120 s
	Unary     time.Duration // from the request to the end of an answer that is not streamed: 10 min
	Idle      time.Duration // between two events of a stream, comments don't count: 60 s
	Whole     time.Duration // all of a stream: 10 min
}

// Limits bound what is read of one answer. Zero means the default.
type Limits struct {
	Line   int   // one line of an event stream: 4 MiB
	Answer int64 // all bytes of an answer on the wire: 256 MiB streamed; a JSON answer a quarter of it
	Text   int64 // all text of an answer, decoded: 16 MiB
}

// Breaker is the circuit breaker's policy. Zero means the default.
type Breaker struct {
	Failures int           // consecutive failures that open it: 5
	Open     time.Duration // how long it stays open before probes: 10 s
	Probes   int           // calls let through while half open: 2
	Off      bool          // never opens
}

// LimitField is the member in which the limit of output tokens is sent.
type LimitField uint8

// The ways to send the output limit.
const (
	AsAsked             LimitField = iota // the member that the caller used; max_tokens when there was none
	MaxTokens                             // for older servers that know only this
	MaxCompletionTokens                   // for reasoning models, which refuse max_tokens
)

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&c.Timeouts.Dial, 5*time.Second)
	set(&c.Timeouts.TLS, 5*time.Second)
	set(&c.Timeouts.FirstByte, 120*time.Second)
	set(&c.Timeouts.Unary, 10*time.Minute)
	set(&c.Timeouts.Idle, 60*time.Second)
	set(&c.Timeouts.Whole, 10*time.Minute)
	set(&c.Breaker.Open, 10*time.Second)
	if c.Limits.Line == 0 {
		c.Limits.Line = 4 << 20
	}
	if c.Limits.Answer == 0 {
		c.Limits.Answer = 256 << 20
	}
	if c.Limits.Text == 0 {
		c.Limits.Text = 16 << 20
	}
	if c.Breaker.Failures == 0 {
		c.Breaker.Failures = 5
	}
	if c.Breaker.Probes == 0 {
		c.Breaker.Probes = 2
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// validate reports all findings at once.
func (c Config) validate() error {
	var all []error
	finding := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if c.Name == "" {
		finding("name: required")
	}
	if c.Endpoint == nil {
		finding("endpoint: required, e.g. https://host.example/v1")
		return errors.Join(all...)
	}
	u := c.Endpoint
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		finding("endpoint: scheme must be https or http")
	case u.Scheme == "http" && !c.AllowHTTP && !loopback(u.Hostname()):
		finding("endpoint: plain HTTP to a host that is not loopback needs allow_http")
	}
	if u.Hostname() == "" {
		finding("endpoint: has no host")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		finding("endpoint: must have no user, query or fragment; credentials come from a key file")
	}
	if p := c.Proxy; p != nil && (p.Hostname() == "" || p.Scheme != "http" && p.Scheme != "https") {
		finding("proxy: must be an http or https URL with a host")
	}
	t := c.Timeouts
	for _, d := range []time.Duration{t.Dial, t.TLS, t.FirstByte, t.Unary, t.Idle, t.Whole, c.Breaker.Open} {
		if d < 0 {
			finding("timeouts: must not be negative")
			break
		}
	}
	if c.Limits.Line < 0 || c.Limits.Answer < 0 || c.Limits.Text < 0 || c.Breaker.Failures < 0 || c.Breaker.Probes < 0 {
		finding("limits: must not be negative")
	}
	return errors.Join(all...)
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// Dialect is what tells one kind of upstream from another.
type Dialect struct {
	// URL returns the address of an operation; it MUST keep the scheme and host of base.
	URL func(base *url.URL, op Operation, model string) *url.URL
	// Authorize puts the credential into the request's header.
	Authorize func(h http.Header, key string)
	// NamesModel: the body has a "model" member.
	NamesModel bool
	// CheckModel refuses a name that the dialect cannot carry. Nil: any name.
	CheckModel func(model string) error
}

// Operation is what is asked of an upstream.
type Operation uint8

// The operations.
const (
	Chat Operation = iota
	Embeddings
)
