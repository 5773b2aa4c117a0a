package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sallyport/internal/record/audit"
)

// call runs a command line.
func call(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

// oneLine reports whether s is one line for a person.
func oneLine(s string) bool { return strings.Count(s, "\n") == 1 && len(s) > 10 }

func TestEveryCommandHelps(t *testing.T) {
	_, all, _ := call("help")
	for _, c := range commands {
		if !strings.Contains(all, "sallyport "+c.name+" ") || !strings.Contains(all, c.about) {
			t.Errorf("help does not tell of %s", c.name)
		}
		words := strings.Fields(c.name)
		for _, asked := range [][]string{append(words[:len(words):len(words)], "--help"), append(words[:len(words):len(words)], "-h"), append([]string{"help"}, words...)} {
			code, out, errs := call(asked...)
			if code != 0 || errs != "" || !strings.Contains(out, "sallyport "+c.name) {
				t.Errorf("%q: exit %d, %q, %q", asked, code, out, errs)
			}
			f, _ := c.flags()
			f.VisitAll(func(g *flag.Flag) {
				if !strings.Contains(out, "\n  --"+g.Name) {
					t.Errorf("%q does not show --%s", asked, g.Name)
				}
			})
			if strings.Contains(strings.ReplaceAll(out, "--", ""), " -") {
				t.Errorf("%q shows a flag with one dash:\n%s", asked, out)
			}
		}
		if len(words) == 2 {
			if code, out, _ := call(words[0], "--help"); code != 0 || !strings.Contains(out, "sallyport "+c.name) {
				t.Errorf("%s --help: exit %d, %q", words[0], code, out)
			}
		}
	}
}

func TestWhatIsNotUnderstoodExits2(t *testing.T) {
	lines := [][]string{{"fly"}, {"help", "fly"}, {"key", "--config", "x", "--slot", "key3"}, {"role", "remove", "--config", "x"}, {"role", "add", "--config", "x"},
		{"audit", "verify", "--config", "x", "--state", "y"}, {"audit", "show", "--from", "-1"}, {"audit", "show", "--from", "x"}}
	for _, c := range commands {
		words := strings.Fields(c.name)
		lines = append(lines, append(words[:len(words):len(words)], "--no-such-flag"), append(words[:len(words):len(words)], "-", "x"), append(words[:len(words):len(words)], "extra"))
		if len(words) == 2 {
			lines = append(lines, words[:1], []string{words[0], "fly"})
		}
		f, _ := c.flags()
		f.VisitAll(func(g *flag.Flag) {
			if b, ok := g.Value.(interface{ IsBoolFlag() bool }); !ok || !b.IsBoolFlag() {
				lines = append(lines, append(words[:len(words):len(words)], "--"+g.Name))
			}
		})
		if f.Lookup("config") != nil && words[0] != "audit" {
			lines = append(lines, words)
		}
	}
	for _, args := range lines {
		code, out, errs := call(args...)
		if code != 2 || out != "" || !oneLine(errs) || strings.Contains(errs, " -n") {
			t.Errorf("%q: exit %d, output %q, errors %q; want 2 and one line", args, code, out, errs)
		}
	}
}

// A file that is not in order is told line by line, and is 1 where the file was
// checked and 2 where it was to say what to check.
func TestFindingsOfAFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sallyport.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		f, _ := c.flags()
		if f.Lookup("config") == nil {
			continue
		}
		want := 1
		if strings.HasPrefix(c.name, "audit ") {
			want = 2
		}
		args := append(strings.Fields(c.name), "--config", file)
		switch c.name {
		case "role add":
			args = append(args, "--role", "Sallyport Chat User", "--to", "group:x")
		case "role remove":
			args = append(args, "--id", "x")
		}
		code, out, errs := call(args...)
		if code != want || out != "" || errs != file+":1: (file): the file is empty; it begins with version: 1\n" {
			t.Errorf("%q: exit %d, %q, %q", args, code, out, errs)
		}
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sallyport.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sallyport.yaml", `version: 1
data_dir: state
backends:
  gpu: {openai: {endpoint: "http://127.0.0.1:1/api", key_file: key}}
blocklists:
  names: {file: names.txt}
resources:
  office: {deployments: {chat: {model: {name: m}}}}
collections:
  book: {folder: ., owner: o}
  other: {folder: other, owner: o}
listeners:
  public: {address: "127.0.0.1:0", serves: [api], tls: {cert: key, key: key}}
page: {organisation: O}
`)
	write("key", "")
	write("names.txt", "fine\n\nre:(\n")
	write("access.csv", "document,kind,name\n*.md,crowd,staff\nx.md,group,\n")
	if err := os.Mkdir(filepath.Join(dir, "other"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, out, errs := call("check", "--config", file)
	if code != 1 || out != "" {
		t.Errorf("exit %d, %q", code, out)
	}
	for _, want := range []string{
		filepath.Join(dir, "names.txt") + ":3: blocklists.names.file: ",
		file + ":4: backends.gpu: ",
		file + ":13: listeners.public.tls: ",
		filepath.Join(dir, "access.csv") + ":2: collections.book.access: ",
		filepath.Join(dir, "access.csv") + ":3: collections.book.access: ",
		filepath.Join(dir, "other", "access.csv") + ":1: collections.other.access: ",
		file + ":4: backends.gpu.openai.endpoint: warning: ",
	} {
		if !strings.Contains("\n"+errs, "\n"+want) {
			t.Errorf("no line %s in\n%s", want, errs)
		}
	}
	if n := strings.Count(errs, "\n"); n != 7 {
		t.Errorf("%d lines:\n%s", n, errs)
	}

	write("key", "secret")
	write("names.txt", "fine\n")
	write("access.csv", "document,kind,name\n*.md,group,staff\n")
	write("other/access.csv", "document,kind,name\n")
	text, _ := os.ReadFile(file)
	write("sallyport.yaml", strings.Replace(string(text), ", tls: {cert: key, key: key}", "", 1))
	code, out, errs = call("check", "--config", file)
	if code != 0 || out != "ok\n" || !strings.Contains(errs, "access.csv:2: collections.book.access: warning: no document matches\n") || strings.Contains(errs, "reached") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	code, out, errs = call("check", "--config", file, "--dial")
	if code != 0 || out != "ok\n" || !strings.Contains(errs, file+":4: backends.gpu: warning: cannot be reached from here: unreachable\n") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

// Roles without a running service: what was assigned is told, with the id that
// takes it back.
func TestRoles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sallyport.yaml")
	text := "version: 1\ndata_dir: state\nresources: {office: {deployments: {chat: {model: {name: m}}}}}\npage: {organisation: O}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := call("admin", "link", "--config", file, "--person", "Front desk")
	if code != 0 || !strings.Contains(errs, "Front desk (person:") {
		t.Fatalf("admin link: %d %q", code, errs)
	}
	person := errs[strings.Index(errs, "person:"):strings.Index(errs, ")")]
	code, added, errs := call("role", "add", "--config", file, "--role", "Sallyport Knowledge Reader", "--to", person, "--scope", "/office")
	if code != 0 || !strings.HasPrefix(added, "assigned: Sallyport Knowledge Reader, to "+person+" (Front desk), scope /office, id ") {
		t.Fatalf("role add: %d %q %q", code, added, errs)
	}
	id := strings.Fields(added)[len(strings.Fields(added))-1]
	_, list, _ := call("role", "list", "--config", file)
	if !strings.Contains(list, id) || strings.Count(list, "Front desk") != 3 || strings.Contains(list, "|") {
		t.Errorf("role list:\n%s", list)
	}
	if code, out, _ := call("role", "remove", "--config", file, "--id", id); code != 0 || !strings.HasPrefix(out, "removed: ") {
		t.Errorf("role remove: %d %q", code, out)
	}
	if code, _, errs := call("role", "remove", "--config", file, "--id", id); code != 1 || !oneLine(errs) {
		t.Errorf("a second removal: %d %q", code, errs)
	}
	if code, _, errs := call("role", "add", "--config", file, "--role", "Sallyport Chat User", "--to", "person:NOBODY"); code != 1 || !strings.Contains(errs, "no person") {
		t.Errorf("a role for nobody: %d %q", code, errs)
	}
	if _, list, _ := call("role", "list", "--config", file); strings.Contains(list, id) {
		t.Errorf("still there:\n%s", list)
	}
	code, out, _ := call("audit", "verify", "--config", file)
	if code != 0 || !strings.Contains(out, "all of them under the signed checkpoint") {
		t.Errorf("audit verify --config: %d %q", code, out)
	}
	if code, out, _ := call("audit", "show", "--config", file); code != 0 || !strings.Contains(out, "role.remove") {
		t.Errorf("audit show --config: %d %q", code, out)
	}
}

func TestVerdictSaysWhatCoversTheEntries(t *testing.T) {
	for r, want := range map[*audit.Report]string{
		{Entries: 4, Size: 4}: "intact: 4 entries, all of them under the signed checkpoint",
		{Entries: 4}:          "intact: 4 entries; the signed checkpoint covers the first 0, and the chain the 4 newest: ",
	} {
		if got := intact(*r); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, s := range []audit.State{audit.CannotTell, audit.Intact, audit.Damaged} {
		var out bytes.Buffer
		code := streams{&out, &out}.code("audit verify", verdict(streams{&out, &out}, audit.Report{State: s, Damage: []audit.Damage{{}}}))
		if want := map[audit.State]int{audit.CannotTell: 2, audit.Damaged: 1}[s]; code != want || !oneLine(out.String()) {
			t.Errorf("%s: exit %d, %q", s, code, out.String())
		}
	}
}
