// Command tally reads what a test runner prints, shows the part that a person
// needs, and keeps counts for one closing line over all runners.
//
//	go test -json ./... 2>&1 | tally -totals FILE go
//	node --test --test-reporter=tap … | tally -totals FILE tap
//	tally -totals FILE check NAME COMMAND…   runs it: one test, passed if it exits 0
//	tally -totals FILE close                 prints the line; exits 1 if a test
//	                                         failed, or if none ran
//
// A package that does not build or dies counts as a failed test.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	totals := flag.String("totals", "", "file that the counts are added to")
	flag.Parse()
	failed, err := run(*totals, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func run(totals string, args []string) (failed bool, err error) {
	if totals == "" || len(args) == 0 {
		return false, errors.New("usage: tally -totals FILE go|tap|check|close")
	}
	var c counts
	switch args[0] {
	case "go":
		c, err = fromGo(os.Stdin, os.Stdout)
	case "tap":
		c, err = fromTAP(os.Stdin, os.Stdout)
	case "check":
		c, err = fromCommand(args[1:])
	case "close":
		return closing(totals)
	default:
		return false, fmt.Errorf("no mode %q", args[0])
	}
	if err != nil {
		c.failed++ // what a runner said was not understood
		fmt.Println("FAIL", err)
	}
	return c.failed > 0, add(totals, c)
}

type counts struct{ passed, failed, skipped int }

func (c *counts) plus(o counts) {
	c.passed += o.passed
	c.failed += o.failed
	c.skipped += o.skipped
}

func (c counts) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", c.passed, c.failed, c.skipped)
}

// add appends c, so that a run that was cut off keeps what was counted.
func add(totals string, c counts) error {
	f, err := os.OpenFile(totals, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, c.passed, c.failed, c.skipped)
	return errors.Join(err, f.Close())
}

func closing(totals string) (failed bool, err error) {
	b, err := os.ReadFile(totals)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	var sum counts
	for line := range strings.Lines(string(b)) {
		var c counts
		if _, err := fmt.Sscan(line, &c.passed, &c.failed, &c.skipped); err != nil {
			return false, fmt.Errorf("reading %s: %w", totals, err)
		}
		sum.plus(c)
	}
	if sum.passed+sum.failed == 0 {
		fmt.Println("no test ran")
		failed = true
	}
	fmt.Println(sum)
	return failed || sum.failed > 0, nil
}

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// part is a package under test.
type part struct {
	counts
	output map[string][]string // by running test; "" is the package
}

func fromGo(in io.Reader, out io.Writer) (counts, error) {
	var sum counts
	parts := map[string]*part{}
	of := func(name string) *part {
		if parts[name] == nil {
			parts[name] = &part{output: map[string][]string{}}
		}
		return parts[name]
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
				fmt.Fprint(out, line) // a line of the tool itself
			} else {
				step(&e, of, &sum, out)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return sum, err
		}
	}
	for name, p := range parts {
		if p.output != nil {
			sum.plus(p.counts)
			sum.failed++
			fmt.Fprintf(out, "FAIL %s: cut off\n", name)
		}
	}
	if sum == (counts{}) {
		return sum, errors.New("go test ran no test")
	}
	return sum, nil
}

func step(e *event, of func(string) *part, sum *counts, out io.Writer) {
	switch e.Action {
	case "build-output":
		fmt.Fprint(out, e.Output)
		return
	case "build-fail":
		return // the package's own fail follows
	}
	p := of(e.Package)
	switch {
	case e.Action == "output":
		p.output[e.Test] = append(p.output[e.Test], e.Output)
	case e.Test != "":
		p.finish(e, out)
	case e.Action == "pass" || e.Action == "fail" || e.Action == "skip":
		if e.Action == "fail" && p.failed == 0 {
			p.failed++ // it did not build, died or ran out of time
			for _, name := range slices.Sorted(maps.Keys(p.output)) {
				show(out, p.output[name])
			}
		}
		if e.Action != "skip" { // skip: no test files
			word := map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action]
			fmt.Fprintf(out, "%-5s%-52s %4d tests %6.1fs\n", word, e.Package, p.passed+p.failed+p.skipped, e.Elapsed)
		}
		sum.plus(p.counts)
		p.counts, p.output = counts{}, nil
	}
}

func (p *part) finish(e *event, out io.Writer) {
	switch e.Action {
	case "pass":
		p.passed++
	case "fail":
		p.failed++
		show(out, p.output[e.Test])
	case "skip":
		p.skipped++
		show(out, p.output[e.Test]) // why it was
	default:
		return
	}
	delete(p.output, e.Test)
}

// show prints what a test said, without the runner's own marks.
func show(out io.Writer, lines []string) {
	for _, l := range lines {
		if s := strings.TrimSpace(l); !strings.HasPrefix(s, "=== ") {
			fmt.Fprint(out, l)
		}
	}
}

var summary = regexp.MustCompile(`^# (pass|fail|cancelled|skipped|todo) (\d+)`)

// fromTAP takes node's summary, and shows the tests that were not passed, with
// what is said of them.
func fromTAP(in io.Reader, out io.Writer) (counts, error) {
	var c counts
	summed, showing := false, false
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Text()
		trimmed := strings.TrimSpace(line)
		switch m := summary.FindStringSubmatch(line); {
		case m != nil:
			n, err := strconv.Atoi(m[2])
			if err != nil {
				return c, err
			}
			summed = true
			switch m[1] {
			case "pass":
				c.passed = n
			case "fail", "cancelled":
				c.failed += n
			default:
				c.skipped += n
			}
		case strings.HasPrefix(trimmed, "not ok "):
			showing = true
			fmt.Fprintln(out, line)
		case strings.HasPrefix(trimmed, "# Subtest"):
			showing = false
		case strings.HasPrefix(trimmed, "ok "):
			showing = false
			fmt.Fprintln(out, line)
		case showing:
			fmt.Fprintln(out, line)
		}
	}
	if err := lines.Err(); err != nil {
		return c, err
	}
	if !summed {
		return c, errors.New("node printed no summary")
	}
	return c, nil
}

func fromCommand(args []string) (counts, error) {
	if len(args) < 2 {
		return counts{}, errors.New("check wants NAME COMMAND")
	}
	began := time.Now()
	out, err := exec.Command(args[1], args[2:]...).CombinedOutput()
	took := time.Since(began).Seconds()
	if err != nil {
		fmt.Printf("%sFAIL %-52s %.1fs: %v\n", out, args[0], took, err)
		return counts{failed: 1}, nil
	}
	fmt.Printf("ok   %-52s %.1fs\n", args[0], took)
	return counts{passed: 1}, nil
}
