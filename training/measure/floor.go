package measure

import "strings"

// words is the floor: what a list of words that anyone would write in an hour
// reaches. A detector that does not beat it is not worth its weights.
var words = [6][]string{
	{"nigger", "faggot", "kike", "subhuman", "vermin", "exterminate", "inferior race", "parasites", "scum", "filthy", "i hate", "retard", "whore", "bitch"},
	{"sex scene", "porn", "erotic", "nude", "naked", "penis", "vagina", "orgasm", "cock", "pussy", "blowjob", "fuck me", "masturbat", "incest"},
	{"kill", "murder", "bomb", "shoot", "stab", "torture", "poison", "weapon", "behead", "explosive", "massacre", "strangle"},
	{"suicide", "kill myself", "hurt myself", "cut myself", "end my life", "self-harm", "self harm", "overdose", "want to die", "hang myself"},
	{"ignore all previous", "ignore previous", "ignore the above", "disregard", "system prompt", "jailbreak", "dan mode", "do anything now", "developer mode", "no restrictions", "without restrictions", "pretend you", "unfiltered"},
	{"ignore all previous", "ignore previous", "ignore the above", "disregard", "system prompt", "as an ai", "assistant:", "instruction:", "do not tell the user", "instead of", "new instructions", "attention ai"},
}

// floor counts the words of each head in a normalised text.
func floor(text string) [6]float64 {
	var out [6]float64
	for h, list := range words {
		for _, w := range list {
			out[h] += float64(strings.Count(text, w))
		}
	}
	return out
}
