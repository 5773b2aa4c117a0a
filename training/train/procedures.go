package main

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"sallyport/training/generate"
)

// procedureCopies is how often each piece of a procedure is shown: the documents
// are few, and orders to people in a workplace's own voice are what the shields
// meet most.
const procedureCopies = 12

// procedures are the demo's documents, whole and by section: harmless text full
// of "you must" and "do not" that addresses people. They are our own words.
func procedures(dir string) ([]generate.Sentence, error) {
	var out []generate.Sentence
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".md") {
			return err
		}
		text, err := os.ReadFile(dir + "/" + path)
		if err != nil {
			return err
		}
		body := string(text)
		if _, rest, ok := strings.Cut(strings.TrimPrefix(body, "---"), "\n---"); ok {
			body = rest
		}
		pieces := append(strings.Split(body, "\n#"), strings.Split(body, "\n\n")...)
		for _, piece := range append(pieces, body) {
			piece = strings.TrimSpace(piece)
			for range procedureCopies {
				if piece != "" {
					// Harms are left unsaid: their heads learn from other text.
					out = append(out, generate.Sentence{Text: piece, Harm: [4]int{-1, -1, -1, -1}})
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the demo's documents: %w", err)
	}
	return out, nil
}
