package openai_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"sallyport/internal/backend/backendtest"
	"sallyport/internal/backend/mockupstream"
	"sallyport/internal/backend/openai"
	"sallyport/internal/backend/upstream"
	"sallyport/internal/conversation"
)

// BenchmarkCall is a whole call over loopback, beside the floor: net/http posting
// the same bytes to the same mock and reading the answer unparsed. Both include
// the mock's own work.
func BenchmarkCall(b *testing.B) {
	mock := mockupstream.New(mockupstream.Options{Tokens: 100, Keep: -1}).Start()
	defer mock.Close()
	backend, err := openai.New(openai.Config{Config: upstream.Config{Name: "b", Endpoint: mock.URL().JoinPath("/v1")}, Model: "m"})
	if err != nil {
		b.Fatal(err)
	}
	defer backend.Close()
	permit := backendtest.Permit(b, "b")
	for name, stream := range map[string]bool{"unary": false, "stream of 100": true} {
		c := backendtest.Ask("Where are the keys?")
		c.Stream = stream
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for e, err := range backend.Stream(b.Context(), permit, c) {
					if err != nil {
						b.Fatal(err)
					}
					if e.Kind == conversation.Delta {
						n++
					}
				}
				if n == 0 {
					b.Fatal("no text")
				}
			}
		})
		body := []byte(`{"model":"m","messages":[{"role":"user","content":"Where are the keys?"}],"max_tokens":256}`)
		if stream {
			body = []byte(`{"model":"m","messages":[{"role":"user","content":"Where are the keys?"}],"max_tokens":256,"stream":true,"stream_options":{"include_usage":true}}`)
		}
		b.Run(name+", floor: net/http", func(b *testing.B) {
			b.ReportAllocs()
			address := mock.URL().JoinPath("/v1/chat/completions").String()
			for b.Loop() {
				resp, err := http.Post(address, "application/json", bytes.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					b.Fatal(err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}
