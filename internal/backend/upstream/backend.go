package upstream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
)

// Backend is one upstream as exchange.Backend sees it, for one model. It is safe
// for concurrent use.
type Backend struct {
	s                *shared
	chat, embeddings target
}

// shared is what the models of one upstream have in common.
type shared struct {
	cfg     Config
	dialect Dialect
	client  *client
	breaker *breaker
	count   counters
}

// target is where a model's operation lives. No model, no URL.
type target struct {
	model string
	url   *url.URL // never written after it was made: requests share it
}

var _ exchange.Backend = (*Backend)(nil)

// New returns a Backend that asks chatModel for answers and embeddingModel for
// vectors; without a model the operation is refused as unsupported. All findings
// about cfg are reported at once. Nothing is dialled before the first call.
func New(cfg Config, d Dialect, chatModel, embeddingModel string) (*Backend, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("backend %s: %w", cfg.Name, err)
	}
	cfg = cfg.withDefaults()
	if !strings.HasPrefix(cfg.Endpoint.Path, "/") { // url.JoinPath leaves out a leading slash that was not there
		u := *cfg.Endpoint
		u.Path, u.RawPath = "/"+u.Path, ""
		cfg.Endpoint = &u
	}
	s := &shared{cfg: cfg, dialect: d, breaker: newBreaker(cfg)}
	s.client = newClient(cfg, &s.count)
	return s.models(chatModel, embeddingModel)
}

// ForModel returns the same upstream for another model (its name as the upstream
// knows it), for answers and vectors alike. Connections, breaker and counters are shared.
func (b *Backend) ForModel(name string) (*Backend, error) { return b.s.models(name, name) }

func (s *shared) models(chat, embeddings string) (*Backend, error) {
	b := &Backend{s: s}
	for _, m := range []struct {
		t    *target
		op   Operation
		name string
	}{{&b.chat, Chat, chat}, {&b.embeddings, Embeddings, embeddings}} {
		if m.name == "" {
			continue
		}
		if len(m.name) > 256 || !validKey(m.name) {
			return nil, fmt.Errorf("backend %s: a model's name must be 1 to 256 printable ASCII characters", s.cfg.Name)
		}
		if s.dialect.CheckModel != nil {
			if err := s.dialect.CheckModel(m.name); err != nil {
				return nil, fmt.Errorf("backend %s: %w", s.cfg.Name, err)
			}
		}
		u := s.dialect.URL(s.cfg.Endpoint, m.op, m.name)
		if hostPort(u) != hostPort(s.cfg.Endpoint) || u.Scheme != s.cfg.Endpoint.Scheme {
			return nil, fmt.Errorf("backend %s: %w", s.cfg.Name, errHost)
		}
		*m.t = target{m.name, u}
	}
	return b, nil
}

// Name is the backend's name in the configuration.
func (b *Backend) Name() string { return b.s.cfg.Name }

// Stats returns the counters, shared by all models of the upstream.
func (b *Backend) Stats() Stats { return b.s.count.stats() }

// Circuit is the breaker's state: "closed", "half-open" or "open".
func (b *Backend) Circuit() string {
	if b.s.breaker.cb == nil {
		return "closed"
	}
	return b.s.breaker.cb.State().String()
}

// Close closes the connections that nobody uses. Calls under way go on.
func (b *Backend) Close() { b.s.client.tr.CloseIdleConnections() }

func (t target) options(s *shared) options {
	o := options{noStreamOptions: s.cfg.NoStreamOptions, limitField: s.cfg.LimitField}
	if s.dialect.NamesModel {
		o.model = t.model
	}
	return o
}

// Stream answers c as exchange.Backend demands. A caller that streams is served
// from a stream of the backend, one that does not from a single JSON answer; the
// events are the same but for their number. Nothing happens before the loop over
// the stream begins, and leaving the loop ends the request.
func (b *Backend) Stream(ctx context.Context, p gate.Permit, c *conversation.Conversation) conversation.Stream {
	var used atomic.Bool
	return func(yield func(conversation.Event, error) bool) {
		if used.Swap(true) {
			yield(conversation.Event{}, b.s.fault(exchange.Garbage, errUsed))
			return
		}
		if err := b.stream(ctx, p, c, yield); err != nil {
			yield(conversation.Event{}, err)
		}
	}
}

