package mockupstream

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// chunkHead are the members that every chunk has.
func (s *Server) chunkHead(b *strings.Builder) {
	b.WriteString(`data: {"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1730000000,"model":"`)
	b.WriteString(s.o.Model)
	b.WriteString(`","system_fingerprint":"fp_mock","choices":[`)
}

// events renders choices as an event stream, one element per event: a first one
// with the role, the pieces, the ends, the usage, [DONE]. Choices interleave
// piece by piece, as a server's do.
func (s *Server) events(choices []Choice, usage, done bool) [][]byte {
	var out [][]byte
	event := func(choice int, delta, finish string) {
		var b strings.Builder
		s.chunkHead(&b)
		b.WriteString(`{"index":` + strconv.Itoa(choice) + `,"delta":{` + delta + `},"logprobs":null,"finish_reason":` + finish + `}]`)
		if usage {
			b.WriteString(`,"usage":null`)
		}
		b.WriteString("}\n\n")
		out = append(out, []byte(b.String()))
	}
	queues := make([][]string, len(choices))
	for i, c := range choices {
		q := []string{`"role":"assistant","content":null`}
		if c.Reasoning != "" {
			q = append(q, `"reasoning_content":`+quote(c.Reasoning))
		}
		for _, p := range pieces(c.Text, c.Pieces) {
			q = append(q, `"content":`+quote(p))
		}
		if c.Refusal != "" {
			q = append(q, `"refusal":`+quote(c.Refusal))
		}
		for j, call := range c.Calls {
			n := strconv.Itoa(j)
			q = append(q, `"tool_calls":[{"index":`+n+`,"id":`+quote(call.ID)+`,"type":"function","function":{"name":`+quote(call.Name)+`,"arguments":""}}]`)
			for _, p := range pieces(call.Arguments, 2) {
				q = append(q, `"tool_calls":[{"index":`+n+`,"function":{"arguments":`+quote(p)+`}}]`)
			}
		}
		if f := c.Function; f != nil {
			q = append(q, `"function_call":{"name":`+quote(f.Name)+`,"arguments":""}`, `"function_call":{"arguments":`+quote(f.Arguments)+`}`)
		}
		queues[i] = q
	}
	for more := true; more; {
		more = false
		for i := range queues {
			if len(queues[i]) > 0 {
				event(i, queues[i][0], "null")
				queues[i] = queues[i][1:]
				more = true
			}
		}
	}
	for i, c := range choices {
		event(i, "", quote(finish(c)))
	}
	if usage {
		var b strings.Builder
		s.chunkHead(&b)
		b.WriteString(`],"usage":` + usageOf(choices) + "}\n\n")
		out = append(out, []byte(b.String()))
	}
	if done {
		out = append(out, []byte("data: [DONE]\n\n"))
	}
	return out
}

