package language

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sallyport/guard/pii/redact"
	"sallyport/guard/textindex"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/surface/cognitive"
)

// parameters say what is looked for and how it is told (sections 14.1 and 14.3).
type parameters struct {
	unit      textindex.Unit
	phi       bool
	only      map[string]bool // nil: everything
	exclude   map[string]bool
	policies  []policy
	threshold threshold
	synonyms  []synonym
	excluded  []string
	exact     bool // excluded values are compared with case
	stats     bool
	redactor  *redact.Redaction // once it is asked for
}

// threshold is the least score of what is told.
type threshold struct {
	standard  float64
	overrides []override
}

type override struct {
	value            float64
	entity, language string // "" is any
}

// synonym is a word that counts as an entity of a type.
type synonym struct{ kind, word, language string }

// Bounds on what the contract does not bound.
const (
	maxNames    = 500
	maxValues   = 500
	maxPolicies = 50
	maxWord     = 256 // characters
)

// Inner codes of section 14.4.
const (
	badValue   = "InvalidParameterValue"
	badModel   = "ModelVersionIncorrect"
	noInput    = "MissingInputDocuments"
	badBatch   = "InvalidDocumentBatch"
	badText    = "InvalidDocument"
	noLanguage = "UnsupportedLanguageCode"
)

// inner gives a fault of the reader another inner code.
func inner(err error, code string) error {
	if p, ok := err.(*cognitive.Problem); ok && p.Inner.Code != "" {
		p.Inner.Code = code
	}
	return err
}

var modelForm = regexp.MustCompile(`^(latest|20\d\d-\d\d-\d\d(-preview)?)$`)

// readParameters reads the member parameters of a body.
func (s *surface) readParameters(c *cognitive.Call, v json.Value) (p parameters, err error) {
	const at = "parameters"
	r := c.Read(v, at, "modelVersion", "domain", "piiCategories", "excludePiiCategories", "stringIndexType", "loggingOptOut",
		"redactionPolicy", "redactionPolicies", "confidenceScoreThreshold", "disableEntityValidation", "entitySynonyms", "valueExclusionPolicy")
	model, given := r.Text("modelVersion", false, cognitive.Length{})
	p.phi = r.Word("domain", true, "none", "phi") == 1
	p.unit = unitOf(r.Word("stringIndexType", true, unitWords...))
	r.Bool("loggingOptOut") // nothing is ever logged
	if r.Bool("disableEntityValidation") {
		r.Fail("disableEntityValidation", "cannot be true: this service always validates")
	}
	if p.only, err = s.categoriesOf(c, r, "piiCategories", true); err != nil {
		return p, err
	}
	if p.exclude, err = s.categoriesOf(c, r, "excludePiiCategories", false); err != nil {
		return p, err
	}
	s.readPolicies(c, r, &p)
	s.readThreshold(c, r, &p)
	s.readSynonyms(c, r, &p)
	if x, ok := r.Object("valueExclusionPolicy", false); ok {
		in := c.Read(x, at+".valueExclusionPolicy", "caseSensitive", "excludedValues")
		p.exact = in.Bool("caseSensitive")
		p.excluded, _ = in.Texts("excludedValues", false, maxValues, cognitive.Length{Min: 1, Max: maxWord})
		r.Take(in)
	}
	if err := r.Err(); err != nil {
		return p, inner(err, badValue)
	}
	if given {
		return p, checkModel(c, model)
	}
	return p, nil
}

func checkModel(c *cognitive.Call, model string) error {
	if modelForm.MatchString(model) {
		return nil
	}
	return inner(c.Invalid("modelVersion", "modelVersion must be latest or a date."), badModel)
}

// categoriesOf reads a list of categories; nil stands for all of them.
func (s *surface) categoriesOf(c *cognitive.Call, r *cognitive.Reader, name string, sets bool) (map[string]bool, error) {
	words, _ := r.Texts(name, false, maxNames, cognitive.Length{})
	if r.Err() != nil {
		return nil, inner(r.Err(), badValue)
	}
	return s.categorySet(c, name, words, sets)
}

func (s *surface) categorySet(c *cognitive.Call, name string, words []string, sets bool) (map[string]bool, error) {
	var set map[string]bool
	all := false
	for i, w := range words {
		switch {
		case sets && (strings.EqualFold(w, "All") || strings.EqualFold(w, "Default")):
			all = true
		case s.categories[w]:
			if set == nil {
				set = map[string]bool{}
			}
			set[w] = true
		default:
			at := name + "[" + strconv.Itoa(i) + "]"
			return nil, inner(c.Invalid(at, at+" is no category of personal data."), badValue)
		}
	}
	if all {
		return nil, nil
	}
	return set, nil
}

