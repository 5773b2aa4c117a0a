package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/config"
	"sallyport/internal/resource"
)

var update = flag.Bool("update", false, "rewrite generated files")

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func parse(t testing.TB, text string) *config.Config {
	t.Helper()
	c, findings := config.Parse([]byte(text), "/etc/sallyport", now)
	for _, f := range findings {
		t.Error(f)
	}
	if c == nil {
		t.Fatal("no configuration")
	}
	return c
}

func TestTheShortestFileIsShortAndWhole(t *testing.T) {
	if n := strings.Count(config.Shortest, "\n"); n > 15 {
		t.Errorf("%d lines", n)
	}
	c := parse(t, config.Shortest)
	set, err := c.ResourceSet()
	if err != nil {
		t.Fatal(err)
	}
	r, rest := set.Find("anything", "/openai/x")
	if r == nil || r.Name != "ward" || rest != "/openai/x" || !r.LocalAuth || !r.Network.Public {
		t.Fatalf("resource: %+v", r)
	}
	d := r.Deployments["chat"]
	lawful, why := d.Lawful(r, now)
	if why != resource.Lawful || len(lawful) != 1 || lawful[0].Name != "gpu" || d.Model.Can != resource.Chat || d.Type != resource.Standard || d.Limits.OutputTokens != 4096 {
		t.Errorf("deployment: %+v, lawful %v", d, why)
	}
	if c.DataDir != "/etc/sallyport/state" || c.Seal.KeyFile != "/etc/sallyport/state/key" {
		t.Errorf("paths: %q, %q", c.DataDir, c.Seal.KeyFile)
	}
	f := c.Filters[d.Filter]
	if f == nil || f.Prompt.Hate != "medium" || f.Prompt.Jailbreak != "block" || f.Answer.SelfHarm != "medium" || f.Answer.Jailbreak != "off" || f.OnError != "refuse" || f.Stream != "holdback" {
		t.Errorf("filter: %+v", f)
	}
	if l := c.Listeners["public"]; l.Address != "127.0.0.1:8080" || fmt.Sprint(l.Serves) != "[api]" {
		t.Errorf("listener: %+v", l)
	}
	if c.Limits.BodyBytes != 16<<20 || c.Audit.Checkpoint != time.Minute || c.Log.Level != "info" {
		t.Errorf("defaults: %+v %+v %+v", c.Limits, c.Audit, c.Log)
	}
}

// With no backend at all the embedded answerer serves.
func TestNoBackendIsTheEmbeddedAnswerer(t *testing.T) {
	c := parse(t, "version: 1\ndata_dir: s\nresources: {r: {deployments: {d: {model: {name: m}}}}}\npage: {organisation: O}\n")
	set, _ := c.ResourceSet()
	d := set.Named("r").Deployments["d"]
	if lawful, _ := d.Lawful(set.Named("r"), now); len(lawful) != 1 || lawful[0].Kind != "extractive" {
		t.Errorf("backends: %+v", lawful)
	}
	if c.Page.Resource != "r" || c.Page.Deployment != "d" || fmt.Sprint(c.Listeners["public"].Serves) != "[api web]" {
		t.Errorf("page: %+v", c.Page)
	}
}

const exampleFile = "../../deploy/sallyport.example.yaml"

func TestExampleIsValidAndHasEveryKey(t *testing.T) {
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, string(text))
	set, err := c.ResourceSet()
	if err != nil {
		t.Fatal(err)
	}
	ward := set.Named("ward")
	if ward.Network.Public || ward.LocalAuth || ward.Deployments["clinical-chat"].Backends[1].Name != "vllm" {
		t.Errorf("ward: %+v", ward)
	}
	if got := c.Backends["vllm"].Upstream("gpt-4o"); got != "local-gpt-oss-120b" {
		t.Errorf("Upstream: %q", got)
	}
	if got := c.Terms["own"].Expires.Format(time.DateOnly); got != "2099-11-02" {
		t.Errorf("terms end at %s", got)
	}
	for _, k := range config.Keys() {
		name := k.Path[strings.LastIndex(k.Path, ".")+1:]
		if !regexp.MustCompile(`(^|[\s{])` + name + `:`).Match(text) {
			t.Errorf("the example does not show %s", k.Path)
		}
	}
}

