package names

// longest is how long a name may be, in bytes of the normalised text; longer
// ones come in pieces.
var longest = [Kinds]int{Person: 64, Organization: 80, Location: 64, Address: 160}

// Longest is the longest name of a kind, in bytes of the normalised text.
func Longest(k Kind) int {
	if k >= Kinds {
		return 0
	}
	return longest[k]
}

// join makes names of words that follow each other.
func (s *scratch) join(m *Model) []Name {
	var out []Name
	var from, n int
	var total float32
	flush := func(to int) {
		if n == 0 {
			return
		}
		if name, ok := s.name(m, from, to, total/float32(n)); ok {
			out = append(out, name)
		}
		n, total = 0, 0
	}
	for i := range s.words {
		w := &s.words[i]
		if !w.candidate || w.label == Other {
			flush(i)
			continue
		}
		if n > 0 && (s.words[from].label != w.label || !s.joins(i, w.label) || int(w.end-s.words[from].start) > longest[w.label]) {
			flush(i)
		}
		if n == 0 {
			from = i
		}
		n++
		total += w.score
	}
	flush(len(s.words))
	return out
}

// joins reports whether word i goes on with the name before it.
func (s *scratch) joins(i int, k Kind) bool {
	gap := s.text[s.words[i-1].end:s.words[i].start]
	switch gap {
	case " ", "-", "'", "":
		return true
	case ". ", ".":
		return s.words[i-1].shape == shapeLetter || k == Address || s.words[i-1].known&KnownTitle != 0 || k == Organization
	case " & ", "&":
		return k == Organization
	case ", ", ",", "/", "\n", ",\n", ", \n", "\n ", "# ", " #", ". #", ".: ":
		return k == Address
	}
	return false
}

// name trims words[from:to] and checks that a name is left.
func (s *scratch) name(m *Model, from, to int, score float32) (Name, bool) {
	kind := s.words[from].label
	for from < to && (s.words[from].known&KnownJoint != 0 && s.words[from].shape == shapeLower && kind != Address && kind != Person) {
		from++
	}
	for to > from && s.words[to-1].known&KnownJoint != 0 && s.words[to-1].shape == shapeLower {
		to--
	}
	if from == to {
		return Name{}, false
	}
	if kind == Organization && to-from == 1 && s.words[from].shape == shapeLower {
		return Name{}, false
	}
	if kind == Address && !s.placed(from, to) {
		kind = Location
	}
	letters := false
	for k := from; k < to; k++ {
		w := &s.words[k]
		letters = letters || w.shape <= shapeMixed && w.end-w.start > 1 || w.shape == shapeOther
	}
	if !letters {
		return Name{}, false
	}
	return Name{Start: int(s.words[from].start), End: int(s.words[to-1].end), Kind: kind, Score: score}, true
}

// placed reports whether words[from:to] have what makes a place an address: a
// number or a word for streets.
func (s *scratch) placed(from, to int) bool {
	for k := from; k < to; k++ {
		if w := &s.words[k]; w.shape >= shapeShort && w.shape <= shapeCode || w.known&KnownStreet != 0 && w.known&KnownJoint == 0 {
			return true
		}
	}
	return false
}
