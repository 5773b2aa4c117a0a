// Command judge runs the official Go client, unmodified, against the service: the
// same checks as ../judge.py (read there what they are about). It prints "ok NAME"
// or "not ok NAME: reason" for each and exits 1 if one failed.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

var (
	endpoint = strings.TrimSuffix(os.Getenv("JUDGE_ENDPOINT"), "/")
	key      = os.Getenv("AZURE_OPENAI_API_KEY")
	version  = os.Getenv("OPENAI_API_VERSION")
	chat     = os.Getenv("AZURE_OPENAI_CHAT_DEPLOYMENT")
	embed    = os.Getenv("AZURE_OPENAI_EMBEDDING_DEPLOYMENT")
	only     = os.Getenv("JUDGE_ONLY")
)

type maker func(endpoint, key string) openai.Client

func azureClient(endpoint, key string) openai.Client {
	return openai.NewClient(azure.WithEndpoint(endpoint, version), azure.WithAPIKey(key), azure.WithUnsafeAllowHTTP(),
		option.WithMaxRetries(0), option.WithRequestTimeout(time.Minute))
}

func v1Client(endpoint, key string) openai.Client {
	return openai.NewClient(option.WithBaseURL(endpoint+"/openai/v1/"), option.WithAPIKey(key), option.WithMaxRetries(0))
}

// fault is what a check found.
type fault string

func want(ok bool, format string, args ...any) {
	if !ok {
		panic(fault(fmt.Sprintf(format, args...)))
	}
}

func must[T any](v T, err error) T {
	var e *openai.Error
	if errors.As(err, &e) {
		want(false, "%d %s", e.StatusCode, e.RawJSON())
	}
	want(err == nil, "%v", err)
	return v
}

func script(answers ...any) {
	post("forget", struct{}{})
	for _, a := range answers {
		post("next", a)
	}
}

func post(path string, v any) {
	b, _ := json.Marshal(v)
	r, err := http.Post(os.Getenv("JUDGE_MOCK")+"/_mock/"+path, "application/json", bytes.NewReader(b))
	want(err == nil, "mock: %v", err)
	_ = r.Body.Close()
}

func seen() []map[string]any {
	r := must(http.Get(os.Getenv("JUDGE_MOCK") + "/_mock/requests"))
	defer func() { _ = r.Body.Close() }()
	var raw []struct{ Body string }
	must(0, json.NewDecoder(r.Body).Decode(&raw))
	out := make([]map[string]any, len(raw))
	for i := range raw {
		must(0, json.Unmarshal([]byte(raw[i].Body), &out[i]))
	}
	return out
}

type object = map[string]any

func asks(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: chat, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
}

func raises(err error, status int, code string) *openai.Error {
	var e *openai.Error
	want(errors.As(err, &e), "no API error: %v", err)
	want(e.StatusCode == status && e.Code == code, "got %d %q, want %d %q: %s", e.StatusCode, e.Code, status, code, e.RawJSON())
	return e
}

// annotated checks the filter's verdicts in a part of an answer.
func annotated(raw, path string) {
	var results map[string]struct {
		Filtered bool
		Severity string
	}
	must(0, json.Unmarshal([]byte(raw), &results))
	for _, c := range []string{"hate", "self_harm", "sexual", "violence"} {
		want(results[c].Severity == "safe" && !results[c].Filtered, "%s: %s: %s", path, c, raw)
	}
}

func promptAnnotated(raw string) {
	var results []struct {
		Index   int             `json:"prompt_index"`
		Results json.RawMessage `json:"content_filter_results"`
	}
	must(0, json.Unmarshal([]byte(raw), &results))
	want(len(results) == 1 && results[0].Index == 0, "%s", raw)
	annotated(string(results[0].Results), "prompt")
}

type stream interface {
	Next() bool
	Current() openai.ChatCompletionChunk
	Err() error
}

func chunks(s stream) []openai.ChatCompletionChunk {
	var all []openai.ChatCompletionChunk
	for s.Next() {
		all = append(all, s.Current())
	}
	want(s.Err() == nil, "stream: %v", s.Err())
	return all
}

func text(all []openai.ChatCompletionChunk, choice int64) string {
	var b strings.Builder
	for _, k := range all {
		for _, c := range k.Choices {
			if c.Index == choice {
				b.WriteString(c.Delta.Content)
			}
		}
	}
	return b.String()
}

func weather() []openai.ChatCompletionToolUnionParam {
	return []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
		Name: "weather", Description: openai.String("Weather of a town"),
		Parameters: shared.FunctionParameters{"type": "object", "properties": object{"town": object{"type": "string"}}, "required": []string{"town"}},
	})}
}

