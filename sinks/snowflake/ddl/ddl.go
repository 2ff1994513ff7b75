// Package ddl says what a pipeline's table looks like in Snowflake: types, names and the statements that create it. It is pure
// and shared by the generator, which writes the statements beside the generated code, and by the sink, which runs them.
//
// Every identifier is quoted and in upper case, which is what the unquoted names in people's queries mean. The types:
//
//	Boolean                      BOOLEAN
//	Int8, UInt8                  NUMBER(3,0)
//	Int16, UInt16                NUMBER(5,0)
//	Int32, UInt32                NUMBER(10,0)
//	Int64                        NUMBER(19,0)
//	UInt64                       NUMBER(20,0)
//	Float16, Float32, Float64    FLOAT
//	Decimal up to 38 digits      NUMBER(p,s)
//	Decimal of more digits       VARCHAR, exact decimal text
//	256-bit integers             VARCHAR, BINARY(32) or NUMBER(38,0), by Table.Uint256
//	Utf8                         VARCHAR
//	Binary                       BINARY
//	FixedSizeBinary(n)           BINARY(n)
//	Date                         DATE
//	Time                         TIME(9)
//	Timestamp without zone       TIMESTAMP_NTZ(9)
//	Timestamp with zone          TIMESTAMP_LTZ(9)
//	Duration                     NUMBER(19,0), in the unit of the Arrow type
//	List                         ARRAY
//	Struct, Map with text keys   OBJECT
//
// Inside of ARRAY and OBJECT, where there is JSON and nothing else, binary is hex text after 0x, decimals of more than 38 digits
// and 256-bit integers are decimal text, and times are ISO 8601 text.
package ddl

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
)

// Columns that the sink adds after a table's own.
const (
	BatchColumn   = "_AMP_BATCH_ID"       // VARCHAR: the id of the commit unit that wrote the row
	CurrentColumn = "_AMP_IS_CURRENT"     // history only: false once a reorganisation replaced the row's block
	ReorgColumn   = "_AMP_REORG_BATCH_ID" // history only: the unit that replaced the row, null until it is committed
)

// Objects beside a table, in its schema.
const (
	StateTable = "AMP_STREAM_STATE" // one row per committed range
	FenceTable = "AMP_STREAM_FENCE" // one row per pipeline and table: who may commit
	StageName  = "AMP_STAGE"        // the files of units that are on their way
)

// Suffixes of a history table's views.
const (
	CurrentSuffix = "_CURRENT"
	HistorySuffix = "_HISTORY"
)

// maxIdentifier is the longest identifier in characters.
const maxIdentifier = 255

// Table is a table to be created.
type Table struct {
	// Name is that of ParseName. Session has the database and the schema that it leaves out; they may be empty.
	Name    string
	Session Name
	Schema  *arrow.Schema
	// Block is the field by which rows are undone; empty for batch queries.
	Block string
	// Key names the fields that identify a row; may be empty.
	Key     []string
	History bool
	// Batch says that the table holds the result of a batch query, whose rows are never undone by block.
	Batch bool
	// Stateless leaves out state and fence.
	Stateless bool
	// Uint256 says how columns of 256-bit integers are held.
	Uint256 Uint256
}

// FullName is the table's name, completed by the session's. The error is that of ParseName.
func (t Table) FullName() (Name, error) {
	name, err := ParseName(t.Name)
	if name.Database == "" {
		name.Database = t.Session.Database
	}
	if name.Schema == "" {
		name.Schema = t.Session.Schema
	}
	return name, err
}

// Create is the text of all statements, each ended by ";\n": schema, table, views, stage, state and fence. Everything is created
// only where it does not exist, so the text may be run again.
func Create(t Table) (string, error) {
	table, err := CreateTable(t)
	if err != nil {
		return "", err
	}
	name, _ := t.FullName()
	var b strings.Builder
	section := func(comment string, statements ...string) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "-- %s\n", comment)
		for _, s := range statements {
			b.WriteString(s + ";\n")
		}
	}
	if name.Schema != "" {
		section("The schema of the table and of its state.", CreateSchema(name))
	}
	section(tableComment(t), table)
	if t.History {
		current, history := CreateViews(t)
		section("What the chain says now, and everything that it ever said.", current, history)
	}
	section("Where files wait to be copied into the table.", CreateStage(name))
	if t.Stateless {
		return b.String(), nil
	}
	section("What is loaded: one row per committed range of blocks, both ends inclusive. Old neighbours are merged; UNITS counts them.",
		append([]string{CreateState(name)}, MigrateState(name)...)...)
	section("Who may load: only the holder of the newest epoch commits.", CreateFence(name))
	return b.String(), nil
}

