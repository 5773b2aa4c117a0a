package e2e

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport/internal/backend/mockupstream"
)

// The judges are the official clients, unmodified. Each prints a line per check.
var judges = []struct {
	name string
	args []string
	env  []string // besides the service's
}{
	{"python2", []string{"python2/bin/python", "test/sdk/judge.py"}, nil},
	{"python3", []string{"python3/bin/python", "test/sdk/judge.py"}, nil},
	{"node6", []string{"node", "test/sdk/judge.mjs"}, []string{"JUDGE_MODULES=.build/node6"}},
	{"node7", []string{"node", "test/sdk/judge.mjs"}, []string{"JUDGE_MODULES=.build/node7"}},
	{"go", []string{"judge-go"}, nil},
}

func needSetup(t testing.TB) {
	t.Helper()
	for _, part := range []string{"python2", "python3", "node6", "node7", "oidc", "judge-go"} {
		if _, err := os.Stat(filepath.Join(build, "stamp", part)); err != nil {
			t.Fatalf("%s is not installed: run test/setup", part)
		}
	}
}

// judge runs a judge against an endpoint and makes a test of each line. It
// returns how many checks it made.
func judge(t *testing.T, i int, mode, endpoint string, env map[string]string, more ...string) int {
	t.Helper()
	j := judges[i]
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	name := j.args[0]
	if name != "node" {
		name = filepath.Join(build, name)
	}
	c := exec.CommandContext(ctx, name, append(append([]string{}, j.args[1:]...), mode)...)
	c.Dir = root
	c.Env = cleanEnv(append(append([]string{"JUDGE_ENDPOINT=" + endpoint, "JUDGE_JAILBREAK=" + attack.blocked, "PYTHONDONTWRITEBYTECODE=1"}, j.env...), more...)...)
	for k, v := range env {
		c.Env = append(c.Env, k+"="+v)
	}
	if ca := env["SALLYPORT_CA"]; ca != "" {
		c.Env = append(c.Env, "SSL_CERT_FILE="+ca, "NODE_EXTRA_CA_CERTS="+ca)
	}
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	checks, failed := 0, 0
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if check, reason, bad := strings.Cut(strings.TrimPrefix(line, "not ok "), ": "); strings.HasPrefix(line, "not ok ") && bad {
			failed++
			checks++
			t.Run(check, func(t *testing.T) { t.Error(reason) })
		} else if check, ok := strings.CutPrefix(line, "ok "); ok {
			checks++
			check, note, _ := strings.Cut(check, " #")
			t.Run(check, func(t *testing.T) { t.Log(note) })
		}
	}
	if err != nil && failed == 0 {
		t.Errorf("the judge failed: %v\n%s%s", err, out, errs.String())
	}
	if checks == 0 {
		t.Error("the judge made no check")
	}
	totals.add("client checks", checks)
	return checks
}

// Every official client, on plain HTTP and on TLS, with a model behind it.
func TestClients(t *testing.T) {
	needSetup(t)
	mock := mockupstream.New(mockupstream.Options{Echo: true, Tokens: 12, Chunks: 4}).Start()
	defer mock.Close()
	s := startDemo(t, Demo{Backend: mock.URL().String() + "/v1"})
	for i, j := range judges {
		t.Run(j.name, func(t *testing.T) {
			plain := judge(t, i, "full", s.URL, s.Env, "JUDGE_MOCK="+mock.URL().String())
			var secure int
			t.Run("tls", func(t *testing.T) {
				secure = judge(t, i, "full", s.TLS, s.Env, "JUDGE_MOCK="+mock.URL().String())
			})
			if plain != secure {
				t.Errorf("%d checks on plain HTTP, %d on TLS", plain, secure)
			}
		})
	}
}

// Without a model the clients still chat: the embedded answerer says what it is.
func TestClientsWithoutAModel(t *testing.T) {
	needSetup(t)
	s := startDemo(t, Demo{})
	for i, j := range judges {
		t.Run(j.name, func(t *testing.T) { judge(t, i, "bare", s.URL, s.Env) })
	}
}

// Answers with a listed term, through the clients: the lab has a list.
func TestClientsSeeFilteredAnswers(t *testing.T) {
	needSetup(t)
	l := lab(t)
	env := map[string]string{"AZURE_OPENAI_API_KEY": l.Key, "OPENAI_API_VERSION": apiVersion, "AZURE_OPENAI_CHAT_DEPLOYMENT": "chat", "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": "embed"}
	for i, j := range judges {
		t.Run(j.name, func(t *testing.T) {
			judge(t, i, "full", l.URL, env, "JUDGE_MOCK="+l.Mock.URL().String(), "JUDGE_TERM="+term, "JUDGE_ONLY=answer_filtered")
		})
	}
}
