// Package demo is the sample organisation: a configuration for one machine, three
// accounts named for their roles, and what a new user is shown. It builds the
// same service as `serve` does, from the same kind of file.
package demo

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"sallyport/internal/config"
)

// Options are the flags of `sallyport demo`.
type Options struct {
	State, Listen, TLSListen, OpsListen, EnvFile string
	Backend, BackendModel, BackendEmbeddingModel string
	BackendKeyFile                               string
}

//go:embed demo.yaml.tmpl
var file string

var fileTemplate = template.Must(template.New("demo").Funcs(template.FuncMap{"quote": quote}).Parse(file))

// quote writes s as a YAML double-quoted scalar, whose escapes are JSON's.
func quote(s string) string { return fmt.Sprintf("%q", s) }

// Configure returns the demo's configuration.
func Configure(o Options, cert Certificate, now time.Time) (*config.Config, error) {
	if err := loopback(o.Listen); err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if o.Backend == "" && o.BackendModel+o.BackendEmbeddingModel+o.BackendKeyFile != "" {
		return nil, errors.New("--backend-model, --backend-embedding-model and --backend-key-file are of the server that --backend names")
	}
	var b bytes.Buffer
	err := fileTemplate.Execute(&b, map[string]any{
		"Options": o, "Cert": cert.CertFile, "Key": cert.KeyFile,
		"Expires": now.AddDate(1, 0, 0).UTC().Format(time.DateOnly),
		"LinkTLS": o.TLSListen != "",
	})
	if err != nil {
		return nil, fmt.Errorf("writing the demo's configuration: %w", err)
	}
	c, findings := config.Parse(b.Bytes(), o.State, now)
	if len(findings) > 0 {
		var all []error
		for _, f := range findings {
			all = append(all, fmt.Errorf("line %d: %s: %s", f.Line, f.Key, f.What))
		}
		return nil, fmt.Errorf("the demo's configuration: %w", errors.Join(all...))
	}
	return c, nil
}

// loopback refuses to serve plain HTTP beyond this machine.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("want HOST:PORT")
	}
	if host == "localhost" {
		return nil
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return errors.New("plain HTTP is served on loopback only: use an address such as 127.0.0.1:8080")
	}
	return nil
}

// DefaultState is the demo's folder below the user's data folder.
func DefaultState() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "sallyport", "demo"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's data folder (name one with --state): %w", err)
	}
	return filepath.Join(home, ".local", "share", "sallyport", "demo"), nil
}
