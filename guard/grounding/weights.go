package grounding

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
	"sort"
)

//go:embed weights.json.gz
var weightsFile []byte

// Node is a node of a tree. A leaf has Feature -1 and its Value; else rows
// whose feature is at most Value go Left, others Right (both after the node).
type Node struct {
	Feature int16   `json:"f"`
	Value   float32 `json:"v"`
	Left    int16   `json:"l"`
	Right   int16   `json:"r"`
}

// Weights is what training/grounding makes: trees whose leaves are added up,
// and how the sum becomes a score.
type Weights struct {
	Format int      `json:"format"`
	Start  float64  `json:"start"` // the sum with no tree
	Trees  [][]Node `json:"trees"`
	// Calibration is the logistic scale of each band of length; see band.
	Calibration [bands]Scale `json:"calibration"`
	// Threshold is the score of a statement from which it counts as ungrounded.
	Threshold float64 `json:"threshold"`
	// Keys and Rarity are how rare ordinary words are, 0 to 255; words that are
	// not in the list are rarest.
	Keys   []uint32 `json:"keys"`
	Rarity []byte   `json:"rarity"`
	// Vectors says that the trees were trained with a Meaning.
	Vectors  bool       `json:"vectors"`
	SelfTest []SelfTest `json:"selfTest"`

	version string
	rarity  map[uint32]byte
}

// Scale turns a sum into a score: 1/(1+exp(-(A*sum+B))).
type Scale struct{ A, B float64 }

// SelfTest is a check with its expected outcome, run when weights are loaded.
type SelfTest struct {
	Answer   string  `json:"answer"`
	Question string  `json:"question,omitempty"`
	Passage  string  `json:"passage"`
	Support  Support `json:"support"`
	Score    float64 `json:"score"`
}

const (
	format   = 1
	bands    = 3
	maxFile  = 8 << 20
	maxTrees = 2000
	maxNodes = 255
)

// band is the group of statements that a score is calibrated in: short answers,
// statements that the sources hardly cover, others.
func band(row *[Width]float32) int {
	switch {
	case row[fShort] == 1:
		return 0
	case row[fCover] < 0.6:
		return 1
	}
	return 2
}

// LoadWeights reads weights as training writes them, and checks their form;
// New runs the self-test.
func LoadWeights(packed []byte) (*Weights, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpacking weights: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(z, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking weights: %w", err)
	}
	if len(raw) > maxFile {
		return nil, errors.New("weights are too large")
	}
	w := &Weights{}
	if err := json.Unmarshal(raw, w); err != nil {
		return nil, fmt.Errorf("reading weights: %w", err)
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(packed)
	w.version = "grounding-" + hex.EncodeToString(sum[:6])
	w.index()
	return w, nil
}

func (w *Weights) index() {
	w.rarity = make(map[uint32]byte, len(w.Keys))
	for i, k := range w.Keys {
		w.rarity[k] = w.Rarity[i]
	}
}

// check refuses weights that could make scoring fail: walks always go forward
// and end in a leaf.
func (w *Weights) check() error {
	if w.Format != format {
		return fmt.Errorf("weights of format %d, want %d", w.Format, format)
	}
	if len(w.Trees) > maxTrees || len(w.Keys) != len(w.Rarity) {
		return errors.New("weights: too many trees, or words without rarity")
	}
	if !(w.Threshold > 0 && w.Threshold < 1) || math.IsNaN(w.Start) {
		return errors.New("weights: no threshold")
	}
	for _, t := range w.Trees {
		if len(t) == 0 || len(t) > maxNodes {
			return errors.New("weights: a tree of no or too many nodes")
		}
		for i, n := range t {
			if n.Feature < 0 {
				continue
			}
			if int(n.Feature) >= Width || int(n.Left) <= i || int(n.Right) <= i || int(n.Left) >= len(t) || int(n.Right) >= len(t) {
				return errors.New("weights: a tree that does not end")
			}
		}
	}
	return nil
}

// sum adds up the leaves that row falls into.
func (w *Weights) sum(row *[Width]float32) float64 {
	total := w.Start
	for _, t := range w.Trees {
		i := 0
		for t[i].Feature >= 0 {
			if row[t[i].Feature] <= t[i].Value {
				i = int(t[i].Left)
			} else {
				i = int(t[i].Right)
			}
		}
		total += float64(t[i].Value)
	}
	return total
}

// Score is the calibrated score of a row, 0 to 1.
func (w *Weights) Score(row *[Width]float32) float64 {
	s := w.Calibration[band(row)]
	return 1 / (1 + math.Exp(-(s.A*w.sum(row) + s.B)))
}

// Sum is the score of a row before calibration.
func (w *Weights) Sum(row *[Width]float32) float64 { return w.sum(row) }

// Band is the group of the row in Calibration.
func Band(row *[Width]float32) int { return band(row) }

// Rarities sets how rare words are: counts of texts that have the word, by its
// key, of n texts.
func (w *Weights) Rarities(counts map[uint32]int, n, keep int) {
	type count struct {
		key uint32
		n   int
	}
	all := make([]count, 0, len(counts))
	for k, c := range counts {
		all = append(all, count{k, c})
	}
	sort.Slice(all, func(i, j int) bool {
		return all[i].n > all[j].n || all[i].n == all[j].n && all[i].key < all[j].key
	})
	if len(all) > keep {
		all = all[:keep]
	}
	sort.Slice(all, func(i, j int) bool { return all[i].key < all[j].key })
	w.Keys, w.Rarity = nil, nil
	rarest := math.Log(float64(n+1) / 1.5)
	for _, c := range all {
		w.Keys = append(w.Keys, c.key)
		w.Rarity = append(w.Rarity, byte(max(0, min(1, 0.15+0.85*math.Log(float64(n+1)/(float64(c.n)+0.5))/rarest))*255))
	}
	w.index()
}

// WordKeys are the keys of the distinct content words of a text, for Rarities.
func WordKeys(text string) []uint32 {
	seen := map[uint32]bool{}
	var out []uint32
	for _, t := range tokenize(text) {
		if t.kind == word && t.content() && !seen[t.key] {
			seen[t.key] = true
			out = append(out, t.key)
		}
	}
	return out
}
