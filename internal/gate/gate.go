// Package gate decides whether an operation may happen, who asks, from where,
// to where and how much, and puts it on the record. It governs any operation; a
// conversation with a model (package exchange) is one of them.
//
// The life of an operation:
//
//	Enter    resource, identity, access, network     -> *Entry   or *Refusal (recorded)
//	Open     lawful backends, worst case reserved    -> *Passage or *Refusal (recorded)
//	Commit   the intent is durable                   -> Permit
//	Settle   the outcome is durable, reserve returned
//
// An operation without an effect outside (reading a list, opening a citation)
// ends with Entry.Record instead. The zero value of every type refuses.
package gate

import (
	"context"
	"net/netip"
	"time"

	"sallyport/guard"
	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
	"sallyport/internal/gate/quota"
	"sallyport/internal/record/audit"
	"sallyport/internal/resource"
)

// Action is what a route does, in the words of Azure's data actions. Every
// route declares one or the program does not start.
type Action = access.Action

// The actions, a closed set (Actions lists them).
const (
	ChatCompletions = access.ChatCompletions
	Completions     = access.Completions
	Embeddings      = access.Embeddings
	ModelsRead      = access.ModelsRead
	Unsupported     = access.Unsupported // operations that are not built: anyone with a valid credential may be told so
	PageUse         = access.PageUse
	KnowledgeRead   = access.KnowledgeRead
	SessionUse      = access.SessionUse // sign out, own settings: every person
)

// Actions lists every action.
var Actions = access.Actions

// Visit is an operation that somebody asks for.
type Visit struct {
	Resource   *resource.Resource // nil: unknown, refused like a wrong key
	Credential identity.Credential
	From       netip.Addr // the client, behind trusted proxies only
	Link       string     // name of the private listener, "" on a public one
	Action     Action
	Operation  string // the record's closed word, e.g. "ChatCompletions_Create"
	Deployment string // as asked; "" for operations without one
	Surface    string // "openai", "web"
	RequestID  string
}

// Code is why an operation was refused. The zero Code is an internal fault.
type Code uint8

// The reasons of a refusal; the surface maps each to its wire form.
const (
	Internal Code = iota
	InvalidKey
	InvalidToken
	MissingRole
	KeyAuthDisabled
	PublicAccessDisabled
	AddressDenied
	LinkDenied
	DeploymentNotFound
	NotSupportedByModel
	TokenLimit
	RequestLimit
	NoLawfulBackend
	TermsExpired
	RecordUnavailable
	GuardUnavailable
	ContentFiltered
	BadRequest
	NotFound
	BackendFailed
	Cancelled
	IdentityUnavailable // the identity provider could not be asked about a token
	Overloaded          // no memory left for the request
	codes               // how many there are
)

// words are the codes as the record and the metrics name them, a closed set.
var words = [codes]string{
	"Internal", "InvalidKey", "InvalidToken", "MissingRole", "KeyAuthDisabled", "PublicAccessDisabled",
	"AddressDenied", "LinkDenied", "DeploymentNotFound", "NotSupportedByModel", "TokenLimit", "RequestLimit",
	"NoLawfulBackend", "TermsExpired", "RecordUnavailable", "GuardUnavailable", "ContentFiltered",
	"BadRequest", "NotFound", "BackendFailed", "Cancelled", "IdentityUnavailable", "Overloaded",
}

func (c Code) String() string {
	if c < codes {
		return words[c]
	}
	return words[Internal]
}

// statuses are the codes as HTTP has them (reference/azure-openai.md, section
// 14.2): for the record of refusals whose surface gave no other.
var statuses = [codes]int{
	InvalidKey: 401, InvalidToken: 401, MissingRole: 401,
	KeyAuthDisabled: 403, PublicAccessDisabled: 403, AddressDenied: 403, LinkDenied: 403,
	DeploymentNotFound: 404, NotFound: 404,
	NotSupportedByModel: 400, BadRequest: 400, ContentFiltered: 400,
	TokenLimit: 429, RequestLimit: 429,
	NoLawfulBackend: 503, TermsExpired: 503, RecordUnavailable: 503, GuardUnavailable: 503, IdentityUnavailable: 503, Overloaded: 503,
	BackendFailed: 502, Cancelled: 499, Internal: 500,
}

// Status is c as an HTTP status.
func (c Code) Status() int {
	if c < codes {
		return statuses[c]
	}
	return statuses[Internal]
}

// Codes lists every code.
func Codes() []Code {
	all := make([]Code, codes)
	for i := range all {
		all[i] = Code(i)
	}
	return all
}

// Refusal is the error of a refused operation. It is on the record already.
type Refusal struct {
	Code       Code
	RetryAfter time.Duration // for limits
	Limits     RateLimits
	Principal  string // MissingRole: the caller's own object id, which the contract's text names
	Cause      error  // for the log, never for the wire
}

func (r *Refusal) Error() string { return "refused: " + r.Code.String() }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// RateLimits are the deployment's limits and what is left, for the headers.
type RateLimits = quota.State

// Reserve is the worst case of an operation.
type Reserve struct {
	Tokens int // prompt estimate plus choices times output limit
}

// Outcome is how an operation ended.
type Outcome struct {
	Status           int // as on the wire; 499 for a client that left
	Code             Code
	OK               bool
	Backend          string // which one served
	Report           guard.Report
	Finish           string // wire word, or "unknown"
	PromptTokens     int
	CompletionTokens int
	Estimated        bool
	Targets          []string // identifiers of documents read: never titles
}

// Permit is the right to cause an effect. Only Commit makes one that opens
// anything; the zero Permit opens nothing.
type Permit struct {
	receipt  audit.Receipt
	sealed   bool
	backends []*resource.Backend
}

// Backends are the lawful ones, in order of preference; none for the zero Permit.
func (p Permit) Backends() []*resource.Backend {
	if !p.sealed {
		return nil
	}
	return p.backends
}

// Allows reports whether the permit names b.
func (p Permit) Allows(name string) bool {
	for _, b := range p.Backends() {
		if b.Name == name {
			return true
		}
	}
	return false
}

var _ Opener = (*Gate)(nil)

// Opener is what surfaces and chat see of the gate.
type Opener interface {
	// Enter proves identity, network place and right. Its refusals are *Refusal
	// and already on the record.
	Enter(ctx context.Context, v Visit) (*Entry, error)
}
