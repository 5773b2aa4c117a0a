package openai

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
	"sallyport/internal/exchange"
	"sallyport/internal/resource"
	"sallyport/internal/surface/httpx"
)

// decoder walks one body's members once.
type decoder struct {
	c      conversation.Conversation
	embed  exchange.EmbedRequest
	base64 bool
	limits resource.Limits
}

// parse reads a body as one JSON object.
func parse(body []byte) (json.Value, error) {
	v, err := json.Parse(body, json.Limits{})
	switch {
	case err == nil && v.Kind == json.Object:
		return v, nil
	case err == nil:
		return v, invalid("", codeType, "The request body must be a JSON object.")
	case len(body) == 0:
		return v, invalid("", "", "The request body is empty.")
	}
	// The message is one of a closed set; the wrapped error adds nothing that a caller sent.
	for _, known := range [...]error{json.ErrUTF8, json.ErrDuplicate, json.ErrDepth, json.ErrSize, json.ErrNUL, json.ErrNumber, json.ErrTrailing} {
		if errors.Is(err, known) {
			return v, invalid("", "", "Invalid request: "+known.Error()+".")
		}
	}
	return v, invalid("", "", "Invalid request: "+json.ErrSyntax.Error()+".")
}

// named returns the deployment that a v1 body names.
func named(body json.Value) (string, error) {
	v, ok := body.Member("model")
	switch {
	case !ok || v.Kind == json.Null:
		return "", invalid("model", codeMissing, "Missing required parameter: 'model'.")
	case v.Kind != json.String:
		return "", wrongType("model", String)
	}
	return deploymentName(open.String(v.Text)), nil
}

// walk puts every member of body where its field says.
func (d *decoder) walk(schema []Field, body json.Value, unknown func(json.Member) *Problem) error {
	var seen uint64
	for i := range body.Members {
		m := &body.Members[i]
		at := lookup(schema, m)
		if at < 0 {
			if p := disguised(schema, m); p != nil {
				return p
			}
			if p := unknown(*m); p != nil {
				return p
			}
			continue
		}
		f := &schema[at]
		if m.Value.Kind == json.Null && !f.Required {
			continue
		}
		if p := f.admit(m.Value); p != nil {
			return p
		}
		seen |= 1 << at
		if f.take == nil {
			d.c.Extra = append(d.c.Extra, *m)
			continue
		}
		if p := f.take(d, f, m.Value); p != nil {
			return p
		}
	}
	for j := range schema {
		if schema[j].Required && seen&(1<<j) == 0 {
			return invalid(schema[j].Name, codeMissing, "Missing required parameter: '"+schema[j].Name+"'.")
		}
	}
	return nil
}

// disguised refuses a member whose name differs from a known one by case only:
// a reader upstream that ignores case would take "Store" for what is refused here.
func disguised(schema []Field, m *json.Member) *Problem {
	name := open.String(m.Name)
	for i := range schema {
		if strings.EqualFold(schema[i].Name, name) {
			return invalid(schema[i].Name, codeParameter, "A parameter differs from '"+schema[i].Name+"' by case only.")
		}
	}
	return nil
}

