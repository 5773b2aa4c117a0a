package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"sallyport/internal/app"
	"sallyport/internal/config"
	"sallyport/internal/demo"
)

func declareDemo(f *flag.FlagSet) func(streams) error {
	var o demo.Options
	f.StringVar(&o.State, "state", "", "state folder `DIR` (default: below the user's data folder)")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "`HOST:PORT` of the pages and the API; port 0 is any free port")
	f.StringVar(&o.TLSListen, "tls-listen", "127.0.0.1:8443", "`HOST:PORT` of the same with TLS")
	f.StringVar(&o.OpsListen, "ops-listen", "127.0.0.1:9090", "`HOST:PORT` of health and metrics")
	f.StringVar(&o.EnvFile, "env-file", "", "`FILE` that gets the addresses and keys, as lines a shell can source")
	f.StringVar(&o.Backend, "backend", "", "base `URL`, ending in /v1, of an OpenAI-compatible server behind the chat and embedding deployments")
	f.StringVar(&o.BackendModel, "backend-model", "", "the chat model's `NAME` there")
	f.StringVar(&o.BackendEmbeddingModel, "backend-embedding-model", "", "the embedding model's `NAME` there")
	f.StringVar(&o.BackendKeyFile, "backend-key-file", "", "`FILE` with the key for that server")
	return func(s streams) error {
		ctx, stop := untilSignal()
		defer stop()
		return app.Demo(ctx, o, version, s.out, app.NewLogger(s.err, "warn"))
	}
}

func configFlag(f *flag.FlagSet) *string { return f.String("config", "", "configuration `FILE`") }

// load reads a configuration and tells its findings.
func load(file string, errs io.Writer) (*config.Config, error) {
	if file == "" {
		return nil, misused("--config FILE is needed")
	}
	c, findings := app.LoadConfig(file)
	if len(findings) > 0 {
		tell(errs, file, "", findings)
		return nil, exitCode(1)
	}
	return c, nil
}

// tell prints findings, one a line: FILE:LINE: KEY: MESSAGE.
func tell(errs io.Writer, file, mark string, findings []config.Finding) {
	for _, f := range findings {
		f.What = mark + f.What
		_, _ = fmt.Fprintln(errs, f.In(file))
	}
}

func declareServe(f *flag.FlagSet) func(streams) error {
	file := configFlag(f)
	return func(s streams) error {
		c, err := load(*file, s.err)
		if err != nil {
			return err
		}
		ctx, stop := untilSignal()
		defer stop()
		a, err := app.New(ctx, app.Options{
			Config: c, Version: version, Logger: app.NewLogger(s.err, c.Log.Level),
			Load: func() (*config.Config, []config.Finding) { return app.LoadConfig(*file) },
		})
		if err != nil {
			return err
		}
		hup := make(chan os.Signal, 1)
		signal.Notify(hup, syscall.SIGHUP)
		defer signal.Stop(hup)
		go reloadOn(ctx, hup, a)
		return a.Run(ctx)
	}
}

// reloadOn reads the configuration anew at each hang-up, until ctx ends.
func reloadOn(ctx context.Context, hup <-chan os.Signal, a *app.App) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			_ = a.Reload(ctx) // logged there; a service with a broken file goes on
		}
	}
}

func declareCheck(f *flag.FlagSet) func(streams) error {
	file := configFlag(f)
	dial := f.Bool("dial", false, "also open one connection to each backend, to warn of those that cannot be reached")
	return func(s streams) error {
		c, err := load(*file, s.err)
		if err != nil {
			return err
		}
		findings, warnings := app.Check(context.Background(), c)
		tell(s.err, *file, "", findings)
		if len(findings) == 0 && *dial {
			away, err := app.Unreachable(context.Background(), c)
			if err != nil {
				return err
			}
			warnings = append(warnings, away...)
		}
		tell(s.err, *file, "warning: ", warnings)
		if len(findings) > 0 {
			return exitCode(1)
		}
		_, err = fmt.Fprintln(s.out, "ok")
		return err
	}
}

func declareSchema(f *flag.FlagSet) func(streams) error {
	markdown := f.Bool("markdown", false, "as the table of docs/configuration.md")
	return func(s streams) error {
		text := config.Schema()
		if *markdown {
			text = config.Markdown()
		}
		_, err := s.out.Write(text)
		return err
	}
}
