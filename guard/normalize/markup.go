package normalize

import (
	"strings"
	"unicode/utf8"
)

// maxTag is how long a tag may be, maxLink how long the text and the target of a link
// in Markdown may be.
const (
	maxTag  = 4 << 10
	maxLink = 2 << 10
)

// inline are the tags that part no words.
var inline = setOf("a abbr b bdi bdo big code data del dfn em font i ins kbd label mark nobr q s samp small span strike strong sub sup time tt u var wbr acronym center")

// void are the tags that have no content.
var void = setOf("area base br col embed hr img input link meta param source track wbr")

// spoken are the attributes that hold text for people or machines.
var spoken = setOf("alt title summary content value placeholder label srcdoc caption description aria-label aria-description aria-labelledby data-text data-prompt data-content data-title data-note data-tooltip data-instructions")

func setOf(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// page walks over the tags of a text.
type page struct {
	text    string
	at      int
	work    int // bytes looked at for ends of tags that were not there
	comment func(start, end, from, to int)
	tag     func(t tagAt)
}

// tagAt is a tag and where it stands.
type tagAt struct {
	start, end int
	name       string // in lower case
	closing    bool
	attributes string
}

// walk calls comment and tag for what is in the text, in order.
func (p *page) walk() {
	for p.at < len(p.text) {
		next := strings.IndexByte(p.text[p.at:], '<')
		if next < 0 {
			return
		}
		p.at += next
		if strings.HasPrefix(p.text[p.at:], "<!--") {
			from := p.at + 4
			to, end := len(p.text), len(p.text)
			if n := strings.Index(p.text[from:], "-->"); n >= 0 {
				to, end = from+n, from+n+3
			}
			if p.comment != nil {
				p.comment(p.at, end, from, to)
			}
			p.at = end
			continue
		}
		t, ok := p.read()
		if !ok {
			p.at++
			continue
		}
		p.tag(t)
		p.at = t.end
	}
}

// read reads the tag at p.at.
func (p *page) read() (tagAt, bool) {
	t := tagAt{start: p.at}
	i := p.at + 1
	if i < len(p.text) && (p.text[i] == '/' || p.text[i] == '!' || p.text[i] == '?') {
		t.closing = p.text[i] == '/'
		i++
	}
	from := i
	for i < len(p.text) && i < from+24 && (property[p.text[i]]&(isLetter|isDigit) != 0 || p.text[i] == '-') {
		i++
	}
	if i == from || alphabet[p.text[from]] == 0 {
		return t, false
	}
	t.name = strings.ToLower(p.text[from:i])
	limit := min(len(p.text), i+maxTag)
	if p.work > 4*len(p.text) {
		limit = min(limit, i+64)
	}
	quote := byte(0)
	for j := i; j < limit; j++ {
		switch c := p.text[j]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			if p.text[j-1] == '=' || p.text[j-1] == ' ' {
				quote = c
			}
		case c == '>':
			t.attributes, t.end = p.text[i:j], j+1
			return t, true
		case c == '<':
			p.work += j - i
			return t, false
		}
	}
	p.work += limit - i
	return t, false
}

// attribute calls f for the attributes of a tag, with where their values lie in it.
func attributes(s string, f func(name, value string, at int)) {
	for i := 0; i < len(s); {
		if property[s[i]]&isBlank != 0 || s[i] == '/' {
			i++
			continue
		}
		j := i
		for j < len(s) && property[s[j]]&isBlank == 0 && s[j] != '=' {
			j++
		}
		name := strings.ToLower(s[i:j])
		for j < len(s) && s[j] == ' ' {
			j++
		}
		if j >= len(s) || s[j] != '=' {
			f(name, "", j)
			i = max(j, i+1)
			continue
		}
		for j++; j < len(s) && s[j] == ' '; j++ {
		}
		end := j
		if j < len(s) && (s[j] == '"' || s[j] == '\'') {
			j++
			if n := strings.IndexByte(s[j:], s[j-1]); n >= 0 {
				end = j + n
			} else {
				end = len(s)
			}
			f(name, s[j:end], j)
			i = end + 1
			continue
		}
		for end < len(s) && property[s[end]]&isBlank == 0 {
			end++
		}
		f(name, s[j:end], j)
		i = max(end, i+1)
	}
}

