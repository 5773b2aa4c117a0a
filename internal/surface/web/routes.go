package web

import (
	"net/http"
	"strings"

	"sallyport/internal/gate"
	"sallyport/internal/surface/httpx"
)

// IDKind is what an identifier in a route's path names. Tests put other people's
// identifiers of the same kind in its place.
type IDKind string

// The kinds of identifiers.
const (
	LinkID         IDKind = "link"
	ConversationID IDKind = "conversation"
	AnswerID       IDKind = "answer"
	SourceNumber   IDKind = "source"
	DocumentID     IDKind = "document"
	PassageIndex   IDKind = "passage"
	AssetVersion   IDKind = "version"
	AssetName      IDKind = "asset"
)

// Route is one thing that the pages can do. A path that no route matches does
// not exist; a route without an action is open to everybody.
type Route struct {
	Method    string
	Pattern   string
	Action    gate.Action // "" only for Public routes
	Public    bool        // before signing in: no identity, no data
	Operation string      // the record's word
	IDs       []IDKind    // the identifiers in Pattern, in order
	API       bool        // answers JSON
	Changes   bool        // needs the same-origin check; and the token, unless Public

	serve func(*Surface, http.ResponseWriter, *visit) error
}

// Routes lists every route.
func Routes() []Route { return append([]Route(nil), routes...) }

// Owns reports whether a path belongs to the pages, for the listener that serves
// other surfaces too.
func Owns(path string) bool {
	for _, r := range routes {
		if _, ok := httpx.Match(nil, r.Pattern, path); ok {
			return true
		}
	}
	return false
}

// Serves reports whether the pages answer a request, for the listener that serves
// other surfaces too: what is theirs, and what a browser asks for to show it, so
// that a wrong address gives a page and not the API's JSON.
func Serves(r *http.Request) bool {
	return Owns(r.URL.EscapedPath()) || wantsPage(r) && r.Header.Get("Authorization") == "" && r.Header.Get("Api-Key") == ""
}

// wantsPage reports whether r asks for something to be shown to a person.
func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

var routes = []Route{
	{Method: "GET", Pattern: "/assets/{version}/{asset}", Public: true, IDs: []IDKind{AssetVersion, AssetName}, serve: (*Surface).asset},
	{Method: "GET", Pattern: "/favicon.ico", Public: true, serve: (*Surface).favicon},
	{Method: "GET", Pattern: "/sign-in", Public: true, serve: (*Surface).signedOut},
	{Method: "GET", Pattern: "/sign-in/{link}", Public: true, IDs: []IDKind{LinkID}, serve: (*Surface).invitation},
	{Method: "POST", Pattern: "/sign-in", Public: true, Changes: true, serve: (*Surface).signIn},

	{Method: "GET", Pattern: "/", Action: gate.PageUse, Operation: "Page_Open", serve: (*Surface).home},
	{Method: "GET", Pattern: "/c/{conversation}", Action: gate.PageUse, Operation: "Page_Open", IDs: []IDKind{ConversationID}, serve: (*Surface).conversationPage},
	{Method: "GET", Pattern: "/documents", Action: gate.KnowledgeRead, Operation: "Documents_List", serve: (*Surface).documentsPage},
	{Method: "GET", Pattern: "/documents/{document}", Action: gate.KnowledgeRead, Operation: "Document_Read", IDs: []IDKind{DocumentID}, serve: (*Surface).documentPage},
	{Method: "POST", Pattern: "/sign-out", Action: gate.SessionUse, Operation: "Session_End", Changes: true, serve: (*Surface).signOut},

	{Method: "GET", Pattern: "/app/api/session", Action: gate.SessionUse, Operation: "Session_Read", API: true, serve: (*Surface).session},
	{Method: "GET", Pattern: "/app/api/conversations", Action: gate.PageUse, Operation: "Conversations_List", API: true, serve: (*Surface).conversations},
	{Method: "GET", Pattern: "/app/api/conversations/{conversation}", Action: gate.PageUse, Operation: "Conversation_Read", IDs: []IDKind{ConversationID}, API: true, serve: (*Surface).conversation},
	{Method: "DELETE", Pattern: "/app/api/conversations/{conversation}", Action: gate.PageUse, Operation: "Conversation_Delete", IDs: []IDKind{ConversationID}, API: true, Changes: true, serve: (*Surface).forget},
	{Method: "POST", Pattern: "/app/api/questions", Action: gate.PageUse, Operation: "Question_Ask", API: true, Changes: true, serve: (*Surface).ask},
	{Method: "GET", Pattern: "/app/api/conversations/{conversation}/answers/{answer}/events", Action: gate.PageUse, Operation: "Answer_Attach", IDs: []IDKind{ConversationID, AnswerID}, API: true, serve: (*Surface).events},
	{Method: "POST", Pattern: "/app/api/conversations/{conversation}/answers/{answer}/stop", Action: gate.PageUse, Operation: "Answer_Stop", IDs: []IDKind{ConversationID, AnswerID}, API: true, Changes: true, serve: (*Surface).stop},
	{Method: "GET", Pattern: "/app/api/conversations/{conversation}/answers/{answer}/sources/{source}", Action: gate.KnowledgeRead, Operation: "Citation_Open", IDs: []IDKind{ConversationID, AnswerID, SourceNumber}, API: true, serve: (*Surface).source},
	{Method: "GET", Pattern: "/app/api/documents", Action: gate.KnowledgeRead, Operation: "Documents_List", API: true, serve: (*Surface).documents},
	{Method: "GET", Pattern: "/app/api/documents/{document}/passages/{passage}", Action: gate.KnowledgeRead, Operation: "Passage_Read", IDs: []IDKind{DocumentID, PassageIndex}, API: true, serve: (*Surface).passage},
}
