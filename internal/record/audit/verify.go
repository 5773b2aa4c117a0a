package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// State is what Verify can say.
type State uint8

// The states. The zero State claims nothing.
const (
	CannotTell State = iota
	Intact
	Damaged
	// Unfinished: the log ends inside a record that no checkpoint covers, as a crash
	// leaves it. The service repairs that; who cut a record could have made it too.
	Unfinished
)

func (s State) String() string {
	return [...]string{"cannot tell", "intact", "damaged", "unfinished"}[min(s, 3)]
}

// VerifyOptions name what the verifier trusts.
type VerifyOptions struct {
	// Checkpoint is a signed checkpoint of this log that was kept elsewhere. With it
	// a tail that was cut off, or a history that was written anew, is found even if
	// the signing key was in the wrong hands.
	Checkpoint []byte
	// VerifierKey is the trusted key, in note's form. Empty takes the one that lies
	// beside the log: enough against damage, not against somebody who replaced both.
	VerifierKey string
}

// Report is what Verify found.
type Report struct {
	State   State
	Entries int64 // whole records in the segments
	Size    int64 // entries that the checkpoint covers
	Live    bool  // a writer has the log open
	Damage  []Damage
	Tail    *Damage // of Unfinished: where the record begins that does not end
	Reason  string  // of CannotTell
	// Uncovered are files that the service needs and that were not looked at.
	Uncovered []string
}

// maxDamage bounds a report: beyond it a log is not more damaged.
const maxDamage = 100

// Verify reads every byte of the log in dir and holds it against the signed
// checkpoint, the chain and itself. It changes nothing and works beside a
// living writer: a record under way is in order only while a writer holds the
// log; without one an unfinished last record beyond the checkpoint is
// Unfinished, because a crash and a cut look alike there. Starting the service
// repairs it and says so on the record.
//
// The error is for a folder that cannot be read at all.
func Verify(dir string, o VerifyOptions) (Report, error) {
	v := &verification{dir: dir, files: map[string]bool{}}
	if err := v.run(o); err != nil {
		if d, ok := errors.AsType[*Damage](err); ok {
			v.found(*d)
		} else {
			return Report{Reason: err.Error()}, fmt.Errorf("verifying audit log: %w", err)
		}
	}
	v.report.State = v.state()
	return v.report, nil
}

type verification struct {
	dir    string
	report Report
	key    note.Verifier
	signed tlog.Tree
	kept   *tlog.Tree
	files  map[string]bool // published files: true once compared
	tree   tree
	bundle []byte // entries of the unfinished bundle
	starts []int  // offset of each entry in bundle
	hash   []byte
	chain  chain
	// tainted says that an entry was changed: what is published can then not be
	// compared, and blaming good tiles would hide the bad record.
	tainted bool
	torn    *Damage
}

func (v *verification) found(d Damage) {
	if len(v.report.Damage) < maxDamage {
		v.report.Damage = append(v.report.Damage, d)
	}
}

func (v *verification) state() State {
	switch {
	case len(v.report.Damage) > 0:
		return Damaged
	case v.torn != nil && !v.report.Live:
		v.report.Tail = v.torn
		return Unfinished
	}
	return Intact
}

// run reads in an order that a living writer cannot disturb: what is read first
// is covered by what is read later. Checkpoint, list of files, then segments.
func (v *verification) run(o VerifyOptions) error {
	if _, err := os.Stat(v.dir); err != nil {
		return err
	}
	if err := v.keys(o); err != nil {
		return err
	}
	if err := v.checkpoints(o); err != nil {
		return err
	}
	if err := v.list(); err != nil {
		return err
	}
	v.chain = genesis(v.key.Name())
	v.tree.full = v.fullTile
	if err := v.reached(); err != nil {
		return err
	}
	if err := v.segments(); err != nil {
		return err
	}
	if v.tainted {
		return nil
	}
	if err := v.sizes(); err != nil {
		return err
	}
	return v.edge()
}

// verifierFor reads the key beside the log, or parses the trusted one.
func verifierFor(dir, trusted string) (note.Verifier, string, error) {
	vkey := trusted
	if vkey == "" {
		b, err := os.ReadFile(filepath.Join(dir, verifierFile))
		if err != nil {
			return nil, "", err
		}
		line, ok := strings.CutSuffix(string(b), "\n")
		if !ok {
			return nil, "", &Damage{File: verifierFile, Offset: int64(len(b)), Index: -1, What: "not a verifier key"}
		}
		vkey = line
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, "", &Damage{File: verifierFile, Index: -1, What: err.Error()}
	}
	// NewVerifier takes the hash in capitals too, and line ends; a key has one spelling here.
	if strings.ContainsAny(vkey, "\r\n") || !strings.HasPrefix(vkey, fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash())) {
		return nil, "", &Damage{File: verifierFile, Index: -1, What: "not spelled as a verifier key is"}
	}
	return v, vkey, nil
}

