package openai

import (
	"errors"
	"net/http"
	"strconv"
	"sync"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/resource"
	"sallyport/internal/surface/httpx"
)

// body reads the request's body, after the caller is proven. Where the path names
// the deployment the operation is authorised before a byte is read; where the
// body does (v1) it is authorised before anything but that name is looked at.
func (c *call) body(decode func(json.Value) error) error {
	inPath := c.route.Identifiers[0] == DeploymentInPath
	if inPath {
		if err := c.enter(c.visit.Deployment); err != nil {
			return err
		}
		if err := c.policy(); err != nil {
			return err
		}
	}
	return c.s.room.JSONBody(c.w, c.r, c.s.config.MaxBody, &c.share, func(raw []byte) error {
		body, err := parse(raw)
		if err != nil {
			return err
		}
		if !inPath {
			name, err := named(body)
			if err != nil {
				return err
			}
			if err := c.enter(name); err != nil {
				return err
			}
			if err := c.policy(); err != nil {
				return err
			}
		}
		return decode(body)
	})
}

// policy refuses a content filter other than the deployment's own (section 11.5):
// a caller may not choose a weaker one.
func (c *call) policy() error {
	d := c.entry.Deployment()
	for _, name := range c.r.Header.Values("x-policy-id") {
		if d == nil || name != d.Filter {
			return problemPolicy
		}
	}
	return nil
}

func (c *call) chat() error {
	var conv *conversation.Conversation
	err := c.body(func(v json.Value) (err error) {
		conv, err = decodeChat(v, c.entry.Deployment().Limits)
		return err
	})
	if err != nil {
		return err
	}
	c.handed = true // from here on gate and exchange keep the record
	stream, limits, err := c.entry.Chat(c.r.Context(), conv)
	if err != nil {
		return err
	}
	limitHeaders(c.w.Header(), limits)
	stream = c.makingRoom(stream)
	h := &head{id: completionID(), created: c.s.config.Now().Unix(), model: c.entry.Deployment().Model.ID(),
		legacy: conv.Functions.Kind != json.Invalid && conv.Tools.Kind == json.Invalid}
	if conv.Stream {
		return c.stream(h, conv, stream)
	}
	return c.collect(h, conv, stream)
}