// tableComment is one line, whatever is in the table's name.
func tableComment(t Table) string {
	s := t.Name + ", one row per result row"
	if t.History {
		s += ", those of abandoned branches included"
	}
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) + "."
}

// CreateSchema creates the schema of a table whose name says it. Snowflake makes it the session's schema as well.
func CreateSchema(table Name) string {
	schema := Name{Schema: table.Database, Object: table.Schema}
	return "CREATE SCHEMA IF NOT EXISTS " + schema.String()
}

// CreateTable creates the table alone. The error lists every column and name that does not fit. The primary key is for readers
// and their tools: Snowflake does not enforce it.
func CreateTable(t Table) (string, error) {
	if err := check(t); err != nil {
		return "", err
	}
	name, _ := t.FullName()
	var lines []string
	for _, c := range Columns(t) {
		lines = append(lines, c.declaration())
	}
	if len(t.Key) > 0 && !t.History { // a row of an abandoned branch may have the key of the row that replaced it
		lines = append(lines, "PRIMARY KEY ("+quoteColumns(t.Key)+")")
	}
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (\n    %s\n)", name, strings.Join(lines, ",\n    ")), nil
}

// CreateViews creates the views of a history table: of the current rows, and of all rows.
func CreateViews(t Table) (current, history string) {
	name, _ := t.FullName()
	own := make([]string, t.Schema.NumFields())
	for i, f := range t.Schema.Fields() {
		own[i] = f.Name
	}
	view := func(suffix string, columns []string) string {
		return fmt.Sprintf("CREATE VIEW IF NOT EXISTS %s AS\n    SELECT %s\n    FROM %s", name.Beside(name.Object+suffix), quoteColumns(columns), name)
	}
	return view(CurrentSuffix, own) + " WHERE " + Quote(CurrentColumn),
		view(HistorySuffix, append(own, BatchColumn, CurrentColumn, ReorgColumn))
}

// CreateStage creates the internal stage beside a table.
func CreateStage(table Name) string {
	return "CREATE STAGE IF NOT EXISTS " + table.Beside(StageName).String()
}

// CreateState creates the state beside a table. The columns are those of the Python loader's, and two more.
func CreateState(table Name) string {
	return fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s (
    "CONNECTION_NAME" VARCHAR NOT NULL,
    "TABLE_NAME" VARCHAR NOT NULL,
    "NETWORK" VARCHAR NOT NULL,
    "BATCH_ID" VARCHAR NOT NULL,
    "START_BLOCK" NUMBER(19,0) NOT NULL,
    "END_BLOCK" NUMBER(19,0) NOT NULL,
    "END_HASH" VARCHAR,
    "START_PARENT_HASH" VARCHAR,
    "PROCESSED_AT" TIMESTAMP_NTZ(9) NOT NULL DEFAULT CURRENT_TIMESTAMP(),
    "END_TIMESTAMP" NUMBER(19,0),
    "UNITS" NUMBER(19,0),
    PRIMARY KEY ("CONNECTION_NAME", "TABLE_NAME", "NETWORK", "BATCH_ID")
)`, table.Beside(StateTable))
}

// MigrateState adds to a state that the Python loader made the columns that it lacks.
func MigrateState(table Name) []string {
	state := table.Beside(StateTable)
	return []string{
		fmt.Sprintf(`ALTER TABLE %s ADD COLUMN IF NOT EXISTS "END_TIMESTAMP" NUMBER(19,0)`, state),
		fmt.Sprintf(`ALTER TABLE %s ADD COLUMN IF NOT EXISTS "UNITS" NUMBER(19,0)`, state),
	}
}

// CreateFence creates the fence beside a table. COMMITS is counted up by every commit: the update is what makes commits take
// turns.
func CreateFence(table Name) string {
	return fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s (
    "CONNECTION_NAME" VARCHAR NOT NULL,
    "TABLE_NAME" VARCHAR NOT NULL,
    "EPOCH" NUMBER(19,0) NOT NULL,
    "HOLDER" VARCHAR NOT NULL,
    "TAKEN_AT" TIMESTAMP_NTZ(9) NOT NULL DEFAULT CURRENT_TIMESTAMP(),
    "COMMITS" NUMBER(19,0) NOT NULL DEFAULT 0,
    PRIMARY KEY ("CONNECTION_NAME", "TABLE_NAME")
)`, table.Beside(FenceTable))
}

