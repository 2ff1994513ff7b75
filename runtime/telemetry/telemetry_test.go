package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/resilience"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := telemetry.NewMeter()
		lane := m.Lane("")
		m.Want(100)
		lane.Enter(telemetry.Server)
		time.Sleep(3 * time.Second)
		lane.Enter(telemetry.Sink)
		lane.Wrote(10, 1000)
		lane.Wrote(5, 500)
		time.Sleep(time.Second)
		if s := m.Snapshot(); s.Rows != 0 || s.Pending != 15 || s.Waiting != telemetry.Sink || s.Since != time.Second {
			t.Errorf("before the commit: %+v", s)
		}
		now := time.Now()
		if bytes := lane.Committed(25, 24, now.Unix()-7); bytes != 1500 {
			t.Errorf("the unit had %d bytes", bytes)
		}
		m.Done(25)
		lane.Wrote(3, 300)
		lane.Dropped()
		lane.Enter(telemetry.Server)
		lane.Encoded(time.Second / 4)
		s := m.Snapshot()
		if s.Rows != 15 || s.Bytes != 1500 || s.Pending != 0 || s.Units != 1 || s.Blocks != 25 || s.Last != 24 {
			t.Errorf("after the commit: %+v", s)
		}
		if got := s.Shares(); got != "server 75%, decode 0%, labels 0%, encode 6%, sink 19%" {
			t.Errorf("shares are %s", got)
		}
		if eta, ok := s.ETA(); !ok || eta != 12*time.Second {
			t.Errorf("ETA is %v, %t", eta, ok)
		}
		if lag, ok := s.Lag(); !ok || lag != 7*time.Second {
			t.Errorf("lag is %v, %t", lag, ok)
		}
		if got := telemetry.Line(s); got != "25%  15 rows  3 rows/s  block 24  ETA 12s  waiting for server" {
			t.Errorf("line is %s", got)
		}
		time.Sleep(40 * time.Second) // a stalled stream shows
		if got := telemetry.Line(m.Snapshot()); !strings.HasSuffix(got, "  ETA 0s  waiting for server (40s)") {
			t.Errorf("line is %s", got)
		}
	})
}

// TestLanes: the time of all lanes counts, and blocks that are committed out of order do not lower the last one.
func TestLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := telemetry.NewMeter()
		m.Want(100)
		one, two := m.Lane("worker 1"), m.Lane("worker 2")
		one.Enter(telemetry.Server)
		two.Enter(telemetry.Sink)
		time.Sleep(2 * time.Second)
		one.Loads("50-99", 10, 50)
		one.Wrote(7, 70)
		one.Committed(50, 99, 0)
		two.Committed(50, 49, 0)
		m.Done(50)
		s := m.Snapshot()
		if got := s.Shares(); got != "server 50%, decode 0%, labels 0%, encode 0%, sink 50%" {
			t.Errorf("shares are %s", got)
		}
		if s.Last != 99 || s.Units != 2 {
			t.Errorf("last block %d of %d units", s.Last, s.Units)
		}
		if got := telemetry.Line(s); got != "50%  7 rows  3 rows/s  block 99  ETA 2s  slowest: server" {
			t.Errorf("line is %s", got)
		}
		want := []telemetry.LaneSnapshot{
			{ID: 0, Name: "worker 1", Chunk: "50-99", Done: 10, Of: 50, Rows: 7, Waiting: telemetry.Server, Since: 2 * time.Second},
			{ID: 1, Name: "worker 2", Waiting: telemetry.Sink, Since: 2 * time.Second}}
		if diff := cmp.Diff(want, s.Lanes); diff != "" {
			t.Error(diff)
		}
		one.Close()
		two.Undone(20)
		if s := m.Snapshot(); len(s.Lanes) != 1 || s.Last != 20 || s.Undone != 1 {
			t.Errorf("after an undo: %+v", s)
		}
	})
}

func TestLogLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		m := telemetry.NewMeter()
		lane := m.Lane("")
		v := telemetry.NewView(m, telemetry.Options{Out: &out, JSON: true, Name: "transfers"})
		lane.Enter(telemetry.Server)
		lane.Wrote(1000, 8000)
		lane.Committed(10, 109, 0)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		m.Want(20)
		m.Done(5)
		lane.Retries()
		lane.Wrote(500, 4000)
		lane.Committed(5, 114, time.Now().Unix())
		time.Sleep(5 * time.Second)
		v.Stop()
		var lines []map[string]any
		for line := range strings.Lines(out.String()) {
			var values map[string]any
			if err := json.Unmarshal([]byte(line), &values); err != nil {
				t.Fatal(err)
			}
			delete(values, "time")
			lines = append(lines, values)
		}
		want := []map[string]any{
			{"level": "INFO", "msg": "progress", "rows": 1000.0, "rows_per_second": 200.0, "pending_rows": 0.0, "blocks": 10.0, "bytes": 8000.0,
				"last_block": 109.0, "waiting_for": "server", "waiting_seconds": 5.0},
			{"level": "INFO", "msg": "progress", "rows": 1500.0, "rows_per_second": 100.0, "pending_rows": 0.0, "blocks": 15.0, "bytes": 12000.0,
				"last_block": 114.0, "waiting_for": "server", "waiting_seconds": 10.0, "lag_seconds": 5.0, "history_blocks": 5.0,
				"wanted_blocks": 20.0, "slowest": "server", "eta_seconds": 10.0, "retries": 1.0},
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
	})
}

// TestHealth: a run is alive while it gets on, and ready when its history is loaded.
func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := telemetry.NewMeter()
		lane := m.Lane("worker 1")
		h := telemetry.Handler(m, map[string]string{"table": "transfers"})
		get := func(path string) (int, string) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			return w.Code, w.Body.String()
		}
		expect := func(path string, code int, parts ...string) {
			t.Helper()
			got, body := get(path)
			if got != code {
				t.Errorf("%s answers %d: %s", path, got, body)
			}
			for _, part := range parts {
				if !strings.Contains(body, part) {
					t.Errorf("%s lacks %q:\n%s", path, part, body)
				}
			}
		}
		expect("/livez", 200, "ok")
		expect("/readyz", 503, "the server has not answered yet")
		m.Want(10)
		lane.Heard()
		expect("/readyz", 503, "0 of 10 blocks of history are loaded")
		lane.Loads("0-9", 0, 10)
		lane.Wrote(3, 300)
		lane.Committed(10, 9, 0)
		m.Done(10)
		expect("/readyz", 200)
		expect("/metrics", 200, `ampgen_rows_total{table="transfers"} 3`, `ampgen_history_blocks_done{table="transfers"} 10`,
			`ampgen_seconds_total{side="server",table="transfers"} 0`, `ampgen_last_block{table="transfers"} 9`, `ampgen_workers{table="transfers"} 1`, "go_goroutines")
		expect("/progressz", 200, `"rows": 3,`, `"last_block": 9,`, `"lag_seconds": null,`, `"blocks": "0-9",`, `"server": 0`)

		lane.Enter(telemetry.Server)
		time.Sleep(telemetry.StalledAfter + time.Second)
		expect("/livez", 503, "stalled: no message and no commit for 10m1s; waiting for server")
		expect("/readyz", 503, "stalled")
		lane.Heard()
		expect("/livez", 200)
	})
}

