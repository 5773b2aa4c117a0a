package e2e

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"

	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/custody/keys"
	"sallyport/internal/custody/seal"
	"sallyport/internal/record/audit"
)

// contract are the variables of the env file (DESIGN, section 8) of the surfaces
// that this release builds.
var contract = []string{
	"SALLYPORT_URL", "SALLYPORT_OPS_URL", "SALLYPORT_PID", "SALLYPORT_STATE", "SALLYPORT_CA", "SALLYPORT_SIGNIN_NURSE", "SALLYPORT_SIGNIN_ANALYST",
	"SALLYPORT_SIGNIN_ADMINISTRATOR", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION", "AZURE_OPENAI_CHAT_DEPLOYMENT",
	"AZURE_OPENAI_EMBEDDING_DEPLOYMENT", "SALLYPORT_LIMITED_DEPLOYMENT", "SALLYPORT_DENIED_ENDPOINT", "SALLYPORT_DENIED_KEY",
}

func (s *Service) key(t testing.TB, key string) int {
	t.Helper()
	return Call{Base: s.URL, Path: "/openai/v1/models", Key: key, Method: http.MethodGet}.do().Status
}

// What a new user sees: one command, nothing asked, an env file that appears whole
// and private, addresses that answer, and after a restart the same state.
func TestFirstAndSecondStart(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	s := startDemo(t, Demo{State: state, Bin: program})
	totals.note("first start ready in %s (the promise: under 1s)", s.Took.Round(time.Millisecond))
	for _, name := range contract {
		if s.Env[name] == "" {
			t.Errorf("the env file has no %s", name)
		}
	}
	if s.Env["SALLYPORT_PID"] != fmt.Sprint(s.PID()) || s.Env["SALLYPORT_STATE"] != state {
		t.Errorf("pid %s, state %s; want %d, %s", s.Env["SALLYPORT_PID"], s.Env["SALLYPORT_STATE"], s.PID(), state)
	}
	file := s.Args[slices.Index(s.Args, "--env-file")+1]
	if i, err := os.Stat(file); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("the env file: %v %v, want mode 0600", i.Mode(), err)
	}
	for _, u := range []string{s.URL, s.Ops, s.TLS} {
		parsed, err := url.Parse(u)
		if err != nil || parsed.Hostname() != "127.0.0.1" || parsed.Port() == "0" {
			t.Errorf("address %q", u)
		}
	}
	if r, err := s.trusting(t).Get(s.TLS + "/sign-in"); err != nil || r.StatusCode != 200 {
		t.Errorf("TLS with the demo's own authority: %v", err)
	}
	if r, err := http.Get(s.TLS + "/sign-in"); err == nil {
		t.Errorf("TLS without the authority was trusted: %d", r.StatusCode)
	}
	out := s.Out.String()
	for _, want := range []string{s.URL, s.Env["SALLYPORT_SIGNIN_NURSE"], s.Env["SALLYPORT_SIGNIN_ANALYST"], s.Env["SALLYPORT_SIGNIN_ADMINISTRATOR"], "from openai import AzureOpenAI",
		"import { AzureOpenAI } from 'openai'", "curl", state, "audit verify"} {
		if !strings.Contains(out, want) {
			t.Errorf("the start does not print %q", want)
		}
	}
	first := s.Env
	if got := s.key(t, first["AZURE_OPENAI_API_KEY"]); got != 200 {
		t.Errorf("the first key: got %d, want 200", got)
	}
	signIn(t, s, first["SALLYPORT_SIGNIN_NURSE"])
	if r := (person{base: s.URL}).ask("GET", strings.TrimPrefix(first["SALLYPORT_SIGNIN_NURSE"], s.URL), nil); r.Status == 200 && bytes.Contains(r.Body, []byte("<form")) {
		t.Error("a sign-in link opens twice")
	}
	if code := s.Stop(t); code != 0 {
		t.Errorf("SIGTERM: exit %d, want 0\n%s", code, s.Out)
	}
	entries := record(t, state)
	if k := entries[len(entries)-1].Kind; k != audit.Stopped {
		t.Errorf("the last entry is %q, want stopped", k)
	}

	s2 := startDemo(t, Demo{State: state, Bin: program})
	totals.note("second start ready in %s", s2.Took.Round(time.Millisecond))
	if got := s2.key(t, first["AZURE_OPENAI_API_KEY"]); got != 200 {
		t.Errorf("the first key after a second start: got %d, want 200", got)
	}
	if got := s2.key(t, s2.Env["AZURE_OPENAI_API_KEY"]); got != 200 || s2.Env["AZURE_OPENAI_API_KEY"] == first["AZURE_OPENAI_API_KEY"] {
		t.Errorf("the second key: got %d, want 200 and a fresh one", got)
	}
	for _, name := range []string{"SALLYPORT_SIGNIN_NURSE", "SALLYPORT_SIGNIN_ANALYST", "SALLYPORT_SIGNIN_ADMINISTRATOR"} {
		_, old, _ := strings.Cut(first[name], "/sign-in/")
		_, fresh, _ := strings.Cut(s2.Env[name], "/sign-in/")
		if old == fresh {
			t.Errorf("%s is not fresh", name)
		}
	}
	if len(record(t, state)) <= len(entries) {
		t.Error("the record did not go on")
	}
	ca1, _ := os.ReadFile(first["SALLYPORT_CA"])
	if r, err := s2.trusting(t).Get(s2.TLS + "/sign-in"); err != nil || len(ca1) == 0 {
		t.Errorf("the authority after a second start: %v", err)
	} else {
		_ = r.Body.Close()
	}
	// A third start ends the second one's key, as each start makes a fresh one.
	if code := s2.Stop(t); code != 0 {
		t.Errorf("SIGTERM: exit %d", code)
	}
	s3 := startDemo(t, Demo{State: state, Bin: program})
	if got := s3.key(t, s2.Env["AZURE_OPENAI_API_KEY"]); got != 401 {
		t.Errorf("the second start's key after the third: got %d, want 401", got)
	}
	if got := s3.key(t, first["AZURE_OPENAI_API_KEY"]); got != 200 {
		t.Errorf("the first key after the third start: got %d, want 200", got)
	}
}

