package language

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// policyKind is how an entity is written in redactedText.
type policyKind uint8

const (
	characterMask policyKind = iota
	noMask
	entityMask
	syntheticReplacement
)

// policyWords are the kinds in their order, then what earlier previews called the
// first three.
var policyWords = []string{"characterMask", "noMask", "entityMask", "syntheticReplacement", "MaskWithCharacter", "DoNotRedact", "MaskWithEntityType"}

func policyKindOf(word int) policyKind { return policyKind(word % 4) }

// redactionCharacters are what characterMask may write.
const redactionCharacters = "!#$%&*+-=?@^_~"

// policy is one of redactionPolicies.
type policy struct {
	kind      policyKind
	character string
	types     []string
	standard  bool // for every type that no policy names
}

// policyOf is the policy for a type: one that names it, else the default, else
// stars.
func (p *parameters) policyOf(kind string) policy {
	standard := policy{character: "*"}
	found := false
	for _, q := range p.policies {
		if slices.Contains(q.types, kind) {
			return q
		}
		if q.standard && !found {
			standard, found = q, true
		}
	}
	return standard
}

// redacts reports whether the reply has a redactedText: not when no policy masks.
func (p *parameters) redacts() bool {
	return len(p.policies) == 0 || slices.ContainsFunc(p.policies, func(q policy) bool { return q.kind != noMask })
}

// redaction writes a document with its entities masked.
type redaction struct {
	p       *parameters
	numbers map[string]int    // by type: the last number of a placeholder
	names   map[string]string // by type and text: what stands for it
}

func (p *parameters) redact(text string, found []Entity) string {
	d := redaction{p: p, numbers: map[string]int{}, names: map[string]string{}}
	var b strings.Builder
	b.Grow(len(text))
	pos := 0
	for _, e := range found {
		b.WriteString(text[pos:e.Span.Start])
		b.WriteString(d.mask(e.Type, text[e.Span.Start:e.Span.End]))
		pos = e.Span.End
	}
	b.WriteString(text[pos:])
	return b.String()
}

func (d *redaction) mask(kind, text string) string {
	q := d.p.policyOf(kind)
	switch q.kind {
	case noMask:
		return text
	case entityMask:
		return d.once(kind, text, func() string {
			d.numbers[kind]++
			return "[" + strings.ToUpper(kind) + "_" + strconv.Itoa(d.numbers[kind]) + "]"
		})
	case syntheticReplacement:
		return d.once(kind, text, func() string { return synthetic(kind, text) })
	}
	return strings.Repeat(q.character, d.p.unit.length(text))
}

// once gives equal entities of a document the same replacement.
func (d *redaction) once(kind, text string, make func() string) string {
	key := kind + "\x00" + text
	if d.names[key] == "" {
		d.names[key] = make()
	}
	return d.names[key]
}

// Parts of made-up names; none is of a known person.
var (
	givenNames  = []string{"Alex", "Robin", "Kim", "Noa", "Sasha", "Jules", "Mika", "Toni"}
	familyNames = []string{"Aldermoor", "Brackwell", "Corvane", "Dellford", "Eskbridge", "Farrowby", "Hollin", "Kestermann"}
)

// synthetic makes up a value of the same kind. Addresses of the net are of the
// ranges kept for examples (RFC 2606, 5737, 3849); all else keeps its shape, with
// other letters and digits. The choice is random: who sees it learns nothing.
func synthetic(kind, text string) string {
	switch kind {
	case "Person":
		return givenNames[rand.IntN(len(givenNames))] + " " + familyNames[rand.IntN(len(familyNames))]
	case "Email":
		return letters(8) + "@example.com"
	case "URL":
		return "https://example.com/" + letters(8)
	case "IPAddress":
		if a, err := netip.ParseAddr(text); err == nil && !a.Is4() {
			return "2001:db8::" + strconv.FormatInt(int64(rand.IntN(0xffff)+1), 16)
		}
		return "192.0.2." + strconv.Itoa(rand.IntN(254)+1)
	}
	out := shaped(text)
	for range 4 { // a short value may be drawn by chance
		if out != text {
			break
		}
		out = shaped(text)
	}
	return out
}

func shaped(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '0' + rune(rand.IntN(10))
		case r >= 'A' && r <= 'Z':
			return 'A' + rune(rand.IntN(26))
		case r >= 'a' && r <= 'z', r > 0x7f:
			return 'a' + rune(rand.IntN(26))
		}
		return r
	}, text)
}

func letters(n int) string { return shaped(strings.Repeat("a", n)) }
