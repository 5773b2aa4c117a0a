package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/surface/cognitive"
	"sallyport/internal/surface/contentsafety"
	"sallyport/internal/surface/language"
)

// The official clients of Content Safety and Language, and plain REST for what they
// have no call for.
var safetyJudges = []struct{ name, program, script, modules string }{
	{"python", ".build/safety/bin/python", "test/sdk/safety.py", ""},
	{"node", "node", "test/sdk/safety.mjs", ".build/safety-node"},
}

// safetyJudge runs a judge and makes a test of each line.
func safetyJudge(t *testing.T, i int, endpoint, key, ca string, args ...string) {
	t.Helper()
	j := safetyJudges[i]
	for _, part := range []string{"safety", "safety-node"} {
		if _, err := os.Stat(filepath.Join(build, "stamp", part)); err != nil {
			t.Fatalf("%s is not installed: run test/setup", part)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, j.program, append([]string{j.script}, args...)...)
	if j.program != "node" {
		c.Path = filepath.Join(root, j.program)
	}
	c.Dir = root
	c.Env = cleanEnv("JUDGE_ENDPOINT="+endpoint, "JUDGE_KEY="+key, "JUDGE_MODULES="+j.modules, "PYTHONDONTWRITEBYTECODE=1")
	if ca != "" {
		c.Env = append(c.Env, "SSL_CERT_FILE="+ca, "REQUESTS_CA_BUNDLE="+ca, "NODE_EXTRA_CA_CERTS="+ca)
	}
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	checks, failed := 0, 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		line := lines.Text()
		if check, reason, bad := strings.Cut(strings.TrimPrefix(line, "not ok "), ": "); strings.HasPrefix(line, "not ok ") && bad {
			checks++
			failed++
			t.Run(check, func(t *testing.T) { t.Error(reason) })
		} else if check, ok := strings.CutPrefix(line, "ok "); ok {
			checks++
			check, note, _ := strings.Cut(check, " #")
			t.Run(strings.TrimSpace(check), func(t *testing.T) { t.Log(note) })
		}
	}
	if err != nil && failed == 0 || checks == 0 {
		t.Errorf("the judge failed: %v\n%s%s", err, out, errs.String())
	}
	totals.add("client checks", checks)
}

// Every client on plain HTTP and on TLS, at the address of the demo's env file.
func TestSafetyClients(t *testing.T) {
	s := startDemo(t, Demo{})
	if s.Env["LANGUAGE_ENDPOINT"] != s.Env["CONTENT_SAFETY_ENDPOINT"] || s.Env["LANGUAGE_KEY"] != s.Env["CONTENT_SAFETY_KEY"] {
		t.Fatal("the judges take one address and key for both services")
	}
	for i, j := range safetyJudges {
		t.Run(j.name, func(t *testing.T) {
			safetyJudge(t, i, s.Env["CONTENT_SAFETY_ENDPOINT"], s.Env["CONTENT_SAFETY_KEY"], "")
			t.Run("tls", func(t *testing.T) { safetyJudge(t, i, s.TLS, s.Env["CONTENT_SAFETY_KEY"], s.Env["SALLYPORT_CA"]) })
		})
	}
}

// safetyVersion serves Content Safety and, as any date does, Language.
const safetyVersion = "2024-09-01"

// safetyRoutes are the routes of both surfaces: all of them are served.
func safetyRoutes(t testing.TB, l *Lab) []cognitive.Route {
	t.Helper()
	var served []cognitive.Route
	all := contentsafety.Config{Grounding: noGrounding{}, Text: noMaterial{}, Code: noMaterial{}}
	for _, r := range slices.Concat(contentsafety.Routes(all), language.Routes()) {
		reply := l.safety(r, "", l.Key, "nowhere", "")
		if reply.Status == http.StatusNotFound && strings.Contains(string(reply.Body), `"Resource not found"`) {
			t.Fatalf("%s %s is not served", r.Method, r.Pattern)
		}
		served = append(served, r)
	}
	return served
}

type (
	noGrounding struct{ contentsafety.Grounding }
	noMaterial  struct{ contentsafety.Material }
)

