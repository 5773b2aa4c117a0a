package quota_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"sallyport/internal/gate/quota"
)

var (
	t0  = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	key = quota.Key{Resource: "r", Deployment: "d"}
)

func at(d time.Duration) time.Time { return t0.Add(d) }

func TestTokens(t *testing.T) {
	l, limits := quota.New(), quota.Limits{Tokens: 100}
	h, s, _, v := l.Reserve(key, limits, 80, t0)
	if v != quota.Granted || s.RemainingTokens != 20 || !s.Set || s.ResetTokens < time.Minute || s.ResetTokens > 61*time.Second {
		t.Fatalf("first: %v %+v", v, s)
	}
	_, s, wait, v := l.Reserve(key, limits, 30, at(10*time.Second))
	if v != quota.OverTokens || s.RemainingTokens != 20 || wait < 50*time.Second || wait > 51*time.Second {
		t.Fatalf("second: %v %+v, wait %v", v, s, wait)
	}
	h.Settle(10, at(11*time.Second))
	if s := l.State(key, limits, at(11*time.Second)); s.RemainingTokens != 90 {
		t.Errorf("after settling 10 of 80: %+v", s)
	}
	// A second Settle of the same hold would be the caller's error; the gate settles once.
	_, s, _, v = l.Reserve(key, limits, 90, at(12*time.Second))
	if v != quota.Granted || s.RemainingTokens != 0 {
		t.Errorf("the rest: %v %+v", v, s)
	}
	// What RetryAfter promises holds.
	_, _, wait, v = l.Reserve(key, limits, 10, at(13*time.Second))
	if v != quota.OverTokens {
		t.Fatalf("over the limit: %v", v)
	}
	if _, _, _, v = l.Reserve(key, limits, 10, at(13*time.Second+wait-2*time.Second)); v != quota.OverTokens {
		t.Errorf("two seconds early: %v", v)
	}
	if _, _, _, v = l.Reserve(key, limits, 10, at(13*time.Second+wait)); v != quota.Granted {
		t.Errorf("after RetryAfter: %v", v)
	}
}

func TestMoreThanTheWholeLimit(t *testing.T) {
	if _, _, wait, v := quota.New().Reserve(key, quota.Limits{Tokens: 100}, 101, t0); v != quota.OverTokens || wait != quota.Window {
		t.Errorf("%v, wait %v", v, wait)
	}
}

func TestRequests(t *testing.T) {
	l, limits := quota.New(), quota.Limits{Tokens: 1000, Requests: 3}
	for i := range 3 {
		if _, s, _, v := l.Reserve(key, limits, 1, at(time.Duration(i)*time.Second)); v != quota.Granted || s.RemainingRequests != 2-i {
			t.Fatalf("%d: %v %+v", i, v, s)
		}
	}
	for range 10 { // refused ones are not counted
		if _, _, wait, v := l.Reserve(key, limits, 1, at(5*time.Second)); v != quota.OverCalls || wait < 55*time.Second || wait > 56*time.Second {
			t.Fatalf("fourth: %v, wait %v", v, wait)
		}
	}
	if _, _, _, v := l.Reserve(key, limits, 1, at(61*time.Second)); v != quota.Granted {
		t.Errorf("after the first left: %v", v)
	}
}

func TestNoLimit(t *testing.T) {
	l := quota.New()
	h, s, _, v := l.Reserve(key, quota.Limits{}, 1<<40, t0)
	if v != quota.Granted || s.Set {
		t.Errorf("%v %+v", v, s)
	}
	h.Settle(1<<41, t0)
	if _, _, _, v := l.Reserve(key, quota.Limits{}, -1, t0); v != quota.Refused {
		t.Errorf("a negative reserve: %v", v)
	}
	(quota.Hold{}).Settle(5, t0)
}

func TestKeysAreApart(t *testing.T) {
	l, limits := quota.New(), quota.Limits{Tokens: 10}
	for _, k := range []quota.Key{key, {Resource: "r", Deployment: "e"}, {Resource: "s", Deployment: "d"}} {
		if _, _, _, v := l.Reserve(k, limits, 10, t0); v != quota.Granted {
			t.Errorf("%v: %v", k, v)
		}
	}
}

func TestOvershootIsCharged(t *testing.T) {
	l, limits := quota.New(), quota.Limits{Tokens: 100}
	h, _, _, _ := l.Reserve(key, limits, 10, t0)
	h.Settle(150, at(time.Second))
	if s := l.State(key, limits, at(time.Second)); s.RemainingTokens != 0 {
		t.Errorf("%+v", s)
	}
	if _, _, _, v := l.Reserve(key, limits, 1, at(2*time.Second)); v != quota.OverTokens {
		t.Errorf("%v", v)
	}
}

func TestLateSettleTouchesNothing(t *testing.T) {
	l, limits := quota.New(), quota.Limits{Tokens: 100}
	h, _, _, _ := l.Reserve(key, limits, 100, t0)
	l.Reserve(key, limits, 60, at(90*time.Second))
	h.Settle(0, at(91*time.Second))
	if s := l.State(key, limits, at(91*time.Second)); s.RemainingTokens != 40 {
		t.Errorf("a reservation that left the window was given back: %+v", s)
	}
}

