package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Describe says how a run failed and how to run it again.
func Describe(r *Report) string {
	return fmt.Sprintf("seed %d fails: %v\n  replay: go run ./runtime/sim/cmd -v -seed %d", r.Seed, r.Failure, r.Seed)
}

// Sum is what happened in several runs. The zero Sum is of none.
type Sum struct {
	Runs, Failed int
	total        Report
}

// Add adds a run.
func (s *Sum) Add(r *Report) {
	s.Runs++
	if r.Failure != nil {
		s.Failed++
	}
	t := &s.total
	t.Steps += r.Steps
	t.Blocks += r.Blocks
	t.Rows += r.Rows
	t.Commits += r.Commits
	t.Undos += r.Undos
	t.Checks += r.Checks
	t.Loaders += r.Loaders
	t.Fenced += r.Fenced
	t.Simulated += r.Simulated
	for f, n := range r.Faults {
		t.Faults[f] += n
	}
	for s, n := range r.Situations {
		t.Situations[s] += n
	}
	if t.Kills == nil {
		t.Kills = map[string]int{}
	}
	for at, n := range r.Kills {
		t.Kills[at] += n
	}
}

// Missing are the faults that never happened.
func (s *Sum) Missing() []Fault {
	var out []Fault
	for f, n := range s.total.Faults {
		if n == 0 {
			out = append(out, Fault(f))
		}
	}
	return out
}

// Avoided are the situations that never came about.
func (s *Sum) Avoided() []Situation {
	var out []Situation
	for i, n := range s.total.Situations {
		if n == 0 {
			out = append(out, Situation(i))
		}
	}
	return out
}

// String is a table of all figures.
func (s *Sum) String() string {
	var b strings.Builder
	t := s.total
	fmt.Fprintf(&b, "%d runs, %d failed; %d steps, %s of waiting simulated\n", s.Runs, s.Failed, t.Steps, t.Simulated.Round(time.Second))
	fmt.Fprintf(&b, "%d blocks mined, %d rows stored in the end, %d commits, %d undos, %d checks of the whole store\n",
		t.Blocks, t.Rows, t.Commits, t.Undos, t.Checks)
	fmt.Fprintf(&b, "%d loaders started, %d of them fenced\n", t.Loaders, t.Fenced)
	for f, n := range t.Faults {
		fmt.Fprintf(&b, "  %-28s %8d\n", Fault(f), n)
	}
	b.WriteString("history and stream\n")
	for i, n := range t.Situations {
		fmt.Fprintf(&b, "  %-28s %8d\n", Situation(i), n)
	}
	b.WriteString("killed before the loader\n")
	for _, at := range slices.Sorted(maps.Keys(t.Kills)) {
		fmt.Fprintf(&b, "  %-28s %8d\n", at, t.Kills[at])
	}
	return b.String()
}
