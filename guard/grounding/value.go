package grounding

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is a number with its unit, or a date.
type value struct {
	first, last int // tokens, last included
	dim         uint8
	num, hi     float64 // hi is num unless it is a range
	alt         float64 // what 8.573 is if its point groups digits, else 0
	figures     int     // digits that are not zeros at the end, 0 for unknown
	step        float64 // what one in the last written place is worth
	rounded     bool    // "about", "nearly"
	soft        bool    // a word that is an article or pronoun as often
	ordinal     bool
	date        bool
	decade      bool
	clock       bool // num is seconds of the day
	year        int  // 0 is not said
	month, day  int8
	other       int8 // the month if day and month may be the other way round
	weekday     int8
	unit        string // as looked up, for messages
}

// values finds the numbers and dates of tokens.
func values(text string, tokens []token) []value {
	var out []value
	for i := 0; i < len(tokens); {
		t := &tokens[i]
		var v value
		ok := false
		switch {
		case t.kind == number:
			v, ok = digits(text, tokens, i)
		case t.kind == word && t.has(calendar) && (t.capital || near(tokens, i)):
			v, ok = named(text, tokens, i)
		case t.kind == word && t.has(numeral), t.kind == pair && t.has(numeral):
			v, ok = spelled(text, tokens, i)
		case t.kind == symbol:
			v, ok = vulgar(text, tokens, i)
		}
		if !ok {
			i++
			continue
		}
		if !v.date {
			measure(text, tokens, &v)
			approximate(text, tokens, &v)
		}
		out = append(out, v)
		i = v.last + 1
	}
	return out
}

// near reports a number next to token i: "3 may" is a date, "may" is not.
func near(tokens []token, i int) bool {
	return i > 0 && tokens[i-1].kind == number || i+1 < len(tokens) && tokens[i+1].kind == number && tokens[i].entry.class&function == 0 || tokens[i].entry.day != 0
}

// digits reads a number or a date that begins with digits.
func digits(text string, tokens []token, i int) (value, bool) {
	t := &tokens[i]
	raw := plainDigits(text[t.start:t.end])
	if v, ok := numericDate(raw); ok {
		v.first, v.last = i, i
		return v, true
	}
	if a, b, ok := strings.Cut(raw, "-"); ok && a != "" && b != "" && !strings.Contains(b, "-") {
		return span(text, tokens, i, a, b)
	}
	if a, b, ok := strings.Cut(raw, ":"); ok {
		return clock(text, tokens, i, a, b)
	}
	if a, b, ok := strings.Cut(raw, "/"); ok {
		x, ex := strconv.ParseFloat(a, 64)
		y, ey := strconv.ParseFloat(b, 64)
		if ex == nil && ey == nil && y != 0 {
			return value{first: i, last: i, num: x / y, hi: x / y, step: 1e-9}, true
		}
		return value{}, false
	}
	n, step, ok := decimal(raw)
	if !ok {
		return value{}, false
	}
	v := value{first: i, last: i, num: n, hi: n, step: step, alt: grouping(raw), figures: figures(raw)}
	if i+1 < len(tokens) && tokens[i+1].joined && tokens[i+1].kind == word {
		suffix(text, tokens, &v)
	}
	if t.joined && i > 0 && plainWord(text[tokens[i-1].start:tokens[i-1].end]) == "-" && !tokens[i-1].joined {
		v.num, v.hi, v.alt = -v.num, -v.hi, 0
	}
	scaled(text, tokens, &v)
	if d, ok := dayMonth(text, tokens, v); ok {
		return d, true
	}
	if d, ok := asianDate(text, tokens, v); ok {
		return d, true
	}
	if year(raw, v) && !counted(tokens, i+1) {
		v.date, v.year = true, int(v.num)
		return v, true
	}
	return ranged(text, tokens, v), true
}

