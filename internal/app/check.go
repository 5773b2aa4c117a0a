package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"sallyport/internal/config"
	"sallyport/internal/filter"
	"sallyport/internal/knowledge"
)

// Check opens what the configuration names and the file alone cannot show to be
// right: lists, certificates, keys, access lists. It dials nothing, listens
// nowhere and touches no state.
func Check(ctx context.Context, c *config.Config) error {
	var all []error
	if _, err := openFilters(c, unused{}); err != nil {
		all = append(all, err)
	}
	if set, err := c.ResourceSet(); err != nil {
		all = append(all, err)
	} else if b, err := openBackends(c, set); err != nil {
		all = append(all, err)
	} else {
		b.close()
	}
	if _, err := providers(c); err != nil {
		all = append(all, err)
	}
	for _, name := range sortedKeys(c.Listeners) {
		if _, err := certificate(c.Listeners[name].TLS); err != nil {
			all = append(all, fmt.Errorf("listener %s: %w", name, err))
		}
	}
	// The ids of documents depend on the key; whether they can be read does not.
	if _, err := knowledge.Open(ctx, knowledge.Config{Collections: folders(c), Key: make([]byte, 32)}); err != nil {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// unused stands for guards where none will judge.
type unused struct{ filter.Guards }

// restartOnly names what differs between two configurations and takes effect at a
// restart only.
func restartOnly(old, new *config.Config) []string {
	var names []string
	for name, pair := range map[string][2]any{
		"listeners":  {old.Listeners, new.Listeners},
		"identities": {old.Identities, new.Identities},
		"seal":       {old.Seal, new.Seal},
		"audit":      {old.Audit, new.Audit},
		"log":        {old.Log, new.Log},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			names = append(names, name)
		}
	}
	return names
}
