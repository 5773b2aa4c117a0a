package language

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/pii"
	"sallyport/guard/textindex"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/gate"
	"sallyport/internal/surface/cognitive"
)

// Limits of section 14.4.
const (
	maxDocuments = 5
	maxElements  = 5_120 // of a document
	maxID        = 512   // characters; the contract names no number
	record       = 1_000 // text elements that are one transaction
)

// document is one text of a batch.
type document struct {
	id, text, language string
	elements           int
	fault              cognitive.Inner // why it is not looked at
	found              []Entity
}

// analyze serves POST /language/:analyze-text.
func (s *surface) analyze(c *cognitive.Call) error {
	if err := c.Enter(); err != nil {
		return err
	}
	var (
		p    parameters
		docs []document
	)
	err := c.JSON(func(body json.Value) (err error) {
		r := c.Read(body, "", "kind", "parameters", "analysisInput")
		if kind, _ := r.Text("kind", true, cognitive.Length{}); r.Err() == nil && kind != "PiiEntityRecognition" {
			return inner(c.Invalid("kind", "kind must be PiiEntityRecognition: this service has no other task."), badValue)
		}
		v, _ := r.Object("parameters", false)
		input, _ := r.Object("analysisInput", true)
		if err := r.Err(); err != nil {
			return err
		}
		if p, err = s.readParameters(c, v); err != nil {
			return err
		}
		docs, err = readDocuments(c, input, "analysisInput")
		return err
	})
	if err != nil {
		return err
	}
	if p.stats, err = flagged(c, "showStats"); err != nil {
		return err
	}
	return s.answer(c, &p, docs, true)
}

// analyze31 serves version 3.1, whose parameters stand in the query.
func (s *surface) analyze31(c *cognitive.Call) error {
	if err := c.Enter(); err != nil {
		return err
	}
	p, err := s.readQuery(c)
	if err != nil {
		return err
	}
	var docs []document
	err = c.JSON(func(body json.Value) (err error) {
		docs, err = readDocuments(c, body, "")
		return err
	})
	if err != nil {
		return err
	}
	return s.answer(c, &p, docs, false)
}

func (s *surface) readQuery(c *cognitive.Call) (p parameters, err error) {
	bad := func(name, form string) error {
		return inner(c.Invalid(name, name+" must be "+form+"."), badValue)
	}
	value := func(name string) string {
		v, _, once := c.Query(name)
		if !once {
			err = bad(name, "given once")
		}
		return v
	}
	domain, index, model, categories := value("domain"), value("stringIndexType"), value("model-version"), value("piiCategories")
	if err != nil {
		return p, err
	}
	if p.stats, err = flagged(c, "showStats"); err != nil {
		return p, err
	}
	if _, err = flagged(c, "loggingOptOut"); err != nil {
		return p, err
	}
	p.phi = strings.EqualFold(domain, "phi")
	if domain != "" && !p.phi && !strings.EqualFold(domain, "none") {
		return p, bad("domain", "none or phi")
	}
	if index != "" {
		i := slices.IndexFunc(unitWords, func(w string) bool { return strings.EqualFold(w, index) })
		if i < 0 {
			return p, bad("stringIndexType", "one of "+strings.Join(unitWords, ", "))
		}
		p.unit = unitOf(i)
	}
	if model != "" {
		if err := checkModel(c, model); err != nil {
			return p, err
		}
	}
	if categories != "" {
		words := strings.Split(categories, ",")
		for i := range words {
			words[i] = strings.TrimSpace(words[i])
		}
		if len(words) > maxNames {
			return p, bad("piiCategories", "at most "+strconv.Itoa(maxNames)+" categories")
		}
		p.only, err = s.categorySet(c, "piiCategories", words, true)
	}
	return p, err
}

// flagged reads a boolean of the query; absent is false.
func flagged(c *cognitive.Call, name string) (bool, error) {
	v, given, once := c.Query(name)
	switch {
	case !given:
		return false, nil
	case once && strings.EqualFold(v, "true"):
		return true, nil
	case once && strings.EqualFold(v, "false"):
		return false, nil
	}
	return false, inner(c.Invalid(name, name+" must be true or false."), badValue)
}

