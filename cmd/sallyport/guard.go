package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"sallyport/internal/examine"
)

// maxExplained bounds a file to explain in bytes.
const maxExplained = 16 << 20

func runGuard(args []string, out, errs io.Writer) error {
	if asksHelp(args) {
		return runHelp(nil, out, errs)
	}
	if len(args) == 0 {
		_, _ = fmt.Fprintln(errs, "sallyport: guard explain FILE or guard eval FILE…")
		return errUsage
	}
	switch args[0] {
	case "explain":
		return guardExplain(args[1:], out, errs)
	case "eval":
		return guardEval(args[1:], out, errs)
	}
	_, _ = fmt.Fprintf(errs, "sallyport: no command guard %q\n", args[0])
	return errUsage
}

// guardExplain prints content, on purpose: the operator named the file.
func guardExplain(args []string, out, errs io.Writer) error {
	f := flags("guard explain", errs)
	whole := f.Bool("whole", false, "print texts uncut")
	files, err := parseFiles(f, args)
	if err != nil {
		return err
	}
	if len(files) != 1 {
		_, _ = fmt.Fprintln(errs, "sallyport guard explain: one FILE is needed; - is standard input")
		return errUsage
	}
	text, err := readText(files[0])
	if err != nil {
		return err
	}
	g, err := examine.Open()
	if err != nil {
		return err
	}
	return g.Explain(out, text, *whole)
}

func readText(file string) (string, error) {
	in := io.Reader(os.Stdin)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxExplained+1))
	if err == nil && len(b) > maxExplained {
		err = fmt.Errorf("%s has more than %d bytes", file, maxExplained)
	}
	return string(b), err
}

func guardEval(args []string, out, errs io.Writer) error {
	f := flags("guard eval", errs)
	var o examine.Options
	f.StringVar(&o.By, "by", "", "group by one of: "+strings.Join(examine.Groups, ", "))
	f.StringVar(&o.Split, "split", "", "only rows of this split, e.g. dev")
	files, err := parseFiles(f, args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		_, _ = fmt.Fprintln(errs, "sallyport guard eval: FILE.jsonl is needed, may be several and may end in .gz")
		return errUsage
	}
	g, err := examine.Open()
	if err != nil {
		return err
	}
	return g.Evaluate(out, files, o)
}
