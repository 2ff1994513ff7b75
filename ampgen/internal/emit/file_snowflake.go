package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

func snowflakeDDL(m *model, s ir.Sink) (string, error) {
	return ddl.Create(ddl.Table{Name: s.Table, Schema: m.tableSchema(), Block: m.Block, Key: m.Key, History: s.History, Batch: m.Block == "",
		Uint256: ddl.Uint256(s.Uint256)})
}

// snowflakeFile is snowflake.go: the table and its statements. Rows go into Parquet files as Arrow, so there is nothing to encode.
func snowflakeFile(m *model, s ir.Sink) *jen.File {
	f := m.newFile(m.Package)
	emitTable(f, m, s)
	return f
}

// snowflakeOption is how 256-bit integers are held.
func snowflakeOption(s ir.Sink) jen.Code { return jen.Lit(s.Uint256) }
