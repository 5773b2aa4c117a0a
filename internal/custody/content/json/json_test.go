package json_test

import (
	"errors"
	"testing"

	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
)

func TestParseRefuses(t *testing.T) {
	cases := map[string]error{
		`{"a":1,"a":2}`:                 json.ErrDuplicate,
		`{"a":1,"A":2}`:                 json.ErrDuplicate,
		`{"a":1,"\u0061":2}`:            json.ErrDuplicate,
		"{\"k\":1,\"\u212a\":2}":        json.ErrDuplicate,
		"\xef\xbb\xbf{}":                json.ErrSyntax,
		"{\"a\":\"\xff\"}":              json.ErrUTF8,
		`{"a":"\ud800"}`:                json.ErrUTF8,
		`{"a":"\u0000"}`:                json.ErrNUL,
		`{"a":1e999}`:                   json.ErrNumber,
		`{} {}`:                         json.ErrTrailing,
		`{}x`:                           json.ErrTrailing,
		``:                              json.ErrSyntax,
		`{"a":}`:                        json.ErrSyntax,
		`[1,]`:                          json.ErrSyntax,
		`{"a":[[[[[[[[[[[1]]]]]]]]]]]}`: json.ErrDepth,
	}
	for in, want := range cases {
		if _, err := json.Parse([]byte(in), json.Limits{Depth: 8}); !errors.Is(err, want) {
			t.Errorf("Parse(%q) = %v, want %v", in, err, want)
		}
	}
}

func TestParseKeepsEveryValue(t *testing.T) {
	in := `{"a":[1,-2.5e3,true,null,"x\n\u00e9"],"b":{"c":{}}}`
	v, err := json.Parse([]byte(in), json.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(open.AppendJSON(nil, v)), `{"a":[1,-2.5e3,true,null,"x\né"],"b":{"c":{}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,"b",{"c":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := json.Parse(data, json.Limits{Depth: 16, Values: 1000})
		if err != nil {
			return
		}
		once := open.AppendJSON(nil, v)
		again, err := json.Parse(once, json.Limits{Depth: 16, Values: 1000})
		if err != nil {
			t.Fatalf("encoding of an accepted value is refused: %v", err)
		}
		if twice := open.AppendJSON(nil, again); string(twice) != string(once) {
			t.Fatalf("encoding is not stable: %q then %q", once, twice)
		}
	})
}
