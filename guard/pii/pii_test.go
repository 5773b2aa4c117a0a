package pii_test

import (
	"strings"
	"testing"

	"sallyport/guard/pii"
)

func TestFind(t *testing.T) {
	key := "ghp_" + strings.Repeat("a1B2c3", 6)
	tests := []struct{ text, kind, want string }{
		{"Write to jo.doe+x@mail.example.org.", pii.Email, "jo.doe+x@mail.example.org"},
		{"card 4111 1111 1111 1111 please", pii.CreditCard, "4111 1111 1111 1111"},
		{"card ４１１１１１１１１１１１１１１１ please", pii.CreditCard, "４１１１１１１１１１１１１１１１"},
		{"card 4111\u200b1111\u200b1111\u200b1111 please", pii.CreditCard, "4111\u200b1111\u200b1111\u200b1111"},
		{"IBAN GB82 WEST 1234 5698 7654 32 is mine", pii.IBAN, "GB82 WEST 1234 5698 7654 32"},
		{"DE89370400440532013000", pii.IBAN, "DE89370400440532013000"},
		{"NHS number 943 476 5919", pii.NHSNumber, "943 476 5919"},
		{"NINO AB123456C", pii.NINO, "AB123456C"},
		{"ssn 536-22-1234", pii.SSN, "536-22-1234"},
		{"host 192.0.2.17 answers", pii.IPAddress, "192.0.2.17"},
		{"host 2001:db8::1 answers", pii.IPAddress, "2001:db8::1"},
		{"mac 7e:fd:dc:51:fc:bd seen", pii.MACAddress, "7e:fd:dc:51:fc:bd"},
		{"mac CF-03-AD-29-11-91 seen", pii.MACAddress, "CF-03-AD-29-11-91"},
		{"see https://example.org/a?b=c.", pii.URL, "https://example.org/a?b=c"},
		{"Steuer-ID 86095742719", pii.GermanTaxID, "86095742719"},
		{"NIR 2 55 08 14 168 025 38", pii.FrenchINSEE, "2 55 08 14 168 025 38"},
		{"DNI 12345678Z", pii.SpanishDNI, "12345678Z"},
		{"NIE X1234567L", pii.SpanishDNI, "X1234567L"},
		{"BSN 111222333", pii.DutchBSN, "111222333"},
		{"PESEL 44051401359", pii.PolishPESEL, "44051401359"},
		{"codice RSSMRA85T10A562S", pii.ItalianCode, "RSSMRA85T10A562S"},
		{"id AKIAIOSFODNN7EXAMPLE", pii.AWSAccessKey, "AKIAIOSFODNN7EXAMPLE"},
		{"use " + key + " now", pii.GitHubToken, key},
		{"api_key = \"9f8e7d6c5b4a39281706\"", pii.APIKey, "9f8e7d6c5b4a39281706"},
		{"call +44 20 7946 0123 today", pii.PhoneNumber, "+44 20 7946 0123"},
		{"phone (312) 555-0193", pii.PhoneNumber, "(312) 555-0193"},
		{"key glpat-" + strings.Repeat("x7", 10) + " here", pii.APIKey, "glpat-" + strings.Repeat("x7", 10)},
		{"key SG." + strings.Repeat("a1", 11) + "." + strings.Repeat("b2", 20), pii.APIKey, "SG." + strings.Repeat("a1", 11) + "." + strings.Repeat("b2", 20)},
		{"key AIza" + strings.Repeat("Sy9", 12), pii.APIKey, "AIza" + strings.Repeat("Sy9", 12)},
		{"NINO AB 12 34 56 C", pii.NINO, "AB 12 34 56 C"},
		{"MRN 12345678", pii.MedicalRecord, "MRN 12345678"},
		{"driving licence W384-3523-4918-60", pii.DriversLicense, "W384-3523-4918-60"},
		{"the password is hunter2x9", pii.Password, "hunter2x9"},
		{"password: Tr0ub4dor&3", pii.Password, "Tr0ub4dor&3"},
	}
	for _, tt := range tests {
		found := pii.Find(tt.text)
		if len(found) != 1 || found[0].Type != tt.kind {
			t.Errorf("Find(%q) = %+v, want one %s", tt.text, found, tt.kind)
			continue
		}
		if got := tt.text[found[0].Span.Start:found[0].Span.End]; got != tt.want {
			t.Errorf("Find(%q) found %q, want %q", tt.text, got, tt.want)
		}
	}
}
