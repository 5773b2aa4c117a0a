// Package pii finds personal data and secrets that have a form: numbers with
// check digits, addresses of the net, keys and tokens. Names and places have
// no form and are not found here.
//
// Types are named as in Azure Language where Azure has the type; see Types.
// A number with a check digit or a fixed grouping is reported by itself; a bare
// number only beside a word that says what it is, and that word must stand as
// a whole word ("lic" is not in "public"). Matching runs over the normalised
// text, so fullwidth digits and invisible characters hide nothing; spans are
// those of the original.
//
// A pass over the bytes dispatches to hand-written matchers, no regular
// expression runs, and the time is linear in the length of the text: each
// matcher looks at a bounded neighbourhood.
package pii

import (
	"sort"

	"sallyport/guard"
	"sallyport/guard/normalize"
)

// Entity is one piece of personal data.
type Entity struct {
	Type  string
	Span  guard.Span // in the original text
	Score float32    // 0 to 1
}

// The types: Azure's names where Azure has one.
const (
	Email           = "Email"
	PhoneNumber     = "PhoneNumber"
	CreditCard      = "CreditCardNumber"
	IBAN            = "InternationalBankingAccountNumber"
	NHSNumber       = "UKNationalHealthNumber"
	NINO            = "UKNationalInsuranceNumber"
	SSN             = "USSocialSecurityNumber"
	ITIN            = "USIndividualTaxpayerIdentification"
	IPAddress       = "IPAddress"
	MACAddress      = "MACAddress"
	URL             = "URL"
	GermanTaxID     = "DETaxIdentificationNumber"
	FrenchINSEE     = "FRSocialSecurityNumber"
	SpanishDNI      = "ESDNI"
	DutchBSN        = "NLCitizensServiceNumber"
	PolishPESEL     = "PLNationalID"
	ItalianCode     = "ITFiscalCode"
	BrazilianCPF    = "BRCPFNumber"
	IndianAadhaar   = "INUniqueIdentificationNumber"
	IndianPAN       = "INPermanentAccount"
	CanadianSIN     = "CASocialInsuranceNumber"
	SingaporeNRIC   = "SGNationalRegistrationIdentityCardNumber"
	AustralianTFN   = "AUTaxFileNumber"
	ABARouting      = "ABARoutingNumber"
	BankAccount     = "USBankAccountNumber"
	Passport        = "PassportNumber"
	DriversLicense  = "DriversLicenseNumber"
	MedicalRecord   = "MedicalRecordNumber"
	AWSAccessKey    = "AWSAccessKey"
	PrivateKey      = "PrivateKey"
	GitHubToken     = "GitHubToken"
	JSONWebToken    = "JSONWebToken"
	AzureStorageKey = "AzureStorageAccountKey"
	APIKey          = "APIKey"
	Password        = "Password"

	Person       = "Person"
	Organization = "Organization"
	Location     = "Location"
	Address      = "Address"
)

// longest holds every type and its longest match in characters of the
// normalised text. Longer ones are reported in several pieces side by side.
var longest = map[string]int{
	Email: 254, PhoneNumber: 30, CreditCard: 37, IBAN: 67, NHSNumber: 19, NINO: 17, SSN: 11, ITIN: 11,
	IPAddress: 45, MACAddress: 17, URL: 512, GermanTaxID: 21, FrenchINSEE: 29, SpanishDNI: 12, DutchBSN: 17,
	PolishPESEL: 21, ItalianCode: 31, BrazilianCPF: 21, IndianAadhaar: 23, IndianPAN: 10, CanadianSIN: 17,
	SingaporeNRIC: 9, AustralianTFN: 17, ABARouting: 17, BankAccount: 33, Passport: 9, DriversLicense: 24,
	MedicalRecord: 16, AWSAccessKey: 20, PrivateKey: 4096, GitHubToken: 255, JSONWebToken: 2048, AzureStorageKey: 88,
	APIKey: 200, Password: 64,
	Person: 96, Organization: 112, Location: 96, Address: 192,
}

// Types are the names of all types, sorted.
func Types() []string {
	out := make([]string, 0, len(longest))
	for t := range longest {
		out = append(out, t)
	}
	sort.Strings(out)
	return out
}

// Longest is the longest match, in characters of the normalised text, of the
// types named, of all types when none is. Unknown names count as the longest
// of all: who asks for one by mistake holds back too much, not too little.
func Longest(types ...string) int {
	n, all := 0, len(types) == 0
	for _, t := range types {
		l, ok := longest[t]
		all = all || !ok
		n = max(n, l)
	}
	if all {
		for _, l := range longest {
			n = max(n, l)
		}
	}
	return n
}

// Find returns the entities of s, sorted and not overlapping.
func Find(s string) []Entity { return FindReading(normalize.Normalize(s)) }

// FindReading is Find of a text that has been read already.
func FindReading(r normalize.Reading) []Entity {
	f := finder{text: r.Cased(), lower: r.Text}
	f.scan()
	f.names()
	return resolve(f.found, r)
}

// match is an entity in offsets of the normalised text.
type match struct {
	kind       string
	start, end int
	score      float32
}

// resolve drops matches that overlap a better one (higher score, then longer),
// and maps the others to the original.
func resolve(found []match, r normalize.Reading) []Entity {
	if len(found) == 0 {
		return nil
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].start < found[j].start })
	kept := found[:0]
	for _, m := range found {
		for len(kept) > 0 && kept[len(kept)-1].end > m.start && better(m, kept[len(kept)-1]) {
			kept = kept[:len(kept)-1]
		}
		if len(kept) == 0 || kept[len(kept)-1].end <= m.start {
			kept = append(kept, m)
		}
	}
	out := make([]Entity, 0, len(kept))
	for _, m := range kept {
		e := Entity{Type: m.kind, Span: r.Span(m.start, m.end), Score: m.score}
		if n := len(out); n > 0 && e.Span.Start < out[n-1].Span.End {
			e.Span.Start = out[n-1].Span.End // both came from one character
		}
		if e.Span.Start < e.Span.End {
			out = append(out, e)
		}
	}
	return out
}

func better(a, b match) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return a.end-a.start > b.end-b.start
}
