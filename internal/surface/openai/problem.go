package openai

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"sallyport/guard"
	"sallyport/internal/exchange"
	"sallyport/internal/gate"
	"sallyport/internal/surface/httpx"
)

// shape is which of the contract's error bodies a problem has (section 14.1).
type shape uint8

const (
	service  shape = iota // {"error":{"code","message"[,"type"]}}
	openAI                // {"error":{"message","type","param","code"}}
	flat                  // {"statusCode","message"}
	filtered              // section 11.1
)

// Problem is an error as the caller sees it. Message, Type, Param and Code are
// words of this package, or names that configuration holds: never what a caller
// sent. The zero Problem is an internal fault.
type Problem struct {
	Status  int
	Code    string // "" is null in the OpenAI shape
	Message string
	Type    string
	Param   string // "" is null

	shape      shape
	report     *guard.Report
	policy     string        // header policy-id
	allow      []string      // header Allow
	judged     bool          // x-ms-rai-invoked: true
	modelError bool          // the model's side refused
	retryAfter time.Duration // 0: no header
	noRetry    bool          // x-should-retry: false
	limits     gate.RateLimits
	outcome    gate.Code // the record's word
	recorded   bool      // the record has it already
	cause      error     // for the log; holds no content
}

func (p *Problem) Error() string { return "refused: " + strconv.Itoa(p.Status) + " " + p.Code }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.cause }

// Codes of invalid requests.
const (
	codeType        = "invalid_type"
	codeValue       = "invalid_value"
	codeMissing     = "missing_required_parameter"
	codeParameter   = "unsupported_parameter"
	codeUnsupported = "unsupported_value"
	codeContentType = "unsupported_content_type"
	notSupported    = "OperationNotSupported"
)

// invalid is a request that cannot be read or done: the OpenAI shape of section 14.2.
func invalid(param, code, message string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: code, Message: message, Type: "invalid_request_error", Param: param,
		shape: openAI, outcome: gate.BadRequest}
}

var (
	problemNotFound = &Problem{Status: http.StatusNotFound, Code: "404", Message: "Resource not found", outcome: gate.NotFound}

	problemKey = &Problem{Status: http.StatusUnauthorized, Code: "401", outcome: gate.InvalidKey,
		Message: "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}
	problemToken = &Problem{Status: http.StatusUnauthorized, shape: flat, outcome: gate.InvalidToken,
		Message: "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."}

	problemPolicy = &Problem{Status: http.StatusBadRequest, Code: "InvalidContentFilterPolicy", outcome: gate.BadRequest,
		Message: "Your request contains invalid content filter policy. Please provide a valid policy."}
	problemTooLarge = &Problem{Status: http.StatusRequestEntityTooLarge, Code: "413", Message: "The request body exceeds the size limit.", outcome: gate.BadRequest}
	problemMedia    = &Problem{Status: http.StatusUnsupportedMediaType, Code: "415", outcome: gate.BadRequest,
		Message: "The request body must be application/json in UTF-8 without a content encoding."}
	problemLate     = &Problem{Status: http.StatusRequestTimeout, Code: "Timeout", Message: "The request body did not arrive in time.", outcome: gate.BadRequest}
	problemUpstream = &Problem{Status: http.StatusRequestTimeout, Code: "Timeout", Message: "The operation was timeout.", outcome: gate.BackendFailed, recorded: true}
)

const (
	filteredMessage    = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
	unavailableMessage = "The service is temporarily unable to process your request. Please try again later."
	lawfulMessage      = "No backend may serve this deployment at present: none lies in the permitted region under current provider terms."
	deploymentMessage  = "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."
)

func unavailable(outcome gate.Code, noRetry bool, cause error) *Problem {
	return &Problem{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: unavailableMessage,
		noRetry: noRetry, outcome: outcome, recorded: true, cause: cause}
}

func internalFault(id string, cause error) *Problem {
	return &Problem{Status: http.StatusInternalServerError, Code: "server_error", Type: "server_error", shape: openAI, cause: cause,
		Message: "The server had an error processing your request. Sorry about that! You can retry your request, or contact us through an Azure support request at: https://go.microsoft.com/fwlink/?linkid=2213926 if you keep seeing this error. (Please include the request ID " + id + " in your email.)"}
}

// problem maps any error to what the caller sees. What it does not know says nothing.
func (c *call) problem(err error) *Problem {
	var (
		p        *Problem
		refusal  *gate.Refusal
		blocked  *exchange.Blocked
		failure  *exchange.GuardFailure
		upstream *exchange.UpstreamError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refusal):
		return c.refused(refusal)
	case errors.As(err, &blocked):
		return &Problem{Status: http.StatusBadRequest, Code: "content_filter", Message: filteredMessage, Param: "prompt",
			shape: filtered, report: &blocked.Report, judged: true, outcome: gate.ContentFiltered, recorded: true}
	case errors.As(err, &failure):
		return unavailable(gate.GuardUnavailable, true, err)
	case errors.As(err, &upstream):
		return c.upstream(upstream)
	case errors.Is(err, httpx.ErrBodyTooLarge):
		return problemTooLarge
	case errors.Is(err, httpx.ErrBodyEncoding), errors.Is(err, httpx.ErrMediaType):
		return problemMedia
	case errors.Is(err, httpx.ErrCrowded):
		p := unavailable(gate.Overloaded, false, err)
		p.recorded, p.retryAfter = false, httpx.RoomWait
		return p
	case errors.Is(err, httpx.ErrBodyLate):
		return problemLate
	case errors.Is(err, httpx.ErrBodyCut):
		return invalid("", "", "The request body ended early.")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Problem{Status: statusGone, outcome: gate.Cancelled, cause: err}
	}
	return internalFault(c.id, err)
}

