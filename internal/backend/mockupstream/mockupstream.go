// Package mockupstream is an upstream for tests and benchmarks: it answers
// OpenAI's and Azure OpenAI's chat and embeddings paths from a script, as well or
// as badly as the script says, counts what reaches it and records what was sent.
//
// A Server is an http.Handler. Start runs one on loopback for a test; the program
// test/mockupstream runs one as a process. Without a script it answers at once
// with a fixed text, from bytes rendered beforehand: it is the floor that
// benchmarks compare with, so that path stays free of parsing.
//
// It is never part of the product; an import test may hold that.
package mockupstream

import (
	"bytes"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Server. The zero Options are usable.
type Options struct {
	Tokens int // words of the standard answer: 64
	Chunks int // events that it comes in: one per word
	Delay  time.Duration
	Gap    time.Duration // between two events
	Model  string        // as answers name it: "mock-1"
	Width  int           // of embeddings, when none is asked for: 8
	Key    string        // demanded as bearer token or api-key; "" demands none
	Echo   bool          // a prompt's last "say: …" is the answer
	Keep   int           // requests recorded at most: 1000; negative none
}

// Request is what was sent.
type Request struct {
	Path, Query string
	Header      http.Header
	Body        []byte
	Proto       string
}

// Answer is the script of one answer. The zero Answer is the standard one.
type Answer struct {
	Status  int // 200
	Header  http.Header
	Body    string   // the whole body, as is; for errors and for answers that are not streamed
	Raw     []string // an event stream's bytes, each element written and flushed on its own
	Choices []Choice // an answer in structure, rendered for either shape
	Usage   bool     // tell usage even unasked; standard answers always do when asked
	Delay   time.Duration
	Gap     time.Duration
	Fault   Fault
	After   int // events before the fault
}

// Choice is one of n answers.
type Choice struct {
	Reasoning, Text, Refusal string
	Calls                    []Call
	Function                 *Call // the older function_call
	Finish                   string
	Pieces                   int // events that the text comes in: 1
}

// Call is a tool call.
type Call struct{ ID, Name, Arguments string }

// Fault is how an answer goes wrong.
type Fault uint8

// The faults.
const (
	None        Fault = iota
	NoDone            // ends properly, without [DONE]
	Cut               // the connection breaks
	Hang              // nothing more comes until the client leaves
	HangAtStart       // not even a header
	Drop              // the connection is closed without a byte of an answer
	Endless           // goes on and on
	Garbage           // bytes that are no event
	SplitUTF8         // every byte in a write of its own: characters are split over packets
	Comments          // comments without end instead of events
	LongLine          // one line without end
)

// Stats count what reached the server.
type Stats struct{ Connections, Requests, BytesIn, BytesOut, Cancelled int64 }

// Server is the upstream.
type Server struct {
	o       Options
	stream  [][]byte // the standard answer's events, with usage
	noUsage [][]byte
	whole   []byte

	conns, requests, in, out, cancelled atomic.Int64

	mu       sync.Mutex // guards what follows
	queue    []Answer
	always   func(Request) Answer
	recorded []Request

	http *httptest.Server
	quit chan struct{} // closed by Close: ends hanging answers
	once sync.Once
}

// New returns a Server that listens nowhere yet.
func New(o Options) *Server {
	if o.Tokens == 0 {
		o.Tokens = 64
	}
	if o.Chunks == 0 {
		o.Chunks = o.Tokens
	}
	if o.Model == "" {
		o.Model = "mock-1"
	}
	if o.Width == 0 {
		o.Width = 8
	}
	if o.Keep == 0 {
		o.Keep = 1000
	}
	s := &Server{o: o, quit: make(chan struct{})}
	standard := []Choice{{Text: StandardText(o.Tokens), Finish: "stop", Pieces: o.Chunks}}
	s.stream = s.events(standard, true, true)
	s.noUsage = s.events(standard, false, true)
	s.whole = s.completion(standard)
	return s
}

// StandardText is the standard answer of so many words.
func StandardText(tokens int) string {
	words := [...]string{"the", "ward", "keeps", "its", "keys", "in", "a", "locked", "room"}
	var b strings.Builder
	for i := range tokens {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[i%len(words)])
	}
	return b.String()
}

// Start runs s on loopback, over plain HTTP.
func (s *Server) Start() *Server { return s.start(false, false) }

// StartTLS runs s on loopback over TLS; h2 offers HTTP/2. CA trusts it.
func (s *Server) StartTLS(h2 bool) *Server { return s.start(true, h2) }

