package measure

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"sallyport/guard/pii"
	"sallyport/training/corpus"
)

// wire maps the rows' types to ours. Where we tell apart what a row does not,
// every one of ours counts.
var wire = map[string][]string{
	"EMAIL": {pii.Email}, "PHONE": {pii.PhoneNumber}, "CREDIT_CARD": {pii.CreditCard}, "IBAN": {pii.IBAN}, "UK_NHS": {pii.NHSNumber}, "UK_NINO": {pii.NINO},
	"US_SSN": {pii.SSN}, "US_ITIN": {pii.ITIN}, "IP_ADDRESS": {pii.IPAddress}, "MAC_ADDRESS": {pii.MACAddress}, "DE_TAX_ID": {pii.GermanTaxID}, "FR_NIR": {pii.FrenchINSEE},
	"ES_DNI": {pii.SpanishDNI}, "NL_BSN": {pii.DutchBSN}, "PL_PESEL": {pii.PolishPESEL}, "BR_CPF": {pii.BrazilianCPF}, "IN_AADHAAR": {pii.IndianAadhaar}, "IN_PAN": {pii.IndianPAN},
	"CA_SIN": {pii.CanadianSIN}, "SG_NRIC": {pii.SingaporeNRIC}, "AU_TFN": {pii.AustralianTFN}, "US_BANK_ROUTING": {pii.ABARouting}, "US_BANK_ACCOUNT": {pii.BankAccount},
	"US_PASSPORT": {pii.Passport}, "DRIVER_LICENSE": {pii.DriversLicense}, "MEDICAL_RECORD": {pii.MedicalRecord}, "API_KEY": {pii.APIKey, pii.GitHubToken, pii.AWSAccessKey}, "JWT": {pii.JSONWebToken}, "PASSWORD": {pii.Password},
	"PERSON": {pii.Person}, "ORGANIZATION": {pii.Organization}, "ADDRESS": {pii.Address, pii.Location}, "LOCATION": {pii.Location, pii.Address},
	"DOMAIN_NAME": {pii.URL}, "USERNAME": {pii.Username}, "CRYPTO": {pii.CryptoWallet}, "DATE_OF_BIRTH": {pii.DateOfBirth, pii.Date}, "DATE_TIME": {pii.Date, pii.DateOfBirth},
}

// spanCount counts spans.
type spanCount struct{ want, hit, got, right int }

func (t *spanCount) add(o spanCount) {
	t.want, t.hit, t.got, t.right = t.want+o.want, t.hit+o.hit, t.got+o.got, t.right+o.right
}

// f2 weighs recall four times as much as precision.
func (t spanCount) f2() float64 {
	if t.want == 0 || t.got == 0 {
		return 0
	}
	p, r := float64(t.right)/float64(t.got), float64(t.hit)/float64(t.want)
	if p+r == 0 {
		return 0
	}
	return 5 * p * r / (4*p + r)
}

// wilson is the 95 % interval of a share, in words.
func wilson(n, of int) string {
	if of == 0 {
		return ""
	}
	const z = 1.96
	p, m := float64(n)/float64(of), float64(of)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m)) / (1 + z*z/m)
	return fmt.Sprintf(" (%.1f–%.1f)", 100*max(0, mid-half), 100*min(1, mid+half))
}

// PII writes recall and precision of entities, set by set and type by type. A
// labelled span is found when an entity of its type overlaps it; an entity is
// right when it overlaps a labelled span of its type. The floor is one regular
// expression for addresses, long numbers and pairs of capitalised words, of any
// type.
func PII(w io.Writer, data string) error {
	rows, err := corpus.Read(data, "pii", "benign")
	if err != nil {
		return err
	}
	sources := []struct {
		source, note string
		train        bool
	}{
		{"synthetic_pii", "dev rows; its train rows were seen in training", false},
		{"presidio_generated", "all rows: none of them was trained on, nor a threshold chosen on its train rows", true},
	}
	for _, s := range sources {
		piiSet(w, rows, s.source, s.note, s.train)
	}
	cleanRows(w, rows)
	return nil
}

var simple = regexp.MustCompile(`\S+@\S+|\+?\d[\d \-./()]{6,}\d|[A-Z][a-z]+ [A-Z][a-z]+`)

