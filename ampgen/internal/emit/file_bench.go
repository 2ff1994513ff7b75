package emit

import "github.com/dave/jennifer/jen"

// benchFile is bench_test.go: what decoding and encoding cost, on random rows.
func benchFile(m *model) *jen.File {
	f := m.newFile(m.Package)
	f.Comment("// benchRows is as many rows as a server sends at once.")
	f.Const().Id("benchRows").Op("=").Lit(8192)
	f.Line()
	comment(f, "BenchmarkDecode reads record batches into rows, one after the other.")
	f.Func().Id("BenchmarkDecode").Params(jen.Id("b").Op("*").Qual("testing", "B")).BlockFunc(func(g *jen.Group) {
		emitBenchSetup(g)
		g.Var().Id("columns").Id("Columns")
		g.Var().Id("row").Id("Row")
		g.For(jen.Id("b").Dot("Loop").Call()).Block(
			jen.If(jen.Err().Op(":=").Id("columns").Dot("Bind").Call(jen.Id("rows")), jen.Err().Op("!=").Nil()).Block(jen.Id("b").Dot("Fatal").Call(jen.Err())),
			jen.For(jen.Id("i").Op(":=").Range().Id("benchRows")).Block(jen.Id("columns").Dot("Row").Call(jen.Id("i"), jen.Op("&").Id("row"))),
		)
		emitRate(g)
	})
	for _, s := range m.Sinks {
		if sinks[s.Kind].encoder {
			f.Line()
			emitEncodeBench(f, sinks[s.Kind].goPrefix, sinks[s.Kind].title)
		}
	}
	return f
}

func emitEncodeBench(f *jen.File, prefix, title string) {
	comment(f, "BenchmarkEncode"+prefix+" encodes record batches for "+title+".")
	f.Func().Id("BenchmarkEncode" + prefix).Params(jen.Id("b").Op("*").Qual("testing", "B")).BlockFunc(func(g *jen.Group) {
		emitBenchSetup(g)
		g.Id("encoder").Op(":=").Id("New" + prefix + "Encoder").Call()
		g.Var().Id("dst").Index().Byte()
		g.For(jen.Id("b").Dot("Loop").Call()).Block(
			jen.If(jen.Err().Op(":=").Id("encoder").Dot("Bind").Call(jen.Id("rows")), jen.Err().Op("!=").Nil()).Block(jen.Id("b").Dot("Fatal").Call(jen.Err())),
			jen.Var().Err().Error(),
			jen.List(jen.Id("dst"), jen.Err()).Op("=").Id("encoder").Dot("AppendRows").Call(
				jen.Id("dst").Index(jen.Empty(), jen.Lit(0)), jen.Lit(0), jen.Id("benchRows"), jen.Qual(pgcopyPkg, "Tail").Values()),
			fatal("b"),
		)
		emitRate(g)
	})
}

func emitBenchSetup(g *jen.Group) {
	g.Id("rows").Op(":=").Qual(randbatchPkg, "New").Call(jen.Id("TableSchema"), jen.Id("benchRows"), jen.Lit(1))
	g.Defer().Id("rows").Dot("Release").Call()
	g.Id("b").Dot("SetBytes").Call(jen.Qual(randbatchPkg, "Size").Call(jen.Id("rows")))
	g.Id("b").Dot("ReportAllocs").Call()
}

func emitRate(g *jen.Group) {
	g.Id("b").Dot("ReportMetric").Call(
		jen.Float64().Call(jen.Id("benchRows")).Op("*").Float64().Call(jen.Id("b").Dot("N")).Op("/").Id("b").Dot("Elapsed").Call().Dot("Seconds").Call(),
		jen.Lit("rows/s"))
}
