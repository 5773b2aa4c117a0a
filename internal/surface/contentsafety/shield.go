package contentsafety

import (
	"context"
	"net/http"
	"strconv"
	"unicode/utf8"

	"sallyport/guard"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/gate"
	"sallyport/internal/surface/cognitive"
)

// shielded is a request of section 4.
type shielded struct {
	prompt    string
	given     bool
	documents []string
}

func readShielded(c *cognitive.Call, body json.Value) (q shielded, err error) {
	r := c.Read(body, "", "userPrompt", "documents")
	q.prompt, q.given = r.Text("userPrompt", false, cognitive.Length{Max: maxText})
	q.documents, _ = r.Texts("documents", false, maxDocuments, cognitive.Length{})
	all := 0
	for _, d := range q.documents {
		all += utf8.RuneCountInString(d)
	}
	if all > maxText {
		r.Fail("documents", "must be at most "+strconv.Itoa(maxText)+" characters together")
	}
	if !q.given && len(q.documents) == 0 {
		r.Fail("userPrompt", "or documents are required")
	}
	return q, r.Err()
}

func (s *surface) shield(c *cognitive.Call) error {
	if err := c.Enter(); err != nil {
		return err
	}
	var q shielded
	err := c.JSON(func(body json.Value) (err error) {
		q, err = readShielded(c, body)
		return err
	})
	if err != nil {
		return err
	}
	type verdicts struct {
		prompt    Attack
		documents []Attack
	}
	v, err := cognitive.Judge(c.Context(), s.Deadline, func(ctx context.Context) (v verdicts, err error) {
		if q.given {
			if v.prompt, err = s.Guards.Direct(ctx, q.prompt); err != nil {
				return v, err
			}
		}
		for _, d := range q.documents {
			a, err := s.Guards.Planted(ctx, d)
			if err != nil {
				return v, err
			}
			v.documents = append(v.documents, a)
		}
		return v, nil
	})
	if err != nil {
		return c.Unjudged(err)
	}
	b := append(make([]byte, 0, 256), `{"userPromptAnalysis":`...)
	b = appendAttack(b, v.prompt, c.Scores())
	b = append(b, `,"documentsAnalysis":[`...)
	for i, a := range v.documents {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendAttack(b, a, c.Scores())
	}
	return c.Answer(http.StatusOK, append(b, `]}`...), gate.Outcome{Report: q.report(v.prompt, v.documents, s.Guards.Version())})
}

func appendAttack(b []byte, a Attack, scores bool) []byte {
	b = append(b, `{"attackDetected":`...)
	b = strconv.AppendBool(b, a.Detected)
	if scores {
		b = append(b, `,"score":`...)
		b = cognitive.AppendScore(b, a.Score)
	}
	return append(b, '}')
}

func (q *shielded) report(prompt Attack, documents []Attack, version string) guard.Report {
	total := len(q.prompt)
	for _, d := range q.documents {
		total += len(d)
	}
	r := guard.Report{Action: guard.Annotate, Scanned: total, Total: total}
	if q.given {
		r.Verdicts = append(r.Verdicts, guard.Verdict{Category: guard.Jailbreak, Detected: prompt.Detected, Version: version})
	}
	for _, d := range documents {
		r.Verdicts = append(r.Verdicts, guard.Verdict{Category: guard.IndirectAttack, Detected: d.Detected, Version: version})
	}
	return r
}
