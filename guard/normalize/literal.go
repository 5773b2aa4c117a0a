package normalize

import "strings"

// Bounds of what code that puts literals together is followed for.
const (
	maxLiteral   = 400
	maxVariables = 64
	maxJoined    = 4 << 10
)

// literals reads the string literals of a text and what is done with them.
type literals struct {
	text   string
	values map[string]string
	out    []edit
	room   int // bytes that may still be written
	quoted []edit
	joined bool
}

// findLiterals puts string literals together as code or a reader would: 'ign'+'ore',
// a = "ign"; b = "ore"; a + b, ["ign", "ore"].join("").
func findLiterals(r *Reading) []edit {
	l := literals{text: r.cased, values: map[string]string{}, room: len(r.cased) + maxJoined}
	for i := 0; i < len(l.text); {
		switch c := l.text[i]; {
		case property[c]&isQuote != 0:
			i = l.literal(i)
		case c == '$' || c == '{' || alphabet[c] != 0 && (i == 0 || !nameByte(l.text[i-1])):
			i = l.name(i)
		default:
			i++
		}
	}
	if !l.joined && len(l.quoted) >= 2 { // no expression: in the order in which they stand
		var b strings.Builder
		for _, e := range l.quoted {
			b.WriteString(e.text)
		}
		last := l.quoted[len(l.quoted)-1]
		if s := b.String(); len(s) <= l.room && letterish(strings.ReplaceAll(s, " ", "")) {
			l.out = merge(l.out, []edit{{last.start, last.end, s}})
		}
	}
	return l.out
}

func nameByte(c byte) bool { return property[c]&(isLetter|isDigit) != 0 || c == '_' }

// quotedAt is the content and the end of the literal at i, 0 for none.
func quotedAt(text string, i int) (string, int) {
	if property[text[i]]&isQuote == 0 || i > 0 && property[text[i-1]]&(isLetter|isDigit|isHigh) != 0 && text[i-1] != 'f' && text[i-1] != 'r' {
		return "", 0
	}
	n := strings.IndexByte(text[i+1:min(len(text), i+1+maxLiteral)], text[i])
	if n <= 0 {
		return "", 0
	}
	s, end := text[i+1:i+1+n], i+n+2
	if strings.IndexByte(s, '\n') >= 0 || end < len(text) && property[text[end]]&(isLetter|isDigit|isHigh) != 0 {
		return "", 0
	}
	return s, end
}

// operator is the length of what joins two values at i, 0 when nothing does.
func operator(text string, i int, comma bool) int {
	j := i
	for j < len(text) && j < i+3 && property[text[j]]&isBlank != 0 {
		j++
	}
	blank := j > i
	k := j
	for k < len(text) && k < j+2 && strings.IndexByte("+&.~<|", text[k]) >= 0 {
		k++
	}
	switch op := text[j:k]; op {
	case "":
		if j < len(text) && text[j] == ',' && comma {
			k = j + 1
		} else if !blank {
			return 0
		}
	case "+", "&", ".", "..", "~", "<<", "||", "+=":
	default:
		return 0
	}
	for n := 0; k < len(text) && n < 3 && property[text[k]]&isBlank != 0; n++ {
		k++
	}
	return k - i
}

// literal reads the literal at i and those that are joined to it.
func (l *literals) literal(i int) int {
	s, end := quotedAt(l.text, i)
	if end == 0 {
		return i + 1
	}
	name := l.target(i)
	comma := l.inJoin(i)
	parts := 1
	var b strings.Builder
	b.WriteString(s)
	last := end
	for b.Len() < maxJoined {
		op := operator(l.text, last, comma)
		if op == 0 || last+op >= len(l.text) {
			break
		}
		t, to := quotedAt(l.text, last+op)
		if to == 0 {
			break
		}
		b.WriteString(t)
		last = to
		parts++
	}
	value := b.String()
	if parts > 1 {
		if value = l.after(last, value); len(value) <= l.room {
			l.room -= len(value)
			l.out = append(l.out, edit{i, last, value})
			l.joined = true
		}
	}
	if name != "" && len(l.values) < maxVariables {
		l.values[name] = value
		if n := len(name); n <= 2 || n <= 8 && property[name[n-1]]&isDigit != 0 {
			l.quoted = append(l.quoted, edit{i, last, value})
		}
	}
	return last
}

// after is a list's value: one of single characters may be turned round.
func (l *literals) after(end int, value string) string {
	if rest := l.text[end:min(len(l.text), end+8)]; strings.HasPrefix(rest, "[::-1]") {
		return backwards(value)
	}
	return value
}

