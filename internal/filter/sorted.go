package filter

import (
	"maps"
	"slices"
)

func sortedTypes(m map[string]Mode) []string { return slices.Sorted(maps.Keys(m)) }
