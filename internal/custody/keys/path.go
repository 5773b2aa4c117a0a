package keys

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// Path names a key: installation, resource, person, conversation; a collection
// lies below its resource. The zero Path is the installation's.
type Path struct{ s string } // segments "kind:name", each begun by a slash

// Installation is the root of all keys.
func Installation() Path { return Path{} }

// Resource is the key of a resource, below the installation.
func (p Path) Resource(name string) Path { return p.below("resource", name) }

// Person is the key of a person by pseudonym, below a resource.
func (p Path) Person(pseudonym string) Path { return p.below("person", pseudonym) }

// Conversation is the key of a conversation, below a person.
func (p Path) Conversation(id string) Path { return p.below("conversation", id) }

// Collection is the key of a collection of documents, below a resource.
func (p Path) Collection(name string) Path { return p.below("collection", name) }

// Purpose is a key for one named use of the program itself, such as sessions.
func (p Path) Purpose(name string) Path { return p.below("purpose", name) }

// below escapes the name: a name with a slash must not reach another branch.
func (p Path) below(kind, name string) Path {
	return Path{p.s + "/" + kind + ":" + url.PathEscape(name)}
}

// String is the path in words, for people; it may hold a pseudonym.
func (p Path) String() string { return "installation" + p.s }

func (p Path) isRoot() bool { return p.s == "" }

func (p Path) parent() Path { return Path{p.s[:strings.LastIndexByte(p.s, '/')]} }

// lineage is p and all above it, the root first.
func (p Path) lineage() []Path {
	if p.isRoot() {
		return []Path{p}
	}
	return append(p.parent().lineage(), p)
}

// hash is the path's name on the ledger and in the database: an erasure must not
// itself keep the name of who was erased.
func (p Path) hash() pathHash {
	return sha256.Sum256([]byte("sallyport key path\x00" + p.s))
}

type pathHash [32]byte

func (h pathHash) String() string { return hex.EncodeToString(h[:]) }
