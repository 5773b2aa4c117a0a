// Command sallyport serves language models inside an organisation's own
// boundary. This file holds flags, signals and exit codes; nothing else.
//
// Exit codes: 0 done; 1 it failed, or what was checked is not in order; 2 the
// command was not understood, or what was checked cannot be told.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"sallyport/internal/app"
	"sallyport/internal/config"
	"sallyport/internal/demo"
)

// version is set by the linker.
var version = "development"

const usage = `Sallyport: one guarded passage between people, data and language models.

  sallyport demo   [--state DIR] [--listen HOST:PORT] [--tls-listen HOST:PORT] [--ops-listen HOST:PORT]
                   [--env-file FILE] [--backend URL] [--backend-model NAME]
                   [--backend-embedding-model NAME] [--backend-key-file FILE]
  sallyport serve  --config FILE
  sallyport check  --config FILE            findings in a configuration, with lines
  sallyport schema [--markdown]             the configuration's schema
  sallyport key    --config FILE|--state DIR [--resource NAME] [--slot key1|key2]
  sallyport role   add|list|remove --config FILE|--state DIR …
  sallyport admin  link --config FILE|--state DIR [--person NAME] [--group NAME]…
  sallyport audit  verify|show|export [--state DIR] …
  sallyport guard  explain FILE            what the guards read in a text and say of it
  sallyport guard  eval FILE.jsonl…        how they do on labelled texts
  sallyport version

"sallyport COMMAND --help" tells more. Exit codes: 0 done, 1 failed or not in
order, 2 not understood or cannot tell.
`

// errUsage says that the command line was not understood; what is wrong with it
// was told already.
var errUsage = errors.New("usage")

// exitCode is an error that only carries a code.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		_, _ = io.WriteString(errs, usage)
		return 2
	}
	commands := map[string]func([]string, io.Writer, io.Writer) error{
		"demo": runDemo, "serve": runServe, "check": runCheck, "schema": runSchema, "key": runKey,
		"role": runRole, "admin": runAdmin, "audit": runAudit, "guard": runGuard, "version": runVersion,
		"help": runHelp, "--help": runHelp, "-h": runHelp,
	}
	command := commands[args[0]]
	if command == nil {
		_, _ = fmt.Fprintf(errs, "sallyport: no command %q\n\n%s", args[0], usage)
		return 2
	}
	return codeOf(command(args[1:], out, errs), errs)
}

func codeOf(err error, errs io.Writer) int {
	var code exitCode
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.As(err, &code):
		return int(code)
	}
	_, _ = fmt.Fprintln(errs, "sallyport:", err)
	return 1
}

func runHelp(_ []string, out, _ io.Writer) error {
	_, err := io.WriteString(out, usage)
	return err
}

func runVersion(_ []string, out, _ io.Writer) error {
	_, err := fmt.Fprintln(out, version)
	return err
}

// flags is a set that reports its errors on errs and takes no arguments behind
// the flags.
func flags(name string, errs io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("sallyport "+name, flag.ContinueOnError)
	f.SetOutput(errs)
	return f
}

func parse(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	if err != nil {
		return errUsage
	}
	if f.NArg() > 0 {
		_, _ = fmt.Fprintf(f.Output(), "%s: unexpected argument %q\n", f.Name(), f.Arg(0))
		return errUsage
	}
	return nil
}

// parseFiles is parse with file names behind the flags, or between them.
func parseFiles(f *flag.FlagSet, args []string) (files []string, err error) {
	for len(args) > 0 {
		if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, errUsage
		}
		if args = f.Args(); len(args) > 0 {
			files, args = append(files, args[0]), args[1:]
		}
	}
	return files, nil
}

// untilSignal ends with SIGTERM or an interrupt; a second one ends the process.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func runDemo(args []string, out, errs io.Writer) error {
	var o demo.Options
	f := flags("demo", errs)
	f.StringVar(&o.State, "state", "", "folder of the state (default: below the user's data folder)")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "address of the pages and the API; port 0 is any free port")
	f.StringVar(&o.TLSListen, "tls-listen", "127.0.0.1:8443", "the same with TLS")
	f.StringVar(&o.OpsListen, "ops-listen", "127.0.0.1:9090", "address of health and metrics")
	f.StringVar(&o.EnvFile, "env-file", "", "file that gets the addresses and keys, as lines a shell can source")
	f.StringVar(&o.Backend, "backend", "", "base URL, ending in /v1, of an OpenAI-compatible server behind the chat and embedding deployments")
	f.StringVar(&o.BackendModel, "backend-model", "", "the chat model's name there")
	f.StringVar(&o.BackendEmbeddingModel, "backend-embedding-model", "", "the embedding model's name there")
	f.StringVar(&o.BackendKeyFile, "backend-key-file", "", "file with the key for that server")
	if err := parse(f, args); err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	return app.Demo(ctx, o, version, out, app.NewLogger(errs, "warn"))
}

// load reads a configuration and reports its findings on errs.
func load(file string, errs io.Writer) (*config.Config, error) {
	if file == "" {
		_, _ = fmt.Fprintln(errs, "sallyport: --config FILE is needed")
		return nil, errUsage
	}
	c, findings := app.LoadConfig(file)
	for _, f := range findings {
		_, _ = fmt.Fprintf(errs, "%s:%d: %s: %s\n", file, f.Line, f.Key, f.What)
	}
	if len(findings) > 0 {
		return nil, exitCode(1)
	}
	return c, nil
}

func runServe(args []string, _, errs io.Writer) error {
	f := flags("serve", errs)
	file := f.String("config", "", "configuration file")
	if err := parse(f, args); err != nil {
		return err
	}
	c, err := load(*file, errs)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	logger := app.NewLogger(errs, c.Log.Level)
	a, err := app.New(ctx, app.Options{
		Config: c, Version: version, Logger: logger,
		Load: func() (*config.Config, error) { return load(*file, errs) },
	})
	if err != nil {
		return err
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	go reloadOn(ctx, hup, a, logger)
	return a.Run(ctx)
}

// reloadOn reads the configuration anew at each hang-up, until ctx ends.
func reloadOn(ctx context.Context, hup <-chan os.Signal, a *app.App, logger *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			if err := a.Reload(ctx); err != nil {
				logger.Error("the configuration was not swapped; the old one stays", slog.Any("err", err))
				continue
			}
			logger.Info("the configuration was swapped")
		}
	}
}

func runCheck(args []string, out, errs io.Writer) error {
	f := flags("check", errs)
	file := f.String("config", "", "configuration file")
	if err := parse(f, args); err != nil {
		return err
	}
	c, err := load(*file, errs)
	if err != nil {
		return err
	}
	if err := app.Check(context.Background(), c); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "ok")
	return err
}

func runSchema(args []string, out, errs io.Writer) error {
	f := flags("schema", errs)
	markdown := f.Bool("markdown", false, "as the table of docs/configuration.md")
	if err := parse(f, args); err != nil {
		return err
	}
	text := config.Schema()
	if *markdown {
		text = config.Markdown()
	}
	_, err := out.Write(text)
	return err
}
