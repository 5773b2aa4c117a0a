package cognitive

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"sallyport/guard"
	"sallyport/internal/gate"
	"sallyport/internal/surface/httpx"
)

// Problem is an error as the caller sees it. Its words are the surfaces' own, or
// names that a closed pattern allows: never what a caller sent. The zero Problem is
// an internal fault.
type Problem struct {
	Status  int
	Code    string
	Message string
	Target  string // the member at fault, in our own words
	// Inner is the innererror of the Language service.
	Inner Inner
	// Report is what the guards said before the operation was refused.
	Report guard.Report

	flat       bool     // {"statusCode","message"}
	policy     string   // header policy-id
	allow      []string // header Allow
	retryAfter time.Duration
	noRetry    bool      // x-should-retry: false
	outcome    gate.Code // the record's word
	recorded   bool      // the record has it already
	cause      error     // for the log; holds no content
}

// Inner is a finer code with its own message.
type Inner struct{ Code, Message string }

func (p *Problem) Error() string { return "refused: " + strconv.Itoa(p.Status) + " " + p.Code }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.cause }

// Invalid is a request that cannot be read or done.
func (c *Call) Invalid(target, message string) *Problem {
	p := &Problem{Status: http.StatusBadRequest, Code: c.s.config.Dialect.Invalid, Message: message, Target: target, outcome: gate.BadRequest}
	if inner := c.s.config.Dialect.Inner; inner != "" {
		p.Inner = Inner{inner, message}
	}
	return p
}

// NotFound is a thing that does not exist in this resource.
func NotFound(message string) *Problem {
	return &Problem{Status: http.StatusNotFound, Code: "ResourceNotFound", Message: message, outcome: gate.NotFound}
}

// Unjudged is the refusal of what a guard could not judge.
func (c *Call) Unjudged(cause error) error {
	if errors.Is(cause, context.Canceled) {
		return cause // the client left
	}
	p := c.unavailable(gate.GuardUnavailable, cause)
	p.recorded, p.noRetry = false, true
	return p
}

// statusGone is the record's status of a client that left; it is never written.
const statusGone = 499

