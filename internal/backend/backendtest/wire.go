package backendtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/backend/upstream"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/exchange"
)

// Wire is an adapter under test.
type Wire struct {
	Name string // as permits name it
	// Open returns the adapter for the mock; c has Name, Endpoint (without a path),
	// CA, Key and whatever the test adds.
	Open func(t *testing.T, c upstream.Config) *upstream.Backend
	// Chat and Embeddings are the paths, with query, that the adapter must use.
	Chat, Embeddings string
	// KeyHeader is where the key must arrive, and Key how.
	KeyHeader, Key string
}

// TestKey is the credential that Wire.Open finds in its Config.
const TestKey = "backend-key-1"

// canary is content that must turn up nowhere but in events.
const canary = "Zanzibar-7731"

// rig is an adapter before a mock.
type rig struct {
	*upstream.Backend
	t    *testing.T
	w    Wire
	mock *mockupstream.Server
	log  *bytes.Buffer
}

func (w Wire) rig(t *testing.T, mock *mockupstream.Server, change func(*upstream.Config)) *rig {
	t.Helper()
	NoLeaks(t)
	r := &rig{t: t, w: w, mock: mock, log: new(bytes.Buffer)}
	c := upstream.Config{
		Name: w.Name, Endpoint: mock.URL(), CA: mock.CA(),
		Key:      func(context.Context) (string, error) { return TestKey, nil },
		Logger:   slog.New(slog.NewTextHandler(&locked{w: r.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Timeouts: upstream.Timeouts{FirstByte: 10 * time.Second, Unary: 10 * time.Second, Idle: 2 * time.Second, Whole: 20 * time.Second},
		Breaker:  upstream.Breaker{Off: true},
	}
	if change != nil {
		change(&c)
	}
	r.Backend = w.Open(t, c)
	t.Cleanup(func() {
		r.Close()
		mock.Close()
		if strings.Contains(r.log.String(), canary) {
			t.Errorf("content in the log: %s", r.log)
		}
	})
	return r
}

type locked struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (r *rig) collect(c *conversation.Conversation) ([]conversation.Event, error) {
	return Collect(r.Stream(r.t.Context(), Permit(r.t, r.w.Name), c))
}

// fault asks and returns the failure, which must not show content.
func (r *rig) fault(c *conversation.Conversation) *exchange.UpstreamError {
	r.t.Helper()
	_, err := r.collect(c)
	if err == nil {
		r.t.Fatal("no error")
	}
	u := Upstream(r.t, err)
	noContent(r.t, u)
	return u
}

func noContent(t testing.TB, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		if s := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(s, canary) {
			t.Errorf("content in an error: %s", s)
		}
	}
}

func plain() *mockupstream.Server { return mockupstream.New(mockupstream.Options{Tokens: 5}).Start() }

// unary is c for a caller that does not stream.
func unary(c *conversation.Conversation) *conversation.Conversation {
	c.Stream = false
	return c
}

// RunWire holds for every adapter that speaks HTTP.
func RunWire(t *testing.T, w Wire) {
	Run(t, Subject{Name: w.Name, Embeds: true, Open: func(t *testing.T) exchange.Backend { return w.rig(t, plain(), nil) }})
	t.Run("sends a closed list of headers", w.headers)
	t.Run("both shapes of an answer are the same events", w.shapes)
	t.Run("goes wrong in known ways", w.faults)
	t.Run("bounds an endless answer", w.bounds)
	t.Run("maps statuses", w.statuses)
	t.Run("errors in the middle", w.midway)
	t.Run("refuses before it dials", w.noDial)
	t.Run("dials the configured host only", w.hosts)
	t.Run("checks certificates and speaks HTTP/2", w.tls)
	t.Run("keeps and repeats connections", w.connections)
	t.Run("circuit breaker", w.circuit)
	t.Run("stops when the consumer does", w.leaving)
	t.Run("does not read ahead", w.pressure)
	t.Run("embeddings", w.embeddings)
	t.Run("models share one upstream", w.models)
}

func (w Wire) headers(t *testing.T) {
	r := w.rig(t, plain(), nil)
	for _, c := range []*conversation.Conversation{Ask("hi"), unary(Ask("hi"))} {
		if _, err := r.collect(c); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := r.Embed(t.Context(), Permit(t, w.Name), exchange.EmbedRequest{Texts: []content.Text{content.New("x")}}); err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{"Content-Type": true, "Content-Length": true, "Accept": true, "User-Agent": true, w.KeyHeader: true}
	paths := []string{w.Chat, w.Chat, w.Embeddings}
	for i, q := range r.mock.Requests() {
		for name := range q.Header {
			if !allowed[name] {
				t.Errorf("request %d has the header %s", i, name)
			}
		}
		if got := q.Header.Get(w.KeyHeader); got != w.Key {
			t.Errorf("request %d: %s is %q, want %q", i, w.KeyHeader, got, w.Key)
		}
		got := q.Path
		if q.Query != "" {
			got += "?" + q.Query
		}
		if got != paths[i] {
			t.Errorf("request %d went to %s, want %s", i, got, paths[i])
		}
	}
	if b := r.mock.Requests()[0].Body; !bytes.Contains(b, []byte(`"stream":true,"stream_options":{"include_usage":true}`)) {
		t.Errorf("a streamed request does not ask for usage: %s", b)
	}
	if b := r.mock.Requests()[1].Body; bytes.Contains(b, []byte(`"stream`)) {
		t.Errorf("a request that is not streamed says stream: %s", b)
	}
}

func (w Wire) shapes(t *testing.T) {
	call := mockupstream.Call{ID: "call_1", Name: "find", Arguments: `{"where":"the ward","n":2}`}
	for name, choices := range map[string][]mockupstream.Choice{
		"one text":          {{Text: "Grüße, 世界 👋\u2028\"quoted\" \\ back\n", Pieces: 1}},
		"pieces":            {{Text: "one two three four", Pieces: 4}},
		"length":            {{Text: "cut", Finish: "length"}},
		"filtered":          {{Finish: "content_filter"}},
		"empty":             {{}},
		"refusal":           {{Refusal: "I can't."}},
		"reasoning":         {{Reasoning: "hm", Text: "yes", Pieces: 2}},
		"call":              {{Calls: []mockupstream.Call{call}}},
		"parallel calls":    {{Calls: []mockupstream.Call{call, {ID: "call_2", Name: "count", Arguments: "{}"}}}},
		"text and call":     {{Text: "Let me see.", Calls: []mockupstream.Call{call}}},
		"older call":        {{Function: &mockupstream.Call{Name: "find", Arguments: `{"a":1}`}}},
		"three choices":     {{Text: "a b", Pieces: 2}, {Text: "c"}, {Calls: []mockupstream.Call{call}}},
		"call without args": {{Calls: []mockupstream.Call{{ID: "c", Name: "now"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.rig(t, plain(), nil)
			var got [2]Joined
			for i, stream := range []bool{true, false} {
				c := Ask("hi")
				c.Choices, c.Stream = len(choices), stream
				r.mock.Next(mockupstream.Answer{Choices: choices})
				events, err := r.collect(c)
				if err != nil {
					t.Fatalf("streamed %v: %v", stream, err)
				}
				got[i] = Join(t, events)
			}
			if d := cmp.Diff(got[0], got[1]); d != "" {
				t.Errorf("streamed (-) and not (+) differ:\n%s", d)
			}
			if !got[0].UsageTold || got[0].Model != "mock-1" || got[0].Fingerprint != "fp_mock" {
				t.Errorf("usage, model or fingerprint missing: %+v", got[0])
			}
			for i, c := range choices {
				for kind, want := range map[conversation.Kind]string{conversation.Text: c.Text, conversation.Refusal: c.Refusal, conversation.Reasoning: c.Reasoning} {
					if p := got[0].Lanes[conversation.Lane{Choice: i, Kind: kind}]; p.Text != want {
						t.Errorf("choice %d kind %d: %q, want %q", i, kind, p.Text, want)
					}
				}
				for j, k := range c.Calls {
					p := got[0].Lanes[conversation.Lane{Choice: i, Item: j, Kind: conversation.ToolCall}]
					if want := (Piece{k.ID, k.Name, k.Arguments}); p != want {
						t.Errorf("call %d: %v, want %v", j, p, want)
					}
				}
			}
		})
	}
}

func (w Wire) faults(t *testing.T) {
	const phase = 500 * time.Millisecond // a busy machine answers well within it
	short := func(c *upstream.Config) {
		c.Timeouts = upstream.Timeouts{FirstByte: phase, Unary: phase, Idle: phase, Whole: 12 * phase}
		c.Limits = upstream.Limits{Line: 64 << 10, Answer: 1 << 20, Text: 16 << 10}
	}
	long := mockupstream.Choice{Text: mockupstream.StandardText(20) + " " + canary, Pieces: 20}
	for _, tc := range []struct {
		name   string
		answer mockupstream.Answer
		unary  bool
		want   exchange.Fault
		ok     bool
		retry  bool
	}{
		{name: "no [DONE]", answer: mockupstream.Answer{Fault: mockupstream.NoDone}, ok: true},
		{name: "characters split over packets", answer: mockupstream.Answer{Fault: mockupstream.SplitUTF8, Choices: []mockupstream.Choice{{Text: "世界👋"}}}, ok: true},
		{name: "cut before an event", answer: mockupstream.Answer{Fault: mockupstream.Cut}, want: exchange.Cut},
		{name: "cut in the middle", answer: mockupstream.Answer{Fault: mockupstream.Cut, After: 5}, want: exchange.Cut},
		{name: "cut, not streamed", answer: mockupstream.Answer{Fault: mockupstream.Cut}, unary: true, want: exchange.Cut},
		{name: "ended in the middle", answer: mockupstream.Answer{Raw: []string{`data: {"choices":[{"index":0,"delta":{"content":"x"}}]}` + "\n\n"}}, want: exchange.Cut},
		{name: "ended within an event", answer: mockupstream.Answer{Raw: []string{`data: {"choices":[{"index":0,"delta":{"cont`}}, want: exchange.Cut},
		{name: "[DONE] before the end", answer: mockupstream.Answer{Raw: []string{`data: {"choices":[{"index":0,"delta":{"content":"x"}}]}` + "\n\ndata: [DONE]\n\n"}}, want: exchange.Cut},
		{name: "no choice at all", answer: mockupstream.Answer{Raw: []string{"data: [DONE]\n\n"}}, want: exchange.Cut},
		{name: "hangs at the start", answer: mockupstream.Answer{Fault: mockupstream.HangAtStart}, want: exchange.TimedOut},
		{name: "hangs at the start, not streamed", answer: mockupstream.Answer{Fault: mockupstream.HangAtStart}, unary: true, want: exchange.TimedOut},
		{name: "hangs behind the header", answer: mockupstream.Answer{Fault: mockupstream.Hang}, want: exchange.TimedOut},
		{name: "hangs in the middle", answer: mockupstream.Answer{Fault: mockupstream.Hang, After: 5}, want: exchange.TimedOut},
		{name: "hangs behind the body, not streamed", answer: mockupstream.Answer{Fault: mockupstream.Hang}, unary: true, want: exchange.TimedOut},
		{name: "comments for ever", answer: mockupstream.Answer{Fault: mockupstream.Comments, After: 3}, want: exchange.TimedOut},
		{name: "never ends", answer: mockupstream.Answer{Fault: mockupstream.Endless, After: 3}, want: exchange.Garbage},
		{name: "one endless line", answer: mockupstream.Answer{Fault: mockupstream.LongLine}, want: exchange.Garbage},
		{name: "drops", answer: mockupstream.Answer{Fault: mockupstream.Drop}, want: exchange.Unreachable, retry: true},
		{name: "broken UTF-8", answer: mockupstream.Answer{Fault: mockupstream.Garbage, After: 2}, want: exchange.Garbage},
		{name: "a web page", answer: mockupstream.Answer{Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>" + canary}, want: exchange.Garbage},
		{name: "a web page that says event stream", answer: mockupstream.Answer{Raw: []string{"<html>" + canary + "\n"}}, want: exchange.Garbage},
		{name: "not JSON", answer: mockupstream.Answer{Body: `{"` + canary}, unary: true, want: exchange.Garbage},
		{name: "compressed", answer: mockupstream.Answer{Header: http.Header{"Content-Encoding": {"gzip"}}, Body: "{}"}, unary: true, want: exchange.Garbage},
		{name: "lone surrogate", answer: mockupstream.Answer{Raw: []string{`data: {"choices":[{"index":0,"delta":{"content":"\ud83d"}}]}` + "\n\n"}}, want: exchange.Garbage},
		{name: "a text behind its end", answer: mockupstream.Answer{Raw: []string{`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n" + `data: {"choices":[{"index":0,"delta":{"content":"x"}}]}` + "\n\n"}}, want: exchange.Garbage},
		{name: "a choice nobody asked for", answer: mockupstream.Answer{Raw: []string{`data: {"choices":[{"index":1,"delta":{"content":"x"}}]}` + "\n\n"}}, want: exchange.Garbage},
		{name: "JSON for a stream", answer: mockupstream.Answer{Body: `{"model":"m","choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}]}`}, ok: true},
		{name: "a stream for JSON", answer: mockupstream.Answer{Raw: []string{`data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}` + "\n\n"}}, unary: true, ok: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := w.rig(t, plain(), short)
			if tc.answer.Choices == nil && tc.answer.Raw == nil && tc.answer.Body == "" {
				tc.answer.Choices = []mockupstream.Choice{long}
			}
			r.mock.Next(tc.answer)
			c := Ask(canary)
			c.Stream = !tc.unary
			began := time.Now()
			events, err := r.collect(c)
			if d := time.Since(began); d > 8*phase { // the whole's limit must not be what ends it
				t.Errorf("it took %v", d)
			}
			if tc.ok {
				if err != nil {
					t.Fatalf("%v: %v", err, errors.Unwrap(err))
				}
				Join(t, events)
				return
			}
			if err == nil {
				t.Fatalf("%d events and no error, want fault %d", len(events), tc.want)
			}
			u := Upstream(t, err)
			noContent(t, err)
			if u.Fault != tc.want || u.Retryable != tc.retry || u.Backend != w.Name {
				t.Errorf("fault %d retryable %v (%v), want %d %v", u.Fault, u.Retryable, u.Cause, tc.want, tc.retry)
			}
			// The upstream is well again: so must be the adapter.
			if _, err := r.collect(Ask("again")); err != nil {
				t.Errorf("afterwards: %v (%v)", err, errors.Unwrap(err))
			}
		})
	}
}

func (w Wire) bounds(t *testing.T) {
	for name, tc := range map[string]struct {
		limits    upstream.Limits
		text, all int64
	}{
		"by its text":  {upstream.Limits{Text: 8 << 10}, 9 << 10, 4 << 20},
		"by its bytes": {upstream.Limits{Answer: 64 << 10}, 1 << 20, 80 << 10},
	} {
		r := w.rig(t, plain(), func(c *upstream.Config) { c.Limits = tc.limits })
		r.mock.Next(mockupstream.Answer{Fault: mockupstream.Endless, After: 1})
		events, err := r.collect(Ask("hi"))
		if err == nil || Upstream(t, err).Fault != exchange.Garbage {
			t.Errorf("%s: %v, want Garbage", name, err)
		}
		text := int64(0)
		for _, e := range events {
			text += int64(e.Text.Len())
		}
		if read := r.Stats().Read; text > tc.text || read > tc.all {
			t.Errorf("%s: %d bytes of text, %d read; want at most %d and %d", name, text, read, tc.text, tc.all)
		}
	}
}

func (w Wire) statuses(t *testing.T) {
	r := w.rig(t, plain(), func(c *upstream.Config) {
		c.Now = func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	})
	after := func(k, v string) http.Header { return http.Header{k: {v}} }
	for _, tc := range []struct {
		status int
		header http.Header
		body   string
		want   exchange.UpstreamError
	}{
		{429, after("Retry-After", "22"), `{"error":{"code":"429","message":"` + canary + `"}}`, exchange.UpstreamError{Fault: exchange.Limited, RetryAfter: 22, Retryable: true}},
		{429, after("Retry-After-Ms", "1500"), "", exchange.UpstreamError{Fault: exchange.Limited, RetryAfter: 2, Retryable: true}},
		{429, after("Retry-After", "Thu, 01 Jan 2026 00:00:30 GMT"), "", exchange.UpstreamError{Fault: exchange.Limited, RetryAfter: 30, Retryable: true}},
		{429, after("Retry-After", "-5"), "", exchange.UpstreamError{Fault: exchange.Limited, Retryable: true}},
		{500, nil, canary, exchange.UpstreamError{Fault: exchange.Overloaded, Retryable: true}},
		{502, nil, "<html>", exchange.UpstreamError{Fault: exchange.Overloaded, Retryable: true}},
		{503, after("Retry-After", "1.2"), "", exchange.UpstreamError{Fault: exchange.Overloaded, RetryAfter: 2, Retryable: true}},
		{501, nil, "", exchange.UpstreamError{Fault: exchange.Unsupported}},
		{500, nil, `{"error":{"code":500,"message":"input is too large to process. increase the physical batch size","type":"server_error"}}`, exchange.UpstreamError{Fault: exchange.TooLong}},
		{400, nil, `{"error":{"message":"` + canary + `","type":"invalid_request_error","param":"messages[0].content","code":null}}`, exchange.UpstreamError{Fault: exchange.BadRequest, Param: "messages"}},
		{400, nil, `{"error":{"message":"x","param":"` + canary + `"}}`, exchange.UpstreamError{Fault: exchange.BadRequest}},
		{400, nil, `{"error":{"message":"x","param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}}`, exchange.UpstreamError{Fault: exchange.Filtered, Param: "prompt"}},
		{400, nil, `{"error":{"code":"context_length_exceeded","param":"messages"}}`, exchange.UpstreamError{Fault: exchange.TooLong, Param: "messages"}},
		{400, nil, `{"error":{"code":400,"message":"x","type":"exceed_context_size_error","n_ctx":4096}}`, exchange.UpstreamError{Fault: exchange.TooLong}},
		{400, nil, `{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}`, exchange.UpstreamError{Fault: exchange.TooLong}},
		{400, nil, `{"error":{"code":"unsupported_parameter","param":"max_tokens"}}`, exchange.UpstreamError{Fault: exchange.Unsupported, Param: "max_tokens"}},
		{401, nil, "", exchange.UpstreamError{Fault: exchange.Denied}},
		{403, nil, "", exchange.UpstreamError{Fault: exchange.Denied}},
		{404, nil, `{"error":{"code":"DeploymentNotFound"}}`, exchange.UpstreamError{Fault: exchange.Missing}},
		{408, nil, "", exchange.UpstreamError{Fault: exchange.TimedOut, Retryable: true}},
		{413, nil, "", exchange.UpstreamError{Fault: exchange.TooLong}},
		{422, nil, "", exchange.UpstreamError{Fault: exchange.BadRequest}},
		{301, after("Location", "http://127.0.0.1:1/"), "", exchange.UpstreamError{Fault: exchange.Garbage}},
		{307, after("Location", "http://127.0.0.1:1/"), "", exchange.UpstreamError{Fault: exchange.Garbage}},
		{202, nil, "{}", exchange.UpstreamError{Fault: exchange.Garbage}},
	} {
		for _, stream := range []bool{true, false} {
			r.mock.Next(mockupstream.Answer{Status: tc.status, Header: tc.header, Body: tc.body})
			before := r.Stats().Requests
			c := Ask("hi")
			c.Stream = stream
			got := r.fault(c)
			want := tc.want
			want.Backend, want.Status, want.Cause = w.Name, tc.status, got.Cause
			if *got != want {
				t.Errorf("%d %s: %+v, want %+v", tc.status, tc.body, *got, want)
			}
			if n := r.Stats().Requests - before; n != 1 {
				t.Errorf("%d: %d requests, want 1", tc.status, n)
			}
		}
	}
}

func (w Wire) midway(t *testing.T) {
	begun := `data: {"model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}` + "\n\n"
	for _, tc := range []struct {
		raw  string
		want exchange.Fault
	}{
		{`data: {"error":{"message":"` + canary + `","type":"server_error","param":null,"code":null}}`, exchange.Overloaded},
		{`data: {"error":"` + canary + `"}`, exchange.Overloaded},
		{`data: {"error":{"code":429,"message":"x"}}`, exchange.Limited},
		{`data: {"error":{"code":"context_length_exceeded"}}`, exchange.TooLong},
		{`data: {"error":{"code":"content_filter"}}`, exchange.Filtered},
		{"event: error\ndata: {\"message\":\"x\"}", exchange.Overloaded},
		{`error: {"code":500,"message":"x"}`, exchange.Overloaded},
	} {
		r := w.rig(t, plain(), nil)
		r.mock.Next(mockupstream.Answer{Raw: []string{begun, tc.raw + "\n\n"}})
		events, err := r.collect(Ask("hi"))
		if err == nil {
			t.Fatalf("%s: no error", tc.raw)
		}
		u := Upstream(t, err)
		noContent(t, u)
		if u.Fault != tc.want || u.Retryable || len(events) != 2 {
			t.Errorf("%s: fault %d retryable %v after %d events, want %d false 2", tc.raw, u.Fault, u.Retryable, len(events), tc.want)
		}
	}
}

func (w Wire) noDial(t *testing.T) {
	r := w.rig(t, plain(), nil)
	permit := Permit(t, w.Name)
	try := func(name string, c *conversation.Conversation, want exchange.Fault) {
		t.Helper()
		_, err := Collect(r.Stream(t.Context(), permit, c))
		if err == nil || Upstream(t, err).Fault != want {
			t.Errorf("%s: %v, want fault %d", name, err, want)
		}
	}
	empty := Ask("hi")
	empty.Turns = nil
	try("no turns", empty, exchange.BadRequest)
	odd := Ask("hi")
	odd.Turns[0].Parts[0].Kind = conversation.UnknownKind
	try("a part of unknown kind", odd, exchange.BadRequest)
	role := Ask("hi")
	role.Turns[0].Role = conversation.UnknownRole
	try("a turn of unknown role", role, exchange.BadRequest)
	if _, _, err := r.Embed(t.Context(), permit, exchange.EmbedRequest{}); err == nil {
		t.Error("no texts: no error")
	}
	_ = r.Stream(t.Context(), permit, Ask("hi")) // never read
	for _, p := range [][]string{nil, {"other"}} {
		_, _ = Collect(r.Stream(t.Context(), Permit(t, p...), Ask("hi")))
		_, _, _ = r.Embed(t.Context(), Permit(t, p...), exchange.EmbedRequest{Texts: []content.Text{content.New("x")}})
	}
	if s, m := r.Stats(), r.mock.Stats(); s.Dials != 0 || s.Requests != 0 || m.Connections != 0 {
		t.Errorf("dialled all the same: %+v, mock %+v", s, m)
	}
}

func (w Wire) hosts(t *testing.T) {
	t.Run("the environment's proxy is ignored", func(t *testing.T) {
		for _, k := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
			t.Setenv(k, "http://trap.example:3128")
		}
		mock := plain()
		var dialled []string
		r := w.rig(t, mock, func(c *upstream.Config) {
			// Not loopback: the standard library never uses a proxy for that.
			c.Endpoint, c.AllowHTTP = &url.URL{Scheme: "http", Host: "upstream.example"}, true
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				dialled = append(dialled, address)
				return new(net.Dialer).DialContext(ctx, network, mock.URL().Host)
			}
		})
		if _, err := r.collect(Ask("hi")); err != nil {
			t.Fatal(errors.Unwrap(err))
		}
		if len(dialled) != 1 || dialled[0] != "upstream.example:80" {
			t.Errorf("dialled %v", dialled)
		}
	})
	t.Run("a configured proxy is used", func(t *testing.T) {
		var seen sync.Map
		proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) {
			seen.Store(q.Method+" "+q.Host, true)
			up, err := net.Dial("tcp", q.Host)
			if err != nil {
				http.Error(rw, canary, http.StatusBadGateway)
				return
			}
			down, _, err := http.NewResponseController(rw).Hijack()
			if err != nil {
				return
			}
			_, _ = down.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
			var wg sync.WaitGroup
			pipe := func(a, b net.Conn) { buf := make([]byte, 4096); copyAll(a, b, buf); _ = a.Close(); _ = b.Close() }
			wg.Go(func() { pipe(up, down) })
			wg.Go(func() { pipe(down, up) })
			wg.Wait()
		}))
		mock := mockupstream.New(mockupstream.Options{Tokens: 5}).StartTLS(false)
		r := w.rig(t, mock, func(c *upstream.Config) { c.Proxy, _ = url.Parse(proxy.URL) })
		t.Cleanup(func() { r.Close(); proxy.Close() })
		if _, err := r.collect(Ask("hi")); err != nil {
			t.Fatal(errors.Unwrap(err))
		}
		if _, ok := seen.Load("CONNECT " + mock.URL().Host); !ok {
			t.Error("the proxy saw no CONNECT to the upstream")
		}
	})
	t.Run("a redirect leads nowhere", func(t *testing.T) {
		trap := plain()
		defer trap.Close()
		r := w.rig(t, plain(), nil)
		r.mock.Next(mockupstream.Answer{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {trap.URL().String() + "/v1/chat/completions"}}})
		if u := r.fault(Ask(canary)); u.Fault != exchange.Garbage {
			t.Errorf("fault %d", u.Fault)
		}
		if trap.Stats().Connections > 0 {
			t.Error("the redirect was followed")
		}
	})
	t.Run("each address is checked", func(t *testing.T) {
		var asked []netip.AddrPort
		r := w.rig(t, plain(), func(c *upstream.Config) {
			c.CheckAddress = func(a netip.AddrPort) error { asked = append(asked, a); return errors.New("no") }
		})
		if u := r.fault(Ask("hi")); u.Fault != exchange.Unreachable || u.Retryable {
			t.Errorf("fault %d retryable %v", u.Fault, u.Retryable)
		}
		if len(asked) != 1 || r.mock.Stats().Connections != 0 {
			t.Errorf("asked %v, %d connections", asked, r.mock.Stats().Connections)
		}
	})
	t.Run("the metadata service is never dialled", func(t *testing.T) {
		r := w.rig(t, plain(), func(c *upstream.Config) {
			c.Endpoint, c.AllowHTTP = &url.URL{Scheme: "http", Host: "169.254.169.254"}, true
		})
		if u := r.fault(Ask("hi")); u.Fault != exchange.Unreachable || u.Retryable || r.Stats().Refused != 1 {
			t.Errorf("fault %d, %+v", u.Fault, r.Stats())
		}
	})
	t.Run("something that does not speak HTTP", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 4096))
				_, _ = c.Write([]byte("HTTP/1.1 " + canary + " what\r\n\r\n"))
				_ = c.Close()
			}
		})
		r := w.rig(t, plain(), func(c *upstream.Config) { c.Endpoint = &url.URL{Scheme: "http", Host: l.Addr().String()} })
		if u := r.fault(Ask(canary)); u.Fault != exchange.Garbage || u.Retryable {
			t.Errorf("fault %d retryable %v: %v", u.Fault, u.Retryable, u.Cause)
		}
		_ = l.Close()
		wg.Wait()
	})
	t.Run("nobody listens", func(t *testing.T) {
		mock := plain()
		at := mock.URL()
		mock.Close()
		r := w.rig(t, mock, func(c *upstream.Config) { c.Endpoint = at })
		if u := r.fault(Ask("hi")); u.Fault != exchange.Unreachable || !u.Retryable {
			t.Errorf("fault %d retryable %v", u.Fault, u.Retryable)
		}
	})
}