func (v *verification) keys(o VerifyOptions) error {
	key, vkey, err := verifierFor(v.dir, o.VerifierKey)
	if errors.Is(err, fs.ErrNotExist) {
		return &Damage{File: verifierFile, Index: -1, What: "missing"}
	}
	if err != nil {
		return err
	}
	v.key = key
	stored, err := os.ReadFile(filepath.Join(v.dir, verifierFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && string(stored) != vkey+"\n" {
		// Not fatal: the trusted key decides over the rest.
		v.found(Damage{File: verifierFile, Offset: differ(stored, []byte(vkey+"\n")), Index: -1, What: "not the trusted key"})
	}
	return v.signer(vkey)
}

// signer checks the signing key where it lies in the folder and may be read. An
// auditor's copy has none, and an auditor's account may not read it.
func (v *verification) signer(vkey string) error {
	key, err := readKey(v.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		v.report.Uncovered = append(v.report.Uncovered, signerFile)
		return nil
	case err != nil:
		v.found(Damage{File: signerFile, Index: -1, What: "not a whole signing key that only its owner can read"})
		return nil
	}
	if _, own, err := noteKey(v.key.Name(), key); err != nil || own != vkey {
		v.found(Damage{File: signerFile, Index: -1, What: "not the key that the log verifies with"})
	}
	return nil
}

func (v *verification) checkpoints(o VerifyOptions) error {
	tree, err := readCheckpoint(v.dir, v.key)
	if errors.Is(err, fs.ErrNotExist) {
		err = &Damage{File: "checkpoint", Index: -1, What: "missing"}
	}
	if err != nil {
		return err
	}
	v.signed, v.report.Size = tree, tree.N
	if o.Checkpoint == nil {
		return nil
	}
	kept, err := openCheckpoint(o.Checkpoint, v.key)
	if err != nil {
		return fmt.Errorf("the kept checkpoint: %w", err)
	}
	v.kept = &kept
	if kept.N > tree.N {
		v.found(Damage{File: "checkpoint", Index: tree.N,
			What: fmt.Sprintf("covers %d entries, the kept one %d: the log was put back", tree.N, kept.N)})
	}
	return nil
}

// list notes who holds the log and which files are published.
func (v *verification) list() error {
	f, err := os.Open(filepath.Join(v.dir, "lock"))
	if err == nil {
		v.report.Live, err = locked(f)
		if info, serr := f.Stat(); serr == nil && info.Size() > 0 {
			v.found(Damage{File: "lock", Index: -1, What: "not empty"})
		}
		f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return filepath.WalkDir(v.dir, func(path string, d fs.DirEntry, err error) error {
		name, rerr := filepath.Rel(v.dir, path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && v.report.Live:
			return nil // retired while we walked
		case err != nil || rerr != nil:
			return errors.Join(err, rerr)
		case d.IsDir() || strings.HasSuffix(name, ".tmp"):
			return nil
		case strings.HasPrefix(name, "tile/"):
			v.files[name] = false
		case !strings.HasPrefix(name, "segments/") && !ownFile[name]:
			v.found(Damage{File: name, Index: -1, What: "not a file of this log"})
		}
		return nil
	})
}

var ownFile = map[string]bool{"lock": true, signerFile: true, verifierFile: true, "checkpoint": true}

func (v *verification) segments() error {
	firsts, err := segments(v.dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(firsts) == 0 {
		return &Damage{File: "segments", Index: -1, What: "missing"}
	}
	if err != nil {
		return err
	}
	for i, first := range firsts {
		if err := v.segment(first, i == len(firsts)-1); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) segment(first int64, last bool) error {
	s, err := openSegment(v.dir, first)
	if errors.Is(err, errTorn) {
		err = &Damage{File: segmentName(first), Index: first, What: "shorter than a segment's head"}
	}
	if err != nil {
		v.tainted = true
		return err
	}
	defer s.close()
	if s.index != v.report.Entries || s.chain != v.chain {
		v.tainted = true
		return s.damage("the segment does not follow the one before")
	}
	for {
		rec, err := s.next()
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, errTorn):
			return v.cut(s, last)
		case err != nil:
			v.tainted = true
			d, ok := errors.AsType[*Damage](err)
			if !ok || !s.mended {
				return err
			}
			v.found(*d)
		}
		if err := v.entry(s, rec); err != nil {
			return err
		}
	}
}

// cut judges a segment that ends inside a record.
func (v *verification) cut(s *segmentReader, last bool) error {
	if last && s.index >= v.signed.N {
		v.torn = &Damage{File: s.name, Offset: s.offset, Index: s.index, What: errTorn.Error()}
		return nil
	}
	v.tainted = true
	return s.damage(errTorn.Error())
}

func (v *verification) entry(s *segmentReader, rec record) error {
	v.report.Entries, v.chain = s.index, s.chain
	if v.tainted {
		return nil
	}
	if _, err := DecodeEntry(rec.entry); err != nil {
		v.found(Damage{File: s.name, Offset: rec.offset, Index: rec.index, What: err.Error()})
	}
	v.starts = append(v.starts, len(v.bundle))
	v.bundle = append(v.bundle, byte(len(rec.entry)>>8), byte(len(rec.entry)))
	v.bundle = append(v.bundle, rec.entry...)
	v.tree.add(leafHash(&v.hash, rec.entry))
	if v.tree.size%tileWidth == 0 {
		v.compareBundle(v.tree.size/tileWidth-1, tileWidth)
		v.bundle, v.starts = v.bundle[:0], v.starts[:0]
	}
	return v.reached()
}

// reached compares roots where a checkpoint was signed.
func (v *verification) reached() error {
	n := v.tree.size
	if n == v.signed.N && v.tree.root() != v.signed.Hash {
		v.found(Damage{File: "checkpoint", Index: -1, What: fmt.Sprintf("the first %d entries have another root hash", n)})
	}
	if v.kept != nil && n == v.kept.N && v.tree.root() != v.kept.Hash {
		v.found(Damage{File: "segments", Index: -1, What: fmt.Sprintf("the first %d entries are not those of the kept checkpoint", n)})
	}
	return nil
}

// sizes finds a log that ends before what was signed.
func (v *verification) sizes() error {
	n := v.report.Entries
	if n < v.signed.N {
		v.found(Damage{File: "segments", Index: n, What: fmt.Sprintf("%d entries, but the checkpoint covers %d", n, v.signed.N)})
	}
	if v.kept != nil && n < v.kept.N {
		v.found(Damage{File: "segments", Index: n, What: fmt.Sprintf("%d entries, but the kept checkpoint covers %d", n, v.kept.N)})
	}
	return nil
}

// fullTile compares a finished tile of hashes, and the partial ones before it.
func (v *verification) fullTile(level int, n int64, hashes []tlog.Hash) {
	v.compareTile(level, n, hashes, tileWidth)
}

func (v *verification) compareTile(level int, n int64, hashes []tlog.Hash, width int) {
	data := tileBytes(hashes)
	first := n * tileWidth
	per := int64(1)
	for range level {
		per *= tileWidth
	}
	for w := 1; w <= width; w++ {
		// A tile must exist if the checkpoint needs exactly this width of it.
		needed := min(max(v.signed.N/per-first, 0), tileWidth) == int64(w)
		v.compare(tilePath(level, n, w), tilePath(level, n, tileWidth), data[:w*tlog.HashSize], needed, func(off int64) int64 {
			if level > 0 {
				return -1
			}
			return first + off/tlog.HashSize
		})
	}
}

func (v *verification) compareBundle(n int64, width int) {
	first := n * tileWidth
	for w := 1; w <= width; w++ {
		needed := min(max(v.signed.N-first, 0), tileWidth) == int64(w)
		end := len(v.bundle)
		if w < len(v.starts) {
			end = v.starts[w]
		}
		v.compare(tilePath(-1, n, w), tilePath(-1, n, tileWidth), v.bundle[:end], needed, func(off int64) int64 {
			i := 0
			for i+1 < w && int64(v.starts[i+1]) <= off {
				i++
			}
			return first + int64(i)
		})
	}
}

// compare holds one published file against what the entries give.
func (v *verification) compare(name, full string, want []byte, needed bool, index func(int64) int64) {
	_, listed := v.files[name]
	if !listed && !needed {
		return
	}
	v.files[name] = true
	got, err := os.ReadFile(filepath.Join(v.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		// A living writer removes a partial tile once the full one is out.
		if _, ferr := os.Stat(filepath.Join(v.dir, full)); v.report.Live && name != full && ferr == nil {
			return
		}
		v.found(Damage{File: name, Index: -1, What: "missing"})
		return
	}
	if err != nil {
		v.found(Damage{File: name, Index: -1, What: err.Error()})
		return
	}
	if off := differ(got, want); off >= 0 {
		v.found(Damage{File: name, Offset: off, Index: index(min(off, int64(len(want))-1)), What: "not what the entries give"})
	}
}

// differ is the offset of the first difference; -1 for none.
func differ(a, b []byte) int64 {
	if bytes.Equal(a, b) {
		return -1
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int64(i)
		}
	}
	return int64(min(len(a), len(b)))
}

// edge compares the unfinished tiles; what is then left over belongs to no entry.
func (v *verification) edge() error {
	n := v.tree.size
	if w := int(n % tileWidth); w > 0 {
		v.compareBundle(n/tileWidth, w)
	}
	for level, hashes := range v.tree.edge {
		n /= tileWidth
		if len(hashes) > 0 {
			v.compareTile(level, n, hashes, len(hashes))
		}
	}
	for name, compared := range v.files {
		if !compared {
			v.found(Damage{File: name, Index: -1, What: "not a file of this log, or of entries that are gone"})
		}
	}
	return nil
}
