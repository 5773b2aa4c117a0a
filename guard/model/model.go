// Package model scores a text for the four harms, for jailbreaks and for
// instructions planted in documents: linear heads over hashed n-grams, all
// heads in one pass, window by window.
//
// The weights are embedded, made by `make -C training weights` and described
// in MODEL_CARD.md. Load checks their digest and their self-test, so a model
// that loads gives the scores that were measured. A Model is immutable and
// safe for concurrent use; scoring allocates nothing for texts without
// disguises and takes time linear in their length.
//
// A linear head knows wording, not meaning: paraphrase escapes it, and so
// do languages it saw little of. See the card.
package model

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"sallyport/guard"
	"sallyport/guard/model/ngram"
	"sallyport/guard/normalize"
	"sallyport/guard/shield/marker"
)

//go:embed weights.bin.gz
var weightsFile []byte

//go:embed weights.json
var manifestFile []byte

// Columns of a row of weights. For each harm three: is the severity at least
// 2, 4, 6. A direct attack is an override (of the rules, or an extraction of
// the instructions), or a tactic (story, role, game, plea, suffix) around a
// harmful wish: neither the costume alone nor the plain wish alone.
const (
	ColumnOverride = 12
	ColumnIndirect = 13
	ColumnTactic   = 14
	ColumnWish     = 15
	// Columns is the length of a row.
	Columns = 16
)

// Manifest describes a file of weights. It is written by training.
type Manifest struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"` // of weights.bin.gz
	// A head's value is Bias + Scale * sum(weights) / sqrt(features).
	Bias  [Columns]float32 `json:"bias"`
	Scale [Columns]float32 `json:"scale"`
	// Threshold is the value at which a head's level counts as reached,
	// chosen on the dev rows.
	Threshold [Columns]float32 `json:"threshold"`
	SelfTest  []SelfTest       `json:"self_test"`
}

// SelfTest is a text and the values its heads must give.
type SelfTest struct {
	Text   string           `json:"text"`
	Values [Columns]float32 `json:"values"`
}

// Model scores texts.
type Model struct {
	manifest Manifest
	table    *[ngram.Buckets * 2]uint64
}

// Scores is what the heads say of one text. The zero Scores is of a text with
// nothing to score.
type Scores struct {
	Harm                                [4]float32 // in the order of guard.Harms; 0.5 is the threshold of severity 4
	Severity                            [4]guard.Severity
	Jailbreak, Indirect                 float32 // 0.5 is the threshold
	JailbreakDetected, IndirectDetected bool
	// The window that scored highest, in offsets of the original text.
	JailbreakSpan, IndirectSpan guard.Span
	HarmSpan                    [4]guard.Span
	// Marker is the gravest forged mark of a role, found by rule.
	Marker     marker.Kind
	MarkerSpan guard.Span
	// Windows is how many windows were scored. None means that nothing was
	// left to score (no letters, digits or signs after normalisation): the
	// scores are then zero and say nothing of the text.
	Windows int
}

// errWeights is what every fault of the embedded weights wraps.
var errWeights = errors.New("model weights")

// Load checks and unpacks the embedded weights.
func Load() (*Model, error) { return load(manifestFile, weightsFile) }

func load(manifest, packed []byte) (*Model, error) {
	m := &Model{}
	if err := json.Unmarshal(manifest, &m.manifest); err != nil {
		return nil, fmt.Errorf("%w: manifest: %v", errWeights, err)
	}
	sum := sha256.Sum256(packed)
	if got := hex.EncodeToString(sum[:]); got != m.manifest.SHA256 {
		return nil, fmt.Errorf("%w: digest is %s, want %s", errWeights, got, m.manifest.SHA256)
	}
	rows, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errWeights, err)
	}
	m.table = Table(rows)
	if err := m.selfTest(); err != nil {
		return nil, fmt.Errorf("%w: %v", errWeights, err)
	}
	return m, nil
}

func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	rows := make([]byte, ngram.Buckets*Columns)
	if _, err := io.ReadFull(z, rows); err != nil {
		return nil, err
	}
	if n, err := z.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, errors.New("longer than its rows")
	}
	return rows, nil
}

// selfTest scores the manifest's texts. Floating-point contraction differs
// between processors, hence the tolerance.
func (m *Model) selfTest() error {
	if len(m.manifest.SelfTest) == 0 {
		return errors.New("no self-test")
	}
	for i, t := range m.manifest.SelfTest {
		b := m.best(normalize.Normalize(t.Text).Text)
		for c := range b.value {
			if math.Abs(float64(b.value[c]-t.Values[c])) > 1e-3 {
				return fmt.Errorf("self-test %d, column %d: value %v, want %v", i, c, b.value[c], t.Values[c])
			}
		}
	}
	return nil
}

// Version names the weights.
func (m *Model) Version() string { return m.manifest.Version }

// Score scores r with all heads.
func (m *Model) Score(r normalize.Reading) Scores {
	s := m.scoreOne(r)
	m.mark(&s, r)
	for _, v := range r.Views() {
		s = higher(s, m.scoreOne(v))
	}
	return s
}

