package app

import (
	"context"
	"net/http"

	"sallyport/guard/grounding"
	"sallyport/guard/material"
	"sallyport/guard/pii"
	"sallyport/internal/filter"
	"sallyport/internal/resource"
	"sallyport/internal/surface/cognitive"
	"sallyport/internal/surface/contentsafety"
	"sallyport/internal/surface/httpx"
	"sallyport/internal/surface/language"
)

// withCognitive serves Content Safety and Language beside chat. Guards that this
// program lacks stay nil, and their routes are not there.
func (a *App) withCognitive(p *parts, chat http.Handler, room *httpx.Room) (http.Handler, error) {
	c := p.config
	service := cognitive.Behind(a.gate)
	safety, err := contentsafety.New(contentsafety.Config{
		Resolver: p.set, Service: service, Log: a.log, Room: room, Deadline: c.Limits.GuardDeadline,
		Requests: func(r *resource.Resource) int { return r.SafetyRequests },
		Guards:   safetyGuards{a.guards}, Lists: a.state.lists,
		Grounding: grounds{}, Text: registered{p.works.text}, Code: registered{p.works.code},
	})
	if err != nil {
		return nil, err
	}
	personal, err := language.New(language.Config{
		Resolver: p.set, Service: service, Log: a.log, Room: room, Deadline: c.Limits.GuardDeadline,
		Requests: func(r *resource.Resource) int { return r.LanguageRequests },
		Finder:   finder{a.guards},
	})
	if err != nil {
		return nil, err
	}
	surfaces := []marked{{[]string{"/openai/"}, chat}, {[]string{contentsafety.Prefix}, safety}, {language.Prefixes, personal}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, rest := p.set.Find(r.Host, r.URL.EscapedPath())
		surfaceOf(surfaces, chat, rest).ServeHTTP(w, r)
	}), nil
}

// marked is a surface with the beginnings of its paths.
type marked struct {
	marks []string
	http.Handler
}

// surfaceOf is the surface whose mark comes first in path: what stands before it may
// be the prefix of a resource that does not exist.
func surfaceOf(surfaces []marked, other http.Handler, path string) http.Handler {
	first := -1
	for _, s := range surfaces {
		if at := httpx.Begins(path, s.marks...); at >= 0 && (first < 0 || at < first) {
			first, other = at, s.Handler
		}
	}
	return other
}

// safetyGuards are the guards of the content filters, as the Content Safety surface
// asks them: what the API says of a text is what a filter does with it.
type safetyGuards struct{ filter.Guards }

// Harm implements contentsafety.Guards.
func (g safetyGuards) Harm(ctx context.Context, text string) (contentsafety.Harm, error) {
	f, err := g.Judge(ctx, text, filter.Questions{Harm: true})
	return contentsafety.Harm{Severity: f.Severity, Score: f.Score}, err
}

// Direct implements contentsafety.Guards.
func (g safetyGuards) Direct(ctx context.Context, text string) (contentsafety.Attack, error) {
	f, err := g.Judge(ctx, text, filter.Questions{Jailbreak: true})
	return contentsafety.Attack{Detected: f.Jailbreak.Detected, Score: f.Jailbreak.Score}, err
}

// Planted implements contentsafety.Guards.
func (g safetyGuards) Planted(ctx context.Context, text string) (contentsafety.Attack, error) {
	f, err := g.Judge(ctx, text, filter.Questions{Indirect: true})
	return contentsafety.Attack{Detected: f.Indirect.Detected, Score: f.Indirect.Score}, err
}

// grounds compares answers with their sources.
type grounds struct{}

// Check implements contentsafety.Grounding. The score of a statement that was not
// judged means nothing, so it counts as supported.
func (grounds) Check(ctx context.Context, r contentsafety.GroundingRequest) (contentsafety.GroundingResult, error) {
	found, err := grounding.Check(ctx, grounding.Request{Answer: r.Answer, Question: r.Question, Passages: r.Passages})
	if err != nil {
		return contentsafety.GroundingResult{}, err
	}
	out := contentsafety.GroundingResult{
		Ungrounded: found.Ungrounded, Score: float32(found.Score), Share: float32(found.Share), Version: found.Version,
		Statements: make([]contentsafety.Statement, len(found.Statements)),
	}
	for i, s := range found.Statements {
		out.Statements[i] = contentsafety.Statement{
			Span: s.Span, Supported: s.Support == grounding.Supported || s.Support == grounding.Ignored, Reason: reason(s),
		}
	}
	return out, nil
}

// reasons say in words what a rule found.
var reasons = map[grounding.Why]string{
	grounding.ByModel: "Little of what it says is in the sources.", grounding.ByNumber: "A number in it",
	grounding.ByUnit: "A quantity in it", grounding.ByDate: "A date in it", grounding.ByName: "A name in it",
	grounding.ByNegation: "Its negation", grounding.ByQuantifier: "How many it speaks of", grounding.ByOpposite: "A word in it",
	grounding.ByOrder: "The order of what it names",
}

// reason is why a statement is not supported, in a sentence.
func reason(s grounding.Statement) string {
	switch why := reasons[s.Why]; {
	case s.Support == grounding.Supported || s.Support == grounding.Ignored:
		return ""
	case s.Why == grounding.ByModel || why == "":
		return reasons[grounding.ByModel]
	case s.Support == grounding.Contradicted:
		return why + " is not what the sources say."
	default:
		return why + " is not in the sources."
	}
}

// registered finds the works that an operator registered; none where there are none.
type registered struct{ index *material.Index }

// Find implements contentsafety.Material.
func (g registered) Find(ctx context.Context, text string) ([]contentsafety.Work, error) {
	if g.index == nil {
		return nil, nil
	}
	found, err := g.index.Find(ctx, text)
	if err != nil {
		return nil, err
	}
	out := make([]contentsafety.Work, len(found))
	for i, m := range found {
		out[i] = contentsafety.Work{License: m.Work.License, Sources: m.Work.Sources, Score: float32(m.Share)}
	}
	return out, nil
}

// finder is the same for personal data.
type finder struct{ filter.Guards }

// Find implements language.Finder. The patterns are the same for every language.
func (g finder) Find(ctx context.Context, text, _ string) ([]language.Entity, error) {
	f, err := g.Judge(ctx, text, filter.Questions{Personal: true, Weak: true})
	out := make([]language.Entity, len(f.Personal))
	for i, e := range f.Personal {
		out[i] = language.Entity{Type: e.Type, Span: e.Span, Score: e.Score}
	}
	return out, err
}

// Types implements language.Finder.
func (finder) Types() []string { return pii.Types() }
