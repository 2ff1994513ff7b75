package runtime

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

// The commands status and verify, which write nothing.

// verify compares the compiled columns with the server's.
func (g *program) verify(ctx context.Context, l *loader) error {
	if err := l.checkServer(ctx, g.pipeline.Mode == Stream); err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "the server's %d columns are the compiled ones\n", g.pipeline.Query.NumFields())
	return nil
}

// status shows what the sink has, and how the loader fares that serves its metrics at an address, if there is one.
func (g *program) status(ctx context.Context, l *loader, metrics string) error {
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "table %s, pipeline %s\n", l.table().Name, l.table().Pipeline)
	if len(state.Ranges) == 0 {
		fmt.Fprintln(g.stdout, "  nothing is loaded yet")
	}
	if state.Missing != "" {
		fmt.Fprintf(g.stdout, "  %s does not exist; a run makes it\n", state.Missing)
	}
	for _, network := range networks(state.Ranges) {
		covered, last := blockrange.Cover(network, state.Ranges), lastOf(network, state.Ranges)
		spans := covered.Spans()
		gaps := covered.Gaps(blockrange.Span{Start: spans[0].Start, End: last.End})
		fmt.Fprintf(g.stdout, "  %s: %s: %s\n", network, plural(int64(covered.Blocks()), "block"), covered)
		if len(gaps) > 0 {
			fmt.Fprintf(g.stdout, "    gaps between them: %s\n", strings.Trim(fmt.Sprint(gaps), "[]"))
		}
		hash := last.Hash
		if hash == "" {
			hash = "hash unknown: loaded by block numbers"
		}
		fmt.Fprintf(g.stdout, "    last block %d, %s\n", last.End, hash)
		if last.Timestamp != 0 && last.Hash != "" {
			fmt.Fprintf(g.stdout, "    its time: %s\n", g.ago(time.Unix(last.Timestamp, 0)))
		}
	}
	if !state.Changed.IsZero() {
		fmt.Fprintf(g.stdout, "  last commit: %s\n", g.ago(state.Changed))
	}
	if state.Fence > 0 {
		fmt.Fprintf(g.stdout, "  writer: %s, number %d\n", state.Holder, state.Fence)
	}
	if metrics == "" {
		return nil
	}
	lines, err := telemetry.Ask(ctx, metrics)
	if err != nil {
		return &Error{Class: Transient, Op: "ask the running loader", On: metrics, Err: err, Help: "is it running with that --metrics-addr?"}
	}
	fmt.Fprintf(g.stdout, "the loader at %s\n  %s\n", metrics, strings.Join(lines, "\n  "))
	return nil
}

// ago writes a time and how long that is ago.
func (g *program) ago(t time.Time) string {
	return fmt.Sprintf("%s, %s ago", t.UTC().Format(time.RFC3339), telemetry.Age(g.clock.Now().Sub(t)))
}

func networks(ranges []Range) []string {
	var names []string
	for _, r := range ranges {
		names = append(names, r.Network)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func lastOf(network string, ranges []Range) Range {
	var last Range
	for _, r := range ranges {
		if r.Network == network && (last.Network == "" || r.End > last.End) {
			last = r
		}
	}
	return last
}
