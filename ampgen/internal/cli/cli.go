// Package cli is ampgen's command line: commands, flags, exit codes and printing.
package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/generate"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// Exit codes.
const (
	exitOK     = 0
	exitFaults = 1 // faults in the user's files, or a difference that was asked about
	exitFailed = 2 // wrong usage, or the tool could not do its work
)

const usage = `ampgen writes typed Go pipelines from SQL query files and label CSVs.

Usage:
  ampgen [generate] [flags] [file or folder ...]   write the generated code (the default)
  ampgen check      [flags] [file or folder ...]   report faults, write nothing
  ampgen diff       [flags] [file or folder ...]   say what generate would change; exit 1 if anything
  ampgen dump       [flags] [file or folder ...]   print the typed pipelines as JSON
  ampgen describe   [flags] [file or folder ...]   ask a server for each query's schema and write lock files
  ampgen verify     [flags] [file or folder ...]   compare the inferred schemas with a server's
  ampgen init       [flags] [folder]               write a first query, label file and generate directive

Without files or folders, "queries" of ampgen.yaml are read, else the folder queries/, else this folder.

Flags:
`

// app is one invocation.
type app struct {
	stdout, stderr io.Writer
	dir            string // the working directory
	format         string
	out            string
	server         serverFlags
}

// command is one word of the command line.
type command struct {
	run func(a *app, paths []string) (int, error)
	// server says that the command takes the flags of a server connection.
	server bool
}

var commands = map[string]command{
	"generate": {run: (*app).generate},
	"check":    {run: (*app).check},
	"diff":     {run: (*app).diff},
	"dump":     {run: (*app).dump},
	"describe": {run: (*app).describe, server: true},
	"verify":   {run: (*app).verify, server: true},
	"init":     {run: (*app).init},
}

// Main runs ampgen in the current directory and returns its exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	a := &app{stdout: stdout, stderr: stderr, dir: "."}
	name := "generate"
	if len(args) > 0 {
		if args[0] == "help" {
			args = []string{"--help"}
		} else if _, ok := commands[args[0]]; ok {
			name, args = args[0], args[1:]
		}
	}
	cmd := commands[name]
	flags := pflag.NewFlagSet("ampgen "+name, pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&a.format, "format", "text", "how faults are printed: text or json")
	flags.StringVar(&a.out, "out", "", "folder of the generated code (default: \"out\" of ampgen.yaml, else generated)")
	if cmd.server {
		a.server.add(flags)
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			fmt.Fprint(stdout, usage, flags.FlagUsages())
			return exitOK
		}
		return a.fail(fmt.Errorf("%w; \"ampgen --help\" lists commands and flags", err))
	}
	if a.format != "text" && a.format != "json" {
		return a.fail(fmt.Errorf("--format is %q; it can be text or json", a.format))
	}
	if name == "generate" && flags.NArg() > 0 {
		if err := a.checkWord(flags.Arg(0)); err != nil {
			return a.fail(err)
		}
	}
	code, err := cmd.run(a, flags.Args())
	if err != nil {
		return a.fail(err)
	}
	return code
}

// checkWord tells a mistyped command from a path of a file: without it the answer would be that there is no such file.
func (a *app) checkWord(word string) error {
	if strings.ContainsAny(word, "./\\") {
		return nil
	}
	if _, err := os.Stat(filepath.Join(a.dir, word)); err == nil {
		return nil
	}
	hint := "\"ampgen --help\" lists the commands"
	if near := suggest.Closest(word, slices.Sorted(maps.Keys(commands))); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return fmt.Errorf("%q is neither a command nor a file or folder; %s", word, hint)
}

func (a *app) fail(err error) int {
	fmt.Fprintln(a.stderr, "ampgen:", err)
	return exitFailed
}

// load reads and analyzes the project. Faults are printed; then the project is nil.
func (a *app) load(paths []string) (*generate.Project, error) {
	var diags diag.List
	project, err := generate.Load(generate.Options{Dir: a.dir, Paths: paths, Out: a.out}, &diags)
	if err != nil {
		return nil, err
	}
	if diags.Len() > 0 {
		return nil, a.printFaults(&diags)
	}
	return project, nil
}

// printFaults prints diagnostics in the chosen format; JSON goes to standard output, text to standard error.
func (a *app) printFaults(diags *diag.List) error {
	if a.format == "json" {
		return diags.WriteJSON(a.stdout)
	}
	if err := diags.WriteText(a.stderr); err != nil {
		return err
	}
	n := len(diags.Sorted())
	fmt.Fprintf(a.stderr, "%s; nothing was written\n", count(n, "fault"))
	return nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// list prints indented lines under a heading, if there are any.
func list(w io.Writer, heading string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(w, "%s\n  %s\n", heading, strings.Join(lines, "\n  "))
	}
}
