package pii

import "strings"

// tokenByte marks the bytes of keys and tokens.
func tokenByte(c byte) bool { return class[c]&isAlnum != 0 || c == '_' || c == '-' }

// run is the end of the bytes from i on that ok accepts, at most limit.
func (f *finder) run(i, limit int, ok func(byte) bool) int {
	j := i
	for j < len(f.text) && j-i < limit && ok(f.text[j]) {
		j++
	}
	return j
}

// prefixes are the beginnings by which services mark their keys, and how many
// bytes follow at least.
var prefixes = []struct {
	text string
	kind string
	more int
}{
	{"ghp_", GitHubToken, 30}, {"gho_", GitHubToken, 30}, {"ghu_", GitHubToken, 30}, {"ghs_", GitHubToken, 30}, {"ghr_", GitHubToken, 30},
	{"github_pat_", GitHubToken, 40}, {"glpat-", APIKey, 16}, {"xoxb-", APIKey, 20}, {"xoxp-", APIKey, 20}, {"xoxa-", APIKey, 20}, {"xapp-", APIKey, 20},
	{"sk-ant-", APIKey, 20}, {"sk-proj-", APIKey, 20}, {"sk-", APIKey, 24}, {"sk_live_", APIKey, 16}, {"sk_test_", APIKey, 16}, {"rk_live_", APIKey, 16}, {"pk_live_", APIKey, 16},
	{"AIza", APIKey, 33}, {"hf_", APIKey, 28}, {"npm_", APIKey, 32}, {"pypi-", APIKey, 40}, {"dop_v1_", APIKey, 40}, {"SG.", APIKey, 40}, {"hvs.", APIKey, 24}, {"shpat_", APIKey, 28}, {"ya29.", APIKey, 24},
}

// byFirst are the prefixes that begin with a byte.
var byFirst = func() (t [256][]int) {
	for i, p := range prefixes {
		t[p.text[0]] = append(t[p.text[0]], i)
	}
	return t
}()

// keyed reports whether a key may begin with a word of n bytes that the byte next
// follows: all keys have a sign after their first word, or a long word.
func keyed(n int, next byte) bool { return next == '_' || next == '-' || next == '.' || n >= 20 }

// token tries the keys whose beginning says what they are, at a word's start.
func (f *finder) token(i, j int) {
	if i > 0 && (f.text[i-1] == '_' || f.text[i-1] == '-') {
		return
	}
	text := f.text[i:]
	switch text[0] {
	case 'A':
		if j-i == 20 && (strings.HasPrefix(text, "AKIA") || strings.HasPrefix(text, "ASIA")) && upperCode(text[:20]) {
			f.add(AWSAccessKey, i, j, 0.98)
			return
		}
	case 'e':
		if strings.HasPrefix(text, "eyJ") {
			f.jwt(i)
			return
		}
	}
	for _, k := range byFirst[text[0]] {
		p := &prefixes[k]
		if !strings.HasPrefix(text, p.text) {
			continue
		}
		end := f.run(i+len(p.text), longest[p.kind]-len(p.text), func(c byte) bool { return tokenByte(c) || c == '.' && p.text == "SG." })
		if end-i-len(p.text) >= p.more && mixed(f.text[i+len(p.text):end]) {
			f.add(p.kind, i, end, 0.95)
		}
		return
	}
}

func upperCode(s string) bool {
	for k := range len(s) {
		if class[s[k]]&(isUpper|isDigit) == 0 {
			return false
		}
	}
	return true
}

// mixed reports whether s has letters and digits, as made keys have and words
// have not.
func mixed(s string) bool {
	var all uint8
	for k := range len(s) {
		all |= class[s[k]]
	}
	return all&isDigit != 0 && all&isLetter != 0
}

// jwt reads three parts of base64url, the first of which begins like JSON.
func (f *finder) jwt(i int) {
	limit := i + longest[JSONWebToken]
	first := f.run(i, 512, tokenByte)
	if first-i < 12 || first >= len(f.text) || f.text[first] != '.' || !strings.HasPrefix(f.text[first+1:], "eyJ") {
		return
	}
	second := f.run(first+1, limit-first-1, tokenByte)
	end := second
	if second < len(f.text) && f.text[second] == '.' && second < limit {
		end = f.run(second+1, limit-second-1, tokenByte)
	}
	f.add(JSONWebToken, i, end, 0.98)
}

