package config

import (
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/resource"
)

// The names that stand where the file gives none.
const (
	DefaultRegion  = "onsite"
	DefaultFilter  = "default"
	DefaultBackend = "quotes"
	// SelfHosted names the terms of the embedded answerer and of servers on loopback:
	// no provider, so nothing that could expire.
	SelfHosted = "self-hosted"
)

// fill puts in what depends on other parts of the file.
func (r *reader) fill(c *Config, now time.Time) {
	if c.Seal.KeyFile == "" && c.DataDir != "" {
		c.Seal.KeyFile = filepath.Join(c.DataDir, "key")
	}
	if len(c.Listeners) == 0 && !r.has("listeners") {
		public := &Listener{Address: "127.0.0.1:8080", Serves: []string{"api"}}
		if c.Page != nil {
			public.Serves = []string{"api", "web"}
		}
		c.Listeners = map[string]*Listener{"public": public, "ops": {Address: "127.0.0.1:9090", Serves: []string{"health", "metrics"}}}
	}
	if len(c.Regions) == 0 {
		c.Regions = map[string]*Region{DefaultRegion: {Geography: DefaultRegion}}
	}
	if len(c.Backends) == 0 {
		c.Backends = map[string]*Backend{DefaultBackend: {Extractive: &Extractive{}}}
	}
	if c.Filters == nil {
		c.Filters = map[string]*Filter{}
	}
	if c.Filters[DefaultFilter] == nil {
		f := &Filter{}
		r.standardsOf(f)
		c.Filters[DefaultFilter] = f
	}
	for _, f := range c.Filters {
		// What shields look for is in prompts.
		f.Answer.Jailbreak, f.Answer.IndirectAttack = "off", "off"
	}
	r.fillBackends(c, now)
	for _, res := range c.Resources {
		res.Region = r.only(res.Region, c.Regions)
		for _, d := range res.Deployments {
			if len(d.Backends) == 0 && len(c.Backends) == 1 {
				d.Backends = slices.Collect(maps.Keys(c.Backends))
			}
		}
	}
	for name, col := range c.Collections {
		col.Region = r.only(col.Region, c.Regions)
		if col.Name == "" {
			col.Name = name
		}
	}
	r.fillPage(c)
}

func (r *reader) fillBackends(c *Config, now time.Time) {
	for _, b := range c.Backends {
		b.Region = r.only(b.Region, c.Regions)
		local := b.Extractive != nil || b.OpenAI != nil && onLoopback(b.OpenAI.Endpoint)
		if b.Terms != "" || !local {
			continue
		}
		b.Terms = SelfHosted
		if c.Terms == nil {
			c.Terms = map[string]*Terms{}
		}
		if c.Terms[SelfHosted] == nil {
			c.Terms[SelfHosted] = &Terms{SelfHosted: true, Owner: "the operator", Expires: Date{now.AddDate(100, 0, 0)}}
		}
	}
}

func (r *reader) fillPage(c *Config) {
	p := c.Page
	if p == nil {
		return
	}
	if p.Resource == "" && len(c.Resources) == 1 {
		p.Resource = onlyKey(c.Resources)
	}
	res := c.Resources[p.Resource]
	if p.Deployment != "" || res == nil {
		return
	}
	var chats []string
	for name, d := range res.Deployments {
		if d.Model.Kind == "chat" {
			chats = append(chats, name)
		}
	}
	if len(chats) == 1 {
		p.Deployment = chats[0]
	}
}

func (r *reader) standardsOf(f *Filter) {
	// A filter that the file does not have has all its defaults.
	inner := &reader{lines: map[string]int{}}
	inner.structure(nil, valueOf(f), "", 0)
}

// only is the name given, or that of the only region.
func (r *reader) only(name string, regions map[string]*Region) string {
	if name == "" && len(regions) == 1 {
		return onlyKey(regions)
	}
	return name
}

