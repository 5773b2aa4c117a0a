// Package material finds text and code that an operator registered, such as
// songs, articles or source files that must not leave in an answer.
//
// A work becomes a set of fingerprints: hashes of runs of words (or tokens of
// code), of which the smallest in each window is kept (winnowing; Schleimer,
// Wilkerson, Aiken 2003). A verbatim run of Guarantee tokens always shares at
// least one fingerprint with its work; a shorter one may. What is reported is
// verified by length: hits of one work that lie in order and close together
// make a match, which must cover MinRunes of the text.
//
// Case, punctuation, blanks, diacritics and comments of code do not count. What
// is said in other words is not found. The package does no I/O. No work ships
// with it: an empty index finds nothing and says so (Works is 0).
package material

import (
	"context"
	"errors"
	"sort"
	"unicode/utf8"

	"sallyport/guard"
)

// Kind is what a work is.
type Kind uint8

// Kinds of works. They are kept and searched apart.
const (
	Text Kind = iota
	Code
)

// Work is what an operator registers. All but its content comes back with a
// match.
type Work struct {
	ID      string   `json:"id"`
	Title   string   `json:"title,omitempty"`
	License string   `json:"license,omitempty"`
	Sources []string `json:"sources,omitempty"` // addresses
	Kind    Kind     `json:"kind"`
}

// Settings are how finely an index looks. The zero value means Defaults.
type Settings struct {
	Run    int `json:"run"`    // tokens of one hash, 3 to 32
	Window int `json:"window"` // hashes of which one is kept, 1 to 64
	// MinRunes is the shortest match that is reported: code points of the words
	// or tokens in it, one blank a word included, comments and hidden characters
	// not, times the share of its fingerprints that the work has. The service
	// that this stands in for takes texts from 110 characters.
	MinRunes int `json:"minRunes"`
	// Names makes all identifiers of code alike, so that renamed copies are
	// found; more ordinary code is then alike too.
	Names bool `json:"names,omitempty"`
}

// Defaults see every verbatim run of 8 words.
var Defaults = Settings{Run: 5, Window: 4, MinRunes: 45}

// CodeDefaults see every verbatim run of 15 tokens of code.
var CodeDefaults = Settings{Run: 10, Window: 6, MinRunes: 50}

// Guarantee is the number of tokens of a verbatim run that always shares a
// fingerprint.
func (s Settings) Guarantee() int { return s.Run + s.Window - 1 }

// Bounds.
const (
	MaxWorks = 1 << 20
	MaxWork  = 16 << 20 // bytes of one work
	MaxText  = 4 << 20  // bytes that are searched at once
	maxField = 4 << 10  // bytes of an id, title, licence or address
	maxLinks = 32
	// perPrint is the most places kept for one fingerprint: what stands in more
	// works than this is a common phrase.
	perPrint = 8
	// maxRecords bounds an index: 16 bytes each.
	maxRecords = 1 << 26
)

// Errors.
var (
	ErrSettings = errors.New("material: settings out of range")
	ErrWork     = errors.New("material: a work that is empty, too long, or has no id")
	ErrFull     = errors.New("material: the index is full")
	ErrTooLong  = errors.New("material: text longer than the bound")
)

func (s Settings) valid() bool {
	return s.Run >= 3 && s.Run <= 32 && s.Window >= 1 && s.Window <= 64 && s.MinRunes >= 1 && s.MinRunes <= 1<<20
}

// place is where a fingerprint stands: 16 bytes with its hash.
type place struct {
	hash uint64
	work uint32
	at   uint32 // token
}

// Builder collects works of one kind.
type Builder struct {
	settings Settings
	kind     Kind
	works    []Work
	places   []place
}

// NewBuilder starts an index for works of one kind; the zero Settings are the
// kind's defaults.
func NewBuilder(kind Kind, s Settings) (*Builder, error) {
	if s == (Settings{}) {
		if s = Defaults; kind == Code {
			s = CodeDefaults
		}
	}
	if !s.valid() || kind > Code {
		return nil, ErrSettings
	}
	return &Builder{settings: s, kind: kind}, nil
}