func copyAll(to, from net.Conn, buf []byte) {
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w Wire) tls(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		r := w.rig(t, mockupstream.New(mockupstream.Options{Tokens: 5}).StartTLS(h2), nil)
		for range 3 {
			if _, err := r.collect(Ask("hi")); err != nil {
				t.Fatalf("h2 %v: %v", h2, errors.Unwrap(err))
			}
		}
		want := "HTTP/1.1"
		if h2 {
			want = "HTTP/2.0"
		}
		if got := r.mock.Requests()[0].Proto; got != want {
			t.Errorf("protocol %s, want %s", got, want)
		}
		if n := r.mock.Stats().Connections; n != 1 {
			t.Errorf("%s: %d connections for 3 calls, want 1", want, n)
		}
		// Leaving in the middle must reach an HTTP/2 server too.
		r.mock.Next(mockupstream.Answer{Fault: mockupstream.Hang, After: 2})
		for range r.Stream(t.Context(), Permit(t, w.Name), Ask("hi")) {
			break
		}
		waitFor(t, "the upstream notices", func() bool { return r.mock.Stats().Cancelled == 1 })
	}
	mock := mockupstream.New(mockupstream.Options{}).StartTLS(true)
	mock.Quiet()
	r := w.rig(t, mock, func(c *upstream.Config) { c.CA = nil })
	if u := r.fault(Ask(canary)); u.Fault != exchange.Unreachable {
		t.Errorf("an unknown authority: fault %d", u.Fault)
	}
	if n := len(r.mock.Requests()); n != 0 {
		t.Errorf("an unknown authority got %d requests", n)
	}
}

