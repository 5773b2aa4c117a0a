package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/surface/httpx"
)

// serve starts a guarded server on loopback.
func serve(t *testing.T, h http.HandlerFunc, s httpx.Settings, g httpx.Guarded) (addr string, c *httpx.Counters) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	if s.Log == nil {
		s.Log = quiet
	}
	if g.Log == nil {
		g.Log = quiet
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv, c := httpx.NewServer(httpx.Guard(h, g), s)
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(httpx.Listen(l, s, c)) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return l.Addr().String(), c
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// closedWithin reports whether the server ended the connection.
func closedWithin(c net.Conn, d time.Duration) bool {
	_ = c.SetReadDeadline(time.Now().Add(d))
	_, err := io.Copy(io.Discard, c)
	return err == nil || !errors.Is(err, errTimeout(err))
}

func errTimeout(err error) error {
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return err
	}
	return errors.New("no timeout")
}

// Attack: a header that never ends holds a connection.
func TestUnfinishedHeaderIsDropped(t *testing.T) {
	addr, counters := serve(t, func(http.ResponseWriter, *http.Request) {}, httpx.Settings{HeaderTimeout: 200 * time.Millisecond}, httpx.Guarded{})
	c := dial(t, addr)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	if !closedWithin(c, 3*time.Second) {
		t.Fatal("the connection is still open")
	}
	waitFor(t, func() bool { return counters.Malformed.Load() == 1 })
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for range 200 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("did not happen")
}

// Attack: a body that trickles holds a connection, whether the handler reads it or refuses first.
func TestTricklingBodyIsDropped(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"read": func(w http.ResponseWriter, r *http.Request) {
			err := httpx.JSONBody(w, r, 1000, func([]byte) error { return nil })
			if !errors.Is(err, httpx.ErrBodyLate) {
				t.Errorf("got %v, want ErrBodyLate", err)
			}
			w.WriteHeader(408)
		},
		"refused": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) },
	} {
		addr, _ := serve(t, h, httpx.Settings{}, httpx.Guarded{BodyTimeout: 300 * time.Millisecond})
		c := dial(t, addr)
		fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
		go func() {
			for range 30 {
				time.Sleep(100 * time.Millisecond)
				if _, err := c.Write([]byte(" ")); err != nil {
					return
				}
			}
		}()
		if !closedWithin(c, 2500*time.Millisecond) {
			t.Errorf("%s: the connection is still open", name)
		}
	}
}

// The body's deadline must not end the answer to it.
func TestAnswerOutlivesTheBodyDeadline(t *testing.T) {
	addr, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := httpx.JSONBody(w, r, 1000, func([]byte) error { return nil }); err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			t.Error("the request was cancelled when its body's time was over")
		case <-time.After(500 * time.Millisecond):
		}
		_ = httpx.WriteOnce(w, 200, []byte("ok"))
	}, httpx.Settings{}, httpx.Guarded{BodyTimeout: 150 * time.Millisecond})
	resp, err := http.Post("http://"+addr, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "ok" {
		t.Errorf("got %q", b)
	}
}

// Attack: the unread rest of a refused body is taken for a second request.
func TestNoSmuggling(t *testing.T) {
	var mu sync.Mutex
	var paths []string
	addr, counters := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths = append(paths, r.URL.Path)
		mu.Unlock()
		err := httpx.JSONBody(w, r, 10, func([]byte) error { return nil })
		if err != nil {
			w.WriteHeader(413)
		}
	}, httpx.Settings{}, httpx.Guarded{})
	for name, raw := range map[string]string{
		"too large":        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n0123456789012345GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
		"two lengths":      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
		"length and chunk": "POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
		"chunk obscured":   "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
		"no host":          "GET /smuggled HTTP/1.1\r\n\r\n",
		"garbage":          "\x16\x03\x01 /smuggled\r\n\r\n",
	} {
		c := dial(t, addr)
		fmt.Fprint(c, raw)
		_ = c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		answers := 0
		for s := bufio.NewScanner(c); s.Scan(); {
			if strings.HasPrefix(s.Text(), "HTTP/1.1") {
				answers++
			}
		}
		if answers > 1 {
			t.Errorf("%s: %d answers to one request", name, answers)
		}
		_ = c.Close()
	}
	mu.Lock()
	defer mu.Unlock()
	if slices.Contains(paths, "/smuggled") {
		t.Errorf("a smuggled request was served: %q", paths)
	}
	waitFor(t, func() bool { return counters.Malformed.Load() >= 4 })
}

