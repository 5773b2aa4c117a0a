package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/surface/openai"
	"sallyport/internal/surface/web"
)

// face is what a stranger can tell two replies apart by: everything but times and
// the ids that each reply has of its own.
func (r Reply) face() string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Status, r.Err)
	for _, k := range slices.Sorted(maps.Keys(r.Header)) {
		switch k {
		case "Date", "X-Request-Id", "Apim-Request-Id", "X-Ms-Client-Request-Id":
			fmt.Fprintln(&b, k)
		default:
			fmt.Fprintln(&b, k, r.Header[k])
		}
	}
	b.WriteString(guid.ReplaceAllString(string(r.Body), "ID"))
	return b.String()
}

var guid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// values are what an identifier of each kind is tried with: one of the caller's
// own, one that exists elsewhere, one that exists nowhere, and odd ones.
var values = map[openai.IdentifierKind][]string{
	openai.DeploymentInPath: {"chat", "annex-chat", "nowhere", "..", "a%2Fb", "%F0%9F%99%82", "x'--", strings.Repeat("a", 300)},
	openai.DeploymentInBody: {"chat", "annex-chat", "nowhere", "..", "a/b", "🙂", "x'--", strings.Repeat("a", 300)},
	openai.ModelInPath:      {"gpt-4o-1", "annex-model", "nowhere", "%2e%2e", "a%2Fb"},
	openai.ObjectInPath:     {"abc", "resp_01", "%2e%2e"},
}

// The attack: somebody with a right to one resource, or to none, tries every
// operation on another one, with names that exist there and names that do not.
// What exists and is forbidden must look like what does not exist.
func TestSecondTenant(t *testing.T) {
	l := lab(t)
	credentials := map[string]string{"ward's key": l.Key, "annex's key": l.Other, "a wrong key": strings.Repeat("0", 64), "a short key": "x", "no key": ""}
	mayEnter := func(credential, prefix string) bool {
		return credential == "ward's key" && prefix == "" || credential == "annex's key" && prefix == "/annex"
	}
	before := l.Mock.Stats().Requests
	for _, r := range openai.Routes() {
		for name, key := range credentials {
			ask := func(prefix string, ids []string) Reply { return l.route(r, prefix, key, ids) }
			// Strangers: one face for every prefix and every name.
			faces := map[string]string{}
			for _, prefix := range []string{"", "/annex", "/attic"} {
				if mayEnter(name, prefix) {
					continue
				}
				for _, ids := range combinations(r.Identifiers) {
					reply := ask(prefix, ids)
					faces[reply.face()] = fmt.Sprint(reply.Status, " ", prefix, " ", ids)
					totals.add("tenant requests", 1)
				}
			}
			for face, who := range faces {
				if !strings.HasPrefix(face, "401 ") || len(faces) != 1 {
					t.Errorf("%s %s with %s: %d faces, want one, a 401; a stranger can tell this one apart: %s", r.Method, r.Pattern, name, len(faces), cut(who, 100))
				}
			}
		}
		// Insiders: what exists elsewhere looks like what exists nowhere.
		foreign, missing := ownForeignMissing(r.Identifiers)
		if foreign != nil {
			a, b := l.route(r, "", l.Key, foreign), l.route(r, "", l.Key, missing)
			totals.add("tenant requests", 2)
			if a.face() != b.face() || a.Status == 200 {
				t.Errorf("%s %s: foreign %v: %s; missing %v: %s", r.Method, r.Pattern, foreign, a.brief(), missing, b.brief())
			}
		}
	}
	if got := l.Mock.Stats().Requests - before; got != 0 {
		t.Errorf("%d requests reached the upstream, want none", got)
	}
}

func combinations(kinds []openai.IdentifierKind) [][]string {
	all := [][]string{nil}
	for i, k := range kinds {
		var next [][]string
		for _, head := range all {
			for _, v := range values[k] {
				next = append(next, append(slices.Clone(head), v))
				if i > 0 {
					break // one value for the deeper ids: the first decides
				}
			}
		}
		all = next
	}
	return all
}

