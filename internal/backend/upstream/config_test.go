package upstream_test

import (
	"context"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sallyport/internal/backend/backendtest"
	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/backend/openai"
	"sallyport/internal/backend/upstream"
	"sallyport/internal/exchange"
)

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := upstream.KeyFile(path); err == nil {
		t.Error("a missing file is no finding")
	}
	write := func(s string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	for i, bad := range []string{"", " \n", "two words", "a\r\nX-Evil: 1", "é", strings.Repeat("x", 20<<10)} {
		write(bad, now.Add(time.Duration(i)*time.Second))
		if _, err := upstream.KeyFile(path); err == nil || strings.Contains(err.Error(), "Evil") {
			t.Errorf("the key %.20q: error %v", bad, err)
		}
	}
	write("first-key\n", now)
	key, err := upstream.KeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		if got, err := key(t.Context()); err != nil || got != want {
			t.Errorf("key %q, %v; want %q", got, err, want)
		}
	}
	expect("first-key")
	write("other-key\n", now.Add(time.Second)) // as long as the first: told by its time
	expect("other-key")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := key(t.Context()); err == nil {
		t.Error("a key whose file is gone is still used")
	}
}

func TestFindings(t *testing.T) {
	for name, tc := range map[string]struct {
		endpoint string
		change   func(*upstream.Config)
		want     string
	}{
		"plain HTTP elsewhere":   {"http://gpu1.internal:8000/v1", nil, "plain HTTP"},
		"plain HTTP, permitted":  {"http://gpu1.internal:8000/v1", func(c *upstream.Config) { c.AllowHTTP = true }, ""},
		"plain HTTP on loopback": {"http://127.0.0.1:8000/v1", nil, ""},
		"localhost":              {"http://localhost:8000/v1", nil, ""},
		"not really localhost":   {"http://localhost.evil.example/v1", nil, "plain HTTP"},
		"IPv6 loopback":          {"http://[::1]:1/v1", nil, ""},
		"a password":             {"https://u:p@h/v1", nil, "user"},
		"a query":                {"https://h/v1?key=1", nil, "query"},
		"no host":                {"https:///v1", nil, "no host"},
		"a file":                 {"file:///etc/passwd", nil, "scheme"},
		"negative":               {"https://h/v1", func(c *upstream.Config) { c.Timeouts.Idle = -1 }, "negative"},
		"no name":                {"https://h/v1", func(c *upstream.Config) { c.Name = "" }, "name"},
		"an odd proxy":           {"https://h/v1", func(c *upstream.Config) { c.Proxy = &url.URL{Scheme: "socks5", Host: "p"} }, "proxy"},
	} {
		u, err := url.Parse(tc.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		c := upstream.Config{Name: "b", Endpoint: u}
		if tc.change != nil {
			tc.change(&c)
		}
		_, err = openai.New(openai.Config{Config: c, Model: "m"})
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// TestWithoutKeyNothingIsSent: a credential that cannot be read, or that would
// end its header, refuses the call.
func TestWithoutKeyNothingIsSent(t *testing.T) {
	mock := mockupstream.New(mockupstream.Options{}).Start()
	defer mock.Close()
	for _, key := range []string{"", "a b", "x\r\nX-Evil: 1"} {
		b, err := openai.New(openai.Config{
			Config: upstream.Config{Name: "b", Endpoint: mock.URL(), Key: func(context.Context) (string, error) { return key, nil }},
			Model:  "m",
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = backendtest.Collect(b.Stream(t.Context(), backendtest.Permit(t, "b"), backendtest.Ask("hi")))
		if u := backendtest.Upstream(t, err); u.Fault != exchange.Denied || b.Stats().Requests != 0 {
			t.Errorf("key %q: fault %d, %+v", key, u.Fault, b.Stats())
		}
	}
}

// TestOnlyHost: whatever address the transport is led to ask for, only the
// configured one is dialled.
func TestOnlyHost(t *testing.T) {
	mock := mockupstream.New(mockupstream.Options{}).Start()
	defer mock.Close()
	trap := mockupstream.New(mockupstream.Options{}).Start()
	defer trap.Close()
	b, err := openai.New(openai.Config{Config: upstream.Config{Name: "b", Endpoint: mock.URL()}, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	port := mock.URL().Port()
	for _, address := range []string{trap.URL().Host, "127.0.0.1:1", "localhost:" + port, "127.0.0.2:" + port, "[::1]:" + port, "127.0.0.1:" + port + "0", ""} {
		if err := upstream.Dial(t.Context(), b, address); err == nil {
			t.Errorf("%s was dialled", address)
		}
	}
	if err := upstream.Dial(t.Context(), b, mock.URL().Host); err != nil {
		t.Errorf("the configured host: %v", err)
	}
	if s := b.Stats(); s.Dials != 1 || s.Refused != 7 || trap.Stats().Connections != 0 {
		t.Errorf("%+v", s)
	}
	if upstream.UsesProxy(b) {
		t.Error("the transport asks for a proxy that nobody configured")
	}
}

// TestImports: adapters never import each other, and what is made for tests is
// imported by tests only.
func TestImports(t *testing.T) {
	const module = "sallyport/"
	adapters := map[string]bool{"internal/backend/openai": true, "internal/backend/azure": true, "internal/backend/extractive": true}
	testing := map[string]bool{"internal/backend/backendtest": true, "internal/backend/mockupstream": true}
	root := filepath.Join("..", "..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return nil // somebody is at it: not this test's business
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		in := filepath.ToSlash(rel)
		seen++
		for _, i := range f.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			p = strings.TrimPrefix(p, module)
			isTest := strings.HasSuffix(path, "_test.go") || testing[in] || strings.HasPrefix(in, "test/")
			switch {
			case adapters[in] && adapters[p] && in != p:
				t.Errorf("%s imports %s: adapters point at the domain, never at each other", path, p)
			case in == "internal/backend/upstream" && adapters[p] && !isTest:
				t.Errorf("%s imports the adapter %s", path, p)
			case testing[p] && !isTest:
				t.Errorf("%s imports %s, which is for tests", path, p)
			}
		}
		return nil
	})
	if err != nil || seen < 20 {
		t.Fatalf("%d files looked at: %v", seen, err)
	}
}
