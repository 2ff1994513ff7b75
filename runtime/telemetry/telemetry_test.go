package telemetry_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime/telemetry"
)

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := telemetry.NewMeter()
		m.Want(100)
		m.Enter(telemetry.Server)
		time.Sleep(3 * time.Second)
		m.Enter(telemetry.Sink)
		m.Wrote(10, 1000)
		m.Wrote(5, 500)
		time.Sleep(time.Second)
		if s := m.Snapshot(); s.Rows != 0 || s.Pending != 15 || s.Waiting != telemetry.Sink || s.Since != time.Second {
			t.Errorf("before the commit: %+v", s)
		}
		now := time.Now()
		m.Committed(25, 24, now.Unix()-7)
		m.Wrote(3, 300)
		m.Dropped()
		m.Enter(telemetry.Server)
		s := m.Snapshot()
		if s.Rows != 15 || s.Bytes != 1500 || s.Pending != 0 || s.Units != 1 || s.Blocks != 25 || s.Last != 24 {
			t.Errorf("after the commit: %+v", s)
		}
		if got := s.Shares(); got != "server 75%, labels 0%, sink 25%" {
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

func TestLogLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		m := telemetry.NewMeter()
		v := telemetry.NewView(m, telemetry.Options{Out: &out, JSON: true, Name: "transfers"})
		m.Enter(telemetry.Server)
		m.Wrote(1000, 8000)
		m.Committed(10, 109, 0)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		m.Wrote(500, 4000)
		m.Committed(5, 114, time.Now().Unix())
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
				"last_block": 114.0, "waiting_for": "server", "waiting_seconds": 10.0, "lag_seconds": 5.0},
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFormats(t *testing.T) {
	tests := []struct{ got, want string }{
		{telemetry.Number(0), "0"}, {telemetry.Number(999), "999"}, {telemetry.Number(-1234567), "-1,234,567"},
		{telemetry.Number(-123), "-123"}, {telemetry.Number(17686132), "17,686,132"},
		{telemetry.Count(1, "row"), "1 row"}, {telemetry.Count(0, "row"), "0 rows"}, {telemetry.Count(1200, "row"), "1,200 rows"},
		{telemetry.Rate(10, 0), "0 rows/s"}, {telemetry.Rate(3000, 2*time.Second), "1,500 rows/s"},
		{telemetry.Bytes(0), "0 B"}, {telemetry.Bytes(999), "999 B"}, {telemetry.Bytes(1000), "1.0 kB"}, {telemetry.Bytes(2_345_678_901), "2.3 GB"},
		{telemetry.Bytes(5e15), "5000.0 TB"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
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
