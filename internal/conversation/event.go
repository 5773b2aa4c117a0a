package conversation

import (
	"iter"

	"sallyport/guard"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
)

// Lane is one strand of an answer: choices, parallel tool calls and reasoning
// interleave on the wire, each is judged as a text of its own.
type Lane struct {
	Choice int
	Item   int // index of the tool call within the choice; 0 otherwise
	Kind   Kind
}

// EventKind is what an event tells.
type EventKind uint8

// The events of an answer, in the order in which a stream may have them.
const (
	UnknownEvent EventKind = iota
	Started                // the backend took the request; Model and Fingerprint are set
	Step                   // a true step of the work, for people: Step is a catalogue key
	Verdict                // Report: on the prompt (Lane zero, before any text) or on a piece of the answer
	Delta                  // Text for Lane; for a tool call also Call and Name, once
	Finished               // Lane.Choice ended with Finish
	UsageTold              // Usage of the whole answer
	Held                   // a person decides; Ticket names the review
)

// Finish is why a choice ended. The zero Finish is unknown.
type Finish uint8

// The reasons a choice ends.
const (
	NotFinished Finish = iota
	Stop
	Length
	ToolCalls
	FunctionCall
	Filtered
)

// Finishes are the wire's words, by index of Finish.
var Finishes = [...]string{"", "stop", "length", "tool_calls", "function_call", "content_filter"}

func (f Finish) String() string {
	if int(f) < len(Finishes) {
		return Finishes[f]
	}
	return ""
}

// Usage counts tokens.
type Usage struct {
	Prompt, Completion, Total       int
	Reasoning, Cached               int
	AcceptedPredict, RejectedPredct int
	Estimated                       bool // the backend told none; counted here
}

// Citation ties a range of a choice's text to the source that supports it.
type Citation struct {
	Number     int // 1, 2, …: the number shown
	Source     Source
	Start, End int // bytes of the choice's released text
	// PassageStart and PassageEnd are the bytes of the supporting words in the passage.
	PassageStart, PassageEnd int
}

// NothingFound is the Step of a backend that read the documents of the prompt and
// found no answer in them. The text behind it only says so.
const NothingFound = "nothing_found"

// Event is one step of an answer.
type Event struct {
	ID          uint64 // rises by one within an answer; pages re-attach by it
	Kind        EventKind
	Lane        Lane
	Text        content.Text
	Call, Name  content.Text // tool calls: id and function name, on the lane's first event
	Report      guard.Report
	Finish      Finish
	Usage       Usage
	Ticket      string
	Step        string // catalogue key
	Count       int    // a step's number: documents searched, passages read
	Citations   []Citation
	Logprobs    json.Value
	Model       string // as the backend names it, checked against a safe pattern
	Fingerprint string
}

// Stream is an answer. It is single use; breaking out of the loop closes upstream.
// After an error nothing follows.
type Stream = iter.Seq2[Event, error]
