package seal_test

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/custody/seal"
)

func TestSealAndOpen(t *testing.T) {
	k, aad := seal.NewKey(), seal.AAD("conversations", "ward", "c-1", 3)
	for _, text := range []string{"", "x", strings.Repeat("secret ", 10_000)} {
		blob := seal.SealText(k, aad, content.New(text))
		// One byte alone is in random bytes by chance.
		if len(text) > 1 && bytes.Contains(blob, []byte(text)) {
			t.Error("the text is in the blob")
		}
		got, err := seal.OpenText(k, aad, blob)
		if err != nil || open.String(got) != text {
			t.Errorf("got %d bytes, %v; want %d", got.Len(), err, len(text))
		}
	}
}

// TestEveryChangedByteIsRefused changes each byte of a blob, and cuts it at each
// length.
func TestEveryChangedByteIsRefused(t *testing.T) {
	k, aad := seal.NewKey(), seal.AAD("t", "s", "i", 1)
	good := seal.Seal(k, aad, []byte("secret"))
	refused := func(what string, b []byte) {
		t.Helper()
		if _, err := seal.Open(k, aad, b); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("%s: got %v, want ErrSealed", what, err)
		}
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1
		refused(fmt.Sprint("byte ", i), b)
		refused(fmt.Sprint("cut at ", i), good[:i])
	}
	refused("longer", append(bytes.Clone(good), 0))
	refused("empty", nil)
}

// TestBlobsDoNotMove: a blob opens only in its own place, with its own key.
func TestBlobsDoNotMove(t *testing.T) {
	k := seal.NewKey()
	blob := seal.Seal(k, seal.AAD("table", "scope", "id", 2, "k1", "k2"), []byte("secret"))
	for name, aad := range map[string][]byte{
		"table":    seal.AAD("tabl", "escope", "id", 2, "k1", "k2"),
		"scope":    seal.AAD("table", "other", "id", 2, "k1", "k2"),
		"id":       seal.AAD("table", "scope", "id2", 2, "k1", "k2"),
		"boundary": seal.AAD("table", "scopei", "d", 2, "k1", "k2"),
		"version":  seal.AAD("table", "scope", "id", 1, "k1", "k2"),
		"column":   seal.AAD("table", "scope", "id", 2, "k", "1k2"),
		"none":     nil,
	} {
		if _, err := seal.Open(k, aad, blob); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("another %s: got %v, want ErrSealed", name, err)
		}
	}
	for name, other := range map[string]seal.Key{"another": seal.NewKey(), "zero": {}, "derived": k.Derive("x")} {
		if _, err := seal.Open(other, seal.AAD("table", "scope", "id", 2, "k1", "k2"), blob); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("%s key: got %v, want ErrSealed", name, err)
		}
	}
}

func TestSameTextSealsDifferently(t *testing.T) {
	k, seen := seal.NewKey(), map[string]bool{}
	for range 100 {
		b := seal.Seal(k, nil, []byte("same"))
		if head := string(b[:29]); seen[head] {
			t.Fatal("salt and nonce repeat")
		} else {
			seen[head] = true
		}
	}
}

// TestKeysDoNotPrint tries every way out.
func TestKeysDoNotPrint(t *testing.T) {
	k := seal.NewKey()
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, k, &k, struct{ K seal.Key }{k})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("key", slog.Any("k", k), slog.Any("p", &k))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("key", slog.Any("k", k), slog.Any("s", struct{ K seal.Key }{k}))
	if b, err := json.Marshal(struct{ K seal.Key }{k}); err == nil {
		t.Errorf("json: %s", b)
	}
	if err := gob.NewEncoder(&out).Encode(struct{ K seal.Key }{k}); err == nil {
		t.Error("gob encodes a key")
	}
	raw := k.Bytes()
	for _, form := range []string{string(raw[:4]), hex.EncodeToString(raw[:4]), strings.ToUpper(hex.EncodeToString(raw[:4])), fmt.Sprintf("%d %d %d", raw[0], raw[1], raw[2])} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the key shows as %q", form)
		}
	}
	k.Zero()
	if !k.IsZero() {
		t.Error("Zero leaves the key")
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "seal.key")
	if _, err := seal.ReadKeyFile(path); err == nil {
		t.Error("ReadKeyFile made a key")
	}
	w, err := seal.OpenKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != seal.KeySize {
		t.Errorf("key file: %v, %v", info, err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	k := seal.NewKey()
	wrapped, err := w.Wrap(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	again, err := seal.OpenKeyFile(path)
	if err != nil || again.ID() != w.ID() {
		t.Fatalf("second open: %v", err)
	}
	if got, err := again.Unwrap(t.Context(), wrapped); err != nil || got != k {
		t.Errorf("Unwrap: %v", err)
	}
	other, err := seal.OpenKeyFile(filepath.Join(dir, "other.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Unwrap(t.Context(), wrapped); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("another key file unwraps: %v", err)
	}
	if raw, _ := os.ReadFile(path); strings.Contains(w.ID(), hex.EncodeToString(raw[:4])) {
		t.Error("the id shows the key")
	}
}

func TestBadKeyFilesAreRefused(t *testing.T) {
	good := bytes.Repeat([]byte{7}, seal.KeySize)
	for name, prepare := range map[string]func(path string) error{
		"group may read":  func(p string) error { return write(p, good, 0o640) },
		"others may read": func(p string) error { return write(p, good, 0o604) },
		"short":           func(p string) error { return write(p, good[1:], 0o600) },
		"long":            func(p string) error { return write(p, append(good, 1), 0o600) },
		"empty":           func(p string) error { return write(p, nil, 0o600) },
		"zeros":           func(p string) error { return write(p, make([]byte, seal.KeySize), 0o600) },
		"folder":          func(p string) error { return os.Mkdir(p, 0o700) },
		"link": func(p string) error {
			return errors.Join(write(p+".to", good, 0o600), os.Symlink(p+".to", p))
		},
	} {
		path := filepath.Join(t.TempDir(), "seal.key")
		if err := prepare(path); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.OpenKeyFile(path); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func write(path string, b []byte, mode os.FileMode) error {
	return errors.Join(os.WriteFile(path, b, mode), os.Chmod(path, mode))
}

// TestManyStartAtOnce: the first key wins and all get the same.
func TestManyStartAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	ids := make([]string, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			w, err := seal.OpenKeyFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = w.ID()
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("two keys: %v", ids)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k, err := seal.KeyFrom(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seal.Seal(k, []byte("a"), []byte("secret")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := seal.Open(k, []byte("b"), b); err == nil {
			t.Error("foreign bytes open")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	k, aad := seal.NewKey(), seal.AAD("t", "s", "i", 1)
	text := make([]byte, 4096)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		seal.Seal(k, aad, text)
	}
}
