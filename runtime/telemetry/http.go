package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ampgen/ampgen/runtime/resilience"
)

// StalledAfter is how long a run may go without a message or a commit before it counts as stalled. Servers send something every
// thirty seconds while they work, and chains have a block every few seconds.
const StalledAfter = 10 * time.Minute

// Serve serves metrics and health of a run on addr until stop is called.
//
//	/metrics    Prometheus
//	/livez      503 if the run is stalled: neither a message nor a commit for StalledAfter
//	/readyz     503 until the server has answered and the wanted history is loaded, and when the run is stalled
//	/progressz  the figures as JSON
func Serve(m *Meter, addr string, labels map[string]string) (stop func(), at net.Addr, err error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	s := &http.Server{Handler: Handler(m, labels), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(listener) // ends when it is shut down
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			s.Close()
		}
		<-done
	}, listener.Addr(), nil
}

// Handler is what Serve serves. The labels are on every metric of the run.
func Handler(m *Meter, labels map[string]string) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(m, labels), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, m.Snapshot().live()) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answer(w, m.Snapshot().ready()) })
	mux.HandleFunc("GET /progressz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.Encode(m.Snapshot().figures()) // fails when the reader is gone
	})
	return mux
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (s Snapshot) live() error {
	if stalled := s.Stalled(); stalled > StalledAfter {
		return fmt.Errorf("stalled: no message and no commit for %s; waiting for %s", stalled.Round(time.Second), s.Waiting)
	}
	return nil
}

func (s Snapshot) ready() error {
	switch {
	case !s.Heard:
		return errors.New("the server has not answered yet")
	case s.Done < s.Wanted:
		return fmt.Errorf("%d of %d blocks of history are loaded", s.Done, s.Wanted)
	}
	return s.live()
}

// figures is a snapshot as /progressz shows it.
type figures struct {
	Elapsed      float64            `json:"elapsed_seconds"`
	Rows         int64              `json:"rows"`
	Rate         float64            `json:"rows_per_second"`
	Pending      int64              `json:"pending_rows"`
	Bytes        int64              `json:"bytes"`
	Commits      int64              `json:"commits"`
	Blocks       uint64             `json:"blocks"`
	HistoryDone  uint64             `json:"history_blocks_done"`
	HistoryWant  uint64             `json:"history_blocks_wanted"`
	ETA          *float64           `json:"eta_seconds"`
	LastBlock    *uint64            `json:"last_block"`
	Lag          *float64           `json:"lag_seconds"`
	Reorgs       int64              `json:"reorganisations"`
	Retries      int64              `json:"retries"`
	WaitingFor   string             `json:"waiting_for"`
	WaitingSince float64            `json:"waiting_seconds"`
	NoProgress   float64            `json:"no_progress_seconds"`
	Spent        map[string]float64 `json:"seconds"`
	Stalls       int64              `json:"stalls"`
	Gates        []gateFigures      `json:"gates"`
	Lanes        []laneFigures      `json:"workers"`
}

type gateFigures struct {
	Name      string  `json:"name"`
	Breaker   string  `json:"breaker"`
	Retry     float64 `json:"retry_seconds"`
	Opened    int64   `json:"opened"`
	Interval  float64 `json:"interval_seconds"`
	Overloads int64   `json:"overloads"`
	Timeouts  int64   `json:"timeouts"`
}

type laneFigures struct {
	Name    string  `json:"name"`
	Blocks  string  `json:"blocks"`
	Rows    int64   `json:"rows"`
	Waiting string  `json:"waiting_for"`
	Since   float64 `json:"waiting_seconds"`
}

func (s Snapshot) figures() figures {
	f := figures{Elapsed: s.Elapsed.Seconds(), Rows: s.Rows, Pending: s.Pending, Bytes: s.Bytes, Commits: s.Units, Blocks: s.Blocks,
		HistoryDone: s.Done, HistoryWant: s.Wanted, Reorgs: s.Undone, Retries: s.Retries, WaitingFor: s.Waiting.String(),
		WaitingSince: s.Since.Seconds(), NoProgress: s.Stalled().Seconds(), Spent: map[string]float64{}, Stalls: s.Stalls, Lanes: []laneFigures{}}
	if s.Elapsed > 0 {
		f.Rate = float64(s.Rows) / s.Elapsed.Seconds()
	}
	if eta, ok := s.ETA(); ok {
		seconds := eta.Seconds()
		f.ETA = &seconds
	}
	if s.Units > 0 {
		f.LastBlock = &s.Last
	}
	if lag, ok := s.Lag(); ok {
		seconds := lag.Seconds()
		f.Lag = &seconds
	}
	for side := Server; side < sides; side++ {
		f.Spent[side.String()] = s.Spent[side].Seconds()
	}
	for _, g := range s.Gates {
		f.Gates = append(f.Gates, gateFigures{Name: g.Name, Breaker: g.State.String(), Retry: g.Retry.Seconds(), Opened: g.Opened,
			Interval: g.Interval.Seconds(), Overloads: g.Overloads, Timeouts: g.Timeouts})
	}
	for _, l := range s.Lanes {
		f.Lanes = append(f.Lanes, laneFigures{Name: l.Name, Blocks: l.Chunk, Rows: l.Rows, Waiting: l.Waiting.String(), Since: l.Since.Seconds()})
	}
	return f
}

