// Package grounding says of each statement of an answer whether the sources it
// was given carry it.
//
// An answer is cut into statements. Rules come first: numbers with their units
// (converted), dates, names, negations, opposites and quantifiers are held
// against the sources and against the sentence that the statement is nearest
// to. What is left is judged by trees over lexical measures. Greetings,
// questions and refusals are not judged. The package does no I/O.
//
// The trees compare words, not meaning: a statement that says what the sources
// say in quite other words scores high. See MODEL_CARD.md for figures.
package grounding

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"sallyport/guard"
)

// Bounds of a request in bytes. The service that this package stands in for
// takes 7,500 characters of answer and question and 55,000 of sources; callers
// that speak its contract refuse beyond APIAnswer and APISources code points.
const (
	MaxAnswer   = 64 << 10
	MaxQuestion = 64 << 10
	MaxSources  = 1 << 20
	MaxPassages = 1024

	APIAnswer   = 7_500
	APIQuestion = 7_500
	APISources  = 55_000
)

// Errors of Check. Who gets one refuses.
var (
	ErrTooLong = errors.New("grounding: a text is longer than the bound")
	ErrNoText  = errors.New("grounding: no answer or no passage")
)

// Request is what is judged. Texts should be UTF-8; what is not is read as
// replacement characters.
type Request struct {
	Answer   string
	Question string // may be empty: a summary is judged without one
	Passages []string
}

// Support is what the sources say of a statement.
type Support uint8

// The zero value is the one that nobody would act on wrongly.
const (
	Unsupported  Support = iota // no source says so
	Contradicted                // a source says otherwise
	Supported
	Ignored // a greeting, question, refusal or heading: not judged
)

// String is the word for reports.
func (s Support) String() string {
	return [...]string{"unsupported", "contradicted", "supported", "ignored"}[min(s, Ignored)]
}

// Evidence is where the sources speak of a statement.
type Evidence struct {
	Passage int        // index in Request.Passages, -1 for none
	Span    guard.Span // bytes in that passage
}

// Statement is one sentence, item or row of the answer.
type Statement struct {
	Span    guard.Span // bytes in the answer
	Support Support
	Score   float64 // 0 is carried by the sources, 1 is not
	Why     Why     // the rule that decided, or the model
	// Fault is the part of the answer that is not carried, if a rule names one.
	Fault guard.Span
	// Evidence carries the statement, or says otherwise; for an unsupported one
	// it is the nearest.
	Evidence Evidence
}

// Result is what is said of an answer.
type Result struct {
	Statements []Statement // in order, without overlap
	Ungrounded bool        // at least one statement is unsupported or contradicted
	Share      float64     // code points of those, over those of all judged statements; 0 to 1
	Score      float64     // of the answer as a whole, 0 to 1; ranks answers
	Version    string
}

// Checker judges answers. It is safe for concurrent use.
type Checker struct {
	w       *Weights
	meaning Meaning
}

// New returns a checker with the weights that ship, after their self-test.
// Where m is nil, or the weights were trained without vectors, none are asked
// for.
func New(m Meaning) (*Checker, error) {
	w, err := shipped()
	if err != nil {
		return nil, err
	}
	return NewWith(w, m)
}

var shipped = sync.OnceValues(func() (*Weights, error) { return LoadWeights(weightsFile) })

// NewWith is New with other weights.
func NewWith(w *Weights, m Meaning) (*Checker, error) {
	c := &Checker{w: w, meaning: m}
	if err := c.SelfTest(context.Background()); err != nil {
		return nil, err
	}
	return c, nil
}

// Untested is a checker for training, without a self-test.
func Untested(w *Weights, m Meaning) *Checker { return &Checker{w: w, meaning: m} }

// Version names the weights.
func (c *Checker) Version() string { return c.w.version }

// Check is New and Checker.Check with the weights that ship.
func Check(ctx context.Context, r Request) (Result, error) {
	c, err := once()
	if err != nil {
		return Result{}, err
	}
	return c.Check(ctx, r)
}