// statusGone is the record's status of a client that left; it is never written.
const statusGone = 499

// refused maps a refusal of the gate (sections 14.2 and 14.3).
func (c *call) refused(r *gate.Refusal) *Problem {
	forbidden := func(code, message, policy string) *Problem {
		return &Problem{Status: http.StatusForbidden, Code: code, Message: message, policy: policy}
	}
	var p *Problem
	switch r.Code {
	case gate.InvalidKey:
		copied := *problemKey
		p = &copied
	case gate.InvalidToken:
		copied := *problemToken
		p = &copied
	case gate.MissingRole:
		p = &Problem{Status: http.StatusUnauthorized, Code: "PermissionDenied", Message: "Principal does not have access to API/Operation."}
		if r.Principal != "" {
			p.Message = "The principal `" + r.Principal + "` lacks the required data action `" + string(c.route.Action) +
				"` to perform `" + c.route.Label() + "` operation."
		}
	case gate.KeyAuthDisabled:
		p = forbidden("AuthenticationTypeDisabled", "Key based authentication is disabled for this resource.", "")
	case gate.PublicAccessDisabled:
		p = forbidden("403", "Public access is disabled. Please configure private endpoint.", "ThrowExceptionDueToTrafficDenied")
	case gate.AddressDenied:
		p = forbidden("403", "Access denied due to Virtual Network/Firewall rules.", "ThrowExceptionDueToTrafficDenied")
	case gate.LinkDenied:
		p = forbidden("403", "Traffic is not from an approved private endpoint.", "ThrowExceptionDueToTrafficDenied")
	case gate.DeploymentNotFound:
		p = &Problem{Status: http.StatusNotFound, Code: "DeploymentNotFound", Type: "invalid_request_error", Message: deploymentMessage}
	case gate.NotSupportedByModel:
		p = c.wrongModel()
	case gate.TokenLimit:
		p = c.limited("token", "DeploymentRatelimit-Token", r)
	case gate.RequestLimit:
		p = c.limited("call", "DeploymentRatelimit-Call", r)
	case gate.NoLawfulBackend, gate.TermsExpired:
		p = unavailable(r.Code, true, r.Cause)
		p.Message = lawfulMessage
	case gate.RecordUnavailable, gate.IdentityUnavailable:
		p = unavailable(r.Code, false, r.Cause)
	case gate.GuardUnavailable:
		p = unavailable(r.Code, true, r.Cause)
	case gate.NotFound:
		copied := *problemNotFound
		p = &copied
	case gate.Cancelled:
		p = &Problem{Status: statusGone}
	default:
		p = internalFault(c.id, r)
	}
	p.outcome, p.recorded, p.limits = r.Code, true, r.Limits
	if p.cause == nil {
		p.cause = r.Cause
	}
	return p
}

func (c *call) limited(rate, policy string, r *gate.Refusal) *Problem {
	wait := max(r.RetryAfter, time.Second)
	return &Problem{Status: http.StatusTooManyRequests, Code: "429", policy: policy, retryAfter: wait,
		Message: "Requests to the " + c.route.Operation + " Operation under Azure OpenAI API version " + c.version +
			" have exceeded " + rate + " rate limit of your current OpenAI S0 pricing tier. Please retry after " + strconv.Itoa(seconds(wait)) +
			" seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."}
}

// seconds rounds up: a client that waits as told is let in.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// operationWord is the operation in the words of section 14.2.
func (c *call) operationWord() string {
	switch c.route.Action {
	case gate.ChatCompletions:
		return "chatCompletion"
	case gate.Embeddings:
		return "embeddings"
	}
	return "requested"
}

