package web

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
	"sallyport/internal/knowledge"
	"sallyport/internal/resource"
)

//go:embed pages
var pageFiles embed.FS

func parsePages(c *Catalogue, a *assets) (*template.Template, error) {
	return template.New("pages").Funcs(template.FuncMap{
		"t":     c.Text,
		"count": c.Count,
		"date":  c.Date,
		"asset": a.url,
		"lang":  func() string { return c.Language },
		"dir":   func() string { return c.Direction },
		"texts": c.page,
		"most":  func() int { return questionLength },
	}).ParseFS(pageFiles, "pages/*.html")
}

// shell is what the frame around every signed-in page shows.
type shell struct {
	Page          string
	Person        string
	Organisation  string
	Scope         string
	Handling      string // the true sentence on what happens with what is typed
	Token         string
	Conversation  string // "" for a new one
	Conversations []brief
	Visible       int
	PageTitle     string
}

type brief struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Turns int    `json:"turns"`
	Name  string `json:"name"` // without content
}

func (s *Surface) shell(v *visit, page string, visible int) shell {
	who := v.Visitor.Who()
	return shell{
		Page: page, Person: who.Name, Organisation: s.cfg.Organisation, Scope: s.cfg.Scope,
		Handling: s.handling(), Token: s.token(v.secret), Conversations: s.briefs(v), Visible: visible,
	}
}

func (s *Surface) briefs(v *visit) []brief {
	list := []brief{}
	for _, b := range s.cfg.Chat.Conversations(v.key, v.Visitor.Who()) {
		list = append(list, brief{b.ID, firstWords(b.First), b.Turns, s.texts.say("chat.conversation", "number", b.Number)})
	}
	return list
}

// titleLength is the room for a conversation's title, in graphemes.
const titleLength = 48

// firstWords is the beginning of a question, whole words where it can be.
func firstWords(t content.Text) string {
	s := strings.Join(strings.Fields(open.String(t)), " ")
	g := uniseg.NewGraphemes(s)
	for n := 0; g.Next(); n++ {
		if n == titleLength {
			from, _ := g.Positions()
			cut := s[:from]
			if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
				cut = cut[:i]
			}
			return cut + "…"
		}
	}
	return s
}

// handling says what happens with a question in this deployment, from the terms
// of the backends that may serve it now.
func (s *Surface) handling() string {
	d := s.cfg.Resource.Deployments[s.cfg.Deployment]
	backends, why := d.Lawful(s.cfg.Resource, time.Now())
	if why != resource.Lawful || len(backends) == 0 {
		return s.texts.say("handling.none")
	}
	inside := true
	for _, b := range backends {
		inside = inside && b.Terms.SelfHosted
	}
	if inside {
		key := "handling.self_hosted"
		if backends[0].Kind == "extractive" && len(backends) == 1 {
			key = "handling.extractive"
		}
		return s.texts.say(key, "organisation", s.cfg.Organisation, "region", backends[0].Region.Name)
	}
	// The least favourable terms are the true ones, where several may serve.
	t, region := backends[0].Terms, backends[0].Region.Name
	for _, b := range backends[1:] {
		if b.Terms.SelfHosted {
			continue
		}
		if t.SelfHosted || t.Retention == "none" {
			t.Retention = b.Terms.Retention
		}
		if t.SelfHosted || t.HumanReview == "never" {
			t.HumanReview = b.Terms.HumanReview
		}
		t.SelfHosted = false
	}
	kept := s.texts.say("handling.kept", "time", t.Retention)
	if t.Retention == "none" {
		kept = s.texts.say("handling.not_kept")
	}
	review := s.texts.say("handling.reviewed")
	if t.HumanReview == "never" {
		review = s.texts.say("handling.not_reviewed")
	}
	return s.texts.say("handling.provider", "region", region, "kept", kept, "review", review)
}

func (s *Surface) asset(w http.ResponseWriter, v *visit) error {
	if !s.assets.serve(w, v.Request, v.args[0], v.args[1]) {
		return errMissing
	}
	return nil
}

