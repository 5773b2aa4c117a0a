package contentsafety

import (
	"context"
	"net/http"
	"strconv"

	"sallyport/guard"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/gate"
	"sallyport/internal/surface/cognitive"
)

// minMaterial is the shortest text that can be told to be somebody's (section 5).
const minMaterial = 110

func (s *surface) material(c *cognitive.Call) error {
	return s.protected(c, "text", s.Text, protectedText)
}

func (s *surface) code(c *cognitive.Call) error {
	return s.protected(c, "code", s.Code, protectedCode)
}

// protected serves both operations of section 5.
func (s *surface) protected(c *cognitive.Call, member string, works Material, category guard.Category) error {
	if err := c.Enter(); err != nil {
		return err
	}
	text := ""
	err := c.JSON(func(body json.Value) error {
		r := c.Read(body, "", member)
		text, _ = r.Text(member, true, cognitive.Length{Min: minMaterial, Max: maxText})
		return r.Err()
	})
	if err != nil {
		return err
	}
	found, err := cognitive.Judge(c.Context(), s.Deadline, func(ctx context.Context) ([]Work, error) { return works.Find(ctx, text) })
	if err != nil {
		return c.Unjudged(err)
	}
	b := append(make([]byte, 0, 256), `{"protectedMaterialAnalysis":{"detected":`...)
	b = strconv.AppendBool(b, len(found) > 0)
	if c.Scores() {
		score := float32(0)
		for _, w := range found {
			score = max(score, w.Score)
		}
		b = append(b, `,"score":`...)
		b = cognitive.AppendScore(b, score)
	}
	if category == protectedCode {
		b = append(b, `,"codeCitations":[`...)
		for i, w := range found {
			if i > 0 {
				b = append(b, ',')
			}
			b = w.append(b)
		}
		b = append(b, ']')
	}
	report := guard.Report{Action: guard.Annotate, Scanned: len(text), Total: len(text), Verdicts: []guard.Verdict{{Category: category, Detected: len(found) > 0}}}
	return c.Answer(http.StatusOK, append(b, `}}`...), gate.Outcome{Report: report})
}

func (w *Work) append(b []byte) []byte {
	license := w.License
	if license == "" {
		license = "NOASSERTION" // SPDX: nothing is known
	}
	b = append(b, `{"license":`...)
	b = open.AppendQuoted(b, content.New(license))
	b = append(b, `,"sourceUrls":[`...)
	for i, u := range w.Sources {
		if i > 0 {
			b = append(b, ',')
		}
		b = open.AppendQuoted(b, content.New(u))
	}
	return append(b, `]}`...)
}
