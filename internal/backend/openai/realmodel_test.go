package openai_test

import (
	"math"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"sallyport/internal/backend/backendtest"
	"sallyport/internal/backend/openai"
	"sallyport/internal/backend/upstream"
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/exchange"
)

// TestRealModel asks real weights, when somebody has started some
// (shared/realmodel): REALMODEL_BASE_URL, REALMODEL_CHAT_MODEL,
// REALMODEL_EMBED_MODEL. It looks at shapes, never at words.
func TestRealModel(t *testing.T) {
	base := os.Getenv("REALMODEL_BASE_URL")
	if base == "" {
		t.Skip("REALMODEL_BASE_URL is not set")
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	b, err := openai.New(openai.Config{
		Config: upstream.Config{Name: "real", Endpoint: u},
		Model:  os.Getenv("REALMODEL_CHAT_MODEL"), EmbeddingModel: os.Getenv("REALMODEL_EMBED_MODEL"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	permit := backendtest.Permit(t, "real")
	ask := func() *conversation.Conversation {
		c := backendtest.Ask("Say hello in one short sentence.")
		zero, seed := 0.0, int64(1)
		c.MaxTokens, c.Sampling.Temperature, c.Sampling.Seed = 24, &zero, &seed
		return c
	}
	for name, change := range map[string]func(c *conversation.Conversation){
		"stream":   func(*conversation.Conversation) {},
		"unary":    func(c *conversation.Conversation) { c.Stream = false },
		"logprobs": func(c *conversation.Conversation) { n := 2; c.Sampling.Logprobs, c.Sampling.TopLogprobs = true, &n },
		"documents": func(c *conversation.Conversation) {
			c.Turns[0].Parts = append(c.Turns[0].Parts, conversation.Part{Kind: conversation.Document, Text: content.New("The keys are in the locked room.")})
		},
	} {
		began := time.Now()
		c := ask()
		change(c)
		events, err := backendtest.Collect(b.Stream(t.Context(), permit, c))
		if err != nil {
			t.Errorf("%s: %v", name, backendtest.Upstream(t, err).Cause)
			continue
		}
		j := backendtest.Join(t, events)
		text := j.Lanes[conversation.Lane{Kind: conversation.Text}].Text
		if text == "" || !j.UsageTold || j.Usage.Completion == 0 || j.Usage.Completion > 24 || len(j.Finish) != 1 {
			t.Errorf("%s: %+v", name, j)
		}
		t.Logf("%s: %d events, %+v, model %q, finish %v, %d bytes of text, %v", name, len(events), j.Usage, j.Model, j.Finish[0], len(text), time.Since(began).Round(time.Millisecond))
	}
	v, usage, err := b.Embed(t.Context(), permit, exchange.EmbedRequest{Texts: []content.Text{content.New("a ward"), content.New("a hospital ward"), content.New("a bicycle")}})
	if err != nil {
		t.Fatal(backendtest.Upstream(t, err).Cause)
	}
	near, far := cosine(v[0], v[1]), cosine(v[0], v[2])
	t.Logf("embeddings: width %d, usage %+v, cosine near %.2f far %.2f", len(v[0]), usage, near, far)
	if near <= far {
		t.Error("the vectors carry no meaning")
	}
	long := ask()
	long.Turns[0].Parts[0].Text = content.New(strings.Repeat("many words ", 9000))
	_, err = backendtest.Collect(b.Stream(t.Context(), permit, long))
	if err == nil || backendtest.Upstream(t, err).Fault != exchange.TooLong {
		t.Errorf("too long a prompt: %v, want TooLong", err)
	}
	for range b.Stream(t.Context(), permit, ask()) {
		break
	}
	t.Logf("%+v", b.Stats())
}

func cosine(a, b exchange.Vector) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+float64(a[i]*b[i]), aa+float64(a[i]*a[i]), bb+float64(b[i]*b[i])
	}
	return ab / math.Sqrt(aa*bb)
}
