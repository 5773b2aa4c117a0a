// Command grounding makes the weights of guard/grounding, or measures those
// that ship.
//
//	go run ./training/grounding -data DIR [-out guard/grounding]
//	go run ./training/grounding -data DIR -eval
//
// It reads the permissive rows of the folder grounded, makes answers with known
// faults from permissive documents, fits trees on the train rows, calibrates
// them and chooses the threshold on the dev rows. Rows of other licences are
// measured only. Equal inputs give equal files. Minutes on one core.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sallyport/guard/grounding"
	"sallyport/training/corpus"
)

const (
	seed           = 20261122
	ensemble       = 3
	perFile        = 70   // documents of each file
	rareWords      = 9000 // words whose frequency ships
	naturalFlagged = 0.10 // of other dev answers that are carried, mean over sources
	trueFlagged    = 0.05 // of true seeded statements may be flagged
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "../shared/data", "folder of the labelled rows")
	out := flag.String("out", "guard/grounding", "folder for the weights and their card")
	eval := flag.Bool("eval", false, "measure the weights that ship")
	folds := flag.Bool("folds", false, "also print figures of sources left out of training")
	flag.Parse()
	if err := run(*data, *out, *eval, *folds); err != nil {
		log.Print("grounding: ", err)
		os.Exit(1)
	}
}

func run(data, out string, eval, folds bool) error {
	begin := time.Now()
	train, dev, alike, docs, err := gather(data)
	if err != nil {
		return err
	}
	fmt.Printf("%d train, %d dev, %d measured only; %.0f s\n", len(train), len(dev), len(alike), time.Since(begin).Seconds())
	if eval {
		c, err := grounding.New(nil)
		if err != nil {
			return err
		}
		return figures(os.Stdout, c, dev, alike)
	}
	w := &grounding.Weights{Format: 1, Threshold: 0.5}
	for i := range w.Calibration {
		w.Calibration[i] = grounding.Scale{A: 1}
	}
	rarities(w, docs)
	samples, err := extract(w, train)
	if err != nil {
		return err
	}
	balance(train, samples)
	fmt.Printf("measured; %.0f s\n", time.Since(begin).Seconds())
	if folds {
		if err := leftOut(w, train, samples, alike); err != nil {
			return err
		}
	}
	w.Start, w.Trees = forest(samples)
	if err := calibrate(w, dev); err != nil {
		return err
	}
	if err := write(w, out, dev, alike); err != nil {
		return err
	}
	fmt.Printf("done; %.0f s\n", time.Since(begin).Seconds())
	return nil
}

// forest is the mean of trees fitted from several seeds.
func forest(samples []sample) (start float64, all [][]grounding.Node) {
	for k := range uint64(ensemble) {
		first, trees := boost(samples, seed+k, lexical)
		start += first / ensemble
		for _, t := range trees {
			for i := range t {
				if t[i].Feature < 0 {
					t[i].Value /= ensemble
				}
			}
			all = append(all, t)
		}
	}
	return start, all
}

// lexical keeps the columns of vectors out of the trees.
func lexical(column int) bool {
	if column >= 2*len(grounding.FeatureNames) {
		return true
	}
	switch grounding.FeatureNames[column%len(grounding.FeatureNames)] {
	case "word cos", "word low", "word miss", "sentence cos", "vectors":
		return false
	}
	return true
}

// gather reads and makes all examples.
func gather(data string) (train, dev, alike []example, docs []document, err error) {
	all, err := labelled(data)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	for _, set := range []string{"quoref", "adversarialqa", "xquad"} {
		q, err := answered(data, set)
		if err != nil {
			return nil, nil, nil, nil, err
		}
		all = append(all, q...)
	}
	if docs, err = documents(data, perFile); err != nil {
		return nil, nil, nil, nil, err
	}
	all = append(all, made(docs, seed)...)
	counts := map[string]int{}
	for _, e := range all {
		switch {
		case e.license != "" && !corpus.Permissive(e.license):
			counts[e.source]++
			if strings.Contains(e.source, "questions-") && counts[e.source]%5 != 0 {
				continue
			}
			e.source += " (share-alike)"
			alike = append(alike, e)
		case e.dev:
			dev = append(dev, e)
		default:
			train = append(train, e)
		}
	}
	return train, dev, alike, docs, nil
}

func rarities(w *grounding.Weights, docs []document) {
	counts, n := map[uint32]int{}, 0
	for _, d := range docs {
		if d.dev {
			continue
		}
		n++
		for _, k := range grounding.WordKeys(d.text) {
			counts[k]++
		}
	}
	w.Rarities(counts, n, rareWords)
}

