package material

import (
	"bytes"
	"context"
	"errors"
	"strings"
)

// The self-test's own lines, written for it.
const (
	sampleText = `The lamplighter counted nine boats before the tide turned, and wrote their names into a ledger that nobody had asked him to keep. Each evening he read the list aloud to the empty quay, so that the names would not be lost if the ledger was.`
	sampleCode = `
func tally(boats []string, seen map[string]int) (total int) {
	for i, name := range boats { // each boat once
		if seen[name] > 0 || len(name) == 0 {
			continue
		}
		seen[name] = i + 1
		total += len(name) * seen[name]
	}
	return total
}
`
)

// SelfTest builds an index of each kind, saves and loads it, and searches a text
// with and one without the work. Who gets an error does not use the package.
func SelfTest(ctx context.Context) error {
	for _, t := range []struct {
		kind          Kind
		content, with string
	}{
		{Text, sampleText, "He said:\n" + strings.ToUpper(sampleText[40:190]) + " And so on."},
		{Code, sampleCode, strings.ReplaceAll(sampleCode, "// each boat once", "/* all */")},
	} {
		b, err := NewBuilder(t.kind, Settings{})
		if err != nil {
			return err
		}
		if err := b.Add(Work{ID: "self-test", Sources: []string{"about:self-test"}}, t.content); err != nil {
			return err
		}
		var saved bytes.Buffer
		if err := b.Index().Save(&saved); err != nil {
			return err
		}
		x, err := Load(saved.Bytes())
		if err != nil {
			return err
		}
		found, err := x.Find(ctx, t.with)
		if err != nil {
			return err
		}
		none, err := x.Find(ctx, "The council met on Tuesday to discuss the new timetable, and nobody came to hear it.\nvar x = compute(1, 2)\n")
		if err != nil {
			return err
		}
		if len(found) != 1 || found[0].Work.ID != "self-test" || len(none) != 0 {
			return errors.New("material: self-test failed")
		}
	}
	return nil
}
