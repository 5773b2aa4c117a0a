package access

import (
	"slices"
	"sync"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"sallyport/internal/gate/identity"
)

// snapshot is the assignments as entities. It never changes but for places that
// are built on first use; a new set of assignments is a new snapshot.
type snapshot struct {
	list    []Assignment
	grants  map[Scope]map[Role]bool
	direct  map[string][]types.EntityUID // person -> grants
	groups  map[string]types.Entity      // groups that hold any grant
	places  sync.Map                     // Scope -> *place; bounded: see place
	nowhere *place
}

// place is what is asked for: a resource, or a deployment that has assignments
// of its own.
type place struct {
	entity types.Entity
	key    types.Entity // the Application of the resource's keys
}

const (
	personType      types.EntityType = "Person"
	applicationType types.EntityType = "Application"
	groupType       types.EntityType = "Group"
	grantType       types.EntityType = "Grant"
	placeType       types.EntityType = "Place"
	actionType      types.EntityType = "Action"
)

func newSnapshot(list []Assignment) *snapshot {
	s := &snapshot{
		list:   list,
		grants: map[Scope]map[Role]bool{},
		direct: map[string][]types.EntityUID{},
		groups: map[string]types.Entity{},
	}
	byGroup := map[string][]types.EntityUID{}
	for _, a := range list {
		if s.grants[a.Scope] == nil {
			s.grants[a.Scope] = map[Role]bool{}
		}
		s.grants[a.Scope][a.Role] = true
		switch a.Subject.Kind {
		case PersonSubject:
			s.direct[a.Subject.ID] = append(s.direct[a.Subject.ID], grant(a.Role, a.Scope))
		case GroupSubject:
			byGroup[a.Subject.ID] = append(byGroup[a.Subject.ID], grant(a.Role, a.Scope))
		}
	}
	for g, grants := range byGroup {
		s.groups[g] = types.Entity{UID: cedar.NewEntityUID(groupType, types.String(g)), Parents: cedar.NewEntityUIDSet(grants...)}
	}
	s.nowhere = s.build("", Scope{})
	return s
}

func grant(r Role, s Scope) types.EntityUID {
	return cedar.NewEntityUID(grantType, types.String(string(r)+"|"+s.path))
}

// place finds what is asked for. A deployment without assignments of its own is
// its resource: the name is the caller's text, and a place per name would let
// callers fill the memory. resource is a configured name, or "" for unknown.
func (s *snapshot) place(resource, deployment string) *place {
	if resource == "" {
		return s.nowhere
	}
	at := Resource(resource)
	if deployment != "" {
		if own := Deployment(resource, deployment); s.grants[own] != nil {
			at = own
		}
	}
	if p, ok := s.places.Load(at); ok {
		return p.(*place)
	}
	p, _ := s.places.LoadOrStore(at, s.build(resource, at))
	return p.(*place)
}

func (s *snapshot) build(resource string, at Scope) *place {
	account := types.String(resource)
	attributes := types.RecordMap{"account": account}
	for _, r := range Roles {
		var grants []types.Value
		if resource != "" {
			for _, scope := range reaching(resource, at) {
				if s.grants[scope][r] {
					grants = append(grants, grant(r, scope))
				}
			}
		}
		attributes[types.String(r.attribute())] = types.NewSet(grants...)
	}
	return &place{
		entity: types.Entity{UID: cedar.NewEntityUID(placeType, types.String(at.path)), Attributes: types.NewRecord(attributes)},
		key: types.Entity{
			UID:        cedar.NewEntityUID(applicationType, account),
			Attributes: types.NewRecord(types.RecordMap{"account": account}),
		},
	}
}

// reaching lists the scopes that hold at: the installation, the resource and,
// where it has assignments of its own, the deployment.
func reaching(resource string, at Scope) []Scope {
	scopes := []Scope{Installation(), Resource(resource)}
	if !slices.Contains(scopes, at) {
		scopes = append(scopes, at)
	}
	return scopes
}

// entities are what one request is judged with.
type entities struct {
	principal types.Entity
	place     *place
	snapshot  *snapshot
}

// Get finds an entity. A grant has no attributes and no parents, and what does
// not exist has neither in Cedar.
func (e *entities) Get(uid types.EntityUID) (types.Entity, bool) {
	switch uid {
	case e.principal.UID:
		return e.principal, true
	case e.place.entity.UID:
		return e.place.entity, true
	}
	if uid.Type == groupType {
		g, ok := e.snapshot.groups[string(uid.ID)]
		return g, ok
	}
	return types.Entity{}, false
}

// principal is the entity of a caller. Groups count only while they are known,
// and only those that hold something: a token may list hundreds.
func (s *snapshot) principal(p *identity.Principal, at *place) types.Entity {
	switch p.Kind {
	case identity.Person:
		parents := s.direct[p.ID]
		if p.GroupsKnown {
			for _, g := range p.Groups {
				if held, ok := s.groups[g]; ok {
					parents = append(slices.Clip(parents), held.UID)
				}
			}
		}
		return types.Entity{UID: cedar.NewEntityUID(personType, types.String(p.ID)), Parents: cedar.NewEntityUIDSet(parents...)}
	case identity.Application:
		if p.Resource == string(at.key.UID.ID) {
			return at.key
		}
		account := types.String(p.Resource)
		return types.Entity{
			UID:        cedar.NewEntityUID(applicationType, account),
			Attributes: types.NewRecord(types.RecordMap{"account": account}),
		}
	}
	// Nobody: a type that no policy permits.
	return types.Entity{UID: cedar.NewEntityUID("Nobody", "")}
}
