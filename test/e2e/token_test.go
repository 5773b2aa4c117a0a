package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// openProvider starts a real OpenID provider and returns its issuer.
func openProvider(t *testing.T) string {
	t.Helper()
	c := exec.Command("node", "test/sdk/oidc.mjs")
	c.Dir, c.Env = root, cleanEnv("JUDGE_MODULES="+filepath.Join(build, "oidc"))
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = c.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http://") {
			go func() {
				for lines.Scan() {
				}
			}()
			return lines.Text()
		}
	}
	t.Fatal("the OpenID provider did not start")
	return ""
}

// tokenOf asks the provider for an access token.
func tokenOf(t *testing.T, issuer, client, audience string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {"of-the-test"}, "resource": {audience}, "scope": {"use"}}
	r, err := http.PostForm(issuer+"/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var answer struct {
		Token string `json:"access_token"`
		Error string `json:"error_description"`
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("no token for %s: %v %s", client, err, answer.Error)
	}
	return answer.Token
}

const azureAudience = "https://cognitiveservices.azure.com"

// Bearer tokens of a real provider: the right role opens, the role missing is
// Azure's 401 PermissionDenied, a wrong audience its flat 401, and a token that
// somebody changed is worth nothing.
func TestTokens(t *testing.T) {
	needSetup(t)
	issuer := openProvider(t)
	l := newLab(t, LabOptions{Identities: "identities:\n  corp: {oidc: {issuer: \"" + issuer + "\"}}\n"})
	for _, to := range []string{"person:corp:worker", "group:corp:nurses"} {
		must(t, "role", "add", "--config", l.Config, "--role", "Cognitive Services OpenAI User", "--to", to, "--scope", "/ward")
	}
	worker, guest := tokenOf(t, issuer, "worker", azureAudience), tokenOf(t, issuer, "guest", azureAudience)

	env := map[string]string{"AZURE_OPENAI_API_KEY": "unused", "OPENAI_API_VERSION": apiVersion, "AZURE_OPENAI_CHAT_DEPLOYMENT": "chat", "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": "embed"}
	for i, j := range judges {
		if j.name == "go" {
			continue // its token credentials are those of another module
		}
		t.Run(j.name, func(t *testing.T) {
			judge(t, i, "tokens", l.URL, env, "JUDGE_MOCK="+l.Mock.URL().String(), "JUDGE_TOKEN="+worker, "JUDGE_TOKEN_NO_ROLE="+guest,
				"JUDGE_TOKEN_AUDIENCE="+tokenOf(t, issuer, "worker", "https://elsewhere.example"))
		})
	}

	ask := func(token, path string) Reply {
		return Call{Base: l.URL, Path: path, Body: []byte(asking("Good day.")), Header: map[string]string{"Authorization": "Bearer " + token}}.do()
	}
	chat := "/openai/deployments/chat/chat/completions?api-version=" + apiVersion
	parts := strings.Split(worker, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), "worker", "member", 1)))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	for _, c := range []struct {
		name, token, path string
		status            int
		code              string
	}{
		{"worker", worker, chat, 200, ""},
		{"member of a group with the role", tokenOf(t, issuer, "member", azureAudience), chat, 200, ""},
		{"audience with a slash", tokenOf(t, issuer, "worker", azureAudience+"/"), chat, 200, ""},
		{"newer audience", tokenOf(t, issuer, "worker", "https://ai.azure.com"), chat, 200, ""},
		{"guest", guest, chat, 401, "PermissionDenied"},
		{"worker at a resource without a role", worker, "/annex/openai/deployments/annex-chat/chat/completions?api-version=" + apiVersion, 401, "PermissionDenied"},
		{"worker at a resource that is not there", worker, "/attic/openai/deployments/chat/chat/completions?api-version=" + apiVersion, 401, "PermissionDenied"},
		{"guest at a deployment that is not there", guest, "/openai/deployments/no-such/chat/completions?api-version=" + apiVersion, 401, "PermissionDenied"},
		{"worker at a deployment that is not there", worker, "/openai/deployments/no-such/chat/completions?api-version=" + apiVersion, 404, "DeploymentNotFound"},
		{"wrong audience", tokenOf(t, issuer, "worker", "https://elsewhere.example"), chat, 401, ""},
		{"forged claims", parts[0] + "." + forged + "." + parts[2], chat, 401, ""},
		{"no algorithm", none + "." + parts[1] + ".", chat, 401, ""},
		{"no signature", parts[0] + "." + parts[1] + ".", chat, 401, ""},
		{"cut", worker[:len(worker)-8], chat, 401, ""},
	} {
		l.Mock.Forget()
		r := ask(c.token, c.path)
		if _, err := r.shape(); r.Status != c.status || c.status != 200 && err != nil || c.code != "" && r.code() != c.code {
			t.Errorf("%s: got %s, want %d %s (%v)", c.name, r.brief(), c.status, c.code, err)
		}
		if c.status == 401 && c.code == "" {
			if e, _ := r.shape(); e.StatusCode != 401 || !strings.HasPrefix(e.Message, "Unauthorized. Access token is missing, invalid, audience is incorrect") {
				t.Errorf("%s: not the flat 401: %s", c.name, r.brief())
			}
		}
		if got := len(l.Mock.Requests()); (got == 1) != (c.status == 200) {
			t.Errorf("%s: %d requests at the upstream", c.name, got)
		}
		totals.add("token checks", 1)
	}
	// The three ways to bring a key, and two that disagree.
	for name, c := range map[string]struct {
		header map[string]string
		status int
	}{
		"api-key":           {map[string]string{"api-key": l.Key}, 200},
		"subscription key":  {map[string]string{"Ocp-Apim-Subscription-Key": l.Key}, 200},
		"bearer key":        {map[string]string{"Authorization": "Bearer " + l.Key}, 200},
		"none":              {nil, 401},
		"another scheme":    {map[string]string{"Authorization": "Basic " + l.Key}, 401},
		"two that disagree": {map[string]string{"api-key": l.Key, "Authorization": "Bearer " + worker}, 401},
		"foreign key":       {map[string]string{"api-key": l.Other}, 401},
	} {
		if r := (Call{Base: l.URL, Path: chat, Body: []byte(asking("Good day.")), Header: c.header}).do(); r.Status != c.status {
			t.Errorf("%s: got %s, want %d", name, r.brief(), c.status)
		}
		totals.add("token checks", 1)
	}
}
