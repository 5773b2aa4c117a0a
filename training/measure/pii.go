package measure

import (
	"fmt"
	"io"
	"regexp"
	"unicode/utf8"

	"sallyport/guard/pii"
	"sallyport/training/corpus"
)

// wire maps the rows' types to ours. Types that have no form (names, places)
// are not looked for and not counted.
var wire = map[string]string{
	"EMAIL": pii.Email, "PHONE": pii.PhoneNumber, "CREDIT_CARD": pii.CreditCard, "IBAN": pii.IBAN, "UK_NHS": pii.NHSNumber, "UK_NINO": pii.NINO,
	"US_SSN": pii.SSN, "US_ITIN": pii.ITIN, "IP_ADDRESS": pii.IPAddress, "MAC_ADDRESS": pii.MACAddress, "DE_TAX_ID": pii.GermanTaxID, "FR_NIR": pii.FrenchINSEE,
	"ES_DNI": pii.SpanishDNI, "NL_BSN": pii.DutchBSN, "PL_PESEL": pii.PolishPESEL, "BR_CPF": pii.BrazilianCPF, "IN_AADHAAR": pii.IndianAadhaar, "IN_PAN": pii.IndianPAN,
	"CA_SIN": pii.CanadianSIN, "SG_NRIC": pii.SingaporeNRIC, "AU_TFN": pii.AustralianTFN, "US_BANK_ROUTING": pii.ABARouting, "US_BANK_ACCOUNT": pii.BankAccount,
	"US_PASSPORT": pii.Passport, "DRIVER_LICENSE": pii.DriversLicense, "MEDICAL_RECORD": pii.MedicalRecord, "API_KEY": pii.APIKey, "JWT": pii.JSONWebToken, "PASSWORD": pii.Password,
}

// same treats the types that name one thing in two ways as one.
func same(a, b string) bool {
	return a == b || a == pii.APIKey && b == pii.GitHubToken || a == pii.GitHubToken && b == pii.APIKey
}

// PII writes recall and precision of entities, type by type. The floor is one
// regular expression for addresses and long numbers, of any type.
func PII(w io.Writer, data string) error {
	rows, err := corpus.Read(data, "pii")
	if err != nil {
		return err
	}
	type count struct{ want, got, right, floor int }
	per := map[string]*count{}
	at := func(kind string) *count {
		if per[kind] == nil {
			per[kind] = &count{}
		}
		return per[kind]
	}
	simple := regexp.MustCompile(`\S+@\S+|\+?\d[\d \-./()]{6,}\d`)
	n := 0
	for i := range rows {
		r := &rows[i]
		if r.Split != "dev" || r.Source != "synthetic_pii" {
			continue
		}
		n++
		index := byteOffsets(r.Text)
		found := pii.Find(r.Text)
		rough := simple.FindAllStringIndex(r.Text, -1)
		for _, s := range r.Spans {
			kind, ok := wire[s.Type]
			if !ok {
				continue
			}
			at(kind).want++
			from, to := index[s.Start], index[s.End]
			for _, f := range rough {
				if f[0] < to && f[1] > from {
					at(kind).floor++
					break
				}
			}
		}
		for _, e := range found {
			if e.Type == pii.URL {
				continue // not labelled in these rows
			}
			kind := e.Type
			if kind == pii.GitHubToken {
				kind = pii.APIKey
			}
			at(kind).got++
			for _, s := range r.Spans {
				if same(wire[s.Type], e.Type) && index[s.Start] < e.Span.End && index[s.End] > e.Span.Start {
					at(kind).right++
					break
				}
			}
		}
	}
	fmt.Fprintf(w, "\n### Personal data and secrets (synthetic_pii, dev, %d texts; no personal names)\n\n", n)
	fmt.Fprintln(w, "| type | labelled | recall | found | precision | floor recall |\n|---|---|---|---|---|---|")
	var all count
	for _, kind := range pii.Types() {
		c := per[kind]
		if c == nil {
			continue
		}
		all.want, all.got, all.right, all.floor = all.want+c.want, all.got+c.got, all.right+c.right, all.floor+c.floor
		fmt.Fprintf(w, "| %s | %d | %s | %d | %s | %s |\n", kind, c.want, share(c.right, c.want), c.got, share(c.right, c.got), share(c.floor, c.want))
	}
	fmt.Fprintf(w, "| all | %d | %s | %d | %s | %s |\n", all.want, share(all.right, all.want), all.got, share(all.right, all.got), share(all.floor, all.want))
	return nil
}

// byteOffsets maps offsets in code points to offsets in bytes.
func byteOffsets(s string) []int {
	out := make([]int, 0, utf8.RuneCountInString(s)+1)
	for i := range s {
		out = append(out, i)
	}
	return append(out, len(s))
}
