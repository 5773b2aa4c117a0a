// Package httpx hardens HTTP for every surface: servers with deadlines and
// bounds, bodies read once and whole, request ids, event streams with a deadline
// per write, and panics that end one request. It knows nothing of any wire
// format and logs only words of closed vocabularies.
//
// The life of a request: Guard arms the body's deadline, gives the request its
// id and contains panics; the surface then calls ReadBody at most once, and
// answers through a plain write or an EventWriter.
package httpx
