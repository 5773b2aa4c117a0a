package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport/internal/app"
	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/config"
)

// service is a running App with a mock upstream behind its deployments.
type service struct {
	app  *app.App
	mock *mockupstream.Server
	url  string
	ops  string
	key  string
	dir  string
}

const testConfig = `version: 1
data_dir: %[1]q
listeners:
  public: {address: %[3]q, serves: [api, web]}
  ops: {address: 127.0.0.1:0, serves: [health, metrics]}
terms:
  own: {self_hosted: true, owner: tests, expires: 2099-01-01}
backends:
  mock: {openai: {endpoint: %[2]q}, terms: own}
filters:
  none:
    prompt: {hate: "off", sexual: "off", violence: "off", self_harm: "off", jailbreak: "off", indirect_attack: "off"}
    answer: {hate: "off", sexual: "off", violence: "off", self_harm: "off"}
  all:
    personal_data: {prompt: {all: annotate}, answer: {all: annotate}}
resources:
  trust:
    deployments:
      chat: {model: {name: mock-1}, filter: all, backends: [mock]}
      bare: {model: {name: mock-1}, filter: none, backends: [mock]}
      embedding: {model: {name: mock-e, kind: embedding}, filter: all, backends: [mock]}
page: {organisation: Tests, resource: trust, deployment: chat}
`

func start(t testing.TB) *service {
	t.Helper()
	s := &service{dir: filepath.Join(t.TempDir(), "state")}
	s.mock = mockupstream.New(mockupstream.Options{Model: "mock-1", Tokens: 256, Chunks: 64, Keep: -1})
	upstream := httptest.NewServer(s.mock)
	t.Cleanup(upstream.Close)
	s.begin(t, upstream.URL+"/v1")
	return s
}

func (s *service) begin(t testing.TB, upstream string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	c, findings := config.Parse(fmt.Appendf(nil, testConfig, s.dir, upstream, address), t.TempDir(), time.Now())
	if len(findings) > 0 {
		t.Fatalf("findings: %+v", findings)
	}
	s.app = running(t, app.Options{Config: c, Version: "test", Logger: app.NewLogger(io.Discard, "error")})
	s.url, s.ops = s.app.Address("public"), s.app.Address("ops")
	err = app.WithRunning(t.Context(), s.dir, func(ctx context.Context, a app.Admin) error {
		s.key, err = a.NewKey(ctx, "trust", "key1")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *service) chat(t testing.TB, deployment, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.url+"/openai/deployments/"+deployment+"/chat/completions?api-version=2024-10-21", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("api-key", s.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, got
}

func TestServesAndStops(t *testing.T) {
	s := start(t)
	code, body := s.chat(t, "chat", `{"messages":[{"role":"user","content":"hello"}]}`)
	if code != http.StatusOK || !bytes.Contains(body, []byte(`"prompt_filter_results"`)) {
		t.Fatalf("status %d: %s", code, body)
	}
}

func BenchmarkRequest(b *testing.B) {
	s := start(b)
	for _, deployment := range []string{"bare", "chat"} {
		for _, kib := range []int{2, 32} {
			body := `{"messages":[{"role":"user","content":"` + strings.Repeat("The clinic opens at eight on weekdays and at ten. ", kib*20) + `"}]}`
			b.Run(fmt.Sprintf("%s/%dKiB", deployment, kib), func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if code, got := s.chat(b, deployment, body); code != http.StatusOK {
							b.Errorf("status %d: %s", code, got)
						}
					}
				})
			})
		}
	}
}

// running is a service that runs until the test ends.
func running(t testing.TB, o app.Options) *app.App {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	a, err := app.New(ctx, o)
	if err != nil {
		stop()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return a
}
