package material

import (
	"context"
	"sort"

	"sallyport/guard"
)

// Stream finds works in a text that arrives in pieces. It is not safe for
// concurrent use. What it holds is bounded: matches that are open, and one
// unfinished token.
type Stream struct {
	x      *Index
	f      *feed
	open   []*run
	done   []Match
	size   int
	seq    uint32 // prints so far
	closed bool
}

// run is a series of hits in one work, in order and close together.
type run struct {
	work        uint32
	at          uint32 // token in the work of the last hit
	token       uint32 // token in the text of the last hit
	start, end  int    // bytes
	said        [2]int // code points of tokens
	hits        int
	first, last uint32 // prints
	long        bool   // enough is covered; it stays so
}

// mostOpen bounds the runs that are followed at once, perWork those of one
// work: a phrase may stand in it more than once.
const (
	mostOpen = 256
	perWork  = 4
)

// Stream starts a search.
func (x *Index) Stream() *Stream {
	s := &Stream{x: x}
	s.f = newFeed(x.settings, x.kind)
	s.f.keep = s.hit
	return s
}

// Write takes the next piece of the text. Pieces may be cut anywhere, within a
// character too.
func (s *Stream) Write(ctx context.Context, piece string) error {
	if s.closed || s.size+len(piece) > MaxText {
		return ErrTooLong
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.size += len(piece)
	s.f.write(piece, false)
	return nil
}

// Frontier is the number of bytes from the beginning before which no match can
// begin that is not known now: open runs and the tokens of an unfinished hash
// lie behind it. Text before it may be released if Known has nothing there.
func (s *Stream) Frontier() int {
	f := s.f.base
	// A run may still begin at any token of the hashes that wait for their
	// window, and of the one that waits for its tokens.
	if len(s.f.ring) > 0 {
		f = min(f, s.f.ring[0].start)
	}
	if len(s.f.hash) > 0 {
		f = min(f, s.f.hash[0].start)
	}
	for _, r := range s.open {
		f = min(f, r.start)
	}
	return f
}

// Known are the matches so far, by position: ended ones, and open ones that are
// long enough already.
func (s *Stream) Known() []Match {
	out := append([]Match(nil), s.done...)
	for _, r := range s.open {
		if m, ok := s.match(r); ok {
			out = append(out, m)
		}
	}
	return sorted(out)
}

// Close ends the text and returns all matches, by position.
func (s *Stream) Close(ctx context.Context) ([]Match, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !s.closed {
		s.closed = true
		s.f.write("", true)
	}
	s.expire(0, true)
	return sorted(append([]Match(nil), s.done...)), nil
}

// sorted orders matches and drops those within another of the same work.
func sorted(m []Match) []Match {
	sort.SliceStable(m, func(i, j int) bool {
		a, b := m[i], m[j]
		if a.Span.Start != b.Span.Start {
			return a.Span.Start < b.Span.Start
		}
		if a.Span.End != b.Span.End {
			return a.Span.End > b.Span.End
		}
		return a.Work.ID < b.Work.ID
	})
	end := map[string]int{}
	kept := m[:0]
	for _, x := range m {
		if x.Span.End > end[x.Work.ID] {
			end[x.Work.ID] = x.Span.End
			kept = append(kept, x)
		}
	}
	return kept
}

// slack is how many tokens may lie between two hits of a run, beyond the
// guarantee: an edit spoils as many hashes as it touches.
func (s *Stream) slack() uint32 { return uint32(2*s.x.settings.Guarantee() + s.x.settings.Run) }

// hit takes a fingerprint of the text.
func (s *Stream) hit(p print) {
	s.seq++
	s.expire(p.at, false)
	for _, q := range s.x.lookup(p.hash) {
		if s.extend(q, p) {
			continue
		}
		if len(s.open) >= mostOpen {
			s.end(s.open[0])
			s.open = append(s.open[:0], s.open[1:]...)
		}
		s.open = append(s.open, &run{q.work, q.at, p.at, p.start, p.end, p.said, 1, s.seq, s.seq, p.said[1]-p.said[0] >= s.x.settings.MinRunes})
	}
}

// extend adds place q of a work to the run it follows. It reports true too if
// the work has runs enough.
func (s *Stream) extend(q place, p print) bool {
	n := 0
	for _, r := range s.open {
		if r.work != q.work {
			continue
		}
		n++
		if r.follows(q, p, s.slack()) {
			r.at, r.token, r.end, r.last = q.at, p.at, max(r.end, p.end), s.seq
			r.said[1] = max(r.said[1], p.said[1])
			r.hits++
			r.long = r.long || r.share()*float64(r.said[1]-r.said[0]) >= float64(s.x.settings.MinRunes)
			return true
		}
	}
	return n >= perWork
}

// follows reports that place q of the work goes on from run r.
func (r *run) follows(q place, p print, gap uint32) bool {
	return p.at > r.token && p.at-r.token <= gap && q.at > r.at && q.at-r.at <= gap
}

// expire ends runs that nothing can follow any more, or all.
func (s *Stream) expire(token uint32, all bool) {
	kept := s.open[:0]
	for _, r := range s.open {
		if all || token-r.token > s.slack() {
			s.end(r)
			continue
		}
		kept = append(kept, r)
	}
	s.open = kept
}

// mostMatches bounds what is returned of one text.
const mostMatches = 1024

func (s *Stream) end(r *run) {
	if m, ok := s.match(r); ok && len(s.done) < mostMatches {
		s.done = append(s.done, m)
	}
}

// share is the part of the prints since the first hit that were hits.
func (r *run) share() float64 { return min(1, float64(r.hits)/float64(r.last-r.first+1)) }

func (s *Stream) match(r *run) (Match, bool) {
	if !r.long {
		return Match{}, false
	}
	w := s.x.works[r.work]
	w.Sources = append([]string(nil), w.Sources...)
	return Match{w, guard.Span{Start: r.start, End: r.end}, r.share()}, true
}