// base is a file to which tests do one wrong thing.
const base = `version: 1
data_dir: state
listeners:
  public: {address: "127.0.0.1:1", serves: [api, web], link: pe}
regions:
  uk: {geography: uk}
  se: {geography: se, zone: eu}
terms:
  dpa: {training: never, expires: 2027-01-01}
backends:
  far: {openai: {endpoint: "https://far.example/v1"}, region: se, terms: dpa}
  near: {openai: {endpoint: "https://near.example/v1"}, region: uk, terms: dpa}
blocklists:
  names: {file: names.txt}
filters:
  strict: {prompt: {hate: low}, blocklists: [names]}
identities:
  idp: {oidc: {issuer: "https://idp.example"}}
resources:
  a: {region: uk, hosts: [a.example], deployments: {chat: {model: {name: m, version: 1.10}, backends: [near]}}}
  b: {region: uk, path: /b, deployments: {chat: {model: {name: m}, backends: [near], filter: strict}}}
collections:
  docs: {folder: docs, owner: me, region: uk}
page: {resource: a, organisation: O}
`

func TestFindings(t *testing.T) {
	if c := parse(t, base); c.Resources["a"].Deployments["chat"].Model.Version != "1.10" {
		t.Error("a version lost its last digit")
	}
	for _, tt := range []struct {
		from, to string
		line     int
		key      string
		says     string
	}{
		{"version: 1\n", "version: 2\n", 1, "version", "1"},
		{"version: 1\n", "version: \"1\"\n", 1, "version", "without quotes"},
		{"version: 1\n", "", 0, "version", "missing"},
		{"data_dir: state\n", "data_dir:\n", 2, "data_dir", "value"},
		{"data_dir: state\n", "data_dri: state\n", 2, "data_dri", "did you mean data_dir"},
		{"data_dir: state\n", "data_dir: state\ndata_dir: other\n", 3, "data_dir", "twice; first in line 2"},
		{"data_dir: state\n", "data_dir: state\nsinks: {}\n", 3, "sinks", "not available in this release"},
		{"data_dir: state\n", "data_dir: &x state\n", 2, "data_dir", "anchors"},
		{"data_dir: state\n", "data_dir: !!str state\n", 2, "data_dir", "tags"},
		{"data_dir: state\n", "data_dir: state\nproxy: http://me:hunter2@proxy\n", 3, "proxy", "secrets"},
		{"data_dir: state\n", "data_dir: state\nproxy: socks\n", 3, "proxy", "URL"},
		{"data_dir: state\n", "data_dir: state\naudit: {checkpoint: 60}\n", 3, "audit.checkpoint", "unit"},
		{"data_dir: state\n", "data_dir: state\naudit: {checkpoint: -5s}\n", 3, "audit.checkpoint", "duration"},
		{"data_dir: state\n", "data_dir: state\naudit: {origin: \"a b\"}\n", 3, "audit.origin", "expected"},
		{"data_dir: state\n", "data_dir: state\nlimits: {connections: many}\n", 3, "limits.connections", "whole number"},
		{"data_dir: state\n", "data_dir: state\nlimits: {connections: 0}\n", 3, "limits.connections", "above zero"},
		{"data_dir: state\n", "data_dir: state\nlimits: {connections: 99999999999999999999}\n", 3, "limits.connections", "whole number"},
		{"data_dir: state\n", "data_dir: state\nlimits: {connections: 9999999999999999999}\n", 3, "limits.connections", "above zero"},
		{"data_dir: state\n", "data_dir: state\nlimits: {body_bytes: 16MB}\n", 3, "limits.body_bytes", "size"},
		{"data_dir: state\n", "data_dir: state\nlog: {level: loud}\n", 3, "log.level", "debug, info, warn, error"},
		{"data_dir: state\n", "data_dir: state\nlog: [info]\n", 3, "log", "names and values"},

		{`address: "127.0.0.1:1"`, `address: "0.0.0.0:1"`, 4, "listeners.public.tls", "loopback only"},
		{`address: "127.0.0.1:1"`, `address: ":1"`, 4, "listeners.public.tls", "loopback only"},
		{`address: "127.0.0.1:1"`, `address: "127.0.0.1"`, 4, "listeners.public.address", "HOST:PORT"},
		{`address: "127.0.0.1:1"`, `address: "127.0.0.1:99999"`, 4, "listeners.public.address", "HOST:PORT"},
		{`serves: [api, web]`, `serves: [api, ssh]`, 4, "listeners.public.serves[1]", "api, web, health, metrics"},
		{`serves: [api, web]`, `serves: []`, 4, "listeners.public.serves", "names nothing"},
		{`serves: [api, web]`, `serves: api`, 4, "listeners.public.serves", "list"},
		{`link: pe}`, `link: pe, trusted_proxies: [proxy]}`, 4, "listeners.public.trusted_proxies[0]", "network"},
		{`link: pe}`, `link: pe, trusted_proxies: ["::ffff:10.0.0.0/104"]}`, 4, "listeners.public.trusted_proxies[0]", "network"},
		{`link: pe}`, `link: pe, tls: {cert: c}}`, 4, "listeners.public.tls.key", "missing"},
		{`link: pe}`, "link: pe}\n  other: {address: \"127.0.0.1:1\", serves: [api]}", 5, "listeners.public.address", ""},
		{`link: pe}`, "link: pe}\n  other: {address: \"127.0.0.1:2\", serves: [api], link: pe}", 5, "listeners.public.link", ""},

		{"geography: uk}", "geography: }", 6, "regions.uk.geography", "value"},
		{"  uk: {geography: uk}\n", "  uk: {geography: uk}\n  u k: {geography: uk}\n", 7, "regions.u k", "name"},
		{"expires: 2027-01-01", "expires: 2026-11-21", 9, "terms.dpa.expires", "expired"},
		{"expires: 2027-01-01", "expires: soon", 9, "terms.dpa.expires", "date"},
		{", expires: 2027-01-01", "", 9, "terms.dpa.expires", "missing"},
		{"training: never, ", "", 9, "terms.dpa", "no traffic"},
		{"training: never, ", "self_hosted: true, ", 9, "terms.dpa.owner", "missing"},
		{"training: never, ", "self_hosted: yes, ", 9, "terms.dpa.self_hosted", "true or false"},

		{`"https://far.example/v1"`, `"http://far.example/v1"`, 11, "backends.far.openai.endpoint", "allow_http"},
		{`"https://far.example/v1"`, `"https://k:hunter2@far.example/v1"`, 11, "backends.far.openai.endpoint", "secrets"},
		{`"https://far.example/v1"`, `far`, 11, "backends.far.openai.endpoint", "URL"},
		{`"https://far.example/v1"`, `"https://far.example/v1", key: hunter2`, 11, "backends.far.openai.key", "key_file"},
		{`"https://far.example/v1"`, `"https://far.example/v1", api_key: hunter2`, 11, "backends.far.openai.api_key", "key_file"},
		{"region: se, terms: dpa", "region: se, terms: dpi", 11, "backends.far.terms", "there are: dpa"},
		{"region: se, terms: dpa", "region: se", 11, "backends.far.terms", "must name provider terms"},
		{"region: se, terms: dpa", "region: de, terms: dpa", 11, "backends.far.region", "there are: se, uk"},
		{"region: se, terms: dpa", "terms: dpa", 11, "backends.far.region", "must name a region"},
		{"region: se, terms: dpa", "region: se, terms: dpa, extractive: {}", 11, "backends.far", "exactly one"},

		{"blocklists: [names]", "blocklists: [name]", 16, "filters.strict.blocklists[0]", "there are: names"},
		{"hate: low", "hate: block", 16, "filters.strict.prompt.hate", "low, medium, high, annotate, off"},
		{"hate: low", "jailbreak: high", 16, "filters.strict.prompt.jailbreak", "block, annotate, off"},
		{"prompt: {hate: low}", "answer: {jailbreak: block}", 16, "filters.strict.answer.jailbreak", "under prompt"},
		{"prompt: {hate: low}", "stream: asynchronous", 16, "filters.strict.stream", "holdback, buffered"},
		{"prompt: {hate: low}", "on_error: pass", 16, "filters.strict.on_error", "refuse"},
		{"prompt: {hate: low}", "personal_data: {prompt: {Emial: mask}}", 16, "filters.strict.personal_data.prompt.Emial", "did you mean Email"},
		{"prompt: {hate: low}", "personal_data: {answer: {Email: hide}}", 16, "filters.strict.personal_data.answer.Email", "block, mask"},
		{"prompt: {hate: low}", "grounding: {}", 16, "filters.strict.grounding", "not available"},

		{`issuer: "https://idp.example"`, `issuer: "http://idp.example"`, 18, "identities.idp.oidc.issuer", "https"},
		{`issuer: "https://idp.example"`, `issuer: "https://idp.example", secret: x`, 18, "identities.idp.oidc.secret", "not written into this file"},

		{"hosts: [a.example]", "hosts: [A.example]", 20, "resources.a.hosts[0]", "lower case"},
		{"hosts: [a.example]", "hosts: ['a.example:443']", 20, "resources.a.hosts[0]", "without port"},
		{"hosts: [a.example]", "path: /b", 21, "resources.b.path", "resource a too"},
		{"path: /b", "path: b", 21, "resources.b.path", "as in /ward"},
		{"path: /b", "path: /b/", 21, "resources.b.path", "as in /ward"},
		{"path: /b", "path: /openai", 21, "resources.b.path", "surface"},
		{"path: /b", "hosts: [a.example]", 21, "resources.b.hosts[0]", "resource a too"},
		{"path: /b", "network: {allow: [10.0.0.0/33]}, path: /b", 21, "resources.b.network.allow[0]", "network"},
		{"path: /b", "network: {links: [pw]}, path: /b", 21, "resources.b.network.links[0]", "there are: pe"},
		{"path: /b", "network: {public: true}, path: /b", 21, "resources.b.network.public", "enabled, disabled"},
		{"backends: [near], filter", "backends: [nearer], filter", 21, "resources.b.deployments.chat.backends[0]", "there are: far, near"},
		{"backends: [near], filter", "backends: [near, near], filter", 21, "resources.b.deployments.chat.backends[1]", "twice"},
		{"backends: [near], filter", "backends: [near, far], filter", 21, "resources.b.deployments.chat.backends[1]", "may not be served"},
		{"backends: [near], filter", "filter", 21, "resources.b.deployments.chat.backends", "must name a backend"},
		{"backends: [near], filter", "type: Global, backends: [near], filter", 21, "resources.b.deployments.chat.type", "GlobalStandard"},
		{"filter: strict", "filter: loose", 21, "resources.b.deployments.chat.filter", "there are: default, strict"},
		{"filter: strict", "limits: {tokens_per_minute: 100}", 21, "resources.b.deployments.chat.limits.tokens_per_minute", "never be served"},
		{"filter: strict", "limits: {output_tokens: 200000}", 21, "resources.b.deployments.chat.limits.output_tokens", "context_tokens"},
		{"chat: {model: {name: m}, ", "chat: {model: {}, ", 21, "resources.b.deployments.chat.model.name", "missing"},
		{"{chat: {model: {name: m}, backends: [near], filter: strict}}", "{}", 21, "resources.b.deployments", "at least one"},

		{"region: uk}\npage", "region: us}\npage", 23, "collections.docs.region", "there are: se, uk"},
		{"region: uk}\npage", "region: uk, access: ../x}\npage", 23, "collections.docs.access", "inside the folder"},
		{"page: {resource: a, organisation: O}\n", "", 0, "page", "serves web"},
		{"page: {resource: a,", "page: {resource: c,", 24, "page.resource", "there are: a, b"},
		{"page: {resource: a,", "page: {resource: a, deployment: x,", 24, "page.deployment", "there are: chat"},
		{"page: {resource: a,", "page: {resource: a, session_idle: 9h,", 24, "page.session_idle", "longer"},
		{"page: {resource: a,", "page: {resource: a, url: \"http://ai.example\",", 24, "page.url", "https"},
	} {
		text := strings.Replace(base, tt.from, tt.to, 1)
		if text == base {
			t.Fatalf("%q is not in the base file", tt.from)
		}
		c, findings := config.Parse([]byte(text), "/d", now)
		if c != nil || len(findings) == 0 {
			t.Errorf("%q: no finding", tt.to)
			continue
		}
		if tt.says == "" { // which of two is named depends on the order of names
			continue
		}
		f := findings[0]
		for _, g := range findings {
			if g.Key == tt.key {
				f = g
			}
		}
		if f.Line != tt.line || f.Key != tt.key || !strings.Contains(f.What, tt.says) {
			t.Errorf("%q: want line %d, %s, %q; got %q", tt.to, tt.line, tt.key, tt.says, findings)
		}
		if len(findings) > 2 {
			t.Errorf("%q: one fault, %d findings: %q", tt.to, len(findings), findings)
		}
		if strings.Contains(fmt.Sprint(findings), "hunter2") {
			t.Errorf("%q: a finding shows the secret: %q", tt.to, findings)
		}
	}
}

