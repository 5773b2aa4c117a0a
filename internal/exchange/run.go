package exchange

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/filter"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
)

// partialWindow is how long text may wait in a partial window before it is scored.
const partialWindow = 500 * time.Millisecond

// bytesPerToken bounds an answer from above: more bytes than this per token of
// the limit cannot be honest, whatever the backend says of its usage.
const bytesPerToken = 32

// Config is what an exchange cannot run without.
type Config struct {
	// Policy returns the content filter of a name; nil refuses.
	Policy func(name string) filter.Policy
	// Backend returns the adapter that serves d at b; nil means it was not set up.
	Backend func(d *resource.Deployment, b *resource.Backend) Backend
	// Count returns the tokens of texts of which a backend told no usage. Nil
	// estimates from the bytes.
	Count func(texts ...content.Text) int
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
// Finish, usage and the end of the stream come after the outcome is durable.
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
	id      uint64
	watch   filter.Watch
	ends    []conversation.Event // finish and usage, kept until the outcome is durable
	usage   *conversation.Usage
	open    map[int]bool // choices without a finish
	bytes   int
	settled bool
	out     gate.Outcome
}

func (r *run) run(ctx context.Context) {
	policy := r.x.Policy(r.p.Entry().Deployment.Filter)
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
			r.out.OK, r.out.Status, r.out.Code = false, http.StatusInternalServerError, gate.Internal
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
		r.out.Status, r.out.Code = http.StatusServiceUnavailable, gate.GuardUnavailable
	case errors.As(err, &up):
		r.out.Status, r.out.Code = http.StatusBadGateway, gate.BackendFailed
	default:
		r.out.Status, r.out.Code = http.StatusInternalServerError, gate.Internal
	}
	if serr := r.settle(ctx); serr != nil {
		err = serr
	}
	r.fail(err)
}

// read ranges over the backend's events and releases what the watch lets out.
func (r *run) read(ctx context.Context, permit gate.Permit) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.open = map[int]bool{}
	upstream := r.dispatch(ctx, permit)
	if r.c.Stream {
		if err := r.paced(ctx, cancel, upstream); err != nil {
			return err
		}
	} else {
		for e, err := range upstream {
			if err != nil {
				return err
			}
			if more, err := r.take(ctx, e); err != nil || !more {
				if err != nil {
					return err
				}
				break
			}
		}
	}
	if r.left {
		return nil
	}
	return r.release(r.watch.Flush(ctx))
}

// paced reads a stream and scores what waits in a partial window when the
// backend pauses. The pump has an owner: it ends before paced returns.
func (r *run) paced(ctx context.Context, cancel context.CancelFunc, upstream conversation.Stream) error {
	type item struct {
		e   conversation.Event
		err error
	}
	items := make(chan item, 1) // back-pressure: the backend is read as the client takes
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		defer close(items)
		defer func() {
			if p := recover(); p != nil {
				select {
				case items <- item{err: fmt.Errorf("backend panicked: %T", p)}:
				case <-ctx.Done():
				}
			}
		}()
		for e, err := range upstream {
			select {
			case items <- item{e, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() { cancel(); <-stopped }()
	tick := time.NewTimer(partialWindow)
	defer tick.Stop()
	for {
		select {
		case i, ok := <-items:
			if !ok {
				return ctx.Err()
			}
			if i.err != nil {
				return i.err
			}
			if more, err := r.take(ctx, i.e); err != nil || !more {
				return err
			}
			tick.Reset(partialWindow)
		case <-tick.C:
			if err := r.release(r.watch.Tick(ctx)); err != nil || r.left {
				return err
			}
			tick.Reset(partialWindow)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// dispatch tries the lawful backends in order, the next one only while nothing
// was read from the one before.
func (r *run) dispatch(ctx context.Context, permit gate.Permit) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) {
		var last error = &UpstreamError{Fault: Unreachable}
		for _, b := range permit.Backends() {
			backend := r.x.Backend(r.p.Entry().Deployment, b)
			if backend == nil {
				continue
			}
			r.out.Backend = b.Name
			retry := false
			for e, err := range backend.Stream(ctx, permit, r.c) {
				if retryable(err) && ctx.Err() == nil {
					last, retry = err, true
					break
				}
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

// take handles one event of the backend. It reports whether to read on.
func (r *run) take(ctx context.Context, e conversation.Event) (bool, error) {
	switch e.Kind {
	case conversation.UsageTold:
		u := e.Usage
		r.usage = &u
		return true, nil
	case conversation.Started, conversation.Step:
		return r.emit(e), nil
	case conversation.Delta:
		r.bytes += e.Text.Len()
		r.see(e.Lane.Choice)
		if limit := r.c.MaxTokens * max(r.c.Choices, 1); r.bytes > limit*bytesPerToken {
			return false, r.overrun()
		}
	case conversation.Finished:
		r.see(e.Lane.Choice)
		r.open[e.Lane.Choice] = false
	default:
		return false, &UpstreamError{Backend: r.out.Backend, Fault: Garbage}
	}
	if err := r.release(r.watch.Push(ctx, e)); err != nil {
		return false, err
	}
	return !r.left && !r.watch.Done(), nil
}

func (r *run) see(choice int) {
	if _, known := r.open[choice]; !known {
		r.open[choice] = true
	}
}

// overrun ends an answer that is longer than what was reserved for it.
func (r *run) overrun() error {
	for choice, open := range r.open {
		if !open {
			continue
		}
		es, err := r.watch.Push(context.Background(), conversation.Event{Kind: conversation.Finished, Lane: conversation.Lane{Choice: choice, Kind: conversation.Text}, Finish: conversation.Length})
		if err := r.release(es, err); err != nil {
			return err
		}
	}
	return nil
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
		r.usage = &conversation.Usage{Prompt: r.promptTokens(), Completion: tokensOf(r.bytes), Estimated: true}
		r.usage.Total = r.usage.Prompt + r.usage.Completion
	}
	r.out.PromptTokens, r.out.CompletionTokens, r.out.Estimated = r.usage.Prompt, r.usage.Completion, r.usage.Estimated
	r.out.Finish = finishOf(r.ends)
	return r.p.Settle(ctx, r.out)
}

// finishOf is the record's word for how the choices ended: the filter's end if
// there is one, else the first.
func finishOf(ends []conversation.Event) string {
	word := "unknown"
	for i, e := range ends {
		if e.Finish == conversation.Filtered {
			return e.Finish.String()
		}
		if i == 0 {
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
