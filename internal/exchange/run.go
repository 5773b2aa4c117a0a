package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/filter"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
)

// partialWindow is how long text may wait in a partial window before it is scored,
// counted from the text and not from the last of it: a backend that sends a word
// at a time is scored twice a second.
const partialWindow = 500 * time.Millisecond

// bytesPerToken bounds an answer from above: more bytes than this per token of
// the limit cannot be honest, whatever the backend says of its usage.
const bytesPerToken = 16

// Limits of what a backend may send beside text, far above what any sends. More is
// no answer.
const (
	mostEvents = 4096 // beside as many as the answer may have bytes
	mostItems  = 128  // tool calls of one choice
	mostName   = 1024 // bytes of a tool call's name or id
	mostTokens = 1 << 40
)

// Config is what an exchange cannot run without.
type Config struct {
	// Policy returns the content filter of a name for a resource; nil refuses.
	Policy func(ctx context.Context, resource, name string) filter.Policy
	// Backend returns the adapter that serves d at b; nil means it was not set up.
	Backend func(d *resource.Deployment, b *resource.Backend) Backend
	// Count returns the tokens of texts of which a backend told no usage. Nil
	// estimates from the bytes.
	Count func(texts ...content.Text) int
}

// policy is the content filter of the deployment that p leads to.
func (x *Exchange) policy(ctx context.Context, p *gate.Passage) filter.Policy {
	e := p.Entry()
	return x.Policy(ctx, e.Resource.Name, e.Deployment.Filter)
}

// Exchange runs conversations. It is safe for concurrent use and holds no state.
type Exchange struct{ Config }

// New returns an exchange.
func New(c Config) (*Exchange, error) {
	if c.Policy == nil || c.Backend == nil {
		return nil, errors.New("exchange: a policy and backends are required")
	}
	if c.Count == nil {
		c.Count = estimate
	}
	return &Exchange{c}, nil
}

// Reserve is the worst case of c at d. No tokenizer makes more tokens than bytes.
func Reserve(c *conversation.Conversation, d *resource.Deployment) gate.Reserve {
	n := 0
	for l := range c.Texts() {
		n += l.Text.Len()
	}
	return gate.Reserve{Tokens: n + turnOverhead*len(c.Turns) + max(c.Choices, 1)*c.MaxTokens}
}

// turnOverhead is what a chat template adds to a turn.
const turnOverhead = 8

// EmbedReserve is the worst case of r.
func EmbedReserve(r EmbedRequest) gate.Reserve {
	n := 0
	for _, t := range r.Texts {
		n += t.Len()
	}
	return gate.Reserve{Tokens: n + turnOverhead*len(r.Texts)}
}

// Run judges c, dispatches it and releases what passes. The stream yields the
// verdict on the prompt first. Its errors are *Blocked, *GuardFailure,
// *UpstreamError and *gate.Refusal; each is on the record when it is yielded.
// Finish, usage and the end of the stream come after the outcome is durable. The
// stream is single use: the passage ends with it.
func (x *Exchange) Run(ctx context.Context, p *gate.Passage, c *conversation.Conversation) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) {
		r := &run{x: x, p: p, c: c, yield: yield, out: gate.Outcome{Status: http.StatusOK, OK: true}}
		r.run(ctx)
	}
}

// run is one exchange under way.
type run struct {
	x       *Exchange
	p       *gate.Passage
	c       *conversation.Conversation
	yield   func(conversation.Event, error) bool
	left    bool // the consumer broke out
	told    bool // something of the answer was released
	id      uint64
	watch   filter.Watch
	ends    []conversation.Event // finish and usage, kept until the outcome is durable
	usage   *conversation.Usage
	started bool
	open    map[int]bool // the choices that came: whether the backend has not finished them
	bytes   int          // of text
	events  int
	settled bool
	out     gate.Outcome
}

func (r *run) run(ctx context.Context) {
	policy := r.x.policy(ctx, r.p)
	if policy == nil {
		r.refuse(ctx, guard.Report{}, errors.New("the deployment's content filter is not set up"))
		return
	}
	report, subs, err := policy.Prompt(ctx, r.c)
	switch {
	case err != nil:
		r.refuse(ctx, report, err)
		return
	case report.Action == guard.Refuse || report.Action == guard.Hold || report.Scanned < report.Total:
		r.block(ctx, report)
		return
	}
	permit, err := r.p.Commit(ctx, report)
	if err != nil {
		r.fail(err)
		return
	}
	// From here on an intent is on the record and an outcome is owed, however this
	// function is left: by an error, by a consumer that breaks out, by a panic.
	defer func() {
		if !r.settled && !r.left {
			r.out.OK, r.out.Status, r.out.Code = false, r.status(http.StatusInternalServerError), gate.Internal
		}
		_ = r.settle(ctx)
	}()
	if !r.emit(conversation.Event{Kind: conversation.Verdict, Report: report}) {
		return
	}
	r.watch = policy.Answer(r.c, subs)
	r.answer(ctx, permit)
}

