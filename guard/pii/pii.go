// Package pii finds personal data and secrets: numbers with check digits,
// addresses of the net, keys and tokens, dates and ages by hand-written
// matchers, and people, organisations and places by a small model (names). What
// it reaches is in MODEL_CARD.md; taking it out is package redact.
//
// Types are named as in Azure Language where Azure has the type; see Types.
// A number with a check digit or a fixed grouping is reported by itself; a bare
// number only beside a word that says what it is, and that word must stand as
// a whole word ("lic" is not in "public"). Matching runs over the normalised
// text, so fullwidth digits and invisible characters hide nothing; spans are
// those of the original, on boundaries of its characters.
//
// A pass over the bytes dispatches to hand-written matchers, no regular
// expression runs, and the time is linear in the length of the text: each
// matcher looks at a bounded neighbourhood, so a stream can be judged in pieces
// that overlap by it.
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
	PersonType   = "PersonType"
	Date         = "Date"
	DateOfBirth  = "DateOfBirth"
	Age          = "Age"
	Username     = "Username" // not Azure's

	SWIFTCode       = "SWIFTCode"
	SortCode        = "SortCode"
	CVV             = "CVV"
	ExpirationDate  = "ExpirationDate"
	GPSCoordinates  = "EUGPSCoordinates"
	CryptoWallet    = "CryptoWalletAddress" // not Azure's
	VIN             = "VIN"
	LicensePlate    = "LicensePlate"
	DEANumber       = "DrugEnforcementAgencyNumber"
	MedicareID      = "USMedicareBeneficiaryId"
	CURP            = "MXCURP" // not Azure's
	AzureSAS        = "AzureSAS"
	AzureServiceBus = "AzureServiceBusString"
	AzureRedis      = "AzureRedisCacheString"
	AzureCosmosKey  = "AzureDocumentDBAuthKey"
	AzureIoT        = "AzureIoTConnectionString"
	SQLConnection   = "SQLServerConnectionString"
	AzurePublish    = "AzurePublishSettingPassword"

	ArgentineDNI       = "ARNationalIdentityNumber"
	AustralianABN      = "AUBusinessNumber"
	AustralianACN      = "AUCompanyNumber"
	AustralianMedicare = "AUMedicalAccountNumber"
	AustrianTax        = "ATTaxIdentificationNumber"
	AustrianVAT        = "ATValueAddedTaxNumber"
	BelgianNational    = "BENationalNumber"
	BelgianVAT         = "BEValueAddedTaxNumber"
	BrazilianCNPJ      = "BRLegalEntityNumber"
	BulgarianEGN       = "BGUniformCivilNumber"
	CanadianHealth     = "CAHealthServiceNumber"
	ChileanRUT         = "CLIdentityCardNumber"
	ChineseID          = "CNResidentIdentityCardNumber"
	CroatianOIB        = "HRPersonalIdentificationOIBNumberV2"
	CzechPersonal      = "CZPersonalIdentityNumber"
	DanishCPR          = "DKPersonalIdentificationNumber"
	DutchVAT           = "NLValueAddedTaxNumber"
	EstonianCode       = "EEPersonalIdentificationCode"
	FinnishID          = "FINationalID"
	FrenchID           = "FRNationalID"
	FrenchTax          = "FRTaxIdentificationNumber"
	FrenchVAT          = "FRValueAddedTaxNumber"
	GermanCard         = "DEIdentityCardNumber"
	GermanSocial       = "DESocialSecurityNumber" // not Azure's
	GermanVAT          = "DEValueAddedNumber"
	GreekTax           = "GRTaxIdentificationNumber"
	HongKongID         = "HKIdentityCardNumber"
	HungarianTAJ       = "HUPersonalIdentificationNumber"
	HungarianTax       = "HUTaxIdentificationNumber"
	IndonesianID       = "IDIdentityCardNumber"
	IrishPPS           = "IEPersonalPublicServiceNumber"
	IsraeliID          = "ILNationalID"
	ItalianVAT         = "ITValueAddedTaxNumber"
	JapaneseCorporate  = "JPMyNumberCorporate"
	JapaneseMyNumber   = "JPMyNumberPersonal"
	JapaneseResidence  = "JPResidenceCardNumber"
	KoreanRRN          = "KRResidentRegistrationNumber"
	LatvianCode        = "LVPersonalCode"
	LithuanianCode     = "LTPersonalCode"
	MalaysianID        = "MYIdentityCardNumber"
	NewZealandHealth   = "NZMinistryOfHealthNumber"
	NewZealandIRD      = "NZInlandRevenueNumber"
	NorwegianID        = "NOIdentityNumber"
	PhilippineUMID     = "PHUnifiedMultiPurposeIDNumber"
	PolishCard         = "PLIdentityCard"
	PolishNIP          = "PLTaxIdentificationNumber"
	PolishREGON        = "PLREGONNumber"
	PortugueseNIF      = "PTTaxIdentificationNumber"
	RomanianCNP        = "ROPersonalNumericalCode"
	RussianPassport    = "RUPassportNumberDomestic"
	SaudiID            = "SANationalID"
	SlovakPersonal     = "SKPersonalNumber"
	SlovenianEMSO      = "SIUniqueMasterCitizenNumber"
	SlovenianTax       = "SITaxIdentificationNumber"
	SouthAfricanID     = "ZAIdentificationNumber"
	SpanishSocial      = "ESSocialSecurityNumber"
	SpanishTax         = "ESTaxIdentificationNumber"
	SwedishID          = "SENationalID"
	SwissAHV           = "CHSocialSecurityNumber"
	TaiwanID           = "TWNationalID"
	ThaiID             = "THPopulationIdentificationCode"
	TurkishID          = "TRNationalIdentificationNumber"
	UKElectoral        = "UKElectoralRollNumber"
	UKLicence          = "UKDriversLicenseNumber"
	UKTaxpayer         = "UKUniqueTaxpayerNumber"
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
	PersonType: 40, Date: 40, DateOfBirth: 40, Age: 32, Username: 64,
	SWIFTCode: 11, SortCode: 8, CVV: 4, ExpirationDate: 10, GPSCoordinates: 48, CryptoWallet: 96, VIN: 17, LicensePlate: 16, DEANumber: 9, MedicareID: 13, CURP: 18,
	AzureSAS: 512, AzureServiceBus: 512, AzureRedis: 512, AzureCosmosKey: 128, AzureIoT: 512, SQLConnection: 512, AzurePublish: 128,
	ArgentineDNI: 15, AustralianABN: 21, AustralianACN: 17, AustralianMedicare: 21, AustrianTax: 17, AustrianVAT: 11, BelgianNational: 21, BelgianVAT: 12,
	BrazilianCNPJ: 27, BulgarianEGN: 19, CanadianHealth: 19, ChileanRUT: 12, ChineseID: 18, CroatianOIB: 21, CzechPersonal: 19, DanishCPR: 19, DutchVAT: 14,
	EstonianCode: 21, FinnishID: 11, FrenchID: 23, FrenchTax: 25, FrenchVAT: 13, GermanCard: 10, GermanSocial: 12, GermanVAT: 11, GreekTax: 17, HongKongID: 10,
	HungarianTAJ: 17, HungarianTax: 19, IndonesianID: 31, IrishPPS: 9, IsraeliID: 17, ItalianVAT: 21, JapaneseCorporate: 25, JapaneseMyNumber: 23, JapaneseResidence: 12,
	KoreanRRN: 25, LatvianCode: 21, LithuanianCode: 21, MalaysianID: 23, NewZealandHealth: 7, NewZealandIRD: 17, NorwegianID: 21, PhilippineUMID: 23, PolishCard: 9,
	PolishNIP: 19, PolishREGON: 17, PortugueseNIF: 17, RomanianCNP: 25, RussianPassport: 19, SaudiID: 19, SlovakPersonal: 19, SlovenianEMSO: 25, SlovenianTax: 15,
	SouthAfricanID: 25, SpanishSocial: 23, SpanishTax: 9, SwedishID: 23, SwissAHV: 25, TaiwanID: 10, ThaiID: 25, TurkishID: 21, UKElectoral: 8, UKLicence: 16, UKTaxpayer: 19,
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
func FindReading(r normalize.Reading) []Entity { return find(r, false) }

