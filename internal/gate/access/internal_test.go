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

// A key of another account is kept out twice: nothing permits it, and a policy
// forbids it. Either alone does.
func TestEachFenceAroundAnAccountHolds(t *testing.T) {
	foreign := Request{
		Principal: identity.Principal{Kind: identity.Application, Resource: "theirs", Via: identity.Key},
		Action:    ChatCompletions, Resource: "ours",
	}
	own := foreign
	own.Resource = "theirs"
	const when = ") when { principal.account == resource.account };"
	const forbid = "forbid (principal is Application, action, resource)\n  unless { principal.account == resource.account };"
	for name, text := range map[string]string{
		"without the permit's condition": strings.Replace(string(policyText), when, ");", 1),
		"without the forbid":             strings.Replace(string(policyText), forbid, "forbid (principal is Application, action, resource) when { false };", 1),
	} {
		if text == string(policyText) {
			t.Fatalf("%s: the policies are written otherwise", name)
		}
		d, err := Open(t.Context(), Config{Table: &Memory{}})
		if err != nil {
			t.Fatal(err)
		}
		if d.policies, err = parsePolicies([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := d.Decide(t.Context(), foreign); got.Allow {
			t.Errorf("%s: another account's key: %+v", name, got)
		}
		if got := d.Decide(t.Context(), own); !got.Allow {
			t.Errorf("%s: its own key: %+v", name, got)
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
