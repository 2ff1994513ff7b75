package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
)

// compare reports how the table in the file differs from the one that the loader was compiled for, as one Drift error that
// lists every difference. The order of the columns is free: rows are inserted by name.
func (t *target) compare(ctx context.Context, c *conn) error {
	want, err := ddl.Columns(t.ddl())
	if err != nil {
		return err
	}
	canonical, err := canonicalTypes(ctx, c, want)
	if err != nil {
		return err
	}
	rows, err := c.query(ctx, fmt.Sprintf(
		"SELECT column_name, data_type, is_nullable::VARCHAR FROM duckdb_columns() WHERE %s ORDER BY column_index", t.catalogKey()))
	if err != nil {
		return err
	}
	have := map[string]ddl.Column{}
	for _, row := range rows {
		have[strings.ToLower(row[0])] = ddl.Column{Name: row[0], Type: row[1], NotNull: row[2] == "false"}
	}
	var diffs []string
	for i, w := range want {
		h, ok := have[strings.ToLower(w.Name)]
		delete(have, strings.ToLower(w.Name))
		switch {
		case !ok:
			diffs = append(diffs, fmt.Sprintf("column %q is missing", w.Name))
			continue
		case h.Type != canonical[i]:
			diffs = append(diffs, fmt.Sprintf("column %q is %s and should be %s", w.Name, h.Type, canonical[i]))
		}
		if h.NotNull != w.NotNull {
			diffs = append(diffs, fmt.Sprintf("column %q is %s and should be %s", w.Name, nullability(h), nullability(w)))
		}
	}
	for _, row := range rows {
		if _, extra := have[strings.ToLower(row[0])]; extra {
			diffs = append(diffs, fmt.Sprintf("column %q is not of this pipeline", row[0]))
		}
	}
	key, err := t.compareKey(ctx, c)
	if err != nil {
		return err
	}
	if diffs = append(diffs, key...); len(diffs) == 0 {
		return nil
	}
	return &runtime.Error{Class: runtime.Drift, Op: "prepare table", On: t.Name, Err: errors.New(strings.Join(diffs, "; ")),
		Help: "rename or drop the old table, or give @sink another table name"}
}

// Compare is runtime.Comparer's.
func (s *Sink) Compare(ctx context.Context, table *runtime.Table) ([]string, error) {
	if s.db == nil {
		return missingTable(&target{Table: table})
	}
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	lines, err := s.differences(ctx, table)
	if err != nil {
		return nil, classify(err, "compare table", table.Name)
	}
	return lines, nil
}

func (s *Sink) differences(ctx context.Context, table *runtime.Table) ([]string, error) {
	t, err := newTarget(table, s.db.catalog)
	if err != nil {
		return nil, err
	}
	found, err := t.exists(ctx, s.db.admin, t.name)
	if err != nil {
		return nil, err
	}
	if !found {
		return missingTable(t)
	}
	var drift *runtime.Error
	if err = t.compare(ctx, s.db.admin); errors.As(err, &drift) && drift.Class == runtime.Drift {
		return strings.Split(drift.Err.Error(), "; "), nil
	}
	return nil, err
}

// missingTable is what Compare says of a table that is not there.
func missingTable(t *target) ([]string, error) {
	script, err := ddl.Create(t.ddl())
	if err != nil {
		return nil, classify(err, "compare table", t.Name)
	}
	return []string{"does not exist; a run creates it and what belongs to it:\n" + script}, nil
}

func nullability(c ddl.Column) string {
	if c.NotNull {
		return "NOT NULL"
	}
	return "nullable"
}

// canonicalTypes asks DuckDB how it writes the types of cols.
func canonicalTypes(ctx context.Context, c *conn, cols []ddl.Column) ([]string, error) {
	exprs := make([]string, len(cols))
	for i, col := range cols {
		exprs[i] = "typeof(CAST(NULL AS " + col.Type + "))"
	}
	rows, err := c.query(ctx, "SELECT "+strings.Join(exprs, ", "))
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

func (t *target) compareKey(ctx context.Context, c *conn) ([]string, error) {
	rows, err := c.query(ctx, fmt.Sprintf(
		"SELECT unnest(constraint_column_names) FROM duckdb_constraints() WHERE %s AND constraint_type = 'PRIMARY KEY'", t.catalogKey()))
	if err != nil {
		return nil, err
	}
	have := make([]string, len(rows))
	for i, row := range rows {
		have[i] = row[0]
	}
	want := t.Key
	if t.History {
		want = nil
	}
	if slices.EqualFunc(have, want, strings.EqualFold) {
		return nil, nil
	}
	return []string{fmt.Sprintf("the primary key is (%s) and should be (%s)", strings.Join(have, ", "), strings.Join(want, ", "))}, nil
}

// catalogKey is the condition that picks the table in DuckDB's catalog functions.
func (t *target) catalogKey() string {
	return fmt.Sprintf("database_name = %s AND lower(schema_name) = lower(%s) AND lower(table_name) = lower(%s)",
		literal(t.catalog), literal(t.schema), literal(t.name))
}
