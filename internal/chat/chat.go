// Package chat is what an employee's page works with: an in-process client of
// the exchange that asks with the employee's own identity. It holds no way to a
// model but the operation that the gate let in.
//
// The life of a question:
//
//	Ask      the question joins a conversation; its answer runs under a context of
//	         its own, so the page may leave and come back
//	screen   the question alone is judged; refused, it goes nowhere
//	search   the library is searched with the person's identity; nothing found
//	         means no model is called at all
//	recheck  the passages that may still be read become the prompt's documents
//	answer   the exchange shields, dispatches and releases; what it releases is
//	         cut in statements, each cited or marked as without a source
//	end      one End event, the last of every answer
//
// Conversations live in memory, belong to one browser session and die with it:
// there is no store of them, so there is nothing to seal, back up or erase.
// Counts, sizes and ages are bounded by Limits.
package chat

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/gate"
	"sallyport/internal/gate/identity"
)

// Operation is a question that the gate let in: who asks is proven, the right
// is checked. It is used for one answer.
type Operation interface {
	// Who asks.
	Who() identity.Principal
	// Reference is the request's id, which the page shows as a reference code.
	Reference() string
	// Answer reserves the worst case and runs the exchange. Errors are those of
	// gate.Entry.Open and exchange.Run.
	Answer(ctx context.Context, c *conversation.Conversation) conversation.Stream
	// Record ends the operation without a model: the outcome is durable on return.
	Record(ctx context.Context, o gate.Outcome) error
}

// Limits bound what a session may hold. Zero fields take the defaults.
type Limits struct {
	Sessions      int           // in the whole service
	Conversations int           // per session; the oldest makes room
	Turns         int           // per conversation
	Running       int           // answers per session
	QuestionBytes int           // of one question
	AnswerBytes   int           // released text of one answer
	Events        int           // of one answer
	Passages      int           // shown to the model
	Idle          time.Duration // a session nobody used is forgotten
	Unattended    time.Duration // an answer nobody attends ends
	Answer        time.Duration // an answer that takes longer ends
}

// DefaultLimits are the limits where a field is zero.
var DefaultLimits = Limits{
	Sessions:      2000,
	Conversations: 20,
	Turns:         40,
	Running:       2,
	QuestionBytes: 24000, // the page's 8000 characters, in any script
	AnswerBytes:   128 << 10,
	Events:        2000,
	Passages:      6,
	Idle:          30 * time.Minute,
	Unattended:    60 * time.Second,
	Answer:        5 * time.Minute,
}

// Config is what a Service cannot run without.
type Config struct {
	Library Library
	// Screen judges the question alone: the Prompt of the deployment's content
	// filter. An error refuses.
	Screen    func(context.Context, *conversation.Conversation) (guard.Report, error)
	System    content.Text // the instruction to the model, from the catalogue
	MaxTokens int          // the deployment's output limit
	Limits    Limits
	Log       *slog.Logger
}

// The errors that callers branch on.
var (
	// ErrNotFound: no such conversation or answer in this session. Another
	// session's looks the same.
	ErrNotFound = errors.New("chat: not in this session")
	ErrBusy     = errors.New("chat: an answer is still being written")
	ErrFull     = errors.New("chat: the conversation has as many turns as it may")
	ErrEmpty    = errors.New("chat: the question is empty")
	ErrTooLong  = errors.New("chat: the question is too long")
	ErrClosed   = errors.New("chat: closing")
)

// Service answers questions in the conversations of all sessions. Safe for
// concurrent use.
type Service struct {
	cfg Config
	*held
}

// held is what services of one kinship share: the conversations and their end.
type held struct {
	limits Limits
	stop   context.CancelFunc
	root   context.Context // ends every answer when the service closes
	runs   sync.WaitGroup  // running answers and the sweeper

	mu       sync.Mutex // guards sessions, everything below a session, closed
	sessions map[SessionKey]*session
	closed   bool
}

