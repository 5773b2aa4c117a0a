package store

import "context"

// SetFormat writes the format that a newer program would.
func SetFormat(ctx context.Context, s *SQL, v string) error {
	_, err := s.exec(ctx, `UPDATE meta SET value = $1 WHERE name = $2`, v, "format")
	return err
}

// Statements are the SQL texts with parameters.
func Statements() []string {
	list, _ := listQuery("t", "s", Filter{"a", "b", "c", "d"}, 1, "")
	return []string{sqlGet, sqlPut, sqlUpdate, sqlDelete, sqlList, sqlScopes, sqlDigest, list}
}

// SetK1 changes an index column as somebody who can write the file would: the
// version stays.
func SetK1(ctx context.Context, s *SQL, table, scope, id, v string) error {
	_, err := s.exec(ctx, `UPDATE records SET k1 = $1 WHERE tbl = $2 AND scope = $3 AND id = $4`, v, table, scope, id)
	return err
}
