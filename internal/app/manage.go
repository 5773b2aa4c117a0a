package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"time"

	"sallyport/internal/config"
	"sallyport/internal/resource"
)

// LoadConfig reads a configuration file.
func LoadConfig(file string) (*config.Config, []config.Finding) { return config.Load(file, time.Now()) }

// WithRunning hands do the Admin of the service that runs on a state folder.
func WithRunning(ctx context.Context, stateDir string, do func(context.Context, Admin) error) error {
	r, err := dialControl(stateDir)
	if errors.Is(err, errNotRunning) {
		return errors.New("no service runs on this state folder: start it, or name its configuration by --config FILE")
	}
	if err != nil {
		return err
	}
	defer r.close()
	return do(ctx, r)
}

// WithState hands do the Admin of the service of c: the running one or, when none
// runs, one over the state itself.
func WithState(ctx context.Context, c *config.Config, version string, do func(context.Context, Admin) error) error {
	r, err := dialControl(c.DataDir)
	if err == nil {
		defer r.close()
		return do(ctx, r)
	}
	if !errors.Is(err, errNotRunning) && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s, err := openState(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	set, err := c.ResourceSet()
	if err == nil {
		a := &admin{record: s.record, directory: s.directory, decider: s.decider, resources: func() *resource.Set { return set }, pageURL: configuredURL(c)}
		err = do(ctx, a)
	}
	return errors.Join(err, s.undo.close())
}

// configuredURL is where people will reach the page once the service runs.
func configuredURL(c *config.Config) string {
	if c.Page == nil {
		return ""
	}
	if c.Page.URL != "" {
		return c.Page.URL
	}
	for _, name := range sortedKeys(c.Listeners) {
		l := c.Listeners[name]
		if !slices.Contains(l.Serves, "web") {
			continue
		}
		if l.TLS != nil {
			return "https://" + l.Address
		}
		return "http://" + l.Address
	}
	return ""
}
