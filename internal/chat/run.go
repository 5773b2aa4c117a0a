package chat

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"sallyport/guard"
	"sallyport/internal/chat/prose"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
	"sallyport/internal/knowledge"
)

// Earlier turns that go along with a question, newest first.
const (
	earlierTurns = 4
	earlierBytes = 8 << 10
)

// progressEvery is how often the page hears how many words were checked, while a
// paragraph is not finished: seldom enough for a log of events, often enough to
// see that something happens.
const progressEvery = 2 * time.Second

// recordDeadline bounds the last entry of an answer that was cancelled.
const recordDeadline = 10 * time.Second

// run answers one question. Whatever happens, the answer ends with an End event.
func (s *Service) run(ctx context.Context, op Operation, who identity.Principal, earlier []*Answer, a *Answer) {
	end := End{State: Failed}
	defer func() {
		if v := recover(); v != nil {
			// A panic may hold content: only the fact is logged.
			s.cfg.Log.LogAttrs(ctx, slog.LevelError, "an answer panicked", slog.String("request", a.Reference))
			end = End{State: Failed}
		}
		a.finish(end)
	}()
	t := task{s: s, op: op, who: who, a: a}
	end = t.answer(ctx, earlier)
}

type task struct {
	s   *Service
	op  Operation
	who identity.Principal
	a   *Answer
}

func (t *task) answer(ctx context.Context, earlier []*Answer) End {
	t.step(Checking, 0)
	if end, refused := t.screen(ctx); refused {
		return end
	}
	docs, err := t.s.cfg.Library.Visible(ctx, t.who)
	if err != nil {
		return t.unsearched(ctx, err)
	}
	t.step(Searching, len(docs))
	found, err := t.s.cfg.Library.Search(ctx, t.who, t.query(earlier), t.s.cfg.Limits.Passages)
	if err != nil {
		return t.unsearched(ctx, err)
	}
	hits, err := t.recheck(ctx, found.Passages)
	if err != nil {
		return t.unsearched(ctx, err)
	}
	if len(hits) == 0 {
		end := End{State: NothingFound, Visible: found.Visible}
		return t.record(ctx, gate.Outcome{Status: http.StatusOK, OK: true}, end)
	}
	t.step(Reading, len(hits))
	return t.exchange(ctx, t.prompt(hits, earlier), hits, found.Visible)
}

// query is what is searched for: the question, with those before it as far as it
// leans on them ("and for children?"). What was refused is not searched with.
func (t *task) query(earlier []*Answer) content.Text {
	var q content.Text
	for _, a := range earlier[max(0, len(earlier)-earlierTurns):] {
		if end, _, done := a.outcome(); done && end.State != Blocked {
			q = knowledge.FollowUp(q, a.Question)
		}
	}
	return knowledge.FollowUp(q, t.a.Question)
}

// screen judges the question alone, before anything is looked up with it. The
// exchange judges it again, and neither can stand for the other: a refused
// question must not search, and may end here without any exchange; an attack that
// a question and a document make together is seen only where both are.
func (t *task) screen(ctx context.Context) (End, bool) {
	c := &conversation.Conversation{Choices: 1, MaxTokens: 1, Turns: []conversation.Turn{{
		Role:  conversation.UserRole,
		Parts: []conversation.Part{{Kind: conversation.Text, Origin: conversation.User, Text: t.a.Question}},
	}}}
	report, err := t.s.cfg.Screen(ctx, c)
	switch {
	case err != nil && ctx.Err() != nil:
		return t.record(ctx, gate.Outcome{Status: 499, Code: gate.Cancelled, Report: report}, End{State: Stopped}), true
	case err != nil || report.Scanned < report.Total:
		return t.record(ctx, gate.Outcome{Status: http.StatusServiceUnavailable, Code: gate.GuardUnavailable, Report: report}, End{State: GuardDown}), true
	case report.Action == guard.Refuse:
		return t.record(ctx, gate.Outcome{Status: http.StatusBadRequest, Code: gate.ContentFiltered, Report: report},
			End{State: Blocked, Policies: policies(report)}), true
	}
	return End{}, false
}

