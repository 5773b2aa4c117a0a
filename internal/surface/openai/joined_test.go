package openai_test

import (
	"testing"

	"sallyport/internal/backend/backendtest"
	"sallyport/internal/backend/mockupstream"
	backend "sallyport/internal/backend/openai"
	"sallyport/internal/backend/upstream"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
)

// TestMarkedDocumentsArriveAsTheyWereSent: a text is cut where documents are
// marked, so that they are judged as somebody else's words. What reaches the
// backend is the one text that the caller sent, in one part.
func TestMarkedDocumentsArriveAsTheyWereSent(t *testing.T) {
	up := mockupstream.New(mockupstream.Options{}).Start()
	defer up.Close()
	b, err := backend.New(backend.Config{Config: upstream.Config{Name: "gpu", Endpoint: up.URL()}, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for name, messages := range map[string]string{
		"string":    `[{"role":"user","content":"Sum up: \"\"\" <documents> Dear \"team\" </documents> \"\"\" please"}]`,
		"part":      `[{"role":"user","content":[{"type":"text","text":"Sum up: \"\"\" <documents> Dear \\ team\n </documents> \"\"\" please"}]}]`,
		"parts":     `[{"role":"user","content":[{"type":"text","text":"first"},{"type":"text","text":"\"\"\"<documents>a</documents>\"\"\" and \"\"\"<documents>b</documents>\"\"\"","cache":{"x":"y"}},{"type":"text","text":"last"}]}]`,
		"system":    `[{"role":"system","content":[{"type":"text","text":"\"\"\"<documents>a"},{"type":"text","text":""}]}]`,
		"two of it": `[{"role":"user","content":[{"type":"text","text":"\"\"\"<documents>a"},{"type":"text","text":"b</documents>\"\"\""}]}]`,
	} {
		w := newWorld(t)
		if rec := w.post(chatPath, `{"messages":`+messages+`}`); rec.Code != 200 {
			t.Fatalf("%s: status %d: %s", name, rec.Code, rec.Body)
		}
		up.Forget()
		for _, err := range b.Stream(t.Context(), backendtest.Permit(t, "gpu"), w.got) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if n := len(w.got.Turns[0].Parts); n < 2 {
			t.Errorf("%s: %d parts are judged", name, n)
		}
		sent, err := json.Parse(up.Requests()[0].Body, json.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Parse([]byte(messages), json.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := sent.Member("messages"); !same(got, want) {
			t.Errorf("%s: the backend got other messages: %s", name, up.Requests()[0].Body)
		}
	}
}

// same compares JSON values, members in any order.
func same(a, b json.Value) bool {
	if a.Kind != b.Kind || a.Text != b.Text || a.Number != b.Number || a.Bool != b.Bool || len(a.Items) != len(b.Items) || len(a.Members) != len(b.Members) {
		return false
	}
	for i := range a.Items {
		if !same(a.Items[i], b.Items[i]) {
			return false
		}
	}
	for _, m := range a.Members {
		found := false
		for _, n := range b.Members {
			found = found || m.Name == n.Name && m.Name != (content.Text{}) && same(m.Value, n.Value)
		}
		if !found {
			return false
		}
	}
	return true
}