// Column is a column as Snowflake has it.
type Column struct {
	// Field is the name in the table's schema, Name that in Snowflake. They are the same of columns that the sink adds.
	Field, Name, Type string
	Nullable          bool
	Default           string // an SQL expression, empty for none
}

func (c Column) declaration() string {
	s := Quote(c.Name) + " " + c.Type
	if !c.Nullable {
		s += " NOT NULL"
	}
	if c.Default != "" {
		s += " DEFAULT " + c.Default
	}
	return s
}

// Columns are all columns of the table in order, those that the sink adds included. The fields of t must be Supported.
func Columns(t Table) []Column {
	columns := make([]Column, 0, t.Schema.NumFields()+3)
	for _, f := range t.Schema.Fields() {
		typ, err := ColumnType(f, t.Uint256)
		if err != nil {
			typ = "unsupported" // not reached: check refuses such tables
		}
		columns = append(columns, Column{Field: f.Name, Name: Fold(f.Name), Type: typ, Nullable: f.Nullable})
	}
	columns = append(columns, Column{Field: BatchColumn, Name: BatchColumn, Type: "VARCHAR", Nullable: true})
	if t.History {
		columns = append(columns,
			Column{Field: CurrentColumn, Name: CurrentColumn, Type: "BOOLEAN", Default: "TRUE"},
			Column{Field: ReorgColumn, Name: ReorgColumn, Type: "VARCHAR", Nullable: true})
	}
	return columns
}

// check finds everything about t that Snowflake cannot hold.
func check(t Table) error {
	name, err := t.FullName()
	errs := []error{err}
	object := name.Object
	switch object {
	case StateTable, FenceTable, StageName:
		errs = append(errs, fmt.Errorf("table %q is the loaders' own; use another name", t.Name))
	}
	if t.History {
		object += CurrentSuffix
	}
	errs = append(errs, checkIdentifier("database", name.Database), checkIdentifier("schema", name.Schema), checkIdentifier("table", object))
	columns := map[string]string{BatchColumn: BatchColumn}
	if t.History {
		columns[CurrentColumn], columns[ReorgColumn] = CurrentColumn, ReorgColumn
	}
	for _, f := range t.Schema.Fields() {
		if f.Name == "" {
			errs = append(errs, errors.New("a column has no name; give it one with AS"))
		}
		errs = append(errs, checkIdentifier("column", f.Name))
		if other, twice := columns[Fold(f.Name)]; twice {
			errs = append(errs, fmt.Errorf("columns %q and %q are one name in Snowflake; rename one with AS", other, f.Name))
		}
		columns[Fold(f.Name)] = f.Name
		if err := Supported(f); err != nil {
			errs = append(errs, fmt.Errorf("column %q: %w", f.Name, err))
		}
	}
	errs = append(errs, checkRoles(t)...)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	return nil
}

// checkRoles looks at what the fields of t are for.
func checkRoles(t Table) (errs []error) {
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
	if _, err := ParseUint256(string(t.Uint256)); err != nil {
		errs = append(errs, err)
	}
	return errs
}

func checkIdentifier(what, name string) error {
	switch n := utf8.RuneCountInString(name); {
	case n > maxIdentifier:
		return fmt.Errorf("the %s name %q has %d characters, and Snowflake's have at most %d; use a shorter one", what, name, n, maxIdentifier)
	case strings.ContainsRune(name, 0) || !utf8.ValidString(name):
		return fmt.Errorf("the %s name %q is not text that Snowflake can hold", what, name)
	}
	return nil
}
