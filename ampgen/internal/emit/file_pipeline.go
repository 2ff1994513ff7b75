package emit

import (
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
)

// pipelineFile is pipeline.go: the statement, and everything that the runtime needs to run it.
func pipelineFile(m *model) *jen.File {
	f := m.newFile(m.Package)
	comment(f, "This assignment ties the generated code to the runtime's programming interface. If it does not compile, the two do not fit: generate again with the ampgen of the module version that go.mod names.")
	f.Const().Id("_").Op("=").Qual(runtimePkg, "GeneratedCodeV1")
	f.Line()
	comment(f, "SQL is the statement that the server is sent, byte for byte as in the query file.")
	f.Const().Id("SQL").Op("=").Add(literal(m.SQL))
	f.Line()
	comment(f, "Pipeline is the query as the runtime runs it. Its table has no name before a sink gives it one.")
	f.Func().Id("Pipeline").Params().Qual(runtimePkg, "Pipeline").Block(
		jen.Return(jen.Qual(runtimePkg, "Pipeline").Add(lines("{", "}", pipelineFields(m)...))))
	return f
}

func pipelineFields(m *model) []jen.Code {
	fields := []jen.Code{pair("Name", jen.Lit(m.Name)), pair("SQL", jen.Id("SQL"))}
	if m.NoRange != "" {
		fields = append(fields, pair("NoRange", jen.Lit(m.NoRange)))
	} else {
		fields = append(fields, pair("RangeSQL", rangeSQL(m)))
	}
	fields = append(fields, pair("Mode", modeExpr(m.Mode)), pair("Query", jen.Id("QuerySchema")))
	if len(m.Labels) > 0 {
		fields = append(fields, pair("Labels", jen.Id("Labels").Call()))
	}
	table := []jen.Code{pair("Pipeline", jen.Lit(m.Folder)), pair("Schema", jen.Id("TableSchema"))}
	if m.Block != "" {
		table = append(table, pair("Block", jen.Lit(m.Block)))
	}
	if len(m.Key) > 0 {
		table = append(table, pair("Key", stringsExpr(m.Key)))
	}
	return append(fields, pair("Table", jen.Qual(runtimePkg, "Table").Add(lines("{", "}", table...))))
}

// rangeSQL is written as a part of SQL where it is one.
func rangeSQL(m *model) jen.Code {
	switch {
	case m.RangeSQL == m.SQL:
		return jen.Id("SQL")
	case strings.HasPrefix(m.SQL, m.RangeSQL):
		return jen.Id("SQL").Index(jen.Empty(), jen.Lit(len(m.RangeSQL)))
	}
	return literal(m.RangeSQL)
}

func modeExpr(mode string) jen.Code {
	switch mode {
	case ir.Stream:
		return jen.Qual(runtimePkg, "Stream")
	case ir.Append:
		return jen.Qual(runtimePkg, "Append")
	}
	return jen.Qual(runtimePkg, "Replace")
}

func stringsExpr(values []string) jen.Code {
	elements := make([]jen.Code, len(values))
	for i, v := range values {
		elements[i] = jen.Lit(v)
	}
	return jen.Index().String().Values(elements...)
}
