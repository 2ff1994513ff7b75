// Package ddl says how DuckDB holds a pipeline's table: the type of each column and the statements that create the table and
// the state beside it. It imports nothing but arrow, so that the generator uses it without linking DuckDB.
package ddl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// The names that a table gets besides the query's own.
const (
	BatchColumn   = "_amp_batch_id"       // the id of the commit unit that wrote the row
	CurrentColumn = "_amp_is_current"     // history tables: false once the row's block left the chain
	ReorgColumn   = "_amp_reorg_batch_id" // history tables: the unit that replaced the row, null until it is committed
	StateTable    = "amp_stream_state"    // one row per committed range
	FenceTable    = "amp_stream_fence"    // one row per pipeline and table: who may commit
)

// Table is what a table is made from; the fields are those of runtime.Table.
type Table struct {
	Name    string // optionally qualified by a schema: analytics.transfers
	Schema  *arrow.Schema
	Block   string   // the column rows are undone by; empty for batch queries
	Key     []string // becomes the primary key, unless History keeps several rows of one key
	History bool
	Batch   bool // the table holds the result of a batch query

	Stateless bool // leaves out state and fence
}

// Quote quotes an identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Split splits a table name at its dot. The schema of an unqualified name is empty: the database's default.
func Split(name string) (schema, table string, err error) {
	parts := strings.Split(name, ".")
	if len(parts) > 2 || slices.Contains(parts, "") {
		return "", "", fmt.Errorf("table name %q is not of the form table or schema.table", name)
	}
	if len(parts) == 2 {
		return parts[0], parts[1], nil
	}
	return "", parts[0], nil
}

// Qualify quotes table, within schema unless that is empty.
func Qualify(schema, table string) string {
	if schema == "" {
		return Quote(table)
	}
	return Quote(schema) + "." + Quote(table)
}

// Column is a column as the table declares it.
type Column struct {
	Name, Type string
	NotNull    bool
	Default    string // an SQL expression; may be empty
}

// Columns are all columns of the table in order: the schema's, then the loader's own.
func Columns(t Table) ([]Column, error) {
	cols := make([]Column, 0, t.Schema.NumFields()+3)
	for _, f := range t.Schema.Fields() {
		typ, err := ColumnType(f)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		cols = append(cols, Column{Name: f.Name, Type: typ, NotNull: !f.Nullable || slices.Contains(t.Key, f.Name)})
	}
	cols = append(cols, Column{Name: BatchColumn, Type: "VARCHAR", NotNull: true})
	if t.History {
		cols = append(cols, Column{Name: CurrentColumn, Type: "BOOLEAN", NotNull: true, Default: "true"},
			Column{Name: ReorgColumn, Type: "VARCHAR"})
	}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.Name
	}
	if err := distinct(names); err != nil {
		return nil, fmt.Errorf("columns %w", err)
	}
	for _, key := range t.Key {
		if !slices.Contains(names, key) {
			return nil, fmt.Errorf("key column %q is not a column of table %s", key, t.Name)
		}
	}
	return cols, nil
}

// Create returns the statements that make t, its views and the state beside it exist, each ending in ";\n". Running them
// again changes nothing. There is no index on the block column: DuckDB keeps the least and greatest value of each block of
// rows, and rows arrive in block order, so that an undo reads the rows that it removes and few others.
func Create(t Table) (string, error) {
	schema, table, err := Split(t.Name)
	if err != nil {
		return "", err
	}
	if strings.EqualFold(table, StateTable) || strings.EqualFold(table, FenceTable) {
		return "", fmt.Errorf("table %q is the loaders' own; use another name", table)
	}
	cols, err := Columns(t)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if schema != "" {
		fmt.Fprintf(&b, "CREATE SCHEMA IF NOT EXISTS %s;\n\n", Quote(schema))
	}
	fmt.Fprintf(&b, "-- %s\nCREATE TABLE IF NOT EXISTS %s (\n", tableComment(t), Qualify(schema, table))
	for i, c := range cols {
		b.WriteString("    " + c.declaration())
		if i < len(cols)-1 || hasPrimaryKey(t) {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	if hasPrimaryKey(t) {
		fmt.Fprintf(&b, "    PRIMARY KEY (%s)\n", quoteAll(t.Key))
	}
	b.WriteString(");\n")
	if t.History {
		writeViews(&b, schema, table)
	}
	if !t.Stateless {
		writeState(&b, schema)
	}
	return b.String(), nil
}

func hasPrimaryKey(t Table) bool { return len(t.Key) > 0 && !t.History }

func tableComment(t Table) string {
	s := "The rows of the query, as a stream commits them"
	switch {
	case t.Batch:
		s = "The result of the query"
	case t.History:
		s = "The rows of the query, those of abandoned branches included"
	}
	if len(t.Key) > 0 && t.History {
		s += ": one per " + strings.Join(t.Key, ", ") + " and branch"
	} else if len(t.Key) > 0 {
		s += ": one per " + strings.Join(t.Key, ", ")
	}
	// A line break in a quoted column name must not end the comment.
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) + "."
}

func (c Column) declaration() string {
	s := Quote(c.Name) + " " + c.Type
	if c.NotNull {
		s += " NOT NULL"
	}
	if c.Default != "" {
		s += " DEFAULT " + c.Default
	}
	return s
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = Quote(name)
	}
	return strings.Join(quoted, ", ")
}

func writeViews(b *strings.Builder, schema, table string) {
	fmt.Fprintf(b, "\n-- The rows that are on the chain now.\nCREATE VIEW IF NOT EXISTS %s AS\n    SELECT * EXCLUDE (%s) FROM %s WHERE %s;\n",
		Qualify(schema, table+"_current"), quoteAll([]string{BatchColumn, CurrentColumn, ReorgColumn}), Qualify(schema, table), Quote(CurrentColumn))
	fmt.Fprintf(b, "\n-- All rows that ever were on the chain.\nCREATE VIEW IF NOT EXISTS %s AS\n    SELECT * FROM %s;\n",
		Qualify(schema, table+"_history"), Qualify(schema, table))
}

// writeState: the columns are those of the Python loader's state table, and end_timestamp and units.
func writeState(b *strings.Builder, schema string) {
	fmt.Fprintf(b, `
-- What is loaded: one row per committed range of blocks, both ends included. Old neighbours are merged; units counts them.
CREATE TABLE IF NOT EXISTS %s (
    connection_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    network VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    start_block UBIGINT NOT NULL,
    end_block UBIGINT NOT NULL,
    end_hash VARCHAR,
    start_parent_hash VARCHAR,
    processed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT current_timestamp,
    end_timestamp BIGINT,
    units UBIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (connection_name, table_name, network, batch_id)
);

-- Which loader may commit: the one that took the highest epoch.
CREATE TABLE IF NOT EXISTS %s (
    connection_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    epoch BIGINT NOT NULL,
    holder VARCHAR NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT current_timestamp,
    PRIMARY KEY (connection_name, table_name)
);
`, Qualify(schema, StateTable), Qualify(schema, FenceTable))
}