// FindAll is FindReading, and what is too ordinary to be reported unasked
// besides: kinds of people ("the nurse") and a record's days, with scores below
// Weak.
func FindAll(r normalize.Reading) []Entity { return find(r, true) }

// Weak is the score below which only FindAll reports.
const Weak = 0.5

func find(r normalize.Reading, all bool) []Entity {
	f := finder{text: r.Cased(), lower: r.Text, all: all}
	f.scan()
	f.names()
	return resolve(f.found, r)
}

// match is an entity in offsets of the normalised text.
type match struct {
	kind       string
	start, end int
	score      float32
	rank       uint8
}

// Ranks: what a name or an address of the net holds that is surer than it cuts
// it in two, and the rest of it stays.
const (
	ranked   uint8 = iota // most types
	yielding              // names, addresses of the net
)

// piece is how short the rest of a cut address of the net may be, and the rest
// of a cut name.
const (
	urlPiece  = 12
	namePiece = 4
)

// worth reports whether a piece that was cut off is reported.
func (m match) worth() bool {
	if m.kind == URL {
		return m.end-m.start >= urlPiece
	}
	return m.end-m.start >= namePiece
}

// firm is the score from which a match cuts a yielding one. Less sure ones
// inside an address of the net are only a part of it.
const firm = 0.8

