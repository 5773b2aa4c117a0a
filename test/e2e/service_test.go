package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startLimit is how long a start may take before a test gives up. The promise of
// one second is printed, not asserted: other work may run on the machine.
const startLimit = 60 * time.Second

// Service is a process of the program that this test started.
type Service struct {
	Args  []string
	State string
	Env   map[string]string // the env file; nil for serve
	URL   string            // plain API and pages
	TLS   string            // the TLS listener, "" if none
	Ops   string
	Out   *Output // standard output and error
	Took  time.Duration

	lab  *Lab // nil for a demo
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // of the end; read after done
}

// Output collects what a process prints. It is safe for concurrent use.
type Output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// cleanEnv is the environment of every process that is started: nothing of the
// machine's can change what is tested.
func cleanEnv(more ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir(), "GORACE=halt_on_error=0 exitcode=66"}
	return append(env, more...)
}

func launch(bin string, env []string, args ...string) (*Service, error) {
	s := &Service{Args: args, Out: &Output{}, done: make(chan struct{})}
	s.cmd = exec.Command(bin, args...)
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = env, s.Out, s.Out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.err = s.cmd.Wait(); close(s.done) }()
	return s, nil
}

// Demo are the choices of startDemo. The zero Demo is a fresh demo.
type Demo struct {
	State   string // "": a fresh folder
	Backend string // --backend
	Bin     string // "": tested()
	Env     []string
	Args    []string
}

// startDemo runs `sallyport demo` as the operating contract says and waits for
// its env file.
func startDemo(t testing.TB, d Demo) *Service {
	t.Helper()
	s, err := openDemo(t.TempDir(), d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Kill(); s.raceFree(t) })
	return s
}

func openDemo(dir string, d Demo) (*Service, error) {
	if d.State == "" {
		d.State = filepath.Join(dir, "state")
	}
	if d.Bin == "" {
		d.Bin = tested()
	}
	file := filepath.Join(dir, "env")
	_ = os.Remove(file)
	args := []string{"demo", "--state", d.State, "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--env-file", file}
	if d.Backend != "" {
		args = append(args, "--backend", d.Backend)
	}
	began := time.Now()
	s, err := launch(d.Bin, cleanEnv(d.Env...), append(args, d.Args...)...)
	if err != nil {
		return nil, err
	}
	s.State = d.State
	for time.Since(began) < startLimit {
		select {
		case <-s.done:
			return nil, fmt.Errorf("the demo ended: %w\n%s", s.err, s.Out)
		case <-time.After(5 * time.Millisecond):
		}
		if _, err := os.Stat(file); err != nil {
			continue
		}
		s.Took = time.Since(began)
		if s.Env, err = readEnv(file); err != nil {
			return nil, err
		}
		s.URL, s.Ops, s.TLS = s.Env["SALLYPORT_URL"], s.Env["SALLYPORT_OPS_URL"], s.Env["SALLYPORT_TLS_URL"]
		return s, nil
	}
	s.Kill()
	return nil, fmt.Errorf("no env file within %s\n%s", startLimit, s.Out)
}

// readEnv reads an env file with a shell, as its users do.
func readEnv(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := strings.TrimPrefix(strings.TrimSpace(lines.Text()), "export ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, _, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("env file: no assignment in %q", line)
		}
		out, err := exec.Command("sh", "-c", `. "$1"; eval "printf %s \"\$$2\""`, "sh", file, name).Output()
		if err != nil {
			return nil, fmt.Errorf("sourcing the env file: %w", err)
		}
		env[name] = string(out)
	}
	return env, lines.Err()
}

// startServe runs `sallyport serve --config` and waits until it is ready.
func startServe(t testing.TB, config string, env ...string) *Service {
	t.Helper()
	s, err := openServe(tested(), config, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Kill(); s.raceFree(t) })
	return s
}

func openServe(bin, config string, env ...string) (*Service, error) {
	began := time.Now()
	s, err := launch(bin, cleanEnv(env...), "serve", "--config", config)
	if err != nil {
		return nil, err
	}
	addresses, err := addressesIn(config)
	if err != nil {
		s.Kill()
		return nil, err
	}
	s.URL, s.Ops, s.State = "http://"+addresses["public"], "http://"+addresses["ops"], addresses["state"]
	for time.Since(began) < startLimit {
		select {
		case <-s.done:
			return nil, fmt.Errorf("the service ended: %w\n%s", s.err, s.Out)
		case <-time.After(5 * time.Millisecond):
		}
		r, err := http.Get(s.Ops + "/readyz")
		if err != nil {
			continue
		}
		_ = r.Body.Close()
		if r.StatusCode == http.StatusOK {
			s.Took = time.Since(began)
			return s, nil
		}
	}
	s.Kill()
	return nil, fmt.Errorf("not ready within %s\n%s", startLimit, s.Out)
}

// addressesIn finds the addresses in a configuration that a test wrote: lines
// "# public ADDRESS".
func addressesIn(config string) (map[string]string, error) {
	text, err := os.ReadFile(config)
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "#" {
			found[f[1]] = f[2]
		}
	}
	return found, err
}

// freeAddress is an address on loopback that nobody listens on.
func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Signal sends sig to the process.
func (s *Service) Signal(sig os.Signal) { _ = s.cmd.Process.Signal(sig) }

// Kill ends the process at once; it is safe after its end.
func (s *Service) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// Stop asks the process to end, as an operator does, and returns its exit code.
func (s *Service) Stop(t testing.TB) int {
	t.Helper()
	s.Signal(syscall.SIGTERM)
	return s.Wait(t)
}

// Wait waits for the end of a process that was asked to end.
func (s *Service) Wait(t testing.TB) int {
	t.Helper()
	select {
	case <-s.done:
	case <-time.After(60 * time.Second):
		s.Kill()
		t.Fatalf("SIGTERM did not end the service within a minute\n%s", s.Out)
	}
	return s.cmd.ProcessState.ExitCode()
}

// PID is the process's id.
func (s *Service) PID() int { return s.cmd.Process.Pid }

// raceFree fails the test if the race detector spoke.
func (s *Service) raceFree(t testing.TB) {
	if out := s.Out.String(); strings.Contains(out, "DATA RACE") {
		t.Errorf("data race in the program:\n%s", cut(out, 6000))
	}
	if out := s.Out.String(); strings.Contains(out, "request panicked") {
		t.Errorf("a request panicked:\n%s", cut(lineWith(out, "request panicked"), 2000))
	}
}

func lineWith(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return line
		}
	}
	return ""
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + " …"
}

// Metric is the sum of a metric's samples.
func (s *Service) Metric(t testing.TB, name string) float64 {
	t.Helper()
	r, err := http.Get(s.Ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	sum, found := 0.0, false
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		if v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64); err == nil {
			sum, found = sum+v, true
		}
	}
	if !found {
		t.Fatalf("no metric %s", name)
	}
	return sum
}

// run runs the program to its end and returns its output and exit code.
func run(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runEnv(t, nil, args...)
}

func runEnv(t testing.TB, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, program, args...)
	c.Env = cleanEnv(env...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("sallyport %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// must runs the program and fails the test if it does.
func must(t testing.TB, args ...string) string {
	t.Helper()
	out, errs, code := run(t, args...)
	if code != 0 {
		t.Fatalf("sallyport %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// trusting returns a client that trusts the service's own authority.
func (s *Service) trusting(t testing.TB) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(s.Env["SALLYPORT_CA"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("SALLYPORT_CA holds no certificate")
	}
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

// copyTree copies a folder's regular files.
func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }()
		out, err := os.OpenFile(filepath.Join(to, rel), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
		return out.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}
