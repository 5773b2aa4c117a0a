package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"time"

	"sallyport/internal/gate/identity"
	"sallyport/internal/resource"
)

func valueOf[T any](p *T) reflect.Value { return reflect.ValueOf(p).Elem() }

func indexed(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Addr().Is4In6() {
		// Addresses are compared without the IPv4-in-IPv6 form: such a rule would never match.
		return netip.Prefix{}, fmt.Errorf("%q is IPv4 in IPv6", s)
	}
	return p.Masked(), err
}

func mustPrefixes(list []string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		p, err := parsePrefix(s)
		if err != nil {
			panic("config: " + err.Error()) // check has read it
		}
		out[i] = p
	}
	return out
}

// Proxies are the listener's trusted proxies.
func (l *Listener) Proxies() []netip.Prefix { return mustPrefixes(l.TrustedProxies) }

func (c *Config) region(name string) resource.Region {
	if r := c.Regions[name]; r != nil {
		return resource.Region{Name: name, Geography: r.Geography, Zone: r.Zone}
	}
	return resource.Region{}
}

func deploymentType(s string) resource.Type {
	for i, w := range resource.Types {
		if w == s {
			return resource.Type(i)
		}
	}
	return resource.UnknownType
}

// ResourceSet makes the resources with their deployments and backends, linked:
// deployments that name the same backend share it.
func (c *Config) ResourceSet() (*resource.Set, error) {
	backends := map[string]*resource.Backend{}
	for _, name := range keys(c.Backends) {
		backends[name] = c.backend(name)
	}
	var all []*resource.Resource
	for _, name := range keys(c.Resources) {
		r := c.Resources[name]
		made := &resource.Resource{
			Name: name, Region: c.region(r.Region), Hosts: r.Hosts, Path: r.Path,
			Network: resource.Network{
				Public: r.Network.Public == "enabled", Allow: mustPrefixes(r.Network.Allow), Links: r.Network.Links,
			},
			LocalAuth:      r.LocalAuth == "enabled",
			SafetyRequests: r.Safety.RequestsPerMinute, LanguageRequests: r.Language.RequestsPerMinute,
			Deployments: map[string]*resource.Deployment{},
		}
		for _, d := range keys(r.Deployments) {
			made.Deployments[d] = deployment(d, r.Deployments[d], backends)
		}
		all = append(all, made)
	}
	return resource.NewSet(all...)
}

func (c *Config) backend(name string) *resource.Backend {
	b := c.Backends[name]
	made := &resource.Backend{Name: name, Region: c.region(b.Region)}
	switch {
	case b.OpenAI != nil:
		made.Kind = "openai"
	case b.Azure != nil:
		made.Kind = "azure"
	case b.Extractive != nil:
		made.Kind = "extractive"
	}
	if t := c.Terms[b.Terms]; t != nil {
		made.Terms = resource.Terms{
			Name: b.Terms, SelfHosted: t.SelfHosted, Owner: t.Owner, Training: t.Training, Retention: t.Retention,
			HumanReview: t.HumanReview, Document: t.Document, Expires: t.Expires.Time,
		}
	}
	return made
}

func deployment(name string, d *Deployment, backends map[string]*resource.Backend) *resource.Deployment {
	can := resource.Chat
	if d.Model.Kind == "embedding" {
		can = resource.Embedding
	}
	made := &resource.Deployment{
		Name:  name,
		Model: resource.Model{Name: d.Model.Name, Version: d.Model.Version, Can: can, Created: created},
		Type:  deploymentType(d.Type), Filter: d.Filter,
		Limits: resource.Limits{
			TokensPerMinute: d.Limits.TokensPerMinute, RequestsPerMinute: d.Limits.RequestsPerMinute,
			OutputTokens: d.Limits.OutputTokens, ContextTokens: d.Limits.ContextTokens,
		},
	}
	for _, b := range d.Backends {
		made.Backends = append(made.Backends, backends[b])
	}
	return made
}

// created is the date that models show in lists. The file has none, and clients
// read it as a number only.
var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Upstream is the name of a model at the backend.
func (b *Backend) Upstream(model string) string {
	var names map[string]string
	switch {
	case b.OpenAI != nil:
		names = b.OpenAI.Models
	case b.Azure != nil:
		names = b.Azure.Deployments
	}
	if name := names[model]; name != "" {
		return name
	}
	return model
}

// Sessions puts the page's session lives into an identity configuration.
func (c *Config) Sessions(to *identity.Config) {
	if c.Page != nil {
		to.SessionIdle, to.SessionAbsolute = c.Page.SessionIdle, c.Page.SessionAbsolute
	}
}