// The env file appears whole: who watches for it never reads half of one.
func TestEnvFileAppearsWhole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "env")
	s, err := launch(program, cleanEnv(), "demo", "--state", filepath.Join(dir, "state"), "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--env-file", file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	for began := time.Now(); time.Since(began) < startLimit; {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // as fast as one can look
		}
		for _, name := range contract {
			if !strings.Contains("\n"+string(text), "\n"+name+"=") {
				t.Errorf("at its first sight the file has no %s", name)
			}
		}
		if r, err := http.Get(envLine(text, "SALLYPORT_OPS_URL") + "/readyz"); err != nil || r.StatusCode != 200 {
			t.Errorf("the file is there and the service is not ready: %v", err)
		}
		return
	}
	t.Fatal("no env file")
}

func envLine(text []byte, name string) string {
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return strings.Trim(v, "'\"")
		}
	}
	return ""
}

// Commands that are not understood exit 2 and say so; none of them starts anything.
func TestNotUnderstood(t *testing.T) {
	for _, args := range [][]string{
		{}, {"fly"}, {"demo", "--no-such-flag"}, {"demo", "extra"}, {"demo", "--listen"}, {"serve"}, {"serve", "--config"}, {"check"}, {"key"}, {"role"}, {"role", "fly"},
		{"admin"}, {"admin", "fly"}, {"audit"}, {"audit", "fly"}, {"audit", "verify", "--no-such-flag"}, {"role", "add", "--config", "x", "--role", "Emperor"},
	} {
		out, errs, code := run(t, args...)
		if code != 2 || errs == "" || out != "" {
			t.Errorf("%v: exit %d, output %q, errors %q; want 2 and a sentence on standard error", args, code, out, errs)
		}
	}
	for _, args := range [][]string{{"help"}, {"--help"}, {"version"}, {"schema"}, {"demo", "--help"}, {"serve", "--help"}} {
		if out, errs, code := run(t, args...); code != 0 || out+errs == "" {
			t.Errorf("%v: exit %d, output %q", args, code, out+errs)
		}
	}
}