// modelName names the model behind the deployment that was asked for. It is used
// only once the gate has let the caller see the deployment.
func (c *call) modelName() string {
	if c.visit.Resource != nil {
		if d := c.visit.Resource.Deployments[c.visit.Deployment]; d != nil {
			return d.Model.ID()
		}
	}
	return "unknown"
}

// wrongModel is the contract's answer where the model cannot do the operation.
func (c *call) wrongModel() *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: notSupported, Message: "The " + c.operationWord() +
		" operation does not work with the specified model, " + c.modelName() + ". Please choose different model and try again. You can learn more about which models can be used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993."}
}

// upstream maps a backend's fault. It never shows the backend's own words.
func (c *call) upstream(e *exchange.UpstreamError) *Problem {
	p := &Problem{}
	switch e.Fault {
	case exchange.Limited:
		wait := max(time.Duration(e.RetryAfter)*time.Second, time.Second)
		p = &Problem{Status: http.StatusTooManyRequests, Code: "429", retryAfter: wait,
			Message: "The model behind this deployment is at its limit. Please retry after " + strconv.Itoa(seconds(wait)) + " seconds."}
	case exchange.TimedOut:
		copied := *problemUpstream
		p = &copied
	case exchange.Overloaded, exchange.CircuitOpen, exchange.Unreachable:
		p = unavailable(gate.BackendFailed, false, e)
		p.retryAfter = time.Duration(e.RetryAfter) * time.Second
	case exchange.TooLong:
		p = invalid("messages", "context_length_exceeded", "This model's maximum context length was exceeded. Please reduce the length of the messages.")
	case exchange.BadRequest:
		p = invalid(e.Param, "", "The model behind this deployment refused the request.")
	case exchange.Unsupported:
		if c.route.Action == gate.Embeddings && e.Param == "input" {
			p = c.wrongModel() // not a parameter but the operation itself
			break
		}
		p = invalid(e.Param, codeParameter, "The model behind this deployment does not support this parameter or kind of request.")
	case exchange.Filtered:
		p = &Problem{Status: http.StatusBadRequest, Code: "content_filter", Message: filteredMessage, Param: "prompt", shape: filtered}
	case exchange.Denied, exchange.Missing:
		p = internalFault(c.id, e) // our set-up at the backend: trying again does not help
		p.noRetry = true
	default: // Garbage, Cut
		p = internalFault(c.id, e)
	}
	p.outcome, p.recorded, p.judged = gate.BackendFailed, true, true
	p.modelError = e.Fault == exchange.BadRequest || e.Fault == exchange.TooLong
	if p.cause == nil {
		p.cause = e
	}
	return p
}

// append appends p's body.
func (p *Problem) append(b []byte) []byte {
	switch p.shape {
	case flat:
		b = append(b, `{"statusCode":`...)
		b = strconv.AppendInt(b, int64(p.Status), 10)
		b = append(b, `,"message":`...)
		b = appendWord(b, p.Message)
		return append(b, '}')
	case service:
		b = append(b, `{"error":{"code":`...)
		b = appendWord(b, p.Code)
		b = append(b, `,"message":`...)
		b = appendWord(b, p.Message)
		if p.Type != "" {
			b = append(b, `,"type":`...)
			b = appendWord(b, p.Type)
		}
		return append(b, `}}`...)
	}
	b = append(b, `{"error":{"message":`...)
	b = appendWord(b, p.Message)
	b = append(b, `,"type":`...)
	b = appendWordOrNull(b, p.Type)
	b = append(b, `,"param":`...)
	b = appendWordOrNull(b, p.Param)
	b = append(b, `,"code":`...)
	b = appendWordOrNull(b, p.Code)
	if p.shape == filtered {
		b = append(b, `,"status":`...)
		b = strconv.AppendInt(b, int64(p.Status), 10)
		b = append(b, `,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":`...)
		b = appendResults(b, p.report)
		b = append(b, '}')
	}
	return append(b, `}}`...)
}

// header sets the headers that belong to p.
func (p *Problem) header(h http.Header) {
	if p.policy != "" {
		h.Set("policy-id", p.policy)
	}
	for _, m := range p.allow {
		h.Add("Allow", m)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds(p.retryAfter)))
		h.Set("retry-after-ms", strconv.FormatInt(p.retryAfter.Milliseconds(), 10))
	}
	if p.judged {
		h.Set(filterRan, "true")
	}
	if p.modelError {
		h.Set("ms-azureml-model-error-reason", "model_error")
		h.Set("ms-azureml-model-error-statuscode", strconv.Itoa(p.Status))
	}
	if p.noRetry {
		h.Set("x-should-retry", "false")
	}
	limitHeaders(h, p.limits)
	if p.Status == http.StatusRequestEntityTooLarge {
		h.Set("Connection", "close")
	}
}
