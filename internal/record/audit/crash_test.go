package audit_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sallyport/internal/record/audit"
)

func crashDir() string { return os.Getenv("AUDIT_CRASH_DIR") }

// crashChild appends until it is killed and prints what was acknowledged.
func crashChild(dir string) {
	l, err := audit.Open(context.Background(), dir, audit.Options{Origin: origin, SegmentBytes: 32 << 10, CheckpointEvery: 5 * time.Millisecond})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(3)
	}
	if _, err := l.Recover(context.Background()); err != nil {
		fmt.Println("error", err)
		os.Exit(3)
	}
	var mu sync.Mutex
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				e := intent(w<<32 | i)
				e.Target = fmt.Sprintf("%d-%d-%d", os.Getpid(), w, i)
				e.ID = e.Target
				r, err := l.Append(context.Background(), e)
				if err != nil {
					fmt.Println("error", err)
					os.Exit(3)
				}
				mu.Lock()
				fmt.Println("ok", r.Index, e.Target)
				mu.Unlock()
				e.Kind = audit.Outcome
				_, _ = l.Append(context.Background(), e)
			}
		}()
	}
	select {}
}

// TestKill9 kills a writer again and again: what was acknowledged is there, at
// the index that was told, and every open intent is closed by the next start.
func TestKill9(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	acked := map[int64]string{}
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		killed(t, dir, time.Duration(20+round*7)*time.Millisecond, acked)
	}
	if len(acked) == 0 {
		t.Fatal("no child acknowledged anything")
	}
	l := open(t, dir, audit.Options{})
	if _, err := l.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	intact(t, dir, l.Size())
	openIntents := map[string]bool{}
	for in, err := range audit.Read(dir, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if want, ok := acked[in.Index]; ok && in.Target != want {
			t.Errorf("entry %d: got %s, acknowledged %s", in.Index, in.Target, want)
		}
		delete(acked, in.Index)
		switch in.Kind {
		case audit.Intent:
			openIntents[in.ID] = true
		case audit.Outcome:
			delete(openIntents, in.ID)
		}
	}
	if len(acked) > 0 {
		t.Errorf("%d acknowledged entries are gone", len(acked))
	}
	if len(openIntents) > 0 {
		t.Errorf("%d intents stayed open", len(openIntents))
	}
}

func killed(t *testing.T, dir string, after time.Duration, acked map[int64]string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "AUDIT_CRASH_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(out)
	first := true
	for sc.Scan() {
		var index int64
		var target string
		if n, _ := fmt.Sscanf(sc.Text(), "ok %d %s", &index, &target); n != 2 {
			t.Errorf("child: %s", sc.Text())
			continue
		}
		if first {
			time.AfterFunc(after, func() { cmd.Process.Kill() })
			first = false
		}
		acked[index] = target
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
}