func TestClockGoesBack(t *testing.T) {
	l, limits := quota.New(), quota.Limits{Tokens: 100}
	l.Reserve(key, limits, 100, t0)
	if _, _, _, v := l.Reserve(key, limits, 1, at(-time.Hour)); v != quota.OverTokens {
		t.Errorf("an hour back: %v", v)
	}
	if _, _, _, v := l.Reserve(key, limits, 1, at(30*time.Second)); v != quota.OverTokens {
		t.Errorf("forth again: %v", v)
	}
}

func TestRestore(t *testing.T) {
	l, limits := quota.New(), quota.Limits{Tokens: 100, Requests: 10}
	l.Restore(key, 50, at(-2*time.Minute), t0)
	l.Restore(key, 30, at(-30*time.Second), t0)
	l.Restore(key, 20, at(time.Hour), t0) // a clock that went back
	l.Restore(key, -5, t0, t0)
	if s := l.State(key, limits, t0); s.RemainingTokens != 50 || s.RemainingRequests != 7 {
		t.Errorf("%+v", s)
	}
	// A charge from the future stays for a whole window from now.
	l = quota.New()
	l.Restore(key, 20, at(3*time.Second), t0)
	if s := l.State(key, limits, at(50*time.Second)); s.RemainingTokens != 80 {
		t.Errorf("a charge from the future left early: %+v", s)
	}
	if s := l.State(key, limits, at(62*time.Second)); s.RemainingTokens != 100 {
		t.Errorf("a charge from the future stays: %+v", s)
	}
}

// charge is what one operation took, for the model beside the ledger.
type charge struct {
	at     time.Time
	tokens int
}

// In any 60 seconds, whenever they begin, what was reserved and not yet settled
// plus what was settled is at most the limit.
func TestNeverOvershot(t *testing.T) {
	const limit, calls = 1000, 40
	limits := quota.Limits{Tokens: limit, Requests: calls}
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 7))
		l := quota.New()
		var charges []charge
		type open struct {
			h quota.Hold
			i int
		}
		var holds []open
		now := t0
		granted := 0
		for range 600 {
			now = now.Add(time.Duration(r.IntN(2500)) * time.Millisecond)
			if n := r.IntN(400); len(holds) > 0 && r.IntN(3) == 0 {
				at := r.IntN(len(holds))
				o := holds[at]
				holds = append(holds[:at], holds[at+1:]...)
				used := r.IntN(charges[o.i].tokens + 1)
				o.h.Settle(used, now)
				charges[o.i].tokens = used
			} else if h, _, _, v := l.Reserve(key, limits, n, now); v == quota.Granted {
				charges = append(charges, charge{now, n})
				holds = append(holds, open{h, len(charges) - 1})
				granted++
			}
			tokens, count := 0, 0
			for _, c := range charges {
				if now.Sub(c.at) < quota.Window {
					tokens, count = tokens+c.tokens, count+1
				}
			}
			if tokens > limit || count > calls {
				t.Fatalf("seed %d: %d tokens and %d requests within a minute", seed, tokens, count)
			}
		}
		if granted < 50 {
			t.Errorf("seed %d: only %d of 600 were granted: the test shows nothing", seed, granted)
		}
	}
}

func TestNeverOvershotConcurrently(t *testing.T) {
	l, limits := quota.New(), quota.Limits{Tokens: 10_000, Requests: 500}
	var mu sync.Mutex
	held, calls := 0, 0
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for range 200 {
				n := r.IntN(100)
				// The model is charged before and uncharged after, so it never lags behind.
				h, _, _, v := l.Reserve(key, limits, n, t0)
				if v != quota.Granted {
					continue
				}
				mu.Lock()
				held, calls = held+n, calls+1
				mu.Unlock()
				if used := r.IntN(n + 1); r.IntN(2) == 0 {
					mu.Lock()
					held -= n - used
					mu.Unlock()
					h.Settle(used, t0)
				}
			}
		})
	}
	wg.Wait()
	s := l.State(key, limits, t0)
	if held > limits.Tokens || calls > limits.Requests {
		t.Errorf("held %d tokens, %d requests", held, calls)
	}
	if limits.Tokens-s.RemainingTokens != held || limits.Requests-s.RemainingRequests != calls {
		t.Errorf("the ledger says %+v, the callers %d tokens and %d requests", s, held, calls)
	}
}

func BenchmarkReserveAndSettle(b *testing.B) {
	l, limits := quota.New(), quota.Limits{Tokens: 1 << 50, Requests: 1 << 50}
	b.ReportAllocs()
	for b.Loop() {
		h, _, _, _ := l.Reserve(key, limits, 100, t0)
		h.Settle(50, t0)
	}
}

// What refuses names one time: the wait, and the reset of the limit that refused.
func TestTheWaitIsTheReset(t *testing.T) {
	for _, c := range []struct {
		limits quota.Limits
		want   quota.Verdict
		reset  func(quota.State) time.Duration
	}{
		{quota.Limits{Requests: 2}, quota.OverCalls, func(s quota.State) time.Duration { return s.ResetRequests }},
		{quota.Limits{Tokens: 20}, quota.OverTokens, func(s quota.State) time.Duration { return s.ResetTokens }},
	} {
		l := quota.New()
		for i := range 2 {
			l.Reserve(key, c.limits, 10, at(time.Duration(i)*14*time.Second))
		}
		_, s, wait, v := l.Reserve(key, c.limits, 10, at(15*time.Second))
		if v != c.want || wait > 47*time.Second || c.reset(s) != wait {
			t.Errorf("%v: wait %v, %+v", v, wait, s)
		}
	}
}
