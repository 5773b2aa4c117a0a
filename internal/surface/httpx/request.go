package httpx

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"
)

// NewID returns a random GUID (version 4).
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// ClientID returns the caller's own request id if it is harmless in a header and
// on the record, else "".
func ClientID(s string) string {
	if s == "" || len(s) > 64 {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
			return ""
		}
	}
	return s
}

// Place is what a listener tells about the connections that it accepted.
type Place struct {
	Listener string
	Link     string         // name of the private link, "" on a public listener
	Proxies  []netip.Prefix // peers whose X-Forwarded-For is believed
}

type placeKey struct{}

// WithPlace marks ctx; a server's BaseContext does so once.
func WithPlace(ctx context.Context, p *Place) context.Context {
	return context.WithValue(ctx, placeKey{}, p)
}

// PlaceOf returns the listener's place. Without one it is public and believes no proxy.
func PlaceOf(ctx context.Context) Place {
	if p, ok := ctx.Value(placeKey{}).(*Place); ok {
		return *p
	}
	return Place{}
}

// ClientAddr is the address of the client. X-Forwarded-For is read from its
// right end and only as far as trusted proxies wrote it: everything further left
// is the caller's own invention. Something unreadable gives the zero address,
// which no network rule lets in.
func ClientAddr(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap().WithZone("")
	proxies := PlaceOf(r.Context()).Proxies
	if len(proxies) == 0 {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && within(addr, proxies); i-- {
		hop := strings.TrimSpace(hops[i])
		if hop == "" && len(hops) == 1 {
			return addr // no header at all: the proxy itself asks
		}
		next, err := netip.ParseAddr(hop)
		if err != nil {
			return netip.Addr{}
		}
		addr = next.Unmap().WithZone("")
	}
	return addr
}

// Secure reports whether the client's own connection has TLS: to us, or to a trusted
// proxy that says so. Links that a client follows with its key depend on it.
func Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && within(peer.Addr().Unmap().WithZone(""), PlaceOf(r.Context()).Proxies) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

func within(a netip.Addr, set []netip.Prefix) bool {
	for _, p := range set {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
