// Package ddl says what a pipeline's table looks like in PostgreSQL: types, names and the statements that create it. It is
// pure and shared by the generator, which writes the statements beside the generated code, and by the sink, which runs them.
package ddl

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
)

// Columns that the sink adds after a table's own.
const (
	BatchColumn   = "_amp_batch_id"       // text: the id of the commit unit that wrote the row
	CurrentColumn = "_amp_is_current"     // history only: false once a reorganisation replaced the row's block
	ReorgColumn   = "_amp_reorg_batch_id" // history only: the unit that replaced the row, null until it is committed
)

// Tables beside the target, in its schema.
const (
	StateTable = "amp_stream_state"
	FenceTable = "amp_stream_fence"
)

// Table is a table to be created.
type Table struct {
	// Name is optionally qualified by a schema: "analytics.transfers". Its parts are taken as they are, letter case included.
	Name   string
	Schema *arrow.Schema
	// Block is the column by which rows are undone; empty for batch queries.
	Block string
	// Key names the columns that identify a row; may be empty.
	Key     []string
	History bool
	// Batch says that the table holds the result of a batch query, whose rows are never undone by block.
	Batch bool
	// Stateless leaves out state and fence.
	Stateless bool
}

// Create is the text of all statements, each ended by ";\n": schema, table, indexes, views, state and fence. Everything is
// created only where it does not exist, so the text may be run again.
func Create(t Table) (string, error) {
	table, err := CreateTable(t)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if schema, _, _ := SplitName(t.Name); schema != "" {
		fmt.Fprintf(&b, "-- The schema of the table and of its state.\n%s\n", CreateSchema(schema))
	}
	b.WriteString(table)
	if index := CreateBlockIndex(t); index != "" {
		fmt.Fprintf(&b, "\n-- Undoing a reorganisation finds rows by block.\n%s", index)
	}
	if t.History {
		b.WriteString("\n" + CreateHistory(t))
	}
	if !t.Stateless {
		b.WriteString("\n" + CreateState(t))
	}
	return b.String(), nil
}

// CreateSchema creates a schema.
func CreateSchema(schema string) string {
	return "CREATE SCHEMA IF NOT EXISTS " + Quote(schema) + ";\n"
}

// CreateTable creates the table alone, with its primary key. The error lists every column and name that does not fit.
func CreateTable(t Table) (string, error) {
	if err := check(t); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s, one row per result row.\n", commentText(t.Name))
	fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s (\n", QuoteName(t.Name))
	for _, c := range Columns(t) {
		fmt.Fprintf(&b, "    %s %s", Quote(c.Name), c.Type)
		if !c.Nullable {
			b.WriteString(" NOT NULL")
		}
		if c.Default != "" {
			b.WriteString(" DEFAULT " + c.Default)
		}
		b.WriteString(",\n")
	}
	body := strings.TrimSuffix(b.String(), ",\n")
	if len(t.Key) > 0 && !t.History {
		body += ",\n    PRIMARY KEY (" + quoteList(t.Key) + ")"
	}
	body += "\n);\n"
	if len(t.Key) > 0 && t.History {
		// A row of an abandoned branch may have the key of the row that replaced it.
		body += fmt.Sprintf("CREATE UNIQUE INDEX IF NOT EXISTS %s ON %s (%s) WHERE %s;\n",
			Quote(indexName(t.Name, "current_key")), QuoteName(t.Name), quoteList(t.Key), Quote(CurrentColumn))
	}
	return body, nil
}

// CreateBlockIndex creates the index that finds rows by block. It is empty when there is nothing to find or when the primary
// key does it.
func CreateBlockIndex(t Table) string {
	if t.Block == "" || t.Batch || !t.History && len(t.Key) > 0 && t.Key[0] == t.Block {
		return ""
	}
	return fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s (%s);\n",
		Quote(indexName(t.Name, "block")), QuoteName(t.Name), Quote(t.Block))
}

