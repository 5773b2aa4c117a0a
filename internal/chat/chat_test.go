package chat_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sallyport/guard"
	"sallyport/internal/chat"
	"sallyport/internal/chat/prose"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
	"sallyport/internal/knowledge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// operation is an Operation whose model is a function.
type operation struct {
	who      identity.Principal
	model    func(ctx context.Context, c *conversation.Conversation) conversation.Stream
	asked    atomic.Int32
	recorded chan gate.Outcome
	broken   bool
}

func (o *operation) Who() identity.Principal { return o.who }
func (o *operation) Reference() string       { return "ref" }
func (o *operation) Answer(ctx context.Context, c *conversation.Conversation) conversation.Stream {
	o.asked.Add(1)
	return o.model(ctx, c)
}

func (o *operation) Record(_ context.Context, out gate.Outcome) error {
	if o.broken {
		return &gate.Refusal{Code: gate.RecordUnavailable}
	}
	o.recorded <- out
	return nil
}

var nurse = identity.Principal{ID: "nurse", Kind: identity.Person, Groups: []string{"all"}, GroupsKnown: true}

func by(who identity.Principal, model func(context.Context, *conversation.Conversation) conversation.Stream) *operation {
	return &operation{who: who, model: model, recorded: make(chan gate.Outcome, 4)}
}

// says answers with these deltas and a finish.
func says(finish conversation.Finish, deltas ...string) func(context.Context, *conversation.Conversation) conversation.Stream {
	return func(context.Context, *conversation.Conversation) conversation.Stream {
		return func(yield func(conversation.Event, error) bool) {
			ok := yield(conversation.Event{Kind: conversation.Started}, nil)
			for _, d := range deltas {
				ok = ok && yield(conversation.Event{Kind: conversation.Delta, Lane: conversation.Lane{Kind: conversation.Text}, Text: content.New(d)}, nil)
			}
			if ok && finish != conversation.NotFinished {
				yield(conversation.Event{Kind: conversation.Finished, Finish: finish}, nil)
			}
		}
	}
}

// waits answers with a word and then nothing until it is cancelled.
func waits(ctx context.Context, _ *conversation.Conversation) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) {
		if yield(conversation.Event{Kind: conversation.Started}, nil) &&
			yield(conversation.Event{Kind: conversation.Delta, Lane: conversation.Lane{Kind: conversation.Text}, Text: content.New("The fridge is kept cold.\n\n")}, nil) {
			<-ctx.Done()
			yield(conversation.Event{}, &gate.Refusal{Code: gate.Cancelled, Cause: ctx.Err()})
		}
	}
}

func fails(err error) func(context.Context, *conversation.Conversation) conversation.Stream {
	return func(context.Context, *conversation.Conversation) conversation.Stream {
		return func(yield func(conversation.Event, error) bool) { yield(conversation.Event{}, err) }
	}
}