// safety calls a route with a list's name, and words in the body.
func (l *Lab) safety(r cognitive.Route, prefix, key, list, text string) Reply {
	path := strings.NewReplacer("{list}", list, "{item}", "01a201fa-0000-7000-8000-000000000000", "{id}", "x").Replace(r.Pattern)
	c := Call{Base: l.URL, Path: prefix + path + "?api-version=" + safetyVersion, Key: key, Method: r.Method}
	if r.Method == http.MethodPost || r.Method == http.MethodPatch {
		if text == "" {
			text = "Good day."
		}
		long := strings.Repeat(text+" ", 20)
		body := map[string]any{
			"text": long, "code": long, "userPrompt": text, "documents": []any{text}, "groundingSources": []any{text}, "description": text,
			"blocklistItems": []any{map[string]any{"text": text, "description": text}}, "blocklistItemIds": []any{"01a201fa-0000-7000-8000-000000000000"},
			"kind": "PiiEntityRecognition", "analysisInput": map[string]any{"documents": []any{map[string]any{"id": text, "text": text}}},
		}
		switch {
		case strings.Contains(r.Pattern, "v3.1"):
			body["documents"] = []any{map[string]any{"id": text, "text": text}}
		case slices.Contains(r.Identifiers, cognitive.ListInBody) && list != "nowhere" || list == "missing":
			body["blocklistNames"] = []any{list}
		}
		c.Body = formJSON(body)
	}
	return c.do()
}

// The attack: somebody with a right to one resource, or to none, tries every
// operation on another one, with lists that exist there and lists that do not.
func TestSafetySecondTenant(t *testing.T) {
	l := newLab(t, LabOptions{})
	routes := safetyRoutes(t, l)
	var put, add, get cognitive.Route
	for _, r := range routes {
		switch r.Operation {
		case "Blocklists_CreateOrUpdate":
			put = r
		case "BlocklistItems_AddOrUpdate":
			add = r
		case "BlocklistItems_List":
			get = r
		}
	}
	for _, r := range []cognitive.Route{put, add} {
		if reply := l.safety(r, "/annex", l.Other, "annex-list", "annexword"); reply.Status/100 != 2 {
			t.Fatal(reply.brief())
		}
	}
	before := l.safety(get, "/annex", l.Other, "annex-list", "").Body
	credentials := map[string]string{"ward's key": l.Key, "annex's key": l.Other, "a wrong key": strings.Repeat("0", 64), "no key": ""}
	for _, r := range routes {
		for name, key := range credentials {
			faces := map[string]string{}
			for _, prefix := range []string{"", "/annex", "/attic"} {
				if name == "ward's key" && prefix == "" || name == "annex's key" && prefix == "/annex" {
					continue
				}
				for _, list := range []string{"annex-list", "nowhere", "..", "a%2Fb", "%F0%9F%99%82", strings.Repeat("a", 300)} {
					reply := l.safety(r, prefix, key, list, "")
					faces[reply.face()] = fmt.Sprint(reply.Status, " ", prefix, " ", list)
					totals.add("tenant requests", 1)
				}
			}
			for face, who := range faces {
				if !strings.HasPrefix(face, "401 ") || len(faces) != 1 {
					t.Errorf("%s %s with %s: %d faces, want one, a 401; a stranger can tell this one apart: %s", r.Method, r.Pattern, name, len(faces), cut(who, 100))
				}
			}
		}
		// Insiders: another resource's list looks like one that exists nowhere.
		if !slices.ContainsFunc(r.Identifiers, func(k cognitive.IdentifierKind) bool { return k == cognitive.ListInPath || k == cognitive.ListInBody }) || r.Operation == put.Operation {
			continue
		}
		foreign, missing := l.safety(r, "", l.Key, "annex-list", ""), l.safety(r, "", l.Key, "missing", "")
		totals.add("tenant requests", 2)
		if stamp.ReplaceAllString(foreign.face(), "") != stamp.ReplaceAllString(missing.face(), "") || foreign.Status != http.StatusNotFound {
			t.Errorf("%s %s: foreign: %s; missing: %s", r.Method, r.Pattern, foreign.brief(), missing.brief())
		}
	}
	// Making a list of the same name makes one's own.
	if reply := l.safety(put, "", l.Key, "annex-list", "mine"); reply.Status != http.StatusCreated {
		t.Errorf("an own list of that name: %s", reply.brief())
	}
	if after := l.safety(get, "/annex", l.Other, "annex-list", "").Body; !bytes.Equal(before, after) || !bytes.Contains(after, []byte("annexword")) {
		t.Errorf("annex's list was changed: %s", after)
	}
}

var stamp = regexp.MustCompile(`Timestamp: [^.]*\.`)

