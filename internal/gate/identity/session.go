package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"sallyport/internal/custody/store"
)

const (
	defaultIdle     = 30 * time.Minute
	defaultAbsolute = 8 * time.Hour
	// LinkLife is the life of a sign-in link that none is given for.
	LinkLife = 15 * time.Minute
	// maxLinkLife bounds what may be given: a link is a password in a mailbox.
	maxLinkLife = 24 * time.Hour
	// maxSessions bounds the sessions of one person; the one that was idle longest
	// ends when there is one too many.
	maxSessions = 16
	// maxLinks bounds a person's links that wait.
	maxLinks = 16
	// seenEvery is how much of a session's idle life a crash may take: the last use is
	// stored that often and not at every request.
	seenEvery = time.Minute
	// sessionLength and linkLength give 256 bits and more (62 letters have 5.95 each).
	sessionLength = 44
	linkLength    = 44
)

// ErrLink says that a sign-in link is unknown, used or too old. Which of them is
// told to nobody.
var ErrLink = errors.New("the link does not sign in")

// linkRow is a sign-in link at rest; its id is the hash.
type linkRow struct {
	Member  string    `json:"member"`
	Expires time.Time `json:"expires"`
}

// sessionRow is a session at rest; its id is the hash.
type sessionRow struct {
	Member  string    `json:"member"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
}

// session is a session in memory. Times are Unix nanoseconds.
type session struct {
	member  string
	created time.Time
	seen    atomic.Int64
	stored  atomic.Int64 // the value of seen that is stored
}

func (ix *index) addSession(it store.Item[sessionRow]) error {
	h, err := parseHash(it.ID)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	ix.sessions[h] = newSession(it.Value)
	return nil
}

func newSession(r sessionRow) *session {
	s := &session{member: r.Member, created: r.Created}
	s.seen.Store(r.Seen.UnixNano())
	s.stored.Store(r.Seen.UnixNano())
	return s
}

// NewLink makes a link secret that signs a person in once. A life of zero is
// LinkLife; it is cut at a day.
func (d *Directory) NewLink(ctx context.Context, member string, life time.Duration) (Secret, error) {
	if life <= 0 {
		life = LinkLife
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	if _, ok := d.Member(member); !ok {
		return Secret{}, fmt.Errorf("making a sign-in link: %w", store.ErrNotFound)
	}
	if err := d.sweepLinksLocked(ctx, member); err != nil {
		return Secret{}, err
	}
	secret := newSecret(linkLength)
	row := linkRow{Member: member, Expires: d.now().UTC().Add(min(life, maxLinkLife))}
	if err := d.tables.links.Create(ctx, scope, d.pepper.of("link", "", secret.s).String(), row); err != nil {
		return Secret{}, fmt.Errorf("making a sign-in link: %w", err)
	}
	return secret, nil
}

// sweepLinksLocked drops links that are too old, and a person's oldest when it
// has too many.
func (d *Directory) sweepLinksLocked(ctx context.Context, member string) error {
	var drop []string
	var own []store.Item[linkRow]
	now := d.now()
	err := every(ctx, &d.tables.links, scope, func(it store.Item[linkRow]) error {
		if !now.Before(it.Value.Expires) {
			drop = append(drop, it.ID)
		} else if it.Value.Member == member {
			own = append(own, it)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading sign-in links: %w", err)
	}
	slices.SortFunc(own, func(a, b store.Item[linkRow]) int { return a.Value.Expires.Compare(b.Value.Expires) })
	for ; len(own) >= maxLinks; own = own[1:] {
		drop = append(drop, own[0].ID)
	}
	for _, id := range drop {
		if err := d.tables.links.Delete(ctx, scope, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("dropping a sign-in link: %w", err)
		}
	}
	return nil
}

// Redeem spends a link and begins a session with a secret of its own: whatever
// cookie the browser had before is not the session's. Of two calls with the same
// link exactly one succeeds, in any number of processes: the link is deleted
// first, so a session that then cannot be stored costs a new link, never a
// second sign-in. ErrLink when the link does not sign in.
func (d *Directory) Redeem(ctx context.Context, link Secret) (Secret, Member, error) {
	if link.s == "" || len(link.s) > maxSecret {
		return Secret{}, Member{}, ErrLink
	}
	id := d.pepper.of("link", "", link.s).String()
	it, err := d.tables.links.Get(ctx, scope, id)
	if err == nil {
		err = d.tables.links.Delete(ctx, scope, id)
	}
	if errors.Is(err, store.ErrNotFound) {
		return Secret{}, Member{}, ErrLink
	}
	if err != nil {
		return Secret{}, Member{}, fmt.Errorf("spending a sign-in link: %w", err)
	}
	if !d.now().Before(it.Value.Expires) {
		return Secret{}, Member{}, ErrLink
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	m, ok := d.Member(it.Value.Member)
	if !ok {
		return Secret{}, Member{}, ErrLink
	}
	secret, err := d.beginLocked(ctx, m.ID)
	return secret, m, err
}

// Invited says whose link it is without spending it. False for a link that does
// not sign in.
func (d *Directory) Invited(ctx context.Context, link Secret) (Member, bool) {
	if link.s == "" || len(link.s) > maxSecret {
		return Member{}, false
	}
	it, err := d.tables.links.Get(ctx, scope, d.pepper.of("link", "", link.s).String())
	if err != nil || !d.now().Before(it.Value.Expires) {
		return Member{}, false
	}
	return d.Member(it.Value.Member)
}

// SessionLife is how long a session lasts at most.
func (d *Directory) SessionLife() time.Duration { return d.absolute }

func (d *Directory) beginLocked(ctx context.Context, member string) (Secret, error) {
	if err := d.sweepSessionsLocked(ctx, member); err != nil {
		return Secret{}, err
	}
	secret := newSecret(sessionLength)
	h := d.pepper.of("session", "", secret.s)
	now := d.now().UTC()
	row := sessionRow{Member: member, Created: now, Seen: now}
	if err := d.tables.sessions.Create(ctx, scope, h.String(), row); err != nil {
		return Secret{}, fmt.Errorf("beginning a session: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index.sessions[h] = newSession(row)
	return secret, nil
}

// sweepSessionsLocked ends sessions whose life is over, and a person's longest
// idle ones when it has too many.
func (d *Directory) sweepSessionsLocked(ctx context.Context, member string) error {
	type held struct {
		h    hash
		seen int64
	}
	var own []held
	var drop []hash
	now := d.now()
	d.mu.RLock()
	for h, s := range d.index.sessions {
		switch {
		case !d.alive(s, now):
			drop = append(drop, h)
		case s.member == member:
			own = append(own, held{h, s.seen.Load()})
		}
	}
	d.mu.RUnlock()
	slices.SortFunc(own, func(a, b held) int { return cmp.Compare(a.seen, b.seen) })
	for ; len(own) >= maxSessions; own = own[1:] {
		drop = append(drop, own[0].h)
	}
	return d.endLocked(ctx, drop)
}

// endLocked ends sessions, in memory first: a database that fails does not keep
// one alive.
func (d *Directory) endLocked(ctx context.Context, hs []hash) error {
	d.mu.Lock()
	for _, h := range hs {
		delete(d.index.sessions, h)
	}
	d.mu.Unlock()
	for _, h := range hs {
		if err := d.tables.sessions.Delete(ctx, scope, h.String()); err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("ending a session: %w", err)
		}
	}
	return nil
}

// EndSession signs out. An unknown session is no error: it has ended.
func (d *Directory) EndSession(ctx context.Context, s Secret) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	return d.endLocked(ctx, []hash{d.pepper.of("session", "", s.s)})
}

// EndSessions signs a person out everywhere, and drops links that wait.
func (d *Directory) EndSessions(ctx context.Context, member string) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	return d.endAllLocked(ctx, member)
}

func (d *Directory) endAllLocked(ctx context.Context, member string) error {
	var hs []hash
	d.mu.RLock()
	for h, s := range d.index.sessions {
		if s.member == member {
			hs = append(hs, h)
		}
	}
	d.mu.RUnlock()
	err := d.endLocked(ctx, hs)
	return errors.Join(err, every(ctx, &d.tables.links, scope, func(it store.Item[linkRow]) error {
		if it.Value.Member != member {
			return nil
		}
		if err := d.tables.links.Delete(ctx, scope, it.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	}))
}

// alive reports whether a session's idle and absolute lives last.
func (d *Directory) alive(s *session, now time.Time) bool {
	return now.Sub(time.Unix(0, s.seen.Load())) < d.idle && now.Sub(s.created) < d.absolute
}

func (d *Directory) bySession(ctx context.Context, secret Secret) (Principal, error) {
	if secret.s == "" {
		return Principal{}, ErrToken
	}
	h := d.pepper.of("session", "", secret.s)
	now := d.now()
	d.mu.RLock()
	s := d.index.sessions[h]
	var m Member
	known := false
	if s != nil {
		m, known = d.index.members[s.member]
	}
	d.mu.RUnlock()
	if s == nil || !known || !d.alive(s, now) {
		return Principal{}, ErrToken
	}
	pseudonym, err := d.pseudonym(ctx, m.ID)
	if err != nil {
		return Principal{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	d.touch(ctx, h, s, now)
	return Principal{
		ID: m.ID, Pseudonym: pseudonym, Object: pseudonym, Name: m.Name, Kind: Person,
		Groups: m.Groups, GroupsKnown: true, Via: Session,
	}, nil
}

// touch notes that a session is in use.
func (d *Directory) touch(ctx context.Context, h hash, s *session, now time.Time) {
	at := now.UnixNano()
	for {
		seen := s.seen.Load()
		if at <= seen || s.seen.CompareAndSwap(seen, at) {
			break
		}
	}
	stored := s.stored.Load()
	if at-stored < int64(seenEvery) || !s.stored.CompareAndSwap(stored, at) {
		return
	}
	err := d.tables.sessions.Update(ctx, scope, h.String(), func(r *sessionRow) error {
		r.Seen = now.UTC()
		return nil
	})
	// Not found: it was ended in this moment. Any other failure costs idle life after
	// a restart, not the request.
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		d.log.LogAttrs(ctx, slog.LevelWarn, "the last use of a session could not be stored", slog.Any("err", err))
	}
}