func piiSet(w io.Writer, rows []corpus.Row, source, note string, train bool) {
	per, langs := map[string]*spanCount{}, map[string]*spanCount{}
	var all, floor spanCount
	clean, hit, n := 0, 0, 0
	at := func(m map[string]*spanCount, key string) *spanCount {
		if m[key] == nil {
			m[key] = &spanCount{}
		}
		return m[key]
	}
	for i := range rows {
		r := &rows[i]
		if r.Source != source || r.Split != "dev" && !train {
			continue
		}
		n++
		found := counted(r, pii.Find(r.Text))
		if len(r.Spans) == 0 {
			clean++
			if len(found) > 0 {
				hit++
			}
		}
		for kind, t := range compare(r, found) {
			at(per, kind).add(t)
			at(langs, r.Lang).add(t)
			all.add(t)
		}
		floor.add(rough(r))
	}
	fmt.Fprintf(w, "\n### Personal data and secrets: %s (%d texts; %s)\n\n", source, n, note)
	fmt.Fprintln(w, "| type | labelled | recall | found | precision |\n|---|---|---|---|---|")
	kinds := make([]string, 0, len(per))
	for k := range per {
		kinds = append(kinds, k)
	}
	sort.Strings(kinds)
	for _, kind := range kinds {
		t := per[kind]
		fmt.Fprintf(w, "| %s | %d | %s | %d | %s |\n", kind, t.want, share(t.hit, t.want), t.got, share(t.right, t.got))
	}
	fmt.Fprintf(w, "| all | %d | %s%s | %d | %s%s |\n", all.want, share(all.hit, all.want), wilson(all.hit, all.want), all.got, share(all.right, all.got), wilson(all.right, all.got))
	fmt.Fprintf(w, "| floor, any type | %d | %s | %d | %s |\n", floor.want, share(floor.hit, floor.want), floor.got, share(floor.right, floor.got))
	fmt.Fprintf(w, "\nF2 %.3f, floor %.3f", all.f2(), floor.f2())
	if clean > 0 {
		fmt.Fprintf(w, "; clean rows hit: %d of %d%s", hit, clean, wilson(hit, clean))
	}
	fmt.Fprintln(w)
	names := make([]string, 0, len(langs))
	for l := range langs {
		names = append(names, l)
	}
	sort.Strings(names)
	for _, l := range names {
		t := langs[l]
		fmt.Fprintf(w, "%s: recall %s, precision %s, F2 %.3f. ", l, share(t.hit, t.want), share(t.right, t.got), t.f2())
	}
	fmt.Fprintln(w)
}

// counted leaves out what rows do not label: addresses of the net and ages.
func counted(r *corpus.Row, found []pii.Entity) []pii.Entity {
	labels := map[string]bool{}
	for _, s := range r.Spans {
		for _, k := range wire[s.Type] {
			labels[k] = true
		}
	}
	out := found[:0]
	for _, e := range found {
		if e.Type != pii.URL && e.Type != pii.Age || labels[e.Type] {
			out = append(out, e)
		}
	}
	return out
}

// compare counts labelled spans by their type and entities by theirs.
func compare(r *corpus.Row, found []pii.Entity) map[string]spanCount {
	index := byteOffsets(r.Text)
	out := map[string]spanCount{}
	overlaps := func(e pii.Entity, s int) bool {
		return index[r.Spans[s].Start] < e.Span.End && index[r.Spans[s].End] > e.Span.Start
	}
	for s := range r.Spans {
		types, ok := wire[r.Spans[s].Type]
		if !ok {
			continue
		}
		t := out[types[0]]
		t.want++
		for _, e := range found {
			if overlaps(e, s) && in(types, e.Type) {
				t.hit++
				break
			}
		}
		out[types[0]] = t
	}
	for _, e := range found {
		t := out[e.Type]
		t.got++
		for s := range r.Spans {
			types, ok := wire[r.Spans[s].Type]
			if overlaps(e, s) && (!ok || in(types, e.Type)) {
				t.right++
				break
			}
		}
		out[e.Type] = t
	}
	return out
}

func in(list []string, s string) bool {
	return strings.Contains("\x00"+strings.Join(list, "\x00")+"\x00", "\x00"+s+"\x00")
}

func rough(r *corpus.Row) spanCount {
	var t spanCount
	index := byteOffsets(r.Text)
	found := simple.FindAllStringIndex(r.Text, -1)
	t.got = len(found)
	right := map[int]bool{}
	for _, s := range r.Spans {
		if wire[s.Type] == nil {
			continue
		}
		t.want++
		seen := false
		for k, f := range found {
			if f[0] < index[s.End] && f[1] > index[s.Start] {
				right[k], seen = true, true
			}
		}
		if seen {
			t.hit++
		}
	}
	t.right = len(right)
	return t
}

// cleanRows writes how many ordinary texts are hit, by type.
func cleanRows(w io.Writer, rows []corpus.Row) {
	type count struct {
		n, hit int
		types  map[string]int
	}
	per := map[string]*count{}
	var order []string
	for i := range rows {
		r := &rows[i]
		if r.Task != "benign" || r.Split != "dev" {
			continue
		}
		c := per[r.Source]
		if c == nil {
			c = &count{types: map[string]int{}}
			per[r.Source] = c
			order = append(order, r.Source)
		}
		c.n++
		found := pii.Find(r.Text)
		if len(found) > 0 {
			c.hit++
		}
		seen := map[string]bool{}
		for _, e := range found {
			if !seen[e.Type] {
				seen[e.Type] = true
				c.types[e.Type]++
			}
		}
	}
	fmt.Fprintf(w, "\n### Ordinary texts in which something was found (dev; many do hold names)\n\n| source | texts | hit | types |\n|---|---|---|---|\n")
	for _, s := range order {
		c := per[s]
		var types []string
		for t, n := range c.types {
			types = append(types, fmt.Sprintf("%s %d", t, n))
		}
		sort.Strings(types)
		fmt.Fprintf(w, "| %s | %d | %s | %s |\n", s, c.n, share(c.hit, c.n), strings.Join(types, ", "))
	}
}

// byteOffsets maps offsets in code points to offsets in bytes.
func byteOffsets(s string) []int {
	out := make([]int, 0, utf8.RuneCountInString(s)+1)
	for i := range s {
		out = append(out, i)
	}
	return append(out, len(s))
}
