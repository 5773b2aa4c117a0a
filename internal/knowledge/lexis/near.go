package lexis

import (
	"slices"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// irregular forms of English that no stemmer joins: the base form first.
// Read-only.
var irregular = forms(`
	begin began begun|break broke broken|bring brought|build built|buy bought|catch caught|choose chose chosen|come came|do done|
	draw drew drawn|drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feel felt|fight fought|fly flew flown|
	forget forgot forgotten|freeze froze frozen|grow grew grown|hang hung|hear heard|hide hid hidden|hold held|keep kept|
	lead led|leave left|lend lent|lose lost|meet met|pay paid|ring rang rung|rise rose risen|run ran|see saw seen|sell sold|
	send sent|shake shook shaken|show shown|sing sang sung|sink sank sunk|sit sat|sleep slept|speak spoke spoken|spend spent|
	stand stood|steal stole stolen|stick stuck|swear swore sworn|swim swam swum|teach taught|tear tore torn|think thought|
	throw threw thrown|understand understood|wake woke woken|wear wore worn|win won|withdraw withdrew withdrawn|write wrote written|
	child children|woman women|man men|foot feet|tooth teeth|mouse mice|good better best|bad worse worst|
	low lower lowest|high higher highest|late later latest|early earlier earliest|near nearer nearest|large larger largest|
	small smaller smallest|long longer longest|short shorter shortest|old older oldest|new newer newest|big bigger biggest|
	fast faster fastest|slow slower slowest|warm warmer warmest|cold colder coldest|cheap cheaper cheapest|great greater greatest`)

func forms(list string) map[string]string {
	m := map[string]string{}
	for group := range strings.SplitSeq(list, "|") {
		words := strings.Fields(group)
		for _, w := range words[1:] {
			m[w] = words[0]
		}
	}
	return m
}

// near joins everyday English words that people use for each other when they ask:
// weaker than a spelling, for a sentence may mean another thing. Read-only.
var near = groups(`
	phone call ring dial|tell inform notify report|family relative kin|begin start commence|end finish stop|
	wash clean rinse|repair fix mend|mistake error|hurt injury wound harm pain sore|ask request|wrong incorrect|
	cold cool temperature|warm hot heat temperature|degree temperature|price cost fee charge|money cash|doctor physician|
	salary wage pay|boss manager supervisor|allow permit may|ban forbid prohibit|car vehicle|trip journey travel|
	lunch meal food dinner|job work post|rubbish waste bin trash|speak talk answer|discard dispose destroy|
	throw discard destroy|fast quick soon|late delay|share lend borrow|check verify confirm|choose select pick|
	send submit post|keep store hold retain|get receive collect|stay remain|look view read|hospital trust|
	full whole complete|help support offer|old age|night overnight|write record enter|replace exchange new|
	find discover|find notice|lose missing|show display|need require|give supply administer|shop store|
	illness disease sick|forbid never|put place|arrive deliver|meeting meet|holiday leave|form paper document`)

func groups(list string) map[string][]string {
	m := map[string][]string{}
	for group := range strings.SplitSeq(list, "|") {
		var terms []string
		for w := range strings.FieldsSeq(group) {
			terms = append(terms, base(w))
		}
		for _, a := range terms {
			for _, b := range terms {
				if a != b && !slices.Contains(m[a], b) {
					m[a] = append(m[a], b)
				}
			}
		}
	}
	return m
}

// base is the term that an Analyser of English gives the lower-case word w.
func base(w string) string {
	if b, ok := irregular[w]; ok {
		w = b
	}
	env := snowballstem.NewEnv(w)
	english.Stem(env)
	if same, ok := sameWord[env.Current()]; ok {
		return same
	}
	return env.Current()
}

// NearShare is what a near word counts for the word that was asked with.
const NearShare = 0.6

// Near are the terms that stand for term in a question, in the given language.
func Near(language, term string) []string {
	if language != "en" {
		return nil
	}
	return near[term]
}

// everyday are words of English so frequent that their absence from a document
// is a matter of phrasing: the document may say the same without them. The
// absence of a rare word means that the matter itself is missing. Read-only.
var everyday = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`
		able accept across act actually add again ago agree allow almost alone along already always answer anybody anyone anything
		appear apply arrive ask away back bad become begin believe best better big bit both bottom break bring build busy buy call case
		cause certain change check choose clear close come common complete concern consider continue correct could count couple cover
		create cut deal decide degree depend difference different difficult discover do doing early end enough enter especially even
		ever everybody everyone everything example expect fact far fast feel few fill fine finish fit fix follow forget full get give
		good great guess half hand handle happy hard help high hit hold hope huge idea important inform inside instead keep kind last
		late later lead learn least leave left less let little look lose lot low main manage matter maybe mean meet might mind miss
		moment move near necessary need never new nice nobody normal nothing occur offer okay old onto open other own part pass past
		people perhaps person pick piece place play please point possible prefer prepare present probably problem proper provide pull
		push put quick quite raise reach read ready real reason receive remain remember remove require rest return right run safe say
		second see seem send serious set several show shut side similar simple since situation size small somebody someone something
		sometimes somewhere sorry sort speak spend start state still stop straight stuff suddenly suggest supposed sure surprise take
		talk tell thank think though throw till time today together tomorrow tonight top touch toward tried true try turn under
		understand usual wait want well whole wish wonder word work worry worth write wrong yesterday`) {
		m[base(w)] = true
	}
	return m
}()

// Everyday reports whether term is an everyday word of the language.
func Everyday(language, term string) bool { return language == "en" && everyday[term] }
