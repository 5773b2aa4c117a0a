package access

// Action is what a route does, in the words of Azure's data actions. Every
// route declares one or the program does not start.
type Action string

// The actions, a closed set (Actions lists them).
const (
	ChatCompletions Action = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"
	Completions     Action = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/completions/action"
	Embeddings      Action = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/embeddings/action"
	ModelsRead      Action = "Microsoft.CognitiveServices/accounts/OpenAI/models/read"
	Unsupported     Action = "Microsoft.CognitiveServices/accounts/OpenAI/unsupported/action" // operations that are not built: anyone with a valid credential may be told so
	// Content Safety and Language: the data actions of these services in Azure.
	TextAnalyze       Action = "Microsoft.CognitiveServices/accounts/ContentSafety/text:analyze/action"
	ShieldPrompt      Action = "Microsoft.CognitiveServices/accounts/ContentSafety/text:shieldprompt/action"
	Groundedness      Action = "Microsoft.CognitiveServices/accounts/ContentSafety/text:detectgroundedness/action"
	ProtectedMaterial Action = "Microsoft.CognitiveServices/accounts/ContentSafety/text:detectprotectedmaterial/action"
	BlocklistsRead    Action = "Microsoft.CognitiveServices/accounts/ContentSafety/blocklists/read"
	BlocklistsWrite   Action = "Microsoft.CognitiveServices/accounts/ContentSafety/blocklists/write"
	BlocklistsDelete  Action = "Microsoft.CognitiveServices/accounts/ContentSafety/blocklists/delete"
	LanguageAnalyze   Action = "Microsoft.CognitiveServices/accounts/Language/analyze-text/action"

	PageUse       Action = "Sallyport/chat/use"
	KnowledgeRead Action = "Sallyport/knowledge/documents/read"
	SessionUse    Action = "Sallyport/session/use" // sign out, own settings: every person
)

// Actions lists every action.
var Actions = []Action{
	ChatCompletions, Completions, Embeddings, ModelsRead, Unsupported,
	TextAnalyze, ShieldPrompt, Groundedness, ProtectedMaterial, BlocklistsRead, BlocklistsWrite, BlocklistsDelete, LanguageAnalyze,
	PageUse, KnowledgeRead, SessionUse,
}
