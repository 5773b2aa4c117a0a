package httpx

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Why a body was not read. Each is for errors.Is; none holds content.
var (
	ErrBodyTooLarge = errors.New("body exceeds the limit")
	ErrBodyEncoding = errors.New("body has a content encoding")
	ErrMediaType    = errors.New("body is not of the expected media type")
	ErrBodyLate     = errors.New("body did not arrive in time")
	ErrBodyCut      = errors.New("body ended early")
)

// DefaultMaxBody is the limit of a request body in bytes.
const DefaultMaxBody = 16 << 20

// DefaultBodyTimeout is how long a whole body may take. Guard arms it, so a body
// that nobody reads cannot hold a connection either.
const DefaultBodyTimeout = 60 * time.Second

// pooledBody: buffers above this size are left to the collector, so that one
// large body does not stay in memory for ever.
const pooledBody = 1 << 20

var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// JSONBody reads the whole body of r, which must be JSON in UTF-8 without any
// content encoding, and shows it to use. The bytes are wiped when use returns:
// it MUST NOT keep them. After an error of this package the connection closes
// with the response, so that an unread rest is never taken for a next request.
func JSONBody(w http.ResponseWriter, r *http.Request, limit int64, use func([]byte) error) error {
	return jsonBody(w, r, limit, nil, nil, use)
}

// JSONBody is the function of the same name within the room: a body beyond what is
// free waits before it is read, and every body before it is used. What it takes from
// then on is in s until s leaves.
func (room *Room) JSONBody(w http.ResponseWriter, r *http.Request, limit int64, s *Share, use func([]byte) error) error {
	return jsonBody(w, r, limit, room, s, use)
}

func jsonBody(w http.ResponseWriter, r *http.Request, limit int64, room *Room, s *Share, use func([]byte) error) error {
	if err := jsonMedia(r.Header); err != nil {
		refuseRest(w)
		return err
	}
	if r.ContentLength > limit {
		refuseRest(w)
		return ErrBodyTooLarge
	}
	held := bodies.Get().(*[]byte)
	defer func() {
		clear(*held) // only what was read: a pooled buffer is clean beyond its length
		if cap(*held) <= pooledBody {
			*held = (*held)[:0]
			bodies.Put(held)
			return
		}
		large := cap(*held) > largeBody
		*held = nil
		if large {
			// Its room is needed at once, by the copy that the guards read: collecting it
			// now costs milliseconds beside the second that judging takes, and keeps the
			// peak near three times the body.
			runtime.GC()
		}
	}()
	var reading Share
	defer reading.Leave()
	f := filling{body: r.Body, announced: r.ContentLength, limit: limit}
	if room != nil {
		f.more = func(n int64) error { return reading.enter(r.Context(), room.reading, n, room.wait) }
	}
	buf, err := f.fill((*held)[:0])
	*held = buf
	if err == nil && room != nil {
		err = room.admit(r.Context(), buf, s)
	}
	if err != nil {
		refuseRest(w)
		return err
	}
	// The body's deadline ends here: net/http lifts it when it starts to watch for a
	// client that leaves (TestAnswerOutlivesTheBodyDeadline).
	return use(buf)
}

// refuseRest closes the connection after the response. HTTP/2 has no such
// header and resets the stream instead.
func refuseRest(w http.ResponseWriter) { w.Header().Set("Connection", "close") }

// filling is a body that is being read.
type filling struct {
	body      io.Reader
	announced int64
	limit     int64
	more      func(n int64) error // asks for room for a body of n bytes; nil is endless
}

func (f *filling) fill(buf []byte) ([]byte, error) {
	// One byte of room beyond the announced length lets the last read see io.EOF. An
	// announcement is believed up to what is free; whoever has sent so much gets the
	// rest of the room at once, which keeps the peak near one copy of the body.
	if want := int(min(max(f.announced, 0), freeBody)) + 1; cap(buf) < want {
		buf = make([]byte, 0, want)
	}
	asked := f.more == nil
	for {
		if !asked && len(buf) > freeBody {
			asked = true
			if err := f.more(f.size()); err != nil {
				return buf, err
			}
		}
		if len(buf) == cap(buf) {
			buf = grow(buf, int(min(f.announced, f.limit))+1)
		}
		to := cap(buf)
		if !asked {
			to = min(to, freeBody+1)
		}
		n, err := f.body.Read(buf[len(buf):to])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > f.limit {
			return buf, ErrBodyTooLarge
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return buf, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return buf, ErrBodyLate
		default:
			return buf, ErrBodyCut
		}
	}
}

// size is how long the body is; one that does not say may be as long as any.
func (f *filling) size() int64 {
	if f.announced < 0 {
		return f.limit
	}
	return f.announced
}

// largeBody is from which size a body's room is collected as soon as it is decoded.
const largeBody = 4 << 20

// grow moves buf to a larger place, of at least want bytes, and wipes the old one.
func grow(buf []byte, want int) []byte {
	grown := make([]byte, len(buf), max(want, cap(buf)+cap(buf)/4+512))
	copy(grown, buf)
	clear(buf)
	return grown
}

// jsonMedia refuses bodies that two readers could read differently.
func jsonMedia(h http.Header) error {
	for _, v := range h.Values("Content-Encoding") {
		if v = strings.TrimSpace(v); v != "" && !strings.EqualFold(v, "identity") {
			return ErrBodyEncoding
		}
	}
	types := h.Values("Content-Type")
	if len(types) != 1 {
		return ErrMediaType
	}
	if types[0] == "application/json" { // what every SDK sends
		return nil
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != "application/json" {
		return ErrMediaType
	}
	for name, v := range params {
		if name == "charset" && !strings.EqualFold(v, "utf-8") && !strings.EqualFold(v, "utf8") {
			return ErrMediaType
		}
	}
	return nil
}
