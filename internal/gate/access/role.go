package access

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Role is what somebody is assigned, by its name. Azure's names are used where
// the rights are Azure's.
type Role string

// The roles (reference/azure-openai.md, section 16, and Sallyport's own).
const (
	OpenAIUser                   Role = "Cognitive Services OpenAI User"
	OpenAIContributor            Role = "Cognitive Services OpenAI Contributor"
	CognitiveServicesUser        Role = "Cognitive Services User"
	CognitiveServicesContributor Role = "Cognitive Services Contributor" // manages keys; no data plane by token
	Administrator                Role = "Sallyport Administrator"        // manages; reads no content
	ChatUser                     Role = "Sallyport Chat User"            // the page, with its citations
	KnowledgeReader              Role = "Sallyport Knowledge Reader"     // opens documents, asks nothing
)

// Roles lists every role.
var Roles = []Role{
	OpenAIUser, OpenAIContributor, CognitiveServicesUser, CognitiveServicesContributor,
	Administrator, ChatUser, KnowledgeReader,
}

// attribute is r's name in the policies.
func (r Role) attribute() string {
	switch r {
	case OpenAIUser:
		return "openai_user"
	case OpenAIContributor:
		return "openai_contributor"
	case CognitiveServicesUser:
		return "cognitive_services_user"
	case CognitiveServicesContributor:
		return "cognitive_services_contributor"
	case Administrator:
		return "administrator"
	case ChatUser:
		return "chat_user"
	case KnowledgeReader:
		return "knowledge_reader"
	}
	return ""
}

// ParseRole reads a role's name.
func ParseRole(s string) (Role, error) {
	if r := Role(s); r.attribute() != "" {
		return r, nil
	}
	names := make([]string, len(Roles))
	for i, r := range Roles {
		names[i] = string(r)
	}
	return "", fmt.Errorf("no such role; there are: %s", strings.Join(names, ", "))
}

// Scope is how far an assignment reaches. The zero Scope reaches nothing: the
// whole installation must be said.
type Scope struct{ path string }

// Installation is the scope of everything.
func Installation() Scope { return Scope{"/"} }

// Resource is the scope of one resource and its deployments.
func Resource(name string) Scope { return Scope{"/" + name} }

// Deployment is the scope of one deployment.
func Deployment(resource, name string) Scope { return Scope{"/" + resource + "/" + name} }

func (s Scope) String() string { return s.path }

// MarshalText writes the scope as a path.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.path), nil }

// UnmarshalText reads a scope as ParseScope does.
func (s *Scope) UnmarshalText(b []byte) (err error) {
	*s, err = ParseScope(string(b))
	return err
}

var errScope = errors.New(`a scope is "/", "/RESOURCE" or "/RESOURCE/DEPLOYMENT"`)

// ParseScope reads "/", "/ward" or "/ward/clinical-chat".
func ParseScope(s string) (Scope, error) {
	rest, ok := strings.CutPrefix(s, "/")
	if !ok {
		return Scope{}, errScope
	}
	if rest == "" {
		return Installation(), nil
	}
	parts := strings.Split(rest, "/")
	if len(parts) > 2 {
		return Scope{}, errScope
	}
	for _, p := range parts {
		if p == "" || strings.TrimSpace(p) != p {
			return Scope{}, errScope
		}
	}
	return Scope{s}, nil
}

// SubjectKind is what an assignment is given to. The zero kind is nothing.
type SubjectKind uint8

// The kinds of subjects.
const (
	NoSubject SubjectKind = iota
	PersonSubject
	GroupSubject
)

var subjectWords = [...]string{"", "person", "group"}

// Subject is who an assignment is given to.
type Subject struct {
	Kind SubjectKind
	ID   string // Principal.ID, or a group as in Principal.Groups
}

func (s Subject) String() string {
	if int(s.Kind) >= len(subjectWords) || s.Kind == NoSubject {
		return ""
	}
	return subjectWords[s.Kind] + ":" + s.ID
}

// MarshalText writes the subject as ParseSubject reads it.
func (s Subject) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a subject as ParseSubject does.
func (s *Subject) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSubject(string(b))
	return err
}

// ParseSubject reads "person:ID" or "group:NAME".
func ParseSubject(s string) (Subject, error) {
	kind, id, _ := strings.Cut(s, ":")
	if id != "" && len(id) <= maxSubject {
		switch kind {
		case "person":
			return Subject{PersonSubject, id}, nil
		case "group":
			return Subject{GroupSubject, id}, nil
		}
	}
	return Subject{}, errors.New(`a subject is "person:ID" or "group:NAME"`)
}

// maxSubject bounds an id in bytes: issuers' object ids and group names are far
// shorter (OpenID Connect Core, section 2, gives a subject 255).
const maxSubject = 512

// Assignment gives a role to somebody for a scope.
type Assignment struct {
	Role    Role
	Subject Subject
	Scope   Scope
	Created time.Time
}

// ID names the assignment: the same role for the same subject and scope is one.
func (a Assignment) ID() string {
	return string(a.Role) + "|" + a.Scope.String() + "|" + a.Subject.String()
}

func (a Assignment) check() error {
	if _, err := ParseRole(string(a.Role)); err != nil {
		return err
	}
	if _, err := ParseScope(a.Scope.path); err != nil {
		return err
	}
	_, err := ParseSubject(a.Subject.String())
	return err
}