func (w Wire) connections(t *testing.T) {
	t.Run("one connection for calls in a row", func(t *testing.T) {
		r := w.rig(t, plain(), nil)
		for i := range 20 {
			c := Ask("hi")
			c.Stream = i%2 == 0
			if _, err := r.collect(c); err != nil {
				t.Fatal(err)
			}
		}
		if n := r.Stats().Dials; n != 1 {
			t.Errorf("%d connections for 20 calls, want 1", n)
		}
	})
	t.Run("64 in flight, twice", func(t *testing.T) {
		r := w.rig(t, mockupstream.New(mockupstream.Options{Tokens: 3, Delay: 200 * time.Millisecond}).Start(), nil)
		for range 2 {
			var wg sync.WaitGroup
			for range 64 {
				wg.Go(func() {
					if _, err := r.collect(Ask("hi")); err != nil {
						t.Error(err, errors.Unwrap(err))
					}
				})
			}
			wg.Wait()
		}
		if n := r.Stats().Dials; n > 80 {
			t.Errorf("%d connections for twice 64 calls: they are not kept", n)
		}
	})
	t.Run("a stale one is repeated once", func(t *testing.T) {
		r := w.rig(t, plain(), nil)
		if _, err := r.collect(Ask("hi")); err != nil {
			t.Fatal(err)
		}
		r.mock.Next(mockupstream.Answer{Fault: mockupstream.Drop})
		if _, err := r.collect(Ask("hi")); err != nil {
			t.Fatalf("not repeated: %v", errors.Unwrap(err))
		}
		if s := r.Stats(); s.Repeats != 1 {
			t.Errorf("%+v", s)
		}
		r.mock.Next(mockupstream.Answer{Fault: mockupstream.Drop}, mockupstream.Answer{Fault: mockupstream.Drop})
		if u := r.fault(Ask("hi")); u.Fault != exchange.Unreachable || r.Stats().Repeats != 2 {
			t.Errorf("two failures: fault %d, %+v", u.Fault, r.Stats())
		}
	})
	t.Run("a fresh one is not", func(t *testing.T) {
		r := w.rig(t, plain(), nil)
		r.mock.Next(mockupstream.Answer{Fault: mockupstream.Drop})
		if u := r.fault(Ask("hi")); u.Fault != exchange.Unreachable || r.Stats().Requests != 1 {
			t.Errorf("fault %d, %+v", u.Fault, r.Stats())
		}
	})
}

