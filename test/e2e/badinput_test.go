package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/record/audit"
	"sallyport/internal/surface/openai"
)

// quiet waits until the service has no more goroutines than before.
func (s *Service) quiet(t testing.TB, before float64) {
	t.Helper()
	client.CloseIdleConnections()
	http.DefaultClient.CloseIdleConnections()
	if l := s.lab; l != nil {
		l.H2.CloseIdleConnections()
	}
	var now float64
	for range 200 {
		if now = s.Metric(t, "go_goroutines"); now <= before+3 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%v goroutines, %v before", now, before)
}

// warm brings the service to its ordinary state: connections to the upstream are
// open, pools are filled.
func (l *Lab) warm(t testing.TB) float64 {
	t.Helper()
	if r := l.chat(asking("Good day to you.")); r.Status != 200 {
		t.Fatalf("an ordinary request: %s", r.brief())
	}
	client.CloseIdleConnections()
	time.Sleep(200 * time.Millisecond)
	return l.Metric(t, "go_goroutines")
}

// bad is a request that cannot be served.
type bad struct {
	name   string
	call   Call
	status int
	code   string // "-": any
}

func gzipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.Bytes()
}

func utf16of(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func badRequests(l *Lab) []bad {
	const path = "/openai/deployments/chat/chat/completions"
	good := asking("Good day.")
	body := func(name, text string) bad {
		return bad{name, Call{Path: path + "?api-version=" + apiVersion, Body: []byte(text)}, 400, "-"}
	}
	user := func(content string) string { return `{"messages":[{"role":"user","content":` + content + `}]}` }
	at := func(name, path string, status int, code string) bad {
		return bad{name, Call{Path: path, Body: []byte(good)}, status, code}
	}
	header := func(name, key, value string, status int) bad {
		return bad{name, Call{Path: path + "?api-version=" + apiVersion, Body: []byte(good), Header: map[string]string{key: value}}, status, "-"}
	}
	method := func(m string) bad {
		return bad{"method " + m, Call{Path: path + "?api-version=" + apiVersion, Method: m}, 405, "-"}
	}
	all := []bad{
		body("broken JSON", `{"messages":`), body("no JSON", "hello"), body("blank", "  "), body("array", "[]"), body("null", "null"), body("string", `"x"`),
		body("single quotes", `{'messages':[]}`), body("comment", `{/**/"messages":[]}`), body("trailing comma", `{"messages":[],}`),
		body("NaN", asking("Good day.", `"temperature":NaN`)),
		body("two documents", good+good), body("trailing bytes", good+"x"), body("trailing zero", good+"\x00"),
		body("byte-order mark", "\xef\xbb\xbf"+good), {"UTF-16", Call{Path: path + "?api-version=" + apiVersion, Body: utf16of(good)}, 400, "-"},
		{"compressed, not announced", Call{Path: path + "?api-version=" + apiVersion, Body: gzipped(good)}, 400, "-"},
		body("duplicate member", `{"messages":[{"role":"user","content":"a"}],"messages":[{"role":"user","content":"b"}]}`),
		body("duplicate by case", `{"messages":[{"role":"user","content":"a"}],"Messages":[{"role":"user","content":"b"}]}`),
		body("duplicate by escape", `{"messages":[{"role":"user","content":"a"}],"mess\u0061ges":[{"role":"user","content":"b"}]}`),
		body("duplicate, deep", asking("a", `"metadata":{"a":{"b":1,"b":2}}`)),
		body("duplicate role", `{"messages":[{"role":"system","role":"user","content":"a"}]}`),
		body("unknown role", `{"messages":[{"role":"root","content":"x"}]}`), body("no role", `{"messages":[{"content":"x"}]}`),
		body("unknown part", user(`[{"type":"hologram","hologram":"x"}]`)), body("image", user(`[{"type":"image_url","image_url":{"url":"https://a.example/x.png"}}]`)),
		body("audio", user(`[{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]`)), body("file", user(`[{"type":"file","file":{"file_id":"f"}}]`)),
		body("invalid UTF-8", user("\"a\xff\xfeb\"")), body("overlong UTF-8", user("\"a\xc0\xafb\"")), body("UTF-8 surrogates", user("\"\xed\xa0\x80\"")),
		body("lone surrogate", user(`"\ud800"`)), body("low surrogate", user(`"\udc00x"`)), body("reversed surrogates", user(`"\udc00\ud800"`)),
		body("NUL", user(`"a\u0000b"`)), body("raw control character", user("\"a\x01b\"")), body("bad escape", user(`"\x41"`)),
		body("deep arrays", asking("x", `"metadata":{"a":`+strings.Repeat("[", 100000)+strings.Repeat("]", 100000)+"}")),
		body("deep objects", strings.Repeat(`{"a":`, 50000)+"1"+strings.Repeat("}", 50000)),
		body("deep, unclosed", strings.Repeat("[", 500000)),
		body("n = 0", asking("x", `"n":0`)), body("n = 129", asking("x", `"n":129`)), body("n = 1e9", asking("x", `"n":1000000000`)), body("n = 2^63", asking("x", `"n":9223372036854775808`)),
		body("n of a thousand digits", asking("x", `"n":`+strings.Repeat("9", 1000))), body("temperature 1e400", asking("x", `"temperature":1e400`)),
		body("max_tokens -1", asking("x", `"max_tokens":-1`)), body("max_tokens 2^70", asking("x", `"max_tokens":1180591620717411303424`)), body("seed 1e300", asking("x", `"seed":1e300`)),
		body("leading zero", asking("x", `"n":01`)), body("no messages", `{}`), body("empty messages", `{"messages":[]}`), body("no content", `{"messages":[{"role":"user"}]}`),
		body("usage without a stream", asking("x", `"stream_options":{"include_usage":true}`)),
		{"beyond the limit", Call{Path: path + "?api-version=" + apiVersion, Body: []byte(asking(strings.Repeat("a", 2<<20)))}, 413, "-"},
		header("gzip announced", "Content-Encoding", "gzip", 415), header("br announced", "Content-Encoding", "br", 415), header("identity, gzip", "Content-Encoding", "identity, gzip", 415),
		header("text/plain", "Content-Type", "text/plain", 415), header("a form", "Content-Type", "application/x-www-form-urlencoded", 415),
		header("multipart", "Content-Type", "multipart/form-data; boundary=x", 415), header("UTF-16 announced", "Content-Type", "application/json; charset=utf-16", 415),
		header("no media type", "Content-Type", "", 415), header("unknown filter", "x-policy-id", "no-such-filter", 400),
		at("no api-version", path, 404, "404"), at("unknown api-version", path+"?api-version=2031-01-01", 404, "404"), at("empty api-version", path+"?api-version=", 404, "404"),
		at("two api-versions", path+"?api-version="+apiVersion+"&api-version="+apiVersion, 404, "404"), at("broken query", path+"?api-version=%zz", 404, "404"),
		at("unknown deployment", "/openai/deployments/nowhere/chat/completions?api-version="+apiVersion, 404, "DeploymentNotFound"),
		{"embeddings of a chat model", Call{Path: "/openai/deployments/chat/embeddings?api-version=" + apiVersion, Body: []byte(`{"input":"Good day."}`)}, 400, "OperationNotSupported"},
		at("chat with an embedding model", "/openai/deployments/embed/chat/completions?api-version="+apiVersion, 400, "OperationNotSupported"),
		at("responses", "/openai/v1/responses", 400, "OperationNotSupported"), at("images", "/openai/deployments/chat/images/generations?api-version="+apiVersion, 400, "OperationNotSupported"),
		at("unknown path", "/openai/v2/chat/completions", 404, "404"), at("trailing slash", path+"/?api-version="+apiVersion, 404, "404"),
		at("double slash", "/openai//deployments/chat/chat/completions?api-version="+apiVersion, 404, "404"), at("dot segments", "/openai/x/../deployments/chat/chat/completions?api-version="+apiVersion, 404, "404"),
		at("escaped slash", "/openai/deployments%2Fchat/chat/completions?api-version="+apiVersion, 404, "404"), at("NUL in the path", "/openai/deployments/a%00b/chat/completions?api-version="+apiVersion, 404, "-"),
		method("GET"), method("PUT"), method("DELETE"), method("PATCH"), method("OPTIONS"), method("BREW"),
	}
	// Every field of the schema with every kind that it cannot be.
	kinds := map[openai.Types]string{openai.Bool: `true`, openai.Number: `0.5`, openai.String: `"x"`, openai.Array: `[{}]`, openai.Object: `{"a":{}}`}
	for _, f := range openai.ChatSchema {
		for kind, value := range kinds {
			if f.Types&kind != 0 || kind == openai.Number && f.Types&(openai.Number|openai.Integer) != 0 || f.Refused != "" {
				continue
			}
			text := asking("x", fmt.Sprintf("%q:%s", f.Name, value))
			switch f.Name {
			case "messages":
				text = `{"messages":` + value + `}`
			case "model":
				continue // read by v1 only
			}
			all = append(all, body(fmt.Sprintf("%s = %s", f.Name, value), text))
		}
	}
	for i := range all {
		all[i].call.Base, all[i].call.Key = l.URL, l.Key
	}
	return all
}

// Whatever is wrong with a request: a clear error in the contract's shape, once on
// the record, and nothing at the upstream.
func TestBadRequests(t *testing.T) {
	l := newLab(t, LabOptions{})
	before := l.warm(t)
	upstream := l.Mock.Stats().Requests
	type sent struct {
		bad
		id string
	}
	var done []sent
	all := badRequests(l)
	for _, b := range badRequests(l) {
		// Over HTTP/2 the same, but for what HTTP/2 itself cannot carry.
		b.name, b.call.Base, b.call.Client = b.name+", HTTP/2", l.Secure, l.H2
		all = append(all, b)
	}
	for _, b := range all {
		r := b.call.do()
		if h2 := strings.HasSuffix(b.name, "HTTP/2"); h2 && r.Err == nil && r.Proto != "HTTP/2.0" {
			t.Fatalf("%s: spoke %s", b.name, r.Proto)
		}
		if _, err := r.shape(); err != nil || r.Status != b.status || b.code != "-" && r.code() != b.code {
			t.Errorf("%s: got %s (%v), want %d %s", b.name, r.brief(), err, b.status, b.code)
			continue
		}
		if b.status == 405 && r.Header.Get("Allow") == "" {
			t.Errorf("%s: no Allow header", b.name)
		}
		if b.status == 413 && !r.Closes && r.Proto == "HTTP/1.1" {
			t.Errorf("%s: the connection stays open", b.name)
		}
		done = append(done, sent{b, r.Header.Get("x-request-id")})
		totals.add("bad requests", 1)
	}
	if got := l.Mock.Stats().Requests; got != upstream {
		t.Errorf("%d bad requests reached the upstream", got-upstream)
	}
	l.quiet(t, before)
	if r := l.chat(asking("Good day to you.")); r.Status != 200 {
		t.Errorf("afterwards: %s", r.brief())
	}
	if code := l.Stop(t); code != 0 {
		t.Errorf("exit %d", code)
	}
	byID := map[string][]audit.Entry{}
	counted := 0
	for _, e := range record(t, l.State) {
		byID[e.ID] = append(byID[e.ID], e)
		if e.Kind == audit.Counted {
			counted += e.Count
		}
	}
	// Refusals before anybody is known are written one by one at first, then counted:
	// who sends many of them must not fill the disk.
	for _, s := range done {
		es := byID[s.id]
		if stranger := s.status == 404 || s.status == 405; stranger && len(es) == 0 && counted > 0 {
			counted--
			continue
		}
		if len(es) != 1 || es[0].Kind != audit.Refused || es[0].Code == "" {
			t.Errorf("%s: %d entries on the record, want one refusal with a code: %+v", s.name, len(es), es)
		}
	}
	if counted != 0 {
		t.Errorf("%d refusals were counted beyond those that were sent", counted)
	}
}

// raw sends bytes and returns what comes back before the connection closes or
// wait is over.
func (s *Service) raw(t testing.TB, request string, wait time.Duration) (string, time.Duration) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return exchange(c, request, wait)
}

