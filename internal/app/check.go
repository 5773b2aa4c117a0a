package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sallyport/internal/config"
	"sallyport/internal/filter"
	"sallyport/internal/knowledge"
)

// Check opens what the configuration names and the file alone cannot show to be
// right: lists, certificates, keys, access lists. It dials nothing, listens
// nowhere and touches no state. A service of c would not start with findings;
// warnings are what it starts with all the same.
func Check(ctx context.Context, c *config.Config) (findings, warnings []config.Finding) {
	k := checker{c: c}
	k.filters()
	k.backends()
	k.identities()
	k.listeners()
	k.collections(ctx)
	return k.findings, append(c.Warnings(), k.warnings...)
}

type checker struct {
	c                  *config.Config
	findings, warnings []config.Finding
}

// found adds an error of the part at key.
func (k *checker) found(key string, err error) {
	if err != nil {
		k.findings = append(k.findings, config.Finding{Line: k.c.Line(key), Key: key, What: err.Error()})
	}
}

func (k *checker) filters() {
	before := len(k.findings)
	for _, name := range sortedKeys(k.c.Blocklists) {
		k.blocklist("blocklists."+name+".file", name, k.c.Blocklists[name].File)
	}
	if len(k.findings) > before {
		return // filters are made of lists
	}
	_, err := openFilters(k.c, unused{})
	k.found("filters", err)
}

// blocklist names the lines that cannot be used, not what is in them.
func (k *checker) blocklist(key, name, file string) {
	terms, lines, err := readTerms(file)
	if err != nil {
		k.found(key, err)
		return
	}
	before := len(k.findings)
	for i := range terms {
		if _, err := compile(name, terms[i:i+1]); err != nil {
			k.findings = append(k.findings, config.Finding{File: file, Line: lines[i], Key: key, What: innermost(err).Error()})
		}
	}
	if len(k.findings) == before {
		_, err := compile(name, terms)
		k.found(key, err)
	}
}

func (k *checker) backends() {
	before := len(k.findings)
	for _, name := range sortedKeys(k.c.Backends) {
		if spec := k.c.Backends[name]; spec.Extractive == nil {
			b, err := dialler(k.c, name, spec)
			if err != nil {
				k.found("backends."+name, err)
				continue
			}
			b.Close()
		}
	}
	if len(k.findings) > before {
		return
	}
	set, err := k.c.ResourceSet()
	if err != nil {
		k.found("resources", err)
		return
	}
	b, err := openBackends(k.c, set)
	if err != nil {
		k.found("backends", err)
		return
	}
	b.close()
}

func (k *checker) identities() {
	for _, name := range sortedKeys(k.c.Identities) {
		_, err := provider(k.c, name)
		k.found("identities."+name, err)
	}
}

func (k *checker) listeners() {
	for _, name := range sortedKeys(k.c.Listeners) {
		_, err := certificate(k.c.Listeners[name].TLS)
		k.found("listeners."+name+".tls", err)
	}
}

func (k *checker) collections(ctx context.Context) {
	for _, f := range folders(k.c) {
		k.collection(ctx, f)
	}
}

func (k *checker) collection(ctx context.Context, f knowledge.Collection) {
	key := "collections." + f.ID
	folder := k.c.Collections[f.ID].Folder
	list := filepath.Join(folder, cmp.Or(f.AccessFile, "access.csv"))
	if _, err := os.Stat(list); err != nil {
		k.findings = append(k.findings, config.Finding{File: list, Key: key + ".access", What: innermost(err).Error()})
		return
	}
	// The ids of documents depend on the key; whether they can be read does not.
	l, err := knowledge.Open(ctx, knowledge.Config{Collections: []knowledge.Collection{f}, Key: make([]byte, 32)})
	for _, e := range branches(err) {
		if wrong, ok := errors.AsType[*knowledge.AccessError](e); ok {
			k.findings = append(k.findings, config.Finding{File: list, Line: wrong.Line, Key: key + ".access", What: wrong.Problem})
			continue
		}
		k.found(key+".folder", e)
	}
	if err == nil {
		k.leftOut(key, list, l.Findings())
	}
}

// leftOut warns of lines without effect one by one and of documents by kind: their
// names stay in the library.
func (k *checker) leftOut(key, list string, all []knowledge.Finding) {
	documents := map[string]int{}
	for _, f := range all {
		if f.Line == 0 {
			documents[f.Problem]++
			continue
		}
		k.warnings = append(k.warnings, config.Finding{File: list, Line: f.Line, Key: key + ".access", What: f.Problem})
	}
	for _, problem := range sortedKeys(documents) {
		k.warnings = append(k.warnings, config.Finding{Line: k.c.Line(key), Key: key + ".folder",
			What: fmt.Sprintf("files in it: %d: %s", documents[problem], problem)})
	}
}

// branches are the errors that were joined in err, or err itself.
func branches(err error) []error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if j, ok := e.(interface{ Unwrap() []error }); ok {
			var out []error
			for _, b := range j.Unwrap() {
				out = slices.Concat(out, branches(b))
			}
			return out
		}
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// innermost is the error at the bottom of err: without the names that a finding has
// already.
func innermost(err error) error {
	all := branches(err)
	e := all[0]
	for inner := errors.Unwrap(e); inner != nil; inner = errors.Unwrap(e) {
		e = inner
	}
	return e
}

// unused stands for guards where none will judge.
type unused struct{ filter.Guards }
