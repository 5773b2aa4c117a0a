package upstream

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// errKey never says more: a path is no secret, but what a damaged file holds may be.
var errKey = errors.New("the backend's key file cannot be used")

// KeyFile returns a Config.Key that reads a credential from a file. The file is
// read now, so that a missing one is found at the start, and again whenever its
// time or size changed, so that a rotated key needs no restart.
func KeyFile(path string) (func(context.Context) (string, error), error) {
	f := &keyFile{path: path}
	if _, err := f.key(context.Background()); err != nil {
		return nil, err
	}
	return f.key, nil
}

type keyFile struct {
	path string

	mu       sync.Mutex // guards what follows
	value    string
	modified time.Time
	size     int64
}

func (f *keyFile) key(context.Context) (string, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return "", errKey
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.value != "" && info.ModTime().Equal(f.modified) && info.Size() == f.size {
		return f.value, nil
	}
	const longest = 16 << 10 // a token of an identity provider is at most a few KiB
	if info.Size() > longest {
		return "", errKey
	}
	b, err := os.ReadFile(f.path)
	if err != nil {
		return "", errKey
	}
	b = bytes.TrimSpace(b)
	if len(b) == 0 || !validKey(b) {
		return "", errKey
	}
	f.value, f.modified, f.size = string(b), info.ModTime(), info.Size()
	return f.value, nil
}

// validKey: printable ASCII only, so that a key cannot end the header it is in.
func validKey[B []byte | string](b B) bool {
	for i := 0; i < len(b); i++ {
		if b[i] <= ' ' || b[i] > '~' {
			return false
		}
	}
	return true
}
