// Package generate is the generation flow from top to bottom: find the query files, read them, analyze every query against
// catalog and labels, and render the files. Every fault of every file goes to one list; with any fault there is nothing to write.
package generate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/analyze"
	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/config"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/emit"
	"github.com/ampgen/ampgen/ampgen/internal/goname"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/output"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sqlfile"
)

// Options say what to read and where the output goes.
type Options struct {
	Dir   string   // the working directory: paths are relative to it and are shown relative to it
	Paths []string // query files and folders; empty: what ampgen.yaml says, else queries/, else Dir
	Out   string   // folder of the generated code; empty: what ampgen.yaml says, else "generated"
}

// Project is what was read: the pipelines in the order of their names.
type Project struct {
	Pipelines []*ir.Pipeline
	Out       string // as written, relative to the working directory
	dir       string
	names     goname.Rules
}

// Load reads and analyzes everything. Faults of the user's files go to diags, and the pipelines that have any are missing from
// the project. The error is about the tool's work, such as a folder that does not exist.
func Load(opts Options, diags *diag.List) (*Project, error) {
	queries, cfg, err := Queries(opts, diags)
	if err != nil {
		return nil, err
	}
	env := analyze.Env{
		Catalog: newCatalog(opts.Dir, cfg, diags),
		Read:    reader(opts.Dir, diags),
		Exists:  func(name string) bool { _, err := os.Stat(inDir(opts.Dir, name)); return err == nil },
		Names:   goname.New(cfg.Initialisms),
		Labels:  analyze.NewLabelCache(),
	}
	p := &Project{Out: outFolder(opts, cfg), dir: opts.Dir, names: env.Names}
	for _, q := range queries {
		if pipeline := analyze.Query(q, env, diags); pipeline != nil {
			p.Pipelines = append(p.Pipelines, pipeline)
		}
	}
	analyze.CheckNames(queries, diags)
	slices.SortFunc(p.Pipelines, func(a, b *ir.Pipeline) int { return strings.Compare(a.Name, b.Name) })
	return p, nil
}

// Queries reads the query files without analyzing them.
func Queries(opts Options, diags *diag.List) ([]*sqlfile.Query, config.Config, error) {
	before := diags.Len()
	cfg := config.Read(opts.Dir, diags)
	if diags.Len() > before {
		return nil, cfg, nil // what it says about files and datasets is not known: their faults would be made up
	}
	files, err := queryFiles(opts.Dir, queryPaths(opts, cfg))
	if err != nil {
		return nil, cfg, err
	}
	if len(files) == 0 {
		return nil, cfg, fmt.Errorf("no .sql files in %q: name files or folders, or run \"ampgen init\" for a first query", queryPaths(opts, cfg))
	}
	var queries []*sqlfile.Query
	for _, f := range files {
		if file := read(opts.Dir, f, source.Span{}, diags); file != nil {
			queries = append(queries, sqlfile.Parse(file, diags)...)
		}
	}
	return queries, cfg, nil
}

func queryPaths(opts Options, cfg config.Config) []string {
	if len(opts.Paths) > 0 {
		return opts.Paths
	}
	if len(cfg.Queries) > 0 {
		return cfg.Queries
	}
	if info, err := os.Stat(filepath.Join(opts.Dir, "queries")); err == nil && info.IsDir() {
		return []string{"queries"}
	}
	return []string{"."}
}

func outFolder(opts Options, cfg config.Config) string {
	switch {
	case opts.Out != "":
		return filepath.ToSlash(filepath.Clean(opts.Out))
	case cfg.Out != "":
		return filepath.ToSlash(filepath.Clean(cfg.Out))
	}
	return "generated"
}

func newCatalog(dir string, cfg config.Config, diags *diag.List) *catalog.Catalog {
	entries := map[string]catalog.Entry{}
	for name, d := range cfg.Datasets {
		entries[name] = catalog.Entry{Kind: catalog.Kind(d.Kind), Network: d.Network, Manifest: d.Manifest, At: d.At, File: config.FileName}
	}
	return catalog.New(entries, dir, diags)
}

// reader reads label and lock files, each once: several queries may share one.
func reader(dir string, diags *diag.List) func(name string, named source.Span) *source.File {
	files := map[string]*source.File{}
	return func(name string, named source.Span) *source.File {
		file, ok := files[name]
		if !ok {
			file = read(dir, name, named, diags)
			files[name] = file
		}
		return file
	}
}

// OutDir is the path of the output folder.
func (p *Project) OutDir() string { return inDir(p.dir, p.Out) }

// Files renders the project in memory.
func (p *Project) Files() ([]output.File, error) {
	path, err := importPath(p.dir, p.Out)
	if err != nil {
		return nil, err
	}
	var files []output.File
	for _, pipeline := range p.Pipelines {
		f, err := emit.Files(pipeline, emit.Options{ImportPath: path, Names: p.names})
		if err != nil {
			return nil, fmt.Errorf("ampgen bug: rendering query %s of %s: %w", pipeline.Name, pipeline.File, err)
		}
		files = append(files, f...)
	}
	return files, nil
}