func TestConnectionsAreBounded(t *testing.T) {
	addr, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, httpx.Settings{MaxConnections: 2, HeaderTimeout: 400 * time.Millisecond}, httpx.Guarded{})
	dial(t, addr)
	dial(t, addr)
	time.Sleep(50 * time.Millisecond)
	begun := time.Now()
	resp, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if waited := time.Since(begun); waited < 200*time.Millisecond {
		t.Errorf("the third connection was served after %v, beside two open ones", waited)
	}
}

// Log lines of net/http hold what clients send or what code panicked with; ours hold a word.
func TestServerLogHasNoContent(t *testing.T) {
	var log strings.Builder
	var mu sync.Mutex
	logger := slog.New(slog.NewTextHandler(locked{&mu, &log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	srv, counters := httpx.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("SECRET") }), httpx.Settings{Log: logger})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	defer func() { _ = srv.Close(); <-done }()
	c := dial(t, l.Addr().String())
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	closedWithin(c, time.Second)
	waitFor(t, func() bool { return counters.OtherErrors.Load() == 1 })
	mu.Lock()
	defer mu.Unlock()
	if strings.Contains(log.String(), "SECRET") || !strings.Contains(log.String(), "kind=other") {
		t.Errorf("log: %s", log.String())
	}
}

type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func TestPanicIsContained(t *testing.T) {
	var log strings.Builder
	h := httpx.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("SECRET") }), httpx.Guarded{
		Log:      slog.New(slog.NewTextHandler(&log, nil)),
		Panicked: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
	})
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if s := log.String(); rec.Code != 500 || strings.Contains(s, "SECRET") || !strings.Contains(s, "TestPanicIsContained.func") {
		t.Errorf("got %d, log %s", rec.Code, s)
	}
}

func TestClientAddr(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		peer, forwarded string
		proxies         []netip.Prefix
		want            string
	}{
		{"203.0.113.9:1", "", nil, "203.0.113.9"},
		{"203.0.113.9:1", "10.9.9.9", nil, "203.0.113.9"},
		{"203.0.113.9:1", "10.9.9.9", proxies, "203.0.113.9"},
		{"10.0.0.1:1", "198.51.100.7", proxies, "198.51.100.7"},
		{"10.0.0.1:1", "1.2.3.4, 198.51.100.7", proxies, "198.51.100.7"},
		{"10.0.0.1:1", "1.2.3.4, 198.51.100.7, 10.0.0.2", proxies, "198.51.100.7"},
		{"10.0.0.1:1", "", proxies, "10.0.0.1"},
		{"10.0.0.1:1", "198.51.100.7, junk", proxies, "invalid IP"},
		{"[::ffff:203.0.113.9]:1", "", nil, "203.0.113.9"},
		{"pipe", "", nil, "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil).WithContext(httpx.WithPlace(context.Background(), &httpx.Place{Proxies: c.proxies}))
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := httpx.ClientAddr(r).String(); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          []string
		ok            bool
	}{
		{"/a/{x}/c", "/a/b/c", []string{"b"}, true},
		{"/a/{x}/c", "/a/b%2Fd/c", []string{"b/d"}, true},
		{"/a/{x}/c", "/a//c", nil, false},
		{"/a/{x}/c", "/a/b/c/", nil, false},
		{"/a/{x}/c", "/a/b", nil, false},
		{"/a/{x}", "/a/%zz", nil, false},
		{"/a", "/%61", nil, false},
		{"/a", "//a", nil, false},
	} {
		got, ok := httpx.Match(nil, c.pattern, c.path)
		if ok != c.ok || ok && !slices.Equal(got, c.want) {
			t.Errorf("Match(%q, %q) = %q, %v; want %q, %v", c.pattern, c.path, got, ok, c.want, c.ok)
		}
	}
}

func TestClientID(t *testing.T) {
	for in, want := range map[string]string{"abc-1": "abc-1", "": "", "a b": "", "a\r\nx": "", strings.Repeat("a", 65): "", "é": ""} {
		if got := httpx.ClientID(in); got != want {
			t.Errorf("ClientID(%q) = %q, want %q", in, got, want)
		}
	}
}
