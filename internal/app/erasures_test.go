package app

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sallyport/internal/config"
	"sallyport/internal/custody/keys"
)

// TestOldKeysPutBackAreRefused: keys and ledger are copied, something is erased,
// the service starts and stops, and the old copy is put back.
func TestOldKeysPutBackAreRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	c, findings := config.Parse([]byte("version: 1\ndata_dir: "+dir+"\nresources: {one: {deployments: {chat: {model: {name: m}}}}}\n"), t.TempDir(), time.Now())
	if len(findings) > 0 {
		t.Fatalf("%+v", findings)
	}
	open := func() (*state, error) { return openState(context.Background(), c, NewLogger(io.Discard, "error")) }
	start := func(erase bool) error {
		s, err := open()
		if err != nil {
			return err
		}
		path := keys.Installation().Resource("one").Person("p")
		if _, err := s.keys.Key(t.Context(), path); err != nil && !errors.Is(err, keys.ErrErased) {
			t.Fatal(err)
		}
		if erase {
			if _, err := s.keys.Erase(t.Context(), path); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.started(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.undo.close()
	}
	if err := start(false); err != nil {
		t.Fatal(err)
	}
	old := t.TempDir()
	if err := os.CopyFS(filepath.Join(old, "keys"), os.DirFS(filepath.Join(dir, "keys"))); err != nil {
		t.Fatal(err)
	}
	if err := start(true); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "keys"), os.DirFS(filepath.Join(old, "keys"))); err != nil {
		t.Fatal(err)
	}
	if err := start(false); !errors.Is(err, errErasures) {
		t.Errorf("old keys with their old ledger: %v, want a refusal", err)
	}
}

// TestRecordRemovedOrPutBackIsRefused: the record is taken away, and an older copy
// of it is put back.
func TestRecordRemovedOrPutBackIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	c, findings := config.Parse([]byte("version: 1\ndata_dir: "+dir+"\nresources: {one: {deployments: {chat: {model: {name: m}}}}}\n"), t.TempDir(), time.Now())
	if len(findings) > 0 {
		t.Fatalf("%+v", findings)
	}
	start := func() error {
		s, err := openState(context.Background(), c, NewLogger(io.Discard, "error"))
		if err != nil {
			return err
		}
		return errors.Join(s.started(t.Context()), s.undo.close())
	}
	old := filepath.Join(t.TempDir(), "audit")
	for i := range 2 {
		if err := start(); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := os.CopyFS(old, os.DirFS(AuditDir(dir))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.RemoveAll(AuditDir(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(AuditDir(dir), os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(AuditDir(dir), "signer.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := start(); !errors.Is(err, errAnchor) {
		t.Errorf("an old copy of the record: %v, want a refusal", err)
	}
	if err := os.RemoveAll(AuditDir(dir)); err != nil {
		t.Fatal(err)
	}
	if err := start(); !errors.Is(err, errAnchor) {
		t.Errorf("no record at all: %v, want a refusal", err)
	}
}
