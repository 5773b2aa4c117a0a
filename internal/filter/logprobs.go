package filter

import (
	"context"
	"strings"

	"sallyport/internal/custody/content/json"
	"sallyport/internal/custody/content/open"
)

// lookAtLogprobs judges the tokens and their alternatives, which are text too: the
// tokens as one text, the alternatives of each rank as one text, and every string.
// An answer with them is always released as a whole.
func (w *watch) lookAtLogprobs(ctx context.Context, l *lane) error {
	if len(l.logprobs) == 0 {
		return nil
	}
	merged := mergeLogprobs(l.logprobs)
	dropUnprovenBytes(&merged)
	l.logprobs = append(l.logprobs[:0], merged)
	var all []string
	collect(merged, &all, true)
	texts := append(spelled(merged), strings.Join(all, "\n"))
	return w.lookAcross(ctx, l, texts, w.p.answerAsk.spans())
}

// spelled are the texts that token entries spell: the tokens, and for each rank
// the alternatives of that rank with the token where there is none.
func spelled(entries json.Value) []string {
	ranks := 0
	for _, e := range entries.Items {
		top, _ := e.Member("top_logprobs")
		ranks = max(ranks, len(top.Items))
	}
	const most = 32 // the contract's is 20; what is beyond is still judged one by one
	out := make([]string, 1+min(ranks, most))
	for k := range out {
		var b strings.Builder
		for _, e := range entries.Items {
			token, _ := e.Member("token")
			if top, _ := e.Member("top_logprobs"); k > 0 && k <= len(top.Items) {
				token, _ = top.Items[k-1].Member("token")
			}
			b.WriteString(open.String(token.Text))
		}
		out[k] = b.String()
	}
	return out
}

// dropUnprovenBytes sets the "bytes" of a token to null unless they spell the
// token: as numbers they could carry text past the guards.
func dropUnprovenBytes(v *json.Value) {
	for i := range v.Items {
		dropUnprovenBytes(&v.Items[i])
	}
	token, _ := v.Member("token")
	for i := range v.Members {
		m := &v.Members[i]
		if m.Is("bytes") && !spells(m.Value, open.String(token.Text)) {
			m.Value = json.Value{Kind: json.Null}
			continue
		}
		dropUnprovenBytes(&m.Value)
	}
}

func spells(v json.Value, token string) bool {
	if len(v.Items) != len(token) {
		return false
	}
	for i, item := range v.Items {
		if n, ok := item.Int(); !ok || n != int(token[i]) {
			return false
		}
	}
	return true
}

// mergeLogprobs joins the token entries of several events. What is no array of
// entries is dropped.
func mergeLogprobs(vs []json.Value) json.Value {
	merged := json.Value{Kind: json.Array}
	for _, v := range vs {
		merged.Items = append(merged.Items, v.Items...)
	}
	return merged
}
