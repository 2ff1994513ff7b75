package snowtest

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// place is where a new object goes. Called under the catalog's lock.
func (s *session) place(n sfsql.Name) (sfsql.Name, *schema, error) {
	full, err := s.full(n)
	if err != nil {
		return nil, nil, err
	}
	in, err := s.server.catalog.schema(full)
	return full, in, err
}

func (s *session) createTable(t *sfsql.CreateTable) (*result, error) {
	c := s.server.catalog
	c.Lock()
	defer c.Unlock()
	full, in, err := s.place(t.Name)
	if err != nil {
		return nil, err
	}
	old := in.relations[full[2]]
	switch {
	case old != nil && t.IfNotExists:
		return status(typeDDL, "%s already exists, statement succeeded.", full[2]), nil
	case old != nil && !t.Replace, old != nil && old.query != nil:
		return nil, exists(full)
	}
	c.tables++
	r := &relation{name: full, id: fmt.Sprintf("t%d", c.tables), key: t.Key, comment: t.Comment}
	for _, def := range t.Columns {
		if err := s.appendColumn(r, def); err != nil {
			return nil, err
		}
	}
	for _, name := range t.Key {
		i := index(r.columns, name)
		if i < 0 {
			return nil, invalidIdentifier(name)
		}
		r.columns[i].notNull = true // the columns of a key are
	}
	definitions := []string{"_tx BIGINT NOT NULL", "_del BIGINT NOT NULL"}
	for _, col := range r.columns {
		definitions = append(definitions, col.id+" "+col.t.duck())
	}
	script := "CREATE TABLE " + r.id + " (" + strings.Join(definitions, ", ") + ")"
	if old != nil {
		script += "; DROP TABLE " + old.id
	}
	if err := s.server.engine.atomically(func(db *conn) error { _, err := db.query(script); return err }); err != nil {
		return nil, err
	}
	if old != nil {
		old.dropped.Store(true)
	}
	in.relations[full[2]] = r
	return status(typeDDL, "Table %s successfully created.", full[2]), nil
}

// appendColumn adds a column as it is declared. The default is compiled to find its faults.
func (s *session) appendColumn(r *relation, def sfsql.Column) error {
	t, err := typeOf(def.Type)
	if err != nil {
		return err
	}
	if index(r.columns, def.Name) >= 0 {
		return errorf("002025", "42S21", "SQL compilation error: duplicate column name '%s'", def.Name)
	}
	r.made++
	col := column{name: def.Name, id: fmt.Sprintf("c%d", r.made), t: t, notNull: def.NotNull, fallback: def.Default, comment: def.Comment}
	if col.fallback != nil {
		v, err := (&compiler{s: s}).defaultOf(col)
		if err != nil {
			return err
		}
		if _, err := assign(v, col.name, col.t, false); err != nil {
			return err
		}
	}
	r.columns = append(slices.Clone(r.columns), col)
	return nil
}

func (s *session) createView(v *sfsql.CreateView) (*result, error) {
	full, err := s.full(v.Name)
	if err != nil {
		return nil, err
	}
	here := &session{server: s.server, database: full[0], schema: full[1], parameters: s.parameters}
	q, err := (&compiler{s: here}).query(v.Query, nil)
	if err != nil {
		return nil, err
	}
	r := &relation{name: full, query: v.Query}
	for i, col := range q.columns {
		name := col.name
		if v.Columns != nil {
			if len(v.Columns) != len(q.columns) {
				return nil, errorf("002057", "42601", "SQL compilation error: %d names for the %d columns of view %s", len(v.Columns), len(q.columns), full)
			}
			name = v.Columns[i]
		}
		if index(r.columns, name) >= 0 {
			return nil, errorf("002025", "42S21", "SQL compilation error: duplicate column name '%s'", name)
		}
		r.columns = append(r.columns, column{name: name, t: col.t})
	}
	c := s.server.catalog
	c.Lock()
	defer c.Unlock()
	in, err := c.schema(full)
	if err != nil {
		return nil, err
	}
	old := in.relations[full[2]]
	switch {
	case old != nil && v.IfNotExists:
		return status(typeDDL, "%s already exists, statement succeeded.", full[2]), nil
	case old != nil && (!v.Replace || old.query == nil):
		return nil, exists(full)
	}
	in.relations[full[2]] = r
	return status(typeDDL, "View %s successfully created.", full[2]), nil
}

