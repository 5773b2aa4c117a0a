package pii

import (
	"sync"

	"sallyport/guard/pii/names"
)

// model is loaded once, at the first look. A model that does not load finds
// nothing; Ready says so.
var model = sync.OnceValues(names.Embedded)

// Ready loads the model of names and reports damage.
func Ready() error {
	_, err := model()
	return err
}

var nameTypes = [names.Kinds]string{names.Person: Person, names.Organization: Organization, names.Location: Location, names.Address: Address}

// names adds what the model finds. Its scores stay below those of check digits.
func (f *finder) names() {
	m, err := model()
	if err != nil {
		return
	}
	for _, n := range m.Find(f.text, f.lower) {
		f.add(nameTypes[n.Kind], n.Start, n.End, n.Score)
	}
}
