package access_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sallyport/internal/gate/access"
	"sallyport/internal/gate/identity"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func open(t testing.TB, as ...access.Assignment) *access.Decider {
	t.Helper()
	d, err := access.Open(t.Context(), access.Config{Table: &access.Memory{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range as {
		if err := d.Add(t.Context(), a); err != nil {
			t.Fatalf("Add(%v): %v", a, err)
		}
	}
	return d
}

func person(id string, groups ...string) identity.Principal {
	return identity.Principal{ID: id, Kind: identity.Person, Groups: groups, GroupsKnown: true, Via: identity.Session}
}

func key(resource string) identity.Principal {
	return identity.Principal{ID: resource + "/key1", Kind: identity.Application, Resource: resource, GroupsKnown: true, Via: identity.Key}
}

func to(id string) access.Subject    { return access.Subject{Kind: access.PersonSubject, ID: id} }
func group(id string) access.Subject { return access.Subject{Kind: access.GroupSubject, ID: id} }

// matrix asks every action for every role, and for those without one.
func matrix(t *testing.T) string {
	var b strings.Builder
	row := func(who string, d *access.Decider, p identity.Principal) {
		for _, a := range access.Actions {
			word := "-"
			if d.Decide(t.Context(), access.Request{Principal: p, Action: a, Resource: "ward", Deployment: "chat"}).Allow {
				word = "allow"
			}
			fmt.Fprintf(&b, "%-37s %-95s %s\n", who, a, word)
		}
	}
	for _, r := range access.Roles {
		d := open(t, access.Assignment{Role: r, Subject: to("p1"), Scope: access.Resource("ward")})
		row(string(r), d, person("p1"))
	}
	row("(person without a role)", open(t), person("p1"))
	token := person("p1")
	token.Via = identity.Bearer
	row("(token without a role)", open(t), token)
	row("(key of the resource)", open(t), key("ward"))
	row("(key of another resource)", open(t), key("pharmacy"))
	row("(nobody)", open(t), identity.Principal{})
	return b.String()
}

func TestMatrixOfActionsAndRoles(t *testing.T) {
	got := matrix(t)
	const file = "testdata/matrix.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the matrix changed; read it, and if it is right run with -update\n%s", got)
	}
}

func TestZeroValuesDeny(t *testing.T) {
	if (access.Decision{}).Allow {
		t.Error("the zero Decision allows")
	}
	d := open(t)
	if got := d.Decide(t.Context(), access.Request{}); got.Allow || got.Reason != access.NoAction {
		t.Errorf("zero Request: %+v", got)
	}
	if got := d.Decide(t.Context(), access.Request{Principal: person("p"), Action: "Microsoft.CognitiveServices/*", Resource: "ward"}); got.Allow {
		t.Errorf("an action outside the closed set is allowed: %+v", got)
	}
	for _, a := range access.Actions {
		if got := d.Decide(t.Context(), access.Request{Principal: key(""), Action: a}); got.Allow {
			t.Errorf("%s at an unknown resource by a key of none: %+v", a, got)
		}
		for _, kind := range []identity.PrincipalKind{identity.Nobody, 17} {
			p := identity.Principal{ID: "p1", Kind: kind, Via: identity.Session}
			if got := d.Decide(t.Context(), access.Request{Principal: p, Action: a, Resource: "ward"}); got.Allow {
				t.Errorf("%s by kind %d: %+v", a, kind, got)
			}
		}
		p := person("p1")
		p.Via = identity.None
		if got := d.Decide(t.Context(), access.Request{Principal: p, Action: a, Resource: "ward"}); got.Allow {
			t.Errorf("%s by somebody unproven: %+v", a, got)
		}
	}
}

// A person with every role in another resource, an installation whose keys exist
// there, and a group of that tenant: none of it opens anything here.
func TestSecondTenantGetsNothing(t *testing.T) {
	d := open(t)
	for _, r := range access.Roles {
		for _, s := range []access.Subject{to("mallory"), group("their-group")} {
			for _, scope := range []access.Scope{access.Resource("theirs"), access.Deployment("theirs", "chat")} {
				if err := d.Add(t.Context(), access.Assignment{Role: r, Subject: s, Scope: scope}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	mallory := person("mallory", "their-group")
	names := []string{"", "chat", "../theirs/chat", "theirs/chat", "/theirs", "chat|/theirs"}
	for _, a := range access.Actions {
		if a == access.Unsupported || a == access.SessionUse {
			continue // every person may: they show nothing of the resource
		}
		for _, dep := range names {
			r := access.Request{Principal: mallory, Action: a, Resource: "ours", Deployment: dep}
			if got := d.Decide(t.Context(), r); got.Allow {
				t.Errorf("%s %q by another tenant's person: %+v", a, dep, got)
			}
			r.Principal = key("theirs")
			if got := d.Decide(t.Context(), r); got.Allow {
				t.Errorf("%s %q by another tenant's key: %+v", a, dep, got)
			}
		}
		if got := d.Decide(t.Context(), access.Request{Principal: mallory, Action: a, Resource: "theirs", Deployment: "chat"}); !got.Allow && a != access.Unsupported {
			t.Errorf("%s in their own resource is refused: %+v", a, got)
		}
	}
}

func TestScopes(t *testing.T) {
	ask := access.Request{Principal: person("p1"), Action: access.ChatCompletions, Resource: "ward", Deployment: "chat"}
	for _, tt := range []struct {
		scope                     access.Scope
		deployment, other, models bool
	}{
		{access.Installation(), true, true, true},
		{access.Resource("ward"), true, true, true},
		{access.Deployment("ward", "chat"), true, false, false},
		{access.Resource("pharmacy"), false, false, false},
	} {
		d := open(t, access.Assignment{Role: access.OpenAIUser, Subject: to("p1"), Scope: tt.scope})
		if got := d.Decide(t.Context(), ask).Allow; got != tt.deployment {
			t.Errorf("%s: its deployment: %v", tt.scope, got)
		}
		other := ask
		other.Deployment = "other"
		if got := d.Decide(t.Context(), other).Allow; got != tt.other {
			t.Errorf("%s: another deployment: %v", tt.scope, got)
		}
		models := ask
		models.Action, models.Deployment = access.ModelsRead, ""
		if got := d.Decide(t.Context(), models).Allow; got != tt.models {
			t.Errorf("%s: models: %v", tt.scope, got)
		}
	}
	// A role on the resource is not hidden by one on the deployment.
	d := open(t,
		access.Assignment{Role: access.OpenAIUser, Subject: to("p1"), Scope: access.Resource("ward")},
		access.Assignment{Role: access.ChatUser, Subject: to("p2"), Scope: access.Deployment("ward", "chat")})
	if !d.Decide(t.Context(), ask).Allow {
		t.Error("an assignment on the deployment hid the one on its resource")
	}
}

func TestUnknownGroupsGiveNothing(t *testing.T) {
	d := open(t, access.Assignment{Role: access.OpenAIUser, Subject: group("nurses"), Scope: access.Resource("ward")})
	p := person("p1", "nurses", "others")
	r := access.Request{Principal: p, Action: access.ChatCompletions, Resource: "ward"}
	if !d.Decide(t.Context(), r).Allow {
		t.Fatal("a member of the group is refused")
	}
	r.Principal.GroupsKnown = false
	if got := d.Decide(t.Context(), r); got.Allow || got.Reason != access.Unknown {
		t.Errorf("stale groups: %+v", got)
	}
	// A person with the group's name is not the group.
	if d.Decide(t.Context(), access.Request{Principal: person("nurses"), Action: access.ChatCompletions, Resource: "ward"}).Allow {
		t.Error("a person named like a group has its rights")
	}
}

func TestRemoveHoldsAtOnce(t *testing.T) {
	a := access.Assignment{Role: access.ChatUser, Subject: to("p1"), Scope: access.Installation()}
	d := open(t, a)
	r := access.Request{Principal: person("p1"), Action: access.PageUse, Resource: "ward"}
	if !d.Decide(t.Context(), r).Allow {
		t.Fatal("refused with the role")
	}
	if err := d.Remove(t.Context(), a.ID()); err != nil {
		t.Fatal(err)
	}
	if d.Decide(t.Context(), r).Allow {
		t.Error("allowed after the role was removed")
	}
	if err := d.Remove(t.Context(), a.ID()); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("second Remove: %v", err)
	}
}

func TestWhyNamesEveryRoleThatWouldPermit(t *testing.T) {
	for _, a := range access.Actions {
		var roles []string
		for _, r := range access.Roles {
			p := person("p1")
			p.Via = identity.Bearer // sessions may always use themselves
			d := open(t, access.Assignment{Role: r, Subject: to("p1"), Scope: access.Installation()})
			if d.Decide(t.Context(), access.Request{Principal: p, Action: a, Resource: "ward"}).Allow {
				roles = append(roles, string(r))
			}
		}
		p := person("p2")
		p.Via = identity.Bearer
		got := open(t).Decide(t.Context(), access.Request{Principal: p, Action: a, Resource: "ward"})
		if got.Allow {
			continue // everybody may
		}
		if !slices.Equal(got.Why, roles) {
			t.Errorf("%s: Why is %q, the policies permit %q", a, got.Why, roles)
		}
	}
}

type broken struct{ access.Memory }

func (*broken) All(context.Context) ([]access.Assignment, error) { return nil, errors.New("disk") }

func TestNoTableNoDecider(t *testing.T) {
	if _, err := access.Open(t.Context(), access.Config{Table: &broken{}}); err == nil {
		t.Error("a table that cannot be read opened")
	}
	var m access.Memory
	m.Put(t.Context(), access.Assignment{Role: "Owner", Subject: to("p"), Scope: access.Installation()})
	if _, err := access.Open(t.Context(), access.Config{Table: &m}); err == nil {
		t.Error("an assignment of an unknown role was read over")
	}
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "ward", "//", "/ward/", "/a/b/c", "/ ward", "/ward//x"} {
		if s, err := access.ParseScope(bad); err == nil {
			t.Errorf("ParseScope(%q) = %v", bad, s)
		}
	}
	for _, good := range []string{"/", "/ward", "/ward/chat"} {
		if s, err := access.ParseScope(good); err != nil || s.String() != good {
			t.Errorf("ParseScope(%q) = %v, %v", good, s, err)
		}
	}
	for _, bad := range []string{"", "person:", "p1", "robot:x", "Group:x"} {
		if s, err := access.ParseSubject(bad); err == nil {
			t.Errorf("ParseSubject(%q) = %v", bad, s)
		}
	}
	if s, err := access.ParseSubject("person:entra:0f1"); err != nil || s.ID != "entra:0f1" || s.String() != "person:entra:0f1" {
		t.Errorf("ParseSubject: %v, %v", s, err)
	}
	for _, bad := range []access.Assignment{
		{}, {Role: access.ChatUser, Subject: to("p")}, {Role: access.ChatUser, Scope: access.Installation()},
		{Subject: to("p"), Scope: access.Installation()},
	} {
		if err := open(t).Add(t.Context(), bad); err == nil {
			t.Errorf("Add(%+v) succeeded", bad)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	var as []access.Assignment
	for i := range 200 {
		as = append(as, access.Assignment{Role: access.OpenAIUser, Subject: to(fmt.Sprint("p", i)), Scope: access.Resource(fmt.Sprint("r", i%10))})
	}
	as = append(as, access.Assignment{Role: access.OpenAIUser, Subject: group("nurses"), Scope: access.Resource("ward")})
	d := open(b, as...)
	for name, p := range map[string]identity.Principal{"key": key("ward"), "group": person("p9", "a", "b", "nurses")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r := access.Request{Principal: p, Action: access.ChatCompletions, Resource: "ward", Deployment: "chat"}
			for b.Loop() {
				if !d.Decide(context.Background(), r).Allow {
					b.Fatal("refused")
				}
			}
		})
	}
}
