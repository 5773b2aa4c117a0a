package azure_test

import (
	"net/url"
	"strings"
	"testing"

	"sallyport/internal/backend/azure"
	"sallyport/internal/backend/backendtest"
	"sallyport/internal/backend/upstream"
)

func TestConformance(t *testing.T) {
	for name, w := range map[string]backendtest.Wire{
		"key":   {KeyHeader: "Api-Key", Key: backendtest.TestKey},
		"Entra": {KeyHeader: "Authorization", Key: "Bearer " + backendtest.TestKey},
	} {
		w.Name = "aoai-uks"
		w.Chat = "/openai/deployments/gpt-4o_1/chat/completions?api-version=2024-10-21"
		w.Embeddings = "/openai/deployments/embed.3/embeddings?api-version=2024-10-21"
		w.Open = func(t *testing.T, c upstream.Config) *upstream.Backend {
			t.Helper()
			b, err := azure.New(azure.Config{Config: c, Deployment: "gpt-4o_1", EmbeddingDeployment: "embed.3", Entra: name == "Entra"})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		t.Run(name, func(t *testing.T) {
			if name == "Entra" && testing.Short() {
				t.Skip("the same but for one header")
			}
			backendtest.RunWire(t, w)
		})
	}
}

func TestFindingsComeAllAtOnce(t *testing.T) {
	_, err := azure.New(azure.Config{
		Config:     upstream.Config{Endpoint: &url.URL{Scheme: "http", Host: "trust.example", RawQuery: "api-version=x"}},
		APIVersion: "latest", Deployment: "a/b",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"name:", "plain HTTP", "query", "api_version"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	for _, bad := range []string{"../../admin", "a/b", "a?b", "%2e", "-", strings.Repeat("x", 65)} {
		_, err := azure.New(azure.Config{
			Config:     upstream.Config{Name: "a", Endpoint: &url.URL{Scheme: "https", Host: "trust.example"}},
			Deployment: bad,
		})
		if err == nil {
			t.Errorf("the deployment %q is accepted", bad)
		}
	}
}
