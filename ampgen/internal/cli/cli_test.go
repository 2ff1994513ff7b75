package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run ampgen as a program.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ampgen": func() { os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs what a user types, script by script.
func TestScripts(t *testing.T) {
	queries, err := filepath.Abs("../../../queries")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode": exitCode,
			"append":   appendLine,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("AMP_SERVER", "")
			env.Setenv("QUERIES", queries) // the repository's own
			return nil
		},
	})
}
