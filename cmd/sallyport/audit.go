package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sallyport/internal/app"
	"sallyport/internal/demo"
	"sallyport/internal/record/audit"
)

// The codes of commands that look at the record.
const (
	damaged    = exitCode(1)
	cannotTell = exitCode(2)
)

// log says where a record is.
type log struct{ config, state string }

func (l *log) flags(f *flag.FlagSet) {
	f.StringVar(&l.config, "config", "", "configuration `FILE` of the service")
	f.StringVar(&l.state, "state", "", "state folder `DIR`, or the folder of a record (default without --config: the demo's)")
}

// folder finds the record. Where it cannot be found nothing can be told.
func (l *log) folder(s streams) (string, error) {
	state := l.state
	switch {
	case l.config != "" && l.state != "":
		return "", misused("name the record by --config FILE or by --state DIR")
	case l.config != "":
		c, err := load(l.config, s.err)
		if err != nil {
			return "", cannotTell
		}
		state = c.DataDir
	case l.state == "":
		var err error
		if state, err = demo.DefaultState(); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(filepath.Join(state, "segments")); err == nil {
		return state, nil
	}
	return app.AuditDir(state), nil
}

// unreadable tells an error of reading the record.
func unreadable(s streams, err error) error {
	if err == nil {
		return nil
	}
	_, _ = fmt.Fprintln(s.err, "sallyport audit:", err)
	if _, ok := errors.AsType[*audit.Damage](err); ok {
		return damaged
	}
	return cannotTell
}

func declareAuditVerify(f *flag.FlagSet) func(streams) error {
	var l log
	l.flags(f)
	kept := f.String("checkpoint", "", "`FILE` with a checkpoint that was kept elsewhere")
	key := f.String("key", "", "the trusted verifier `KEY`, as verifier.pub has it")
	return func(s streams) error {
		dir, err := l.folder(s)
		if err != nil {
			return err
		}
		o := audit.VerifyOptions{VerifierKey: strings.TrimSpace(*key)}
		if *kept != "" {
			if o.Checkpoint, err = os.ReadFile(*kept); err != nil {
				return unreadable(s, err)
			}
		}
		r, err := audit.Verify(dir, o)
		if err != nil {
			return unreadable(s, err)
		}
		return verdict(s, r)
	}
}

// verdict prints what is wrong and where. Exit 0 intact, 1 damaged, 2 cannot tell.
func verdict(s streams, r audit.Report) error {
	switch r.State {
	case audit.Intact:
		_, err := fmt.Fprintln(s.out, intact(r))
		return err
	case audit.Damaged:
		for _, d := range r.Damage {
			_, _ = fmt.Fprintln(s.out, "damaged:", d.Error())
		}
		return damaged
	}
	_, _ = fmt.Fprintln(s.out, "cannot tell:", r.Reason)
	return cannotTell
}

// intact says what covers the entries: those behind the last checkpoint are new,
// not suspicious.
func intact(r audit.Report) string {
	fresh := r.Entries - r.Size
	if fresh <= 0 {
		return fmt.Sprintf("intact: %d entries, all of them under the signed checkpoint", r.Entries)
	}
	return fmt.Sprintf("intact: %d entries; the signed checkpoint covers the first %d, and the chain the %d newest: the next checkpoint, written every audit.checkpoint and at the service's end, will cover them too",
		r.Entries, r.Size, fresh)
}

func declareAuditShow(f *flag.FlagSet) func(streams) error {
	var l log
	l.flags(f)
	from := f.Int64("from", 0, "`INDEX` of the first entry")
	return func(s streams) error {
		if *from < 0 {
			return misused("--from: 0 or more is expected")
		}
		dir, err := l.folder(s)
		if err != nil {
			return err
		}
		for e, err := range audit.Read(dir, *from) {
			if err != nil {
				return unreadable(s, err)
			}
			if _, err := fmt.Fprintf(s.out, "%d\t%s\n", e.Index, e.Line); err != nil {
				return err
			}
		}
		return nil
	}
}

func declareAuditExport(f *flag.FlagSet) func(streams) error {
	var l log
	l.flags(f)
	return func(s streams) error {
		dir, err := l.folder(s)
		if err != nil {
			return err
		}
		return unreadable(s, audit.Export(dir, s.out))
	}
}
