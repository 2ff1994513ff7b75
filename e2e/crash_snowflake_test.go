package e2e

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// copiedSnowflake is Snowflake as the crash tests read it: by way of a copy in DuckDB; see copySnowflake.
var copiedSnowflake = system{name: inSnowflake.name, driver: duckDB.driver, write: duckDB.write, connect: duckDB.connect}

// snowflakeFlags are a loader's flags for a test server. The password is in its environment.
func snowflakeFlags(server *snowtest.Server) []string {
	c := server.Config()
	return []string{"--snowflake-account", c.Account, "--snowflake-user", c.User, "--snowflake-role", c.Role, "--snowflake-warehouse", c.Warehouse,
		"--snowflake-database", c.Database, "--snowflake-schema", c.Schema, "--snowflake-host", fmt.Sprintf("http://%s:%d", c.Host, c.Port)}
}

// snowflakeCopies are the tables that are copied, with DuckDB's types of their columns and how to make such a value of text.
var snowflakeCopies = []struct {
	table   string
	columns [][2]string // name and type
}{
	{"erc20_transfers", [][2]string{{"block_num", "UBIGINT"}, {"block_hash", "BLOB"}, {"timestamp", "TIMESTAMP_NS"}, {"tx_hash", "BLOB"}, {"tx_index", "BIGINT"},
		{"log_index", "BIGINT"}, {"token_address", "BLOB"}, {"from_address", "BLOB"}, {"to_address", "BLOB"}, {"value", "VARCHAR"}, {"_amp_batch_id", "VARCHAR"}}},
	{"amp_stream_state", [][2]string{{"connection_name", "VARCHAR"}, {"table_name", "VARCHAR"}, {"network", "VARCHAR"}, {"batch_id", "VARCHAR"},
		{"start_block", "BIGINT"}, {"end_block", "BIGINT"}, {"end_hash", "VARCHAR"}, {"start_parent_hash", "VARCHAR"}, {"units", "BIGINT"}}},
}

// copySnowflake copies the tables of a loader, as far as they exist, into a new DuckDB file, where they are compared by the same queries
// as those of the other systems.
func copySnowflake(t *testing.T, server *snowtest.Server) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", filepath.Join(t.TempDir(), "copy.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	execute := func(statement string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range snowflakeCopies {
		there, err := server.SQL("SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = '" + strings.ToUpper(c.table) + "'")
		if err != nil {
			t.Fatal(err)
		}
		if len(there) == 0 && c.table != "amp_stream_state" {
			continue
		}
		var names, declared, values []string
		for _, column := range c.columns {
			name := strings.ToUpper(column[0])
			if len(there) > 0 && !slices.ContainsFunc(there, func(row []string) bool { return row[0] == name }) {
				continue // a column that a state which the Python loader made does not have yet
			}
			names, declared = append(names, `"`+name+`"`), append(declared, `"`+column[0]+`" `+column[1])
			value := "CAST(? AS " + column[1] + ")"
			switch {
			case column[1] == "BLOB":
				value = "unhex(?)"
			case name == "UNITS":
				value = "coalesce(" + value + ", 1)" // what a null means
			}
			values = append(values, value)
		}
		execute("CREATE TABLE " + c.table + " (" + strings.Join(declared, ", ") + ")")
		if len(there) == 0 {
			continue // DDL is no transaction: the table may be there when its state is not, which is an empty one then
		}
		rows, err := server.SQL("SELECT " + strings.Join(names, ", ") + " FROM " + strings.ToUpper(c.table))
		if err != nil {
			t.Fatal(err)
		}
		execute("BEGIN")
		for _, row := range rows {
			args := make([]any, len(row))
			for i, cell := range row {
				if cell != "NULL" {
					args[i] = cell
				}
			}
			execute("INSERT INTO "+c.table+" VALUES ("+strings.Join(values, ", ")+")", args...)
		}
		execute("COMMIT")
	}
	return db
}