// CreateHistory creates, for a history table, the view of the current rows and that of all rows, and the index that finds the
// rows whose replacement is yet to come.
func CreateHistory(t Table) string {
	own := make([]string, t.Schema.NumFields())
	for i, f := range t.Schema.Fields() {
		own[i] = f.Name
	}
	view := func(suffix, where string, columns []string) string {
		return fmt.Sprintf("CREATE OR REPLACE VIEW %s AS\n    SELECT %s\n    FROM %s%s;\n",
			QuoteName(t.Name+suffix), quoteList(columns), QuoteName(t.Name), where)
	}
	return "-- What the chain says now, and everything that it ever said.\n" +
		view("_current", " WHERE "+Quote(CurrentColumn), own) +
		view("_history", "", append(own, BatchColumn, CurrentColumn, ReorgColumn)) +
		fmt.Sprintf("\n-- The rows that left the chain and are not replaced yet: few, and soon none.\n"+
			"CREATE INDEX IF NOT EXISTS %s ON %s (%s) WHERE NOT %s AND %s IS NULL;\n",
			Quote(indexName(t.Name, "unreplaced")), QuoteName(t.Name), Quote(t.Block), Quote(CurrentColumn), Quote(ReorgColumn))
}

// CreateState creates the tables of state and fence in t's schema. They are shared by all tables of that schema.
func CreateState(t Table) string {
	state, fence := Beside(t.Name, StateTable), Beside(t.Name, FenceTable)
	return fmt.Sprintf(`-- What is loaded: one row per committed range of blocks, both ends inclusive. Old neighbours are merged; units counts them.
CREATE TABLE IF NOT EXISTS %[1]s (
    connection_name text NOT NULL,
    table_name text NOT NULL,
    network text NOT NULL,
    batch_id text NOT NULL,
    start_block bigint NOT NULL,
    end_block bigint NOT NULL,
    end_hash text,
    start_parent_hash text,
    processed_at timestamptz NOT NULL DEFAULT now(),
    end_timestamp bigint,
    units bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (connection_name, table_name, network, batch_id)
);
ALTER TABLE %[1]s ADD COLUMN IF NOT EXISTS end_timestamp bigint, ADD COLUMN IF NOT EXISTS units bigint NOT NULL DEFAULT 1;
CREATE INDEX IF NOT EXISTS amp_stream_state_blocks ON %[1]s (connection_name, table_name, network, end_block);

-- Who may load: only the holder of the newest epoch commits.
CREATE TABLE IF NOT EXISTS %[2]s (
    connection_name text NOT NULL,
    table_name text NOT NULL,
    epoch bigint NOT NULL,
    holder text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connection_name, table_name)
);
`, state, fence)
}

// Column is a column as PostgreSQL has it.
type Column struct {
	Name, Type string
	Nullable   bool
	Default    string // an SQL expression, empty for none
}

// Columns are all columns of the table in order, those that the sink adds included. The fields of t must be Supported.
func Columns(t Table) []Column {
	columns := make([]Column, 0, t.Schema.NumFields()+3)
	for _, f := range t.Schema.Fields() {
		typ, err := ColumnType(f)
		if err != nil {
			typ = "unsupported" // not reached: check refuses such tables
		}
		columns = append(columns, Column{Name: f.Name, Type: typ, Nullable: f.Nullable})
	}
	columns = append(columns, Column{Name: BatchColumn, Type: "text", Nullable: true})
	if t.History {
		columns = append(columns,
			Column{Name: CurrentColumn, Type: "boolean", Default: "true"},
			Column{Name: ReorgColumn, Type: "text", Nullable: true})
	}
	return columns
}