func library(t *testing.T) *knowledge.Library {
	t.Helper()
	l, err := knowledge.Open(t.Context(), knowledge.Config{Key: make([]byte, 32), Collections: []knowledge.Collection{{ID: "c", Name: "C", Files: fstest.MapFS{
		"access.csv": {Data: []byte("document,kind,name\nfridge.md,group,all\nsecret.md,group,few\n")},
		"fridge.md":  {Data: []byte("---\ntitle: Fridge\nlanguage: en\n---\n# Fridge\n\nThe medicines fridge is kept between 2 and 8 degrees.\n")},
		"secret.md":  {Data: []byte("---\ntitle: Pay\nlanguage: en\n---\n# Pay\n\nThe pay rises by nine per cent in April.\n")},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func pass(context.Context, *conversation.Conversation) (guard.Report, error) {
	return guard.Report{Action: guard.Pass}, nil
}

func service(t *testing.T, change ...func(*chat.Config)) *chat.Service {
	t.Helper()
	c := chat.Config{Library: library(t), Screen: pass, System: content.New("Only from documents."), MaxTokens: 100}
	for _, f := range change {
		f(&c)
	}
	s := chat.New(c)
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// end waits for an answer and returns all events.
func end(t *testing.T, a *chat.Answer) ([]chat.Event, chat.End) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var all []chat.Event
	if err := a.Events(ctx, 0, time.Minute, func(es []chat.Event) error { all = append(all, es...); return nil }); err != nil {
		t.Fatal(err)
	}
	last := all[len(all)-1]
	if last.Kind != chat.EndEvent {
		t.Fatalf("the last event is %d", last.Kind)
	}
	return all, last.End
}

const fridge = "At what temperature is the medicines fridge kept?"

func ask(t *testing.T, s *chat.Service, op *operation, q string) *chat.Answer {
	t.Helper()
	a, err := s.Ask(chat.SessionKey{1}, op, "", content.New(q))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSteps(t *testing.T) {
	op := by(nurse, says(conversation.Stop, "The medicines fridge is kept between ", "2 and 8 degrees."))
	events, e := end(t, ask(t, service(t), op, fridge))
	if e.State != chat.Complete || e.Sources != 1 || e.Unsupported != 0 {
		t.Errorf("end %+v", e)
	}
	var steps []string
	for _, x := range events {
		if x.Kind == chat.StepEvent {
			steps = append(steps, string(x.Step))
		}
	}
	if got := strings.Join(steps, " "); got != "checking searching reading writing verifying" {
		t.Errorf("steps %s", got)
	}
	if events[1].Count != 1 || events[2].Count != 1 {
		t.Errorf("searched %d, read %d", events[1].Count, events[2].Count)
	}
}

// TestNoModel: no question that finds nothing, is refused or cannot be searched
// reaches a model, and each is on the record.
func TestNoModel(t *testing.T) {
	stranger := identity.Principal{ID: "stranger", Kind: identity.Person, GroupsKnown: false}
	for _, c := range []struct {
		name   string
		who    identity.Principal
		q      string
		screen func(context.Context, *conversation.Conversation) (guard.Report, error)
		state  chat.State
		code   gate.Code
		ok     bool
	}{
		{"nothing there", nurse, "How deep is the ocean trench?", pass, chat.NothingFound, 0, true},
		{"forbidden", nurse, "By how much does the pay rise in April?", pass, chat.NothingFound, 0, true},
		{"groups unknown", stranger, fridge, pass, chat.PermissionsUnknown, gate.MissingRole, false},
		{"refused", nurse, fridge, func(context.Context, *conversation.Conversation) (guard.Report, error) {
			return guard.Report{Action: guard.Refuse, Verdicts: []guard.Verdict{{Category: guard.Jailbreak, Filtered: true}}}, nil
		}, chat.Blocked, gate.ContentFiltered, false},
		{"guard broken", nurse, fridge, func(context.Context, *conversation.Conversation) (guard.Report, error) {
			return guard.Report{Action: guard.Pass}, errors.New("broken")
		}, chat.GuardDown, gate.GuardUnavailable, false},
		{"guard did not see all", nurse, fridge, func(context.Context, *conversation.Conversation) (guard.Report, error) {
			return guard.Report{Action: guard.Pass, Scanned: 3, Total: 4}, nil
		}, chat.GuardDown, gate.GuardUnavailable, false},
		{"guard forgot to decide", nurse, fridge, func(context.Context, *conversation.Conversation) (guard.Report, error) {
			return guard.Report{}, nil
		}, chat.Blocked, gate.ContentFiltered, false},
	} {
		op := by(c.who, says(conversation.Stop, "no"))
		s := service(t, func(cfg *chat.Config) { cfg.Screen = c.screen })
		_, e := end(t, ask(t, s, op, c.q))
		if e.State != c.state || op.asked.Load() != 0 {
			t.Errorf("%s: %+v, model asked %d times", c.name, e, op.asked.Load())
		}
		select {
		case o := <-op.recorded:
			if o.Code != c.code || o.OK != c.ok {
				t.Errorf("%s: recorded %+v", c.name, o)
			}
		default:
			t.Errorf("%s: nothing recorded", c.name)
		}
	}
	op := by(nurse, says(conversation.Stop, "no"))
	op.broken = true
	if _, e := end(t, ask(t, service(t), op, "How deep is the ocean trench?")); e.State != chat.RecordDown {
		t.Errorf("without a record: %+v", e)
	}
}

// TestRightLostMeanwhile: a passage that may no longer be read when the prompt is
// built is not in it.
func TestRightLostMeanwhile(t *testing.T) {
	op := by(nurse, says(conversation.Stop, "no"))
	s := service(t, func(c *chat.Config) { c.Library = revoking{c.Library.(*knowledge.Library)} })
	if _, e := end(t, ask(t, s, op, fridge)); e.State != chat.NothingFound || op.asked.Load() != 0 {
		t.Errorf("%+v, asked %d", e, op.asked.Load())
	}
}

type revoking struct{ *knowledge.Library }

func (revoking) Recheck(context.Context, identity.Principal, []conversation.Source) ([]conversation.Source, error) {
	return nil, nil
}

func TestEndings(t *testing.T) {
	for _, c := range []struct {
		name  string
		model func(context.Context, *conversation.Conversation) conversation.Stream
		want  chat.State
	}{
		{"length", says(conversation.Length, "x"), chat.Shortened},
		{"filtered", says(conversation.Filtered, "x"), chat.Withheld},
		{"no end", says(conversation.NotFinished, "x"), chat.Unavailable},
		{"prompt refused", fails(&exchange.Blocked{}), chat.Blocked},
		{"guard", fails(&exchange.GuardFailure{}), chat.GuardDown},
		{"limit", fails(&gate.Refusal{Code: gate.TokenLimit}), chat.Limited},
		{"border", fails(&gate.Refusal{Code: gate.NoLawfulBackend}), chat.NoLawfulBackend},
		{"terms", fails(&gate.Refusal{Code: gate.TermsExpired}), chat.NoLawfulBackend},
		{"record", fails(&gate.Refusal{Code: gate.RecordUnavailable}), chat.RecordDown},
		{"upstream", fails(&exchange.UpstreamError{Fault: exchange.Overloaded}), chat.Unavailable},
		{"unknown", fails(errors.New("?")), chat.Failed},
		{"panic", func(context.Context, *conversation.Conversation) conversation.Stream { panic("content") }, chat.Failed},
	} {
		if _, e := end(t, ask(t, service(t), by(nurse, c.model), fridge)); e.State != c.want {
			t.Errorf("%s: %s, want %s", c.name, e.State, c.want)
		}
	}
}

func TestStop(t *testing.T) {
	a := ask(t, service(t), by(nurse, waits), fridge)
	go func() {
		time.Sleep(20 * time.Millisecond)
		a.Stop()
	}()
	events, e := end(t, a)
	if e.State != chat.Stopped {
		t.Errorf("%+v", e)
	}
	var blocks int
	for _, x := range events {
		if x.Kind == chat.BlockEvent {
			blocks++
		}
	}
	if blocks != 1 {
		t.Errorf("%d blocks are kept", blocks)
	}
}

// TestUnattended: an answer nobody attends ends after its time, one that is
// attended again does not.
func TestUnattended(t *testing.T) {
	lib := library(t)
	synctest.Test(t, func(t *testing.T) {
		s := chat.New(chat.Config{Library: lib, Screen: pass, MaxTokens: 9})
		alone := ask(t, s, by(nurse, waits), fridge)
		visited := ask(t, s, by(nurse, waits), fridge)
		visit := func(d time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			_ = visited.Events(ctx, 0, time.Hour, func([]chat.Event) error { return nil })
		}
		time.Sleep(50 * time.Second)
		visit(100 * time.Second)
		synctest.Wait()
		if !alone.Done() || visited.Done() {
			t.Errorf("alone ended %v, visited ended %v", alone.Done(), visited.Done())
		}
		if _, e := end(t, alone); e.State != chat.Unattended {
			t.Errorf("%+v", e)
		}
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if visited.Done() {
			t.Error("ended before a minute")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !visited.Done() {
			t.Error("goes on after a minute")
		}
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestSessions: what is in a session is found by that session and person only,
// and is gone with it.
func TestSessions(t *testing.T) {
	s := service(t)
	a := ask(t, s, by(nurse, says(conversation.Stop, "x")), fridge)
	end(t, a)
	mine, other := chat.SessionKey{1}, chat.SessionKey{2}
	doctor := identity.Principal{ID: "doctor", Kind: identity.Person, GroupsKnown: true}
	if _, err := s.Answer(mine, nurse, a.Conversation, a.ID); err != nil {
		t.Error(err)
	}
	for name, try := range map[string]func() error{
		"session": func() error { _, err := s.Answer(other, nurse, a.Conversation, a.ID); return err },
		"person":  func() error { _, err := s.Answer(mine, doctor, a.Conversation, a.ID); return err },
		"turns":   func() error { _, err := s.Turns(other, nurse, a.Conversation); return err },
		"forget":  func() error { return s.Forget(other, nurse, a.Conversation) },
		"ask": func() error {
			_, err := s.Ask(other, by(nurse, says(conversation.Stop)), a.Conversation, content.New("x"))
			return err
		},
		"ask as another": func() error {
			_, err := s.Ask(mine, by(doctor, says(conversation.Stop)), "", content.New("x"))
			return err
		},
	} {
		if err := try(); !errors.Is(err, chat.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	running := ask(t, s, by(nurse, waits), fridge)
	s.End(mine)
	end(t, running)
	if _, err := s.Answer(mine, nurse, a.Conversation, a.ID); !errors.Is(err, chat.ErrNotFound) {
		t.Errorf("after the end: %v", err)
	}
}

func TestLimits(t *testing.T) {
	s := service(t, func(c *chat.Config) {
		c.Limits = chat.Limits{Conversations: 2, Turns: 1, QuestionBytes: 100, AnswerBytes: 200, Events: 9}
	})
	if _, err := s.Ask(chat.SessionKey{1}, by(nurse, waits), "", content.New(strings.Repeat("x", 101))); !errors.Is(err, chat.ErrTooLong) {
		t.Error(err)
	}
	first := ask(t, s, by(nurse, says(conversation.Stop, "x")), fridge)
	end(t, first)
	if _, err := s.Ask(chat.SessionKey{1}, by(nurse, waits), first.Conversation, content.New("x")); !errors.Is(err, chat.ErrFull) {
		t.Error(err)
	}
	_, e := end(t, ask(t, s, by(nurse, says(conversation.Stop, strings.Repeat("fridge ", 50))), fridge))
	if e.State != chat.Shortened {
		t.Errorf("too much text: %+v", e)
	}
	events, e := end(t, ask(t, s, by(nurse, says(conversation.Stop, strings.Repeat("a\n\n", 40))), fridge))
	if e.State != chat.Shortened || len(events) > 10 {
		t.Errorf("too many events: %+v, %d", e, len(events))
	}
	if n := len(s.Conversations(chat.SessionKey{1}, nurse)); n != 2 {
		t.Errorf("%d conversations", n)
	}
	if _, err := s.Answer(chat.SessionKey{1}, nurse, first.Conversation, first.ID); !errors.Is(err, chat.ErrNotFound) {
		t.Error("the oldest conversation did not make room")
	}
}

// TestEarlierTurns: the next question takes the finished turns along, and the
// documents travel as untrusted parts with their source.
func TestEarlierTurns(t *testing.T) {
	s := service(t)
	a := ask(t, s, by(nurse, says(conversation.Stop, "Cold.")), fridge)
	end(t, a)
	seen := make(chan *conversation.Conversation, 1)
	op := by(nurse, func(ctx context.Context, c *conversation.Conversation) conversation.Stream {
		seen <- c
		return says(conversation.Stop, "x")(ctx, c)
	})
	b, err := s.Ask(chat.SessionKey{1}, op, a.Conversation, content.New(fridge))
	if err != nil {
		t.Fatal(err)
	}
	end(t, b)
	c := <-seen
	var roles []string
	for _, x := range c.Turns {
		roles = append(roles, x.Role.String())
	}
	if got := strings.Join(roles, " "); got != "system user assistant user" {
		t.Errorf("turns: %s", got)
	}
	last := c.Turns[len(c.Turns)-1].Parts
	if len(last) != 2 || last[1].Kind != conversation.Document || last[1].Origin != conversation.Untrusted || last[1].Source == nil || c.MaxTokens != 100 {
		t.Errorf("parts: %d", len(last))
	}
}

// TestFollowUpSearches: a question that leans on earlier ones is searched with
// them, one that stands alone is not, and none is with what was refused.
func TestFollowUpSearches(t *testing.T) {
	seen := &recording{Library: library(t)}
	s := service(t, func(c *chat.Config) {
		c.Library = seen
		c.Screen = func(_ context.Context, c *conversation.Conversation) (guard.Report, error) {
			if prose.Same(c.Turns[0].Parts[0].Text, content.New("And forbidden things?")) {
				return guard.Report{Action: guard.Refuse}, nil
			}
			return guard.Report{Action: guard.Pass}, nil
		}
	})
	const alone = "How often is the thermometer of the cupboard read?"
	talk := ""
	for _, x := range []struct{ question, query string }{
		{fridge, fridge},
		{"And for children?", fridge + " And for children?"},
		{"And forbidden things?", ""},
		{"And at night?", fridge + " And for children? And at night?"},
		{alone, alone},
		{"And at night?", alone + " And at night?"},
	} {
		a, err := s.Ask(chat.SessionKey{1}, by(nurse, says(conversation.Stop, "Cold.")), talk, content.New(x.question))
		if err != nil {
			t.Fatal(err)
		}
		talk = a.Conversation
		seen.query = content.Text{}
		end(t, a)
		if !prose.Same(seen.query, content.New(x.query)) {
			t.Errorf("%q does not search with %q", x.question, x.query)
		}
	}
}

type recording struct {
	chat.Library
	query content.Text
}

func (r *recording) Search(ctx context.Context, who identity.Principal, q content.Text, k int) (knowledge.Result, error) {
	r.query = q
	return r.Library.Search(ctx, who, q, k)
}

// TestProgress: while one long paragraph is written, the page hears every two
// seconds how many words were checked.
func TestProgress(t *testing.T) {
	lib := library(t)
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context, *conversation.Conversation) conversation.Stream {
			return func(yield func(conversation.Event, error) bool) {
				ok := yield(conversation.Event{Kind: conversation.Started}, nil)
				for range 100 {
					time.Sleep(100 * time.Millisecond)
					ok = ok && yield(conversation.Event{Kind: conversation.Delta, Lane: conversation.Lane{Kind: conversation.Text}, Text: content.New("fridge ")}, nil)
				}
				if ok {
					yield(conversation.Event{Kind: conversation.Finished, Finish: conversation.Stop}, nil)
				}
			}
		}
		s := chat.New(chat.Config{Library: lib, Screen: pass, MaxTokens: 9})
		events, e := end(t, ask(t, s, by(nurse, slow), fridge))
		var counts []int
		for _, x := range events {
			if x.Kind == chat.StepEvent && x.Step == chat.Writing {
				counts = append(counts, x.Count)
			}
		}
		if e.State != chat.Complete || !slices.Equal(counts, []int{0, 20, 40, 60, 80, 100}) {
			t.Errorf("%s, words told: %v", e.State, counts)
		}
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestSessionEndsMidAnswer: who signed out in another tab did not press Stop.
func TestSessionEndsMidAnswer(t *testing.T) {
	s := service(t)
	a := ask(t, s, by(nurse, waits), fridge)
	s.End(chat.SessionKey{1})
	if _, e := end(t, a); e.State != chat.Ended {
		t.Errorf("%+v", e)
	}
	b := ask(t, s, by(nurse, waits), fridge)
	b.Stop()
	b.Stop()
	s.End(chat.SessionKey{1})
	if _, e := end(t, b); e.State != chat.Stopped {
		t.Errorf("stopped twice, then signed out: %+v", e)
	}
}
