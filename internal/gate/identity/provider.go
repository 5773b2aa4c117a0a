package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crypto/rsa"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// Provider is an OpenID Connect provider whose tokens are accepted.
type Provider struct {
	// Name prefixes what the provider says: its person 0f1 is "NAME:0f1", its group
	// nurses "NAME:nurses". Two providers, and the installation's own persons, thus
	// cannot be taken for each other. Required.
	Name   string
	Issuer string // exactly as in its tokens; required
	// Audiences are accepted besides Azure's two. A trailing slash makes no difference.
	Audiences []string
	// PersonClaim names the claim with the stable id of a person. Empty: "oid" for
	// Entra, whose sub differs from application to application; "sub" elsewhere.
	PersonClaim string
	// GroupsClaim names the claim with the groups. Empty: "groups".
	GroupsClaim string
	// GroupsMaxAge is how old a token may be for its groups to count as known. Zero:
	// 90 minutes, the longest life that Entra gives an access token by default.
	GroupsMaxAge time.Duration
	// HTTP makes the calls: its transport carries the proxy and the roots of trust.
	// Required; NewClient makes one. Redirects are never followed.
	HTTP *http.Client
}

// azureAudiences are what the official clients ask tokens for
// (reference/azure-openai.md, section 3).
var azureAudiences = []string{"https://cognitiveservices.azure.com", "https://ai.azure.com"}

const (
	// outward bounds one call to a provider.
	outward = 5 * time.Second
	// maxDocument bounds a provider's document in bytes; real ones have a few KiB.
	maxDocument = 1 << 20
	// keysFresh is the age at which keys are fetched again, so that a key that the
	// provider took back stops working here.
	keysFresh = time.Hour
	// keysStale is the age at which keys that could not be fetched again end: long
	// enough for a provider's bad day.
	keysStale = 24 * time.Hour
	// keysPause is the least time between fetches that unknown key ids cause. Anybody
	// can send a token with an unknown key id.
	keysPause = 30 * time.Second
	// backOffMin and backOffMax bound the pause after a failed call.
	backOffMin = time.Second
	backOffMax = time.Minute
	// leeway is how far our clock and the provider's may be apart.
	leeway = 30 * time.Second
	// minRSA is the least modulus, in bits (NIST SP 800-131A).
	minRSA = 2048
)

// algorithms are the signatures taken. None is symmetric: a provider's public key
// must not work as a shared secret (RFC 8725, section 2.1).
var (
	algorithms     = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.PS256}
	algorithmNames = []string{oidc.RS256, oidc.ES256, oidc.PS256}
)

// NewClient returns a client for providers. The proxy is the configured one;
// nil is none. The environment's proxy variables are not read: where the
// program connects to is in its configuration only.
func NewClient(t *http.Transport, proxy *url.URL) *http.Client {
	if t == nil {
		t = &http.Transport{TLSHandshakeTimeout: outward, ResponseHeaderTimeout: outward, MaxIdleConns: 4, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true}
	}
	t.Proxy = nil
	if proxy != nil {
		t.Proxy = http.ProxyURL(proxy)
	}
	return &http.Client{Transport: t, Timeout: outward}
}

// provider is a Provider at work.
type provider struct {
	Provider
	audiences []string // without trailing slash
	now       func() time.Time
	log       *slog.Logger
	client    *http.Client

	keys atomic.Pointer[keySet]

	// fetching is held by the one caller that talks to the provider. It guards what
	// is below.
	fetching sync.Mutex
	next     time.Time     // no call before
	pause    time.Duration // after the last failure; zero after a success
}

// keySet is a provider's signing keys at one time.
type keySet struct {
	keys    []jose.JSONWebKey
	fetched time.Time
}