var calls = []object{{"ID": "call_1", "Name": "weather", "Arguments": `{"town":"Leeds"}`}, {"ID": "call_2", "Name": "weather", "Arguments": `{"town":"York"}`}}

type check struct {
	name string
	run  func(ctx context.Context, c openai.Client, make maker)
}

var checks = []check{
	{"chat_plain", func(ctx context.Context, c openai.Client, _ maker) {
		var resp *http.Response
		a := must(c.Chat.Completions.New(ctx, asks("say: Good morning."), option.WithResponseInto(&resp)))
		ch := a.Choices[0]
		want(ch.Message.Content == "Good morning." && ch.FinishReason == "stop", "%s", a.RawJSON())
		want(a.Model != "" && a.Model != chat, "model %q", a.Model)
		want(a.Usage.TotalTokens == a.Usage.PromptTokens+a.Usage.CompletionTokens && a.Usage.TotalTokens > 0, "%+v", a.Usage)
		promptAnnotated(a.JSON.ExtraFields["prompt_filter_results"].Raw())
		annotated(ch.JSON.ExtraFields["content_filter_results"].Raw(), "choice")
		want(resp.Header.Get("x-request-id") != "" && resp.Header.Get("x-ms-region") != "", "%v", resp.Header)
	}},
	{"chat_stream", func(ctx context.Context, c openai.Client, _ maker) {
		all := chunks(c.Chat.Completions.NewStreaming(ctx, asks("say: One two three, four five six.")))
		want(len(all[0].Choices) == 0 && all[0].ID == "", "first chunk %s", all[0].RawJSON())
		promptAnnotated(all[0].JSON.ExtraFields["prompt_filter_results"].Raw())
		want(text(all, 0) == "One two three, four five six.", "%q", text(all, 0))
		want(all[1].Choices[0].Delta.Role == "assistant", "%s", all[1].RawJSON())
		for _, k := range all[1:] {
			for _, ch := range k.Choices {
				if ch.Delta.Content != "" {
					annotated(ch.JSON.ExtraFields["content_filter_results"].Raw(), "delta")
				}
			}
		}
	}},
	{"chat_stream_usage", func(ctx context.Context, c openai.Client, _ maker) {
		p := asks("say: One two.")
		p.StreamOptions.IncludeUsage = openai.Bool(true)
		all := chunks(c.Chat.Completions.NewStreaming(ctx, p))
		last := all[len(all)-1]
		want(len(last.Choices) == 0 && last.Usage.TotalTokens > 0, "%s", last.RawJSON())
	}},
	{"accumulator", func(ctx context.Context, c openai.Client, _ maker) {
		var acc openai.ChatCompletionAccumulator
		for _, k := range chunks(c.Chat.Completions.NewStreaming(ctx, asks("say: Gathered up.")))[1:] {
			want(acc.AddChunk(k), "chunk refused: %s", k.RawJSON())
		}
		want(acc.Choices[0].Message.Content == "Gathered up.", "%+v", acc.Choices)
	}},
	{"tools", func(ctx context.Context, c openai.Client, _ maker) {
		script(object{"Choices": []object{{"Calls": calls}}}, object{"Choices": []object{{"Text": "Rain in both."}}})
		p := asks("How is the weather in Leeds and York?")
		p.Tools, p.ParallelToolCalls = weather(), openai.Bool(true)
		a := must(c.Chat.Completions.New(ctx, p))
		m := a.Choices[0].Message
		want(a.Choices[0].FinishReason == "tool_calls" && len(m.ToolCalls) == 2, "%s", a.RawJSON())
		want(m.ToolCalls[1].ID == "call_2" && m.ToolCalls[1].Function.Arguments == `{"town":"York"}`, "%s", a.RawJSON())
		p.Messages = append(p.Messages, m.ToParam(), openai.ToolMessage("rain", "call_1"), openai.ToolMessage("rain", "call_2"))
		a = must(c.Chat.Completions.New(ctx, p))
		want(a.Choices[0].Message.Content == "Rain in both.", "%s", a.RawJSON())
		messages := seen()[1]["messages"].([]any)
		want(len(messages) == 4 && messages[3].(object)["tool_call_id"] == "call_2", "%v", messages)
	}},
	{"tools_stream", func(ctx context.Context, c openai.Client, _ maker) {
		script(object{"Choices": []object{{"Calls": calls}}})
		p := asks("How is the weather?")
		p.Tools = weather()
		var acc openai.ChatCompletionAccumulator
		for _, k := range chunks(c.Chat.Completions.NewStreaming(ctx, p))[1:] {
			acc.AddChunk(k)
		}
		got := acc.Choices[0].Message.ToolCalls
		want(len(got) == 2 && got[0].ID == "call_1" && got[1].Function.Arguments == `{"town":"York"}`, "%+v", got)
	}},
	{"choices", func(ctx context.Context, c openai.Client, _ maker) {
		two := object{"Choices": []object{{"Text": "First."}, {"Text": "Second."}}}
		script(two, two)
		p := asks("Two greetings")
		p.N = openai.Int(2)
		a := must(c.Chat.Completions.New(ctx, p))
		want(len(a.Choices) == 2 && a.Choices[1].Message.Content == "Second.", "%s", a.RawJSON())
		all := chunks(c.Chat.Completions.NewStreaming(ctx, p))
		want(text(all, 0) == "First." && text(all, 1) == "Second.", "%q %q", text(all, 0), text(all, 1))
	}},
	{"structured", func(ctx context.Context, c openai.Client, _ maker) {
		script(object{"Choices": []object{{"Text": `{"town":"Leeds"}`}}})
		p := asks("The reading")
		p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
			Name: "reading", Strict: openai.Bool(true), Schema: object{"type": "object", "properties": object{"town": object{"type": "string"}}}}}
		a := must(c.Chat.Completions.New(ctx, p))
		want(a.Choices[0].Message.Content == `{"town":"Leeds"}`, "%s", a.RawJSON())
		format, _ := seen()[0]["response_format"].(object)
		want(format["type"] == "json_schema", "%v", format)
	}},
	{"sampling", func(ctx context.Context, c openai.Client, _ maker) {
		script()
		p := asks("say: Good day.")
		p.Stop = openai.ChatCompletionNewParamsStopUnion{OfStringArray: []string{"END"}}
		p.Seed, p.Temperature, p.User = openai.Int(42), openai.Float(0.5), openai.String("worker-7")
		must(c.Chat.Completions.New(ctx, p))
		r := seen()[0]
		want(fmt.Sprintf("%v %v %v %v", r["stop"], r["seed"], r["temperature"], r["user"]) == "[END] 42 0.5 worker-7", "%v", r)
	}},
	{"logprobs", func(ctx context.Context, c openai.Client, _ maker) {
		script(object{"Body": `{"id":"x","object":"chat.completion","created":1,"model":"mock-1","choices":[{"index":0,"message":{"role":"assistant","content":"Good"},` +
			`"logprobs":{"content":[{"token":"Good","logprob":-0.25,"bytes":[71],"top_logprobs":[]}],"refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`})
		p := asks("Greet")
		p.Logprobs = openai.Bool(true)
		a := must(c.Chat.Completions.New(ctx, p))
		got := a.Choices[0].Logprobs.Content
		want(len(got) == 1 && got[0].Token == "Good" && got[0].Logprob == -0.25, "%s", a.RawJSON())
	}},
	{"embeddings", func(ctx context.Context, c openai.Client, _ maker) {
		a := must(c.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: embed, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a key", "a door"}}}))
		want(len(a.Data) == 2 && a.Data[1].Index == 1 && len(a.Data[0].Embedding) > 1 && a.Usage.TotalTokens > 0, "%s", a.RawJSON())
		want(a.Data[0].Embedding[0] != a.Data[1].Embedding[0], "the same vector for two texts")
	}},
	{"models", func(ctx context.Context, c openai.Client, _ maker) {
		listed := must(c.Models.List(ctx)).Data
		want(len(listed) > 0, "no models")
		one := must(c.Models.Get(ctx, listed[0].ID))
		want(one.ID == listed[0].ID, "%s", one.RawJSON())
		_, err := c.Models.Get(ctx, "no-such-model")
		var e *openai.Error
		want(errors.As(err, &e) && e.StatusCode == 404, "%v", err)
	}},
	{"jailbreak", func(ctx context.Context, c openai.Client, _ maker) {
		_, err := c.Chat.Completions.New(ctx, asks(os.Getenv("JUDGE_JAILBREAK")))
		e := raises(err, 400, "content_filter")
		var body struct {
			Innererror struct {
				Code   string
				Result map[string]struct{ Filtered, Detected bool } `json:"content_filter_result"`
			}
		}
		must(0, json.Unmarshal([]byte(e.RawJSON()), &body))
		j := body.Innererror.Result["jailbreak"]
		want(body.Innererror.Code == "ResponsibleAIPolicyViolation" && j.Filtered && j.Detected && e.Param == "prompt", "%s", e.RawJSON())
		s := c.Chat.Completions.NewStreaming(ctx, asks(os.Getenv("JUDGE_JAILBREAK")))
		want(!s.Next(), "a chunk of a blocked stream")
		raises(s.Err(), 400, "content_filter")
	}},
	{"answer_filtered", func(ctx context.Context, c openai.Client, _ maker) {
		term := os.Getenv("JUDGE_TERM")
		if term == "" {
			return
		}
		answer := object{"Choices": []object{{"Text": "The plan is called " + term + " and nobody knows.", "Pieces": 9}}}
		script(answer, answer)
		a := must(c.Chat.Completions.New(ctx, asks("What is the plan?")))
		want(a.Choices[0].FinishReason == "content_filter" && !strings.Contains(a.RawJSON(), term[:5]), "%s", a.RawJSON())
		all := chunks(c.Chat.Completions.NewStreaming(ctx, asks("What is the plan?")))
		last := all[len(all)-1]
		want(last.Choices[0].FinishReason == "content_filter" && !strings.Contains(text(all, 0), term[:5]), "%s", last.RawJSON())
	}},
	{"wrong_key", func(ctx context.Context, _ openai.Client, make maker) {
		c := make(endpoint, strings.Repeat("0", 32))
		_, err := c.Chat.Completions.New(ctx, asks("say: Good day."))
		e := raises(err, 401, "401")
		want(strings.HasPrefix(e.Message, "Access denied due to invalid subscription key or wrong API endpoint."), "%s", e.RawJSON())
	}},
	{"unknown_deployment", func(ctx context.Context, c openai.Client, _ maker) {
		p := asks("say: Good day.")
		p.Model = "no-such"
		_, err := c.Chat.Completions.New(ctx, p)
		raises(err, 404, "DeploymentNotFound")
	}},
	{"limited", func(ctx context.Context, c openai.Client, _ maker) {
		p := asks("say: Good day.")
		p.Model, p.MaxTokens = os.Getenv("SALLYPORT_LIMITED_DEPLOYMENT"), openai.Int(5)
		for range 100 {
			if _, err := c.Chat.Completions.New(ctx, p); err != nil {
				h := raises(err, 429, "429").Response.Header
				want(h.Get("Retry-After") != "" && h.Get("retry-after-ms") != "", "%v", h)
				return
			}
		}
		want(false, "100 requests without a 429")
	}},
	{"denied", func(ctx context.Context, _ openai.Client, make maker) {
		if strings.HasPrefix(endpoint, "https:") {
			return // the endpoint is the plain one
		}
		c := make(strings.TrimSuffix(os.Getenv("SALLYPORT_DENIED_ENDPOINT"), "/"), os.Getenv("SALLYPORT_DENIED_KEY"))
		_, err := c.Chat.Completions.New(ctx, asks("say: Good day."))
		e := raises(err, 403, "403")
		want(e.Message == "Public access is disabled. Please configure private endpoint.", "%s", e.RawJSON())
	}},
	{"image", func(ctx context.Context, c openai.Client, _ maker) {
		p := asks("")
		p.Messages = []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
			openai.TextContentPart("What is this?"),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: "data:image/png;base64,iVBORw0KGgo="}),
		})}
		_, err := c.Chat.Completions.New(ctx, p)
		raises(err, 400, "unsupported_content_type")
	}},
}