func TestAllFindingsAtOnceInOrder(t *testing.T) {
	text := strings.NewReplacer("data_dir: state", "data: state", "expires: 2027-01-01", "expires: 2020-01-01",
		"region: se, terms: dpa", "region: de, terms: dpa", "hate: low", "hate: never", "page: {resource: a", "page: {resource: z").Replace(base)
	_, findings := config.Parse([]byte(text), "/d", now)
	var lines []int
	for _, f := range findings {
		lines = append(lines, f.Line)
	}
	if got := fmt.Sprint(lines); got != "[0 2 9 11 16 24]" {
		t.Errorf("lines %s: %q", got, findings)
	}
}

func TestWhatIsNotAFile(t *testing.T) {
	for _, text := range []string{
		"", "#", "---", "[]", "1", "version: 1\n---\nversion: 1\n", "a: [", "\t- x", "{", "\x00", "? x\n: y", "<<: {a: b}",
		"resources: {r: &a {deployments: *a}}", "null", strings.Repeat("[", 5000), strings.Repeat("a: {", 200),
		"resources: *x", "listeners: {a: *x}", strings.Repeat("#", 2<<20),
	} {
		c, findings := config.Parse([]byte(text), "/d", now)
		if c != nil || len(findings) == 0 {
			t.Errorf("%.40q: no finding", text)
		}
	}
}