var once = sync.OnceValues(func() (*Checker, error) { return New(nil) })

// SelfTest runs the checks that came with the weights.
func (c *Checker) SelfTest(ctx context.Context) error {
	if len(c.w.SelfTest) == 0 {
		return errors.New("grounding: weights without a self-test")
	}
	for i, t := range c.w.SelfTest {
		r, err := c.Check(ctx, Request{t.Answer, t.Question, []string{t.Passage}})
		if err != nil {
			return fmt.Errorf("grounding: self-test %d: %w", i, err)
		}
		if len(r.Statements) != 1 || r.Statements[0].Support != t.Support || c.meaning == nil && math.Abs(r.Statements[0].Score-t.Score) > 1e-4 {
			return fmt.Errorf("grounding: self-test %d failed", i)
		}
	}
	return nil
}

// check is the state of one call.
type check struct {
	w              *Weights
	x              *index
	answer         string
	questionKeys   map[uint32]bool
	questionValues []value
	questionTerms  []term
	questionWeight float64
	sentenceQ      []float32 // of each sentence, its share of the question
	sentenceBest   float64
	nearBest       float64
	nearType       float64
	expects        int
	german         bool // nouns have capitals as names do
	vectors        *vectors
	current        int // statement
	pairs          int // numbers compared
	table          []float32
}

// Check judges r. On an error nothing was judged, and the caller refuses. A
// panic of the package itself becomes an error.
func (c *Checker) Check(ctx context.Context, r Request) (res Result, err error) {
	found, _, err := c.run(ctx, r)
	return found, err
}

// Features are what Check measures of each statement, for training.
func (c *Checker) Features(ctx context.Context, r Request) ([]Features, error) {
	_, f, err := c.run(ctx, r)
	return f, err
}

func (c *Checker) run(ctx context.Context, r Request) (res Result, all []Features, err error) {
	defer func() {
		if recover() != nil {
			res, all, err = Result{}, nil, errors.New("grounding: a fault within the guard")
		}
	}()
	if err := bounds(r); err != nil {
		return Result{}, nil, err
	}
	k := &check{w: c.w, x: newIndex(r.Passages), answer: r.Answer, table: make([]float32, (mostTokens+2)*(mostTokens+1))}
	k.ask(r.Question)
	pieces := sentences(r.Answer)
	if c.meaning != nil && c.w.Vectors {
		if err := k.ask4meaning(ctx, c.meaning, pieces); err != nil {
			return Result{}, nil, fmt.Errorf("grounding: %w", err)
		}
	}
	if res, all, err = k.each(ctx, pieces); err != nil {
		return Result{}, nil, err
	}
	res.Version = c.w.version
	k.sum(&res, all)
	return res, all, nil
}

// each judges the pieces of the answer.
func (k *check) each(ctx context.Context, pieces []piece) (res Result, all []Features, err error) {
	tokens := tokenize(k.answer)
	numbers := values(k.answer, tokens)
	k.german = k.german || german(k.answer, tokens)
	at, v := 0, 0
	for i, p := range pieces {
		if err := ctx.Err(); err != nil {
			return Result{}, nil, err
		}
		for at < len(tokens) && tokens[at].start < p.start {
			at++
		}
		first := at
		for at < len(tokens) && tokens[at].start < p.end {
			at++
		}
		s := &statement{tokens: tokens[first:at]}
		for ; v < len(numbers) && numbers[v].first < at; v++ {
			if n := numbers[v]; n.first >= first && n.last < at {
				n.first, n.last = n.first-first, n.last-first
				s.values = append(s.values, n)
			}
		}
		k.current = i
		st, f := k.statement(s, p)
		res.Statements = append(res.Statements, st)
		all = append(all, f)
	}
	return res, all, nil
}