// makingRoom gives back what only judging and sending needed once the backend has
// taken the request.
func (c *call) makingRoom(stream conversation.Stream) conversation.Stream {
	return func(yield func(conversation.Event, error) bool) {
		for e, err := range stream {
			if e.Kind == conversation.Started {
				c.share.Answering()
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// answered sets the headers of an answer that the guards let through.
func (c *call) answered() {
	h := c.w.Header()
	h.Set(filterRan, "true")
	d := c.entry.Deployment()
	h.Set("x-ms-served-model", d.Model.ID())
	if region := servedIn(d); region != "" {
		h.Set("x-ms-region", region)
	} else {
		h.Del("x-ms-region")
	}
}

// servedIn is the region in which d's answers are made, or "" when several
// backends leave it open: a header that may be wrong is worse than none.
func servedIn(d *resource.Deployment) string {
	region := ""
	for i, b := range d.Backends {
		if i > 0 && b.Region.Name != region {
			return ""
		}
		region = b.Region.Name
	}
	return region
}

var answers = sync.Pool{New: func() any { b := make([]byte, 0, 8<<10); return &b }}

// withBuffer lends an empty buffer and wipes it afterwards: it held content.
func withBuffer(use func([]byte) []byte) {
	held := answers.Get().(*[]byte)
	b := use((*held)[:0])
	clear(b)
	if cap(b) <= 1<<20 {
		*held = b[:0]
		answers.Put(held)
	}
}

func (c *call) collect(h *head, conv *conversation.Conversation, stream conversation.Stream) error {
	a, err := exchange.Collect(stream, conv.Choices)
	if err != nil {
		return err
	}
	if a.Ticket != "" {
		return c.held(a.Ticket)
	}
	h.fingerprint = a.Fingerprint
	c.answered()
	withBuffer(func(b []byte) []byte {
		b = appendCompletion(b, h, &a)
		c.w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_ = httpx.WriteOnce(c.w, http.StatusOK, b) // the record is settled; a client that left is nobody's error
		return b
	})
	return nil
}

// held answers for an answer that waits for a person. The API has no form for it.
func (c *call) held(ticket string) error {
	c.w.Header().Set("x-sallyport-review", ticket)
	return &Problem{Status: http.StatusForbidden, Code: "ResponseHeldForReview", Message: "The response is held until a reviewer releases it.",
		outcome: gate.ContentFiltered, recorded: true, noRetry: true, judged: true}
}

// streaming is one event stream under way.
type streaming struct {
	c       *call
	h       *head
	out     *httpx.EventWriter
	wants   bool // usage was asked for
	usage   *conversation.Usage
	begun   bool                  // the backend took the request
	role    []bool                // choices whose role chunk is out
	ended   []conversation.Finish // by choice
	pending bool                  // something waits that must not wait longer
}

// stream writes the chunks of section 6.1. The status line goes out once the
// backend has taken the request: whatever refuses before is a plain JSON error.
//
// Every released piece is flushed at once. Finish, usage and the end come in one
// go after the record is settled, so they share one write.
func (c *call) stream(h *head, conv *conversation.Conversation, events conversation.Stream) error {
	s := &streaming{c: c, h: h, wants: conv.Usage, out: httpx.NewEventWriter(c.w, 0),
		role: make([]bool, conv.Choices), ended: make([]conversation.Finish, conv.Choices)}
	defer s.out.Wipe()
	for e, err := range events {
		if err == nil {
			err = s.event(&e)
		}
		if err != nil {
			return s.abort(err)
		}
		if s.pending {
			s.pending = false
			if err := s.flush(); err != nil {
				return err // leaves the range: the exchange sees it and cancels upstream
			}
		}
	}
	if !s.begun {
		return errNoAnswer
	}
	if s.wants && s.usage != nil && s.served() {
		s.data(func(b []byte) []byte { return appendUsageChunk(b, h, s.usage) })
	}
	s.out.Append(streamEnd)
	return s.flush()
}

var errNoAnswer = errors.New("the stream ended without an answer")

const streamEnd = "data: [DONE]\n\n"

// served reports whether any choice was let through: a stream that the filter
// blocked ends without usage, even when usage was asked for (section 6.1).
func (s *streaming) served() bool {
	for _, f := range s.ended {
		if f != conversation.Filtered {
			return true
		}
	}
	return false
}

func (s *streaming) event(e *conversation.Event) error {
	if e.Lane.Choice < 0 || e.Lane.Choice >= len(s.role) {
		return errors.New("an event of a choice that was not asked for")
	}
	switch e.Kind {
	case conversation.Started:
		if e.Fingerprint != "" {
			s.h.fingerprint = e.Fingerprint
		}
		s.begun, s.pending = true, true
	case conversation.Verdict:
		if !s.begun {
			s.data(func(b []byte) []byte { return appendPromptChunk(b, &e.Report) })
			return nil
		}
		s.chunk(chunk{choice: e.Lane.Choice, report: &e.Report})
		s.pending = true
	case conversation.Delta:
		s.begun = true
		if s.ended[e.Lane.Choice] != conversation.NotFinished {
			return errors.New("text after the end of a choice")
		}
		call := e.Lane.Kind == conversation.ToolCall
		s.open(e.Lane.Choice, call)
		piece := chunk{choice: e.Lane.Choice, report: &e.Report, event: e}
		if call {
			piece.report = nil
		}
		s.chunk(piece)
		s.pending = true
	case conversation.Finished:
		s.begun = true
		s.open(e.Lane.Choice, false)
		end := chunk{choice: e.Lane.Choice, finish: e.Finish}
		if e.Finish == conversation.Filtered {
			end.report = &e.Report
		}
		s.chunk(end)
		s.ended[e.Lane.Choice] = e.Finish
	case conversation.UsageTold:
		usage := e.Usage
		s.usage = &usage
	case conversation.Held:
		if s.c.w.Status == 0 {
			return s.c.held(e.Ticket)
		}
		for i, f := range s.ended {
			if f == conversation.NotFinished {
				s.open(i, false)
				s.chunk(chunk{choice: i, finish: conversation.Filtered})
				s.ended[i] = conversation.Filtered
			}
		}
	}
	return nil // steps are for people
}

// open writes the choice's role chunk before its first other one.
func (s *streaming) open(choice int, call bool) {
	if !s.role[choice] {
		s.role[choice] = true
		s.chunk(chunk{choice: choice, role: true, noText: call})
	}
}

func (s *streaming) chunk(c chunk) {
	c.nullable = s.wants
	s.data(func(b []byte) []byte { return appendChunk(b, s.h, c) })
}

func (s *streaming) data(add func([]byte) []byte) {
	s.out.Keep(append(add(append(s.out.Buffer(), "data: "...)), "\n\n"...))
}

// flush sends what waits, after the headers of a stream if it is the first.
func (s *streaming) flush() error {
	if s.c.w.Status == 0 {
		s.c.answered()
		h := s.c.w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("x-accel-buffering", "no")
	}
	return s.out.Flush()
}

// abort ends a stream that failed. Before the first byte the error is an ordinary
// one; after it the stream tells that it failed (section 6.4), in words of ours.
func (s *streaming) abort(err error) error {
	if s.c.w.Status == 0 {
		return err
	}
	s.out.Append(`data: {"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}` + "\n\n" + streamEnd)
	_ = s.out.Flush() // the error below is the one that matters
	return err
}
