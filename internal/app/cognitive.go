package app

import (
	"context"
	"net/http"

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

// finder is the same for personal data.
type finder struct{ filter.Guards }

// Find implements language.Finder. The patterns are the same for every language.
func (g finder) Find(ctx context.Context, text, _ string) ([]language.Entity, error) {
	f, err := g.Judge(ctx, text, filter.Questions{Personal: true})
	out := make([]language.Entity, len(f.Personal))
	for i, e := range f.Personal {
		out[i] = language.Entity{Type: e.Type, Span: e.Span, Score: e.Score}
	}
	return out, err
}

// Types implements language.Finder.
func (finder) Types() []string { return pii.Types() }
