package config

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
)

// whole stands for the key of a finding about a file as a whole.
const whole = "(file)"

// In writes f as one line, FILE:LINE: KEY: MESSAGE, with file as the
// configuration's name. What is missing or wrong as a whole is at line 1.
func (f Finding) In(file string) string {
	return fmt.Sprintf("%s:%d: %s: %s", cmp.Or(f.File, file), max(f.Line, 1), cmp.Or(f.Key, whole), oneLine(f.What))
}

// oneLine keeps a message that holds another program's words in its line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (f Finding) String() string { return f.In("sallyport.yaml") }

// Line is where the file has key, or the nearest key above it; 0 where it has none.
func (c *Config) Line(key string) int { return lineIn(c.lines, key) }

// Load reads the file at path, and looks whether the files that it names are
// there. With any finding there is no Config.
func Load(path string, now time.Time) (*Config, []Finding) {
	data, err := readBounded(path)
	if err != nil {
		return nil, []Finding{{What: "the file cannot be read: " + reason(err)}}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, []Finding{{What: "the file's folder is unknown: " + reason(err)}}
	}
	return parse(data, filepath.Dir(abs), now, true)
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// reason is an error of the file system without the path, which the reader knows.
func reason(err error) string {
	if p, ok := err.(*os.PathError); ok {
		return p.Err.Error()
	}
	return err.Error()
}

// Parse reads data as the file of a folder: relative paths are resolved against
// dir. now is what terms must be current at. It touches nothing outside. With any
// finding there is no Config; findings are in the order of lines.
func Parse(data []byte, dir string, now time.Time) (*Config, []Finding) {
	return parse(data, dir, now, false)
}

func parse(data []byte, dir string, now time.Time, look bool) (*Config, []Finding) {
	r := &reader{dir: dir, lines: map[string]int{}}
	c := &Config{}
	if root := r.parse(data); root != nil {
		r.value(root, reflect.ValueOf(c).Elem(), "", tags{}, 0)
		if r.isMapping() {
			r.fill(c, now)
			r.check(c, now)
			if look {
				r.look(reflect.ValueOf(c).Elem(), "")
			}
		}
	}
	if len(r.findings) == 0 {
		c.lines = r.lines
		return c, nil
	}
	slices.SortStableFunc(r.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	return nil, slices.Compact(r.findings)
}

// isMapping reports whether anything could be read: of a file that is a list or a
// word there is nothing more to say.
func (r *reader) isMapping() bool { return len(r.lines) > 0 }

// look finds out whether the files are there. It does not open them: their
// readers have their own words for what is wrong in them.
func (r *reader) look(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			r.look(v.Elem(), path)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			r.look(v.MapIndex(k), join(path, k.String()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			t := tagsOf(v.Type().Field(i))
			if t.name == "" {
				continue // not of the file
			}
			key := join(path, t.name)
			if t.file != "read" {
				r.look(v.Field(i), key)
			} else if name := v.Field(i).String(); name != "" {
				if _, err := os.Stat(name); err != nil {
					r.found(key, "%s: %s", name, reason(err))
				}
			}
		}
	}
}