func (w Wire) circuit(t *testing.T) {
	r := w.rig(t, plain(), func(c *upstream.Config) {
		c.Breaker = upstream.Breaker{Failures: 3, Open: 200 * time.Millisecond, Probes: 1}
	})
	bad := mockupstream.Answer{Status: 500, Body: "{}"}
	// Neither limits nor bad requests, nor a caller that leaves, open it.
	for range 5 {
		r.mock.Next(mockupstream.Answer{Status: 429, Body: "{}"})
		r.fault(Ask("hi"))
	}
	for range 5 {
		r.mock.Next(mockupstream.Answer{Status: 400, Body: "{}"})
		r.fault(Ask("hi"))
	}
	for range 5 {
		r.mock.Next(mockupstream.Answer{Fault: mockupstream.Garbage, After: 2})
		r.fault(Ask("hi"))
	}
	r.mock.Always(func(mockupstream.Request) mockupstream.Answer {
		return mockupstream.Answer{Fault: mockupstream.HangAtStart}
	})
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		_, _ = Collect(r.Stream(ctx, Permit(t, w.Name), Ask("hi")))
		cancel()
	}
	r.mock.Always(nil)
	if got := r.Circuit(); got != "closed" {
		t.Fatalf("circuit is %s", got)
	}
	r.mock.Next(bad, bad, bad)
	for range 3 {
		r.fault(Ask("hi"))
	}
	before := r.Stats()
	for range 10 {
		if u := r.fault(Ask("hi")); u.Fault != exchange.CircuitOpen || !u.Retryable {
			t.Fatalf("fault %d retryable %v, want an open circuit", u.Fault, u.Retryable)
		}
	}
	if _, _, err := r.Embed(t.Context(), Permit(t, w.Name), exchange.EmbedRequest{Texts: []content.Text{content.New("x")}}); err == nil || Upstream(t, err).Fault != exchange.CircuitOpen {
		t.Errorf("embeddings: %v", err)
	}
	after := r.Stats()
	if after.Requests != before.Requests || after.Dials != before.Dials || after.Opened != 11 {
		t.Errorf("an open circuit was dialled: %+v, then %+v", before, after)
	}
	time.Sleep(250 * time.Millisecond)
	// Half open: one probe that fails opens it again, one that succeeds closes it.
	r.mock.Next(bad)
	if u := r.fault(Ask("hi")); u.Fault != exchange.Overloaded {
		t.Errorf("the probe: fault %d", u.Fault)
	}
	if u := r.fault(Ask("hi")); u.Fault != exchange.CircuitOpen {
		t.Errorf("behind a failed probe: fault %d", u.Fault)
	}
	time.Sleep(250 * time.Millisecond)
	seen := false
	for _, err := range r.Stream(t.Context(), Permit(t, w.Name), Ask("hi")) {
		if err != nil {
			t.Fatal(err)
		}
		if !seen && r.Circuit() != "closed" {
			t.Error("the probe's first event does not close the circuit")
		}
		seen = true
	}
}

