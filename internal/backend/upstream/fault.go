package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sallyport/internal/exchange"
)

// ErrNotPermitted is the cause of a call whose permit does not name the backend.
var ErrNotPermitted = errors.New("the permit does not name this backend")

// The causes of a protocol violation. Fixed sentences: no cause may hold a byte
// of what was sent or received.
var (
	errJSON      = errors.New("the answer is not valid JSON")
	errShape     = errors.New("the answer has not the shape of the protocol")
	errLine      = errors.New("a line of the event stream is longer than allowed")
	errMediaType = errors.New("the answer has neither the media type of an event stream nor of JSON")
	errEncoded   = errors.New("the answer has a content encoding that was not asked for")
	errStatus    = errors.New("the answer has a status that the protocol does not have")
	errEnded     = errors.New("the answer ended in the middle")
	errReported  = errors.New("the backend reported an error")
	errVectors   = errors.New("the backend sent other vectors than were asked for")
	errUsed      = errors.New("a stream was read twice")
	errCircuit   = errors.New("the circuit is open after repeated failures")
	errNoKey     = errors.New("the backend's credential is not available")
	errNoModel   = errors.New("no model is configured for this operation")
	errHTTP      = errors.New("the backend does not speak HTTP as expected")
	errBroken    = errors.New("the connection broke")
	errTLS       = errors.New("the TLS handshake failed")
	errTrust     = errors.New("the backend's certificate is not trusted")
	errName      = errors.New("the backend's name does not resolve")
	errProxy     = errors.New("the proxy refused the connection")
)

func (s *shared) fault(f exchange.Fault, cause error) *exchange.UpstreamError {
	return &exchange.UpstreamError{Backend: s.cfg.Name, Fault: f, Cause: cause}
}

// sendFault maps a failure to get an answer at all. The transport's own words are
// not kept: they quote malformed answers. Another backend may be tried, but not
// when this one had the request and merely was slow: it may be answering still,
// and tokens were reserved for one answer.
func (s *shared) sendFault(err error) *exchange.UpstreamError {
	e := s.fault(exchange.Unreachable, nil)
	e.Retryable = true
	var (
		dns   *net.DNSError
		errno syscall.Errno
		alert tls.AlertError
		head  tls.RecordHeaderError
		netop *net.OpError
		cert  *tls.CertificateVerificationError
		auth  x509.UnknownAuthorityError
		host  x509.HostnameError
	)
	switch {
	case errors.Is(err, errPhase):
		e.Fault, e.Cause, e.Retryable = exchange.TimedOut, errPhase, false
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return s.leftFault(err)
	case errors.Is(err, errHost):
		e.Cause, e.Retryable = errHost, false
	case errors.Is(err, errAddress):
		e.Cause, e.Retryable = errAddress, false
	case errors.As(err, &dns):
		e.Cause = errName
	case errors.As(err, &cert), errors.As(err, &auth), errors.As(err, &host):
		e.Cause = errTrust
	case errors.As(err, &alert), errors.As(err, &head):
		e.Cause = errTLS
	case errors.As(err, &errno):
		e.Cause = errno // a number of the operating system
	case timeout(err): // of the connection or its TLS handshake
		e.Fault, e.Cause = exchange.TimedOut, errPhase
	case errors.As(err, &netop) && netop.Op == "proxyconnect":
		e.Cause = errProxy
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Cause = io.ErrUnexpectedEOF
	case strings.Contains(err.Error(), "malformed"):
		e.Fault, e.Cause, e.Retryable = exchange.Garbage, errHTTP, false
	default: // HTTP/2's errors: a lost connection, GOAWAY, a reset stream
		e.Cause = errBroken
	}
	return e
}

func timeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// leftFault is for a caller that went away or ran out of its own time.
func (s *shared) leftFault(err error) *exchange.UpstreamError {
	if errors.Is(err, context.DeadlineExceeded) {
		return s.fault(exchange.TimedOut, context.DeadlineExceeded)
	}
	return s.fault(exchange.Cut, context.Canceled)
}

// readFault maps a failure in the middle of an answer.
func (s *shared) readFault(err error) *exchange.UpstreamError {
	switch {
	case errors.Is(err, errPhase):
		return s.fault(exchange.TimedOut, errPhase)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return s.leftFault(err)
	case errors.Is(err, errTooLong), errors.Is(err, errLine), errors.Is(err, errShape), errors.Is(err, errJSON):
		return s.fault(exchange.Garbage, err)
	}
	return s.fault(exchange.Cut, errEnded)
}

