package contentsafety

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"sallyport/guard"
	"sallyport/guard/normalize"
	"sallyport/internal/blocklists"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/gate"
	"sallyport/internal/surface/cognitive"
	"sallyport/internal/surface/httpx"
)

// Limits of texts in code points (sections 2 to 6).
const (
	maxText      = 10_000
	maxDocuments = 5
	// maxLists bounds the lists of one analysis; the contract names no number.
	maxLists = 100
)

// categories are the wire's words in the wire's order, with the place of each in
// guard.Harms.
var categories = [...]struct {
	word string
	harm int
}{{"Hate", 0}, {"SelfHarm", 3}, {"Sexual", 1}, {"Violence", 2}}

var categoryWords = []string{categories[0].word, categories[1].word, categories[2].word, categories[3].word}

// analysis is a request of section 2.
type analysis struct {
	text   string
	wanted [len(categories)]bool
	lists  []string
	halt   bool
	eight  bool
}

func readAnalysis(c *cognitive.Call, body json.Value) (analysis, error) {
	var a analysis
	r := c.Read(body, "", "text", "categories", "blocklistNames", "haltOnBlocklistHit", "outputType")
	a.text, _ = r.Text("text", true, cognitive.Length{Min: 1, Max: maxText})
	items, _ := r.Array("categories", false, 1<<10)
	for i, v := range items {
		at := cognitive.WordOf(v, false, categoryWords...)
		if at < 0 {
			r.Fail("categories["+strconv.Itoa(i)+"]", "must be one of Hate, SelfHarm, Sexual, Violence")
			break
		}
		a.wanted[at] = true
	}
	if len(items) == 0 {
		a.wanted = [len(categories)]bool{true, true, true, true}
	}
	a.lists, _ = r.Texts("blocklistNames", false, maxLists, cognitive.Length{Min: 1})
	a.halt = r.Bool("haltOnBlocklistHit")
	a.eight = r.Word("outputType", false, "FourSeverityLevels", "EightSeverityLevels") == 1
	return a, r.Err()
}

func (s *surface) analyze(c *cognitive.Call) error {
	if err := c.Enter(); err != nil {
		return err
	}
	var a analysis
	err := c.JSON(func(body json.Value) (err error) {
		a, err = readAnalysis(c, body)
		return err
	})
	if err != nil {
		return err
	}
	matchers, err := s.matchers(c, a.lists)
	if err != nil {
		return err
	}
	found, err := cognitive.Judge(c.Context(), s.Deadline, func(ctx context.Context) (f analysed, err error) {
		return s.judge(ctx, a, matchers)
	})
	if err != nil {
		return c.Unjudged(err)
	}
	return c.Answer(http.StatusOK, found.append(make([]byte, 0, 512), &a, c.Scores()), gate.Outcome{Report: found.report(&a, s.Guards.Version())})
}

// matchers opens the lists that a request names.
func (s *surface) matchers(c *cognitive.Call, names []string) ([]*blocklists.Matcher, error) {
	var all []*blocklists.Matcher
	for _, name := range names {
		if !validName(name) {
			return nil, invalidName()
		}
		if slices.ContainsFunc(all, func(m *blocklists.Matcher) bool { return m.Name() == name }) {
			continue
		}
		m, err := s.Lists.Matcher(c.Context(), c.Resource().Name, name)
		if errors.Is(err, blocklists.ErrNoList) {
			return nil, noList()
		}
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// analysed is what was found.
type analysed struct {
	hits   []hit
	harm   Harm
	judged bool // not halted
}

type hit struct {
	list string
	item blocklists.Item
}

func (s *surface) judge(ctx context.Context, a analysis, lists []*blocklists.Matcher) (f analysed, err error) {
	if len(lists) > 0 {
		readings := []normalize.Reading{normalize.Normalize(a.text)}
		for _, view := range readings[0].Views() {
			if ctx.Err() != nil {
				return analysed{}, ctx.Err()
			}
			readings = append(readings, view)
		}
		for _, m := range lists {
			for _, it := range m.Find(readings...) {
				f.hits = append(f.hits, hit{m.Name(), it})
			}
		}
	}
	if f.judged = !a.halt || len(f.hits) == 0; f.judged {
		f.harm, err = s.Guards.Harm(ctx, a.text)
	}
	return f, err
}

func (f *analysed) append(b []byte, a *analysis, scores bool) []byte {
	b = append(b, `{"blocklistsMatch":[`...)
	for i, h := range f.hits {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"blocklistName":`...)
		b = cognitive.AppendWord(b, h.list)
		b = append(b, `,"blocklistItemId":`...)
		b = cognitive.AppendWord(b, h.item.ID)
		b = append(b, `,"blocklistItemText":`...)
		b = open.AppendQuoted(b, h.item.Text)
		b = append(b, '}')
	}
	b = append(b, `],"categoriesAnalysis":[`...)
	first := true
	for i, category := range categories {
		if !a.wanted[i] || !f.judged {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, `{"category":`...)
		b = cognitive.AppendWord(b, category.word)
		b = append(b, `,"severity":`...)
		b = strconv.AppendInt(b, int64(level(f.harm.Severity[category.harm], a.eight)), 10)
		if scores {
			b = append(b, `,"score":`...)
			b = cognitive.AppendScore(b, f.harm.Score[category.harm])
		}
		b = append(b, '}')
	}
	return append(b, `]}`...)
}

// level is a severity on the wire's scale: 0 to 7, or its even half.
func level(s guard.Severity, eight bool) guard.Severity {
	if s = min(s, 7); eight {
		return s
	}
	return s &^ 1
}

func (f *analysed) report(a *analysis, version string) guard.Report {
	r := guard.Report{Action: guard.Annotate, Scanned: len(a.text), Total: len(a.text)}
	seen := ""
	for _, h := range f.hits {
		if h.list != seen {
			r.Verdicts = append(r.Verdicts, guard.Verdict{Category: guard.Blocklist, Detected: true, Label: h.list})
			seen = h.list
		}
	}
	for i, category := range categories {
		if a.wanted[i] && f.judged {
			severity := f.harm.Severity[category.harm]
			r.Verdicts = append(r.Verdicts, guard.Verdict{Category: guard.Harms[category.harm], Severity: severity, Detected: severity >= 4, Version: version})
		}
	}
	return r
}

// validName reports whether s is a list's name as the contract allows it.
func validName(s string) bool {
	for i := range len(s) {
		if s[i] != '~' && !httpx.Identifier(s[i:i+1]) {
			return false
		}
	}
	return s != "" && len(s) <= blocklists.MaxName
}

func invalidName() error {
	return &cognitive.Problem{Status: http.StatusBadRequest, Code: "InvalidResourceName", Target: "blocklistName",
		Message: "The name of a blocklist has 1 to 64 letters, digits and the signs . _ ~ -"}
}

func noList() error { return cognitive.NotFound("The blocklist does not exist.") }