func (w Wire) leaving(t *testing.T) {
	for name, leave := range map[string]func(r *rig){
		"breaking out": func(r *rig) {
			for range r.Stream(t.Context(), Permit(t, w.Name), Ask("hi")) {
				break
			}
		},
		"context, waiting for an event": func(r *rig) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			for _, err := range r.Stream(ctx, Permit(t, w.Name), Ask("hi")) {
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("%v", errors.Unwrap(err))
				}
				time.AfterFunc(20*time.Millisecond, func() { cancel(errors.New(canary)) })
			}
		},
		"context, waiting for the header": func(r *rig) {
			r.mock.Forget()
			r.mock.Next(mockupstream.Answer{Fault: mockupstream.HangAtStart})
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			_, err := Collect(r.Stream(ctx, Permit(t, w.Name), Ask("hi")))
			if u := Upstream(t, err); u.Fault != exchange.TimedOut || u.Retryable || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("fault %d retryable %v: %v", u.Fault, u.Retryable, u.Cause)
			}
		},
		"panic": func(r *rig) {
			defer func() { _ = recover() }()
			for range r.Stream(t.Context(), Permit(t, w.Name), Ask("hi")) {
				panic("consumer")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.rig(t, plain(), nil)
			r.mock.Next(mockupstream.Answer{Fault: mockupstream.Hang, After: 3})
			began := time.Now()
			leave(r)
			waitFor(t, "the upstream notices", func() bool { return r.mock.Stats().Cancelled == 1 })
			if d := time.Since(began); d > 1900*time.Millisecond { // the first phase ends at 2 s
				t.Errorf("it took %v", d)
			}
		})
	}
}

