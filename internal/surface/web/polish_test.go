package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"sallyport/internal/demo/corpus"
	"sallyport/internal/surface/web"
)

// TestHead: HEAD works wherever GET does, with the same status and no body, and
// changes nothing.
func TestHead(t *testing.T) {
	w := start(t)
	v := signIn(t, w, corpus.Nurse)
	a, _ := v.ask("When are visitors allowed on adult wards?")
	docs := regexp.MustCompile(`/documents/([^"#]+)"`)
	_, list := v.get("/documents")
	document := docs.FindStringSubmatch(list)[1]
	_, home := v.get("/")
	asset := regexp.MustCompile(`/assets/([^/]+)/chat\.js`).FindStringSubmatch(home)[1]
	fill := strings.NewReplacer("{conversation}", a.Conversation, "{answer}", a.Answer, "{source}", "1", "{document}", document,
		"{passage}", "0", "{version}", asset, "{asset}", "chat.js", "{link}", "none")
	for _, r := range web.Routes() {
		path := fill.Replace(r.Pattern)
		head, body := v.do(http.MethodHead, path, "", "")
		if r.Method != http.MethodGet {
			continue
		}
		get, _ := v.get(path)
		if head != get || body != "" {
			t.Errorf("HEAD %s: %d with %d bytes, GET: %d", r.Pattern, head, len(body), get)
		}
		if !r.Public && r.Pattern != "/sign-out" && get != http.StatusOK {
			t.Errorf("GET %s: %d", r.Pattern, get)
		}
	}
}

