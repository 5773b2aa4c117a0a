package app

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"crypto/tls"

	"sallyport/internal/backend/azure"
	"sallyport/internal/backend/extractive"
	"sallyport/internal/backend/openai"
	"sallyport/internal/backend/upstream"
	"sallyport/internal/config"
	"sallyport/internal/exchange"
	"sallyport/internal/gate/identity"
	"sallyport/internal/resource"
)

// This file makes everything that dials outward. What it dials is in the
// configuration; the environment's proxy variables are never read.

func proxyOf(c *config.Config) (*url.URL, error) {
	if c.Proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(c.Proxy)
	if err != nil {
		return nil, errors.New("proxy: not a URL")
	}
	return u, nil
}

// poolOf reads a file of certificates; nil for none: the system's roots.
func poolOf(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}

func providers(c *config.Config) ([]identity.Provider, error) {
	var out []identity.Provider
	for _, name := range sortedKeys(c.Identities) {
		p, err := provider(c, name)
		if err != nil {
			return nil, fmt.Errorf("identity %s: %w", name, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func provider(c *config.Config, name string) (identity.Provider, error) {
	o := c.Identities[name].OIDC
	proxy, err := proxyOf(c)
	if err != nil {
		return identity.Provider{}, err
	}
	pool, err := poolOf(o.CA)
	if err != nil {
		return identity.Provider{}, err
	}
	var transport *http.Transport
	if pool != nil {
		transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}
	}
	return identity.Provider{
		Name: name, Issuer: o.Issuer, Audiences: o.Audiences, PersonClaim: o.PersonClaim,
		GroupsClaim: o.GroupsClaim, GroupsMaxAge: o.GroupsMaxAge, HTTP: identity.NewClient(transport, proxy),
	}, nil
}

// backends are the adapters, by backend and model.
type backends struct {
	byModel map[backendModel]exchange.Backend
	shared  map[string]*upstream.Backend // by backend: connections and breaker
}

type backendModel struct{ backend, model string }

func (b *backends) of(d *resource.Deployment, r *resource.Backend) exchange.Backend {
	return b.byModel[backendModel{r.Name, d.Model.Name}]
}

func (b *backends) close() {
	for _, u := range b.shared {
		u.Close()
	}
}

func openBackends(c *config.Config, set *resource.Set) (*backends, error) {
	b := &backends{byModel: map[backendModel]exchange.Backend{}, shared: map[string]*upstream.Backend{}}
	for _, r := range set.All() {
		for _, d := range r.Deployments {
			for _, at := range d.Backends {
				if err := b.add(c, d, at); err != nil {
					b.close()
					return nil, fmt.Errorf("backend %s: %w", at.Name, err)
				}
			}
		}
	}
	return b, nil
}

func (b *backends) add(c *config.Config, d *resource.Deployment, at *resource.Backend) error {
	key := backendModel{at.Name, d.Model.Name}
	if b.byModel[key] != nil {
		return nil
	}
	spec := c.Backends[at.Name]
	if spec.Extractive != nil {
		b.byModel[key] = extractive.New(extractive.Config{Name: at.Name, Model: d.Model.ID()})
		return nil
	}
	shared := b.shared[at.Name]
	if shared == nil {
		var err error
		if shared, err = dialler(c, at.Name, spec); err != nil {
			return err
		}
		b.shared[at.Name] = shared
	}
	named, err := shared.ForModel(spec.Upstream(d.Model.Name))
	if err != nil {
		return err
	}
	b.byModel[key] = named
	return nil
}

func dialler(c *config.Config, name string, spec *config.Backend) (*upstream.Backend, error) {
	proxy, err := proxyOf(c)
	if err != nil {
		return nil, err
	}
	base := upstream.Config{Name: name, Proxy: proxy}
	endpoint, keyFile, ca, times := "", "", "", config.Timeouts{}
	switch {
	case spec.OpenAI != nil:
		endpoint, keyFile, ca, times = spec.OpenAI.Endpoint, spec.OpenAI.KeyFile, spec.OpenAI.CA, spec.OpenAI.Timeouts
		base.NoStreamOptions, base.AllowHTTP = spec.OpenAI.NoStreamOptions, spec.OpenAI.AllowHTTP
	case spec.Azure != nil:
		endpoint, keyFile, ca, times = spec.Azure.Endpoint, spec.Azure.KeyFile, spec.Azure.CA, spec.Azure.Timeouts
	}
	if base.Endpoint, err = url.Parse(endpoint); err != nil {
		return nil, errors.New("endpoint: not a URL")
	}
	if base.CA, err = poolOf(ca); err != nil {
		return nil, err
	}
	if keyFile != "" {
		if base.Key, err = upstream.KeyFile(keyFile); err != nil {
			return nil, err
		}
	}
	base.Timeouts = upstream.Timeouts{Dial: times.Dial, FirstByte: times.FirstByte, Idle: times.Idle, Whole: times.Whole, Unary: times.Whole}
	if spec.Azure != nil {
		return azure.New(azure.Config{Config: base, APIVersion: spec.Azure.APIVersion})
	}
	return openai.New(openai.Config{Config: base})
}
