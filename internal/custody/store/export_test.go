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
