package redact_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/guard/pii"
	"sallyport/guard/pii/redact"
	"sallyport/guard/textindex"
)

func entity(text, part, kind string) pii.Entity {
	i := strings.Index(text, part)
	return pii.Entity{Type: kind, Span: guard.Span{Start: i, End: i + len(part)}, Score: 1}
}

func TestReplaceAndRestore(t *testing.T) {
	var v redact.Vault
	text := "Ann wrote to Bob, then Ann again. [Person 1] is a quote."
	found := []pii.Entity{entity(text, "Ann", pii.Person), entity(text, "Bob", pii.Person)}
	second := strings.LastIndex(text, "Ann")
	found = append(found, pii.Entity{Type: pii.Person, Span: guard.Span{Start: second, End: second + 3}})
	masked := v.Replace(text, found)
	if want := "[Person 1] wrote to [Person 2], then [Person 1] again. [Text 1] is a quote."; masked != want {
		t.Fatalf("Replace gave %q, want %q", masked, want)
	}
	if got := v.Restore(masked); got != text {
		t.Errorf("Restore gave %q, want %q", got, text)
	}
	if got := v.Restore("Dear [Person 2], [Person 3] and [Person 01] are nobody"); got != "Dear Bob, [Person 3] and [Person 01] are nobody" {
		t.Errorf("Restore gave %q", got)
	}
}

// TestLookAlikes: what somebody typed stays what it was, whatever it looks like.
func TestLookAlikes(t *testing.T) {
	for _, text := range []string{"[Person 1]", "[[Person 1]]", "[Person [Person 1]", "[Text 1] [Text 2]", "[Person 1", "Person 1]", "[Person 999999999]", "[Figure 1]", "[]", "[ 1]", "[Person ]", "[Email 1] Ann"} {
		var v redact.Vault
		v.Placeholder(pii.Person, "somebody else")
		var found []pii.Entity
		if strings.Contains(text, "Ann") {
			found = append(found, entity(text, "Ann", pii.Person))
		}
		if got := v.Restore(v.Replace(text, found)); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
	}
}

func TestStream(t *testing.T) {
	var v redact.Vault
	for i := range 12 {
		v.Placeholder(pii.Person, fmt.Sprintf("name %d ünd [Person 3]", i))
	}
	v.Placeholder(pii.Email, "a@b.example")
	text := "[Person 1], [Person 12] and [Person 13]; [Perso [Email 1][Email 1] [Person 1"
	want := v.Restore(text)
	for size := 1; size < 8; size++ {
		r, out := v.Restorer(), ""
		for i := 0; i < len(text); i += size {
			out += r.Push(text[i:min(len(text), i+size)])
			if r.Held() >= len("[Person 12]") {
				t.Fatalf("%d bytes wait", r.Held())
			}
		}
		if out += r.Close(); out != want {
			t.Errorf("pieces of %d: %q, want %q", size, out, want)
		}
	}
	r := v.Restorer()
	if got := r.Push("[Person 13 and [ordinary brackets"); got != "[Person 13 and [ordinary brackets" {
		t.Errorf("text that can be no placeholder waits: %q came out", got)
	}
}

func TestRestoreJSON(t *testing.T) {
	var v redact.Vault
	original := "O\"Brien\\\n\t\x01é"
	p := v.Placeholder(pii.Person, original)
	document := `{"to":"` + p + `","n":1,"list":["` + p + `"]}`
	var got struct {
		To   string
		List []string
	}
	if err := json.Unmarshal([]byte(v.RestoreJSON(document)), &got); err != nil || got.To != original || got.List[0] != original {
		t.Errorf("%v, %q, %q; want %q", err, got.To, got.List, original)
	}
	r, out := v.JSONRestorer(), ""
	for i := range len(document) {
		out += r.Push(document[i : i+1])
	}
	if out += r.Close(); out != v.RestoreJSON(document) {
		t.Errorf("byte by byte: %q", out)
	}
}

// TestVaultsAreNotPrinted: whoever logs a vault logs nothing of it.
func TestVaultsAreNotPrinted(t *testing.T) {
	var v redact.Vault
	v.Placeholder(pii.Person, "Secret Name")
	encoded, err := json.Marshal(&v)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(&v), fmt.Sprintf("%+v", &v), fmt.Sprintf("%#v", &v), string(encoded)} {
		if strings.Contains(s, "Secret") {
			t.Errorf("printed as %s", s)
		}
	}
}

