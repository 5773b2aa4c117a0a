package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/guard/pii"
	"sallyport/guard/textindex"
)

// Kind is how entities are taken out, as in the Language API's
// redactionPolicies.
type Kind uint8

// The kinds. CharacterMask is the service's default.
const (
	CharacterMask        Kind = iota // a character for every unit of the original
	EntityMask                       // [PERSON_1]
	SyntheticReplacement             // a made-up value of the same kind
	NoMask                           // left as it is
	Hash                             // a keyed digest; not in the API
)

// ParseKind reads a policyKind. "" is the default. The API's names begin small;
// earlier previews and clients write them large.
func ParseKind(name string) (Kind, bool) {
	switch {
	case name == "", strings.EqualFold(name, "characterMask"):
		return CharacterMask, true
	case strings.EqualFold(name, "entityMask"):
		return EntityMask, true
	case strings.EqualFold(name, "syntheticReplacement"):
		return SyntheticReplacement, true
	case strings.EqualFold(name, "noMask"), strings.EqualFold(name, "doNotRedact"):
		return NoMask, true
	case strings.EqualFold(name, "hash"):
		return Hash, true
	}
	return CharacterMask, false
}

// Policy says how one type of entity, or all that have no policy of their own,
// are taken out.
type Policy struct {
	Kind      Kind
	Character rune // of CharacterMask; 0 is '*'
}

// Redaction takes entities out of texts. The zero Redaction writes a star for
// every text element.
type Redaction struct {
	Default Policy
	Types   map[string]Policy
	Unit    textindex.Unit // what a CharacterMask writes a character for
	// Key makes hashes and made-up values: the same original gives the same
	// value under the same key, and none can be undone without it. Without a
	// key short originals can be guessed from their digests.
	Key []byte
}

// Apply writes over the entities of text, which are sorted and do not overlap.
// Numbers of EntityMask count per type within this text, equal originals share
// one.
func (r *Redaction) Apply(text string, found []pii.Entity) string {
	var b strings.Builder
	b.Grow(len(text))
	at := 0
	numbers := numbering{}
	for _, e := range found {
		b.WriteString(text[at:e.Span.Start])
		r.write(&b, e.Type, text[e.Span.Start:e.Span.End], numbers)
		at = e.Span.End
	}
	b.WriteString(text[at:])
	return b.String()
}

type numbering map[string]int

// of is the number of an original among those of its type.
func (n numbering) of(kind, original string) int {
	key := kind + "\x00" + original
	if k, ok := n[key]; ok {
		return k
	}
	n[kind]++
	n[key] = n[kind]
	return n[kind]
}

func (r *Redaction) policy(kind string) Policy {
	if p, ok := r.Types[kind]; ok {
		return p
	}
	return r.Default
}

func (r *Redaction) write(b *strings.Builder, kind, original string, numbers numbering) {
	p := r.policy(kind)
	switch p.Kind {
	case NoMask:
		b.WriteString(original)
	case EntityMask:
		b.WriteString("[" + strings.ToUpper(kind) + "_" + strconv.Itoa(numbers.of(kind, original)) + "]")
	case Hash:
		b.WriteString(hex.EncodeToString(r.digest("hash", kind, original))[:32])
	case SyntheticReplacement:
		b.WriteString(r.synthetic(kind, original))
	default:
		c := p.Character
		if c == 0 {
			c = '*'
		}
		for range textindex.Count(original, r.Unit) {
			b.WriteRune(c)
		}
	}
}

func (r *Redaction) digest(use, kind, original string) []byte {
	m := hmac.New(sha256.New, r.Key)
	m.Write([]byte(use + "\x00" + kind + "\x00" + original))
	return m.Sum(nil)
}

// Made-up values: no person, firm or place of the input is among them.
var (
	madeFirst  = []string{"Alex", "Robin", "Sam", "Kim", "Charlie", "Taylor", "Jordan", "Morgan", "Jamie", "Casey", "Riley", "Quinn"}
	madeLast   = []string{"Miller", "Brook", "Fields", "Harper", "Lane", "Marsh", "Porter", "Reed", "Stone", "Wells", "Winter", "Young"}
	madeFirm   = []string{"Contoso", "Fabrikam", "Northwind Traders", "Adventure Works", "Tailspin Toys", "Wingtip Toys", "Litware", "Proseware"}
	madePlace  = []string{"Springfield", "Riverton", "Lakeside", "Fairview", "Greenville", "Ashland"}
	madeStreet = []string{"Main Street", "Oak Avenue", "Mill Lane", "Station Road", "Park Drive", "High Street"}
)

// synthetic is a made-up value. Where no list serves, letters and digits are
// exchanged and the form stays; check digits will then mostly be wrong.
func (r *Redaction) synthetic(kind, original string) string {
	sum := r.digest("synthetic", kind, original)
	n := binary.BigEndian.Uint64(sum)
	pick := func(list []string, shift uint) string { return list[(n>>shift)%uint64(len(list))] }
	switch kind {
	case pii.Person:
		return pick(madeFirst, 0) + " " + pick(madeLast, 16)
	case pii.Organization:
		return pick(madeFirm, 0)
	case pii.Location:
		return pick(madePlace, 0)
	case pii.Address:
		return strconv.Itoa(int((n>>32)%900)+1) + " " + pick(madeStreet, 0) + ", " + pick(madePlace, 16)
	case pii.Email:
		return strings.ToLower(pick(madeFirst, 0)+"."+pick(madeLast, 16)) + "@example.com"
	case pii.URL:
		return "https://example.com/" + hex.EncodeToString(sum)[:8]
	case pii.IPAddress:
		return "192.0.2." + strconv.Itoa(int(n%254)+1)
	}
	return scramble(original, sum)
}

// scramble exchanges letters for letters and digits for digits.
func scramble(original string, sum []byte) string {
	var b strings.Builder
	for i, c := range original {
		k := rune(sum[i%len(sum)]) + rune(i/len(sum))*7
		switch {
		case c >= '0' && c <= '9':
			b.WriteRune('0' + k%10)
		case c >= 'A' && c <= 'Z':
			b.WriteRune('A' + k%26)
		case c >= 'a' && c <= 'z':
			b.WriteRune('a' + k%26)
		case c == utf8.RuneError || unicode.IsLetter(c):
			b.WriteRune('x')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
