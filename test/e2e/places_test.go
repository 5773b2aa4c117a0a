package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A place is somewhere in a request body where a caller's text can stand: every
// string, the name of every possible member, and unknown members of every object.
type place struct {
	name string // the path, with the kind of place behind it
	put  func(body any, text string) any
}

// general is the name with every index as *.
func (p place) general() string { return index.ReplaceAllString(p.name, "[*]") }

var index = regexp.MustCompile(`\[\d+\]`)

// placesOf walks body, which it does not know, and returns every place in it.
func placesOf(body any) []place {
	var all []place
	walkJSON(body, nil, "", func(v any, path []any, name string) {
		at := slices.Clone(path)
		add := func(kind string, change func(v any, text string) any) {
			all = append(all, place{name + kind, func(body any, text string) any { return changed(body, at, text, change) }})
		}
		switch v := v.(type) {
		case string:
			add("", func(_ any, text string) any { return text })
			add(" (end)", func(v any, text string) any { return v.(string) + " " + text })
		case map[string]any:
			member := func(kind, name string, value func(string) any) {
				add(kind, func(v any, text string) any {
					m := v.(map[string]any)
					if name == "" {
						m[text] = value(text)
					} else {
						m[name] = value(text)
					}
					return m
				})
			}
			member(".<new name>", "", func(string) any { return true })
			member(".<new>", "x_new", func(text string) any { return text })
			member(".<new>.<deep>", "x_new", func(text string) any {
				return map[string]any{"a": []any{[]any{map[string]any{"b": text}}}}
			})
			member(".<new>.<deep name>", "x_new", func(text string) any { return []any{map[string]any{text: nil}} })
		case []any:
			// Elements are walked; one more string is a place as well.
			if len(v) > 0 {
				if _, ok := v[0].(string); ok {
					add("[<new>]", func(v any, text string) any { return append(v.([]any), text) })
				}
			}
		}
	})
	return all
}

// walkJSON visits every value in a fixed order.
func walkJSON(v any, path []any, name string, visit func(v any, path []any, name string)) {
	visit(v, path, name)
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedNames(v) {
			walkJSON(v[k], append(path, k), strings.TrimPrefix(name+"."+k, "."), visit)
		}
	case []any:
		for i := range v {
			walkJSON(v[i], append(path, i), fmt.Sprintf("%s[%d]", name, i), visit)
		}
	}
}

func sortedNames(m map[string]any) []string {
	var names []string
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// changed returns a copy of body in which the value at path is changed.
func changed(body any, path []any, text string, change func(any, string) any) any {
	return replaceAt(parseJSON(formJSON(body)), path, func(v any) any { return change(v, text) })
}

func replaceAt(v any, path []any, f func(any) any) any {
	if len(path) == 0 {
		return f(v)
	}
	switch k := path[0].(type) {
	case string:
		v.(map[string]any)[k] = replaceAt(v.(map[string]any)[k], path[1:], f)
	case int:
		v.([]any)[k] = replaceAt(v.([]any)[k], path[1:], f)
	}
	return v
}

func parseJSON(b []byte) any {
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(fmt.Sprintf("%v in %s", err, b))
	}
	return v
}

func formJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// escaped writes every letter of text as an escape: another spelling of the same
// JSON string.
func escaped(body []byte, text string) []byte {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return bytes.ReplaceAll(body, []byte(text), []byte(b.String()))
}

// holds reports whether text stands in any string or name of a JSON body.
func holds(body []byte, text string) bool {
	found := false
	walkJSON(parseJSON(body), nil, "", func(v any, path []any, _ string) {
		s, _ := v.(string)
		found = found || strings.Contains(s, text)
		if m, ok := v.(map[string]any); ok {
			for k := range m {
				found = found || strings.Contains(k, text)
			}
		}
	})
	return found
}

