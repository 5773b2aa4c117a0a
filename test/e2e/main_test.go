package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// root is the project's folder, build its ignored one.
var root, build string

// program is the binary under test, raced the same with the race detector, or ""
// where no C compiler is at hand.
var program, raced string

func TestMain(m *testing.M) {
	began := time.Now()
	os.Exit(func() int {
		wd, err := os.Getwd()
		if err != nil {
			panic(err)
		}
		root = filepath.Dir(filepath.Dir(wd))
		build = filepath.Join(root, ".build")
		dir, err := os.MkdirTemp("", "sallyport-e2e-")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if err := buildProgram(dir); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			return 1
		}
		code := m.Run()
		shared.close()
		totals.print(time.Since(began), code)
		return code
	}())
}

// buildProgram builds the binary as `make demo` does, and one with the race
// detector. SALLYPORT_BIN names a finished one instead.
func buildProgram(dir string) error {
	if program = os.Getenv("SALLYPORT_BIN"); program == "" {
		program = filepath.Join(dir, "sallyport")
		if err := goBuild(program, "CGO_ENABLED=0"); err != nil {
			return err
		}
	}
	switch _, err := exec.LookPath("gcc"); {
	case os.Getenv("SALLYPORT_RACE") == "off":
		fmt.Println("e2e: SALLYPORT_RACE=off: the program runs without the race detector")
	case err != nil:
		fmt.Println("e2e: no gcc: the program runs without the race detector")
	default:
		raced = filepath.Join(dir, "sallyport-race")
		return goBuild(raced, "CGO_ENABLED=1", "-race")
	}
	return nil
}

func goBuild(to, cgo string, flags ...string) error {
	c := exec.Command("go", append(append([]string{"build", "-trimpath", "-o", to}, flags...), "./cmd/sallyport")...)
	c.Dir, c.Env = root, append(os.Environ(), cgo)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}

// tested is the binary for tests in which requests pass: with the race detector
// where there is one.
func tested() string {
	if raced != "" {
		return raced
	}
	return program
}

// totals count what was tried, for the line at the end.
var totals = tally{counts: map[string]int{}}

type tally struct {
	mu     sync.Mutex
	counts map[string]int // guarded by mu
	notes  []string       // guarded by mu
}

func (t *tally) add(what string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[what] += n
}

// note is a line for people that stands before the totals: a measured time, a
// part that this machine could not run.
func (t *tally) note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

func (t *tally) print(took time.Duration, code int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for _, n := range t.notes {
		fmt.Fprintf(&b, "e2e: %s\n", n)
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(t.counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, t.counts[k]))
	}
	word := "passed"
	if code != 0 {
		word = "FAILED"
	}
	fmt.Fprintf(&b, "e2e totals: %s in %s: %s\n", word, took.Round(time.Second), strings.Join(parts, ", "))
	fmt.Print(b.String())
	// `go test` shows the output of a package that passed only with -v; the Makefile shows this file.
	if err := os.MkdirAll(build, 0o755); err == nil {
		_ = os.WriteFile(filepath.Join(build, "e2e-totals.txt"), []byte(b.String()), 0o644)
	}
}