// Every finding is one line of the same form, whatever the file is.
func TestFindingsHaveOneForm(t *testing.T) {
	form := regexp.MustCompile(`^(sallyport\.yaml|other\.csv):[1-9][0-9]*: [^:]+: [^\n]+$`)
	all := []config.Finding{{File: "other.csv", Line: 3, Key: "a.b", What: "two\nlines"}}
	for _, text := range []string{"", "[]", "version: 1\n---\nversion: 1\n", "a: [", "\t- x", "\x00", "version: 1\n", "1", "? [x]\n: y", strings.Repeat("#", 2<<20)} {
		_, findings := config.Parse([]byte(text), "/d", now)
		all = append(all, findings...)
	}
	_, findings := config.Load(filepath.Join(t.TempDir(), "none.yaml"), now)
	for _, f := range append(all, findings...) {
		if got := f.In("sallyport.yaml"); !form.MatchString(got) {
			t.Errorf("got %q", got)
		}
	}
}

func TestWarnings(t *testing.T) {
	if w := parse(t, base).Warnings(); len(w) > 0 {
		t.Errorf("without reason: %q", w)
	}
	for _, end := range []string{"", "/", "/v1/chat/completions", "/v2"} {
		w := parse(t, strings.Replace(base, `https://far.example/v1`, `https://far.example`+end, 1)).Warnings()
		if len(w) != 1 || w[0].Line != 11 || w[0].Key != "backends.far.openai.endpoint" || !strings.Contains(w[0].What, "/v1") {
			t.Errorf("%q: %q", end, w)
		}
	}
}

func TestLoadLooksForFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sallyport.yaml")
	if _, f := config.Load(path, now); len(f) != 1 {
		t.Errorf("no file: %q", f)
	}
	if err := os.WriteFile(path, []byte(base), 0o600); err != nil {
		t.Fatal(err)
	}
	_, f := config.Load(path, now)
	if len(f) != 2 || f[0].Key != "blocklists.names.file" || f[0].Line != 14 || f[1].Key != "collections.docs.folder" {
		t.Errorf("missing files: %q", f)
	}
	os.WriteFile(filepath.Join(dir, "names.txt"), nil, 0o600)
	os.Mkdir(filepath.Join(dir, "docs"), 0o700)
	c, f := config.Load(path, now)
	if len(f) > 0 || c.Blocklists["names"].File != filepath.Join(dir, "names.txt") {
		t.Errorf("%q", f)
	}
}

// The schema, the key list and the structs say the same.
func TestSchema(t *testing.T) {
	var s map[string]any
	if err := json.Unmarshal(config.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	var paths []string
	walk(s, "", &paths)
	var keys []string
	for _, k := range config.Keys() {
		keys = append(keys, k.Path)
		if k.Doc == "" {
			t.Errorf("%s has no doc", k.Path)
		}
		if !regexp.MustCompile(`^[a-z][a-z_]*$`).MatchString(k.Path[strings.LastIndex(k.Path, ".")+1:]) {
			t.Errorf("%s is not in lower case with underscores", k.Path)
		}
	}
	if len(paths) != len(keys) {
		t.Errorf("the schema has %d keys, the structs %d", len(paths), len(keys))
	}
	for _, k := range keys {
		found := false
		for _, p := range paths {
			found = found || p == k
		}
		if !found {
			t.Errorf("the schema has no %s", k)
		}
	}
}

func walk(s map[string]any, path string, out *[]string) {
	if p, ok := s["properties"].(map[string]any); ok {
		for name, v := range p {
			at := strings.TrimPrefix(path+"."+name, ".")
			*out = append(*out, at)
			walk(v.(map[string]any), at, out)
		}
	}
	if v, ok := s["additionalProperties"].(map[string]any); ok {
		walk(v, path+".NAME", out)
	}
}

// What the README tells a newcomer to write can be used: the first file, and the
// same with the sections that put a model behind it.
func TestReadmeFilesAreInOrder(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, first, _ := strings.Cut(string(text), "cat > sallyport.yaml <<'END'\n")
	first, _, found := strings.Cut(first, "\nEND\n")
	if !found {
		t.Fatal("no first file")
	}
	parse(t, first)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Fatal("no further sections")
	}
	for _, b := range blocks {
		whole := b[1]
		for name, section := range sections(first) {
			if sections(b[1])[name] == "" {
				whole += section
			}
		}
		c := parse(t, whole)
		for name := range c.Backends {
			if !slices.ContainsFunc(slices.Collect(maps.Values(c.Resources)), func(r *config.Resource) bool {
				return slices.ContainsFunc(slices.Collect(maps.Values(r.Deployments)), func(d *config.Deployment) bool { return slices.Contains(d.Backends, name) })
			}) {
				t.Errorf("no deployment uses backend %s", name)
			}
		}
	}
}

