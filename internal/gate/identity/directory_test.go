package identity_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport/internal/custody/seal"
	"sallyport/internal/custody/store"
	"sallyport/internal/gate/identity"
)

var t0 = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// home is a database that a directory can be opened on again and again.
type home struct {
	db    store.Store
	key   seal.Key
	path  string
	clock *clock
}

func newHome(t testing.TB, c *clock) *home {
	t.Helper()
	h := &home{key: seal.NewKey(), path: filepath.Join(t.TempDir(), "s.db"), clock: c}
	db, err := store.OpenSQLite(t.Context(), h.path, seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h.db = db
	return h
}

func (h *home) open(t testing.TB, ps ...identity.Provider) *identity.Directory {
	t.Helper()
	d, err := identity.Open(t.Context(), identity.Config{Store: h.db, Key: h.key, Providers: ps, Now: h.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newDirectoryAt(t testing.TB, c *clock, ps ...identity.Provider) *identity.Directory {
	t.Helper()
	return newHome(t, c).open(t, ps...)
}

func newDirectory(t testing.TB, ps ...identity.Provider) *identity.Directory {
	t.Helper()
	return newDirectoryAt(t, &clock{t: t0}, ps...)
}

func key(s identity.Secret) identity.Credential {
	return identity.Credential{Kind: identity.Key, Secret: s}
}

func session(s identity.Secret) identity.Credential {
	return identity.Credential{Kind: identity.Session, Secret: s}
}

func TestSecretsDoNotShow(t *testing.T) {
	s := identity.NewSecret("hunter2")
	c := identity.Credential{Kind: identity.Key, Secret: s}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", s, "b", c, "c", &s)
	j, err := json.Marshal(map[string]any{"a": s, "b": c, "c": map[string]identity.Secret{"d": s}})
	if err != nil {
		t.Fatal(err)
	}
	shown := log.String() + string(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		shown += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, c) + fmt.Sprintf(verb, &c) + fmt.Sprintf(verb, []identity.Secret{s})
	}
	if strings.Contains(shown, "hunter2") || strings.Contains(shown, "68756e746572") || strings.Contains(shown, "104 117") {
		t.Errorf("the secret shows: %s", shown)
	}
	if s.Reveal() != "hunter2" {
		t.Error("Reveal does not")
	}
}

func TestKeys(t *testing.T) {
	h := newHome(t, &clock{t: t0})
	d := h.open(t)
	k1, err := d.NewKey(t.Context(), "ward", identity.Key1)
	if err != nil {
		t.Fatal(err)
	}
	k2, err := d.NewKey(t.Context(), "ward", identity.Key2)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := d.NewKey(t.Context(), "pharmacy", identity.Key1)
	for _, k := range []identity.Secret{k1, k2, other} {
		if !regexp.MustCompile(`^[A-Za-z0-9]{84}$`).MatchString(k.Reveal()) {
			t.Errorf("a key of another form, of %d characters", len(k.Reveal()))
		}
	}
	is := func(d *identity.Directory, resource string, s identity.Secret, want string) {
		t.Helper()
		for _, kind := range []identity.CredentialKind{identity.Key, identity.Bearer} {
			p, err := d.Authenticate(t.Context(), resource, identity.Credential{Kind: kind, Secret: s})
			switch {
			case want == "" && !errors.Is(err, identity.ErrKey):
				t.Errorf("kind %d: %+v, %v", kind, p, err)
			case want != "" && (err != nil || p.Pseudonym != want || p.Kind != identity.Application || p.Resource != resource || p.Via != identity.Key):
				t.Errorf("kind %d: %+v, %v; want %s", kind, p, err, want)
			}
		}
	}
	is(d, "ward", k1, "key1")
	is(d, "ward", k2, "key2")
	is(d, "ward", other, "")
	is(d, "pharmacy", k1, "")
	is(d, "", k1, "")
	is(d, "nothing", k1, "")
	is(d, "ward", identity.Secret{}, "")
	is(d, "nothing", identity.Secret{}, "")
	is(d, "ward", identity.NewSecret(k1.Reveal()+"x"), "")
	is(d, "ward", identity.NewSecret(k1.Reveal()[:83]), "")
	is(d, "ward", identity.NewSecret(strings.ToLower(k1.Reveal())), "")
	is(d, "ward", identity.NewSecret(strings.Repeat("a", 1<<20)), "")

	// A key renewed is a key dead, and the other one lives.
	renewed, err := d.NewKey(t.Context(), "ward", identity.Key1)
	if err != nil {
		t.Fatal(err)
	}
	is(d, "ward", k1, "")
	is(d, "ward", renewed, "key1")
	is(d, "ward", k2, "key2")

	// After a start everything is as it was.
	again := h.open(t)
	is(again, "ward", renewed, "key1")
	is(again, "ward", k2, "key2")
	is(again, "ward", k1, "")
	if !again.HasKey("ward", identity.Key2) || again.HasKey("pharmacy", identity.Key2) || again.HasKey("x", identity.Key1) || again.HasKey("ward", 0) || again.HasKey("ward", 9) {
		t.Error("HasKey")
	}

	// Another process removes one: it shows after Reload.
	if err := again.RemoveKey(t.Context(), "ward", identity.Key2); err != nil {
		t.Fatal(err)
	}
	is(again, "ward", k2, "")
	if err := d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	is(d, "ward", k2, "")
	if _, err := d.NewKey(t.Context(), "", identity.Key1); err == nil {
		t.Error("a key of no resource")
	}
	if _, err := d.NewKey(t.Context(), "ward", 3); err == nil {
		t.Error("a third key")
	}
	if _, err := identity.ParseSlot("key3"); err == nil {
		t.Error("a third slot")
	}
}

// With another pepper no key works: hashes taken from the database are of no use.
func TestPepper(t *testing.T) {
	h := newHome(t, &clock{t: t0})
	k, err := h.open(t).NewKey(t.Context(), "ward", identity.Key1)
	if err != nil {
		t.Fatal(err)
	}
	h.key = seal.NewKey()
	if _, err := identity.Open(t.Context(), identity.Config{Store: h.db, Key: h.key}); err == nil {
		t.Error("rows of another key opened")
	}
	if _, err := identity.Open(t.Context(), identity.Config{Store: h.db}); err == nil {
		t.Error("a directory without a key")
	}
	_ = k
}

func TestNoSecretInTheFile(t *testing.T) {
	h := newHome(t, &clock{t: t0})
	d := h.open(t)
	k, _ := d.NewKey(t.Context(), "ward", identity.Key1)
	m, _ := d.NewMember(t.Context(), "Nora Quist", "nurses")
	l1, _ := d.NewLink(t.Context(), m.ID, 0)
	l2, _ := d.NewLink(t.Context(), m.ID, 0)
	s, _, err := d.Redeem(t.Context(), l1)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(h.path + "*")
	if len(files) == 0 {
		t.Fatal("no file")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for what, secret := range map[string]string{"key": k.Reveal(), "link": l2.Reveal(), "session": s.Reveal(), "name": "Quist"} {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds the %s", f, what)
			}
		}
	}
}

func TestLinksAndSessions(t *testing.T) {
	c := &clock{t: t0}
	h := newHome(t, c)
	d := h.open(t)
	m, err := d.NewMember(t.Context(), "Nora", "nurses")
	if err != nil {
		t.Fatal(err)
	}
	link, err := d.NewLink(t.Context(), m.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := d.Invited(t.Context(), link); !ok || got.ID != m.ID {
		t.Errorf("Invited: %+v, %v", got, ok)
	}
	// A link is no session, and no session is the link.
	if _, err := d.Authenticate(t.Context(), "", session(link)); !errors.Is(err, identity.ErrToken) {
		t.Errorf("a link as a session: %v", err)
	}
	s, got, err := d.Redeem(t.Context(), link)
	if err != nil || got.ID != m.ID || s.Reveal() == link.Reveal() || len(s.Reveal()) < 43 {
		t.Fatalf("Redeem: %+v, %v", got, err)
	}
	if _, _, err := d.Redeem(t.Context(), link); !errors.Is(err, identity.ErrLink) {
		t.Errorf("a second time: %v", err)
	}
	if _, ok := d.Invited(t.Context(), link); ok {
		t.Error("a link that was used invites")
	}
	if _, _, err := d.Redeem(t.Context(), s); !errors.Is(err, identity.ErrLink) {
		t.Errorf("a session as a link: %v", err)
	}
	for _, bad := range []identity.Secret{{}, identity.NewSecret("x"), identity.NewSecret(strings.Repeat("x", 1<<20))} {
		if _, _, err := d.Redeem(t.Context(), bad); !errors.Is(err, identity.ErrLink) {
			t.Errorf("bad link: %v", err)
		}
	}
	p, err := d.Authenticate(t.Context(), "ward", session(s))
	if err != nil || p.ID != m.ID || p.Kind != identity.Person || p.Via != identity.Session || !p.GroupsKnown || fmt.Sprint(p.Groups) != "[nurses]" || p.Pseudonym == "" || p.Pseudonym == m.ID {
		t.Errorf("principal: %+v, %v", p, err)
	}
	// As a key or token it proves nobody.
	for _, kind := range []identity.CredentialKind{identity.None, identity.Key, identity.Bearer, 9} {
		if _, err := d.Authenticate(t.Context(), "ward", identity.Credential{Kind: kind, Secret: s}); err == nil {
			t.Errorf("a session as kind %d", kind)
		}
	}
	// It survives a start, and its groups are the registry's.
	d = h.open(t)
	if err := d.UpdateMember(t.Context(), m.ID, func(m *identity.Member) error { m.Groups = []string{"doctors"}; m.ID = "other"; return nil }); err != nil {
		t.Fatal(err)
	}
	if q, err := d.Authenticate(t.Context(), "", session(s)); err != nil || fmt.Sprint(q.Groups) != "[doctors]" || q.Pseudonym != p.Pseudonym || q.ID != m.ID {
		t.Errorf("after a start: %+v, %v", q, err)
	}
	if err := d.EndSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*identity.Directory{d, h.open(t)} {
		if _, err := d.Authenticate(t.Context(), "", session(s)); !errors.Is(err, identity.ErrToken) {
			t.Errorf("after it was ended: %v", err)
		}
	}
	if err := d.EndSession(t.Context(), s); err != nil {
		t.Errorf("ending what has ended: %v", err)
	}
}

func signIn(t testing.TB, d *identity.Directory, member string) identity.Secret {
	t.Helper()
	link, err := d.NewLink(t.Context(), member, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := d.Redeem(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Of many who use a link at once exactly one signs in, in two processes too.
func TestALinkSignsInOnce(t *testing.T) {
	h := newHome(t, &clock{t: t0})
	ds := []*identity.Directory{h.open(t)}
	m, err := ds[0].NewMember(t.Context(), "Nora")
	if err != nil {
		t.Fatal(err)
	}
	ds = append(ds, h.open(t))
	for range 5 {
		link, err := ds[0].NewLink(t.Context(), m.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		ok := 0
		for i := range 8 {
			wg.Go(func() {
				_, _, err := ds[i%2].Redeem(t.Context(), link)
				if err == nil {
					mu.Lock()
					ok++
					mu.Unlock()
				} else if !errors.Is(err, identity.ErrLink) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if ok != 1 {
			t.Errorf("%d signed in by one link", ok)
		}
	}
}

func TestLivesEnd(t *testing.T) {
	c := &clock{t: t0}
	h := newHome(t, c)
	d := h.open(t)
	m, _ := d.NewMember(t.Context(), "Nora")
	link, _ := d.NewLink(t.Context(), m.ID, 0)
	short, _ := d.NewLink(t.Context(), m.ID, time.Minute)
	long, _ := d.NewLink(t.Context(), m.ID, 1000*time.Hour)
	c.set(t0.Add(time.Minute))
	if _, _, err := d.Redeem(t.Context(), short); !errors.Is(err, identity.ErrLink) {
		t.Errorf("a link of a minute after a minute: %v", err)
	}
	c.set(t0.Add(15 * time.Minute))
	if _, ok := d.Invited(t.Context(), link); ok {
		t.Error("an old link invites")
	}
	if _, _, err := d.Redeem(t.Context(), link); !errors.Is(err, identity.ErrLink) {
		t.Errorf("a link after 15 minutes: %v", err)
	}
	c.set(t0.Add(24 * time.Hour))
	if _, _, err := d.Redeem(t.Context(), long); !errors.Is(err, identity.ErrLink) {
		t.Errorf("a link for 1000 hours after a day: %v", err)
	}

	start := c.now()
	s := signIn(t, d, m.ID)
	alive := func(d *identity.Directory, after time.Duration, want bool) {
		t.Helper()
		c.set(start.Add(after))
		if _, err := d.Authenticate(t.Context(), "", session(s)); (err == nil) != want {
			t.Errorf("after %v: %v", after, err)
		}
	}
	for at := time.Duration(0); at < 8*time.Hour; at += 29 * time.Minute {
		alive(d, at, true)
	}
	alive(d, 8*time.Hour, false)

	start = c.now()
	s = signIn(t, d, m.ID)
	alive(d, 20*time.Minute, true)
	// A crash takes at most a minute of idle life: the last use is stored.
	alive(h.open(t), 49*time.Minute, true)
	alive(d, 49*time.Minute, true)
	alive(d, 79*time.Minute, false)
}

func TestSignedOutEverywhere(t *testing.T) {
	h := newHome(t, &clock{t: t0})
	d := h.open(t)
	m, _ := d.NewMember(t.Context(), "Nora")
	n, _ := d.NewMember(t.Context(), "Ole")
	a, b, other := signIn(t, d, m.ID), signIn(t, d, m.ID), signIn(t, d, n.ID)
	link, _ := d.NewLink(t.Context(), m.ID, 0)
	if err := d.EndSessions(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*identity.Directory{d, h.open(t)} {
		for _, s := range []identity.Secret{a, b} {
			if _, err := d.Authenticate(t.Context(), "", session(s)); err == nil {
				t.Error("a session lives")
			}
		}
		if _, err := d.Authenticate(t.Context(), "", session(other)); err != nil {
			t.Errorf("somebody else's: %v", err)
		}
	}
	if _, _, err := d.Redeem(t.Context(), link); !errors.Is(err, identity.ErrLink) {
		t.Errorf("a link that waited: %v", err)
	}
}

func TestSessionsAndLinksAreBounded(t *testing.T) {
	c := &clock{t: t0}
	d := newDirectoryAt(t, c)
	m, _ := d.NewMember(t.Context(), "Nora")
	var all []identity.Secret
	for i := range 20 {
		c.set(t0.Add(time.Duration(i) * time.Second))
		all = append(all, signIn(t, d, m.ID))
	}
	alive := 0
	for _, s := range all {
		if _, err := d.Authenticate(t.Context(), "", session(s)); err == nil {
			alive++
		}
	}
	if alive != 16 {
		t.Errorf("%d sessions live", alive)
	}
	if _, err := d.Authenticate(t.Context(), "", session(all[19])); err != nil {
		t.Error("the newest session ended")
	}
	var links []identity.Secret
	for i := range 20 {
		c.set(t0.Add(time.Minute + time.Duration(i)*time.Second))
		l, err := d.NewLink(t.Context(), m.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, l)
	}
	alive = 0
	for _, l := range links {
		if _, ok := d.Invited(t.Context(), l); ok {
			alive++
		}
	}
	if alive != 16 {
		t.Errorf("%d links live", alive)
	}
}

func TestMembers(t *testing.T) {
	h := newHome(t, &clock{t: t0})
	d := h.open(t)
	m, _ := d.NewMember(t.Context(), "Nora")
	d.NewMember(t.Context(), "Ada")
	s := signIn(t, d, m.ID)
	before, err := d.Authenticate(t.Context(), "", session(s))
	if err != nil {
		t.Fatal(err)
	}
	// An erased pseudonym is not found again: the next one is another.
	if err := d.ErasePseudonym(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	after, err := d.Authenticate(t.Context(), "", session(s))
	if err != nil || after.Pseudonym == before.Pseudonym || after.Pseudonym == "" {
		t.Errorf("after erasure: %+v, %v", after, err)
	}
	if got := d.Members(); len(got) != 2 || got[0].Name != "Ada" {
		t.Errorf("Members: %+v", got)
	}
	if err := d.RemoveMember(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*identity.Directory{d, h.open(t)} {
		if _, err := d.Authenticate(t.Context(), "", session(s)); err == nil {
			t.Error("the session of somebody removed lives")
		}
		if _, ok := d.Member(m.ID); ok {
			t.Error("a person removed is there")
		}
	}
	for _, table := range []string{"sessions", "sign_in_links", "pseudonyms"} {
		if rows, err := h.db.List(t.Context(), table, "installation", store.Filter{}, 10, ""); err != nil || len(rows) > len(d.Members()) || table == "sessions" && len(rows) > 0 {
			t.Errorf("%s keeps %d rows of somebody removed, %v", table, len(rows), err)
		}
	}
	if _, err := d.NewLink(t.Context(), m.ID, 0); err == nil {
		t.Error("a link for somebody removed")
	}
	if err := d.RemoveMember(t.Context(), m.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if err := d.UpdateMember(t.Context(), "x", func(*identity.Member) error { return nil }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("changing nobody: %v", err)
	}
	if _, err := d.NewMember(t.Context(), ""); err == nil {
		t.Error("somebody without a name")
	}
}

func TestConcurrentUse(t *testing.T) {
	d := newDirectory(t)
	m, _ := d.NewMember(t.Context(), "Nora")
	s := signIn(t, d, m.ID)
	k, _ := d.NewKey(t.Context(), "ward", identity.Key1)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if _, err := d.Authenticate(t.Context(), "ward", key(k)); err != nil {
					t.Error(err)
				}
				d.Authenticate(t.Context(), "", session(s))
				d.Members()
			}
		})
	}
	wg.Go(func() {
		for range 10 {
			d.NewKey(t.Context(), "ward", identity.Key2)
			d.Reload(t.Context())
			d.ErasePseudonym(t.Context(), m.ID)
		}
	})
	wg.Wait()
}

func BenchmarkKey(b *testing.B) {
	d := newDirectory(b)
	k, err := d.NewKey(b.Context(), "ward", identity.Key1)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Authenticate(b.Context(), "ward", key(k)); err != nil {
			b.Fatal(err)
		}
	}
}
