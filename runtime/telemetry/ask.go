package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Ask asks the run that is served at addr how it fares: a line for what it waits for, and one for each side that requests go to.
func Ask(ctx context.Context, addr string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/progressz", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var f figures
	if err := json.NewDecoder(response.Body).Decode(&f); err != nil {
		return nil, fmt.Errorf("%s serves no progress of a loader: %w", addr, err)
	}
	lines := []string{fmt.Sprintf("%s committed, %s after failures, waiting for %s", Count(f.Rows, "row"), Count(f.Retries, "attempt"), f.WaitingFor)}
	for _, g := range f.Gates {
		lines = append(lines, g.String())
	}
	return lines, nil
}

// String is how the side is, in a line.
func (g gateFigures) String() string {
	line := g.Name + ": breaker " + g.Breaker
	if g.Retry > 0 {
		line += fmt.Sprintf(", the next attempt in %s", seconds(g.Retry).Round(time.Second))
	}
	if g.Interval > 0 {
		line += fmt.Sprintf(", overloaded: a request every %s", seconds(g.Interval).Round(10*time.Millisecond))
	}
	return line
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
