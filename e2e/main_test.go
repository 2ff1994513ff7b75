// Package e2e proves the product from outside: the tree's architecture, what a user does in a repository of their own, real
// blocks in real databases, and loaders that are followed, stopped and replaced. It has tests only.
package e2e

import (
	"bytes"
	goflag "flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// repository is the root of the module's work tree.
var repository = filepath.Dir(mustGetwd())

func mustGetwd() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err) // go test starts tests in the package's folder
	}
	return dir
}

// binaries is the folder of the programs that the tests build.
var binaries string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ampgen-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binaries = dir
	// Tests that may run beside others wait for processes most of the time. The command line's -parallel still counts.
	if err := goflag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := logIntoSnowtest(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return pgtest.Main(m)
}

// environment is this process's environment without what would change how the programs under test behave, and with extra.
func environment(extra ...string) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AMP_") && !strings.HasPrefix(kv, "PG") && !strings.HasPrefix(kv, "GOFLAGS=") {
			env = append(env, kv)
		}
	}
	return append(env, extra...)
}

// goTool runs the go command in a folder and returns its standard output.
func goTool(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := goCommand(dir, nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func goCommand(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = environment(env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s in %s: %w\n%s%s", strings.Join(args, " "), dir, err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// buildPrograms builds ampgen itself and the loaders of two of the generated packages, once.
var buildPrograms = sync.OnceValue(func() error {
	_, err := goCommand(repository, nil, "build", "-o", binaries+string(filepath.Separator), "./ampgen",
		"./generated/erc20_transfers/cmd/...", "./generated/raw_logs/cmd/...")
	return err
})

// program is the path of ampgen or of a loader of the generated erc20_transfers or raw_logs.
func program(t testing.TB, name string) string {
	t.Helper()
	if err := buildPrograms(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(binaries, name)
}