// readDocuments reads the batch. What is wrong with one document alone is kept with
// it; what leaves no way to answer is the whole call's fault.
func readDocuments(c *cognitive.Call, input json.Value, at string) ([]document, error) {
	r := c.Read(input, at, "documents")
	items, _ := r.Array("documents", true, 1<<20)
	if err := r.Err(); err != nil {
		return nil, inner(err, noInput)
	}
	switch {
	case len(items) == 0:
		return nil, inner(c.Invalid("documents", "The request must hold at least one document."), noInput)
	case len(items) > maxDocuments:
		return nil, inner(c.Invalid("documents", "Batch request contains too many records. Max "+strconv.Itoa(maxDocuments)+" records are permitted."), badBatch)
	}
	docs := make([]document, len(items))
	for i, v := range items {
		d, err := readDocument(c, v, "documents["+strconv.Itoa(i)+"]")
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(docs[:i], func(o document) bool { return o.id == d.id }) {
			return nil, inner(c.Invalid("documents", "The ids of documents must differ."), badText)
		}
		docs[i] = d
	}
	return docs, nil
}

func readDocument(c *cognitive.Call, v json.Value, at string) (d document, err error) {
	if v.Kind != json.Object {
		return d, c.Invalid(at, at+" must be an object.")
	}
	r := c.Read(v, at, "id", "text", "language")
	d.id, _ = r.Text("id", true, cognitive.Length{Min: 1, Max: maxID})
	d.text, _ = r.Text("text", false, cognitive.Length{})
	code, _ := r.Text("language", false, cognitive.Length{})
	if err := r.Err(); err != nil {
		return d, err
	}
	d.elements = textindex.Count(d.text, textindex.TextElement)
	d.language = languageOf(code)
	switch {
	case strings.TrimSpace(d.text) == "":
		d.fault = cognitive.Inner{Code: badText, Message: "Document text is empty."}
	case d.elements > maxElements:
		d.fault = cognitive.Inner{Code: badText, Message: "A document within the request was too large to be processed. Limit document size to: " + strconv.Itoa(maxElements) + " text elements."}
	case d.language == "":
		d.fault = cognitive.Inner{Code: noLanguage, Message: "The language code of the document is not supported."}
	}
	return d, nil
}

// answer looks at the documents, records and replies.
func (s *surface) answer(c *cognitive.Call, p *parameters, docs []document, wrapped bool) error {
	found, err := cognitive.Judge(c.Context(), s.Deadline, func(ctx context.Context) ([][]Entity, error) {
		all := make([][]Entity, len(docs))
		for i, d := range docs {
			if d.fault.Code != "" {
				continue
			}
			entities, err := s.Finder.Find(ctx, d.text, d.language)
			if err != nil {
				return nil, err
			}
			all[i] = p.chosen(&d, entities)
		}
		return all, nil
	})
	if err != nil {
		return c.Unjudged(err)
	}
	for i := range docs {
		docs[i].found = found[i]
	}
	b := make([]byte, 0, 1024)
	if wrapped {
		b = append(b, `{"kind":"PiiEntityRecognitionResults","results":`...)
	}
	b = appendResults(b, p, docs)
	if wrapped {
		b = append(b, '}')
	}
	return c.Answer(http.StatusOK, b, gate.Outcome{Report: report(docs)})
}

