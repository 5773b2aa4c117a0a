package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/exchange"
	"sallyport/internal/filter"
	"sallyport/internal/gate"
	"sallyport/internal/record/audit"
)

func delta(choice int, s string) conversation.Event {
	return conversation.Event{Kind: conversation.Delta, Lane: conversation.Lane{Choice: choice, Kind: conversation.Text}, Text: content.New(s)}
}

func end(choice int) conversation.Event {
	return conversation.Event{Kind: conversation.Finished, Lane: conversation.Lane{Choice: choice, Kind: conversation.Text}, Finish: conversation.Stop}
}

func in(e conversation.Event, l conversation.Lane) conversation.Event { e.Lane = l; return e }

var (
	started = conversation.Event{Kind: conversation.Started, Model: "m"}
	usage   = conversation.Event{Kind: conversation.UsageTold, Usage: conversation.Usage{Prompt: 7, Completion: 5, Total: 12}}
	errBoom = errors.New("boom")
	cut     = &exchange.UpstreamError{Backend: "one", Fault: exchange.Cut}
	away    = &exchange.UpstreamError{Backend: "one", Fault: exchange.Unreachable, Retryable: true}
)

// forever yields e until nobody listens.
func forever(first []conversation.Event, e conversation.Event) script {
	return func(_ context.Context, yield func(conversation.Event, error) bool) {
		for _, f := range first {
			if !yield(f, nil) {
				return
			}
		}
		for yield(e, nil) {
		}
	}
}

type fault func() error

func (f fault) Judge(context.Context, string, filter.Questions) (filter.Findings, error) {
	return filter.Findings{End: func(int) int { return 0 }}, f()
}
func (fault) Version() string { return "fault" }

