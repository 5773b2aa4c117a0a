package config

import (
	"maps"
	"slices"

	"sallyport/guard/pii"
)

// All is the word for every type of personal data: names, dates, places and
// addresses of the net included.
const All = "all"

// PersonalGroups are words for several types of personal data. No type is in two.
var PersonalGroups = map[string][]string{
	"names": {pii.Person, pii.PersonType, pii.Organization, pii.Location, pii.Address, pii.Username},
	"dates": {pii.Date, pii.DateOfBirth, pii.Age},
	"secrets": {
		pii.APIKey, pii.AWSAccessKey, pii.AzureStorageKey, pii.AzureSAS, pii.AzureServiceBus, pii.AzureRedis, pii.AzureCosmosKey, pii.AzureIoT, pii.AzurePublish,
		pii.SQLConnection, pii.GitHubToken, pii.JSONWebToken, pii.Password, pii.PrivateKey,
	},
}

// PersonalWord is the word for a type in rules; named is false when none speaks of it.
func PersonalWord(rules map[string]string, kind string) (word string, named bool) {
	if word, named = rules[kind]; named {
		return word, true
	}
	for group, types := range PersonalGroups {
		if !slices.Contains(types, kind) {
			continue
		}
		if word, named = rules[group]; named {
			return word, true
		}
	}
	word, named = rules[All]
	return word, named
}

// personalWords are the words that rules may have: the groups, then the types.
func personalWords() []string {
	return slices.Concat([]string{All}, slices.Sorted(maps.Keys(PersonalGroups)), pii.Types())
}
