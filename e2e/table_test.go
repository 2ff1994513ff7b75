package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// null stands for NULL in a row of text; no label and no number is it.
const null = "\x00null"

// kind says how a column's values are written as text, in the same way whatever holds them.
type kind int

const (
	number kind = iota // decimal
	binary             // 0x and lower-case hex
	moment             // nanoseconds since 1970, so that no part of a second can hide
	text
	flag
)

// column is a column of a table under test.
type column struct {
	name string
	kind kind
}

// transferColumns are those of erc20_transfers.
var transferColumns = []column{
	{"block_num", number}, {"block_hash", binary}, {"timestamp", moment}, {"tx_hash", binary}, {"tx_index", number},
	{"log_index", number}, {"token_address", binary}, {"from_address", binary}, {"to_address", binary}, {"value", number},
	{"symbol", text}, {"name", text}, {"decimals", number},
}

// system is a database system as the tests read it.
type system struct {
	name     string // of the sink
	driver   string // of database/sql
	location string // the loader's flag that says where the database is
	write    map[kind]string
	connect  func(target string) string
	empty    func(t testing.TB) string // makes an empty database and says where it is
}

// systems are all of them.
var systems = []system{duckDB, postgreSQL, inSnowflake}

var duckDB = system{
	name: "duckdb", driver: "duckdb", location: "--duckdb-path",
	write:   map[kind]string{number: "%s::varchar", binary: "'0x' || lower(hex(%s))", moment: "epoch_ns(%s)::varchar", text: "%s", flag: "%s::varchar"},
	connect: func(path string) string { return path + "?access_mode=READ_ONLY" },
	empty:   func(t testing.TB) string { return filepath.Join(t.TempDir(), "chain.duckdb") },
}

var postgreSQL = system{
	name: "postgres", driver: "pgx", location: "--postgres-url",
	write: map[kind]string{number: "%s::text", binary: "'0x' || encode(%s, 'hex')",
		moment: "(extract(epoch from %s) * 1000000000)::numeric(20,0)::text", text: "%s", flag: "%s::text"},
	connect: func(url string) string { return url },
	empty:   func(t testing.TB) string { return pgtest.Database(t) },
}

// reader reads rows: a database, or a transaction in it.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// open opens a database for reading until the test ends.
func (s system) open(t testing.TB, target string) *sql.DB {
	t.Helper()
	db, err := sql.Open(s.driver, s.connect(target))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// byPosition orders rows as the chain does. It names the table t's columns: an output column may have the same name, and is text.
const byPosition = " ORDER BY t.block_num, t.log_index"

// rows reads the columns of a table as text.
func (s system) rows(t testing.TB, db reader, table string, columns []column) [][]string {
	t.Helper()
	var list []string
	for _, c := range columns {
		list = append(list, fmt.Sprintf(s.write[c.kind], "t."+c.name)) // without quotes, it is in the case that the system has names in
	}
	return s.query(t, db, "SELECT "+strings.Join(list, ", ")+" FROM "+table+" AS t"+byPosition)
}

// query runs a query whose columns are text.
func (s system) query(t testing.TB, db reader, query string) [][]string {
	t.Helper()
	out, err := queryText(db, query)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return out
}

func queryText(db reader, query string) ([][]string, error) {
	rows, err := db.QueryContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, pointers := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		pointers[i] = &values[i]
	}
	var out [][]string
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return nil, err
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = v.String
			if !v.Valid {
				row[i] = null
			}
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// contents says what a loader wrote into a database: the positions of its rows with their commits, and the state. The fence is not
// part of it: every run takes it anew. Equal contents before and after a run mean that it wrote nothing.
func (s system) contents(t testing.TB, target, table string) [][]string {
	t.Helper()
	db, err := sql.Open(s.driver, s.connect(target))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() // at once: while DuckDB's file is open, no other process can write it
	out := s.query(t, db, "SELECT CAST(block_num AS varchar), CAST(log_index AS varchar), _amp_batch_id FROM "+table+" AS t"+byPosition)
	schema := table[:strings.LastIndex(table, ".")+1] // the state is beside the table
	return append(out, s.query(t, db, `SELECT connection_name, table_name, network, batch_id, CAST(start_block AS varchar),
		CAST(end_block AS varchar), end_hash, CAST(processed_at AS varchar) FROM `+schema+`amp_stream_state AS t ORDER BY t.start_block`)...)
}

// checkRows compares rows and reports the first that differ.
func checkRows(t testing.TB, columns []column, got, want [][]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	const shown = 5
	differences := 0
	for i := range min(len(got), len(want)) {
		for c, col := range columns {
			if got[i][c] != want[i][c] {
				differences++
				if differences <= shown {
					t.Errorf("row %d, column %s: %q, want %q", i, col.name, got[i][c], want[i][c])
				}
			}
		}
	}
	if differences > shown {
		t.Errorf("and %d more values that differ", differences-shown)
	}
}

// checkUnchanged compares two contents of a database.
func checkUnchanged(t testing.TB, before, after [][]string) {
	t.Helper()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the database changed (-before +after):\n%s", diff)
	}
}