// rawTLS is raw under TLS: as HTTP/1.1 by agreement, or without any.
func (l *Lab) rawTLS(t testing.TB, request string, wait time.Duration, protocols ...string) (string, time.Duration) {
	t.Helper()
	config := l.H2.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = protocols
	c, err := tls.Dial("tcp", strings.TrimPrefix(l.Secure, "https://"), config)
	if err != nil {
		t.Fatal(err)
	}
	return exchange(c, request, wait)
}

func exchange(c net.Conn, request string, wait time.Duration) (string, time.Duration) {
	defer func() { _ = c.Close() }()
	began := time.Now()
	_ = c.SetDeadline(began.Add(wait))
	_, _ = io.WriteString(c, request)
	out, _ := io.ReadAll(c)
	return string(out), time.Since(began)
}

// Below a readable request line the connection closes and is counted; from there
// on the error has the contract's shape.
func TestMalformedHTTP(t *testing.T) {
	l := newLab(t, LabOptions{})
	before := l.warm(t)
	malformed := l.Metric(t, "sallyport_malformed_public")
	line := "POST /openai/deployments/chat/chat/completions?api-version=" + apiVersion + " HTTP/1.1\r\n"
	auth := "Host: x\r\napi-key: " + l.Key + "\r\nContent-Type: application/json\r\nConnection: close\r\n"
	good := asking("Good day.")
	unreadable := map[string]string{
		"no HTTP at all":       "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 100),
		"a line without parts": "HELLO\r\n\r\n",
		"an endless line":      "GET /" + strings.Repeat("a", 200<<10) + " HTTP/1.1\r\n\r\n",
		"HTTP of the future":   "GET / HTTP/9.9\r\n\r\n",
		"nothing, then gone":   "\r\n\r\n\r\n",
	}
	for name, request := range unreadable {
		out, took := l.raw(t, request, 15*time.Second)
		if strings.Contains(out, "200 OK") || took > 14*time.Second {
			t.Errorf("%s: %q after %s", name, cut(out, 200), took)
		}
	}
	time.Sleep(200 * time.Millisecond)
	if got := l.Metric(t, "sallyport_malformed_public") - malformed; got < float64(len(unreadable)) {
		t.Errorf("%v connections counted as malformed, want %d", got, len(unreadable))
	}
	for name, request := range map[string]string{
		"a header flood":             line + auth + "x-flood: " + strings.Repeat("a", 200<<10) + "\r\n\r\n",
		"many headers":               line + auth + strings.Repeat("x-flood: a\r\n", 20000) + "\r\n",
		"no host":                    line + "api-key: " + l.Key + "\r\nConnection: close\r\n\r\n",
		"two hosts":                  line + auth + "Host: y\r\n\r\n",
		"a header without a colon":   line + auth + "oops\r\n\r\n",
		"a space before the colon":   line + auth + "x : y\r\n\r\n",
		"two lengths":                line + auth + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + good,
		"a length that is no number": line + auth + "Content-Length: abc\r\n\r\n" + good,
		"a negative length":          line + auth + "Content-Length: -1\r\n\r\n" + good,
		"an unknown transfer coding": line + auth + "Transfer-Encoding: gzip\r\n\r\n" + good,
		"chunks that are none":       line + auth + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + good,
		"a body that ends early":     line + auth + "Content-Length: 5000\r\n\r\n" + good,
		"two credentials":            line + strings.Replace(auth, "api-key: ", "api-key: wrong\r\napi-key: ", 1) + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(good), good),
	} {
		wait := 15 * time.Second
		if name == "a body that ends early" {
			// Half-close: the client says that no more comes.
			c, err := net.Dial("tcp", strings.TrimPrefix(l.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			_ = c.SetDeadline(time.Now().Add(wait))
			_, _ = io.WriteString(c, request)
			_ = c.(*net.TCPConn).CloseWrite()
			out, _ := io.ReadAll(c)
			_ = c.Close()
			checkRaw(t, name, string(out))
			continue
		}
		out, took := l.raw(t, request, wait)
		if took >= wait {
			t.Errorf("%s: the connection stays open", name)
		}
		checkRaw(t, name, out)
		for _, protocols := range [][]string{nil, {"http/1.1"}} {
			out, took := l.rawTLS(t, request, wait, protocols...)
			if took >= wait {
				t.Errorf("%s, under TLS: the connection stays open", name)
			}
			checkRaw(t, name+", under TLS", out)
			totals.add("bad requests", 1)
		}
		totals.add("bad requests", 1)
	}
	l.quiet(t, before)
}

// checkRaw wants an error in the contract's shape.
func checkRaw(t testing.TB, name, out string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(out)), nil)
	if err != nil {
		t.Errorf("%s: no readable answer: %q", name, cut(out, 200))
		return
	}
	body, _ := io.ReadAll(resp.Body)
	r := Reply{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if _, err := r.shape(); err != nil || r.Status/100 != 4 && r.Status != http.StatusNotImplemented {
		t.Errorf("%s: %d %s (%v), want an error in the contract's shape", name, r.Status, cut(string(body), 200), err)
	}
}

