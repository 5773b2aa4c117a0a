// Package shield turns scores into the two verdicts of a prompt shield: a
// jailbreak in what a user typed, and an attack planted in a document.
//
// The model decides on wording. Forged marks of roles (see marker) are a rule
// beside it: one that opens a system turn in a document has no honest use
// where a document is read, so a low score suffices; in what a user types it
// may be a question about templates, so the score must be nearer.
package shield

import (
	"sallyport/guard"
	"sallyport/guard/model"
	"sallyport/guard/shield/marker"
)

// Scores from which a forged mark tips the balance. The model's own
// threshold is 0.5.
const (
	directWithMark   = 0.30
	indirectWithMark = 0.20
	indirectWithRole = 0.35
)

// Direct is the verdict on a text that a user typed.
func Direct(s model.Scores, version string) guard.Verdict {
	v := guard.Verdict{Category: guard.Jailbreak, Detected: s.JailbreakDetected, Stage: stage(s), Version: version, Score: s.Jailbreak}
	if v.Detected {
		v.Spans = []guard.Span{s.JailbreakSpan}
		return v
	}
	if s.Marker != marker.None && s.Jailbreak >= directWithMark {
		forged(&v, s)
	}
	return v
}

// Indirect is the verdict on a document, a tool's result, or any other text
// that is not the user's or the operator's.
func Indirect(s model.Scores, version string) guard.Verdict {
	v := guard.Verdict{Category: guard.IndirectAttack, Detected: s.IndirectDetected, Stage: stage(s), Version: version, Score: s.Indirect}
	if v.Detected {
		v.Spans = []guard.Span{s.IndirectSpan}
		return v
	}
	score := max(s.Indirect, s.Jailbreak)
	if s.Marker == marker.System && score >= indirectWithMark || s.Marker == marker.Role && score >= indirectWithRole {
		forged(&v, s)
	}
	return v
}

// forged makes v a detection by rule. The score says so too: callers may look
// at it alone.
func forged(v *guard.Verdict, s model.Scores) {
	v.Detected, v.Stage, v.Score = true, "rules", max(v.Score, 0.5)
	v.Spans = []guard.Span{s.MarkerSpan}
}

func stage(s model.Scores) string {
	if s.Windows == 0 {
		return "empty"
	}
	return "ngram"
}
