package duckdb

import (
	"context"
	"errors"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
)

// Driver is DuckDB as a loader binary links it.
type Driver struct {
	path, memory string
}

var _ runtime.Driver = (*Driver)(nil)

// NewDriver returns DuckDB's driver.
func NewDriver() *Driver { return &Driver{} }

// Name is "duckdb".
func (d *Driver) Name() string { return "duckdb" }

// Flags adds --duckdb-path and --duckdb-memory.
func (d *Driver) Flags(fs *pflag.FlagSet) {
	fs.StringVar(&d.path, "duckdb-path", "", "the DuckDB `file` to load into; it is made if it does not exist")
	fs.StringVar(&d.memory, "duckdb-memory", "", "how much memory DuckDB may use, such as 2GB (default 80% of the machine's)")
}

// DDL is the text that creates t, its views, state and fence.
func (d *Driver) DDL(t *runtime.Table) (string, error) {
	script, err := ddl.Create((&target{Table: t}).ddl())
	if err != nil {
		return "", classify(err, "write ddl", "table "+t.Name)
	}
	return script, nil
}

// Open opens the file, or makes it.
func (d *Driver) Open(ctx context.Context) (runtime.Sink, error) {
	if d.path == "" || d.path == inMemory {
		return nil, &runtime.Error{Class: runtime.Permanent, Op: "open duckdb", Err: errors.New("no file is named"),
			Help: "give --duckdb-path FILE"}
	}
	s, err := open(ctx, d.path)
	if err != nil {
		return nil, err
	}
	if d.memory != "" {
		if err := s.db.limitMemory(ctx, d.memory); err != nil {
			s.Close()
			return nil, classify(err, "set --duckdb-memory", d.memory)
		}
	}
	return s, nil
}
