package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"sallyport/internal/app"
	"sallyport/internal/demo"
	"sallyport/internal/gate/access"
	"sallyport/internal/record/audit"
)

// where are the flags that say whose state a command changes.
type where struct{ config, state string }

func (w *where) flags(f *flag.FlagSet) {
	f.StringVar(&w.config, "config", "", "configuration file of the service")
	f.StringVar(&w.state, "state", "", "state folder of a running service, instead of --config")
}

// words collects a flag that may be repeated.
type words []string

func (w *words) String() string     { return strings.Join(*w, ",") }
func (w *words) Set(s string) error { *w = append(*w, s); return nil }

// with hands do the running service's Admin or, when none runs, the state itself.
func (w *where) with(errs io.Writer, do func(context.Context, app.Admin) error) error {
	ctx, stop := untilSignal()
	defer stop()
	if (w.config == "") == (w.state == "") {
		_, _ = fmt.Fprintln(errs, "sallyport: name the service by --config FILE or by --state DIR")
		return errUsage
	}
	if w.state != "" {
		return app.WithRunning(ctx, w.state, do)
	}
	c, err := load(w.config, errs)
	if err != nil {
		return err
	}
	return app.WithState(ctx, c, version, do)
}

func runKey(args []string, out, errs io.Writer) error {
	var w where
	f := flags("key", errs)
	w.flags(f)
	resource := f.String("resource", "", "resource (default: the only one)")
	slot := f.String("slot", "key1", "key1 or key2; its old key ends at once")
	if err := parse(f, args); err != nil {
		return err
	}
	return w.with(errs, func(ctx context.Context, a app.Admin) error {
		key, err := a.NewKey(ctx, *resource, *slot)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, key)
		return err
	})
}

func runAdmin(args []string, out, errs io.Writer) error {
	if asksHelp(args) {
		return runHelp(nil, out, errs)
	}
	if len(args) == 0 || args[0] != "link" {
		_, _ = fmt.Fprintln(errs, "sallyport: admin knows one command: admin link")
		return errUsage
	}
	var w where
	var groups words
	f := flags("admin link", errs)
	w.flags(f)
	person := f.String("person", "", "name of the person who signs in; the first person ever becomes the administrator (default: Administrator)")
	f.Var(&groups, "group", "group of the person, may be repeated")
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	return w.with(errs, func(ctx context.Context, a app.Admin) error {
		link, err := a.NewLink(ctx, *person, groups)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(errs, "Open it once, within 15 minutes:")
		_, err = fmt.Fprintln(out, link)
		return err
	})
}

// asksHelp reports whether a command with sub-commands was asked what they are.
func asksHelp(args []string) bool {
	return len(args) > 0 && (args[0] == "--help" || args[0] == "-h" || args[0] == "help")
}

func runRole(args []string, out, errs io.Writer) error {
	if asksHelp(args) {
		return runHelp(nil, out, errs)
	}
	if len(args) == 0 {
		_, _ = fmt.Fprintln(errs, "sallyport: role add, role list or role remove")
		return errUsage
	}
	switch args[0] {
	case "add":
		return roleAdd(args[1:], errs)
	case "list":
		return roleList(args[1:], out, errs)
	case "remove":
		return roleRemove(args[1:], errs)
	}
	_, _ = fmt.Fprintf(errs, "sallyport: no command role %q\n", args[0])
	return errUsage
}

func roleAdd(args []string, errs io.Writer) error {
	var w where
	f := flags("role add", errs)
	w.flags(f)
	role := f.String("role", "", fmt.Sprintf("one of: %s", roleNames()))
	to := f.String("to", "", "person:ID or group:NAME; people of an identity provider are PROVIDER:ID")
	scope := f.String("scope", "/", "/ for all, /RESOURCE or /RESOURCE/DEPLOYMENT")
	if err := parse(f, args); err != nil {
		return err
	}
	a, err := assignment(*role, *to, *scope)
	if err != nil {
		_, _ = fmt.Fprintln(errs, "sallyport:", err)
		return errUsage
	}
	return w.with(errs, func(ctx context.Context, admin app.Admin) error { return admin.AddRole(ctx, a) })
}