// grouping is the number that one point before three digits makes if it groups
// them.
func grouping(raw string) float64 {
	a, b, ok := strings.Cut(raw, ".")
	if !ok || len(a) == 0 || len(a) > 3 || a[0] == '0' || len(b) != 3 {
		return 0
	}
	n, err := strconv.Atoi(a + b)
	if err != nil {
		return 0
	}
	return float64(n)
}

func figures(raw string) int {
	n, zeros := 0, 0
	for i := range len(raw) {
		switch {
		case raw[i] < '0' || raw[i] > '9':
		case raw[i] == '0' && n > 0:
			zeros++
		case raw[i] != '0':
			n += zeros + 1
			zeros = 0
		}
	}
	return n
}

// year reports four digits that are read as a year where no unit follows.
func year(raw string, v value) bool {
	return len(raw) == 4 && v.first == v.last && v.num >= 1000 && v.num <= 2199 && !v.ordinal && v.step == 1
}

// counted reports that a unit stands at i, other than "year" itself.
func counted(tokens []token, i int) bool {
	return i < len(tokens) && tokens[i].has(unit) && tokens[i].entry.val != 31557600 && tokens[i].end-tokens[i].start > 1
}

// suffix reads what is written onto the digits: 3rd, 1990s, 10k.
func suffix(text string, tokens []token, v *value) {
	t := &tokens[v.last+1]
	switch strings.ToLower(text[t.start:t.end]) {
	case "st", "nd", "rd", "th", "er", "ème", "º", "ª", "e":
		v.ordinal = true
	case "s":
		if v.num >= 1000 && v.num <= 2190 && math.Mod(v.num, 10) == 0 {
			v.date, v.decade, v.year = true, true, int(v.num)
		}
	case "k":
		v.num, v.hi, v.step = v.num*1000, v.hi*1000, v.step*1000
	default:
		return
	}
	v.last++
}

// scaled multiplies by the words that follow: 3 million, 5 Mrd.
func scaled(text string, tokens []token, v *value) {
	for n := 0; n < 3 && v.last+1 < len(tokens); n++ {
		t := &tokens[v.last+1]
		if t.entry == nil || !t.entry.scale || t.kind == word && v.date {
			return
		}
		v.num, v.hi, v.step = v.num*t.entry.val, v.hi*t.entry.val, v.step*t.entry.val
		v.last++
	}
}

// ranged reads "5 to 7" and "5 – 7".
func ranged(text string, tokens []token, v value) value {
	i := v.last + 1
	if i+1 >= len(tokens) || tokens[i+1].kind != number {
		return v
	}
	t := &tokens[i]
	w := plainWord(text[t.start:t.end])
	if w != "-" && w != "to" && w != "bis" && w != "a" && w != "tot" {
		return v
	}
	n, step, ok := decimal(plainDigits(text[tokens[i+1].start:tokens[i+1].end]))
	if !ok || n <= v.num {
		return v
	}
	v.hi, v.last, v.step = n, i+1, min(v.step, step)
	scaled(text, tokens, &v)
	return v
}

func span(text string, tokens []token, i int, a, b string) (value, bool) {
	x, s1, ok1 := decimal(a)
	y, s2, ok2 := decimal(b)
	if !ok1 || !ok2 {
		return value{}, false
	}
	if len(a) == 4 && len(b) == 2 && x >= 1000 && x < 2200 { // 1914-18
		y += math.Floor(x/100) * 100
	}
	v := value{first: i, last: i, num: x, hi: max(x, y), step: min(s1, s2)}
	if y < x { // a score: both numbers count
		v.num, v.hi = x*1000+y, x*1000+y
	}
	scaled(text, tokens, &v)
	return v, true
}

// clock reads 14:30 and 2:30 pm.
func clock(text string, tokens []token, i int, a, b string) (value, bool) {
	h, e1 := strconv.Atoi(a)
	minutes, seconds, _ := strings.Cut(b, ":")
	m, e2 := strconv.Atoi(minutes)
	s, e3 := strconv.Atoi("0" + seconds)
	if e1 != nil || e2 != nil || e3 != nil {
		return value{}, false
	}
	v := value{first: i, last: i, clock: true, step: 60}
	if i+1 < len(tokens) && tokens[i+1].has(meridiem) && h <= 12 {
		h = h%12 + noon(text[tokens[i+1].start:tokens[i+1].end])
		v.last++
	}
	v.num = float64(h*3600 + m*60 + s)
	v.hi = v.num
	return v, true
}

