package openai

import (
	"crypto/rand"
	"strconv"

	"sallyport/guard"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/exchange"
)

// head is what all objects of one answer have in common.
type head struct {
	id          string
	created     int64
	model       string
	fingerprint string
	legacy      bool // the caller speaks functions, not tools
}

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// completionID is a random id in the form of the contract's.
func completionID() string {
	const prefix, size = "chatcmpl-", 29
	var raw [size]byte
	_, _ = rand.Read(raw[:])
	b := make([]byte, 0, len(prefix)+size)
	b = append(b, prefix...)
	for _, r := range raw {
		b = append(b, idAlphabet[int(r)%len(idAlphabet)]) // a name, not a secret: the bias is harmless
	}
	return string(b)
}

// appendCompletion appends a chat.completion (section 5.2).
func appendCompletion(b []byte, h *head, a *exchange.Answer) []byte {
	b = append(b, `{"choices":[`...)
	for i := range a.Choices {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendChoice(b, h, i, &a.Choices[i])
	}
	b = append(b, `],"created":`...)
	b = strconv.AppendInt(b, h.created, 10)
	b = append(b, `,"id":`...)
	b = appendWord(b, h.id)
	b = append(b, `,"model":`...)
	b = appendWord(b, h.model)
	b = append(b, `,"object":"chat.completion","prompt_filter_results":`...)
	b = appendPromptResults(b, &a.Prompt)
	b = append(b, `,"system_fingerprint":`...)
	b = appendWordOrNull(b, h.fingerprint)
	b = append(b, `,"usage":`...)
	b = appendUsage(b, &a.Usage)
	return append(b, '}')
}

func appendPromptResults(b []byte, r *guard.Report) []byte {
	b = append(b, `[{"prompt_index":0,"content_filter_results":`...)
	b = appendResults(b, r)
	return append(b, `}]`...)
}

