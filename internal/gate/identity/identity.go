// Package identity says who a caller is: by API key, by bearer token or by
// browser session. It knows nothing of rights.
package identity

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a credential in transit. It cannot be printed or encoded.
type Secret struct{ s string }

// NewSecret wraps s.
func NewSecret(s string) Secret { return Secret{s} }

// LogValue satisfies slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// String hides the secret from every printing verb that asks for a string.
func (Secret) String() string { return "[secret]" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "[secret]" }

// MarshalText writes the placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// MarshalJSON writes the placeholder.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"[secret]"`), nil }

// Format hides the secret from every other verb, such as %x and %d.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[secret]") }

// Empty reports whether there is none.
func (s Secret) Empty() bool { return s.s == "" }

// Reveal returns the characters of a secret that was just made, to hand them to
// their owner: a key shown once, a sign-in link, the Set-Cookie of a session.
// Nothing else may call it; a credential that came in is never revealed.
func (s Secret) Reveal() string { return s.s }

// CredentialKind is how a caller proves who it is. The zero kind proves nothing.
type CredentialKind uint8

// The kinds of credentials.
const (
	None    CredentialKind = iota
	Key                    // api-key or Ocp-Apim-Subscription-Key
	Bearer                 // a JWT, or a resource key as the plain OpenAI client sends it
	Session                // the browser's session cookie
)

// Credential is what a request brought.
type Credential struct {
	Kind   CredentialKind
	Secret Secret
}

// Principal is a caller whose identity was proven.
type Principal struct {
	ID          string // internal id, stable; never on the wire or the record. Of a token's person "PROVIDER:OBJECT"
	Pseudonym   string // erasable; this is what the record names
	Object      string // object id as the caller's own token states it; told to the caller only
	Name        string // display name, for the person's own page
	Kind        PrincipalKind
	Resource    string // Application: the resource that the key belongs to
	Groups      []string
	GroupsKnown bool // false: nothing may be inferred from the absence of a group
	Via         CredentialKind
}

// PrincipalKind is what sort of caller it is. The zero kind is nobody.
type PrincipalKind uint8

// The sorts of callers.
const (
	Nobody      PrincipalKind = iota
	Application               // an API key: it stands for the resource, not for a person
	Person
)
