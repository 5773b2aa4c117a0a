package contentsafety

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"sallyport/internal/blocklists"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/gate"
	"sallyport/internal/surface/cognitive"
)

// pageSize is how many entries a page has at most, and when nothing is asked.
const pageSize = 100

// entered authorises, and reads the list's name.
func entered(c *cognitive.Call) (resource, name string, err error) {
	if err := c.Enter(); err != nil {
		return "", "", err
	}
	if name = c.ID(0); !validName(name) {
		return "", "", invalidName()
	}
	return c.Resource().Name, name, nil
}

// stored maps the errors of the store.
func stored(c *cognitive.Call, err error) error {
	var term *blocklists.TermError
	switch {
	case errors.Is(err, blocklists.ErrNoList):
		return noList()
	case errors.Is(err, blocklists.ErrNoItem):
		return cognitive.NotFound("The blocklist item does not exist.")
	case errors.As(err, &term):
		at := "blocklistItems[" + strconv.Itoa(term.Index) + "]"
		return c.Invalid(at, at+" "+term.Why+".")
	case errors.Is(err, blocklists.ErrDuplicate):
		return c.Invalid("blocklistItems", "blocklistItems must not hold the same text twice.")
	case errors.Is(err, blocklists.ErrTooMany):
		return c.Invalid("blocklistItems", "The blocklists of this resource would hold more than "+strconv.Itoa(blocklists.MaxTerms)+" items.")
	case errors.Is(err, blocklists.ErrPatterns):
		return c.Invalid("blocklistItems", "The blocklists of this resource would hold more than "+strconv.Itoa(blocklists.MaxPatterns)+" regular expressions.")
	case errors.Is(err, blocklists.ErrLists):
		return c.Invalid("blocklistName", "This resource would have more than "+strconv.Itoa(blocklists.MaxLists)+" blocklists.")
	}
	return err
}

func done() gate.Outcome { return gate.Outcome{} }

func (s *surface) lists(c *cognitive.Call) error {
	if err := c.Enter(); err != nil {
		return err
	}
	p, err := readPage(c)
	if err != nil {
		return err
	}
	all, err := s.Lists.Lists(c.Context(), c.Resource().Name)
	if err != nil {
		return err
	}
	from, to := p.cut(len(all))
	b := append(make([]byte, 0, 1024), `{"value":[`...)
	for i, l := range all[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendList(b, l)
	}
	return c.Answer(http.StatusOK, p.end(c, b, len(all)), done())
}

func (s *surface) list(c *cognitive.Call) error {
	resource, name, err := entered(c)
	if err != nil {
		return err
	}
	l, err := s.Lists.Get(c.Context(), resource, name)
	if err != nil {
		return stored(c, err)
	}
	return c.Answer(http.StatusOK, appendList(nil, l), done())
}

