package language_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/pii"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
	"sallyport/internal/surface/cognitive/cognitivetest"
	"sallyport/internal/surface/language"
)

const now = "/language/:analyze-text?api-version=2023-04-01"

// finder is the guard of the product.
type finder struct{ err error }

func (f finder) Find(_ context.Context, text, _ string) ([]language.Entity, error) {
	var out []language.Entity
	for _, e := range pii.Find(text) {
		out = append(out, language.Entity{Type: e.Type, Span: e.Span, Score: e.Score})
	}
	return out, f.err
}

func (finder) Types() []string { return pii.Types() }

type world struct {
	*cognitivetest.World
	http.Handler
}

func newWorld(t testing.TB, f language.Finder) *world {
	t.Helper()
	w := &world{World: cognitivetest.New()}
	s, err := language.New(language.Config{Resolver: w.World, Service: w.World, Log: w.Log, Finder: f, Requests: func(*resource.Resource) int { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	w.Handler = s
	return w
}

func body(parameters string, docs ...string) string {
	return `{"kind":"PiiEntityRecognition","parameters":` + parameters + `,"analysisInput":{"documents":[` + strings.Join(docs, ",") + `]}}`
}

func doc(id, text string) string {
	b, _ := json.Marshal(map[string]string{"id": id, "text": text})
	return string(b)
}

// reply is a 200.
type reply struct {
	Kind    string
	Results results
}

type results struct {
	Documents []struct {
		ID           string
		RedactedText *string
		Entities     []struct {
			Text, Category  string
			Offset, Length  int
			ConfidenceScore float64
		}
		Warnings   []any
		Statistics *struct{ CharactersCount, TransactionsCount int }
	}
	Errors []struct {
		ID    string
		Error struct {
			Code, Message string
			Innererror    struct{ Code, Message string }
		}
	}
	Statistics   *struct{ DocumentsCount, ValidDocumentsCount, ErroneousDocumentsCount, TransactionsCount int }
	ModelVersion string
}

func (w *world) ask(t *testing.T, path, body string) results {
	t.Helper()
	rec := cognitivetest.Ask(w, http.MethodPost, path, body)
	var r reply
	if err := json.Unmarshal(rec.Body.Bytes(), &r); err != nil || rec.Code != http.StatusOK || r.Kind != "PiiEntityRecognitionResults" || r.Results.ModelVersion == "" {
		t.Fatalf("%s %s: %d %s", path, body, rec.Code, rec.Body)
	}
	return r.Results
}

// one asks about one text and returns its entities as words, and its redacted text.
func (w *world) one(t *testing.T, parameters, text string) (entities []string, redacted string) {
	t.Helper()
	r := w.ask(t, now, body(parameters, doc("1", text)))
	if len(r.Documents) != 1 {
		t.Fatalf("%+v", r)
	}
	for _, e := range r.Documents[0].Entities {
		entities = append(entities, fmt.Sprintf("%s %d+%d %s", e.Category, e.Offset, e.Length, e.Text))
	}
	if r.Documents[0].RedactedText != nil {
		redacted = *r.Documents[0].RedactedText
	}
	return entities, redacted
}

const mail, phone, card = "jo@example.org", "+44 20 7946 0958", "4111 1111 1111 1111"

// Offsets in every unit, across what takes one place for a reader and several in
// memory.
func TestOffsetsInEveryUnit(t *testing.T) {
	w := newWorld(t, finder{})
	for _, c := range []struct {
		before              string
		points, units, elts int
	}{
		{"", 0, 0, 0},
		{"e\u0301 ", 3, 3, 2},                        // e and a combining mark
		{"🙂 ", 2, 3, 2},                              // beyond the basic plane
		{"👩\u200d👩\u200d👧 ", 6, 9, 4},                // Unicode 8.0 ends an element behind a joiner
		{"👍🏽 ", 3, 5, 3},                             // and knows no skin tones
		{"🇬🇧🇫🇷 ", 5, 9, 2},                           // flags run on
		{"각각 ", 3, 3, 3},                             // composed Hangul
		{"\u1100\u1161\u11a8\u1100\u1161 ", 6, 6, 3}, // and in letters
		{"नि ", 3, 3, 2},                             // a spacing mark
		{"กำ ", 3, 3, 2},                             // SARA AM
		{"a\r\n ", 4, 4, 3},                          // one line break
		{"\u200e\u00ad ", 3, 3, 3},                   // controls stand alone
		{"x" + strings.Repeat("\u0300", 100) + " ", 102, 102, 2},
	} {
		for unit, offset := range map[string]int{"UnicodeCodePoint": c.points, "Utf16CodeUnit": c.units, "TextElements_v8": c.elts} {
			got, redacted := w.one(t, `{"stringIndexType":"`+unit+`"}`, c.before+mail+" 🙂")
			if want := fmt.Sprintf("Email %d+14 %s", offset, mail); !slices.Contains(got, want) || len(got) != 1 {
				t.Errorf("%s behind %q: %q, want %q", unit, c.before, got, want)
			}
			if want := c.before + strings.Repeat("*", 14) + " 🙂"; redacted != want {
				t.Errorf("%s behind %q: redacted %q", unit, c.before, redacted)
			}
		}
		if utf8.RuneCountInString(c.before) != c.points || len(utf16.Encode([]rune(c.before))) != c.units {
			t.Errorf("%q: the table is wrong", c.before)
		}
	}
	// Without a word the service counts text elements.
	if got, _ := w.one(t, `{}`, "e\u0301 "+mail); got[0] != "Email 2+14 "+mail {
		t.Errorf("by default: %q", got)
	}
}

// given finds what the test says.
type given []language.Entity

func (g given) Find(context.Context, string, string) ([]language.Entity, error) { return g, nil }
func (given) Types() []string                                                   { return []string{"Person"} }

// A span that begins or ends inside a text element takes all of it, and stars keep
// the length in the unit.
func TestSpansInsideElements(t *testing.T) {
	const text = "ne\u0301o🙂\u0301!"
	w := newWorld(t, given{{Type: "Person", Span: guard.Span{Start: 2, End: 4}, Score: 1}, {Type: "Person", Span: guard.Span{Start: 5, End: 9}, Score: 1}})
	for unit, want := range map[string][]string{
		"TextElements_v8":  {"Person 1+1 \u0301", "Person 3+1 🙂"},
		"UnicodeCodePoint": {"Person 2+1 \u0301", "Person 4+1 🙂"},
		"Utf16CodeUnit":    {"Person 2+1 \u0301", "Person 4+2 🙂"},
	} {
		if got, _ := w.one(t, `{"stringIndexType":"`+unit+`"}`, text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", unit, got, want)
		}
	}
	if _, got := w.one(t, `{"stringIndexType":"Utf16CodeUnit"}`, text); got != "ne*o**\u0301!" {
		t.Errorf("redacted by UTF-16 units: %q", got)
	}
}

func TestParameters(t *testing.T) {
	w := newWorld(t, finder{})
	text := mail + ", " + phone + ", " + card
	kinds := func(parameters string) string {
		got, _ := w.one(t, parameters, text)
		for i := range got {
			got[i], _, _ = strings.Cut(got[i], " ")
		}
		return strings.Join(got, " ")
	}
	for parameters, want := range map[string]string{
		`{}`: "Email PhoneNumber CreditCardNumber", `null`: "Email PhoneNumber CreditCardNumber",
		`{"piiCategories":["Email"]}`: "Email", `{"piiCategories":["Email","Default"]}`: "Email PhoneNumber CreditCardNumber", `{"piiCategories":["all"]}`: "Email PhoneNumber CreditCardNumber",
		`{"piiCategories":["SEPassportNumber"]}`: "", `{"excludePiiCategories":["Email","PhoneNumber"]}`: "CreditCardNumber",
		`{"piiCategories":["Email","PhoneNumber"],"excludePiiCategories":["Email"]}`: "PhoneNumber",
		`{"domain":"PHI"}`: "Email PhoneNumber", `{"domain":"none","loggingOptOut":false,"modelVersion":"latest","disableEntityValidation":false}`: "Email PhoneNumber CreditCardNumber",
		`{"modelVersion":"2023-09-01"}`:                                                              "Email PhoneNumber CreditCardNumber",
		`{"confidenceScoreThreshold":{"default":0.99}}`:                                              "",
		`{"confidenceScoreThreshold":{"default":0.99,"overrides":[{"value":0.1,"entity":"Email"}]}}`: "Email",
		`{"confidenceScoreThreshold":{"overrides":[{"value":1,"entity":"Email","language":"de"}]}}`:  "Email PhoneNumber CreditCardNumber",
		`{"confidenceScoreThreshold":{"overrides":[{"value":1,"entity":"Email","language":"en"}]}}`:  "PhoneNumber CreditCardNumber",
		`{"valueExclusionPolicy":{"excludedValues":["JO@example.org"]}}`:                             "PhoneNumber CreditCardNumber",
		`{"valueExclusionPolicy":{"caseSensitive":true,"excludedValues":["JO@example.org"]}}`:        "Email PhoneNumber CreditCardNumber",
		`{"somethingNewer":{"a":[1]}}`:                                                               "Email PhoneNumber CreditCardNumber",
	} {
		if got := kinds(parameters); got != want {
			t.Errorf("%s: %q, want %q", parameters, got, want)
		}
	}
}

func TestSynonyms(t *testing.T) {
	w := newWorld(t, finder{})
	const synonyms = `{"stringIndexType":"UnicodeCodePoint","entitySynonyms":[{"entityType":"Organization","synonyms":[{"synonym":"Blue Kettle"},{"synonym":"ÄRA"},{"synonym":"nur","language":"de"}]}]}`
	got, redacted := w.one(t, synonyms, "The blue kettle, bluekettle, blue kettles and ära; nur "+mail)
	want := []string{"Organization 4+11 blue kettle", "Organization 46+3 ära", "Email 55+14 " + mail}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if redacted != "The ***********, bluekettle, blue kettles and ***; nur **************" {
		t.Errorf("redacted %q", redacted)
	}
}

func TestRedactionPolicies(t *testing.T) {
	w := newWorld(t, finder{})
	text := mail + ", " + phone + ", " + mail
	masked := func(policies string) string { _, r := w.one(t, policies, text); return r }
	for policies, want := range map[string]string{
		`{}`: "**************, ****************, **************",
		`{"redactionPolicies":[{"policyKind":"characterMask","redactionCharacter":"#"}]}`: "##############, ################, ##############",
		`{"redactionPolicy":{"policyKind":"CharacterMask","redactionCharacter":"_"}}`:     "______________, ________________, ______________",
		`{"redactionPolicy":{"policyKind":"MaskWithEntityType"}}`:                         "[EMAIL_1], [PHONENUMBER_1], [EMAIL_1]", `{"redactionPolicy":{"policyKind":"DoNotRedact"}}`: "", `{"redactionPolicy":{"policyKind":"MaskWithCharacter"}}`: "**************, ****************, **************",
		`{"redactionPolicy":{"policyKind":"noMask"}}`:                                                                          "",
		`{"redactionPolicies":[{"policyKind":"entityMask"}]}`:                                                                  "[EMAIL_1], [PHONENUMBER_1], [EMAIL_1]",
		`{"redactionPolicies":[{"policyKind":"noMask","isDefault":true},{"policyKind":"entityMask","entityTypes":["Email"]}]}`: "[EMAIL_1], " + phone + ", [EMAIL_1]",
		`{"redactionPolicies":[{"policyKind":"entityMask","entityTypes":["Email"]}]}`:                                          "[EMAIL_1], ****************, [EMAIL_1]",
	} {
		if got := masked(policies); got != want {
			t.Errorf("%s: %q, want %q", policies, got, want)
		}
	}
	for range 20 {
		got := strings.Split(masked(`{"redactionPolicies":[{"policyKind":"syntheticReplacement"}]}`), ", ")
		if len(got) != 3 || got[0] != got[2] || got[0] == mail || !strings.HasSuffix(got[0], "@example.com") || got[1] == phone || len(got[1]) != len(phone) || got[1][0] != '+' {
			t.Fatalf("made up: %q", got)
		}
	}
}

func TestDocuments(t *testing.T) {
	w := newWorld(t, finder{})
	const url = now + "&showStats=true"
	long := strings.Repeat("e\u0301", 5120)
	r := w.ask(t, url, body(`{}`, doc("a", "Mail "+mail), doc("b", " \n"), doc("c", long+"x"), `{"id":"d","language":"tlh","text":"nuqneH"}`, doc("e", long)))
	if len(r.Documents) != 2 || r.Documents[0].ID != "a" || r.Documents[1].ID != "e" || r.Documents[0].Warnings == nil {
		t.Errorf("documents: %+v", r.Documents)
	}
	var faults []string
	for _, e := range r.Errors {
		faults = append(faults, e.ID+" "+e.Error.Code+" "+e.Error.Innererror.Code)
	}
	if want := []string{"b InvalidArgument InvalidDocument", "c InvalidArgument InvalidDocument", "d InvalidArgument UnsupportedLanguageCode"}; !slices.Equal(faults, want) {
		t.Errorf("errors %q, want %q", faults, want)
	}
	if s := r.Statistics; s == nil || s.DocumentsCount != 5 || s.ValidDocumentsCount != 2 || s.ErroneousDocumentsCount != 3 || s.TransactionsCount != 1+6 {
		t.Errorf("statistics: %+v", s)
	}
	if s := r.Documents[1].Statistics; s.CharactersCount != 5120 || s.TransactionsCount != 6 {
		t.Errorf("statistics of a document: %+v", s)
	}
	if notes := w.Notes(); len(notes) != 1 || notes[0] != fmt.Sprintf("outcome AnalyzeText 200 true [personally_identifiable_information:Email] scanned %d of %d", 19+len(long), 19+len(long)) {
		t.Errorf("on the record: %q", notes)
	}
	if strings.Contains(w.Logged(), mail) {
		t.Error("a text is in the log")
	}
	if r := w.ask(t, now, body(`{}`, doc("a", "x"))); r.Statistics != nil || r.Documents[0].Statistics != nil || r.Errors == nil {
		t.Errorf("without statistics: %+v", r)
	}
	for _, code := range []string{"", "en", "EN", "de-AT", "pt-BR", "zh-Hans", "auto"} {
		if r := w.ask(t, now, body(`{}`, `{"id":"1","language":"`+code+`","text":"a"}`)); len(r.Errors) > 0 {
			t.Errorf("language %q: %+v", code, r.Errors)
		}
	}
	for _, code := range []string{"english", "e", "xx", "en_US_and_much_more", "🇬🇧", "-en"} {
		if r := w.ask(t, now, body(`{}`, `{"id":"1","language":"`+code+`","text":"a"}`)); len(r.Errors) != 1 {
			t.Errorf("language %q: %+v", code, r)
		}
	}
}

func TestBadRequests(t *testing.T) {
	w := newWorld(t, finder{})
	thousand := make([]string, 1000)
	for i := range thousand {
		thousand[i] = doc(fmt.Sprint(i), "a")
	}
	a := doc("1", "a")
	const format, value = "InvalidRequestBodyFormat", "InvalidParameterValue"
	for _, c := range []struct{ body, inner string }{
		{``, format}, {`{`, format}, {`[]`, format}, {`{}`, format}, {"{\"kind\":\"a\xff\"}", format}, {`{"kind":"PiiEntityRecognition"}`, format},
		{`{"kind":"SentimentAnalysis","analysisInput":{"documents":[` + a + `]}}`, value},
		{`{"kind":"PiiEntityRecognition","analysisInput":{}}`, "MissingInputDocuments"}, {body(`{}`), "MissingInputDocuments"}, {body(`{}`, thousand...), "InvalidDocumentBatch"},
		{body(`{}`, thousand[:6]...), "InvalidDocumentBatch"}, {body(`{}`, a, a), "InvalidDocument"}, {body(`{}`, `{"text":"a"}`), format}, {body(`{}`, `{"id":"","text":"a"}`), format},
		{body(`{}`, `{"id":"1","text":7}`), format}, {body(`{}`, `7`), format}, {body(`{}`, `{"id":"1","text":"a","language":7}`), format},
		{body(`{"domain":"law"}`, a), value}, {body(`{"stringIndexType":"Bytes"}`, a), value}, {body(`{"piiCategories":["ShoeSize"]}`, a), value}, {body(`{"piiCategories":"Email"}`, a), value},
		{body(`{"excludePiiCategories":["All"]}`, a), value}, {body(`{"modelVersion":"yesterday"}`, a), "ModelVersionIncorrect"}, {body(`{"loggingOptOut":"no"}`, a), value},
		{body(`{"PiiCategories":["Email"]}`, a), value}, {body(`{"disableEntityValidation":true}`, a), value},
		{body(`{"redactionPolicies":[{"policyKind":"shred"}]}`, a), value}, {body(`{"redactionPolicies":[{"policyKind":"characterMask","redactionCharacter":"**"}]}`, a), value},
		{body(`{"redactionPolicies":[{"policyKind":"characterMask","redactionCharacter":"é"}]}`, a), value}, {body(`{"redactionPolicies":[{"policyKind":"characterMask","redactionCharacter":""}]}`, a), value},
		{body(`{"redactionPolicies":[{"entityTypes":["ShoeSize"]}]}`, a), value}, {body(`{"redactionPolicies":[7]}`, a), value},
		{body(`{"redactionPolicies":[{}],"redactionPolicy":{}}`, a), value}, {body(`{"confidenceScoreThreshold":{"default":1.5}}`, a), value},
		{body(`{"confidenceScoreThreshold":{"overrides":[{"value":0.5}]}}`, a), value}, {body(`{"confidenceScoreThreshold":{"overrides":[{"value":0.5,"entity":"ShoeSize"}]}}`, a), value},
		{body(`{"entitySynonyms":[{"entityType":"Email"}]}`, a), value}, {body(`{"entitySynonyms":[{"entityType":"Email","synonyms":[{"synonym":""}]}]}`, a), value},
		{body(`{"valueExclusionPolicy":{"excludedValues":[""]}}`, a), value},
	} {
		rec := cognitivetest.Ask(w, http.MethodPost, now, c.body)
		f := cognitivetest.Faulty(t, rec)
		if rec.Code != http.StatusBadRequest || f.Code != "InvalidRequest" || f.Innererror.Code != c.inner || f.Innererror.Message == "" {
			t.Errorf("%.120s: got %d %+v, want %s", c.body, rec.Code, f, c.inner)
		}
		if notes := w.Notes(); len(notes) != 1 || notes[0] != "refused AnalyzeText 400 BadRequest" {
			t.Errorf("%.120s: on the record: %q", c.body, notes)
		}
	}
	if rec := cognitivetest.Ask(w, http.MethodPost, now, body(`{}`, doc("1", strings.Repeat("a", 1<<20)))); rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("beyond a mebibyte: %d", rec.Code)
	}
	for _, q := range []string{"&showStats=maybe", "&showStats=true&showStats=false"} {
		if rec := cognitivetest.Ask(w, http.MethodPost, now+q, body(`{}`, a)); rec.Code != 400 {
			t.Errorf("%s: %d", q, rec.Code)
		}
	}
	for _, v := range []string{"", "?api-version=", "?api-version=v3.1", "?api-version=2023-13-01", "?api-version=2023-04-01-beta"} {
		if rec := cognitivetest.Ask(w, http.MethodPost, "/language/:analyze-text"+v, body(`{}`, a)); rec.Code != 404 {
			t.Errorf("%q: %d", v, rec.Code)
		}
	}
}

func TestVersion31(t *testing.T) {
	w := newWorld(t, finder{})
	const path = "/text/analytics/v3.1/entities/recognition/pii"
	docs := `{"documents":[` + doc("1", "e\u0301 "+mail+" "+phone) + `,` + doc("2", "") + `]}`
	rec := cognitivetest.Ask(w, http.MethodPost, path+"?showStats=true&domain=phi&stringIndexType=TextElement_v8&piiCategories=Email,%20Age&model-version=latest&loggingOptOut=true", docs)
	var r results
	if err := json.Unmarshal(rec.Body.Bytes(), &r); err != nil || rec.Code != 200 || len(r.Documents) != 1 || len(r.Errors) != 1 || r.Statistics.DocumentsCount != 2 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if e := r.Documents[0].Entities; len(e) != 1 || e[0].Category != "Email" || e[0].Offset != 2 {
		t.Errorf("entities: %+v", e)
	}
	if rec := cognitivetest.Ask(w, http.MethodPost, path, docs); rec.Code != 200 {
		t.Errorf("without a query: %d", rec.Code)
	}
	for _, q := range []string{"domain=law", "stringIndexType=x", "piiCategories=ShoeSize", "model-version=x", "showStats=x", "loggingOptOut=x", "domain=phi&domain=none"} {
		if rec := cognitivetest.Ask(w, http.MethodPost, path+"?"+q, docs); rec.Code != 400 {
			t.Errorf("%s: %d", q, rec.Code)
		}
	}
}

func TestGuardsThatCannotJudge(t *testing.T) {
	w := newWorld(t, finder{errors.New("no rules")})
	rec := cognitivetest.Ask(w, http.MethodPost, now, body(`{}`, doc("1", "a")))
	if f := cognitivetest.Faulty(t, rec); rec.Code != 503 || f.Code != "ServiceUnavailable" {
		t.Errorf("%d %+v", rec.Code, f)
	}
}

func TestEveryRouteIsGuarded(t *testing.T) {
	w := newWorld(t, finder{})
	for _, r := range language.Routes() {
		path := strings.ReplaceAll(r.Pattern, "{id}", "x") + "?api-version=2023-04-01"
		for _, prefix := range []string{"", "/nowhere"} {
			if rec := cognitivetest.Ask(w, r.Method, prefix+path, `{}`, "Ocp-Apim-Subscription-Key", "k-wrong"); rec.Code != 401 {
				t.Errorf("%s%s with a wrong key: %d", prefix, path, rec.Code)
			}
		}
		w.Refusal = &gate.Refusal{Code: gate.MissingRole}
		if rec := cognitivetest.Ask(w, r.Method, path, `{}`); rec.Code != 401 {
			t.Errorf("%s without a role: %d", path, rec.Code)
		}
		w.Refusal = nil
	}
}

// Whatever the body: no fault of ours, and what is masked has the length of what
// stood there.
func FuzzAnalyze(f *testing.F) {
	w := newWorld(f, finder{})
	for _, b := range []string{body(`{}`, doc("1", "Mail "+mail)), body(`{"redactionPolicies":[{"policyKind":"entityMask"}],"entitySynonyms":[{"entityType":"Email","synonyms":[{"synonym":"a"}]}]}`, doc("1", "a a\u0301 "+mail)),
		body(`{"stringIndexType":"Utf16CodeUnit","confidenceScoreThreshold":{"default":0.1}}`, doc("1", "👩\u200d👩 "+phone)), `{"documents":[]}`} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b string) {
		for _, path := range []string{now, "/text/analytics/v3.1/entities/recognition/pii"} {
			rec := cognitivetest.Ask(w, http.MethodPost, path, b)
			if rec.Code >= 500 || !json.Valid(rec.Body.Bytes()) {
				t.Errorf("%q: %d %s", b, rec.Code, rec.Body)
			}
		}
	})
}

