package emit

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
)

func postgresDDL(m *model, s ir.Sink) (string, error) {
	return ddl.Create(ddl.Table{Name: s.Table, Schema: m.tableSchema(), Block: m.Block, Key: m.Key, History: s.History, Batch: m.Block == ""})
}

func (m *model) tableSchema() *arrow.Schema {
	_, table, _ := m.schemas()
	return arrow.NewSchema(table, nil)
}

// postgresFile is postgres.go: the table, its statements, and the encoder of PostgreSQL's binary COPY format.
func postgresFile(m *model, s ir.Sink) *jen.File {
	f := m.newFile(m.Package)
	emitTable(f, m, s)
	f.Line()
	comment(f, "NewPostgresEncoder returns an encoder of rows of TableSchema, for one goroutine.")
	f.Func().Id("NewPostgresEncoder").Params().Qual(pgcopyPkg, "Encoder").Block(jen.Return(jen.Op("&").Id("postgresEncoder").Values()))
	f.Line()
	f.Type().Id("postgresEncoder").StructFunc(func(g *jen.Group) {
		g.Id("columns").Id("Columns")
		for _, c := range m.columns {
			if c.node.scalar == nil {
				g.Id(c.GoName).Qual(pgcopyPkg, "Column")
			}
		}
	})
	f.Line()
	emitEncoderBind(f, m)
	f.Line()
	emitAppendRows(f, m)
	return f
}

// emitTable declares a sink's table and the text of its statements.
func emitTable(f *jen.File, m *model, s ir.Sink) {
	kind := sinks[s.Kind]
	f.Anon("embed")
	comment(f, kind.goPrefix+"DDL is the text of the statements that the loader creates its table with, for people and database administrators.")
	f.Comment("//")
	f.Comment("//go:embed " + s.Kind + ".sql")
	f.Var().Id(kind.goPrefix + "DDL").String()
	f.Line()
	comment(f, kind.goPrefix+"Table is the table in "+kind.title+".")
	f.Func().Id(kind.goPrefix+"Table").Params().Qual(runtimePkg, "Table").BlockFunc(func(g *jen.Group) {
		g.Id("t").Op(":=").Id("Pipeline").Call().Dot("Table")
		g.Id("t").Dot("Name").Op("=").Lit(s.Table)
		if s.History {
			g.Id("t").Dot("History").Op("=").True()
		}
		g.Return(jen.Id("t"))
	})
}

func emitEncoderBind(f *jen.File, m *model) {
	f.Func().Params(jen.Id("e").Op("*").Id("postgresEncoder")).Id("Bind").Params(jen.Id("rows").Qual(arrowPkg, "RecordBatch")).Error().
		BlockFunc(func(g *jen.Group) {
			if len(m.nested) == 0 {
				g.Return(jen.Id("e").Dot("columns").Dot("Bind").Call(jen.Id("rows")))
				return
			}
			g.If(jen.Err().Op(":=").Id("e").Dot("columns").Dot("Bind").Call(jen.Id("rows")), jen.Err().Op("!=").Nil()).Block(jen.Return(jen.Err()))
			for i, c := range m.columns {
				if c.node.scalar != nil {
					continue
				}
				g.If(jen.Err().Op(":=").Id("bindNested").Call(jen.Op("&").Id("e").Dot(c.GoName), jen.Id("rows"), jen.Lit(i)), jen.Err().Op("!=").Nil()).
					Block(jen.Return(jen.Err()))
			}
			g.Return(jen.Nil())
		})
	if len(m.nested) == 0 {
		return
	}
	f.Line()
	comment(f, "bindNested points the encoder of a list, struct or map at column i of rows, and makes it first.")
	f.Func().Id("bindNested").Params(jen.Id("c").Op("*").Qual(pgcopyPkg, "Column"), jen.Id("rows").Qual(arrowPkg, "RecordBatch"), jen.Id("i").Int()).
		Params(jen.Err().Error()).Block(
		jen.If(jen.Op("*").Id("c").Op("==").Nil()).Block(
			jen.List(jen.Op("*").Id("c"), jen.Err()).Op("=").Qual(pgcopyPkg, "NewColumn").Call(jen.Id("TableSchema").Dot("Field").Call(jen.Id("i"))),
			returnErr(),
		),
		jen.Return(jen.Parens(jen.Op("*").Id("c")).Dot("Bind").Call(jen.Id("rows").Dot("Column").Call(jen.Id("i")))),
	)
}

func emitAppendRows(f *jen.File, m *model) {
	f.Func().Params(jen.Id("e").Op("*").Id("postgresEncoder")).Id("AppendRows").
		Params(jen.Id("dst").Index().Byte(), jen.List(jen.Id("from"), jen.Id("to")).Int(), jen.Id("tail").Qual(pgcopyPkg, "Tail")).
		Params(jen.Index().Byte(), jen.Error()).BlockFunc(func(g *jen.Group) {
		g.Id("c").Op(":=").Op("&").Id("e").Dot("columns")
		if m.anyFallible() {
			g.Var().Err().Error()
		}
		g.For(jen.Id("i").Op(":=").Id("from"), jen.Id("i").Op("<").Id("to"), jen.Id("i").Op("++")).BlockFunc(func(g *jen.Group) {
			g.Id("dst").Op("=").Qual(pgcopyPkg, "AppendTuple").Call(jen.Id("dst"), jen.Lit(len(m.columns)).Op("+").Id("tail").Dot("Fields"))
			for _, c := range m.columns {
				emitAppend(g, c)
			}
			g.Id("dst").Op("=").Append(jen.Id("dst"), jen.Id("tail").Dot("Bytes").Op("..."))
		})
		g.Return(jen.Id("dst"), jen.Nil())
	})
}

func (m *model) anyFallible() bool {
	for _, c := range m.columns {
		if c.node.scalar == nil || c.node.scalar.fallible {
			return true
		}
	}
	return false
}

// emitAppend appends one value: null, or by the function of its type. Only nullable columns are asked for nulls.
func emitAppend(g *jen.Group, c column) {
	failed := jen.Block(jen.Return(jen.Id("dst"), jen.Qual(pgcopyPkg, "At").Call(jen.Lit(c.Name), jen.Id("i"), jen.Err())))
	try := func(call jen.Code) *statement {
		return jen.If(jen.List(jen.Id("dst"), jen.Err()).Op("=").Add(call), jen.Err().Op("!=").Nil()).Add(failed)
	}
	if c.node.scalar == nil {
		g.Add(try(jen.Id("e").Dot(c.GoName).Dot("Append").Call(jen.Id("dst"), jen.Id("i"))))
		return
	}
	values := jen.Id("c").Dot(c.field())
	args := append([]jen.Code{jen.Id("dst")}, c.node.scalar.append(values.Clone().Dot("Value").Call(jen.Id("i")))...)
	call := jen.Qual(pgcopyPkg, c.node.scalar.appendFunc).Call(args...)
	isNull := jen.If(values.Clone().Dot("IsNull").Call(jen.Id("i"))).Block(
		jen.Id("dst").Op("=").Qual(pgcopyPkg, "AppendNull").Call(jen.Id("dst")))
	set := jen.Id("dst").Op("=").Add(call)
	switch fallible := c.node.scalar.fallible; {
	case fallible && c.Nullable:
		g.Add(isNull.Else().Add(try(call)))
	case fallible:
		g.Add(try(call))
	case c.Nullable:
		g.Add(isNull.Else().Block(set))
	default:
		g.Add(set)
	}
}
