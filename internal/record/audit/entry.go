package audit

import (
	"time"
)

// Kind is what an entry states. The zero Kind is not a kind: Append refuses it.
type Kind uint8

// The kinds.
const (
	_        Kind = iota
	Intent        // an operation was decided and is about to take effect
	Outcome       // how an intent ended; same ID
	Refused       // an operation was refused
	Counted       // Count refusals of one code that were not written one by one
	Admin         // a change of roles, keys, policy or other administration
	Recovery      // the log repaired itself at start
	Started       // the service started
	Stopped       // the service stopped
	Erasure       // a key was dropped
	Review        // a person decided over a held answer
	Session       // a session began or ended
)

var kindWords = [...]string{"", "intent", "outcome", "refused", "counted", "admin", "recovery", "started", "stopped", "erasure", "review", "session"}

// String is the word of k in the record.
func (k Kind) String() string { return word(kindWords[:], uint8(k)) }

// Action is what the content filter did. The zero Action says that no filter ran.
type Action uint8

// The actions.
const (
	NoAction Action = iota
	Refuse
	Hold
	Redact
	Annotate
	Pass
)

var actionWords = [...]string{"", "refuse", "hold", "redact", "annotate", "pass"}

// String is the word of a in the record.
func (a Action) String() string { return word(actionWords[:], uint8(a)) }

func word(words []string, i uint8) string {
	if int(i) < len(words) {
		return words[i]
	}
	return ""
}

// Entry is one line of the record: metadata only. Every text field holds a word
// of a closed vocabulary, a configured name or a pseudonym; never a prompt, an
// answer, a document or a credential. Text is cut at MaxText bytes and loses
// control characters, quotes and backslashes, so that an odd name can neither
// break the line nor stop the record.
type Entry struct {
	Time time.Time // UTC, microseconds; the log's clock when zero
	Kind Kind
	ID   string // of the request; an outcome carries its intent's

	Operation  string // e.g. "chat.completions", "role.add"
	Resource   string
	Deployment string
	Model      string
	Backend    string
	Region     string
	Surface    string
	Principal  string // erasable pseudonym
	From       string // masked client address
	Target     string // what an administrative operation changed: a name or id
	UseCase    string

	Action Action
	Status int    // HTTP status
	Code   string // closed vocabulary of refusal and error codes
	Finish string // how an answer ended

	Verdicts       []VerdictNote
	Scanned, Total int // bytes that guards read, of bytes there were

	PromptTokens, CompletionTokens, Reserved int
	BytesIn, BytesOut                        int64
	DurationMS                               int64
	Count                                    int // of a Counted entry
}

// VerdictNote is what one guard said, without scores and spans: spans would
// place the finding in a text that may since be erased.
type VerdictNote struct {
	Category string
	Severity int
	Detected bool
	Filtered bool
	Label    string // closed vocabulary: a blocklist's name, a PII type
	Stage    string
	Version  string
}

// MaxText is the most bytes one text field keeps.
const MaxText = 200

// MaxEntry is the most bytes of one encoded entry: entry bundles of C2SP
// tlog-tiles carry a 16-bit length.
const MaxEntry = 1<<16 - 1
