package web_test

import (
	"net/http"
	"strings"
	"testing"

	"sallyport/internal/demo/corpus"
	"sallyport/internal/surface/web"
)

// TestBadBodies: every change of the page's API refuses what the API surface
// refuses, before anything is asked, and says so in a state of the page.
func TestBadBodies(t *testing.T) {
	w := start(t)
	v := signIn(t, w, corpus.Nurse)
	a, _ := v.ask("When are visitors allowed on adult wards?")
	const plain = `{"question":"When are visitors allowed?"}`
	bodies := map[string]struct {
		body, media, encoding string
		status                int
	}{
		"empty":                    {body: "", status: http.StatusBadRequest},
		"not JSON":                 {body: "question", status: http.StatusBadRequest},
		"an array":                 {body: "[" + plain + "]", status: http.StatusBadRequest},
		"null":                     {body: "null", status: http.StatusBadRequest},
		"duplicate names":          {body: `{"question":"a","question":"b"}`, status: http.StatusBadRequest},
		"duplicate, escaped":       {body: `{"question":"a","qu\u0065stion":"b"}`, status: http.StatusBadRequest},
		"duplicate, in other case": {body: `{"question":"a","Question":"b"}`, status: http.StatusBadRequest},
		"lone surrogate":           {body: `{"question":"a\ud800b"}`, status: http.StatusBadRequest},
		"invalid UTF-8":            {body: "{\"question\":\"a\xffb\"}", status: http.StatusBadRequest},
		"NUL, escaped":             {body: `{"question":"a\u0000b"}`, status: http.StatusBadRequest},
		"NUL":                      {body: "{\"question\":\"a\x00b\"}", status: http.StatusBadRequest},
		"unknown name":             {body: `{"question":"a","model":"b"}`, status: http.StatusBadRequest},
		"number for text":          {body: `{"question":7}`, status: http.StatusBadRequest},
		"null for text":            {body: `{"question":"a","conversation":null}`, status: http.StatusBadRequest},
		"nested":                   {body: `{"question":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, status: http.StatusBadRequest},
		"something behind":         {body: plain + plain, status: http.StatusBadRequest},
		"90 KB":                    {body: `{"question":"` + strings.Repeat("a", 90<<10) + `"}`, status: http.StatusRequestEntityTooLarge},
		"a form":                   {body: "question=a", media: "application/x-www-form-urlencoded", status: http.StatusUnsupportedMediaType},
		"compressed":               {body: plain, encoding: "gzip", status: http.StatusUnsupportedMediaType},
	}
	before := asks(v)
	takers := 0
	for _, r := range web.Routes() {
		if !r.API || !r.Changes {
			continue
		}
		path := strings.NewReplacer("{conversation}", a.Conversation, "{answer}", a.Answer).Replace(r.Pattern)
		if strings.Contains(path, "{") {
			t.Fatalf("%s: an identifier that this test does not know", r.Pattern)
		}
		if r.Body > 0 {
			takers++
		}
		for name, b := range bodies {
			if r.Body == 0 && b.body == "" {
				continue // as it should be
			}
			media, want := b.media, b.status
			if media == "" {
				media = "application/json"
			}
			if r.Body == 0 {
				want = http.StatusBadRequest
			}
			var header []string
			if b.encoding != "" {
				header = []string{"Content-Encoding", b.encoding}
			}
			status, out := v.do(r.Method, path, media, b.body, header...)
			if status != want || !strings.Contains(out, `"error":{"state":`) || strings.Contains(out, `"title":""`) {
				t.Errorf("%s %s, %s: %d %s, want %d", r.Method, r.Pattern, name, status, out, want)
			}
		}
	}
	if takers == 0 {
		t.Error("no route takes a body")
	}
	if after := asks(v); after != before {
		t.Errorf("conversations were %s and are %s", before, after)
	}
	if status, _ := v.get("/app/api/conversations/" + a.Conversation); status != http.StatusOK {
		t.Errorf("the conversation is gone: %d", status)
	}
}

func asks(v visitor) string {
	_, out := v.get("/app/api/conversations")
	return out
}