// resolve drops matches that overlap a better one (higher score, then longer),
// cuts the yielding ones, and maps all to the original.
func resolve(found []match, r normalize.Reading) []Entity {
	if len(found) == 0 {
		return nil
	}
	kept := settle(found)
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

// settle keeps of matches what does not overlap.
func settle(found []match) []match {
	sort.SliceStable(found, func(i, j int) bool { return found[i].start < found[j].start })
	solid := make([]match, 0, len(found))
	for _, m := range found {
		if m.rank == ranked {
			solid = keep(solid, m)
		}
	}
	if len(solid) == len(found) {
		return solid
	}
	var soft []match
	for _, m := range found {
		if m.rank == yielding {
			soft = keep(soft, m)
		}
	}
	return weave(solid, soft)
}

// keep adds m to matches that do not overlap, unless a better one is there.
func keep(kept []match, m match) []match {
	for len(kept) > 0 && kept[len(kept)-1].end > m.start && better(m, kept[len(kept)-1]) {
		kept = kept[:len(kept)-1]
	}
	if len(kept) == 0 || kept[len(kept)-1].end <= m.start {
		return append(kept, m)
	}
	return kept
}

// weave joins two sorted lists. Where they overlap, a solid match inside an
// address of the net counts only when it is firm; all others cut what yields.
func weave(solid, soft []match) []match {
	var out []match
	k := 0
	for _, s := range soft {
		for k < len(solid) && solid[k].end <= s.start {
			out = append(out, solid[k])
			k++
		}
		at := s.start
		for k < len(solid) && solid[k].start < s.end {
			m := solid[k]
			k++
			if s.kind == URL && m.score < firm {
				if m.end <= s.end {
					continue
				}
				m.start = max(m.start, s.end) // goes on behind it
			}
			if piece := (match{s.kind, at, min(m.start, s.end), s.score, yielding}); piece.worth() {
				out = append(out, piece)
			}
			at = max(at, m.end)
			out = append(out, m)
		}
		if rest := (match{s.kind, at, s.end, s.score, yielding}); at == s.start || rest.worth() {
			out = append(out, rest)
		}
	}
	out = append(out, solid[k:]...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].start < out[j].start })
	return out
}

func better(a, b match) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return a.end-a.start > b.end-b.start
}