// fullest are valid chat bodies that together have every member of the schema, in
// every form that it may have. TestEveryFieldHasAPlace holds that they do.
var fullest = map[string]string{
	"tools": `{
	"model": "chat",
	"messages": [
		{"role": "system", "content": "You help the staff of a hospital.", "name": "house"},
		{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
		{"role": "user", "content": "Good morning to you.", "name": "worker"},
		{"role": "assistant", "content": "Let me look.", "refusal": "I left one part out.", "name": "helper", "reasoning_content": "They want the weather.", "tool_calls": [
			{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"town\":\"Leeds\"}"}},
			{"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": "{\"town\":\"York\"}"}}]},
		{"role": "tool", "tool_call_id": "call_1", "content": "It rains in Leeds.", "name": "weather"},
		{"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "It snows"}, {"type": "text", "text": "in York."}]},
		{"role": "assistant", "content": [{"type": "text", "text": "Rain and snow."}, {"type": "refusal", "refusal": "More I do not say."}]},
		{"role": "user", "content": [{"type": "text", "text": "And what"}, {"type": "text", "text": "should I wear?"}]},
		{"role": "user", "content": "Sum up this note: \"\"\" <documents> The ward is open from nine. </documents> \"\"\" in a line."}
	],
	"tools": [{"type": "function", "function": {"name": "weather", "description": "Weather of a town.", "strict": true, "parameters": {
		"type": "object", "title": "Query", "properties": {"town": {"type": "string", "description": "Name of the town.", "enum": ["Leeds", "York"], "default": "Leeds", "examples": ["Hull"], "pattern": "^[A-Z]"}},
		"required": ["town"], "additionalProperties": false, "$defs": {"place": {"anyOf": [{"const": "north"}, {"type": "null"}]}}}}}],
	"tool_choice": {"type": "function", "function": {"name": "weather"}},
	"parallel_tool_calls": true,
	"response_format": {"type": "json_schema", "json_schema": {"name": "advice", "description": "What to wear.", "strict": true, "schema": {
		"type": "object", "properties": {"coat": {"type": "string", "description": "Which coat.", "enum": ["thick", "thin"]}}, "required": ["coat"]}}},
	"stop": ["END", "STOP"], "n": 1, "temperature": 0.5, "top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": 0.1, "max_tokens": 50, "seed": 7,
	"logprobs": false, "logit_bias": {"50256": -100}, "modalities": ["text"], "store": false, "user": "worker-7", "metadata": {"ward": "seven"},
	"reasoning_effort": "low", "verbosity": "low", "prediction": {"type": "content", "content": "Wear a coat."}, "service_tier": "auto",
	"prompt_cache_key": "key-1", "safety_identifier": "person-1",
	"user_security_context": {"application_name": "rota", "end_user_id": "u1", "end_user_tenant_id": "t1", "source_ip": "192.0.2.1"}
}`,
	"functions": `{
	"model": "chat",
	"messages": [
		{"role": "user", "content": "How is the weather?"},
		{"role": "assistant", "content": null, "function_call": {"name": "weather", "arguments": "{\"town\":\"Hull\"}"}},
		{"role": "function", "name": "weather", "content": "Fog in Hull."},
		{"role": "user", "content": "Thank you."}
	],
	"functions": [{"name": "weather", "description": "Weather of a town.", "parameters": {"type": "object", "properties": {"town": {"type": "string"}}}}],
	"function_call": {"name": "weather"},
	"response_format": {"type": "json_object"}, "stop": "END", "max_completion_tokens": 50, "logprobs": true, "top_logprobs": 1,
	"prediction": {"type": "content", "content": [{"type": "text", "text": "Fog."}]}
}`,
	"choice": `{
	"model": "chat",
	"messages": [{"role": "user", "content": "How is the weather?"}],
	"tools": [{"type": "function", "function": {"name": "weather"}}],
	"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "weather"}}]}}
}`,
	"words": `{
	"model": "chat",
	"messages": [{"role": "user", "content": "How is the weather?"}],
	"tools": [{"type": "function", "function": {"name": "weather"}}], "tool_choice": "auto",
	"functions": [{"name": "weather"}], "function_call": "auto"
}`,
}

// streamed is the same body as a stream with everything that streams have.
func streamed(body any) any {
	m := body.(map[string]any)
	m["stream"] = true
	m["stream_options"] = map[string]any{"include_usage": true}
	return m
}
