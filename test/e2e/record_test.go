package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/record/audit"
)

// verify runs `sallyport audit verify`.
func verify(t testing.TB, dir string, more ...string) (string, int) {
	t.Helper()
	out, errs, code := run(t, append([]string{"audit", "verify", "--state", dir}, more...)...)
	return out + errs, code
}

// writtenLog is a stopped service's state with some hundred entries.
func writtenLog(t *testing.T) *Lab {
	t.Helper()
	l := newLab(t, LabOptions{})
	for i := range 60 {
		l.chatAt("lists", asking(fmt.Sprint("Question number ", i)))
		l.chatAt("lists", asking("About "+term))
	}
	if out, code := verify(t, l.State); code != 0 || !strings.HasPrefix(out, "intact") {
		t.Fatalf("verify beside the running service: exit %d: %s", code, out)
	}
	if code := l.Stop(t); code != 0 {
		t.Fatalf("exit %d", code)
	}
	return l
}

// logFiles are the files of a record, as they lie on the disk.
func logFiles(t testing.TB, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		files = append(files, rel)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The attack: somebody with the disk changes one byte of one file, cuts it, adds to
// it or takes it away. Verify exits 1 and names the file.
func TestTamperedRecordIsNamed(t *testing.T) {
	l := writtenLog(t)
	from := filepath.Join(l.State, "audit")
	if out, code := verify(t, l.State); code != 0 {
		t.Fatalf("untouched: exit %d: %s", code, out)
	}
	random := rand.New(rand.NewPCG(5, 6))
	dir := filepath.Join(t.TempDir(), "audit")
	copyTree(t, from, dir)
	attack := func(name, file string, change func([]byte) []byte) {
		t.Helper()
		path := filepath.Join(dir, file)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bad := change(slices.Clone(whole)); bad == nil {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, bad, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		out, code := verify(t, dir)
		totals.add("tampered", 1)
		named := strings.Contains(out, filepath.Base(file)) || strings.Contains(out, filepath.Dir(file)+" ")
		// Keys are no log files; a changed one must only never pass for intact.
		if key := strings.HasSuffix(file, ".pub") || strings.HasSuffix(file, ".key"); key && code == 0 || !key && (code != 1 || !named) {
			t.Errorf("%s of %s: exit %d, want 1 and the file's name: %s", name, file, code, cut(out, 300))
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tried := map[string]bool{}
	for _, file := range logFiles(t, from) {
		info, err := os.Stat(filepath.Join(from, file))
		if err != nil || filepath.Base(file) == "lock" {
			continue
		}
		// Verify needs the public key only: the private one may lie elsewhere.
		if file == "signer.key" {
			continue
		}
		tried[file] = true
		size := int(info.Size())
		offsets := []int{0, size / 2, size - 1}
		for range 8 {
			offsets = append(offsets, random.IntN(size))
		}
		for _, at := range offsets {
			bit := byte(1) << random.IntN(8)
			attack(fmt.Sprintf("bit %d of byte %d", bit, at), file, func(b []byte) []byte { b[at] ^= bit; return b })
		}
		if strings.HasSuffix(file, ".pub") {
			continue
		}
		attack("the last byte cut", file, func(b []byte) []byte { return b[:len(b)-1] })
		attack("cut to a half", file, func(b []byte) []byte { return b[:len(b)/2] })
		attack("emptied", file, func(b []byte) []byte { return b[:0] })
		// A partial tile that a larger one has replaced may go (C2SP tlog-tiles, "partial tiles").
		if !superseded(from, file) {
			attack("taken away", file, func([]byte) []byte { return nil })
		}
		if strings.HasPrefix(file, "segments") {
			attack("something added", file, func(b []byte) []byte { return append(b, "something"...) })
			attack("its last line doubled", file, func(b []byte) []byte {
				lines := bytes.SplitAfter(bytes.TrimRight(b, "\x00"), []byte("\n"))
				return append(b, lines[len(lines)-2]...)
			})
		}
	}
	if len(tried) < 4 {
		t.Errorf("only %v were tried", tried)
	}
	if out, code := verify(t, dir); code != 0 {
		t.Errorf("restored: exit %d: %s", code, out)
	}
	// Nothing to look at is neither intact nor damaged.
	if _, code := verify(t, t.TempDir()); code != 2 {
		t.Errorf("an empty folder: exit %d, want 2", code)
	}
}

// After a crash the newest entries are under no checkpoint yet: there the chain
// alone shows a change.
func TestTamperedAfterACrash(t *testing.T) {
	l := newLab(t, LabOptions{})
	for i := range 40 {
		l.chatAt("lists", asking(fmt.Sprint("Question number ", i)))
	}
	l.Kill()
	if out, code := verify(t, l.State); code != 0 {
		t.Fatalf("after the crash: exit %d: %s", code, out)
	}
	dir := filepath.Join(t.TempDir(), "audit")
	copyTree(t, filepath.Join(l.State, "audit"), dir)
	segments, err := filepath.Glob(filepath.Join(dir, "segments", "*.log"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments %v %v", segments, err)
	}
	whole, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(8, 9))
	written := len(bytes.TrimRight(whole, "\x00"))
	for range 40 {
		// In the midst: who cuts the very end looks like the crash itself.
		at, bit := random.IntN(written*3/4), byte(1)<<random.IntN(8)
		bad := slices.Clone(whole)
		bad[at] ^= bit
		if err := os.WriteFile(segments[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, code := verify(t, dir); code != 1 || !strings.Contains(out, filepath.Base(segments[0])) {
			t.Errorf("bit %d of byte %d of %d: exit %d, want 1 and the file's name: %s", bit, at, written, code, cut(out, 300))
		}
		totals.add("tampered", 1)
	}
}

// superseded reports whether a file is a partial tile beside a larger one.
func superseded(dir, file string) bool {
	width, err := strconv.Atoi(filepath.Base(file))
	if err != nil || !strings.HasSuffix(filepath.Dir(file), ".p") {
		return false
	}
	siblings, _ := os.ReadDir(filepath.Join(dir, filepath.Dir(file)))
	for _, s := range siblings {
		if n, err := strconv.Atoi(s.Name()); err == nil && n > width {
			return true
		}
	}
	return false
}

// The attack: the newest entries are dropped, or the whole log is set back or
// written anew, so that what is left is consistent in itself. A checkpoint or a
// key that was kept elsewhere shows it.
func TestDroppedTail(t *testing.T) {
	l := writtenLog(t)
	dir := filepath.Join(l.State, "audit")
	old := filepath.Join(t.TempDir(), "old")
	copyTree(t, dir, old)
	l.Restart(t)
	defer l.Kill()
	l.chat(asking("One question more."))
	if code := l.Stop(t); code != 0 {
		t.Fatalf("exit %d", code)
	}
	kept := filepath.Join(t.TempDir(), "checkpoint")
	note, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err == nil {
		err = os.WriteFile(kept, note, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, code := verify(t, dir, "--checkpoint", kept); code != 0 {
		t.Errorf("the log with its own checkpoint: exit %d: %s", code, out)
	}
	if out, code := verify(t, old); code != 0 {
		t.Errorf("the older log alone is consistent: exit %d: %s", code, out)
	}
	if out, code := verify(t, old, "--checkpoint", kept); code != 1 {
		t.Errorf("the older log against the kept checkpoint: exit %d, want 1: %s", code, out)
	}
	// An older checkpoint is a true statement about the grown log.
	if out, code := verify(t, dir, "--checkpoint", filepath.Join(old, "checkpoint")); code != 0 {
		t.Errorf("the log against its older checkpoint: exit %d: %s", code, out)
	}
	// A log of somebody else's key.
	pub, err := os.ReadFile(filepath.Join(dir, "verifier.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if out, code := verify(t, dir, "--key", string(pub)); code != 0 {
		t.Errorf("with the trusted key: exit %d: %s", code, out)
	}
	other := newLab(t, LabOptions{})
	other.Stop(t)
	if out, code := verify(t, other.State, "--key", string(pub)); code == 0 {
		t.Errorf("another log with the trusted key: exit 0: %s", out)
	}
	if out, code := verify(t, other.State, "--checkpoint", kept); code == 0 {
		t.Errorf("another log with the kept checkpoint: exit 0: %s", out)
	}
}

// show and export tell the same entries: metadata of a closed set of fields.
func TestShowAndExport(t *testing.T) {
	l := writtenLog(t)
	lines := strings.Split(strings.TrimSpace(must(t, "audit", "show", "--state", l.State)), "\n")
	want := record(t, l.State)
	if len(lines) != len(want) {
		t.Fatalf("show has %d lines, the record %d entries", len(lines), len(want))
	}
	exported := strings.Split(strings.TrimSpace(must(t, "audit", "export", "--state", l.State)), "\n")
	if len(exported) != len(want)+1 {
		t.Errorf("export has %d lines, want a head and %d", len(exported), len(want))
	}
	fields := map[string]bool{}
	for i, line := range lines {
		_, text, _ := strings.Cut(line, "\t")
		var e map[string]any
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		for k := range e {
			fields[k] = true
		}
		var x struct {
			Index int
			Entry json.RawMessage
		}
		if err := json.Unmarshal([]byte(exported[i+1]), &x); err != nil || x.Index != i || string(x.Entry) != text {
			t.Fatalf("export, line %d: %v %s, want %s", i, err, x.Entry, text)
		}
	}
	t.Logf("fields on the record: %v", fields)
	// An exchange is an intent and its outcome, a refusal one entry; each says what was evaluated.
	for _, e := range want {
		if e.Kind == audit.Intent && (e.Total == 0 || e.Scanned < e.Total || e.Action != audit.Pass || len(e.Verdicts) == 0) {
			t.Errorf("an intent that does not say what was judged: %+v", e)
		}
		if e.Kind == audit.Refused && e.Code == "ContentFiltered" && e.Action != audit.Refuse {
			t.Errorf("a block that does not say so: %+v", e)
		}
	}
}

// unavailable wants the refusal of an operation that could not be recorded.
func unavailable(t *testing.T, name string, r Reply) {
	t.Helper()
	if _, err := r.shape(); err != nil || r.Status != 503 || r.code() != "ServiceUnavailable" {
		t.Errorf("%s: got %s (%v), want 503 ServiceUnavailable", name, r.brief(), err)
	}
}

func (s *Service) ready() int {
	r, err := http.Get(s.Ops + "/readyz")
	if err != nil {
		return 0
	}
	_ = r.Body.Close()
	return r.StatusCode
}

// Promise 7 on a full disk: no record, no answer, and no request at the upstream.
// What was begun is still recorded to its end, and space heals.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=48m,mode=700"); err != nil {
		totals.note("full disk: not run, mounting a tmpfs is not permitted here (%v)", err)
		t.Skip(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	mock := mockupstream.New(mockupstream.Options{Tokens: 30, Gap: 250 * time.Millisecond}).Start()
	defer mock.Close()
	l := newLab(t, LabOptions{State: filepath.Join(disk, "state"), Upstream: mock})
	before := l.warm(t)

	// Eight answers are under way when the disk fills.
	var wg sync.WaitGroup
	var mu sync.Mutex
	var underWay []Reply
	seen := mock.Stats().Requests
	for range 8 {
		wg.Go(func() {
			r := l.chatAt("lists", asking("Good day to you.", `"stream":true`))
			mu.Lock()
			defer mu.Unlock()
			underWay = append(underWay, r)
		})
	}
	for mock.Stats().Requests < seen+8 {
		time.Sleep(5 * time.Millisecond)
	}
	filler, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	chunk := bytes.Repeat([]byte{1}, 1<<16)
	for len(chunk) > 0 {
		if _, err := filler.Write(chunk); errors.Is(err, syscall.ENOSPC) {
			chunk = chunk[:len(chunk)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	// The log allocates ahead: room for thousands of entries is used up first.
	seen = mock.Stats().Requests
	served, refused := 0, 0
	for refused < 30 {
		if r := l.chatAt("lists", asking("Good day to you.")); r.Status == 200 {
			if served++; served > 20000 {
				t.Fatal("20,000 requests were served on a full disk")
			}
		} else {
			refused++
			unavailable(t, "on a full disk", r)
		}
	}
	if got := mock.Stats().Requests - seen; got != int64(served) {
		t.Errorf("%d requests were served, the upstream saw %d", served, got)
	}
	// Now nothing at all gets through: not a request, not a connection.
	seen, connections := mock.Stats().Requests, mock.Stats().Connections
	for i := range 50 {
		unavailable(t, "on a full disk", l.chatAt("lists", asking("Good day to you.", fmt.Sprintf(`"stream":%v`, i%2 == 1))))
		// Refusals need the record as well: they too become 503, never a false 400.
		// (A refusal's short entry may still fit in: then it must be there.)
		switch r := l.chatAt("lists", asking("About "+term)); {
		case r.Status == 503:
		case r.Status != 400 || len(entries(t, l.State, r.Header.Get("x-request-id"))) != 1:
			t.Errorf("a blocked prompt on a full disk: got %s without an entry, want 503", r.brief())
		}
	}
	if a, b := mock.Stats().Requests-seen, mock.Stats().Connections-connections; a != 0 || b != 0 {
		t.Errorf("%d requests and %d connections at the upstream, want none", a, b)
	}
	if got := l.ready(); got != 503 {
		t.Errorf("readyz on a full disk: %d, want 503", got)
	}
	wg.Wait()
	for _, r := range underWay {
		if got := readAnswer(t, r); !got.done || got.failed || got.finishes[0] != "stop" {
			t.Errorf("an answer that was under way: done %v, failed %v, finish %v", got.done, got.failed, got.finishes)
		}
	}
	if err := errors.Join(filler.Close(), os.Remove(filler.Name())); err != nil {
		t.Fatal(err)
	}
	healed := time.Now()
	for l.chatAt("lists", asking("Good day to you.")).Status != 200 {
		if time.Since(healed) > 10*time.Second {
			t.Fatal("the service did not heal within 10s of free space")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got := l.ready(); got != 200 {
		t.Errorf("readyz with space: %d, want 200", got)
	}
	l.quiet(t, before+24) // eight connections to the upstream stay open
	l.Stop(t)
	if out, code := verify(t, l.State); code != 0 {
		t.Errorf("verify: exit %d: %s", code, out)
	}
	reconcile(t, record(t, l.State))
	totals.add("refused without a record", refused+100)
}

// Promise 7 when writes fail: the log is poisoned, everything is refused, nothing
// reaches the upstream; a restart reads the truth and goes on.
func TestFailingWrites(t *testing.T) {
	l := newLab(t, LabOptions{})
	l.warm(t)
	// From now on the kernel fails every write that makes a file longer than a byte.
	limit := unix.Rlimit{Cur: 1, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(l.PID(), unix.RLIMIT_FSIZE, &limit, nil); err != nil {
		totals.note("failing writes: not run, prlimit is not permitted here (%v)", err)
		t.Skip(err)
	}
	seen, connections := l.Mock.Stats().Requests, l.Mock.Stats().Connections
	for i := range 40 {
		unavailable(t, "with failing writes", l.chat(asking("Good day to you.", fmt.Sprintf(`"stream":%v`, i%2 == 1))))
		unavailable(t, "with failing writes", Call{Base: l.URL, Path: "/openai/v1/models", Key: l.Key, Method: http.MethodGet}.do())
	}
	if a, b := l.Mock.Stats().Requests-seen, l.Mock.Stats().Connections-connections; a != 0 || b != 0 {
		t.Errorf("%d requests and %d connections at the upstream, want none", a, b)
	}
	if got := l.ready(); got != 503 {
		t.Errorf("readyz: %d, want 503", got)
	}
	l.Kill()
	l.Restart(t)
	defer l.Kill()
	if r := l.chat(asking("Good day to you.")); r.Status != 200 {
		t.Errorf("after a restart: %s", r.brief())
	}
	l.Stop(t)
	if out, code := verify(t, l.State); code != 0 {
		t.Errorf("verify: exit %d: %s", code, out)
	}
	reconcile(t, record(t, l.State))
	totals.add("refused without a record", 80)
}

// reconcile wants exactly one outcome for every intent and no outcome of its own.
func reconcile(t testing.TB, entries []audit.Entry) (intents int) {
	t.Helper()
	open, done := map[string]int{}, map[string]int{}
	for _, e := range entries {
		switch e.Kind {
		case audit.Intent:
			intents++
			if open[e.ID]++; open[e.ID] > 1 {
				t.Errorf("two intents of %s", e.ID)
			}
		case audit.Outcome:
			if e.Operation != "ChatCompletions_Create" && e.Operation != "Embeddings_Create" {
				continue // operations without an intent
			}
			if done[e.ID]++; done[e.ID] > 1 {
				t.Errorf("two outcomes of %s", e.ID)
			}
			if open[e.ID] == 0 {
				t.Errorf("an outcome of %s without an intent before it", e.ID)
			}
		}
	}
	for id := range open {
		if done[id] == 0 {
			t.Errorf("intent %s has no outcome", id)
		}
	}
	return intents
}
