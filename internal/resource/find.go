package resource

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// Set are the resources of an installation, to be found by host name or by path
// prefix before anybody has authenticated.
type Set struct {
	byHost map[string]*Resource
	byPath []*Resource // longest prefix first
	bare   *Resource   // the one without host and path, or the only one
	all    []*Resource
}

// NewSet makes a set. Two resources with the same host or path, or two with
// neither, are an error: the tenant boundary must be unambiguous.
func NewSet(rs ...*Resource) (*Set, error) {
	s := &Set{byHost: map[string]*Resource{}, all: rs}
	for _, r := range rs {
		if err := s.add(r); err != nil {
			return nil, err
		}
	}
	if s.bare == nil && len(rs) == 1 {
		s.bare = rs[0]
	}
	return s, nil
}

func (s *Set) add(r *Resource) error {
	for _, h := range r.Hosts {
		h = strings.ToLower(h)
		if s.byHost[h] != nil {
			return fmt.Errorf("resources %q and %q have the same host", s.byHost[h].Name, r.Name)
		}
		s.byHost[h] = r
	}
	if r.Path != "" {
		return s.addPath(r)
	}
	if len(r.Hosts) > 0 {
		return nil
	}
	if s.bare != nil {
		return errors.New("only one resource may have neither host nor path")
	}
	s.bare = r
	return nil
}

func (s *Set) addPath(r *Resource) error {
	at := len(s.byPath)
	for i, other := range s.byPath {
		if other.Path == r.Path {
			return fmt.Errorf("resources %q and %q have the same path", other.Name, r.Name)
		}
		if len(r.Path) > len(other.Path) {
			at = min(at, i)
		}
	}
	s.byPath = append(s.byPath[:at], append([]*Resource{r}, s.byPath[at:]...)...)
	return nil
}

// Find returns the resource of a request and the path behind its prefix; nil
// when there is none. A resource that is found by host owns all its paths.
func (s *Set) Find(host, path string) (*Resource, string) {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if r := s.byHost[strings.ToLower(host)]; r != nil {
		if rest, ok := strings.CutPrefix(path, r.Path); ok && r.Path != "" && strings.HasPrefix(rest, "/") {
			return r, rest
		}
		return r, path
	}
	for _, r := range s.byPath {
		// A prefix counts only up to a slash: /ward is not the beginning of /wardrobe.
		if rest, ok := strings.CutPrefix(path, r.Path); ok && strings.HasPrefix(rest, "/") {
			return r, rest
		}
	}
	return s.bare, path
}

// All returns the resources in the order of the configuration.
func (s *Set) All() []*Resource { return s.all }

// Named returns the resource of that name, or nil.
func (s *Set) Named(name string) *Resource {
	for _, r := range s.all {
		if r.Name == name {
			return r
		}
	}
	return nil
}
