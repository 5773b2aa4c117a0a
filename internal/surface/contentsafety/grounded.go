package contentsafety

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/gate"
	"sallyport/internal/surface/cognitive"
)

// Limits of section 6, in code points.
const (
	maxAnswer   = 7_500
	maxSources  = 55_000
	maxPassages = 1_000 // the contract names no number
	queryWords  = 3
)

// groundedness is a request of section 6.
type groundedness struct {
	GroundingRequest
	reasoning bool
}

func readGroundedness(c *cognitive.Call, body json.Value) (q groundedness, err error) {
	r := c.Read(body, "", "domain", "task", "qna", "text", "groundingSources", "reasoning", "correction", "llmResource")
	r.Word("domain", true, "Generic", "Medical")
	asks := r.Word("task", true, "Summarization", "QnA") == 1
	q.Answer, _ = r.Text("text", true, cognitive.Length{Min: 1, Max: maxAnswer})
	q.Passages, _ = r.Texts("groundingSources", true, maxPassages, cognitive.Length{})
	all := 0
	for _, p := range q.Passages {
		all += utf8.RuneCountInString(p)
	}
	switch {
	case r.Err() != nil:
	case all == 0:
		r.Fail("groundingSources", "must not be empty")
	case all > maxSources:
		r.Fail("groundingSources", "must be at most "+strconv.Itoa(maxSources)+" characters together")
	}
	if qna, ok := r.Object("qna", asks); ok {
		in := c.Read(qna, "qna", "query")
		q.Question, _ = in.Text("query", asks, cognitive.Length{Max: maxAnswer})
		if asks && in.Err() == nil && len(strings.Fields(q.Question)) < queryWords {
			in.Fail("query", "must have at least "+strconv.Itoa(queryWords)+" words")
		}
		if r.Err() == nil && in.Err() != nil {
			return q, in.Err()
		}
		if !asks {
			q.Question = "" // a summary answers no question
		}
	}
	q.reasoning = r.Bool("reasoning")
	if r.Bool("correction") {
		r.Fail("correction", "is not available: no model that could write one is configured in this service")
	}
	// A model that the caller names is never dialled; that it is well-formed is all that
	// is asked.
	r.Object("llmResource", false)
	return q, r.Err()
}

// grounded checks without a model: reasons come from the guard, so reasoning needs
// no llmResource.
func (s *surface) grounded(c *cognitive.Call) error {
	if err := c.Enter(); err != nil {
		return err
	}
	var q groundedness
	err := c.JSON(func(body json.Value) (err error) {
		q, err = readGroundedness(c, body)
		return err
	})
	if err != nil {
		return err
	}
	result, err := cognitive.Judge(c.Context(), s.Deadline, func(ctx context.Context) (GroundingResult, error) {
		return s.Grounding.Check(ctx, q.GroundingRequest)
	})
	if err != nil {
		return c.Unjudged(err)
	}
	total := len(q.Answer)
	for _, p := range q.Passages {
		total += len(p)
	}
	report := guard.Report{Action: guard.Annotate, Scanned: total, Total: total, Verdicts: []guard.Verdict{
		{Category: ungrounded, Detected: result.Ungrounded, Version: result.Version},
	}}
	return c.Answer(http.StatusOK, result.append(make([]byte, 0, 512), &q, c.Scores()), gate.Outcome{Report: report})
}

// Categories of verdicts that guard does not name.
const (
	ungrounded    guard.Category = "ungrounded_material"
	protectedText guard.Category = "protected_material_text"
	protectedCode guard.Category = "protected_material_code"
)

func (g *GroundingResult) append(b []byte, q *groundedness, scores bool) []byte {
	b = append(b, `{"ungroundedDetected":`...)
	b = strconv.AppendBool(b, g.Ungrounded)
	if scores {
		b = append(b, `,"score":`...)
		b = cognitive.AppendScore(b, g.Score)
	}
	b = append(b, `,"ungroundedPercentage":`...)
	b = cognitive.AppendScore(b, g.Share)
	b = append(b, `,"ungroundedDetails":[`...)
	first := true
	for _, st := range g.Statements {
		if st.Supported || !g.Ungrounded {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		text := q.Answer[st.Span.Start:st.Span.End]
		b = append(b, `{"text":`...)
		b = open.AppendQuoted(b, content.New(text))
		if q.reasoning {
			b = append(b, `,"offset":`...)
			b = appendPlace(b, q.Answer[:st.Span.Start])
			b = append(b, `,"length":`...)
			b = appendPlace(b, text)
			b = append(b, `,"reason":`...)
			b = open.AppendQuoted(b, content.New(st.Reason))
		}
		b = append(b, '}')
	}
	return append(b, `]}`...)
}

// appendPlace appends how long s is in the three units of the contract.
func appendPlace(b []byte, s string) []byte {
	points, units := 0, 0
	for _, r := range s {
		points++
		units++
		if r >= 0x10000 {
			units++
		}
	}
	b = append(b, `{"utf8":`...)
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, `,"utf16":`...)
	b = strconv.AppendInt(b, int64(units), 10)
	b = append(b, `,"codePoint":`...)
	b = strconv.AppendInt(b, int64(points), 10)
	return append(b, '}')
}