// Flags of the demo that are refused leave nothing behind: no folder, no authority.
func TestRefusedFlagsWriteNothing(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	for _, flags := range [][]string{
		{"--listen", "x"}, {"--listen", "0.0.0.0:0"}, {"--listen", "127.0.0.1:99999"}, {"--tls-listen", "x"}, {"--ops-listen", "x"},
		{"--backend", "ftp://127.0.0.1/v1"}, {"--backend", "x"}, {"--backend-model", "m"}, {"--backend-embedding-model", "m"},
		{"--backend-key-file", "/nowhere"}, {"--backend", "http://127.0.0.1:1/v1", "--backend-key-file", "/nowhere"}, {"--env-file", "/nowhere/env"},
	} {
		args := append([]string{"demo", "--state", state, "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"}, flags...)
		if out, errs, code := run(t, args...); code != 1 || errs == "" || out != "" {
			t.Errorf("%v: exit %d, output %q, errors %q; want 1 and a sentence on standard error", flags, code, out, errs)
		}
		if left, err := os.ReadDir(state); !os.IsNotExist(err) {
			t.Errorf("%v: the state folder was made: %v", flags, left)
		}
	}
}

// Plain HTTP is served on loopback only.
func TestPlainOnLoopbackOnly(t *testing.T) {
	dir := t.TempDir()
	for _, at := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		out, errs, code := run(t, "demo", "--state", filepath.Join(dir, "state"), "--listen", at, "--tls-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
		if code == 0 || !strings.Contains(out+errs, "loopback") {
			t.Errorf("demo --listen %s: exit %d, want a refusal that says loopback: %s", at, code, out+errs)
		}
		file := filepath.Join(dir, "sallyport.yaml")
		text := fmt.Sprintf("version: 1\ndata_dir: %s\nlisteners: {public: {address: %q, serves: [api]}}\nresources: {ward: {deployments: {chat: {model: {name: m}}}}}\n", filepath.Join(dir, "s"), at)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, errs, code := run(t, "check", "--config", file); code != 1 || !strings.Contains(errs, ":3:") || !strings.Contains(errs, "loopback") {
			t.Errorf("check with %s: exit %d, want 1 and the finding's line: %s", at, code, errs)
		}
		if _, _, code := run(t, "serve", "--config", file); code != 1 {
			t.Errorf("serve with %s: exit %d, want 1", at, code)
		}
	}
}

// Two services never share a state folder.
func TestOneServicePerState(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	s := startDemo(t, Demo{State: state})
	_, errs, code := run(t, "demo", "--state", state, "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	if code != 1 || !strings.Contains(errs, "in use") {
		t.Errorf("exit %d: %s; want 1 and a sentence", code, errs)
	}
	if got := s.key(t, s.Env["AZURE_OPENAI_API_KEY"]); got != 200 {
		t.Errorf("the first service: %d", got)
	}
}

