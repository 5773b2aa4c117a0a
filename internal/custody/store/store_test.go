package store_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
	"sallyport/internal/custody/store/storetest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_CRASH_DIR"); dir != "" {
		crashChild(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

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

// TestNewerStateIsRefused: an old program must not write into a new layout.
func TestNewerStateIsRefused(t *testing.T) {
	path, k := filepath.Join(t.TempDir(), "s.db"), seal.NewKey()
	s := open(t, path, k)
	if err := store.SetFormat(t.Context(), s, "2"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenSQLite(t.Context(), path, k)
	if !errors.Is(err, store.ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
	if s != nil {
		s.Close()
	}
}

// TestParametersStandInOrder: SQLite numbers $n by first appearance, PostgreSQL by
// n; the texts must mean the same to both.
func TestParametersStandInOrder(t *testing.T) {
	for _, stmt := range store.Statements() {
		next := 1
		for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(stmt, -1) {
			n, _ := strconv.Atoi(m[1])
			if n > next {
				t.Errorf("$%d comes before $%d in %s", n, next, stmt)
			}
			next = max(next, n+1)
		}
		if strings.ContainsAny(stmt, "?'") {
			t.Errorf("a value in the text: %s", stmt)
		}
	}
}

type note struct{ Title, Owner string }

func notes(s store.Store, k seal.Key) *store.Collection[note] {
	return &store.Collection[note]{
		Store: s, Table: "notes",
		Key:   func(context.Context, string, string) (seal.Key, error) { return k, nil },
		Index: func(n *note) (string, string) { return n.Owner, "" },
	}
}

func TestCollection(t *testing.T) {
	ctx := t.Context()
	c := notes(open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKey()), seal.NewKey())
	if err := c.Create(ctx, "ward", "1", note{"first", "ann"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(ctx, "ward", "1", note{"again", "bob"}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("second Create: got %v, want ErrConflict", err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := c.Update(ctx, "ward", "1", func(n *note) error { n.Title += "+"; n.Owner = "bob"; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := c.Get(ctx, "ward", "1")
	if err != nil || got.Value != (note{"first++++++++++", "bob"}) || got.Version != 11 {
		t.Errorf("got %+v, %v", got, err)
	}
	for owner, want := range map[string]int{"ann": 0, "bob": 1} {
		if items, err := c.List(ctx, "ward", store.Filter{K1: owner}, 10, ""); err != nil || len(items) != want {
			t.Errorf("List of %s: got %v, %v", owner, items, err)
		}
	}
}

// TestRowsThatSomebodyMoved: whoever can write the database swaps blobs, changes an
// index column or puts an old blob back. None of it opens.
func TestRowsThatSomebodyMoved(t *testing.T) {
	ctx := t.Context()
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKey())
	c := notes(s, seal.NewKey())
	for _, id := range []string{"1", "2", "3"} {
		if err := c.Create(ctx, "ward", id, note{id, "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	one, err := s.Get(ctx, "notes", "ward", "1")
	if err != nil {
		t.Fatal(err)
	}
	for id, change := range map[string]func(*store.Row) error{
		"1": func(*store.Row) error { return nil }, // an old blob under a new version
		"2": func(r *store.Row) error { r.Sealed = one.Sealed; return nil },
	} {
		if err := s.Update(ctx, "notes", "ward", id, change); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Get(ctx, "ward", id); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("row %s: got %v, want ErrSealed", id, err)
		}
	}
	if err := store.SetK1(ctx, s, "notes", "ward", "3", "bob"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, "ward", "3"); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("another index column: got %v, want ErrSealed", err)
	}
}

// TestKill9 kills a writer: what it was told to be stored is there.
func TestKill9(t *testing.T) {
	dir := t.TempDir()
	last := 0
	for range 3 {
		last = killed(t, dir, last)
	}
	s := open(t, filepath.Join(dir, "s.db"), crashKey())
	for i := 1; i <= last; i++ {
		if _, err := s.Get(t.Context(), "things", "ward", strconv.Itoa(i)); err != nil {
			t.Fatalf("row %d of %d: %v", i, last, err)
		}
	}
	t.Logf("%d rows survived", last)
}

func killed(t *testing.T, dir string, last int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "STORE_CRASH_DIR="+dir, "STORE_CRASH_FROM="+strconv.Itoa(last))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sc, stop := bufio.NewScanner(out), last+40
	for sc.Scan() {
		n, err := strconv.Atoi(sc.Text())
		if err != nil {
			t.Errorf("child: %s", sc.Text())
			continue
		}
		if last = n; last == stop {
			cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	return last
}

func crashKey() seal.Key {
	k, err := seal.KeyFrom(bytes.Repeat([]byte{9}, seal.KeySize))
	if err != nil {
		panic(err)
	}
	return k
}

func crashChild(dir string) {
	ctx := context.Background()
	s, err := store.OpenSQLite(ctx, filepath.Join(dir, "s.db"), crashKey())
	from, _ := strconv.Atoi(os.Getenv("STORE_CRASH_FROM"))
	for i := from + 1; err == nil; i++ {
		err = s.Put(ctx, "things", store.Row{Scope: "ward", ID: strconv.Itoa(i), Sealed: make([]byte, 700)})
		if errors.Is(err, store.ErrConflict) {
			err = nil // stored in the last round, which died before it said so
		}
		if err == nil {
			fmt.Println(i)
		}
	}
	fmt.Println("error", err)
	os.Exit(3)
}