// findMarkup takes tags out, so that words which they part are whole.
func findMarkup(r *Reading) []edit {
	var out []edit
	skip := -1 // the beginning of what is no text
	p := page{text: r.cased}
	p.comment = func(start, end, _, _ int) { out = append(out, edit{start, end, ""}) }
	p.tag = func(t tagAt) {
		if t.name == "style" {
			if !t.closing {
				skip = t.start
			} else if skip >= 0 {
				for len(out) > 0 && out[len(out)-1].start >= skip {
					out = out[:len(out)-1]
				}
				out = append(out, edit{skip, t.end, " "})
				skip = -1
				return
			}
		}
		e := edit{t.start, t.end, "\n"}
		if inline[t.name] {
			e.text = ""
		}
		out = append(out, e)
	}
	p.walk()
	return out
}

// findComments is what comments of HTML and Markdown say.
func findComments(r *Reading) []edit {
	var out []edit
	p := page{text: r.cased, tag: func(tagAt) {}}
	p.comment = func(_, _, from, to int) {
		if s := r.cased[from:to]; wordy(s) {
			out = append(out, edit{from, to, s})
		}
	}
	p.walk()
	return merge(out, markdownComments(r.cased))
}

// markdownComments are the texts of definitions that nothing shows: [//]: # (text).
func markdownComments(text string) []edit {
	var out []edit
	for i := 0; ; {
		next := strings.Index(text[i:], "]: ")
		if next < 0 {
			return out
		}
		i += next + 3
		end := len(text)
		if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
			end = i + n
		}
		line := text[i:end]
		from := strings.IndexAny(line, "(\"'")
		if from >= 0 && from < 256 && strings.IndexByte(line[:from], ' ') >= 0 && wordy(line[from+1:]) {
			out = append(out, edit{i + from + 1, end, strings.TrimRight(line[from+1:], ")\"'")})
		}
		i = end
	}
}

// wordy reports whether s has two words.
func wordy(s string) bool {
	s = strings.TrimSpace(s)
	i := strings.IndexAny(s, " \n")
	if i < 0 {
		return len(s) > 4 && !plainASCII(s)
	}
	letters := 0
	for k := 0; k < len(s) && letters < 5; k++ {
		if alphabet[s[k]] != 0 || s[k] >= utf8.RuneSelf {
			letters++
		}
	}
	return letters >= 5
}

// sentence reports whether s has four words, or other letters than ASCII: labels have fewer.
func sentence(s string) bool { return strings.Count(strings.TrimSpace(s), " ") >= 3 || !plainASCII(s) }

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// findConcealed is the content of elements that a browser does not show.
func findConcealed(r *Reading) []edit {
	var out []edit
	name, depth, from := "", 0, 0
	p := page{text: r.cased}
	p.tag = func(t tagAt) {
		switch {
		case depth == 0 && !t.closing && !void[t.name] && conceals(t):
			name, depth, from = t.name, 1, t.end
		case depth > 0 && t.name == name && !t.closing:
			depth++
		case depth > 0 && t.name == name:
			if depth--; depth == 0 && wordy(r.cased[from:t.start]) {
				out = append(out, edit{from, t.start, r.cased[from:t.start]})
			}
		}
	}
	p.walk()
	if depth > 0 && wordy(r.cased[from:]) {
		out = append(out, edit{from, len(r.cased), r.cased[from:]})
	}
	return out
}

// invisibleStyles are declarations by which nothing is seen, without spaces.
var invisibleStyles = []string{
	"display:none", "visibility:hidden", "font-size:0", "font-size:1px", "font-size:.", "opacity:0", "color:white", "color:#fff", "color:transparent",
	"color:rgb(255,255,255", "color:rgba(255,255,255", "color:rgba(0,0,0,0", "left:-9", "top:-9", "text-indent:-9", "clip:rect(0", "clip-path:inset(100%", "transform:scale(0",
	"max-height:0", "max-width:0", "line-height:0", "mso-hide:all",
}

