package shield_test

import (
	"testing"

	"sallyport/guard/model"
	"sallyport/guard/shield"
	"sallyport/guard/shield/marker"
)

// TestMarks: a forged mark tips the balance only where the score is near.
func TestMarks(t *testing.T) {
	tests := []struct {
		name             string
		scores           model.Scores
		direct, indirect bool
	}{
		{"nothing to score", model.Scores{}, false, false},
		{"score alone", model.Scores{Windows: 1, Jailbreak: 0.4, Indirect: 0.4}, false, false},
		{"mark alone", model.Scores{Windows: 1, Marker: marker.System, Jailbreak: 0.1, Indirect: 0.1}, false, false},
		{"system mark and some score", model.Scores{Windows: 1, Marker: marker.System, Jailbreak: 0.25, Indirect: 0.1}, false, true},
		{"turn mark and some score", model.Scores{Windows: 1, Marker: marker.Role, Jailbreak: 0.25, Indirect: 0.1}, false, false},
		{"turn mark and more score", model.Scores{Windows: 1, Marker: marker.Role, Jailbreak: 0.4}, true, true},
		{"the model alone", model.Scores{Windows: 1, Jailbreak: 0.9, JailbreakDetected: true, Indirect: 0.9, IndirectDetected: true}, true, true},
	}
	for _, tt := range tests {
		direct, indirect := shield.Direct(tt.scores, "v"), shield.Indirect(tt.scores, "v")
		if direct.Detected != tt.direct || indirect.Detected != tt.indirect {
			t.Errorf("%s: direct %v, indirect %v, want %v, %v", tt.name, direct.Detected, indirect.Detected, tt.direct, tt.indirect)
		}
		if direct.Detected != (direct.Score >= 0.5) || indirect.Detected != (indirect.Score >= 0.5) {
			t.Errorf("%s: scores %v, %v do not say what is detected", tt.name, direct.Score, indirect.Score)
		}
		if direct.Detected != (len(direct.Spans) > 0) {
			t.Errorf("%s: detected %v with spans %v", tt.name, direct.Detected, direct.Spans)
		}
	}
}