// decodeChat turns a body into a conversation for a deployment with these limits.
func decodeChat(body json.Value, limits resource.Limits) (*conversation.Conversation, error) {
	d := decoder{limits: limits}
	d.c.Choices = 1
	err := d.walk(ChatSchema, body, func(m json.Member) *Problem {
		d.c.Extra = append(d.c.Extra, m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p := d.together(body); p != nil {
		return nil, p
	}
	return &d.c, nil
}

// together checks what depends on several fields.
func (d *decoder) together(body json.Value) *Problem {
	c := &d.c
	present := func(name string) bool {
		v, ok := body.Member(name)
		return ok && v.Kind != json.Null
	}
	if present("stream_options") && !c.Stream {
		return invalid("stream_options", codeValue, "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	}
	if c.Sampling.TopLogprobs != nil && !c.Sampling.Logprobs {
		return invalid("top_logprobs", codeValue, "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")
	}
	if present("max_tokens") && present("max_completion_tokens") {
		return invalid("max_tokens", codeValue, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	}
	if c.ToolChoice.Kind != json.Invalid && c.Tools.Kind == json.Invalid {
		return invalid("tool_choice", codeValue, "'tool_choice' is only allowed when 'tools' are specified.")
	}
	if c.FunctionCall.Kind != json.Invalid && c.Functions.Kind == json.Invalid {
		return invalid("function_call", codeValue, "'function_call' is only allowed when 'functions' are specified.")
	}
	// A reserve is worst case: choices times this. The operator's limit caps the wish.
	if limit := d.limits.OutputTokens; c.MaxTokens == 0 || limit > 0 && c.MaxTokens > limit {
		c.MaxTokens = limit
	}
	return nil
}

func (d *decoder) skip(*Field, json.Value) *Problem { return nil }

func number(at func(*conversation.Sampling) **float64) func(*decoder, *Field, json.Value) *Problem {
	return func(d *decoder, _ *Field, v json.Value) *Problem {
		n, _ := v.Float()
		*at(&d.c.Sampling) = &n
		return nil
	}
}

func (d *decoder) maxTokens(f *Field, v json.Value) *Problem {
	d.c.MaxTokens, _ = v.Int()
	d.c.MaxCompletion = f.Name == "max_completion_tokens"
	return nil
}

func (d *decoder) topLogprobs(_ *Field, v json.Value) *Problem {
	n, _ := v.Int()
	d.c.Sampling.TopLogprobs = &n
	return nil
}

func (d *decoder) seed(f *Field, v json.Value) *Problem {
	n, err := strconv.ParseInt(v.Number, 10, 64)
	if err != nil {
		fl, ok := v.Float()
		if !ok || fl != math.Trunc(fl) || math.Abs(fl) >= 1<<53 {
			return wrongType(f.Name, f.Types)
		}
		n = int64(fl)
	}
	d.c.Sampling.Seed = &n
	return nil
}

func (d *decoder) stop(f *Field, v json.Value) *Problem {
	if v.Kind == json.String {
		d.c.Stop = []content.Text{v.Text}
		return nil
	}
	for i, item := range v.Items {
		if item.Kind != json.String {
			return wrongType(at(f.Name, i), String)
		}
		d.c.Stop = append(d.c.Stop, item.Text)
	}
	return nil
}

// streamOptions takes include_usage. Other scalars (include_obfuscation) concern
// a stream's dress, which is ours; anything that could hold text is refused.
func (d *decoder) streamOptions(f *Field, v json.Value) *Problem {
	for _, m := range v.Members {
		switch {
		case m.Is("include_usage"):
			if m.Value.Kind != json.Bool && m.Value.Kind != json.Null {
				return wrongType("stream_options.include_usage", Bool)
			}
			d.c.Usage = m.Value.Bool
		case m.Value.Kind == json.Bool || m.Value.Kind == json.Number || m.Value.Kind == json.Null:
		default:
			return invalid(f.Name, codeParameter, "The parameter 'stream_options' holds a member that is not supported.")
		}
	}
	return nil
}

func (d *decoder) responseFormat(f *Field, v json.Value) *Problem {
	kind, _ := v.Member("type")
	switch kind.OneOf("text", "json_object", "json_schema") {
	case 0, 1:
	case 2:
		schema, _ := v.Member("json_schema")
		if schema.Kind != json.Object {
			return wrongType("response_format.json_schema", Object)
		}
		if name, _ := schema.Member("name"); !functionName(name) {
			return invalid("response_format.json_schema.name", codeValue, "Invalid 'response_format.json_schema.name': expected 1 to 64 letters, digits, underscores or dashes.")
		}
		if s, ok := schema.Member("schema"); ok && s.Kind != json.Object && s.Kind != json.Null {
			return wrongType("response_format.json_schema.schema", Object)
		}
	default:
		return invalid("response_format.type", codeValue, "Invalid 'response_format.type': expected 'text', 'json_object' or 'json_schema'.")
	}
	d.c.ResponseFormat = v
	return nil
}

func (d *decoder) tools(f *Field, v json.Value) *Problem {
	for i, tool := range v.Items {
		where := at(f.Name, i)
		if tool.Kind != json.Object {
			return wrongType(where, Object)
		}
		if kind, _ := tool.Member("type"); kind.OneOf("function") < 0 {
			return invalid(where+".type", codeUnsupported, "Invalid '"+where+".type': only 'function' is supported.")
		}
		fn, _ := tool.Member("function")
		if fn.Kind != json.Object {
			return wrongType(where+".function", Object)
		}
		if p := functionShape(where+".function", fn); p != nil {
			return p
		}
	}
	if len(v.Items) > 0 {
		d.c.Tools = v
	}
	return nil
}

func (d *decoder) functions(f *Field, v json.Value) *Problem {
	for i, fn := range v.Items {
		where := at(f.Name, i)
		if fn.Kind != json.Object {
			return wrongType(where, Object)
		}
		if p := functionShape(where, fn); p != nil {
			return p
		}
	}
	if len(v.Items) > 0 {
		d.c.Functions = v
	}
	return nil
}

func functionShape(where string, fn json.Value) *Problem {
	if name, _ := fn.Member("name"); !functionName(name) {
		return invalid(where+".name", codeValue, "Invalid '"+where+".name': expected 1 to 64 letters, digits, underscores or dashes.")
	}
	if v, ok := fn.Member("description"); ok && v.Kind != json.String && v.Kind != json.Null {
		return wrongType(where+".description", String)
	}
	if v, ok := fn.Member("parameters"); ok && v.Kind != json.Object && v.Kind != json.Null {
		return wrongType(where+".parameters", Object)
	}
	return nil
}

// functionName reports whether v is a name as the API allows it.
func functionName(v json.Value) bool {
	if v.Kind != json.String || v.Text.Len() > 64 {
		return false
	}
	return httpx.Identifier(open.String(v.Text))
}

func (d *decoder) toolChoice(f *Field, v json.Value) *Problem {
	if v.Kind == json.Object {
		kind, _ := v.Member("type")
		switch kind.OneOf("function", "allowed_tools") {
		case 0:
			fn, _ := v.Member("function")
			if name, _ := fn.Member("name"); !functionName(name) {
				return invalid("tool_choice.function.name", codeValue, "Invalid 'tool_choice.function.name': expected the name of a function.")
			}
		case 1:
			if allowed, _ := v.Member("allowed_tools"); allowed.Kind != json.Object {
				return wrongType("tool_choice.allowed_tools", Object)
			}
		default:
			return invalid("tool_choice.type", codeUnsupported, "Invalid 'tool_choice.type': only 'function' and 'allowed_tools' are supported.")
		}
	}
	d.c.ToolChoice = v
	return nil
}

func (d *decoder) functionCall(f *Field, v json.Value) *Problem {
	if v.Kind == json.Object {
		if name, _ := v.Member("name"); !functionName(name) {
			return invalid("function_call.name", codeValue, "Invalid 'function_call.name': expected the name of a function.")
		}
	}
	d.c.FunctionCall = v
	return nil
}

func (d *decoder) logitBias(f *Field, v json.Value) *Problem {
	for _, m := range v.Members {
		// Checked here because a model reads the names as token ids, not as text.
		if n, ok := m.Value.Float(); !ok || n < -100 || n > 100 {
			return invalid(f.Name, codeValue, "Invalid 'logit_bias': expected token ids with values from -100 to 100.")
		}
	}
	return d.keep(f, v)
}

func (d *decoder) modalities(f *Field, v json.Value) *Problem {
	for i, item := range v.Items {
		if item.Kind != json.String {
			return wrongType(at(f.Name, i), String)
		}
		if item.OneOf("text") < 0 {
			return invalid(f.Name, codeParameter, "Only the modality 'text' is supported.")
		}
	}
	return d.keep(f, v)
}

func (d *decoder) store(f *Field, v json.Value) *Problem {
	if v.Bool {
		return invalid(f.Name, codeUnsupported, "Completions are not stored upstream by this service: 'store' must be false.")
	}
	return d.keep(f, v)
}

// keep puts a checked value in Extra.
func (d *decoder) keep(f *Field, v json.Value) *Problem {
	d.c.Extra = append(d.c.Extra, json.Member{Name: content.New(f.Name), Value: v})
	return nil
}

func at(name string, i int) string { return name + "[" + strconv.Itoa(i) + "]" }