func noon(w string) int {
	if w[0] == 'p' || w[0] == 'P' {
		return 12
	}
	return 0
}

// plainDigits is s with digits of other widths and scripts as ASCII, without
// blanks.
func plainDigits(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] == ' ' {
			return strings.Map(func(r rune) rune {
				if r = fold(r); r == ' ' || r == '\u00a0' {
					return -1
				}
				return r
			}, s)
		}
	}
	return s
}

// decimal reads digits with the separators of any of the languages. step is
// what one in the last written place is worth.
func decimal(s string) (n, step float64, ok bool) {
	s = strings.ReplaceAll(s, "'", "")
	dot, comma := strings.Count(s, "."), strings.Count(s, ",")
	switch {
	case dot > 0 && comma > 0:
		if strings.LastIndexByte(s, '.') > strings.LastIndexByte(s, ',') {
			s = strings.ReplaceAll(s, ",", "")
		} else {
			s = strings.ReplaceAll(strings.ReplaceAll(s, ".", ""), ",", ".")
		}
	case comma > 0:
		s = oneSeparator(s, ",", comma)
	case dot > 1:
		s = oneSeparator(s, ".", dot)
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) {
		return 0, 0, false
	}
	step = 1
	if i := strings.IndexByte(s, '.'); i >= 0 {
		step = math.Pow10(-min(len(s)-i-1, 12))
	}
	return n, step, true
}

// oneSeparator decides what the only kind of separator is: it groups if every
// group after it has three digits.
func oneSeparator(s, sep string, count int) string {
	groups := strings.Split(s, sep)
	group := true
	for _, g := range groups[1:] {
		group = group && len(g) == 3
	}
	if count > 1 || group && groups[0] != "0" {
		return strings.ReplaceAll(s, sep, "")
	}
	return strings.Replace(s, sep, ".", 1)
}

// numericDate reads 2020-05-03, 03/05/2020 and 3.5.2020.
func numericDate(s string) (value, bool) {
	for _, sep := range [...]string{"-", "/", "."} {
		p := strings.Split(s, sep)
		if len(p) != 3 {
			continue
		}
		var n [3]int
		for i, f := range p {
			x, err := strconv.Atoi(f)
			if err != nil || len(f) > 4 {
				return value{}, false
			}
			n[i] = x
		}
		v := value{date: true}
		switch {
		case len(p[0]) == 4 && n[1] >= 1 && n[1] <= 12 && n[2] >= 1 && n[2] <= 31:
			v.year, v.month, v.day = n[0], int8(n[1]), int8(n[2])
		case len(p[2]) == 4 && n[0] >= 1 && n[0] <= 31 && n[1] >= 1 && n[1] <= 12:
			v.year, v.month, v.day = n[2], int8(n[1]), int8(n[0])
			if n[0] <= 12 && sep == "/" {
				v.other = int8(n[0])
			}
		case len(p[2]) == 4 && n[0] >= 1 && n[0] <= 12 && n[1] >= 1 && n[1] <= 31:
			v.year, v.month, v.day = n[2], int8(n[0]), int8(n[1])
		default:
			return value{}, false
		}
		return v, true
	}
	return value{}, false
}