// favicon: browsers ask for it whatever the page says.
func (s *Surface) favicon(w http.ResponseWriter, v *visit) error {
	http.Redirect(w, v.Request, s.assets.url("mark.svg"), http.StatusFound)
	return nil
}

func (s *Surface) home(w http.ResponseWriter, v *visit) error {
	return s.chatPage(w, v, "")
}

func (s *Surface) conversationPage(w http.ResponseWriter, v *visit) error {
	if _, err := s.cfg.Chat.Turns(v.key, v.Visitor.Who(), v.args[0]); err != nil {
		return errMissing
	}
	return s.chatPage(w, v, v.args[0])
}

type chatData struct {
	shell
	Examples []string
	Newest   string
	Unknown  bool // permissions could not be read
}

func (s *Surface) chatPage(w http.ResponseWriter, v *visit, conversation string) error {
	who := v.Visitor.Who()
	docs, err := s.cfg.Library.Visible(v.Context(), who)
	d := chatData{shell: s.shell(v, "chat", len(docs)), Unknown: err != nil}
	d.Conversation = conversation
	d.PageTitle = s.texts.say("chat.title")
	if conversation != "" {
		d.PageTitle = s.texts.say("chat.conversation", "number", s.number(v, conversation))
	}
	for _, doc := range docs {
		d.Newest = max(d.Newest, doc.Updated)
	}
	if s.cfg.Examples != nil && err == nil {
		d.Examples = s.cfg.Examples(v.Context(), who)
	}
	if err := v.done(); err != nil {
		return err
	}
	s.page(w, v, http.StatusOK, "chat", d)
	return nil
}

// number is a conversation's within its session. Pages are named by it: a title
// stays in the browser's history after signing out, so it holds no question.
func (s *Surface) number(v *visit, conversation string) int {
	for _, b := range s.cfg.Chat.Conversations(v.key, v.Visitor.Who()) {
		if b.ID == conversation {
			return b.Number
		}
	}
	return 0
}

type documentsData struct {
	shell
	Unknown     bool
	Collections []collection
}

type collection struct {
	Name, Owner, Purpose string
	Documents            []document
}

type document struct {
	ID             string `json:"id"`
	Title          string `json:"title"`
	Updated        string `json:"updated,omitempty"`
	Classification string `json:"classification,omitempty"`
	Collection     string `json:"collection"`
}

func (s *Surface) documentsPage(w http.ResponseWriter, v *visit) error {
	list, n, err := s.visible(v.Context(), v.Visitor.Who())
	d := documentsData{shell: s.shell(v, "documents", n), Unknown: err != nil, Collections: list}
	d.PageTitle = s.texts.say("documents.title")
	if err := v.done(); err != nil {
		return err
	}
	s.page(w, v, http.StatusOK, "documents", d)
	return nil
}

// visible is what a person may see, by collection.
func (s *Surface) visible(ctx context.Context, who identity.Principal) ([]collection, int, error) {
	docs, err := s.cfg.Library.Visible(ctx, who)
	if err != nil {
		return nil, 0, err
	}
	cs, err := s.cfg.Library.Collections(ctx, who)
	if err != nil {
		return nil, 0, err
	}
	var list []collection
	at := map[string]int{}
	for _, c := range cs {
		at[c.ID] = len(list)
		list = append(list, collection{Name: c.Name, Owner: c.Owner, Purpose: c.Purpose})
	}
	for _, d := range docs {
		i, ok := at[d.Collection]
		if !ok {
			continue
		}
		list[i].Documents = append(list[i].Documents, document{
			ID: d.ID, Title: open.String(d.Title), Updated: d.Updated, Classification: d.Classification, Collection: list[i].Name,
		})
	}
	return list, len(docs), nil
}

type documentData struct {
	shell
	Document document
	Owner    string
	Passages []section
}

type section struct {
	Index    int
	Headings []heading // those that are new with this passage
	Blocks   []string
}

type heading struct {
	Level int
	Text  string
}