// Offsets and lengths name the entity's own text in every unit, and stars keep the
// length.
func FuzzOffsets(f *testing.F) {
	w := newWorld(f, finder{})
	f.Add("e\u0301 🙂 ", " and "+phone)
	f.Add("👩\u200d👩\u200d👧", "\u0301")
	f.Fuzz(func(t *testing.T, before, after string) {
		text := strings.ReplaceAll(strings.ToValidUTF8(before+" "+mail+" "+after, ""), "\x00", "")
		for unit, slice := range map[string]func(int, int) string{
			"UnicodeCodePoint": func(o, n int) string { return string([]rune(text)[o : o+n]) },
			"Utf16CodeUnit":    func(o, n int) string { return string(utf16.Decode(utf16.Encode([]rune(text))[o : o+n])) },
		} {
			rec := cognitivetest.Ask(w, http.MethodPost, now, body(`{"stringIndexType":"`+unit+`"}`, doc("1", text)))
			var r reply
			if err := json.Unmarshal(rec.Body.Bytes(), &r); err != nil || rec.Code != 200 {
				t.Fatalf("%q: %d %s", text, rec.Code, rec.Body)
			}
			for _, d := range r.Results.Documents {
				length := func(s string) int {
					if unit == "Utf16CodeUnit" {
						return len(utf16.Encode([]rune(s)))
					}
					return utf8.RuneCountInString(s)
				}
				for _, e := range d.Entities {
					if got := slice(e.Offset, e.Length); got != e.Text {
						t.Errorf("%s: %q at %d+%d is %q", unit, e.Text, e.Offset, e.Length, got)
					}
				}
				if length(*d.RedactedText) != length(text) {
					t.Errorf("%s: redacting changed the length of %q: %q", unit, text, *d.RedactedText)
				}
			}
		}
	})
}
