package knowledge

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/gate/identity"
	"sallyport/internal/knowledge/lexis"
)

// Config is what a library is opened with.
type Config struct {
	Collections []Collection
	// Key makes the ids of folder documents: unguessable, and the same after a
	// restart. Required, at least 16 bytes.
	Key []byte
	// Parsers by lower-case file extension; nil: Parsers().
	Parsers map[string]Parser
}

// Bounds of a library, so that a folder named by mistake does not fill the memory.
const (
	maxDocuments = 100_000
	maxDepth     = 16 // folders in folders
)

// Library holds the documents. Its methods may be called concurrently.
type Library struct {
	config Config
	state  atomic.Pointer[state] // what every reader uses

	mu      sync.Mutex        // serialises changes: Reload, Add, SetAccess, Remove
	folders []*entry          // under mu: the documents of the folders
	uploads map[string]*entry // under mu: uploaded documents by id
}

// Finding is something about a collection that its operator should look at and
// that harms nobody: what is meant is left out, never let through.
type Finding struct {
	Collection string
	File       content.Text // a file's name can name a person
	Line       int          // of the access list, or 0
	Problem    string       // from a closed set
}

// Open reads every collection. A mistake in the set-up or in an access list is
// an error, all of them at once; a document that cannot be read is left out and
// is in Findings.
func Open(ctx context.Context, c Config) (*Library, error) {
	if len(c.Key) < 16 {
		return nil, errors.New("opening library: the key for document ids has fewer than 16 bytes")
	}
	if c.Parsers == nil {
		c.Parsers = Parsers()
	}
	c.Key = slices.Clone(c.Key)
	c.Collections = slices.Clone(c.Collections)
	seen := map[string]bool{}
	for _, col := range c.Collections {
		if col.ID == "" || seen[col.ID] {
			return nil, fmt.Errorf("opening library: the collection id %q is empty or there twice", col.ID)
		}
		if col.Language != "" && !lexis.Known(col.Language) {
			return nil, fmt.Errorf("opening library: collection %s: no stemmer for language %q", col.ID, col.Language)
		}
		seen[col.ID] = true
	}
	l := &Library{config: c, uploads: map[string]*entry{}}
	if err := l.Reload(ctx); err != nil {
		return nil, fmt.Errorf("opening library: %w", err)
	}
	return l, nil
}

// Reload reads the folders again and swaps. On an error the old state stays.
func (l *Library) Reload(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var (
		folders  []*entry
		findings []Finding
		problems []error
	)
	for _, c := range l.config.Collections {
		if c.Files == nil {
			continue
		}
		entries, found, err := l.readFolder(ctx, c)
		if err != nil {
			problems = append(problems, err)
		}
		folders = append(folders, entries...)
		findings = append(findings, found...)
	}
	if err := cmp.Or(ctx.Err(), errors.Join(problems...)); err != nil {
		return err
	}
	l.folders = folders
	l.rebuildLocked(findings)
	return nil
}

// rebuildLocked indexes folders and uploads anew and swaps.
func (l *Library) rebuildLocked(findings []Finding) {
	entries := slices.Concat(l.folders, slices.Collect(maps.Values(l.uploads)))
	l.state.Store(newState(newCorpus(entries), l.config.Collections, findings))
}

// readFolder reads one collection.
func (l *Library) readFolder(ctx context.Context, c Collection) ([]*entry, []Finding, error) {
	list := cmp.Or(c.AccessFile, "access.csv")
	f, err := c.Files.Open(list)
	if err != nil {
		return nil, nil, fmt.Errorf("opening access list of collection %s: %w", c.ID, err)
	}
	defer f.Close()
	rules, err := parseAccess(c.ID, f)
	if err != nil {
		return nil, nil, err
	}
	var (
		entries  []*entry
		findings []Finding
	)
	note := func(file string, line int, problem string) {
		findings = append(findings, Finding{Collection: c.ID, File: content.New(file), Line: line, Problem: problem})
	}
	err = fs.WalkDir(c.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		switch {
		case d.IsDir() && (hidden || strings.Count(name, "/") >= maxDepth):
			return fs.SkipDir
		case d.IsDir() || hidden || name == list:
			return nil
		case !d.Type().IsRegular():
			// A link could lead out of the folder.
			note(name, 0, "not a regular file")
			return nil
		case len(entries) == maxDocuments:
			return fmt.Errorf("more than %d documents", maxDocuments)
		}
		parser := l.config.Parsers[strings.ToLower(path.Ext(name))]
		if parser == nil {
			note(name, 0, ErrFormat.Error())
			return nil
		}
		e, problem, err := l.readDocument(ctx, c, parser, name, accessOf(rules, name))
		if problem != "" {
			note(name, 0, problem)
		}
		if err == nil && e != nil {
			entries = append(entries, e)
		}
		return err
	})
	if err != nil {
		// The file system's own error could hold a file's name: it goes to the
		// operator who owns the folder, at start and on reload only.
		return nil, nil, fmt.Errorf("reading collection %s: %w", c.ID, err)
	}
	for _, r := range rules {
		if !r.matched {
			note(list, r.line, "no document matches")
		}
	}
	return entries, findings, nil
}

