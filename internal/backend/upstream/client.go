package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Stats count what a backend did, for metrics and tests. They only rise.
type Stats struct {
	Dials    int64 // connections tried, after the check of the host
	Refused  int64 // connections refused by that check
	Requests int64 // requests handed to the transport, repeats included
	Repeats  int64 // requests repeated because a kept connection was stale
	Opened   int64 // calls refused by an open circuit
	Sent     int64 // bytes of request bodies
	Read     int64 // bytes of answer bodies
}

type counters struct {
	dials, refused, requests, repeats, opened, sent, read atomic.Int64
}

func (c *counters) stats() Stats {
	return Stats{
		Dials: c.dials.Load(), Refused: c.refused.Load(), Requests: c.requests.Load(), Repeats: c.repeats.Load(),
		Opened: c.opened.Load(), Sent: c.sent.Load(), Read: c.read.Load(),
	}
}

var (
	errHost     = errors.New("this host is not the configured one")
	errAddress  = errors.New("the address may not be dialled")
	errPhase    = errors.New("the backend took too long")
	errTooLong  = errors.New("the answer is longer than allowed")
	errFinished = errors.New("the call is over")
)

// client carries requests to one host.
type client struct {
	cfg      Config
	count    *counters
	tr       *http.Transport
	dialable string // the one host:port that is ever dialled: the endpoint's, or the proxy's
}

func newClient(cfg Config, count *counters) *client {
	c := &client{cfg: cfg, count: count, dialable: hostPort(cfg.Endpoint)}
	if cfg.Proxy != nil {
		c.dialable = hostPort(cfg.Proxy)
	}
	c.tr = &http.Transport{
		Proxy:                 nil, // the environment's proxies must not see the traffic
		DialContext:           c.dial,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.CA},
		TLSHandshakeTimeout:   cfg.Timeouts.TLS,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // nothing is inflated: no bomb, no second reading of a body
		MaxIdleConnsPerHost:   128,  // twice the 64 answers that are expected in flight
		MaxIdleConns:          128,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		// What the transport may read ahead of the consumer: one buffer on HTTP/1.1,
		// the flow-control windows on HTTP/2 (their default is 4 MiB a stream).
		ReadBufferSize:         16 << 10,
		WriteBufferSize:        16 << 10,
		MaxResponseHeaderBytes: 64 << 10,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     256 << 10,
			MaxReceiveBufferPerConnection: 16 << 20,
			SendPingTimeout:               15 * time.Second, // a dead connection is found without traffic
			PingTimeout:                   10 * time.Second,
		},
	}
	if cfg.Proxy != nil {
		c.tr.Proxy = http.ProxyURL(cfg.Proxy)
	}
	return c
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// dial opens connections to the configured host and to nothing else: whatever
// may one day build a request here, its bytes cannot go anywhere else.
func (c *client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !strings.EqualFold(address, c.dialable) {
		c.count.refused.Add(1)
		return nil, errHost
	}
	c.count.dials.Add(1)
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeouts.Dial)
	defer cancel()
	if c.cfg.Dial != nil {
		return c.cfg.Dial(ctx, network, address)
	}
	d := net.Dialer{KeepAlive: 30 * time.Second, ControlContext: c.control}
	return d.DialContext(ctx, network, address)
}

// control sees each resolved address, so that a name that resolves elsewhere
// later (DNS rebinding) is caught too.
func (c *client) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err == nil {
		a := ap.Addr().Unmap()
		// Link-local holds the metadata services of clouds (169.254.169.254).
		if a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
			err = errAddress
		} else if c.cfg.CheckAddress != nil {
			err = c.cfg.CheckAddress(ap)
		}
	}
	if err != nil {
		c.count.refused.Add(1)
		return errAddress
	}
	return nil
}

// call is one request and its answer, from send to close. It is used by one
// goroutine; only the timer's function runs elsewhere and does no more than cancel.
type call struct {
	client *client
	ctx    context.Context // the call's own, ended by close, by the timer or by the caller
	cancel context.CancelCauseFunc
	timer  *time.Timer
	left   time.Duration // of the current phase
	whole  time.Time     // end of the whole call
	resp   *http.Response
	read   int64
	most   int64
	ended  bool // the answer's body was read to its end
}

