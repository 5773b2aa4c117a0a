package gate_test

import (
	"errors"
	"testing"
	"time"

	"sallyport/internal/gate"
	"sallyport/internal/record/audit"
)

// enterLocal lets the ward's key in for an operation that reaches no model.
func enterLocal(t *testing.T, w *world, id string) *gate.Entry {
	t.Helper()
	v := w.visit(gate.BlocklistsWrite, "")
	v.Operation, v.Surface, v.RequestID = "Blocklists_CreateOrUpdate", "contentsafety", id
	e, err := w.Enter(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestMeter(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		if err := enterLocal(t, w, "m").Meter(t.Context(), gate.SafetyPool, 3); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	e := enterLocal(t, w, "over")
	err := e.Meter(t.Context(), gate.SafetyPool, 3)
	var r *gate.Refusal
	if !errors.As(err, &r) || r.Code != gate.RequestLimit || r.RetryAfter < time.Second {
		t.Errorf("the fourth of three: %v", err)
	}
	if last := w.rec.last(); last.Kind != audit.Refused || last.Code != "RequestLimit" || last.Status != 429 || last.ID != "over" {
		t.Errorf("on the record: %+v", last)
	}
	if err := e.Record(t.Context(), gate.Outcome{Status: 200, OK: true}); err == nil {
		t.Error("an operation that was refused goes on")
	}
	// The pools are apart, and without a limit there is none.
	if err := enterLocal(t, w, "x").Meter(t.Context(), gate.LanguagePool, 3); err != nil {
		t.Errorf("another pool: %v", err)
	}
	for range 100 {
		if err := enterLocal(t, w, "x").Meter(t.Context(), gate.LanguagePool, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestIntend(t *testing.T) {
	w := newWorld(t)
	e := enterLocal(t, w, "c1")
	if err := e.Intend(t.Context(), "list-a"); err != nil {
		t.Fatal(err)
	}
	if last := w.rec.last(); last.Kind != audit.Intent || last.ID != "c1" || last.Target != "list-a" || last.Principal == "" || last.Surface != "contentsafety" {
		t.Errorf("the intent: %+v", last)
	}
	if err := e.Record(t.Context(), gate.Outcome{Status: 201, OK: true, Targets: []string{"list-a"}}); err != nil {
		t.Fatal(err)
	}
	if last := w.rec.last(); last.Kind != audit.Outcome || last.ID != "c1" || last.Status != 201 || last.Code != "" {
		t.Errorf("the outcome: %+v", last)
	}
	if err := e.Intend(t.Context(), "list-b"); err == nil {
		t.Error("an operation that has ended intends more")
	}
	// Without a record nothing may change.
	e = enterLocal(t, w, "c2")
	w.rec.broken(errors.New("disk full"))
	var r *gate.Refusal
	if err := e.Intend(t.Context(), "list-a"); !errors.As(err, &r) || r.Code != gate.RecordUnavailable {
		t.Errorf("without a record: %v", err)
	}
	w.rec.broken(nil)
	if err := e.Record(t.Context(), gate.Outcome{}); err == nil {
		t.Error("an operation whose intent failed goes on")
	}
}
