package openai_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/surface/openai"
)

func quoted(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

func TestRoutesAreComplete(t *testing.T) {
	if err := openai.CheckRoutes(openai.Routes()); err != nil {
		t.Error(err)
	}
	if openai.CheckRoutes([]openai.Route{openai.Unauthorised()}) == nil {
		t.Error("a route without an action was accepted")
	}
	seen := map[string]bool{}
	for _, r := range openai.Routes() {
		key := r.Method + " " + r.Pattern
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if r.Dated == strings.HasPrefix(r.Pattern, "/openai/v1/") {
			t.Errorf("%s: dated = %v", key, r.Dated)
		}
	}
}

var brace = regexp.MustCompile(`\{[a-z0-9]+\}`)

// concrete is a path of the route that names things of the world.
func concrete(r openai.Route) string {
	deployment := "chat"
	if r.Action == gate.Embeddings {
		deployment = "vectors"
	}
	path := strings.ReplaceAll(r.Pattern, "{deployment}", deployment)
	path = strings.ReplaceAll(path, "{model}", "gpt-4o-2024-11-20")
	path = brace.ReplaceAllString(path, "x1")
	if r.Dated {
		path += "?api-version=2024-10-21"
	}
	return path
}

func concreteBody(r openai.Route) string {
	switch r.Action {
	case gate.ChatCompletions:
		return `{"model":"chat","messages":[{"role":"user","content":"hi"}]}`
	case gate.Embeddings:
		return `{"model":"vectors","input":"hi"}`
	}
	return ""
}

func (w *world) ask(r openai.Route, change func(*http.Request)) *httptest.ResponseRecorder {
	req := httptest.NewRequest(r.Method, concrete(r), strings.NewReader(concreteBody(r)))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("api-key", goodKey)
	if change != nil {
		change(req)
	}
	return w.do(req)
}

// Every route, in the table's order: served or refused in one form, and never without a credential.
func TestEveryRoute(t *testing.T) {
	for _, r := range openai.Routes() {
		name := r.Method + " " + r.Pattern
		w := newWorld(t)
		rec := w.ask(r, nil)
		if r.Built() && rec.Code != 200 {
			t.Errorf("%s: got %d %s", name, rec.Code, rec.Body)
		}
		if e := errorOf(t, rec.Body.String()); !r.Built() && (rec.Code != 400 || e.Error.Code != "OperationNotSupported") {
			t.Errorf("%s: got %d %s, want 400 OperationNotSupported", name, rec.Code, rec.Body)
		}
		if w.entered != 1 {
			t.Errorf("%s: entered %d times, want once", name, w.entered)
		}
		for kind, change := range map[string]func(*http.Request){
			"no credential": func(q *http.Request) { q.Header.Del("api-key") },
			"wrong key":     func(q *http.Request) { q.Header.Set("api-key", "k-bad") },
			"unknown host":  func(q *http.Request) { q.Host = "nowhere.example" },
			"foreign path":  func(q *http.Request) { q.URL.Path = "/foreign" + q.URL.Path },
			"two keys":      func(q *http.Request) { q.Header.Add("api-key", "k-other") },
			"key and token": func(q *http.Request) { q.Header.Set("Authorization", "Bearer other") },
			"basic scheme":  func(q *http.Request) { q.Header.Set("Authorization", "Basic "+goodKey) },
		} {
			w := newWorld(t)
			body := &unread{t: t, name: name + ", " + kind}
			rec := w.ask(r, func(q *http.Request) { change(q); q.Body = body; q.ContentLength = 10 })
			if want := `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}`; rec.Code != 401 || rec.Body.String() != want {
				t.Errorf("%s, %s: got %d %s", name, kind, rec.Code, rec.Body)
			}
			if w.entered != 0 {
				t.Errorf("%s, %s: entered", name, kind)
			}
		}
		for _, header := range []string{"Ocp-Apim-Subscription-Key", "Authorization"} {
			rec := newWorld(t).ask(r, func(q *http.Request) {
				q.Header.Del("api-key")
				value := goodKey
				if header == "Authorization" {
					value = "bearer " + goodKey
				}
				q.Header.Set(header, value)
			})
			if rec.Code == 401 {
				t.Errorf("%s: %s is not taken", name, header)
			}
		}
		if r.Dated {
			for _, v := range []string{"", "?api-version=2031-01-01", "?api-version=2024-10-21&api-version=2024-06-01", "?api-version=", "?api-version=%zz"} {
				path, _, _ := strings.Cut(concrete(r), "?")
				req := httptest.NewRequest(r.Method, "/", nil)
				req.URL.Path, req.URL.RawQuery = path, strings.TrimPrefix(v, "?")
				rec := newWorld(t).do(req)
				if rec.Code != 404 || rec.Body.String() != `{"error":{"code":"404","message":"Resource not found"}}` {
					t.Errorf("%s%s: got %d %s", name, v, rec.Code, rec.Body)
				}
			}
		}
	}
	for _, v := range openai.Versions {
		if rec := newWorld(t).post("/openai/deployments/chat/chat/completions?api-version="+v, chatBody("")); rec.Code != 200 {
			t.Errorf("api-version %s: got %d", v, rec.Code)
		}
	}
}

// unread is a body that nobody may read.
type unread struct {
	t    *testing.T
	name string
}

func (u *unread) Read([]byte) (int, error) {
	u.t.Errorf("%s: the body was read before the caller was proven", u.name)
	return 0, errors.New("unread")
}

func (u *unread) Close() error { return nil }

func TestPathsAreExact(t *testing.T) {
	srv := httptest.NewServer(newWorld(t).handler())
	defer srv.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]int{
		"/": 404, "/openai": 404, "/openai/": 404, "//openai/v1/models": 404, "/openai//v1/models": 404, "/openai/v1/models/": 404,
		"/openai/./v1/models": 404, "/openai/v1/../v1/models": 404, "/openai%2Fv1/models": 404, "/%6fpenai/v1/models": 404,
		"/OPENAI/v1/models": 404, "/openai/deployments?api-version=2022-12-01": 404, "/healthz": 404,
		"/openai/v1/models": 200, "/ward/openai/v1/models": 200, "/openai/v1/models?api-version=preview": 200,
		"/openai/v1/chat/completions": 405, "/openai/v1/models/none": 404, "/openai/v1/models/a%2Fb": 404,
	} {
		req, err := http.NewRequest(http.MethodGet, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("api-key", goodKey)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
			t.Errorf("GET %s: got %d %s, want %d in JSON", path, resp.StatusCode, resp.Header.Get("Content-Type"), want)
		}
		if want == 405 && resp.Header.Get("Allow") != "POST" {
			t.Errorf("GET %s: Allow is %q", path, resp.Header.Get("Allow"))
		}
	}
	for _, name := range []string{"none", "a%2Fb", "..%2Fchat", "chat%00", "chat%20", strings.Repeat("a", 65), "%E2%82%AC"} {
		w := newWorld(t)
		rec := w.post("/openai/deployments/"+name+"/chat/completions?api-version=2024-10-21", chatBody(""))
		if rec.Code != 404 || errorOf(t, rec.Body.String()).Error.Code != "DeploymentNotFound" {
			t.Errorf("deployment %s: got %d %s", name, rec.Code, rec.Body)
		}
		if w.asked != "none" && w.asked != "?" {
			t.Errorf("deployment %s: the gate was asked for %q", name, w.asked)
		}
		rec = newWorld(t).post(v1Chat, `{"model":`+string(quoted(name))+`,"messages":[]}`)
		if rec.Code != 404 {
			t.Errorf("model %s: got %d %s", name, rec.Code, rec.Body)
		}
	}
}

