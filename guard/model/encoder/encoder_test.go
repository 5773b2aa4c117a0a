package encoder

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"sallyport/guard/model/encoder/weights"
)

var shipped = sync.OnceValues(func() (*Encoder, error) { return Load(weights.File) })

func must(t testing.TB) *Encoder {
	t.Helper()
	e, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func on(t testing.TB) *Encoder {
	e := must(t)
	if !e.On() {
		t.Skip(e.Report())
	}
	return e
}

// lines decodes a packed file of JSON lines.
func lines[T any](t testing.TB, path string) (out []T) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var v T
		if err := json.Unmarshal(sc.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if sc.Err() != nil || len(out) == 0 {
		t.Fatalf("%s: %d lines, %v", path, len(out), sc.Err())
	}
	return out
}

// pieces are all tokens of a text, checked for their spans.
func pieces(t testing.TB, e *Encoder, s *scan, text string) (ids []int32) {
	t.Helper()
	s.reset(e.tokens, text, 0)
	last := 0
	for tok, _, ok := s.next(); ok; tok, _, ok = s.next() {
		ids = append(ids, tok.ID)
		a, b := tok.Span.Start, tok.Span.End
		if a < 0 || a > b || b > len(text) || b < last || !boundary(text, a) || !boundary(text, b) {
			t.Fatalf("token %d of %q has the span %v after %d", len(ids), text, tok.Span, last)
		}
		last = b
	}
	return ids
}

// boundary reports whether decoding text from its start comes by i.
func boundary(text string, i int) bool {
	if i == len(text) || utf8.RuneStart(text[i]) {
		return true
	}
	for back := 1; back < utf8.UTFMax && back <= i; back++ {
		if utf8.RuneStart(text[i-back]) {
			_, n := utf8.DecodeRuneInString(text[i-back:])
			return n <= back // what follows a broken rune stands alone
		}
	}
	return true
}

// TestIDs: the tokenizer agrees with the one that came with the base, on the same
// pieces (training/encoder/fixture.py made the file).
func TestIDs(t *testing.T) {
	e := must(t)
	s := &scan{}
	all := lines[struct {
		Text string
		IDs  []int32
	}](t, "testdata/ids.jsonl.gz")
	if len(all) < 2000 {
		t.Fatalf("only %d texts", len(all))
	}
	for _, l := range all {
		if got := pieces(t, e, s, l.Text); !slices.Equal(got, l.IDs) {
			t.Errorf("%q: ids %v, want %v", l.Text, got, l.IDs)
		}
	}
}

// TestNearTheOriginal: int8, the polynomials and the tokenizer together stay near
// what fp32 gives.
func TestNearTheOriginal(t *testing.T) {
	e := on(t)
	got := make([]float32, e.Dimensions())
	for _, l := range lines[struct {
		Text   string
		Vector []float32
	}](t, "testdata/vectors.jsonl.gz") {
		if _, err := e.Embed(t.Context(), Query, l.Text, got); err != nil {
			t.Fatal(err)
		}
		if c := dot(got, l.Vector); c < 0.998 {
			t.Errorf("%q: cosine %.5f to fp32", l.Text, c)
		}
	}
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestMeaning(t *testing.T) {
	e := on(t)
	vec := func(text string) []float32 {
		v := make([]float32, e.Dimensions())
		if _, err := e.Embed(t.Context(), Query, text, v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	cake := vec("How long do I bake a lemon cake?")
	same, other := vec("Wie lange muss ein Zitronenkuchen backen?"), vec("The harbour is closed to large ships on Sunday.")
	if dot(cake, same) <= dot(cake, other) {
		t.Errorf("the translation is at %.3f, another subject at %.3f", dot(cake, same), dot(cake, other))
	}
}

// TestKernelsAgreeOnTheWhole runs the whole model with every kernel.
func TestKernelsAgreeOnTheWhole(t *testing.T) {
	text := strings.Repeat("aab é a b ﷺ ", 40)
	var want [][]float32
	for _, k := range append([]*kernel{&plain}, fast(t)...) {
		e, err := load(small(nil), k)
		if err != nil {
			t.Fatal(err)
		}
		s := e.newScratch()
		var got [][]float32
		if _, err := e.read(t.Context(), s, text, Options{Overlap: 10}, e.pass, func(w *Window) error {
			got = append(got, slices.Clone(w.Unit()), slices.Clone(w.Vector(1)), slices.Clone(w.Logits(0)), slices.Clone(w.Logits(1)))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if len(got) != len(want) || len(got) < 8 {
			t.Fatalf("%s: %d values, want %d", k.name, len(got), len(want))
		}
		for i := range want {
			same(t, k.name, got[i], want[i])
		}
	}
}

func TestWindowsCoverTheText(t *testing.T) {
	e := on(t)
	text := strings.Repeat("The quarry closed in 1974; its lake is a bathing place now. 湖は深い。 ", 60)
	for _, overlap := range []int{0, 30, 1000} {
		last, starts, n := 0, -1, 0
		read, err := e.Read(t.Context(), text, Options{Windows: 1000, Overlap: overlap}, func(w *Window) error {
			n++
			at := w.Span()
			if at.Start > last+1 {
				t.Errorf("overlap %d: a window begins at %d, the one before ended at %d", overlap, at.Start, last)
			}
			if at.Start <= starts {
				t.Errorf("overlap %d: no progress at %d", overlap, at.Start)
			}
			last, starts = at.End, at.Start
			if overlap > 0 && n > 1 && at.Start >= last {
				t.Error("no overlap")
			}
			if len(w.Tokens()) > Length-4 {
				t.Errorf("%d tokens in a window", len(w.Tokens()))
			}
			return nil
		})
		split := 0
		if again, err := e.Split(t.Context(), text, Options{Windows: 1000, Overlap: overlap}, func(*Window) error { split++; return nil }); err != nil || again != read || split != n {
			t.Errorf("overlap %d: Split has %d windows of %d bytes, Read %d of %d (%v)", overlap, split, again, n, read, err)
		}
		if err != nil || read != len(text) {
			t.Errorf("overlap %d: read %d of %d bytes, %v", overlap, read, len(text), err)
		}
	}
	read, err := e.Read(t.Context(), text, Options{Windows: 2}, func(*Window) error { return nil })
	if err != nil || read == 0 || read >= len(text)/2 {
		t.Errorf("two windows read %d of %d bytes, %v", read, len(text), err)
	}
}

func TestOddTexts(t *testing.T) {
	e := on(t)
	v := make([]float32, e.Dimensions())
	for _, text := range []string{"", " ", "\x00", "\xff\xfe", "a\xc3", strings.Repeat("x", 5000), strings.Repeat("湖", 3000), strings.Repeat("\u0301", 4000), strings.Repeat(" ", 9000), "</s><s>"} {
		if _, err := e.Embed(t.Context(), Passage, text, v); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
		if l := dot(v, v); math.Abs(l-1) > 1e-4 {
			t.Errorf("%.20q: length %v", text, l)
		}
	}
}

// TestSpecialsAreText: a user cannot end the text for the model.
func TestSpecialsAreText(t *testing.T) {
	e := must(t)
	for _, text := range []string{"<s>", "</s>", "<pad>", "<unk>", "<mask>"} {
		for _, id := range pieces(t, e, &scan{}, text) {
			if id == e.BOS || id == e.EOS {
				t.Errorf("%s became the special piece %d", text, id)
			}
		}
	}
}

func TestOffWithoutVectors(t *testing.T) {
	e, err := load(small(nil), &plain)
	if err != nil {
		t.Fatal(err)
	}
	if e.On() || !strings.Contains(e.Report(), "off") {
		t.Errorf("On %v, %s", e.On(), e.Report())
	}
	if _, err := e.Embed(t.Context(), Query, "a", make([]float32, e.Dimensions())); !errors.Is(err, ErrOff) {
		t.Errorf("Embed gives %v, want ErrOff", err)
	}
}

func TestContext(t *testing.T) {
	e := on(t)
	dst := make([]float32, e.Dimensions())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Embed(gone, Query, "a", dst); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := e.Embed(short, Query, strings.Repeat("a long way to go ", 20000), dst)
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 2*time.Second {
		t.Errorf("after %v: %v", took, err)
	}
	// All rooms taken: the next one waits for its context, no longer.
	for range cap(e.room) {
		s, err := e.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { e.room <- s }()
	}
	short, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := e.Embed(short, Query, "a", dst); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without room: %v", err)
	}
}

func TestVisitorsErrorAndPanicGiveTheRoomBack(t *testing.T) {
	e := on(t)
	own := errors.New("enough")
	if _, err := e.Read(t.Context(), "a", Options{}, func(*Window) error { return own }); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = e.Read(t.Context(), "a", Options{}, func(*Window) error { panic("mine") })
	}()
	if len(e.room) != cap(e.room) {
		t.Errorf("%d of %d rooms left", len(e.room), cap(e.room))
	}
}

func TestConcurrent(t *testing.T) {
	e := on(t)
	texts := []string{"The bridge is closed.", "Die Brücke ist gesperrt.", strings.Repeat("橋は閉まっています。", 50)}
	want := make([][]float32, len(texts))
	for i, text := range texts {
		want[i] = make([]float32, e.Dimensions())
		if _, err := e.Embed(t.Context(), Query, text, want[i]); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			got := make([]float32, e.Dimensions())
			for r := range 6 {
				i := (g + r) % len(texts)
				if _, err := e.Embed(context.Background(), Query, texts[i], got); err != nil || !slices.Equal(got, want[i]) {
					t.Errorf("text %d differs between goroutines (%v)", i, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestEmbedDoesNotAllocate(t *testing.T) {
	e := on(t)
	dst := make([]float32, e.Dimensions())
	text := strings.Repeat("The minutes of the meeting are attached. ", 40)
	if n := testing.AllocsPerRun(5, func() {
		if _, err := e.Embed(context.Background(), Query, text, dst); err != nil {
			t.Fatal(err)
		}
	}); n > 1 { // the closure of Embed itself
		t.Errorf("Embed allocates %v times", n)
	}
}

func TestLoadRefuses(t *testing.T) {
	good := small(nil)
	if _, err := Load(good); err != nil {
		t.Fatal(err)
	}
	f, err := open(good)
	if err != nil {
		t.Fatal(err)
	}
	heavy := slices.Clone(f.data)
	heavy[f.Tensors["layer0.up"].At] = 0x80 // -128: its sign cannot be turned
	endless := slices.Clone(f.data)
	copy(endless[f.Tensors["position"].At:], "\x00\x00\x80\x7f") // infinity
	n := int(good[8]) | int(good[9])<<8
	manifest := good[12 : 12+n]
	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 1
	with := func(key string, v any) []byte {
		return small(func(m, _ map[string]any) { m[key] = v })
	}
	tensor := func(name, key string, v any) []byte {
		return small(func(_, tensors map[string]any) { tensors[name].(map[string]any)[key] = v })
	}
	for name, data := range map[string][]byte{
		"nothing":                nil,
		"a flipped bit":          flipped,
		"a weight of -128":       seal(manifest, heavy),
		"infinity":               seal(manifest, endless),
		"the half":               good[:len(good)/2],
		"another magic":          append([]byte("x"), good[1:]...),
		"a manifest of rubbish":  seal([]byte("{"), nil),
		"a hidden of 97":         with("hidden", 97),
		"no layers":              with("layers", 0),
		"a layer too many":       with("layers", 3),
		"a wider window":         with("window", 256),
		"more pieces":            with("pieces", 12),
		"a special too high":     with("bos", 11),
		"a special below":        with("unk", -1),
		"no epsilon":             with("eps", 0),
		"a task without weights": with("tasks", []Task{{"other", OnMean, 3}}),
		"a task on air":          with("tasks", []Task{{"whole", "air", 3}}),
		"a task with 65 outputs": with("tasks", []Task{{"whole", OnMean, 65}}),
		"a tensor at the end":    tensor("position", "at", len(good)),
		"a tensor before":        tensor("position", "at", -64),
		"another type":           tensor("layer0.up", "type", "f32"),
		"another shape":          tensor("layer0.up", "shape", []int{96, 192}),
		"a long shape":           tensor("pieces.text", "shape", []int{1 << 40}),
		"offsets that fall":      tensor("pieces.at", "at", 0),
	} {
		if _, err := Load(data); err == nil {
			t.Errorf("%s loads", name)
		}
	}
}

func TestTasks(t *testing.T) {
	e, err := Load(small(nil))
	if err != nil {
		t.Fatal(err)
	}
	if e.Task("parts") != 1 || e.Task("none") != -1 || len(e.Tasks()) != 2 {
		t.Errorf("tasks %v", e.Tasks())
	}
	s := e.newScratch()
	if _, err := e.read(t.Context(), s, "ab a b", Options{}, e.pass, func(w *Window) error {
		if n := len(w.Logits(0)); n != 3 {
			t.Errorf("%d logits of the whole", n)
		}
		parts := slices.Clone(w.Logits(1))
		if len(parts) != 3*len(w.Tokens()) {
			t.Errorf("%d logits of %d tokens", len(parts), len(w.Tokens()))
		}
		for i := range w.Tokens() { // by hand, from the token's state
			want := byHand(&e.tasks[1], w.Vector(i))
			for k, v := range want {
				if math.Abs(float64(parts[3*i+k]-v)) > 1e-4 {
					t.Errorf("token %d, logit %d: %v, by hand %v", i, k, parts[3*i+k], v)
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func byHand(t *task, x []float32) []float32 {
	out := slices.Clone(t.b2)
	for j := range t.wide {
		v := t.b1[j]
		for i := range x {
			v += x[i] * t.w1[i*t.wide+j]
		}
		for k := range out {
			out[k] += max(v, 0) * t.w2[j*t.Outputs+k]
		}
	}
	return out
}

// TestLinear: twice the text takes about twice the time, whatever it is made of.
func TestLinear(t *testing.T) {
	e := must(t)
	s := &scan{}
	took := func(text string) time.Duration {
		best := time.Hour
		for range 3 {
			began := time.Now()
			s.reset(e.tokens, text, 0)
			for _, _, ok := s.next(); ok; _, _, ok = s.next() {
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	for _, unit := range []string{"a", "word ", "湖", "\u0301", "▁", "ﷺ", " ", "\xff"} {
		one := strings.Repeat(unit, 40000)
		if a, b := took(one), took(one+one+one+one); b > 12*a+10*time.Millisecond {
			t.Errorf("%q: four times the text took %v instead of %v", unit, b, a)
		}
	}
}

func FuzzTokens(f *testing.F) {
	e := must(f)
	for _, text := range []string{"", "a b", "湖 ﷺ", "\xff\xc3", "▁▁ a", "\t\n  x", "e\u0301 🍋", "</s>"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := &scan{}
		ids := pieces(t, e, s, text)
		if len(ids) == 0 || len(ids) > 20*len(text)+1 {
			t.Fatalf("%d tokens of %d bytes", len(ids), len(text))
		}
		if again := pieces(t, e, s, text); !slices.Equal(ids, again) {
			t.Fatal("a used scan gives other tokens")
		}
	})
}

func FuzzLoad(f *testing.F) {
	good := small(nil)
	f.Add(uint32(100), []byte("0"))
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		body := slices.Clone(good[:len(good)-32])
		copy(body[int(at)%len(body):], patch)
		n := min(int(uint32(body[8])|uint32(body[9])<<8|uint32(body[10])<<16), len(body)-12)
		data := body[min((12+n+63)/64*64, len(body)):]
		e, err := Load(seal(body[12:12+n], data))
		if err != nil || !e.On() {
			return
		}
		if _, err := e.Embed(context.Background(), Query, "ab a é", make([]float32, e.Dimensions())); err != nil {
			t.Fatal(err)
		}
	})
}