func appendChoice(b []byte, h *head, i int, c *exchange.Choice) []byte {
	withheld := c.Finish == conversation.Filtered
	calls := c.Calls
	if withheld {
		calls = nil
	}
	b = append(b, `{"content_filter_results":`...)
	if len(calls) > 0 {
		b = append(b, `{}`...)
	} else {
		b = appendResults(b, &c.Report)
	}
	b = append(b, `,"finish_reason":`...)
	b = appendWordOrNull(b, c.Finish.String())
	b = append(b, `,"index":`...)
	b = strconv.AppendInt(b, int64(i), 10)
	b = append(b, `,"logprobs":`...)
	b = appendLogprobs(b, c.Logprobs, withheld)
	b = append(b, `,"message":{"content":`...)
	if withheld || c.Text.Empty() && (len(calls) > 0 || !c.Refusal.Empty()) {
		b = append(b, "null"...)
	} else {
		b = open.AppendQuoted(b, c.Text)
	}
	if !withheld && !c.Reasoning.Empty() {
		b = append(b, `,"reasoning_content":`...)
		b = open.AppendQuoted(b, c.Reasoning)
	}
	b = append(b, `,"refusal":`...)
	if withheld || c.Refusal.Empty() {
		b = append(b, "null"...)
	} else {
		b = open.AppendQuoted(b, c.Refusal)
	}
	b = append(b, `,"role":"assistant"`...)
	switch {
	case len(calls) > 0 && h.legacy:
		b = append(b, `,"function_call":`...)
		b = appendFunction(b, calls[0].Name, calls[0].Arguments)
	case len(calls) > 0:
		b = append(b, `,"tool_calls":[`...)
		for j := range calls {
			if j > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"function":`...)
			b = appendFunction(b, calls[j].Name, calls[j].Arguments)
			b = append(b, `,"id":`...)
			b = open.AppendQuoted(b, calls[j].ID)
			b = append(b, `,"type":"function"}`...)
		}
		b = append(b, ']')
	}
	return append(b, `}}`...)
}

func appendFunction(b []byte, name, arguments content.Text) []byte {
	b = append(b, `{"arguments":`...)
	b = open.AppendQuoted(b, arguments)
	b = append(b, `,"name":`...)
	b = open.AppendQuoted(b, name)
	return append(b, '}')
}

// appendLogprobs appends the token entries of released text, or null.
func appendLogprobs(b []byte, v json.Value, withheld bool) []byte {
	if v.Kind != json.Array || withheld {
		return append(b, "null"...)
	}
	b = append(b, `{"content":`...)
	b = open.AppendJSON(b, v)
	return append(b, `,"refusal":null}`...)
}

func appendUsage(b []byte, u *conversation.Usage) []byte {
	count := func(name string, n int) {
		b = append(b, name...)
		b = strconv.AppendInt(b, int64(n), 10)
	}
	count(`{"completion_tokens":`, u.Completion)
	count(`,"completion_tokens_details":{"accepted_prediction_tokens":`, u.AcceptedPredict)
	count(`,"audio_tokens":0,"reasoning_tokens":`, u.Reasoning)
	count(`,"rejected_prediction_tokens":`, u.RejectedPredct)
	count(`},"prompt_tokens":`, u.Prompt)
	count(`,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":`, u.Cached)
	count(`},"total_tokens":`, u.Total)
	return append(b, '}')
}

// appendPromptChunk appends the first chunk of a stream: the verdict on the
// prompt, with every other field empty (section 6.1).
func appendPromptChunk(b []byte, r *guard.Report) []byte {
	b = append(b, `{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":`...)
	b = appendPromptResults(b, r)
	return append(b, '}')
}

// chunk is one chat.completion.chunk with one choice.
type chunk struct {
	choice   int
	report   *guard.Report // nil: {}
	role     bool          // the choice's first chunk
	noText   bool          // role chunk of a tool call: content is null
	event    *conversation.Event
	finish   conversation.Finish
	nullable bool // usage was asked for: every chunk says "usage":null
}

func appendChunk(b []byte, h *head, c chunk) []byte {
	b = append(b, `{"choices":[{"content_filter_results":`...)
	b = appendResults(b, c.report)
	b = append(b, `,"delta":{`...)
	var logprobs json.Value
	switch {
	case c.role:
		b = append(b, `"content":`...)
		if c.noText {
			b = append(b, "null"...)
		} else {
			b = append(b, `""`...)
		}
		b = append(b, `,"refusal":null,"role":"assistant"`...)
	case c.event != nil:
		b = appendDelta(b, h, c.event)
		logprobs = c.event.Logprobs
	}
	b = append(b, `},"finish_reason":`...)
	b = appendWordOrNull(b, c.finish.String())
	b = append(b, `,"index":`...)
	b = strconv.AppendInt(b, int64(c.choice), 10)
	b = append(b, `,"logprobs":`...)
	b = appendLogprobs(b, logprobs, false)
	b = append(b, `}],`...)
	b = appendChunkTail(b, h)
	if c.nullable {
		b = append(b, `,"usage":null`...)
	}
	return append(b, '}')
}

func appendDelta(b []byte, h *head, e *conversation.Event) []byte {
	switch e.Lane.Kind {
	case conversation.ToolCall:
		if h.legacy {
			b = append(b, `"function_call":{"arguments":`...)
			b = open.AppendQuoted(b, e.Text)
			if !e.Name.Empty() {
				b = append(b, `,"name":`...)
				b = open.AppendQuoted(b, e.Name)
			}
			return append(b, '}')
		}
		b = append(b, `"tool_calls":[{"function":{"arguments":`...)
		b = open.AppendQuoted(b, e.Text)
		if !e.Name.Empty() {
			b = append(b, `,"name":`...)
			b = open.AppendQuoted(b, e.Name)
		}
		b = append(b, '}')
		if !e.Call.Empty() {
			b = append(b, `,"id":`...)
			b = open.AppendQuoted(b, e.Call)
		}
		b = append(b, `,"index":`...)
		b = strconv.AppendInt(b, int64(e.Lane.Item), 10)
		if !e.Name.Empty() {
			b = append(b, `,"type":"function"`...)
		}
		return append(b, `}]`...)
	case conversation.Refusal:
		b = append(b, `"refusal":`...)
	case conversation.Reasoning:
		b = append(b, `"reasoning_content":`...)
	default:
		b = append(b, `"content":`...)
	}
	return open.AppendQuoted(b, e.Text)
}

func appendChunkTail(b []byte, h *head) []byte {
	b = append(b, `"created":`...)
	b = strconv.AppendInt(b, h.created, 10)
	b = append(b, `,"id":`...)
	b = appendWord(b, h.id)
	b = append(b, `,"model":`...)
	b = appendWord(b, h.model)
	b = append(b, `,"object":"chat.completion.chunk","system_fingerprint":`...)
	return appendWordOrNull(b, h.fingerprint)
}

// appendUsageChunk appends the chunk that closes a stream whose caller asked for usage.
func appendUsageChunk(b []byte, h *head, u *conversation.Usage) []byte {
	b = append(b, `{"choices":[],`...)
	b = appendChunkTail(b, h)
	b = append(b, `,"usage":`...)
	b = appendUsage(b, u)
	return append(b, '}')
}
