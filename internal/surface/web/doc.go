// Package web serves the employee's pages and the small API that they use.
//
// A request passes: security headers, the route table (what is not in it does not
// exist), the same-origin check and the token where something changes, the gate
// with the route's action, the handler, the record, the response. Each route
// declares its action and the kinds of identifiers in its path; Routes hands the
// table to the tests that try every route with every account.
//
// The pages are templates, a style sheet and ES modules, embedded and served as
// they are in git. There is no markup in the data: an answer travels as typed
// blocks and the page builds nodes from them, so the content security policy
// forbids every way to turn a string into HTML. Every word that a person reads is
// in one catalogue (texts/).
//
// It fails closed: a session that the gate does not take ends, with everything in
// it; forbidden and missing look the same; an error shows a sentence and a
// reference code, never its cause.
package web
