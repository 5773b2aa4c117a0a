package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// target is one of the things that are compared.
type target struct {
	name string
	p    *process
	url  string
	key  string
}

const path = "/openai/deployments/chat/chat/completions?api-version=2024-10-21"

func (l *lab) targets() []target {
	return []target{
		{"floor (reverse proxy)", l.floor, l.floor.line + path, "unused"},
		{"sallyport, guards off", l.sally, l.bare + path, l.keyClear},
		{"sallyport, guards on", l.sally, l.guarded + path, l.key},
	}
}

// prose is ordinary text of n bytes.
func prose(n int) string {
	const paragraph = "The clinic opens at eight on weekdays and at ten on Saturdays. Please summarise the minutes of the planning meeting, list who agreed to do what, and draft a short note to the suppliers about the new delivery times for bandages and gloves. "
	return strings.Repeat(paragraph, n/len(paragraph)+1)[:n]
}

func body(prompt int, stream bool) []byte {
	b, _ := json.Marshal(map[string]any{
		"messages": []map[string]string{{"role": "user", "content": prose(prompt)}},
		"stream":   stream, "max_tokens": 512,
	})
	return b
}

// result is one measurement.
type result struct {
	requests  int
	failed    int64
	wall, cpu time.Duration
	latencies []time.Duration // sorted: whole answers
	firsts    []time.Duration // sorted: first byte of the body
	rss       int             // KiB, at the end
}

func (r result) perRequest() time.Duration { return r.cpu / time.Duration(max(r.requests, 1)) }

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	return d[min(int(q*float64(len(d))), len(d)-1)]
}

// load keeps inFlight requests going for about d.
func load(ctx context.Context, t target, payload []byte, inFlight int, d time.Duration) result {
	transport := &http.Transport{MaxIdleConnsPerHost: inFlight, MaxConnsPerHost: inFlight}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	one := func() (total, first time.Duration, err error) { return request(ctx, client, t, payload) }
	for range inFlight { // warm up
		_, _, _ = one()
	}
	var r result
	var mu sync.Mutex
	var failed atomic.Int64
	var wg sync.WaitGroup
	cpu, began := t.p.cpu(), time.Now()
	for range inFlight {
		wg.Go(func() {
			var totals, firsts []time.Duration
			for time.Since(began) < d && ctx.Err() == nil {
				total, first, err := one()
				if err != nil {
					failed.Add(1)
					continue
				}
				totals, firsts = append(totals, total), append(firsts, first)
			}
			mu.Lock()
			defer mu.Unlock()
			r.latencies, r.firsts = append(r.latencies, totals...), append(r.firsts, firsts...)
		})
	}
	wg.Wait()
	r.wall, r.cpu, r.failed = time.Since(began), t.p.cpu()-cpu, failed.Load()
	r.requests, r.rss = len(r.latencies), t.p.memory("VmRSS")
	slices.Sort(r.latencies)
	slices.Sort(r.firsts)
	return r
}

func request(ctx context.Context, c *http.Client, t target, payload []byte) (total, first time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(payload))
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("api-key", t.key)
	req.Header.Set("Content-Type", "application/json")
	began := time.Now()
	resp, err := c.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	var one [1]byte
	if _, err := io.ReadFull(resp.Body, one[:]); err != nil {
		return 0, 0, err
	}
	first = time.Since(began)
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, 0, fmt.Errorf("status %d", resp.StatusCode)
	}
	return time.Since(began), first, nil
}
