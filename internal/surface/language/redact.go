package language

import (
	"crypto/rand"
	"slices"

	"sallyport/guard/pii"
	"sallyport/guard/pii/redact"
)

// policyWords are the kinds of redaction policies, then what earlier previews called
// the first three.
var policyWords = []string{"characterMask", "noMask", "entityMask", "syntheticReplacement", "MaskWithCharacter", "DoNotRedact", "MaskWithEntityType"}

var policyKinds = [...]redact.Kind{redact.CharacterMask, redact.NoMask, redact.EntityMask, redact.SyntheticReplacement}

// policyKindOf is the kind of a word by its place in policyWords.
func policyKindOf(word int) redact.Kind { return policyKinds[max(word, 0)%len(policyKinds)] }

// redactionCharacters are what characterMask may write.
const redactionCharacters = "!#$%&*+-=?@^_~"

// policy is one of redactionPolicies.
type policy struct {
	redact.Policy
	types    []string
	standard bool // for every type that no policy names
}

// redacts reports whether the reply has a redactedText: not when no policy masks.
func (p *parameters) redacts() bool {
	return len(p.policies) == 0 || slices.ContainsFunc(p.policies, func(q policy) bool { return q.Kind != redact.NoMask })
}

// redaction is what the policies of a request ask for: a policy that names a type, else
// the default, else stars. The key is the request's own: who sees a made-up value
// learns nothing from it.
func (p *parameters) redaction() *redact.Redaction {
	r := &redact.Redaction{Types: map[string]redact.Policy{}, Unit: p.unit, Key: make([]byte, 32)}
	_, _ = rand.Read(r.Key) // never fails: crypto/rand ends the program instead
	standard := false
	for _, q := range p.policies {
		for _, t := range q.types {
			if _, named := r.Types[t]; !named {
				r.Types[t] = q.Policy
			}
		}
		if q.standard && !standard {
			r.Default, standard = q.Policy, true
		}
	}
	return r
}

func (p *parameters) redact(text string, found []Entity) string {
	entities := make([]pii.Entity, len(found))
	for i, e := range found {
		entities[i] = pii.Entity{Type: e.Type, Span: e.Span, Score: e.Score}
	}
	if p.redactor == nil {
		p.redactor = p.redaction()
	}
	return p.redactor.Apply(text, entities)
}
