package httpx

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"
)

// Response counts what was sent, so that the error boundary knows whether a
// status line is still possible.
type Response struct {
	http.ResponseWriter
	Status int   // 0 until the status line is out
	Bytes  int64 // of the body
}

// WriteHeader sends the status line once; a second call is ignored.
func (w *Response) WriteHeader(status int) {
	if w.Status != 0 {
		return
	}
	w.Status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write sends part of the body.
func (w *Response) Write(p []byte) (int, error) {
	if w.Status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	w.Bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *Response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type idKey struct{}

// RequestID returns the id that Guard gave the request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(idKey{}).(string)
	return id
}

// Guarded are the choices of Guard.
type Guarded struct {
	BodyTimeout time.Duration // 0 means DefaultBodyTimeout
	Log         *slog.Logger  // required
	// Panicked answers a request whose handler panicked before the status line.
	Panicked func(w http.ResponseWriter, r *http.Request)
}

// Guard wraps the handler of a listener. Every mux is served through it.
func Guard(next http.Handler, g Guarded) http.Handler {
	if g.BodyTimeout == 0 {
		g.BodyTimeout = DefaultBodyTimeout
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		served(r)
		w := &Response{ResponseWriter: rw}
		r = r.WithContext(context.WithValue(r.Context(), idKey{}, NewID()))
		if r.Body != nil && r.Body != http.NoBody {
			// Before anything else: a refusal drains the body, and a trickle must not
			// hold the connection then either.
			_ = http.NewResponseController(rw).SetReadDeadline(time.Now().Add(g.BodyTimeout))
		}
		if len(r.TransferEncoding) > 0 {
			// net/http prefers chunks over a Content-Length that came with them and then
			// hides the length. Where a proxy before us went by the length, what follows is
			// somebody else's request: close instead (RFC 9112, section 6.3).
			rw.Header().Set("Connection", "close")
		}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			LogPanic(r.Context(), g.Log, v)
			if w.Status != 0 || g.Panicked == nil {
				panic(http.ErrAbortHandler) // cut the connection: a half answer must not look whole
			}
			w.Header().Set("Connection", "close")
			g.Panicked(w, r)
		}()
		next.ServeHTTP(w, r)
	})
}

// LogPanic logs that a request panicked: the type of the value and the functions
// on the stack. Not the value and no arguments: either could hold content. It is
// called by the function that recovered.
func LogPanic(ctx context.Context, log *slog.Logger, v any) {
	log.LogAttrs(ctx, slog.LevelError, "request panicked",
		slog.String("request", RequestID(ctx)),
		slog.String("type", fmt.Sprintf("%T", v)),
		slog.String("stack", stack()))
}

func stack() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var b strings.Builder
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			fmt.Fprintf(&b, "%s:%d ", f.Function, f.Line)
		}
		if !more || strings.HasPrefix(f.Function, "net/http.") {
			return strings.TrimSpace(b.String())
		}
	}
}
