package openai_test

import (
	"testing"

	"sallyport/internal/backend/backendtest"
	"sallyport/internal/backend/openai"
	"sallyport/internal/backend/upstream"
)

func TestConformance(t *testing.T) {
	backendtest.RunWire(t, backendtest.Wire{
		Name: "vllm",
		Open: func(t *testing.T, c upstream.Config) *upstream.Backend {
			t.Helper()
			c.Endpoint = c.Endpoint.JoinPath("/v1")
			b, err := openai.New(openai.Config{Config: c, Model: "llama", EmbeddingModel: "minilm"})
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		Chat:       "/v1/chat/completions",
		Embeddings: "/v1/embeddings",
		KeyHeader:  "Authorization",
		Key:        "Bearer " + backendtest.TestKey,
	})
}