// sections are the parts of a file by their names.
func sections(text string) map[string]string {
	out, name := map[string]string{}, ""
	for line := range strings.Lines(text) {
		if m := regexp.MustCompile(`^([a-z_]+):`).FindStringSubmatch(line); m != nil {
			name = m[1]
		}
		out[name] += strings.TrimSuffix(line, "\n") + "\n"
	}
	return out
}

func TestMarkdownIsCurrent(t *testing.T) {
	const file = "../../docs/configuration.md"
	got := config.Markdown()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/configuration.md is not what the structs say: go test ./internal/config -update")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(base))
	f.Add([]byte(config.Shortest))
	if text, err := os.ReadFile(exampleFile); err == nil {
		f.Add(text)
	}
	f.Add([]byte("resources: {r: {deployments: {d: }}}\nversion: 1\n"))
	f.Add([]byte("a: !!binary x\nb: *c\nd: >-\n  x\n? e\n: f\n<<: g\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, findings := config.Parse(data, "/d", now)
		if (c == nil) == (len(findings) == 0) {
			t.Fatalf("config %v with findings %q", c != nil, findings)
		}
		if c != nil {
			if _, err := c.ResourceSet(); err != nil {
				t.Fatalf("a file without findings makes no set: %v", err)
			}
		}
	})
}
