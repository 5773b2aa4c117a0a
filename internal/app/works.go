package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sallyport/guard/material"
	"sallyport/internal/config"
)

// Bounds of the registered works together.
const (
	mostWorks     = 10_000
	mostWorkBytes = 256 << 20
)

// works are the indexes of what an operator registered; nil where there is none of the
// kind.
type works struct{ text, code *material.Index }

// openWorks reads the registered works of c.
func openWorks(c *config.Config) (works, error) {
	text, err := material.NewBuilder(material.Text, material.Settings{})
	if err != nil {
		return works{}, err
	}
	code, err := material.NewBuilder(material.Code, material.Settings{})
	if err != nil {
		return works{}, err
	}
	l := loader{builders: map[string]*material.Builder{"text": text, "code": code}}
	for _, name := range sortedKeys(c.Works) {
		if err := l.load(name, c.Works[name]); err != nil {
			return works{}, fmt.Errorf("works %s: %w", name, err)
		}
	}
	return works{text: filled(text), code: filled(code)}, nil
}

// filled is nil for an index without works: there is nothing to look for.
func filled(b *material.Builder) *material.Index {
	if x := b.Index(); x.Works() > 0 {
		return x
	}
	return nil
}

type loader struct {
	builders map[string]*material.Builder
	works    int
	bytes    int64
}

var errTooManyWorks = fmt.Errorf("at most %d files and %d MiB can be registered", mostWorks, mostWorkBytes>>20)

func (l *loader) load(name string, w *config.Work) error {
	return filepath.WalkDir(w.Path, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if l.works++; l.works > mostWorks {
			return errTooManyWorks
		}
		body, err := l.read(path)
		if err != nil {
			return err
		}
		id := name
		if rel, err := filepath.Rel(w.Path, path); err == nil && rel != "." {
			id += "/" + filepath.ToSlash(rel)
		}
		err = l.builders[w.Kind].Add(material.Work{ID: id, License: w.License, Sources: w.Sources}, body)
		if errors.Is(err, material.ErrWork) {
			return fmt.Errorf("%s: too short or too long to be found in an answer", path)
		}
		return err
	})
}

// read reads no more than fits.
func (l *loader) read(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	if i, err := f.Stat(); err != nil || !i.Mode().IsRegular() {
		return "", errors.Join(err, fmt.Errorf("%s: no file", path))
	}
	room := min(mostWorkBytes-l.bytes, material.MaxWork)
	body, err := io.ReadAll(io.LimitReader(f, room+1))
	if err != nil {
		return "", err
	}
	if int64(len(body)) > room {
		return "", errTooManyWorks
	}
	l.bytes += int64(len(body))
	return string(body), nil
}