func extract(w *grounding.Weights, all []example) ([]sample, error) {
	c := grounding.Untested(w, nil)
	out := make([]sample, len(all))
	for i := range all {
		f, err := c.Features(context.Background(), grounding.Request{Answer: all[i].response, Question: all[i].question, Passages: []string{all[i].context}})
		if err != nil {
			return nil, fmt.Errorf("measuring a row of %s: %w", all[i].source, err)
		}
		out[i] = sample{grounding.Row(f), all[i].bad, 1}
	}
	return out, nil
}

// shares is what each source weighs in training, both labels alike within it.
var shares = map[string]float64{
	"begin_dev": 1, "faithdial_audit": 1, "synthetic_claims": 0.2, "quoref_questions": 0.5,
	"made_seeded": 0.7, "made_claims": 1, "made_answers": 1, "made_templates": 0.2,
}

func balance(all []example, samples []sample) {
	type side struct {
		source string
		bad    bool
	}
	counts := map[side]int{}
	for _, e := range all {
		counts[side{e.source, e.bad}]++
	}
	for i, e := range all {
		s := shares[e.source] + alikeShares[e.source]
		samples[i].weight = s * 1000 / float64(counts[side{e.source, e.bad}])
	}
}

// calibrate fits the scale of each band on dev rows and chooses the threshold:
// the lowest that flags few enough of the true seeded statements.
func calibrate(w *grounding.Weights, dev []example) error {
	samples, err := extract(w, dev)
	if err != nil {
		return err
	}
	for b := range w.Calibration {
		var x []float64
		var y []bool
		for i := range samples {
			if grounding.Band(&samples[i].row) == b && shares[dev[i].source] > 0 {
				x, y = append(x, w.Sum(&samples[i].row)), append(y, samples[i].bad)
			}
		}
		if len(x) < 40 {
			return fmt.Errorf("%d dev rows in band %d", len(x), b)
		}
		a, c := platt(x, y)
		w.Calibration[b] = grounding.Scale{A: a, B: c}
	}
	var natural []example
	for _, e := range dev {
		if e.source != "made_seeded" && e.source != "made_templates" && shares[e.source] > 0 {
			natural = append(natural, e)
		}
	}
	low, high := 30, 95 // the share of alarms falls as the threshold rises
	for low < high {
		t := (low + high) / 2
		w.Threshold = float64(t) / 100
		a, b, err := alarmsAt(w, seededOnly(dev), natural)
		if err != nil {
			return err
		}
		if a <= 0.8*trueFlagged && b <= naturalFlagged {
			high = t
		} else {
			low = t + 1
		}
	}
	w.Threshold = float64(low) / 100
	a, b, err := alarmsAt(w, seededOnly(dev), natural)
	if err != nil {
		return err
	}
	fmt.Printf("threshold %.2f flags %.3f of true seeded statements and %.3f of other answers that are carried\n", w.Threshold, a, b)
	if low == 95 {
		return fmt.Errorf("no threshold flags few enough of the true statements")
	}
	return nil
}

func alarmsAt(w *grounding.Weights, seeded, natural []example) (float64, float64, error) {
	c := grounding.Untested(w, nil)
	a, err := judge(c, seeded)
	if err != nil {
		return 0, 0, err
	}
	b, err := judge(c, natural)
	return alarms(a), alarms(b), err
}

// alarms is the share of carried answers that are flagged, a mean over sources.
func alarms(all []scored) float64 {
	var n, hit = map[string]float64{}, map[string]float64{}
	for _, s := range all {
		if s.bad {
			continue
		}
		n[s.source]++
		if s.flagged {
			hit[s.source]++
		}
	}
	sum := 0.0
	for source := range n {
		sum += hit[source] / n[source]
	}
	return sum / float64(len(n))
}

func seededOnly(all []example) []example {
	var out []example
	for _, e := range all {
		if e.source == "made_seeded" || e.source == "made_templates" {
			out = append(out, e)
		}
	}
	return out
}

