// Package seal encrypts what is stored: AES-256-GCM under a key that is derived
// for each record. It holds no keys (custody/keys does) and does no I/O but for
// the key file.
//
// A sealed record is
//
//	version  1 byte, 1
//	salt     16 bytes, random: HKDF-SHA256 makes the record's key of it
//	nonce    12 bytes, random
//	sealed   AES-256-GCM of the plaintext, with its tag
//
// A key of its own for every record takes the birthday bound of random 96-bit
// nonces (2^32 messages, NIST SP 800-38D, section 8.3) away from the data key.
//
// The additional data says where the record belongs (AAD): a blob that is moved
// to another row, or put back from an older version of its row, does not open.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
)

// KeySize is the size of a Key in bytes.
const KeySize = 32

// Key is an AES-256 key. It prints as a fixed word and does not encode. The zero
// Key is no key: sealing with it panics, opening with it fails.
type Key struct{ b [KeySize]byte }

const placeholder = "[key]"

var errKeyEncoded = errors.New("a key cannot be encoded; it is wrapped")

// NewKey makes a random key.
func NewKey() Key {
	var k Key
	rand.Read(k.b[:]) // never fails (Go 1.24)
	return k
}

// KeyFrom takes a key from its bytes.
func KeyFrom(b []byte) (Key, error) {
	var k Key
	if len(b) != KeySize {
		return k, fmt.Errorf("a key has %d bytes, not %d", KeySize, len(b))
	}
	copy(k.b[:], b)
	if k.IsZero() {
		return k, errors.New("a key of zeros is no key")
	}
	return k, nil
}

// Bytes is a copy of the key, for wrapping it and for the database's cipher.
func (k Key) Bytes() []byte { return append([]byte(nil), k.b[:]...) }

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k.b == [KeySize]byte{} }

// Zero overwrites the key. Copies stay: Go offers no more than good manners here.
func (k *Key) Zero() { clear(k.b[:]) }

// Derive makes another key of k for one named use.
func (k Key) Derive(use string) Key {
	if k.IsZero() {
		panic("seal: deriving from the zero key")
	}
	b, err := hkdf.Expand(sha256.New, k.b[:], "sallyport key: "+use, KeySize)
	if err != nil {
		panic("seal: " + err.Error()) // only a size beyond HKDF's could fail
	}
	var d Key
	copy(d.b[:], b)
	return d
}

// Format satisfies fmt.Formatter for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// LogValue satisfies slog.LogValuer.
func (k Key) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalJSON always fails.
func (k Key) MarshalJSON() ([]byte, error) { return nil, errKeyEncoded }

// MarshalText always fails.
func (k Key) MarshalText() ([]byte, error) { return nil, errKeyEncoded }

// GobEncode always fails.
func (k Key) GobEncode() ([]byte, error) { return nil, errKeyEncoded }

const (
	version   = 1
	saltSize  = 16
	nonceSize = 12
	tagSize   = 16
	overhead  = 1 + saltSize + nonceSize + tagSize
)

// ErrSealed says that a record does not open: another key, another place, or
// changed bytes. Which of them is not told.
var ErrSealed = errors.New("sealed record does not open")

// AAD is the additional data of a record: its place. Each part is preceded by
// its length, so that no two places have the same bytes. More takes further
// parts, such as the clear columns of a row.
func AAD(table, scope, id string, version int64, more ...string) []byte {
	b := binary.AppendVarint(nil, version)
	for _, s := range append([]string{"sallyport record", table, scope, id}, more...) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// Seal encrypts plaintext for the place that aad names.
func Seal(k Key, aad, plaintext []byte) []byte {
	if k.IsZero() {
		panic("seal: sealing with the zero key")
	}
	out := make([]byte, 1+saltSize+nonceSize, overhead+len(plaintext))
	out[0] = version
	rand.Read(out[1:])
	salt, nonce := out[1:1+saltSize], out[1+saltSize:]
	return k.aead(salt).Seal(out, nonce, plaintext, withVersion(aad))
}

// Open decrypts what Seal made for the same key and place; ErrSealed otherwise.
func Open(k Key, aad, sealed []byte) ([]byte, error) {
	if k.IsZero() || len(sealed) < overhead || sealed[0] != version {
		return nil, ErrSealed
	}
	salt, nonce := sealed[1:1+saltSize], sealed[1+saltSize:1+saltSize+nonceSize]
	b, err := k.aead(salt).Open(nil, nonce, sealed[1+saltSize+nonceSize:], withVersion(aad))
	if err != nil {
		return nil, ErrSealed
	}
	return b, nil
}

// withVersion binds the format's version too: a later version must not be
// readable by relabelling it.
func withVersion(aad []byte) []byte {
	return append([]byte{version}, aad...)
}

func (k Key) aead(salt []byte) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, k.b[:], salt, "sallyport sealed record", KeySize)
	if err != nil {
		panic("seal: " + err.Error())
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("seal: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return aead
}

// SealText seals content.
func SealText(k Key, aad []byte, t content.Text) []byte {
	return Seal(k, aad, []byte(open.String(t)))
}

// OpenText opens what SealText made.
func OpenText(k Key, aad, sealed []byte) (content.Text, error) {
	b, err := Open(k, aad, sealed)
	if err != nil {
		return content.Text{}, err
	}
	return content.New(string(b)), nil
}
