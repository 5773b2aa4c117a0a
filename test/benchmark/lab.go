package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// floor is the bare reverse proxy: ten lines around the standard library's.
func floor(upstream string) error {
	u, err := url.Parse(upstream)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.MaxIdleConnsPerHost = nil, 64
	p := &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: u.Scheme, Host: u.Host})
	}}
	return (&http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}

// lab are the processes under measurement.
type lab struct {
	dir      string
	mock     *process
	floor    *process
	sally    *process
	key      string
	keyClear string
	guarded  string // base URL of the resource with guards
	bare     string // and without
	binary   string
}

// process is a child and what it printed first.
type process struct {
	cmd  *exec.Cmd
	line string
}

const benchConfig = `version: 1
data_dir: %[1]q
listeners:
  public: {address: 127.0.0.1:0, serves: [api]}
terms:
  own: {self_hosted: true, owner: bench, expires: 2099-01-01}
backends:
  mock: {openai: {endpoint: %[2]q}, terms: own}
filters:
  none:
    prompt: {hate: "off", sexual: "off", violence: "off", self_harm: "off", jailbreak: "off", indirect_attack: "off"}
    answer: {hate: "off", sexual: "off", violence: "off", self_harm: "off"}
  all:
    personal_data: {prompt: {all: annotate}, answer: {all: annotate}}
resources:
  guarded:
    deployments:
      chat: {model: {name: mock-1}, filter: all, backends: [mock]}
  bare:
    path: /bare
    deployments:
      chat: {model: {name: mock-1}, filter: none, backends: [mock]}
log: {level: warn}
`

func openLab(ctx context.Context) (l *lab, err error) {
	l = &lab{}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	// Beside the working tree, not in a RAM disk: durable must mean durable.
	if l.dir, err = os.MkdirTemp(".build", "bench-"); err != nil {
		return l, err
	}
	if l.dir, err = filepath.Abs(l.dir); err != nil {
		return l, err
	}
	l.binary = filepath.Join(l.dir, "sallyport")
	mock := filepath.Join(l.dir, "mockupstream")
	for out, pkg := range map[string]string{l.binary: "./cmd/sallyport", mock: "./test/mockupstream"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		if err = build.Run(); err != nil {
			return l, fmt.Errorf("building %s: %w", pkg, err)
		}
	}
	if l.mock, err = start(ctx, mock, "--tokens", "256", "--chunks", "64", "--gap", "1ms"); err != nil {
		return l, err
	}
	self, err := os.Executable()
	if err != nil {
		return l, err
	}
	if l.floor, err = start(ctx, self, "floor", l.mock.line); err != nil {
		return l, err
	}
	return l, l.startSallyport(ctx)
}

func (l *lab) startSallyport(ctx context.Context) error {
	// A fixed port is needed to find it: take a free one.
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := probe.Addr().String()
	_ = probe.Close()
	file := filepath.Join(l.dir, "sallyport.yaml")
	text := strings.Replace(fmt.Sprintf(benchConfig, filepath.Join(l.dir, "state"), l.mock.line), "127.0.0.1:0", address, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, l.binary, "serve", "--config", file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	l.sally = &process{cmd: cmd, line: "http://" + address}
	began := time.Now()
	for time.Since(began) < 20*time.Second {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			l.guarded, l.bare = l.sally.line, l.sally.line+"/bare"
			return l.keys(file)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return errors.New("sallyport did not start")
}

func (l *lab) keys(file string) error {
	for name, to := range map[string]*string{"guarded": &l.key, "bare": &l.keyClear} {
		out, err := exec.Command(l.binary, "key", "--config", file, "--resource", name).Output()
		if err != nil {
			return fmt.Errorf("making a key: %w", err)
		}
		*to = strings.TrimSpace(string(out))
	}
	return nil
}

func (l *lab) close() {
	for _, p := range []*process{l.sally, l.floor, l.mock} {
		if p != nil && p.cmd.Process != nil {
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			_ = p.cmd.Wait()
		}
	}
	if l.dir != "" {
		_ = os.RemoveAll(l.dir)
	}
}

func start(ctx context.Context, name string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	return &process{cmd: cmd, line: strings.TrimSuffix(strings.TrimSpace(line), "/")}, err
}

// cpu is the process's user and system time so far.
func (p *process) cpu() time.Duration {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0
	}
	// The name in parentheses may hold spaces; utime and stime are the 12th and 13th
	// fields behind it (proc(5)), in ticks of 10 ms.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory reads a line of /proc/PID/status in KiB: VmRSS or VmHWM.
func (p *process) memory(line string) int {
	data, _ := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	for l := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

// resetPeak makes VmHWM begin anew (proc(5), clear_refs).
func (p *process) resetPeak() {
	_ = os.WriteFile("/proc/"+strconv.Itoa(p.cmd.Process.Pid)+"/clear_refs", []byte("5"), 0o200)
}
