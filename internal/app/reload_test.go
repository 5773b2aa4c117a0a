package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sallyport/internal/app"
	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/config"
)

// lines is a log that a test reads while the service writes it.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// reloadable is a service with a page whose configuration is a file.
type reloadable struct {
	app  *app.App
	log  *lines
	dir  string
	text string
}

func (s *reloadable) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *reloadable) load() (*config.Config, []config.Finding) {
	return app.LoadConfig(filepath.Join(s.dir, "sallyport.yaml"))
}

func startReloadable(t *testing.T, upstream string) *reloadable {
	t.Helper()
	s := &reloadable{log: &lines{}, dir: t.TempDir()}
	s.write(t, "names.txt", "codename\n")
	s.write(t, "access.csv", "document,kind,name\n*.md,group,staff\n")
	s.write(t, "parcels.md", "# Parcels\n\nThe post room sends parcels every working day at 15:00.\n")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	s.text = fmt.Sprintf(`version: 1
data_dir: state
listeners:
  public: {address: %q, serves: [api, web]}
backends:
  mock: {openai: {endpoint: %q}, terms: own}
terms: {own: {self_hosted: true, owner: tests, expires: 2099-01-01}}
blocklists:
  names: {file: names.txt}
resources:
  office:
    deployments:
      chat: {model: {name: mock-1}}
      other: {model: {name: mock-1}}
collections:
  book: {folder: ., owner: office}
page: {organisation: Tests, deployment: chat}
limits: {drain_deadline: 100ms}
`, address, upstream)
	s.write(t, "sallyport.yaml", s.text)
	c, findings := s.load()
	if len(findings) > 0 {
		t.Fatalf("%q", findings)
	}
	s.app = running(t, app.Options{Config: c, Version: "test", Logger: app.NewLogger(s.log, "info"), Load: s.load})
	return s
}

// A reload that fails says why in a closed word, that the old set-up stays, and
// nothing of the file.
func TestFailedReload(t *testing.T) {
	s := startReloadable(t, "http://127.0.0.1:1/v1")
	for _, tt := range []struct {
		cause, file, text, secret string
	}{
		{"findings", "sallyport.yaml", s.text + "hunter2_key: hunter2\nproxy: http://me:hunter2@x\n", "hunter2"},
		{"findings", "sallyport.yaml", "hunter2: [", "hunter2"},
		{"data_dir", "sallyport.yaml", strings.Replace(s.text, "data_dir: state", "data_dir: hunter2", 1), "hunter2"},
		{"filters", "names.txt", "re:hunter2(\n", "hunter2"},
		{"collections", "access.csv", "document,kind,name\n*.md,hunter2,staff\n", "hunter2"},
		{"backends", "sallyport.yaml", strings.Replace(s.text, "/v1\"}", "/v1\", ca: names.txt}", 1), "names.txt"},
	} {
		was, err := os.ReadFile(filepath.Join(s.dir, tt.file))
		if err != nil {
			t.Fatal(err)
		}
		s.write(t, tt.file, tt.text)
		before := len(s.log.String())
		err = s.app.Reload(t.Context())
		var failed *app.NotReloaded
		if !errors.As(err, &failed) || failed.Cause != tt.cause {
			t.Errorf("%s: got %v", tt.cause, err)
		}
		said := s.log.String()[before:]
		if !strings.Contains(said, `"msg":"not reloaded: the old configuration stays in force","cause":"`+tt.cause+`"`) || strings.Contains(said, tt.secret) || strings.Contains(said, "exit") {
			t.Errorf("%s: the log says %s", tt.cause, said)
		}
		s.write(t, tt.file, string(was))
	}
	if err := s.app.Reload(t.Context()); err != nil {
		t.Errorf("the file in order: %v", err)
	}
}

// A start that fails has a terminal to tell why.
func TestFailedStartTellsWhy(t *testing.T) {
	dir := t.TempDir()
	text := "version: 1\ndata_dir: state\nblocklists: {names: {file: names.txt}}\nresources: {r: {deployments: {d: {model: {name: m}}}}}\nlisteners: {public: {address: \"127.0.0.1:0\", serves: [api]}}\n"
	for name, text := range map[string]string{"sallyport.yaml": text, "names.txt": "re:(\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, findings := app.LoadConfig(filepath.Join(dir, "sallyport.yaml"))
	if len(findings) > 0 {
		t.Fatalf("%q", findings)
	}
	a, err := app.New(t.Context(), app.Options{Config: c, Logger: app.NewLogger(io.Discard, "error")})
	if err == nil {
		_ = a.Close()
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "blocklist names: term 1: not a valid RE2 pattern") || strings.Contains(err.Error(), "reload") {
		t.Errorf("got %q", err)
	}
}

// person is somebody at the page.
type person struct{ base, cookie, token string }

func (p *person) call(t *testing.T, method, path, body string, into any) int {
	t.Helper()
	r, err := http.NewRequest(method, p.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/json")
	if p.cookie != "" {
		r.Header.Set("Cookie", p.cookie)
		r.Header.Set("X-Form-Token", p.token)
	} else {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 20 * time.Second}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if p.cookie == "" && len(resp.Cookies()) > 0 {
		p.cookie, _, _ = strings.Cut(resp.Cookies()[0].String(), ";")
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(got, into); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, got)
		}
	}
	return resp.StatusCode
}

