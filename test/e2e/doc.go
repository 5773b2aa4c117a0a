// Package e2e holds the end-to-end tests: the real program, started as a user
// starts it, and attacked from outside. It has no code of its own; the tests need
// what test/setup installs.
//
// Everything here enumerates: the places of a request from a request that fills
// the surface's schema, routes from the surfaces' tables, files of the record from
// the disk. TestMain builds the program once and prints the totals at the end.
package e2e
