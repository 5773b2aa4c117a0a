package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Format is the version of the layout below.
const Format = 1

// schema has one physical table for all: a new kind of record is no migration.
// The type of blobs is the one word in which the two databases differ.
func schema(blob string) []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS records (
			tbl TEXT NOT NULL, scope TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL,
			k1 TEXT NOT NULL, k2 TEXT NOT NULL, sealed ` + blob + ` NOT NULL,
			PRIMARY KEY (tbl, scope, id))`,
		`CREATE INDEX IF NOT EXISTS records_k1 ON records (tbl, scope, k1, id)`,
		`CREATE INDEX IF NOT EXISTS records_k2 ON records (tbl, scope, k2, id)`,
	}
}

// Parameters stand in the order of their numbers: to PostgreSQL $2 is the second
// value, to SQLite it is a name, numbered by its first appearance.
const (
	sqlGet    = `SELECT version, k1, k2, sealed FROM records WHERE tbl = $1 AND scope = $2 AND id = $3`
	sqlPut    = `INSERT INTO records (tbl, scope, id, version, k1, k2, sealed) VALUES ($1, $2, $3, 1, $4, $5, $6) ON CONFLICT DO NOTHING`
	sqlUpdate = `UPDATE records SET version = version + 1, k1 = $1, k2 = $2, sealed = $3 WHERE tbl = $4 AND scope = $5 AND id = $6 AND version = $7`
	sqlDelete = `DELETE FROM records WHERE tbl = $1 AND scope = $2 AND id = $3`
	sqlList   = `SELECT id, version, k1, k2, sealed FROM records WHERE tbl = $1 AND scope = $2 AND id > $3`
	sqlScopes = `SELECT DISTINCT scope FROM records WHERE tbl = $1 AND scope > $2 ORDER BY scope LIMIT $3`
	sqlDigest = `SELECT scope, id, version, k1, k2, sealed FROM records WHERE tbl = $1 ORDER BY scope, id`
)

// maxTries bounds Update under contention: each try lost means another won.
const maxTries = 64

// SQL is a Store in a SQL database.
type SQL struct {
	db *sql.DB
	// onDelete runs after rows were deleted, where a database keeps what is deleted
	// in a journal; may be nil.
	onDelete func(ctx context.Context, db *sql.DB) error
}

var _ Store = (*SQL)(nil)

// setUp makes or checks the layout.
func (s *SQL) setUp(ctx context.Context, blob string) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
	// The version is read before anything is made: a newer layout is not touched.
	if err := checkFormat(ctx, tx); err != nil {
		return err
	}
	for _, stmt := range schema(blob) {
		if _, err := tx.ExecContext(ctx, stmt); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, "format", strconv.Itoa(Format)); err != nil {
		return err
	}
	if err := checkFormat(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

func checkFormat(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, schema("BLOB")[0]); err != nil { // meta has no blob
		return err
	}
	var v string
	err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, "format").Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return fmt.Errorf("the state's format %q is not a number", v)
	}
	if n > Format {
		return fmt.Errorf("%w: it has %d, this program knows up to %d", ErrNewer, n, Format)
	}
	return nil
}

func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, CallTimeout)
}

func wrap(what, table string, err error) error {
	return fmt.Errorf("%s in %s: %w", what, table, err)
}

// Get reads a row.
func (s *SQL) Get(ctx context.Context, table, scope, id string) (Row, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	r := Row{Scope: scope, ID: id}
	err := s.db.QueryRowContext(ctx, sqlGet, table, scope, id).Scan(&r.Version, &r.K1, &r.K2, &r.Sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return Row{}, ErrNotFound
	}
	if err != nil {
		return Row{}, wrap("reading", table, err)
	}
	return r, nil
}

// Put creates a row.
func (s *SQL) Put(ctx context.Context, table string, r Row) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	n, err := s.exec(ctx, sqlPut, table, r.Scope, r.ID, r.K1, r.K2, notNil(r.Sealed))
	if err != nil {
		return wrap("creating", table, err)
	}
	if n == 0 {
		return ErrConflict
	}
	return nil
}

// notNil keeps an empty blob from becoming NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (s *SQL) exec(ctx context.Context, stmt string, args ...any) (int64, error) {
	res, err := s.db.ExecContext(ctx, stmt, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Update changes a row.
func (s *SQL) Update(ctx context.Context, table, scope, id string, change func(*Row) error) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	for range maxTries {
		r, err := s.Get(ctx, table, scope, id)
		if err != nil {
			return err
		}
		read := r.Version
		if err := change(&r); err != nil {
			return err
		}
		n, err := s.exec(ctx, sqlUpdate, r.K1, r.K2, notNil(r.Sealed), table, scope, id, read)
		if err != nil {
			return wrap("updating", table, err)
		}
		if n == 1 {
			return nil
		}
	}
	return ErrConflict
}

// Delete removes a row.
func (s *SQL) Delete(ctx context.Context, table, scope, id string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	n, err := s.exec(ctx, sqlDelete, table, scope, id)
	if err != nil {
		return wrap("deleting", table, err)
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

// List reads rows of a scope.
func (s *SQL) List(ctx context.Context, table, scope string, f Filter, limit int, after string) ([]Row, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	stmt, args := listQuery(table, scope, f, limit, after)
	rows, err := s.db.QueryContext(ctx, stmt, args...)
	if err != nil {
		return nil, wrap("listing", table, err)
	}
	defer rows.Close()
	var all []Row
	for rows.Next() {
		r := Row{Scope: scope}
		if err := rows.Scan(&r.ID, &r.Version, &r.K1, &r.K2, &r.Sealed); err != nil {
			return nil, wrap("listing", table, err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap("listing", table, err)
	}
	return all, nil
}

// listQuery joins constant conditions; every value is a parameter.
func listQuery(table, scope string, f Filter, limit int, after string) (string, []any) {
	var b strings.Builder
	b.WriteString(sqlList)
	args := []any{table, scope, after}
	add := func(condition, value string) {
		if value != "" {
			args = append(args, value)
			fmt.Fprintf(&b, " AND %s $%d", condition, len(args))
		}
	}
	add("k1 =", f.K1)
	add("k2 =", f.K2)
	add("k2 >=", f.K2Min)
	add("k2 <", f.K2Max)
	if limit <= 0 || limit > MaxList {
		limit = MaxList
	}
	args = append(args, limit)
	fmt.Fprintf(&b, " ORDER BY id LIMIT $%d", len(args))
	return b.String(), args
}

// Scopes lists scopes.
func (s *SQL) Scopes(ctx context.Context, table string, limit int, after string) ([]string, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	if limit <= 0 || limit > MaxList {
		limit = MaxList
	}
	rows, err := s.db.QueryContext(ctx, sqlScopes, table, after, limit)
	if err != nil {
		return nil, wrap("listing scopes", table, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var scope string
		if err := rows.Scan(&scope); err != nil {
			return nil, wrap("listing scopes", table, err)
		}
		all = append(all, scope)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap("listing scopes", table, err)
	}
	return all, nil
}

// Digest hashes a table.
func (s *SQL) Digest(ctx context.Context, table string) (sum [32]byte, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, sqlDigest, table)
	if err != nil {
		return sum, wrap("digest", table, err)
	}
	defer rows.Close()
	h := sha256.New()
	var buf []byte
	for rows.Next() {
		var r Row
		if err := rows.Scan(&r.Scope, &r.ID, &r.Version, &r.K1, &r.K2, &r.Sealed); err != nil {
			return sum, wrap("digest", table, err)
		}
		buf = binary.AppendVarint(buf[:0], r.Version)
		for _, s := range []string{r.Scope, r.ID, r.K1, r.K2, string(r.Sealed)} {
			buf = append(binary.AppendUvarint(buf, uint64(len(s))), s...)
		}
		h.Write(buf)
	}
	if err := rows.Err(); err != nil {
		return sum, wrap("digest", table, err)
	}
	return [32]byte(h.Sum(nil)), nil
}

// Forget leaves no trace of deleted rows in the database's own files: what was
// deleted may otherwise stay in a journal until that is used again. For erasure.
func (s *SQL) Forget(ctx context.Context) error {
	if s.onDelete == nil {
		return nil
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	if err := s.onDelete(ctx, s.db); err != nil {
		return fmt.Errorf("forgetting deleted rows: %w", err)
	}
	return nil
}

// Close closes the database.
func (s *SQL) Close() error { return s.db.Close() }
