// Package azure adapts Azure OpenAI's dated surface: the deployment is named in
// the path, the api-version in the query, the key in the header api-key
// (reference/azure-openai.md, sections 1 to 3). What it shares with the other
// adapters is package upstream.
package azure

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"

	"sallyport/internal/backend/upstream"
)

// DefaultAPIVersion is the last dated stable version.
const DefaultAPIVersion = "2024-10-21"

// Config describes a resource. Endpoint is its address without a path, e.g.
// https://trust.openai.azure.com.
type Config struct {
	upstream.Config
	APIVersion          string // "": DefaultAPIVersion
	Deployment          string // asked for answers; "" refuses them
	EmbeddingDeployment string // asked for vectors; "" refuses them
	Entra               bool   // Key returns an Entra token, sent as a bearer token
}

// Backend serves one deployment of a resource.
type Backend = upstream.Backend

var (
	version    = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-preview)?$`)
	deployment = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

var (
	errVersion    = errors.New("api_version: must be a date such as 2024-10-21, or one with -preview")
	errDeployment = errors.New("deployment: must be 1 to 64 letters, digits, dots, dashes or underscores")
)

// New checks cfg, reporting all findings at once, and dials nothing. ForModel on
// what it returns serves further deployments over the same connections.
func New(cfg Config) (*Backend, error) {
	if cfg.APIVersion == "" {
		cfg.APIVersion = DefaultAPIVersion
	}
	query := url.Values{"api-version": {cfg.APIVersion}}.Encode()
	d := upstream.Dialect{
		URL: func(base *url.URL, op upstream.Operation, model string) *url.URL {
			// Names that CheckModel accepts need no escaping.
			u := base.JoinPath("openai", "deployments", model, "chat", "completions")
			if op == upstream.Embeddings {
				u = base.JoinPath("openai", "deployments", model, "embeddings")
			}
			u.RawQuery = query
			return u
		},
		Authorize: func(h http.Header, key string) { h["Api-Key"] = []string{key} },
		CheckModel: func(model string) error {
			if !deployment.MatchString(model) {
				return errDeployment
			}
			return nil
		},
	}
	if cfg.Entra {
		d.Authorize = upstream.Bearer
	}
	b, err := upstream.New(cfg.Config, d, cfg.Deployment, cfg.EmbeddingDeployment)
	if !version.MatchString(cfg.APIVersion) {
		err = errors.Join(err, errVersion)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}