// Add registers a work with its content. Works shorter than Run tokens cannot
// be found, and are refused.
func (b *Builder) Add(w Work, content string) error {
	if !fields(w) || len(content) > MaxWork {
		return ErrWork
	}
	if len(b.works) >= MaxWorks {
		return ErrFull
	}
	f := newFeed(b.settings, b.kind)
	added := 0
	f.keep = func(p print) {
		b.places = append(b.places, place{p.hash, uint32(len(b.works)), p.at})
		added++
	}
	f.write(content, true)
	if added == 0 {
		return ErrWork
	}
	if len(b.places) > maxRecords {
		b.places = b.places[:len(b.places)-added]
		return ErrFull
	}
	w.Kind = b.kind
	w.Sources = append([]string(nil), w.Sources...)
	b.works = append(b.works, w)
	return nil
}

func fields(w Work) bool {
	if w.ID == "" || len(w.ID) > maxField || len(w.Title) > maxField || len(w.License) > maxField || len(w.Sources) > maxLinks {
		return false
	}
	ok := utf8.ValidString(w.ID) && utf8.ValidString(w.Title) && utf8.ValidString(w.License)
	for _, s := range w.Sources {
		ok = ok && len(s) <= maxField && utf8.ValidString(s)
	}
	return ok
}

// Index returns what was collected; the builder may go on.
func (b *Builder) Index() *Index {
	places := append([]place(nil), b.places...)
	sort.Slice(places, func(i, j int) bool {
		p, q := places[i], places[j]
		return p.hash < q.hash || p.hash == q.hash && (p.work < q.work || p.work == q.work && p.at < q.at)
	})
	kept := places[:0]
	for i, n := 0, 0; i < len(places); i++ {
		if n++; i == 0 || places[i].hash != places[i-1].hash {
			n = 1
		}
		if n <= perPrint {
			kept = append(kept, places[i])
		}
	}
	x := &Index{settings: b.settings, kind: b.kind, works: append([]Work(nil), b.works...), places: kept}
	x.buckets()
	return x
}

// Index finds works. It is read only and safe for concurrent use.
type Index struct {
	settings Settings
	kind     Kind
	works    []Work
	places   []place  // by hash
	first    []uint32 // of each value of the hashes' leading bits
	shift    uint
}

// buckets makes lookups short: first[b] is where hashes with leading bits b
// begin.
func (x *Index) buckets() {
	bits := uint(1)
	for 1<<bits < len(x.places) && bits < 24 {
		bits++
	}
	x.shift = 64 - bits
	x.first = make([]uint32, 1<<bits+1)
	at := 0
	for b := range x.first {
		for at < len(x.places) && x.places[at].hash>>x.shift < uint64(b) {
			at++
		}
		x.first[b] = uint32(at)
	}
	x.first[len(x.first)-1] = uint32(len(x.places))
}

func (x *Index) lookup(hash uint64) []place {
	b := hash >> x.shift
	low, high := int(x.first[b]), int(x.first[b+1])
	for low < high && x.places[low].hash < hash {
		low++
	}
	end := low
	for end < high && x.places[end].hash == hash {
		end++
	}
	return x.places[low:end]
}

// Works is the number of registered works.
func (x *Index) Works() int { return len(x.works) }

// Memory is about how many bytes the index holds.
func (x *Index) Memory() int {
	n := 16*len(x.places) + 4*len(x.first)
	for _, w := range x.works {
		n += 96 + len(w.ID) + len(w.Title) + len(w.License)
		for _, s := range w.Sources {
			n += 16 + len(s)
		}
	}
	return n
}

// Settings are those it was built with.
func (x *Index) Settings() Settings { return x.settings }

// Kind is what its works are.
func (x *Index) Kind() Kind { return x.kind }

// Match is a part of a text that a work has.
type Match struct {
	Work Work
	Span guard.Span // bytes of the text
	// Share is the part of the span's fingerprints that the work has, in its
	// order; 1 is verbatim.
	Share float64
}

// Find returns the matches in text, by position; where works overlap all are
// returned.
func (x *Index) Find(ctx context.Context, text string) ([]Match, error) {
	if len(text) > MaxText {
		return nil, ErrTooLong
	}
	s := x.Stream()
	if err := s.Write(ctx, text); err != nil {
		return nil, err
	}
	return s.Close(ctx)
}
