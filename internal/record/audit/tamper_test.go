package audit_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sallyport/internal/record/audit"
)

// sample is a closed log with entries in several segments, several checkpoints
// and full as well as partial tiles.
func sample(t *testing.T, n int, o audit.Options) (dir string, checkpoints [][]byte) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "audit")
	for done := 0; done < n; {
		l := open(t, dir, o)
		for range max(1, n/3) {
			if done < n {
				e := audit.Entry{Kind: audit.Admin, Operation: "role.add", Target: fmt.Sprint(done), Time: time.UnixMicro(int64(done) * 1e6)}
				mustAppend(t, l, e)
				done++
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		cp, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
		if err != nil {
			t.Fatal(err)
		}
		checkpoints = append(checkpoints, cp)
	}
	return dir, checkpoints
}

func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func put(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, name))
	mode := fs.FileMode(0o600)
	if err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.WriteFile(filepath.Join(dir, name), b, mode); err != nil {
		t.Fatal(err)
	}
}

// finding reports whether verification names file.
func finding(t *testing.T, dir, file string, o audit.VerifyOptions) audit.Report {
	t.Helper()
	r, err := audit.Verify(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.State != audit.Damaged {
		t.Errorf("%s: got %v, want damaged", file, r.State)
		return r
	}
	for _, d := range r.Damage {
		if d.File == file {
			return r
		}
	}
	t.Errorf("%s is not named in %+v", file, r.Damage)
	return r
}

// TestEveryChangedByteIsFound changes each byte of each file, one at a time.
func TestEveryChangedByteIsFound(t *testing.T) {
	dir, _ := sample(t, 7, audit.Options{SegmentBytes: 400})
	intact(t, dir, 7)
	positions := 0
	for name, good := range files(t, dir) {
		for i := range good {
			for _, flip := range []byte{0x01, 0x20, 0x80} {
				b := bytes.Clone(good)
				b[i] ^= flip
				put(t, dir, name, b)
				r := finding(t, dir, name, audit.VerifyOptions{})
				if d := r.Damage; strings.HasPrefix(name, "tile/") && len(d) == 1 && d[0].Offset != int64(i) {
					t.Errorf("%s: byte %d is named as %d", name, i, d[0].Offset)
				}
				positions++
			}
		}
		put(t, dir, name, good)
	}
	intact(t, dir, 7)
	t.Logf("%d changes in %d files, each found and named", positions, len(files(t, dir)))
}

// TestChangedByteInALargeLog takes one byte in each file of a log with full tiles.
func TestChangedByteInALargeLog(t *testing.T) {
	dir, _ := sample(t, 700, audit.Options{SegmentBytes: 40_000})
	intact(t, dir, 700)
	for name, good := range files(t, dir) {
		if len(good) == 0 {
			continue
		}
		b := bytes.Clone(good)
		b[len(b)*2/3] ^= 4
		put(t, dir, name, b)
		finding(t, dir, name, audit.VerifyOptions{})
		for _, more := range []string{"x", "\n", "\x00\x00\x00x\x00", "\x00\x01", "a few more bytes", strings.Repeat("more", 100)} {
			put(t, dir, name, append(bytes.Clone(good), more...)) // a longer file
			finding(t, dir, name, audit.VerifyOptions{})
		}
		put(t, dir, name, good)
	}
	intact(t, dir, 700)
}

func TestEveryMissingOrStrayFileIsFound(t *testing.T) {
	dir, _ := sample(t, 300, audit.Options{SegmentBytes: 20_000})
	for name, good := range files(t, dir) {
		if name == "lock" || name == "signer.key" {
			continue // an auditor's copy has neither
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		r, err := audit.Verify(dir, audit.VerifyOptions{})
		if len(r.Uncovered) > 0 {
			t.Errorf("%s removed: %v was not looked at", name, r.Uncovered)
		}
		// A partial tile of an earlier checkpoint may go; the newest needs all others.
		if old := strings.Contains(name, ".p/"); err != nil || r.State != audit.Damaged && !old {
			t.Errorf("%s removed: got %v, %v", name, r.State, err)
		}
		put(t, dir, name, good)
	}
	// An auditor's copy has no signing key: intact, and it is told what was not looked at.
	key := files(t, dir)["signer.key"]
	if err := os.Remove(filepath.Join(dir, "signer.key")); err != nil {
		t.Fatal(err)
	}
	if r, err := audit.Verify(dir, audit.VerifyOptions{}); err != nil || r.State != audit.Intact || len(r.Uncovered) != 1 || r.Uncovered[0] != "signer.key" {
		t.Errorf("without a signing key: %+v, %v", r, err)
	}
	put(t, dir, "signer.key", key)
	// 299 entries and 300 are the same tile at another width: a stray of width 9
	// lies within it, holds something else, and is named.
	for _, stray := range []string{"stray", "tile/0/009", "segments/stray.log", "tile/entries/001.p/9"} {
		put(t, dir, stray, []byte("x"))
		finding(t, dir, stray, audit.VerifyOptions{})
		os.Remove(filepath.Join(dir, stray))
	}
	intact(t, dir, 300)
}

// TestEveryCutIsFound cuts the last segment at every length. The log was closed,
// so all of it is under a checkpoint; Open must refuse it as well.
func TestEveryCutIsFound(t *testing.T) {
	dir, _ := sample(t, 6, audit.Options{})
	name := "segments/0000000000000000.log"
	good, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	for n := range good {
		put(t, dir, name, good[:n])
		if r, err := audit.Verify(dir, audit.VerifyOptions{}); err != nil || r.State != audit.Damaged {
			t.Errorf("cut at %d: got %v, %v", n, r.State, err)
		}
		if l, err := audit.Open(t.Context(), dir, audit.Options{Origin: origin}); err == nil {
			l.Close()
			t.Fatalf("a log cut at %d was opened", n)
		}
	}
	put(t, dir, name, good)
	intact(t, dir, 6)
}

// TestOpenRefusesEveryChangedByte is the same promise at the start of the service.
func TestOpenRefusesEveryChangedByte(t *testing.T) {
	dir, _ := sample(t, 4, audit.Options{})
	for _, name := range []string{"segments/0000000000000000.log", "checkpoint", "verifier.pub", "signer.key"} {
		good, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for i := range good {
			b := bytes.Clone(good)
			b[i] ^= 1
			put(t, dir, name, b)
			if l, err := audit.Open(t.Context(), dir, audit.Options{Origin: origin}); err == nil {
				l.Close()
				t.Fatalf("%s with byte %d changed was opened", name, i)
			}
		}
		put(t, dir, name, good)
	}
	intact(t, dir, 4)
}

// TestKeptCheckpoint: somebody who holds the signing key puts back an older state
// of the whole folder, or writes another history. Only a kept checkpoint tells.
func TestKeptCheckpoint(t *testing.T) {
	dir, cps := sample(t, 9, audit.Options{})
	for _, cp := range cps {
		r, err := audit.Verify(dir, audit.VerifyOptions{Checkpoint: cp})
		if err != nil || r.State != audit.Intact {
			t.Fatalf("kept checkpoint of this log: %+v, %v", r, err)
		}
	}
	key, err := os.ReadFile(filepath.Join(dir, "signer.key"))
	if err != nil {
		t.Fatal(err)
	}
	forged := filepath.Join(t.TempDir(), "audit")
	if err := os.MkdirAll(forged, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, forged, "signer.key", key)
	for _, n := range []int{5, 12} { // shorter than the kept one, and longer with other entries
		l := open(t, forged, audit.Options{})
		for l.Size() < int64(n) {
			mustAppend(t, l, audit.Entry{Kind: audit.Admin, Operation: "forged"})
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		intact(t, forged, int64(n)) // by itself the forgery is flawless
		r, err := audit.Verify(forged, audit.VerifyOptions{Checkpoint: cps[len(cps)-1]})
		if err != nil || r.State != audit.Damaged {
			t.Errorf("forged log of %d: got %+v, %v", n, r, err)
		}
	}
	other, _ := sample(t, 3, audit.Options{})
	vkey, err := os.ReadFile(filepath.Join(dir, "verifier.pub"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(other, audit.VerifyOptions{VerifierKey: strings.TrimSpace(string(vkey))})
	if err != nil || r.State != audit.Damaged {
		t.Errorf("a log under another key: got %+v, %v", r, err)
	}
}

// TestUnsignedTail: entries after the last checkpoint, as a crash leaves them.
func TestUnsignedTail(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, dir, audit.Options{CheckpointEvery: time.Hour})
	for i := range 5 {
		mustAppend(t, l, intent(i))
	}
	r, err := audit.Verify(dir, audit.VerifyOptions{})
	if err != nil || r.State != audit.Intact || !r.Live || r.Entries != 5 || r.Size != 0 {
		t.Fatalf("beside the writer: %+v, %v", r, err)
	}
	dead := filepath.Join(t.TempDir(), "copy") // what kill -9 leaves
	if err := os.CopyFS(dead, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dead, "signer.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := "segments/0000000000000000.log"
	good := files(t, dead)[name]
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1
		put(t, dead, name, b)
		finding(t, dead, name, audit.VerifyOptions{})
	}
	for cut := 1; cut < 100; cut++ { // inside the last record
		put(t, dead, name, good[:len(good)-cut])
		if r, err := audit.Verify(dead, audit.VerifyOptions{}); err != nil || r.State != audit.Unfinished || r.Tail.File != name || r.Tail.Offset <= 0 || r.Tail.Index != 4 {
			t.Fatalf("cut by %d: got %+v, %v", cut, r, err)
		}
	}
	l2 := open(t, dead, audit.Options{})
	intact(t, dead, 5) // nothing of the torn record lies behind the repair's entry
	if got := len(l2.OpenIntents()); got != 4 {
		t.Errorf("open intents: got %d, want 4", got)
	}
	if n, err := l2.Recover(t.Context()); n != 4 || err != nil {
		t.Errorf("Recover: %d, %v", n, err)
	}
	if err := l2.Close(); err != nil {
		t.Fatal(err)
	}
	intact(t, dead, 4+1+4) // what was whole, the repair, the outcomes
	var repairs int
	for in, err := range audit.Read(dead, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if in.Kind == audit.Recovery && in.Code == "torn_tail" && in.Count > 0 {
			repairs++
		}
	}
	if repairs != 1 {
		t.Errorf("got %d repairs on the record, want 1", repairs)
	}
}

// TestStandardClientReadsTheTiles uses only x/mod/sumdb: note for the checkpoint,
// tlog's authenticating tile reader for proofs, and C2SP's entry bundles.
func TestStandardClientReadsTheTiles(t *testing.T) {
	const n = 600
	dir, cps := sample(t, n, audit.Options{SegmentBytes: 30_000})
	vkey, err := os.ReadFile(filepath.Join(dir, "verifier.pub"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		t.Fatal(err)
	}
	tree := parse(t, cps[len(cps)-1], v)
	if tree.N != n {
		t.Fatalf("checkpoint of %d, want %d", tree.N, n)
	}
	r := tlog.TileHashReader(tree, c2sp(dir))
	entries := bundles(t, dir, n)
	for i := range int64(n) {
		p, err := tlog.ProveRecord(tree.N, i, r)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(p, tree.N, tree.Hash, i, tlog.RecordHash(entries[i])); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
	for _, cp := range cps[:len(cps)-1] {
		old := parse(t, cp, v)
		p, err := tlog.ProveTree(tree.N, old.N, r)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(p, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			t.Fatalf("consistency with %d: %v", old.N, err)
		}
	}
	proof, err := audit.Prove(dir, 299)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.CheckRecord(proof.Path, tree.N, tree.Hash, 299, tlog.RecordHash(proof.Entry)); err != nil {
		t.Errorf("Prove: %v", err)
	}
}

func parse(t *testing.T, cp []byte, v note.Verifier) tlog.Tree {
	t.Helper()
	nt, err := note.Open(cp, note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	var name, root string
	var size int64
	if _, err := fmt.Sscanf(nt.Text, "%s\n%d\n%s\n", &name, &size, &root); err != nil || name != origin {
		t.Fatalf("checkpoint %q: %v", nt.Text, err)
	}
	h, err := tlog.ParseHash(root)
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Tree{N: size, Hash: h}
}

// c2sp is a client's view of the folder, independent of the package under test.
type c2sp string

func (c2sp) Height() int                         { return 8 }
func (c2sp) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (d c2sp) ReadTiles(tiles []tlog.Tile) (all [][]byte, err error) {
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		b, err := os.ReadFile(filepath.Join(string(d), path))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

func bundles(t *testing.T, dir string, n int) (entries [][]byte) {
	t.Helper()
	for i := 0; i*256 < n; i++ {
		path := fmt.Sprintf("tile/entries/%03d", i)
		if w := n - i*256; w < 256 {
			path += fmt.Sprintf(".p/%d", w)
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		for len(b) > 0 {
			l := int(b[0])<<8 | int(b[1])
			entries, b = append(entries, b[2:2+l]), b[2+l:]
		}
	}
	if len(entries) != n {
		t.Fatalf("bundles hold %d entries, want %d", len(entries), n)
	}
	return entries
}
