package snowtest

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// catalog is what there is by name. DuckDB is not asked: it knows neither the declared types nor the rules.
type catalog struct {
	sync.RWMutex
	databases map[string]*database
	tables    int // counts tables, to name them in DuckDB
}

type database struct{ schemas map[string]*schema }

// schema has its relations (tables and views share one space of names) and stages.
type schema struct {
	relations map[string]*relation
	stages    map[string]*stage
}

// relation is a table or a view. Columns are replaced, never changed in place: a statement that has them goes on with what it saw.
type relation struct {
	name    sfsql.Name // all three parts
	id      string     // of a table: its name in DuckDB
	columns []column
	key     []string
	made    int           // counts columns, to name them in DuckDB
	query   *sfsql.Select // of a view
	comment string
	dropped atomic.Bool

	lock   tableLock
	loaded loadHistory
}

type column struct {
	name     string
	id       string // in DuckDB
	t        Type
	notNull  bool
	fallback sfsql.Expr // the default, or nil
	comment  string
}

// stage is an internal stage: a folder.
type stage struct {
	name sfsql.Name
	dir  string
}

func newCatalog() *catalog { return &catalog{databases: map[string]*database{}} }

func newDatabase() *database { return &database{schemas: map[string]*schema{"PUBLIC": newSchema()}} }

func newSchema() *schema {
	return &schema{relations: map[string]*relation{}, stages: map[string]*stage{}}
}

// full completes a name with the session's database and schema.
func (s *session) full(n sfsql.Name) (sfsql.Name, error) {
	switch {
	case len(n) < 3 && s.database == "":
		return nil, errorf("090105", "22000", "Cannot perform operation. This session does not have a current database. Call 'USE DATABASE', or use a qualified name.")
	case len(n) == 1 && s.schema == "":
		return nil, errorf("090106", "22000", "Cannot perform operation. This session does not have a current schema. Call 'USE SCHEMA', or use a qualified name.")
	case len(n) == 1:
		return sfsql.Name{s.database, s.schema, n[0]}, nil
	case len(n) == 2:
		return sfsql.Name{s.database, n[0], n[1]}, nil
	}
	return n, nil
}

// schema finds the schema of a full name. Called under the lock, as are the others.
func (c *catalog) schema(n sfsql.Name) (*schema, error) {
	d := c.databases[n[0]]
	if d == nil {
		return nil, missing("Database", n[:1])
	}
	s := d.schemas[n[1]]
	if s == nil {
		return nil, missing("Schema", n[:2])
	}
	return s, nil
}

// relation finds a table or view.
func (s *session) relation(n sfsql.Name) (*relation, []column, error) {
	full, err := s.full(n)
	if err != nil {
		return nil, nil, err
	}
	c := s.server.catalog
	c.RLock()
	defer c.RUnlock()
	in, err := c.schema(full)
	if err != nil {
		return nil, nil, err
	}
	r := in.relations[full[2]]
	if r == nil {
		return nil, nil, missing("Object", full)
	}
	return r, r.columns, nil
}

// table is relation for what can be written.
func (s *session) table(n sfsql.Name) (*relation, []column, error) {
	r, columns, err := s.relation(n)
	if err == nil && r.query != nil {
		return nil, nil, errorf("002205", "42601", "SQL compilation error: view '%s' cannot be written", r.name)
	}
	return r, columns, err
}

func (s *session) stage(n sfsql.Name) (*stage, error) {
	full, err := s.full(n)
	if err != nil {
		return nil, err
	}
	c := s.server.catalog
	c.RLock()
	defer c.RUnlock()
	in, err := c.schema(full)
	if err != nil {
		return nil, err
	}
	st := in.stages[full[2]]
	if st == nil {
		return nil, missing("Stage", full)
	}
	return st, nil
}

// sorted are the entries of m by name.
func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
