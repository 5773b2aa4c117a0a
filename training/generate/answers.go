package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Ordinary answers of assistants: calm in all four harms, also where they speak
// of wounds, drugs, war, sex education or grief.

var replyLines = []string{
	"Wash the {veg}, cut it into strips and fry it in hot oil.", "Whisk the {veg} soup until it is smooth.", "Kill the heat and let the dough rest for an hour.", "Beat the cream until stiff peaks form.", "Chop off the ends and strip the leaves.", "Slice the meat against the grain and brown it on all sides.", "Blend, season and serve while hot.", "Blood oranges go well with fennel.", "Stab the potatoes with a fork before you bake them.",
	"Rinse the eye with clean water for fifteen minutes.", "Press a clean dressing on the wound until it stops bleeding.", "Clean cuts and grazes with water, not with alcohol.", "Call the emergency number if the person does not breathe.", "The usual dose for adults is {num} mg twice a day.", "Do not exceed {num} mg in 24 hours.", "An overdose can damage the liver or the heart, so call the poison centre at once.", "Common side effects are nausea, headache and tiredness.", "Naloxone reverses an overdose of opioids within minutes.", "The injection goes into the thigh or the belly.", "Ask the patient about pain, sleep and appetite.", "Remove the catheter after {num} days unless there is a reason to keep it.", "The breast, the vagina and the cervix are examined with consent only.", "Testicular cancer is rare and most men are cured.", "Condoms protect against most infections passed on by sex.", "Puberty begins between nine and fourteen; talk about it openly.", "Self-harm is often a way to cope with strong feelings; a calm talk helps more than blame.", "If you think about ending your life, please call the crisis line or a doctor today.", "You are not alone, and help is there at any hour.", "Ask about suicidal thoughts directly; it does not put the idea into anyone's head.", "Lock away medicines and sharp objects when someone is at risk.", "Grief comes in waves and has no fixed length.", "A burn larger than the palm needs a doctor.", "People who were assaulted can get an examination without going to the police first.",
	"The process with number {num} was killed because memory ran out.", "Use kill with signal 15 first, and 9 if that fails.", "Drop the table, create it again and run the import.", "The job aborts when a child process dies.", "Execute the script as a normal user.", "The master copies each write to its replicas.", "This attack works because the input is not escaped.", "The exploit was fixed in version {num}.", "Inject the service through the constructor.", "Fire the event after the state has changed.", "Strip white space from both ends.", "The trigger runs before each insert.", "Brute force takes too long with passwords of that length.", "Shoot in raw format and raise the exposure.", "The debugger hits the breakpoint at line {num}.", "Hash the password with a slow function.", "The function returns {num} and an error.",
	"The battle lasted three days and cost {num} lives.", "The king was beheaded in 1649 after a trial.", "Soldiers on both sides were shot, gassed or died of disease.", "The bombing destroyed most of the old town.", "The regime murdered Jews, Roma and disabled people; the memorial names them.", "Slavery was abolished after a long struggle.", "Women gained the vote in {num} after years of protest.", "Black citizens fought for equal rights in the courts and in the street.", "Muslims, Hindus and Sikhs live side by side in the quarter.", "Refugees arrived with little and built a new life.", "Gay couples may marry since that law.", "The assassin was caught the same evening.", "The treaty ended the war but not the hunger.", "Colonial rule was violent and is judged harshly today.", "Terror attacks fell in number after {num}.", "The law bans hate speech and threats.", "Immigrants make up {num} percent of the staff.", "Men and women die of heart disease at similar rates.",
	"The detective finds the knife behind the stove and sighs.", "The dragon falls, and the village sings.", "In the last act the prince dies in the arms of his friend.", "He kissed her at the station and ran for the train.", "They were married in spring and quarrelled by autumn.", "The ghost of the murdered king speaks at midnight.", "The villain threatens the town, but the children outwit him.", "She held his hand until the storm was over.", "The wolf eats the grandmother; the hunter frees her.", "Blood ran from his nose, but he grinned and stood up.", "The suspect denied everything.",
	"Net {num}, tax {num}, total {num}.", "Column B holds the sum of all paid invoices.", "The margin fell from {num} to {num} percent.", "Bad debts are written off at year end.", "The firm beat its target and cut costs.", "Terminate the lease with three months' notice.", "Please find the draft below.", "I am sorry for the delay and thank you for your patience.", "We look forward to your visit.", "The meeting begins at ten in room {num}.", "Let me know which day suits you.", "Bring your badge and a pen.",
	"| {num} | {num} | {num} |", "| Name | Ward | Shift |", "def total(rows):", "    return sum(r.amount for r in rows)", "SELECT ward, COUNT(*) FROM beds GROUP BY ward;", "{\"ok\": true, \"count\": {num}}", "```go", "```", "x = {num} / {num}", "Therefore the answer is {num}.", "First divide both sides by {num}.", "The angle is {num} degrees.", "Water boils at 100 degrees at sea level.", "Plants starve without light.", "Bacteria are killed by heat above 70 degrees.", "White blood cells attack and destroy germs.", "Predators hunt at dawn and kill quickly.", "The male rooster mates with several hens.", "Chemotherapy kills cells that divide fast.", "The heart pumps about {num} litres in a minute.",
	"Zuerst die Wunde mit Wasser reinigen und dann verbinden.", "Die Sitzung beginnt um zehn Uhr.", "Bitte bringen Sie den Ausweis mit.", "Nach dem Krieg wurde die Stadt neu gebaut.", "D'abord, lavez la plaie à l'eau claire.", "La réunion commence à dix heures.", "Primero lave la herida con agua.", "La reunión empieza a las diez.", "Prima lava la ferita con acqua.", "A reunião começa às dez.", "De vergadering begint om tien uur.", "Spotkanie zaczyna się o dziesiątej.", "会议十点开始。", "Собрание начинается в десять.", "会議は十時に始まります。",
}
var openings = []string{"", "", "Sure, here is how:\n", "Here are a few points:\n", "Certainly!\n\n", "In short: ", "Good question. ", "Of course. ", "Thanks for asking. ", "Yes, that works.\n", "I'm sorry to hear that. ", "I can't help with that, but here is what I can do: ", "It depends. "}
var closings = []string{"", "", "Let me know if you have more questions.", "I hope this helps.", "Would you like an example?", "Take care.", "Please see a doctor if it gets worse."}

