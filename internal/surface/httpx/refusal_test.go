package httpx_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/surface/httpx"
)

// book is a record of refusals.
type book struct {
	mu      sync.Mutex
	entries map[string]int // status by id
	err     error
}

func (b *book) put(peer netip.Addr, status int, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	if b.entries == nil {
		b.entries = map[string]int{}
	}
	if _, twice := b.entries[id]; twice || !peer.IsLoopback() {
		status = -1
	}
	b.entries[id] = status
	return nil
}

func (b *book) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries)
}

// refusedWith reads one refusal and holds it against the record.
func (b *book) refusedWith(t *testing.T, name string, status int, c *bufio.Reader) {
	t.Helper()
	resp, err := http.ReadResponse(c, nil)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	body, _ := io.ReadAll(resp.Body)
	var e struct {
		Error struct{ Message, Type, Code string }
	}
	id := resp.Header.Get("X-Request-Id")
	if json.Unmarshal(body, &e) != nil || e.Error.Message == "" || e.Error.Code == "" || resp.StatusCode != status || id == "" || !resp.Close {
		t.Errorf("%s: %d %s, want %d", name, resp.StatusCode, body, status)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if got := b.entries[id]; b.err == nil && got != status {
		t.Errorf("%s: the record has %d, want %d", name, got, status)
	}
}

// both serves on a plain and a TLS listener and dials either.
func both(t *testing.T, h http.HandlerFunc, s httpx.Settings) map[string]func() net.Conn {
	t.Helper()
	server, client := certified(t)
	plain, _ := serve(t, h, s, httpx.Guarded{})
	s.TLS = server
	secure, _ := serve(t, h, s, httpx.Guarded{})
	return map[string]func() net.Conn{
		"plain": func() net.Conn { return dial(t, plain) },
		"TLS": func() net.Conn {
			c, err := tls.Dial("tcp", secure, client)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			return c
		},
	}
}

// Attack: a head that begins and does not end, at once or drop by drop, as a
// connection's first request or a later one. From a whole request line on it gets an
// answer and a line on the record; below that it gets neither.
func TestLateHeadsAreRefused(t *testing.T) {
	const line = "POST /x HTTP/1.1\r\n"
	const first = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
	for _, c := range []struct {
		name, say, drip string
		after           string // a whole request before it; "+" sends it in one write
		refused         bool
	}{
		{"silence", "", "", "", false},
		{"half a line", line[:10], "", "", false},
		{"half a line, dripping", "P", "O", "", false},
		{"a line", line, "", "", true},
		{"headers", line + "Host: x\r\napi-key: y\r\n", "", "", true},
		{"half a header", line + "Host: x\r\napi-k", "", "", true},
		{"dripping headers", line, "a: b\r\n", "", true},
		{"a dripping header", line + "a: ", "b", "", true},
		{"later, silence", "", "", first, false},
		{"later, two bytes", "PO", "", first, false},
		{"later, half a line", line[:10], "", first, false},
		{"later, headers", line + "Host: x\r\n", "", first, true},
		{"later, in the same write", line + "Host: x\r\n", "", "+" + first, true},
		{"later, dripping", line, "a: b\r\n", first, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var b book
			for name, open := range both(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(w, "fine")
			}, httpx.Settings{HeaderTimeout: 400 * time.Millisecond, IdleTimeout: 700 * time.Millisecond, Refused: b.put}) {
				conn, before := open(), b.len()
				_ = conn.SetDeadline(time.Now().Add(8 * time.Second))
				r := bufio.NewReader(conn)
				say := c.say
				if after, together := strings.CutPrefix(c.after, "+"); together {
					say = after + say
				} else {
					_, _ = io.WriteString(conn, c.after)
				}
				if !strings.HasPrefix(c.after, "+") && c.after != "" {
					fine(t, r)
				}
				_, _ = io.WriteString(conn, say)
				if strings.HasPrefix(c.after, "+") {
					fine(t, r)
				}
				stop := make(chan struct{})
				if c.drip != "" {
					go func() {
						for _, err := io.WriteString(conn, c.drip); err == nil; _, err = io.WriteString(conn, c.drip) {
							select {
							case <-stop:
								return
							case <-time.After(50 * time.Millisecond):
							}
						}
					}()
				}
				if c.refused {
					b.refusedWith(t, name, 408, r)
				}
				if rest, err := io.ReadAll(r); len(rest) > 0 || isTimeout(err) {
					t.Errorf("%s: %q, %v at the end", name, rest, err)
				}
				close(stop)
				if got := b.len() - before; got != map[bool]int{true: 1}[c.refused] {
					t.Errorf("%s: %d lines on the record", name, got)
				}
			}
		})
	}
}

func fine(t *testing.T, r *bufio.Reader) {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(resp.Body); string(b) != "fine" {
		t.Fatalf("got %q", b)
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// A handler may take longer than a head may: nobody is refused in the middle.
func TestSlowHandlersAreNoLateHeads(t *testing.T) {
	var b book
	for name, open := range both(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(500 * time.Millisecond)
		_, _ = io.WriteString(w, "fine")
	}, httpx.Settings{HeaderTimeout: 100 * time.Millisecond, Refused: b.put}) {
		c := open()
		r := bufio.NewReader(c)
		for range 3 {
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			fine(t, r)
		}
		if b.len() > 0 {
			t.Errorf("%s: %d refusals", name, b.len())
		}
	}
}

// What the server refuses by itself is on the record before it is sent, under the
// id that the client is told; without a record it is another refusal.
func TestOwnRefusalsAreRecorded(t *testing.T) {
	for _, broken := range []bool{false, true} {
		var b book
		if broken {
			b.err = errors.New("the disk is full")
		}
		for name, open := range both(t, secret, httpx.Settings{Refused: b.put}) {
			for request, status := range refusedRequests {
				if broken {
					status = 503
				}
				c := open()
				_ = c.SetDeadline(time.Now().Add(5 * time.Second))
				go func() { _, _ = io.WriteString(c, request) }()
				b.refusedWith(t, fmt.Sprintf("%s, %.40q", name, request), status, bufio.NewReader(c))
				_ = c.Close()
			}
		}
	}
}

// HTTP/2 has the contract's shape for headers beyond the limit too.
func TestLargeHeadersOverHTTP2(t *testing.T) {
	server, client := certified(t)
	var b book
	addr, _ := serve(t, secret, httpx.Settings{TLS: server, Refused: b.put}, httpx.Guarded{})
	transport := &http.Transport{TLSClientConfig: client, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	r, _ := http.NewRequest("GET", "https://"+addr, nil)
	r.Header.Set("X", strings.Repeat("a", 100<<10))
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.ProtoMajor != 2 || resp.StatusCode != 431 || !json.Valid(body) || b.entries[resp.Header.Get("X-Request-Id")] != 431 {
		t.Errorf("%s %d %s, record %v", resp.Proto, resp.StatusCode, body, b.entries)
	}
}
