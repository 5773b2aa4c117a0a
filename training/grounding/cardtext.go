package main

// cardText is the card; its verbs are the version, the size and the figures.
const cardText = `# Groundedness: card

Weights %s, %d KiB packed. Made by ` + "`go run ./training/grounding -data DIR`" + `; measured by the same with ` + "`-eval`" + `.
This file is written by that command.

## What it is

Rules first: numbers (words and digits, grouping and decimal marks, ranges, percent, fractions), units with conversion, dates, names,
negation, opposites, quantifiers, order of comparisons. A rule that finds a fault decides. What is left is scored by boosted trees
over lexical measures (rarity-weighted coverage, neighbouring words, alignment with the best sentence, place of an answer beside the
words of its question). The score is calibrated in three bands: short answers, statements that the sources hardly cover, others.

## Data in the weights

Rows of the folder grounded with a permissive licence only: begin_dev (the CC-BY-4.0 part), faithdial_audit (MIT), synthetic_claims over
Quoref (CC-BY-4.0, CC0). Questions of Quoref (CC-BY-4.0) with their answers and answers of other questions. Answers made by our own
generators over documents of Quoref, CounselChat (MIT), MedQuAD (CC-BY-4.0), the 18F handbook (CC0), incident runbooks (Apache-2.0), DuoRC (MIT),
ROPES (CC-BY-4.0), and over templates of ours in seven languages: wrong number, date, unit, name, negation and true forms of the same; claims with and
without their sentence in the source; cloze questions with right and wrong answers. Thresholds and scales: the dev rows of the same.
Left out for their share-alike licence, and measured only: the CDLA-Sharing part of begin_dev, halueval_qa, synthetic_answers, most of synthetic_claims, XQuAD, AdversarialQA.

What the share-alike rows would have added (trees that saw half of them, measured on the other half; ` + "`-folds`" + `):

| source | AUROC without | with |
|---|---|---|
| begin_dev, share-alike part | .926 | .926 |
| halueval_qa | .778 | .972 |
| synthetic_answers | .722 | .754 |
| synthetic_claims | .998 | .997 |

Trees that did not see a source at all rank its train rows so: begin_dev .924 (.961 in five folds with the others of its rows), faithdial_audit .850 (.881),
synthetic_claims .999, quoref_questions .460 (.551), made_claims .940, made_answers .738.

## Figures

%s
` + "`seeded_*`" + ` and ` + "`templates_*`" + ` are our own generators, so these figures flatter; the rest is of others.

Cited web claims (the kind of WiCE): there is no such set among the rows, and none was looked at. The nearest are made_claims
(a sentence, thinned and joined with another, of a document that has it or has lost it); trees that did not train on them rank them at 0.93,
where the share of known neighbouring words alone reaches 0.97, because our paraphrases keep the words of the source. They say little of real paraphrase.

## Known failures

- Words, not meaning: a statement that says the same in quite other words is flagged, and one that uses the source's words for something else is not.
  A third of the carried dialogue answers of faithdial are flagged, for this reason and because its labels call opinions carried at times.
- A wrong answer to a question that stands in the source, of the right kind, is found one time in three or less at the shipped threshold; questions written against
  readers (AdversarialQA, Quoref) are near chance.
- HaluEval: the floor ranks better (its wrong answers are long sentences and its right ones single names, which a floor gets for nothing).
- Two names that have changed places are missed unless a comparison stands between them. Sums, differences and ages computed from the source are flagged.
- German writes nouns as names: there, a name that no source has is left to the trees. Names in lower-case text are not seen as names.
- Chinese, Japanese, Korean and Thai are compared by pairs of characters; answers to questions in Chinese and Thai are near chance.
- No vectors: the interface Meaning is there, the measures are filled and tested, and the trees that ship do not read them.

## Not for

Deciding that an answer is true. It says whether the given sources carry it. Not for medical or legal release without a person.
`
