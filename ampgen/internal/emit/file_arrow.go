package emit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/dave/jennifer/jen"
)

// arrowFile is arrow.go: the schemas.
func arrowFile(m *model) *jen.File {
	f := m.newFile(m.Package)
	query, table, same := m.schemas()
	comment(f, "QuerySchema is what a server must announce for SQL. A server that announces anything else is refused before the first write.")
	f.Var().Id("QuerySchema").Op("=").Add(schemaExpr(query))
	f.Line()
	if same {
		comment(f, "TableSchema is what the rows look like in a sink: just as the query sends them.")
		f.Var().Id("TableSchema").Op("=").Id("QuerySchema")
	} else {
		comment(f, "TableSchema is what the rows look like in a sink: the query's columns, then the labels'. Record batches of this schema are what Columns binds to.")
		f.Var().Id("TableSchema").Op("=").Add(schemaExpr(table))
	}
	f.Line()
	comment(f, "SchemaFingerprint is the SHA-256 of TableSchema: of a line with name, type and nullability per column.")
	f.Const().Id("SchemaFingerprint").Op("=").Lit(fingerprint(table))
	return f
}

// fingerprint is computed again, in the same way, by the generated test.
func fingerprint(fields []arrow.Field) string {
	h := sha256.New()
	for _, f := range fields {
		fmt.Fprintf(h, "%s %s %t\n", f.Name, f.Type, f.Nullable)
	}
	return hex.EncodeToString(h.Sum(nil))
}
