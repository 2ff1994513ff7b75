// Package e2e proves the product from outside: the tree's architecture, what a user does in a repository of their own, real
// blocks in real databases, and loaders that are followed, stopped and replaced. It has tests only.
package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// repository is the root of the module's work tree.
var repository = func() string {
	root, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return root
}()

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// goTool runs the go command in a folder, with the project's build tag, and returns its standard output.
func goTool(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-tags=duckdb_arrow")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("go %s: %v\n%s%s", strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String()
}