// dayMonth reads "3 May 2020", "3. Mai", "3rd of May".
func dayMonth(text string, tokens []token, v value) (value, bool) {
	if v.num < 1 || v.num > 31 || v.num != math.Floor(v.num) {
		return value{}, false
	}
	i := v.last + 1
	for skipped := 0; i < len(tokens) && skipped < 2 && (tokens[i].kind == stop && text[tokens[i].start] == '.' || linking(text, &tokens[i])); skipped++ {
		i++
	}
	if i >= len(tokens) || tokens[i].kind != word || tokens[i].entry == nil || tokens[i].entry.month == 0 {
		return value{}, false
	}
	d := value{first: v.first, last: i, date: true, day: int8(v.num), month: tokens[i].entry.month}
	followingYear(text, tokens, &d)
	return d, true
}

func linking(text string, t *token) bool {
	switch text[t.start:t.end] {
	case "of", "de", "di", "do", "del", "der":
		return true
	}
	return false
}

// followingYear adds the year behind a month.
func followingYear(text string, tokens []token, d *value) {
	i := d.last + 1
	for skipped := 0; i < len(tokens) && skipped < 2 && (tokens[i].kind == stop && (text[tokens[i].start] == ',' || text[tokens[i].start] == '.') || linking(text, &tokens[i])); skipped++ {
		i++
	}
	if i >= len(tokens) || tokens[i].kind != number {
		return
	}
	raw := plainDigits(text[tokens[i].start:tokens[i].end])
	n, err := strconv.Atoi(raw)
	if err == nil && len(raw) == 4 && n >= 1000 && n <= 2199 {
		d.year, d.last = n, i
	}
}

// named reads what begins with a month or a weekday: "May 3, 2020".
func named(text string, tokens []token, i int) (value, bool) {
	e := tokens[i].entry
	d := value{first: i, last: i, date: true, month: e.month, weekday: e.day}
	if e.month == 0 {
		return d, true
	}
	if i+1 < len(tokens) && tokens[i+1].kind == stop && text[tokens[i+1].start] == '.' && i+2 < len(tokens) && tokens[i+2].kind == number {
		i++
	}
	if i+1 < len(tokens) && tokens[i+1].kind == number {
		raw := plainDigits(text[tokens[i+1].start:tokens[i+1].end])
		if n, err := strconv.Atoi(raw); err == nil && n >= 1 && n <= 31 {
			d.day, d.last = int8(n), i+1
			if d.last+1 < len(tokens) && tokens[d.last+1].joined && tokens[d.last+1].kind == word {
				d.last++
			}
		}
	}
	followingYear(text, tokens, &d)
	if d.day == 0 && d.year == 0 && (!tokens[i].capital || tokens[i].first) { // may, march

		return value{}, false
	}
	return d, true
}

// asianDate reads 2020年5月3日.
func asianDate(text string, tokens []token, v value) (value, bool) {
	d := value{first: v.first, last: v.first, date: true}
	i, seen := v.first, false
	for n := 0; n < 3 && i+1 < len(tokens) && tokens[i].kind == number; n++ {
		x, err := strconv.Atoi(plainDigits(text[tokens[i].start:tokens[i].end]))
		if err != nil {
			break
		}
		switch mark := text[tokens[i+1].start:tokens[i+1].end]; {
		case (mark == "年" || mark == "년") && x >= 1000 && x <= 2199:
			d.year = x
		case (mark == "月" || mark == "월") && x >= 1 && x <= 12:
			d.month = int8(x)
		case (mark == "日" || mark == "일") && x >= 1 && x <= 31 && d.month != 0:
			d.day = int8(x)
		default:
			return d, seen
		}
		seen = true
		d.last = i + 1
		i += 2
	}
	return d, seen
}