func (w Wire) pressure(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		mock := mockupstream.New(mockupstream.Options{}).StartTLS(h2)
		r := w.rig(t, mock, nil)
		r.mock.Next(mockupstream.Answer{Fault: mockupstream.Endless, After: 1})
		n := 0
		for _, err := range r.Stream(t.Context(), Permit(t, w.Name), Ask("hi")) {
			if err != nil {
				t.Fatal(errors.Unwrap(err))
			}
			if n++; n == 3 {
				// Longer than the idle limit: a slow consumer is not the backend's fault.
				time.Sleep(2200 * time.Millisecond)
				if read := r.Stats().Read; read > 64<<10 {
					t.Errorf("h2 %v: the adapter read %d bytes ahead", h2, read)
				}
				// The kernel's buffers are not ours; they stay within some MiB.
				if out := mock.Stats().BytesOut; out > 12<<20 {
					t.Errorf("h2 %v: the upstream could send %d bytes", h2, out)
				}
			}
			if n > 100 {
				break
			}
		}
	}
}

func (w Wire) embeddings(t *testing.T) {
	r := w.rig(t, plain(), nil)
	permit := Permit(t, w.Name)
	req := exchange.EmbedRequest{Texts: []content.Text{content.New("a"), content.New("b " + canary)}, Dimensions: 3, User: content.New("u1")}
	v, u, err := r.Embed(t.Context(), permit, req)
	if err != nil {
		t.Fatal(errors.Unwrap(err))
	}
	if len(v) != 2 || !equal(v[1], mockupstream.Vector("b "+canary, 3)) || u.Prompt != 3 || u.Total != 3 {
		t.Errorf("%v %+v", v, u)
	}
	if b := string(r.mock.Requests()[0].Body); !strings.Contains(b, `"dimensions":3`) || !strings.Contains(b, `"user":"u1"`) {
		t.Errorf("sent %s", b)
	}
	for name, body := range map[string]string{
		"too few":         `{"data":[{"index":0,"embedding":[1,2,3]}]}`,
		"too many":        `{"data":[{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1,2,3]},{"index":2,"embedding":[1,2,3]}]}`,
		"one index twice": `{"data":[{"index":0,"embedding":[1,2,3]},{"index":0,"embedding":[1,2,3]}]}`,
		"index too high":  `{"data":[{"index":0,"embedding":[1,2,3]},{"index":2,"embedding":[1,2,3]}]}`,
		"other width":     `{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2]}]}`,
		"uneven":          `{"data":[{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1,2]}]}`,
		"empty":           `{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}`,
		"overflow":        `{"data":[{"index":0,"embedding":[1,2,1e39]},{"index":1,"embedding":[1,2,3]}]}`,
		"not a number":    `{"data":[{"index":0,"embedding":[1,2,null]},{"index":1,"embedding":[1,2,3]}]}`,
		"NaN in base64":   `{"data":[{"index":0,"embedding":"AADAfwAAwH8AAMB/"},{"index":1,"embedding":[1,2,3]}]}`,
		"broken base64":   `{"data":[{"index":0,"embedding":"AADAf!"},{"index":1,"embedding":[1,2,3]}]}`,
		"no data":         `{"object":"list"}`,
		"not JSON":        canary,
		"trailing":        `{"data":[{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1,2,3]}]} {}`,
	} {
		r.mock.Next(mockupstream.Answer{Body: body})
		v, _, err := r.Embed(t.Context(), permit, req)
		if err == nil {
			t.Errorf("%s: %v, want an error", name, v)
			continue
		}
		noContent(t, err)
		if e := Upstream(t, err); e.Fault != exchange.Garbage {
			t.Errorf("%s: fault %d", name, e.Fault)
		}
	}
	for name, body := range map[string]string{
		"out of order": `{"data":[{"index":1,"embedding":[4,5,6]},{"index":0,"embedding":[1,2,3]}]}`,
		"no index":     `{"data":[{"embedding":[1,2,3]},{"embedding":[4,5,6]}],"usage":{"prompt_tokens":2,"total_tokens":2}}`,
		"base64":       `{"data":[{"index":0,"embedding":"AACAPwAAAEAAAEBA"},{"index":1,"embedding":"AACAQAAAoEAAAMBA"}]}`,
	} {
		r.mock.Next(mockupstream.Answer{Body: body})
		v, _, err := r.Embed(t.Context(), permit, req)
		if err != nil || !equal(v[0], exchange.Vector{1, 2, 3}) || !equal(v[1], exchange.Vector{4, 5, 6}) {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
	r.mock.Next(mockupstream.Answer{Status: 429, Header: http.Header{"Retry-After": {"7"}}, Body: "{}"})
	if _, _, err := r.Embed(t.Context(), permit, req); err == nil || Upstream(t, err).RetryAfter != 7 {
		t.Errorf("429: %v", err)
	}
}

func (w Wire) models(t *testing.T) {
	r := w.rig(t, plain(), nil)
	other, err := r.ForModel("other-model")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []*upstream.Backend{r.Backend, other} {
		events, err := Collect(b.Stream(t.Context(), Permit(t, w.Name), Ask("hi")))
		if err != nil {
			t.Fatal(err)
		}
		_ = open.String(events[0].Text)
	}
	q := r.mock.Requests()
	if s := q[1].Path + string(q[1].Body); !strings.Contains(s, "other-model") {
		t.Errorf("the model's name is not sent: %s", s)
	}
	if s := r.Stats(); s.Dials != 1 || s.Requests != 2 {
		t.Errorf("connections are not shared: %+v", s)
	}
	for _, bad := range []string{"a b", "a\nb", strings.Repeat("x", 300)} {
		if _, err := r.ForModel(bad); err == nil {
			t.Errorf("the model name %q is accepted", bad)
		}
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Errorf("waited in vain: %s", what)
}
