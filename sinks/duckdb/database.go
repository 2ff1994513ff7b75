package duckdb

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"

	driver "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/ampgen/ampgen/runtime"
)

// database is a file that this process has open, shared by all its sinks. DuckDB's lock keeps other processes out, so that
// every commit of every loader of the file goes through commit here.
type database struct {
	path   string
	handle mapping.Database
	users  int // guarded by databases
	// catalog is DuckDB's name of the file among the databases of its instance.
	catalog string
	views   atomic.Uint64 // counts views in rowsCatalog, to name them

	// commit admits one commit, undo or preparation at a time: what it reads of fence and coverage stays true until it is done.
	commit sync.Mutex
	redos  uint64 // counts what Redo committed; under commit
	// admin sees what is committed and makes what is not part of a unit; used under commit.
	admin *conn
}

// rowsCatalog is an in-memory database beside the file for the views that rows are read through. DuckDB's Arrow interface can
// make no temporary view; in the file they would be written to its log and outlive a crash.
const rowsCatalog = "_amp_rows"

var databases = struct {
	sync.Mutex
	open map[string]*database
}{open: map[string]*database{}}

const inMemory = ":memory:"

// openDatabase opens the file at path, or makes it. Each in-memory database is its own.
func openDatabase(ctx context.Context, path string) (*database, error) {
	if path != inMemory {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, runtime.Errorf(runtime.Permanent, "open duckdb", path, "%w", err)
		}
		path = absolute
	}
	databases.Lock()
	defer databases.Unlock()
	if d := databases.open[path]; d != nil {
		d.users++
		return d, nil
	}
	handle, err := openHandle(path)
	if err != nil {
		return nil, err
	}
	d := &database{path: path, handle: handle, users: 1}
	if err := d.init(ctx); err != nil {
		mapping.Close(&d.handle)
		return nil, classify(err, "open duckdb", path)
	}
	if path != inMemory {
		databases.open[path] = d
	}
	return d, nil
}

// openHandle opens through the instance cache of the database/sql driver, with the driver's own settings: a process may then
// read the file through database/sql while it is loaded. Two separate instances would corrupt the file, unnoticed, since the
// lock on the file does not tell them apart.
func openHandle(path string) (mapping.Database, error) {
	var handle mapping.Database
	var config mapping.Config
	defer mapping.DestroyConfig(&config)
	if mapping.CreateConfig(&config) == mapping.StateError || mapping.SetConfig(config, "duckdb_api", "go") == mapping.StateError {
		return handle, runtime.Errorf(runtime.Permanent, "open duckdb", path, "its configuration was refused")
	}
	var message string
	var state mapping.State
	if path == inMemory {
		state = mapping.OpenExt("", &handle, config, &message)
	} else {
		state = mapping.GetOrCreateFromCache(driver.GetInstanceCache(), path, &handle, config, &message)
	}
	if state == mapping.StateError {
		mapping.Close(&handle)
		return handle, &runtime.Error{Class: runtime.Permanent, Op: "open duckdb", On: path, Err: &statementError{text: message},
			Help: "a DuckDB file can be open in one process at a time, and its folder must exist and be writable"}
	}
	return handle, nil
}

func (d *database) init(ctx context.Context) (err error) {
	if d.admin, err = d.connect(); err != nil {
		return err
	}
	rows, err := d.admin.query(ctx, "ATTACH IF NOT EXISTS ':memory:' AS "+rowsCatalog+"; SELECT current_database()")
	if err != nil {
		d.admin.close()
		return err
	}
	d.catalog = rows[0][0]
	return nil
}

func (d *database) connect() (*conn, error) {
	c := &conn{}
	if mapping.Connect(d.handle, &c.handle) == mapping.StateError {
		return nil, runtime.Errorf(runtime.Permanent, "connect to duckdb", d.path, "no connection could be made")
	}
	return c, nil
}

func (d *database) limitMemory(ctx context.Context, size string) error {
	d.commit.Lock()
	defer d.commit.Unlock()
	return d.admin.exec(ctx, "SET memory_limit = "+literal(size))
}

// release gives up one use; the last one closes the file.
func (d *database) release() {
	databases.Lock()
	defer databases.Unlock()
	if d.users--; d.users == 0 {
		delete(databases.open, d.path)
		d.admin.close()
		mapping.Close(&d.handle)
	}
}