func (b *Backend) stream(ctx context.Context, p gate.Permit, c *conversation.Conversation, yield func(conversation.Event, error) bool) (failed *exchange.UpstreamError) {
	s := b.s
	if err := b.admit(p, b.chat); err != nil {
		return err
	}
	body, refused := appendChat(nil, c, b.chat.options(s))
	if refused != nil {
		e := s.fault(refused.fault, refused.cause)
		e.Param = refused.param
		return e
	}
	t, ok := s.breaker.allow()
	if !ok {
		s.count.opened.Add(1)
		e := s.fault(exchange.CircuitOpen, errCircuit)
		e.Retryable = true
		return e
	}
	a := &answer{s: s, most: s.cfg.Limits.Text, n: max(1, c.Choices), tick: &t}
	a.yield = yield
	// A panic of the consumer passes through here: the ticket is settled all the same.
	defer func() { t.settle(verdict(failed, a.started)) }()

	first := s.cfg.Timeouts.FirstByte
	whole := s.cfg.Timeouts.Whole
	if !c.Stream {
		first, whole = s.cfg.Timeouts.Unary, s.cfg.Timeouts.Unary
	}
	k, failed := s.send(ctx, b.chat.url, body, c.Stream, first, whole)
	if failed != nil {
		return failed
	}
	complete := false
	defer func() { k.close(complete) }()
	var err *exchange.UpstreamError
	if events, ferr := s.form(k.resp, c.Stream); ferr != nil {
		err = ferr
	} else if events {
		complete, err = s.readEvents(k, a, c.Sampling.Logprobs)
	} else {
		complete, err = s.readAnswer(k, a, c.Sampling.Logprobs)
	}
	if a.gone {
		return nil // the consumer asked for no more
	}
	return err
}

// admit holds what must be true before anything is encoded.
func (b *Backend) admit(p gate.Permit, t target) *exchange.UpstreamError {
	if !p.Allows(b.s.cfg.Name) {
		return b.s.fault(exchange.Denied, ErrNotPermitted)
	}
	if t.url == nil {
		return b.s.fault(exchange.Unsupported, errNoModel)
	}
	return nil
}

// send sends body and returns the call of a 200. The headers are a closed list;
// none of them comes from the caller.
func (s *shared) send(ctx context.Context, u *url.URL, body []byte, stream bool, first, whole time.Duration) (*call, *exchange.UpstreamError) {
	if err := ctx.Err(); err != nil {
		return nil, s.leftFault(err)
	}
	h := http.Header{
		"Content-Type": {"application/json"},
		"Accept":       {"application/json"},
		"User-Agent":   {"sallyport"},
	}
	if stream {
		h["Accept"] = []string{"text/event-stream"}
	}
	if s.cfg.Key != nil {
		key, err := s.cfg.Key(ctx)
		if err != nil || !validKey(key) || key == "" {
			return nil, s.fault(exchange.Denied, errNoKey)
		}
		s.dialect.Authorize(h, key)
	}
	k, err := s.client.send(ctx, u, h, body, first, whole)
	if err != nil {
		return nil, s.sendFault(err)
	}
	k.most = s.cfg.Limits.Answer
	if k.resp.StatusCode == http.StatusOK {
		if enc := k.resp.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
			k.close(false)
			return nil, s.fault(exchange.Garbage, errEncoded)
		}
		return k, nil
	}
	const most, patience = 64 << 10, 5 * time.Second
	k.phase(patience)
	told, rerr := io.ReadAll(io.LimitReader(k, most))
	k.close(rerr == nil)
	return nil, s.statusFault(k.resp, told)
}

// form reports whether the answer is an event stream; else it is JSON. A server
// that does not say is taken to have done as asked.
func (s *shared) form(resp *http.Response, asked bool) (events bool, err *exchange.UpstreamError) {
	ct := resp.Header.Get("Content-Type")
	if ct == "" {
		return asked, nil
	}
	media, _, merr := mime.ParseMediaType(ct)
	switch {
	case merr != nil:
	case media == "text/event-stream":
		return true, nil
	case media == "application/json":
		return false, nil
	}
	return false, s.fault(exchange.Garbage, errMediaType)
}

// readEvents reads a stream to its end. complete: the backend has said all it had to.
func (s *shared) readEvents(k *call, a *answer, probs bool) (complete bool, failed *exchange.UpstreamError) {
	sc, release := newScanner(k, s.cfg.Limits.Line)
	defer release()
	return s.readFrom(sc, a, probs,
		func() { k.phase(s.cfg.Timeouts.Idle) },
		func() bool { return k.ctx.Err() == nil })
}

