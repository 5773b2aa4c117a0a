package audit_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sallyport/internal/record/audit"
)

func TestMain(m *testing.M) {
	if dir := crashDir(); dir != "" {
		crashChild(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

const origin = "ai.example/test"

func open(t testing.TB, dir string, o audit.Options) *audit.Log {
	t.Helper()
	o.Origin = origin
	l, err := audit.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func intent(i int) audit.Entry {
	return audit.Entry{
		Kind: audit.Intent, ID: fmt.Sprintf("%032x", i), Operation: "chat.completions", Resource: "ward",
		Deployment: "clinical-chat", Model: "gpt-4o", Backend: "aoai-uks", Region: "uksouth",
		Principal: "p-7f3a", Surface: "openai", From: "203.0.113.0/24", Action: audit.Pass, Reserved: 4096,
		Verdicts: []audit.VerdictNote{{Category: "hate", Stage: "ngram", Version: "2026-11"}, {Category: "jailbreak", Stage: "rules", Version: "7"}},
		Scanned:  512, Total: 512,
	}
}

func outcome(i int) audit.Entry {
	e := intent(i)
	e.Kind, e.Status, e.Finish, e.PromptTokens, e.CompletionTokens = audit.Outcome, 200, "stop", 120, 80
	return e
}

func mustAppend(t testing.TB, l *audit.Log, e audit.Entry) int64 {
	t.Helper()
	r, err := l.Append(context.Background(), e)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	return r.Index
}

func intact(t testing.TB, dir string, want int64) {
	t.Helper()
	rep, err := audit.Verify(dir, audit.VerifyOptions{})
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	if rep.State != audit.Intact || rep.Entries != want {
		t.Fatalf("Verify: got %+v, want intact with %d entries", rep, want)
	}
}

func TestConcurrentAppendsHaveUniqueIndexes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, dir, audit.Options{SegmentBytes: 1 << 20, CheckpointEvery: 20 * time.Millisecond})
	const workers, each = 64, 157
	var mu sync.Mutex
	seen := map[int64]bool{}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				n := mustAppend(t, l, intent(w*each+i))
				mu.Lock()
				if seen[n] {
					t.Errorf("index %d was given twice", n)
				}
				seen[n] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	intact(t, dir, workers*each)
	var n int64
	for in, err := range audit.Read(dir, 0) {
		if err != nil || in.Index != n {
			t.Fatalf("Read: entry %d, %v; want %d", in.Index, err, n)
		}
		n++
	}
	if n != workers*each {
		t.Fatalf("Read: got %d entries, want %d", n, workers*each)
	}
}