var bare = []check{{"bare_chat", func(ctx context.Context, c openai.Client, _ maker) {
	a := must(c.Chat.Completions.New(ctx, asks("When is the pharmacy open?")))
	want(a.Choices[0].Message.Content != "", "%s", a.RawJSON())
	got := text(chunks(c.Chat.Completions.NewStreaming(ctx, asks("When is the pharmacy open?"))), 0)
	want(got == a.Choices[0].Message.Content, "streamed %q", got)
}}}

func main() {
	mode := "full"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	run := checks
	if mode == "bare" {
		run = bare
		for _, c := range checks {
			switch c.name {
			case "models", "jailbreak", "unknown_deployment", "image":
				run = append(run, c)
			}
		}
	}
	failed := false
	for _, prefix := range []string{"azure", "v1"} {
		make := maker(azureClient)
		if prefix == "v1" {
			make = v1Client
		}
		for _, c := range run {
			name := prefix + "/" + c.name
			if !strings.Contains(name, only) {
				continue
			}
			if err := attempt(c, make); err != "" {
				failed = true
				fmt.Printf("not ok %s: %s\n", name, strings.ReplaceAll(err, "\n", " "))
			} else {
				fmt.Println("ok", name)
			}
		}
	}
	if failed {
		os.Exit(1)
	}
}

func attempt(c check, make maker) (reason string) {
	defer func() {
		if r := recover(); r != nil {
			reason = fmt.Sprint(r)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c.run(ctx, make(endpoint, key), make)
	return ""
}