// inJoin reports whether the literal at i begins a list that is joined.
func (l *literals) inJoin(i int) bool {
	before := strings.ToLower(l.text[max(0, i-16):i])
	if strings.Contains(before, "join(") || strings.Contains(before, "concat(") {
		return true
	}
	if i == 0 || l.text[i-1] != '[' && l.text[i-1] != '(' && l.text[i-1] != ' ' {
		return false
	}
	n := strings.IndexByte(l.text[i:min(len(l.text), i+2*maxLiteral)], ']')
	return n >= 0 && strings.Contains(l.text[i+n:min(len(l.text), i+n+8)], "join")
}

// target is the name that the value at i is assigned to.
func (l *literals) target(i int) string {
	j := i
	for j > 0 && i-j < 3 && (property[l.text[j-1]]&isBlank != 0 || strings.IndexByte("[(", l.text[j-1]) >= 0) {
		j--
	}
	if j == 0 || l.text[j-1] != '=' && l.text[j-1] != ':' {
		return ""
	}
	j--
	for n := 0; j > 0 && n < 2 && strings.IndexByte(": +", l.text[j-1]) >= 0; n++ {
		j--
	}
	k := j
	for k > 0 && j-k < 24 && nameByte(l.text[k-1]) {
		k--
	}
	if k == j || property[l.text[k]]&isDigit != 0 {
		return ""
	}
	return l.text[k:j]
}

// item is the value of the name or literal at i and its end, 0 for none. wrapped
// values ({a}, $a) need nothing between them.
func (l *literals) item(i int) (value string, end int, wrapped bool) {
	if i >= len(l.text) {
		return "", 0, false
	}
	if property[l.text[i]]&isQuote != 0 {
		value, end = quotedAt(l.text, i)
		return value, end, false
	}
	j := i
	for j < len(l.text) && j < i+3 && strings.IndexByte("${", l.text[j]) >= 0 {
		j++
	}
	k := j
	for k < len(l.text) && k < j+24 && nameByte(l.text[k]) {
		k++
	}
	value, ok := l.values[l.text[j:k]]
	if !ok || k == j {
		return "", 0, false
	}
	wrapped = j > i
	for k < len(l.text) && j > i && l.text[k] == '}' && l.text[i] != l.text[k-1] {
		k++
		if k < len(l.text) && l.text[k] != '}' {
			break
		}
	}
	return value, k, wrapped
}

// name reads a name at i: a variable that gets a bare value, or an expression.
func (l *literals) name(i int) int {
	if len(l.values) == 0 {
		return l.bare(i)
	}
	value, end, wrapped := l.item(i)
	if end == 0 {
		return l.bare(i)
	}
	parts, last := 1, end
	var b strings.Builder
	b.WriteString(value)
	for b.Len() < maxJoined {
		at := last
		if op := operator(l.text, last, false); op > 0 && strings.TrimSpace(l.text[last:last+op]) != "" {
			at = last + op
		} else if !wrapped {
			break
		}
		v, to, w := l.item(at)
		if to == 0 && wrapped && at < len(l.text) && l.text[at] == ' ' {
			v, to, w = l.item(at + 1)
			v = " " + v
		}
		if to == 0 {
			break
		}
		b.WriteString(v)
		last, wrapped = to, w
		parts++
	}
	if parts == 1 {
		return l.bare(i)
	}
	if s := b.String(); len(s) <= l.room {
		l.room -= len(s)
		l.out = append(l.out, edit{i, last, s})
		l.joined = true
		if name := l.target(i); name != "" && len(l.values) < maxVariables && len(s) <= maxLiteral {
			l.values[name] = s
		}
	}
	return last
}

// bare reads name = value without quotes, as people write it, and returns the end
// of the name.
func (l *literals) bare(i int) int {
	j := i
	for j < len(l.text) && strings.IndexByte("${", l.text[j]) >= 0 {
		j++
	}
	k := j
	for k < len(l.text) && nameByte(l.text[k]) {
		k++
	}
	next := max(k, i+1)
	v := k
	for v < len(l.text) && v < k+3 && strings.IndexByte(" :=", l.text[v]) >= 0 {
		v++
	}
	if k == j || k-j > 12 || strings.Count(l.text[k:v], "=") != 1 || v >= len(l.text) || alphabet[l.text[v]] == 0 || len(l.values) >= maxVariables {
		return next
	}
	end := v
	for end < len(l.text) && end < v+maxLiteral/2 && strings.IndexByte("\n;,.\"'`()", l.text[end]) < 0 {
		end++
	}
	value := l.text[v:end]
	if n := strings.Index(value, " and "); n > 0 {
		value = value[:n]
	}
	if strings.IndexByte(value, '+') >= 0 {
		return next
	}
	l.values[l.text[j:k]] = value
	return next
}
