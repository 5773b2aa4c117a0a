package extractive

import (
	"sync"

	"github.com/tiktoken-go/tokenizer/codec"

	"sallyport/internal/conversation"
	"sallyport/internal/custody/content/open"
)

// The codec package, not its parent, is imported: the parent links all
// vocabularies. One of them costs 6.3 MB of binary, and 15 ms and 7 MB of heap
// once it is used (o200k_base, measured).
var vocabulary = sync.OnceValue(codec.NewO200kBase)

// Tokens of the chat framing, as OpenAI's documentation counts them: around each
// message, for a message's name, and to open the reply.
const (
	tokensPerTurn = 3
	tokensPerName = 1
	tokensOfReply = 3
)

func countTokens(s string) int {
	if s == "" {
		return 0
	}
	n, err := vocabulary().Count(s)
	if err != nil {
		// The expression gave up; no text has more tokens than bytes.
		return len(s)
	}
	return n
}

// promptTokens counts every text of c, a role word per turn and the framing.
func promptTokens(c *conversation.Conversation) int {
	n := tokensOfReply
	for i := range c.Turns {
		n += tokensPerTurn + 1
		if !c.Turns[i].Name.Empty() {
			n += tokensPerName
		}
	}
	for leaf := range c.Texts() {
		n += countTokens(open.String(*leaf.Text))
	}
	return n
}
