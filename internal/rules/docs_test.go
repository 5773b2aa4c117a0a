package rules_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

var (
	ticked  = regexp.MustCompile("`([^`\n]+)`")
	roomish = regexp.MustCompile(`^(cmd|guard|internal|training|test|deploy|docs)(/[\w./-]+)*/?$`)
)

// docs/architecture.md is the map: it names every package, and nothing that is not
// there.
func TestMapOfRooms(t *testing.T) {
	const page = "docs/architecture.md"
	named := map[string]bool{}
	for _, m := range ticked.FindAllStringSubmatch(text(t, page), -1) {
		if !roomish.MatchString(m[1]) {
			continue
		}
		room := strings.TrimSuffix(m[1], "/")
		named[room] = true
		if _, err := os.Stat(filepath.Join(root, room)); err != nil {
			t.Errorf("%s names %s, which does not exist", page, room)
		}
	}
	for _, p := range tree(t) {
		if !named[p.room()] {
			t.Errorf("%s does not name %s", page, p.room())
		}
	}
}

// row is a line of the table in docs/dependencies.md.
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$")

func TestDependenciesAreExplained(t *testing.T) {
	const page = "docs/dependencies.md"
	mod, err := modfile.Parse("go.mod", []byte(text(t, "go.mod")), nil)
	if err != nil {
		t.Fatal(err)
	}
	licence := map[string]string{}
	for _, r := range row.FindAllStringSubmatch(text(t, page), -1) {
		licence[r[1]] = strings.TrimSpace(r[2])
		for _, cell := range r[2:] {
			if strings.TrimSpace(cell) == "" {
				t.Errorf("%s: an empty cell for %s", page, r[1])
			}
		}
	}
	direct := map[string]bool{}
	for _, r := range mod.Require {
		if r.Indirect {
			continue
		}
		direct[r.Mod.Path] = true
		if licence[r.Mod.Path] == "" {
			t.Errorf("%s does not explain %s", page, r.Mod.Path)
		}
	}
	for path := range licence {
		if !direct[path] {
			t.Errorf("%s explains %s, which go.mod does not require directly", page, path)
		}
	}
	seen := 0
	for path, dir := range modules(t) {
		kind := licenceOf(t, dir)
		if !slices.Contains([]string{"MIT", "BSD-3-Clause", "BSD-2-Clause", "Apache-2.0", "ISC", "MPL-2.0", "MIT-0"}, kind) {
			t.Errorf("%s has the licence %q", path, kind)
		}
		if direct[path] && licence[path] != kind {
			t.Errorf("%s says %s for %s; its file says %s", page, licence[path], path, kind)
		}
		seen++
	}
	if seen < len(direct) {
		t.Errorf("only %d licences were read", seen)
	}
}

// modules are the folders of all modules that packages of ours, tests included,
// are built from.
func modules(t *testing.T) map[string]string {
	t.Helper()
	out, err := goList("-test", "-deps", "-json=Module", "./...")
	if err != nil {
		t.Fatal(err)
	}
	dirs := map[string]string{}
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var p struct {
			Module *struct {
				Path, Dir string
				Main      bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return dirs
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			dirs[p.Module.Path] = p.Module.Dir
		}
	}
}

// licenceOf reads the kind of licence from a module's own file, by sentences that
// stand in one kind only.
func licenceOf(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if n := strings.ToUpper(e.Name()); e.IsDir() || !strings.HasPrefix(n, "LICENSE") && !strings.HasPrefix(n, "LICENCE") && !strings.HasPrefix(n, "COPYING") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		return kindOf(strings.Join(strings.Fields(string(b)), " "))
	}
	return "none"
}

