package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"sallyport/internal/record/audit"
)

// An old erasure ledger that was put back together with an old key database
// agrees with it, and what was erased would be readable again. So each start puts
// the ledger's state on the record, and the next one compares: the record cannot
// be put back unnoticed.

var errErasures = errors.New("the erasure ledger is older than the record says: an old backup of the keys was put back without replaying the erasures")

// erasureState is the ledger's state as the record has it, in an entry's target.
type erasureState struct {
	count int64
	head  string
}

func (s *state) erasures() erasureState {
	count, head := s.keys.State()
	return erasureState{count, hex.EncodeToString(head[:16])}
}

func (e erasureState) String() string { return fmt.Sprintf("erasures %d %s", e.count, e.head) }

func parseErasures(target string) (e erasureState, ok bool) {
	n, err := fmt.Sscanf(target, "erasures %d %s", &e.count, &e.head)
	return e, err == nil && n == 2
}

// started puts a start on the record, with the ledger's state.
func (s *state) started(ctx context.Context) error {
	_, err := s.record.Append(ctx, audit.Entry{Kind: audit.Started, Operation: "service.start", Target: s.erasures().String()})
	return err
}

// checkErasures holds the ledger against the last start on the record.
func (s *state) checkErasures() error {
	last, found, err := s.lastErasures()
	if err != nil || !found {
		return err
	}
	now := s.erasures()
	if now.count < last.count || now.count == last.count && now.head != last.head {
		return errErasures
	}
	return nil
}

// lastErasures steps back from the record's end until it meets a start.
func (s *state) lastErasures() (last erasureState, found bool, err error) {
	size := s.log.Size()
	for back := int64(1024); ; back *= 8 {
		from := max(0, size-back)
		for e, err := range s.log.Read(from) {
			if err != nil {
				return last, false, err
			}
			if e.Kind != audit.Started || !strings.HasPrefix(e.Target, "erasures ") {
				continue
			}
			if state, ok := parseErasures(e.Target); ok {
				last, found = state, true
			}
		}
		if found || from == 0 {
			return last, found, nil
		}
	}
}
