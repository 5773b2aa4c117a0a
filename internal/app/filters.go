package app

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"sallyport/guard/blocklist"
	"sallyport/guard/pii"
	"sallyport/internal/blocklists"
	"sallyport/internal/config"
	"sallyport/internal/filter"
)

// policies are the content filters of a configuration. A filter that names managed
// blocklists is made anew for a resource when one of them has changed.
type policies struct {
	fixed  map[string]filter.Policy // filters without managed lists
	config map[string]filter.Config // of the others
	named  map[string][]string      // their managed lists
	lists  *blocklists.Store
	log    *slog.Logger

	mu   sync.Mutex
	made map[[2]string]made // by resource and filter; guarded by mu
}

// made is a filter with the managed lists that it was made of.
type made struct {
	lists  []*blocklist.List
	policy filter.Policy
}

// openFilters makes the content filters of c. lists may be nil where none will judge.
func openFilters(c *config.Config, guards filter.Guards, w works, lists *blocklists.Store, log *slog.Logger) (*policies, error) {
	own := map[string]*blocklist.List{}
	for name, b := range c.Blocklists {
		l, err := readBlocklist(name, b.File)
		if err != nil {
			return nil, err
		}
		own[name] = l
	}
	p := &policies{fixed: map[string]filter.Policy{}, config: map[string]filter.Config{}, named: map[string][]string{}, lists: lists, log: log, made: map[[2]string]made{}}
	for name, f := range c.Filters {
		cfg := filterConfig(name, f, own, guards, c.Limits.GuardDeadline)
		w.into(&cfg)
		policy, err := filter.New(cfg)
		if err != nil {
			return nil, fmt.Errorf("filter %s: %w", name, err)
		}
		if len(f.Managed) == 0 {
			p.fixed[name] = policy
			continue
		}
		p.config[name], p.named[name] = cfg, f.Managed
	}
	return p, nil
}

// into registers the works with a filter.
func (w works) into(c *filter.Config) {
	c.Answer.Works = [2]filter.Works{
		{Index: w.text, Mode: c.Answer.Works[0].Mode},
		{Index: w.code, Mode: c.Answer.Works[1].Mode},
	}
}

// of is the filter of a name for a resource. It is nil, which refuses, when there is none
// or one of its managed lists cannot be had.
func (p *policies) of(ctx context.Context, resource, name string) filter.Policy {
	if fixed := p.fixed[name]; fixed != nil {
		return fixed
	}
	c, known := p.config[name]
	if !known {
		return nil
	}
	var lists []*blocklist.List
	for _, list := range p.named[name] {
		m, err := p.lists.Matcher(ctx, resource, list)
		if err != nil {
			p.log.Warn("a content filter cannot have its blocklist, so it refuses", slog.String("resource", resource), slog.String("filter", name), slog.String("blocklist", list))
			return nil
		}
		lists = append(lists, m.List())
	}
	at := [2]string{resource, name}
	p.mu.Lock()
	defer p.mu.Unlock()
	if have, ok := p.made[at]; ok && slices.Equal(have.lists, lists) {
		return have.policy
	}
	c.Prompt.Blocklists, c.Answer.Blocklists = slices.Concat(c.Prompt.Blocklists, lists), slices.Concat(c.Answer.Blocklists, lists)
	policy, err := filter.New(c)
	if err != nil {
		return nil
	}
	p.made[at] = made{lists, policy}
	return policy
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
	c := filter.Config{
		Name: name, Guards: guards, Deadline: deadline, Buffered: f.Stream == "buffered",
		Prompt: rules(f.Prompt, f.PersonalData.Prompt, own),
		Answer: rules(f.Answer, f.PersonalData.Answer, own),
	}
	c.Prompt.Overflow = mode(f.Overflow)
	c.Answer.Works = [2]filter.Works{{Mode: mode(f.Material.Text)}, {Mode: mode(f.Material.Code)}}
	c.Answer.Ungrounded = ungrounded(f.Grounding)
	return c
}

func ungrounded(g config.Grounding) filter.Otherwise {
	if g.Require != "supported" {
		return filter.Anything
	}
	switch g.Otherwise {
	case "remove":
		return filter.RemoveStatement
	case "annotate":
		return filter.TellOnly
	}
	return filter.EndAnswer
}

func rules(s config.Side, personal map[string]string, lists []*blocklist.List) filter.Rules {
	r := filter.Rules{
		Harm:      [4]filter.Threshold{threshold(s.Hate), threshold(s.Sexual), threshold(s.Violence), threshold(s.SelfHarm)},
		Jailbreak: mode(s.Jailbreak), Indirect: mode(s.IndirectAttack),
		Blocklists: lists, Personal: map[string]filter.Mode{},
	}
	for _, t := range pii.Types() {
		if word, named := config.PersonalWord(personal, t); named {
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
