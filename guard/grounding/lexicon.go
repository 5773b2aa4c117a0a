package grounding

import (
	"strconv"
	"strings"
)

// class is what is known of a word, whatever its language.
type class uint32

const (
	function     class = 1 << iota // says nothing by itself
	negation                       // turns a statement round
	numeral                        // a number word
	calendar                       // a month or a weekday
	unit                           // a unit of measure
	quantifier                     // how many of them: val is 0 (none) to 4 (all)
	about                          // the number after it is rounded
	comparative                    // orders two things
	subjective                     // the speaker's own view
	abbreviation                   // ends with a point within a sentence
	titled                         // capitalised without being a name
	asking                         // a question word
	meridiem                       // am, pm
	weak                           // a number word that is an article as often
	ordinalWord                    // first, second
)

// entry is what is known of a word.
type entry struct {
	class class
	val   float64 // of a numeral; of a unit, its size in the base unit; of a quantifier, 0 to 4
	dim   uint8   // of a unit
	month int8    // 1 to 12
	day   int8    // weekday, 1 is Monday
	root  uint32  // key shared by synonyms and irregular forms, 0 for the stem's
	pole  int16   // antonyms have the same number with the other sign, 0 for none
	scale bool    // a numeral that multiplies: hundred, million
}

var (
	lexicon  = makeLexicon()
	particle = &entry{class: function}
)

// Dimensions of units; values of unlike ones never agree.
const (
	plain uint8 = iota
	percent
	length
	mass
	volume
	duration
	area
	speed
	data
	energy
	power
	celsius
	fahrenheit
	kelvin
	money // money and above: one number a currency
)

func makeLexicon() map[string]*entry {
	m := make(map[string]*entry, 4000)
	at := func(w string) *entry {
		w = plainWord(w)
		if m[w] == nil {
			m[w] = &entry{}
		}
		return m[w]
	}
	mark := func(c class, words string) {
		for w := range strings.FieldsSeq(words) {
			at(w).class |= c
		}
	}
	mark(function, functionWords)
	mark(negation|function, negationWords)
	mark(about|function, aboutWords)
	mark(subjective|function, subjectiveWords)
	mark(abbreviation, abbreviations)
	mark(titled, titledWords)
	mark(asking|function, askingWords)
	mark(meridiem, "am pm a.m p.m")
	addQuantifiers(at)
	addNumerals(at)
	addCalendar(at)
	addUnits(at)
	pole := int16(0)
	for line := range strings.Lines(antonyms) {
		left, right, ok := strings.Cut(line, "|")
		if !ok {
			continue
		}
		pole++
		for w := range strings.FieldsSeq(left) {
			at(w).pole = pole
		}
		for w := range strings.FieldsSeq(right) {
			at(w).pole = -pole
		}
	}
	mark(comparative, comparatives)
	for line := range strings.Lines(synonyms) {
		words := strings.Fields(line)
		for _, w := range words {
			if e := at(w); e.root == 0 {
				e.root = fnv(stem([]byte(plainWord(words[0]))))
			}
		}
	}
	return m
}

// plainWord is w as the tokenizer looks it up.
func plainWord(w string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(w) {
		b.WriteRune(base(fold(r)))
	}
	return b.String()
}

func addQuantifiers(at func(string) *entry) {
	for v, words := range []string{
		"no none nobody nothing neither kein keine keiner keinen keinem niemand nichts aucun aucune personne rien ningun ninguno ninguna nadie nada nessun nessuno nessuna nenhum nenhuma ninguem geen niemand niets никто ничего ninguém",
		"few hardly rarely seldom wenige wenig selten rarement pocos pocas pochi poche poucos poucas weinig zelden мало редко",
		"some several sometimes certain einige manche manchmal certains quelques parfois algunos algunas veces alcuni alcune talvolta alguns algumas sommige soms некоторые иногда 一些 有些 일부",
		"most mostly usually often majority meist meisten oft plupart souvent mayoria suele maggior spesso maioria meeste vaak большинство часто 大多 대부분",
		"all every each always everyone everything entire whole any both alle alles jeder jede jedes immer tous toutes tout toujours todos todas siempre tutti tutte sempre iedereen altijd все всегда каждый 所有 全部 全て 모든 모두",
	} {
		for w := range strings.FieldsSeq(words) {
			e := at(w)
			e.class |= quantifier | function
			e.val = float64(v)
		}
	}
}

func addNumerals(at func(string) *entry) {
	add := func(words string, c class, scale bool) {
		for line := range strings.Lines(words) {
			f := strings.Fields(line)
			if len(f) == 0 {
				continue
			}
			v, err := strconv.ParseFloat(f[0], 64)
			if err != nil {
				continue
			}
			for _, w := range f[1:] {
				e := at(w)
				e.class |= c
				e.val, e.scale = v, scale
			}
		}
	}
	add(numerals, numeral, false)
	add(scales, numeral, true)
	add(ordinals, numeral|ordinalWord, false)
	for w := range strings.FieldsSeq("one un une uno una um uma ein eine einen einem einer eines een один одна a an 一") {
		at(w).class |= weak | function
	}
	germanic(at, []string{"", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"}, "und",
		[]string{"zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"})
	germanic(at, []string{"", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen"}, "en",
		[]string{"twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig"})
}

// germanic adds the numbers to 99 that are written as one word, ones first.
func germanic(at func(string) *entry, ones []string, and string, tens []string) {
	for t, ten := range tens {
		for o := 1; o < 10; o++ {
			e := at(ones[o] + and + ten)
			e.class |= numeral
			e.val = float64(20 + 10*t + o)
		}
	}
}

func addCalendar(at func(string) *entry) {
	for _, table := range months {
		for i, w := range strings.Fields(table) {
			e := at(w)
			e.class |= calendar
			e.month = int8(i + 1)
		}
	}
	for _, table := range weekdays {
		for i, w := range strings.Fields(table) {
			e := at(w)
			e.class |= calendar
			e.day = int8(i + 1)
		}
	}
	// A verb and a month; capitals decide elsewhere.
	at("may").class |= function
}

func addUnits(at func(string) *entry) {
	for line := range strings.Lines(units) {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue
		}
		dim := dimensions[f[0]]
		size, err := strconv.ParseFloat(f[1], 64)
		if err != nil {
			continue
		}
		for _, w := range f[2:] {
			e := at(w)
			e.class |= unit
			e.dim, e.val = dim, size
		}
	}
	for i, words := range currencies {
		for w := range strings.FieldsSeq(words) {
			e := at(w)
			e.class |= unit
			e.dim, e.val = money+uint8(i), 1
		}
	}
}
