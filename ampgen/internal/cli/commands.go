package cli

import (
	"encoding/json"
	"fmt"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/output"
)

// generate writes the generated code.
func (a *app) generate(paths []string) (int, error) {
	project, err := a.load(paths)
	if err != nil || project == nil {
		return exitFaults, err
	}
	files, err := project.Files()
	if err != nil {
		return exitFailed, err
	}
	var diags diag.List
	changes, err := output.Write(project.OutDir(), output.Set{Files: files, Partial: len(paths) > 0}, &diags)
	if err != nil {
		return exitFailed, err
	}
	if diags.Len() > 0 {
		return exitFaults, a.printFaults(&diags)
	}
	fmt.Fprintf(a.stdout, "%s in %s/: %d files written, %d unchanged, %d removed\n", count(len(project.Pipelines), "pipeline"),
		project.Out, len(changes.Written()), len(changes.Unchanged), len(changes.Removed))
	list(a.stdout, "removed, since no query makes them any more:", changes.Removed)
	return exitOK, nil
}

// check analyzes everything and renders nothing, so that it also works outside a module.
func (a *app) check(paths []string) (int, error) {
	project, err := a.load(paths)
	if err != nil || project == nil {
		return exitFaults, err
	}
	fmt.Fprintf(a.stdout, "%s, no faults\n", count(len(project.Pipelines), "pipeline"))
	return exitOK, nil
}

// diff says what generate would do.
func (a *app) diff(paths []string) (int, error) {
	project, err := a.load(paths)
	if err != nil || project == nil {
		return exitFaults, err
	}
	files, err := project.Files()
	if err != nil {
		return exitFailed, err
	}
	var diags diag.List
	changes, err := output.Diff(project.OutDir(), output.Set{Files: files, Partial: len(paths) > 0}, &diags)
	if err != nil {
		return exitFailed, err
	}
	if diags.Len() > 0 {
		return exitFaults, a.printFaults(&diags)
	}
	list(a.stdout, "missing:", changes.Added)
	list(a.stdout, "different:", changes.Changed)
	list(a.stdout, "stale:", changes.Removed)
	if changes.Empty() {
		fmt.Fprintf(a.stdout, "%s/ is current\n", project.Out)
		return exitOK, nil
	}
	return exitFaults, nil
}

// dump prints the typed pipelines.
func (a *app) dump(paths []string) (int, error) {
	project, err := a.load(paths)
	if err != nil || project == nil {
		return exitFaults, err
	}
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err = enc.Encode(struct {
		Version   int            `json:"version"`
		Pipelines []*ir.Pipeline `json:"pipelines"`
	}{ir.Version, project.Pipelines})
	if err != nil {
		return exitFailed, fmt.Errorf("print the pipelines: %w", err)
	}
	return exitOK, nil
}
