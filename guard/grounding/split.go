package grounding

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sallyport/guard"
)

// piece is a sentence, a line of a list or a row of a table.
type piece struct{ start, end int }

// longestPiece bounds a sentence; a longer one is cut at a blank.
const longestPiece = 1200

// sentences cuts text, in order and without overlap; blanks and marks of lists
// stand between the pieces.
func sentences(text string) []piece {
	var out []piece
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += at
		}
		out = line(text, at, end, out)
		at = end + 1
	}
	return out
}

// line cuts one line. A blank line, a rule of a table or a fence gives nothing.
func line(text string, at, end int, out []piece) []piece {
	start := bullet(text, at, end)
	cuts(text, start, end, func(next int) {
		out = add(text, start, next, out)
		start = next
	})
	return add(text, start, end, out)
}

// cuts calls cut for the end of each sentence in text[start:end] but the last.
func cuts(text string, start, end int, cut func(next int)) {
	for i := start; i < end; {
		r, n := utf8.DecodeRuneInString(text[i:end])
		next := i + n
		switch {
		case next-start > longestPiece && (unicode.IsSpace(r) || dense(r) || next-start > 2*longestPiece):
			cut(next)
			start = next
		case terminal(r) && ends(text, i, next, end, r):
			for next < end && closing(text[next:end]) {
				_, m := utf8.DecodeRuneInString(text[next:end])
				next += m
			}
			cut(next)
			start = next
		}
		i = next
	}
}

// bullet is where the text of a line begins behind marks of lists, quotes,
// headings and table edges.
func bullet(text string, at, end int) int {
	for at < end && (text[at] == ' ' || text[at] == '\t' || text[at] == '>' || text[at] == '#' || text[at] == '|') {
		at++
	}
	rest := text[at:end]
	for _, mark := range [...]string{"- ", "* ", "+ ", "• ", "– ", "— ", "· "} {
		if strings.HasPrefix(rest, mark) {
			return at + len(mark)
		}
	}
	digits := 0
	for digits < len(rest) && digits < 3 && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	if digits > 0 && digits+1 < len(rest) && (rest[digits] == '.' || rest[digits] == ')') && rest[digits+1] == ' ' {
		return at + digits + 2
	}
	return at
}

// add appends text[start:end] without the blanks around it if it has a letter
// or digit.
func add(text string, start, end int, out []piece) []piece {
	for start < end {
		r, n := utf8.DecodeRuneInString(text[start:end])
		if !unicode.IsSpace(r) && r != '|' {
			break
		}
		start += n
	}
	for start < end {
		r, n := utf8.DecodeLastRuneInString(text[start:end])
		if !unicode.IsSpace(r) && r != '|' {
			break
		}
		end -= n
	}
	if strings.IndexFunc(text[start:end], func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) < 0 {
		return out
	}
	return append(out, piece{start, end})
}

func terminal(r rune) bool {
	switch r {
	case '.', '!', '?', '。', '！', '？', '।', '؟', '…', '｡', '．':
		return true
	}
	return false
}

func closing(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	switch r {
	case '"', '\'', ')', ']', '”', '’', '»', '」', '』', '）', '!', '?', '.', '。', '！', '？', '*', '_':
		return true
	}
	return r == '[' && citation(s) > 0
}

// citation is the length of a mark like [3] or [doc1], 0 for none.
func citation(s string) int {
	end := strings.IndexByte(s, ']')
	if end < 2 || end > 12 || strings.ContainsAny(s[1:end], " [") {
		return 0
	}
	return end + 1
}

// ends reports whether the mark r at i ends a sentence: not within numbers,
// abbreviations, initials, addresses.
func ends(text string, i, next, end int, r rune) bool {
	if r != '.' {
		return true
	}
	if next >= end {
		return true
	}
	after, _ := utf8.DecodeRuneInString(text[next:end])
	if unicode.IsDigit(after) || after == '.' {
		return false
	}
	before := lastWord(text[:i])
	if before == "" {
		return true
	}
	if after != ' ' && after != '"' && after != '”' && after != ')' && after != '\'' && after != '[' && after != '\t' && after != '\u00a0' {
		// "…end.Next" is a sentence's end if a word of some length meets a capital.
		return unicode.IsUpper(after) && utf8.RuneCountInString(before) > 3 || dense(after)
	}
	rest := strings.TrimLeft(text[next:end], " \t\u00a0\"'”)[(“«")
	first, _ := utf8.DecodeRuneInString(rest)
	if unicode.IsLower(first) && after == ' ' {
		return !known(before) && utf8.RuneCountInString(before) > 3 && !strings.ContainsRune(before, '.')
	}
	if known(before) {
		return rest == ""
	}
	if utf8.RuneCountInString(before) == 1 && before != "I" && unicode.IsUpper(firstRune(before)) {
		return rest == ""
	}
	if ordinal(before) && unicode.IsUpper(first) {
		return !monthAhead(rest)
	}
	return true
}

