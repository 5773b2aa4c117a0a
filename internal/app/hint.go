package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"sallyport/internal/config"
	"sallyport/internal/exchange"
)

// reachDeadline bounds the one connection that a hint is made from.
const reachDeadline = 3 * time.Second

// hint logs what an operator should look at in the configuration of p, and which
// backends cannot be reached. It returns at once: nothing waits for a backend.
func (a *App) hint(p *parts) {
	for _, w := range p.config.Warnings() {
		a.log.Warn("the configuration has a warning", slog.String("key", w.Key), slog.Int("line", w.Line), slog.String("warning", w.What))
	}
	a.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(a.life, reachDeadline)
		defer cancel()
		for name, fault := range p.backends.unreachable(ctx) {
			if a.life.Err() == nil {
				a.log.Warn("a backend cannot be reached; requests to it will fail until it can", slog.String("backend", name), slog.String("cause", fault.String()))
			}
		}
	})
}

// unreachable opens one connection to each backend and returns the faults.
func (b *backends) unreachable(ctx context.Context) map[string]exchange.Fault {
	var (
		mu    sync.Mutex
		tries sync.WaitGroup
		found = map[string]exchange.Fault{}
	)
	for name, u := range b.shared {
		tries.Go(func() {
			up, ok := errors.AsType[*exchange.UpstreamError](u.Reach(ctx))
			if !ok {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			found[name] = up.Fault
		})
	}
	tries.Wait()
	return found
}

// Unreachable opens one connection to each backend of c that speaks HTTP and says
// which cannot be reached.
func Unreachable(ctx context.Context, c *config.Config) ([]config.Finding, error) {
	set, err := c.ResourceSet()
	if err != nil {
		return nil, err
	}
	b, err := openBackends(c, set)
	if err != nil {
		return nil, err
	}
	defer b.close()
	ctx, cancel := context.WithTimeout(ctx, reachDeadline)
	defer cancel()
	faults := b.unreachable(ctx)
	var out []config.Finding
	for _, name := range sortedKeys(faults) {
		key := "backends." + name
		out = append(out, config.Finding{Line: c.Line(key), Key: key, What: "cannot be reached from here: " + faults[name].String()})
	}
	return out, nil
}
