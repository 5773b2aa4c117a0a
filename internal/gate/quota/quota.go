// Package quota holds deployments to their limits of tokens and requests per
// minute. The worst case of an operation is reserved before the backend is
// called and settled with what was used, so a limit is never overshot by
// operations that happen at the same time.
//
// What is counted, against Azure (reference/azure-openai.md, section 14.3):
//
//   - A charge belongs to the moment of its reservation, as in Azure: a stream
//     that lasts longer than a minute does not block the minutes after it.
//   - The window slides: in any 60 seconds, whenever they begin, the charges of
//     one deployment are at most its limit. Azure restarts a counter each minute,
//     which lets two full limits pass around the restart.
//   - Azure never settles its estimate; we give back what was not used.
//   - Refused requests are not counted: a client that obeys Retry-After gets
//     through, and one that does not takes nothing from the others.
//
// The ledger lives in memory. After a crash Restore brings back the charges that
// the record shows for the last minute. Time is an input.
package quota

import (
	"math"
	"sync"
	"time"
)

// Window is the span over which limits count.
const Window = time.Minute

// slot is the grain of the window. A charge leaves the count between 60 and 61
// seconds after it was made, never earlier.
const slot = time.Second

// slots covers the window and the slot in progress.
const slots = int64(Window/slot) + 1

// Key names what is limited.
type Key struct{ Resource, Deployment string }

// Limits of a key, per minute. Zero means no limit.
type Limits struct{ Tokens, Requests int }

// State is the limits of a key and what is left of them, for reply headers.
type State struct {
	Set                              bool // a limit is set
	LimitTokens, RemainingTokens     int
	LimitRequests, RemainingRequests int
	// ResetTokens and ResetRequests say after how long the whole limit is free
	// again if nothing else is asked. Of a limit that refuses they say after how long
	// it lets the same request in: headers that name two times leave a client to guess.
	ResetTokens, ResetRequests time.Duration
}

// Verdict is the answer to a reservation. The zero Verdict refuses.
type Verdict uint8

// The verdicts.
const (
	Refused    Verdict = iota // the ledger cannot say; never with RetryAfter
	OverTokens                // the token limit has no room
	OverCalls                 // the request limit has no room
	Granted
)

// Ledger counts. It is safe for concurrent use. Its size is bounded by the
// number of keys, and callers MUST only pass configured ones.
type Ledger struct {
	mu      sync.RWMutex
	windows map[Key]*window // guarded by mu
}

// New returns an empty ledger.
func New() *Ledger { return &Ledger{windows: map[Key]*window{}} }

// window is what one key was charged in the last slots.
type window struct {
	mu     sync.Mutex
	now    int64 // number of the newest slot seen
	tokens [slots]int
	calls  [slots]int
	sumTok int // of tokens
	sumCal int // of calls
}

// Hold is a reservation. The zero Hold settles nothing.
type Hold struct {
	w      *window
	slot   int64
	tokens int
	limits Limits
}

// Reserve charges key with tokens and one request, or refuses and says how long
// to wait until the same request would fit if nothing else is asked.
func (l *Ledger) Reserve(key Key, limits Limits, tokens int, now time.Time) (Hold, State, time.Duration, Verdict) {
	if tokens < 0 {
		return Hold{}, State{}, 0, Refused
	}
	w := l.window(key)
	w.mu.Lock()
	defer w.mu.Unlock()
	at := w.advance(now)
	if limits.Requests > 0 && w.sumCal+1 > limits.Requests {
		s := w.state(limits, now)
		s.ResetRequests = w.freed(&w.calls, w.sumCal+1-limits.Requests, now)
		return Hold{}, s, s.ResetRequests, OverCalls
	}
	if limits.Tokens > 0 && tokens > limits.Tokens-w.sumTok {
		s := w.state(limits, now)
		s.ResetTokens = w.freed(&w.tokens, w.sumTok+tokens-limits.Tokens, now)
		return Hold{}, s, s.ResetTokens, OverTokens
	}
	w.charge(at, tokens, 1)
	return Hold{w: w, slot: at, tokens: tokens, limits: limits}, w.state(limits, now), 0, Granted
}

