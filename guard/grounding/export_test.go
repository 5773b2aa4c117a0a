package grounding

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"testing"
)

// Shipped is a copy of the weights that ship.
func Shipped(t testing.TB) *Weights {
	w, err := LoadWeights(weightsFile)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Pack writes weights as training does.
func Pack(t testing.TB, w *Weights) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(w); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
