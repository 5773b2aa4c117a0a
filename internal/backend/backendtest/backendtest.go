// Package backendtest is the conformance suite of backends. Run holds for every
// exchange.Backend, an embedded one included; RunWire adds what holds for one that
// speaks HTTP to an upstream, against the mock upstream at its worst.
//
// A new adapter proves itself by calling both from one test.
package backendtest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/exchange"
)

// Subject is a backend under test.
type Subject struct {
	Name   string // as permits name it
	Open   func(t *testing.T) exchange.Backend
	Ask    func() *conversation.Conversation // one it can answer; nil: Ask("…")
	Embeds bool
}

// Ask is a conversation of one question.
func Ask(text string) *conversation.Conversation {
	return &conversation.Conversation{
		Turns: []conversation.Turn{{Role: conversation.UserRole, Parts: []conversation.Part{{
			Kind: conversation.Text, Origin: conversation.User, Text: content.New(text),
		}}}},
		Choices: 1, MaxTokens: 256, Stream: true,
	}
}

// Collect reads a stream to its end.
func Collect(s conversation.Stream) (events []conversation.Event, err error) {
	for e, err := range s {
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

// Upstream returns the *exchange.UpstreamError that err must be.
func Upstream(t testing.TB, err error) *exchange.UpstreamError {
	t.Helper()
	var u *exchange.UpstreamError
	if !errors.As(err, &u) {
		t.Fatalf("error is %T (%v), want *exchange.UpstreamError", err, err)
	}
	return u
}

// Joined is a stream's events with neighbouring deltas of a lane put together and
// lanes in order: what two streams with different pieces have in common.
type Joined struct {
	Model, Fingerprint string
	Lanes              map[conversation.Lane]Piece
	Finish             map[int]conversation.Finish
	Usage              conversation.Usage
	UsageTold          bool
}

// Piece is all of a lane.
type Piece struct{ Call, Name, Text string }

// Join checks the order of events, which every backend owes, and puts them together.
func Join(t testing.TB, events []conversation.Event) Joined {
	t.Helper()
	j := Joined{Lanes: map[conversation.Lane]Piece{}, Finish: map[int]conversation.Finish{}}
	for i, e := range events {
		if (i == 0) != (e.Kind == conversation.Started) {
			t.Fatalf("event %d has kind %d: Started comes first, and once", i, e.Kind)
		}
		if j.UsageTold {
			t.Fatalf("event %d, kind %d, behind the usage", i, e.Kind)
		}
		switch e.Kind {
		case conversation.Started:
			j.Model, j.Fingerprint = e.Model, e.Fingerprint
		case conversation.Step:
		case conversation.Delta:
			if _, ended := j.Finish[e.Lane.Choice]; ended {
				t.Fatalf("event %d: a delta behind the end of choice %d", i, e.Lane.Choice)
			}
			p, begun := j.Lanes[e.Lane]
			if begun && (!e.Call.Empty() || !e.Name.Empty()) {
				t.Fatalf("event %d: a call's id and name are told once, with the lane's first event", i)
			}
			if !begun {
				p.Call, p.Name = open.String(e.Call), open.String(e.Name)
				if e.Lane.Kind == conversation.ToolCall && p.Name == "" {
					t.Fatalf("event %d: a call begins without a name", i)
				}
			}
			p.Text += open.String(e.Text)
			j.Lanes[e.Lane] = p
		case conversation.Finished:
			if _, twice := j.Finish[e.Lane.Choice]; twice || e.Finish == conversation.NotFinished {
				t.Fatalf("event %d: choice %d ends twice or without a reason", i, e.Lane.Choice)
			}
			j.Finish[e.Lane.Choice] = e.Finish
		case conversation.UsageTold:
			j.Usage, j.UsageTold = e.Usage, true
		default:
			t.Fatalf("event %d has kind %d, which no backend yields", i, e.Kind)
		}
	}
	for l := range j.Lanes {
		if _, ended := j.Finish[l.Choice]; !ended {
			t.Fatalf("choice %d has no end", l.Choice)
		}
	}
	if j.UsageTold && len(j.Finish) == 0 {
		t.Fatal("usage without a choice")
	}
	return j
}

// Run holds for every backend.
func Run(t *testing.T, s Subject) {
	if s.Ask == nil {
		s.Ask = func() *conversation.Conversation { return Ask("Where are the keys?") }
	}
	t.Run("refuses a permit that does not name it", func(t *testing.T) {
		b := s.Open(t)
		for name, p := range map[string][]string{"none": nil, "another": {s.Name + "2"}} {
			events, err := Collect(b.Stream(t.Context(), Permit(t, p...), s.Ask()))
			if err == nil || len(events) > 0 {
				t.Errorf("Stream with a permit for %s: %d events, error %v; want refusal", name, len(events), err)
			} else if u := Upstream(t, err); u.Retryable {
				t.Errorf("a refused permit is called retryable")
			}
			if v, _, err := b.Embed(t.Context(), Permit(t, p...), exchange.EmbedRequest{Texts: []content.Text{content.New("x")}}); err == nil {
				t.Errorf("Embed with a permit for %s: %d vectors, want refusal", name, len(v))
			}
		}
	})
	t.Run("keeps the order of events", func(t *testing.T) {
		events, err := Collect(s.Open(t).Stream(t.Context(), Permit(t, s.Name), s.Ask()))
		if err != nil {
			t.Fatal(err)
		}
		if j := Join(t, events); len(j.Finish) == 0 {
			t.Error("no choice ended")
		}
	})
	t.Run("is read once", func(t *testing.T) {
		stream := s.Open(t).Stream(t.Context(), Permit(t, s.Name), s.Ask())
		if _, err := Collect(stream); err != nil {
			t.Fatal(err)
		}
		if events, err := Collect(stream); err == nil || len(events) > 0 {
			t.Errorf("the second reading gave %d events, error %v; want an error alone", len(events), err)
		}
	})
	t.Run("lets the consumer leave at any event", func(t *testing.T) {
		b := s.Open(t)
		for at := range 4 {
			n := 0
			for _, err := range b.Stream(t.Context(), Permit(t, s.Name), s.Ask()) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n > at {
					break
				}
			}
		}
	})
	t.Run("ends with its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := Collect(s.Open(t).Stream(ctx, Permit(t, s.Name), s.Ask()))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled in its chain", err)
		}
	})
	t.Run("serves many at once", func(t *testing.T) {
		b := s.Open(t)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				events, err := Collect(b.Stream(t.Context(), Permit(t, s.Name), s.Ask()))
				if err != nil || len(events) == 0 {
					t.Errorf("%d events, error %v", len(events), err)
				}
			})
		}
		wg.Wait()
	})
	if s.Embeds {
		t.Run("embeds in order", func(t *testing.T) {
			b := s.Open(t)
			one := func(texts ...string) []exchange.Vector {
				r := exchange.EmbedRequest{}
				for _, x := range texts {
					r.Texts = append(r.Texts, content.New(x))
				}
				v, _, err := b.Embed(t.Context(), Permit(t, s.Name), r)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			both, second := one("first", "second"), one("second")
			if len(both) != 2 || len(second) != 1 || len(both[1]) == 0 || !equal(both[1], second[0]) || equal(both[0], both[1]) {
				t.Errorf("vectors do not belong to their texts")
			}
		})
	}
}

func equal(a, b exchange.Vector) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// NoLeaks fails the test when goroutines outlive it. Call it first: its check
// runs behind every other clean-up.
func NoLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}
