package main

import (
	"fmt"
	"strconv"
	"strings"

	"sallyport/guard/grounding"
)

// Templates of our own, in several languages, for what the documents have too
// little of: units, dates, names and denials. %N is a number, %P a person, %C a
// town, %D a date, %U a length.
var templates = []struct{ lang, text, not, deny string }{
	{"en", "The bridge at %C is %U long and was opened on %D. It is maintained by %P. The tolls are collected at both ends. About %N cars cross it every day.", "is maintained", "is not maintained"},
	{"en", "Our office in %C has %N employees. The lease was signed on %D by %P. Visitors are allowed on all floors. The garden measures %U across.", "are allowed", "are not allowed"},
	{"en", "Patients at the clinic of %C receive %N mg of the drug twice a day. The trial, led by %P, began on %D. Side effects were reported in some cases.", "were reported", "were never reported"},
	{"de", "Die Brücke in %C ist %U lang und wurde am %D eröffnet. Sie wird von %P gewartet. Täglich fahren %N Autos darüber.", "wird von", "wird nicht von"},
	{"de", "Das Büro in %C hat %N Angestellte. Den Vertrag hat %P am %D unterschrieben. Besucher sind auf allen Etagen erlaubt.", "sind auf", "sind nicht auf"},
	{"fr", "Le pont de %C mesure %U et a été ouvert le %D. Il est entretenu par %P. Chaque jour, %N voitures le traversent.", "est entretenu", "n'est pas entretenu"},
	{"es", "El puente de %C mide %U y fue abierto el %D. La gestión está a cargo de %P. Cada día lo cruzan %N coches.", "está a cargo", "no está a cargo"},
	{"it", "Il ponte di %C misura %U ed è stato aperto il %D. La gestione è affidata a %P. Ogni giorno lo attraversano %N automobili.", "è affidata", "non è affidata"},
	{"pt", "A ponte de %C mede %U e foi aberta em %D. A gestão está com %P. Todos os dias passam %N carros.", "está com", "não está com"},
	{"nl", "De brug in %C is %U lang en werd geopend op %D. Het beheer is in handen van %P. Elke dag rijden er %N auto's over.", "is in handen", "is niet in handen"},
}

var monthsOf = map[string][]string{
	"en": monthNames,
	"de": strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
	"fr": strings.Fields("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
	"es": strings.Fields("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
	"it": strings.Fields("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
	"pt": strings.Fields("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
	"nl": strings.Fields("januari februari maart april mei juni juli augustus september oktober november december"),
}

var (
	people = []string{"Marta Olsen", "Ibrahim Sall", "Greta Winkler", "Paul Ferrand", "Lucia Conti", "Tom Ashworth", "Ana Ribeiro", "Daan Visser", "Jorge Molina", "Vera Lang"}
	towns  = strings.Fields("Lindau Tours Girona Pavia Aveiro Utrecht Leeds Graz Namur Cuenca Ferrara Braga Delft Exeter")
)

// date writes a date as a language does; the second form is another that says
// the same.
func date(lang string, y, m, d int) (string, string) {
	name := monthsOf[lang][m-1]
	iso := fmt.Sprintf("%d-%02d-%02d", y, m, d)
	switch lang {
	case "en":
		return fmt.Sprintf("%d %s %d", d, name, y), fmt.Sprintf("%s %d, %d", name, d, y)
	case "de":
		return fmt.Sprintf("%d. %s %d", d, name, y), fmt.Sprintf("%02d.%02d.%d", d, m, y)
	case "es", "pt":
		return fmt.Sprintf("%d de %s de %d", d, name, y), fmt.Sprintf("%d/%d/%d", d, m, y)
	}
	return fmt.Sprintf("%d %s %d", d, name, y), iso
}

func grouped(lang string, n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	sep := map[string]string{"en": ",", "de": ".", "fr": " ", "es": ".", "it": ".", "pt": ".", "nl": "."}[lang]
	if lang == "fr" {
		sep = "\u202f"
	}
	return fmt.Sprintf("%d%s%03d", n/1000, sep, n%1000)
}

// template fills one template and makes true and wrong answers from it.
func (m *maker) template() {
	t := templates[m.rng.IntN(len(templates))]
	y, mo, d := 1950+m.rng.IntN(75), 1+m.rng.IntN(12), 1+m.rng.IntN(28)
	n, l := 21+m.rng.IntN(9000), 2+m.rng.IntN(900)
	p, c := m.rng.IntN(len(people)), m.rng.IntN(len(towns))
	written, again := date(t.lang, y, mo, d)
	unit := map[string]string{"en": "kilometres", "de": "Kilometer", "fr": "kilomètres", "es": "kilómetros", "it": "chilometri", "pt": "quilômetros", "nl": "kilometer"}[t.lang]
	meters := map[string]string{"en": "metres", "de": "Meter", "fr": "mètres", "es": "metros", "it": "metri", "pt": "metros", "nl": "meter"}[t.lang]
	fill := func(number, person, town, day, length string) string {
		return strings.NewReplacer("%N", number, "%P", person, "%C", town, "%D", day, "%U", length).Replace(t.text)
	}
	length := strconv.Itoa(l) + " " + unit
	doc := document{text: fill(grouped(t.lang, n), people[p], towns[c], written, length), dev: m.rng.IntN(5) == 0}
	put := func(kind, text, mark string, bad bool) {
		for _, at := range grounding.Split(text) {
			s := text[at.Start:at.End]
			if strings.Contains(s, mark) {
				m.out = append(m.out, example{"made_templates", "templates_" + t.lang + "_" + kind, "", doc.dev, doc.text, "", strings.TrimSpace(s), bad})
				return
			}
		}
	}
	number := grouped(t.lang, n)
	put("true", doc.text, number, false)
	put("true", fill(strconv.Itoa(n), people[p], towns[c], written, length), strconv.Itoa(n), false)
	put("true", fill(number, people[p], towns[c], again, length), again, false)
	put("true", fill(number, people[p], towns[c], written, strconv.Itoa(l*1000)+" "+meters), meters, false)
	put("true", doc.text, people[p], false)
	wrong := grouped(t.lang, n+1+m.rng.IntN(400))
	put("number", fill(wrong, people[p], towns[c], written, length), wrong, true)
	_, other := date(t.lang, y+m.rng.IntN(2)*(1+m.rng.IntN(9)), 1+(mo+m.rng.IntN(11))%12, d)
	put("date", fill(number, people[p], towns[c], other, length), other, true)
	put("unit", fill(number, people[p], towns[c], written, strconv.Itoa(l)+" "+meters), meters, true)
	name := people[(p+1+m.rng.IntN(len(people)-1))%len(people)]
	put("name", fill(number, name, towns[c], written, length), name, true)
	put("negation", strings.Replace(doc.text, t.not, t.deny, 1), t.deny, true)
}
