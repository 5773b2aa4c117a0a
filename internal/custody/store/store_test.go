package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
	"sallyport/internal/custody/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path string, k seal.Key) *store.SQL {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), path, k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSQLiteKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return open(t, filepath.Join(t.TempDir(), "odd name?%41#.db"), seal.NewKey())
	})
}

// TestNoPlaintextInAnyFile looks for what was stored, clear columns too, in every
// byte that SQLite leaves on the disk while it works and after.
func TestNoPlaintextInAnyFile(t *testing.T) {
	dir := t.TempDir()
	k := seal.NewKey()
	s := open(t, filepath.Join(dir, "s.db"), k)
	canary := "CANARY-canary-CANARY"
	for i := range 500 {
		err := s.Put(t.Context(), canary, store.Row{Scope: canary, ID: fmt.Sprint(canary, i), K1: canary, K2: canary, Sealed: bytes.Repeat([]byte(canary), 100)})
		if err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			look(t, dir, canary)
		}
	}
	look(t, dir, canary)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	look(t, dir, canary)
}

func look(t *testing.T, dir, canary string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			continue // a journal that SQLite removed
		}
		for _, word := range []string{canary, "SQLite format", "CREATE TABLE"} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%s holds %q in clear", f.Name(), word)
			}
		}
		info, err := f.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

func TestWrongKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, seal.NewKey())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]seal.Key{"another": seal.NewKey(), "zero": {}} {
		s, err := store.OpenSQLite(t.Context(), path, k)
		if !errors.Is(err, store.ErrKey) {
			t.Errorf("%s key: got %v, want ErrKey", name, err)
		}
		if s != nil {
			s.Close()
		}
	}
}