// statusFault maps an answer that is not a 200. body is what could be read of it.
func (s *shared) statusFault(resp *http.Response, body []byte) *exchange.UpstreamError {
	e := s.fault(exchange.Garbage, errStatus)
	e.Status = resp.StatusCode
	e.RetryAfter = retryAfter(resp.Header, s.cfg.Now())
	told, _ := decodeError(body)
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		e.Fault, e.Retryable = exchange.Limited, true
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		e.Fault = exchange.Denied
	case code == http.StatusNotFound:
		e.Fault = exchange.Missing
	case code == http.StatusRequestTimeout:
		e.Fault, e.Retryable = exchange.TimedOut, true
	case code == http.StatusNotImplemented:
		e.Fault = exchange.Unsupported
	case code == http.StatusRequestEntityTooLarge:
		e.Fault = exchange.TooLong
	case code >= 500:
		e.Fault, e.Retryable = exchange.Overloaded, true
		if told.tooLong { // llama.cpp says so with a 500
			e.Fault, e.Retryable = exchange.TooLong, false
		}
	case code >= 400:
		e.Fault = exchange.BadRequest
		switch {
		case told.filtered:
			e.Fault = exchange.Filtered
		case told.tooLong:
			e.Fault = exchange.TooLong
		case told.unsupported:
			e.Fault = exchange.Unsupported
		}
		e.Param = told.param
	default: // 1xx and 3xx end here: redirects are not followed
		return e
	}
	e.Cause = errReported
	return e
}

// toldFault maps an error object in the middle of a stream, or in a 200.
func (s *shared) toldFault(t told) *exchange.UpstreamError {
	e := s.fault(exchange.Overloaded, errReported)
	e.Status = t.status
	switch {
	case t.filtered:
		e.Fault = exchange.Filtered
	case t.tooLong:
		e.Fault = exchange.TooLong
	case t.limited:
		e.Fault = exchange.Limited
	case t.unsupported:
		e.Fault, e.Param = exchange.Unsupported, t.param
	case t.status >= 400 && t.status < 500:
		e.Fault, e.Param = exchange.BadRequest, t.param
	}
	return e
}

// told is what an error object says, reduced to what is acted on.
type told struct {
	present                                 bool
	status                                  int
	param                                   string // from params, or ""
	filtered, tooLong, limited, unsupported bool
}

// params are the parameters that an error may name; anything else is not passed on.
var params = [...]string{
	"messages", "model", "temperature", "top_p", "n", "stop", "max_tokens", "max_completion_tokens", "presence_penalty",
	"frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "seed", "response_format", "tools", "tool_choice",
	"parallel_tool_calls", "functions", "function_call", "stream", "stream_options", "user", "reasoning_effort", "verbosity",
	"input", "dimensions", "encoding_format", "prompt", "metadata", "store", "modalities", "audio", "prediction",
	"service_tier", "data_sources", "web_search_options", "prompt_cache_key", "prompt_cache_retention", "safety_identifier",
}

func knownParam(p string) string {
	if i := strings.IndexAny(p, ".["); i > 0 { // "messages[0].content"
		p = p[:i]
	}
	for _, k := range params {
		if p == k {
			return k
		}
	}
	return ""
}

// note reads one member of an error object.
func (t *told) note(name, value string) {
	switch name {
	case "code", "type":
		switch value {
		case "content_filter", "ResponsibleAIPolicyViolation", "content_policy_violation":
			t.filtered = true
		case "context_length_exceeded", "exceed_context_size_error", "string_above_max_length":
			t.tooLong = true
		case "rate_limit_exceeded", "rate_limit_error", "insufficient_quota", "RateLimitReached", "429":
			t.limited = true
		case "unsupported_parameter", "unsupported_value", "OperationNotSupported", "unsupported_country_region_territory":
			t.unsupported = true
		}
	case "param":
		t.param = knownParam(value)
	case "message":
		// Servers without a code for it: vLLM, llama.cpp. The text is looked at, never kept.
		if strings.Contains(value, "maximum context length") || strings.Contains(value, "exceeds the available context size") ||
			strings.Contains(value, "too large to process") {
			t.tooLong = true
		}
	}
}

// retryAfter reads how long the backend asks to wait, in whole seconds rounded
// up: retry-after-ms, then Retry-After as seconds or as a date.
func retryAfter(h http.Header, now time.Time) int {
	const most = 24 * 60 * 60
	seconds := func(s float64) int {
		if math.IsNaN(s) || s <= 0 {
			return 0
		}
		return int(math.Ceil(min(s, most)))
	}
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return seconds(ms / 1000)
	}
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		return seconds(s)
	}
	if at, err := http.ParseTime(v); err == nil {
		return seconds(at.Sub(now).Seconds())
	}
	return 0
}
