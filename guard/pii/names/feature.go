package names

// absent stands for a neighbour that there is none of.
const absent = 0x9E3779B9

func mix(id, a, b uint32) uint32 {
	h := (a*0x85EBCA6B ^ id*0x9E3779B1) + b*0xC2B2AE35
	h ^= h >> 15
	h *= 0x2C1B3C6D
	h ^= h >> 13
	return h
}

// tag is what a neighbour looks like: its shape and what is known of it.
func (w *word) tag() uint32 { return uint32(w.shape)<<16 | uint32(w.known) }

// at is word k as a neighbour of word i: its letters, its look and the gap
// between it and the one nearer to i.
func (s *scratch) at(i, k int) (letters, look uint32) {
	if !s.near(i, k) {
		return absent, absent
	}
	w := &s.words[k]
	if w.shape >= shapeShort && w.shape <= shapeCode {
		return uint32(w.shape) + 77, w.tag()
	}
	return w.hash, w.tag()
}

// gapAt is what stands before word k, seen from word i.
func (s *scratch) gapAt(i, k int) uint32 {
	if k >= len(s.words) || k > i && !s.near(i, k) {
		return absent
	}
	if k == i && i > 0 && !s.near(i, k-1) {
		return absent
	}
	return s.words[k].gap
}

// features are the rows of weights that judge word i.
func (s *scratch) features(m *Model, i int, out []uint32) []uint32 {
	w := &s.words[i]
	text := s.text[w.start:w.end]
	mask := m.mask()
	put := func(id, a, b uint32) { out = append(out, mix(id, a, b)&mask) }

	word0, look0 := w.hash, w.tag()
	if w.shape >= shapeShort && w.shape <= shapeCode {
		word0 = uint32(w.shape) + 77
	}
	word1, look1 := s.at(i, i-1)
	word2, look2 := s.at(i, i-2)
	next1, ahead1 := s.at(i, i+1)
	next2, ahead2 := s.at(i, i+2)
	word3, _ := s.at(i, i-3)
	gap0, gap1 := s.gapAt(i, i), s.gapAt(i, i+1)
	start := uint32(0)
	if w.gapStop {
		start = 1
	}
	if w.gapLine {
		start = 2
	}
	shape, known := uint32(w.shape), uint32(w.known)

	put(1, shape, start)
	put(2, word0, 0)
	put(3, word0, shape)
	put(4, known, shape)
	put(5, known, shape<<2|start)
	n := len(text)
	if w.shape < shapeShort || w.shape == shapeOther {
		put(6, hashOf(text[max(0, n-2):]), shape)
		put(7, hashOf(text[max(0, n-3):]), 0)
		put(8, hashOf(text[max(0, n-4):]), 0)
		put(9, hashOf(text[max(0, n-6):]), 0)
		put(10, hashOf(text[:min(n, 3)]), 0)
		put(11, hashOf(text[:min(n, 4)]), 0)
		put(12, uint32(min(n, 9)), shape)
	}
	put(13, word1, 0)
	put(14, word1, shape)
	put(15, word1, known)
	put(16, next1, 0)
	put(17, next1, shape)
	put(18, next1, known)
	put(19, word2, 0)
	put(20, next2, 0)
	put(21, word2, word1)
	put(22, next1, next2)
	put(23, look1, look0)
	put(24, ahead1, look0)
	put(25, look1, ahead1)
	put(26, look1^look2*31, look0)
	put(27, ahead1^ahead2*31, look0)
	put(28, gap0, shape)
	put(29, gap1, shape)
	put(30, gap0, word1)
	put(31, gap1, next1)
	put(32, gap0^gap1*31, known)
	put(33, word3, word2)
	put(34, look1, shape)
	put(35, ahead1, shape)
	put(36, word1, look0)
	put(37, next1, look0)
	put(38, look2, shape)
	put(39, ahead2, shape)
	put(40, gap0^word1*31, look0)
	put(41, gap1^next1*31, look0)
	if w.glued {
		put(42, shape, known)
	}
	return out
}

// labelAt is the first verdict on word k, seen from word i.
func (s *scratch) labelAt(i, k int) uint32 {
	if !s.near(i, k) {
		return uint32(Kinds)
	}
	if !s.words[k].candidate {
		return uint32(Other)
	}
	return uint32(s.words[k].first)
}

// second are the rows that judge word i by the verdicts on its neighbours.
func (s *scratch) second(i int, out []uint32) []uint32 {
	w := &s.words[i]
	m := uint32(1<<secondBits - 1)
	put := func(id, a, b uint32) { out = append(out, mix(id, a, b)&m+1<<firstBits) }
	l1, l2 := s.labelAt(i, i-1), s.labelAt(i, i-2)
	r1, r2 := s.labelAt(i, i+1), s.labelAt(i, i+2)
	own, shape := uint32(w.first), uint32(w.shape)
	gap0, gap1 := s.gapAt(i, i), s.gapAt(i, i+1)
	put(50, l1<<4|own, gap0)
	put(51, r1<<4|own, gap1)
	put(52, l1<<8|r1<<4|own, shape)
	put(53, l2<<8|l1<<4|own, shape)
	put(54, r2<<8|r1<<4|own, shape)
	put(55, l1<<12|l2<<8|r1<<4|r2, own)
	put(56, l1<<4|own, uint32(w.known))
	put(57, r1<<4|own, uint32(w.known))
	put(58, l1<<8|r1<<4|own, gap0^gap1*31)
	return out
}