func roleNames() string {
	var names []string
	for _, r := range access.Roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

func assignment(role, to, scope string) (a access.Assignment, err error) {
	var errRole, errTo, errScope error
	a.Role, errRole = access.ParseRole(role)
	a.Subject, errTo = access.ParseSubject(to)
	a.Scope, errScope = access.ParseScope(scope)
	return a, errors.Join(errRole, errTo, errScope)
}

func roleList(args []string, out, errs io.Writer) error {
	var w where
	f := flags("role list", errs)
	w.flags(f)
	if err := parse(f, args); err != nil {
		return err
	}
	return w.with(errs, func(ctx context.Context, a app.Admin) error {
		roles, err := a.Roles(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(t, "ROLE\tTO\tSCOPE\tID")
		for _, r := range roles {
			_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Role, r.Subject, r.Scope, r.ID())
		}
		return t.Flush()
	})
}

func roleRemove(args []string, errs io.Writer) error {
	var w where
	f := flags("role remove", errs)
	w.flags(f)
	id := f.String("id", "", "ID as role list prints it")
	if err := parse(f, args); err != nil {
		return err
	}
	return w.with(errs, func(ctx context.Context, a app.Admin) error { return a.RemoveRole(ctx, *id) })
}

func runAudit(args []string, out, errs io.Writer) error {
	if asksHelp(args) {
		return runHelp(nil, out, errs)
	}
	if len(args) == 0 {
		_, _ = fmt.Fprintln(errs, "sallyport: audit verify, audit show or audit export")
		return errUsage
	}
	f := flags("audit "+args[0], errs)
	state := f.String("state", "", "state folder (default: the demo's)")
	var checkpoint, key *string
	var from *int64
	switch args[0] {
	case "verify":
		checkpoint = f.String("checkpoint", "", "file with a checkpoint that was kept elsewhere")
		key = f.String("key", "", "the trusted verifier key, as verifier.pub has it")
	case "show":
		from = f.Int64("from", 0, "index of the first entry")
	case "export":
	default:
		_, _ = fmt.Fprintf(errs, "sallyport: no command audit %q\n", args[0])
		return errUsage
	}
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	if *state == "" {
		var err error
		if *state, err = demo.DefaultState(); err != nil {
			return err
		}
	}
	dir := auditDir(*state)
	switch args[0] {
	case "verify":
		return verify(dir, *checkpoint, *key, out, errs)
	case "show":
		return show(dir, *from, out)
	}
	return audit.Export(dir, out)
}

// auditDir takes a state folder, or the folder of a record itself.
func auditDir(state string) string {
	if _, err := os.Stat(filepath.Join(state, "segments")); err == nil {
		return state
	}
	return app.AuditDir(state)
}

// verify prints what is wrong and where. Exit 0 intact, 1 damaged, 2 cannot tell.
func verify(dir, checkpointFile, key string, out, errs io.Writer) error {
	o := audit.VerifyOptions{VerifierKey: strings.TrimSpace(key)}
	if checkpointFile != "" {
		kept, err := os.ReadFile(checkpointFile)
		if err != nil {
			_, _ = fmt.Fprintln(errs, "sallyport:", err)
			return exitCode(2)
		}
		o.Checkpoint = kept
	}
	r, err := audit.Verify(dir, o)
	if err != nil {
		_, _ = fmt.Fprintln(errs, "sallyport:", err)
		return exitCode(2)
	}
	switch r.State {
	case audit.Intact:
		_, err := fmt.Fprintf(out, "intact: %d entries, %d of them under a signed checkpoint\n", r.Entries, r.Size)
		return err
	case audit.Damaged:
		for _, d := range r.Damage {
			_, _ = fmt.Fprintln(out, "damaged:", d.Error())
		}
		return exitCode(1)
	}
	_, _ = fmt.Fprintln(out, "cannot tell:", r.Reason)
	return exitCode(2)
}

// show prints entries as JSON lines, each behind its index.
func show(dir string, from int64, out io.Writer) error {
	for e, err := range audit.Read(dir, from) {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%d\t%s\n", e.Index, e.Line); err != nil {
			return err
		}
	}
	return nil
}