// The attack is a look at everything that is left behind: words in every text of
// every operation, served and refused, and not one of them on the disk.
func TestSafetyCanary(t *testing.T) {
	temp := t.TempDir()
	l := newLab(t, LabOptions{Identities: "log: {level: debug}\n", Env: []string{"TMPDIR=" + temp}})
	n := 0
	for _, r := range safetyRoutes(t, l) {
		for _, list := range []string{"projects-1", "missing"} {
			for _, prefix := range []string{"", "/annex"} {
				n++
				reply := l.safety(r, prefix, l.Key, list, fmt.Sprintf("%s%04d", canary, n))
				if reply.Status == 0 || reply.Status >= 500 {
					t.Errorf("%s %s: %s", r.Method, r.Pattern, reply.brief())
				}
			}
		}
	}
	metrics := Call{Base: l.Ops, Path: "/metrics", Method: http.MethodGet}.do()
	found := append(find("metrics", metrics.Body, canary), find("output", []byte(l.Out.String()), canary)...)
	for _, dir := range []string{l.State, temp} {
		in, _ := findIn(t, dir, canary)
		found = append(found, in...)
	}
	for _, f := range found {
		t.Error(f)
	}
	// The search finds what is there: the record, by an operation's name.
	if in, files := findIn(t, l.State, "Text_ShieldPrompt"); len(in) == 0 || files < 3 {
		t.Errorf("the search finds nothing in %d files", files)
	}
}

// Every answer is on the record, once, with its verdicts, and lists outlive a
// restart.
func TestSafetyRecord(t *testing.T) {
	l := newLab(t, LabOptions{})
	ask := func(method, path, body string) Reply {
		return Call{Base: l.URL, Path: path + "?api-version=" + safetyVersion, Key: l.Key, Method: method, Body: []byte(body)}.do()
	}
	const lists = "/contentsafety/text/blocklists/kept"
	for _, c := range []struct {
		method, path, body string
		status             int
		kinds, verdict     string
	}{
		{"PATCH", lists, `{}`, 201, "intent outcome", ""},
		{"POST", lists + ":addOrUpdateBlocklistItems", `{"blocklistItems":[{"text":"harbourlantern"}]}`, 200, "intent outcome", ""},
		{"POST", lists + ":removeBlocklistItems", `{"blocklistItemIds":["nothing"]}`, 404, "intent outcome", ""},
		{"POST", lists + ":addOrUpdateBlocklistItems", `{}`, 400, "refused", ""},
		{"POST", "/contentsafety/text:analyze", `{"text":"a harbourlantern","blocklistNames":["kept"]}`, 200, "outcome", "custom_blocklists kept"},
		{"POST", "/contentsafety/text:shieldPrompt", string(formJSON(map[string]any{"userPrompt": attack.blocked})), 200, "outcome", "jailbreak "},
		{"POST", "/language/:analyze-text", `{"kind":"PiiEntityRecognition","analysisInput":{"documents":[{"id":"1","text":"Mail jo@example.org"}]}}`, 200, "outcome", "personally_identifiable_information Email"},
		{"POST", "/contentsafety/image:analyze", `{}`, 400, "refused", ""},
	} {
		r := ask(c.method, c.path, c.body)
		var kinds []string
		found := c.verdict == ""
		for _, e := range entries(t, l.State, r.Header.Get("x-request-id")) {
			kinds = append(kinds, e.Kind.String())
			for _, v := range e.Verdicts {
				found = found || v.Detected && v.Category+" "+v.Label == c.verdict
			}
			if e.Principal != "key1" || e.Resource != "ward" {
				t.Errorf("%s %s: %+v", c.method, c.path, e)
			}
		}
		if r.Status != c.status || strings.Join(kinds, " ") != c.kinds || !found {
			t.Errorf("%s %s: %s; on the record: %v, verdict %v", c.method, c.path, r.brief(), kinds, found)
		}
	}
	l.Kill()
	l.Restart(t)
	if r := ask("POST", "/contentsafety/text:analyze", `{"text":"a harbourlantern","blocklistNames":["kept"]}`); !strings.Contains(string(r.Body), `"blocklistItemText":"harbourlantern"`) {
		t.Errorf("after a restart: %s", r.Body)
	}
}

// A resource's rate is its own: over it, 429 with a time to come back.
func TestSafetyRate(t *testing.T) {
	l := newLab(t, LabOptions{Extra: "      more: {model: {name: m}, filter: lab, backends: [mock]}\n  tiny:\n    path: /tiny\n    content_safety: {requests_per_minute: 5}\n    deployments:\n      c: {model: {name: m}, filter: lab, backends: [mock]}\n"})
	key, err := mintKey(l.Config, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	safetyJudge(t, 0, l.URL+"/tiny", key, "", "rate")
	if r := (Call{Base: l.URL, Path: "/contentsafety/text:analyze?api-version=" + safetyVersion, Key: l.Key, Body: []byte(`{"text":"a"}`)}).do(); r.Status != 200 {
		t.Errorf("another resource: %s", r.brief())
	}
	if r := (Call{Base: l.URL, Path: "/tiny/text/analytics/v3.1/entities/recognition/pii", Key: key, Body: []byte(`{"documents":[{"id":"1","text":"a"}]}`)}).do(); r.Status != 200 {
		t.Errorf("the other service of the same resource: %s", r.brief())
	}
}