func ownForeignMissing(kinds []openai.IdentifierKind) (foreign, missing []string) {
	if len(kinds) != 1 || kinds[0] == openai.ObjectInPath {
		return nil, nil
	}
	return values[kinds[0]][1:2], values[kinds[0]][2:3]
}

// route calls a route of the table with these identifiers.
func (l *Lab) route(r openai.Route, prefix, key string, ids []string) Reply {
	path, model := r.Pattern, "chat"
	for i, k := range r.Identifiers {
		if k == openai.DeploymentInBody {
			model = ids[i]
			continue
		}
		path = brace.ReplaceAllStringFunc(path, func(string) string { return "\x00" })
		path = strings.Replace(path, "\x00", ids[i], 1)
	}
	path = strings.ReplaceAll(path, "\x00", "x")
	if r.Dated {
		path += "?api-version=" + apiVersion
	}
	c := Call{Base: l.URL, Path: prefix + path, Key: key, Method: r.Method}
	if r.Method == http.MethodPost {
		c.Body = formJSON(map[string]any{"model": model, "messages": []any{map[string]any{"role": "user", "content": "Good day."}}, "input": "Good day."})
		if strings.HasSuffix(r.Pattern, "/embeddings") {
			c.Body = formJSON(map[string]any{"model": model, "input": "Good day."})
		} else if strings.HasSuffix(r.Pattern, "/chat/completions") {
			c.Body = formJSON(map[string]any{"model": model, "messages": []any{map[string]any{"role": "user", "content": "Good day."}}})
		}
	}
	return c.do()
}

var brace = regexp.MustCompile(`\{[a-z0-9]+\}`)

// person is a browser that has signed in.
type person struct {
	base, cookie, token string
}

