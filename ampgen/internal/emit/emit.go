// Package emit renders a pipeline as the files of a Go package and of the loader commands under it. It is pure: files come out
// in memory, and the same pipeline gives the same bytes.
//
// Each file of the output has a file of this package: file_row.go renders row.go, and so on. What they share is the model, a
// pipeline whose every generated identifier is chosen, and a small vocabulary over jennifer.
package emit

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/goname"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/output"
)

// Options are what a pipeline's code depends on besides the pipeline.
type Options struct {
	// ImportPath is the Go import path of the output folder; packages are imported from folders below it.
	ImportPath string
	// Names are the rules for the fields of nested columns. Columns have their Go names in the pipeline.
	Names goname.Rules
}

// Files renders p. Paths are relative to the output folder. An error is a bug of the stages before, or a column of a type that
// Supported refuses.
func Files(p *ir.Pipeline, opts Options) ([]output.File, error) {
	m, err := newModel(p, opts)
	if err != nil {
		return nil, err
	}
	sources := []source{
		{"doc.go", docFile(m)},
		{"row.go", rowFile(m)},
		{"arrow.go", arrowFile(m)},
		{"pipeline.go", pipelineFile(m)},
		{"decode.go", decodeFile(m)},
		{"example_test.go", exampleFile(m)},
		{p.Package + "_test.go", testFile(m)},
		{"bench_test.go", benchFile(m)},
	}
	if len(p.Labels) > 0 {
		sources = append(sources, source{"labels.go", labelsFile(m)})
	}
	var files []output.File
	for _, s := range p.Sinks {
		sink := sinks[s.Kind]
		ddl, err := sink.ddl(m, s)
		if err != nil {
			return nil, fmt.Errorf("pipeline %s: table %s in %s: %w", p.Name, s.Table, s.Kind, err)
		}
		files = append(files, output.File{Path: path.Join(p.Folder, s.Kind+".sql"), Data: []byte(ddl)})
		sources = append(sources,
			source{s.Kind + ".go", sink.file(m, s)},
			source{path.Join(m.command(s), "main.go"), mainFile(m, s)},
			source{path.Join(m.command(s), "bench_test.go"), loadBenchFile(m, s)})
	}
	for _, s := range sources {
		data, err := render(s.file)
		if err != nil {
			return nil, fmt.Errorf("pipeline %s: render %s: %w", p.Name, s.path, err)
		}
		files = append(files, output.File{Path: path.Join(p.Folder, s.path), Data: data})
	}
	slices.SortFunc(files, func(a, b output.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// source is a Go file before it is rendered.
type source struct {
	path string // below the pipeline's folder
	file *jen.File
}

// sink is what differs between the kinds of sinks.
type sink struct {
	title    string // as people write it
	ddl      func(m *model, s ir.Sink) (string, error)
	file     func(m *model, s ir.Sink) *jen.File
	goPrefix string // of the identifiers: PostgresTable, DuckDBTable, SnowflakeTable
	// encoder says that the package has an encoder, New<goPrefix>Encoder, that the driver is given.
	encoder bool
	// option is what the driver is told of the annotation; nil for nothing.
	option func(s ir.Sink) jen.Code
}

var sinks map[string]sink

func init() {
	// Set here because the functions themselves look their sink up.
	sinks = map[string]sink{
		"postgres":  {title: "PostgreSQL", ddl: postgresDDL, file: postgresFile, goPrefix: "Postgres", encoder: true},
		"duckdb":    {title: "DuckDB", ddl: duckdbDDL, file: duckdbFile, goPrefix: "DuckDB"},
		"snowflake": {title: "Snowflake", ddl: snowflakeDDL, file: snowflakeFile, goPrefix: "Snowflake", option: snowflakeOption},
	}
}