// SessionKey names a browser session without being its secret: a digest.
type SessionKey [32]byte

type session struct {
	owner         string // Principal.ID
	begun         int    // conversations so far: the next one's number
	used          time.Time
	conversations []*talk // oldest first
}

type talk struct {
	id     string
	number int
	turns  []*Answer
}

// New starts a service. Close ends it.
func New(cfg Config) *Service {
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	root, stop := context.WithCancel(context.Background())
	s := &Service{cfg, &held{limits: cfg.Limits, root: root, stop: stop, sessions: map[SessionKey]*session{}}}
	s.runs.Go(s.sweep)
	return s
}

// With returns a service over the same conversations for another set-up. An answer
// under way ends with the set-up that began it. Limits stay; Close of one ends both.
func (s *Service) With(cfg Config) *Service {
	cfg.Limits = s.limits
	if cfg.Log == nil {
		cfg.Log = s.cfg.Log
	}
	return &Service{cfg, s.held}
}

// Close ends every answer and waits for them, or for ctx.
func (s *held) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	done := make(chan struct{})
	go func() { s.runs.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ask adds a question to the conversation named id ("" starts one) and begins
// its answer. It returns at once; the answer's events tell the rest.
func (s *Service) Ask(key SessionKey, op Operation, id string, question content.Text) (*Answer, error) {
	switch {
	case question.Empty():
		return nil, ErrEmpty
	case question.Len() > s.cfg.Limits.QuestionBytes:
		return nil, ErrTooLong
	}
	who := op.Who()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	ses := s.sessionLocked(key, who.ID)
	if ses == nil {
		return nil, ErrNotFound
	}
	t := ses.talk(id)
	if id != "" && t == nil {
		return nil, ErrNotFound
	}
	if ses.running() >= s.cfg.Limits.Running || t != nil && t.running() {
		return nil, ErrBusy
	}
	if t == nil {
		ses.begun++
		t = &talk{id: newID(), number: ses.begun}
		ses.add(t, s.cfg.Limits.Conversations)
	}
	if len(t.turns) >= s.cfg.Limits.Turns {
		return nil, ErrFull
	}
	earlier := append([]*Answer(nil), t.turns...)
	ctx, cancel := context.WithTimeout(s.root, s.cfg.Limits.Answer)
	a := newAnswer(t.id, newID(), op.Reference(), question, s.cfg.Limits, cancel)
	t.turns = append(t.turns, a)
	s.runs.Go(func() {
		defer cancel()
		s.run(ctx, op, who, earlier, a)
	})
	return a, nil
}

// Answer finds an answer of this session and person.
func (s *held) Answer(key SessionKey, who identity.Principal, talkID, answerID string) (*Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.talkLocked(key, who, talkID); t != nil {
		for _, a := range t.turns {
			if a.ID == answerID {
				return a, nil
			}
		}
	}
	return nil, ErrNotFound
}

// Turns are the answers of a conversation of this session and person, oldest first.
func (s *held) Turns(key SessionKey, who identity.Principal, talkID string) ([]*Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.talkLocked(key, who, talkID)
	if t == nil {
		return nil, ErrNotFound
	}
	return append([]*Answer(nil), t.turns...), nil
}

// Brief names a conversation in a list.
type Brief struct {
	ID     string
	First  content.Text // its first question
	Turns  int
	Number int // counts the session's conversations from 1: a name without content
}

// Conversations lists this session's, newest first.
func (s *held) Conversations(key SessionKey, who identity.Principal) []Brief {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := s.sessions[key]
	if ses == nil || ses.owner != who.ID {
		return nil
	}
	ses.used = time.Now()
	list := make([]Brief, 0, len(ses.conversations))
	for i := len(ses.conversations) - 1; i >= 0; i-- {
		t := ses.conversations[i]
		if len(t.turns) > 0 {
			list = append(list, Brief{ID: t.id, First: t.turns[0].Question, Turns: len(t.turns), Number: t.number})
		}
	}
	return list
}

// Forget drops one conversation.
func (s *held) Forget(key SessionKey, who identity.Principal, talkID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.talkLocked(key, who, talkID)
	if t == nil {
		return ErrNotFound
	}
	ses := s.sessions[key]
	for i, c := range ses.conversations {
		if c == t {
			ses.conversations = append(ses.conversations[:i:i], ses.conversations[i+1:]...)
			break
		}
	}
	t.end(Stopped)
	return nil
}

// Has reports whether a conversation is in this session and this person's.
func (s *Service) Has(key SessionKey, who identity.Principal, talkID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.talkLocked(key, who, talkID) != nil
}

// End forgets a session with everything in it: signed out or found ended.
func (s *held) End(key SessionKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(key)
}

func (s *held) endLocked(key SessionKey) {
	if ses := s.sessions[key]; ses != nil {
		for _, t := range ses.conversations {
			t.end(Ended)
		}
		delete(s.sessions, key)
	}
}

// sessionLocked returns the memory of key for owner, making it at need; nil when
// the key is held by somebody else.
func (s *held) sessionLocked(key SessionKey, owner string) *session {
	ses := s.sessions[key]
	if ses == nil {
		if len(s.sessions) >= s.limits.Sessions {
			s.evictLocked()
		}
		ses = &session{owner: owner}
		s.sessions[key] = ses
	}
	if owner == "" || ses.owner != owner {
		return nil
	}
	ses.used = time.Now()
	return ses
}

func (s *held) talkLocked(key SessionKey, who identity.Principal, id string) *talk {
	ses := s.sessions[key]
	if ses == nil || who.ID == "" || ses.owner != who.ID {
		return nil
	}
	ses.used = time.Now()
	return ses.talk(id)
}

// evictLocked ends the session that was used longest ago.
func (s *held) evictLocked() {
	var oldest SessionKey
	var at time.Time
	for k, ses := range s.sessions {
		if at.IsZero() || ses.used.Before(at) {
			oldest, at = k, ses.used
		}
	}
	s.endLocked(oldest)
}

// sweep forgets idle sessions.
func (s *held) sweep() {
	tick := time.NewTicker(max(s.limits.Idle/8, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-s.root.Done():
			return
		case now := <-tick.C:
			s.mu.Lock()
			for k, ses := range s.sessions {
				if now.Sub(ses.used) > s.limits.Idle && ses.running() == 0 {
					s.endLocked(k)
				}
			}
			s.mu.Unlock()
		}
	}
}

func (ses *session) talk(id string) *talk {
	for _, t := range ses.conversations {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (ses *session) add(t *talk, most int) {
	for len(ses.conversations) >= most {
		ses.conversations[0].end(Stopped)
		ses.conversations = ses.conversations[1:]
	}
	ses.conversations = append(ses.conversations, t)
}

func (ses *session) running() int {
	n := 0
	for _, t := range ses.conversations {
		if t.running() {
			n++
		}
	}
	return n
}

func (t *talk) running() bool {
	return len(t.turns) > 0 && !t.turns[len(t.turns)-1].Done()
}

func (t *talk) end(why State) {
	for _, a := range t.turns {
		a.end(why)
	}
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	set(&l.Sessions, d.Sessions)
	set(&l.Conversations, d.Conversations)
	set(&l.Turns, d.Turns)
	set(&l.Running, d.Running)
	set(&l.QuestionBytes, d.QuestionBytes)
	set(&l.AnswerBytes, d.AnswerBytes)
	set(&l.Events, d.Events)
	set(&l.Passages, d.Passages)
	if l.Idle == 0 {
		l.Idle = d.Idle
	}
	if l.Unattended == 0 {
		l.Unattended = d.Unattended
	}
	if l.Answer == 0 {
		l.Answer = d.Answer
	}
	return l
}
