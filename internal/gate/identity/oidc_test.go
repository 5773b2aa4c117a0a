package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport/internal/gate/identity"
)

// provider is an OpenID Connect server with real keys.
type provider struct {
	*httptest.Server
	rsa   *rsa.PrivateKey
	other *rsa.PrivateKey // in the key set under "k2" once rotated
	ec    *ecdsa.PrivateKey

	discoveries, fetches atomic.Int64
	down                 atomic.Bool
	mu                   sync.Mutex
	keys                 []map[string]any // guarded by mu
	issuer               string           // of the discovery document; "" is its own
}

var rsaKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var ks [2]*rsa.PrivateKey
	for i := range ks {
		ks[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return ks
})

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func rsaJWK(k *rsa.PublicKey, kid, alg string) map[string]any {
	m := map[string]any{"kty": "RSA", "kid": kid, "use": "sig", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	if alg != "" {
		m["alg"] = alg
	}
	return m
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	ks := rsaKeys()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{rsa: ks[0], other: ks[1], ec: ec}
	point, err := ec.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	p.keys = []map[string]any{
		rsaJWK(&p.rsa.PublicKey, "k1", ""),
		{"kty": "EC", "kid": "ec", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
		{"kty": "oct", "kid": "shared", "k": b64([]byte("0123456789abcdef0123456789abcdef"))},
		{"kty": "what", "kid": "new"},
		rsaJWK(&p.other.PublicKey, "enc", ""),
	}
	p.keys[4]["use"] = "enc"
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		p.discoveries.Add(1)
		if p.down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		issuer := p.issuer
		if issuer == "" {
			issuer = p.URL
		}
		json.NewEncoder(w).Encode(map[string]any{"issuer": issuer, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL + "/a", "token_endpoint": p.URL + "/t"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		p.fetches.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		json.NewEncoder(w).Encode(map[string]any{"keys": p.keys})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) setKeys(keys ...map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = keys
}

// claims of a good token at t0.
func (p *provider) claims() map[string]any {
	return map[string]any{
		"iss": p.URL, "aud": "https://cognitiveservices.azure.com", "sub": "0f1", "name": "Nora",
		"iat": t0.Unix(), "nbf": t0.Unix(), "exp": t0.Add(time.Hour).Unix(), "groups": []string{"nurses", "ward"},
	}
}

func input(alg, kid string, claims any) string {
	header := map[string]any{"alg": alg, "typ": "JWT"}
	if kid != "" {
		header["kid"] = kid
	}
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	return b64(h) + "." + b64(c)
}

func signRSA(k *rsa.PrivateKey, kid string, claims any) string {
	in := input("RS256", kid, claims)
	sum := sha256.Sum256([]byte(in))
	sig, _ := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	return in + "." + b64(sig)
}

func signPSS(k *rsa.PrivateKey, kid string, claims any) string {
	in := input("PS256", kid, claims)
	sum := sha256.Sum256([]byte(in))
	sig, _ := rsa.SignPSS(rand.Reader, k, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	return in + "." + b64(sig)
}

func signEC(k *ecdsa.PrivateKey, kid string, claims any) string {
	in := input("ES256", kid, claims)
	sum := sha256.Sum256([]byte(in))
	r, s, _ := ecdsa.Sign(rand.Reader, k, sum[:])
	return in + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func signHMAC(key []byte, kid string, claims any) string {
	in := input("HS256", kid, claims)
	m := hmac.New(sha256.New, key)
	m.Write([]byte(in))
	return in + "." + b64(m.Sum(nil))
}

func (p *provider) config() identity.Provider {
	return identity.Provider{Name: "idp", Issuer: p.URL, Audiences: []string{"api://sallyport"}, HTTP: identity.NewClient(nil, nil)}
}

func bearer(s string) identity.Credential {
	return identity.Credential{Kind: identity.Bearer, Secret: identity.NewSecret(s)}
}

func TestTokens(t *testing.T) {
	p := newProvider(t)
	d := newDirectory(t, p.config())
	got, err := d.Authenticate(t.Context(), "ward", bearer(signRSA(p.rsa, "k1", p.claims())))
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "idp:0f1" || got.Object != "0f1" || got.Kind != identity.Person || got.Name != "Nora" || got.Via != identity.Bearer ||
		!got.GroupsKnown || fmt.Sprint(got.Groups) != "[idp:nurses idp:ward]" || got.Pseudonym == "" || strings.Contains(got.Pseudonym, "0f1") {
		t.Errorf("principal: %+v", got)
	}
	for name, token := range map[string]string{
		"PS256": signPSS(p.rsa, "k1", p.claims()), "ES256": signEC(p.ec, "ec", p.claims()), "without a kid": signRSA(p.rsa, "", p.claims()),
	} {
		if again, err := d.Authenticate(t.Context(), "ward", bearer(token)); err != nil || again.Pseudonym != got.Pseudonym {
			t.Errorf("%s: %+v, %v", name, again, err)
		}
	}
	for _, aud := range []any{
		"https://cognitiveservices.azure.com/", "https://ai.azure.com", "https://ai.azure.com/", "api://sallyport", "api://sallyport/",
		[]string{"somebody", "https://ai.azure.com"},
	} {
		c := p.claims()
		c["aud"] = aud
		if _, err := d.Authenticate(t.Context(), "ward", bearer(signRSA(p.rsa, "k1", c))); err != nil {
			t.Errorf("audience %v: %v", aud, err)
		}
	}
}

func TestTokensThatProveNobody(t *testing.T) {
	p := newProvider(t)
	d := newDirectory(t, p.config())
	with := func(change ...any) map[string]any {
		c := p.claims()
		for i := 0; i < len(change); i += 2 {
			if change[i+1] == nil {
				delete(c, change[i].(string))
			} else {
				c[change[i].(string)] = change[i+1]
			}
		}
		return c
	}
	sign := func(change ...any) string { return signRSA(p.rsa, "k1", with(change...)) }
	good := sign()
	public, _ := x509.MarshalPKIXPublicKey(&p.rsa.PublicKey)
	parts := strings.Split(good, ".")
	forged := b64([]byte(`{"iss":"` + p.URL + `","aud":"https://ai.azure.com","sub":"admin","exp":9999999999}`))
	for name, token := range map[string]string{
		"alg none":                     input("none", "", p.claims()) + ".",
		"alg none with a signature":    input("none", "k1", p.claims()) + "." + parts[2],
		"alg None":                     input("None", "", p.claims()) + ".",
		"HS256 with the public key":    signHMAC(public, "k1", p.claims()),
		"HS256 with the modulus":       signHMAC(p.rsa.N.Bytes(), "k1", p.claims()),
		"HS256 with the listed secret": signHMAC([]byte("0123456789abcdef0123456789abcdef"), "shared", p.claims()),
		"RS256 by the encryption key":  signRSA(p.other, "enc", p.claims()),
		"another key under our kid":    signRSA(p.other, "k1", p.claims()),
		"another key, no kid":          signRSA(p.other, "", p.claims()),
		"unknown kid":                  signRSA(p.other, "k9", p.claims()),
		"claims changed":               parts[0] + "." + forged + "." + parts[2],
		"signature cut":                good[:len(good)-4],
		"signature missing":            parts[0] + "." + parts[1] + ".",
		"wrong audience":               sign("aud", "https://graph.microsoft.com"),
		"audience as prefix":           sign("aud", "https://ai.azure.com.evil.example"),
		"audience with two slashes":    sign("aud", "https://ai.azure.com//"),
		"no audience":                  sign("aud", nil),
		"empty audiences":              sign("aud", []string{}),
		"wrong issuer":                 sign("iss", "https://evil.example"),
		"issuer with a slash":          sign("iss", p.URL+"/"),
		"no issuer":                    sign("iss", nil),
		"expired":                      sign("exp", t0.Add(-31*time.Second).Unix()),
		"no expiry":                    sign("exp", nil),
		"expiry zero":                  sign("exp", 0),
		"not yet":                      sign("nbf", t0.Add(31*time.Second).Unix()),
		"nobody":                       sign("sub", nil),
		"somebody empty":               sign("sub", ""),
		"somebody endless":             sign("sub", strings.Repeat("x", 256)),
		"a number as somebody":         sign("sub", 5),
		"not JSON":                     "eyJh.eyJh.eyJh",
		"endless":                      good + strings.Repeat("A", 17<<10),
	} {
		got, err := d.Authenticate(t.Context(), "ward", bearer(token))
		if err == nil {
			t.Errorf("%s: proves %+v", name, got)
		} else if !errors.Is(err, identity.ErrToken) && !(name == "endless" && errors.Is(err, identity.ErrKey)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, token := range map[string]string{
		"just expired":    sign("exp", t0.Add(-29*time.Second).Unix()),
		"just not yet":    sign("nbf", t0.Add(29*time.Second).Unix()),
		"without nbf":     sign("nbf", nil),
		"the good one":    good,
		"odd extra claim": sign("roles", []any{1, "x"}),
	} {
		if _, err := d.Authenticate(t.Context(), "ward", bearer(token)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two tokens that begin alike are two tokens to the cache of verified ones.
func TestTokensWithTheSamePrefix(t *testing.T) {
	p := newProvider(t)
	d := newDirectory(t, p.config())
	good := signRSA(p.rsa, "k1", p.claims())
	if _, err := d.Authenticate(t.Context(), "", bearer(good)); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		end := []byte(good)
		at := len(end) - 2 - i
		if end[at] == 'A' {
			end[at] = 'B'
		} else {
			end[at] = 'A'
		}
		if got, err := d.Authenticate(t.Context(), "", bearer(string(end))); err == nil {
			t.Errorf("changed at %d: proves %+v", at, got)
		}
	}
	if _, err := d.Authenticate(t.Context(), "", bearer(good)); err != nil {
		t.Errorf("the good one afterwards: %v", err)
	}
}

// The cache does not outlive the token, nor make it younger.
func TestVerifiedTokensExpire(t *testing.T) {
	p := newProvider(t)
	clock := &clock{t: t0}
	d := newDirectoryAt(t, clock, p.config())
	c := p.claims()
	c["exp"] = t0.Add(10 * time.Second).Unix()
	token := bearer(signRSA(p.rsa, "k1", c))
	for _, tt := range []struct {
		after time.Duration
		ok    bool
	}{{0, true}, {39 * time.Second, true}, {41 * time.Second, false}} {
		clock.set(t0.Add(tt.after))
		if _, err := d.Authenticate(t.Context(), "", token); (err == nil) != tt.ok {
			t.Errorf("after %v: %v", tt.after, err)
		}
	}
}

func TestGroupsAreUnknownUnlessTold(t *testing.T) {
	p := newProvider(t)
	clock := &clock{t: t0}
	conf := p.config()
	conf.GroupsMaxAge = 15 * time.Minute
	d := newDirectoryAt(t, clock, conf)
	for name, groups := range map[string]any{
		"absent": nil, "null": json.RawMessage("null"), "a word": "nurses", "numbers": []int{1}, "an object": map[string]any{},
		"too many": make([]string, 1001),
	} {
		c := p.claims()
		delete(c, "groups")
		if groups != nil {
			c["groups"] = groups
		}
		got, err := d.Authenticate(t.Context(), "", bearer(signRSA(p.rsa, "k1", c)))
		if err != nil || got.GroupsKnown || len(got.Groups) > 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	c := p.claims()
	c["groups"] = []string{}
	if got, err := d.Authenticate(t.Context(), "", bearer(signRSA(p.rsa, "k1", c))); err != nil || !got.GroupsKnown {
		t.Errorf("an empty list is known: %+v, %v", got, err)
	}
	delete(c, "iat")
	if got, err := d.Authenticate(t.Context(), "", bearer(signRSA(p.rsa, "k1", c))); err != nil || got.GroupsKnown {
		t.Errorf("groups without age: %+v, %v", got, err)
	}
	// They grow old while the token lives, cached or not.
	token := bearer(signRSA(p.rsa, "k1", p.claims()))
	for _, tt := range []struct {
		after time.Duration
		known bool
	}{{14*time.Minute + 30*time.Second, true}, {15 * time.Minute, false}} {
		clock.set(t0.Add(tt.after))
		if got, err := d.Authenticate(t.Context(), "", token); err != nil || got.GroupsKnown != tt.known {
			t.Errorf("after %v: %+v, %v", tt.after, got, err)
		}
	}
}

func TestUnknownKeysDoNotFlood(t *testing.T) {
	p := newProvider(t)
	clock := &clock{t: t0}
	d := newDirectoryAt(t, clock, p.config())
	if _, err := d.Authenticate(t.Context(), "", bearer(signRSA(p.rsa, "k1", p.claims()))); err != nil {
		t.Fatal(err)
	}
	before := p.fetches.Load()
	for i := range 200 {
		if _, err := d.Authenticate(t.Context(), "", bearer(signRSA(p.other, fmt.Sprint("x", i), p.claims()))); !errors.Is(err, identity.ErrToken) {
			t.Fatal(err)
		}
	}
	if n := p.fetches.Load() - before; n != 0 {
		t.Errorf("%d fetches within the pause", n)
	}
	// A new key of the provider is found after the pause, by one fetch.
	p.setKeys(rsaJWK(&p.rsa.PublicKey, "k1", ""), rsaJWK(&p.other.PublicKey, "k2", "RS256"))
	clock.set(t0.Add(31 * time.Second))
	for range 10 {
		if _, err := d.Authenticate(t.Context(), "", bearer(signRSA(p.other, "k2", p.claims()))); err != nil {
			t.Fatalf("a new key: %v", err)
		}
	}
	if n := p.fetches.Load() - before; n != 1 {
		t.Errorf("%d fetches for a new key", n)
	}
	// A key says for which algorithm it is.
	if _, err := d.Authenticate(t.Context(), "", bearer(signPSS(p.other, "k2", p.claims()))); err == nil {
		t.Error("PS256 by a key for RS256")
	}
}

// A key that the provider took back stops working within the hour.
func TestKeysThatWereTakenBack(t *testing.T) {
	p := newProvider(t)
	clock := &clock{t: t0}
	d := newDirectoryAt(t, clock, p.config())
	c := p.claims()
	c["exp"] = t0.Add(48 * time.Hour).Unix()
	token := bearer(signRSA(p.rsa, "k1", c))
	if _, err := d.Authenticate(t.Context(), "", token); err != nil {
		t.Fatal(err)
	}
	p.setKeys(rsaJWK(&p.other.PublicKey, "k2", ""))
	clock.set(t0.Add(time.Hour + time.Minute))
	if _, err := d.Authenticate(t.Context(), "", token); !errors.Is(err, identity.ErrToken) {
		t.Errorf("after an hour: %v", err)
	}
}

// A provider that is down does not stop the start, is not hammered, and is found
// when it is back. Keys at hand serve for a day.
func TestProviderDown(t *testing.T) {
	p := newProvider(t)
	p.down.Store(true)
	clock := &clock{t: t0}
	d := newDirectoryAt(t, clock, p.config())
	c := p.claims()
	c["exp"] = t0.Add(72 * time.Hour).Unix()
	token := bearer(signRSA(p.rsa, "k1", c))
	for range 50 {
		if _, err := d.Authenticate(t.Context(), "", token); !errors.Is(err, identity.ErrUnavailable) || errors.Is(err, identity.ErrToken) {
			t.Fatalf("while it is down: %v", err)
		}
	}
	if n := p.discoveries.Load(); n != 1 {
		t.Errorf("asked %d times in a moment", n)
	}
	p.down.Store(false)
	clock.set(t0.Add(2 * time.Second))
	if _, err := d.Authenticate(t.Context(), "", token); err != nil {
		t.Fatalf("when it is back: %v", err)
	}
	p.down.Store(true)
	clock.set(t0.Add(23 * time.Hour))
	if _, err := d.Authenticate(t.Context(), "", token); err != nil {
		t.Errorf("down for a day, keys at hand: %v", err)
	}
	clock.set(t0.Add(25 * time.Hour))
	if _, err := d.Authenticate(t.Context(), "", token); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("down for longer: %v", err)
	}
}

func TestDiscoveryIsHeldToTheIssuer(t *testing.T) {
	p := newProvider(t)
	p.issuer = "https://evil.example"
	d := newDirectory(t, p.config())
	if _, err := d.Authenticate(t.Context(), "", bearer(signRSA(p.rsa, "k1", p.claims()))); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("a document of another issuer: %v", err)
	}
	// A redirect leads to where the configuration did not say.
	to := newProvider(t)
	from := httptest.NewServer(http.RedirectHandler(to.URL+"/.well-known/openid-configuration", http.StatusFound))
	t.Cleanup(from.Close)
	conf := to.config()
	conf.Issuer = from.URL
	c := to.claims()
	c["iss"] = from.URL
	to.issuer = from.URL
	d = newDirectory(t, conf)
	if _, err := d.Authenticate(t.Context(), "", bearer(signRSA(to.rsa, "k1", c))); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("a redirect: %v", err)
	}
}

func TestHangingProviderHasADeadline(t *testing.T) {
	hang := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-hang }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(hang) })
	client := identity.NewClient(nil, nil)
	client.Timeout = 100 * time.Millisecond
	d := newDirectory(t, identity.Provider{Name: "idp", Issuer: s.URL, HTTP: client})
	k := rsaKeys()[0]
	start := time.Now()
	_, err := d.Authenticate(t.Context(), "", bearer(signRSA(k, "k1", map[string]any{"iss": s.URL, "sub": "x", "aud": "https://ai.azure.com", "exp": t0.Add(time.Hour).Unix()})))
	if !errors.Is(err, identity.ErrUnavailable) || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("NO_PROXY", "")
	tr := identity.NewClient(nil, nil).Transport.(*http.Transport)
	if tr.Proxy != nil {
		t.Error("the client has a proxy")
	}
	tr = identity.NewClient(&http.Transport{Proxy: http.ProxyFromEnvironment}, nil).Transport.(*http.Transport)
	if tr.Proxy != nil {
		t.Error("a transport with the environment's proxy kept it")
	}
	want, _ := url.Parse("http://proxy.example:3128")
	tr = identity.NewClient(nil, want).Transport.(*http.Transport)
	got, err := tr.Proxy(httptest.NewRequest("GET", "https://idp.example/", nil))
	if err != nil || got.String() != want.String() {
		t.Errorf("configured proxy: %v, %v", got, err)
	}
}

func TestPersonClaimOfEntra(t *testing.T) {
	p := newProvider(t)
	conf := p.config()
	conf.PersonClaim = "oid"
	d := newDirectory(t, conf)
	c := p.claims()
	if _, err := d.Authenticate(t.Context(), "", bearer(signRSA(p.rsa, "k1", c))); !errors.Is(err, identity.ErrToken) {
		t.Errorf("a token without oid: %v", err)
	}
	c["oid"] = "object-1"
	if got, err := d.Authenticate(t.Context(), "", bearer(signRSA(p.rsa, "k1", c))); err != nil || got.ID != "idp:object-1" {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzToken(f *testing.F) {
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJ.eyJ.eyJ")
	f.Add("a.b.c")
	d := newDirectory(f)
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := d.Authenticate(t.Context(), "ward", bearer(s)); err == nil {
			t.Fatalf("%q proves %+v", s, p)
		}
	})
}

func BenchmarkToken(b *testing.B) {
	p := newProvider(b)
	d := newDirectory(b, p.config())
	c := bearer(signRSA(p.rsa, "k1", p.claims()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Authenticate(b.Context(), "ward", c); err != nil {
			b.Fatal(err)
		}
	}
}