// Settle replaces the reservation by what was used. More than was reserved is
// charged too, to the same moment: the ledger never forgets a token.
func (h Hold) Settle(used int, now time.Time) {
	if h.w == nil {
		return
	}
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	h.w.advance(now)
	if h.w.now-h.slot < slots { // else it has left the window
		h.w.charge(h.slot, max(used, 0)-h.tokens, 0)
	}
}

// State is the limits and what is left of them now.
func (l *Ledger) State(key Key, limits Limits, now time.Time) State {
	w := l.window(key)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advance(now)
	return w.state(limits, now)
}

// Restore charges key for a request that was made at the time at, before this
// process began. A charge that has left the window is ignored, and one from the
// future (the clock went back) counts as made now.
func (l *Ledger) Restore(key Key, tokens int, at, now time.Time) {
	w := l.window(key)
	w.mu.Lock()
	defer w.mu.Unlock()
	newest := w.advance(now)
	s := min(number(at), newest)
	if newest-s < slots {
		w.charge(s, max(tokens, 0), 1)
	}
}

func (l *Ledger) window(key Key) *window {
	l.mu.RLock()
	w := l.windows[key]
	l.mu.RUnlock()
	if w != nil {
		return w
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if w = l.windows[key]; w == nil {
		w = &window{now: math.MinInt64}
		l.windows[key] = w
	}
	return w
}

func number(t time.Time) int64 {
	n := t.UnixNano() / int64(slot)
	if t.UnixNano()%int64(slot) < 0 {
		n--
	}
	return n
}

func index(n int64) int64 { return ((n % slots) + slots) % slots }

// advance drops what has left the window and returns the slot to charge. Time
// that went back charges the newest slot: nothing leaves earlier because of it.
func (w *window) advance(t time.Time) int64 {
	n := number(t)
	switch {
	case w.now == math.MinInt64 || n-w.now >= slots:
		w.tokens, w.calls, w.sumTok, w.sumCal = [slots]int{}, [slots]int{}, 0, 0
		w.now = n
	case n > w.now:
		for s := w.now + 1; s <= n; s++ {
			i := index(s)
			w.sumTok -= w.tokens[i]
			w.sumCal -= w.calls[i]
			w.tokens[i], w.calls[i] = 0, 0
		}
		w.now = n
	}
	return w.now
}

func (w *window) charge(at int64, tokens, calls int) {
	i := index(at)
	w.tokens[i] += tokens
	w.calls[i] += calls
	w.sumTok += tokens
	w.sumCal += calls
}

// freed is the time until need units have left the window: a full window when
// they never will, because the request alone is over the limit.
func (w *window) freed(units *[slots]int, need int, now time.Time) time.Duration {
	for s := w.now - slots + 1; s <= w.now; s++ {
		if need -= units[index(s)]; need <= 0 {
			return w.leaves(s, now)
		}
	}
	return Window
}

// leaves is the time until slot s leaves the window. It is told in whole windows
// at most: who comes back a slot early is told to wait for that slot.
func (w *window) leaves(s int64, now time.Time) time.Duration {
	end := time.Unix(0, (s+slots)*int64(slot))
	return min(max(end.Sub(now), slot), Window)
}

func (w *window) state(limits Limits, now time.Time) State {
	s := State{
		Set:               limits.Tokens > 0 || limits.Requests > 0,
		LimitTokens:       limits.Tokens,
		LimitRequests:     limits.Requests,
		RemainingTokens:   max(limits.Tokens-w.sumTok, 0),
		RemainingRequests: max(limits.Requests-w.sumCal, 0),
	}
	if s.Set {
		s.ResetTokens, s.ResetRequests = w.reset(&w.tokens, now), w.reset(&w.calls, now)
	}
	return s
}

func (w *window) reset(units *[slots]int, now time.Time) time.Duration {
	for s := w.now; s > w.now-slots; s-- {
		if units[index(s)] != 0 {
			return w.leaves(s, now)
		}
	}
	return 0
}