// recheck keeps the passages that may still be read at this moment.
func (t *task) recheck(ctx context.Context, hits []knowledge.Hit) ([]knowledge.Hit, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	sources := make([]conversation.Source, len(hits))
	for i, h := range hits {
		sources[i] = h.Source()
	}
	still, err := t.s.cfg.Library.Recheck(ctx, t.who, sources)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(hits), func(h knowledge.Hit) bool {
		return !slices.ContainsFunc(still, func(s conversation.Source) bool {
			return s.Document == h.Document.ID && s.Passage == h.Passage.Index
		})
	}), nil
}

// prompt is the instruction, the last turns, and the question with its documents.
func (t *task) prompt(hits []knowledge.Hit, earlier []*Answer) *conversation.Conversation {
	c := &conversation.Conversation{Choices: 1, MaxTokens: t.s.cfg.MaxTokens, Stream: true, Usage: true}
	c.Turns = append(c.Turns, turn(conversation.System, conversation.Operator, t.s.cfg.System))
	var old []conversation.Turn // newest first
	room := earlierBytes
	for i := len(earlier) - 1; i >= 0 && len(old) < 2*earlierTurns; i-- {
		end, text, done := earlier[i].outcome()
		if !done || end.State != Complete {
			continue
		}
		said := prose.Join("", text...)
		if room -= said.Len() + earlier[i].Question.Len(); room < 0 {
			break
		}
		old = append(old, turn(conversation.Assistant, conversation.Model, said),
			turn(conversation.UserRole, conversation.User, earlier[i].Question))
	}
	slices.Reverse(old)
	c.Turns = append(c.Turns, old...)
	ask := turn(conversation.UserRole, conversation.User, t.a.Question)
	for _, h := range hits {
		ask.Parts = append(ask.Parts, h.Part())
	}
	c.Turns = append(c.Turns, ask)
	return c
}

func turn(r conversation.Role, o conversation.Origin, t content.Text) conversation.Turn {
	return conversation.Turn{Role: r, Parts: []conversation.Part{{Kind: conversation.Text, Origin: o, Text: t}}}
}

// exchange runs the model and shows what it releases.
func (t *task) exchange(ctx context.Context, c *conversation.Conversation, hits []knowledge.Hit, visible int) End {
	passages := make([]prose.Passage, len(hits))
	for i, h := range hits {
		passages[i] = prose.Passage{Source: h.Source(), Text: h.Passage.Text}
	}
	d := prose.New(passages)
	shown := map[int]bool{}
	show := func(blocks []prose.Block) bool {
		for _, b := range blocks {
			for _, r := range b.AllRuns() {
				if r.Cite > 0 && !shown[r.Cite] {
					shown[r.Cite] = true
					h := hits[r.Passage]
					if !t.a.add(Event{Kind: SourceEvent, Source: Source{Number: r.Cite, Source: h.Source(),
						Headings: h.Passage.Headings, Classification: h.Document.Classification, Text: h.Passage.Text}}) {
						return false
					}
				}
			}
			if !t.a.add(Event{Kind: BlockEvent, Block: b}) {
				return false
			}
		}
		return true
	}
	end := End{State: Complete, Visible: visible}
	finish, full := conversation.NotFinished, false
	told := time.Now() // when the page last heard how far the writing is
	var report guard.Report
	for e, err := range t.op.Answer(ctx, c) {
		if err != nil {
			// What was released stays, and its last words are shown.
			show(d.Flush())
			end.State, end.Policies, end.RetryAfter = t.failure(ctx, err)
			end.Sources, end.Unsupported = d.Cited(), d.Unsupported()
			return end
		}
		switch e.Kind {
		case conversation.Started:
			t.step(Writing, 0)
		case conversation.Verdict:
			report = e.Report
		case conversation.Delta:
			if e.Lane.Choice != 0 || e.Lane.Kind == conversation.Reasoning || e.Lane.Kind == conversation.ToolCall {
				continue // the page shows the answer only
			}
			if len(e.Report.Verdicts) > 0 {
				report = e.Report
			}
			if !t.a.keep(e.Text) || !show(d.Push(e.Text, e.Citations)) {
				full = true
			}
			if time.Since(told) >= progressEvery {
				told = time.Now()
				t.step(Writing, d.Words())
			}
		case conversation.Finished:
			finish = e.Finish
			if len(e.Report.Verdicts) > 0 {
				report = e.Report
			}
			d.Push(content.Text{}, e.Citations)
			t.step(Verifying, 0)
		}
		if full {
			break // leaving the loop lets the backend go
		}
	}
	if !show(d.Flush()) {
		full = true
	}
	end.Sources, end.Unsupported = d.Cited(), d.Unsupported()
	switch {
	case full || finish == conversation.Length:
		end.State = Shortened
	case finish == conversation.Filtered:
		end.State, end.Policies = Withheld, policies(report)
	case finish == conversation.NotFinished:
		// A stream without an end is not a whole answer.
		end.State = Unavailable
	}
	return end
}

