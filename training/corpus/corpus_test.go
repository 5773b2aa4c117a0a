package corpus_test

import (
	"testing"

	"sallyport/training/corpus"
)

func TestPermissive(t *testing.T) {
	for _, license := range []string{
		"MIT", "Apache-2.0", "CC0-1.0 (made for this project)", "CC-BY-4.0", "CC-BY-3.0", "CDLA-Permissive-2.0", "BSD-3-Clause", "MIT AND Apache-2.0",
		"Apache-2.0 (repack); MIT (AdvBench, upstream not checked)", "CC0-1.0 (18F handbook; made for this project)", "CC0-1.0; Apache-2.0 (spikee)",
	} {
		if !corpus.Permissive(license) {
			t.Errorf("Permissive(%q) = false", license)
		}
	}
	for _, license := range []string{
		"", "CC-BY-SA-4.0", "CC-BY-SA-3.0-ES", "CDLA-Sharing-1.0", "MIT (HaluEval); CC-BY-SA-4.0 (HotpotQA text)", "MIT AND CC-BY-SA-3.0-US (Fake Name Generator)",
		"Apache-2.0 (repack); CC-BY-SA-4.0 (AdversarialQA); CC0-1.0 (made for this project)", "CC-BY-NC-4.0", "unknown", "(MIT)", "GPL-3.0",
	} {
		if corpus.Permissive(license) {
			t.Errorf("Permissive(%q) = true", license)
		}
	}
}
