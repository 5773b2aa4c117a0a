package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
	"sallyport/internal/record/audit"
	"sallyport/internal/resource"
)

// admin is the Admin of the process that owns the state. Each change is on the
// record before its effect is shown.
type admin struct {
	record    *recorder
	directory *identity.Directory
	decider   *access.Decider
	resources func() *resource.Set // as configured now
	pageURL   string               // where people sign in; "" when no page is served
}

// put records an administrative operation before it is done: a change that could
// not be recorded is not made.
func (a *admin) put(ctx context.Context, operation, resource, target string) error {
	_, err := a.record.Append(ctx, audit.Entry{Kind: audit.Admin, Operation: operation, Resource: resource, Target: target, Surface: "command"})
	if err != nil {
		return fmt.Errorf("recording the change: %w", err)
	}
	return nil
}

// NewKey implements Admin.
func (a *admin) NewKey(ctx context.Context, name, slot string) (string, error) {
	r, err := a.resourceNamed(name)
	if err != nil {
		return "", err
	}
	s, err := identity.ParseSlot(slot)
	if err != nil {
		return "", err
	}
	if err := a.put(ctx, "key.regenerate", r.Name, s.String()); err != nil {
		return "", err
	}
	key, err := a.directory.NewKey(ctx, r.Name, s)
	if err != nil {
		return "", err
	}
	return key.Reveal(), nil
}

func (a *admin) resourceNamed(name string) (*resource.Resource, error) {
	all := a.resources().All()
	if name == "" && len(all) == 1 {
		return all[0], nil
	}
	if r := a.resources().Named(name); r != nil {
		return r, nil
	}
	if name == "" {
		return nil, errors.New("several resources are configured: name one with --resource")
	}
	return nil, fmt.Errorf("no resource %q is configured", name)
}

// AddRole implements Admin.
func (a *admin) AddRole(ctx context.Context, as access.Assignment) (Grant, error) {
	if err := a.exists(as.Scope); err != nil {
		return Grant{}, err
	}
	if err := a.known(as.Subject); err != nil {
		return Grant{}, err
	}
	if err := a.put(ctx, "role.add", "", as.ID()); err != nil {
		return Grant{}, err
	}
	return a.grant(as), a.decider.Add(ctx, as)
}

func (a *admin) grant(as access.Assignment) Grant {
	g := Grant{Assignment: as, ID: rowID(as.ID())[:shortID]}
	if as.Subject.Kind == access.PersonSubject {
		m, _ := a.directory.Member(as.Subject.ID)
		g.Name = m.Name
	}
	return g
}

// shortID is how many hex digits name an assignment: far more than two could share
// by chance, few enough to type.
const shortID = 12

// known refuses a person whom nobody made: the role would be nobody's. People of
// identity providers are known to their provider only.
func (a *admin) known(s access.Subject) error {
	if s.Kind != access.PersonSubject || strings.Contains(s.ID, ":") {
		return nil
	}
	if _, ok := a.directory.Member(s.ID); !ok {
		return errors.New("there is no person with this id; admin link makes people and tells their ids")
	}
	return nil
}

// exists refuses a scope that names nothing configured: the assignment would give
// nobody anything, and nobody would notice.
func (a *admin) exists(s access.Scope) error {
	parts := strings.Split(strings.Trim(s.String(), "/"), "/")
	if parts[0] == "" {
		return nil
	}
	r := a.resources().Named(parts[0])
	if r == nil {
		return fmt.Errorf("no resource %q is configured", parts[0])
	}
	if len(parts) > 1 && r.Deployments[parts[1]] == nil {
		return fmt.Errorf("resource %q has no deployment %q", parts[0], parts[1])
	}
	return nil
}

// RemoveRole implements Admin.
func (a *admin) RemoveRole(ctx context.Context, id string) (Grant, error) {
	for _, as := range a.decider.List() {
		g := a.grant(as)
		if g.ID != id && as.ID() != id {
			continue
		}
		if err := a.put(ctx, "role.remove", "", as.ID()); err != nil {
			return Grant{}, err
		}
		return g, a.decider.Remove(ctx, as.ID())
	}
	return Grant{}, access.ErrNotFound
}

// Roles implements Admin.
func (a *admin) Roles(context.Context) ([]Grant, error) {
	var out []Grant
	for _, as := range a.decider.List() {
		out = append(out, a.grant(as))
	}
	return out, nil
}

// NewLink implements Admin.
func (a *admin) NewLink(ctx context.Context, person string, groups []string) (Link, error) {
	if a.pageURL == "" {
		return Link{}, errors.New("no listener serves the page: add serves: [web] to one")
	}
	first := len(a.directory.Members()) == 0
	if person == "" {
		person = "Administrator"
	}
	m, err := a.member(ctx, person, groups)
	if err != nil {
		return Link{}, err
	}
	if first {
		// An administrator manages and reads nothing; to use the page is a right of its own.
		for _, role := range []access.Role{access.Administrator, access.ChatUser} {
			if _, err := a.AddRole(ctx, access.Assignment{Role: role, Subject: access.Subject{Kind: access.PersonSubject, ID: m.ID}, Scope: access.Installation()}); err != nil {
				return Link{}, err
			}
		}
	}
	url, err := a.link(ctx, m)
	return Link{URL: url, Person: m.ID, Name: m.Name}, err
}

// link mints a link for m. The record has it before the link exists.
func (a *admin) link(ctx context.Context, m identity.Member) (string, error) {
	if err := a.put(ctx, "session.link", "", ""); err != nil {
		return "", err
	}
	secret, err := a.directory.NewLink(ctx, m.ID, identity.LinkLife)
	if err != nil {
		return "", err
	}
	return a.pageURL + "/sign-in/" + url.PathEscape(secret.Reveal()), nil
}

// member returns the person of that name with at least these groups.
func (a *admin) member(ctx context.Context, name string, groups []string) (identity.Member, error) {
	for _, m := range a.directory.Members() {
		if m.Name != name {
			continue
		}
		if missing(m.Groups, groups) {
			if err := a.put(ctx, "person.groups", "", m.ID); err != nil {
				return m, err
			}
			err := a.directory.UpdateMember(ctx, m.ID, func(m *identity.Member) error {
				m.Groups = union(m.Groups, groups)
				return nil
			})
			return m, err
		}
		return m, nil
	}
	if err := a.put(ctx, "person.add", "", ""); err != nil {
		return identity.Member{}, err
	}
	return a.directory.NewMember(ctx, name, groups...)
}

func missing(have, want []string) bool {
	return slices.ContainsFunc(want, func(g string) bool { return !slices.Contains(have, g) })
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