// failure says how an error of the gate or the exchange looks to a person.
func (t *task) failure(ctx context.Context, err error) (State, []guard.Category, time.Duration) {
	if blocked, ok := errors.AsType[*exchange.Blocked](err); ok {
		return Blocked, policies(blocked.Report), 0
	}
	if _, ok := errors.AsType[*exchange.GuardFailure](err); ok {
		return GuardDown, nil, 0
	}
	if up, ok := errors.AsType[*exchange.UpstreamError](err); ok {
		if ctx.Err() == nil {
			t.s.cfg.Log.LogAttrs(ctx, slog.LevelError, "a backend failed", slog.String("request", t.a.Reference), slog.Any("cause", up))
		}
		switch up.Fault {
		case exchange.Filtered:
			return Blocked, nil, 0
		case exchange.Limited:
			return Limited, nil, time.Duration(up.RetryAfter) * time.Second
		}
		return Unavailable, nil, time.Duration(up.RetryAfter) * time.Second
	}
	if r, ok := errors.AsType[*gate.Refusal](err); ok {
		switch r.Code {
		case gate.TokenLimit, gate.RequestLimit:
			return Limited, nil, r.RetryAfter
		case gate.NoLawfulBackend, gate.TermsExpired:
			return NoLawfulBackend, nil, 0
		case gate.RecordUnavailable:
			return RecordDown, nil, 0
		case gate.GuardUnavailable:
			return GuardDown, nil, 0
		case gate.ContentFiltered:
			return Blocked, nil, 0
		case gate.InvalidKey, gate.InvalidToken:
			return Ended, nil, 0
		case gate.BackendFailed:
			return Unavailable, nil, r.RetryAfter
		}
		return Failed, nil, 0
	}
	if ctx.Err() == nil {
		t.s.cfg.Log.LogAttrs(ctx, slog.LevelError, "an answer failed", slog.String("request", t.a.Reference), slog.Any("err", err))
	}
	return Failed, nil, 0
}

// unsearched ends an answer whose search failed: unknown permissions search nothing.
func (t *task) unsearched(ctx context.Context, err error) End {
	if errors.Is(err, knowledge.ErrGroupsUnknown) {
		return t.record(ctx, gate.Outcome{Status: http.StatusForbidden, Code: gate.MissingRole}, End{State: PermissionsUnknown})
	}
	if ctx.Err() != nil {
		return t.record(ctx, gate.Outcome{Status: 499, Code: gate.Cancelled}, End{State: Stopped})
	}
	t.s.cfg.Log.LogAttrs(ctx, slog.LevelError, "the library could not be searched", slog.String("request", t.a.Reference), slog.Any("err", err))
	return t.record(ctx, gate.Outcome{Status: http.StatusInternalServerError, Code: gate.Internal}, End{State: Failed})
}

// record puts the outcome on the record before anybody sees it. No record, no answer.
func (t *task) record(ctx context.Context, o gate.Outcome, e End) End {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordDeadline)
	defer cancel()
	if err := t.op.Record(ctx, o); err != nil {
		t.s.cfg.Log.LogAttrs(ctx, slog.LevelError, "an outcome could not be recorded", slog.String("request", t.a.Reference), slog.Any("err", err))
		return End{State: RecordDown}
	}
	return e
}

func (t *task) step(s Step, count int) { t.a.add(Event{Kind: StepEvent, Step: s, Count: count}) }

// policies are the categories that a report was filtered for, without repeats.
func policies(r guard.Report) []guard.Category {
	var out []guard.Category
	for _, v := range r.Verdicts {
		if v.Filtered && !slices.Contains(out, v.Category) {
			out = append(out, v.Category)
		}
	}
	return out
}
