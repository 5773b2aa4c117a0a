package openai_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sallyport/internal/surface/openai"
)

// samples are a value of each JSON type.
var samples = map[openai.Types]string{
	openai.Bool: `true`, openai.Integer: `7`, openai.Number: `0.5`, openai.String: `"x"`, openai.Array: `[{}]`, openai.Object: `{"a":{}}`,
}

type apiError struct {
	Error struct{ Message, Type, Param, Code string }
}

func errorOf(t *testing.T, body string) apiError {
	t.Helper()
	var e apiError
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("error body %q: %v", body, err)
	}
	return e
}

// Every known field with every wrong type is a 400 that names the field.
func TestWrongTypesNameTheParameter(t *testing.T) {
	for _, schema := range []struct {
		path, base string
		fields     []openai.Field
	}{
		{chatPath, `"messages":[{"role":"user","content":"hi"}],"stream":true,"tools":[{"type":"function","function":{"name":"f"}}],"functions":[{"name":"f"}],"logprobs":true`, openai.ChatSchema},
		{embedPath, `"input":"hi"`, openai.EmbeddingsSchema},
	} {
		tried := 0
		for _, f := range schema.fields {
			for typ, value := range samples {
				if f.Refused == "" && (f.Types&typ != 0 || typ == openai.Integer && f.Types&openai.Number != 0 || typ == openai.Number && f.Types&openai.Integer != 0) {
					continue
				}
				tried++
				body := "{" + without(schema.base, f.Name) + fmt.Sprintf("%q:%s}", f.Name, value)
				w := newWorld(t)
				rec := w.post(schema.path, body)
				e := errorOf(t, rec.Body.String())
				if rec.Code != http.StatusBadRequest || !strings.HasPrefix(e.Error.Param, f.Name) || e.Error.Type != "invalid_request_error" || e.Error.Code == "" {
					t.Errorf("%s = %s: got %d %s, want a 400 naming it", f.Name, value, rec.Code, rec.Body)
				}
				if w.got != nil || w.embeds != nil {
					t.Errorf("%s = %s reached the exchange", f.Name, value)
				}
				if want := "entry refused 400 BadRequest"; len(w.record) != 1 || w.record[0] != want {
					t.Errorf("%s = %s: record %q, want %q", f.Name, value, w.record, want)
				}
			}
		}
		t.Logf("%s: %d fields, %d wrong values", schema.path, len(schema.fields), tried)
	}
}

// without drops a member from a list of members written without nested commas.
func without(members, name string) string {
	var kept strings.Builder
	dec := json.NewDecoder(strings.NewReader("{" + members + "}"))
	all := map[string]json.RawMessage{}
	if err := dec.Decode(&all); err != nil {
		panic(err)
	}
	for k, v := range all {
		if k != name {
			fmt.Fprintf(&kept, "%q:%s,", k, v)
		}
	}
	return kept.String()
}

func TestRanges(t *testing.T) {
	for _, f := range openai.ChatSchema {
		if !f.Ranged {
			continue
		}
		for _, c := range []struct {
			n    float64
			want int
		}{{f.Min, 200}, {f.Max, 200}, {f.Min - 1, 400}, {f.Max + 1, 400}} {
			more := ""
			if f.Name == "top_logprobs" {
				more = `"logprobs":true,`
			}
			rec := newWorld(t).post(chatPath, chatBody(more+fmt.Sprintf("%q:%g", f.Name, c.n)))
			if rec.Code != c.want {
				t.Errorf("%s = %g: got %d, want %d: %s", f.Name, c.n, rec.Code, c.want, rec.Body)
			}
		}
	}
}

// Null means absent, for every field that is not required.
func TestNullIsAbsent(t *testing.T) {
	for _, f := range openai.ChatSchema {
		if f.Required {
			continue
		}
		w := newWorld(t)
		if rec := w.post(chatPath, chatBody(fmt.Sprintf("%q:null", f.Name))); rec.Code != 200 {
			t.Errorf("%s: null: got %d %s", f.Name, rec.Code, rec.Body)
		} else if len(w.got.Extra) != 0 {
			t.Errorf("%s: null was kept", f.Name)
		}
	}
}