// readDocument reads one file. What is wrong with the document is a problem,
// what is wrong with the reading an error.
func (l *Library) readDocument(ctx context.Context, c Collection, parser Parser, name string, a Access) (_ *entry, problem string, _ error) {
	f, err := c.Files.Open(name)
	if err != nil {
		return nil, "cannot be opened", nil
	}
	defer f.Close()
	p, err := parser.Parse(ctx, f, name)
	if err != nil {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		return nil, parseProblem(err), nil
	}
	if p.Updated == "" {
		if info, err := f.Stat(); err == nil && !info.ModTime().IsZero() {
			p.Updated = info.ModTime().UTC().Format(time.DateOnly)
		}
	}
	if p.Hidden > 0 {
		problem = "hidden text was left out"
	}
	mac := hmac.New(sha256.New, l.config.Key)
	fmt.Fprintf(mac, "sallyport document\x00%s\x00%s", c.ID, name)
	return newEntry(document(c, hex.EncodeToString(mac.Sum(nil)[:16]), p), p, a), problem, nil
}

// parseProblem is the closed word for a parser's error.
func parseProblem(err error) string {
	for _, known := range []error{ErrTooLarge, ErrNotText, ErrNested, ErrEmpty, ErrFrontMatter} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "cannot be read"
}

func document(c Collection, id string, p Parsed) Document {
	language := cmp.Or(p.Language, c.Language, "en")
	return Document{
		ID: id, Collection: c.ID, Title: p.Title, Language: language,
		Updated: p.Updated, Classification: p.Classification,
	}
}

// Findings is what the operator should look at since the last reading.
func (l *Library) Findings() []Finding { return slices.Clone(l.state.Load().findings) }

// Collections are the collections in which who may see at least one document.
func (l *Library) Collections(ctx context.Context, who identity.Principal) ([]Collection, error) {
	s, visible, err := l.look(ctx, who)
	if err != nil {
		return nil, err
	}
	some := map[string]bool{}
	for i, e := range s.entries {
		if visible.has(i) {
			some[e.doc.Collection] = true
		}
	}
	var out []Collection
	for _, c := range s.collections {
		if some[c.ID] {
			c.Files = nil // a description, not a way in
			out = append(out, c)
		}
	}
	return out, nil
}

// look is the beginning of every reading method: the state and what who may
// see of it.
func (l *Library) look(ctx context.Context, who identity.Principal) (*state, bitset, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s := l.state.Load()
	visible, err := s.visible(who)
	return s, visible, err
}

// Search finds the k best passages for query among the documents that who may
// read; k ≤ 0 is 8. An empty list means that nothing relevant enough is there.
// ErrGroupsUnknown means that nothing was searched.
func (l *Library) Search(ctx context.Context, who identity.Principal, query content.Text, k int) (Result, error) {
	if k <= 0 {
		k = 8
	}
	k = min(k, maxHits)
	// A result is returned only if the rights it was made with still hold. Changes
	// are rare, so one round is the rule; after a few the changes have to wait.
	for round := 0; ; round++ {
		if round == 4 {
			l.mu.Lock()
			defer l.mu.Unlock()
		}
		s, visible, err := l.look(ctx, who)
		if err != nil {
			return Result{}, err
		}
		hits, err := s.search(ctx, visible, open.String(query), k)
		if err != nil {
			return Result{}, err
		}
		if l.state.Load() == s {
			return Result{Visible: visible.count(), Passages: hits}, nil
		}
	}
}

// Visible lists the documents that who may read, by title.
func (l *Library) Visible(ctx context.Context, who identity.Principal) ([]Document, error) {
	s, visible, err := l.look(ctx, who)
	if err != nil {
		return nil, err
	}
	var out []Document
	for i, e := range s.entries {
		if visible.has(i) {
			out = append(out, e.doc)
		}
	}
	slices.SortStableFunc(out, func(a, b Document) int {
		return cmp.Compare(open.String(a.Title), open.String(b.Title))
	})
	return out, nil
}

