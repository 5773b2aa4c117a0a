// Package harm turns the model's scores into verdicts on the four harms:
// hate, sexual content, violence and self-harm, each with a severity from 0
// to 7. It decides nothing: what a severity leads to is policy.
package harm

import (
	"sallyport/guard"
	"sallyport/guard/model"
)

// Medium is the severity from which a verdict counts as detected.
const Medium guard.Severity = 4

// Verdicts are the verdicts of s, one a harm in the order of guard.Harms,
// those of harmless texts too. version names the weights that scored.
func Verdicts(s model.Scores, version string) []guard.Verdict {
	out := make([]guard.Verdict, len(guard.Harms))
	for i, category := range guard.Harms {
		v := guard.Verdict{
			Category: category,
			Severity: s.Severity[i],
			Detected: s.Severity[i] >= Medium,
			Stage:    stage(s),
			Version:  version,
			Score:    s.Harm[i],
		}
		if v.Severity >= 2 {
			v.Spans = []guard.Span{s.HarmSpan[i]}
		}
		out[i] = v
	}
	return out
}

// stage says what decided: a text with nothing to score was judged by that
// fact alone.
func stage(s model.Scores) string {
	if s.Windows == 0 {
		return "empty"
	}
	return "ngram"
}