func onlyKey[V any](m map[string]V) string {
	for k := range m {
		return k
	}
	return ""
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// refers checks a name that refers to something.
func refers[V any](r *reader, key, name, what string, to map[string]V) bool {
	if _, ok := to[name]; ok {
		return true
	}
	there := "there is none"
	if len(to) > 0 {
		there = "there are: " + strings.Join(keys(to), ", ")
	}
	if name == "" {
		r.found(key, "must name %s; %s", what, there)
	} else {
		r.found(key, "names no %s; %s", strings.TrimPrefix(what, "a "), there)
	}
	return false
}

// check finds what is wrong between the parts of the file.
func (r *reader) check(c *Config, now time.Time) {
	r.checkListeners(c)
	r.checkIdentities(c)
	r.checkTerms(c, now)
	r.checkBackends(c)
	r.checkFilters(c)
	r.checkResources(c, now)
	r.checkCollections(c)
	r.checkPage(c)
	if c.Proxy != "" {
		r.address("proxy", c.Proxy, true)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./_-]{0,99}$`).MatchString(c.Audit.Origin) {
		r.found("audit.origin", "letters, digits, dots, dashes and slashes are expected, as in ai.example/ward-1")
	}
}

func (r *reader) checkListeners(c *Config) {
	seen, links := map[string]string{}, map[string]string{}
	web := false
	for _, name := range keys(c.Listeners) {
		l, key := c.Listeners[name], join("listeners", name)
		web = web || slices.Contains(l.Serves, "web")
		if l.Serves != nil && len(l.Serves) == 0 {
			r.found(join(key, "serves"), "names nothing; here may stand: api, web, health, metrics")
		}
		if l.Address != "" {
			r.checkAddress(l, key)
			if other := seen[l.Address]; other != "" && !strings.HasSuffix(l.Address, ":0") {
				r.found(join(key, "address"), "is that of listener %s too", other)
			}
			seen[l.Address] = name
		}
		if l.Link != "" {
			if !validName(l.Link) {
				r.found(join(key, "link"), "a name is expected")
			}
			if other := links[l.Link]; other != "" {
				r.found(join(key, "link"), "is that of listener %s too", other)
			}
			links[l.Link] = name
		}
		r.prefixes(join(key, "trusted_proxies"), l.TrustedProxies)
	}
	if web && c.Page == nil {
		r.found("page", "missing: a listener serves web")
	}
}

func (r *reader) checkAddress(l *Listener, key string) {
	host, port, err := net.SplitHostPort(l.Address)
	if _, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil {
		r.found(join(key, "address"), "HOST:PORT is expected, as in 127.0.0.1:8080 or :443")
		return
	}
	open := slices.Contains(l.Serves, "api") || slices.Contains(l.Serves, "web")
	if l.TLS == nil && open && !isLoopback(host) {
		r.found(join(key, "tls"), "missing: api and web are served without TLS on loopback only")
	}
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

func onLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && isLoopback(u.Hostname())
}

func (r *reader) prefixes(key string, list []string) {
	for i, s := range list {
		if _, err := parsePrefix(s); err != nil {
			r.found(indexed(key, i), "an address or a network is expected, as in 192.0.2.7 or 192.0.2.0/24")
		}
	}
}

// address checks a URL and returns it, or nil.
func (r *reader) address(key, s string, plain bool) *url.URL {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "":
		r.found(key, "a URL is expected, as in https://host.example")
	case u.User != nil:
		r.found(key, "has a user or password in it: secrets are not written into this file")
	case u.Scheme == "http" && !plain && !isLoopback(u.Hostname()):
		return u // the caller has the words
	default:
		return u
	}
	return nil
}

func (r *reader) checkIdentities(c *Config) {
	issuers := map[string]string{}
	for _, name := range keys(c.Identities) {
		o, key := &c.Identities[name].OIDC, join(join("identities", name), "oidc")
		if o.Issuer == "" {
			continue
		}
		if u := r.address(join(key, "issuer"), o.Issuer, false); u != nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
			r.found(join(key, "issuer"), "https is expected: who sits between could make tokens")
		}
		if other := issuers[o.Issuer]; other != "" {
			r.found(join(key, "issuer"), "is that of identity %s too", other)
		}
		issuers[o.Issuer] = name
	}
}

func (r *reader) checkTerms(c *Config, now time.Time) {
	for _, name := range keys(c.Terms) {
		t, key := c.Terms[name], join("terms", name)
		if !t.Expires.IsZero() && !now.Before(t.Expires.Time) {
			r.found(join(key, "expires"), "these terms have expired: a backend under them gets no traffic")
		}
		if !t.SelfHosted && t.Training != "never" {
			r.found(key, "say neither self_hosted: true nor training: never: a backend under them gets no traffic")
		}
		if t.SelfHosted && t.Owner == "" {
			r.found(join(key, "owner"), "missing: self-hosted terms name who answers for them")
		}
	}
}

func (r *reader) checkBackends(c *Config) {
	for _, name := range keys(c.Backends) {
		b, key := c.Backends[name], join("backends", name)
		kinds := 0
		if b.OpenAI != nil {
			kinds++
			r.checkUpstream(join(key, "openai"), b.OpenAI.Endpoint, b.OpenAI.AllowHTTP, b.OpenAI.Models)
		}
		if b.Azure != nil {
			kinds++
			r.checkUpstream(join(key, "azure"), b.Azure.Endpoint, false, b.Azure.Deployments)
			if !regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-preview)?$`).MatchString(b.Azure.APIVersion) {
				r.found(join(key, "azure.api_version"), "a date is expected, as in 2024-10-21 or 2024-10-01-preview")
			}
		}
		if b.Extractive != nil {
			kinds++
		}
		if kinds != 1 {
			r.found(key, "must have exactly one of azure, extractive, openai")
		}
		refers(r, join(key, "region"), b.Region, "a region", c.Regions)
		refers(r, join(key, "terms"), b.Terms, "provider terms", c.Terms)
	}
}

