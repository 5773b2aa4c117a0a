//go:build !linux

package audit

import (
	"errors"
	"os"
	"syscall"
)

// Other systems are for development: no reserve on the disk, and no lock.

func allocate(*os.File, int64) error { return errors.ErrUnsupported }

func syncData(f *os.File) error { return f.Sync() }

func lock(*os.File) (bool, error) { return true, nil }

func locked(*os.File) (bool, error) { return false, nil }

func noSpace(err error) bool { return errors.Is(err, syscall.ENOSPC) }
