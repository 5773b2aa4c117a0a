// Package guard is the vocabulary of Sallyport's guards: what a verdict says
// and how verdicts combine. The guards themselves are the packages below it.
//
// All of guard/ is a pure, public library: text in, verdicts out; no network,
// no disk, no clock. A guard that cannot judge returns an error and its caller
// refuses.
package guard

// Action is what a policy does with a text. The zero Action refuses, and
// reports combine by the smaller one.
type Action uint8

// Actions, from the strictest.
const (
	Refuse   Action = iota
	Hold            // a person decides
	Redact          // parts were masked
	Annotate        // found, reported, let through
	Pass
)

// Category is what a guard looks for. The words are the wire's (Azure OpenAI
// content_filter_results), a closed set.
type Category string

// The categories.
const (
	Hate           Category = "hate"
	Sexual         Category = "sexual"
	Violence       Category = "violence"
	SelfHarm       Category = "self_harm"
	Jailbreak      Category = "jailbreak"
	IndirectAttack Category = "indirect_attack"
	Blocklist      Category = "custom_blocklists"
	PersonalData   Category = "personally_identifiable_information"
	ProtectedText  Category = "protected_material_text"
	ProtectedCode  Category = "protected_material_code"
	Ungrounded     Category = "ungrounded_material"
	// Disguise is ours: the ways in which a text was written so that it does not say
	// at sight what it says. Its labels are the names of normalize.Kind.
	Disguise Category = "disguise"
)

// Harms are the four categories that carry a severity.
var Harms = [4]Category{Hate, Sexual, Violence, SelfHarm}

// Severity is Azure's scale 0 to 7: safe 0-1, low 2-3, medium 4-5, high 6-7.
type Severity uint8

// Level is the wire word of s.
func (s Severity) Level() string {
	switch {
	case s >= 6:
		return "high"
	case s >= 4:
		return "medium"
	case s >= 2:
		return "low"
	}
	return "safe"
}

// Span is a half-open range of bytes in the original text, on rune boundaries.
type Span struct{ Start, End int }

// Verdict is what one guard says of one text.
type Verdict struct {
	Category Category
	Severity Severity // harms only
	Detected bool     // at or above the category's shipped threshold
	Filtered bool     // policy blocked, masked or withheld because of it
	Label    string   // closed vocabulary: a blocklist's name, a PII type. Never content.
	Stage    string   // which stage decided, e.g. "rules", "ngram"
	Version  string   // of the weights or rules that decided
	Score    float32  // 0 to 1
	Spans    []Span
	// Points are the statements of an answer that no source carries, in code points
	// of the answer as it was released. Ungrounded only.
	Points []Span
	// License and Source are of the registered work that was found, as the operator
	// wrote them. ProtectedCode only.
	License, Source string
}

// Report is what all guards say of one text or conversation.
type Report struct {
	Action         Action
	Verdicts       []Verdict
	Scanned, Total int // bytes; a policy refuses unless they are equal
}

// Combine joins two reports: the stricter action, all verdicts.
func Combine(a, b Report) Report {
	return Report{
		Action:   min(a.Action, b.Action),
		Verdicts: append(append([]Verdict(nil), a.Verdicts...), b.Verdicts...),
		Scanned:  a.Scanned + b.Scanned,
		Total:    a.Total + b.Total,
	}
}