func (r *reader) checkUpstream(key, endpoint string, allowHTTP bool, names map[string]string) {
	if endpoint == "" {
		return
	}
	u := r.address(join(key, "endpoint"), endpoint, allowHTTP)
	if u != nil && u.Scheme == "http" && !allowHTTP && !isLoopback(u.Hostname()) {
		r.found(join(key, "endpoint"), "prompts would travel in the clear: https is expected, or allow_http: true for a wire that nobody else can read")
	}
}

func (r *reader) checkFilters(c *Config) {
	types := personalWords()
	for _, name := range keys(c.Filters) {
		f, key := c.Filters[name], join("filters", name)
		for _, shield := range []string{"jailbreak", "indirect_attack"} {
			if at := join(key, "answer."+shield); r.has(at) {
				r.found(at, "is looked for in prompts; it stands under prompt")
			}
		}
		for i, list := range f.Blocklists {
			refers(r, indexed(join(key, "blocklists"), i), list, "a blocklist", c.Blocklists)
		}
		for i, list := range f.Managed {
			if !listForm.MatchString(list) {
				r.found(indexed(join(key, "managed_blocklists"), i), "1 to 64 letters, digits and the signs . _ ~ - are expected")
			}
		}
		r.checkPersonal(join(key, "personal_data.prompt"), f.PersonalData.Prompt, types)
		r.checkPersonal(join(key, "personal_data.answer"), f.PersonalData.Answer, types)
	}
}

func (r *reader) checkPersonal(key string, rules map[string]string, types []string) {
	for _, t := range keys(rules) {
		if !slices.Contains(types, t) {
			if near := nearest(t, types); near != "" {
				r.found(join(key, t), "no such type; did you mean %s?", near)
			} else {
				r.found(join(key, t), "no such type; there are: %s", strings.Join(types, ", "))
			}
		}
	}
}

var (
	listForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,64}$`)
	hostForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	pathForm = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._-]*)+$`)
)

// taken are first steps of paths that surfaces have.
var taken = []string{"openai", "contentsafety", "language", "text", "v1", "healthz", "readyz", "livez", "metrics", "chat", "api", "assets", "static", "signin", "sign-in", "admin"}

func (r *reader) checkResources(c *Config, now time.Time) {
	if r.has("resources") && len(c.Resources) == 0 {
		r.found("resources", "at least one is expected")
	}
	hosts, paths, bare := map[string]string{}, map[string]string{}, ""
	links := map[string]bool{}
	for _, l := range c.Listeners {
		if l.Link != "" {
			links[l.Link] = true
		}
	}
	for _, name := range keys(c.Resources) {
		res, key := c.Resources[name], join("resources", name)
		for i, h := range res.Hosts {
			at := indexed(join(key, "hosts"), i)
			if _, err := netip.ParseAddr(h); err != nil && (!hostForm.MatchString(h) || len(h) > 253) {
				r.found(at, "a host name in lower case without port is expected, as in ward.ai.example")
			}
			if other := hosts[h]; other != "" {
				r.found(at, "is a host of resource %s too", other)
			}
			hosts[h] = name
		}
		switch {
		case res.Path != "":
			r.checkPath(join(key, "path"), name, res.Path, paths)
		case len(res.Hosts) == 0 && bare != "":
			r.found(key, "has neither hosts nor path, as resource %s has neither: one only may", bare)
		case len(res.Hosts) == 0:
			bare = name
		}
		r.prefixes(join(key, "network.allow"), res.Network.Allow)
		for i, l := range res.Network.Links {
			refers(r, indexed(join(key, "network.links"), i), l, "a link of a listener", links)
		}
		home := refers(r, join(key, "region"), res.Region, "a region", c.Regions)
		if r.has(join(key, "deployments")) && len(res.Deployments) == 0 {
			r.found(join(key, "deployments"), "at least one is expected")
		}
		for _, d := range keys(res.Deployments) {
			r.checkDeployment(c, res, res.Deployments[d], join(join(key, "deployments"), d), home)
		}
	}
}