func TestInvalidRequests(t *testing.T) {
	message := func(m string) string { return `{"messages":[` + m + `]}` }
	user := func(content string) string { return message(`{"role":"user","content":` + content + `}`) }
	for name, c := range map[string]struct{ body, param, code string }{
		"no messages":          {`{}`, "messages", "missing_required_parameter"},
		"empty messages":       {message(""), "messages", "invalid_value"},
		"null messages":        {`{"messages":null}`, "messages", "invalid_type"},
		"message not object":   {message(`"x"`), "messages[0]", "invalid_type"},
		"no role":              {message(`{"content":"x"}`), "messages[0].role", "missing_required_parameter"},
		"unknown role":         {message(`{"role":"root","content":"x"}`), "messages[0].role", "invalid_value"},
		"no content":           {message(`{"role":"user"}`), "messages[0].content", "missing_required_parameter"},
		"number content":       {user(`1`), "messages[0].content", "invalid_type"},
		"empty parts":          {user(`[]`), "messages[0].content", "invalid_value"},
		"image":                {user(`[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]`), "messages[0].content[1].type", "unsupported_content_type"},
		"audio part":           {user(`[{"type":"input_audio","input_audio":{}}]`), "messages[0].content[0].type", "unsupported_content_type"},
		"file part":            {user(`[{"type":"file","file":{}}]`), "messages[0].content[0].type", "unsupported_content_type"},
		"unknown part":         {user(`[{"type":"hologram","text":"x"}]`), "messages[0].content[0].type", "unsupported_content_type"},
		"refusal of a user":    {user(`[{"type":"refusal","refusal":"x"}]`), "messages[0].content[0].type", "unsupported_content_type"},
		"part without type":    {user(`[{"text":"x"}]`), "messages[0].content[0].type", "invalid_type"},
		"part without text":    {user(`[{"type":"text"}]`), "messages[0].content[0].text", "invalid_type"},
		"name not string":      {message(`{"role":"user","content":"x","name":1}`), "messages[0].name", "invalid_type"},
		"tool without id":      {message(`{"role":"tool","content":"x"}`), "messages[0].tool_call_id", "missing_required_parameter"},
		"function unnamed":     {message(`{"role":"function","content":"x"}`), "messages[0].name", "missing_required_parameter"},
		"assistant empty":      {message(`{"role":"assistant","content":null}`), "messages[0].content", "missing_required_parameter"},
		"call unknown type":    {message(`{"role":"assistant","tool_calls":[{"id":"1","type":"custom"}]}`), "messages[0].tool_calls[0].type", "unsupported_value"},
		"call without id":      {message(`{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f","arguments":""}}]}`), "messages[0].tool_calls[0].id", "missing_required_parameter"},
		"call without name":    {message(`{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"arguments":""}}]}`), "messages[0].tool_calls[0].function.name", "missing_required_parameter"},
		"call hides a member":  {message(`{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"","x":"y"}}]}`), "messages[0].tool_calls[0].function", "unsupported_parameter"},
		"audio answer":         {message(`{"role":"assistant","content":"x","audio":{"id":"1"}}`), "messages[0].audio", "unsupported_parameter"},
		"five stops":           {chatBody(`"stop":["a","b","c","d","e"]`), "stop", "invalid_value"},
		"stop not text":        {chatBody(`"stop":["a",1]`), "stop[1]", "invalid_type"},
		"n fraction":           {chatBody(`"n":1.5`), "n", "invalid_type"},
		"seed fraction":        {chatBody(`"seed":1.5`), "seed", "invalid_type"},
		"129 tools":            {chatBody(`"tools":[` + strings.TrimSuffix(strings.Repeat(`{"type":"function","function":{"name":"f"}},`, 129), ",") + `]`), "tools", "invalid_value"},
		"tool type":            {chatBody(`"tools":[{"type":"code_interpreter"}]`), "tools[0].type", "unsupported_value"},
		"tool name":            {chatBody(`"tools":[{"type":"function","function":{"name":"a b"}}]`), "tools[0].function.name", "invalid_value"},
		"tool parameters":      {chatBody(`"tools":[{"type":"function","function":{"name":"f","parameters":[]}}]`), "tools[0].function.parameters", "invalid_type"},
		"choice without tools": {chatBody(`"tool_choice":"auto"`), "tool_choice", "invalid_value"},
		"choice word":          {chatBody(`"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"maybe"`), "tool_choice", "invalid_value"},
		"format type":          {chatBody(`"response_format":{"type":"xml"}`), "response_format.type", "invalid_value"},
		"schema missing":       {chatBody(`"response_format":{"type":"json_schema"}`), "response_format.json_schema", "invalid_type"},
		"options, no stream":   {chatBody(`"stream_options":{"include_usage":true}`), "stream_options", "invalid_value"},
		"options with text":    {chatBody(`"stream":true,"stream_options":{"x":"y"}`), "stream_options", "unsupported_parameter"},
		"top, no logprobs":     {chatBody(`"top_logprobs":2`), "top_logprobs", "invalid_value"},
		"two token limits":     {chatBody(`"max_tokens":2,"max_completion_tokens":2`), "max_tokens", "invalid_value"},
		"store in disguise":    {chatBody(`"Store":true`), "store", "unsupported_parameter"},
		"calls of a user":      {message(`{"role":"user","content":"x","tool_calls":[]}`), "messages[0].tool_calls", "unsupported_parameter"},
		"content disguised":    {message(`{"role":"assistant","content":"x","Tool_Calls":[]}`), "messages[0].tool_calls", "unsupported_parameter"},
		"store":                {chatBody(`"store":true`), "store", "unsupported_value"},
		"audio modality":       {chatBody(`"modalities":["text","audio"]`), "modalities", "unsupported_parameter"},
		"bias text":            {chatBody(`"logit_bias":{"1":"x"}`), "logit_bias", "invalid_value"},
		"array body":           {`[1]`, "", "invalid_type"},
		"empty body":           {" ", "", ""},
		"broken":               {`{"messages":`, "", ""},
		"duplicate":            {`{"messages":[],"Messages":[]}`, "", ""},
		"two documents":        {chatBody("") + `{}`, "", ""},
		"byte-order mark":      {"\xef\xbb\xbf" + chatBody(""), "", ""},
		"UTF-16":               {"\xff\xfe{\x00}\x00", "", ""},
		"lone surrogate":       {user(`"\ud800"`), "", ""},
		"NUL":                  {user(`"a\u0000b"`), "", ""},
	} {
		w := newWorld(t)
		rec := w.post(chatPath, c.body)
		e := errorOf(t, rec.Body.String())
		if rec.Code != 400 || e.Error.Param != c.param || e.Error.Code != c.code || e.Error.Type != "invalid_request_error" {
			t.Errorf("%s: got %d %s, want param %q code %q", name, rec.Code, rec.Body, c.param, c.code)
		}
		if w.got != nil || len(w.record) != 1 {
			t.Errorf("%s: reached the exchange, or is not on the record once: %q", name, w.record)
		}
	}
}

// Whatever is wrong, the message never repeats what was sent.
func TestErrorsNeverEcho(t *testing.T) {
	const mark = "zqxMARKERzqx"
	for _, body := range []string{
		`{"messages":[{"role":"` + mark + `","content":"x"}]}`,
		`{"messages":[{"role":"user","content":[{"type":"` + mark + `"}]}]}`,
		`{"` + mark + `":1,"` + mark + `":2}`,
		chatBody(`"stream":true,"stream_options":{"` + mark + `":"x"}`),
		chatBody(`"tools":[{"type":"function","function":{"name":"` + mark + ` x"}}]`),
		chatBody(`"response_format":{"type":"` + mark + `"}`),
		chatBody(`"logit_bias":{"` + mark + `":"x"}`),
		mark, `{"messages":"` + mark + `"`,
	} {
		w := newWorld(t)
		rec := w.post(chatPath, body)
		if rec.Code != 400 {
			t.Errorf("%s: got %d, want 400", body, rec.Code)
		}
		if out := fmt.Sprint(rec.Body, rec.Header(), w.log.String()); strings.Contains(out, mark) {
			t.Errorf("%s: echoed in %s", body, out)
		}
	}
}