func (s *surface) readPolicies(c *cognitive.Call, r *cognitive.Reader, p *parameters) {
	items, _ := r.Array("redactionPolicies", false, maxPolicies)
	if one, ok := r.Object("redactionPolicy", false); ok {
		if len(items) > 0 {
			r.Fail("redactionPolicy", "and redactionPolicies exclude each other")
			return
		}
		items = []json.Value{one}
	}
	for i, v := range items {
		at := "redactionPolicies[" + strconv.Itoa(i) + "]"
		if v.Kind != json.Object {
			r.Fail(at, "must be an object")
			return
		}
		in := c.Read(v, "parameters."+at, "policyKind", "policyName", "redactionCharacter", "entityTypes", "isDefault")
		q := policy{Policy: redact.Policy{Kind: policyKindOf(in.Word("policyKind", true, policyWords...))}}
		in.Text("policyName", false, cognitive.Length{Max: maxWord})
		if ch, given := in.Text("redactionCharacter", false, cognitive.Length{}); given {
			if !strings.Contains(redactionCharacters, ch) || utf8.RuneCountInString(ch) != 1 {
				in.Fail("redactionCharacter", "must be one of "+redactionCharacters)
			}
			q.Character, _ = utf8.DecodeRuneInString(ch)
		}
		types, _ := in.Texts("entityTypes", false, maxNames, cognitive.Length{})
		for _, t := range types {
			if !s.categories[t] {
				in.Fail("entityTypes", "must be categories of personal data")
			}
		}
		q.types = types
		if in.Bool("isDefault") || len(types) == 0 {
			q.standard = true
		}
		r.Take(in)
		p.policies = append(p.policies, q)
	}
}

func (s *surface) readThreshold(c *cognitive.Call, r *cognitive.Reader, p *parameters) {
	v, ok := r.Object("confidenceScoreThreshold", false)
	if !ok {
		return
	}
	const at = "confidenceScoreThreshold"
	in := c.Read(v, "parameters."+at, "default", "overrides")
	p.threshold.standard = share(in, "default")
	items, _ := in.Array("overrides", false, maxNames)
	r.Take(in)
	for i, v := range items {
		one := c.Read(v, "parameters."+at+".overrides["+strconv.Itoa(i)+"]", "value", "entity", "language")
		o := override{value: share(one, "value")}
		o.entity, _ = one.Text("entity", true, cognitive.Length{})
		if r.Err() == nil && one.Err() == nil && !s.categories[o.entity] {
			one.Fail("entity", "must be a category of personal data")
		}
		if code, given := one.Text("language", false, cognitive.Length{}); given {
			if o.language = languageOf(code); o.language == "" {
				one.Fail("language", "must be a supported language")
			}
		}
		r.Take(one)
		p.threshold.overrides = append(p.threshold.overrides, o)
	}
}

func share(r *cognitive.Reader, name string) float64 {
	n, _ := r.Number(name)
	if !(n >= 0 && n <= 1) {
		r.Fail(name, "must be a number from 0 to 1")
	}
	return n
}

// least is the least score that an entity of a document must have.
func (t *threshold) least(kind, language string) float64 {
	least := t.standard
	for _, o := range t.overrides {
		if o.entity == kind && (o.language == "" || o.language == language) {
			least = o.value
		}
	}
	return least
}

func (s *surface) readSynonyms(c *cognitive.Call, r *cognitive.Reader, p *parameters) {
	items, _ := r.Array("entitySynonyms", false, maxNames)
	for i, v := range items {
		at := "parameters.entitySynonyms[" + strconv.Itoa(i) + "]"
		in := c.Read(v, at, "entityType", "synonyms")
		kind, _ := in.Text("entityType", true, cognitive.Length{})
		if in.Err() == nil && !s.categories[kind] {
			in.Fail("entityType", "must be a category of personal data")
		}
		words, _ := in.Array("synonyms", true, maxValues)
		r.Take(in)
		for j, w := range words {
			one := c.Read(w, at+".synonyms["+strconv.Itoa(j)+"]", "synonym", "language")
			y := synonym{kind: kind}
			y.word, _ = one.Text("synonym", true, cognitive.Length{Min: 1, Max: maxWord})
			if code, given := one.Text("language", false, cognitive.Length{}); given {
				if y.language = languageOf(code); y.language == "" {
					one.Fail("language", "must be a supported language")
				}
			}
			r.Take(one)
			if p.synonyms = append(p.synonyms, y); len(p.synonyms) > maxValues {
				r.Fail("entitySynonyms", "must hold at most "+strconv.Itoa(maxValues)+" synonyms")
				return
			}
		}
	}
}

// wants reports whether an entity of a type is told.
func (p *parameters) wants(kind string) bool {
	return (p.only == nil || p.only[kind]) && !p.exclude[kind] && (!p.phi || !notHealth(kind))
}

// notHealth reports whether a type says nothing of a patient: secrets of programs
// and numbers of payments. All else identifies somebody (45 CFR 164.514(b)(2)).
func notHealth(kind string) bool {
	for _, prefix := range []string{"Azure", "AWS", "SQLServer", "GitHub", "ABARouting", "SWIFT", "CreditCard", "EUDebitCard", "InternationalBanking"} {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"PrivateKey", "JSONWebToken", "APIKey", "Password", "CVV", "ExpirationDate", "SortCode"}, kind)
}

// isExcluded reports whether an entity's text is one that is never told.
func (p *parameters) isExcluded(text string) bool {
	return slices.ContainsFunc(p.excluded, func(x string) bool { return x == text || !p.exact && strings.EqualFold(x, text) })
}
