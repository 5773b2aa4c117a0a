package web

import (
	"errors"
	"net/http"

	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
	"sallyport/internal/surface/httpx"
)

// bodyDepth is more nesting than any body of the page has.
const bodyDepth = 4

// readBody reads what the route takes, strictly: the same decoder as the API's.
// A change that takes nothing refuses whatever is sent along.
func (v *visit) readBody(w http.ResponseWriter) error {
	if !v.route.API || !v.route.Changes {
		return nil
	}
	if v.route.Body == 0 {
		if v.ContentLength != 0 {
			w.Header().Set("Connection", "close") // the rest is not read
			return &fault{status: http.StatusBadRequest, state: "bad_request"}
		}
		return nil
	}
	err := httpx.JSONBody(w, v.Request, v.route.Body, func(b []byte) (err error) {
		v.body, err = json.Parse(b, json.Limits{Depth: bodyDepth})
		return err
	})
	if err == nil && v.body.Kind == json.Object {
		return nil
	}
	return unreadable(err)
}

// unreadable says why a body was not taken. The causes hold no content.
func unreadable(err error) *fault {
	f := &fault{status: http.StatusBadRequest, state: "bad_request", cause: err}
	switch {
	case errors.Is(err, httpx.ErrBodyTooLarge):
		f.status, f.state = http.StatusRequestEntityTooLarge, "too_long"
	case errors.Is(err, httpx.ErrBodyEncoding), errors.Is(err, httpx.ErrMediaType):
		f.status = http.StatusUnsupportedMediaType
	case errors.Is(err, httpx.ErrBodyLate):
		f.status = http.StatusRequestTimeout
	}
	return f
}

// texts takes the members of an object whose values are all strings and whose
// names are all known; a name that is missing is empty.
func texts(object json.Value, names ...string) ([]content.Text, bool) {
	found := make([]content.Text, len(names))
	known := 0
	for i, name := range names {
		v, ok := object.Member(name)
		if !ok {
			continue
		}
		if v.Kind != json.String {
			return nil, false
		}
		found[i] = v.Text
		known++
	}
	return found, known == len(object.Members)
}
