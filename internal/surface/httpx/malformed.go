package httpx

import (
	"bytes"
	"crypto/tls"
	"net"
	"strconv"
)

// net/http answers a request that it cannot read by itself, in plain text, before
// any handler runs. contractListener puts these answers into the contract's shape.
type contractListener struct{ net.Listener }

func (l contractListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &contractConn{Conn: c}, nil
}

type contractConn struct {
	net.Conn
	tls *tls.ConnectionState // nil without TLS
}

// CloseWrite is for net/http, which looks for it.
func (c *contractConn) CloseWrite() error { return closeWrite(c.Conn) }

// Write passes everything on but the server's own plain-text refusals.
func (c *contractConn) Write(b []byte) (int, error) {
	status, ok := ownRefusal(b)
	if !ok {
		return c.Conn.Write(b)
	}
	if _, err := c.Conn.Write(contractRefusal(status)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// ownRefusal recognises what net/http writes (server.go, badRequestError and the
// 431 and 501 beside it): a status line and exactly these headers.
func ownRefusal(b []byte) (status string, ok bool) {
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

func contractRefusal(status string) []byte {
	reason, message := "Bad Request", "The request could not be read."
	switch status {
	case "431":
		reason, message = "Request Header Fields Too Large", "The request's headers are too large."
	case "501":
		// The contract has no 501: an encoding that nobody reads is a bad request.
		status, message = "400", "The request's transfer encoding is not supported."
	case "417":
		reason, message = "Expectation Failed", "The request's expectation is not supported."
	case "tls":
		status, message = "400", "The request was sent in plain text where TLS is spoken."
	case "505":
		reason, message = "HTTP Version Not Supported", "The HTTP version is not supported."
	}
	id := NewID()
	body := `{"error":{"message":"` + message + `","type":"invalid_request_error","param":null,"code":"` + status + `"}}`
	return []byte("HTTP/1.1 " + status + " " + reason + "\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) +
		"\r\nX-Request-Id: " + id + "\r\nApim-Request-Id: " + id + "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" + body)
}
