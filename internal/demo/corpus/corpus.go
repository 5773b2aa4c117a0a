// Package corpus is the demo's sample organisation: a hospital trust with four
// collections of invented documents. Nothing in it is real.
package corpus

import "sallyport/internal/knowledge"

// Groups of the demo accounts.
const (
	AllStaff = "all-staff"
	Clinical = "clinical"
	Finance  = "finance"
	HR       = "hr"
)

// Account is one of the demo's accounts.
type Account string

// The accounts.
const (
	Nurse         Account = "nurse"
	Analyst       Account = "analyst"
	Administrator Account = "administrator"
)

// Groups are the groups of each account. None is in hr.
func (a Account) Groups() []string {
	switch a {
	case Nurse:
		return []string{AllStaff, Clinical}
	case Analyst:
		return []string{AllStaff, Finance}
	case Administrator:
		return []string{AllStaff}
	}
	return nil
}

// Collections are the sample collections, for knowledge.Config.
func Collections() []knowledge.Collection { return nil }

// Examples are questions that a's documents answer, for the page's empty state.
func (a Account) Examples() []string { return nil }
