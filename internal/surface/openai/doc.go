// Package openai speaks the wire format of the Azure OpenAI data plane, dated and
// v1: it decodes requests into conversations, encodes answers, verdicts and
// refusals, and decides nothing. The contract is reference/azure-openai.md; its
// section 23a says where we are stricter. Sections cited in comments are its.
//
// One request, in this order:
//
//	resource    by host or path prefix; an unknown one is refused like a wrong key
//	route       from the table; unknown paths and api-versions are 404, never a redirect
//	credential  one value, whichever header carries it
//	caller      identity, before any byte of the body is read
//	entry       right and network place, for the deployment: before the body where the path names
//	            it, after reading the body's model where it does not (v1)
//	body        once, whole, strict; walked once into a typed conversation
//	answer      nothing is written before the first event is known
//
// Errors become responses in one place (fail). No message echoes what a caller sent.
package openai
