package httpx

import (
	"net/http"
	"sync"
	"time"
)

// WriteTimeout bounds one write to a client: whoever reads slower than this has left.
const WriteTimeout = 30 * time.Second

// EventWriter writes Server-Sent Events. Everything appended is sent by Flush in
// one write; the caller flushes whenever it would otherwise wait, so events that
// are there together leave together and none is delayed.
type EventWriter struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	timeout time.Duration
	held    *[]byte
	buf     []byte
	err     error
}

// NewEventWriter prepares a stream on w. Nothing is written before Flush. The
// caller ends it with Wipe.
func NewEventWriter(w http.ResponseWriter, timeout time.Duration) *EventWriter {
	if timeout == 0 {
		timeout = WriteTimeout
	}
	held := eventBuffers.Get().(*[]byte)
	return &EventWriter{w: w, rc: http.NewResponseController(w), timeout: timeout, held: held, buf: *held}
}

// Buffer lends the pending bytes; the caller appends whole events and hands the
// result to Keep.
func (e *EventWriter) Buffer() []byte { return e.buf }

// Keep takes back what Buffer lent.
func (e *EventWriter) Keep(b []byte) { e.buf = b }

// Append adds a fixed text.
func (e *EventWriter) Append(s string) { e.buf = append(e.buf, s...) }

// Flush sends what waits. The first error sticks: the client is gone.
func (e *EventWriter) Flush() error {
	if e.err != nil || len(e.buf) == 0 {
		return e.err
	}
	// Not every writer has deadlines (a recorder in a test); a connection has.
	_ = e.rc.SetWriteDeadline(time.Now().Add(e.timeout))
	_, e.err = e.w.Write(e.buf)
	clear(e.buf)
	e.buf = e.buf[:0]
	if e.err == nil {
		e.err = e.rc.Flush()
	}
	return e.err
}

// eventBuffers are wiped when they come back: they held content.
var eventBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Wipe ends the stream and gives its buffer back.
func (e *EventWriter) Wipe() {
	clear(e.buf) // what Flush sent is wiped already
	if cap(e.buf) <= pooledBody {
		*e.held = e.buf[:0]
		eventBuffers.Put(e.held)
	}
	e.buf, e.held = nil, nil
	e.err = http.ErrHandlerTimeout
}

// WriteOnce sends a whole body under one deadline.
func WriteOnce(w http.ResponseWriter, status int, body []byte) error {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(WriteTimeout))
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}
