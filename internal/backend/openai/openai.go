// Package openai adapts everything that speaks OpenAI's API under a base URL
// ending in /v1: OpenAI, vLLM, Ollama, llama.cpp. What it shares with the other
// adapters, all but the paths and the credential's header, is package upstream.
package openai

import (
	"net/url"

	"sallyport/internal/backend/upstream"
)

// Config describes an upstream. Endpoint is its base URL, e.g.
// https://gpu1.internal:8000/v1.
type Config struct {
	upstream.Config
	Model          string // asked for answers, as the upstream names it; "" refuses them
	EmbeddingModel string // asked for vectors; "" refuses them
}

// Backend serves one model of an upstream.
type Backend = upstream.Backend

// New checks cfg, reporting all findings at once, and dials nothing. ForModel on
// what it returns serves further models over the same connections.
func New(cfg Config) (*Backend, error) {
	return upstream.New(cfg.Config, upstream.Dialect{
		URL:        address,
		Authorize:  upstream.Bearer,
		NamesModel: true,
	}, cfg.Model, cfg.EmbeddingModel)
}

func address(base *url.URL, op upstream.Operation, _ string) *url.URL {
	if op == upstream.Embeddings {
		return base.JoinPath("embeddings")
	}
	return base.JoinPath("chat", "completions")
}
