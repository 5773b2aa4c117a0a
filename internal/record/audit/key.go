package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const (
	signerFile   = "signer.key"
	verifierFile = "verifier.pub"
)

// noteKey renders an Ed25519 key in note's form.
func noteKey(origin string, key ed25519.PrivateKey) (skey, vkey string, err error) {
	vkey, err = note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return "", "", err
	}
	const algEd25519 = 1
	id := strings.Split(vkey[len(origin)+1:], "+")[0]
	seed := base64.StdEncoding.EncodeToString(append([]byte{algEd25519}, key.Seed()...))
	return "PRIVATE+KEY+" + origin + "+" + id + "+" + seed, vkey, nil
}

// keyOf is the inverse of noteKey for a signing key.
func keyOf(skey string) (ed25519.PrivateKey, error) {
	i := strings.LastIndexByte(skey, '+')
	// A base64 seed may itself hold a plus, so count from the front: PRIVATE, KEY,
	// name, id, seed; a name has no plus.
	parts := strings.SplitN(skey, "+", 5)
	if i < 0 || len(parts) != 5 {
		return nil, errors.New("not a signing key")
	}
	seed, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return nil, errors.New("not a signing key")
	}
	key := ed25519.NewKeyFromSeed(seed[1:])
	if again, _, err := noteKey(parts[2], key); err != nil || again != skey {
		return nil, errors.New("the signing key was changed")
	}
	return key, nil
}

// readKey reads the signing key of dir; fs.ErrNotExist if it has none.
func readKey(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, signerFile)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: mode %v lets others read the signing key; make it 0600", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	line, ok := strings.CutSuffix(string(b), "\n")
	if !ok {
		return nil, fmt.Errorf("%s: not a signing key", path)
	}
	key, err := keyOf(line)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// signerFor finds or makes the signing key and holds it against verifier.pub: a
// log whose key silently changed would verify for nobody.
func signerFor(dir string, o Options) (note.Signer, note.Verifier, error) {
	key := o.Key
	var err error
	if key == nil {
		key, err = readKey(dir)
		if errors.Is(err, fs.ErrNotExist) {
			key, err = makeKey(dir, o)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	skey, vkey, err := noteKey(o.Origin, key)
	if err != nil {
		return nil, nil, fmt.Errorf("audit origin %q: %w", o.Origin, err)
	}
	stored, err := os.ReadFile(filepath.Join(dir, verifierFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = writeFile(dir, verifierFile, []byte(vkey+"\n"), 0o644, o.Hook)
	case err == nil && string(stored) != vkey+"\n":
		err = fmt.Errorf("%s is not the public part of the signing key for origin %q", filepath.Join(dir, verifierFile), o.Origin)
	}
	if err != nil {
		return nil, nil, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, nil, err
	}
	verifier, err := note.NewVerifier(vkey)
	return signer, verifier, err
}

// makeKey makes the signing key at the first start only: a log that has entries
// and lost its key must not get another one unnoticed.
func makeKey(dir string, o Options) (ed25519.PrivateKey, error) {
	if _, err := os.Stat(filepath.Join(dir, "checkpoint")); err == nil {
		return nil, fmt.Errorf("%s is missing, but the log has a checkpoint signed with it", filepath.Join(dir, signerFile))
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	skey, _, err := noteKey(o.Origin, key)
	if err != nil {
		return nil, fmt.Errorf("audit origin %q: %w", o.Origin, err)
	}
	if err := writeFile(dir, signerFile, []byte(skey+"\n"), 0o600, o.Hook); err != nil {
		return nil, err
	}
	return key, syncDir(dir)
}
