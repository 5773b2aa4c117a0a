package examine

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxLine bounds a row in bytes.
const maxLine = 4 << 20

// Row is a labelled text of a JSONL file. Two shapes are taken: {"text", "label",
// "category"}, and the rows of ../data, in which the folder says what was labelled.
type Row struct {
	Text     string `json:"text"`
	Label    *int   `json:"label"`    // 1, 0 or null
	Category string `json:"category"` // what the label is about

	// An answer with its sources, and the question if there is one (data/grounded).
	Response string `json:"response"`
	Context  string `json:"context"`
	Question string `json:"question"`

	Labels map[string]*int   `json:"labels"` // severities by harm (data/harm)
	Spans  []json.RawMessage `json:"spans"`  // of personal data (data/pii)

	Split  string `json:"split"`
	Source string `json:"source"`
	Kind   string `json:"kind"`
	Lang   string `json:"lang"`
}

// group is the row's value of a field to group by.
func (r *Row) group(by string) string {
	return map[string]string{"": "", "source": r.Source, "kind": r.Kind, "lang": r.Lang, "split": r.Split}[by]
}

// Groups are the fields that results can be grouped by.
var Groups = []string{"source", "kind", "lang", "split"}

// Categories are the words that a row's category may have.
var Categories = []string{"hate", "sexual", "violence", "self_harm", "harm", "jailbreak", "indirect", "pii", "grounded", "benign"}

// canonical is a category as Categories has it, "" for none.
func canonical(word string) string {
	switch w := strings.ToLower(strings.ReplaceAll(word, "-", "_")); w {
	case "hate", "sexual", "violence", "self_harm", "harm", "jailbreak", "indirect", "pii", "grounded", "benign":
		return w
	case "selfharm":
		return "self_harm"
	case "direct":
		return "jailbreak"
	case "indirect_attack", "document":
		return "indirect"
	case "ungrounded", "groundedness":
		return "grounded"
	case "personal_data":
		return "pii"
	}
	return ""
}

// label is a category with what the row says of it.
type label struct {
	category string
	positive bool
}

// labels are what r says; none when it says nothing that can be measured.
func (r *Row) labels(folder string) []label {
	var out []label
	for category, severity := range r.Labels {
		if c := canonical(category); c != "" && severity != nil {
			out = append(out, label{c, *severity >= 4})
		}
	}
	if len(out) > 0 {
		return out
	}
	category := canonical(r.Category)
	if category == "" {
		category = canonical(folder)
	}
	switch {
	case category == "benign":
		for _, c := range [...]string{"harm", "jailbreak"} {
			out = append(out, label{c, false})
		}
	case category == "pii" && r.Label == nil && r.Spans != nil:
		out = append(out, label{category, len(r.Spans) > 0})
	case category != "" && r.Label != nil:
		out = append(out, label{category, *r.Label > 0})
	}
	return out
}

// each reads the rows of a file, which may be packed with gzip, and shows them to
// use.
func each(file string, use func(*Row, string) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in := io.Reader(f)
	if strings.HasSuffix(file, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		defer func() { _ = z.Close() }()
		in = z
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	folder := filepath.Base(filepath.Dir(abs))
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for n := 1; lines.Scan(); n++ {
		if len(strings.TrimSpace(lines.Text())) == 0 {
			continue
		}
		var r Row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("%s:%d: no row: %w", file, n, syntaxOnly(err))
		}
		if err := use(&r, folder); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// syntaxOnly keeps what could quote the row out of an error.
func syntaxOnly(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("the member %s is of the wrong type", kind.Field)
	}
	return errors.New("it is not a JSON object")
}
