package httpx_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sallyport/internal/surface/httpx"
)

// certified is a server's TLS with a certificate of its own, and a client's that
// believes it.
func certified(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
}

// secret reports in a header what the handler knows of the connection.
func secret(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil {
		w.Header().Set("X-TLS", "none")
		return
	}
	w.Header().Set("X-TLS", fmt.Sprint(r.Proto, " ", r.TLS.HandshakeComplete))
}

// With and without ALPN, over HTTP/2 and HTTP/1.1: each speaks what was agreed, and
// handlers know that it is TLS.
func TestTLSProtocols(t *testing.T) {
	server, client := certified(t)
	addr, _ := serve(t, secret, httpx.Settings{TLS: server}, httpx.Guarded{})
	for want, protocols := range map[string][]string{"HTTP/2.0 true": {"h2", "http/1.1"}, "HTTP/1.1 true": {"http/1.1"}} {
		c := client.Clone()
		c.NextProtos = protocols
		tr := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: want == "HTTP/2.0 true"}
		for range 3 {
			resp, err := (&http.Client{Transport: tr}).Get("https://" + addr)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := resp.Header.Get("X-TLS"); got != want {
				t.Errorf("%v: %q", protocols, got)
			}
		}
		tr.CloseIdleConnections()
	}
	c, err := tls.Dial("tcp", addr, client)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if out, _ := io.ReadAll(c); !strings.Contains(string(out), "HTTP/1.1 true") {
		t.Errorf("without ALPN: %s", out)
	}
}

// What net/http refuses by itself has the contract's shape, on plain connections and
// under TLS; so has HTTP that was sent where TLS is spoken.
func TestRefusalsUnderTLS(t *testing.T) {
	server, client := certified(t)
	plain, _ := serve(t, secret, httpx.Settings{}, httpx.Guarded{})
	secure, counters := serve(t, secret, httpx.Settings{TLS: server}, httpx.Guarded{})
	requests := map[string]int{
		"GET / HTTP/1.1\r\n\r\n":                                                       400,
		"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n":                                 400,
		"GET / HTTP/1.1\r\nHost: x\r\noops\r\n\r\n":                                    400,
		"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n":                    400,
		"GET / HTTP/9.9\r\nHost: x\r\n\r\n":                                            505,
		"GET / HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n":                               417,
		"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 100<<10) + "":         431,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n": 400,
	}
	ask := func(name, request string, status int, c net.Conn) {
		t.Helper()
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(c, request)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("%s, %.40q: %v", name, request, err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		var e struct {
			Error struct{ Message, Type, Code string }
		}
		if json.Unmarshal(body, &e) != nil || e.Error.Message == "" || resp.StatusCode != status || resp.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s, %.40q: %d %s, want %d", name, request, resp.StatusCode, body, status)
		}
	}
	for request, status := range requests {
		ask("plain", request, status, dial(t, plain))
		for _, protocols := range [][]string{nil, {"http/1.1"}} {
			config := client.Clone()
			config.NextProtos = protocols
			c, err := tls.Dial("tcp", secure, config)
			if err != nil {
				t.Fatal(err)
			}
			ask("TLS", request, status, c)
		}
	}
	failures := counters.TLSFailures.Load()
	ask("HTTP to TLS", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 400, dial(t, secure))
	waitFor(t, func() bool { return counters.TLSFailures.Load() == failures+1 })
}

// Attacks on the handshake: clients that say nothing, say nonsense, or leave in the
// middle. Each is let go in time and gives its slot back; others are served
// meanwhile; closing the listener waits for nobody.
func TestHandshakesAreBounded(t *testing.T) {
	server, client := certified(t)
	addr, counters := serve(t, secret, httpx.Settings{TLS: server, HeaderTimeout: 300 * time.Millisecond, MaxConnections: 4}, httpx.Guarded{})
	for range 3 {
		dial(t, addr) // silent
	}
	c, err := tls.Dial("tcp", addr, client)
	if err != nil {
		t.Fatalf("beside silent ones: %v", err)
	}
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if out, _ := io.ReadAll(c); !strings.Contains(string(out), "200 OK") {
		t.Errorf("beside silent ones: %s", out)
	}
	_ = c.Close()
	waitFor(t, func() bool { return counters.TLSFailures.Load() == 3 })
	for i, say := range []string{"\x00\x01\x02garbage", "\x16\x03\x01\xff\xff", ""} {
		c := dial(t, addr)
		_, _ = io.WriteString(c, say)
		_ = c.Close()
		waitFor(t, func() bool { return counters.TLSFailures.Load() == int64(4+i) })
	}
	if got := counters.Malformed.Load(); got < 6 {
		t.Errorf("%d connections are counted, want 6", got)
	}
}

func TestCloseEndsHandshakes(t *testing.T) {
	server, _ := certified(t)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	settings := httpx.Settings{TLS: server, HeaderTimeout: time.Hour, Log: slog.New(slog.DiscardHandler)}
	srv, counters := httpx.NewServer(http.HandlerFunc(secret), settings)
	l := httpx.Listen(inner, settings, counters)
	done := make(chan error)
	go func() { done <- srv.Serve(l) }()
	c := dial(t, inner.Addr().String())
	_, _ = io.WriteString(c, "\x16\x03\x01")
	time.Sleep(50 * time.Millisecond)
	if err := srv.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	if !closedWithin(c, 3*time.Second) {
		t.Error("a handshake outlives its listener")
	}
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("closing twice: %v", err)
	}
}

// A client that is still sending reads the refusal to the end.
func TestRefusalIsRead(t *testing.T) {
	addr, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		_, _ = io.WriteString(w, "refused")
	}, httpx.Settings{}, httpx.Guarded{})
	c := dial(t, addr)
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
	began := time.Now()
	out, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(out), "refused") || time.Since(began) > 400*time.Millisecond {
		t.Errorf("after %s: %q, %v", time.Since(began), out, err)
	}
}