// german reports that words of German stand in the answer.
func german(text string, tokens []token) bool {
	for i := range tokens {
		switch strings.ToLower(text[tokens[i].start:tokens[i].end]) {
		case "der", "und", "ist", "das", "wird", "wurde", "nicht", "sind", "ein", "eine", "dem", "hat", "zu", "für", "mit", "den":
			return true
		}
	}
	return false
}

func bounds(r Request) error {
	if len(r.Answer) > MaxAnswer || len(r.Question) > MaxQuestion || len(r.Passages) > MaxPassages {
		return ErrTooLong
	}
	size := 0
	for _, p := range r.Passages {
		if size += len(p); size > MaxSources {
			return ErrTooLong
		}
	}
	if r.Answer == "" || size == 0 {
		return ErrNoText
	}
	return nil
}

// statement judges one piece of the answer.
func (c *check) statement(s *statement, p piece) (Statement, Features) {
	st := Statement{Span: guard.Span{Start: p.start, End: p.end}, Why: ByModel, Evidence: Evidence{Passage: -1}}
	why := idle(c.answer[p.start:p.end])
	best, share := c.x.search(c.w, s.tokens)
	for k := range 2 {
		if best[k] < 0 {
			break
		}
		if al := c.x.align(c.w, s.tokens, best[k], c.table); k == 0 || al.share > s.align.share {
			s.align = al
		}
	}
	if best[0] >= 0 {
		c.judge(s)
		n := c.x.sentences[s.align.sentence]
		st.Evidence = Evidence{n.passage, guard.Span{Start: n.start, End: n.end}}
	} else {
		s.align.sentence = -1
		c.judgeAlone(s)
	}
	f := c.features(s, best, share, why)
	row := Row([]Features{f})
	st.Score = c.w.Score(&row)
	if why != checked {
		st.Support = Ignored
		return st, f
	}
	c.decide(s, &st, &f)
	return st, f
}

// judgeAlone is judge where no source shares a word.
func (c *check) judgeAlone(s *statement) {
	c.numbers(s, false)
	c.names(s, false)
}

// Scores that a rule gives at least: a rule that decides says so in the score
// too, since callers may look at that alone.
const (
	deniedScore = 0.9
	unsaidScore = 0.75
)

// decide turns rules and score into a verdict.
func (c *check) decide(s *statement, st *Statement, f *Features) {
	denied, unsaid := -1, -1
	for i := range s.conflicts {
		x := &s.conflicts[i]
		switch {
		case x.denied && denied < 0:
			denied = i
		case !x.denied && unsaid < 0:
			unsaid = i
		}
	}
	switch {
	case denied >= 0:
		x := &s.conflicts[denied]
		st.Support, st.Why = Contradicted, x.why
		st.Score = deniedScore + (1-deniedScore)*st.Score
		st.Fault = guard.Span{Start: s.tokens[x.first].start, End: s.tokens[x.last].end}
		st.Evidence = Evidence{x.passage, guard.Span{Start: x.start, End: x.end}}
	case unsaid >= 0:
		x := &s.conflicts[unsaid]
		st.Why = x.why
		st.Score = unsaidScore + (1-unsaidScore)*st.Score
		st.Fault = guard.Span{Start: s.tokens[x.first].start, End: s.tokens[x.last].end}
	case st.Score < c.w.Threshold:
		st.Support = Supported
	}
}

// sum joins the statements.
func (c *check) sum(res *Result, all []Features) {
	if len(all) == 0 {
		return
	}
	row := Row(all)
	res.Score = c.w.Score(&row)
	judged, bad := 0, 0
	for _, s := range res.Statements {
		n := points(c.answer[s.Span.Start:s.Span.End])
		switch s.Support {
		case Ignored:
			continue
		case Unsupported, Contradicted:
			bad += n
			res.Ungrounded = true
			if s.Why != ByModel {
				res.Score = max(res.Score, min(s.Score, deniedScore+(1-deniedScore)*res.Score))
			}
		}
		judged += n
	}
	if judged > 0 {
		res.Share = float64(bad) / float64(judged)
	}
}

func points(s string) (n int) {
	for range s {
		n++
	}
	return n
}
