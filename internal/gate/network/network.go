// Package network says where a caller comes from and whether a resource lets it
// in from there (reference/azure-openai.md, section 17). Pure: no I/O.
package network

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sallyport/internal/resource"
)

// ErrForwarded says that a trusted proxy sent a chain of addresses that cannot
// be read. The request is refused: guessing would let a caller pick its address.
var ErrForwarded = errors.New("X-Forwarded-For cannot be read")

// maxHops bounds the chain that is looked at. No real chain is that long, and an
// attacker controls its left part.
const maxHops = 32

// ClientAddr is the address of the client: the right-most address of the chain
// (the X-Forwarded-For headers in order, then the connection's own address) that
// is not a trusted proxy. What stands to the left of it was written by the
// client and is not even read. Without trusted proxies it is the connection's
// address, whatever the header says.
func ClientAddr(remote netip.Addr, forwarded []string, trusted []netip.Prefix) (netip.Addr, error) {
	if !remote.IsValid() {
		return netip.Addr{}, fmt.Errorf("the connection has no address: %w", ErrForwarded)
	}
	at := plain(remote)
	hops := 0
	for i := len(forwarded) - 1; i >= 0; i-- {
		rest, more := forwarded[i], true
		for more {
			if !within(trusted, at) {
				return at, nil
			}
			if hops++; hops > maxHops {
				return netip.Addr{}, ErrForwarded
			}
			var item string
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, item = rest[:comma], rest[comma+1:]
			} else {
				rest, item, more = "", rest, false
			}
			next, err := parse(strings.Trim(item, " \t"))
			if err != nil {
				return netip.Addr{}, err
			}
			at = next
		}
	}
	return at, nil
}

// parse reads one hop: an address, or an address with a port as some proxies
// write it. Zones are refused: they mean nothing off the machine that wrote them.
func parse(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		var ap netip.AddrPort
		if ap, err = netip.ParseAddrPort(s); err == nil {
			a = ap.Addr()
		} else if inner, ok := strings.CutPrefix(s, "["); ok {
			a, err = netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		}
	}
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, ErrForwarded
	}
	return plain(a), nil
}

// plain is a without the IPv4-in-IPv6 form and without a zone, so that one
// client has one address and rules for IPv4 hold on a dual-stack listener.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func within(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Place is whether a resource may be used from where the caller is. The zero
// Place refuses.
type Place uint8

// The places.
const (
	PublicDisabled Place = iota // public access is disabled
	AddressDenied               // the address is not in the rules
	LinkDenied                  // the private listener is not approved
	Allowed
)

// Check applies r's network rules. link is the name of the private listener the
// request came through, "" for a public one. A private listener that r does not
// name is no way in even while public access is open: an operator who put a
// resource on one network did not mean all of them.
func Check(r *resource.Resource, from netip.Addr, link string) Place {
	if r == nil || !from.IsValid() {
		return PublicDisabled
	}
	if link != "" {
		if slices.Contains(r.Network.Links, link) {
			return Allowed
		}
		return LinkDenied
	}
	if !r.Network.Public {
		return PublicDisabled
	}
	if len(r.Network.Allow) > 0 && !within(r.Network.Allow, plain(from)) {
		return AddressDenied
	}
	return Allowed
}

// Mask is how an address appears on the record: without its last octet, or the
// last 80 bits of IPv6, so that it names a network and not a person's device.
func Mask(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	a = plain(a)
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.Addr().String()
}
