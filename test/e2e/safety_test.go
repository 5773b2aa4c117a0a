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
