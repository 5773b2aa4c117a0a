package upstream

import "context"

// Reach opens one connection to where requests go, sends nothing and closes it: a
// hint for operators. Calls do not depend on what it found.
func (b *Backend) Reach(ctx context.Context) error {
	conn, err := b.s.client.dial(ctx, "tcp", b.s.client.dialable)
	if err != nil {
		return b.s.sendFault(err)
	}
	return conn.Close()
}
