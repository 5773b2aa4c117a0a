// Package upstream is what every adapter that speaks the OpenAI wire format over
// HTTP has in common: it turns a typed conversation into a request, carries it to
// the one configured host, and turns what comes back into events. The adapters
// (packages openai and azure) add a path and a way to authenticate, no more.
//
// The life of a Backend: New, then ForModel for each model served (they share
// connections, circuit breaker and counters), then Stream and Embed from many
// goroutines, then Close.
//
// The way of one call:
//
//	permit    the backend must be named by it                       (backend.go)
//	encode    one pass over the typed conversation                  (encode.go, document.go)
//	breaker   an open circuit refuses without dialling              (breaker.go)
//	carry     one request, at most one repeat on a stale connection (client.go)
//	read      server-sent events or one JSON answer                 (sse.go, decode.go)
//	yield     Started, Delta…, Finished per choice, UsageTold
//
// What it does not do: judge, count or mask (filter, gate), choose between
// backends (exchange), or keep anything of what passes.
//
// How it fails: always with an *exchange.UpstreamError, whose cause is a sentence
// of this package and never a byte of the prompt, of the answer or of the
// backend's error text.
package upstream