// TestUnknownPath: a person sees a page, a program JSON, both 404; the API's
// clients keep the API's paths.
func TestUnknownPath(t *testing.T) {
	w := start(t)
	v := signIn(t, w, corpus.Nurse)
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	status, body := v.do("GET", "/nothing/of/that/name", "", "", "Accept", browser)
	if status != http.StatusNotFound || !strings.Contains(body, "<h1>There is nothing here</h1>") {
		t.Errorf("a browser: %d %s", status, body)
	}
	status, body = v.do("GET", "/nothing/of/that/name", "", "", "Accept", "application/json")
	if status != http.StatusNotFound || !strings.HasPrefix(body, `{"error"`) {
		t.Errorf("a program: %d %s", status, body)
	}
	for _, c := range []struct {
		method, path, accept, key string
		want                      bool
	}{
		{"GET", "/", "", "", true},
		{"POST", "/sign-out", "", "", true},
		{"GET", "/nothing", browser, "", true},
		{"HEAD", "/nothing", browser, "", true},
		{"GET", "/nothing", "*/*", "", false},
		{"GET", "/openai/deployments", browser, "k", false},
		{"POST", "/openai/deployments/chat/chat/completions", browser, "", false},
	} {
		r, _ := http.NewRequest(c.method, "http://x"+c.path, nil)
		r.Header.Set("Accept", c.accept)
		if c.key != "" {
			r.Header.Set("api-key", c.key)
		}
		if got := web.Serves(r); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestForgetIsRecordedFirst: without a record nothing is forgotten.
func TestForgetIsRecordedFirst(t *testing.T) {
	w := start(t)
	v := signIn(t, w, corpus.Nurse)
	a, _ := v.ask("When are visitors allowed on adult wards?")
	path := "/app/api/conversations/" + a.Conversation
	w.Record.Break(true)
	if status, _ := v.do("DELETE", path, "", ""); status != http.StatusServiceUnavailable {
		t.Errorf("without a record: %d", status)
	}
	w.Record.Break(false)
	if status, _ := v.get(path); status != http.StatusOK {
		t.Errorf("forgotten without a record: %d", status)
	}
	if status, _ := v.do("DELETE", path, "", ""); status != http.StatusNoContent {
		t.Errorf("with a record: %d", status)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if status, _ := v.do(method, path, "", ""); status != http.StatusNotFound {
			t.Errorf("%s afterwards: %d", method, status)
		}
	}
}

// TestTitles: every page that a person may have open has a title of its own, and
// none holds words of a question.
func TestTitles(t *testing.T) {
	w := start(t)
	v := signIn(t, w, corpus.Nurse)
	a, _ := v.ask("When are visitors allowed on adult wards?")
	b, _ := v.ask("When is the fire alarm tested?")
	title := regexp.MustCompile(`<title>([^<]*)</title>`)
	seen := map[string]string{}
	_, list := v.get("/documents")
	document := regexp.MustCompile(`/documents/[^"#]+`).FindString(list)
	for _, path := range []string{"/", "/c/" + a.Conversation, "/c/" + b.Conversation, "/documents", document, "/sign-in", "/sign-in?out", "/nothing"} {
		_, page := v.do("GET", path, "", "", "Accept", "text/html")
		m := title.FindStringSubmatch(page)
		if m == nil {
			t.Errorf("%s has no title", path)
			continue
		}
		if other, ok := seen[m[1]]; ok {
			t.Errorf("%s and %s are both %q", path, other, m[1])
		}
		seen[m[1]] = path
		if path != document && strings.Contains(m[1], "visitors") {
			t.Errorf("%s: the title %q stays in the browser's history", path, m[1])
		}
	}
}

// TestOddQuestions: each is answered or refused in a state of the page.
func TestOddQuestions(t *testing.T) {
	w := start(t)
	v := signIn(t, w, corpus.Nurse)
	for name, c := range map[string]struct {
		question string
		status   int
		state    string
	}{
		"empty":                            {"", http.StatusBadRequest, "bad_request"},
		"spaces":                           {" \n\t ", http.StatusBadRequest, "bad_request"},
		"only overrides":                   {"\u202e\u2066", http.StatusBadRequest, "bad_request"},
		"emoji":                            {"🔥🧯👨‍👩‍👧", http.StatusCreated, "nothing_found"},
		"right to left":                    {"متى يُسمح بزيارة المرضى في الأقسام؟", http.StatusCreated, "nothing_found"},
		"as long as may be, in any script": {strings.Repeat("رجل ", 2000), http.StatusCreated, ""},
		"one character too many":           {strings.Repeat("رجل ", 2000) + "ر", http.StatusRequestEntityTooLarge, "too_long"},
		"20 kB":                            {strings.Repeat("fridge ", 3000), http.StatusRequestEntityTooLarge, "too_long"},
	} {
		body, _ := json.Marshal(map[string]string{"question": c.question})
		status, out := v.do("POST", "/app/api/questions", "application/json", string(body))
		if status != c.status || status != http.StatusCreated && !strings.Contains(out, `"state":"`+c.state+`"`) {
			t.Errorf("%s: %d %s", name, status, out)
			continue
		}
		if status != http.StatusCreated {
			continue
		}
		var a asked
		_ = json.Unmarshal([]byte(out), &a)
		_, events := v.get("/app/api/conversations/" + a.Conversation + "/answers/" + a.Answer + "/events")
		if !strings.Contains(events, `"type":"end"`) || !strings.Contains(events, c.state) || strings.Contains(events, `"state":"failed"`) {
			t.Errorf("%s: %s", name, events)
		}
	}
}

// TestFiftyConversations: the newest are kept, numbered on, and all of them open.
func TestFiftyConversations(t *testing.T) {
	w := start(t)
	v := signIn(t, w, corpus.Nurse)
	for i := range 50 {
		v.ask(fmt.Sprintf("Question %d: when are visitors allowed on adult wards?", i))
	}
	_, out := v.get("/app/api/conversations")
	var list struct {
		Conversations []struct{ ID, Name string }
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Conversations) != 20 || list.Conversations[0].Name != "Conversation 50" {
		t.Fatalf("%v %s", err, out)
	}
	for _, c := range list.Conversations {
		if status, _ := v.get("/c/" + c.ID); status != http.StatusOK {
			t.Errorf("%s: %d", c.Name, status)
		}
	}
}
