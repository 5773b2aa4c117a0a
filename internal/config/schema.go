package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"sallyport/guard/pii"
)

// Schema is the file's schema as JSON Schema (draft 2020-12), for editors.
func Schema() []byte {
	s := schemaOf(reflect.TypeFor[Config](), tags{})
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "sallyport.yaml"
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("config: " + err.Error()) // maps, slices and strings only
	}
	return append(b, '\n')
}

func schemaOf(t reflect.Type, tag tags) map[string]any {
	switch {
	case t == reflect.TypeFor[Date]():
		return map[string]any{"type": "string", "format": "date"}
	case t == reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "string", "pattern": `^[0-9.]+(ns|us|ms|s|m|h|d)`}
	case t.Kind() == reflect.Pointer:
		s := schemaOf(t.Elem(), tag)
		if s["type"] == "object" {
			s["type"] = []string{"object", "null"}
		}
		return s
	case t.Kind() == reflect.Struct:
		return structSchema(t)
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), tag)}
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), tag)}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return integerSchema(tag)
	}
	s := map[string]any{"type": "string", "minLength": 1}
	if tag.enum != "" {
		s["enum"] = strings.Split(tag.enum, ",")
		if tag.enum == "1.2,1.3" { // written without quotes it is a number
			s = map[string]any{"enum": []any{"1.2", "1.3", 1.2, 1.3}}
		}
	}
	return s
}

func integerSchema(tag tags) map[string]any {
	s := map[string]any{"type": "integer", "minimum": 1}
	if tag.unit == "bytes" {
		s = map[string]any{"anyOf": []any{s, map[string]any{"type": "string", "pattern": "^[0-9]+ ?(KiB|MiB|GiB)$"}}}
	}
	if n, err := strconv.Atoi(tag.enum); err == nil {
		s["enum"] = []int{n}
	}
	return s
}

func structSchema(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		tag := tagsOf(t.Field(i))
		if tag.name == "" {
			continue // not of the file
		}
		p := schemaOf(t.Field(i).Type, tag)
		if doc := t.Field(i).Tag.Get("doc"); doc != "" {
			p["description"] = doc
		}
		if tag.standard != "" {
			p["default"] = tag.standard
			if n, err := strconv.Atoi(tag.standard); err == nil {
				p["default"] = n
			}
		}
		properties[tag.name] = p
		if tag.required {
			required = append(required, tag.name)
		}
	}
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// Key is one key of the file.
type Key struct {
	Path     string // NAME stands for a name that the operator gives
	Form     string // in words
	Default  string
	Required bool
	Doc      string
}

// Keys lists every key of the file in the order of the structs.
func Keys() []Key {
	var list []Key
	walkKeys(reflect.TypeFor[Config](), "", &list)
	return list
}

func walkKeys(t reflect.Type, path string, list *[]Key) {
	for i := range t.NumField() {
		f, tag := t.Field(i), tagsOf(t.Field(i))
		if tag.name == "" {
			continue // not of the file
		}
		at := join(path, tag.name)
		*list = append(*list, Key{Path: at, Form: form(f.Type, tag), Default: tag.standard, Required: tag.required, Doc: f.Tag.Get("doc")})
		inner := f.Type
		if inner.Kind() == reflect.Map {
			inner, at = inner.Elem(), join(at, "NAME")
		}
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[Date]() {
			walkKeys(inner, at, list)
		}
	}
}

func form(t reflect.Type, tag tags) string {
	switch {
	case tag.enum != "" && t.Kind() == reflect.Slice:
		return "list of " + strings.ReplaceAll(tag.enum, ",", ", ")
	case tag.enum != "" && t.Kind() == reflect.Map:
		return "map to " + strings.ReplaceAll(tag.enum, ",", ", ")
	case tag.enum != "":
		return strings.ReplaceAll(tag.enum, ",", ", ")
	case t == reflect.TypeFor[Date]():
		return "date"
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case tag.unit == "bytes":
		return "size"
	case tag.file != "":
		return "path"
	}
	switch t.Kind() {
	case reflect.Map:
		if t.Elem().Kind() == reflect.String {
			return "map"
		}
		return "section by name"
	case reflect.Slice:
		return "list"
	case reflect.Struct, reflect.Pointer:
		return "section"
	case reflect.Bool:
		return "true, false"
	case reflect.Int, reflect.Int64:
		return "number"
	}
	return "text"
}

// Markdown is docs/configuration.md.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString(`# sallyport.yaml

<!-- Made by config.Markdown from internal/config/config.go; a test holds it to that. -->

The file is strict: an unknown key, a name that refers to nothing, expired terms and the like are
findings, all of them at once, each with its line (` + "`sallyport check --config FILE`" + `). Secrets are
never in it: keys that end in ` + "`_file`" + ` name the files that hold them. Relative paths count from the
file's folder. NAME stands for a name of your own: letters, digits, dots, dashes, underscores.
Durations have units (` + "`30s`, `15m`, `8h`, `30d`" + `), sizes may (` + "`16MiB`" + `).

The shortest useful file:

` + "```yaml\n" + Shortest + "```" + `

| key | form | default | meaning |
|---|---|---|---|
`)
	for _, k := range Keys() {
		standard := k.Default
		if k.Required {
			standard = "*required*"
		}
		doc := k.Doc
		if rest, what, ok := strings.Cut(doc, "Default: "); ok && standard == "" {
			doc, standard = strings.TrimSpace(rest), strings.TrimSuffix(what, ".")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Path, k.Form, standard, doc)
	}
	b.WriteString("\nTypes of personal data, under `personal_data`: `all`, `" + strings.Join(pii.Types(), "`, `") + "`.\n")
	return b.Bytes()
}

// Shortest is the shortest useful file.
const Shortest = `version: 1
data_dir: state
backends:
  gpu: {openai: {endpoint: "http://127.0.0.1:8000/v1"}}
resources:
  ward:
    deployments:
      chat: {model: {name: llama-3.1-8b}}
`
