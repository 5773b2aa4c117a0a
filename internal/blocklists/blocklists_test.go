package blocklists_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/guard/normalize"
	"sallyport/internal/blocklists"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
)

type world struct {
	*blocklists.Store
	db   *store.SQL
	path string
	keys map[string]seal.Key
	now  time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{path: filepath.Join(t.TempDir(), "state.db"), keys: map[string]seal.Key{"ward": seal.NewKey(), "annex": seal.NewKey()}, now: time.Unix(1_800_000_000, 0)}
	db, err := store.OpenSQLite(t.Context(), w.path, seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	w.Store = w.another()
	return w
}

// another is a second program over the same rows.
func (w *world) another() *blocklists.Store {
	return blocklists.New(blocklists.Config{Store: w.db, Now: func() time.Time { return w.now }, Key: func(_ context.Context, r string) (seal.Key, error) {
		if k, ok := w.keys[r]; ok {
			return k, nil
		}
		return seal.Key{}, errors.New("no key")
	}})
}

func item(text string) blocklists.Item { return blocklists.Item{Text: content.New(text)} }

func pattern(text string) blocklists.Item {
	return blocklists.Item{Text: content.New(text), Pattern: true}
}

func (w *world) add(t *testing.T, list string, items ...blocklists.Item) []blocklists.Item {
	t.Helper()
	for from := 0; from < len(items); from += blocklists.MaxBatch {
		got, err := w.Add(t.Context(), "ward", list, items[from:min(from+blocklists.MaxBatch, len(items))])
		if err != nil {
			t.Fatal(err)
		}
		copy(items[from:], got)
	}
	return items
}

func (w *world) put(t *testing.T, resource, list string) {
	t.Helper()
	if _, _, err := w.Put(t.Context(), resource, list, nil); err != nil {
		t.Fatal(err)
	}
}

func (w *world) hits(t *testing.T, list, text string) string {
	t.Helper()
	m, err := w.Matcher(t.Context(), "ward", list)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, it := range m.Find(normalize.Normalize(text)) {
		found = append(found, open.String(it.Text))
	}
	return strings.Join(found, "|")
}

func TestItems(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Add(t.Context(), "ward", "a", []blocklists.Item{item("x")}); !errors.Is(err, blocklists.ErrNoList) {
		t.Errorf("no list: %v", err)
	}
	w.put(t, "ward", "a")
	first := w.add(t, "a", item("blue kettle"), item("falcon"), pattern("v-[0-9]{2}"))
	again, err := w.Add(t.Context(), "ward", "a", []blocklists.Item{{Text: content.New("falcon"), Description: content.New("new")}, item("fourth")})
	if err != nil || again[0].ID != first[1].ID || again[1].ID == "" {
		t.Fatalf("%v %+v", err, again)
	}
	if it, err := w.Item(t.Context(), "ward", "a", first[1].ID); err != nil || open.String(it.Description) != "new" {
		t.Errorf("changed in place: %v", err)
	}
	if got := w.hits(t, "a", "A F\u200balcon, V-20 and the BLUE\nkettle."); got != "blue kettle|falcon|v-[0-9]{2}" {
		t.Errorf("hits %q", got)
	}
	if err := w.Remove(t.Context(), "ward", "a", []string{first[0].ID, "nowhere"}); !errors.Is(err, blocklists.ErrNoItem) {
		t.Errorf("removing what is not there: %v", err)
	}
	if items, _ := w.Items(t.Context(), "ward", "a"); len(items) != 4 {
		t.Errorf("a removal that failed removed: %d items", len(items))
	}
	if err := w.Remove(t.Context(), "ward", "a", []string{first[0].ID}); err != nil {
		t.Error(err)
	}
	if got := w.hits(t, "a", "falcon blue kettle"); got != "falcon" {
		t.Errorf("hits %q", got)
	}
	var term *blocklists.TermError
	for _, bad := range []blocklists.Item{item(""), item(strings.Repeat("é", 129)), item("\u200b"), pattern("a*"), pattern("("), pattern("(a+)+$"), {Text: content.New("a"), Description: content.New(strings.Repeat("é", 1025))}} {
		if _, err := w.Add(t.Context(), "ward", "a", []blocklists.Item{item("good"), bad}); !errors.As(err, &term) || term.Index != 1 {
			t.Errorf("%q: %v", open.String(bad.Text), err)
		}
	}
	if _, err := w.Add(t.Context(), "ward", "a", []blocklists.Item{item("same"), item("same")}); !errors.Is(err, blocklists.ErrDuplicate) {
		t.Errorf("twice: %v", err)
	}
	if got := w.hits(t, "a", "good same"); got != "" {
		t.Errorf("a batch that failed left %q", got)
	}
}

// Ten thousand items over all lists of a resource, and another resource has its own.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	for _, l := range []string{"a", "b"} {
		w.put(t, "ward", l)
	}
	many := make([]blocklists.Item, 100)
	for n := range 99 {
		for i := range many {
			many[i] = item(fmt.Sprintf("term %d of %d", i, n))
		}
		w.add(t, "a", many...)
	}
	w.add(t, "b", pattern("x{3}"))
	for i := range many {
		many[i] = item(fmt.Sprintf("last %d", i))
	}
	if _, err := w.Add(t.Context(), "ward", "b", many); !errors.Is(err, blocklists.ErrTooMany) {
		t.Errorf("10,001 items: %v", err)
	}
	w.add(t, "b", many[:99]...)
	if _, err := w.Add(t.Context(), "ward", "b", []blocklists.Item{item("one more")}); !errors.Is(err, blocklists.ErrTooMany) {
		t.Errorf("10,001 items: %v", err)
	}
	w.add(t, "b", blocklists.Item{Text: content.New("last 7"), Description: content.New("changed")}) // no more than before
	w.put(t, "annex", "a")
	if _, err := w.Add(t.Context(), "annex", "a", []blocklists.Item{item("theirs")}); err != nil {
		t.Errorf("another resource: %v", err)
	}
	if got := w.hits(t, "a", "Term 7 of 42, term 99 of 98, and term 7 of 99."); got != "term 7 of 42|term 99 of 98" {
		t.Errorf("hits %q", got)
	}
}

func TestPatternsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.put(t, "ward", "a")
	for n := range blocklists.MaxPatterns / 100 {
		items := make([]blocklists.Item, 100)
		for i := range items {
			items[i] = pattern(fmt.Sprintf("p%d-%d[0-9]", n, i))
		}
		w.add(t, "a", items...)
	}
	if _, err := w.Add(t.Context(), "ward", "a", []blocklists.Item{pattern("one[0-9]")}); !errors.Is(err, blocklists.ErrPatterns) {
		t.Errorf("one pattern more: %v", err)
	}
}

// Nothing of a list is readable in the database's files, nor without the resource's
// key, and another resource's list does not exist.
func TestListsAreSealed(t *testing.T) {
	w := newWorld(t)
	description := content.New("quietharbourdescription")
	if _, created, err := w.Put(t.Context(), "ward", "quietharbourlist", &description); err != nil || !created {
		t.Fatal(created, err)
	}
	w.add(t, "quietharbourlist", item("quietharbourterm"))
	if _, err := w.Get(t.Context(), "annex", "quietharbourlist"); !errors.Is(err, blocklists.ErrNoList) {
		t.Errorf("another resource's list: %v", err)
	}
	rows, err := w.db.List(t.Context(), "blocklists", "ward", store.Filter{}, 10, "")
	if err != nil || len(rows) != 1 {
		t.Fatal(len(rows), err)
	}
	if r := rows[0]; strings.Contains(r.ID+r.K1+r.K2+string(r.Sealed), "quietharbour") {
		t.Error("a row shows what is in it")
	}
	if err := w.db.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(w.path); err != nil || bytes.Contains(b, []byte("quietharbour")) {
		t.Errorf("the file shows it: %v", err)
	}
	w.keys["ward"] = seal.NewKey()
	fresh := w.another()
	if l, err := fresh.Lists(t.Context(), "ward"); err == nil {
		t.Errorf("lists without the key: %v", l)
	}
	delete(w.keys, "ward")
	if _, err := w.another().Matcher(t.Context(), "ward", "quietharbourlist"); err == nil || errors.Is(err, blocklists.ErrNoList) {
		t.Errorf("a list whose key is gone: %v", err)
	}
}

// What another replica changed is seen within a minute, and what this one changed at
// once.
func TestFreshness(t *testing.T) {
	w := newWorld(t)
	w.put(t, "ward", "a")
	if got := w.hits(t, "a", "falcon"); got != "" {
		t.Error(got)
	}
	if _, err := w.another().Add(t.Context(), "ward", "a", []blocklists.Item{item("falcon")}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(2 * time.Minute)
	if got := w.hits(t, "a", "falcon"); got != "falcon" {
		t.Errorf("two minutes later: %q", got)
	}
	if err := w.another().Delete(t.Context(), "ward", "a"); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(2 * time.Minute)
	if _, err := w.Matcher(t.Context(), "ward", "a"); !errors.Is(err, blocklists.ErrNoList) {
		t.Errorf("two minutes behind its end: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	w.put(t, "ward", "a")
	var all sync.WaitGroup
	for i := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for j := range 5 {
				if _, err := w.Add(context.Background(), "ward", "a", []blocklists.Item{item(fmt.Sprintf("term %d %d", i, j))}); err != nil {
					t.Error(err)
				}
				if m, err := w.Matcher(context.Background(), "ward", "a"); err != nil {
					t.Error(err)
				} else if hits := m.Find(normalize.Normalize(fmt.Sprintf("term %d %d", i, j))); len(hits) != 1 {
					t.Errorf("its own item is not found: %d", len(hits))
				}
			}
		}()
	}
	all.Wait()
	if items, err := w.Items(t.Context(), "ward", "a"); err != nil || len(items) != 40 {
		t.Errorf("%d items: %v", len(items), err)
	}
}
