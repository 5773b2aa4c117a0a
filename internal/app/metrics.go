package app

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sallyport/guard"
	"sallyport/internal/record/audit"
)

// metrics are what operations see. Every label has a closed vocabulary or a
// configured name, so no free text can leak into them.
type metrics struct {
	registry *prometheus.Registry
	entries  *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	duration *prometheus.HistogramVec
	verdicts *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sallyport_record_entries_total", Help: "Entries on the record, by kind, operation, status and code.",
		}, []string{"kind", "operation", "surface", "status", "code"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sallyport_tokens_total", Help: "Tokens settled, by deployment and direction.",
		}, []string{"resource", "deployment", "direction"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sallyport_operation_seconds", Help: "Time from the decision to let in to the outcome.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120},
		}, []string{"operation"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sallyport_guard_verdicts_total", Help: "Detections by the guards, by category and what was done.",
		}, []string{"category", "filtered"}),
	}
	m.registry.MustRegister(m.entries, m.tokens, m.duration, m.verdicts,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// gauge registers a figure that is read when somebody looks.
func (m *metrics) gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// recorder puts entries on the record and counts those that are.
type recorder struct {
	log     *audit.Log
	m       *metrics
	failing atomic.Bool // the last entry could not be written
}

// Append implements gate.Recorder.
func (r *recorder) Append(ctx context.Context, e audit.Entry) (audit.Receipt, error) {
	receipt, err := r.log.Append(ctx, e)
	// Only an intent shows that requests can be recorded: small entries still fit
	// where it does not.
	if err != nil || e.Kind == audit.Intent {
		r.failing.Store(err != nil)
	}
	if err == nil {
		r.count(&e)
	}
	return receipt, err
}

// writable reports whether the record takes entries. After a failure it tries
// one: a service that is taken out of rotation sees no request that would.
func (r *recorder) writable(ctx context.Context) error {
	if !r.failing.Load() {
		return r.log.Healthy()
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	// An intent with its outcome, as large as a request's: an entry alone, or a
	// short one, may still fit where a request does not.
	probe := audit.Entry{Kind: audit.Intent, Operation: "record.probe", ID: rand.Text(), Principal: rand.Text() + rand.Text(), Verdicts: make([]audit.VerdictNote, 12)}
	for i := range probe.Verdicts {
		probe.Verdicts[i] = audit.VerdictNote{Category: string(guard.PersonalData), Stage: "probe", Version: rand.Text()}
	}
	if _, err := r.Append(ctx, probe); err != nil {
		return err
	}
	probe.Kind = audit.Outcome
	_, err := r.Append(ctx, probe)
	return err
}

func (r *recorder) count(e *audit.Entry) {
	r.m.entries.WithLabelValues(e.Kind.String(), e.Operation, e.Surface, strconv.Itoa(e.Status), e.Code).Add(float64(max(e.Count, 1)))
	if e.Kind != audit.Outcome {
		return
	}
	r.m.duration.WithLabelValues(e.Operation).Observe(float64(e.DurationMS) / 1000)
	if e.Deployment != "" {
		r.m.tokens.WithLabelValues(e.Resource, e.Deployment, "prompt").Add(float64(e.PromptTokens))
		r.m.tokens.WithLabelValues(e.Resource, e.Deployment, "completion").Add(float64(e.CompletionTokens))
	}
	for i := range e.Verdicts {
		if v := &e.Verdicts[i]; v.Detected {
			r.m.verdicts.WithLabelValues(v.Category, strconv.FormatBool(v.Filtered)).Inc()
		}
	}
}