// Supportive lines by grammar: answers speak of suicide, wounds, groups and sex
// most where they help.
var careLines = []string{"If {who3} {says}, {act3}.", "If {who3} {says}, {act3} and {act3}.", "When {who3} {says}, it is best to {act3}.", "{act3c} if {who3} {says}.", "Do not {no3}; {act3} instead.", "A doctor or a crisis line can help when {who3} {says}.", "Emergency services come if {who3} {says}.", "If {who3} {says}, {act3}; ask whether they are safe.", "Should {who3} say that they think of suicide, {act3}.", "Tell them that you care, and {act3}.", "Ask about suicide in plain words and {act3}.", "The {organ} and the {organ} are looked at by a nurse, with a second person in the room.", "Contraception: the pill, the coil and condoms, see the table.", "After sex without a condom there are pills that work for some days.", "Sex can hurt after birth; the {organ} needs weeks to heal.", "The staff ask every patient whether {who3} {says}.", "Warning signs are that {who3} {says} or gives things away.", "Screening for {ill3} begins at {num}.", "{ill3} is treated with tablets, talks or both.", "The check of the {organ} takes ten minutes and is done only if you agree.", "Pain in the {organ} after sex should be looked at.", "Blood in the urine, or a lump in the {organ}, needs a visit.", "{grp} and {grp} have a common {thing3}.", "{grp} have their own {thing3}, as have {grp}.", "For {grp} the {thing3} differs from that of {grp}.", "In {year} {grp} were {harm3}; a memorial recalls it.", "The {army} shelled the town in {year}, and many were {harm3}.", "Critics say that {grp} were {harm3} under the law of {year}."}
var careSlots = map[string][]string{"who3": {"someone", "a friend", "your child", "a patient", "a colleague", "your partner", "a pupil", "anyone"}, "says": {"talks about suicide", "tells you that they want to die", "thinks about ending their life", "hurts themselves", "has taken an overdose", "cuts their arms", "feels hopeless", "says they see no way out", "was assaulted", "was raped", "is threatened with a weapon", "hears voices", "mentions a plan", "cannot stop crying"}, "act3": {"stay with them", "listen without blame", "call for help", "ask openly how they feel", "take it seriously", "put tablets and blades away", "offer to go along to a doctor", "keep calm", "do not leave them alone", "write down what they say"}, "act3c": {"Stay calm", "Call for help", "Listen", "Ask openly", "Take it seriously"}, "no3": {"promise to keep it secret", "argue", "blame them", "leave them alone", "make jokes", "give advice too soon"}, "ill3": {"Depression", "Cervical cancer", "Breast cancer", "Chlamydia", "Self-harm", "Anorexia", "Anxiety", "Prostate cancer"}, "organ": {"breast", "vagina", "penis", "cervix", "testicles", "womb", "prostate", "belly"}, "grp": {"Jews", "Muslims", "Christians", "Hindus", "women", "men", "immigrants", "Roma", "gay people", "Black people", "disabled people", "old people", "refugees", "Buddhists"}, "thing3": {"calendar", "kitchen", "prayer", "history", "songs", "feast days", "rights", "waiting times", "vote"}, "year": {"1915", "1938", "1945", "1968", "1994"}, "harm3": {"killed", "murdered", "driven out", "shot", "persecuted", "gassed", "wounded", "jailed"}, "army": {"enemy", "navy", "rebel army", "occupying army"}}

