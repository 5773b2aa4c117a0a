package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// signCheckpoint is a C2SP tlog-checkpoint: origin, size, root, signed as a note.
func signCheckpoint(signer note.Signer, t tlog.Tree) ([]byte, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), t.N, base64.StdEncoding.EncodeToString(t.Hash[:]))
	return note.Sign(&note.Note{Text: text}, signer)
}

var errCheckpoint = errors.New("not a checkpoint")

// openCheckpoint verifies and parses a checkpoint of the origin that v names.
func openCheckpoint(b []byte, v note.Verifier) (tlog.Tree, error) {
	n, err := note.Open(b, note.VerifierList(v))
	if err != nil {
		return tlog.Tree{}, err
	}
	// note decodes a signature leniently, so that several spellings of the last
	// character are one signature. Of a file that must not change in one bit there is
	// one spelling.
	for _, sig := range append(n.Sigs, n.UnverifiedSigs...) {
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return tlog.Tree{}, errors.New("the signature is not written in its one form")
		}
	}
	lines := strings.Split(n.Text, "\n")
	// Exactly three lines: this log writes no extension, so one is a change.
	if len(lines) != 4 || lines[0] != v.Name() || lines[3] != "" {
		return tlog.Tree{}, errCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, errCheckpoint
	}
	hash, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, errCheckpoint
	}
	return tlog.Tree{N: size, Hash: hash}, nil
}

func readCheckpoint(dir string, v note.Verifier) (tlog.Tree, error) {
	b, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	t, err := openCheckpoint(b, v)
	if err != nil {
		return tlog.Tree{}, &Damage{File: "checkpoint", Index: -1, What: err.Error()}
	}
	return t, nil
}