func TestV1NeedsAModel(t *testing.T) {
	for body, code := range map[string]string{`{"messages":[]}`: "missing_required_parameter", `{"model":null}`: "missing_required_parameter", `{"model":1}`: "invalid_type"} {
		w := newWorld(t)
		rec := w.post(v1Chat, body)
		if e := errorOf(t, rec.Body.String()); rec.Code != 400 || e.Error.Param != "model" || e.Error.Code != code {
			t.Errorf("%s: got %d %s", body, rec.Code, rec.Body)
		}
		if len(w.record) != 1 || w.record[0] != "caller refused 400 BadRequest" {
			t.Errorf("%s: record %q", body, w.record)
		}
	}
	// On the dated surface the path wins over the body.
	if rec := newWorld(t).post(chatPath, `{"model":"vectors","messages":[{"role":"user","content":"x"}]}`); rec.Code != 200 {
		t.Errorf("path and body differ: got %d", rec.Code)
	}
}

func TestBodyLimits(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*http.Request)
		body   string
		want   int
	}{
		"gzip":        {func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, chatBody(""), 415},
		"identity":    {func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") }, chatBody(""), 200},
		"charset":     {func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, chatBody(""), 200},
		"UTF-16":      {func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-16") }, chatBody(""), 415},
		"form":        {func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, chatBody(""), 415},
		"no type":     {func(r *http.Request) { r.Header.Del("Content-Type") }, chatBody(""), 415},
		"two types":   {func(r *http.Request) { r.Header.Add("Content-Type", "text/plain") }, chatBody(""), 415},
		"too large":   {nil, chatBody(`"user":"` + strings.Repeat("a", 1<<20) + `"`), 413},
		"unannounced": {func(r *http.Request) { r.ContentLength = -1 }, chatBody(`"user":"` + strings.Repeat("a", 1<<20) + `"`), 413},
	} {
		w := newWorld(t)
		r := request(chatPath, c.body)
		if c.change != nil {
			c.change(r)
		}
		rec := w.do(r)
		if rec.Code != c.want {
			t.Errorf("%s: got %d %s, want %d", name, rec.Code, rec.Body, c.want)
		}
		if c.want >= 400 && (rec.Header().Get("Connection") != "close" || len(w.record) != 1) {
			t.Errorf("%s: connection %q, record %q", name, rec.Header().Get("Connection"), w.record)
		}
	}
	r := request(chatPath, "x")
	r.Body, r.ContentLength = http.NoBody, 0
	if rec := newWorld(t).do(r); rec.Code != 400 {
		t.Errorf("empty body: got %d", rec.Code)
	}
}

// What each refusal looks like, for every code of the gate.
func TestRefusals(t *testing.T) {
	limits := gate.RateLimits{Set: true, LimitTokens: 1000, RemainingTokens: 0, ResetTokens: 22 * time.Second}
	for _, c := range []struct {
		name   string
		err    error
		status int
		want   string
	}{
		{"key", &gate.Refusal{Code: gate.InvalidKey}, 401, `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}`},
		{"token", &gate.Refusal{Code: gate.InvalidToken}, 401, `{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."}`},
		{"role", &gate.Refusal{Code: gate.MissingRole}, 401, `{"error":{"code":"PermissionDenied","message":"Principal does not have access to API/Operation."}}`},
		{"role of", &gate.Refusal{Code: gate.MissingRole, Principal: "oid-1"}, 401, "{\"error\":{\"code\":\"PermissionDenied\",\"message\":\"The principal `oid-1` lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action` to perform `POST /openai/deployments/{deployment-id}/chat/completions` operation.\"}}"},
		{"keys off", &gate.Refusal{Code: gate.KeyAuthDisabled}, 403, `{"error":{"code":"AuthenticationTypeDisabled","message":"Key based authentication is disabled for this resource."}}`},
		{"public off", &gate.Refusal{Code: gate.PublicAccessDisabled}, 403, `{"error":{"code":"403","message":"Public access is disabled. Please configure private endpoint."}}`},
		{"address", &gate.Refusal{Code: gate.AddressDenied}, 403, `{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}`},
		{"link", &gate.Refusal{Code: gate.LinkDenied}, 403, `{"error":{"code":"403","message":"Traffic is not from an approved private endpoint."}}`},
		{"deployment", &gate.Refusal{Code: gate.DeploymentNotFound}, 404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.","type":"invalid_request_error"}}`},
		{"model", &gate.Refusal{Code: gate.NotSupportedByModel}, 400, `{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model, gpt-4o-2024-11-20. Please choose different model and try again. You can learn more about which models can be used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993."}}`},
		{"tokens", &gate.Refusal{Code: gate.TokenLimit, RetryAfter: 21500 * time.Millisecond, Limits: limits}, 429, `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 22 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."}}`},
		{"calls", &gate.Refusal{Code: gate.RequestLimit, RetryAfter: time.Millisecond}, 429, `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 1 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."}}`},
		{"record", &gate.Refusal{Code: gate.RecordUnavailable}, 503, `{"error":{"code":"ServiceUnavailable","message":"The service is temporarily unable to process your request. Please try again later."}}`},
		{"guard", &exchange.GuardFailure{Cause: errBoom}, 503, `{"error":{"code":"ServiceUnavailable","message":"The service is temporarily unable to process your request. Please try again later."}}`},
		{"terms", &gate.Refusal{Code: gate.TermsExpired}, 503, `{"error":{"code":"ServiceUnavailable","message":"No backend may serve this deployment at present: none lies in the permitted region under current provider terms."}}`},
		{"timeout", &exchange.UpstreamError{Fault: exchange.TimedOut}, 408, `{"error":{"code":"Timeout","message":"The operation was timeout."}}`},
		{"too long", &exchange.UpstreamError{Fault: exchange.TooLong}, 400, `{"error":{"message":"This model's maximum context length was exceeded. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`},
		{"unsupported", &exchange.UpstreamError{Fault: exchange.Unsupported, Param: "n"}, 400, `{"error":{"message":"The model behind this deployment does not support this parameter or kind of request.","type":"invalid_request_error","param":"n","code":"unsupported_parameter"}}`},
	} {
		for _, more := range []string{"", `"stream":true`} {
			w := newWorld(t)
			w.chatErr = c.err
			rec := w.post(chatPath, chatBody(more))
			if rec.Code != c.status || rec.Body.String() != c.want {
				t.Errorf("%s: got %d %s\nwant %d %s", c.name, rec.Code, rec.Body, c.status, c.want)
			}
			if len(w.record) != 0 {
				t.Errorf("%s: recorded twice: %q", c.name, w.record)
			}
			retry := rec.Header().Get("Retry-After") != "" && rec.Header().Get("retry-after-ms") != ""
			if retry != (c.status == 429) {
				t.Errorf("%s: Retry-After %q", c.name, rec.Header().Get("Retry-After"))
			}
			if got, want := rec.Header().Get("x-should-retry"), map[string]string{"guard": "false", "terms": "false"}[c.name]; got != want {
				t.Errorf("%s: x-should-retry %q, want %q", c.name, got, want)
			}
		}
	}
	// Every fault and every code has an answer, and in JSON.
	for fault := exchange.Garbage; fault <= exchange.Missing; fault++ {
		w := newWorld(t)
		w.chatErr = &exchange.UpstreamError{Fault: fault}
		rec := w.post(chatPath, chatBody(""))
		if rec.Code < 400 || !json.Valid(rec.Body.Bytes()) {
			t.Errorf("fault %d: got %d %s", fault, rec.Code, rec.Body)
		}
	}
}

// An unknown failure says nothing but where to ask.
func TestInternalFault(t *testing.T) {
	w := newWorld(t)
	w.chatErr = errors.New("secret detail")
	rec := w.post(chatPath, chatBody(""))
	id := rec.Header().Get("x-request-id")
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "secret") || !strings.Contains(rec.Body.String(), "request ID "+id) || len(w.record) != 0 {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
}

// No record, no refusal either: the caller gets 503 instead.
func TestRefusalNeedsTheRecord(t *testing.T) {
	w := newWorld(t)
	w.recordErr = errBoom
	if rec := w.post(chatPath, `{}`); rec.Code != 503 {
		t.Errorf("bad body: got %d %s", rec.Code, rec.Body)
	}
	if rec := w.post("/openai/v1/models", ""); rec.Code != 503 {
		t.Errorf("models: got %d %s", rec.Code, rec.Body)
	}
}

func TestPanicEndsOneRequest(t *testing.T) {
	const secret = "words of a prompt"
	for _, late := range []bool{false, true} {
		w := newWorld(t)
		w.answer = func(yield func(conversation.Event, error) bool) {
			if late {
				_ = yield(verdict, nil) && yield(started, nil)
			}
			panic(fmt.Sprintf("index out of range: %s", secret))
		}
		var rec *httptest.ResponseRecorder
		aborted := func() (v any) {
			defer func() { v = recover() }()
			rec = w.post(chatPath, chatBody(`"stream":true`))
			return nil
		}()
		switch {
		case late && aborted != http.ErrAbortHandler:
			t.Errorf("after the first byte: got %v, want the connection cut", aborted)
		case !late && (aborted != nil || rec.Code != 500):
			t.Errorf("before the first byte: got %v", aborted)
		}
		if log := w.log.String(); strings.Contains(log, secret) || !strings.Contains(log, "request panicked") || !strings.Contains(log, "type=string") {
			t.Errorf("log: %s", log)
		}
	}
	w := newWorld(t)
	w.enterErr = nil
	w.resource.Deployments["chat"] = nil // a broken invariant of ours
	rec := w.post("/openai/v1/models", "")
	if rec.Code != 500 || !slices.Contains(w.record, "entry refused 500 Internal") {
		t.Errorf("got %d, record %q", rec.Code, w.record)
	}
}

func TestPolicyHeader(t *testing.T) {
	for policy, want := range map[string]int{"clinical": 200, "lax": 400, "": 400} {
		for _, path := range []string{chatPath, v1Chat} {
			w := newWorld(t)
			r := request(path, chatBody(`"model":"chat"`))
			r.Header.Set("x-policy-id", policy)
			rec := w.do(r)
			if rec.Code != want || want == 400 && errorOf(t, rec.Body.String()).Error.Code != "InvalidContentFilterPolicy" {
				t.Errorf("%q: got %d %s", policy, rec.Code, rec.Body)
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	guid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for path, body := range map[string]string{chatPath: chatBody(""), "/nowhere": "", "/openai/v1/models": "", embedPath: `{"input":"x"}`} {
		r := request(path, body)
		r.Header.Set("x-ms-client-request-id", "abc-123")
		h := newWorld(t).do(r).Header()
		if !guid.MatchString(h.Get("x-request-id")) || h.Get("apim-request-id") != h.Get("x-request-id") || h.Get("x-ms-client-request-id") != "abc-123" ||
			h.Get("Cache-Control") == "" || h.Get("x-content-type-options") != "nosniff" || h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	r := request(chatPath, chatBody(""))
	r.Header.Set("x-ms-client-request-id", "<script>")
	h := newWorld(t).do(r).Header()
	if h.Get("x-ms-client-request-id") != h.Get("x-request-id") || h.Get("x-ms-region") != "uksouth" || h.Get("x-ms-rai-invoked") != "true" ||
		h.Get("x-ratelimit-remaining-tokens") != "59000" || h.Get("x-ms-deployment-name") != "chat" {
		t.Errorf("%v", h)
	}
	refusals(t)
	// Where an answer was made is not told when it is not known for sure.
	if h := newWorld(t).post(embedPath, `{"input":"x"}`).Header(); h.Get("x-ms-region") != "" {
		t.Errorf("two regions may serve, and the header says %q", h.Get("x-ms-region"))
	}
	srv := httptest.NewTLSServer(newWorld(t).handler())
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL + "/x")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS over TLS")
	}
}

// refusals holds the headers of answers that are none: whether the guards judged,
// and whose deployment it was, as far as the caller may know.
func refusals(t *testing.T) {
	t.Helper()
	for name, c := range map[string]struct {
		path, body       string
		err              error
		judged, deployed string
		region           string
	}{
		"blocked":          {chatPath, chatBody(""), &exchange.Blocked{}, "true", "chat", "uksouth"},
		"blocked, stream":  {chatPath, chatBody(`"stream":true`), &exchange.Blocked{}, "true", "chat", "uksouth"},
		"blocked, v1":      {v1Chat, chatBody(`"model":"chat"`), &exchange.Blocked{}, "true", "chat", "uksouth"},
		"backend failed":   {chatPath, chatBody(""), &exchange.UpstreamError{Fault: exchange.Cut}, "true", "chat", "uksouth"},
		"guards failed":    {chatPath, chatBody(""), &exchange.GuardFailure{Cause: errBoom}, "false", "chat", "uksouth"},
		"over the limit":   {chatPath, chatBody(""), &gate.Refusal{Code: gate.TokenLimit}, "false", "chat", "uksouth"},
		"unreadable":       {chatPath, "{", nil, "false", "chat", "uksouth"},
		"no such place":    {"/openai/deployments/none/chat/completions?api-version=2024-10-21", chatBody(""), nil, "", "", "uksouth"},
		"no such route":    {"/nowhere", "", nil, "", "", ""},
		"blocked vectors":  {embedPath, `{"input":"x"}`, &exchange.Blocked{}, "true", "vectors", "uksouth"},
		"the model's side": {chatPath, chatBody(""), &exchange.UpstreamError{Fault: exchange.BadRequest}, "true", "chat", "uksouth"},
	} {
		w := newWorld(t)
		w.chatErr, w.embedErr = c.err, c.err
		if c.err != nil && strings.HasSuffix(name, "stream") {
			w.chatErr, w.answer = nil, events(c.err)
		}
		rec := w.post(c.path, c.body)
		h := rec.Header()
		if rec.Code < 400 || h.Get("x-ms-rai-invoked") != c.judged || h.Get("x-ms-deployment-name") != c.deployed || h.Get("x-ms-region") != c.region {
			t.Errorf("%s: %d %v", name, rec.Code, h)
		}
		if got := h.Get("ms-azureml-model-error-statuscode"); (got == "400") != (name == "the model's side") {
			t.Errorf("%s: a model's error %q", name, got)
		}
	}
}

// A request has its share of the memory while it is judged, less of it while it is
// answered, and none when it is over; one for which there is none is refused: 503,
// with a time to come again, once on the record.
func TestMemoryIsShared(t *testing.T) {
	w := newWorld(t)
	w.memory = 4 << 20 // a mebibyte of it for small requests
	judged, sent, leave := make(chan bool), make(chan bool), make(chan bool)
	first := true
	w.answer = func(yield func(conversation.Event, error) bool) {
		if !first {
			greeting(1)(yield)
			return
		}
		first = false
		judged <- true
		<-sent
		_ = yield(verdict, nil) && yield(started, nil)
		judged <- true
		<-leave
		_ = yield(finish(0, conversation.Stop, clean), nil) && yield(usage, nil)
	}
	h := w.handler()
	ask := func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, request(chatPath, `{"messages":[{"role":"user","content":"`+strings.Repeat("a", 140<<10)+`"}]}`))
		return rec
	}
	go ask()
	<-judged
	if rec := ask(); rec.Code != 503 || rec.Header().Get("Retry-After") == "" || errorOf(t, rec.Body.String()).Error.Code != "ServiceUnavailable" || !slices.Equal(w.record, []string{"entry refused 503 Overloaded"}) {
		t.Errorf("while the first is judged: %d %v %s, record %q", rec.Code, rec.Header(), rec.Body, w.record)
	}
	sent <- true
	<-judged
	if rec := ask(); rec.Code != 200 {
		t.Errorf("while the first is answered: %d %s", rec.Code, rec.Body)
	}
	leave <- true
	for range 20 { // what is over has left: twenty of them are more than there is room for
		if rec := ask(); rec.Code != 200 {
			t.Fatalf("afterwards: %d %s", rec.Code, rec.Body)
		}
	}
}