// ScoreHarm scores r for the four harms only, as for a model's own answer,
// which can be neither a jailbreak nor an attack on itself.
func (m *Model) ScoreHarm(r normalize.Reading) Scores {
	s := m.scoreOne(r)
	for _, v := range r.Views() {
		s = higher(s, m.scoreOne(v))
	}
	s.Jailbreak, s.Indirect = 0, 0
	s.JailbreakDetected, s.IndirectDetected = false, false
	s.JailbreakSpan, s.IndirectSpan = guard.Span{}, guard.Span{}
	return s
}

// markedWindow is how much text after a mark is scored by itself.
const markedWindow = 160

// mark looks for a forged mark and scores the text that follows it once more: in
// a long text the windows' bounds may cut an attack in two, the mark says where
// it begins.
func (m *Model) mark(s *Scores, r normalize.Reading) {
	kind, start, end := marker.Find(r.Text)
	if kind == marker.None {
		return
	}
	s.Marker, s.MarkerSpan = kind, r.Span(start, end)
	limit := min(len(r.Text), start+markedWindow)
	b := m.best(r.Text[start:limit])
	at := r.Span(start, limit)
	if v, over := m.reached(&b, ColumnOverride); v > s.Jailbreak {
		s.Jailbreak, s.JailbreakDetected, s.JailbreakSpan = v, over, at
	}
	if v, over := m.reached(&b, ColumnIndirect); v > s.Indirect {
		s.Indirect, s.IndirectDetected, s.IndirectSpan = v, over, at
	}
}

func (m *Model) scoreOne(r normalize.Reading) Scores {
	b := m.best(r.Text)
	s := Scores{Windows: b.windows}
	if b.windows == 0 {
		return s
	}
	for h := range s.Harm {
		s.Harm[h], s.Severity[h] = m.severity(&b, h)
		w := b.window[3*h+1]
		s.HarmSpan[h] = r.Span(w.Start, w.End)
	}
	s.Jailbreak, s.JailbreakDetected, s.JailbreakSpan = m.direct(&b, r)
	s.Indirect, s.IndirectDetected = m.reached(&b, ColumnIndirect)
	w := b.window[ColumnIndirect]
	s.IndirectSpan = r.Span(w.Start, w.End)
	return s
}

// direct joins the heads of a direct attack. The tactic and the wish may lie in
// different windows; the span is that of the wish.
func (m *Model) direct(b *best, r normalize.Reading) (float32, bool, guard.Span) {
	v, over := m.reached(b, ColumnOverride)
	at := b.window[ColumnOverride]
	tactic, inTactic := m.reached(b, ColumnTactic)
	wish, inWish := m.reached(b, ColumnWish)
	if both := min(tactic, wish); both > v {
		v, at = both, b.window[ColumnWish]
	}
	return v, over || inTactic && inWish, r.Span(at.Start, at.End)
}

func (m *Model) reached(b *best, column int) (float32, bool) {
	over := b.value[column] - m.manifest.Threshold[column]
	return sigmoid(over), over >= 0
}

// severity reads the three levels of harm h as one number from 0 to 7. The
// higher level never exceeds the lower; within a level the odd number is
// reached halfway to the next.
func (m *Model) severity(b *best, h int) (float32, guard.Severity) {
	two, _ := m.reached(b, 3*h)
	four, at4 := m.reached(b, 3*h+1)
	six, at6 := m.reached(b, 3*h+2)
	six = min(six, four)
	two = max(two, four)
	switch {
	case at4 && at6:
		return four, pick(six, 0.75, 6, 7)
	case at4:
		return four, pick(six, 0.25, 4, 5)
	case two >= 0.5:
		return four, pick(four, 0.25, 2, 3)
	}
	return four, pick(two, 0.25, 0, 1)
}

func pick(p, limit float32, low, high guard.Severity) guard.Severity {
	if p >= limit {
		return high
	}
	return low
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// higher joins the scores of two readings of one text.
func higher(a, b Scores) Scores {
	a.Windows += b.Windows
	for h := range a.Harm {
		if b.Harm[h] > a.Harm[h] {
			a.Harm[h], a.HarmSpan[h] = b.Harm[h], b.HarmSpan[h]
		}
		a.Severity[h] = max(a.Severity[h], b.Severity[h])
	}
	if b.Jailbreak > a.Jailbreak {
		a.Jailbreak, a.JailbreakSpan = b.Jailbreak, b.JailbreakSpan
	}
	if b.Indirect > a.Indirect {
		a.Indirect, a.IndirectSpan = b.Indirect, b.IndirectSpan
	}
	a.JailbreakDetected = a.JailbreakDetected || b.JailbreakDetected
	a.IndirectDetected = a.IndirectDetected || b.IndirectDetected
	return a
}

// New makes a model of weights that are being trained: rows of Columns bytes,
// each a weight plus 128. Load is for everyone else.
func New(manifest Manifest, rows []byte) *Model {
	return &Model{manifest: manifest, table: Table(rows)}
}

// Values are the heads' highest values over the windows of text, normalised
// first, before thresholds. It is for training and measuring.
func (m *Model) Values(text string) [Columns]float32 {
	r := normalize.Normalize(text)
	v := m.best(r.Text).value
	for _, view := range r.Views() {
		for c, x := range m.best(view.Text).value {
			v[c] = max(v[c], x)
		}
	}
	return v
}

// Thresholds are the values at which the heads' levels count as reached.
func Thresholds(m *Model) [Columns]float32 { return m.manifest.Threshold }