// conceals reports whether t hides its content.
func conceals(t tagAt) bool {
	if t.name == "template" || t.name == "noscript" {
		return true
	}
	if len(t.attributes) == 0 {
		return false
	}
	hides := false
	attributes(t.attributes, func(name, value string, _ int) {
		switch name {
		case "hidden":
			hides = true
		case "color":
			v := strings.ToLower(value)
			hides = hides || v == "white" || v == "#fff" || v == "#ffffff"
		case "style":
			v := strings.ToLower(strings.ReplaceAll(value, " ", ""))
			dark := strings.Contains(v, "background")
			for _, s := range invisibleStyles {
				i := strings.Index(v, s)
				if i < 0 || dark && strings.HasPrefix(s, "color:") || strings.HasPrefix(s, "color:") && i > 0 && v[i-1] == '-' {
					continue
				}
				rest := v[i+len(s):]
				if strings.HasSuffix(s, ":0") && rest != "" && rest[0] == '.' && strings.Trim(strings.SplitN(rest, ";", 2)[0], ".0") != "" {
					continue // opacity:0.9
				}
				hides = true
			}
		}
	})
	return hides
}

// findAttributes is what alternative texts, titles and the like say.
func findAttributes(r *Reading) []edit {
	var out []edit
	p := page{text: r.cased}
	p.tag = func(t tagAt) {
		at := t.end - 1 - len(t.attributes)
		attributes(t.attributes, func(name, value string, i int) {
			if (spoken[name] || strings.HasPrefix(name, "data-")) && wordy(value) && sentence(value) {
				out = append(out, edit{at + i, at + i + len(value), value})
			}
		})
	}
	p.walk()
	var titles []edit
	links(r.cased, func(l link) {
		if l.image && wordy(l.text) && sentence(l.text) {
			titles = append(titles, edit{l.start, l.start + len(l.text), l.text})
		}
		if i := strings.IndexByte(l.target, ' '); i >= 0 && wordy(l.target[i:]) && sentence(l.target[i:]) {
			titles = append(titles, edit{l.targetAt + i, l.targetAt + len(l.target), strings.Trim(l.target[i:], " \"'()")})
		}
	})
	return merge(out, titles)
}

// link is a link of Markdown: where its text begins, the text and the target.
type link struct {
	start, targetAt int
	text, target    string
	image           bool
}

// links calls f for the links of Markdown in text.
func links(text string, f func(link)) {
	for i := 0; ; {
		next := strings.Index(text[i:], "](")
		if next < 0 {
			return
		}
		mid := i + next
		from := max(i, mid-maxLink)
		open := strings.LastIndexByte(text[from:mid], '[')
		i = mid + 2
		n := strings.IndexByte(text[i:min(len(text), i+maxLink)], ')')
		if open < 0 || n < 0 {
			continue
		}
		open += from
		f(link{open + 1, i, text[open+1 : mid], text[i : i+n], open > 0 && text[open-1] == '!'})
		i += n
	}
}

// findLinks is the targets of links whose text names another host.
func findLinks(r *Reading) []edit {
	var out []edit
	links(r.cased, func(l link) {
		if !l.image && elsewhere(l.text, l.target) {
			out = append(out, edit{l.targetAt, l.targetAt + len(l.target), l.target})
		}
	})
	var anchors []edit
	p := page{text: r.cased}
	p.tag = func(t tagAt) {
		if t.name != "a" || t.closing {
			return
		}
		at := t.end - 1 - len(t.attributes)
		attributes(t.attributes, func(name, value string, i int) {
			end := strings.IndexByte(r.cased[t.end:min(len(r.cased), t.end+maxLink)], '<')
			if name == "href" && end > 0 && elsewhere(r.cased[t.end:t.end+end], value) {
				anchors = append(anchors, edit{at + i, at + i + len(value), value})
			}
		})
	}
	p.walk()
	return merge(out, anchors)
}

// elsewhere reports whether a link's text names a host that is not its target's.
func elsewhere(text, target string) bool {
	shown, real := host(text), host(target)
	if shown == "" || real == "" || shown == real {
		return false
	}
	return !strings.HasSuffix(real, "."+shown) && !strings.HasSuffix(shown, "."+real)
}

// host is the host of an address, "" when s is none.
func host(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	scheme := false
	if i := strings.Index(s, "://"); i >= 0 {
		s, scheme = s[i+3:], true
	}
	if i := strings.IndexAny(s, "/?#: "); i >= 0 {
		if !scheme && s[i] == ' ' {
			return ""
		}
		s = s[:i]
	}
	s = strings.TrimPrefix(s, "www.")
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || len(s)-dot < 3 || !plainLetters(s[dot+1:]) {
		return ""
	}
	return s
}
