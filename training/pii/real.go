package main

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/guard/pii/names"
	"sallyport/training/corpus"
)

// kinds maps the rows' types to ours; other types are not trained on.
var kinds = map[string]names.Kind{"PERSON": names.Person, "ORGANIZATION": names.Organization, "ADDRESS": names.Address, "LOCATION": names.Location}

// labelled are the train rows with spans and a licence that lets us.
func labelled(rows []corpus.Row) []example {
	var out []example
	for i := range rows {
		r := &rows[i]
		if r.Task != "pii" || r.Split != "train" || !corpus.Permissive(r.License) {
			continue
		}
		e := example{text: r.Text}
		index := offsets(r.Text)
		for _, s := range r.Spans {
			k, ok := kinds[s.Type]
			piece := span{index[s.Start], index[s.End], k}
			if ok {
				e.spans = append(e.spans, piece)
			} else {
				e.skip = append(e.skip, piece)
			}
		}
		out = append(out, e)
	}
	return out
}

// offsets maps offsets in code points to offsets in bytes.
func offsets(s string) []int {
	out := make([]int, 0, utf8.RuneCountInString(s)+1)
	for i := range s {
		out = append(out, i)
	}
	return append(out, len(s))
}

// technical sources name products, hardly people: a word in capitals that no
// table knows is no name there. In the others only words of the language count.
var technical = map[string]bool{
	"kong_docs": true, "litellm_docs": true, "llm_guard_docs": true, "tessera_docs": true, "fabric_patterns": true, "ai_gateway_docs": true, "garak_docs": true,
	"cyberseceval_frr": true, "cyberseceval_frr_multilingual": true, "agency_handbook": true, "command_pages": true, "incident_runbooks": true, "banking77": true,
	"clinc150": true, "medical_advice": true, "gsm8k": false, "mitre_atlas": true, "prompts_chat": true, "awesome_chatgpt_prompts": true, "presidio_docs": false,
}

// plainSources are natural texts for which only common words are labelled.
var plainSources = map[string]bool{
	"gsm8k": true, "germeval2018": true, "counsel_chat_questions": true, "counselchat_documents": true, "ailuminate_demo": true, "harmfulqa": true, "quoref_documents": true,
	"t0_quoref": true, "t0_quartz": true, "t0_qasc": true, "edos": true, "surge_toxicity": true,
}

// foreign reports whether a row is prose in another language than English, where
// nearly every word in a capital only begins a sentence: these rows are ours or
// short questions, and name nobody.
func foreign(r *corpus.Row) bool {
	switch r.Source {
	case "pairs_wrappers", "pairs_extraction", "pairs_documents", "ailuminate_demo", "synthetic_indirect":
		return r.Lang != "en" && r.Lang != "mul" && r.Lang != ""
	}
	return false
}

// real are permissive texts of the corpus without labels, cut to lines.
func real(rows []corpus.Row, limit int) []example {
	var out []example
	for i := range rows {
		r := &rows[i]
		if r.Split != "train" || !corpus.Permissive(r.License) || !technical[r.Source] && !plainSources[r.Source] && !foreign(r) {
			continue
		}
		n := 0
		for _, line := range strings.Split(r.Text, "\n\n") {
			if len(line) < 20 || len(line) > 1500 {
				continue
			}
			out = append(out, example{text: line, unlabelled: true, strict: !technical[r.Source] && !foreign(r)})
			if n++; n >= limit {
				break
			}
		}
	}
	return out
}

// common are the words that permissive texts write small, often enough and more
// than large; plain are those that hardly ever begin with a capital.
func common(rows []corpus.Row) (words, plain map[string]bool) {
	small, large := map[string]int{}, map[string]int{}
	for i := range rows {
		r := &rows[i]
		if !corpus.Permissive(r.License) || r.Split != "train" || r.Task == "pii" || r.Source == "clinc150" || r.Source == "davidson_tweets" {
			continue // all small: names too
		}
		for _, w := range strings.FieldsFunc(r.Text, func(c rune) bool { return !unicode.IsLetter(c) && c != '\'' }) {
			first, _ := utf8.DecodeRuneInString(w)
			if unicode.IsUpper(first) {
				large[w]++
			} else {
				small[w]++
			}
		}
	}
	words, plain = map[string]bool{}, map[string]bool{}
	for w, n := range small {
		r, size := utf8.DecodeRuneInString(w)
		capital := large[string(unicode.ToUpper(r))+w[size:]]
		if utf8.RuneCountInString(w) < 2 {
			continue
		}
		if n >= 4 && n*2 > capital || n >= 2 && n > capital {
			words[fold(w)] = true
		}
		if n >= 30 && n > 2*capital {
			plain[fold(w)] = true
		}
	}
	for _, l := range languages {
		for _, w := range list("word_" + l) {
			words[fold(w)] = true
		}
		for _, w := range textWords(l) {
			words[fold(w)] = true
		}
	}
	return words, plain
}
