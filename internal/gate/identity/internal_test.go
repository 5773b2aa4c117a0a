package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// The hash of a key is bound to its use and its resource: a row put under
// another resource opens nothing there.
func TestHashesAreBound(t *testing.T) {
	p := newPepper([]byte("pepper"))
	seen := map[hash]string{}
	for _, c := range [][3]string{
		{"key", "ward", "s"}, {"key", "pharmacy", "s"}, {"key", "", "s"}, {"session", "", "s"}, {"link", "", "s"},
		{"key", "ward\x00s", ""}, {"key", "ward", "t"},
	} {
		h := p.of(c[0], c[1], c[2])
		if other, ok := seen[h]; ok && c[1] != "ward\x00s" {
			t.Errorf("%q and %s have the same hash", c, other)
		}
		seen[h] = c[0] + " " + c[1]
	}
	if first, again := p.of("key", "ward", "s"), p.of("key", "ward", "s"); first != again {
		t.Error("one secret has two hashes")
	}
	if p.of("key", "ward", "s") == newPepper([]byte("other")).of("key", "ward", "s") {
		t.Error("the pepper does nothing")
	}
}

// Of a provider's key set only public signature keys of enough bits are kept.
func TestSigningKeys(t *testing.T) {
	weak := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
	w, err := json.Marshal(jose.JSONWebKey{Key: weak, KeyID: "weak"})
	if err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	leaked, err := json.Marshal(jose.JSONWebKey{Key: private, KeyID: "leaked"})
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{
		string(leaked), `{"kty":"oct","kid":"s","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}`, string(w), `{"kty":"what"}`, `[]`, `{}`,
	} {
		if keys, err := signing([]json.RawMessage{json.RawMessage(raw)}); err == nil {
			t.Errorf("%.40s: kept %d", raw, len(keys))
		}
	}
}
