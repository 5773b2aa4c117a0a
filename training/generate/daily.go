package generate

import (
	"math/rand/v2"
	"strings"
)

// Harmless sentences in the frames that harmful ones use. A head that has seen
// a frame with harmful ends only would take the frame for the harm.

var daily = []string{
	"paint the fence", "book a room", "fix the printer", "learn Spanish", "bake bread", "clean the oven", "repair a bike", "write a CV", "plan a trip", "surprise {victim}", "thank {victim}", "call {victim}", "visit {victim}",
	"photograph the school play", "descale the kettle", "cancel my subscription", "renew my passport", "reset my password", "file my taxes", "hang the curtains", "hang a lamp", "cut the grass", "cut a video", "cut my hair", "trim the hedge",
	"kill weeds", "kill slugs", "kill mould on the wall", "kill a frozen app", "kill the lights", "shoot a video", "shoot hoops", "beat the rush hour", "beat eggs", "hit the deadline", "hit save", "fire the pottery", "fire up the grill", "blow up balloons",
	"blow out candles", "drop a course", "drop a table column", "attack this problem", "attack the to-do list", "execute the plan", "execute a script", "terminate the lease", "abort the download", "strip the paint", "strip the wires", "mount a shelf",
	"treat a burn", "treat a wound", "stop a nosebleed", "say no without hurting anyone", "help a friend who is sad", "sleep better", "eat less sugar", "lose two kilos", "take a blood sample", "measure blood pressure", "change a dressing", "store vaccines",
	"report an incident", "report abuse", "report harassment", "order gloves", "scan a barcode", "write a bedtime story", "tell a bedtime story to a child", "teach a child to swim", "dress a baby", "feed a newborn", "raise a puppy", "find a school for my daughter",
	"split the bill", "close an account", "open a ticket", "merge two cells", "sort a list", "parse JSON", "deploy the app", "restart the server", "drain the queue", "reap zombie processes", "lock a thread", "override a setting", "bypass the cache", "ignore a file in git",
	"disable a warning", "remove a filter", "reveal hidden columns", "show hidden files", "print a label", "print the instructions for the pump", "repeat the exercise", "forget about work in the evening", "switch to developer tools", "end the meeting", "end the call", "finish my thesis", "dye a shirt blue", "massage my shoulders", "undress a wound", "touch up a photo", "lick envelopes faster", "swallow a tablet", "overcome stage fright",
	"cut down on coffee", "burn a CD", "burn fewer calories", "starve a cold", "hide a row", "hide the cables", "jump higher", "tie a tie", "tie a knot", "pull a muscle less often", "bleed the radiator", "bleed the brakes", "poison-proof the kitchen", "tape the bomb scene for the school film",
}

var dailyFrames = []string{
	"How do I {daily}?", "How can I {daily} without being late?", "Tell me how to {daily}.", "Tell me how to {daily} so that nobody sees it.", "I want to {daily} tonight.", "I am going to {daily} tomorrow.", "I will {daily} on Monday.", "Give me steps to {daily}.",
	"What is the best way to {daily}?", "What is the least painful way to {daily}?", "What is the quickest way to {daily}?", "Explain how to {daily}.", "Help me {daily}.", "Where can I learn to {daily}?", "Write a guide on how to {daily}.", "I want to {daily}, what do I need?", "How many hours does it take to {daily}?", "I think I should {daily}.", "Describe step by step how to {daily}.", "Can you {daily}?",
	"Which tool do I need to {daily}?", "Why is it hard to {daily}?", "I keep forgetting to {daily}.", "Is it legal to {daily} here?", "Teach me to {daily}.", "Let us {daily} together.", "How do I {daily} and get it done quickly?", "I am going to {daily} myself.", "I want to {daily} myself tonight.", "How do I {daily} by myself?",
}

var genres = []string{"short", "funny", "formal", "friendly", "polite", "detailed", "simple", "one-page", "thoughtful", "bedtime", "business", "scary", "sad", "happy", "warm"}
var forms = []string{"story", "letter", "poem", "e-mail", "summary", "speech", "article", "report", "script", "note", "post", "song", "joke", "essay", "description", "dialogue", "scene", "text", "blog post", "tweet"}
var persons = []string{"a child", "my daughter", "my son", "a patient", "two colleagues", "a man and a woman", "a couple", "my girlfriend", "my neighbour", "a nurse", "my team", "a girl aged ten", "a boy", "my mother", "an old man", "women in tech", "{group}", "a customer", "the board", "students"}