// check finds everything about t that PostgreSQL cannot hold.
func check(t Table) error {
	var errs []error
	schema, name, err := SplitName(t.Name)
	if err != nil {
		errs = append(errs, err)
	}
	longest := name
	if t.History {
		longest += "_current"
	}
	errs = append(errs, checkIdentifier("schema", schema, true), checkIdentifier("table", longest, false))
	if name == StateTable || name == FenceTable {
		errs = append(errs, fmt.Errorf("table %q is the loaders' own; use another name", name))
	}
	columns := map[string]bool{BatchColumn: true, CurrentColumn: t.History, ReorgColumn: t.History}
	for _, f := range t.Schema.Fields() {
		errs = append(errs, checkIdentifier("column", f.Name, false))
		if columns[f.Name] {
			errs = append(errs, fmt.Errorf("column %q occurs twice or is one that the sink adds; rename it", f.Name))
		}
		columns[f.Name] = true
		if err := Supported(f); err != nil {
			errs = append(errs, fmt.Errorf("column %q: %w", f.Name, err))
		}
	}
	for _, k := range t.Key {
		fields, ok := t.Schema.FieldsByName(k)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("key column %q does not exist", k))
		case fields[0].Nullable:
			errs = append(errs, fmt.Errorf("key column %q is nullable; a key has no nulls", k))
		}
	}
	if _, ok := t.Schema.FieldsByName(t.Block); t.Block != "" && !ok {
		errs = append(errs, fmt.Errorf("block column %q does not exist", t.Block))
	}
	if t.History && t.Block == "" {
		errs = append(errs, errors.New("a history table needs a block column"))
	}
	if n := len(columns); n > 1600 {
		errs = append(errs, fmt.Errorf("%d columns; PostgreSQL has at most 1600", n))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	return nil
}

func checkIdentifier(what, name string, mayBeEmpty bool) error {
	switch {
	case name == "" && !mayBeEmpty:
		return fmt.Errorf("a %s has no name; give it one", what)
	case len(name) > maxIdentifier:
		return fmt.Errorf("the %s name %q has %d bytes, and PostgreSQL keeps %d; use a shorter one", what, name, len(name), maxIdentifier)
	case strings.ContainsRune(name, 0) || !utf8.ValidString(name):
		return fmt.Errorf("the %s name %q is not text that PostgreSQL can hold", what, name)
	}
	return nil
}

// SplitName splits a table's name into schema, which may be empty, and name.
func SplitName(table string) (schema, name string, err error) {
	parts := strings.Split(table, ".")
	switch len(parts) {
	case 1:
		return "", parts[0], nil
	case 2:
		if parts[0] == "" {
			return "", parts[1], fmt.Errorf("the table name %q has an empty schema", table)
		}
		return parts[0], parts[1], nil
	}
	return "", table, fmt.Errorf("the table name %q has %d dots; write schema.table or table", table, len(parts)-1)
}

// Beside is the quoted name of another table in the schema of table.
func Beside(table, other string) string {
	if schema, _, _ := SplitName(table); schema != "" {
		return Quote(schema) + "." + Quote(other)
	}
	return Quote(other)
}

// QuoteName quotes the parts of a table's name.
func QuoteName(table string) string {
	schema, name, _ := SplitName(table)
	if schema == "" {
		return Quote(name)
	}
	return Quote(schema) + "." + Quote(name)
}

// Quote quotes an identifier, so that letter case, reserved words and quotes in it survive.
func Quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

func quoteList(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Quote(n)
	}
	return strings.Join(quoted, ", ")
}

// indexName is a name for an index on table. A name that would be too long is cut and told apart by a hash, since PostgreSQL
// would cut it to one that another table's index may have.
func indexName(table, suffix string) string {
	_, name, _ := SplitName(table)
	if full := name + "_" + suffix; len(full) <= maxIdentifier {
		return full
	}
	sum := sha256.Sum256([]byte(name))
	tail := "_" + hex.EncodeToString(sum[:4]) + "_" + suffix
	cut := maxIdentifier - len(tail)
	for !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + tail
}

// commentText makes text fit into one comment line.
func commentText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}