// chosen are the entities of a document that the request asks for, with its synonyms.
func (p *parameters) chosen(d *document, entities []Entity) []Entity {
	var out []Entity
	for _, e := range slices.Concat(p.named(d), entities) {
		text := d.text[e.Span.Start:e.Span.End]
		if p.wants(e.Type) && (e.Score >= pii.Weak || p.only[e.Type]) && float64(e.Score) >= p.threshold.least(e.Type, d.language) && !p.isExcluded(text) {
			out = append(out, e)
		}
	}
	// Where two begin together, what the request names itself wins.
	slices.SortStableFunc(out, func(a, b Entity) int { return a.Span.Start - b.Span.Start })
	kept := out[:0]
	for _, e := range out {
		if n := len(kept); n > 0 && e.Span.Start < kept[n-1].Span.End {
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// named are the synonyms of the request in a document: whole words, without regard
// to case.
func (p *parameters) named(d *document) []Entity {
	var out []Entity
	for _, y := range p.synonyms {
		if y.language != "" && y.language != d.language {
			continue
		}
		for _, span := range occurrences(d.text, y.word) {
			out = append(out, Entity{Type: y.kind, Span: span, Score: 1})
		}
	}
	return out
}

// occurrences are where word stands alone in text. Letters are compared one by one
// in lower case, which keeps every offset.
func occurrences(text, word string) []guard.Span {
	want := []rune(strings.ToLower(word))
	var out []guard.Span
	before := rune(0)
	for i, r := range text {
		if !partOfWord(before) || !partOfWord(r) {
			if end := prefixed(text[i:], want); end > 0 {
				after, _ := utf8.DecodeRuneInString(text[i+end:])
				last, _ := utf8.DecodeLastRuneInString(text[:i+end])
				if i+end == len(text) || !partOfWord(last) || !partOfWord(after) {
					if n := len(out); n == 0 || out[n-1].End <= i {
						out = append(out, guard.Span{Start: i, End: i + end})
					}
				}
			}
		}
		before = r
	}
	return out
}

func partOfWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

// prefixed is the length in bytes of want at the beginning of text, or 0.
func prefixed(text string, want []rune) int {
	n := 0
	for i, r := range text {
		if n == len(want) {
			return i
		}
		if unicode.ToLower(r) != want[n] {
			return 0
		}
		n++
	}
	if n < len(want) {
		return 0
	}
	return len(text)
}

func appendResults(b []byte, p *parameters, docs []document) []byte {
	b = append(b, `{"documents":[`...)
	valid, transactions := 0, 0
	for i := range docs {
		d := &docs[i]
		if d.fault.Code != "" {
			continue
		}
		if valid > 0 {
			b = append(b, ',')
		}
		valid++
		transactions += d.transactions()
		b = appendDocument(b, p, d)
	}
	b = append(b, `],"errors":[`...)
	first := true
	for i := range docs {
		d := &docs[i]
		if d.fault.Code == "" {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, `{"id":`...)
		b = open.AppendQuoted(b, content.New(d.id))
		b = append(b, `,"error":{"code":"InvalidArgument","message":"Invalid document in request.","innererror":{"code":`...)
		b = cognitive.AppendWord(b, d.fault.Code)
		b = append(b, `,"message":`...)
		b = cognitive.AppendWord(b, d.fault.Message)
		b = append(b, `}}}`...)
	}
	b = append(b, ']')
	if p.stats {
		for _, n := range [...]struct {
			name string
			n    int
		}{{`,"statistics":{"documentsCount":`, len(docs)}, {`,"validDocumentsCount":`, valid}, {`,"erroneousDocumentsCount":`, len(docs) - valid}, {`,"transactionsCount":`, transactions}} {
			b = append(b, n.name...)
			b = strconv.AppendInt(b, int64(n.n), 10)
		}
		b = append(b, '}')
	}
	b = append(b, `,"modelVersion":`...)
	b = cognitive.AppendWord(b, modelVersion)
	return append(b, '}')
}

func (d *document) transactions() int { return max(1, (d.elements+record-1)/record) }

func appendDocument(b []byte, p *parameters, d *document) []byte {
	b = append(b, '{')
	if p.redacts() {
		b = append(b, `"redactedText":`...)
		b = open.AppendQuoted(b, content.New(p.redact(d.text, d.found)))
		b = append(b, ',')
	}
	b = append(b, `"id":`...)
	b = open.AppendQuoted(b, content.New(d.id))
	if p.stats {
		b = append(b, `,"statistics":{"charactersCount":`...)
		b = strconv.AppendInt(b, int64(d.elements), 10)
		b = append(b, `,"transactionsCount":`...)
		b = strconv.AppendInt(b, int64(d.transactions()), 10)
		b = append(b, '}')
	}
	b = append(b, `,"entities":[`...)
	places := textindex.New(d.text, p.unit)
	for i, e := range d.found {
		if i > 0 {
			b = append(b, ',')
		}
		offset, length := places.Span(e.Span.Start, e.Span.End)
		b = append(b, `{"text":`...)
		b = open.AppendQuoted(b, content.New(d.text[e.Span.Start:e.Span.End]))
		b = append(b, `,"category":`...)
		b = cognitive.AppendWord(b, e.Type)
		b = append(b, `,"offset":`...)
		b = strconv.AppendInt(b, int64(offset), 10)
		b = append(b, `,"length":`...)
		b = strconv.AppendInt(b, int64(length), 10)
		b = append(b, `,"confidenceScore":`...)
		b = cognitive.AppendScore(b, e.Score)
		b = append(b, '}')
	}
	return append(b, `],"warnings":[]}`...)
}

// report is what the record gets: the types that were found, and how much was looked
// at.
func report(docs []document) guard.Report {
	r := guard.Report{Action: guard.Annotate}
	seen := map[string]bool{}
	for _, d := range docs {
		if d.fault.Code != "" {
			continue
		}
		r.Total += len(d.text)
		r.Scanned += len(d.text)
		for _, e := range d.found {
			if !seen[e.Type] {
				seen[e.Type] = true
				r.Verdicts = append(r.Verdicts, guard.Verdict{Category: guard.PersonalData, Detected: true, Label: e.Type})
			}
		}
	}
	slices.SortFunc(r.Verdicts, func(a, b guard.Verdict) int { return strings.Compare(a.Label, b.Label) })
	return r
}