func signIn(t *testing.T, s *Service, link string) person {
	t.Helper()
	_, secret, _ := strings.Cut(link, "/sign-in/")
	noRedirect := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequest(http.MethodPost, s.URL+"/sign-in", strings.NewReader(url.Values{"link": {secret}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := noRedirect.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther || len(resp.Cookies()) == 0 {
		t.Fatalf("signing in: got %d", resp.StatusCode)
	}
	p := person{base: s.URL, cookie: resp.Cookies()[0].String()}
	p.cookie, _, _ = strings.Cut(p.cookie, ";")
	var session struct{ Token string }
	if reply := p.ask("GET", "/app/api/session", nil); json.Unmarshal(reply.Body, &session) != nil || session.Token == "" {
		t.Fatalf("the session of a person: %s", reply.brief())
	}
	p.token = session.Token
	return p
}

func (p person) ask(method, path string, body []byte) Reply {
	r, err := http.NewRequest(method, p.base+path, bytes.NewReader(body))
	if err != nil {
		return Reply{Err: err}
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if p.cookie != "" {
		r.Header.Set("Cookie", p.cookie)
		r.Header.Set("X-Form-Token", p.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	c := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(r)
	if err != nil {
		return Reply{Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return Reply{Status: resp.StatusCode, Header: resp.Header, Body: b, Err: err}
}

// question asks on the page and waits for the answer's end.
func (p person) question(t *testing.T, text string) (conversation, answer, events string) {
	t.Helper()
	var made struct{ Conversation, Answer string }
	r := p.ask("POST", "/app/api/questions", formJSON(map[string]any{"conversation": "", "question": text}))
	if r.Status != http.StatusCreated || json.Unmarshal(r.Body, &made) != nil {
		t.Fatalf("asking: %s", r.brief())
	}
	r = p.ask("GET", "/app/api/conversations/"+made.Conversation+"/answers/"+made.Answer+"/events", nil)
	return made.Conversation, made.Answer, string(r.Body)
}

// The attack: a colleague, or somebody without a session, uses another person's
// identifiers in every route of the pages. They must look as if they did not exist.
func TestColleaguesIdentifiers(t *testing.T) {
	s := startDemo(t, Demo{})
	nurse, analyst := signIn(t, s, s.Env["SALLYPORT_SIGNIN_NURSE"]), signIn(t, s, s.Env["SALLYPORT_SIGNIN_ANALYST"])
	conversation, answer, _ := nurse.question(t, "What do I do after a needle-stick injury?")
	own := documentsOf(t, nurse)
	var secret string // a document that the analyst may read and the nurse may not
	for id := range documentsOf(t, analyst) {
		if _, ok := own[id]; !ok {
			secret = id
		}
	}
	if secret == "" {
		t.Fatal("the analyst sees no document that the nurse does not see")
	}
	tried := 0
	for _, r := range web.Routes() {
		if len(r.IDs) == 0 || r.Public {
			continue
		}
		fill := func(foreign bool) string {
			path := r.Pattern
			for _, k := range r.IDs {
				v := map[web.IDKind]string{web.ConversationID: conversation, web.AnswerID: answer, web.SourceNumber: "1", web.DocumentID: secret, web.PassageIndex: "0"}[k]
				if v == "" {
					t.Fatalf("no value for %s: extend this test", k)
				}
				if !foreign && k != web.SourceNumber && k != web.PassageIndex {
					v = mirrored(v)
				}
				path = brace.ReplaceAllStringFunc(path, func(m string) string { return "\x00" })
				path = strings.Replace(path, "\x00", v, 1)
			}
			return path
		}
		stranger := analyst
		if slices.Contains(r.IDs, web.DocumentID) {
			stranger = nurse
		}
		foreign, missing := stranger.ask(r.Method, fill(true), nil), stranger.ask(r.Method, fill(false), nil)
		tried += 2
		if faceOfPage(foreign) != faceOfPage(missing) || foreign.Status != http.StatusNotFound {
			t.Errorf("%s %s: foreign %d, missing %d, want the same 404\n%s\n---\n%s", r.Method, r.Pattern, foreign.Status, missing.Status, cut(string(foreign.Body), 400), cut(string(missing.Body), 400))
		}
		nobody := person{base: s.URL}
		foreign, missing = nobody.ask(r.Method, fill(true), nil), nobody.ask(r.Method, fill(false), nil)
		tried += 2
		if faceOfPage(foreign) != faceOfPage(missing) || foreign.Status != http.StatusUnauthorized {
			t.Errorf("%s %s without a session: foreign %d, missing %d, want the same 401", r.Method, r.Pattern, foreign.Status, missing.Status)
		}
	}
	totals.add("tenant requests", tried)
	// The owner is let in: the test would pass on a service that refuses everybody.
	if r := nurse.ask("GET", "/app/api/conversations/"+conversation, nil); r.Status != 200 {
		t.Errorf("the owner's conversation: %s", r.brief())
	}
	if r := analyst.ask("GET", "/documents/"+secret, nil); r.Status != 200 {
		t.Errorf("the analyst's document: %d", r.Status)
	}
}

// mirrored is an identifier of the same form that names nothing.
func mirrored(id string) string {
	b := []byte(id)
	for i := range b {
		switch c := b[i]; {
		case '0' <= c && c <= '9':
			b[i] = '9' - (c - '0')
		case 'a' <= c && c <= 'f':
			b[i] = 'f' - (c - 'a')
		case 'g' <= c && c <= 'z':
			b[i] = 'z' - (c - 'g')
		case 'A' <= c && c <= 'Z':
			b[i] = 'Z' - (c - 'A')
		}
	}
	return string(b)
}

func faceOfPage(r Reply) string { return nonce.ReplaceAllString(r.face(), "") }

var nonce = regexp.MustCompile(`nonce-?[^" ]*|name="form-token" content="[^"]*"`)

var documentLink = regexp.MustCompile(`/documents/([A-Za-z0-9_-]+)`)

func documentsOf(t *testing.T, p person) map[string]bool {
	t.Helper()
	r := p.ask("GET", "/documents", nil)
	ids := map[string]bool{}
	for _, m := range documentLink.FindAllSubmatch(r.Body, -1) {
		ids[string(m[1])] = true
	}
	if r.Status != 200 || len(ids) == 0 {
		t.Fatalf("no documents for a person: %d", r.Status)
	}
	return ids
}