// spelled reads number words: "two hundred and five", "一百二十".
func spelled(text string, tokens []token, i int) (value, bool) {
	v := value{first: i, last: i, step: 1}
	total, group, seen := 0.0, 0.0, false
	for j := i; j < len(tokens) && j-i < 12; j++ {
		t := &tokens[j]
		if t.entry == nil || t.entry.class&numeral == 0 {
			if seen && j+1 < len(tokens) && tokens[j+1].has(numeral) && joins(text, t) && tokens[j+1].entry.class&weak == 0 {
				continue
			}
			break
		}
		e := t.entry
		if e.class&ordinalWord != 0 && e.class&weak == 0 && e.dim != duration {
			v.ordinal = true
		}
		switch {
		case e.scale && e.val == 100 && t.kind == word:
			group = max(group, 1) * 100
		case e.scale && t.kind == pair && e.val < 10000:
			unit := math.Mod(group, 10)
			group += max(unit, 1)*e.val - unit
		case e.scale:
			total += max(group, 1) * e.val
			group = 0
		case t.kind == pair:
			group += e.val
		case seen && !composes(group, e.val):
			v.num = total + group
			return finish(text, tokens, v), true
		default:
			group += e.val
		}
		seen = true
		v.last = j
	}
	v.num = total + group
	return finish(text, tokens, v), true
}

func finish(text string, tokens []token, v value) value {
	v.hi = v.num
	one := v.first == v.last
	t := &tokens[v.first]
	v.soft = one && (t.entry.class&weak != 0 || t.entry.class&function != 0 || t.kind == pair || v.ordinal || t.entry.dim != 0)
	if v.num < 1 {
		v.step = 1e-9
	}
	if d, ok := dayMonth(text, tokens, v); ok && !v.soft {
		return d
	}
	return v
}

func joins(text string, t *token) bool {
	switch text[t.start:t.end] {
	case "-", "and", "und", "et", "y", "e", "en", "‐", "–":
		return true
	}
	return false
}

// composes reports whether a number word continues the ones before it.
func composes(group, next float64) bool {
	if next < 1 || group == 0 {
		return false
	}
	rest := math.Mod(group, 100)
	return rest == 0 || rest >= 20 && math.Mod(rest, 10) == 0 && next < 10 || rest == 60 && next < 20 || rest == 80 && next < 20 || rest == 4 && next == 20
}

// vulgar reads ½ and its kin.
func vulgar(text string, tokens []token, i int) (value, bool) {
	r, _ := utf8.DecodeRuneInString(text[tokens[i].start:])
	var n float64
	switch r {
	case '½':
		n = 0.5
	case '¼':
		n = 0.25
	case '¾':
		n = 0.75
	case '⅓':
		n = 1.0 / 3
	case '⅔':
		n = 2.0 / 3
	default:
		return value{}, false
	}
	return value{first: i, last: i, num: n, hi: n, step: 1e-9}, true
}

// measure adds the unit before (money) or behind the number.
func measure(text string, tokens []token, v *value) {
	if v.first > 0 {
		if t := &tokens[v.first-1]; t.kind == symbol && t.entry != nil && t.entry.dim >= money {
			v.dim = t.entry.dim
			v.first--
			return
		}
	}
	i := v.last + 1
	if i < len(tokens) && text[tokens[i].start:tokens[i].end] == "-" {
		i++
	}
	degree := i < len(tokens) && (text[tokens[i].start:tokens[i].end] == "°" || strings.HasPrefix(text[tokens[i].start:tokens[i].end], "degree"))
	if degree {
		i++
	}
	if i+1 < len(tokens) && (text[tokens[i].start:tokens[i].end] == "per") && plainWord(text[tokens[i+1].start:tokens[i+1].end]) == "cent" {
		v.dim, v.last = percent, i+1
		return
	}
	if i < len(tokens) && tokens[i].has(meridiem) && v.num < 13 && v.num >= 1 {
		h := int(v.num)%12 + noon(text[tokens[i].start:tokens[i].end])
		minutes := math.Round(100 * (v.num - math.Floor(v.num))) // 6.30 am
		v.clock, v.last, v.num = true, i, float64(h*3600)+60*minutes
		v.hi, v.step = v.num, 3600*v.step
		return
	}
	if i >= len(tokens) || !tokens[i].has(unit) || v.ordinal {
		return
	}
	e := tokens[i].entry
	single := tokens[i].end-tokens[i].start == 1 && tokens[i].kind == word
	if (e.dim == celsius || e.dim == fahrenheit || e.dim == kelvin) && single && !degree && !tokens[i].capital {
		return
	}
	if single && tokens[i].kind == word && (tokens[i].capital && e.dim != celsius && e.dim != fahrenheit && e.dim != kelvin && e.dim != power && e.dim != volume) {
		return
	}
	dim, size := e.dim, e.val
	v.last = i
	if dim == length && i+1 < len(tokens) {
		dim, size = compound(text, tokens, v, dim, size)
	}
	v.dim, v.soft = dim, v.soft && dim == plain
	v.unit = text[tokens[i].start:tokens[i].end]
	v.num, v.hi, v.step = v.num*size, v.hi*size, v.step*size
	switch dim {
	case fahrenheit:
		v.dim, v.num, v.hi, v.step = celsius, (v.num-32)/1.8, (v.hi-32)/1.8, v.step/1.8
	case kelvin:
		v.dim, v.num, v.hi = celsius, v.num-273.15, v.hi-273.15
	case duration:
		v.more(text, tokens)
	}
}

