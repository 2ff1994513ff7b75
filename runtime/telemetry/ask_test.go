package telemetry_test

import (
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/runtime/fault"
	"github.com/ampgen/ampgen/runtime/resilience"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

func TestAsk(t *testing.T) {
	meter, log := telemetry.NewMeter(), slog.New(slog.DiscardHandler)
	server, sink := resilience.NewGate("server", resilience.Wall, log, 0), resilience.NewGate("sink", resilience.Wall, log, 0)
	meter.Gates(server, sink)
	for range 5 {
		sink.Failed(sink.Now(), fault.Errorf(fault.Transient, "commit", "", "lost"))
	}
	server.Failed(server.Now(), &fault.Error{Class: fault.Transient, Overload: true})
	h := httptest.NewServer(telemetry.Handler(meter, nil))
	defer h.Close()
	got, err := telemetry.Ask(t.Context(), strings.TrimPrefix(h.URL, "http://"))
	want := []string{"0 rows committed, 0 attempts after failures, waiting for other",
		"server: breaker closed, overloaded: a request every 250ms", "sink: breaker open, the next attempt in 5s"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := telemetry.Ask(t.Context(), "127.0.0.1:1"); err == nil {
		t.Error("nobody answered")
	}
}