func (r *reader) checkPath(key, name, path string, paths map[string]string) {
	if !pathForm.MatchString(path) {
		r.found(key, "a path is expected, as in /ward")
		return
	}
	if first := strings.Split(path, "/")[1]; slices.Contains(taken, strings.ToLower(first)) {
		r.found(key, "begins as a surface does; take another")
	}
	if other := paths[path]; other != "" {
		r.found(key, "is the path of resource %s too", other)
	}
	paths[path] = name
}

func (r *reader) checkDeployment(c *Config, res *Resource, d *Deployment, key string, home bool) {
	refers(r, join(key, "filter"), d.Filter, "a filter", c.Filters)
	l := d.Limits
	if l.TokensPerMinute > 0 && l.OutputTokens > l.TokensPerMinute {
		r.found(join(key, "limits.tokens_per_minute"), "is less than output_tokens (%d): a request that names no limit of its own could never be served", l.OutputTokens)
	}
	if l.OutputTokens > l.ContextTokens {
		r.found(join(key, "limits.output_tokens"), "is more than context_tokens (%d)", l.ContextTokens)
	}
	if len(d.Backends) == 0 {
		refers(r, join(key, "backends"), "", "a backend", c.Backends)
		return
	}
	var known []string
	for i, name := range d.Backends {
		at := indexed(join(key, "backends"), i)
		if !refers(r, at, name, "a backend", c.Backends) {
			continue
		}
		if slices.Contains(known, name) {
			r.found(at, "is named twice")
		}
		known = append(known, name)
	}
	if home && len(known) == len(d.Backends) {
		r.checkBorders(c, res, d, key)
	}
}

// checkBorders asks the same computation that the gate asks, without the terms,
// which have their own findings.
func (r *reader) checkBorders(c *Config, res *Resource, d *Deployment, key string) {
	at := time.Unix(0, 0)
	whole := &resource.Resource{Region: c.region(res.Region)}
	for i, name := range d.Backends {
		b := c.Backends[name]
		if at := c.Regions[b.Region]; at == nil || at.Geography == "" || whole.Region.Geography == "" {
			return // a finding already
		}
		one := &resource.Deployment{Type: deploymentType(d.Type), Backends: []*resource.Backend{{
			Region: c.region(b.Region), Terms: resource.Terms{SelfHosted: true, Expires: at.Add(1)},
		}}}
		if _, why := one.Lawful(whole, at); why != resource.Lawful {
			r.found(indexed(join(key, "backends"), i), "is in region %s, and a %s deployment of region %s may not be served from there", b.Region, d.Type, res.Region)
		}
	}
}

func (r *reader) checkCollections(c *Config) {
	for _, name := range keys(c.Collections) {
		col, key := c.Collections[name], join("collections", name)
		refers(r, join(key, "region"), col.Region, "a region", c.Regions)
		if !filepath.IsLocal(col.Access) {
			r.found(join(key, "access"), "a file inside the folder is expected")
		}
	}
}

func (r *reader) checkPage(c *Config) {
	p := c.Page
	if p == nil {
		return
	}
	if refers(r, "page.resource", p.Resource, "a resource", c.Resources) {
		deployments := c.Resources[p.Resource].Deployments
		if refers(r, "page.deployment", p.Deployment, "a deployment", deployments) && deployments[p.Deployment].Model.Kind != "chat" {
			r.found("page.deployment", "is not of a chat model")
		}
	}
	if p.URL != "" {
		if u := r.address("page.url", p.URL, false); u != nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
			r.found("page.url", "https is expected: sign-in links would travel in the clear")
		}
	}
	if p.SessionIdle > p.SessionAbsolute {
		r.found("page.session_idle", "is longer than session_absolute")
	}
}