// compound reads km/h, km², square kilometres written behind.
func compound(text string, tokens []token, v *value, dim uint8, size float64) (uint8, float64) {
	i := v.last + 1
	next := text[tokens[i].start:tokens[i].end]
	switch {
	case next == "/" && i+1 < len(tokens):
		switch w := text[tokens[i+1].start:tokens[i+1].end]; w {
		case "h", "hr", "hour":
			v.last = i + 1
			return speed, size / 3600
		case "s", "sec":
			v.last = i + 1
			return speed, size
		}
	case next == "²", next == "2" && tokens[i].joined:
		v.last = i
		return area, size * size
	case next == "³", next == "3" && tokens[i].joined:
		v.last = i
		return volume, size * size * size * 1000
	case next == "per" && i+1 < len(tokens) && strings.HasPrefix(text[tokens[i+1].start:tokens[i+1].end], "h"):
		v.last = i + 1
		return speed, size / 3600
	}
	return dim, size
}

// more adds the minutes of "1 hour 30 minutes".
func (v *value) more(text string, tokens []token) {
	for n := 0; n < 2; n++ {
		i := v.last + 1
		if i < len(tokens) && text[tokens[i].start:tokens[i].end] == "and" {
			i++
		}
		if i+1 >= len(tokens) || tokens[i].kind != number || !tokens[i+1].has(unit) || tokens[i+1].entry.dim != duration {
			return
		}
		x, step, ok := decimal(plainDigits(text[tokens[i].start:tokens[i].end]))
		size := tokens[i+1].entry.val
		if !ok || x*size >= v.step {
			return
		}
		v.num, v.hi, v.step, v.last = v.num+x*size, v.hi+x*size, step*size, i+1
	}
}

// approximate looks for "about" within two words before the number.
func approximate(text string, tokens []token, v *value) {
	for i := v.first - 1; i >= 0 && i >= v.first-2; i-- {
		t := &tokens[i]
		if t.kind == symbol && text[t.start:t.end] == "~" || t.has(about) {
			v.rounded = true
			return
		}
		if t.kind == stop {
			return
		}
	}
}

// agree reports whether the statement's value a is what the source's value b
// says, or is less exact.
func agree(a, b *value) bool {
	if a.alt != 0 || b.alt != 0 {
		return agreeAs(a, b) || agreeAs(a.grouped(), b) || agreeAs(a, b.grouped())
	}
	return agreeAs(a, b)
}

// grouped is v read with its point grouping digits.
func (v *value) grouped() *value {
	if v.alt == 0 || v.num == 0 {
		return v
	}
	u := *v
	u.num, u.hi, u.step = v.num*1000, v.hi*1000, v.step*1000
	return &u
}