// TestMetricsAreDocumented holds the table of docs/watching.md against the metrics themselves: name, type and sentence.
func TestMetricsAreDocumented(t *testing.T) {
	m := telemetry.NewMeter()
	m.Gates(resilience.NewGate("server", resilience.Wall, slog.New(slog.DiscardHandler), 0))
	lane := m.Lane("")
	lane.Committed(1, 1, time.Now().Unix()) // with a block and its time, all metrics are there
	w := httptest.NewRecorder()
	telemetry.Handler(m, nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	document, err := os.ReadFile("../../docs/watching.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	help := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(words) < 4 || !strings.HasPrefix(words[2], "ampgen_") {
			continue
		}
		if words[1] == "HELP" {
			help[words[2]] = words[3]
		} else {
			want = append(want, "| `"+words[2]+"` | "+words[3]+" | "+help[words[2]]+" |")
		}
	}
	for line := range strings.Lines(string(document)) {
		if strings.HasPrefix(line, "| `ampgen_") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Error(diff)
	}
}

// TestServe starts and stops the real thing.
func TestServe(t *testing.T) {
	m := telemetry.NewMeter()
	stop, at, err := telemetry.Serve(m, "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + at.String() + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("status %d", answer.StatusCode)
	}
	if _, _, err := telemetry.Serve(m, at.String(), nil); err == nil {
		t.Error("an address that is in use is served again")
	}
	stop()
	if _, err := http.Get("http://" + at.String() + "/livez"); err == nil {
		t.Error("it is served after the stop")
	}
}

func TestFormats(t *testing.T) {
	tests := []struct{ got, want string }{
		{telemetry.Number(0), "0"}, {telemetry.Number(999), "999"}, {telemetry.Number(-1234567), "-1,234,567"},
		{telemetry.Number(-123), "-123"}, {telemetry.Number(17686132), "17,686,132"},
		{telemetry.Count(1, "row"), "1 row"}, {telemetry.Count(0, "row"), "0 rows"}, {telemetry.Count(1200, "row"), "1,200 rows"},
		{telemetry.Rate(10, 0), "0 rows/s"}, {telemetry.Rate(3000, 2*time.Second), "1,500 rows/s"},
		{telemetry.Bytes(0), "0 B"}, {telemetry.Bytes(999), "999 B"}, {telemetry.Bytes(1000), "1.0 kB"}, {telemetry.Bytes(2_345_678_901), "2.3 GB"},
		{telemetry.Bytes(5e15), "5000.0 TB"},
		{telemetry.Age(0), "0s"}, {telemetry.Age(725400 * time.Millisecond), "12m5s"}, {telemetry.Age(time.Hour), "1 hour"},
		{telemetry.Age(47*time.Hour + 59*time.Minute), "47 hours"}, {telemetry.Age(48 * time.Hour), "2 days"},
		{telemetry.Age(364 * 24 * time.Hour), "364 days"}, {telemetry.Age(26548 * time.Hour), "3 years"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

// TestJSONHasTexts: what text logs write as a word is one in JSON logs, too.
func TestJSONHasTexts(t *testing.T) {
	var out bytes.Buffer
	v := telemetry.NewView(telemetry.NewMeter(), telemetry.Options{Out: &out, JSON: true})
	v.Log().Warn("loading", "blocks", blockrange.Span{Start: 5, End: 9}, "range", blockrange.Range{Network: "mainnet", Start: 1, End: 2},
		"wait_up_to", 2*time.Second, "error", errors.New("lost"), "from", uint64(7))
	v.Stop()
	for _, want := range []string{`"level":"WARN"`, `"blocks":"5-9"`, `"range":"mainnet:1-2"`, `"wait_up_to":"2s"`, `"error":"lost"`, `"from":7`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not in %s", want, out.String())
		}
	}
}

// TestLiveLine looks at what a terminal gets: the line, and log lines above it.
func TestLiveLine(t *testing.T) {
	var out bytes.Buffer
	m := telemetry.NewMeter()
	v := telemetry.NewView(m, telemetry.Options{Out: &out, Live: true, Name: "transfers"})
	v.Log().Info("following the stream")
	v.Log().Warn("rolling back failed")
	v.Stop()
	if !strings.Contains(out.String(), "msg=\"following the stream\"\nlevel=WARN msg=\"rolling back failed\"\n") {
		t.Errorf("the terminal got %q", out.String())
	}
}