// privateKey reads a PEM block. One without an end goes on to the last line
// that looks like one: a key cut in half is a key.
func (f *finder) privateKey(i int) {
	line := strings.Index(f.text[i:min(len(f.text), i+64)], "PRIVATE KEY")
	if line < 0 {
		return
	}
	limit := min(len(f.text), i+longest[PrivateKey])
	end := limit
	if k := strings.Index(f.text[i:limit], "-----END "); k >= 0 {
		end = i + k + len("-----END ")
		if k := strings.Index(f.text[end:min(limit, end+64)], "-----"); k >= 0 {
			end += k + len("-----")
		}
	} else {
		end = f.run(i, limit-i, func(c byte) bool { return c > ' ' && c < 0x7F || c == ' ' || c == '\n' })
	}
	f.add(PrivateKey, i, end, 0.99)
}

var (
	secretNames = []string{"api_key", "apikey", "api-key", "api key", "secret", "client_secret", "access_token", "auth_token", "token", "secret_key", "access_key", "aws_secret_access_key", "x-api-key", "api-token", "private_token", "subscription-key", "accountkey"}
	passNames   = []string{"password", "passwd", "pwd", "passwort", "passphrase", "mot de passe", "contraseña", "contrasena", "kennwort"}
)

// assignment reads "name: value" and "name=value" at the sign i.
func (f *finder) assignment(i int) {
	before := f.lower[max(0, i-32):i]
	before = strings.TrimRight(before, " \"'`")
	start := i + 1
	for start < len(f.text) && start < i+4 && strings.IndexByte(" \"'`=", f.text[start]) >= 0 {
		start++
	}
	if f.text[i] == '=' && f.connection(i, before) {
		return
	}
	end := f.run(start, 200, func(c byte) bool { return c > ' ' && c < 0x7F && strings.IndexByte("\"'`,;<>", c) < 0 })
	if ends(before, secretNames) {
		end = f.run(start, 200, func(c byte) bool { return tokenByte(c) || strings.IndexByte("+/=.~", c) >= 0 })
		if end-start >= 16 && mixed(f.text[start:end]) {
			f.add(APIKey, start, end, 0.85)
		}
		return
	}
	for end > start && strings.IndexByte(".)", f.text[end-1]) >= 0 {
		end--
	}
	if ends(before, userNames) {
		if user := f.run(start, 40, func(c byte) bool { return class[c]&isWord != 0 || strings.IndexByte("._-", c) >= 0 }); login(f.text[start:user]) && !(user < len(f.text) && strings.IndexByte("@([", f.text[user]) >= 0) {
			f.add(Username, start, user, 0.8)
		}
		return
	}
	if ends(before, passNames) && end-start >= 6 && end-start <= longest[Password] && strong(f.text[start:end]) {
		f.add(Password, start, end, 0.8)
	}
}

var userNames = []string{"user", "username", "user_name", "user name", "userid", "user_id", "login", "uid", "account_name", "benutzername", "benutzer", "nom d'utilisateur", "usuario", "utente", "utilizador", "gebruikersnaam", "uzytkownik", "anvandarnamn", "brugernavn"}

// login reports whether s looks like a name to log in with: letters, and a digit
// or sign among them.
func login(s string) bool {
	var all uint8
	for k := range len(s) {
		all |= class[s[k]]
	}
	return len(s) >= 3 && all&(isLetter|isHigh) != 0 && (all&isDigit != 0 || strings.ContainsAny(s, "._-"))
}

// contextFar is how far back the parts of a connection string explain each other,
// in bytes: what a stream's watch keeps.
const contextFar = 120