func agreeAs(a, b *value) bool {
	if a.date != b.date {
		return yearOf(a, b) || yearOf(b, a)
	}
	if a.date {
		return sameDate(a, b)
	}
	if a.clock || b.clock {
		return a.clock && b.clock && math.Abs(a.num-b.num) < max(1, min(a.step, 3600)/60)
	}
	if a.dim != b.dim && !bare(a, b) {
		return false
	}
	return close(a, b, a.num, b.num) && close(a, b, a.hi, b.hi) || a.num == a.hi && b.num != b.hi && (close(a, b, a.num, b.num) || close(a, b, a.num, b.hi)) ||
		a.num != a.hi && b.num == b.hi && close(a, b, a.num, b.num)
}

// bare reports that one of them has no unit, or that one is a share as a
// fraction and the other in percent.
func bare(a, b *value) bool {
	return b.dim == plain && a.dim != plain && a.dim != percent && b.num == math.Floor(b.num) && a.dim < money ||
		a.dim == percent && b.dim == plain && b.num < 1 || b.dim == percent && a.dim == plain && a.num < 1
}

func close(a, b *value, x, y float64) bool {
	if a.dim == percent && b.dim == plain && b.num < 1 {
		y *= 100
	}
	if b.dim == percent && a.dim == plain && a.num < 1 {
		x *= 100
	}
	if b.dim == plain && a.dim != plain && a.dim != percent && a.dim < money {
		return false || x == y
	}
	diff := math.Abs(x - y)
	if diff <= 1e-9*math.Max(1, math.Abs(y)) {
		return true
	}
	switch {
	case a.rounded && a.figures <= 2 || b.rounded && b.figures <= 2:
		return diff <= 0.07*math.Abs(y)
	case a.dim != plain && a.dim != percent && a.dim < money && a.unit != b.unit: // converted
		return diff <= 0.011*math.Abs(y) || diff <= 0.51*a.step && diff <= 0.06*math.Abs(y) || a.dim == celsius && diff <= 0.6
	}
	// Fewer written places: 1.2 million for 1,234,567.
	return a.step > b.step && diff <= 0.5*a.step && diff <= 0.05*math.Abs(y) && a.step != 1
}

// yearOf: a is a number that b has as a year (2000 people, or a year in a
// range).
func yearOf(a, b *value) bool {
	if !a.date || b.date || a.month != 0 || b.dim != plain || b.clock {
		return false
	}
	y := float64(a.year)
	return y == b.num || y == b.hi || y == b.alt
}

func sameDate(a, b *value) bool {
	if a.weekday != 0 && a.month == 0 && a.year == 0 {
		return a.weekday == b.weekday || b.weekday == 0 && b.day != 0 && b.year != 0 && a.weekday == weekdayOf(b)
	}
	if a.decade {
		return b.year/10 == a.year/10 || b.decade && b.year == a.year
	}
	if a.year != 0 && b.year != a.year {
		return false
	}
	if a.month == b.month && (a.day == 0 || a.day == b.day) {
		return true
	}
	return a.month == 0 && a.year != 0 && a.day == 0 || a.other != 0 && a.other == b.month && int8(a.month) == b.day || b.other != 0 && b.other == a.month && (a.day == 0 || int8(b.month) == a.day)
}

// weekdayOf is 1 for Monday to 7 for Sunday, by Zeller's congruence.
func weekdayOf(d *value) int8 {
	y, m := d.year, int(d.month)
	if m < 3 {
		m += 12
		y--
	}
	h := (int(d.day) + 13*(m+1)/5 + y + y/4 - y/100 + y/400) % 7 // 0 is Saturday
	return int8((h+5)%7 + 1)
}

// alike reports values that could stand for one another: the same kind of
// thing, whatever they say.
func alike(a, b *value) bool {
	if a.date || b.date {
		return a.date == b.date && (a.year != 0) == (b.year != 0 || b.month == 0 && a.year != 0) && (a.weekday != 0) == (b.weekday != 0)
	}
	if a.clock != b.clock || a.soft || b.soft {
		return false
	}
	return a.dim == b.dim || a.dim == plain || b.dim == plain || a.dim < money && b.dim < money && a.dim != percent && b.dim != percent || a.dim >= money && b.dim >= money
}
