package resource_test

import (
	"testing"
	"time"

	"sallyport/internal/resource"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

var (
	uk     = resource.Region{Name: "uksouth", Geography: "uk"}
	onsite = resource.Region{Name: "onsite", Geography: "uk"}
	se     = resource.Region{Name: "swedencentral", Geography: "se", Zone: "eu"}
	de     = resource.Region{Name: "germanywest", Geography: "de", Zone: "eu"}
	us     = resource.Region{Name: "eastus", Geography: "us"}
)

func backend(name string, at resource.Region, t resource.Terms) *resource.Backend {
	return &resource.Backend{Name: name, Region: at, Terms: t}
}

var own = resource.Terms{SelfHosted: true, Expires: now.Add(time.Hour)}

func TestLawfulByBorder(t *testing.T) {
	for _, tt := range []struct {
		typ      resource.Type
		home, at resource.Region
		want     bool
	}{
		{resource.Standard, uk, uk, true},
		{resource.Standard, uk, onsite, true}, // another region of the geography
		{resource.Standard, se, de, false},    // the same zone is not enough
		{resource.Standard, uk, us, false},
		{resource.Standard, resource.Region{}, resource.Region{}, false}, // unknown is not the same
		{resource.DataZoneStandard, se, de, true},
		{resource.DataZoneStandard, uk, onsite, true},
		{resource.DataZoneStandard, uk, us, false}, // both without a zone
		{resource.DataZoneStandard, se, us, false},
		{resource.DataZoneStandard, resource.Region{}, resource.Region{}, false},
		{resource.GlobalStandard, uk, us, true},
		{resource.UnknownType, uk, uk, false},
		{resource.Type(99), uk, uk, false},
	} {
		d := &resource.Deployment{Type: tt.typ, Backends: []*resource.Backend{backend("b", tt.at, own)}}
		set, why := d.Lawful(&resource.Resource{Region: tt.home}, now)
		if (len(set) == 1) != tt.want || (why == resource.Lawful) != tt.want {
			t.Errorf("%v from %s to %s: %v, %d", tt.typ, tt.home.Name, tt.at.Name, set, why)
		}
	}
}

func TestLawfulKeepsTheOrderAndSaysWhy(t *testing.T) {
	old := resource.Terms{SelfHosted: true, Expires: now}
	r := &resource.Resource{Region: uk}
	d := &resource.Deployment{Type: resource.Standard}
	if set, why := d.Lawful(r, now); len(set) != 0 || why != resource.NoBackend {
		t.Errorf("none: %v, %d", set, why)
	}
	d.Backends = []*resource.Backend{backend("far", us, own), backend("old", uk, old)}
	if set, why := d.Lawful(r, now); len(set) != 0 || why != resource.TermsNotCurrent {
		t.Errorf("old: %v, %d", set, why)
	}
	d.Backends = append(d.Backends, backend("a", onsite, own), backend("far2", se, own), backend("b", uk, own))
	set, why := d.Lawful(r, now)
	if why != resource.Lawful || len(set) != 2 || set[0].Name != "a" || set[1].Name != "b" {
		t.Errorf("%v, %d", set, why)
	}
}

func TestTermsCurrent(t *testing.T) {
	for _, tt := range []struct {
		terms resource.Terms
		want  bool
	}{
		{resource.Terms{}, false},
		{resource.Terms{SelfHosted: true}, false}, // without an end they are nobody's promise
		{resource.Terms{SelfHosted: true, Expires: now}, false},
		{resource.Terms{SelfHosted: true, Expires: now.Add(1)}, true},
		{resource.Terms{Training: "never", Expires: now.Add(1)}, true},
		{resource.Terms{Training: "sometimes", Expires: now.Add(1)}, false},
		{resource.Terms{Expires: now.Add(1)}, false},
	} {
		if got := tt.terms.Current(now); got != tt.want {
			t.Errorf("%+v: %v", tt.terms, got)
		}
	}
}

func TestTypeWords(t *testing.T) {
	if resource.Standard.String() != "Standard" || resource.UnknownType.String() != "" || resource.Type(200).String() != "" {
		t.Error("words of types")
	}
	if got := (resource.Model{Name: "gpt-4o", Version: "2024-11-20"}).ID(); got != "gpt-4o-2024-11-20" {
		t.Errorf("ID: %s", got)
	}
	if got := (resource.Model{Name: "m"}).ID(); got != "m" {
		t.Errorf("ID: %s", got)
	}
}

func TestFind(t *testing.T) {
	ward := &resource.Resource{Name: "ward", Hosts: []string{"Ward.ai.example"}}
	deep := &resource.Resource{Name: "deep", Path: "/ward/night"}
	path := &resource.Resource{Name: "path", Path: "/ward"}
	both := &resource.Resource{Name: "both", Hosts: []string{"both.example"}, Path: "/both"}
	bare := &resource.Resource{Name: "bare"}
	s, err := resource.NewSet(ward, path, deep, both, bare)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ host, path, name, rest string }{
		{"ward.ai.example", "/openai/x", "ward", "/openai/x"},
		{"WARD.ai.example:443", "/ward/x", "ward", "/ward/x"}, // a host owns all its paths
		{"x", "/ward/openai", "path", "/openai"},
		{"x", "/ward/night/openai", "deep", "/openai"},
		{"x", "/wardrobe", "bare", "/wardrobe"},
		{"x", "/ward", "bare", "/ward"},
		{"both.example", "/both/openai", "both", "/openai"},
		{"both.example", "/openai", "both", "/openai"},
		{"", "/", "bare", "/"},
		{"[::1]:8080", "/openai", "bare", "/openai"},
	} {
		r, rest := s.Find(tt.host, tt.path)
		if r == nil || r.Name != tt.name || rest != tt.rest {
			t.Errorf("%s%s: %+v, %s", tt.host, tt.path, r, rest)
		}
	}
	if s.Named("deep") != deep || s.Named("nothing") != nil || len(s.All()) != 5 {
		t.Error("Named, All")
	}
}

func TestOneResourceOwnsBarePaths(t *testing.T) {
	one := &resource.Resource{Name: "one", Hosts: []string{"one.example"}}
	s, err := resource.NewSet(one)
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := s.Find("127.0.0.1:8080", "/openai"); r != one {
		t.Errorf("%+v", r)
	}
	two := &resource.Resource{Name: "two", Hosts: []string{"two.example"}}
	if s, err = resource.NewSet(one, two); err != nil {
		t.Fatal(err)
	}
	if r, _ := s.Find("three.example", "/openai"); r != nil {
		t.Errorf("of two resources by host, a third host finds %+v", r)
	}
}

func TestAmbiguousSets(t *testing.T) {
	for name, rs := range map[string][]*resource.Resource{
		"hosts":    {{Name: "a", Hosts: []string{"x"}}, {Name: "b", Hosts: []string{"X"}}},
		"paths":    {{Name: "a", Path: "/x"}, {Name: "b", Path: "/x"}},
		"two bare": {{Name: "a"}, {Name: "b"}},
	} {
		if _, err := resource.NewSet(rs...); err == nil {
			t.Errorf("%s: made", name)
		}
	}
}
