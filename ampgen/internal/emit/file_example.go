package emit

import (
	"fmt"

	"github.com/dave/jennifer/jen"
)

// exampleFile is example_test.go: how the package is used from outside, in the documentation and compiled.
func exampleFile(m *model) *jen.File {
	f := m.newFile(m.Package + "_test")
	comment(f, "The columns of the table, as sinks see them.")
	f.Func().Id("Example").Params().BlockFunc(func(g *jen.Group) {
		g.For(jen.List(jen.Id("_"), jen.Id("f")).Op(":=").Range().Qual(m.importPath, "TableSchema").Dot("Fields").Call()).Block(
			jen.Qual("fmt", "Printf").Call(jen.Lit("%q %v\n"), jen.Id("f").Dot("Name"), jen.Id("f").Dot("Type")))
		g.Comment("// Output:")
		for _, c := range m.columns {
			g.Comment(fmt.Sprintf("// %q %v", c.Name, c.Type))
		}
	})
	f.Line()
	comment(f, "Rows are read from record batches of TableSchema, wherever these come from.")
	f.Func().Id("ExampleColumns").Params().Block(
		jen.Id("rows").Op(":=").Qual(randbatchPkg, "New").Call(jen.Qual(m.importPath, "TableSchema"), jen.Lit(100), jen.Lit(1)),
		jen.Defer().Id("rows").Dot("Release").Call(),
		jen.Var().Id("columns").Qual(m.importPath, "Columns"),
		jen.If(jen.Err().Op(":=").Id("columns").Dot("Bind").Call(jen.Id("rows")), jen.Err().Op("!=").Nil()).Block(
			jen.Qual("fmt", "Println").Call(jen.Err()), jen.Return()),
		jen.Var().Id("row").Qual(m.importPath, "Row"),
		jen.Id("n").Op(":=").Lit(0),
		jen.For(jen.Id("i").Op(":=").Range().Int().Call(jen.Id("rows").Dot("NumRows").Call())).Block(
			jen.Id("columns").Dot("Row").Call(jen.Id("i"), jen.Op("&").Id("row")),
			jen.Id("n").Op("++"),
		),
		jen.Qual("fmt", "Println").Call(jen.Id("n"), jen.Lit("rows")),
		jen.Comment("// Output: 100 rows"),
	)
	return f
}