func known(w string) bool {
	if len(w) > 24 {
		return false
	}
	e := lexicon[plainWord(w)]
	return e != nil && e.class&abbreviation != 0
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// lastWord is the letters, digits and points at the end of s, at most 24 bytes.
func lastWord(s string) string {
	i := len(s)
	for i > 0 && len(s)-i < 24 {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' {
			break
		}
		i -= n
	}
	return s[i:]
}

func ordinal(w string) bool {
	if w == "" || len(w) > 2 {
		return false
	}
	for i := range len(w) {
		if w[i] < '0' || w[i] > '9' {
			return false
		}
	}
	return true
}

func monthAhead(rest string) bool {
	i := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })
	if i < 0 {
		i = len(rest)
	}
	if i == 0 || i > 24 {
		return false
	}
	e := lexicon[plainWord(rest[:i])]
	return e != nil && e.month != 0
}

// Reasons why a statement is not checked.
type ignored uint8

const (
	checked ignored = iota
	greeting
	question
	refusal
	heading
)

// idle says whether a sentence makes no claim that sources could carry.
func idle(s string) ignored {
	trimmed := strings.TrimRight(s, " \t\"'”’»)]*_")
	low := strings.ToLower(strings.TrimLeft(s, " \t\"'“«*_"))
	if len(low) > 400 {
		low = low[:400]
	}
	for _, p := range refusals {
		if i := strings.Index(low, p); i >= 0 && i < 60 && !strings.Contains(low[i:], " but ") && !strings.Contains(low[i:], " aber ") && !strings.Contains(low[i:], " however") {
			return refusal
		}
	}
	if strings.HasSuffix(trimmed, "?") || strings.HasSuffix(trimmed, "？") || strings.HasSuffix(trimmed, "؟") {
		for _, p := range loaded {
			if strings.Contains(low, p) {
				return checked
			}
		}
		if i := strings.LastIndexByte(trimmed, ','); i > 0 && len(trimmed)-i < 16 { // a claim with a tag
			return checked
		}
		return question
	}
	if n := len(strings.Fields(low)); n <= 8 && !strings.ContainsAny(low, "0123456789") {
		for _, p := range greetings {
			if strings.HasPrefix(low, p) && n <= len(strings.Fields(p))+3 {
				return greeting
			}
		}
		if strings.HasSuffix(trimmed, ":") {
			return heading
		}
	}
	return checked
}

// loaded questions say what they ask.
var loaded = []string{"did you know", "do you know that", "have you heard that", "wusstest du", "wussten sie", "saviez-vous", "sabías que", "lo sapevi", "sabia que", "wist je"}

var greetings = []string{
	"hello", "hi ", "hi!", "hi,", "hey", "good morning", "good evening", "good afternoon", "thank", "you're welcome", "you are welcome", "sure", "of course", "certainly", "great question", "good question", "here is", "here are", "here's", "i hope this helps", "hope this helps", "let me know", "feel free", "in summary", "best regards", "kind regards", "goodbye", "have a nice",
	"hallo", "guten tag", "guten morgen", "danke", "gern", "gerne", "natürlich", "hier ist", "hier sind", "mit freundlichen", "viele grüße", "bonjour", "merci", "bien sûr", "voici", "cordialement", "hola", "buenos días", "gracias", "por supuesto", "aquí", "saludos", "ciao", "buongiorno", "grazie", "certo", "ecco", "olá", "bom dia", "obrigad", "claro", "aqui", "dank", "natuurlijk", "здравствуйте", "привет", "спасибо", "конечно",
	"你好", "您好", "谢谢", "当然", "こんにちは", "ありがとう", "はい", "안녕", "감사",
}

// refusals and hedges that say nothing of the matter.
var refusals = []string{
	"i don't know", "i do not know", "i dont know", "i don't have", "i do not have", "i'm not sure", "i am not sure", "i cannot", "i can't", "i can not", "i'm unable", "i am unable", "i'm sorry", "i am sorry", "not enough information", "no information", "does not say", "do not say", "doesn't say", "don't say", "does not mention", "do not mention", "doesn't mention", "not mentioned in", "not specified in", "cannot be answered", "could not find", "couldn't find", "as an ai",
	"ich weiß nicht", "ich weiss nicht", "ich kann nicht", "ich kann dir", "tut mir leid", "keine information", "keine angaben", "geht nicht hervor", "je ne sais pas", "je ne peux pas", "je suis désolé", "aucune information", "no lo sé", "no sé", "no puedo", "lo siento", "no hay información", "non lo so", "non posso", "mi dispiace", "nessuna informazione", "não sei", "não posso", "desculpe", "sinto muito", "não há informaç", "ik weet het niet", "ik kan niet", "het spijt me", "geen informatie", "я не знаю", "я не могу", "извините", "нет информации",
	"我不知道", "无法回答", "抱歉", "没有提到", "わかりません", "分かりません", "申し訳", "모르겠", "죄송",
}

// Split cuts a text into the sentences, list items and table rows that Check
// judges one by one, in order and without overlap.
func Split(text string) []guard.Span {
	var out []guard.Span
	for _, p := range sentences(text) {
		out = append(out, guard.Span{Start: p.start, End: p.end})
	}
	return out
}