func (s *reloadable) signIn(t *testing.T) *person {
	t.Helper()
	p := &person{base: s.app.Address("public")}
	err := app.WithRunning(t.Context(), filepath.Join(s.dir, "state"), func(ctx context.Context, a app.Admin) error {
		link, err := a.NewLink(ctx, "Somebody", []string{"staff"})
		if err != nil {
			return err
		}
		_, secret, _ := strings.Cut(link.URL, "/sign-in/")
		secret, err = url.PathUnescape(secret)
		p.call(t, http.MethodPost, "/sign-in", url.Values{"link": {secret}}.Encode(), nil)
		return err
	})
	var session struct{ Token string }
	if err != nil || p.cookie == "" || p.call(t, http.MethodGet, "/app/api/session", "", &session) != http.StatusOK {
		t.Fatalf("signing in: %v", err)
	}
	p.token = session.Token
	return p
}

type place struct{ Conversation, Answer string }

func (p *person) ask(t *testing.T, conversation string) place {
	t.Helper()
	var at place
	body := fmt.Sprintf(`{"conversation":%q,"question":"When are parcels sent?"}`, conversation)
	if code := p.call(t, http.MethodPost, "/app/api/questions", body, &at); code != http.StatusCreated {
		t.Fatalf("asking: %d", code)
	}
	return at
}

// A reload ends neither a session nor a conversation nor an answer under way, also
// when the time for draining is over; another deployment begins anew.
func TestReloadKeepsThePage(t *testing.T) {
	mock := mockupstream.New(mockupstream.Options{Model: "mock-1", Tokens: 40, Chunks: 40, Gap: 30 * time.Millisecond, Keep: -1})
	upstream := httptest.NewServer(mock)
	defer upstream.Close()
	s := startReloadable(t, upstream.URL+"/v1")
	p := s.signIn(t)
	at := p.ask(t, "")
	for mock.Stats().Requests == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	s.write(t, "sallyport.yaml", strings.Replace(s.text, "organisation: Tests", "organisation: Renamed", 1))
	for range 3 {
		if err := s.app.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond) // three times the time for draining
	state := p.finish(t, at)
	if state != "complete" {
		t.Errorf("the answer under way ended as %q", state)
	}
	next := p.ask(t, at.Conversation)
	if state := p.finish(t, next); next.Conversation != at.Conversation || state != "complete" {
		t.Errorf("the next question: %q", state)
	}
	if mock.Stats().Cancelled > 0 {
		t.Error("a request upstream was cancelled")
	}
	s.write(t, "sallyport.yaml", strings.Replace(s.text, "deployment: chat", "deployment: other", 1))
	if err := s.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code := p.call(t, http.MethodGet, "/app/api/conversations/"+at.Conversation, "", nil); code != http.StatusNotFound {
		t.Errorf("a conversation went over to another deployment: %d", code)
	}
	if code := p.call(t, http.MethodGet, "/app/api/session", "", nil); code != http.StatusOK {
		t.Errorf("the session ended: %d", code)
	}
}

// finish waits for an answer and returns how it ended.
func (p *person) finish(t *testing.T, at place) string {
	t.Helper()
	for range 200 {
		var got struct {
			Turns []struct {
				Answer string
				Done   bool
				Events []struct {
					Kind  string
					State string
				}
			}
		}
		if code := p.call(t, http.MethodGet, "/app/api/conversations/"+at.Conversation, "", &got); code != http.StatusOK {
			return fmt.Sprint(code)
		}
		for _, turn := range got.Turns {
			if turn.Answer == at.Answer && turn.Done {
				return turn.Events[len(turn.Events)-1].State
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return "late"
}

// Failures of a backend are told with a word of a closed set, whichever it is.
func TestBackendFailureHasACause(t *testing.T) {
	for endpoint, want := range map[string]string{"": "unsupported (response_format)", "http://127.0.0.1:1/v1": "unreachable"} {
		s := &service{dir: filepath.Join(t.TempDir(), "state")}
		log := &lines{}
		text := "version: 1\ndata_dir: " + s.dir + "\nlisteners: {public: {address: \"127.0.0.1:0\", serves: [api]}}\nresources: {trust: {deployments: {chat: {model: {name: m}}}}}\n"
		if endpoint != "" {
			text += "backends: {model: {openai: {endpoint: \"" + endpoint + "\"}}}\n"
		} else {
			text += "backends: {model: {extractive: {}}}\n"
		}
		c, findings := config.Parse([]byte(text), t.TempDir(), time.Now())
		if len(findings) > 0 {
			t.Fatalf("%q", findings)
		}
		ctx, stop := context.WithCancel(context.Background())
		a, err := app.New(ctx, app.Options{Config: c, Logger: app.NewLogger(log, "info")})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		s.url = a.Address("public")
		err = app.WithRunning(ctx, s.dir, func(ctx context.Context, a app.Admin) error {
			s.key, err = a.NewKey(ctx, "trust", "key1")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s.chat(t, "chat", `{"messages":[{"role":"user","content":"hello"}],"response_format":{"type":"json_object"}}`)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if !strings.Contains(log.String(), `"cause":"backend model failed: `+want) {
			t.Errorf("%s: the log says\n%s", endpoint, log)
		}
		// The hint at the start names what cannot be reached.
		if hinted := strings.Contains(log.String(), `"msg":"a backend cannot be reached; requests to it will fail until it can","backend":"model","cause":"unreachable"`); hinted != (endpoint != "") {
			t.Errorf("%s: the log says\n%s", endpoint, log)
		}
	}
}

// A backend that lets a connection wait holds nothing up.
func TestStartWaitsForNoBackend(t *testing.T) {
	full := fullQueue(t)
	began := time.Now()
	s := startReloadable(t, "http://"+full+"/v1")
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the start took %s", took)
	}
	for range 500 {
		if strings.Contains(s.log.String(), `"backend":"mock","cause":"timed_out"`) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("no hint in the log:\n%s", s.log)
}

// fullQueue is an address whose connections wait: nobody accepts, and the queue of
// the kernel is full.
func fullQueue(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
	for range 8 {
		c, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Skip("this kernel's queue does not fill")
	return ""
}
