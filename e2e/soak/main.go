// Command soak kills a loader over and over again, and shows that nothing is lost.
//
// A development server mines blocks and reorganises its chain; the ERC-20 loader follows it into a PostgreSQL server that is
// started for the purpose. The loader is killed by SIGKILL at random moments and started again. Then one loader runs within this
// process, and its connections to server and database are broken, slowed and stalled instead; when that is over it must get to the tip,
// and leave no goroutine, connection or file behind. All the while a reader of the database checks that it sees whole commits only. At
// the end the table is compared, row for row, with what the server answers for the same query.
//
// Run it in the repository's root:
//
//	go run ./e2e/soak --duration 60s
package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

func main() {
	var o options
	pflag.DurationVar(&o.duration, "duration", time.Minute, "how long to kill loaders")
	pflag.IntVar(&o.kills, "kills", 0, "stop after so many `kills`, if that is earlier; 0 for no such limit")
	pflag.DurationVar(&o.storm, "storm", 30*time.Second, "how long to break connections and answers after that; 0 for not at all")
	pflag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano())%1_000_000, "the `seed` of the chain, its forks and the moments of the kills")
	pflag.StringVar(&o.data, "data", "", "begin with the blocks of this `folder` (blocks, transactions and logs of a real chain) instead of synthetic ones")
	pflag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := soak(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\nrun again with --seed %d\n", err, o.seed)
		os.Exit(1)
	}
}

type options struct {
	duration time.Duration
	storm    time.Duration
	kills    int
	seed     uint64
	data     string
}

// soak is the whole run.
func soak(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "ampgen-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	say("seed %d; building the loader", o.seed)
	loader, err := build(ctx, dir)
	if err != nil {
		return err
	}
	s, err := newScene(ctx, o, loader)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.killLoaders(ctx, o); err != nil {
		return err
	}
	if o.storm > 0 {
		if err := s.storm(ctx, o); err != nil {
			return err
		}
	}
	say("the chain stands still; the last loader goes to the tip, block %d", s.chain.Tip().Number)
	if err := s.reachTip(ctx); err != nil {
		return err
	}
	rows, err := s.compare(ctx)
	if err != nil {
		return err
	}
	if s.largest > loaderMemory {
		return fmt.Errorf("a loader had %d bytes of memory, and its ceiling is %d", s.largest, loaderMemory)
	}
	say("%d kills survived, %d reorganisations of %d blocks in all, %d commits and undos seen by a reader that looked %d times",
		s.kills, s.weather.reorgs.Load(), s.weather.replaced.Load(), s.changes.Load(), s.watcher.Looks)
	say("no loader process had more than %d MB of memory; their ceiling is %d", s.largest/1_000_000, loaderMemory/1_000_000)
	say("%d rows of %d blocks compared with the server's answer: all equal", rows, s.chain.Tip().Number-s.chain.First().Number+1)
	return nil
}

// killLoaders starts loaders and kills them while the chain changes.
func (s *scene) killLoaders(ctx context.Context, o options) error {
	failed, stop := s.change(ctx)
	moments := rand.New(rand.NewPCG(o.seed, 1))
	for end := time.Now().Add(o.duration); time.Now().Before(end) && (o.kills == 0 || s.kills < o.kills); {
		lived := time.Duration(50+moments.IntN(1000)) * time.Millisecond
		p, err := s.start(moments.IntN(3) == 0)
		if err != nil {
			return errors.Join(err, stop())
		}
		select {
		case <-time.After(lived):
		case <-p.exited:
			return errors.Join(fmt.Errorf("the loader ended by itself: %s\n%s", p.cmd.ProcessState, &p.said), stop())
		case err := <-failed:
			return errors.Join(err, ctx.Err(), p.kill(), stop())
		}
		s.measure(p)
		if err := p.kill(); err != nil {
			return errors.Join(err, stop())
		}
		s.kills++
		say("kill %d: process %d after %s; %s committed, the tip is %d", s.kills, p.cmd.Process.Pid, lived, s.committed(), s.chain.Tip().Number)
	}
	return stop()
}

// change has the chain change, and a reader of the database watch, until stop is called, which says how that went. Failed has what
// went wrong before.
func (s *scene) change(ctx context.Context) (failed <-chan error, stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 2)
	var both sync.WaitGroup
	for _, run := range []func(context.Context) error{s.weather.run, s.watch} {
		both.Go(func() {
			if err := run(ctx); err != nil {
				ended <- err
			}
		})
	}
	return ended, func() error {
		cancel()
		both.Wait()
		close(ended)
		var all error
		for err := range ended {
			all = errors.Join(all, err)
		}
		return all
	}
}

// began is the time of the first word.
var began = time.Now()

// say prints what happens.
func say(format string, args ...any) {
	fmt.Printf("%7.2fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
}

// build builds the loader as users do.
func build(ctx context.Context, dir string) (string, error) {
	loader := filepath.Join(dir, "erc20_transfers-postgres")
	return loader, run(ctx, "go", "build", "-o", loader, "./generated/erc20_transfers/cmd/erc20_transfers-postgres")
}