// TestEndings is every way in which an exchange can end. Each ends on the record
// exactly once; run checks the order of record and events.
func TestEndings(t *testing.T) {
	long := strings.Repeat("All is well today. ", 30)
	lane := func(choice, item int, k conversation.Kind) conversation.Lane {
		return conversation.Lane{Choice: choice, Item: item, Kind: k}
	}
	call := func(item int, args string) conversation.Event {
		e := in(delta(0, args), lane(0, item, conversation.ToolCall))
		e.Name, e.Call = content.New("f"), content.New("call_1")
		return e
	}
	named := call(0, "{}")
	named.Name = content.New(strings.Repeat("n", 5000))
	refused := fault(func() error { return errBoom })
	const upstream = "BackendFailed unknown" // behind the status of the fault
	for name, tt := range map[string]struct {
		one, two exchange.Backend
		question string
		n        int
		max      int
		policy   filter.Guards
		broken   audit.Kind
		kinds    string // of events; "" is not looked at
		outcome  string // "" none is on the record
		err      any    // nil, or a pointer to the type wanted
		backend  string
	}{
		"whole":                        {one: says(nil, started, delta(0, "hello"), end(0), usage), kinds: "verdict started delta finished usage", outcome: "200  stop", backend: "one"},
		"two choices":                  {n: 2, one: says(nil, started, delta(0, "a"), delta(1, "b"), end(1), end(0), usage), kinds: "verdict started delta finished usage", outcome: "200  stop"},
		"fewer choices than asked for": {n: 3, one: says(nil, started, delta(0, "a"), end(0), usage), kinds: "verdict started delta finished usage", outcome: "200  stop"},
		"usage not told":               {one: says(nil, started, delta(0, "hello"), end(0)), kinds: "verdict started delta finished usage", outcome: "200  stop"},
		"empty answer":                 {one: says(nil, started, end(0), usage), kinds: "verdict started finished usage", outcome: "200  stop"},
		"step":                         {one: says(nil, conversation.Event{Kind: conversation.Step, Step: "reading"}, started, end(0)), kinds: "verdict step started finished usage", outcome: "200  stop"},

		"prompt refused":      {question: "the forbidden fruit", one: says(errBoom), kinds: "", outcome: "400 ContentFiltered content_filter", err: new(*exchange.Blocked)},
		"answer refused":      {one: says(nil, started, delta(0, long+"forbidden fruit "+long), end(0), usage), kinds: "verdict started finished usage", outcome: "200  content_filter"},
		"one of two refused":  {n: 2, one: says(nil, started, delta(0, "forbidden fruit"), end(0), delta(1, "fine"), end(1), usage), kinds: "verdict started delta finished usage", outcome: "200  content_filter"},
		"guards cannot judge": {policy: refused, one: says(nil, started), outcome: "503 GuardUnavailable", err: new(*exchange.GuardFailure)},

		"second backend":               {one: says(away), two: says(nil, started, delta(0, "hi"), end(0)), kinds: "verdict started delta finished usage", outcome: "200  stop", backend: "two"},
		"both away":                    {one: says(away), two: says(away), kinds: "verdict", outcome: upstream, err: new(*exchange.UpstreamError), backend: "two"},
		"no second try behind a byte":  {one: says(away, started), two: says(nil, started, end(0)), kinds: "verdict started", outcome: upstream, err: new(*exchange.UpstreamError), backend: "one"},
		"no second try when not asked": {one: says(cut), two: says(nil, started, end(0)), kinds: "verdict", outcome: upstream, err: new(*exchange.UpstreamError), backend: "one"},
		"backend not set up":           {two: says(nil, started, end(0)), kinds: "verdict started finished usage", outcome: "200  stop", backend: "two"},
		"no backend set up":            {kinds: "verdict", outcome: upstream, err: new(*exchange.UpstreamError)},
		"cut in the middle":            {one: says(cut, started, delta(0, long)), kinds: "verdict started delta", outcome: upstream, err: new(*exchange.UpstreamError)},
		"error behind the end":         {one: says(cut, started, delta(0, "hello"), end(0)), kinds: "verdict started delta", outcome: upstream, err: new(*exchange.UpstreamError)},
		"some other error":             {one: says(errBoom, started), kinds: "verdict started", outcome: "500 Internal unknown", err: new(error)},
		"nothing at all":               {one: says(nil), kinds: "verdict", outcome: upstream, err: new(*exchange.UpstreamError)},
		"never finished":               {one: says(nil, started, delta(0, long), usage), kinds: "verdict started delta", outcome: upstream, err: new(*exchange.UpstreamError)},
		"one of two never finished":    {n: 2, one: says(nil, started, delta(0, "a"), delta(1, "b"), end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"call never finished":          {one: says(nil, started, call(0, `{"a":1}`)), kinds: "verdict started", outcome: upstream, err: new(*exchange.UpstreamError)},
		"panics":                       {one: script(func(context.Context, func(conversation.Event, error) bool) { panic("secret words") }), kinds: "verdict", outcome: "500 Internal unknown", err: new(error)},
		"panics in the middle": {one: script(func(_ context.Context, y func(conversation.Event, error) bool) {
			y(started, nil)
			y(delta(0, long), nil)
			panic("secret")
		}), kinds: "verdict started delta", outcome: "500 Internal unknown", err: new(error)},
		"finished twice":                {one: says(nil, started, delta(0, "a"), end(0), end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"text behind the end":           {one: says(nil, started, end(0), delta(0, "more")), outcome: upstream, err: new(*exchange.UpstreamError)},
		"begun twice":                   {one: says(nil, started, started, end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"far choice":                    {one: says(nil, started, delta(1_000_000_000, "a"), end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"choice nobody asked for":       {one: says(nil, started, delta(1, "a"), end(1)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"negative choice":               {one: says(nil, started, delta(-1, "a"), end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"end of a negative choice":      {one: says(nil, started, end(0), end(-1)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"second text lane":              {one: says(nil, started, in(delta(0, "a"), lane(0, 1, conversation.Text)), end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"lane of no kind":               {one: says(nil, started, in(delta(0, "a"), lane(0, 0, conversation.UnknownKind)), end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"lane of a document":            {one: says(nil, started, in(delta(0, "a"), lane(0, 0, conversation.Document)), end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"too many calls":                {one: says(nil, started, call(128, "{}"), end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"negative call":                 {one: says(nil, started, call(-1, "{}"), end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"endless name":                  {one: says(nil, started, named, end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"ended for no reason":           {one: says(nil, started, conversation.Event{Kind: conversation.Finished}), outcome: upstream, err: new(*exchange.UpstreamError)},
		"unknown event":                 {one: says(nil, started, conversation.Event{Kind: 99}, end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"verdict of the backend's own":  {one: says(nil, started, conversation.Event{Kind: conversation.Verdict, Report: guard.Report{Action: guard.Pass}}, end(0)), outcome: upstream, err: new(*exchange.UpstreamError)},
		"endless empty pieces":          {one: forever([]conversation.Event{started}, delta(0, "")), outcome: upstream, err: new(*exchange.UpstreamError)},
		"endless usage":                 {one: forever([]conversation.Event{started, end(0)}, usage), outcome: upstream, err: new(*exchange.UpstreamError)},
		"endless steps":                 {one: forever(nil, conversation.Event{Kind: conversation.Step, Step: "reading"}), outcome: upstream, err: new(*exchange.UpstreamError)},
		"endless text":                  {max: 10, one: forever([]conversation.Event{started}, delta(0, "and more of it ")), kinds: "verdict started delta finished usage", outcome: "200  length"},
		"endless text in two":           {n: 2, max: 10, one: forever([]conversation.Event{started, delta(1, "b")}, delta(0, "and more of it ")), kinds: "verdict started delta finished usage", outcome: "200  length"},
		"intent cannot be written":      {broken: audit.Intent, one: says(errBoom), outcome: "", err: new(*gate.Refusal)},
		"outcome cannot be written":     {broken: audit.Outcome, one: says(nil, started, delta(0, "hi"), end(0), usage), kinds: "verdict started delta", outcome: "", err: new(*gate.Refusal)},
		"failure cannot be written":     {broken: audit.Outcome, one: says(cut, started), kinds: "verdict started", outcome: "", err: new(*gate.Refusal)},
		"prompt refusal not on record":  {broken: audit.Refused, question: "forbidden fruit", one: says(errBoom), outcome: "", err: new(*gate.Refusal)},
		"guard failure not on record":   {broken: audit.Refused, policy: refused, one: says(errBoom), outcome: "", err: new(*gate.Refusal)},
		"impossible usage":              {one: says(nil, started, delta(0, "hello"), end(0), conversation.Event{Kind: conversation.UsageTold, Usage: conversation.Usage{Prompt: -1 << 40, Completion: 3}}), kinds: "verdict started delta finished usage", outcome: "200  stop"},
		"call with empty arguments":     {one: says(nil, started, call(0, ""), end(0)), kinds: "verdict started delta finished usage", outcome: "200  stop"},
		"a call that says what is not":  {one: says(nil, started, call(0, `{"q":"fine"}`), call(1, `{"q":"forbidden fruit"}`), end(0)), kinds: "verdict started finished usage", outcome: "200  content_filter"},
		"refused in the refusal's lane": {one: says(nil, started, in(delta(0, "no forbidden fruit"), lane(0, 0, conversation.Refusal)), end(0)), kinds: "verdict started finished usage", outcome: "200  content_filter"},
	} {
		for _, stream := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%v", name, stream), func(t *testing.T) {
				w := newWorld(t)
				defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
				for n, b := range map[string]exchange.Backend{"one": tt.one, "two": tt.two} {
					if b != nil {
						w.backends[n] = b
					}
				}
				if tt.policy != nil {
					w.policy = newPolicy(t, tt.policy)
				}
				if tt.broken != 0 {
					w.ledger.broken[tt.broken] = true
				}
				c := ask("what is it?"+tt.question, max(tt.n, 1), stream)
				if tt.question != "" {
					c = ask(tt.question, 1, stream)
				}
				if tt.max > 0 {
					c.MaxTokens = tt.max
				}
				a := w.run(t.Context(), c, nil)
				if (a.err != nil) != (tt.err != nil) || tt.err != nil && !errors.As(a.err, tt.err) {
					t.Fatalf("error %v, want %T", a.err, tt.err)
				}
				if a.err != nil && strings.Contains(fmt.Sprint(a.err, errors.Unwrap(a.err)), "secret") {
					t.Errorf("the error holds what the backend panicked with: %v", a.err)
				}
				kinds := tt.kinds
				if !stream { // nothing of an answer that is not streamed comes before its end
					for _, part := range []string{" started delta", " delta"} {
						if strings.HasSuffix(kinds, part) && tt.err != nil && tt.broken == 0 && name != "error behind the end" {
							kinds = strings.TrimSuffix(kinds, " delta")
						}
					}
				}
				if kinds != "" && a.kinds() != kinds {
					t.Errorf("told %q, want %q", a.kinds(), kinds)
				}
				if tt.outcome == "" {
					return
				}
				if got, want := w.outcome(), sent(tt.outcome, stream, &a); got != want {
					t.Errorf("the record says %q, want %q", got, want)
				}
				if os := w.ledger.of(audit.Outcome); len(os) == 1 {
					if tt.backend != "" && os[0].Backend != tt.backend {
						t.Errorf("the record names backend %q, want %q", os[0].Backend, tt.backend)
					}
					if os[0].PromptTokens < 0 || os[0].CompletionTokens < 0 || os[0].PromptTokens == 0 && a.err == nil {
						t.Errorf("the record counts %d and %d tokens", os[0].PromptTokens, os[0].CompletionTokens)
					}
					if most := c.MaxTokens * c.Choices; name != "impossible usage" && os[0].CompletionTokens > most {
						t.Errorf("the record estimates %d tokens of an answer that may have %d", os[0].CompletionTokens, most)
					}
				}
				if last := a.events; a.err == nil && last[len(last)-1].Kind != conversation.UsageTold {
					t.Errorf("the last event is no usage")
				}
			})
		}
	}
}

// sent is the outcome with the status that the client got: the fault's, or the first
// one of a stream that had begun.
func sent(outcome string, stream bool, a *told) string {
	if up, ok := errors.AsType[*exchange.UpstreamError](a.err); ok {
		outcome = fmt.Sprint(up.Fault.Status(), " ", outcome)
	}
	if stream && a.err != nil && strings.Contains(a.kinds(), "started") {
		outcome = "200" + outcome[3:]
	}
	return outcome
}

// ordinary has every kind of event that a consumer can leave at.
var ordinary = says(nil, started, delta(0, strings.Repeat("All is well today. ", 30)), conversation.Event{Kind: conversation.Step, Step: "reading"},
	delta(1, strings.Repeat("So it is. ", 30)), end(0), end(1), usage)

// TestLeavingAtEveryEvent: whoever breaks out, at whatever event, leaves one
// outcome behind and no goroutine.
func TestLeavingAtEveryEvent(t *testing.T) {
	for _, stream := range []bool{true, false} {
		for at := 1; ; at++ {
			w := newWorld(t)
			ignore := goleak.IgnoreCurrent()
			w.backends["one"] = ordinary
			var last conversation.Event
			a := w.run(t.Context(), ask("hello", 2, stream), func(e conversation.Event, n int) bool { last = e; return n == at })
			goleak.VerifyNone(t, ignore)
			if len(a.events) < at {
				break
			}
			want := "499 Cancelled unknown"
			if last.Kind == conversation.Finished || last.Kind == conversation.UsageTold {
				want = "200  stop"
			}
			if got := w.outcome(); got != want {
				t.Errorf("left at event %d (kind %d): the record says %q, want %q", at, last.Kind, got, want)
			}
		}
	}
}

// TestCancelledAtEveryEvent: a context that ends ends the answer, from before the
// prompt is judged to behind the outcome.
func TestCancelledAtEveryEvent(t *testing.T) {
	for _, stream := range []bool{true, false} {
		for at := 0; at < 12; at++ {
			w := newWorld(t)
			ignore := goleak.IgnoreCurrent()
			ctx, cancel := context.WithCancel(t.Context())
			w.backends["one"] = script(func(ctx context.Context, yield func(conversation.Event, error) bool) {
				for _, e := range []conversation.Event{started, delta(0, strings.Repeat("All is well today. ", 30)), delta(0, "more")} {
					if !yield(e, nil) {
						return
					}
				}
				if at < 4 {
					<-ctx.Done() // a backend that waits for more
					yield(conversation.Event{}, ctx.Err())
					return
				}
				_ = yield(end(0), nil) && yield(usage, nil)
			})
			if at == 0 {
				cancel()
			}
			if !stream && at == 3 { // nothing more is told before the end: end it from outside
				time.AfterFunc(20*time.Millisecond, cancel)
			}
			var last conversation.Event
			a := w.run(ctx, ask("hello", 1, stream), func(e conversation.Event, n int) bool {
				last = e
				if n == at {
					cancel()
				}
				return false
			})
			cancel()
			goleak.VerifyNone(t, ignore)
			got := w.outcome()
			switch {
			case a.err == nil:
				if got != "200  stop" || last.Kind != conversation.UsageTold {
					t.Errorf("at %d: the answer is whole, the record says %q", at, got)
				}
			case !strings.HasPrefix(got, "499 Cancelled"):
				t.Errorf("at %d: error %v, the record says %q", at, a.err, got)
			}
			if at < 4 && a.err == nil {
				t.Errorf("at %d: an answer that was cut short ended well", at)
			}
		}
	}
}

// TestBackendIsGoneBeforeTheEnd: whoever ranged over an answer can rely on it that
// the backend has let go of the conversation and of its connection.
func TestBackendIsGoneBeforeTheEnd(t *testing.T) {
	w := newWorld(t)
	var gone atomic.Bool
	w.backends["one"] = script(func(_ context.Context, yield func(conversation.Event, error) bool) {
		defer func() {
			time.Sleep(50 * time.Millisecond)
			gone.Store(true)
		}()
		for yield(delta(0, "word "), nil) {
		}
	})
	w.run(t.Context(), ask("hello", 1, true), func(e conversation.Event, _ int) bool { return e.Kind == conversation.Delta })
	if !gone.Load() {
		t.Error("the backend is still at work")
	}
}

// TestConsumerPanics: the outcome is on the record, and the panic goes on.
func TestConsumerPanics(t *testing.T) {
	for _, stream := range []bool{true, false} {
		w := newWorld(t)
		w.backends["one"] = ordinary
		ignore := goleak.IgnoreCurrent()
		func() {
			defer func() {
				if recover() != "mine" {
					t.Error("the panic was swallowed")
				}
			}()
			for e := range w.exchange.Run(t.Context(), w.open("chat"), ask("hello", 2, stream)) {
				if e.Kind == conversation.Started {
					panic("mine")
				}
			}
		}()
		goleak.VerifyNone(t, ignore)
		if got := w.outcome(); got != "500 Internal unknown" {
			t.Errorf("the record says %q", got)
		}
	}
}

// TestRangedTwice: a stream is single use, and the second use does nothing.
func TestRangedTwice(t *testing.T) {
	w := newWorld(t)
	calls := 0
	w.backends["one"] = script(func(ctx context.Context, y func(conversation.Event, error) bool) { calls++; ordinary(ctx, y) })
	s := w.exchange.Run(t.Context(), w.open("chat"), ask("hello", 2, true))
	for range s {
	}
	for e, err := range s {
		if err == nil {
			t.Errorf("the second use told event %d", e.Kind)
		}
	}
	if got := w.outcome(); got != "200  stop" || calls != 1 {
		t.Errorf("%d calls, the record says %q", calls, got)
	}
}

// TestLateGuardInTheMiddle: a guard that hangs ends the answer at its deadline.
func TestLateGuardInTheMiddle(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		judged := 0
		w.policy = newPolicy(t, fault(func() error {
			if judged++; judged > 1 { // the prompt is judged first
				<-release
			}
			return nil
		}))
		w.backends["one"] = says(nil, started, delta(0, strings.Repeat("text ", 100)), end(0))
		began := time.Now()
		a := w.run(t.Context(), ask("hello", 1, true), nil)
		close(release)
		synctest.Wait()
		if _, ok := errors.AsType[*exchange.GuardFailure](a.err); !ok || a.kinds() != "verdict started" {
			t.Errorf("error %v, told %q", a.err, a.kinds())
		}
		if took := time.Since(began); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("took %v, the deadline is 5 s", took)
		}
	})
	if got := w.outcome(); got != "200 GuardUnavailable unknown" { // the stream had begun
		t.Errorf("the record says %q", got)
	}
}

// TestPartialWindowIsScoredInTime: text waits half a second at most, also when the
// backend keeps sending a word at a time.
func TestPartialWindowIsScoredInTime(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		sent := map[int]time.Time{} // when so many characters were
		n := 0
		w.backends["one"] = script(func(_ context.Context, yield func(conversation.Event, error) bool) {
			yield(started, nil)
			for range 40 {
				time.Sleep(400 * time.Millisecond)
				n += 5
				mu.Lock()
				sent[n] = time.Now()
				mu.Unlock()
				if !yield(delta(0, "word "), nil) {
					return
				}
			}
			time.Sleep(3 * time.Second)
			_ = yield(end(0), nil) && yield(usage, nil)
		})
		// The last words wait for the end: "fruit" may follow. They are the list's
		// longest term with the signs that may stand in it, and no more.
		const hold = 2 * len("forbidden fruit")
		got := 0
		a := w.run(t.Context(), ask("hello", 1, true), func(e conversation.Event, _ int) bool {
			mu.Lock()
			defer mu.Unlock()
			if e.Kind == conversation.Delta {
				for i := got + 1; i <= got+e.Text.Len(); i++ {
					if at, ok := sent[i+hold]; ok && time.Since(at) > 500*time.Millisecond {
						t.Errorf("character %d waited %v", i, time.Since(at))
					}
				}
				got += e.Text.Len()
			}
			return false
		})
		if a.err != nil || got != 200 {
			t.Errorf("error %v, %d characters", a.err, got)
		}
	})
}

// TestSlowConsumerSlowsTheBackend: what nobody takes is not read ahead.
func TestSlowConsumerSlowsTheBackend(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		var yielded atomic.Int32
		w.backends["one"] = script(func(_ context.Context, yield func(conversation.Event, error) bool) {
			for _, e := range []conversation.Event{started, delta(0, strings.Repeat("a ", 100)), delta(0, strings.Repeat("b ", 100)), delta(0, "c"), delta(0, "d"), delta(0, "e"), end(0)} {
				if !yield(e, nil) {
					return
				}
				yielded.Add(1)
			}
		})
		w.run(t.Context(), ask("hello", 1, true), func(e conversation.Event, _ int) bool {
			if e.Kind == conversation.Started {
				time.Sleep(time.Minute)
				if n := yielded.Load(); n > 3 {
					t.Errorf("the backend was read %d events ahead", n)
				}
			}
			return false
		})
	})
}

// TestUsageOfTheBackendCounts: the record and the consumer get the same count.
func TestUsageOfTheBackendCounts(t *testing.T) {
	w := newWorld(t)
	w.backends["one"] = says(nil, started, delta(0, "hello"), end(0), usage)
	a := w.run(t.Context(), ask("hello", 1, true), nil)
	o := w.ledger.of(audit.Outcome)[0]
	if u := a.events[len(a.events)-1].Usage; u != usage.Usage || o.PromptTokens != 7 || o.CompletionTokens != 5 {
		t.Errorf("told %+v, recorded %d and %d", u, o.PromptTokens, o.CompletionTokens)
	}
}

// TestOnlyWhatBelongsGoesOn: fields of an event that were never judged stay behind.
func TestOnlyWhatBelongsGoesOn(t *testing.T) {
	w := newWorld(t)
	dirty := func(e conversation.Event) conversation.Event {
		if e.Kind != conversation.Delta {
			e.Text = content.New("unjudged")
			e.Call, e.Name = e.Text, e.Text
			e.Citations = []conversation.Citation{{Source: conversation.Source{Title: e.Text}}}
			e.Ticket = "unjudged"
		}
		return e
	}
	w.backends["one"] = says(nil, dirty(started), dirty(conversation.Event{Kind: conversation.Step, Step: "reading", Count: 3}), delta(0, "hello"), dirty(end(0)), dirty(usage))
	for _, e := range w.run(t.Context(), ask("hello", 1, true), nil).events {
		if e.Kind != conversation.Delta && (!e.Text.Empty() || !e.Call.Empty() || !e.Name.Empty() || len(e.Citations) > 0 || e.Ticket != "") {
			t.Errorf("event %d carries %+v", e.Kind, e)
		}
	}
}

// TestCollect: a whole answer is the collected stream, and a refused choice has no text.
func TestCollect(t *testing.T) {
	w := newWorld(t)
	call := in(delta(1, `{"a":`), conversation.Lane{Choice: 1, Kind: conversation.ToolCall})
	call.Name, call.Call = content.New("f"), content.New("id")
	w.backends["one"] = says(nil, started, delta(0, "the forbidden"), call, delta(0, " fruit"), end(0), in(delta(1, "1}"), call.Lane), in(delta(1, "why"), conversation.Lane{Choice: 1, Kind: conversation.Reasoning}), end(1), usage)
	a, err := exchange.Collect(w.exchange.Run(t.Context(), w.open("chat"), ask("hello", 3, false)), 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Choices) != 2 || a.Choices[0].Finish != conversation.Filtered || !a.Choices[0].Text.Empty() || a.Model != "m" || a.Usage != usage.Usage {
		t.Errorf("collected %d choices, the first ended %v", len(a.Choices), a.Choices[0].Finish)
	}
	if c := a.Choices[1]; len(c.Calls) != 1 || c.Calls[0] != (exchange.Call{ID: content.New("id"), Name: content.New("f"), Arguments: content.New(`{"a":1}`)}) || c.Reasoning != content.New("why") {
		t.Errorf("the second has %d calls", len(c.Calls))
	}
	if _, err := exchange.Collect(says(cut, started, delta(0, "a")).Stream(t.Context(), gate.Permit{}, nil), 1); !errors.Is(err, cut) {
		t.Errorf("error %v", err)
	}
}

type vectors struct {
	script
	answer func() ([]exchange.Vector, conversation.Usage, error)
}

func (v vectors) Embed(context.Context, gate.Permit, exchange.EmbedRequest) ([]exchange.Vector, conversation.Usage, error) {
	return v.answer()
}

func TestEmbedEndings(t *testing.T) {
	two := func(n int, u conversation.Usage, err error) exchange.Backend {
		return vectors{answer: func() ([]exchange.Vector, conversation.Usage, error) { return make([]exchange.Vector, n), u, err }}
	}
	told := conversation.Usage{Prompt: 4, Total: 4}
	for name, tt := range map[string]struct {
		one, two exchange.Backend
		text     string
		outcome  string
		ok       bool
	}{
		"whole":          {one: two(2, told, nil), outcome: "200  stop", ok: true},
		"usage not told": {one: two(2, conversation.Usage{}, nil), outcome: "200  stop", ok: true},
		"odd usage":      {one: two(2, conversation.Usage{Prompt: -9}, nil), outcome: "200  stop", ok: true},
		"second backend": {one: two(0, told, away), two: two(2, told, nil), outcome: "200  stop", ok: true},
		"too few":        {one: two(1, told, nil), outcome: "500 BackendFailed unknown"},
		"limited":        {one: two(0, told, &exchange.UpstreamError{Fault: exchange.Limited}), outcome: "429 BackendFailed unknown"},
		"fails":          {one: two(0, told, cut), two: two(2, told, nil), outcome: "500 BackendFailed unknown"},
		"panics":         {one: vectors{answer: func() ([]exchange.Vector, conversation.Usage, error) { panic("secret") }}, outcome: "500 BackendFailed unknown"},
		"refused":        {one: two(2, told, nil), text: "forbidden fruit", outcome: "400 ContentFiltered content_filter"},
	} {
		w := newWorld(t)
		for n, b := range map[string]exchange.Backend{"one": tt.one, "two": tt.two} {
			if b != nil {
				w.backends[n] = b
			}
		}
		got, u, _, err := w.exchange.Embed(t.Context(), w.open("vectors"), exchange.EmbedRequest{Texts: []content.Text{content.New("a" + tt.text), content.New(tt.text + " b")}})
		if (err == nil) != tt.ok || tt.ok && (len(got) != 2 || u.Prompt <= 0) || !tt.ok && got != nil {
			t.Errorf("%s: %d vectors, usage %+v, error %v", name, len(got), u, err)
		}
		if o := w.outcome(); o != tt.outcome {
			t.Errorf("%s: the record says %q, want %q", name, o, tt.outcome)
		}
	}
}

// BenchmarkRun is a whole exchange of a short answer, the record in memory.
func BenchmarkRun(b *testing.B) {
	w := newWorld(b)
	w.backends["one"] = ordinary
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range w.exchange.Run(b.Context(), w.open("chat"), ask("hello", 2, true)) {
			if err != nil {
				b.Fatal(err)
			}
		}
		w.ledger.entries = w.ledger.entries[:0]
	}
	runtime.KeepAlive(w)
}
