package keys_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sallyport/internal/custody/keys"
	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is an installation: a key file and a folder of keys.
type site struct {
	dir string
	o   keys.Options
}

func newSite(t *testing.T) *site {
	t.Helper()
	w, err := seal.OpenKeyFile(filepath.Join(t.TempDir(), "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	return &site{filepath.Join(t.TempDir(), "keys"), keys.Options{Wrapper: w, DatabaseKey: w.Key("keys.db")}}
}

func (s *site) open(t *testing.T) *keys.Tree {
	t.Helper()
	tr, err := keys.Open(t.Context(), s.dir, s.o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func closeTree(t *testing.T, tr *keys.Tree) {
	t.Helper()
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
}

func key(t *testing.T, tr *keys.Tree, p keys.Path) seal.Key {
	t.Helper()
	k, err := tr.Key(t.Context(), p)
	if err != nil {
		t.Fatalf("Key(%v): %v", p, err)
	}
	return k
}

func gone(t *testing.T, tr *keys.Tree, paths ...keys.Path) {
	t.Helper()
	for _, p := range paths {
		if _, err := tr.Key(t.Context(), p); !errors.Is(err, keys.ErrErased) {
			t.Errorf("Key(%v): got %v, want ErrErased", p, err)
		}
	}
}

func erase(t *testing.T, tr *keys.Tree, p keys.Path) keys.Receipt {
	t.Helper()
	r, err := tr.Erase(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	ward   = keys.Installation().Resource("ward")
	nurse  = ward.Person("p-1")
	talk   = nurse.Conversation("c-1")
	other  = nurse.Conversation("c-2")
	doctor = ward.Person("p-2").Conversation("c-1")
	papers = ward.Collection("procedures")
)

func TestKeysStayAndDiffer(t *testing.T) {
	s := newSite(t)
	tr := s.open(t)
	paths := []keys.Path{keys.Installation(), ward, nurse, talk, other, doctor, papers}
	seen, before := map[string]bool{}, map[string]seal.Key{}
	for _, p := range paths {
		k := key(t, tr, p)
		before[p.String()] = k
		seen[string(k.Bytes())] = true
	}
	if len(seen) != len(paths) {
		t.Errorf("%d paths have %d keys", len(paths), len(seen))
	}
	closeTree(t, tr)
	tr = s.open(t)
	for _, p := range paths {
		if key(t, tr, p) != before[p.String()] {
			t.Errorf("%v has another key after a restart", p)
		}
	}
}

func TestNamesDoNotReachOtherBranches(t *testing.T) {
	tr := newSite(t).open(t)
	a := key(t, tr, ward.Person("p/conversation:c"))
	b := key(t, tr, ward.Person("p").Conversation("c"))
	if a == b {
		t.Error("a slash in a name leads to another branch")
	}
}

func TestEraseTakesAllBelowAndNothingBeside(t *testing.T) {
	s := newSite(t)
	tr := s.open(t)
	for _, p := range []keys.Path{talk, other, doctor, papers} {
		key(t, tr, p)
	}
	keep := key(t, tr, doctor)
	if r := erase(t, tr, nurse); r.Count != 1 {
		t.Errorf("receipt: %+v", r)
	}
	gone(t, tr, nurse, talk, other, nurse.Conversation("new"))
	closeTree(t, tr)
	tr = s.open(t)
	gone(t, tr, nurse, talk, other, nurse.Conversation("new"))
	if key(t, tr, doctor) != keep {
		t.Error("the neighbour's key changed")
	}
	key(t, tr, papers)
}

// backup copies a file aside; the function it returns puts it back.
func backup(t *testing.T, path string) (restore func()) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRestoredKeysAreErasedAgain tells the attack: keep a copy of keys.db, have
// the conversation erased, put the copy back.
func TestRestoredKeysAreErasedAgain(t *testing.T) {
	s := newSite(t)
	tr := s.open(t)
	key(t, tr, talk)
	keep := key(t, tr, other)
	closeTree(t, tr)
	restore := backup(t, filepath.Join(s.dir, "keys.db"))

	tr = s.open(t)
	erase(t, tr, talk)
	closeTree(t, tr)
	restore()

	tr = s.open(t)
	gone(t, tr, talk)
	if key(t, tr, other) != keep {
		t.Error("the replay took a key that was not erased")
	}
	closeTree(t, tr)
	// The wrapped keys must be gone from the restored database itself, not only be
	// refused: what is left are the installation, the resource, the person and the
	// other conversation.
	if got := rows(t, s); got != 4 {
		t.Errorf("the restored database keeps %d keys, want 4", got)
	}
}

func rows(t *testing.T, s *site) int {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(s.dir, "keys.db"), s.o.DatabaseKey)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all, err := db.List(t.Context(), "keys", "", store.Filter{}, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// TestLedgerThatWasTamperedWith: every changed byte, every cut, and its removal
// stop the start.
func TestLedgerThatWasTamperedWith(t *testing.T) {
	s := newSite(t)
	tr := s.open(t)
	key(t, tr, talk)
	erase(t, tr, talk)
	erase(t, tr, other)
	closeTree(t, tr)
	path := filepath.Join(s.dir, "erasures")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, s, what)
	}
	for i := range good {
		b := append([]byte(nil), good...)
		b[i] ^= 1
		refuse("changed byte", b)
	}
	for n := range good {
		refuse("cut", good[:n])
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused(t, s, "removed")
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	gone(t, s.open(t), talk, other)
}

// TestAnotherLedger: a whole, well-chained ledger of the same length that names
// another erasure, made by another tree.
func TestAnotherLedger(t *testing.T) {
	s, stranger := newSite(t), newSite(t)
	for site, p := range map[*site]keys.Path{s: talk, stranger: doctor} {
		tr := site.open(t)
		erase(t, tr, p)
		closeTree(t, tr)
	}
	b, err := os.ReadFile(filepath.Join(stranger.dir, "erasures"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "erasures"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, s, "another ledger")
}

func refused(t *testing.T, s *site, what string) {
	t.Helper()
	tr, err := keys.Open(t.Context(), s.dir, s.o)
	if err == nil {
		tr.Close()
		t.Fatalf("%s: the tree opened", what)
	}
	if !errors.Is(err, keys.ErrLedger) {
		t.Fatalf("%s: got %v, want ErrLedger", what, err)
	}
}

// TestUnfinishedErasureIsCut: a record that was being written when the process
// died was never confirmed and does not stop the start.
func TestUnfinishedErasureIsCut(t *testing.T) {
	s := newSite(t)
	tr := s.open(t)
	erase(t, tr, talk)
	closeTree(t, tr)
	f, err := os.OpenFile(filepath.Join(s.dir, "erasures"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, 30)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	tr = s.open(t)
	gone(t, tr, talk)
	erase(t, tr, other)
	closeTree(t, tr)
	gone(t, s.open(t), talk, other)
}

// TestCrashBetweenLedgerAndDatabase: the ledger has the erasure, the database not
// yet. The next start finishes it.
func TestCrashBetweenLedgerAndDatabase(t *testing.T) {
	s := newSite(t)
	tr := s.open(t)
	key(t, tr, talk)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the ledger takes no context: it is written, the database call fails
	if _, err := tr.Erase(ctx, talk); err == nil {
		t.Fatal("Erase succeeded without the database")
	}
	gone(t, tr, talk)
	closeTree(t, tr)
	tr = s.open(t)
	gone(t, tr, talk)
	if n, _ := tr.State(); n != 1 {
		t.Errorf("got %d erasures, want 1", n)
	}
}

func TestEraseAndKeyDoNotRace(t *testing.T) {
	tr := newSite(t).open(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				if _, err := tr.Key(t.Context(), talk); err != nil {
					return
				}
			}
		})
	}
	erase(t, tr, talk)
	gone(t, tr, talk)
	wg.Wait()
}

// revocable is a key service whose key can be revoked.
type revocable struct {
	seal.Wrapper
	revoked bool
}

var errRevoked = errors.New("revoked")

func (r *revocable) Unwrap(ctx context.Context, b []byte) (seal.Key, error) {
	if r.revoked {
		return seal.Key{}, errRevoked
	}
	return r.Wrapper.Unwrap(ctx, b)
}

func TestRevokedKeyEndsWithTheCache(t *testing.T) {
	s := newSite(t)
	now := time.Now()
	w := &revocable{Wrapper: s.o.Wrapper}
	s.o.Wrapper, s.o.Cache, s.o.Now = w, time.Minute, func() time.Time { return now }
	tr := s.open(t)
	key(t, tr, ward)
	now = now.Add(50 * time.Second)
	key(t, tr, talk) // made late: it must not live longer than the root above it
	w.revoked = true
	key(t, tr, talk)
	now = now.Add(11 * time.Second)
	for _, p := range []keys.Path{talk, ward, keys.Installation()} {
		if _, err := tr.Key(t.Context(), p); !errors.Is(err, errRevoked) {
			t.Errorf("Key(%v): got %v, want the revocation", p, err)
		}
	}
}

func TestRewrap(t *testing.T) {
	s := newSite(t)
	tr := s.open(t)
	want := key(t, tr, talk)
	next, err := seal.OpenKeyFile(filepath.Join(t.TempDir(), "next.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Rewrap(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	closeTree(t, tr)
	if tr, err := keys.Open(t.Context(), s.dir, s.o); !errors.Is(err, seal.ErrSealed) {
		if err == nil {
			tr.Close()
		}
		t.Errorf("the old wrapping key: got %v, want ErrSealed", err)
	}
	s.o.Wrapper = next
	if key(t, s.open(t), talk) != want {
		t.Error("the key below changed")
	}
}
