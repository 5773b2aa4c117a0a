package pii

import (
	"net/netip"
	"strings"
)

// local marks what an address may hold before the @, domain after it.
func localByte(c byte) bool {
	return class[c]&isAlnum != 0 || strings.IndexByte("._%+-'&", c) >= 0 || c >= 0x80
}

func domainByte(c byte) bool { return class[c]&isAlnum != 0 || c == '-' || c == '.' || c >= 0x80 }

// email reads the address around the @ at i (RFC 5321: 64 before, 254 in all).
func (f *finder) email(i int) {
	start := i
	for start > 0 && i-start < 64 && localByte(f.text[start-1]) {
		start--
	}
	end := i + 1
	for end < len(f.text) && end-start < 254 && domainByte(f.text[end]) {
		end++
	}
	for start < i && strings.IndexByte(".'&-", f.text[start]) >= 0 {
		start++
	}
	for end > i+1 && (f.text[end-1] == '.' || f.text[end-1] == '-') {
		end--
	}
	domain := f.text[i+1 : end]
	dot := strings.LastIndexByte(domain, '.')
	if start == i || dot < 1 || len(domain)-dot < 3 || class[domain[len(domain)-1]]&(isLetter|isHigh) == 0 {
		return
	}
	f.add(Email, boundary(f.text, start), end, 0.95)
}

// boundary moves i forward to the beginning of a rune.
func boundary(s string, i int) int {
	for i < len(s) && s[i] >= 0x80 && s[i] < 0xC0 {
		i++
	}
	return i
}

// url reads the address whose "://" is at i.
func (f *finder) url(i int) {
	start := i
	for start > 0 && i-start < 12 && (class[f.text[start-1]]&isAlnum != 0 || f.text[start-1] == '+') {
		start--
	}
	switch f.lower[start:i] {
	case "http", "https", "ftp", "ftps", "sftp", "ssh", "ws", "wss", "git", "jdbc", "postgres", "postgresql", "mysql", "mongodb", "redis", "rediss", "amqp", "amqps", "mariadb", "sqlserver", "mssql", "oracle", "mongodb+srv", "smb", "s3", "ldap":
	default:
		return
	}
	end := i + 3
	for end < len(f.text) && f.text[end] > ' ' && strings.IndexByte("<>\"`{}|\\^", f.text[end]) < 0 {
		end++
	}
	for end > i+3 && strings.IndexByte(".,;:!?)]'*", f.text[end-1]) >= 0 {
		end--
	}
	if end > i+4 {
		f.add(URL, start, end, 0.9)
		f.login(i + 3)
	}
}

// login reads name:password@ at the beginning of what follows the "://". The
// password may hold what an address of the net may not.
func (f *finder) login(i int) {
	end := f.run(i, 160, func(c byte) bool { return c > ' ' && strings.IndexByte("<>\"'`/", c) < 0 })
	authority := f.text[i:end]
	at := strings.LastIndexByte(authority, '@')
	colon := strings.IndexByte(authority, ':')
	if !f.is(i+at+1, isAlnum) || colon < 1 || at < colon+2 || at-colon-1 > longest[Password] || colon > longest[Username] {
		return
	}
	f.add(Username, i, i+colon, 0.96)
	f.add(Password, i+colon+1, i+at, 0.96)
}

// hexAddress reads an IPv4, IPv6 or MAC address at i.
func (f *finder) hexAddress(i int) {
	if i > 0 && (f.is(i-1, isWord) || f.text[i-1] == ':' || f.text[i-1] == '.') {
		return
	}
	j, colons, dots, dashes := i, 0, 0, 0
	for j < len(f.text) && j-i < 46 {
		switch c := f.text[j]; {
		case c == ':':
			colons++
		case c == '.':
			dots++
		case c == '-':
			dashes++
		case class[c]&isHex == 0:
			goto done
		}
		j++
	}
done:
	for j > i && (f.text[j-1] == '.' || f.text[j-1] == '-' || f.text[j-1] == ':' && !strings.HasSuffix(f.text[i:j], "::")) {
		j--
	}
	if k := strings.IndexByte(f.text[i:j], ':'); dots == 3 && colons == 1 && k > 0 {
		j, colons = i+k, 0 // a port follows
	}
	if k := strings.LastIndexByte(f.text[i:j], ':'); colons == 8 && dashes == 0 && dots == 0 && k > 0 {
		j, colons = i+k, 7 // a port follows all eight groups
	}
	s := f.text[i:j]
	if f.is(j, isWord) && colons+dashes < 5 {
		return
	}
	switch {
	case len(s) >= 17 && (colons >= 5 || dashes >= 5) && mac(s[:17]) && !f.is(i+17, isWord) && (len(s) == 17 || s[17] != s[2]):
		f.add(MACAddress, i, i+17, 0.9)
	case dots == 3 && colons == 0 && dashes == 0:
		if a, err := netip.ParseAddr(s); err == nil && a.Is4() && !anybody(a) && !holds(f.lower, max(0, i-12), i, versionWords) {
			f.add(IPAddress, i, j, 0.9)
		}
	case colons >= 2 && dashes == 0 && !f.is(j, isWord) && len(s) >= 4 && strings.ContainsAny(s, "0123456789"):
		if a, err := netip.ParseAddr(s); err == nil && a.Is6() {
			f.add(IPAddress, i, j, 0.9)
		}
	}
}

// anybody reports whether an address is everyone's: no address, the machine
// itself, a mask or a broadcast.
func anybody(a netip.Addr) bool {
	b := a.As4()
	return a.IsUnspecified() || a.IsLoopback() || b[0] == 255
}

func mac(s string) bool {
	for k := range len(s) {
		if k%3 == 2 {
			if s[k] != s[2] || s[k] != ':' && s[k] != '-' {
				return false
			}
		} else if class[s[k]]&isHex == 0 {
			return false
		}
	}
	return true
}
