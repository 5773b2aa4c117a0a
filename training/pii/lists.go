package main

import (
	"embed"
	"strings"
	"unicode/utf8"

	"sallyport/guard/normalize"
	"sallyport/guard/pii/names"
)

//go:embed lists/*.txt
var listFiles embed.FS

//go:embed templates/*.txt
var templateFiles embed.FS

// list reads one of our lists, nil when there is none of that name.
func list(name string) []string {
	b, err := listFiles.ReadFile("lists/" + name + ".txt")
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

func own(name string) []string { return list("own_" + name) }

// languages are those with templates. The name lists of a language also hold
// names of its neighbours; world and Asian names occur in all of them.
var languages = []string{"en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da"}

// vocabulary are the lists that slots are filled from.
type vocabulary struct {
	first, last, city, word, job, street                     map[string][]string
	worldCity, country, org, product, drug, trade, head, cap []string
}

func load() *vocabulary {
	v := &vocabulary{
		first: map[string][]string{}, last: map[string][]string{}, city: map[string][]string{}, word: map[string][]string{},
		job: map[string][]string{}, street: map[string][]string{},
		worldCity: list("city_world"), country: append(append([]string{}, list("country_en")...), own("land")...), org: own("org"),
		product: own("product"), drug: own("drug"), trade: own("trade"), head: own("head"), cap: own("capital"),
	}
	for _, l := range append([]string{"world"}, languages...) {
		v.first[l] = list("first_" + l)
		v.last[l] = list("last_" + l)
		v.city[l] = list("city_" + l)
		v.job[l] = list("job_" + l)
		for _, w := range list("word_" + l) {
			if utf8.RuneCountInString(w) > 2 && !strings.ContainsAny(w, " !()-…") {
				v.word[l] = append(v.word[l], w)
			}
		}
		v.street[l] = own("street_" + l)
	}
	v.first["asia"] = append(append([]string{}, list("first_ja_latin")...), append(list("first_zh_latin"), own("first_asia")...)...)
	v.last["asia"] = append(append([]string{}, list("last_ja_latin")...), append(list("last_zh_latin"), own("last_asia")...)...)
	v.word["sv"] = append(v.word["sv"], textWords("sv")...)
	v.word["pt"] = append(v.word["pt"], textWords("pt")...)
	return v
}

// textWords are the lower-case words of a language's sentences.
func textWords(lang string) []string {
	var out []string
	seen := map[string]bool{}
	for _, line := range list("text_" + lang) {
		for _, w := range strings.FieldsFunc(line, notLetter) {
			if utf8.RuneCountInString(w) > 3 && w == strings.ToLower(w) && !seen[w] {
				seen[w] = true
				out = append(out, w)
			}
		}
	}
	return out
}

func notLetter(r rune) bool {
	return r < 'A' || r > 'Z' && r < 'a' || r > 'z' && r < 0xC0
}

// known is the table of words the model looks up.
func (v *vocabulary) known(common map[string]bool) map[string]uint16 {
	t := map[string]uint16{}
	add := func(words []string, flag uint16, short int) {
		for _, w := range words {
			folded := normalize.Normalize(w).Text
			for _, part := range strings.FieldsFunc(folded, func(r rune) bool { return r < 0x80 && notLetter(r) && (r < '0' || r > '9') }) {
				if len(part) > short {
					t[part] |= flag
				}
			}
			if len(folded) > 3 && folded[1] == '\'' { // the model reads O'Hara as one word
				t[folded] |= flag
			}
		}
	}
	for _, l := range append([]string{"world", "asia"}, languages...) {
		add(v.first[l], names.KnownFirst, 1)
		add(v.last[l], names.KnownLast, 1)
		add(v.city[l], names.KnownCity, 3)
	}
	add(v.worldCity, names.KnownCity, 3)
	add(v.country, names.KnownLand, 3)
	add(list("state_en"), names.KnownLand, 3)
	add(own("streetword"), names.KnownStreet, 1)
	add(own("form"), names.KnownForm, 1)
	add(own("title"), names.KnownTitle, 0)
	add(own("joint"), names.KnownJoint, 0)
	add(own("time"), names.KnownTime, 2)
	add(own("trade"), names.KnownTrade, 2)
	add(own("cue"), names.KnownCue, 0)
	for w := range common {
		t[w] |= names.KnownCommon
	}
	add(own("joint"), names.KnownCommon, 0)
	return t
}
