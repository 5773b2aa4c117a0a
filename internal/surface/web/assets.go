package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// assets are served below a hash of all of them, so that a module's relative
// imports stay within one version and every one may be cached for ever.
type assets struct {
	version string
	files   map[string]asset
}

type asset struct {
	body []byte
	kind string
	etag string
}

var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

func openAssets() (*assets, error) {
	a := &assets{files: map[string]asset{}}
	all := sha256.New()
	names, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		kind := kinds[path.Ext(n.Name())]
		if kind == "" {
			continue // type declarations and the like are for the tests
		}
		body, err := assetFiles.ReadFile("assets/" + n.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		all.Write(sum[:])
		a.files[n.Name()] = asset{body, kind, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	}
	a.version = base64.RawURLEncoding.EncodeToString(all.Sum(nil)[:9])
	return a, nil
}

// url is the path of an asset.
func (a *assets) url(name string) string { return "/assets/" + a.version + "/" + name }

func (a *assets) serve(w http.ResponseWriter, r *http.Request, version, name string) bool {
	f, ok := a.files[name]
	if !ok || version != a.version {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", f.etag)
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	_, _ = w.Write(f.body)
	return true
}
