package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

const (
	// verifiedLife is how long a verified token is taken without looking at its
	// signature again: an RSA signature costs more than all the rest of the gate. A
	// key that the provider took back works that much longer.
	verifiedLife = time.Minute
	// maxVerified bounds the tokens remembered.
	maxVerified = 4096
	// maxGroups bounds the groups read from a token. Entra sends 200 at most.
	maxGroups = 1000
	// maxID is the longest id of a person (OpenID Connect Core, section 2).
	maxID = 255
)

// claims are what a token proves, apart from the times.
type claims struct {
	id, name    string
	groups      []string // with the provider's name
	groupsUntil time.Time
}

// verified remembers tokens by the hash of all their characters.
type verified struct {
	mu     sync.Mutex
	tokens map[[sha256.Size]byte]remembered // guarded by mu
}

type remembered struct {
	claims
	provider *provider
	until    time.Time
}

func (v *verified) get(h [sha256.Size]byte, now time.Time) (remembered, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, ok := v.tokens[h]
	return r, ok && now.Before(r.until)
}

func (v *verified) put(h [sha256.Size]byte, r remembered, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens == nil {
		v.tokens = map[[sha256.Size]byte]remembered{}
	}
	if len(v.tokens) >= maxVerified {
		for h, r := range v.tokens {
			if !now.Before(r.until) {
				delete(v.tokens, h)
			}
		}
		if len(v.tokens) >= maxVerified { // all of them live: begin again
			clear(v.tokens)
		}
	}
	v.tokens[h] = r
}

// byToken proves a JWT.
func (d *Directory) byToken(ctx context.Context, s Secret) (Principal, error) {
	now := d.now()
	h := sha256.Sum256([]byte(s.s))
	r, ok := d.verified.get(h, now)
	if !ok {
		p := d.providers[unverifiedIssuer(s.s)]
		if p == nil {
			return Principal{}, fmt.Errorf("%w: of an issuer that is not configured", ErrToken)
		}
		c, expires, err := p.verify(ctx, s.s, now)
		if err != nil {
			return Principal{}, err
		}
		r = remembered{claims: c, provider: p, until: now.Add(verifiedLife)}
		if expires.Before(r.until) {
			r.until = expires
		}
		d.verified.put(h, r, now)
	}
	id := r.provider.Name + ":" + r.id
	pseudonym, err := d.pseudonym(ctx, id)
	if err != nil {
		return Principal{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	p := Principal{ID: id, Pseudonym: pseudonym, Object: r.id, Name: r.name, Kind: Person, Via: Bearer}
	if now.Before(r.groupsUntil) {
		p.Groups, p.GroupsKnown = r.groups, true
	}
	return p, nil
}

// unverifiedIssuer reads which provider a token claims to be from. Verification
// holds it to that.
func unverifiedIssuer(token string) string {
	parts := strings.SplitN(token, ".", 3)
	if len(parts) != 3 {
		return ""
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var c struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(b, &c) != nil {
		return ""
	}
	return c.Issuer
}

// signature verifies with the provider's keys. It is the oidc.KeySet of one
// verification: down tells that it failed because the provider could not be asked.
type signature struct {
	p    *provider
	down error
}

// VerifySignature satisfies oidc.KeySet.
func (s *signature) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSigned(token, algorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, errors.New("malformed")
	}
	set, err := s.p.current(ctx)
	if err != nil {
		s.down = err
		return nil, err
	}
	kid := jws.Signatures[0].Protected.KeyID
	if payload, ok := set.verify(jws, kid); ok {
		return payload, nil
	}
	if set.has(kid) {
		return nil, errors.New("the signature is wrong")
	}
	// The provider may have a new key. Asking is bounded: see keysPause.
	set, err = s.p.fetch(ctx, set, keysPause)
	if err != nil {
		s.down = err
		return nil, err
	}
	if payload, ok := set.verify(jws, kid); ok {
		return payload, nil
	}
	return nil, errors.New("the signature is of no key of the provider")
}

func (s *keySet) has(kid string) bool {
	return kid == "" || slices.ContainsFunc(s.keys, func(k jose.JSONWebKey) bool { return k.KeyID == kid })
}

// verify tries the keys with the token's key id, or all when it names none. A key
// that says which algorithm it is for is held to it.
func (s *keySet) verify(jws *jose.JSONWebSignature, kid string) ([]byte, bool) {
	alg := jws.Signatures[0].Protected.Algorithm
	for i := range s.keys {
		k := &s.keys[i]
		if kid != "" && k.KeyID != kid || k.Algorithm != "" && k.Algorithm != alg {
			continue
		}
		if payload, err := jws.Verify(k); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// verify proves a token's signature, issuer, audience and times.
func (p *provider) verify(ctx context.Context, token string, now time.Time) (claims, time.Time, error) {
	sig := &signature{p: p}
	v := oidc.NewVerifier(p.Issuer, sig, &oidc.Config{
		SupportedSigningAlgs: algorithmNames,
		SkipClientIDCheck:    true, // several audiences: below
		SkipExpiryCheck:      true, // with our leeway: below
	})
	t, err := v.Verify(ctx, token)
	if sig.down != nil {
		return claims{}, time.Time{}, fmt.Errorf("%w: %w", ErrUnavailable, sig.down)
	}
	if err != nil {
		return claims{}, time.Time{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	var more struct {
		NotBefore *float64 `json:"nbf"`
		Name      string   `json:"name"`
	}
	var all map[string]json.RawMessage
	if err := errors.Join(t.Claims(&more), t.Claims(&all)); err != nil {
		return claims{}, time.Time{}, fmt.Errorf("%w: its claims cannot be read", ErrToken)
	}
	switch {
	case !slices.ContainsFunc(t.Audience, p.forUs):
		return claims{}, time.Time{}, fmt.Errorf("%w: it is for somebody else", ErrToken)
	case t.Expiry.IsZero() || t.Expiry.Unix() <= 0 || !now.Before(t.Expiry.Add(leeway)):
		return claims{}, time.Time{}, fmt.Errorf("%w: it has expired", ErrToken)
	case more.NotBefore != nil && now.Add(leeway).Before(time.Unix(int64(*more.NotBefore), 0)):
		return claims{}, time.Time{}, fmt.Errorf("%w: it does not hold yet", ErrToken)
	}
	c, err := p.claims(all, t.IssuedAt)
	c.name = more.Name
	return c, t.Expiry.Add(leeway), err
}

func (p *provider) forUs(audience string) bool {
	return slices.Contains(p.audiences, strings.TrimSuffix(audience, "/"))
}

func (p *provider) claims(all map[string]json.RawMessage, issued time.Time) (claims, error) {
	var c claims
	if json.Unmarshal(all[p.PersonClaim], &c.id) != nil || c.id == "" || len(c.id) > maxID {
		return c, fmt.Errorf("%w: it names nobody", ErrToken)
	}
	// A claim that is missing, that is in another place (Entra's overage: a link
	// instead of the list), or of another form leaves the groups unknown.
	raw, ok := all[p.GroupsClaim]
	var groups []string
	if !ok || json.Unmarshal(raw, &groups) != nil || groups == nil || len(groups) > maxGroups || issued.IsZero() || issued.Unix() <= 0 {
		return c, nil
	}
	for i, g := range groups {
		groups[i] = p.Name + ":" + g
	}
	c.groups, c.groupsUntil = groups, issued.Add(p.GroupsMaxAge)
	return c, nil
}
