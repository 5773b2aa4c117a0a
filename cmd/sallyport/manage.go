package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"

	"sallyport/internal/app"
	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
)

// where are the flags that say whose state a command changes.
type where struct{ config, state string }

func (w *where) flags(f *flag.FlagSet) {
	f.StringVar(&w.config, "config", "", "configuration `FILE` of the service, running or not")
	f.StringVar(&w.state, "state", "", "state folder `DIR` of a running service, instead of --config")
}

// words collects a flag that may be repeated.
type words []string

func (w *words) String() string     { return strings.Join(*w, ",") }
func (w *words) Set(s string) error { *w = append(*w, s); return nil }

// with hands do the running service's Admin or, when none runs, the state itself.
func (w *where) with(s streams, do func(context.Context, app.Admin) error) error {
	ctx, stop := untilSignal()
	defer stop()
	if (w.config == "") == (w.state == "") {
		return misused("name the service by --config FILE or by --state DIR")
	}
	if w.state != "" {
		return app.WithRunning(ctx, w.state, do)
	}
	c, err := load(w.config, s.err)
	if err != nil {
		return err
	}
	return app.WithState(ctx, c, version, do)
}

func declareKey(f *flag.FlagSet) func(streams) error {
	var w where
	w.flags(f)
	resource := f.String("resource", "", "`NAME` of the resource (default: the only one)")
	slot := f.String("slot", "key1", "`SLOT`: key1 or key2")
	return func(s streams) error {
		if _, err := identity.ParseSlot(*slot); err != nil {
			return misused("--slot: %v", err)
		}
		return w.with(s, func(ctx context.Context, a app.Admin) error {
			key, err := a.NewKey(ctx, *resource, *slot)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.out, key)
			return err
		})
	}
}

func declareAdminLink(f *flag.FlagSet) func(streams) error {
	var w where
	var groups words
	w.flags(f)
	person := f.String("person", "", "`NAME` of the person who signs in; the first person ever becomes the administrator (default: Administrator)")
	f.Var(&groups, "group", "`NAME` of a group of the person, may be repeated")
	return func(s streams) error {
		return w.with(s, func(ctx context.Context, a app.Admin) error {
			link, err := a.NewLink(ctx, *person, groups)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(s.err, "For %s (person:%s), to be opened once, within 15 minutes:\n", link.Name, link.Person)
			_, err = fmt.Fprintln(s.out, link.URL)
			return err
		})
	}
}

func declareRoleAdd(f *flag.FlagSet) func(streams) error {
	var w where
	w.flags(f)
	role := f.String("role", "", "`ROLE`, one of: "+roleNames())
	to := f.String("to", "", "`SUBJECT`, person:ID or group:NAME; people of an identity provider are person:PROVIDER:ID")
	scope := f.String("scope", "/", "`SCOPE`: / for all, /RESOURCE or /RESOURCE/DEPLOYMENT")
	return func(s streams) error {
		a, err := assignment(*role, *to, *scope)
		if err != nil {
			return err
		}
		return w.with(s, func(ctx context.Context, admin app.Admin) error {
			g, err := admin.AddRole(ctx, a)
			if err != nil {
				return err
			}
			return told(s, "assigned", g)
		})
	}
}

func told(s streams, what string, g app.Grant) error {
	name := ""
	if g.Name != "" {
		name = " (" + g.Name + ")"
	}
	_, err := fmt.Fprintf(s.out, "%s: %s, to %s%s, scope %s, id %s\n", what, g.Role, g.Subject, name, g.Scope, g.ID)
	return err
}

func roleNames() string {
	var names []string
	for _, r := range access.Roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// assignment reads the three flags and says all that is wrong with them.
func assignment(role, to, scope string) (a access.Assignment, err error) {
	var wrong []string
	read := func(flag string, err error) {
		if err != nil {
			wrong = append(wrong, "--"+flag+": "+err.Error())
		}
	}
	a.Role, err = access.ParseRole(role)
	read("role", err)
	a.Subject, err = access.ParseSubject(to)
	read("to", err)
	a.Scope, err = access.ParseScope(scope)
	read("scope", err)
	if len(wrong) > 0 {
		return a, misused("%s", strings.Join(wrong, "; "))
	}
	return a, nil
}

func declareRoleList(f *flag.FlagSet) func(streams) error {
	var w where
	w.flags(f)
	return func(s streams) error {
		return w.with(s, func(ctx context.Context, a app.Admin) error {
			roles, err := a.Roles(ctx)
			if err != nil {
				return err
			}
			t := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
			_, _ = fmt.Fprintln(t, "ROLE\tTO\tNAME\tSCOPE\tID")
			for _, r := range roles {
				_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Role, r.Subject, cmp.Or(r.Name, "-"), r.Scope, r.ID)
			}
			return t.Flush()
		})
	}
}

func declareRoleRemove(f *flag.FlagSet) func(streams) error {
	var w where
	w.flags(f)
	id := f.String("id", "", "`ID` as role list and role add print it")
	return func(s streams) error {
		if *id == "" {
			return misused("--id ID is needed; role list prints the ids")
		}
		return w.with(s, func(ctx context.Context, a app.Admin) error {
			g, err := a.RemoveRole(ctx, *id)
			if err != nil {
				return err
			}
			return told(s, "removed", g)
		})
	}
}
