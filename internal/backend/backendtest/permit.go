package backendtest

import (
	"fmt"
	"reflect"
	"testing"
	"unsafe"

	"sallyport/internal/gate"
	"sallyport/internal/resource"
)

// Permit forges a permit that names backends. Only the gate makes real ones, and
// for a reason; a test of a backend needs no gate, no record and no identity. It
// reaches into gate.Permit by reflection, so that the product's API keeps having
// no such door; a *testing.T is demanded so that nobody else comes in here.
func Permit(t testing.TB, names ...string) gate.Permit {
	t.Helper()
	var p gate.Permit
	v := reflect.ValueOf(&p).Elem()
	set := func(field string, value any) {
		f := v.FieldByName(field)
		if !f.IsValid() {
			t.Fatalf("gate.Permit has no field %s any more: adapt backendtest.Permit", field)
		}
		reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Set(reflect.ValueOf(value))
	}
	var backends []*resource.Backend
	for _, n := range names {
		backends = append(backends, &resource.Backend{Name: n, Kind: "openai"})
	}
	set("sealed", true)
	set("backends", backends)
	if len(p.Backends()) != len(names) {
		t.Fatal(fmt.Errorf("forged a permit for %d backends, it has %d", len(names), len(p.Backends())))
	}
	return p
}
