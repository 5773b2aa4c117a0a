package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds the file in bytes: real ones have a few thousand.
const maxFile = 1 << 20

// maxDepth bounds nesting; the schema has seven levels.
const maxDepth = 32

// reader walks the file beside the structs and collects what is wrong.
type reader struct {
	dir      string
	findings []Finding
	lines    map[string]int // of every key that the file has
}

// found adds a finding at key, or at the nearest key above it that the file has.
func (r *reader) found(key, format string, args ...any) {
	r.findings = append(r.findings, Finding{Line: r.line(key), Key: key, What: fmt.Sprintf(format, args...)})
}

func (r *reader) line(key string) int { return lineIn(r.lines, key) }

func lineIn(lines map[string]int, key string) int {
	for key != "" {
		if n, ok := lines[key]; ok {
			return n
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return 0
}

// has reports whether the file has key.
func (r *reader) has(key string) bool {
	_, ok := r.lines[key]
	return ok
}

// parse makes the syntax tree.
func (r *reader) parse(data []byte) (root ast.Node) {
	if len(data) > maxFile {
		r.found("", "the file has more than %d bytes", maxFile)
		return nil
	}
	// The parser is foreign code that reads foreign bytes: if it breaks, the file is
	// a finding and not a crash.
	defer func() {
		if p := recover(); p != nil {
			root = nil
			r.found("", "the file is not YAML that can be read")
		}
	}()
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	var docs []ast.Node
	for _, d := range file.Docs {
		if d != nil && d.Body != nil {
			docs = append(docs, d.Body)
		}
	}
	switch len(docs) {
	case 0:
		r.found("", "the file is empty; it begins with version: 1")
		return nil
	case 1:
		return docs[0]
	}
	r.findings = append(r.findings, Finding{Line: lineOf(docs[1]), What: "the file has a second document"})
	return nil
}

// syntax keeps the place of a syntax error and not its text, which quotes the
// file.
func (r *reader) syntax(err error) {
	f := Finding{What: "the file is not YAML"}
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		f.What = "not YAML: " + syntax.Message
		if syntax.Token != nil && syntax.Token.Position != nil {
			f.Line = syntax.Token.Position.Line
		}
	}
	r.findings = append(r.findings, f)
}

func lineOf(n ast.Node) int {
	if n == nil || reflect.ValueOf(n).IsNil() {
		return 0
	}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return lineOf(m.Values[0])
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return 0
	}
	return t.Position.Line
}

// tags are what a field says of itself.
type tags struct {
	name, enum, standard, file, unit string
	required                         bool
}

func tagsOf(f reflect.StructField) tags {
	t := f.Tag
	return tags{
		name: t.Get("yaml"), enum: t.Get("enum"), standard: t.Get("default"), file: t.Get("file"),
		unit: t.Get("unit"), required: t.Get("required") == "true",
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// value decodes n into v.
func (r *reader) value(n ast.Node, v reflect.Value, path string, t tags, depth int) {
	if depth > maxDepth {
		r.found(path, "too many levels")
		return
	}
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		r.found(path, "anchors, aliases and tags are not used in this file")
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[Date]():
		r.date(n, v, path)
	case v.Type() == reflect.TypeFor[time.Duration]():
		r.duration(n, v, path)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.value(n, v.Elem(), path, t, depth)
	case v.Kind() == reflect.Struct:
		r.structure(n, v, path, depth)
	case v.Kind() == reflect.Map:
		r.mapping(n, v, path, t, depth)
	case v.Kind() == reflect.Slice:
		r.sequence(n, v, path, t, depth)
	default:
		r.scalar(n, v, path, t)
	}
}

// pair is a member of a mapping.
type pair struct {
	name  string
	value ast.Node
	line  int
}

// pairs are the members of a mapping, each name once.
func (r *reader) pairs(n ast.Node, path string) []pair {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.found(path, "names and values are expected here, as in NAME: VALUE")
		return nil
	}
	var out []pair
	for _, v := range values {
		key, ok := v.Key.(ast.Node)
		name, plain := text(key)
		line := lineOf(key)
		if !ok || !plain || name == "" {
			r.findings = append(r.findings, Finding{Line: line, Key: path, What: "a name is expected before the colon"})
			continue
		}
		if at := slices.IndexFunc(out, func(p pair) bool { return p.name == name }); at >= 0 {
			r.findings = append(r.findings, Finding{Line: line, Key: join(path, name), What: fmt.Sprintf("given twice; first in line %d", out[at].line)})
			continue
		}
		out = append(out, pair{name, v.Value, line})
	}
	return out
}

