// Package storetest is the contract of store.Store as tests. Every
// implementation passes it.
package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/custody/store"
)

// Run tests the store that open gives; every subtest opens an empty one.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	tests := map[string]func(*testing.T, store.Store){
		"put and get":             putGet,
		"missing":                 missing,
		"versions":                versions,
		"updates do not get lost": contended,
		"a refused change leaves": refused,
		"scopes are apart":        scopes,
		"list":                    list,
		"odd values":              odd,
		"digest":                  digest,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func putGet(t *testing.T, s store.Store) {
	want := store.Row{Scope: "ward", ID: "a", Version: 1, K1: "x", K2: "y", Sealed: []byte{0, 1, 255}}
	must(t, s.Put(t.Context(), "things", want))
	got, err := s.Get(t.Context(), "things", "ward", "a")
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	is(t, "second Put", s.Put(t.Context(), "things", want), store.ErrConflict)
}

func missing(t *testing.T, s store.Store) {
	ctx := t.Context()
	_, err := s.Get(ctx, "things", "ward", "a")
	is(t, "Get", err, store.ErrNotFound)
	is(t, "Delete", s.Delete(ctx, "things", "ward", "a"), store.ErrNotFound)
	is(t, "Update", s.Update(ctx, "things", "ward", "a", func(*store.Row) error {
		t.Error("change ran without a row")
		return nil
	}), store.ErrNotFound)
	rows, err := s.List(ctx, "things", "ward", store.Filter{}, 10, "")
	if err != nil || len(rows) > 0 {
		t.Errorf("List: got %v, %v", rows, err)
	}
}

func versions(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.Put(ctx, "things", store.Row{Scope: "ward", ID: "a", Version: 41}))
	for want := range int64(5) {
		must(t, s.Update(ctx, "things", "ward", "a", func(r *store.Row) error {
			if r.Version != want+1 {
				t.Errorf("version in change: got %d, want %d", r.Version, want+1)
			}
			r.K1, r.Version = "changed", 99 // the version is not the caller's to set
			return nil
		}))
	}
	r, err := s.Get(ctx, "things", "ward", "a")
	must(t, err)
	if r.Version != 6 || r.K1 != "changed" {
		t.Errorf("got %+v", r)
	}
	must(t, s.Delete(ctx, "things", "ward", "a"))
	_, err = s.Get(ctx, "things", "ward", "a")
	is(t, "Get after Delete", err, store.ErrNotFound)
}