// readFrom is readEvents without the network. heard is called for each event,
// running reports whether the call goes on.
func (s *shared) readFrom(sc *scanner, a *answer, probs bool, heard func(), running func() bool) (complete bool, failed *exchange.UpstreamError) {
	r := readers.Get().(*reader)
	defer r.release()
	var c chunk
	for {
		ev, err := sc.next()
		if err != nil {
			// Servers that end without [DONE], or drop the connection behind the last
			// event, have said all when every choice has ended.
			if (err == io.EOF || s.readFault(err).Fault == exchange.Cut && running()) && a.whole() {
				return err == io.EOF, a.end()
			}
			return false, s.readFault(err)
		}
		if string(bytes.TrimSpace(ev.data)) == "[DONE]" {
			return true, a.end()
		}
		if err := r.answer(ev.data, &c, probs); err != nil {
			if ev.partial {
				continue // the end cut it off: what the reader says next decides
			}
			return false, s.fault(exchange.Garbage, err)
		}
		if ev.failure && !c.told.present {
			c.told.present = true
		}
		heard()
		if failed := a.take(&c); failed != nil || a.gone {
			return false, failed
		}
	}
}

// readAnswer reads an answer that is one JSON text.
func (s *shared) readAnswer(k *call, a *answer, probs bool) (complete bool, failed *exchange.UpstreamError) {
	body, release, failed := s.readBody(k)
	if failed != nil {
		return false, failed
	}
	defer release()
	r := readers.Get().(*reader)
	defer r.release()
	var c chunk
	if err := r.answer(body, &c, probs); err != nil {
		return true, s.fault(exchange.Garbage, err)
	}
	if failed := a.take(&c); failed != nil {
		return true, failed
	}
	return true, a.end()
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBody reads all of an answer that is not a stream. The bytes are valid until release.
func (s *shared) readBody(k *call) (body []byte, release func(), failed *exchange.UpstreamError) {
	k.most = max(1, s.cfg.Limits.Answer/4)
	buf := bodies.Get().(*bytes.Buffer)
	buf.Reset()
	release = func() {
		const keep = 256 << 10
		clear(buf.Bytes())
		if buf.Cap() <= keep {
			bodies.Put(buf)
		}
	}
	if n := k.resp.ContentLength; n > 0 && n <= 1<<20 {
		buf.Grow(int(n) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(k); err != nil {
		release()
		return nil, nil, s.readFault(err)
	}
	return buf.Bytes(), release, nil
}

// Embed returns one vector per text, in order.
func (b *Backend) Embed(ctx context.Context, p gate.Permit, r exchange.EmbedRequest) ([]exchange.Vector, conversation.Usage, error) {
	v, u, failed := b.embed(ctx, p, &r)
	if failed != nil {
		return nil, conversation.Usage{}, failed
	}
	return v, u, nil
}

func (b *Backend) embed(ctx context.Context, p gate.Permit, r *exchange.EmbedRequest) (v []exchange.Vector, u conversation.Usage, failed *exchange.UpstreamError) {
	s := b.s
	if failed := b.admit(p, b.embeddings); failed != nil {
		return nil, u, failed
	}
	if len(r.Texts) == 0 || r.Dimensions < 0 || r.Dimensions > mostDimensions {
		e := s.fault(exchange.BadRequest, errVectors)
		e.Param = "input"
		return nil, u, e
	}
	t, ok := s.breaker.allow()
	if !ok {
		s.count.opened.Add(1)
		e := s.fault(exchange.CircuitOpen, errCircuit)
		e.Retryable = true
		return nil, u, e
	}
	defer func() { t.settle(verdict(failed, false)) }()
	body := appendEmbeddings(r, b.embeddings.options(s))
	k, failed := s.send(ctx, b.embeddings.url, body, false, s.cfg.Timeouts.Unary, s.cfg.Timeouts.Unary)
	if failed != nil {
		return nil, u, failed
	}
	defer func() { k.close(true) }()
	if events, err := s.form(k.resp, false); err != nil || events {
		return nil, u, s.fault(exchange.Garbage, errMediaType)
	}
	data, release, failed := s.readBody(k)
	if failed != nil {
		return nil, u, failed
	}
	defer release()
	rd := readers.Get().(*reader)
	defer rd.release()
	v, u, told, err := rd.vectors(data, len(r.Texts), r.Dimensions)
	switch {
	case err != nil && told.present:
		return nil, u, s.toldFault(told)
	case err != nil:
		return nil, u, s.fault(exchange.Garbage, err)
	}
	return v, u, nil
}

// Bearer is a Dialect.Authorize that sends the key as a bearer token.
func Bearer(h http.Header, key string) { h["Authorization"] = []string{"Bearer " + key} }
