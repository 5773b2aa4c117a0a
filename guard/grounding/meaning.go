package grounding

import (
	"context"
	"fmt"
	"math"
)

// Word is a stretch of a text with its vector in a space of meanings.
type Word struct {
	Start, End int // bytes
	Vector     []float32
}

// Meaning gives vectors from a small encoder, for statements that say the same
// in other words. Both calls return one element a text, in order; vectors need
// no norm but have one length. It must not keep the texts.
type Meaning interface {
	Words(ctx context.Context, texts []string) ([][]Word, error)
	Sentences(ctx context.Context, texts []string) ([][]float32, error)
}

// mostMeant bounds the sentences of the sources whose vectors are compared
// with one statement's words.
const mostMeant = 8

// vectors is what a Meaning said of the answer and the sources.
type vectors struct {
	answer    []Word
	sources   [][]Word
	answers   [][]float32 // one a statement
	sentences [][]float32 // one a sentence of the sources
}

func (c *check) ask4meaning(ctx context.Context, m Meaning, pieces []piece) error {
	texts := make([]string, 0, 1+len(c.x.passages))
	texts = append(texts, c.answer)
	for i := range c.x.passages {
		texts = append(texts, c.x.passages[i].text)
	}
	words, err := m.Words(ctx, texts)
	if err != nil {
		return fmt.Errorf("vectors of words: %w", err)
	}
	var parts []string
	for _, p := range pieces {
		parts = append(parts, c.answer[p.start:p.end])
	}
	for _, s := range c.x.sentences {
		parts = append(parts, c.x.passages[s.passage].text[s.start:s.end])
	}
	whole, err := m.Sentences(ctx, parts)
	if err != nil {
		return fmt.Errorf("vectors of sentences: %w", err)
	}
	if len(words) != len(texts) || len(whole) != len(parts) {
		return fmt.Errorf("vectors of %d texts and %d sentences, want %d and %d", len(words), len(whole), len(texts), len(parts))
	}
	c.vectors = &vectors{words[0], words[1:], whole[:len(pieces)], whole[len(pieces):]}
	return nil
}

// meanings measures the statement's words against those around the best
// sentence, and the whole statement against all sentences.
func (c *check) meanings(s *statement, best int, f *Features) {
	v := c.vectors
	if v == nil || len(s.tokens) == 0 {
		return
	}
	f[fVectors] = 1
	top := math.Inf(-1)
	for i, u := range v.sentences {
		if x := cosine(v.answers[c.current], u); x > top {
			top = x
			if best < 0 {
				best = i
			}
		}
	}
	if best < 0 {
		return
	}
	f[fSentence] = float32(top)
	n := c.x.sentences[best]
	from, to := c.x.sentences[max(0, best-mostMeant/2)], c.x.sentences[min(len(c.x.sentences)-1, best+mostMeant/2)]
	start, end := n.start, n.end
	if from.passage == n.passage {
		start = from.start
	}
	if to.passage == n.passage {
		end = to.end
	}
	var near []Word
	for _, w := range v.sources[n.passage] {
		if w.Start >= start && w.End <= end && len(near) < 4*mostTokens {
			near = append(near, w)
		}
	}
	if len(near) == 0 {
		return
	}
	sum, low, miss, count, missed := 0.0, 1.0, 0.0, 0, 0
	at := 0
	for i := range s.tokens[:min(len(s.tokens), mostTokens)] {
		t := &s.tokens[i]
		if !t.content() {
			continue
		}
		for at < len(v.answer) && v.answer[at].End <= t.start {
			at++
		}
		if at == len(v.answer) {
			break
		}
		high := -1.0
		for k := range near {
			high = max(high, cosine(v.answer[at].Vector, near[k].Vector))
		}
		sum, low, count = sum+high, min(low, high), count+1
		if !c.says(t) {
			miss, missed = miss+high, missed+1
		}
	}
	if count > 0 {
		f[fWordCos], f[fWordLow], f[fWordMiss] = float32(sum/float64(count)), float32(low), 1
	}
	if missed > 0 {
		f[fWordMiss] = float32(miss / float64(missed))
	}
}

func cosine(a, b []float32) float64 {
	if len(a) != len(b) {
		return 0
	}
	var x, y, z float64
	for i := range a {
		x += float64(a[i]) * float64(b[i])
		y += float64(a[i]) * float64(a[i])
		z += float64(b[i]) * float64(b[i])
	}
	if y == 0 || z == 0 {
		return 0
	}
	return x / math.Sqrt(y*z)
}