func TestPolicies(t *testing.T) {
	text := "Zoe\u0301 and \U0001F1E9\U0001F1EA, jo@example.net, Zoe\u0301"
	name := "Zoe\u0301"
	last := strings.LastIndex(text, name)
	found := []pii.Entity{entity(text, name, pii.Person), entity(text, "jo@example.net", pii.Email), {Type: pii.Person, Span: guard.Span{Start: last, End: last + len(name)}}}
	tests := []struct {
		name string
		r    redact.Redaction
		want string
	}{
		{"stars per text element", redact.Redaction{}, "*** and \U0001F1E9\U0001F1EA, **************, ***"},
		{"stars per code point", redact.Redaction{Unit: textindex.CodePoint}, "**** and \U0001F1E9\U0001F1EA, **************, ****"},
		{"another character", redact.Redaction{Default: redact.Policy{Character: '-'}}, "--- and \U0001F1E9\U0001F1EA, --------------, ---"},
		{"names of types", redact.Redaction{Default: redact.Policy{Kind: redact.EntityMask}}, "[PERSON_1] and \U0001F1E9\U0001F1EA, [EMAIL_1], [PERSON_1]"},
		{"none but people", redact.Redaction{Default: redact.Policy{Kind: redact.NoMask}, Types: map[string]redact.Policy{pii.Person: {Kind: redact.EntityMask}}}, "[PERSON_1] and \U0001F1E9\U0001F1EA, jo@example.net, [PERSON_1]"},
	}
	for _, tt := range tests {
		if got := tt.r.Apply(text, found); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestKeyedValues(t *testing.T) {
	text := "card 4111 1111 1111 1111"
	found := []pii.Entity{entity(text, "4111 1111 1111 1111", pii.CreditCard)}
	for _, kind := range []redact.Kind{redact.Hash, redact.SyntheticReplacement} {
		one := redact.Redaction{Default: redact.Policy{Kind: kind}, Key: []byte("one")}
		two := redact.Redaction{Default: redact.Policy{Kind: kind}, Key: []byte("two")}
		a := one.Apply(text, found)
		if a != one.Apply(text, found) || a == two.Apply(text, found) || strings.Contains(a, "4111") {
			t.Errorf("kind %d: %q under one key, %q under another", kind, a, two.Apply(text, found))
		}
	}
	r := redact.Redaction{Default: redact.Policy{Kind: redact.SyntheticReplacement}}
	for _, kind := range pii.Types() {
		if got := r.Apply("x", []pii.Entity{{Type: kind, Span: guard.Span{Start: 0, End: 1}}}); got == "" {
			t.Errorf("%s: nothing made up", kind)
		}
	}
}

// FuzzRoundTrip: what is replaced comes back, in one piece and in small ones.
func FuzzRoundTrip(f *testing.F) {
	f.Add("Ann lives in [Person 1] Paris, mail a@b.cd [Text 2]", 3, uint8(2))
	f.Add("[[Email 1]Email 1]", 0, uint8(1))
	f.Add("\xff[Person 1]\xfe 4111 1111 1111 1111", 1, uint8(1))
	f.Fuzz(func(t *testing.T, text string, at int, size uint8) {
		var v redact.Vault
		found := pii.Find(text)
		for _, e := range found {
			if s := text[e.Span.Start:e.Span.End]; utf8.ValidString(text) && !utf8.ValidString(s) {
				t.Fatalf("%q cuts a rune", s)
			}
		}
		masked := v.Replace(text, found)
		if got := v.Restore(masked); got != text {
			t.Fatalf("%q became %q and came back as %q", text, masked, got)
		}
		r, out := v.Restorer(), ""
		step := int(size%7) + 1
		for i := 0; i < len(masked); i += step {
			out += r.Push(masked[i:min(len(masked), i+step)])
		}
		if out += r.Close(); out != text {
			t.Fatalf("%q in pieces of %d came back as %q", masked, step, out)
		}
		if again := v.Replace(text, found); again != masked {
			t.Fatalf("%q, then %q: placeholders are not stable", masked, again)
		}
		redaction := redact.Redaction{Unit: textindex.CodePoint}
		if got := redaction.Apply(text, found); utf8.RuneCountInString(got) != utf8.RuneCountInString(text) && utf8.ValidString(text) {
			t.Fatalf("%q became %q: the length changed", text, got)
		}
		_ = at
	})
}
