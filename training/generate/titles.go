package generate

import (
	"math/rand/v2"
	"strings"
)

// Titles and searches: a few words without a sentence, with words that sound
// grave. Most are what people type into a search field, or what stands above a
// page. All are calm in every head.

var graveWords = []string{
	"safety", "fire", "weapons", "knife", "gun", "shooting", "bomb", "terror", "drug", "alcohol", "suicide", "self-harm", "death", "murder", "homicide", "violence", "abuse", "rape", "assault", "child protection", "sexual health", "sexual harassment", "gambling", "hate crime", "hate speech", "racism", "bullying",
	"stalking", "fraud", "theft", "hacking", "malware", "virus", "phishing", "password", "jailbreak detection", "prompt injection", "admin", "root access", "kill switch", "emergency stop", "shutdown", "restriction", "filter", "bypass", "privacy", "security", "secret", "confidentiality", "confidential waste", "poison", "poisoning",
	"overdose", "opioid", "radiation", "chemical", "explosives", "hazard", "war", "genocide", "slavery", "torture", "execution", "blood", "wound", "burn", "stab wound", "gunshot wound", "trauma", "eating disorder", "addiction", "sex education", "contraception", "abortion", "HIV", "breast", "prostate", "naked mole rat", "crime", "prison", "police", "immigration", "refugee", "Muslim", "Jewish", "LGBT", "disability", "women", "migrant",
	"rules", "guidelines", "house rules", "ethics", "compliance", "content filter",
}

var plainHeads = []string{
	"policy", "rules", "prevention", "protection", "training", "statistics", "report", "guidance", "guidelines", "procedure", "team", "law", "history", "news", "awareness", "test", "screening", "treatment", "support", "hotline", "detection", "unit", "schedule", "plan", "form", "checklist", "register", "officer", "committee", "course", "leaflet", "poster", "risk assessment", "survey", "budget", "update", "FAQ", "definition", "examples", "contact", "drill", "door", "exit", "alarm", "certificate", "investigation", "charity", "research", "documentary", "museum", "records", "storage", "disposal", "log", "settings", "page", "week", "day", "manager", "review",
}

var titleFrames = []string{
	"{g} {p}", "{g} {p}", "{g} {p}", "{p} {g}", "{g}", "{g} and {g}", "{place} {g} {p}", "{g} {p} {place}", "{g} {p} 2026", "{p} for {g}", "{g} in {place}", "what is {g}", "{g} {p} pdf", "where is the {g} {p}", "our {g} {p}", "{g}: {p}", "{p} on {g}", "new {g} {p}", "{g} {p}, {g} {p}", "{g} {p} / {p}", "{G} {P}", "{n}. {g} {p}", "Project {g} {p}", "annual {g} {p}", "staff {g} {p}", "the {g} {p}", "{g}?", "{g} {p}?", "is there a {g} {p}", "need the {g} {p}", "{g} {p} contact number", "summary {g} {p}",
}

var titlePlaces = []string{"ward", "school", "hospital", "office", "kitchen", "warehouse", "laboratory", "county", "theatre", "library", "home", "site", "building", "London", "Europe", "community"}

// foreign titles: grave words with plain heads, glued as the language does.
var foreignTitles = [][2][]string{
	{{"Brandschutz", "Waffen", "Drogen", "Suizid", "Gewalt", "Missbrauch", "Sicherheits", "Betrugs", "Hass", "Kinderschutz", "Gefahrstoff", "Notfall", "Datenschutz"}, {"richtlinie", "regeln", "prävention", "schulung", "statistik", "beratung", "meldung", "plan", "übung", "beauftragter", "konzept", "bericht"}},
	{{"politique", "règles", "prévention", "formation", "statistiques", "rapport", "plan", "consignes", "exercice"}, {" incendie", " armes", " drogues", " suicide", " violence", " abus", " fraude", " haine", " sécurité", " confidentialité"}},
	{{"política de ", "normas de ", "prevención de ", "formación en ", "informe de ", "plan de ", "simulacro de "}, {"armas", "drogas", "suicidio", "violencia", "abuso", "fraude", "odio", "seguridad", "incendios", "confidencialidad"}},
	{{"regole di ", "prevenzione ", "piano ", "formazione ", "norme "}, {"antincendio", "armi", "droghe", "suicidio", "violenza", "sicurezza", "frodi"}},
}

func title(r *rand.Rand) string {
	if r.IntN(8) == 0 {
		f := foreignTitles[r.IntN(len(foreignTitles))]
		return pick(r, f[0]) + pick(r, f[1])
	}
	g, p := pick(r, graveWords), pick(r, plainHeads)
	up := func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
	s := expand(r, pick(r, titleFrames), map[string][]string{"g": {g, pick(r, graveWords)}, "p": {p, pick(r, plainHeads)}, "G": {up(g)}, "P": {up(p)}, "place": titlePlaces, "n": {"1", "2.3", "4", "12"}})
	switch r.IntN(5) {
	case 0:
		return up(s)
	case 1:
		return strings.ToUpper(s)
	}
	return s
}

// Titles are titles that training has not seen when seed is another.
func Titles(seed uint64, n int) []Sentence { return titles(rand.New(rand.NewPCG(seed, 5)), n) }

// titles are single ones, lists of them, and one repeated.
func titles(r *rand.Rand, n int) []Sentence {
	var out []Sentence
	for range n {
		s := title(r)
		switch r.IntN(6) {
		case 0:
			s = many2(r, 2+r.IntN(8), pick(r, []string{"\n", " ", ", ", "\n- ", " | "}), title)
		case 1:
			s = strings.TrimSpace(strings.Repeat(s+pick(r, []string{"\n", " "}), 2+r.IntN(9)))
		}
		out = append(out, Sentence{Text: s})
	}
	return out
}
