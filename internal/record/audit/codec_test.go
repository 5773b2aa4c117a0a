package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sallyport/internal/record/audit"
)

// full has every field set, by reflection: a field that the codec forgets fails
// the round trip.
func full(t *testing.T) audit.Entry {
	t.Helper()
	var e audit.Entry
	fill := func(v reflect.Value, n int) {
		for i := range v.NumField() {
			switch f := v.Field(i); f.Interface().(type) {
			case string:
				f.SetString(strings.Repeat("s", n+i))
			case int, int64:
				f.SetInt(int64(n + i))
			case bool:
				f.SetBool(true)
			case audit.Kind, audit.Action:
				f.SetUint(3)
			case time.Time:
				f.Set(reflect.ValueOf(time.Date(2026, 11, 22, 3, 4, 5, 678_000, time.UTC)))
			case []audit.VerdictNote:
			default:
				t.Fatalf("field %s: a kind this test does not know", v.Type().Field(i).Name)
			}
		}
	}
	fill(reflect.ValueOf(&e).Elem(), 1)
	e.Verdicts = make([]audit.VerdictNote, 2)
	fill(reflect.ValueOf(&e.Verdicts[0]).Elem(), 40)
	return e
}

func TestEntryRoundTrip(t *testing.T) {
	want := full(t)
	line := audit.AppendEntry(nil, &want)
	if !json.Valid(line) {
		t.Fatalf("not JSON: %s", line)
	}
	got, err := audit.DecodeEntry(line)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOddNamesCannotBreakTheLine(t *testing.T) {
	for _, name := range []string{"\"", "\\", "a\nb", "\xff\xfe", "\u2028", "\x00", strings.Repeat("ä", 500), "\u0085", "日本", "</script>"} {
		e := audit.Entry{Kind: audit.Refused, Time: time.Unix(1, 0), Deployment: name, Verdicts: []audit.VerdictNote{{Label: name}}}
		line := audit.AppendEntry(nil, &e)
		if bytes.ContainsAny(line, "\n\\") || !json.Valid(line) || len(line) > 700 {
			t.Errorf("%q gives %q", name, line)
		}
		if _, err := audit.DecodeEntry(line); err != nil {
			t.Errorf("%q does not decode", line)
		}
	}
}

func TestOtherSpellingsAreRefused(t *testing.T) {
	good := `{"time":"2026-11-22T03:04:05.000000Z","kind":"admin","id":"a","status":7}`
	if _, err := audit.DecodeEntry([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "{}", good + "\n", " " + good, good + good,
		strings.Replace(good, `"status":7`, `"status":07`, 1),
		strings.Replace(good, `"status":7`, `"status":0`, 1),
		strings.Replace(good, `"status":7`, `"status":7.0`, 1),
		strings.Replace(good, `"id":"a"`, `"id":""`, 1),
		strings.Replace(good, `"id":"a"`, `"id":"\u0061"`, 1),
		strings.Replace(good, `"id":"a"`, `"id":"a","id":"a"`, 1),
		strings.Replace(good, `"id":"a"`, `"prompt":"a"`, 1),
		strings.Replace(good, `,"id"`, `, "id"`, 1),
		strings.Replace(good, "admin", "guess", 1),
		strings.Replace(good, "05.000000Z", "05Z", 1),
		strings.Replace(good, "T03", "T33", 1),
	} {
		if e, err := audit.DecodeEntry([]byte(bad)); err == nil {
			t.Errorf("%s decodes to %+v", bad, e)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	e := intent(7)
	e.Time = time.Unix(1, 0)
	f.Add(audit.AppendEntry(nil, &e))
	f.Add([]byte(`{"time":"2026-11-22T03:04:05.000000Z","kind":"admin","verdicts":[{},{"severity":-1}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := audit.DecodeEntry(line)
		if err != nil {
			return
		}
		if again := audit.AppendEntry(nil, &e); !bytes.Equal(again, line) {
			t.Errorf("%q decodes, but encodes as %q", line, again)
		}
		if !json.Valid(line) {
			t.Errorf("%q decodes, but is not JSON", line)
		}
	})
}

// FuzzSegment reads foreign bytes as a segment: no panic, no endless loop, and no
// more records than somebody hashed.
func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	l := open(f, dir, audit.Options{})
	for i := range 3 {
		mustAppend(f, l, intent(i))
	}
	l.Close()
	name := filepath.Join("segments", "0000000000000000.log")
	good, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-5])
	f.Add(append(bytes.Clone(good), make([]byte, 500)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := audit.ReadSegment(b)
		if errors.Is(err, io.ErrNoProgress) {
			t.Fatal("a record without bytes or out of order")
		}
		if err == nil && n > 3 {
			t.Fatalf("%d records whose chain nobody computed", n)
		}
	})
}