// Who sends slowly is let go: a header within 30 s, a body within 60 s.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	l := newLab(t, LabOptions{})
	before := l.warm(t)
	line := "POST /openai/deployments/chat/chat/completions?api-version=" + apiVersion + " HTTP/1.1\r\n"
	header := line + "Host: x\r\napi-key: " + l.Key + "\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
	type result struct {
		name string
		took time.Duration
		out  string
	}
	results := make(chan result)
	slow := func(name, first string, drip string, bound time.Duration) {
		c, err := net.Dial("tcp", strings.TrimPrefix(l.URL, "http://"))
		if err != nil {
			results <- result{name, time.Hour, err.Error()}
			return
		}
		defer func() { _ = c.Close() }()
		began := time.Now()
		_ = c.SetReadDeadline(began.Add(bound + 15*time.Second))
		go func() {
			_, err := io.WriteString(c, first)
			for err == nil {
				time.Sleep(time.Second)
				_, err = io.WriteString(c, drip)
			}
		}()
		out, err := io.ReadAll(c)
		var late net.Error
		took := time.Since(began)
		if errors.As(err, &late) && late.Timeout() {
			took = time.Hour
		}
		results <- result{name, took, string(out)}
	}
	bounds := map[string]time.Duration{"silence": 30 * time.Second, "half a request line": 30 * time.Second, "a trickling header": 30 * time.Second, "a trickling body": 75 * time.Second, "a body that stops": 75 * time.Second}
	go slow("silence", "", "", bounds["silence"])
	go slow("half a request line", "POST /ope", "n", bounds["half a request line"])
	go slow("a trickling header", line+"Host: x\r\nx-slow: ", "a", bounds["a trickling header"])
	go slow("a trickling body", header+`{"messages":[`, " ", bounds["a trickling body"])
	go slow("a body that stops", header+`{"messages":[`, "", bounds["a body that stops"])
	for range bounds {
		r := <-results
		if r.took > bounds[r.name] {
			t.Errorf("%s: still open after %s", r.name, bounds[r.name])
		}
		if strings.Contains(r.name, "body") {
			checkRaw(t, r.name, r.out)
		}
		totals.add("bad requests", 1)
	}
	if got := l.Mock.Stats().Requests; got != 1 {
		t.Errorf("%d requests at the upstream, want the one that warmed up", got)
	}
	l.quiet(t, before)
}

