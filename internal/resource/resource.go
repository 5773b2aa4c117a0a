// Package resource describes what an operator deployed: resources, deployments,
// backends, their regions and their provider terms, and computes which backends
// may lawfully serve a deployment. Pure: no I/O, no clock of its own.
package resource

import (
	"net/netip"
	"time"
)

// Region is where something runs or where data may be processed.
type Region struct {
	Name      string
	Geography string // e.g. "uk": the border that Standard deployments never cross
	Zone      string // e.g. "eu": the border of DataZoneStandard; may be empty
}

// Type is a deployment type. The zero Type is unknown: nothing is lawful for it.
type Type uint8

// The deployment types (reference/azure-openai.md, section 18).
const (
	UnknownType Type = iota
	Standard
	DataZoneStandard
	GlobalStandard
)

// Types are the configuration's words, by index of Type.
var Types = [...]string{"", "Standard", "DataZoneStandard", "GlobalStandard"}

func (t Type) String() string {
	if int(t) < len(Types) {
		return Types[t]
	}
	return ""
}

// Terms are what the provider of a backend promises. Without current terms a
// backend gets no traffic.
type Terms struct {
	Name        string
	SelfHosted  bool
	Owner       string
	Training    string // "never"
	Retention   string // "none" or a duration in words
	HumanReview string // "never"
	Document    string
	Expires     time.Time // the last moment at which the terms hold
}

// Current reports whether the terms hold at now and promise what is needed.
func (t Terms) Current(now time.Time) bool {
	if t.Expires.IsZero() || !now.Before(t.Expires) {
		return false
	}
	return t.SelfHosted || t.Training == "never"
}

// Backend is an upstream endpoint as far as policy sees it. How it is dialled is
// the adapter's business.
type Backend struct {
	Name   string
	Kind   string // "openai", "azure", "extractive"
	Region Region
	Terms  Terms
}

// Capability is what a model can do.
type Capability uint8

// The capabilities.
const (
	UnknownCapability Capability = iota
	Chat
	Embedding
)

// Model names a model as replies do.
type Model struct {
	Name, Version string
	Can           Capability
	Created       time.Time
}

// ID is the name in replies: the model with its version.
func (m Model) ID() string {
	if m.Version == "" {
		return m.Name
	}
	return m.Name + "-" + m.Version
}

// Limits of a deployment. Zero means no limit, except OutputTokens and ContextTokens, which are always set.
type Limits struct {
	TokensPerMinute   int
	RequestsPerMinute int
	OutputTokens      int // per choice
	ContextTokens     int
}

// Deployment is a named model in a resource.
type Deployment struct {
	Name     string
	Model    Model
	Type     Type
	Filter   string // name of the content filter
	Limits   Limits
	Backends []*Backend // in order of preference
}

// Network are a resource's network rules (reference/azure-openai.md, section 17).
// The zero Network lets nobody in.
type Network struct {
	Public bool           // false: only private links
	Allow  []netip.Prefix // with Public: these only; empty means all
	Links  []string       // names of private listeners
}

// Resource is the tenant boundary: keys, network rules, filters, deployments.
type Resource struct {
	Name      string
	Region    Region
	Hosts     []string // lower case, without port
	Path      string   // "" or "/ward": prefix of every path
	Network   Network
	LocalAuth bool // API keys are accepted
	// Requests a minute to the APIs that reach no model; 0 is no limit.
	SafetyRequests, LanguageRequests int
	Deployments                      map[string]*Deployment
}

// Unlawful says why no backend may serve.
type Unlawful uint8

// Why a backend may not serve.
const (
	Lawful Unlawful = iota
	NoBackend
	OutsideRegion
	TermsNotCurrent
)

// Lawful returns the backends that may serve d now, in order of preference. With
// none the reason is that of the last one looked at. Fail-over ranges over this
// set only, so it never crosses a border.
func (d *Deployment) Lawful(r *Resource, now time.Time) ([]*Backend, Unlawful) {
	var set []*Backend
	why := NoBackend
	for _, b := range d.Backends {
		switch {
		case !within(d.Type, r.Region, b.Region):
			why = OutsideRegion
		case !b.Terms.Current(now):
			why = TermsNotCurrent
		default:
			set = append(set, b)
		}
	}
	if len(set) > 0 {
		return set, Lawful
	}
	return nil, why
}

func within(t Type, home, at Region) bool {
	switch t {
	case Standard:
		return home.Geography != "" && home.Geography == at.Geography
	case DataZoneStandard:
		return home.Geography != "" && home.Geography == at.Geography || home.Zone != "" && home.Zone == at.Zone
	case GlobalStandard:
		return true
	}
	return false
}
