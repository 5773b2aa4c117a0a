package app

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"sallyport/guard/blocklist"
	"sallyport/guard/pii"
	"sallyport/internal/config"
	"sallyport/internal/filter"
)

// openFilters makes the content filters of c.
func openFilters(c *config.Config, guards filter.Guards) (map[string]filter.Policy, error) {
	lists := map[string]*blocklist.List{}
	for name, b := range c.Blocklists {
		l, err := readBlocklist(name, b.File)
		if err != nil {
			return nil, err
		}
		lists[name] = l
	}
	out := map[string]filter.Policy{}
	for name, f := range c.Filters {
		p, err := filter.New(filterConfig(name, f, lists, guards, c.Limits.GuardDeadline))
		if err != nil {
			return nil, fmt.Errorf("filter %s: %w", name, err)
		}
		out[name] = p
	}
	return out, nil
}

// readBlocklist reads a file of terms.
func readBlocklist(name, file string) (*blocklist.List, error) {
	terms, _, err := readTerms(file)
	if err != nil {
		return nil, fmt.Errorf("blocklist %s: %w", name, err)
	}
	return compile(name, terms)
}

// readTerms reads one term a line, with the lines they stand in; "re:" begins an
// expression.
func readTerms(file string) (terms []blocklist.Term, at []int, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		expr, isExpr := strings.CutPrefix(text, "re:")
		terms, at = append(terms, blocklist.Term{Text: expr, Regexp: isExpr}), append(at, n)
	}
	return terms, at, lines.Err()
}

func compile(name string, terms []blocklist.Term) (*blocklist.List, error) {
	l, err := blocklist.Compile(name, terms)
	if err != nil {
		return nil, fmt.Errorf("blocklist %s: %w", name, err)
	}
	return l, nil
}

func filterConfig(name string, f *config.Filter, lists map[string]*blocklist.List, guards filter.Guards, deadline time.Duration) filter.Config {
	var own []*blocklist.List
	for _, l := range f.Blocklists {
		own = append(own, lists[l])
	}
	return filter.Config{
		Name: name, Guards: guards, Deadline: deadline, Buffered: f.Stream == "buffered",
		Prompt: rules(f.Prompt, f.PersonalData.Prompt, own),
		Answer: rules(f.Answer, f.PersonalData.Answer, own),
	}
}

func rules(s config.Side, personal map[string]string, lists []*blocklist.List) filter.Rules {
	r := filter.Rules{
		Harm:      [4]filter.Threshold{threshold(s.Hate), threshold(s.Sexual), threshold(s.Violence), threshold(s.SelfHarm)},
		Jailbreak: mode(s.Jailbreak), Indirect: mode(s.IndirectAttack),
		Blocklists: lists, Personal: map[string]filter.Mode{},
	}
	for _, t := range pii.Types() {
		word, named := personal[t]
		if !named {
			word, named = personal["all"]
		}
		if named {
			r.Personal[t] = mode(word)
		}
	}
	return r
}

// threshold reads a word of config.Side. An unknown word is the strictest: the
// configuration was checked, so this is an error of ours.
func threshold(word string) filter.Threshold {
	switch word {
	case "off":
		return filter.Threshold{Mode: filter.Off}
	case "annotate":
		return filter.Threshold{Mode: filter.Note}
	case "high":
		return filter.Threshold{At: 6}
	case "medium":
		return filter.Threshold{At: 4}
	}
	return filter.Threshold{At: 2}
}

func mode(word string) filter.Mode {
	switch word {
	case "off":
		return filter.Off
	case "annotate":
		return filter.Note
	case "mask":
		return filter.Mask
	}
	return filter.Block
}
