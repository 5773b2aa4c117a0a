package lexis

import "strings"

// stopWords by language. English is complete enough to measure how much of a
// question a passage covers; elsewhere the rarity of words does most of that.
// Read-only.
var stopWords = map[string]map[string]bool{
	"en": set(`a about above after again against all also am an and any are aren't as at be because been
		before being below between both but by can can't cannot could couldn't did didn't do does doesn't
		doing don't down during each either else ever every few for from further get gets getting give given gives go goes going got
		had has have haven't having he her here hers herself him himself his how however i i'd i'll i'm i've if in
		into is isn't it it's its itself just kind let let's like make makes many may me might mine more
		most much must my myself need needs no nor not now of off on once one ones only or other our ours out over
		own per please put same say says shall she should shouldn't so some somebody someone something such take takes taken tell than that that's
		the their theirs them themselves then there there's these they they're they've this those through to
		too under until up upon us use used using very want wants was wasn't way we we'd we'll we're we've were weren't what
		what's whatever when whenever where wherever whether which while who who's whoever whom whose why will with
		within without won't would wouldn't yes yet you you'd you'll you're you've your yours yourself
		happen happens happened thing things mean means called know long soon often quickly exactly
		first last next there explain describe find question answer`),
	"de": set(`aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein dem den der des
		die dies diese dieser dieses doch dort du durch ein eine einem einen einer eines er es euer für hat haben
		hatte ich ihr ihre im in ist ja jede jeder kann kein können man mein mit muss nach nicht noch nur oder ohne
		sein sich sie sind so soll über um und uns unser unter vom von vor wann war warum was wegen weil welche
		welcher welches wenn wer werden wie wieder wir wird wo wurde zu zum zur`),
	"fr": set(`a à au aux avec ce ces cette comme comment dans de des du elle elles en est et être eux faut il ils je
		la le les leur lui ma mais me mes moi mon ne nos notre nous on ont ou où par pas pour pourquoi qu quand que quel quelle
		quelles quels qui quoi sa sans se ses si son sont sur ta te tes toi ton tu un une vos votre vous y`),
	"es": set(`a al algo como cómo con cuál cuales cuándo cuánto de del desde donde dónde e el él ella ellos en entre era
		es esa ese eso esta este esto fue ha han hasta hay la las le les lo los más me mi muy no nos o para pero por
		porque qué que quién se ser si sin sobre son su sus también te tiene tu un una uno unos y ya yo`),
	"it": set(`a ad ai al alla anche che chi ci come con cosa da dal dalla degli dei del della delle di dove e è ed era gli
		ha hanno i il in io la le lo loro ma mi nei nel nella non o per perché più quale quali quando quanto questa questo
		se si sono su sua sue sui sul suo tra tu un una uno`),
	"nl": set(`aan al als bij dan dat de den der deze die dit door een en er geen had heb heeft het hij hoe ik in is
		je kan kunnen maar met mijn moet na naar niet of om ons ook op over te tot u uit van voor waar wanneer waarom was
		wat we wel welke werd wie wij worden wordt zal ze zich zij zijn zo`),
}

// sameWord joins English stems that ask for the same thing and that no stemmer
// joins: the words of questions against the words of procedures. Read-only.
var sameWord = map[string]string{
	"telephon": "phone", "call": "phone",
	"organis": "organ", "organiz": "organ",
	"authoris": "author", "authoriz": "author", "authorisation": "author",
	"mileag": "mile", "sickness": "sick", "ill": "sick",
	"medicat": "medicin", "drug": "medicin",
	"payment": "pay", "purchas": "buy",
	"hrs": "hour", "min": "minut", "yr": "year",
	"kid": "child",
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// Guess tells the language of a text by its stop words, among those whose stop
// words are known. When in doubt it is English.
func Guess(text string) string {
	best, language := 0, "en"
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !wordRune(r) && r != '\'' })
	if len(words) > 400 {
		words = words[:400]
	}
	for _, candidate := range []string{"en", "de", "fr", "es", "it", "nl"} {
		n := 0
		for _, w := range words {
			if stopWords[candidate][w] {
				n++
			}
		}
		if n > best {
			best, language = n, candidate
		}
	}
	return language
}
