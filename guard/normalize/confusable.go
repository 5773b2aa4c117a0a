package normalize

// confusables are small letters of other scripts that are drawn like Latin
// ones (after Unicode UTS 39, the part that is met in disguises). They are
// applied to disguised tokens only.
var confusables = table(
	// Cyrillic
	"а", "a", "ь", "b", "с", "c", "ԁ", "d", "е", "e", "ё", "e", "ԍ", "g", "һ", "h", "і", "i", "ї", "i",
	"ј", "j", "к", "k", "ԛ", "q", "ӏ", "l", "м", "m", "п", "n", "о", "o", "р", "p", "г", "r", "ѕ", "s",
	"т", "t", "ц", "u", "ѵ", "v", "ԝ", "w", "х", "x", "у", "y", "в", "b", "н", "h", "з", "3", "ү", "y",
	"ұ", "y", "ҽ", "e", "ғ", "f", "қ", "k", "ө", "o", "ӧ", "o", "ɡ", "g", "ѡ", "w", "ү", "y", "ӓ", "a", "ӑ", "a", "ӗ", "e",
	// Greek
	"α", "a", "β", "b", "ϲ", "c", "ε", "e", "γ", "y", "η", "n", "ι", "i", "κ", "k", "ν", "v", "ο", "o",
	"ρ", "p", "σ", "o", "τ", "t", "υ", "u", "χ", "x", "ω", "w", "ϳ", "j", "μ", "u", "ζ", "z", "ς", "s", "ϝ", "f", "λ", "l",
	// Armenian
	"ա", "w", "ց", "g", "հ", "h", "յ", "j", "ո", "n", "օ", "o", "ս", "u", "ք", "p", "զ", "q", "ւ", "i", "ռ", "n", "ք", "p", "ԛ", "q",
	// Cherokee (lower case of the capitals that look Latin)
	"ꭰ", "d", "ꭱ", "r", "ꭲ", "t", "ꭺ", "a", "ꭻ", "j", "ꭼ", "e", "ꮃ", "w", "ꮇ", "m", "ꮋ", "h", "ꮐ", "g",
	"ꮓ", "z", "ꮖ", "i", "ꮪ", "s", "ꮩ", "v", "ꮮ", "l", "ꮯ", "c", "ꮲ", "p", "ꮶ", "k", "ꮢ", "r", "ᏼ", "b",
)

// shapes are letters in a costume that compatibility decomposition leaves
// alone: small capitals, phonetic letters, negative circles, turned letters.
// They have no other use in a word, so they are always folded.
var shapes = func() map[rune]rune {
	m := table(
		"ᴀ", "a", "ʙ", "b", "ᴄ", "c", "ᴅ", "d", "ᴇ", "e", "ꜰ", "f", "ɢ", "g", "ʜ", "h", "ɪ", "i", "ᴊ", "j",
		"ᴋ", "k", "ʟ", "l", "ᴍ", "m", "ɴ", "n", "ᴏ", "o", "ᴘ", "p", "ꞯ", "q", "ʀ", "r", "ꜱ", "s", "ᴛ", "t",
		"ᴜ", "u", "ᴠ", "v", "ᴡ", "w", "ʏ", "y", "ᴢ", "z", "ɑ", "a", "ɡ", "g", "ı", "i", "ɩ", "i", "ʋ", "v",
		"ɐ", "a", "ɔ", "c", "ǝ", "e", "ɟ", "f", "ɥ", "h", "ᴉ", "i", "ɾ", "j", "ʞ", "k", "ɯ", "m", "ɹ", "r",
		"ʇ", "t", "ʌ", "v", "ʍ", "w", "ʎ", "y", "ø", "o", "Ø", "o", "ł", "l", "Ł", "l", "đ", "d", "Đ", "d",
		"ħ", "h", "Ħ", "h", "ŧ", "t", "Ŧ", "t", "ƀ", "b", "ɓ", "b", "ɗ", "d", "ɦ", "h", "ɨ", "i", "ɵ", "o",
	)
	for i := rune(0); i < 26; i++ {
		m[0x1F150+i] = 'a' + i // negative circled
		m[0x1F170+i] = 'a' + i // negative squared
	}
	return m
}()

func table(pairs ...string) map[rune]rune {
	m := make(map[rune]rune, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		m[[]rune(pairs[i])[0]] = []rune(pairs[i+1])[0]
	}
	return m
}

// punctuation is typographic punctuation and the ASCII that is typed for it.
var punctuation = table(
	"’", "'", "‘", "'", "ʼ", "'", "′", "'", "“", "\"", "”", "\"", "„", "\"", "«", "\"", "»", "\"",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "−", "-", "⁄", "/", "∕", "/", "⧸", "/", "。", ".", "、", ",",
)

// digit is the ASCII digit for decimal digits of other scripts. Fullwidth and
// mathematical digits are folded by decomposition.
func digit(r rune) (rune, bool) {
	for _, zero := range [...]rune{0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50} {
		if r >= zero && r < zero+10 {
			return '0' + r - zero, true
		}
	}
	return 0, false
}
