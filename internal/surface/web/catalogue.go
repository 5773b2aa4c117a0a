package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
)

//go:embed texts
var textFiles embed.FS

// Catalogue holds every text of the pages in one language.
type Catalogue struct {
	Language  string // BCP 47
	Direction string // "ltr" or "rtl"
	texts     map[string]string
}

// OpenCatalogue reads texts/<language>.json.
func OpenCatalogue(language string) (*Catalogue, error) {
	b, err := textFiles.ReadFile("texts/" + language + ".json")
	if err != nil {
		return nil, fmt.Errorf("page texts: %w", err)
	}
	c := &Catalogue{texts: map[string]string{}}
	if err := json.Unmarshal(b, &c.texts); err != nil {
		return nil, fmt.Errorf("page texts %s: %w", language, err)
	}
	if c.Language, err = c.Text("language"); err != nil {
		return nil, err
	}
	c.Direction, err = c.Text("direction")
	return c, err
}

// Text returns the text of key with {name} replaced by the value that follows
// name in args. An unknown key is an error: no page shows a key.
func (c *Catalogue) Text(key string, args ...any) (string, error) {
	s, ok := c.texts[key]
	if !ok {
		return "", fmt.Errorf("page texts: %s has no %q", c.Language, key)
	}
	if len(args)%2 != 0 {
		return "", fmt.Errorf("page texts: %q has an odd argument", key)
	}
	if len(args) == 0 {
		return s, nil
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i < len(args); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{%v}", args[i]), fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(s), nil // one pass: a value cannot hold a placeholder
}

// Count is Text with the form of key for n: key.one or key.other, and {n}.
func (c *Catalogue) Count(key string, n int, args ...any) (string, error) {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return c.Text(key+form, append(args, "n", strconv.Itoa(n))...)
}

// Date writes a date (YYYY-MM-DD) for people; what is no date stays as it is.
func (c *Catalogue) Date(iso string) (string, error) {
	d, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso, nil
	}
	months, err := c.Text("months")
	if err != nil {
		return "", err
	}
	names := strings.Split(months, ",")
	if len(names) != 12 {
		return "", fmt.Errorf("page texts: %s has %d months", c.Language, len(names))
	}
	return c.Text("date", "day", d.Day(), "month", names[d.Month()-1], "year", d.Year())
}

// must is for keys that the catalogue's test enumerates.
func (c *Catalogue) must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

func (c *Catalogue) say(key string, args ...any) string { return c.must(c.Text(key, args...)) }

func (c *Catalogue) date(iso string) string { return c.must(c.Date(iso)) }

func (c *Catalogue) count(key string, n int, args ...any) string {
	return c.must(c.Count(key, n, args...))
}

// Keys lists every key.
func (c *Catalogue) Keys() []string {
	var keys []string
	for k := range c.texts {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// page are the texts that the modules use: those that begin with "page.".
func (c *Catalogue) page() map[string]string {
	m := map[string]string{}
	for k, v := range c.texts {
		if rest, ok := strings.CutPrefix(k, "page."); ok {
			m[rest] = v
		}
	}
	return m
}