// send sends the request once, and a second time when the connection it went out
// on had been kept from an earlier call and broke before the first byte of an
// answer: the usual sign of a server that closed it meanwhile. A fresh
// connection is never tried twice; that is the exchange's decision.
func (c *client) send(ctx context.Context, u *url.URL, header http.Header, body []byte, first, whole time.Duration) (*call, error) {
	k := &call{client: c, left: first, whole: time.Now().Add(whole)}
	k.ctx, k.cancel = context.WithCancelCause(ctx)
	k.timer = time.AfterFunc(min(first, whole), k.late)
	began := time.Now()

	resp, stale, err := c.roundTrip(k.ctx, u, header, body)
	if err != nil && stale && k.ctx.Err() == nil {
		c.tr.CloseIdleConnections() // the others are as old
		c.count.repeats.Add(1)
		resp, _, err = c.roundTrip(k.ctx, u, header, body)
	}
	k.timer.Stop()
	k.left -= time.Since(began)
	if err != nil {
		err = k.explain(err)
		k.cancel(errFinished)
		return nil, err
	}
	k.resp = resp
	return k, nil
}

func (k *call) late() { k.cancel(errPhase) }

// roundTrip goes past http.Client on purpose: no redirects, no cookies, no
// environment. stale reports that a failure may be the connection's age.
func (c *client) roundTrip(ctx context.Context, u *url.URL, header http.Header, body []byte) (*http.Response, bool, error) {
	var kept, answered atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(i httptrace.GotConnInfo) { kept.Store(i.Reused) },
		GotFirstResponseByte: func() { answered.Store(true) },
	})
	req := (&http.Request{
		Method: http.MethodPost, URL: u, Host: u.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(body)),
		GetBody:       func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
		ContentLength: int64(len(body)),
	}).WithContext(ctx)
	c.count.requests.Add(1)
	c.count.sent.Add(int64(len(body)))
	resp, err := c.tr.RoundTrip(req)
	return resp, kept.Load() && !answered.Load(), err
}

// phase starts the next phase: from now on d may pass while waiting for bytes.
func (k *call) phase(d time.Duration) { k.left = d }

// Read reads the answer's body. The clock of the phase runs only in here: a
// consumer that is slow to take events is not the backend's fault.
func (k *call) Read(p []byte) (int, error) {
	if err := k.ctx.Err(); err != nil {
		return 0, k.explain(err)
	}
	began := time.Now()
	k.timer.Reset(max(0, min(k.left, k.whole.Sub(began))))
	n, err := k.resp.Body.Read(p)
	k.timer.Stop()
	k.left -= time.Since(began)
	k.read += int64(n)
	k.client.count.read.Add(int64(n))
	if k.most > 0 && k.read > k.most {
		return n, errTooLong
	}
	if err == io.EOF {
		k.ended = true
	} else if err != nil {
		err = k.explain(err)
	}
	return n, err
}

// explain puts the reason of an ended context in place of the transport's words:
// errPhase when the timer ended it, else the caller's context.Canceled or
// context.DeadlineExceeded (never a cause that the caller may have attached).
func (k *call) explain(err error) error {
	if k.ctx.Err() == nil {
		return err
	}
	if context.Cause(k.ctx) == errPhase {
		return errPhase
	}
	return k.ctx.Err()
}

// close ends the call. When the answer is complete but for the transport's own
// end mark, that is read first so that the connection can be kept.
func (k *call) close(complete bool) {
	if complete && !k.ended && k.ctx.Err() == nil {
		const grace, most = 100 * time.Millisecond, 4 << 10
		k.left = grace
		var b [512]byte
		for total := 0; total < most && !k.ended; {
			n, err := k.Read(b[:])
			total += n
			if err != nil {
				break
			}
		}
	}
	k.timer.Stop()
	if !k.ended {
		k.cancel(errFinished) // before Close, which else might wait for the rest
	}
	_ = k.resp.Body.Close()
	k.cancel(errFinished)
}
