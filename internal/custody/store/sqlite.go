package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	_ "github.com/ncruces/go-sqlite3/vfs/xts" // registers the encrypting file system

	"sallyport/internal/custody/seal"
)

// busyTimeout is how long a connection waits for another's write; below
// CallTimeout, so that the database's own error comes first.
const busyTimeout = 8 * time.Second

// maxConns bounds memory: every connection has a page cache and an instance of
// the engine. Writes are one at a time anyway.
const maxConns = 4

// OpenSQLite opens the encrypted database at path or makes one. The key reaches
// SQLite by a pragma on each connection, never by the URI, which other code of
// the process could read. ErrKey for a wrong key, ErrNewer for a newer layout.
func OpenSQLite(ctx context.Context, path string, key seal.Key) (*SQL, error) {
	if key.IsZero() {
		return nil, fmt.Errorf("opening database: %w", ErrKey)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening database: %w", err)
	}
	if err := createPrivate(abs); err != nil {
		return nil, fmt.Errorf("opening database: %w", err)
	}
	uri := url.URL{Scheme: "file", Path: abs, RawQuery: "vfs=xts&_txlock=immediate"}
	db, err := driver.Open(uri.String(), func(c *sqlite3.Conn) error { return prepare(c, key) })
	if err != nil {
		return nil, fmt.Errorf("opening database: %w", err)
	}
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	s := &SQL{db: db, onDelete: truncateWAL}
	ctx, cancel := bounded(ctx)
	defer cancel()
	if err := s.setUp(ctx, "BLOB"); err != nil {
		return nil, errors.Join(fmt.Errorf("opening database: %w", keyError(err)), db.Close())
	}
	if err := private(abs); err != nil {
		return nil, errors.Join(fmt.Errorf("opening database: %w", err), db.Close())
	}
	return s, nil
}

// private takes the journals from other users. They are encrypted, but for the
// index of the log, which shows which pages change; they live as long as the
// connections.
func private(path string) error {
	for _, journal := range []string{path + "-wal", path + "-shm"} {
		if err := os.Chmod(journal, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// createPrivate makes the file before SQLite would, with a mode of ours.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// prepare sets up a connection. Key first, then the busy timeout: the driver's
// documentation asks for that order.
func prepare(c *sqlite3.Conn, key seal.Key) error {
	// XTS takes two AES-256 keys. Its error is not passed on: it could quote the pragma.
	material := append(key.Derive("database, data").Bytes(), key.Derive("database, tweak").Bytes()...)
	defer clear(material)
	if c.Exec("PRAGMA hexkey='"+hex.EncodeToString(material)+"'") != nil {
		return ErrKey
	}
	if err := c.BusyTimeout(busyTimeout); err != nil {
		return err
	}
	// secure_delete overwrites deleted rows; temporary tables stay in memory;
	// FULL syncs the log at every commit, so a change is durable on return.
	return keyError(c.Exec(`
		PRAGMA journal_mode = wal;
		PRAGMA synchronous = full;
		PRAGMA secure_delete = on;
		PRAGMA temp_store = memory;
		PRAGMA trusted_schema = off`))
}

// keyError names what a wrong key looks like: a header that is not SQLite's.
func keyError(err error) error {
	if errors.Is(err, sqlite3.NOTADB) {
		return ErrKey
	}
	return err
}

// truncateWAL moves the write-ahead log into the database and cuts it.
func truncateWAL(ctx context.Context, db *sql.DB) error {
	var busy, log, moved int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("readers keep the write-ahead log")
	}
	return nil
}
