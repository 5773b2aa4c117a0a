package chat

import (
	"context"
	"sync"
	"time"

	"sallyport/guard"
	"sallyport/internal/chat/prose"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
)

// EventKind is what an event of an answer tells the page.
type EventKind uint8

// The events. End is always the last.
const (
	UnknownEvent EventKind = iota
	StepEvent              // Step and Count
	SourceEvent            // Source: its number may be cited from here on
	BlockEvent             // Block: a finished piece of the answer
	EndEvent               // End
)

// Step is a true step of the work.
type Step string

// The steps, in order. The words are keys of the page's catalogue.
const (
	Checking  Step = "checking"  // the question is judged
	Searching Step = "searching" // Count documents are searched
	Reading   Step = "reading"   // Count passages went into the prompt
	Writing   Step = "writing"   // the backend took the request; again with Count words that were checked
	Verifying Step = "verifying" // the last of the answer is judged and matched
)

// Steps lists every step.
var Steps = []Step{Checking, Searching, Reading, Writing, Verifying}

// State is how an answer ended. The zero State is an internal failure.
type State string

// The states, a closed set; the words are keys of the page's catalogue.
const (
	Failed             State = "failed"
	Complete           State = "complete"
	Shortened          State = "shortened" // the output limit was reached
	Stopped            State = "stopped"   // the person stopped it
	Unattended         State = "unattended"
	NothingFound       State = "nothing_found"
	Blocked            State = "blocked"  // the question was refused
	Withheld           State = "withheld" // the answer, or the rest of it, was refused
	Limited            State = "limited"
	Unavailable        State = "unavailable" // no backend answered
	NoLawfulBackend    State = "no_lawful_backend"
	GuardDown          State = "guard_down"
	RecordDown         State = "record_down"
	PermissionsUnknown State = "permissions_unknown"
	Ended              State = "session_ended"
)

// States lists every state.
var States = []State{Failed, Complete, Shortened, Stopped, Unattended, NothingFound, Blocked, Withheld,
	Limited, Unavailable, NoLawfulBackend, GuardDown, RecordDown, PermissionsUnknown, Ended}

// End is how an answer ended.
type End struct {
	State       State
	Policies    []guard.Category // Blocked, Withheld: what it matched
	RetryAfter  time.Duration    // Limited, Unavailable: when to try again; 0 unknown
	Visible     int              // documents searched
	Sources     int              // cited
	Unsupported int              // statements without a source
}

// Source is a passage that the answer cites, by the number shown.
type Source struct {
	Number int
	conversation.Source
	Headings       []content.Text // of the section, from the outermost
	Classification string
	Text           content.Text // the passage that was in the prompt, to see whether it changed since
}

// Event is one thing that happened. IDs start at 1 and rise by one.
type Event struct {
	ID     uint64
	Kind   EventKind
	Step   Step
	Count  int
	Source Source
	Block  prose.Block
	End    End
}

// Answer is one question with what was answered. It outlives the request that
// asked; pages attach and re-attach by event id.
type Answer struct {
	Conversation string
	ID           string
	Reference    string // shown with refusals; the same as on the record
	Question     content.Text
	Asked        time.Time

	limits Limits
	cancel context.CancelFunc

	mu       sync.Mutex // guards everything below
	events   []Event
	grown    chan struct{} // closed and replaced when events grew
	done     bool
	stopped  State // why it was cancelled: Stopped, Unattended; "" otherwise
	attended int   // pages attached
	lonely   *time.Timer
	text     []content.Text // released text, for later turns
	bytes    int
}

func newAnswer(talk, id, reference string, q content.Text, l Limits, cancel context.CancelFunc) *Answer {
	a := &Answer{Conversation: talk, ID: id, Reference: reference, Question: q, Asked: time.Now(),
		limits: l, cancel: cancel, grown: make(chan struct{})}
	a.lonely = time.AfterFunc(l.Unattended, a.leave)
	return a
}