// refuse ends an exchange whose guards could not judge.
func (r *run) refuse(ctx context.Context, report guard.Report, cause error) {
	if ctx.Err() != nil {
		r.leave(ctx)
		return
	}
	err := r.p.Refuse(ctx, gate.Outcome{Status: http.StatusServiceUnavailable, Code: gate.GuardUnavailable, Report: report})
	if err != nil {
		r.fail(err)
		return
	}
	r.fail(&GuardFailure{Cause: cause})
}

// leave ends an exchange whose client went before anything was committed.
func (r *run) leave(ctx context.Context) {
	if err := r.p.Refuse(ctx, gate.Outcome{Status: statusClientLeft, Code: gate.Cancelled}); err != nil {
		r.fail(err)
		return
	}
	r.fail(context.Canceled)
}

// statusClientLeft is nginx's word for a client that closed the connection; it is
// on the record only, nobody is there to read it on the wire.
const statusClientLeft = 499

func (r *run) block(ctx context.Context, report guard.Report) {
	err := r.p.Refuse(ctx, gate.Outcome{
		Status: http.StatusBadRequest, Code: gate.ContentFiltered, Report: report, Finish: conversation.Filtered.String(),
		PromptTokens: r.promptTokens(), Estimated: true,
	})
	if err != nil {
		r.fail(err)
		return
	}
	r.fail(&Blocked{Report: report})
}

// answer reads the backend to its end, then settles, then tells how it ended.
func (r *run) answer(ctx context.Context, permit gate.Permit) {
	if err := r.read(ctx, permit); err != nil {
		r.failed(ctx, err)
		return
	}
	if r.left {
		return
	}
	if err := r.settle(ctx); err != nil {
		r.fail(err)
		return
	}
	for _, e := range r.ends {
		if !r.emit(e) {
			return
		}
	}
	r.emit(conversation.Event{Kind: conversation.UsageTold, Usage: *r.usage})
}

// failed ends an exchange whose backend or guards failed after the intent.
func (r *run) failed(ctx context.Context, err error) {
	r.out.OK = false
	var up *UpstreamError
	var guards *GuardFailure
	switch {
	case ctx.Err() != nil:
		r.out.Status, r.out.Code = statusClientLeft, gate.Cancelled
	case errors.As(err, &guards):
		r.out.Status, r.out.Code = r.status(http.StatusServiceUnavailable), gate.GuardUnavailable
	case errors.As(err, &up):
		r.out.Status, r.out.Code = r.status(up.Fault.Status()), gate.BackendFailed
	default:
		r.out.Status, r.out.Code = r.status(http.StatusInternalServerError), gate.Internal
	}
	if serr := r.settle(ctx); serr != nil {
		err = serr
	}
	r.fail(err)
}

// status is what the client of a failed answer was told: a stream that has begun
// goes on under its first status.
func (r *run) status(failed int) int {
	if r.c.Stream && r.told {
		return http.StatusOK
	}
	return failed
}