var (
	problemNotFound = &Problem{Status: http.StatusNotFound, Code: "404", Message: "Resource not found", outcome: gate.NotFound}
	problemKey      = Problem{Status: http.StatusUnauthorized, Code: "401",
		Message: "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}
	problemToken = Problem{Status: http.StatusUnauthorized, flat: true,
		Message: "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."}
)

func (c *Call) unavailable(outcome gate.Code, cause error) *Problem {
	return &Problem{Status: http.StatusServiceUnavailable, Code: c.s.config.Dialect.Busy, outcome: outcome, recorded: true, cause: cause,
		Message: "The service is temporarily unable to process your request. Please try again later."}
}

func (c *Call) fault(cause error) *Problem {
	return &Problem{Status: http.StatusInternalServerError, Code: c.s.config.Dialect.Fault, Message: "The server had an error processing your request.", cause: cause}
}

// problem maps any error to what the caller sees. What it does not know says nothing.
func (c *Call) problem(err error) *Problem {
	var (
		p       *Problem
		refusal *gate.Refusal
	)
	body := func(status int, code, message string) *Problem {
		return &Problem{Status: status, Code: code, Message: message, outcome: gate.BadRequest}
	}
	switch {
	case errors.As(err, &p):
		if p.Status == 0 {
			return c.fault(err)
		}
		if p.outcome == gate.Internal && p.Status < 500 {
			p.outcome = gate.BadRequest
		}
		return p
	case errors.As(err, &refusal):
		return c.refused(refusal)
	case errors.Is(err, httpx.ErrBodyTooLarge):
		return body(http.StatusRequestEntityTooLarge, c.s.config.Dialect.Invalid, "The request body exceeds the size limit.")
	case errors.Is(err, httpx.ErrBodyEncoding), errors.Is(err, httpx.ErrMediaType):
		return body(http.StatusUnsupportedMediaType, "415", "The request body must be application/json in UTF-8 without a content encoding.")
	case errors.Is(err, httpx.ErrBodyLate):
		return body(http.StatusRequestTimeout, "Timeout", "The request body did not arrive in time.")
	case errors.Is(err, httpx.ErrBodyCut):
		return body(http.StatusBadRequest, c.s.config.Dialect.Invalid, "The request body ended early.")
	case errors.Is(err, httpx.ErrCrowded):
		p := c.unavailable(gate.Overloaded, err)
		p.recorded, p.retryAfter = false, httpx.RoomWait
		return p
	case errors.Is(err, context.Canceled):
		return &Problem{Status: statusGone, outcome: gate.Cancelled, cause: err}
	}
	return c.fault(err)
}

// refused maps a refusal of the gate; the texts are those of Azure OpenAI, which has
// the same front door.
func (c *Call) refused(r *gate.Refusal) *Problem {
	forbidden := func(code, message, policy string) Problem {
		return Problem{Status: http.StatusForbidden, Code: code, Message: message, policy: policy}
	}
	var p Problem
	switch r.Code {
	case gate.InvalidKey:
		p = problemKey
	case gate.InvalidToken:
		p = problemToken
	case gate.MissingRole:
		p = Problem{Status: http.StatusUnauthorized, Code: "PermissionDenied", Message: "Principal does not have access to API/Operation."}
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
	case gate.RequestLimit:
		wait := max(r.RetryAfter, time.Second)
		p = Problem{Status: http.StatusTooManyRequests, Code: c.s.config.Dialect.TooMany, retryAfter: wait,
			Message: "Requests to the " + c.route.Operation + " operation have exceeded the rate limit of this resource. Please retry after " + strconv.Itoa(seconds(wait)) + " seconds."}
	case gate.RecordUnavailable, gate.IdentityUnavailable:
		p = *c.unavailable(r.Code, r.Cause)
	case gate.Cancelled:
		p = Problem{Status: statusGone}
	default:
		p = *c.fault(r)
	}
	p.outcome, p.recorded = r.Code, true
	if p.cause == nil {
		p.cause = r.Cause
	}
	return &p
}

// seconds rounds up: a client that waits as told is let in.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// appendProblem appends p's body.
func (c *Call) appendProblem(b []byte, p *Problem) []byte {
	if p.flat {
		b = append(b, `{"statusCode":`...)
		b = strconv.AppendInt(b, int64(p.Status), 10)
		b = append(b, `,"message":`...)
		return append(AppendWord(b, p.Message), '}')
	}
	message := p.Message
	if c.s.config.Dialect.Stamped && p.Status == http.StatusBadRequest {
		message += " | Request Id: " + c.id + ", Timestamp: " + c.s.config.Now().UTC().Format(time.RFC3339) + "."
	}
	b = append(b, `{"error":{"code":`...)
	b = AppendWord(b, p.Code)
	b = append(b, `,"message":`...)
	b = AppendWord(b, message)
	if p.Target != "" {
		b = append(b, `,"target":`...)
		b = AppendWord(b, p.Target)
	}
	if p.Inner.Code != "" {
		b = append(b, `,"innererror":{"code":`...)
		b = AppendWord(b, p.Inner.Code)
		b = append(b, `,"message":`...)
		b = AppendWord(b, p.Inner.Message)
		b = append(b, '}')
	}
	if c.s.config.Dialect.Stamped && p.Status == http.StatusBadRequest {
		b = append(b, `,"details":[]`...)
	}
	return append(b, `}}`...)
}

// header sets the headers that belong to p.
func (p *Problem) header(h http.Header) {
	if p.Code != "" {
		h.Set("x-ms-error-code", p.Code)
	}
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
	if p.noRetry {
		h.Set("x-should-retry", "false")
	}
	if p.Status == http.StatusRequestEntityTooLarge {
		h.Set("Connection", "close")
	}
}