// connection reads the parts of connection strings at the sign '='.
func (f *finder) connection(i int, before string) bool {
	value := f.run(i+1, 200, func(c byte) bool { return c > ' ' && c < 0x7F && strings.IndexByte("\"'`,;<>&", c) < 0 })
	n := value - i - 1
	kind := ""
	switch {
	case strings.HasSuffix(before, "sharedaccesskey") && n >= 40:
		kind = AzureServiceBus
		if strings.Contains(f.lower[max(0, i-contextFar):i], "azure-devices") {
			kind = AzureIoT
		}
	case strings.HasSuffix(before, "accountkey") && n >= 40:
		kind = AzureStorageKey
		if strings.Contains(f.lower[max(0, i-contextFar):i], "documents.azure.com") {
			kind = AzureCosmosKey
		}
	case ends(before, []string{"sig"}) && n >= 40 && strings.Contains(f.lower[max(0, i-contextFar):i], "se="):
		kind = AzureSAS
	case ends(before, []string{"userpwd"}) && n >= 20:
		kind = AzurePublish
	case ends(before, []string{"password", "pwd"}) && strings.Contains(f.lower[max(0, i-contextFar):i], "redis.cache.windows.net") && n >= 20:
		kind = AzureRedis
	case ends(before, []string{"password", "pwd"}) && n >= 3 && holds(f.lower, max(0, i-contextFar), i, []string{"data source", "server", "initial catalog", "database"}) && strings.Contains(f.lower[max(0, i-contextFar):i], ";"):
		kind = SQLConnection
	}
	if kind == "" {
		return false
	}
	f.add(kind, i+1, value, 0.97)
	return true
}

// ends reports whether text ends with one of the names as a whole word.
func ends(text string, names []string) bool {
	for _, n := range names {
		if strings.HasSuffix(text, n) {
			k := len(text) - len(n)
			if k == 0 || class[text[k-1]]&isAlnum == 0 {
				return true
			}
		}
	}
	return false
}

// strong reports whether s looks like a password rather than a word: a digit or
// a sign beside letters.
func strong(s string) bool {
	var all uint8
	signs := false
	for k := range len(s) {
		all |= class[s[k]]
		signs = signs || class[s[k]]&isWord == 0
	}
	return all&isLetter != 0 && (all&isDigit != 0 || signs) && !strings.Contains(s, "://")
}

// signed reports whether s has letters of both cases and a sign that no word has.
func signed(s string) bool {
	var all uint8
	for k := range len(s) {
		all |= class[s[k]]
	}
	return all&isUpper != 0 && all&isLower != 0 && strings.ContainsAny(s, "!@#$%^&*?~+=")
}

// named reads "login for X is name" and "username name" at the word text[i:j].
func (f *finder) named(i, j int) {
	if w := f.lower[i:j]; w != "login" && w != "username" && w != "userid" {
		return
	}
	near := f.lower[j:min(len(f.lower), j+32)]
	if k := strings.IndexAny(near, "\n.;,"); k >= 0 {
		near = near[:k]
	}
	start := j + 1
	if k := strings.Index(near, " is "); k >= 0 {
		start = j + k + len(" is ")
	} else if near == "" || near[0] != ' ' {
		return
	}
	end := f.run(start, 40, func(c byte) bool { return class[c]&isWord != 0 || strings.IndexByte("._-", c) >= 0 })
	for end > start && strings.IndexByte("._-", f.text[end-1]) >= 0 {
		end--
	}
	if start < end && login(f.text[start:end]) && class[f.text[start]]&(isLetter|isHigh) != 0 {
		f.add(Username, start, end, 0.75)
	}
}

// spoken reads "password X" at the word text[i:j], without a sign between.
func (f *finder) spoken(i, j int) {
	if n := j - i; n < 3 || n > 10 || f.text[i]|0x20 != 'p' || j >= len(f.text) || f.text[j] != ' ' || !ends(f.lower[i:j], passNames) {
		return
	}
	start := j + 1
	for _, word := range []string{"is ", "ist ", "\"", "'", "`"} {
		if strings.HasPrefix(f.lower[start:], word) {
			start += len(word)
			break
		}
	}
	end := f.run(start, longest[Password], func(c byte) bool { return c > ' ' && c < 0x7F && c != '"' && c != '`' })
	for end > start && strings.IndexByte(".,;:!?)'", f.text[end-1]) >= 0 {
		end--
	}
	// A plain word with a hyphen is none: "password re-set".
	if s := f.text[start:end]; end-start >= 6 && strong(s) && (mixed(s) || signed(s)) {
		f.add(Password, start, end, 0.75)
	}
}
