package seal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Wrapper encrypts keys with a key that it does not give out: a key file here, a
// key service elsewhere.
//
// Implementations MUST be safe for concurrent use, MUST bound every call by its
// context, and MUST NOT return a key from bytes that another Wrapper made.
// Callers MUST NOT keep an unwrapped key longer than they need it, so that
// revoking the wrapping key takes effect.
type Wrapper interface {
	Wrap(ctx context.Context, k Key) ([]byte, error)
	Unwrap(ctx context.Context, wrapped []byte) (Key, error)
	// ID names the wrapping key without revealing it. It is stored beside what
	// it wrapped and may appear on the record.
	ID() string
}

// FileWrapper wraps with a key in a file.
type FileWrapper struct {
	key Key
	id  string
}

var _ Wrapper = (*FileWrapper)(nil)

// OpenKeyFile reads the key file at path, or makes one if there is none. A file
// that others may read, of another size, or that is not a regular file is
// refused: a start with a key that leaked or was cut is not a start.
func OpenKeyFile(path string) (*FileWrapper, error) {
	k, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		k, err = makeKeyFile(path)
		if errors.Is(err, fs.ErrExist) { // another process was first
			k, err = readKeyFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return newFileWrapper(k), nil
}

// ReadKeyFile is OpenKeyFile without making one: for a state that exists, a new
// key would look like lost data.
func ReadKeyFile(path string) (*FileWrapper, error) {
	k, err := readKeyFile(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return newFileWrapper(k), nil
}

func newFileWrapper(k Key) *FileWrapper {
	name := k.Derive("name of a key file")
	sum := sha256.Sum256(name.b[:])
	return &FileWrapper{key: k.Derive("wrapping"), id: "file:" + hex.EncodeToString(sum[:8])}
}

func readKeyFile(path string) (Key, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Key{}, err
	}
	if !info.Mode().IsRegular() {
		return Key{}, fmt.Errorf("%s is not a regular file", path)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return Key{}, fmt.Errorf("%s has mode %#o and others may read it; make it 0600", path, perm)
	}
	if info.Size() != KeySize {
		return Key{}, fmt.Errorf("%s has %d bytes, a key has %d", path, info.Size(), KeySize)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Key{}, err
	}
	defer clear(b)
	return KeyFrom(b)
}

// makeKeyFile writes the key aside and links it into place: the name appears
// with all its bytes durable or not at all, and never over an existing key.
func makeKeyFile(path string) (Key, error) {
	k := NewKey()
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600, O_EXCL
	if err != nil {
		return Key{}, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(k.b[:])
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return Key{}, err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return Key{}, err
	}
	return k, syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

var wrapAAD = []byte("sallyport wrapped key")

// Wrap seals k.
func (w *FileWrapper) Wrap(ctx context.Context, k Key) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if k.IsZero() {
		return nil, errors.New("the zero key is not wrapped")
	}
	return Seal(w.key, wrapAAD, k.b[:]), nil
}

// Unwrap opens what Wrap made; ErrSealed otherwise.
func (w *FileWrapper) Unwrap(ctx context.Context, wrapped []byte) (Key, error) {
	if err := ctx.Err(); err != nil {
		return Key{}, err
	}
	b, err := Open(w.key, wrapAAD, wrapped)
	if err != nil {
		return Key{}, err
	}
	defer clear(b)
	return KeyFrom(b)
}

// ID names the key file's key.
func (w *FileWrapper) ID() string { return w.id }

// Key derives a key for one named use: the database file's, pseudonyms'.
func (w *FileWrapper) Key(use string) Key { return w.key.Derive(use) }
