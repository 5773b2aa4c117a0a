package upstream

import (
	"bytes"
	"context"
	"io"

	"sallyport/internal/conversation"
	"sallyport/internal/exchange"
)

// Options are what a body depends on besides the conversation.
type Options struct {
	Model           string
	NoStreamOptions bool
	LimitField      LimitField
}

// AppendChat opens the encoder.
func AppendChat(dst []byte, c *conversation.Conversation, o Options) ([]byte, *exchange.Fault, string) {
	b, r := appendChat(dst, c, options{o.Model, o.NoStreamOptions, o.LimitField})
	if r != nil {
		return nil, &r.fault, r.param
	}
	return b, nil, ""
}

// Event is one event of a scanned stream.
type Event struct {
	Data             string
	Failure, Partial bool
}

// Scan opens the reader of event streams.
func Scan(r io.Reader, most int) ([]Event, error) {
	s, release := newScanner(r, most)
	defer release()
	var out []Event
	for {
		e, err := s.next()
		if err != nil {
			return out, err
		}
		out = append(out, Event{string(e.data), e.failure, e.partial})
	}
}

// Decoded is what one JSON text of an answer says.
type Decoded struct {
	Model   string
	Content string
	Choices int
	Usage   conversation.Usage
	Error   bool
}

// Decode opens the decoder of answers.
func Decode(data []byte, probs bool) (Decoded, error) {
	r := readers.Get().(*reader)
	defer r.release()
	var c chunk
	if err := r.answer(data, &c, probs); err != nil {
		return Decoded{}, err
	}
	d := Decoded{Model: c.model, Choices: len(c.choices), Usage: c.usage, Error: c.told.present}
	for _, x := range c.choices {
		d.Content += x.delta.content
	}
	return d, nil
}

// Vectors opens the decoder of embeddings.
func Vectors(data []byte, want, width int) ([]exchange.Vector, error) {
	r := readers.Get().(*reader)
	defer r.release()
	v, _, _, err := r.vectors(data, want, width)
	return v, err
}

// Play runs a whole stream through scanner, decoder and event order.
func Play(stream []byte, choices int, probs bool) ([]conversation.Event, error) {
	s := &shared{cfg: Config{Name: "b"}.withDefaults()}
	var events []conversation.Event
	a := &answer{s: s, most: s.cfg.Limits.Text, n: choices, tick: new(ticket)}
	a.yield = func(e conversation.Event, _ error) bool { events = append(events, e); return true }
	sc, release := newScanner(bytes.NewReader(stream), s.cfg.Limits.Line)
	defer release()
	_, failed := s.readFrom(sc, a, probs, func() {}, func() bool { return true })
	if failed != nil {
		return events, failed
	}
	return events, nil
}

// The causes that tests tell apart.
var (
	ErrJSON  = errJSON
	ErrShape = errShape
	ErrLine  = errLine
)

// Dial opens the transport's way to the network.
func Dial(ctx context.Context, b *Backend, address string) error {
	c, err := b.s.client.tr.DialContext(ctx, "tcp", address)
	if err == nil {
		_ = c.Close()
	}
	return err
}

// UsesProxy reports whether the transport asks anybody for a proxy.
func UsesProxy(b *Backend) bool { return b.s.client.tr.Proxy != nil }
