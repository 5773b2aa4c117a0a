// Command sallyport serves language models inside an organisation's own
// boundary. This folder holds flags, signals and exit codes; nothing else.
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
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"text/tabwriter"
)

// version is set by the linker.
var version = "development"

// command is one command of the line. This list is all there is: help, dispatch
// and tests are made of it.
type command struct {
	name  string // one word, or two
	about string
	// declare adds the command's flags and returns what runs once they were read.
	declare func(*flag.FlagSet) func(streams) error
}

var commands = []command{
	{"demo", "run a sample organisation", declareDemo},
	{"serve", "run the service of a configuration", declareServe},
	{"check", "print what is wrong in a configuration, with lines", declareCheck},
	{"schema", "print the configuration's schema", declareSchema},
	{"key", "make an API key; the slot's old one ends at once", declareKey},
	{"role add", "give a role to a person or a group", declareRoleAdd},
	{"role list", "print who has which role", declareRoleList},
	{"role remove", "take a role back", declareRoleRemove},
	{"admin link", "make a link that lets a person in, once, within 15 minutes", declareAdminLink},
	{"audit verify", "say whether the record is intact", declareAuditVerify},
	{"audit show", "print the record's entries", declareAuditShow},
	{"audit export", "print the entries that the checkpoint covers, for another program", declareAuditExport},
	{"version", "print the version", declareVersion},
}

type streams struct{ out, err io.Writer }

// errUsage says that the command line was not understood.
type errUsage struct{ what string }

func (e errUsage) Error() string { return e.what }

func misused(format string, args ...any) error { return errUsage{fmt.Sprintf(format, args...)} }

// exitCode ends the program; what there is to say was said.
type exitCode int

func (e exitCode) Error() string { return "it was told" }

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	s := streams{out, errs}
	if len(args) == 0 {
		_ = help(errs, "")
		return 2
	}
	if isHelp(args[0]) {
		return s.code("", help(out, strings.Join(args[1:], " ")))
	}
	c, rest, err := find(args)
	if err != nil {
		return s.code("", err)
	}
	if c == nil { // a first word, and a wish for help
		return s.code("", help(out, args[0]))
	}
	f, do := c.flags()
	err = f.Parse(rest)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return s.code(c.name, c.help(out))
	case err != nil:
		return s.code(c.name, errUsage{dashes(err.Error())})
	case f.NArg() > 0:
		return s.code(c.name, misused("unexpected argument %q", f.Arg(0)))
	}
	return s.code(c.name, do(s))
}

func isHelp(word string) bool {
	return word == "help" || word == "--help" || word == "-help" || word == "-h"
}

// find takes the command off the beginning of args. No command and no error: the
// first word was followed by a wish for help.
func find(args []string) (*command, []string, error) {
	var second []string
	for i, c := range commands {
		first, word, two := strings.Cut(c.name, " ")
		switch {
		case first != args[0]:
		case !two:
			return &commands[i], args[1:], nil
		case len(args) > 1 && args[1] == word:
			return &commands[i], args[2:], nil
		default:
			second = append(second, word)
		}
	}
	switch {
	case second == nil:
		return nil, nil, misused("no command %q", args[0])
	case len(args) == 1:
		return nil, nil, misused("%s what? There are: %s", args[0], strings.Join(second, ", "))
	case isHelp(args[1]):
		return nil, nil, nil
	}
	return nil, nil, misused("no command %q; there are: %s", args[0]+" "+args[1], strings.Join(second, ", "))
}

// code tells an error and returns the exit code.
func (s streams) code(name string, err error) int {
	if err == nil {
		return 0
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	at := strings.TrimSpace("sallyport " + name)
	if usage, ok := errors.AsType[errUsage](err); ok {
		_, _ = fmt.Fprintf(s.err, "%s: %s (%s --help tells more)\n", at, usage.what, at)
		return 2
	}
	_, _ = fmt.Fprintf(s.err, "%s: %s\n", at, strings.ReplaceAll(err.Error(), "\n", "; "))
	return 1
}

// flags reads the command's flags without a word of its own.
func (c *command) flags() (*flag.FlagSet, func(streams) error) {
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	return f, c.declare(f)
}

var oneDash = regexp.MustCompile(`(^|[ :])-([a-z])`)

// dashes writes the flags in an error of package flag as documents do.
func dashes(s string) string { return oneDash.ReplaceAllString(s, "$1--$2") }

const codes = `Exit codes: 0 done; 1 failed, or what was checked is not in order;
2 the command line was not understood, or what was checked cannot be told.
`

// help prints the commands that begin with the words of name, or the one command.
func help(out io.Writer, name string) error {
	var some []command
	for i, c := range commands {
		if c.name == name {
			return commands[i].help(out)
		}
		if first, _, _ := strings.Cut(c.name, " "); name == "" || first == name {
			some = append(some, c)
		}
	}
	if len(some) == 0 {
		return misused("no command %q", name)
	}
	t := tabwriter.NewWriter(out, 0, 4, 3, ' ', 0)
	_, _ = fmt.Fprint(t, "Sallyport: one guarded passage between people, data and language models.\n\n")
	for _, c := range some {
		_, _ = fmt.Fprintf(t, "  sallyport %s\t%s\n", c.name, c.about)
	}
	_, _ = fmt.Fprint(t, "\n\"sallyport COMMAND --help\" tells more.\n"+codes)
	return t.Flush()
}

func (c *command) help(out io.Writer) error {
	f, _ := c.flags()
	t := tabwriter.NewWriter(out, 0, 4, 3, ' ', 0)
	_, _ = fmt.Fprintf(t, "sallyport %s: %s\n\n", c.name, c.about)
	f.VisitAll(func(g *flag.Flag) {
		what, about := flag.UnquoteUsage(g)
		if standard := g.DefValue; standard != "" && standard != "false" && standard != "0" {
			about += " (default: " + standard + ")"
		}
		_, _ = fmt.Fprintf(t, "  --%s\t%s\n", strings.TrimSpace(g.Name+" "+what), about)
	})
	return t.Flush()
}

// untilSignal ends with SIGTERM or an interrupt; a second one ends the process.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func declareVersion(*flag.FlagSet) func(streams) error {
	return func(s streams) error {
		_, err := fmt.Fprintln(s.out, version)
		return err
	}
}