func kindOf(licence string) string {
	has := func(s string) bool { return strings.Contains(licence, s) }
	switch {
	case has("GNU AFFERO"), has("GNU GENERAL PUBLIC"), has("GNU LESSER"), has("Server Side Public"), has("Business Source"):
		return "GPL or the like"
	case has("Apache License Version 2.0"), has("Apache License, Version 2.0"):
		return "Apache-2.0"
	case has("Mozilla Public License"):
		return "MPL-2.0"
	case has("Permission to use, copy, modify, and/or distribute"), has("Permission to use, copy, modify, and distribute"):
		return "ISC"
	case has("Permission is hereby granted, free of charge") && !has("The above copyright notice"):
		return "MIT-0"
	case has("Permission is hereby granted, free of charge"):
		return "MIT"
	case has("Redistribution and use in source and binary forms") && (has("Neither the name") || has("names of its contributors may")):
		return "BSD-3-Clause"
	case has("Redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	}
	return "unknown"
}

func TestKindsOfLicences(t *testing.T) {
	for words, want := range map[string]string{
		"GNU AFFERO GENERAL PUBLIC LICENSE Version 3":           "GPL or the like",
		"GNU GENERAL PUBLIC LICENSE Version 2, June 1991":       "GPL or the like",
		"All rights reserved.":                                  "unknown",
		"Apache License Version 2.0, January 2004":              "Apache-2.0",
		"Permission is hereby granted, free of charge, to any":  "MIT-0",
		"Mozilla Public License Version 2.0 1. Definitions":     "MPL-2.0",
		"Redistribution and use in source and binary forms are": "BSD-2-Clause",
	} {
		if got := kindOf(words); got != want {
			t.Errorf("kindOf(%q) = %s, want %s", words, got, want)
		}
	}
}

// pages are what a reader is sent to.
var pages = []string{
	"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/architecture.md", "docs/configuration.md",
	"docs/dependencies.md", "docs/threat-model.md", "docs/operations.md",
}

func TestCommandsInPagesExist(t *testing.T) {
	targets := names(regexp.MustCompile(`(?m)^([a-z]+):`), text(t, "Makefile"))
	commands := names(regexp.MustCompile(`(?m)^\t\{"([a-z]+(?: [a-z]+)?)", "`), text(t, "cmd/sallyport/main.go"))
	if len(targets) < 5 || len(commands) < 5 {
		t.Fatalf("found only targets %v and commands %v", targets, commands)
	}
	made := regexp.MustCompile("(?:^|[`$&;(] ?|\n)make ([a-z]+)")
	said := regexp.MustCompile("(?:\\./bin/|[`$] ?|\n)sallyport +([a-z]+)(?: +([a-z]+))?")
	found := 0
	for _, page := range pages {
		words := text(t, page)
		for _, m := range made.FindAllStringSubmatch(words, -1) {
			found++
			if !targets[m[1]] {
				t.Errorf("%s says make %s, which the Makefile does not have", page, m[1])
			}
		}
		for _, m := range said.FindAllStringSubmatch(words, -1) {
			found++
			if !commands[m[1]] && !commands[m[1]+" "+m[2]] {
				t.Errorf("%s says sallyport %s %s, which is no command", page, m[1], m[2])
			}
		}
	}
	for _, want := range []string{"make demo", "make test"} {
		if !strings.Contains(text(t, "README.md"), want) {
			t.Errorf("README.md does not say %s", want)
		}
	}
	if found < 10 {
		t.Errorf("only %d commands found in the pages", found)
	}
}

func names(re *regexp.Regexp, in string) map[string]bool {
	out := map[string]bool{}
	for _, m := range re.FindAllStringSubmatch(in, -1) {
		out[m[1]] = true
	}
	return out
}

// Links and pictures in the pages lead somewhere.
func TestLinksInPagesLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	for _, page := range pages {
		for _, m := range link.FindAllStringSubmatch(text(t, page), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
			}
		}
	}
}

// A test that the threat model leans on is really there.
func TestThreatModelNamesTestsThatExist(t *testing.T) {
	const page = "docs/threat-model.md"
	all := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".build" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "test/") {
			return nil
		}
		if strings.HasSuffix(path, ".go") {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for n := range names(regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`), string(b)) {
				all[n] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named := names(regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`"), text(t, page))
	if len(named) < 20 {
		t.Errorf("%s leans on %d tests only", page, len(named))
	}
	card := regexp.MustCompile(`ngram-[0-9a-f]{12}`).FindString(text(t, "guard/model/MODEL_CARD.md"))
	if card == "" || !strings.Contains(text(t, page), card) {
		t.Errorf("%s does not give the figures of the weights that ship, %q", page, card)
	}
	for n := range named {
		if !all[n] {
			t.Errorf("%s names %s, which does not exist", page, n)
		}
	}
}

func TestChangelogHasTheVersion(t *testing.T) {
	heads := regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)$`).FindAllStringSubmatch(text(t, "CHANGELOG.md"), -1)
	if len(heads) == 0 {
		t.Fatal("CHANGELOG.md has no version")
	}
	for i := 1; i < len(heads); i++ {
		if semver.Compare("v"+heads[i][1], "v"+heads[i-1][1]) >= 0 || heads[i][2] > heads[i-1][2] {
			t.Errorf("CHANGELOG.md: %s stands below %s", heads[i][1], heads[i-1][1])
		}
	}
	if want := "Version " + heads[0][1]; !strings.Contains(text(t, "README.md"), want) {
		t.Errorf("README.md does not say %q", want)
	}
	known := map[string]bool{}
	for _, h := range heads {
		known["v"+h[1]] = true
	}
	c := exec.Command("git", "tag", "--list", "v*")
	c.Dir = root
	out, err := c.Output()
	if err != nil {
		t.Skipf("no git here to ask for tags: %v", err)
	}
	for tag := range strings.FieldsSeq(string(out)) {
		if !known[tag] {
			t.Errorf("CHANGELOG.md does not have the tag %s", tag)
		}
	}
}

// What is in the tree must hold on any machine and for any mirror: no host of a
// package registry and no folder of the machine it was written on.
func TestTreeNamesNoRegistryAndNoMachine(t *testing.T) {
	tree(t)
	var forbidden []string
	for _, parts := range [][2]string{
		{"proxy.", "golang.org"}, {"sum.", "golang.org"}, {"registry.", "npmjs.org"}, {"registry.", "yarnpkg.com"}, {"py", "pi.org"},
		{"python", "hosted.org"}, {"deb.", "debian.org"}, {"security.", "debian.org"}, {"repo1.", "maven.org"}, {"static.", "crates.io"},
		{"/wo", "rk/"}, {"/ro", "ot/"}, {"/tmp/", "bash_"},
	} {
		forbidden = append(forbidden, parts[0]+parts[1])
	}
	c := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	c.Dir = root
	out, err := c.Output()
	if err != nil {
		t.Skipf("no git here to list the tree: %v", err)
	}
	n := 0
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		b, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // taken out, not yet committed
		}
		if err != nil {
			t.Error(err)
			continue
		}
		n++
		for _, f := range forbidden {
			if i := strings.Index(string(b), f); i >= 0 {
				t.Errorf("%s, byte %d: %q", name, i, f)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d files looked at", n)
	}
}
