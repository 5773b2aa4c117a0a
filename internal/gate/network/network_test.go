package network_test

import (
	"net/netip"
	"strings"
	"testing"

	"sallyport/internal/gate/network"
	"sallyport/internal/resource"
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestClientAddr(t *testing.T) {
	trusted := prefixes("10.0.0.0/8", "fd00::/8")
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		want         string // "" is an error
	}{
		{"no proxy", "192.0.2.1", nil, "192.0.2.1"},
		{"a header that nobody trusted sent", "192.0.2.1", []string{"203.0.113.9"}, "192.0.2.1"},
		{"one proxy", "10.0.0.1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"a proxy by itself", "10.0.0.1", nil, "10.0.0.1"},
		{"the client wrote the left part", "10.0.0.1", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		{"the client wrote a header of its own", "10.0.0.1", []string{"127.0.0.1", "203.0.113.9"}, "203.0.113.9"},
		{"the client wrote junk", "10.0.0.1", []string{"'; drop table, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.0.0.1", []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"two proxies, two headers", "10.0.0.1", []string{"203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		{"proxies all the way", "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a client that names a trusted address", "10.0.0.1", []string{"10.0.0.9, 203.0.113.9"}, "203.0.113.9"},
		{"IPv4 in IPv6, remote", "::ffff:10.0.0.1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"IPv4 in IPv6, forwarded", "10.0.0.1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"with a port", "10.0.0.1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"IPv6 with a port", "10.0.0.1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"IPv6 in brackets", "10.0.0.1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"junk from the proxy", "10.0.0.1", []string{"unknown"}, ""},
		{"empty", "10.0.0.1", []string{""}, ""},
		{"empty last item", "10.0.0.1", []string{"203.0.113.9,"}, ""},
		{"octal", "10.0.0.1", []string{"0203.0.113.9"}, ""},
		{"a zone", "10.0.0.1", []string{"fe80::1%eth0"}, ""},
		{"a range", "10.0.0.1", []string{"203.0.113.0/24"}, ""},
		{"a chain without end", "10.0.0.1", []string{strings.Repeat("10.0.0.1,", 100) + "10.0.0.1"}, ""},
	} {
		got, err := network.ClientAddr(netip.MustParseAddr(tt.remote), tt.forwarded, trusted)
		if (err != nil) != (tt.want == "") || err == nil && got.String() != tt.want {
			t.Errorf("%s: %v, %v; want %q", tt.name, got, err, tt.want)
		}
	}
	if _, err := network.ClientAddr(netip.Addr{}, nil, nil); err == nil {
		t.Error("a connection without an address has one")
	}
}

func TestCheck(t *testing.T) {
	open := &resource.Resource{Network: resource.Network{Public: true}}
	some := &resource.Resource{Network: resource.Network{Public: true, Allow: prefixes("203.0.113.0/24"), Links: []string{"pe"}}}
	private := &resource.Resource{Network: resource.Network{Allow: prefixes("203.0.113.0/24"), Links: []string{"pe"}}}
	for _, tt := range []struct {
		r          *resource.Resource
		from, link string
		want       network.Place
	}{
		{nil, "203.0.113.1", "", network.PublicDisabled},
		{&resource.Resource{}, "203.0.113.1", "", network.PublicDisabled},
		{&resource.Resource{}, "203.0.113.1", "pe", network.LinkDenied},
		{open, "203.0.113.1", "", network.Allowed},
		{open, "203.0.113.1", "pe", network.LinkDenied},
		{open, "", "", network.PublicDisabled},
		{some, "203.0.113.1", "", network.Allowed},
		{some, "::ffff:203.0.113.1", "", network.Allowed},
		{some, "192.0.2.1", "", network.AddressDenied},
		{some, "192.0.2.1", "pe", network.Allowed},
		{some, "203.0.113.1", "other", network.LinkDenied},
		{private, "203.0.113.1", "", network.PublicDisabled},
		{private, "192.0.2.1", "pe", network.Allowed},
	} {
		var from netip.Addr
		if tt.from != "" {
			from = netip.MustParseAddr(tt.from)
		}
		if got := network.Check(tt.r, from, tt.link); got != tt.want {
			t.Errorf("%+v from %q by %q: %d, want %d", tt.r, tt.from, tt.link, got, tt.want)
		}
	}
}

func TestMask(t *testing.T) {
	for from, want := range map[string]string{
		"203.0.113.77": "203.0.113.0", "::ffff:203.0.113.77": "203.0.113.0",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1::", "fe80::1%eth0": "fe80::",
	} {
		if got := network.Mask(netip.MustParseAddr(from)); got != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
	if got := network.Mask(netip.Addr{}); got != "" {
		t.Errorf("no address: %q", got)
	}
}

func FuzzClientAddr(f *testing.F) {
	f.Add("203.0.113.9, 10.0.0.1")
	f.Add("[::1]:80,,")
	trusted := prefixes("10.0.0.0/8")
	f.Fuzz(func(t *testing.T, header string) {
		// Whatever a client writes to the left, the address that the proxy saw wins.
		got, err := network.ClientAddr(netip.MustParseAddr("10.0.0.1"), []string{header, "203.0.113.9"}, trusted)
		if err != nil || got.String() != "203.0.113.9" {
			t.Fatalf("%q: %v, %v", header, got, err)
		}
	})
}
