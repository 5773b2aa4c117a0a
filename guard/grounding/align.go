package grounding

// link ties a token of a statement to one of a sentence.
type link struct{ a, b int }

// alignment is the best monotone pairing of a statement with one sentence.
type alignment struct {
	sentence int
	links    []link
	share    float64 // weight of the statement's content words that are linked, 0 to 1
	linked   int     // content words
	run      int     // longest run of neighbours
	source   *passage
	first    int // token of the source that b counts from
	size     int // tokens of the sentence that were looked at
}

// align pairs tokens with those of sentence s. Both are cut at mostTokens; a
// sentence that is longer is looked at around its first shared rare word.
func (x *index) align(m *Weights, tokens []token, s int, table []float32) alignment {
	n := x.sentences[s]
	p := &x.passages[n.passage]
	a := tokens[:min(len(tokens), mostTokens)]
	first := n.first
	b := p.tokens[first:min(n.last, first+mostTokens)]
	w := len(b) + 1
	for i := len(a) - 1; i >= 0; i-- {
		gain := float32(0)
		if a[i].kind != stop {
			gain = 0.12
			if a[i].content() {
				gain = 0.15 + float32(m.weight(&a[i]))
			}
		}
		row, below := table[i*w:(i+1)*w], table[(i+1)*w:(i+2)*w]
		if i == len(a)-1 {
			clear(below)
		}
		row[len(b)] = 0
		for j := len(b) - 1; j >= 0; j-- {
			best := max(below[j], row[j+1])
			if gain > 0 && same(&a[i], &b[j]) {
				best = max(best, below[j+1]+gain)
			}
			row[j] = best
		}
	}
	al := alignment{sentence: s, source: p, first: first, size: len(b)}
	total, got, run := 0.0, 0.0, 0
	for i := range a {
		if a[i].content() {
			total += m.weight(&a[i])
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		here := table[i*w+j]
		if here == 0 {
			break
		}
		if a[i].kind != stop && same(&a[i], &b[j]) && table[(i+1)*w+j+1] < here && table[(i+1)*w+j] < here && table[i*w+j+1] < here {
			run = 1 + extend(al.links, i, j, run)
			al.run = max(al.run, run)
			al.links = append(al.links, link{i, j})
			if a[i].content() {
				got += m.weight(&a[i])
				al.linked++
			}
			i++
			j++
			continue
		}
		if table[(i+1)*w+j] >= here {
			i++
		} else {
			j++
		}
	}
	if total > 0 {
		al.share = got / total
	}
	return al
}

func extend(links []link, i, j, run int) int {
	if n := len(links); n > 0 && links[n-1] == (link{i - 1, j - 1}) {
		return run
	}
	return 0
}

func same(a, b *token) bool { return a.key == b.key && b.kind != stop }

// gap is what stands between two links on both sides: tokens [a1,a2) of the
// statement, [b1,b2) of the sentence.
type gap struct {
	a1, a2, b1, b2 int
	edge           bool
}

// gaps are the differences between a statement of n tokens and its sentence.
// At the edges as much of the sentence counts as the statement has there.
func (al *alignment) gaps(n int) []gap {
	if len(al.links) == 0 {
		return nil
	}
	n = min(n, mostTokens)
	var out []gap
	put := func(g gap) {
		if g.a1 < g.a2 || g.b1 < g.b2 {
			out = append(out, g)
		}
	}
	first, last := al.links[0], al.links[len(al.links)-1]
	put(gap{0, first.a, max(0, first.b-first.a-1), first.b, true})
	for k := 1; k < len(al.links); k++ {
		p, q := al.links[k-1], al.links[k]
		put(gap{p.a + 1, q.a, p.b + 1, q.b, false})
	}
	rest := n - last.a - 1
	put(gap{last.a + 1, n, last.b + 1, min(al.size, last.b+1+rest+1), true})
	return out
}
