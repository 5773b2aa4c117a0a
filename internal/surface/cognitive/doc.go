// Package cognitive is what the Azure AI services beside Azure OpenAI have in
// common on the wire (reference/content-safety.md): the way of a request through
// the gate, headers, api-versions, errors. The services themselves are the
// surfaces that use it.
//
// The way of a request:
//
//	resource by host or path, route, api-version   404, 405
//	Identify                                       401
//	Call.Enter: right, network place, rate         401, 403, 429
//	Call.JSON: the body, once                      400, 413, 415
//	the surface: guards, or the store              400, 404, 503
//	Call.Answer: the record, then the reply
//
// A surface is made of the routes that it can serve: what it lacks a guard for is
// not in its table and is a 404 like any path that does not exist.
package cognitive