func newProvider(p Provider, now func() time.Time, log *slog.Logger) (*provider, error) {
	if p.Name == "" || strings.ContainsAny(p.Name, ":/") || p.Issuer == "" || p.HTTP == nil {
		return nil, errors.New("identity: a provider has a Name, an Issuer and an HTTP client")
	}
	if p.GroupsClaim == "" {
		p.GroupsClaim = "groups"
	}
	if p.GroupsMaxAge <= 0 {
		p.GroupsMaxAge = 90 * time.Minute
	}
	if p.PersonClaim == "" {
		p.PersonClaim = "sub"
		if u, err := url.Parse(p.Issuer); err == nil && slices.Contains([]string{"login.microsoftonline.com", "login.microsoftonline.us", "sts.windows.net"}, u.Hostname()) {
			p.PersonClaim = "oid"
		}
	}
	client := *p.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return errors.New("a provider's documents are where its issuer says")
	}
	if client.Transport == nil {
		// The default transport reads proxies from the environment.
		return nil, errors.New("identity: the provider's HTTP client names no transport")
	}
	client.Transport = bounded{client.Transport}
	if client.Timeout <= 0 || client.Timeout > outward {
		client.Timeout = outward
	}
	made := &provider{Provider: p, now: now, log: log, client: &client}
	for _, a := range append(slices.Clone(azureAudiences), p.Audiences...) {
		made.audiences = append(made.audiences, strings.TrimSuffix(a, "/"))
	}
	return made, nil
}

// bounded cuts documents at maxDocument: the library reads them whole.
type bounded struct{ base http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxDocument), resp.Body}
	return resp, nil
}

// current returns keys to verify with: those in memory while they are fresh,
// else newly fetched ones. Keys that cannot be renewed serve until keysStale.
func (p *provider) current(ctx context.Context) (*keySet, error) {
	set := p.keys.Load()
	now := p.now()
	if set != nil && now.Sub(set.fetched) < keysFresh {
		return set, nil
	}
	fresh, err := p.fetch(ctx, set, 0)
	if err == nil {
		return fresh, nil
	}
	if set != nil && now.Sub(set.fetched) < keysStale {
		return set, nil
	}
	return nil, err
}

// fetch asks the provider, unless somebody did since old was loaded. pause is the
// least age of the newest keys for which it asks at all.
func (p *provider) fetch(ctx context.Context, old *keySet, pause time.Duration) (*keySet, error) {
	if old != nil && !p.fetching.TryLock() {
		return old, nil // somebody is at it; what is there will do
	}
	if old == nil {
		p.fetching.Lock()
	}
	defer p.fetching.Unlock()
	if set := p.keys.Load(); set != old {
		return set, nil
	}
	now := p.now()
	if old != nil && now.Sub(old.fetched) < pause {
		return old, nil
	}
	if now.Before(p.next) {
		return nil, errors.New("it did not answer a moment ago")
	}
	// The client's leaving must not make the others wait for the next try.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*outward)
	defer cancel()
	keys, err := p.ask(ctx)
	if err != nil {
		p.pause = min(max(2*p.pause, backOffMin), backOffMax)
		p.next = now.Add(p.pause)
		p.log.LogAttrs(ctx, slog.LevelWarn, "an identity provider could not be asked for its keys", slog.String("provider", p.Name), slog.Any("err", err))
		return nil, err
	}
	p.pause, p.next = 0, time.Time{}
	set := &keySet{keys: keys, fetched: p.now()}
	p.keys.Store(set)
	return set, nil
}

// ask reads the discovery document, which must name our issuer, and the keys.
func (p *provider) ask(ctx context.Context) ([]jose.JSONWebKey, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	var document struct {
		Keys string `json:"jwks_uri"`
	}
	if err := found.Claims(&document); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	at, err := url.Parse(document.Keys)
	issuer, err2 := url.Parse(p.Issuer)
	if err != nil || err2 != nil || at.Scheme != "https" && at.Scheme != issuer.Scheme || at.Host == "" {
		return nil, errors.New("discovery: jwks_uri is not an https address")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("keys: status %d", resp.StatusCode)
	}
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&raw); err != nil {
		return nil, errors.New("keys: not a key set")
	}
	return signing(raw.Keys)
}

// signing keeps the keys that may sign tokens. Others are stepped over, as RFC
// 7517, section 5, asks.
func signing(raw []json.RawMessage) ([]jose.JSONWebKey, error) {
	var keys []jose.JSONWebKey
	for _, r := range raw {
		var k jose.JSONWebKey
		if json.Unmarshal(r, &k) != nil || !k.Valid() || !k.IsPublic() || k.Use != "" && k.Use != "sig" {
			continue
		}
		if rk, ok := k.Key.(*rsa.PublicKey); ok && rk.N.BitLen() < minRSA {
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("keys: none of them can verify a token")
	}
	return keys, nil
}