// First steps without the demo: the shortest configuration, a link, a key, a role.
func TestServeFromNothing(t *testing.T) {
	dir := t.TempDir()
	public, ops := freeAddress(), freeAddress()
	state := filepath.Join(dir, "state")
	file := filepath.Join(dir, "sallyport.yaml")
	text := fmt.Sprintf("# public %[1]s\n# ops %[2]s\n# state %[3]s\nversion: 1\ndata_dir: %[3]s\nlisteners:\n  public: {address: %[1]q, serves: [api, web]}\n  ops: {address: %[2]q, serves: [health, metrics]}\n"+
		"page: {organisation: Test}\nresources: {ward: {deployments: {chat: {model: {name: quotes}}}}}\n", public, ops, state)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "check", "--config", file); strings.TrimSpace(out) != "ok" {
		t.Errorf("check: %q", out)
	}
	s := startServe(t, file)
	// No default password: nobody is let in before somebody with the machine says so.
	if got := s.key(t, ""); got != 401 {
		t.Errorf("without a key: got %d, want 401", got)
	}
	link := strings.TrimSpace(must(t, "admin", "link", "--config", file))
	if !strings.HasPrefix(link, "http://"+public+"/sign-in/") {
		t.Fatalf("admin link: %q", link)
	}
	signIn(t, s, link)
	key := strings.TrimSpace(must(t, "key", "--config", file))
	if got := s.key(t, key); got != 200 {
		t.Errorf("a key made while the service runs: got %d, want 200", got)
	}
	second := strings.TrimSpace(must(t, "key", "--config", file))
	if a, b := s.key(t, key), s.key(t, second); a != 401 || b != 200 {
		t.Errorf("after rotation the old key got %d, the new %d; want 401, 200", a, b)
	}
	must(t, "role", "add", "--config", file, "--role", "Cognitive Services OpenAI User", "--to", "group:nurses", "--scope", "/ward")
	listed := must(t, "role", "list", "--config", file)
	if !strings.Contains(listed, "group:nurses") || !strings.Contains(listed, "Sallyport Administrator") {
		t.Errorf("role list: %s", listed)
	}
	for line := range strings.Lines(listed) {
		// Ids have single spaces, columns are further apart.
		if f := strings.Split(strings.TrimSpace(line), "  "); strings.Contains(line, "group:nurses") {
			must(t, "role", "remove", "--config", file, "--id", strings.TrimSpace(f[len(f)-1]))
		}
	}
	if listed := must(t, "role", "list", "--config", file); strings.Contains(listed, "group:nurses") {
		t.Errorf("role list after removal: %s", listed)
	}
	// All of it is on the record.
	ops2 := map[string]bool{}
	for _, e := range record(t, state) {
		if e.Kind == audit.Admin {
			ops2[e.Operation] = true
		}
	}
	if len(ops2) < 4 {
		t.Errorf("administration on the record: %v", ops2)
	}
	// SIGHUP swaps a good configuration and keeps the old one for a bad one.
	if err := os.WriteFile(file, []byte(strings.Replace(text, "{chat: {model: {name: quotes}}}", "{chat: {model: {name: quotes}}, other: {model: {name: other-model}}}", 1)+"page2: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGHUP)
	time.Sleep(300 * time.Millisecond)
	models := func() string {
		return string(Call{Base: s.URL, Path: "/openai/v1/models", Key: second, Method: http.MethodGet}.do().Body)
	}
	if strings.Contains(models(), "other-model") {
		t.Error("a configuration with findings was swapped in")
	}
	if err := os.WriteFile(file, []byte(strings.Replace(text, "{chat: {model: {name: quotes}}}", "{chat: {model: {name: quotes}}, other: {model: {name: other-model}}}", 1)+"#\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// With two chat deployments the page must name one: name it.
	fixed, _ := os.ReadFile(file)
	if err := os.WriteFile(file, bytes.Replace(fixed, []byte("organisation: Test"), []byte("organisation: Test, deployment: chat"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGHUP)
	for began := time.Now(); !strings.Contains(models(), "other-model"); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("SIGHUP did not swap\n%s", cut(s.Out.String(), 3000))
		}
	}
	if code := s.Stop(t); code != 0 {
		t.Errorf("SIGTERM: exit %d", code)
	}
}

// SIGTERM drains: an answer under way ends, and later ones are not begun.
func TestDrain(t *testing.T) {
	mock := mockupstream.New(mockupstream.Options{Tokens: 20, Gap: 60 * time.Millisecond}).Start()
	defer mock.Close()
	l := newLab(t, LabOptions{Upstream: mock})
	r, err := http.NewRequest(http.MethodPost, l.URL+"/openai/deployments/chat/chat/completions?api-version="+apiVersion, strings.NewReader(asking("Good day.", `"stream":true`)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("api-key", l.Key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	l.Signal(syscall.SIGTERM)
	body, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.HasSuffix(body, []byte("data: [DONE]\n\n")) {
		t.Errorf("the answer under way was cut: %v, %q", err, cut(string(body[max(0, len(body)-80):]), 200))
	}
	if code := l.Wait(t); code != 0 {
		t.Errorf("exit %d, want 0", code)
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(l.URL, "http://"), time.Second); err == nil {
		t.Error("the port is still open")
	}
	if out := must(t, "audit", "verify", "--state", l.State); !strings.HasPrefix(out, "intact") {
		t.Errorf("verify: %s", out)
	}
	// A drain has a bound: an upstream that hangs does not hold it.
	hang := mockupstream.New(mockupstream.Options{}).Start()
	defer hang.Close()
	hang.Always(func(mockupstream.Request) mockupstream.Answer {
		return mockupstream.Answer{Fault: mockupstream.Hang, After: 3}
	})
	l = newLab(t, LabOptions{Upstream: hang, Limits: "{drain_deadline: 1s}", Timeouts: "{first_byte: 60s, idle: 60s}"})
	go l.chat(asking("Good day.", `"stream":true`))
	for hang.Stats().Requests == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	began := time.Now()
	if code := l.Stop(t); code != 0 {
		t.Errorf("exit %d after a bounded drain, want 0\n%s", code, cut(l.Out.String(), 2000))
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("a drain of 1s took %s", took)
	}
	outcome := 0
	for _, e := range record(t, l.State) {
		if e.Kind == audit.Outcome && e.Operation == "ChatCompletions_Create" {
			outcome++
		}
	}
	if outcome != 1 {
		t.Errorf("%d outcomes of the cut answer, want 1", outcome)
	}
}

// A state of a newer format is refused, not guessed at; a lost key is noticed.
func TestStateIsNotGuessedAt(t *testing.T) {
	dir := t.TempDir()
	s := startDemo(t, Demo{State: filepath.Join(dir, "state"), Bin: program})
	if code := s.Stop(t); code != 0 {
		t.Fatalf("exit %d", code)
	}
	again := func(name string, change func(state string) error) {
		t.Helper()
		state := filepath.Join(dir, name)
		copyTree(t, s.State, state)
		if err := change(state); err != nil {
			t.Fatal(err)
		}
		_, errs, code := runEnv(t, nil, "demo", "--state", state, "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
		if code != 1 || len(strings.TrimSpace(errs)) == 0 {
			t.Errorf("%s: exit %d, want 1 and a sentence: %s", name, code, errs)
		}
		t.Logf("%s: %s", name, strings.TrimSpace(errs))
	}
	again("no key", func(state string) error { return os.Remove(filepath.Join(state, "key")) })
	again("another key", func(state string) error {
		b, err := os.ReadFile(filepath.Join(state, "key"))
		if err != nil {
			return err
		}
		other := startDemo(t, Demo{State: filepath.Join(dir, "other"), Bin: program})
		defer other.Kill()
		o, err := os.ReadFile(filepath.Join(other.State, "key"))
		if err != nil || bytes.Equal(b, o) {
			return fmt.Errorf("two states with one key: %v", err)
		}
		return os.WriteFile(filepath.Join(state, "key"), o, 0o600)
	})
	again("newer format", func(state string) error { return newerFormat(t, state) })
	for _, f := range []string{"key", "state.db", filepath.Join("keys", "keys.db")} {
		if i, err := os.Stat(filepath.Join(s.State, f)); err != nil || i.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v, want a mode that keeps others out", f, i.Mode(), err)
		}
	}
}

// newerFormat writes into a state's database that a later program made it.
func newerFormat(t *testing.T, state string) error {
	t.Helper()
	ctx := t.Context()
	file, err := seal.OpenKeyFile(filepath.Join(state, "key"))
	if err != nil {
		return err
	}
	tree, err := keys.Open(ctx, filepath.Join(state, "keys"), keys.Options{Wrapper: file, DatabaseKey: file.Key("keys database")})
	if err != nil {
		return err
	}
	defer func() { _ = tree.Close() }()
	key, err := tree.Key(ctx, keys.Installation().Purpose("state database"))
	if err != nil {
		return err
	}
	db, err := driver.Open("file:"+filepath.Join(state, "state.db")+"?vfs=xts", func(c *sqlite3.Conn) error {
		material := append(key.Derive("database, data").Bytes(), key.Derive("database, tweak").Bytes()...)
		return c.Exec("PRAGMA hexkey='" + hex.EncodeToString(material) + "'")
	})
	if err != nil {
		return err
	}
	r, err := db.ExecContext(ctx, `UPDATE meta SET value = '2' WHERE name = 'format'`)
	if err != nil {
		return err
	}
	if n, _ := r.RowsAffected(); n != 1 {
		return fmt.Errorf("%d rows of meta changed, want 1", n)
	}
	return db.Close()
}
