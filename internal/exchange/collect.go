package exchange

import (
	"sallyport/internal/conversation"
	"sallyport/internal/custody/content"
	"sallyport/internal/custody/content/json"
)

// Collect ranges over a stream to its end and returns the whole answer, with
// one choice for each that was asked for and answered.
func Collect(s conversation.Stream, choices int) (Answer, error) {
	c := collector{choices: make([]gathered, max(choices, 1))}
	for e, err := range s {
		if err != nil {
			return Answer{}, err
		}
		c.take(e)
	}
	return c.answer(), nil
}

type collector struct {
	a       Answer
	choices []gathered
}

// gathered is a choice while its pieces come in.
type gathered struct {
	Choice
	text, refusal, reasoning content.Builder
	items                    []int
	calls                    []callPieces
	seen                     bool
}

type callPieces struct {
	Call
	arguments content.Builder
}

func (c *collector) take(e conversation.Event) {
	switch e.Kind {
	case conversation.Verdict:
		c.a.Prompt = e.Report
	case conversation.Started:
		c.a.Model, c.a.Fingerprint = e.Model, e.Fingerprint
	case conversation.Held:
		c.a.Ticket = e.Ticket
	case conversation.UsageTold:
		c.a.Usage = e.Usage
	case conversation.Delta:
		if g := c.choice(e.Lane.Choice); g != nil {
			g.take(e)
		}
	case conversation.Finished:
		if g := c.choice(e.Lane.Choice); g != nil {
			g.seen, g.Finish, g.Report = true, e.Finish, e.Report
		}
	}
}

// choice returns the gathered choice i; nil for an index nobody asked for.
func (c *collector) choice(i int) *gathered {
	if i < 0 || i >= len(c.choices) {
		return nil
	}
	return &c.choices[i]
}

func (g *gathered) take(e conversation.Event) {
	g.seen = true
	switch e.Lane.Kind {
	case conversation.Text:
		g.text.Add(e.Text)
	case conversation.Refusal:
		g.refusal.Add(e.Text)
	case conversation.Reasoning:
		g.reasoning.Add(e.Text)
	case conversation.ToolCall:
		g.call(e)
	}
	g.Citations = append(g.Citations, e.Citations...)
	if e.Logprobs.Kind == json.Array {
		g.Logprobs.Kind = json.Array
		g.Logprobs.Items = append(g.Logprobs.Items, e.Logprobs.Items...)
	}
}

func (g *gathered) call(e conversation.Event) {
	for i, item := range g.items {
		if item == e.Lane.Item {
			g.calls[i].arguments.Add(e.Text)
			return
		}
	}
	g.items = append(g.items, e.Lane.Item)
	p := callPieces{Call: Call{ID: e.Call, Name: e.Name}}
	p.arguments.Add(e.Text)
	g.calls = append(g.calls, p)
}

func (c *collector) answer() Answer {
	for i := range c.choices {
		c.a.Choices = append(c.a.Choices, c.choices[i].done())
	}
	// Choices at the end that the backend never answered are left out.
	for n := len(c.a.Choices); n > 0 && !c.choices[n-1].seen; n-- {
		c.a.Choices = c.a.Choices[:n-1]
	}
	return c.a
}

func (g *gathered) done() Choice {
	if g.Finish == conversation.Filtered {
		// What was released before the filter ended the choice is not an answer.
		return Choice{Finish: g.Finish, Report: g.Report}
	}
	g.Text, g.Refusal, g.Reasoning = g.text.Text(), g.refusal.Text(), g.reasoning.Text()
	for _, p := range g.calls {
		p.Arguments = p.arguments.Text()
		g.Calls = append(g.Calls, p.Call)
	}
	return g.Choice
}
