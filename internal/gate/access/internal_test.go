package access

import (
	"strings"
	"testing"

	"sallyport/internal/gate/identity"
)

// A policy that errs is skipped by Cedar: a forbid that asks for a fact which is
// missing would allow. Decide must deny.
func TestPolicyErrorDenies(t *testing.T) {
	for _, extra := range []string{
		`@id("x") forbid (principal, action, resource) when { context.mfa == "no" };`,
		`@id("x") forbid (principal, action, resource) unless { resource.nothing == "no" };`,
		`@id("x") permit (principal, action, resource) when { principal in resource.nothing };`,
	} {
		d, err := Open(t.Context(), Config{Table: &Memory{}})
		if err != nil {
			t.Fatal(err)
		}
		if d.policies, err = parsePolicies([]byte(string(policyText) + extra)); err != nil {
			t.Fatal(err)
		}
		p := identity.Principal{Kind: identity.Application, Resource: "ward", Via: identity.Key}
		got := d.Decide(t.Context(), Request{Principal: p, Action: ChatCompletions, Resource: "ward"})
		if got.Allow || got.Reason != Fault {
			t.Errorf("%s: %+v", extra, got)
		}
	}
}

// Every action that the policies name is one of ours, and each of ours is named:
// a misspelt action would permit nothing and forbid nothing.
func TestPoliciesNameOurActions(t *testing.T) {
	text := string(policyText)
	for _, a := range Actions {
		if !strings.Contains(text, `Action::"`+string(a)+`"`) {
			t.Errorf("no policy names %s", a)
		}
	}
	for rest := text; ; {
		_, after, ok := strings.Cut(rest, `Action::"`)
		if !ok {
			break
		}
		name, tail, _ := strings.Cut(after, `"`)
		if _, ok := actions[Action(name)]; !ok {
			t.Errorf("the policies name %q, which is no action", name)
		}
		rest = tail
	}
	for _, r := range Roles {
		if r.attribute() == "" {
			t.Errorf("%s has no attribute", r)
		}
	}
	if len(actions) != len(Actions) {
		t.Error("an action is listed twice")
	}
}

func TestPlacesAreBounded(t *testing.T) {
	d, err := Open(t.Context(), Config{Table: &Memory{}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		d.Decide(t.Context(), Request{Principal: identity.Principal{}, Action: ChatCompletions, Resource: "ward", Deployment: strings.Repeat("x", i)})
	}
	n := 0
	d.current.Load().places.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d places for one resource", n)
	}
}