func (s *Server) start(secure, h2 bool) *Server {
	s.http = httptest.NewUnstartedServer(s)
	s.http.Config.ConnState = s.ConnState
	s.http.EnableHTTP2 = h2
	if secure {
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	return s
}

// URL is the address, without a path.
func (s *Server) URL() *url.URL {
	u, _ := url.Parse(s.http.URL) // httptest's own
	return u
}

// CA trusts the server's certificate.
func (s *Server) CA() *x509.CertPool {
	pool := x509.NewCertPool()
	if c := s.http.Certificate(); c != nil {
		pool.AddCert(c)
	}
	return pool
}

// CloseConnections closes every connection, as a server does that restarts.
func (s *Server) CloseConnections() { s.http.CloseClientConnections() }

// Close ends the server and every hanging answer.
func (s *Server) Close() {
	s.once.Do(func() { close(s.quit) })
	if s.http != nil {
		s.http.CloseClientConnections()
		s.http.Close()
	}
}

// ConnState counts connections; set it on the http.Server that serves s.
func (s *Server) ConnState(_ net.Conn, st http.ConnState) {
	if st == http.StateNew {
		s.conns.Add(1)
	}
}

// Next queues answers; each is given once, then the standard follows again.
func (s *Server) Next(a ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, a...)
}

// Always answers every request that finds the queue empty. Nil is the standard.
func (s *Server) Always(f func(Request) Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = f
}

// Requests are those recorded since the start or the last Forget.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.recorded...)
}

// Forget drops what was recorded and queued.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recorded, s.queue = nil, nil
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	return Stats{s.conns.Load(), s.requests.Load(), s.in.Load(), s.out.Load(), s.cancelled.Load()}
}

// script returns the answer for r; ok is false for the standard one.
func (s *Server) script(r Request) (a Answer, ok bool) {
	s.mu.Lock()
	if len(s.recorded) < s.o.Keep {
		s.recorded = append(s.recorded, r)
	}
	if len(s.queue) > 0 {
		a, s.queue = s.queue[0], s.queue[1:]
		s.mu.Unlock()
		return a, true
	}
	f := s.always
	s.mu.Unlock()
	if f == nil {
		return Answer{}, false
	}
	return f(r), true
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_mock/") {
		s.control(w, r)
		return
	}
	s.requests.Add(1)
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
	s.in.Add(int64(len(body)))
	if err != nil {
		return
	}
	if s.o.Key != "" && r.Header.Get("Authorization") != "Bearer "+s.o.Key && r.Header.Get("Api-Key") != s.o.Key {
		s.plain(w, http.StatusUnauthorized, `{"error":{"code":"401","message":"Access denied"}}`)
		return
	}
	a, scripted := s.script(Request{Path: r.URL.Path, Query: r.URL.RawQuery, Header: r.Header, Body: body, Proto: r.Proto})
	if !s.pause(r, max(a.Delay, s.o.Delay)) {
		return
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/embeddings") && a.Body == "" && a.Fault == None && a.Status == 0:
		s.embeddings(w, body)
	case strings.HasSuffix(r.URL.Path, "/models"):
		s.plain(w, http.StatusOK, `{"object":"list","data":[{"id":"`+s.o.Model+`","object":"model","created":1,"owned_by":"mock"}]}`)
	case scripted:
		s.scripted(w, r, a, body)
	case !strings.HasSuffix(r.URL.Path, "/chat/completions"):
		s.plain(w, http.StatusNotFound, `{"error":{"code":"404","message":"Resource not found"}}`)
	case s.o.Echo && said(body) != "":
		s.scripted(w, r, Answer{Choices: []Choice{{Text: said(body), Pieces: s.o.Chunks}}, Gap: s.o.Gap}, body)
	case streamed(body):
		events := s.stream
		if !bytes.Contains(body, []byte(`"include_usage"`)) {
			events = s.noUsage
		}
		s.write(w, r, events, s.o.Gap)
	default:
		w.Header()["Content-Type"] = []string{"application/json"}
		n, _ := w.Write(s.whole)
		s.out.Add(int64(n))
	}
}

// streamed looks for the member without parsing: the mock is a benchmark's floor.
func streamed(body []byte) bool {
	return bytes.Contains(body, []byte(`"stream":true`)) || bytes.Contains(body, []byte(`"stream": true`))
}

func (s *Server) plain(w http.ResponseWriter, status int, body string) {
	w.Header()["Content-Type"] = []string{"application/json"}
	w.WriteHeader(status)
	n, _ := io.WriteString(w, body)
	s.out.Add(int64(n))
}

// pause waits; it returns false when the client left or the server closed.
func (s *Server) pause(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		s.cancelled.Add(1)
	case <-s.quit:
	}
	return false
}

