package audit

import (
	"errors"
	"os"
	"path/filepath"
)

// Op is what the log is about to do with the disk.
type Op string

// The operations of a Hook.
const (
	OpWrite    Op = "write"
	OpSync     Op = "sync"
	OpAllocate Op = "allocate"
	OpTruncate Op = "truncate"
)

// Hook lets tests fail the disk. It is called before each operation on a file of
// the log; an error it returns is taken for the disk's. Of a failed write half
// the bytes reach the file, as on a failing disk. It is called from the writer
// and the publisher.
type Hook func(op Op, file string, bytes int) error

func (h Hook) before(op Op, file string, n int) error {
	if h == nil {
		return nil
	}
	return h(op, file, n)
}

// appendFile is the segment being written. Owned by the writer.
type appendFile struct {
	f     *os.File
	name  string
	first int64 // index of its first entry
	off   int64 // where the next record goes: the file's length
	alloc int64 // bytes that the disk has promised
	hook  Hook
}

func (a *appendFile) write(b []byte) error {
	if err := a.hook.before(OpWrite, a.name, len(b)); err != nil {
		_, _ = a.f.WriteAt(b[:len(b)/2], a.off)
		return err
	}
	_, err := a.f.WriteAt(b, a.off)
	return err
}

func (a *appendFile) sync() error {
	if err := a.hook.before(OpSync, a.name, 0); err != nil {
		return err
	}
	return syncData(a.f)
}

// undo takes back a write that the disk had no room for.
func (a *appendFile) undo() error {
	if err := a.hook.before(OpTruncate, a.name, 0); err != nil {
		return err
	}
	if err := a.f.Truncate(a.off); err != nil {
		return err
	}
	a.alloc = a.off // truncation gives back what was allocated beyond
	return a.sync()
}

// allocStep is how far ahead segments are allocated: one call for thousands of entries.
const allocStep = 1 << 20

// ensure makes the disk promise the first size bytes. A file system that cannot
// promise is taken at its word: a full disk then shows at the write.
func (a *appendFile) ensure(size int64) error {
	if size <= a.alloc {
		return nil
	}
	if err := a.hook.before(OpAllocate, a.name, int(size-a.alloc)); err != nil {
		return err
	}
	ahead := (size/allocStep + 1) * allocStep
	err := allocate(a.f, ahead)
	if noSpace(err) {
		ahead = size
		err = allocate(a.f, ahead)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err == nil {
		a.alloc = ahead
	}
	return err
}

// writeFile puts a file in place as a whole: readers see the old or the new one,
// also after a crash. The folder is synced by the caller.
func writeFile(dir, name string, b []byte, mode os.FileMode, hook Hook) error {
	return writeFiles(dir, []tileFile{{name, b}}, mode, hook)
}

// writeFiles is writeFile for a group: all are written, then each is synced and
// named.
func writeFiles(dir string, group []tileFile, mode os.FileMode, hook Hook) (err error) {
	files := make([]*os.File, 0, len(group))
	defer func() {
		for _, f := range files { // after an error only: what was named is not here
			f.Close()
			os.Remove(f.Name())
		}
	}()
	for _, t := range group {
		if err := hook.before(OpWrite, t.name, len(t.data)); err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(dir, t.name)+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
		if err != nil {
			return err
		}
		files = append(files, f)
		if _, err := f.Write(t.data); err != nil {
			return err
		}
	}
	for _, t := range group {
		if err := commitFile(files[0], filepath.Join(dir, t.name), t.name, hook); err != nil {
			return err
		}
		files = files[1:]
	}
	return nil
}

func commitFile(f *os.File, path, name string, hook Hook) error {
	if err := hook.before(OpSync, name, 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return f.Close()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