// Clients that leave: the upstream is let go, and the outcome is on the record.
func TestClientsThatLeave(t *testing.T) {
	mock := mockupstream.New(mockupstream.Options{Tokens: 400, Gap: 20 * time.Millisecond}).Start()
	defer mock.Close()
	l := newLab(t, LabOptions{Upstream: mock})
	before := l.Metric(t, "go_goroutines")
	base := l.URL
	leave := func(name string, stream bool, after func(resp *http.Response)) {
		cancelled := mock.Stats().Cancelled
		ctx, cancel := context.WithCancel(t.Context())
		body := asking("Good day.")
		if stream {
			body = asking("Good day.", `"stream":true`)
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/openai/deployments/chat/chat/completions?api-version="+apiVersion, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("api-key", l.Key)
		r.Header.Set("Content-Type", "application/json")
		c := &http.Client{Transport: &http.Transport{}}
		if base == l.Secure {
			c = l.H2
		}
		seen := mock.Stats().Requests
		answered := make(chan *http.Response, 1)
		go func() {
			resp, err := c.Do(r)
			if err == nil && after != nil {
				after(resp)
			}
			answered <- resp
		}()
		for mock.Stats().Requests == seen {
			time.Sleep(5 * time.Millisecond)
		}
		if after != nil {
			<-answered
		} else {
			time.Sleep(50 * time.Millisecond)
		}
		cancel()
		for began := time.Now(); mock.Stats().Cancelled == cancelled; time.Sleep(10 * time.Millisecond) {
			if time.Since(began) > 5*time.Second {
				t.Errorf("%s: the upstream was not let go within 5s", name)
				break
			}
		}
		totals.add("bad requests", 1)
	}
	for _, base = range []string{l.URL, l.Secure} {
		mock.Next(mockupstream.Answer{Delay: 30 * time.Second})
		leave("before the answer", false, nil)
		leave("in a stream", true, func(resp *http.Response) { _, _ = io.ReadFull(resp.Body, make([]byte, 600)) })
		leave("at a stream's beginning", true, nil)
	}
	time.Sleep(200 * time.Millisecond)
	outcomes := map[string]int{}
	intents := 0
	for _, e := range record(t, l.State) {
		if e.Kind == audit.Outcome && e.Operation == "ChatCompletions_Create" {
			outcomes[fmt.Sprint(e.Status, " ", e.Code)]++
		}
		if e.Kind == audit.Intent {
			intents++
		}
	}
	if outcomes["499 Cancelled"] != 6 || intents != 6 {
		t.Errorf("%d intents, outcomes %v; want 6, all 499 Cancelled", intents, outcomes)
	}
	l.quiet(t, before+4) // connections to the upstream
}

// evil are answers that no backend should give. whole: what a plain request gets;
// a stream may have begun before, then it tells an error in itself.
var evil = []struct {
	name   string
	answer mockupstream.Answer
	stream []bool // in which shapes it makes sense
	want   []int  // statuses; 200 means that it is usable after all
}{
	{"500", mockupstream.Answer{Status: 500, Body: `{"error":{"message":"SECRETWORD","type":"server_error"}}`}, both, []int{500, 503}},
	{"503", mockupstream.Answer{Status: 503, Body: `SECRETWORD`}, both, []int{503}},
	{"429", mockupstream.Answer{Status: 429, Header: http.Header{"Retry-After": {"7"}}, Body: `{"error":{"code":"429","message":"SECRETWORD"}}`}, both, []int{429}},
	{"401", mockupstream.Answer{Status: 401, Body: `{"error":{"code":"401","message":"SECRETWORD"}}`}, both, []int{500, 503}},
	{"403", mockupstream.Answer{Status: 403, Body: `{"error":{"code":"403","message":"SECRETWORD"}}`}, both, []int{500, 503}},
	{"404", mockupstream.Answer{Status: 404, Body: `{"error":{"message":"SECRETWORD"}}`}, both, []int{500, 503}},
	{"400", mockupstream.Answer{Status: 400, Body: `{"error":{"message":"SECRETWORD","param":"messages","type":"invalid_request_error","code":null}}`}, both, []int{400}},
	{"redirect", mockupstream.Answer{Status: 302, Header: http.Header{"Location": {"http://127.0.0.1:1/SECRETWORD"}}, Body: "x"}, both, []int{500, 502, 503}},
	{"204", mockupstream.Answer{Status: 204}, both, []int{500, 502, 503}},
	{"HTML", mockupstream.Answer{Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>SECRETWORD</html>"}, both, []int{500, 502, 503}},
	{"half a JSON", mockupstream.Answer{Body: `{"choices":[{"index":0,"message":{"role":"assistant","content":"SECRETWORD`}, plain, []int{500, 502, 503}},
	{"JSON of other types", mockupstream.Answer{Body: `{"choices":[{"index":"x","message":[]}]}`}, plain, []int{500, 502, 503}},
	{"null", mockupstream.Answer{Body: `null`}, plain, []int{500, 502, 503}},
	{"no choices", mockupstream.Answer{Body: `{"choices":[]}`}, plain, []int{500, 502, 503}},
	{"a choice that nobody asked for", mockupstream.Answer{Body: `{"choices":[{"index":7,"message":{"role":"assistant","content":"SECRETWORD"},"finish_reason":"stop"}]}`}, plain, []int{500, 502, 503}},
	{"invalid UTF-8", mockupstream.Answer{Body: "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"a\xff\xfe\"},\"finish_reason\":\"stop\"}]}"}, plain, []int{500, 502, 503}},
	{"garbage", mockupstream.Answer{Fault: mockupstream.Garbage, After: 3}, streams, nil},
	{"no [DONE]", mockupstream.Answer{Fault: mockupstream.NoDone}, streams, []int{200}},
	{"split UTF-8", mockupstream.Answer{Fault: mockupstream.SplitUTF8}, streams, []int{200}},
	{"cut", mockupstream.Answer{Fault: mockupstream.Cut, After: 5}, both, nil},
	{"hangs", mockupstream.Answer{Fault: mockupstream.Hang, After: 5}, both, nil},
	{"hangs at the start", mockupstream.Answer{Fault: mockupstream.HangAtStart}, both, []int{408, 503, 504}},
	{"drops", mockupstream.Answer{Fault: mockupstream.Drop}, both, []int{500, 502, 503}},
	{"never ends", mockupstream.Answer{Fault: mockupstream.Endless, After: 2, Gap: 100 * time.Microsecond}, streams, nil},
	{"comments only", mockupstream.Answer{Fault: mockupstream.Comments, After: 2}, streams, nil},
	{"a line without end", mockupstream.Answer{Fault: mockupstream.LongLine, After: 2}, streams, nil},
	{"an error in the stream", mockupstream.Answer{Raw: []string{"data: {\"error\":{\"message\":\"SECRETWORD\",\"type\":\"server_error\"}}\n\n"}}, streams, []int{500, 502, 503}},
	{"events without data", mockupstream.Answer{Raw: []string{"event: x\nid: 1\n\n", "data:\n\n", "data: {}\n\n", "data: [DONE]\n\n"}}, streams, []int{500, 502, 503}},
}

var both, plain, streams = []bool{false, true}, []bool{false}, []bool{true}

// Backends that misbehave: an error in the contract's shape without the backend's
// words, in bounded time; one intent and one outcome; nothing left behind.
func TestEvilBackends(t *testing.T) {
	l := newLab(t, LabOptions{Timeouts: "{dial: 1s, first_byte: 2s, idle: 1500ms, whole: 6s}"})
	before := l.warm(t)
	for _, e := range evil {
		for _, stream := range e.stream {
			name := fmt.Sprintf("%s, stream %v", e.name, stream)
			// A retry may ask again: every request of this round gets the same.
			l.Mock.Always(func(mockupstream.Request) mockupstream.Answer { return e.answer })
			body := asking("Good day to you.")
			if stream {
				body = asking("Good day to you.", `"stream":true`)
			}
			began := time.Now()
			r := l.chatAt("lists", body) // what the guards think of endless text is not the matter here
			took := time.Since(began)
			l.Mock.Always(nil)
			totals.add("evil answers", 1)
			if r.Err != nil {
				t.Errorf("%s: %v", name, r.Err)
				continue
			}
			if took > 20*time.Second {
				t.Errorf("%s: took %s", name, took)
			}
			if bytes.Contains(r.Body, []byte("SECRETWORD")) {
				t.Errorf("%s: the backend's words came through: %s", name, cut(string(r.Body), 300))
			}
			usable := len(e.want) == 1 && e.want[0] == 200
			switch {
			case r.Status == 200 && stream:
				got := readAnswer(t, r)
				if e.name == "never ends" {
					// The deployment's output limit ends it; that is an answer, settled as such.
					usable = true
					if got.finishes[0] == "length" {
						got.finishes[0] = "stop"
					}
				}
				if got.failed == usable || !got.done || usable && got.finishes[0] != "stop" {
					t.Errorf("%s: failed %v, done %v, finish %v", name, got.failed, got.done, got.finishes)
				}
				if e.want != nil && !usable {
					t.Errorf("%s: a stream began, want %v", name, e.want)
				}
			case usable:
				t.Errorf("%s: got %s, want 200", name, r.brief())
			default:
				_, err := r.shape()
				ok := e.want == nil && r.Status >= 400
				for _, w := range e.want {
					ok = ok || r.Status == w
				}
				if !ok || err != nil {
					t.Errorf("%s: got %s (%v), want %v", name, r.brief(), err, e.want)
				}
				if r.Status == 429 && r.Header.Get("Retry-After") == "" {
					t.Errorf("%s: no Retry-After", name)
				}
			}
			kinds := map[audit.Kind]int{}
			for _, x := range entries(t, l.State, r.Header.Get("x-request-id")) {
				kinds[x.Kind]++
				if x.Kind == audit.Outcome && usable != (x.Code == "") {
					t.Errorf("%s: outcome %d %q", name, x.Status, x.Code)
				}
			}
			if kinds[audit.Intent] != 1 || kinds[audit.Outcome] != 1 || len(kinds) != 2 {
				t.Errorf("%s: on the record: %v, want one intent and one outcome", name, kinds)
			}
			// A good answer in between keeps the circuit closed, and shows that all is well.
			if r := l.chat(asking("Good day to you.")); r.Status != 200 {
				t.Errorf("after %s: %s", name, r.brief())
				time.Sleep(11 * time.Second)
			}
		}
	}
	l.quiet(t, before)
}

// A backend that is down opens the circuit: refused at once, closed again later.
func TestCircuit(t *testing.T) {
	t.Parallel()
	l := newLab(t, LabOptions{})
	l.Mock.Always(func(mockupstream.Request) mockupstream.Answer { return mockupstream.Answer{Fault: mockupstream.Drop} })
	for range 12 {
		if r := l.chat(asking("Good day to you.")); r.Status < 500 {
			t.Fatalf("got %s, want a 5xx", r.brief())
		}
	}
	seen := l.Mock.Stats().Requests
	r := l.chat(asking("Good day to you."))
	if r.Status != 503 || l.Mock.Stats().Requests != seen {
		t.Errorf("open circuit: %s, %d requests at the upstream; want 503 and none", r.brief(), l.Mock.Stats().Requests-seen)
	}
	l.Mock.Always(nil)
	for began := time.Now(); ; time.Sleep(250 * time.Millisecond) {
		if r := l.chat(asking("Good day to you.")); r.Status == 200 {
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal("the circuit did not close within 30s")
		}
	}
}