// clinicLines name organs as medicine does.
var clinicLines = []string{"Checks of the {organ6} or {organ6} take place with your consent and with a chaperone.", "The {who6} asks for consent before an {exam6} of the {organ6} or {organ6}.", "An {exam6} of {organ6} or {organ6} is never done without consent.", "With consent, and with a second {who6} present, the {organ6} or the {organ6} is looked at.", "The morning-after pill works best soon after sex, at most within {num} days.", "Within {num} days after sex the emergency coil can be fitted.", "Screening for cancer of the {organ6} starts at {num}.", "The {who6} examines the {organ6} and the {organ6} with gloves.", "An {exam6} of the {organ6} or the {organ6} needs your consent.", "You may ask for a chaperone when the {organ6} is examined.", "The {organ6} is cleaned before the catheter goes in.", "Swelling of the {organ6} or the {organ6} is a reason to see a {who6}.", "{sti6} can cause discharge from the {organ6}.", "{sti6} is found with a swab from the {organ6}.", "Contraception: {con6} protects against infections, {con6} does not.", "{con6} works within {num} days after sex.", "Emergency pills can be taken up to five days after unprotected sex.", "The {organ6} and {organ6} develop during puberty.", "During birth the {organ6} stretches.", "A dry {organ6} is common in the menopause.", "Erection of the {organ6} depends on blood flow.", "Sperm leave the {organ6} at ejaculation; one of them may meet an egg.", "Wash the {organ6} with water only.", "Consent means that everyone agrees to sex freely.", "Sexual abuse must be reported to the child protection team.", "Cancer of the {organ6} is rare before {num}.", "Do you have pain in the {organ6} during sex?"}
var clinicSlots = map[string][]string{"organ6": {"vagina", "penis", "vulva", "cervix", "breasts", "nipple", "testicles", "scrotum", "anus", "rectum", "womb", "prostate", "foreskin", "clitoris", "groin"}, "who6": {"nurse", "doctor", "midwife", "urologist", "gynaecologist"}, "exam6": {"exam", "inspection", "ultrasound", "internal check", "assessment"}, "sti6": {"Chlamydia", "Gonorrhoea", "Thrush", "Herpes", "HPV", "Syphilis"}, "con6": {"The condom", "The pill", "The coil", "A diaphragm", "The implant"}}

func careLine(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return expand(r, expand(r, pick(r, clinicLines), clinicSlots), map[string][]string{"num": {"2", "3", "5", "40", "50"}})
	}
	s := expand(r, pick(r, careLines), careSlots)
	return strings.ToUpper(s[:1]) + s[1:]
}

func reply(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString(pick(r, openings))
	style := r.IntN(4)
	for i := range 1 + r.IntN(8) {
		line := pick(r, replyLines)
		switch r.IntN(9) {
		case 0, 1:
			line = careLine(r)
		case 2:
			line = fill(r, pick(r, many))
		case 4:
			line = fill(r, expand(r, expand(r, pick(r, append(groupFrames[15:20:20], hateGood[:4]...)), groupSlots), map[string][]string{"sp": speeches}))
		case 6:
			line = fill(r, expand(r, pick(r, groupLists), groupVerbs))
		case 5:
			line = line + "\n" + careLine(r)
		case 3:
			line = strings.Split(structured(r), "\n")[0]
		}
		l := expand(r, line, map[string][]string{"num": {"2", "4", "12", "25", "40", "120", "500", "1918"}, "veg": {"carrot", "leek", "tomato", "bean", "onion"}})
		switch style {
		case 0:
			fmt.Fprintf(&b, "%d. %s\n", i+1, l)
		case 1:
			b.WriteString("- " + l + "\n")
		case 2:
			b.WriteString(l + " ")
		default:
			b.WriteString(l + pick(r, []string{"\n", " ", "\n\n"}))
		}
	}
	text := b.String() + pick(r, closings)
	if r.IntN(3) == 0 { // it is judged while it grows
		for cut := min(20+r.IntN(300), len(text)-1); cut > 0; cut-- {
			if text[cut]&0xC0 != 0x80 {
				text = text[:cut]
				break
			}
		}
	}
	if r.IntN(3) == 0 { // and its windows begin in a word
		for cut := r.IntN(min(len(text), 60) + 1); cut < len(text); cut++ {
			if text[cut]&0xC0 != 0x80 {
				return text[cut:]
			}
		}
	}
	return text
}
