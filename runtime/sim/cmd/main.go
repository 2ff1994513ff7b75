// Command cmd runs seeds of the simulation: any number of new ones, or one again with its events.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ampgen/ampgen/runtime/sim"
)

func main() {
	var (
		seeds    = flag.Uint64("seeds", 1000, "how many seeds to run")
		first    = flag.Uint64("first", uint64(time.Now().UnixNano()), "the first of the seeds; the others follow it")
		seed     = flag.Uint64("seed", 0, "run this seed only, and print its events")
		verbose  = flag.Bool("v", false, "with -seed, also print what the loaders log")
		parallel = flag.Int("parallel", runtime.NumCPU(), "how many seeds to run at a time")
	)
	flag.Parse()
	if *seed != 0 {
		os.Exit(replay(*seed, *verbose))
	}
	os.Exit(run(*first, *seeds, *parallel))
}

// replay runs one seed and prints everything.
func replay(seed uint64, verbose bool) int {
	r := sim.Run(seed, sim.Options{Verbose: verbose})
	for _, e := range r.Events {
		fmt.Println(e)
	}
	if r.Failure != nil {
		fmt.Fprintf(os.Stderr, "seed %d fails: %v\n", seed, r.Failure)
		return 1
	}
	return 0
}

// run runs n seeds from first on and prints the sum of what happened in them.
func run(first, n uint64, parallel int) int {
	var (
		start = time.Now()
		sum   sim.Sum
		mu    sync.Mutex
		next  atomic.Uint64
		wg    sync.WaitGroup
	)
	for range parallel {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < n; i = next.Add(1) - 1 {
				r := sim.Run(first+i, sim.Options{})
				mu.Lock()
				sum.Add(r)
				if r.Failure != nil {
					fmt.Fprintln(os.Stderr, sim.Describe(r))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	fmt.Print(sum.String())
	fmt.Printf("seeds %d to %d in %s: %.0f a second\n", first, first+n-1, elapsed.Round(time.Millisecond), float64(n)/elapsed.Seconds())
	if sum.Failed > 0 {
		return 1
	}
	return 0
}
