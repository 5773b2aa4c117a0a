package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport/internal/config"
)

// Every key of the file is swapped by a reload, or the log says that it is not, or
// it may not change at all.
func TestEveryKeyIsSwappedOrNamed(t *testing.T) {
	swapped := []string{"version", "regions", "terms", "backends", "blocklists", "filters", "resources", "collections"}
	refused := []string{"data_dir"}
	changes := map[string]func(*config.Config){
		"seal":       func(c *config.Config) { c.Seal.KeyFile = "other" },
		"listeners":  func(c *config.Config) { c.Listeners["public"].Address = "127.0.0.1:2" },
		"identities": func(c *config.Config) { c.Identities["idp"].OIDC.Issuer = "https://other.example" },
		"audit":      func(c *config.Config) { c.Audit.Checkpoint = time.Hour },
		"log":        func(c *config.Config) { c.Log.Level = "debug" },
		"page":       func(c *config.Config) { c.Page.SessionIdle = time.Hour },
		"limits":     func(c *config.Config) { c.Limits.DrainDeadline = time.Hour },
		"proxy":      func(c *config.Config) { c.Proxy = "http://proxy.example" },
	}
	load := func() *config.Config {
		c, findings := config.Parse([]byte("version: 1\ndata_dir: s\nidentities: {idp: {oidc: {issuer: \"https://idp.example\"}}}\nresources: {r: {deployments: {d: {model: {name: m}}}}}\npage: {organisation: O}\n"), "/d", time.Now())
		if len(findings) > 0 {
			t.Fatalf("%q", findings)
		}
		return c
	}
	if names := restartOnly(load(), load()); len(names) > 0 {
		t.Errorf("nothing changed: %q", names)
	}
	for _, k := range config.Keys() {
		if strings.Contains(k.Path, ".") || slices.Contains(swapped, k.Path) || slices.Contains(refused, k.Path) {
			continue
		}
		change := changes[k.Path]
		if change == nil {
			t.Errorf("nobody says what a reload does with %s", k.Path)
			continue
		}
		c := load()
		change(c)
		if names := restartOnly(load(), c); len(names) != 1 || !strings.HasPrefix(names[0], k.Path) {
			t.Errorf("%s changed, and the log names %q", k.Path, names)
		}
	}
}