func (s *surface) putList(c *cognitive.Call) error {
	resource, name, err := entered(c)
	if err != nil {
		return err
	}
	var description *content.Text
	err = c.MergePatch(func(body json.Value) error {
		r := c.Read(body, "", "blocklistName", "description")
		if given, ok := r.Text("blocklistName", false, cognitive.Length{}); ok && given != name {
			r.Fail("blocklistName", "differs from the name in the path")
		}
		text, given := r.Text("description", false, cognitive.Length{Max: blocklists.MaxDescription})
		if v, ok := body.Member("description"); given || ok && v.Kind == json.Null { // a merge patch removes by null
			t := content.New(text)
			description = &t
		}
		return r.Err()
	})
	if err != nil {
		return err
	}
	if err := c.Intend(name); err != nil {
		return err
	}
	l, created, err := s.Lists.Put(c.Context(), resource, name, description)
	if err != nil {
		return stored(c, err)
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return c.Answer(status, appendList(nil, l), target(name))
}

func target(name string) gate.Outcome { return gate.Outcome{Targets: []string{name}} }

func (s *surface) deleteList(c *cognitive.Call) error {
	resource, name, err := entered(c)
	if err != nil {
		return err
	}
	// The name is on the record only when there is such a list: else it is the
	// caller's text.
	if _, err := s.Lists.Get(c.Context(), resource, name); err != nil {
		return stored(c, err)
	}
	if err := c.Intend(name); err != nil {
		return err
	}
	if err := s.Lists.Delete(c.Context(), resource, name); err != nil {
		return stored(c, err)
	}
	return c.Answer(http.StatusNoContent, nil, target(name))
}

func (s *surface) addItems(c *cognitive.Call) error {
	resource, name, err := entered(c)
	if err != nil {
		return err
	}
	var items []blocklists.Item
	err = c.JSON(func(body json.Value) error {
		r := c.Read(body, "", "blocklistItems")
		all, _ := r.Array("blocklistItems", true, blocklists.MaxBatch)
		if err := r.Err(); err != nil {
			return err
		}
		if len(all) == 0 {
			return c.Invalid("blocklistItems", "blocklistItems must not be empty.")
		}
		for i, v := range all {
			it, err := readItem(c, v, "blocklistItems["+strconv.Itoa(i)+"]")
			if err != nil {
				return err
			}
			items = append(items, it)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := s.Lists.Get(c.Context(), resource, name); err != nil {
		return stored(c, err)
	}
	if err := c.Intend(name); err != nil {
		return err
	}
	if items, err = s.Lists.Add(c.Context(), resource, name, items); err != nil {
		return stored(c, err)
	}
	b := append(make([]byte, 0, 256*len(items)), `{"blocklistItems":[`...)
	for i, it := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendItem(b, it)
	}
	return c.Answer(http.StatusOK, append(b, `]}`...), target(name))
}

func readItem(c *cognitive.Call, v json.Value, at string) (blocklists.Item, error) {
	if v.Kind != json.Object {
		return blocklists.Item{}, c.Invalid(at, at+" must be an object.")
	}
	r := c.Read(v, at, "text", "description", "isRegex")
	text, _ := r.Text("text", true, cognitive.Length{Min: 1, Max: blocklists.MaxTerm})
	description, _ := r.Text("description", false, cognitive.Length{Max: blocklists.MaxDescription})
	return blocklists.Item{Text: content.New(text), Description: content.New(description), Pattern: r.Bool("isRegex")}, r.Err()
}

func (s *surface) removeItems(c *cognitive.Call) error {
	resource, name, err := entered(c)
	if err != nil {
		return err
	}
	var ids []string
	err = c.JSON(func(body json.Value) error {
		r := c.Read(body, "", "blocklistItemIds")
		if ids, _ = r.Texts("blocklistItemIds", true, blocklists.MaxBatch, cognitive.Length{Min: 1, Max: 64}); len(ids) == 0 {
			r.Fail("blocklistItemIds", "must not be empty")
		}
		return r.Err()
	})
	if err != nil {
		return err
	}
	if _, err := s.Lists.Get(c.Context(), resource, name); err != nil {
		return stored(c, err)
	}
	if err := c.Intend(name); err != nil {
		return err
	}
	if err := s.Lists.Remove(c.Context(), resource, name, ids); err != nil {
		return stored(c, err)
	}
	return c.Answer(http.StatusNoContent, nil, target(name))
}

func (s *surface) items(c *cognitive.Call) error {
	resource, name, err := entered(c)
	if err != nil {
		return err
	}
	p, err := readPage(c)
	if err != nil {
		return err
	}
	all, err := s.Lists.Items(c.Context(), resource, name)
	if err != nil {
		return stored(c, err)
	}
	from, to := p.cut(len(all))
	b := append(make([]byte, 0, 4096), `{"value":[`...)
	for i, it := range all[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendItem(b, it)
	}
	return c.Answer(http.StatusOK, p.end(c, b, len(all)), done())
}

func (s *surface) item(c *cognitive.Call) error {
	resource, name, err := entered(c)
	if err != nil {
		return err
	}
	it, err := s.Lists.Item(c.Context(), resource, name, c.ID(1))
	if err != nil {
		return stored(c, err)
	}
	return c.Answer(http.StatusOK, appendItem(nil, it), done())
}

func appendList(b []byte, l blocklists.List) []byte {
	b = append(b, `{"blocklistName":`...)
	b = cognitive.AppendWord(b, l.Name)
	b = append(b, `,"description":`...)
	b = open.AppendQuoted(b, l.Description)
	return append(b, '}')
}

func appendItem(b []byte, it blocklists.Item) []byte {
	b = append(b, `{"blocklistItemId":`...)
	b = cognitive.AppendWord(b, it.ID)
	b = append(b, `,"description":`...)
	b = open.AppendQuoted(b, it.Description)
	b = append(b, `,"text":`...)
	b = open.AppendQuoted(b, it.Text)
	b = append(b, `,"isRegex":`...)
	return append(strconv.AppendBool(b, it.Pattern), '}')
}

// page is a stretch of a collection: skip so many, then at most top in all, size a
// page.
type page struct {
	skip, size int
	top        int // -1: all
}

func readPage(c *cognitive.Call) (page, error) {
	p := page{size: pageSize, top: -1}
	for _, f := range [...]struct {
		name  string
		to    *int
		least int
	}{{"top", &p.top, 0}, {"skip", &p.skip, 0}, {"maxpagesize", &p.size, 1}} {
		v, given, once := c.Query(f.name)
		if !given {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil || !once || n < f.least {
			return p, c.Invalid(f.name, f.name+" must be a whole number.")
		}
		*f.to = n
	}
	p.size = min(p.size, pageSize)
	return p, nil
}

// cut is the range of the page among n entries.
func (p page) cut(n int) (from, to int) {
	from = min(p.skip, n)
	size := p.size
	if p.top >= 0 {
		size = min(size, p.top)
	}
	return from, min(n, from+size)
}

// end closes a page, with a link where more is left.
func (p page) end(c *cognitive.Call, b []byte, n int) []byte {
	b = append(b, ']')
	from, to := p.cut(n)
	left := n - to
	if p.top >= 0 {
		left = min(left, p.top-(to-from))
	}
	if left > 0 {
		version, _, _ := c.Query("api-version")
		q := url.Values{"api-version": {version}, "skip": {strconv.Itoa(to)}, "maxpagesize": {strconv.Itoa(p.size)}}
		if p.top >= 0 {
			q.Set("top", strconv.Itoa(left))
		}
		b = append(b, `,"nextLink":`...)
		b = cognitive.AppendWord(b, c.Self(q))
	}
	return append(b, '}')
}