// completion renders choices as one JSON answer.
func (s *Server) completion(choices []Choice) []byte {
	var b strings.Builder
	b.WriteString(`{"id":"chatcmpl-mock","object":"chat.completion","created":1730000000,"model":"` + s.o.Model + `","system_fingerprint":"fp_mock","choices":[`)
	for i, c := range choices {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"index":` + strconv.Itoa(i) + `,"message":{"role":"assistant"`)
		member := func(name, text string) {
			if text != "" {
				b.WriteString(`,"` + name + `":` + quote(text))
			} else if name == "content" {
				b.WriteString(`,"content":null`)
			}
		}
		member("reasoning_content", c.Reasoning)
		member("content", c.Text)
		member("refusal", c.Refusal)
		if len(c.Calls) > 0 {
			b.WriteString(`,"tool_calls":[`)
			for j, call := range c.Calls {
				if j > 0 {
					b.WriteByte(',')
				}
				b.WriteString(`{"id":` + quote(call.ID) + `,"type":"function","function":{"name":` + quote(call.Name) + `,"arguments":` + quote(call.Arguments) + `}}`)
			}
			b.WriteByte(']')
		}
		if f := c.Function; f != nil {
			b.WriteString(`,"function_call":{"name":` + quote(f.Name) + `,"arguments":` + quote(f.Arguments) + `}`)
		}
		b.WriteString(`},"logprobs":null,"finish_reason":` + quote(finish(c)) + `}`)
	}
	b.WriteString(`],"usage":` + usageOf(choices) + `}`)
	return []byte(b.String())
}

func finish(c Choice) string {
	switch {
	case c.Finish != "":
		return c.Finish
	case len(c.Calls) > 0:
		return "tool_calls"
	case c.Function != nil:
		return "function_call"
	}
	return "stop"
}

// usageOf counts words: good enough for a mock, and the same for either shape.
func usageOf(choices []Choice) string {
	n := 0
	for _, c := range choices {
		n += len(strings.Fields(c.Text)) + len(strings.Fields(c.Reasoning)) + len(c.Calls)
	}
	return `{"prompt_tokens":10,"completion_tokens":` + strconv.Itoa(n) + `,"total_tokens":` + strconv.Itoa(10+n) +
		`,"completion_tokens_details":{"reasoning_tokens":0},"prompt_tokens_details":{"cached_tokens":0}}`
}

// pieces cuts text into n pieces on character boundaries, about equal.
func pieces(text string, n int) []string {
	if text == "" {
		return nil
	}
	runes := []rune(text)
	n = max(1, min(n, len(runes)))
	out := make([]string, 0, n)
	for i := range n {
		out = append(out, string(runes[i*len(runes)/n:(i+1)*len(runes)/n]))
	}
	return out
}

func quote(s string) string {
	b, _ := json.Marshal(s) // strings always marshal
	return string(b)
}

// said returns what follows the last "say: " of the last message, if anything.
func said(body []byte) string {
	var r struct {
		Messages []struct {
			Content any `json:"content"`
		} `json:"messages"`
	}
	if json.Unmarshal(body, &r) != nil || len(r.Messages) == 0 {
		return ""
	}
	text := ""
	switch c := r.Messages[len(r.Messages)-1].Content.(type) {
	case string:
		text = c
	case []any:
		for _, p := range c {
			if m, ok := p.(map[string]any); ok {
				t, _ := m["text"].(string)
				text += t
			}
		}
	}
	i := strings.LastIndex(text, "say: ")
	if i < 0 {
		return ""
	}
	return text[i+len("say: "):]
}

// Vector is the embedding that the mock gives a text: the same text always the
// same vector, of length 1.
func Vector(text string, width int) []float32 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	x := h.Sum64() | 1
	v := make([]float32, width)
	sum := 0.0
	for i := range v {
		x ^= x << 13 // xorshift
		x ^= x >> 7
		x ^= x << 17
		v[i] = float32(int32(x>>32)) / math.MaxInt32
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func (s *Server) embeddings(w http.ResponseWriter, body []byte) {
	var r struct {
		Input          any    `json:"input"`
		EncodingFormat string `json:"encoding_format"`
		Dimensions     int    `json:"dimensions"`
	}
	if err := json.Unmarshal(body, &r); err != nil || r.Dimensions < 0 || r.Dimensions > 1<<16 {
		s.plain(w, http.StatusBadRequest, `{"error":{"message":"bad","type":"invalid_request_error","param":"input","code":null}}`)
		return
	}
	var texts []string
	switch in := r.Input.(type) {
	case string:
		texts = []string{in}
	case []any:
		for _, t := range in {
			text, _ := t.(string)
			texts = append(texts, text)
		}
	}
	width := s.o.Width
	if r.Dimensions > 0 {
		width = r.Dimensions
	}
	var b strings.Builder
	b.WriteString(`{"object":"list","model":"` + s.o.Model + `","data":[`)
	words := 0
	for i, t := range texts {
		words += len(strings.Fields(t))
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"object":"embedding","index":` + strconv.Itoa(i) + `,"embedding":`)
		v := Vector(t, width)
		if r.EncodingFormat == "base64" {
			raw := make([]byte, 0, 4*width)
			for _, f := range v {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
			}
			b.WriteString(`"` + base64.StdEncoding.EncodeToString(raw) + `"`)
		} else {
			j, _ := json.Marshal(v) // finite numbers always marshal
			b.Write(j)
		}
		b.WriteByte('}')
	}
	b.WriteString(`],"usage":{"prompt_tokens":` + strconv.Itoa(words) + `,"total_tokens":` + strconv.Itoa(words) + `}}`)
	s.plain(w, http.StatusOK, b.String())
}

// control lets scripts of other languages look and steer: GET /_mock/stats, GET
// /_mock/requests (the recorded bodies), POST /_mock/next with an Answer as JSON
// (durations in nanoseconds, faults by number), POST /_mock/forget.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	reply := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, "/_mock/") {
	case "GET stats":
		reply(s.Stats())
	case "GET requests":
		type seen struct {
			Path, Query, Body string
			Header            http.Header
		}
		out := []seen{}
		for _, q := range s.Requests() {
			out = append(out, seen{q.Path, q.Query, string(q.Body), q.Header})
		}
		reply(out)
	case "POST next":
		var a Answer
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			http.Error(w, "not an Answer", http.StatusBadRequest)
			return
		}
		s.Next(a)
		w.WriteHeader(http.StatusNoContent)
	case "POST forget":
		s.Forget()
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}
