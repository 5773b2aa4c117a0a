package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"sallyport/internal/examine"
)

// maxExplained bounds a file to explain in bytes.
const maxExplained = 16 << 20

// declareGuardExplain prints content, on purpose: the operator named the file.
func declareGuardExplain(f *flag.FlagSet) func(streams) error {
	whole := f.Bool("whole", false, "print texts uncut")
	return func(s streams) error {
		if f.NArg() != 1 {
			return misused("one FILE is needed; - is standard input")
		}
		text, err := readText(f.Arg(0))
		if err != nil {
			return err
		}
		g, err := examine.Open()
		if err != nil {
			return err
		}
		return g.Explain(s.out, text, *whole)
	}
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

func declareGuardEval(f *flag.FlagSet) func(streams) error {
	var o examine.Options
	f.StringVar(&o.By, "by", "", "group by `FIELD`: "+strings.Join(examine.Groups, ", "))
	f.StringVar(&o.Split, "split", "", "only rows of this `SPLIT`, e.g. dev")
	return func(s streams) error {
		if f.NArg() == 0 {
			return misused("FILE.jsonl is needed; there may be several, and they may end in .gz")
		}
		g, err := examine.Open()
		if err != nil {
			return err
		}
		return g.Evaluate(s.out, f.Args(), o)
	}
}
