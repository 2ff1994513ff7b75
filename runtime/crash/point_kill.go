//go:build crashpoints

package crash

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// due is the crash point at which this process ends, and how often it has yet to come there.
var due struct {
	name Name
	left atomic.Int64
}

func init() {
	setting, ok := os.LookupEnv("AMPGEN_CRASH")
	if !ok {
		return
	}
	name, count, _ := strings.Cut(setting, ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 || !known(Name(name)) {
		fmt.Fprintf(os.Stderr, "AMPGEN_CRASH is %q; it is the name of a crash point, a colon and a number from 1 on\n", setting)
		os.Exit(2)
	}
	due.name = Name(name)
	due.left.Store(n)
}

func known(name Name) bool {
	for _, p := range Points {
		if p.Name == name {
			return true
		}
	}
	return false
}

// Point kills the process if this is the place and the time for it.
func Point(name Name) {
	if name != due.name || due.left.Add(-1) != 0 {
		return
	}
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL) // cannot fail for the own process
	select {}                                           // this goroutine goes no further
}
