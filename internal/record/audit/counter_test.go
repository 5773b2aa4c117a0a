package audit_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"sallyport/internal/record/audit"
)

// TestFloodIsCounted: every refusal is on the record, most of them as a number.
func TestFloodIsCounted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, dir, audit.Options{})
	now := time.Unix(1000, 0)
	c := audit.NewCounter(l, audit.CounterOptions{PerSecond: 5, Every: 3 * time.Millisecond, Now: func() time.Time { return now }})
	for range 3000 {
		if err := c.Refuse(t.Context(), audit.Entry{Operation: "chat.completions", Surface: "openai", Code: "401", Status: 401}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Refuse(t.Context(), audit.Entry{Code: "403"}); err != nil { // a flood of one code hides no other
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	direct, counted, other := 0, 0, 0
	for in, err := range l.Read(0) {
		switch {
		case err != nil:
			t.Fatal(err)
		case in.Code == "403" && in.Kind == audit.Refused:
			other++
		case in.Kind == audit.Refused:
			direct++
		case in.Kind == audit.Counted && in.Status == 401:
			counted += in.Count
		}
	}
	if direct != 5 || direct+counted != 3000 || other != 1 {
		t.Errorf("got %d one by one, %d counted, %d others; want 5, 2995, 1", direct, counted, other)
	}
}

// full refuses entries as a full disk does.
type refusing struct {
	audit.Recorder
	on bool
}

func (r *refusing) Append(ctx context.Context, e audit.Entry) (audit.Receipt, error) {
	if r.on {
		return audit.Receipt{}, audit.ErrUnavailable
	}
	return r.Recorder.Append(ctx, e)
}

func TestCountsSurviveAFullDisk(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "audit"), audit.Options{})
	r := &refusing{Recorder: l, on: true}
	c := audit.NewCounter(r, audit.CounterOptions{PerSecond: 1, Every: time.Hour})
	if err := c.Refuse(t.Context(), audit.Entry{Code: "401"}); !errors.Is(err, audit.ErrUnavailable) {
		t.Errorf("one by one: got %v", err)
	}
	for range 10 {
		_ = c.Refuse(t.Context(), audit.Entry{Code: "401"})
	}
	if err := c.Close(); !errors.Is(err, audit.ErrUnavailable) {
		t.Errorf("Close: got %v, want ErrUnavailable: the counts are lost, and it says so", err)
	}
}