func (r *reader) structure(n ast.Node, v reflect.Value, path string, depth int) {
	r.standards(v, path)
	fields := map[string]int{}
	var names []string
	for i := range v.NumField() {
		if name := tagsOf(v.Type().Field(i)).name; name != "" {
			fields[name] = i
			names = append(names, name)
		}
	}
	for _, p := range r.pairs(n, path) {
		key := join(path, p.name)
		r.lines[key] = p.line
		i, ok := fields[p.name]
		if !ok {
			r.unknown(key, p.name, names)
			continue
		}
		r.value(p.value, v.Field(i), key, tagsOf(v.Type().Field(i)), depth+1)
	}
	for _, name := range names {
		if tagsOf(v.Type().Field(fields[name])).required && !r.has(join(path, name)) {
			r.found(join(path, name), "missing")
		}
	}
}

// standards puts the defaults into the scalar fields of a struct, and of the
// structs in it that the file may leave out.
func (r *reader) standards(v reflect.Value, path string) {
	for i := range v.NumField() {
		f, t := v.Field(i), tagsOf(v.Type().Field(i))
		switch {
		case t.standard != "":
			setStandard(f, t.standard)
		case f.Kind() == reflect.Struct && f.Type() != reflect.TypeFor[Date]():
			r.standards(f, join(path, t.name))
		}
	}
}

// setStandard panics on a default that does not fit its field: a test reads all.
func setStandard(f reflect.Value, s string) {
	switch {
	case f.Type() == reflect.TypeFor[time.Duration]():
		d, err := parseDuration(s)
		if err != nil {
			panic(err)
		}
		f.SetInt(int64(d))
	case f.Kind() == reflect.String:
		f.SetString(s)
	case f.CanInt():
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			panic(err)
		}
		f.SetInt(n)
	default:
		panic("config: no default for " + f.Type().String())
	}
}

// later are keys of the design that this release does not read yet: they get an
// answer of their own, because an operator who writes one relies on it.
var later = []string{
	"database", "counters", "conditions", "sinks", "scope", "grounding", "retention", "diagnostics", "quarantine",
	"witnesses", "client_ca", "keyvault", "vault", "assistants", "use_cases", "protected_material_text", "quota",
}

// secrets are what people call secrets that they put in the file.
var secrets = []string{"api_key", "apikey", "key", "secret", "client_secret", "password", "token", "passphrase", "credentials"}

func (r *reader) unknown(key, name string, names []string) {
	switch {
	case slices.Contains(secrets, strings.ToLower(name)):
		hint := "secrets are not written into this file"
		if slices.Contains(names, "key_file") {
			hint += "; key_file names the file that holds it"
		}
		r.found(key, "%s", hint)
	case slices.Contains(later, name):
		r.found(key, "not available in this release")
	default:
		if near := nearest(name, names); near != "" {
			r.found(key, "unknown; did you mean %s?", near)
			return
		}
		slices.Sort(names)
		r.found(key, "unknown; here may stand: %s", strings.Join(names, ", "))
	}
}

// nearest is the name that is at most two edits away.
func nearest(name string, names []string) string {
	best, at := 3, ""
	for _, n := range names {
		if d := edits(name, n); d < best {
			best, at = d, n
		}
	}
	return at
}

func edits(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// validName is what names of resources, deployments, backends and the like are:
// they stand in addresses, scopes and on the record.
func validName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '-' && c != '_' && c != '.') {
			return false
		}
	}
	return true
}