// hang waits until the client leaves.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
		s.cancelled.Add(1)
	case <-s.quit:
	}
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, events [][]byte, gap time.Duration) {
	w.Header()["Content-Type"] = []string{"text/event-stream; charset=utf-8"}
	f := http.NewResponseController(w)
	for i, e := range events {
		if i > 0 && !s.pause(r, gap) {
			return
		}
		n, err := w.Write(e)
		s.out.Add(int64(n))
		if err != nil {
			s.cancelled.Add(1)
			return
		}
		_ = f.Flush()
	}
}

func (s *Server) scripted(w http.ResponseWriter, r *http.Request, a Answer, body []byte) {
	for k, v := range a.Header {
		w.Header()[k] = v
	}
	switch a.Fault {
	case HangAtStart:
		s.hang(r)
		return
	case Drop:
		abort()
	}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if a.Body != "" || a.Status != http.StatusOK {
		if w.Header()["Content-Type"] == nil {
			w.Header()["Content-Type"] = []string{"application/json"}
		}
		w.WriteHeader(a.Status)
		n, _ := io.WriteString(w, a.Body)
		s.out.Add(int64(n))
		if a.Fault == Cut {
			_ = http.NewResponseController(w).Flush()
			abort()
		}
		return
	}
	if a.Choices == nil {
		a.Choices = []Choice{{Text: StandardText(s.o.Tokens), Pieces: s.o.Chunks}}
	}
	if !streamed(body) && a.Raw == nil {
		whole := s.completion(a.Choices)
		w.Header()["Content-Type"] = []string{"application/json"}
		if a.Fault == Cut {
			w.Header()["Content-Length"] = []string{strconv.Itoa(len(whole))}
			whole = whole[:len(whole)/2]
		}
		n, _ := w.Write(whole)
		s.out.Add(int64(n))
		switch a.Fault {
		case Cut:
			_ = http.NewResponseController(w).Flush()
			abort()
		case Hang:
			_ = http.NewResponseController(w).Flush()
			s.hang(r)
		}
		return
	}
	var events [][]byte
	for _, raw := range a.Raw {
		events = append(events, []byte(raw))
	}
	if a.Raw == nil {
		events = s.events(a.Choices, a.Usage || bytes.Contains(body, []byte(`"include_usage"`)), a.Fault != NoDone)
	}
	s.broken(w, r, a, events)
}

// broken writes events and goes wrong after a.After of them.
func (s *Server) broken(w http.ResponseWriter, r *http.Request, a Answer, events [][]byte) {
	if w.Header()["Content-Type"] == nil {
		w.Header()["Content-Type"] = []string{"text/event-stream"}
	}
	after := min(a.After, len(events))
	switch a.Fault {
	case None, NoDone:
		s.write(w, r, events, a.Gap)
		return
	case SplitUTF8:
		var single [][]byte
		for _, e := range events {
			for i := range e {
				single = append(single, e[i:i+1])
			}
		}
		s.write(w, r, single, 0)
		return
	}
	s.write(w, r, events[:after], a.Gap)
	f := http.NewResponseController(w)
	_ = f.Flush()
	repeat := func(b []byte, gap time.Duration) {
		for r.Context().Err() == nil && s.pause(r, gap) {
			n, err := w.Write(b)
			s.out.Add(int64(n))
			if err != nil {
				break
			}
			_ = f.Flush()
		}
		s.cancelled.Add(1)
	}
	switch a.Fault {
	case Cut:
		abort()
	case Hang:
		s.hang(r)
	case Endless:
		repeat(s.events([]Choice{{Text: "on and on "}}, false, false)[1], a.Gap)
	case Garbage:
		s.write(w, r, [][]byte{[]byte("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n")}, 0)
	case Comments:
		repeat([]byte(": keep-alive\n\n"), max(a.Gap, time.Millisecond))
	case LongLine:
		_, _ = io.WriteString(w, "data: \"")
		repeat(bytes.Repeat([]byte{'x'}, 32<<10), 0)
	}
}

// abort breaks the connection; the server logs nothing for this value.
func abort() { panic(http.ErrAbortHandler) }

// Quiet drops the server's own log, for tests of failing handshakes.
func (s *Server) Quiet() { s.http.Config.ErrorLog = log.New(io.Discard, "", 0) }

// Standard is the standard answer as an event stream, with usage.
func (s *Server) Standard() []byte { return bytes.Join(s.stream, nil) }

// Whole is the standard answer as one JSON text.
func (s *Server) Whole() []byte { return s.whole }