// read ranges over the backend's events, releases what the watch lets out, and
// scores what waits in a partial window. The pump has an owner: it ends before
// read returns. An answer that ends before its choices did is an error.
func (r *run) read(ctx context.Context, permit gate.Permit) error {
	ctx, cancel := context.WithCancel(ctx)
	r.open = map[int]bool{}
	items := make(chan item, 1) // back-pressure: the backend is read as the client takes
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		defer close(items)
		pump(ctx, r.dispatch(ctx, permit), items)
	}()
	defer func() { cancel(); <-stopped }()
	tick := time.NewTicker(partialWindow)
	defer tick.Stop()
	for {
		select {
		case i, ok := <-items:
			switch {
			case !ok && ctx.Err() != nil:
				return ctx.Err()
			case !ok:
				return r.whole()
			case i.err != nil:
				return i.err
			}
			if more, err := r.take(ctx, i.e); err != nil || !more {
				return err
			}
		case <-tick.C:
			if err := r.release(r.watch.Tick(ctx)); err != nil || r.left {
				return err
			}
			if r.watch.Done() {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

type item struct {
	e   conversation.Event
	err error
}

// pump sends what a backend yields until ctx ends. A backend's panic becomes an
// error: what it holds may be content, so only its type is told.
func pump(ctx context.Context, upstream conversation.Stream, items chan<- item) {
	send := func(i item) bool {
		select {
		case items <- i:
			return true
		case <-ctx.Done():
			return false
		}
	}
	defer func() {
		if p := recover(); p != nil {
			send(item{err: fmt.Errorf("backend panicked: %T", p)})
		}
	}()
	for e, err := range upstream {
		if !send(item{e, err}) {
			return
		}
	}
}

// whole is an error for an answer that ended without the ends of its choices.
func (r *run) whole() error {
	for _, open := range r.open {
		if open {
			return r.fault(Cut, "the answer ended before its choices did")
		}
	}
	if len(r.open) == 0 {
		return r.fault(Cut, "there is no answer")
	}
	return nil
}

func (r *run) fault(f Fault, cause string) error {
	return &UpstreamError{Backend: r.out.Backend, Fault: f, Cause: errors.New(cause)}
}

// dispatch tries the lawful backends in order, the next one only while nothing
// was read from the one before, whatever that one says of its error.
func (r *run) dispatch(ctx context.Context, permit gate.Permit) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) {
		var last error = &UpstreamError{Fault: Unreachable}
		for _, b := range permit.Backends() {
			backend := r.x.Backend(r.p.Entry().Deployment, b)
			if backend == nil {
				continue
			}
			r.out.Backend = b.Name // read only after the pump has sent or stopped
			retry, begun := false, false
			for e, err := range backend.Stream(ctx, permit, r.c) {
				if !begun && retryable(err) && ctx.Err() == nil {
					last, retry = err, true
					break
				}
				begun = true
				if !yield(e, err) || err != nil {
					return
				}
			}
			if !retry {
				return
			}
		}
		yield(conversation.Event{}, last)
	}
}

func retryable(err error) bool {
	var up *UpstreamError
	return errors.As(err, &up) && up.Retryable
}

// take handles one event of the backend. It reports whether to read on. What no
// answer can have ends it; of what it can have, only the fields that belong to the
// event's kind go on: the rest was not judged.
func (r *run) take(ctx context.Context, e conversation.Event) (bool, error) {
	if r.events++; r.events > r.limit()+mostEvents {
		return false, r.fault(Garbage, "the answer has events without end")
	}
	switch e.Kind {
	case conversation.UsageTold:
		r.tell(e.Usage)
		return true, nil
	case conversation.Started:
		if r.started {
			return false, r.fault(Garbage, "the answer began twice")
		}
		r.started = true
		return r.emit(conversation.Event{Kind: e.Kind, Model: e.Model, Fingerprint: fingerprint(e.Fingerprint)}), nil
	case conversation.Step:
		return r.emit(conversation.Event{Kind: e.Kind, Step: e.Step, Count: e.Count}), nil
	case conversation.Delta, conversation.Finished:
		if err := r.admit(&e); err != nil {
			return false, err
		}
	default:
		return false, r.fault(Garbage, "the answer has an event of unknown kind")
	}
	if e.Kind == conversation.Delta {
		room := r.limit() - r.bytes
		if r.bytes += e.Text.Len(); room < e.Text.Len() {
			// What still fits is part of the answer; the rest was not reserved.
			e.Text, r.bytes = e.Text.Cut(room), r.limit()
			if err := r.release(r.watch.Push(ctx, e)); err != nil {
				return false, err
			}
			return false, r.overrun(ctx)
		}
	} else {
		r.open[e.Lane.Choice] = false
	}
	if err := r.release(r.watch.Push(ctx, e)); err != nil {
		return false, err
	}
	return !r.left && !r.watch.Done(), nil
}

// admit checks that an answer can have the event: its lane exists and is open.
func (r *run) admit(e *conversation.Event) error {
	l := e.Lane
	if l.Choice < 0 || l.Choice >= max(r.c.Choices, 1) {
		return r.fault(Garbage, "the answer has a choice that was not asked for")
	}
	open, known := r.open[l.Choice]
	switch {
	case known && !open:
		return r.fault(Garbage, "a choice goes on behind its end")
	case e.Kind == conversation.Finished:
		if e.Finish == conversation.NotFinished || e.Finish > conversation.Filtered {
			return r.fault(Garbage, "a choice ended for no reason")
		}
		return nil
	case l.Kind == conversation.ToolCall && (l.Item < 0 || l.Item >= mostItems || e.Name.Len() > mostName || e.Call.Len() > mostName),
		l.Kind != conversation.ToolCall && l.Item != 0:
		return r.fault(Garbage, "a tool call is beyond its limits")
	case l.Kind != conversation.Text && l.Kind != conversation.Refusal && l.Kind != conversation.Reasoning && l.Kind != conversation.ToolCall:
		return r.fault(Garbage, "the answer has a piece of unknown kind")
	}
	r.open[l.Choice] = true
	return nil
}

// tell takes the backend's count. One that cannot be is left out: ours stands.
func (r *run) tell(u conversation.Usage) {
	for _, n := range []int{u.Prompt, u.Completion, u.Total, u.Reasoning, u.Cached, u.AcceptedPredict, u.RejectedPredct} {
		if n < 0 || n > mostTokens {
			return
		}
	}
	r.usage = &u
}

// limit is how many bytes an answer may have.
func (r *run) limit() int { return r.c.MaxTokens * max(r.c.Choices, 1) * bytesPerToken }

// overrun ends an answer that is longer than what was reserved for it.
func (r *run) overrun(ctx context.Context) error {
	for _, choice := range slices.Sorted(maps.Keys(r.open)) {
		if !r.open[choice] {
			continue
		}
		r.open[choice] = false
		es, err := r.watch.Push(ctx, conversation.Event{Kind: conversation.Finished, Lane: conversation.Lane{Choice: choice, Kind: conversation.Text}, Finish: conversation.Length})
		if err := r.release(es, err); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint is the backend's word in a form of ours: the word itself is text
// that no guard has read.
func fingerprint(word string) string {
	if word == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(word))
	return "fp_" + hex.EncodeToString(sum[:5])
}

// release passes on what the watch let out; ends wait for the outcome.
func (r *run) release(es []conversation.Event, err error) error {
	for _, e := range es {
		if e.Kind == conversation.Finished {
			r.ends = append(r.ends, e)
			continue
		}
		if !r.emit(e) {
			break
		}
	}
	if err != nil {
		return &GuardFailure{Cause: err}
	}
	return nil
}

func (r *run) emit(e conversation.Event) bool {
	if r.left {
		return false
	}
	r.id++
	e.ID = r.id
	r.left = !r.yield(e, nil)
	r.told = r.told || e.Kind == conversation.Started || e.Kind == conversation.Delta || e.Kind == conversation.Finished
	return !r.left
}

func (r *run) fail(err error) {
	if !r.left {
		r.left = true
		r.yield(conversation.Event{}, err)
	}
}

// settle puts the outcome on the record, once.
func (r *run) settle(ctx context.Context) error {
	if r.settled {
		return nil
	}
	r.settled = true
	if r.left && r.out.OK {
		r.out.OK, r.out.Status, r.out.Code = false, statusClientLeft, gate.Cancelled
	}
	if r.watch != nil {
		r.out.Report = r.watch.Report()
	}
	if r.usage == nil {
		// An estimate is never more than the limit that the answer was cut at.
		completion := min(tokensOf(r.bytes), r.c.MaxTokens*max(r.c.Choices, 1))
		r.usage = &conversation.Usage{Prompt: r.promptTokens(), Completion: completion, Estimated: true}
		r.usage.Total = r.usage.Prompt + r.usage.Completion
	}
	r.out.PromptTokens, r.out.CompletionTokens, r.out.Estimated = r.usage.Prompt, r.usage.Completion, r.usage.Estimated
	r.out.Finish = finishOf(r.ends, r.out.OK)
	return r.p.Settle(ctx, r.out)
}

// finishOf is the record's word for how the choices ended: the filter's end if
// there is one, else the first, unless the answer failed.
func finishOf(ends []conversation.Event, ok bool) string {
	word := "unknown"
	for i, e := range ends {
		if e.Finish == conversation.Filtered {
			return e.Finish.String()
		}
		if i == 0 && ok {
			word = e.Finish.String()
		}
	}
	return word
}

func (r *run) promptTokens() int {
	var texts []content.Text
	for l := range r.c.Texts() {
		texts = append(texts, *l.Text)
	}
	return r.x.Count(texts...)
}

// estimate is about right for English prose and never zero for a text.
func estimate(texts ...content.Text) int {
	n := 0
	for _, t := range texts {
		n += tokensOf(t.Len())
	}
	return n
}

func tokensOf(bytes int) int { return (bytes + 3) / 4 }
