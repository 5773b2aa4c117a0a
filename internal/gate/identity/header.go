package identity

import (
	"net/http"
	"strings"
)

// FromHeader takes the one credential of an API request. A header given twice or
// two headers that disagree prove nothing: there must be no doubt about who asks.
func FromHeader(h http.Header) Credential {
	keys := append(h.Values("api-key"), h.Values("Ocp-Apim-Subscription-Key")...)
	all := keys
	for _, v := range h.Values("Authorization") {
		scheme, token, _ := strings.Cut(v, " ")
		if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") {
			token = "" // another scheme counts as a value that differs
		}
		all = append(all[:len(all):len(all)], token)
	}
	for _, v := range all {
		if v == "" || v != all[0] {
			return Credential{}
		}
	}
	switch {
	case len(keys) > 0:
		return Credential{Kind: Key, Secret: NewSecret(keys[0])}
	case len(all) > 0:
		return Credential{Kind: Bearer, Secret: NewSecret(all[0])}
	}
	return Credential{}
}