func (r *reader) mapping(n ast.Node, v reflect.Value, path string, t tags, depth int) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, p := range r.pairs(n, path) {
		key := join(path, p.name)
		r.lines[key] = p.line
		// Maps to structs are named by the operator; maps to words have their own keys.
		if v.Type().Elem().Kind() == reflect.Pointer && !validName(p.name) {
			r.found(key, "a name has 1 to 64 letters, digits, dots, dashes or underscores")
		}
		e := reflect.New(v.Type().Elem()).Elem()
		r.value(p.value, e, key, t, depth+1)
		if e.Kind() != reflect.Pointer || !e.IsNil() { // else a finding, and nothing to look at
			v.SetMapIndex(reflect.ValueOf(p.name), e)
		}
	}
}

func (r *reader) sequence(n ast.Node, v reflect.Value, path string, t tags, depth int) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.found(path, "a list is expected, as in [a, b]")
		return
	}
	t.file = "" // no list of files so far
	v.Set(reflect.MakeSlice(v.Type(), 0, len(s.Values)))
	for i, item := range s.Values {
		key := path + "[" + strconv.Itoa(i) + "]"
		r.lines[key] = lineOf(item)
		e := reflect.New(v.Type().Elem()).Elem()
		r.value(item, e, key, t, depth+1)
		v.Set(reflect.Append(v, e))
	}
}

// text is a scalar as it is written: a version 1.10 stays 1.10.
func text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		if n.Value == nil {
			return "", false
		}
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (r *reader) scalar(n ast.Node, v reflect.Value, path string, t tags) {
	s, ok := text(n)
	if !ok {
		r.found(path, "a single value is expected")
		return
	}
	switch v.Kind() {
	case reflect.String:
		r.word(v, s, path, t)
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			r.found(path, "true or false is expected")
			return
		}
		v.SetBool(b.Value)
	case reflect.Int, reflect.Int64:
		r.integer(n, v, s, path, t)
	}
}

func (r *reader) word(v reflect.Value, s, path string, t tags) {
	if s == "" {
		r.found(path, "empty")
		return
	}
	if t.enum != "" && !slices.Contains(strings.Split(t.enum, ","), s) {
		r.found(path, "here may stand: %s", strings.ReplaceAll(t.enum, ",", ", "))
		return
	}
	if t.file != "" && !filepath.IsAbs(s) {
		s = filepath.Join(r.dir, s)
	}
	v.SetString(s)
}

func (r *reader) integer(n ast.Node, v reflect.Value, s, path string, t tags) {
	var i int64
	switch n := n.(type) {
	case *ast.IntegerNode:
		switch x := n.Value.(type) {
		case int64:
			i = x
		case uint64:
			i = int64(min(x, 1<<62))
		}
	default:
		size, ok := parseSize(s)
		if t.unit != "bytes" || !ok {
			if t.unit == "bytes" {
				r.found(path, "a size is expected, as in 16777216 or 16MiB")
			} else {
				r.found(path, "a whole number is expected, without quotes")
			}
			return
		}
		i = size
	}
	if t.enum != "" && !slices.Contains(strings.Split(t.enum, ","), strconv.FormatInt(i, 10)) {
		r.found(path, "here may stand: %s", strings.ReplaceAll(t.enum, ",", ", "))
		return
	}
	if i <= 0 || v.OverflowInt(i) || i > 1<<53 {
		r.found(path, "a number above zero is expected")
		return
	}
	v.SetInt(i)
}

func parseSize(s string) (int64, bool) {
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if digits, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
			return n << (10 * (i + 1)), err == nil && n > 0
		}
	}
	return 0, false
}

// maxDuration keeps sums of durations far from overflow.
const maxDuration = 10 * 365 * 24 * time.Hour

func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 12)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

func (r *reader) duration(n ast.Node, v reflect.Value, path string) {
	s, _ := text(n)
	d, err := parseDuration(s)
	if err != nil || d <= 0 || d > maxDuration {
		r.found(path, "a duration with its unit is expected, as in 500ms, 30s, 15m, 8h or 30d")
		return
	}
	v.SetInt(int64(d))
}

func (r *reader) date(n ast.Node, v reflect.Value, path string) {
	s, _ := text(n)
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		r.found(path, "a date is expected, as in 2027-03-01")
		return
	}
	v.Set(reflect.ValueOf(Date{d.AddDate(0, 0, 1)})) // the day counts to its end
}
