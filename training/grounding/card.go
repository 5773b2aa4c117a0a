package main

import (
	"fmt"
	"io"
	"os"

	"sallyport/guard/grounding"
)

// figures prints what the card has.
func figures(w io.Writer, c *grounding.Checker, dev, alike []example) error {
	fmt.Fprintf(w, "Weights %s. The floor is one minus the share of neighbouring words that are neighbours in a source.\n\nDev rows (thresholds and scales were chosen on them):\n\n", c.Version())
	all, err := judge(c, dev)
	if err != nil {
		return err
	}
	report(w, all)
	fmt.Fprint(w, "\nSeeded faults and true statements, dev documents:\n\n")
	seeded(w, all)
	fmt.Fprint(w, "\nRows that training never saw, because their licence is share-alike:\n\n")
	if all, err = judge(c, alike); err != nil {
		return err
	}
	report(w, all)
	return nil
}

func card(name, version string, size int, figures string) error {
	return os.WriteFile(name, fmt.Appendf(nil, cardText, version, (size+1023)/1024, figures), 0o644)
}