// collector makes metrics of a snapshot at each scrape, so that the hot path knows nothing of them.
type collector struct {
	meter                                                                     *Meter
	rows, bytes, commits, blocks, reorgs, retries, stalls, seconds            *prometheus.Desc
	breaker, opened, interval, overloads, timeouts                            *prometheus.Desc
	pending, done, wanted, last, lag, noProgress, waiting, workers, heardFrom *prometheus.Desc
}

func newCollector(m *Meter, labels map[string]string) *collector {
	describe := func(name, help string, variable ...string) *prometheus.Desc {
		return prometheus.NewDesc("ampgen_"+name, help, variable, labels)
	}
	return &collector{meter: m,
		rows:       describe("rows_total", "Rows committed."),
		bytes:      describe("arrow_bytes_total", "Bytes of Arrow data committed."),
		commits:    describe("commits_total", "Units committed."),
		blocks:     describe("blocks_total", "Blocks committed."),
		reorgs:     describe("reorganisations_total", "Reorganisations of the chain that were undone."),
		retries:    describe("retries_total", "Attempts after a failure."),
		stalls:     describe("stalls_total", "Streams that were left since they were silent while the chain went on."),
		breaker:    describe("breaker_open", "1 while nothing is asked of the side after repeated failures, 0.5 while one request is tried, else 0.", "side"),
		opened:     describe("breaker_opened_total", "How often the side failed so often that nothing was asked of it for a while.", "side"),
		interval:   describe("request_interval_seconds", "Time between requests to the side, which is overloaded; 0 when it is not.", "side"),
		overloads:  describe("overloads_total", "Answers by which the side was overloaded.", "side"),
		timeouts:   describe("timeouts_total", "Calls of the side that were given up since they took too long.", "side"),
		seconds:    describe("seconds_total", "Time spent waiting, by side, summed over the workers.", "side"),
		pending:    describe("pending_rows", "Rows of units that are not committed yet."),
		done:       describe("history_blocks_done", "Blocks of the wanted history that this run has loaded."),
		wanted:     describe("history_blocks_wanted", "Blocks of history that this run is to load."),
		last:       describe("last_block", "The highest committed block."),
		lag:        describe("lag_seconds", "Age of the highest committed block; absent while its time is unknown."),
		noProgress: describe("no_progress_seconds", "Time since the last message or commit."),
		waiting:    describe("waiting_seconds", "The longest wait that goes on now, by side.", "side"),
		workers:    describe("workers", "Workers that load history now."),
		heardFrom:  describe("server_answered", "1 once the server has answered."),
	}
}

// Describe is prometheus.Collector's.
func (c *collector) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect is prometheus.Collector's.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.meter.Snapshot()
	counter := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter(c.rows, float64(s.Rows))
	counter(c.bytes, float64(s.Bytes))
	counter(c.commits, float64(s.Units))
	counter(c.blocks, float64(s.Blocks))
	counter(c.reorgs, float64(s.Undone))
	counter(c.retries, float64(s.Retries))
	counter(c.stalls, float64(s.Stalls))
	for _, g := range s.Gates {
		open := map[resilience.State]float64{resilience.Closed: 0, resilience.HalfOpen: 0.5, resilience.Open: 1}[g.State]
		gauge(c.breaker, open, g.Name)
		counter(c.opened, float64(g.Opened), g.Name)
		gauge(c.interval, g.Interval.Seconds(), g.Name)
		counter(c.overloads, float64(g.Overloads), g.Name)
		counter(c.timeouts, float64(g.Timeouts), g.Name)
	}
	for side := Server; side < sides; side++ {
		counter(c.seconds, s.Spent[side].Seconds(), side.String())
	}
	gauge(c.pending, float64(s.Pending))
	gauge(c.done, float64(s.Done))
	gauge(c.wanted, float64(s.Wanted))
	gauge(c.noProgress, s.Stalled().Seconds())
	gauge(c.waiting, s.Since.Seconds(), s.Waiting.String())
	gauge(c.workers, float64(len(s.Lanes)))
	heard := 0.0
	if s.Heard {
		heard = 1
	}
	gauge(c.heardFrom, heard)
	if s.Units > 0 {
		gauge(c.last, float64(s.Last))
	}
	if lag, ok := s.Lag(); ok {
		gauge(c.lag, lag.Seconds())
	}
}
