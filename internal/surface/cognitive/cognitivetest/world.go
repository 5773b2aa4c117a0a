// Package cognitivetest is a small gate for the tests of the surfaces that are made
// with cognitive: one resource, one key, a record in memory.
package cognitivetest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
	"sallyport/internal/resource"
	"sallyport/internal/surface/cognitive"
)

// Key is the key that is let in.
const Key = "k-good"

// World is a gate and a record. It implements cognitive.Resolver and
// cognitive.Service.
type World struct {
	Resource *resource.Resource
	Log      *slog.Logger

	// Refusal is what Enter returns, RecordErr what every write to the record does,
	// MeterErr what Meter does.
	Refusal, RecordErr, MeterErr error

	mu     sync.Mutex
	logged strings.Builder // guarded by mu
	notes  []string        // guarded by mu
}

// New returns a world with the resource "ward".
func New() *World {
	w := &World{Resource: &resource.Resource{Name: "ward", Region: resource.Region{Name: "uksouth"}}}
	w.Log = slog.New(slog.NewTextHandler(writer{w}, nil))
	return w
}

type writer struct{ w *World }

func (x writer) Write(p []byte) (int, error) {
	x.w.mu.Lock()
	defer x.w.mu.Unlock()
	return x.w.logged.Write(p)
}

// Logged is all that was logged.
func (w *World) Logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logged.String()
}

// Notes are the entries of the record, one a line, and forgets them.
func (w *World) Notes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := slices.Clone(w.notes)
	w.notes = nil
	return n
}

func (w *World) note(format string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.RecordErr != nil {
		return &gate.Refusal{Code: gate.RecordUnavailable, Cause: w.RecordErr}
	}
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
	return nil
}

// Find implements cognitive.Resolver.
func (w *World) Find(_, path string) (*resource.Resource, string) {
	return w.Resource, strings.TrimPrefix(path, "/ward")
}

// Stray implements cognitive.Service.
func (w *World) Stray(_ context.Context, v gate.Visit, o gate.Outcome) error {
	return w.note("stray %s %d", v.Operation, o.Status)
}

// Identify implements cognitive.Service.
func (w *World) Identify(_ context.Context, v gate.Visit) (cognitive.Caller, error) {
	if v.Resource == nil || v.Credential.Secret != identity.NewSecret(Key) {
		if err := w.note("refused InvalidKey"); err != nil {
			return nil, err
		}
		return nil, &gate.Refusal{Code: gate.InvalidKey}
	}
	return caller{w, v}, nil
}

type caller struct {
	*World
	v gate.Visit
}

func (c caller) Enter(context.Context) (cognitive.Entry, error) {
	if c.Refusal != nil {
		return nil, c.Refusal
	}
	return entry(c), nil
}

func (c caller) Refuse(_ context.Context, o gate.Outcome) error {
	return c.note("caller refused %d %s", o.Status, o.Code)
}

type entry caller

func (e entry) Meter(context.Context, gate.Pool, int) error { return e.MeterErr }

func (e entry) Intend(_ context.Context, ids ...string) error {
	return e.note("intent %s %v", e.v.Operation, ids)
}

func (e entry) Record(_ context.Context, o gate.Outcome) error {
	var found []string
	for _, v := range o.Report.Verdicts {
		if v.Detected {
			found = append(found, strings.TrimSuffix(string(v.Category)+":"+v.Label, ":"))
		}
	}
	return e.note("outcome %s %d %v %v scanned %d of %d", e.v.Operation, o.Status, o.OK, found, o.Report.Scanned, o.Report.Total)
}

func (e entry) Refuse(_ context.Context, o gate.Outcome) error {
	return e.note("refused %s %d %s", e.v.Operation, o.Status, o.Code)
}

// Ask sends a request with the good key, and headers by name and value behind it.
func Ask(h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Ocp-Apim-Subscription-Key", Key)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Fault is the error of a reply.
type Fault struct {
	Code, Message, Target string
	Innererror            struct{ Code, Message string }
}

// Faulty reads the error of a reply, and fails when it is none of the contract's
// shape.
func Faulty(t testing.TB, rec *httptest.ResponseRecorder) Fault {
	t.Helper()
	var e struct{ Error *Fault }
	if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil || e.Error == nil || e.Error.Code == "" || e.Error.Message == "" {
		t.Fatalf("no error of the contract's shape: %d %s", rec.Code, rec.Body)
	}
	if got := rec.Header().Get("x-ms-error-code"); got != e.Error.Code {
		t.Errorf("x-ms-error-code %q, code %q", got, e.Error.Code)
	}
	return *e.Error
}
