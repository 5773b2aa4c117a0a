package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/internal/chat"
	"sallyport/internal/chat/prose"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/surface/httpx"
)

// Bounds of the page's API.
const (
	questionBody = 64 << 10
	// questionLength is in the units in which a browser counts: UTF-16's.
	questionLength = 8000
	// pulse keeps an idle event stream alive through proxies.
	pulse = 15 * time.Second
	// context shown around an opened passage, in bytes.
	around = 240
)

func (s *Surface) session(w http.ResponseWriter, v *visit) error {
	if err := v.done(); err != nil {
		return err
	}
	return s.json(w, http.StatusOK, struct {
		Name  string `json:"name"`
		Token string `json:"token"`
	}{v.Visitor.Who().Name, s.token(v.secret)})
}

func (s *Surface) conversations(w http.ResponseWriter, v *visit) error {
	if err := v.done(); err != nil {
		return err
	}
	return s.json(w, http.StatusOK, map[string][]brief{"conversations": s.briefs(v)})
}

type turnView struct {
	Answer   string  `json:"answer"`
	Question string  `json:"question"`
	Done     bool    `json:"done"`
	Events   []event `json:"events"`
}

func (s *Surface) conversation(w http.ResponseWriter, v *visit) error {
	turns, err := s.cfg.Chat.Turns(v.key, v.Visitor.Who(), v.args[0])
	if err != nil {
		return errMissing
	}
	if err := v.done(); err != nil {
		return err
	}
	list := []turnView{}
	for _, a := range turns {
		t := turnView{Answer: a.ID, Question: open.String(a.Question), Events: []event{}}
		for _, e := range a.Snapshot() {
			t.Events = append(t.Events, s.event(a, e))
			t.Done = t.Done || e.Kind == chat.EndEvent
		}
		list = append(list, t)
	}
	return s.json(w, http.StatusOK, map[string]any{"id": v.args[0], "turns": list})
}

func (s *Surface) forget(w http.ResponseWriter, v *visit) error {
	if !s.cfg.Chat.Has(v.key, v.Visitor.Who(), v.args[0]) {
		return errMissing
	}
	if err := v.done(); err != nil {
		return err
	}
	// Another tab may have been faster: it is forgotten either way.
	_ = s.cfg.Chat.Forget(v.key, v.Visitor.Who(), v.args[0])
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Surface) ask(w http.ResponseWriter, v *visit) error {
	var in struct {
		Conversation string `json:"conversation"`
		Question     string `json:"question"`
	}
	err := httpx.JSONBody(w, v.Request, questionBody, func(b []byte) error {
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil || d.More() {
			return errBadBody // the decoder's own error quotes what was sent
		}
		return nil
	})
	if err != nil {
		return &fault{status: http.StatusBadRequest, state: "bad_request"}
	}
	if len(utf16.Encode([]rune(in.Question))) > questionLength {
		return &fault{status: http.StatusRequestEntityTooLarge, state: "too_long"}
	}
	a, err := s.cfg.Chat.Ask(v.key, v.Visitor.Question(), in.Conversation, prose.Trim(content.New(in.Question)))
	switch {
	case errors.Is(err, chat.ErrNotFound):
		return errMissing
	case errors.Is(err, chat.ErrBusy):
		return &fault{status: http.StatusConflict, state: "busy"}
	case errors.Is(err, chat.ErrFull):
		return &fault{status: http.StatusConflict, state: "full"}
	case errors.Is(err, chat.ErrEmpty):
		return &fault{status: http.StatusBadRequest, state: "bad_request"}
	case errors.Is(err, chat.ErrTooLong):
		return &fault{status: http.StatusRequestEntityTooLarge, state: "too_long"}
	case errors.Is(err, chat.ErrClosed):
		return &fault{status: http.StatusServiceUnavailable, state: "unavailable"}
	case err != nil:
		return err
	}
	v.recorded = true // the answer puts itself on the record
	return s.json(w, http.StatusCreated, map[string]string{"conversation": a.Conversation, "answer": a.ID})
}

var errBadBody = errors.New("web: the body is not a question")

func (s *Surface) answer(v *visit) (*chat.Answer, error) {
	a, err := s.cfg.Chat.Answer(v.key, v.Visitor.Who(), v.args[0], v.args[1])
	if err != nil {
		return nil, errMissing
	}
	return a, nil
}