// find is the entry of a document that visible has. A document that is not
// there and one that is forbidden take the same steps to the same end.
func (s *state) find(visible bitset, document string) (int, bool) {
	i, ok := s.byID[document]
	return i, ok && visible.has(i)
}

// Passage opens a citation. The right is looked at anew; forbidden and missing
// are both ErrNotFound.
func (l *Library) Passage(ctx context.Context, who identity.Principal, document string, passage int) (Hit, error) {
	s, visible, err := l.look(ctx, who)
	if err != nil {
		return Hit{}, err
	}
	i, ok := s.find(visible, document)
	if !ok || passage < 0 || passage >= len(s.entries[i].passages) {
		return Hit{}, ErrNotFound
	}
	return s.hit(i, passage), nil
}

// Read opens a whole document, under the same rule as Passage.
func (l *Library) Read(ctx context.Context, who identity.Principal, document string) (Document, []Passage, error) {
	s, visible, err := l.look(ctx, who)
	if err != nil {
		return Document{}, nil, err
	}
	i, ok := s.find(visible, document)
	if !ok {
		return Document{}, nil, ErrNotFound
	}
	return s.entries[i].doc, slices.Clone(s.entries[i].passages), nil
}

// Recheck returns the sources that who may read now and whose passage still
// exists, in order. Call it when the prompt is built: rights can be taken away
// between the search and the prompt.
func (l *Library) Recheck(ctx context.Context, who identity.Principal, sources []conversation.Source) ([]conversation.Source, error) {
	s, visible, err := l.look(ctx, who)
	if err != nil {
		return nil, err
	}
	var out []conversation.Source
	for _, src := range sources {
		i, ok := s.find(visible, src.Document)
		if ok && src.Collection == s.entries[i].doc.Collection && src.Passage >= 0 && src.Passage < len(s.entries[i].passages) {
			out = append(out, src)
		}
	}
	return out, nil
}

// Add takes in an uploaded document; name is its file name. The zero Access
// lets nobody read it.
func (l *Library) Add(ctx context.Context, collection, name string, r io.Reader, a Access) (Document, error) {
	at := slices.IndexFunc(l.config.Collections, func(c Collection) bool { return c.ID == collection })
	if at < 0 {
		return Document{}, ErrNotFound
	}
	parser := l.config.Parsers[strings.ToLower(path.Ext(name))]
	if parser == nil {
		return Document{}, ErrFormat
	}
	p, err := parser.Parse(ctx, r, name)
	if err != nil {
		return Document{}, fmt.Errorf("adding document: %w", err)
	}
	var id [16]byte
	rand.Read(id[:]) // never fails
	doc := document(l.config.Collections[at], hex.EncodeToString(id[:]), p)
	doc.Uploaded = true
	e := newEntry(doc, p, a.clone())

	l.mu.Lock()
	defer l.mu.Unlock()
	l.uploads[doc.ID] = e
	l.rebuildLocked(l.state.Load().findings)
	return e.doc, nil
}

func (a Access) clone() Access {
	return Access{Groups: slices.Clone(a.Groups), People: slices.Clone(a.People)}
}

// SetAccess changes who may read an uploaded document. When it returns, no
// search that is still running returns what the change took away.
func (l *Library) SetAccess(document string, a Access) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.uploads[document]
	s := l.state.Load()
	if old == nil {
		if _, ok := s.byID[document]; ok {
			return ErrFolderOwned
		}
		return ErrNotFound
	}
	changed := *old
	changed.access = a.clone()
	l.uploads[document] = &changed
	// The words are the same: the corpus is copied with one entry exchanged.
	c := *s.corpus
	c.entries = slices.Clone(c.entries)
	c.entries[c.byID[document]] = &changed
	l.state.Store(newState(&c, s.collections, s.findings))
	return nil
}

// Remove forgets an uploaded document.
func (l *Library) Remove(document string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.uploads[document] == nil {
		if _, ok := l.state.Load().byID[document]; ok {
			return ErrFolderOwned
		}
		return ErrNotFound
	}
	delete(l.uploads, document)
	l.rebuildLocked(l.state.Load().findings)
	return nil
}

// FollowUp is the query for a question that leans on the one before it ("and
// for children?"): both together. Other questions stand alone, and so does one
// that would lose words at the bound of a query.
func FollowUp(previous, question content.Text) content.Text {
	q := open.String(question)
	if previous.Empty() || !lexis.Leans(q) || previous.Len()+1+len(q) > maxQuery {
		return question
	}
	return content.New(open.String(previous) + " " + q)
}
