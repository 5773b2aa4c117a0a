// Package corpus reads the labelled rows that weights are trained and measured
// on. The rows stay in their folder: nothing of them is copied into the tree.
package corpus

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// Row is one row of any of the files that are read here; see the data's own
// README for the meaning of its fields. Offsets count code points.
type Row struct {
	Task    string `json:"-"` // the folder
	Source  string `json:"source"`
	License string `json:"license"`
	Split   string `json:"split"`
	Text    string `json:"text"`
	Role    string `json:"role"`
	Kind    string `json:"kind"`
	Lang    string `json:"lang"`
	Context string `json:"context"`
	Label   *int   `json:"label"`
	Harmful *int   `json:"harmful"`
	Labels  struct {
		Hate     *int `json:"hate"`
		Sexual   *int `json:"sexual"`
		Violence *int `json:"violence"`
		SelfHarm *int `json:"self_harm"`
	} `json:"labels"`
	Span *struct {
		Start int `json:"start"`
		End   int `json:"end"`
	} `json:"span"`
	Spans []struct {
		Start int    `json:"start"`
		End   int    `json:"end"`
		Type  string `json:"type"`
	} `json:"spans"`
	Raw json.RawMessage `json:"raw"`
}

// Harms are the row's four severities in the order of guard.Harms; nil is not
// known.
func (r *Row) Harms() [4]*int {
	return [4]*int{r.Labels.Hate, r.Labels.Sexual, r.Labels.Violence, r.Labels.SelfHarm}
}

// Pair is the key that joins the two halves of a minimal pair, "" for none.
func (r *Row) Pair() string {
	var raw struct {
		Pair any `json:"pair"`
	}
	if json.Unmarshal(r.Raw, &raw) != nil || raw.Pair == nil {
		return ""
	}
	return fmt.Sprint(raw.Pair)
}

// Group is the group of families that a minimal pair belongs to, "" for none.
func (r *Row) Group() string {
	var raw struct {
		Group string `json:"group"`
	}
	if json.Unmarshal(r.Raw, &raw) != nil {
		return ""
	}
	return raw.Group
}

// Read returns the rows of the tasks (folders) under dir, in a fixed order.
func Read(dir string, tasks ...string) ([]Row, error) {
	var rows []Row
	for _, task := range tasks {
		files, err := filepath.Glob(filepath.Join(dir, task, "*.jsonl.gz"))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("no files of task %q in %s", task, dir)
		}
		sort.Strings(files)
		for _, f := range files {
			if rows, err = readFile(rows, task, f); err != nil {
				return nil, fmt.Errorf("reading %s: %w", f, err)
			}
		}
	}
	return rows, nil
}

func readFile(rows []Row, task, name string) ([]Row, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 4<<20)
	for sc.Scan() {
		r := Row{Task: task}
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, sc.Err()
}

var parenthesis = regexp.MustCompile(`\([^)]*\)`)

// Permissive reports whether every part of a compound licence lets us ship
// what was made from the row without passing a licence on. Share-alike parts,
// and parts that are not known here, do not.
func Permissive(license string) bool {
	plain := parenthesis.ReplaceAllString(license, "")
	parts := strings.FieldsFunc(strings.ReplaceAll(plain, " AND ", ";"), func(r rune) bool { return r == ';' || r == '/' })
	known := false
	for _, p := range parts {
		p = strings.TrimSpace(p)
		switch {
		case p == "":
		case p == "MIT", p == "Apache-2.0", p == "CC0-1.0", p == "CC-BY-4.0", p == "CC-BY-3.0",
			p == "CDLA-Permissive-2.0", p == "CDLA-Permissive-1.0", strings.HasPrefix(p, "BSD-"):
			known = true
		default:
			return false
		}
	}
	return known
}