// create makes a stage, schema or database.
func (s *session) create(def *sfsql.Create) (*result, error) {
	c := s.server.catalog
	c.Lock()
	defer c.Unlock()
	name := def.Name
	var there bool
	var put func() error
	switch def.Kind {
	case "STAGE":
		full, in, err := s.place(name)
		if err != nil {
			return nil, err
		}
		name, there = full, in.stages[full[2]] != nil
		put = func() error {
			dir, err := s.server.newStageDir()
			in.stages[full[2]] = &stage{name: full, dir: dir}
			return err
		}
	case "SCHEMA":
		if len(name) == 1 {
			name = sfsql.Name{s.database, name[0]}
		}
		d := c.databases[name[0]]
		if d == nil || len(name) > 2 {
			return nil, missing("Database", name[:1])
		}
		there = d.schemas[name[1]] != nil
		put = func() error { d.schemas[name[1]] = newSchema(); return nil }
	default:
		if len(name) > 1 {
			return nil, errorf("001003", "42000", "SQL compilation error: a database's name has one part")
		}
		there = c.databases[name[0]] != nil
		put = func() error { c.databases[name[0]] = newDatabase(); return nil }
	}
	switch {
	case there && def.IfNotExists:
		return status(typeDDL, "%s already exists, statement succeeded.", name[len(name)-1]), nil
	case there && def.Replace:
		return nil, unsupported("CREATE OR REPLACE %s", def.Kind)
	case there:
		return nil, exists(name)
	}
	if err := put(); err != nil {
		return nil, err
	}
	return status(typeDDL, "%s %s successfully created.", def.Kind, name[len(name)-1]), nil
}

func (s *session) drop(d *sfsql.Drop) (*result, error) {
	c := s.server.catalog
	c.Lock()
	defer c.Unlock()
	if d.Kind == "SCHEMA" {
		return nil, unsupported("DROP SCHEMA")
	}
	full, in, err := s.place(d.Name)
	if err != nil {
		return nil, err
	}
	gone := status(typeDDL, "%s successfully dropped.", full[2])
	if d.Kind == "STAGE" {
		if st := in.stages[full[2]]; st != nil {
			delete(in.stages, full[2])
			return gone, os.RemoveAll(st.dir)
		}
	} else if r := in.relations[full[2]]; r != nil {
		if (r.query != nil) != (d.Kind == "VIEW") {
			return nil, errorf("002203", "42601", "SQL compilation error: Object found is not of type '%s'", d.Kind)
		}
		delete(in.relations, full[2])
		if r.query != nil {
			return gone, nil
		}
		r.dropped.Store(true)
		return gone, s.server.engine.atomically(func(db *conn) error { _, err := db.query("DROP TABLE " + r.id); return err })
	}
	if d.IfExists {
		return status(typeDDL, "Drop statement executed successfully (%s already dropped).", full[2]), nil
	}
	return nil, missing(d.Kind, full)
}

// alter changes a table's columns.
func (s *session) alter(name sfsql.Name, change func(r *relation) (script string, err error)) (*result, error) {
	c := s.server.catalog
	c.Lock()
	defer c.Unlock()
	full, in, err := s.place(name)
	if err != nil {
		return nil, err
	}
	r := in.relations[full[2]]
	if r == nil || r.query != nil {
		return nil, missing("Table", full)
	}
	before := r.columns
	script, err := change(r)
	if err == nil && script != "" {
		err = s.server.engine.atomically(func(db *conn) error { _, err := db.query(script); return err })
	}
	if err != nil {
		r.columns = before
		return nil, err
	}
	return status(typeDDL, "Statement executed successfully."), nil
}

func (s *session) addColumn(a *sfsql.AddColumn) (*result, error) {
	return s.alter(a.Table, func(r *relation) (string, error) {
		if a.IfNotExists && index(r.columns, a.Column.Name) >= 0 {
			return "", nil
		}
		if err := s.appendColumn(r, a.Column); err != nil {
			return "", err
		}
		col := r.columns[len(r.columns)-1]
		v := value{sql: "NULL", nullable: true}
		if col.fallback != nil {
			var err error
			if v, err = (&compiler{s: s}).defaultOf(col); err != nil {
				return "", err
			}
		}
		// Rows that are there get the default, and NOT NULL without one is refused if there are any.
		cell, err := assign(v, col.name, col.t, col.notNull)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("ALTER TABLE %[1]s ADD COLUMN %[2]s %[3]s; UPDATE %[1]s SET %[2]s = %[4]s", r.id, col.id, col.t.duck(), cell), nil
	})
}

func (s *session) dropColumn(d *sfsql.DropColumn) (*result, error) {
	return s.alter(d.Table, func(r *relation) (string, error) {
		i := index(r.columns, d.Column)
		switch {
		case i < 0 && d.IfExists:
			return "", nil
		case i < 0:
			return "", invalidIdentifier(d.Column)
		case slices.Contains(r.key, d.Column) || len(r.columns) == 1:
			return "", unsupported("dropping column %s", d.Column)
		}
		id := r.columns[i].id
		r.columns = slices.Delete(slices.Clone(r.columns), i, i+1)
		return "ALTER TABLE " + r.id + " DROP COLUMN " + id, nil
	})
}
