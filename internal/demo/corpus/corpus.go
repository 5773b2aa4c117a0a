// Package corpus is the demo's sample organisation: a hospital trust with four
// collections of invented documents. Nothing in it is real: no person, no
// organisation, no product, and no sentence is advice.
package corpus

import (
	"embed"
	"io/fs"

	"sallyport/internal/knowledge"
)

//go:embed docs
var docs embed.FS

// Groups of the demo accounts, as the access lists name them.
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

// Accounts lists every account.
var Accounts = []Account{Nurse, Analyst, Administrator}

// Groups are the groups of a. Nobody is in HR, so that a question about its
// documents shows what a refusal looks like. Administering the service gives no
// right to read: the administrator sees what all staff see.
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
func Collections() []knowledge.Collection {
	collection := func(folder, id, name, owner, purpose string) knowledge.Collection {
		files, err := fs.Sub(docs, "docs/"+folder)
		if err != nil {
			panic(err) // the folder is embedded
		}
		return knowledge.Collection{
			ID: id, Name: name, Owner: owner, Region: "onsite", Purpose: purpose,
			Language: "en", Files: files,
		}
	}
	return []knowledge.Collection{
		collection("ward", "ward-procedures", "Ward procedures", "ward-office", "Procedures that every member of staff follows"),
		collection("pharmacy", "pharmacy-guidance", "Pharmacy guidance", "chief-pharmacist", "Guidance for staff who handle medicines"),
		collection("finance", "finance-rules", "Finance rules", "director-of-finance", "Rules for budgets, invoices and claims"),
		collection("hr", "hr-papers", "Human resources papers", "hr-office", "Working papers of the human resources team"),
	}
}

// Examples are questions that the documents of a answer, for the page's empty
// state. A test asks each of them.
func (a Account) Examples() []string {
	staff := []string{
		"How do I report a needle-stick injury?",
		"When are visitors allowed on adult wards?",
	}
	switch a {
	case Nurse:
		return append(staff,
			"At what temperature is the medicines fridge kept?",
			"Who has to check intravenous medicines?")
	case Analyst:
		return append(staff,
			"How much may a department head approve?",
			"When are the payment runs?")
	case Administrator:
		return append(staff,
			"What does an intermittent fire alarm bell mean?",
			"What should I do if my laptop is stolen?")
	}
	return nil
}

// Forbidden is a question whose answer exists in the library and that no demo
// account may read: the honest answer is that nothing was found.
const Forbidden = "What does the pay band review propose for the pharmacy stores team?"