func contended(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.Put(ctx, "things", store.Row{Scope: "ward", ID: "n", K1: "0"}))
	const workers, each = 8, 10
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				err := s.Update(ctx, "things", "ward", "n", func(r *store.Row) error {
					n, err := strconv.Atoi(r.K1)
					r.K1 = strconv.Itoa(n + 1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	r, err := s.Get(ctx, "things", "ward", "n")
	must(t, err)
	if want := strconv.Itoa(workers * each); r.K1 != want || r.Version != workers*each+1 {
		t.Errorf("got %s at version %d, want %s", r.K1, r.Version, want)
	}
}

func refused(t *testing.T, s store.Store) {
	ctx, no := t.Context(), errors.New("no")
	must(t, s.Put(ctx, "things", store.Row{Scope: "ward", ID: "a", K1: "before"}))
	is(t, "Update", s.Update(ctx, "things", "ward", "a", func(r *store.Row) error {
		r.K1 = "after"
		return no
	}), no)
	r, err := s.Get(ctx, "things", "ward", "a")
	must(t, err)
	if r.K1 != "before" || r.Version != 1 {
		t.Errorf("got %+v", r)
	}
}

func scopes(t *testing.T, s store.Store) {
	ctx := t.Context()
	for _, scope := range []string{"ward", "finance", "ward2"} {
		must(t, s.Put(ctx, "things", store.Row{Scope: scope, ID: "a", K1: scope}))
	}
	must(t, s.Put(ctx, "others", store.Row{Scope: "hr", ID: "a"}))
	must(t, s.Delete(ctx, "things", "finance", "a"))
	r, err := s.Get(ctx, "things", "ward", "a")
	must(t, err)
	if r.K1 != "ward" {
		t.Errorf("got the row of %s", r.K1)
	}
	rows, err := s.List(ctx, "things", "ward", store.Filter{}, 10, "")
	must(t, err)
	if len(rows) != 1 {
		t.Errorf("List of ward: got %v", rows)
	}
	got, err := s.Scopes(ctx, "things", 10, "")
	must(t, err)
	if d := cmp.Diff([]string{"ward", "ward2"}, got); d != "" {
		t.Error(d)
	}
	got, err = s.Scopes(ctx, "things", 10, "ward")
	must(t, err)
	if d := cmp.Diff([]string{"ward2"}, got); d != "" {
		t.Error(d)
	}
}

func list(t *testing.T, s store.Store) {
	ctx := t.Context()
	for i := range 20 {
		must(t, s.Put(ctx, "things", store.Row{Scope: "ward", ID: fmt.Sprintf("%02d", i),
			K1: []string{"even", "odd"}[i%2], K2: fmt.Sprintf("k%02d", i)}))
	}
	ids := func(f store.Filter, limit int, after string) (ids []string) {
		rows, err := s.List(ctx, "things", "ward", f, limit, after)
		must(t, err)
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		return ids
	}
	for _, tt := range []struct {
		f     store.Filter
		limit int
		after string
		want  []string
	}{
		{store.Filter{}, 3, "", []string{"00", "01", "02"}},
		{store.Filter{}, 3, "02", []string{"03", "04", "05"}},
		{store.Filter{}, 3, "19", nil},
		{store.Filter{K1: "odd"}, 2, "02", []string{"03", "05"}},
		{store.Filter{K2: "k07"}, 5, "", []string{"07"}},
		{store.Filter{K1: "even", K2: "k07"}, 5, "", nil},
		{store.Filter{K2Min: "k05", K2Max: "k08"}, 9, "", []string{"05", "06", "07"}},
		{store.Filter{K1: "odd", K2Min: "k05", K2Max: "k08"}, 9, "05", []string{"07"}},
	} {
		if d := cmp.Diff(tt.want, ids(tt.f, tt.limit, tt.after)); d != "" {
			t.Errorf("%+v %d %q: %s", tt.f, tt.limit, tt.after, d)
		}
	}
	if n := len(ids(store.Filter{}, 0, "")); n != 20 {
		t.Errorf("no limit: got %d rows", n)
	}
}

// odd stores what an attacker would send.
func odd(t *testing.T, s store.Store) {
	ctx := t.Context()
	for i, v := range []string{"'; DROP TABLE records; --", "%", "_", "$1", "a/b", "Ä", "\u202e", " ", "a\nb"} {
		want := store.Row{Scope: v, ID: v, Version: 1, K1: v, K2: v, Sealed: []byte(v)}
		must(t, s.Put(ctx, "things", want))
		got, err := s.Get(ctx, "things", v, v)
		must(t, err)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		rows, err := s.List(ctx, "things", v, store.Filter{K1: v}, 10, "")
		if err != nil || len(rows) != 1 {
			t.Errorf("List %d: %d rows, %v", i, len(rows), err)
		}
	}
}

func digest(t *testing.T, s store.Store) {
	ctx := t.Context()
	seen := map[[32]byte]string{}
	look := func(after string) {
		d, err := s.Digest(ctx, "things")
		must(t, err)
		if before, ok := seen[d]; ok {
			t.Errorf("the digest after %q is that after %q", after, before)
		}
		seen[d] = after
	}
	look("nothing")
	must(t, s.Put(ctx, "things", store.Row{Scope: "ab", ID: "c"}))
	look("put")
	must(t, s.Put(ctx, "things", store.Row{Scope: "a", ID: "bc"}))
	look("another")
	must(t, s.Delete(ctx, "things", "ab", "c"))
	look("delete")
	must(t, s.Update(ctx, "things", "a", "bc", func(r *store.Row) error { r.Sealed = []byte{1}; return nil }))
	look("update")
	before, err := s.Digest(ctx, "things")
	must(t, err)
	must(t, s.Put(ctx, "others", store.Row{Scope: "a", ID: "b"}))
	after, err := s.Digest(ctx, "things")
	must(t, err)
	if before != after {
		t.Error("another table changed the digest")
	}
}