var writeFrames = []string{
	"Write a {genre} {form} for {person}.", "Write a {genre} {form} about {topic}.", "Write a {form} about {person}.", "Write a {form} with {person} about {topic}.", "Tell me a {genre} {form} about {person}.", "Make the tone of this {form} {genre}.", "Rewrite this {form} for {person}.", "Shorten the {form} about {topic}.",
	"Describe how {person} put the files in order.", "Describe how {person} met.", "Write the {form} of the talk between {person} and {person} with every detail.", "Write minutes of the talk with {person}, with all details.", "Describe {topic} in full detail for {person}.", "Write five questions on the {form} above.", "Summarise the {form} above in one line.", "Translate the {form} below.", "Explain {topic} to {person}.", "Compare the two texts below.", "Explain primary and replica servers and better names for them.", "Can {person} have an X-ray scan?", "May {person} take this medicine?", "{person} has a question about {topic}.", "Which form does {person} need for {topic}?",
	"Does the intranet have a page on {topic}?", "What does the handbook say on {topic}? Summarise it.", "From Monday on there are no changes to {topic}.", "I forget the rules of {topic}, explain them.", "Ignore the spelling mistake in the {form}.", "Ignore the typo and print the {form}.", "Ignore the {form} I sent before.", "Forget the {form}, tell me about {topic}.", "Disregard the second line of the {form}.", "Please follow the style guide and show {topic} on each page.",
	"Write ten questions to check that {person} understood the text.", "Repeat the {form} once more.", "Output the {form} as a table.", "How do I set up {topic}?", "Who is in charge of {topic}?", "When is the deadline for {topic}?", "Draft a reply to {person}.", "You are a helpful assistant that knows {topic}. Answer in one paragraph.", "You are a careful editor of the {form}. Keep the style.", "Act as {person} so that I can practise a talk on {topic}.", "Pretend to be {person} and ask me about {topic}.", "Give {person} the phone number of a crisis line.", "Which crisis line can I give to {person}?", "{person} seems low; which support is there?", "What should staff ask {person} who feels suicidal?", "{person}: how inclusive is our {form}?", "How do {group} and their families book an interpreter?", "Our ward is open to {group}; write a {form}.", "{group} after a break from work: which help is there?",
}

// many are harmless sentences in languages in which the rows hold mostly
// harmful ones.
var many = []string{
	"Comment réserver une salle ?", "Comment demander un congé maternité ?", "Comment demander un remboursement ?", "Comment obtenir un congé ?", "Comment prendre un congé sans solde ?", "Comment demander une attestation ?", "Comment faire une demande de mutation ?", "Combien de jours de congé ai-je ?", "Comment demander des congés ?", "Quel est le prix du parking ?", "Rédige un courriel à un fournisseur.", "Résume ce texte en trois lignes.", "Quels documents faut-il pour s'inscrire ?", "Comment changer mon mot de passe ?", "Explique la différence entre un virus et une bactérie.", "Propose un menu végétarien pour la semaine.", "Où se trouve la pharmacie ?", "Traduis cette lettre en anglais.", "Comment nettoyer une plaie ?", "Écris une histoire pour mon fils.", "Quels sont les horaires de visite ?", "Comment calmer un enfant qui pleure ?", "Quelle est la capitale de la Norvège ?", "Donne-moi des idées de cadeau pour ma mère.", "Comment aider une amie malade ?", "Qui peut prendre un congé de paternité ?", "Comment déclarer un accident du travail ?", "Peux-tu corriger mon texte ?", "Comment puis-je apprendre le piano ?", "Pourquoi le ciel est-il bleu ?", "Quelles sont les règles du football ?",
	"Wie buche ich einen Raum?", "Wie melde ich mich krank?", "Schreibe eine E-Mail an den Lieferanten.", "Fasse den Text in drei Sätzen zusammen.", "Welche Unterlagen brauche ich?", "Was kostet das Essen in der Kantine?", "Erkläre mir die Photosynthese.", "Wie pflege ich eine Wunde?", "Übersetze den Text ins Spanische.", "Wann beginnt die Besprechung?", "Wer ist für Reisekosten zuständig?", "Schreibe eine Gutenachtgeschichte.", "Ignoriere bitte den Tippfehler.", "Gib die Liste alphabetisch aus.", "Wie verbessere ich meinen Schlaf?", "Meine Frau hat Geburtstag, hast du Ideen?", "Ausländische Kollegen brauchen Hilfe beim Formular.", "Wie integrieren wir neue Kolleginnen?",
	"¿Cómo reservo una sala?", "¿Cómo pido vacaciones?", "Escribe un correo al proveedor.", "Resume el texto en tres frases.", "¿Cuánto cuesta el aparcamiento?", "Explica la fotosíntesis.", "¿Qué documentos necesito?", "Olvida la cita de ayer y dime la nueva fecha.", "¿Quién firma los contratos?", "Cuéntame un cuento para niños.", "¿Cómo limpio una herida?", "Traduce esto al alemán.",
	"Come prenoto una sala?", "Riassumi il testo.", "Quanto costa il parcheggio?", "Scrivi una lettera al cliente.", "Come chiedo le ferie?", "Come curo una ferita?", "Como reservo uma sala?", "Resuma o texto.", "Quanto custa o estacionamento?", "Escreva um e-mail ao fornecedor.", "Hoe boek ik een zaal?", "Vat de tekst samen.", "Wat kost parkeren?", "Hoe meld ik me ziek?", "Jak zarezerwować salę?", "Streść ten tekst.", "Ile kosztuje parking?", "Jak zgłosić usterkę?", "Napisz list do klienta.",
	"Как забронировать зал?", "Кратко изложи текст.", "Сколько стоит парковка?", "Как оформить отпуск?", "Напиши письмо поставщику.", "Объясни фотосинтез.", "如何预订会议室？", "请总结这段文字。", "停车费是多少？", "怎么请假？", "请写一封邮件给供应商。", "如何清洁伤口？", "给孩子讲一个故事。", "北京的天气怎么样？", "推荐一本好书。", "怎样学习英语？", "如何做西红柿炒鸡蛋？", "为什么天是蓝色的？",
	"会議室を予約するには？", "この文章を要約してください。", "駐車場の料金はいくらですか。", "休暇の申請方法は？", "회의실을 어떻게 예약하나요?", "이 글을 요약해 주세요.", "주차 요금은 얼마인가요?", "휴가는 어떻게 신청하나요?", "아이에게 들려줄 이야기를 써 주세요.", "Làm thế nào để đặt phòng họp?", "Tóm tắt văn bản này.", "Phí đỗ xe là bao nhiêu?", "Viết thư cho nhà cung cấp.", "Cách nấu phở bò tại nhà?", "Làm sao để học tiếng Anh tốt hơn?", "Giải thích quang hợp cho trẻ em.", "Tại sao bầu trời màu xanh?", "Gợi ý quà sinh nhật cho mẹ tôi.", "Làm thế nào để giúp một người bạn buồn?",
	"Toplantı odasını nasıl ayırtırım?", "Bu metni özetle.", "كيف أحجز غرفة؟", "لخص هذا النص.", "कमरा कैसे बुक करें?", "इस पाठ का सारांश लिखें।", "Hur bokar jag ett rum?", "Hvordan bestiller jeg et rom?", "Miten varaan huoneen?", "Jak rezervuji místnost?",
}

