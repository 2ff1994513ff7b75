package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
)

func duckdbDDL(m *model, s ir.Sink) (string, error) {
	return ddl.Create(ddl.Table{Name: s.Table, Schema: m.tableSchema(), Block: m.Block, Key: m.Key, History: s.History, Batch: m.Block == ""})
}

// duckdbFile is duckdb.go: the table and its statements. DuckDB takes the rows as Arrow, so there is nothing to encode.
func duckdbFile(m *model, s ir.Sink) *jen.File {
	f := m.newFile(m.Package)
	emitTable(f, m, s)
	return f
}
