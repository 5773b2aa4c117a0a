package filter

import (
	"context"

	"sallyport/guard"
	"sallyport/guard/material"
	"sallyport/internal/conversation"
)

// Works are registered works and what happens when an answer repeats one: Block, Note
// or Off. Without an index nothing is looked for.
type Works struct {
	Index *material.Index
	Mode  Mode
}

func (w Works) on() bool { return w.Index != nil && w.Mode != Off }

// workKinds are the categories of Rules.Works.
var workKinds = [2]guard.Category{guard.ProtectedText, guard.ProtectedCode}

// lookWorks shows what is new in l to the indexes and returns the frontier: no work
// begins before it that is not known.
func (w *watch) lookWorks(ctx context.Context, l *lane, last bool) (int, error) {
	frontier := l.end()
	rules := &w.p.Config.Answer.Works
	if !rules[0].on() && !rules[1].on() || l.id.Kind == conversation.ToolCall {
		return frontier, nil
	}
	piece := string(l.text[max(l.fed, l.base)-l.base:])
	l.fed = l.end()
	for k := range rules {
		if !rules[k].on() {
			continue
		}
		if l.streams[k] == nil {
			l.streams[k] = rules[k].Index.Stream()
		}
		s := l.streams[k]
		found, err := within(ctx, w.p.Deadline, func(ctx context.Context) ([]material.Match, error) { return fed(ctx, s, piece, last) })
		if err != nil {
			w.broken = err
			return 0, err
		}
		l.sheet.takeWorks(k, found)
		if rules[k].Mode == Block && !last {
			frontier = min(frontier, s.Frontier())
		}
	}
	return frontier, nil
}

// fed gives s the next piece of its text and returns what is known then.
func fed(ctx context.Context, s *material.Stream, piece string, last bool) (found []material.Match, err error) {
	defer func() {
		if r := recover(); r != nil {
			found, err = nil, panicked(r)
		}
	}()
	if err := s.Write(ctx, piece); err != nil {
		return nil, err
	}
	if last {
		return s.Close(ctx)
	}
	return s.Known(), nil
}

// findWorks looks for works in texts that are released as a whole.
func (w *watch) findWorks(ctx context.Context, l *lane, texts []string) error {
	for k, works := range w.p.Config.Answer.Works {
		for _, text := range texts {
			if !works.on() || text == "" {
				continue
			}
			found, err := within(ctx, w.p.Deadline, func(ctx context.Context) ([]material.Match, error) {
				return fed(ctx, works.Index.Stream(), text, true)
			})
			if err != nil {
				w.broken = err
				return err
			}
			l.sheet.takeWorks(k, found)
		}
	}
	return nil
}