// Done reports whether the answer has ended.
func (a *Answer) Done() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.done
}

// Stop ends the answer for the person. What was released stays. A second Stop
// changes nothing.
func (a *Answer) Stop() { a.end(Stopped) }

func (a *Answer) leave() {
	a.mu.Lock()
	alone := a.attended == 0
	a.mu.Unlock()
	if alone {
		a.end(Unattended)
	}
}

func (a *Answer) end(why State) {
	a.mu.Lock()
	if !a.done && a.stopped == "" {
		a.stopped = why
	}
	a.mu.Unlock()
	a.cancel()
}

// Events calls yield with every event after the given id, waiting for more until
// the answer ended, ctx is done or yield returns an error; when nothing happened
// for a pulse it yields no events, so that a page that left is noticed. While it
// runs the answer is attended.
func (a *Answer) Events(ctx context.Context, after uint64, pulse time.Duration, yield func([]Event) error) error {
	a.attend(1)
	defer a.attend(-1)
	beat := time.NewTicker(pulse)
	defer beat.Stop()
	for {
		a.mu.Lock()
		var fresh []Event
		if after < uint64(len(a.events)) {
			fresh = a.events[after:len(a.events):len(a.events)]
		}
		done, grown := a.done, a.grown
		a.mu.Unlock()
		if len(fresh) > 0 {
			if err := yield(fresh); err != nil {
				return err
			}
			after += uint64(len(fresh))
			continue
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
			if err := yield(nil); err != nil {
				return err
			}
		case <-grown:
		}
	}
}

// Snapshot is every event so far.
func (a *Answer) Snapshot() []Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.events[:len(a.events):len(a.events)]
}

// Source finds a cited passage by its number.
func (a *Answer) Source(number int) (Source, bool) {
	for _, e := range a.Snapshot() {
		if e.Kind == SourceEvent && e.Source.Number == number {
			return e.Source, true
		}
	}
	return Source{}, false
}

// Support are the supporting words of a cited passage, as bytes of the text that
// was in the prompt: those of one citation by its ref, or of all for ref 0.
func (a *Answer) Support(number, ref int) []guard.Span {
	var out []guard.Span
	for _, e := range a.Snapshot() {
		if e.Kind != BlockEvent {
			continue
		}
		for _, r := range e.Block.AllRuns() {
			if r.Cite == number && (ref == 0 || r.Ref == ref) {
				out = append(out, r.Support)
			}
		}
	}
	return out
}

func (a *Answer) attend(by int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.attended += by
	switch {
	case a.done:
	case a.attended > 0:
		a.lonely.Stop()
	default:
		a.lonely.Reset(a.limits.Unattended)
	}
}

// add appends an event. It reports false when the answer may hold no more.
func (a *Answer) add(e Event) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done || len(a.events) >= a.limits.Events && e.Kind != EndEvent {
		return false
	}
	e.ID = uint64(len(a.events)) + 1
	a.events = append(a.events, e)
	if e.Kind == EndEvent {
		a.done = true
		a.lonely.Stop()
	}
	close(a.grown)
	a.grown = make(chan struct{})
	return true
}

// keep remembers released text. It reports false when there is too much of it.
func (a *Answer) keep(t content.Text) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bytes += t.Len()
	if a.bytes > a.limits.AnswerBytes {
		return false
	}
	a.text = append(a.text, t)
	return true
}

// finish ends the log. A cancelled answer ends as why it was cancelled.
func (a *Answer) finish(e End) {
	a.mu.Lock()
	if a.stopped != "" && e.State != Complete {
		e.State, e.Policies = a.stopped, nil
	}
	a.mu.Unlock()
	a.add(Event{Kind: EndEvent, End: e})
}

// outcome is the final event, and the released text, of an answer that ended.
func (a *Answer) outcome() (End, []content.Text, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.done || len(a.events) == 0 {
		return End{}, nil, false
	}
	return a.events[len(a.events)-1].End, a.text, true
}
