package upstream

import (
	"bytes"
	"io"
	"sync"
)

// scanner reads an event stream (WHATWG HTML, section 9.2) as servers really
// write it: LF or CRLF, comments, event, id and retry lines, one or several data
// lines, a byte-order mark, a last event without its blank line. A lone CR does
// not end a line; no known server writes one.
//
// It holds at most one event and one read of input: back-pressure reaches the
// backend through the connection.
type scanner struct {
	r          io.Reader
	buf        []byte
	start, end int // buf[start:end] is not yet scanned
	most       int // bytes of a line, and of an event
	data       []byte
	err        error // sticky, of r
	begun      bool
}

// event is one dispatched event.
type event struct {
	data    []byte // valid until the next call of next
	failure bool   // the event's type, or the field's name (llama.cpp), is "error"
	partial bool   // the stream ended before the event did
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 8<<10); return &b }}

func newScanner(r io.Reader, most int) (*scanner, func()) {
	b := buffers.Get().(*[]byte)
	s := &scanner{r: r, buf: *b, most: most}
	return s, func() {
		clear(s.buf[:max(s.start, s.end)])
		if const64k := 64 << 10; len(s.buf) <= const64k {
			*b = s.buf
			buffers.Put(b)
		}
	}
}

// next returns the next event that has data. At the end of the stream it returns
// the reader's error, io.EOF for a proper end.
func (s *scanner) next() (event, error) {
	var e event
	s.data = s.data[:0]
	has := false
	for {
		line, whole, err := s.line()
		if err != nil {
			if has {
				e.data, e.partial = s.data, true
				return e, nil // the error is sticky and comes with the next call
			}
			return event{}, err
		}
		if len(line) == 0 {
			if has {
				e.data = s.data
				return e, nil
			}
			e = event{} // an event without data is no event
			continue
		}
		name, value, _ := bytes.Cut(line, []byte{':'})
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
		switch string(name) {
		case "data", "error":
			if name[0] == 'e' {
				e.failure = true
			}
			if has {
				s.data = append(s.data, '\n')
			}
			if len(s.data)+len(value) > s.most {
				s.err = errLine
				return event{}, errLine
			}
			s.data, has = append(s.data, value...), true
			e.partial = e.partial || !whole
		case "event":
			e.failure = e.failure || string(value) == "error"
		case "", "id", "retry": // "" is a comment
		default:
			// The standard says to ignore unknown fields. A JSON text or a web page in
			// the middle of a stream is not one.
			if c := line[0]; whole && (c == '{' || c == '[' || c == '<') {
				s.err = errShape
				return event{}, errShape
			}
		}
	}
}

// line returns the next line without its end; whole is false for a last line
// that the stream's end cut off.
func (s *scanner) line() (line []byte, whole bool, err error) {
	from := s.start
	for {
		// Whether a line is too long must not depend on how its bytes arrived.
		i := bytes.IndexByte(s.buf[from:s.end], '\n')
		length := s.end - s.start
		if i >= 0 {
			length = from + i - s.start
		}
		if length > s.most {
			s.err = errLine
			s.start = s.end
			return nil, false, errLine
		}
		if i >= 0 {
			line = s.buf[s.start : from+i]
			s.start = from + i + 1
			return s.trim(line), true, nil
		}
		from = s.end
		if s.err != nil {
			if line = s.buf[s.start:s.end]; len(line) > 0 {
				s.start = s.end
				return s.trim(line), false, nil
			}
			return nil, false, s.err
		}
		from -= s.fill()
	}
}

// fill reads once, moving or growing the buffer first when it is full, and
// returns by how much the unscanned bytes moved down.
func (s *scanner) fill() (moved int) {
	if s.start == s.end {
		moved, s.start, s.end = s.start, 0, 0
	}
	if s.end == len(s.buf) {
		if s.start > 0 {
			moved = s.start
			s.end = copy(s.buf, s.buf[s.start:s.end])
			s.start = 0
		} else {
			b := make([]byte, 2*len(s.buf))
			copy(b, s.buf)
			s.buf = b
		}
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.err = err
			return moved
		}
		if n > 0 {
			return moved
		}
	}
	s.err = io.ErrNoProgress
	return moved
}

func (s *scanner) trim(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if !s.begun {
		s.begun = true
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	return line
}
