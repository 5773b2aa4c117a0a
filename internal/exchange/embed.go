package exchange

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/gate"
)

// Embed judges the texts of r as any prompt, then asks a lawful backend for
// their vectors. Its errors are those of Run.
func (x *Exchange) Embed(ctx context.Context, p *gate.Passage, r EmbedRequest) ([]Vector, conversation.Usage, guard.Report, error) {
	e := &embedding{x: x, p: p, r: r}
	return e.run(ctx)
}

type embedding struct {
	x *Exchange
	p *gate.Passage
	r EmbedRequest
}

func (e *embedding) run(ctx context.Context) ([]Vector, conversation.Usage, guard.Report, error) {
	none := conversation.Usage{}
	report, err := e.judge(ctx)
	if err != nil {
		return nil, none, report, err
	}
	permit, err := e.p.Commit(ctx, report)
	if err != nil {
		return nil, none, report, err
	}
	out := gate.Outcome{Status: http.StatusOK, OK: true, Report: report, Finish: conversation.Stop.String()}
	vectors, usage, err := e.dispatch(ctx, permit, &out)
	switch {
	case err == nil:
		if usage.Prompt <= 0 || usage.Prompt > mostTokens {
			usage = conversation.Usage{Prompt: e.x.Count(e.r.Texts...), Estimated: true}
			usage.Total = usage.Prompt
		}
	case ctx.Err() != nil:
		out.OK, out.Status, out.Code, out.Finish = false, statusClientLeft, gate.Cancelled, "unknown"
	default:
		out.OK, out.Status, out.Code, out.Finish = false, http.StatusInternalServerError, gate.BackendFailed, "unknown"
		if up, ok := errors.AsType[*UpstreamError](err); ok {
			out.Status = up.Fault.Status()
		}
	}
	out.PromptTokens, out.Estimated = usage.Prompt, usage.Estimated
	if serr := e.p.Settle(ctx, out); serr != nil {
		return nil, none, report, serr
	}
	return vectors, usage, report, err
}

// judge shows every text to the prompt side of the filter. What the filter masks
// is masked in the request too.
func (e *embedding) judge(ctx context.Context) (guard.Report, error) {
	policy := e.x.policy(ctx, e.p)
	if policy == nil {
		return e.unjudged(ctx, errors.New("the deployment's content filter is not set up"))
	}
	c := &conversation.Conversation{Turns: make([]conversation.Turn, len(e.r.Texts)+1)}
	for i, t := range e.r.Texts {
		c.Turns[i] = turnOf(t)
	}
	c.Turns[len(e.r.Texts)] = turnOf(e.r.User)
	report, _, err := policy.Prompt(ctx, c)
	if err != nil {
		return e.unjudged(ctx, err)
	}
	if report.Action == guard.Refuse || report.Action == guard.Hold || report.Scanned < report.Total {
		err := e.p.Refuse(ctx, gate.Outcome{Status: http.StatusBadRequest, Code: gate.ContentFiltered, Report: report, Finish: conversation.Filtered.String()})
		if err == nil {
			err = &Blocked{Report: report}
		}
		return report, err
	}
	masked := make([]content.Text, len(e.r.Texts))
	for i := range masked {
		masked[i] = c.Turns[i].Parts[0].Text
	}
	e.r.Texts, e.r.User = masked, c.Turns[len(e.r.Texts)].Parts[0].Text
	return report, nil
}

func (e *embedding) unjudged(ctx context.Context, cause error) (guard.Report, error) {
	o := gate.Outcome{Status: http.StatusServiceUnavailable, Code: gate.GuardUnavailable}
	var err error = &GuardFailure{Cause: cause}
	if ctx.Err() != nil {
		o.Status, o.Code, err = statusClientLeft, gate.Cancelled, ctx.Err()
	}
	if rerr := e.p.Refuse(ctx, o); rerr != nil {
		err = rerr
	}
	return guard.Report{}, err
}

func turnOf(t content.Text) conversation.Turn {
	return conversation.Turn{Role: conversation.UserRole, Parts: []conversation.Part{{Kind: conversation.Text, Origin: conversation.User, Text: t}}}
}

func (e *embedding) dispatch(ctx context.Context, permit gate.Permit, out *gate.Outcome) ([]Vector, conversation.Usage, error) {
	var last error = &UpstreamError{Fault: Unreachable}
	for _, b := range permit.Backends() {
		backend := e.x.Backend(e.p.Entry().Deployment, b)
		if backend == nil {
			continue
		}
		out.Backend = b.Name
		vectors, usage, err := e.ask(ctx, backend, permit)
		if err == nil && len(vectors) != len(e.r.Texts) {
			err = &UpstreamError{Backend: b.Name, Fault: Garbage, Cause: errors.New("not one vector for each text")}
		}
		if err == nil {
			return vectors, usage, nil
		}
		if !retryable(err) || ctx.Err() != nil {
			return nil, conversation.Usage{}, err
		}
		last = err
	}
	return nil, conversation.Usage{}, last
}

// ask contains the backend's panics: an outcome is owed whatever it does.
func (e *embedding) ask(ctx context.Context, b Backend, permit gate.Permit) (v []Vector, u conversation.Usage, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, u, err = nil, conversation.Usage{}, fmt.Errorf("backend panicked: %T", p)
		}
	}()
	return b.Embed(ctx, permit, e.r)
}
