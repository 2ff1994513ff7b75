package duckdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"

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

// Open opens the file. One that does not exist is made when something is to be loaded into it, and not before.
func (d *Driver) Open(ctx context.Context) (runtime.Sink, error) {
	if d.path == "" || d.path == inMemory {
		return nil, &runtime.UsageError{Err: errors.New("no file to load into is named: use --duckdb-path or AMP_DUCKDB_PATH")}
	}
	s := &Sink{path: d.path, memory: d.memory}
	if _, err := os.Stat(d.path); errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Dir(d.path)); err != nil {
			return nil, &runtime.Error{Class: runtime.Permanent, Op: "open duckdb", On: d.path, Err: err, Help: "make the folder, or name another file"}
		}
		return s, nil
	}
	return s, s.connect(ctx)
}