// events streams an answer's events as lines of JSON, from the one after ?after=.
func (s *Surface) events(w http.ResponseWriter, v *visit) error {
	a, err := s.answer(v)
	if err != nil {
		return err
	}
	after, err := strconv.ParseUint(cmpOr(v.URL.Query().Get("after"), "0"), 10, 32)
	if err != nil {
		return &fault{status: http.StatusBadRequest, state: "bad_request"}
	}
	if err := v.done(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no")
	if v.Method == http.MethodHead {
		return nil // who asks for the head only does not attend
	}
	out := httpx.NewEventWriter(w, 0)
	out.Keep(append(out.Buffer(), '\n')) // the page knows at once that it is attached
	if err := out.Flush(); err != nil {
		return nil // the client left
	}
	_ = a.Events(v.Context(), after, pulse, func(events []chat.Event) error {
		buf := out.Buffer()
		for _, e := range events {
			line, err := json.Marshal(s.event(a, e))
			if err != nil {
				return err
			}
			buf = append(append(buf, line...), '\n')
		}
		if len(events) == 0 {
			buf = append(buf, '\n')
		}
		out.Keep(buf)
		return out.Flush()
	})
	return nil
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (s *Surface) stop(w http.ResponseWriter, v *visit) error {
	a, err := s.answer(v)
	if err != nil {
		return err
	}
	if err := v.done(); err != nil {
		return err
	}
	a.Stop()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// event is what the page is told of a chat event.
type event struct {
	ID   uint64 `json:"id"`
	Type string `json:"type"`

	Step string `json:"step,omitempty"`
	Text string `json:"text,omitempty"` // of a step; of an end: what assistive technology is told

	Source *sourceView `json:"source,omitempty"`
	Block  *blockView  `json:"block,omitempty"`

	State      string `json:"state,omitempty"`
	Title      string `json:"title,omitempty"`
	Body       string `json:"body,omitempty"`
	Help       string `json:"help,omitempty"`
	Reference  string `json:"reference,omitempty"`
	Asked      string `json:"asked,omitempty"` // the day, for people
	RetryAfter int    `json:"retry_after,omitempty"`
	Calm       bool   `json:"calm,omitempty"` // not an error: policy, or nothing found
}

type sourceView struct {
	Number         int    `json:"n"`
	Label          string `json:"label"`
	Title          string `json:"title"`
	Section        string `json:"section,omitempty"`
	Updated        string `json:"updated,omitempty"`
	Classification string `json:"classification,omitempty"`
}

type blockView struct {
	Kind   string        `json:"kind"`
	Level  int           `json:"level,omitempty"`
	Depth  int           `json:"depth,omitempty"`
	Number int           `json:"number,omitempty"`
	Runs   []runView     `json:"runs,omitempty"`
	Rows   [][][]runView `json:"rows,omitempty"`
}

type runView struct {
	Text  string `json:"s,omitempty"`
	Style string `json:"style,omitempty"` // letters of b, i, c
	Cite  int    `json:"n,omitempty"`
	Ref   int    `json:"ref,omitempty"`
	None  bool   `json:"none,omitempty"` // no source was found for the statement
}

var blockKinds = [...]string{prose.Paragraph: "p", prose.Item: "li", prose.Heading: "h", prose.Quote: "quote", prose.Code: "code", prose.Table: "table"}

func (s *Surface) event(a *chat.Answer, e chat.Event) event {
	out := event{ID: e.ID}
	switch e.Kind {
	case chat.StepEvent:
		out.Type, out.Step = "step", string(e.Step)
		out.Text = s.texts.count("step."+string(e.Step), e.Count)
		if e.Step == chat.Writing && e.Count == 0 {
			out.Text = s.texts.say("step.written.nothing")
		}
	case chat.SourceEvent:
		out.Type = "source"
		out.Source = s.sourceView(e.Source)
	case chat.BlockEvent:
		out.Type = "block"
		out.Block = &blockView{Kind: blockKinds[e.Block.Kind], Level: e.Block.Level, Depth: e.Block.Depth, Number: e.Block.Number, Runs: runs(e.Block.Runs)}
		for _, row := range e.Block.Rows {
			cells := [][]runView{}
			for _, cell := range row {
				cells = append(cells, runs(cell))
			}
			out.Block.Rows = append(out.Block.Rows, cells)
		}
	case chat.EndEvent:
		s.end(&out, a, e.End)
	}
	return out
}

func runs(rs []prose.Run) []runView {
	list := []runView{}
	for _, r := range rs {
		v := runView{Text: open.String(r.Text), Cite: r.Cite, Ref: r.Ref, None: r.Unsupported}
		if r.Style&prose.Strong != 0 {
			v.Style += "b"
		}
		if r.Style&prose.Emphasis != 0 {
			v.Style += "i"
		}
		if r.Style&prose.Mono != 0 {
			v.Style += "c"
		}
		list = append(list, v)
	}
	return list
}

func (s *Surface) sourceView(x chat.Source) *sourceView {
	v := &sourceView{Number: x.Number, Title: open.String(x.Title), Updated: s.texts.date(x.Updated), Classification: x.Classification}
	v.Section = sectionOf(x.Headings, v.Title)
	if v.Section == "" {
		v.Label = s.texts.say("source.label", "n", x.Number, "title", v.Title)
	} else {
		v.Label = s.texts.say("source.label_section", "n", x.Number, "title", v.Title, "section", v.Section)
	}
	return v
}

// sectionOf is the innermost heading that is not the title over again.
func sectionOf(headings []content.Text, title string) string {
	for _, h := range slices.Backward(headings) {
		if t := open.String(h); t != title {
			return t
		}
	}
	return ""
}

// calm states are no errors: the assistant did what it should.
var calm = []chat.State{chat.Complete, chat.Shortened, chat.Stopped, chat.Unattended, chat.NothingFound, chat.Blocked, chat.Withheld}

func (s *Surface) end(out *event, a *chat.Answer, e chat.End) {
	state := "state." + string(e.State)
	out.Type, out.State, out.Reference = "end", string(e.State), a.Reference
	out.Asked = s.texts.date(a.Asked.Format(time.DateOnly))
	out.RetryAfter = seconds(e.RetryAfter)
	out.Calm = slices.Contains(calm, e.State)
	args := []any{"policies", s.policies(e.Policies), "documents", s.texts.count("documents", e.Visible)}
	body := state + ".body"
	switch {
	case e.State == chat.Blocked && len(e.Policies) == 0:
		body = "state.blocked.unnamed"
	case e.State == chat.Blocked && slices.Contains(e.Policies, guard.IndirectAttack):
		body = "state.blocked.documents"
	}
	out.Title, out.Body = s.texts.say(state+".title", args...), s.texts.say(body, args...)
	if slices.Contains(e.Policies, guard.SelfHarm) {
		out.Help = s.texts.say("help.self_harm")
	}
	out.Text = out.Title
	if e.State == chat.Complete {
		out.Text = s.texts.count("told.complete", e.Sources)
		if e.Unsupported > 0 {
			out.Text += " " + s.texts.count("told.unsupported", e.Unsupported)
		}
	}
}

// policies names categories for people.
func (s *Surface) policies(cs []guard.Category) string {
	var names []string
	for _, c := range cs {
		names = append(names, s.texts.say("policy."+string(c)))
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	last := len(names) - 1
	return s.texts.say("list.and", "first", strings.Join(names[:last], ", "), "last", names[last])
}

type passageView struct {
	Number         int        `json:"n,omitempty"`
	Title          string     `json:"title"`
	Section        string     `json:"section,omitempty"`
	Collection     string     `json:"collection,omitempty"`
	Owner          string     `json:"owner,omitempty"`
	Classification string     `json:"classification,omitempty"`
	Updated        string     `json:"updated,omitempty"`
	Document       string     `json:"document"`
	Passage        int        `json:"passage"`
	Before         string     `json:"before,omitempty"`
	Parts          []markPart `json:"parts"`
	After          string     `json:"after,omitempty"`
	Changed        bool       `json:"changed,omitempty"` // since the answer was written

	whole string // the passage as the library has it
}

type markPart struct {
	Text string `json:"s"`
	Mark bool   `json:"mark,omitempty"`
}

// source opens a citation: the permission is looked at again, now.
func (s *Surface) source(w http.ResponseWriter, v *visit) error {
	a, err := s.answer(v)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.args[2])
	if err != nil {
		return errMissing
	}
	ref, err := strconv.Atoi(cmpOr(v.URL.Query().Get("ref"), "0"))
	if err != nil {
		return errMissing
	}
	src, ok := a.Source(n)
	if !ok {
		return errMissing
	}
	p, err := s.open(v, src.Document, src.Source.Passage)
	if err != nil {
		return &fault{status: http.StatusNotFound, state: "source_closed"}
	}
	p.Number = n
	if p.whole != open.String(src.Text) {
		p.Changed = true
	} else {
		p.Parts = marked(p.whole, a.Support(n, ref))
	}
	if err := v.done(src.Document); err != nil {
		return err
	}
	return s.json(w, http.StatusOK, p)
}

func (s *Surface) passage(w http.ResponseWriter, v *visit) error {
	i, err := strconv.Atoi(v.args[1])
	if err != nil {
		return errMissing
	}
	p, err := s.open(v, v.args[0], i)
	if err != nil {
		return errMissing
	}
	if err := v.done(p.Document); err != nil {
		return err
	}
	return s.json(w, http.StatusOK, p)
}

// open reads a passage as the person may read it now.
func (s *Surface) open(v *visit, document string, index int) (*passageView, error) {
	who := v.Visitor.Who()
	hit, err := s.cfg.Library.Passage(v.Context(), who, document, index)
	if err != nil {
		return nil, err
	}
	_, all, err := s.cfg.Library.Read(v.Context(), who, document)
	if err != nil {
		return nil, err
	}
	c := s.collection(v.Context(), who, hit.Document.Collection)
	p := &passageView{
		Title: open.String(hit.Document.Title), Collection: c.Name, Owner: c.Owner,
		Classification: hit.Document.Classification, Updated: s.texts.date(hit.Document.Updated),
		Document: hit.Document.ID, Passage: hit.Passage.Index,
		whole: open.String(hit.Passage.Text),
	}
	p.Parts = marked(p.whole, nil)
	p.Section = sectionOf(hit.Passage.Headings, p.Title)
	for i := range all {
		switch all[i].Index {
		case hit.Passage.Index - 1:
			p.Before = tail(body(open.String(all[i].Text)), around)
		case hit.Passage.Index + 1:
			p.After = head(body(open.String(all[i].Text)), around)
		}
	}
	return p, nil
}

// body is a passage without the headings that it begins with: the pages set them
// apart.
func body(s string) string {
	for strings.HasPrefix(s, "#") {
		_, rest, ok := strings.Cut(s, "\n")
		if !ok {
			return s
		}
		s = strings.TrimLeft(rest, "\r\n")
	}
	return s
}

// marked cuts the body of text at the spans, joined where they overlap.
func marked(text string, spans []guard.Span) []markPart {
	slices.SortFunc(spans, func(a, b guard.Span) int { return a.Start - b.Start })
	parts := []markPart{}
	at := len(text) - len(body(text))
	put := func(to int, mark bool) {
		if to > at {
			parts = append(parts, markPart{text[at:to], mark})
			at = to
		}
	}
	for _, sp := range spans {
		if sp.Start < 0 || sp.End > len(text) || sp.End <= at {
			continue
		}
		put(sp.Start, false)
		put(sp.End, true)
	}
	put(len(text), false)
	return parts
}

func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	if i := strings.LastIndexByte(s[:n], ' '); i > 0 {
		n = i
	}
	return s[:n] + " …"
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	at := len(s) - n
	for at < len(s) && !utf8.RuneStart(s[at]) {
		at++
	}
	// A whole line where there is one, else whole words.
	cut := strings.IndexByte(s[at:], '\n')
	if cut < 0 || cut > n/2 {
		cut = strings.IndexByte(s[at:], ' ')
	}
	return "… " + strings.TrimLeft(s[at+cut+1:], " \n")
}

func (s *Surface) documents(w http.ResponseWriter, v *visit) error {
	list, n, err := s.visible(v.Context(), v.Visitor.Who())
	if err != nil {
		return &fault{status: http.StatusForbidden, state: "permissions_unknown", cause: err}
	}
	docs := []document{}
	for _, c := range list {
		docs = append(docs, c.Documents...)
	}
	if err := v.done(); err != nil {
		return err
	}
	return s.json(w, http.StatusOK, map[string]any{"visible": n, "documents": docs})
}
