package config

import (
	"net/url"
	"strings"
)

// Warnings are what an operator should look at although the file can be used.
func (c *Config) Warnings() []Finding {
	var out []Finding
	for _, name := range keys(c.Backends) {
		b := c.Backends[name]
		if b.OpenAI == nil || endsInV1(b.OpenAI.Endpoint) {
			continue
		}
		key := join(join("backends", name), "openai.endpoint")
		out = append(out, Finding{Line: c.Line(key), Key: key,
			What: "does not end in /v1: most servers that speak OpenAI's API are found under http://HOST:PORT/v1"})
	}
	return out
}

func endsInV1(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/v1")
}