// leftOut prints, for each trained source, the figures of trees that did not
// see it, and of trees that saw other rows of it (five folds by context).
func leftOut(w *grounding.Weights, train []example, samples []sample, alike []example) error {
	for name := range shares {
		var in []sample
		var s []float64
		var bad []bool
		for i := range train {
			if train[i].source != name {
				in = append(in, samples[i])
			}
		}
		start, trees := boost(in, seed, lexical)
		part := &grounding.Weights{Start: start, Trees: trees}
		for i := range train {
			if train[i].source == name {
				s, bad = append(s, part.Sum(&samples[i].row)), append(bad, samples[i].bad)
			}
		}
		fmt.Printf("left out %-20s %6d rows, AUROC %.3f", name, len(s), auroc(s, bad))
		s, bad = nil, nil
		for fold := range uint32(5) {
			in = nil
			for i := range train {
				if train[i].source != name || train[i].group()%5 != fold {
					in = append(in, samples[i])
				}
			}
			start, trees := boost(in, seed, lexical)
			part := &grounding.Weights{Start: start, Trees: trees}
			for i := range train {
				if train[i].source == name && train[i].group()%5 == fold {
					s, bad = append(s, part.Sum(&samples[i].row)), append(bad, samples[i].bad)
				}
			}
		}
		fmt.Printf("; in five folds %.3f\n", auroc(s, bad))
	}
	return shareAlike(w, samples, alike)
}

// shareAlike prints what rows of share-alike licences would add: trees that saw
// half of them too (by context), measured on the other half, beside trees that
// saw none. Nothing of it ships.
func shareAlike(w *grounding.Weights, samples []sample, alike []example) error {
	more, err := extract(w, alike)
	if err != nil {
		return err
	}
	balance(alike, more)
	start, trees := boost(samples, seed, lexical)
	without := &grounding.Weights{Start: start, Trees: trees}
	with := [2]*grounding.Weights{}
	for half := range uint32(2) {
		in := append([]sample(nil), samples...)
		for i := range alike {
			if alike[i].group()%2 != half {
				in = append(in, more[i])
			}
		}
		start, trees := boost(in, seed, lexical)
		with[half] = &grounding.Weights{Start: start, Trees: trees}
	}
	for name := range alikeShares {
		var a, b []float64
		var bad []bool
		for i := range alike {
			if alike[i].source == name {
				a, b = append(a, without.Sum(&more[i].row)), append(b, with[alike[i].group()%2].Sum(&more[i].row))
				bad = append(bad, alike[i].bad)
			}
		}
		fmt.Printf("share-alike %-40s without %.3f, with %.3f\n", name, auroc(a, bad), auroc(b, bad))
	}
	return nil
}

// alikeShares is what share-alike sources would weigh.
var alikeShares = map[string]float64{
	"begin_dev (share-alike)": 0.8, "halueval_qa (share-alike)": 0.5, "synthetic_answers (share-alike)": 1, "synthetic_claims (share-alike)": 0.4,
}

// tests are the self-test's own sentences.
var tests = []grounding.SelfTest{
	{Answer: "The reactor at Elmsford was shut down in 1998.", Passage: "The reactor at Elmsford was shut down in 1998 after a leak. It had run for 21 years.", Support: grounding.Supported},
	{Answer: "The reactor at Elmsford was shut down in 1989.", Passage: "The reactor at Elmsford was shut down in 1998 after a leak. It had run for 21 years.", Support: grounding.Contradicted},
	{Answer: "Take 500 g of the powder twice a day.", Passage: "Take 500 mg of the powder twice a day, with water.", Support: grounding.Contradicted},
	{Answer: "The library is not open on Sundays.", Passage: "The library is open on Sundays from ten to four.", Support: grounding.Contradicted},
	{Answer: "Penguins in the harbour learned to juggle oranges.", Passage: "The council met on Tuesday to discuss the new bus timetable.", Support: grounding.Unsupported},
	{Answer: "Thank you!", Passage: "The council met on Tuesday.", Support: grounding.Ignored},
}

// write puts the weights and their card into out.
func write(w *grounding.Weights, out string, dev, alike []example) error {
	c := grounding.Untested(w, nil)
	w.SelfTest = nil
	for i, t := range tests {
		r, err := c.Check(context.Background(), grounding.Request{Answer: t.Answer, Passages: []string{t.Passage}})
		if err != nil {
			return err
		}
		if len(r.Statements) != 1 || r.Statements[0].Support != t.Support {
			return fmt.Errorf("self-test %d: %+v", i, r)
		}
		t.Score = r.Statements[0].Score
		w.SelfTest = append(w.SelfTest, t)
	}
	raw, err := json.Marshal(w)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(raw); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "weights.json.gz"), packed.Bytes(), 0o644); err != nil {
		return err
	}
	loaded, err := grounding.LoadWeights(packed.Bytes())
	if err != nil {
		return err
	}
	if c, err = grounding.NewWith(loaded, nil); err != nil {
		return err
	}
	var text strings.Builder
	if err := figures(&text, c, dev, alike); err != nil {
		return err
	}
	fmt.Print(text.String())
	return card(filepath.Join(out, "MODEL_CARD.md"), c.Version(), packed.Len(), text.String())
}
