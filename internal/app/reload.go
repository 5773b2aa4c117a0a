package app

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"sallyport/internal/chat"
	"sallyport/internal/config"
	"sallyport/internal/record/audit"
)

// Why a reload changed nothing, a closed set: the log has these words and nothing
// of the file. What is wrong in it is told by `sallyport check`.
const (
	causeNoFile      = "no_file"     // this service was not started from one
	causeFindings    = "findings"    // the file is not in order
	causeDataDir     = "data_dir"    // it names another state
	causeResources   = "resources"   // the rest are parts that could not be built
	causeFilters     = "filters"     //
	causeBackends    = "backends"    //
	causeCollections = "collections" //
	causeInternal    = "internal"    //
	causeRecord      = "record"      // the reload could not be put on the record
)

// NotReloaded says that the configuration in force before is still in force.
type NotReloaded struct {
	Cause    string           // from a closed set
	Findings []config.Finding // of the cause "findings"
	Err      error            // for a person at a terminal, never for the log
}

func (e *NotReloaded) Error() string { return "the configuration was not reloaded: " + e.Cause }

// Unwrap returns what went wrong.
func (e *NotReloaded) Unwrap() error { return e.Err }

// unbuilt is an error of a part, which a start tells and a reload does not.
type unbuilt struct {
	cause string
	error
}

func (e *unbuilt) Unwrap() error { return e.error }

// failedAt names the part that could not be built.
func failedAt(cause string, err error) error { return &unbuilt{cause, err} }

// Reload reads the configuration anew and swaps the parts. Listeners, the state
// folder, the seal and identity providers need a restart; the rest is swapped. The
// log says what became of it.
func (a *App) Reload(ctx context.Context) error {
	a.reload.Lock()
	defer a.reload.Unlock()
	err := a.swap(ctx)
	if err == nil {
		a.log.Info("reloaded: the new configuration is in force")
		return nil
	}
	var failed *NotReloaded
	if !errors.As(err, &failed) {
		failed = &NotReloaded{Cause: causeInternal, Err: err}
	}
	attrs := []slog.Attr{slog.String("cause", failed.Cause)}
	if n := len(failed.Findings); n > 0 {
		attrs = append(attrs, slog.Int("findings", n), slog.Int("first_line", max(1, failed.Findings[0].Line)))
	}
	attrs = append(attrs, slog.String("see", "sallyport check --config FILE"))
	a.log.LogAttrs(ctx, slog.LevelError, "not reloaded: the old configuration stays in force", attrs...)
	return failed
}

func (a *App) swap(ctx context.Context) error {
	if a.o.Load == nil {
		return &NotReloaded{Cause: causeNoFile}
	}
	c, findings := a.o.Load()
	if len(findings) > 0 {
		return &NotReloaded{Cause: causeFindings, Findings: findings}
	}
	if c.DataDir != a.o.Config.DataDir {
		return &NotReloaded{Cause: causeDataDir}
	}
	p, err := a.build(ctx, c)
	if part, ok := errors.AsType[*unbuilt](err); ok {
		return &NotReloaded{Cause: part.cause, Err: err}
	}
	if err != nil {
		return err
	}
	if _, err := a.state.record.Append(ctx, audit.Entry{Kind: audit.Admin, Operation: "service.reload", Surface: "command"}); err != nil {
		return errors.Join(&NotReloaded{Cause: causeRecord, Err: err}, p.close())
	}
	for _, name := range restartOnly(a.o.Config, c) {
		a.log.Warn("a changed part of the configuration takes effect at a restart only", slog.String("part", name))
	}
	a.retire(a.parts.Swap(p), p)
	a.hint(p)
	return nil
}

// conversations are those of the page before, if it is the same page: who sits at
// it notices nothing of a reload. Another resource or deployment begins anew: what
// was said to one tenant is not sent to another.
func (a *App) conversations(p *parts, c chat.Config) *chat.Service {
	old := a.parts.Load()
	if old == nil || old.chat == nil || old.config.Page.Resource != p.config.Page.Resource || old.config.Page.Deployment != p.config.Page.Deployment {
		p.ownsChat = true
		return chat.New(c)
	}
	return old.chat.With(c)
}

// retire closes parts that were swapped out, once the requests that began with
// them have had the time that draining gives them. Close does not wait for it.
func (a *App) retire(old, now *parts) {
	if !now.ownsChat && now.chat != nil {
		old.ownsChat, now.ownsChat = false, true
	}
	a.retired[old] = time.AfterFunc(a.o.Config.Limits.DrainDeadline, func() {
		a.reload.Lock()
		defer a.reload.Unlock()
		delete(a.retired, old)
		if old.close() != nil {
			a.log.Warn("closing what a reload replaced took too long")
		}
	})
}

// restartOnly names what differs between two configurations and takes effect at a
// restart only.
func restartOnly(old, new *config.Config) []string {
	session := func(c *config.Config) [3]any {
		if c.Page == nil {
			return [3]any{}
		}
		return [3]any{c.Page.URL, c.Page.SessionIdle, c.Page.SessionAbsolute}
	}
	outward := func(c *config.Config) string { // of identity providers; backends are swapped
		if len(c.Identities) == 0 {
			return ""
		}
		return c.Proxy
	}
	var names []string
	for name, pair := range map[string][2]any{
		"listeners":  {old.Listeners, new.Listeners},
		"identities": {old.Identities, new.Identities},
		"seal":       {old.Seal, new.Seal},
		"audit":      {old.Audit, new.Audit},
		"log":        {old.Log, new.Log},

		"page.url, sessions":    {session(old), session(new)},
		"proxy":                 {outward(old), outward(new)},
		"limits.connections":    {old.Limits.Connections, new.Limits.Connections},
		"limits.drain_deadline": {old.Limits.DrainDeadline, new.Limits.DrainDeadline},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
