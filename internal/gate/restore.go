package gate

import (
	"fmt"
	"iter"
	"time"

	"sallyport/internal/gate/quota"
	"sallyport/internal/record/audit"
)

// Restore charges a new ledger with what the record shows for the last minute:
// what was used where an outcome tells it, the whole reserve where none does.
// entries are the record's, in order; they may begin anywhere before the last
// minute.
func Restore(l *quota.Ledger, entries iter.Seq2[audit.Entry, error], now time.Time) error {
	type charge struct {
		key    quota.Key
		at     time.Time
		tokens int
	}
	charges := map[string]charge{} // by the intent's ID
	for e, err := range entries {
		if err != nil {
			return fmt.Errorf("restoring quotas: %w", err)
		}
		switch e.Kind {
		case audit.Intent:
			if now.Sub(e.Time) <= quota.Window {
				charges[e.ID] = charge{quota.Key{Resource: e.Resource, Deployment: e.Deployment}, e.Time, e.Reserved}
			}
		case audit.Outcome:
			// An outcome that does not know its use keeps the reserve: the tokens may have
			// been spent.
			if c, ok := charges[e.ID]; ok && e.Finish != "unknown" {
				c.tokens = e.PromptTokens + e.CompletionTokens
				charges[e.ID] = c
			}
		}
	}
	for _, c := range charges {
		l.Restore(c.key, c.tokens, c.at, now)
	}
	return nil
}