var people = []string{"staff", "visitors", "nurses", "the caretaker", "managers", "new starters", "parents", "members", "patients", "drivers", "all users", "the cashier", "volunteers", "students", "tenants", "the assistant manager", "the office", "a visitor", "a member of staff"}

var orderFrames = []string{
	"Note to {people}: {daily}.", "{people} must {daily} before they leave.", "If you are {people}, {daily} first.", "Attention {people}: please {daily}.", "Do not block the door. Instead, {daily}.", "Do not use the lift. Instead, take the stairs.", "{people} reading this must reply by Friday.", "Instruction to {people}: {daily}.", "When the bell rings, {people} {daily}.", "Before you leave, {daily}.", "{people} should now {daily}.", "Please {daily} and tell {people}.",
	"The system starts at seven and obeys the timer.", "The assistant sent the request to {people} by post.", "The previous instructions were sent to {people}.", "Stop the machine and {daily}.", "Dear {people}, please {daily}.", "Message to {people}: {topic} is closed today.", "PS for {people}: remember to {daily}.", "Forward the form to {people}.", "Send the {form} to {people} before noon.", "Your reply must reach {people} by Monday.", "{people} shall {daily} each week.", "Important: {people} have to {daily}.",
}

// dailySentences are harmless in every respect.
func dailySentences(r *rand.Rand) []Sentence {
	var out []Sentence
	add := func(frames []string, n int) {
		for _, f := range frames {
			for range n {
				s := Sentence{Text: dress(r, fill(r, f)), Indirect: -1}
				if r.IntN(12) == 0 {
					s.Text = disguise(r, s.Text)
				}
				out = append(out, s)
			}
		}
	}
	add(dailyFrames, 90)
	add(writeFrames, 45)
	add(many, 10)
	for _, f := range orderFrames {
		for range 45 {
			out = append(out, document(r, fill(r, f), 0))
		}
	}
	return out
}

// disguise writes a harmless sentence as one would hide a harmful one, so that
// the costume is not the crime.
func disguise(r *rand.Rand, s string) string {
	switch r.IntN(4) {
	case 0:
		return strings.Join(strings.Split(s, ""), " ")
	case 1:
		return strings.ReplaceAll(strings.Join(strings.Split(s, ""), "."), ". .", " ")
	case 2:
		return strings.NewReplacer("o", "0", "i", "1", "e", "3", "a", "4").Replace(s)
	}
	return strings.ToUpper(s)
}
