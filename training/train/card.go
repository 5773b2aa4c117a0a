package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"

	"sallyport/guard/model"
	"sallyport/guard/model/ngram"
	"sallyport/training/corpus"
	"sallyport/training/measure"
)

// card writes MODEL_CARD.md: what the weights are, what they were made of, what
// they reach, and what they must not be used for.
func card(out string, m *model.Model, packed, made int, kept []corpus.Row, dropped []corpus.Excluded, dev []corpus.Example) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, cardHead, m.Version(), ngram.Buckets, model.Columns, float64(packed)/1e6, len(dev))
	measure.Report(&b, measure.Run(m, dev))
	measure.Severity(&b, m, kept)
	io.WriteString(&b, cardLimits)
	sources(&b, kept, made)
	excluded(&b, dropped)
	return os.WriteFile(filepath.Join(out, "MODEL_CARD.md"), b.Bytes(), 0o644)
}

func sources(w io.Writer, kept []corpus.Row, made int) {
	type key struct{ source, license string }
	count := map[key][2]int{}
	var keys []key
	for i := range kept {
		k := key{kept[i].Source, kept[i].License}
		if count[k] == [2]int{} {
			keys = append(keys, k)
		}
		n := count[k]
		if kept[i].Split == "train" {
			n[0]++
		} else {
			n[1]++
		}
		count[k] = n
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i].source+keys[i].license < keys[j].source+keys[j].license })
	fmt.Fprint(w, "\n## Sources and licences\n\nAttributions are in the data's `LICENSES.md`. Of `pairs_*` at most 60 rows of a family were trained on.\n\n| source | licence | train rows | dev rows |\n|---|---|---|---|\n")
	for _, k := range keys {
		fmt.Fprintf(w, "| %s | %s | %d | %d |\n", k.source, k.license, count[k][0], count[k][1])
	}
	fmt.Fprintf(w, "| training/generate | this project's | %d | 0 |\n", made)
}

func excluded(w io.Writer, dropped []corpus.Excluded) {
	fmt.Fprint(w, "\nNot used for their licence (share-alike):\n\n| source | licence | rows |\n|---|---|---|\n")
	for _, d := range dropped {
		fmt.Fprintf(w, "| %s | %s | %d |\n", d.Source, d.License, d.Rows)
	}
}

const cardHead = `# Model card of the n-gram heads

This file is written by training (` + "`make -C training weights DATA=DIR`" + `); do not edit it.

Version %s: linear heads over hashed words, word pairs and runs of three to five
bytes of the normalised text, %d buckets of %d bytes, %.2f MB packed. For each of
hate, sexual content, violence and self-harm three ordinal heads (severity at least
2, 4, 6); one head for jailbreaks; one for attacks planted in documents. The highest
window of about 120, 240 or 480 characters counts. Trained by logistic regression from
fixed seeds; no pre-trained weights.

**For**: a first, cheap stage that stops what is said in plain or well-known words, in a
gateway where other controls follow. **Not for**: judging people, law enforcement, medical
or crisis triage, proof that a text is harmless, languages and domains not measured here,
or as the only control before a dangerous action.

## Figures

All figures are of dev rows (%d) with permissive licences, at the shipped thresholds, with
the code that ships. Thresholds were chosen on one half of the harmless dev rows (by a hash
of the text), on made harmless texts that training did not see, and a margin; the lines
"not used for thresholds" are of the other half. The margins were set with those lines and
with guard/testdata in view, so neither is a blind test. Recall on dev rows was not tuned. AUROC is within one source: across
sources it mostly says which source a row is from. A source with one side only has no
AUROC. The floor is a list of a dozen words a head, in the same run.

`

const cardLimits = `
## Limits

- Wording, not meaning. Paraphrase, irony, quotation and news escape it or alarm it; on
  HatemojiBuild (minimal edits that flip the label) hate is at chance.
- Own wording is caught far better than new wording. On guard/testdata (150 classic
  jailbreaks, 40 plain texts a harm, each with a harmless twin) nine in ten and more are
  caught and next to no twin is stopped, but generators were widened after their misses
  were seen; before, it was 134 of 150. On 40 sentences written afterwards (` + "`TestSecondSet`" + `; no generator was
  widened after them) about five in ten are caught, and one in ten of
  their word-by-word twins is stopped. The last is nearer to what to expect.
- A harmful wish inside a story is told from a harmless one in the same story only by the
  words of the wish: see the minimal pairs.
- Rewritten jailbreaks (PAIR and its like), ciphers and orders quietly set into documents
  mostly pass.
- Half of the hate rows are tweets and comments, so rude talk without a target alarms more
  than it should, and harassment of persons is not covered.
- Documents that quote attacks, texts on AI products and letters of advice to the reader
  ("tell them ...") are where the indirect shield errs most.
- Self-harm and sexual content have few rows by people; most of what is known of them comes
  from templates of this project. Their dev figures are small and easy.
- English, less German; French, Spanish, Italian, Portuguese and Dutch have some thousand
  made jailbreaks and twins, other languages some hundred sentences, and harm in them is
  hardly known.
- Severity is ordinal and coarse: 6 and 7 rest on few rows.
- Person names, protected groups and dialects: not audited for bias. Texts that name a
  group score higher than the same text without.
`
