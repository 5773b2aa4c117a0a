package httpx

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"
)

// net/http answers a request that it cannot read by itself, in plain text, before
// any handler runs, and one that does not arrive in time not at all. contractListener
// puts these answers into the contract's shape and on the record.
type contractListener struct {
	net.Listener
	refuser refuser
}

func (l contractListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &contractConn{Conn: c, refuser: l.refuser}, nil
}

// contractConn follows what net/http does with a connection as far as it must to
// know whether a request's head is being read.
type contractConn struct {
	net.Conn
	tls     *tls.ConnectionState // nil without TLS
	refuser refuser

	mu    sync.Mutex
	phase phase
	line  bool // a line ended since the head began
	read  int  // bytes since then
	later bool // another request was served before
}

type phase uint8

const (
	heading phase = iota // a head is being read
	serving              // a handler has the connection
	resting              // between two requests
	waiting              // net/http waits for the first bytes of another
	refused              // it was answered, and closes
)

// CloseWrite is for net/http, which looks for it.
func (c *contractConn) CloseWrite() error { return closeWrite(c.Conn) }

// Read passes on what arrives. A head that begins with a whole line and then does not
// arrive in time is answered here: net/http only closes.
func (c *contractConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.late(b[:n], err) {
		c.answer("408")
	}
	return n, err
}

func (c *contractConn) late(b []byte, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read += len(b)
	c.line = c.line || bytes.IndexByte(b, '\n') >= 0
	if c.phase != heading || !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	// A later head may have begun together with the request before it: net/http has
	// four bytes of it when it reads on.
	behind := c.later && c.read < 4
	c.phase = refused
	return c.line || behind
}

func (c *contractConn) answer(kind string) {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(refusalTime))
	if _, err := c.Conn.Write(c.refuser.refuse(peer(c.Conn), kind)); err != nil || closeWrite(c.Conn) != nil {
		return
	}
	// Closed while more arrives, the answer might be lost.
	_ = c.Conn.SetReadDeadline(time.Now().Add(refusalTime))
	_, _ = io.CopyN(io.Discard, c.Conn, 64<<10)
}

// refusalTime is how long a client may take to read a refusal.
const refusalTime = time.Second

// SetReadDeadline is how net/http shows what it waits for: after a request first for
// the next one to begin, then for its head to end.
func (c *contractConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	switch c.phase {
	case resting:
		c.phase = waiting
	case waiting:
		c.phase = heading
	}
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

func (c *contractConn) enter(p phase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phase, c.line, c.read, c.later = p, false, 0, true
}

func (c *contractConn) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase == refused
}

// Write passes everything on but the server's own plain-text refusals.
func (c *contractConn) Write(b []byte) (int, error) {
	if c.ended() {
		return 0, net.ErrClosed // net/http takes half a request line for a bad one
	}
	kind, ok := ownRefusal(b)
	if !ok {
		return c.Conn.Write(b)
	}
	_ = c.Conn.SetWriteDeadline(time.Now().Add(refusalTime))
	if _, err := c.Conn.Write(c.refuser.refuse(peer(c.Conn), kind)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// ownRefusal recognises what net/http writes (server.go, badRequestError and the
// 431 and 501 beside it): a status line and exactly these headers.
func ownRefusal(b []byte) (kind string, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte("HTTP/1.1 "))
	if !ok || len(rest) < 3 || rest[0] != '4' && rest[0] != '5' {
		return "", false
	}
	_, headers, ok := bytes.Cut(rest, []byte("\r\n"))
	if !ok {
		return "", false
	}
	if bytes.HasPrefix(rest, []byte("417 ")) { // an ordinary answer, but no handler gives it
		return "417", true
	}
	for _, own := range [...]string{
		"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n",
		"Connection: close\r\n\r\n",
	} {
		if bytes.HasPrefix(headers, []byte(own)) {
			return string(rest[:3]), true
		}
	}
	return "", false
}

// refusal is what the server says by itself, before any handler.
type refusal struct {
	status              int
	code, kind, message string
}

const invalidKind = "invalid_request_error"

var refusals = map[string]refusal{
	"400": {400, "400", invalidKind, "The request could not be read."},
	"408": {408, "Timeout", invalidKind, "The request's headers did not arrive in time."},
	"417": {417, "417", invalidKind, "The request's expectation is not supported."},
	"431": {431, "431", invalidKind, "The request's headers are too large."},
	// The contract has no 501: an encoding that nobody reads is a bad request.
	"501": {400, "400", invalidKind, "The request's transfer encoding is not supported."},
	"503": {503, "ServiceUnavailable", "server_error", "The service is temporarily unable to process your request. Please try again later."},
	"505": {505, "505", invalidKind, "The HTTP version is not supported."},
	"tls": {400, "400", invalidKind, "The request was sent in plain text where TLS is spoken."},
}

func (r refusal) body() string {
	return `{"error":{"message":"` + r.message + `","type":"` + r.kind + `","param":null,"code":"` + r.code + `"}}`
}

// refuser makes refusals and puts them on the record.
type refuser struct {
	record func(peer netip.Addr, status int, id string) error // nil: there is none
}

// decide is the refusal of that kind once it is on the record; else it is another one.
func (f refuser) decide(from netip.Addr, kind string) (refusal, string) {
	r, ok := refusals[kind]
	if !ok {
		r = refusals["400"]
	}
	id := NewID()
	if f.record != nil && f.record(from, r.status, id) != nil {
		r = refusals["503"]
	}
	return r, id
}

// refuse is a whole response.
func (f refuser) refuse(from netip.Addr, kind string) []byte {
	r, id := f.decide(from, kind)
	body := r.body()
	return []byte("HTTP/1.1 " + strconv.Itoa(r.status) + " " + http.StatusText(r.status) + "\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) +
		"\r\nX-Request-Id: " + id + "\r\nApim-Request-Id: " + id + "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" + body)
}

// answer refuses a request that came as far as a handler.
func (f refuser) answer(w http.ResponseWriter, r *http.Request, kind string) {
	to, id := f.decide(ClientAddr(r), kind)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Request-Id", id)
	h.Set("Apim-Request-Id", id)
	h.Set("X-Content-Type-Options", "nosniff")
	refuseRest(w)
	_ = WriteOnce(w, to.status, []byte(to.body())) // a client that left is nobody's error
}

func peer(c net.Conn) netip.Addr {
	p, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap().WithZone("")
}