func (s *Surface) documentPage(w http.ResponseWriter, v *visit) error {
	who := v.Visitor.Who()
	doc, passages, err := s.cfg.Library.Read(v.Context(), who, v.args[0])
	if err != nil {
		return errMissing
	}
	visible, err := s.cfg.Library.Visible(v.Context(), who)
	if err != nil {
		return errMissing
	}
	c := s.collection(v.Context(), who, doc.Collection)
	d := documentData{shell: s.shell(v, "documents", len(visible)), Owner: c.Owner, Document: document{
		ID: doc.ID, Title: open.String(doc.Title), Updated: doc.Updated, Classification: doc.Classification, Collection: c.Name}}
	d.PageTitle = d.Document.Title
	var last []string
	for _, p := range passages {
		sec := section{Index: p.Index}
		var path []string
		for i, h := range p.Headings {
			t := open.String(h)
			path = append(path, t)
			if (i >= len(last) || last[i] != t) && t != d.Document.Title {
				sec.Headings = append(sec.Headings, heading{min(i+2, 6), t})
				last = nil // what stands below a new heading is new
			}
		}
		last = path
		for para := range strings.SplitSeq(body(open.String(p.Text)), "\n\n") {
			if para = strings.TrimSpace(para); para != "" {
				sec.Blocks = append(sec.Blocks, para)
			}
		}
		d.Passages = append(d.Passages, sec)
	}
	if err := v.done(doc.ID); err != nil {
		return err
	}
	s.page(w, v, http.StatusOK, "document", d)
	return nil
}

func (s *Surface) collection(ctx context.Context, who identity.Principal, id string) knowledge.Collection {
	cs, _ := s.cfg.Library.Collections(ctx, who)
	for _, c := range cs {
		if c.ID == id {
			return c
		}
	}
	return knowledge.Collection{}
}

func (s *Surface) signedOut(w http.ResponseWriter, v *visit) error {
	s.page(w, v, http.StatusOK, "signedout", v.URL.Query().Has("out"))
	return nil
}

type invitationData struct{ Name, Link, Organisation string }

// invitation shows a button. Mail scanners and previews that fetch the link do not
// use it up: only the form's POST does.
func (s *Surface) invitation(w http.ResponseWriter, v *visit) error {
	name, ok := s.cfg.Door.Invited(v.Context(), identity.NewSecret(v.args[0]))
	if !ok {
		return &fault{status: http.StatusNotFound, state: "link_over"}
	}
	s.page(w, v, http.StatusOK, "invitation", invitationData{name, v.args[0], s.cfg.Organisation})
	return nil
}

func (s *Surface) signIn(w http.ResponseWriter, v *visit) error {
	v.Body = http.MaxBytesReader(w, v.Body, formBytes)
	link := v.PostFormValue("link")
	ses, err := s.cfg.Door.Redeem(v.Context(), identity.NewSecret(link))
	if err != nil || ses.Cookie == "" {
		return &fault{status: http.StatusNotFound, state: "link_over", cause: err}
	}
	if v.secret != "" {
		// Whoever sat here before is out: two people never share a session.
		s.cfg.Chat.End(v.key)
		_ = s.cfg.Door.EndSession(v.Context(), identity.NewSecret(v.secret))
	}
	http.SetCookie(w, s.cookie(v.Request, ses.Cookie, int(ses.Life/time.Second)))
	http.Redirect(w, v.Request, "/", http.StatusSeeOther)
	return nil
}

func (s *Surface) signOut(w http.ResponseWriter, v *visit) error {
	s.cfg.Chat.End(v.key)
	if err := s.cfg.Door.EndSession(v.Context(), identity.NewSecret(v.secret)); err != nil {
		return err
	}
	v.recorded = true
	if err := v.Visitor.Record(v.Context(), gate.Outcome{Status: http.StatusSeeOther, OK: true}); err != nil {
		return err
	}
	http.SetCookie(w, s.cookie(v.Request, "", -1))
	// Whatever the browser still holds of the pages goes too.
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.Redirect(w, v.Request, "/sign-in?out", http.StatusSeeOther)
	return nil
}
