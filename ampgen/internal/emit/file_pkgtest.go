package emit

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
)

// testFile is <package>_test.go: what must hold of the generated code on any machine, without network or database.
func testFile(m *model) *jen.File {
	f := m.newFile(m.Package)
	emitFingerprintTest(f)
	f.Line()
	emitRoundTripTest(f)
	f.Line()
	emitDecodeAllocTest(f)
	if len(m.Labels) > 0 {
		f.Line()
		emitLabelsTest(f)
	}
	for _, s := range m.Sinks {
		f.Line()
		emitDDLTest(f, s)
		if sinks[s.Kind].encoder {
			f.Line()
			emitEncodeTest(f, sinks[s.Kind].goPrefix)
		}
	}
	f.Line()
	emitAppendRow(f, m)
	for _, n := range m.nested {
		f.Line()
		emitAppendNested(f, n)
	}
	return f
}

// testFunc declares a test.
func testFunc(f *jen.File, name string, body func(g *jen.Group)) {
	f.Func().Id(name).Params(jen.Id("t").Op("*").Qual("testing", "T")).BlockFunc(body)
}

// emitRandomRows sets rows to a random batch, nulls and bounds included.
func emitRandomRows(g *jen.Group) {
	g.Id("rows").Op(":=").Qual(randbatchPkg, "New").Call(jen.Id("TableSchema"), jen.Lit(100), jen.Lit(1))
	g.Defer().Id("rows").Dot("Release").Call()
}

// emitBound declares v and binds it to rows.
func emitBound(g *jen.Group, declare jen.Code, v string) {
	g.Add(declare)
	g.If(jen.Err().Op(":=").Id(v).Dot("Bind").Call(jen.Id("rows")), jen.Err().Op("!=").Nil()).Block(jen.Id("t").Dot("Fatal").Call(jen.Err()))
}

func emitFingerprintTest(f *jen.File) {
	comment(f, "The fingerprint that other programs may have stored is that of the schema.")
	testFunc(f, "TestSchemaFingerprint", func(g *jen.Group) {
		g.Id("h").Op(":=").Qual("crypto/sha256", "New").Call()
		g.For(jen.List(jen.Id("_"), jen.Id("f")).Op(":=").Range().Id("TableSchema").Dot("Fields").Call()).Block(
			jen.Qual("fmt", "Fprintf").Call(jen.Id("h"), jen.Lit("%s %s %t\n"), jen.Id("f").Dot("Name"), jen.Id("f").Dot("Type"), jen.Id("f").Dot("Nullable")))
		g.If(jen.Id("got").Op(":=").Qual("encoding/hex", "EncodeToString").Call(jen.Id("h").Dot("Sum").Call(jen.Nil())), jen.Id("got").Op("!=").Id("SchemaFingerprint")).Block(
			jen.Id("t").Dot("Errorf").Call(jen.Lit("TableSchema has fingerprint %s, not %s"), jen.Id("got"), jen.Id("SchemaFingerprint")))
	})
}

func emitRoundTripTest(f *jen.File) {
	comment(f, "Every value, null and bound of a batch survives being read into rows.")
	testFunc(f, "TestRowRoundTrip", func(g *jen.Group) {
		emitRandomRows(g)
		emitBound(g, jen.Var().Id("columns").Id("Columns"), "columns")
		g.Id("b").Op(":=").Qual(arrayPkg, "NewRecordBuilder").Call(jen.Qual(memoryPkg, "DefaultAllocator"), jen.Id("TableSchema"))
		g.Defer().Id("b").Dot("Release").Call()
		g.Var().Id("row").Id("Row")
		g.For(jen.Id("i").Op(":=").Range().Int().Call(jen.Id("rows").Dot("NumRows").Call())).Block(
			jen.Id("columns").Dot("Row").Call(jen.Id("i"), jen.Op("&").Id("row")),
			jen.Id("appendRow").Call(jen.Id("b"), jen.Op("&").Id("row")))
		g.Id("got").Op(":=").Id("b").Dot("NewRecordBatch").Call()
		g.Defer().Id("got").Dot("Release").Call()
		g.If(jen.Op("!").Qual(arrayPkg, "RecordEqual").Call(jen.Id("rows"), jen.Id("got"))).Block(
			jen.Id("t").Dot("Errorf").Call(jen.Lit("the batch\n%v\nbecame\n%v"), jen.Id("rows"), jen.Id("got")))
	})
}

func emitDecodeAllocTest(f *jen.File) {
	testFunc(f, "TestDecodingAllocatesNothing", func(g *jen.Group) {
		emitRandomRows(g)
		emitBound(g, jen.Var().Id("columns").Id("Columns"), "columns")
		g.Var().Id("row").Id("Row")
		g.Id("allocs").Op(":=").Qual("testing", "AllocsPerRun").Call(jen.Lit(5), jen.Func().Params().Block(
			jen.For(jen.Id("i").Op(":=").Range().Int().Call(jen.Id("rows").Dot("NumRows").Call())).Block(
				jen.Id("columns").Dot("Row").Call(jen.Id("i"), jen.Op("&").Id("row")))))
		emitNoAllocs(g)
	})
}

func emitNoAllocs(g *jen.Group) {
	g.If(jen.Id("allocs").Op("!=").Lit(0)).Block(
		jen.Id("t").Dot("Errorf").Call(jen.Lit("%v allocations for %d rows"), jen.Id("allocs"), jen.Id("rows").Dot("NumRows").Call()))
}

func emitLabelsTest(f *jen.File) {
	comment(f, "Rows get the cells of a label whose key they have.")
	testFunc(f, "TestLabels", func(g *jen.Group) {
		g.Id("rows").Op(":=").Qual(randbatchPkg, "New").Call(jen.Id("QuerySchema"), jen.Lit(100), jen.Lit(1))
		g.Defer().Id("rows").Dot("Release").Call()
		g.For(jen.List(jen.Id("_"), jen.Id("spec")).Op(":=").Range().Id("Labels").Call()).Block(
			jen.Id("t").Dot("Run").Call(jen.Id("spec").Dot("Name"), jen.Func().Params(jen.Id("t").Op("*").Qual("testing", "T")).Block(
				jen.Qual(labeltestPkg, "Join").Call(jen.Id("t"), jen.Id("spec"), jen.Id("rows")))))
	})
}

func emitDDLTest(f *jen.File, s ir.Sink) {
	prefix, kind := sinks[s.Kind].goPrefix, s.Kind
	comment(f, "The statements beside this code are those that the loader runs.")
	testFunc(f, "Test"+prefix+"DDL", func(g *jen.Group) {
		g.Id("table").Op(":=").Id(prefix + "Table").Call()
		fields := []jen.Code{
			pair("Name", jen.Id("table").Dot("Name")), pair("Schema", jen.Id("table").Dot("Schema")), pair("Block", jen.Id("table").Dot("Block")),
			pair("Key", jen.Id("table").Dot("Key")), pair("History", jen.Id("table").Dot("History")),
			pair("Batch", jen.Id("table").Dot("Block").Op("==").Lit("")),
		}
		if s.Uint256 != "" {
			fields = append(fields, pair("Uint256", jen.Lit(s.Uint256)))
		}
		g.List(jen.Id("want"), jen.Err()).Op(":=").Qual(sinksPkg+"/"+kind+"/ddl", "Create").Call(jen.Qual(sinksPkg+"/"+kind+"/ddl", "Table").Values(fields...))
		g.Add(fatal("t"))
		g.If(jen.Id(prefix + "DDL").Op("!=").Id("want")).Block(
			jen.Id("t").Dot("Errorf").Call(jen.Lit(kind+".sql is not current, generate again; it should be\n%s"), jen.Id("want")))
	})
}

func emitEncodeTest(f *jen.File, prefix string) {
	comment(f, "The encoder writes what the one for schemas known at run time writes, and allocates nothing.")
	testFunc(f, "Test"+prefix+"Encoder", func(g *jen.Group) {
		emitRandomRows(g)
		g.Id("n").Op(":=").Int().Call(jen.Id("rows").Dot("NumRows").Call())
		g.Id("tail").Op(":=").Qual(pgcopyPkg, "Tail").Values(pair("Fields", jen.Lit(1)), pair("Bytes", jen.Qual(pgcopyPkg, "AppendNull").Call(jen.Nil())))
		emitBound(g, jen.Id("encoder").Op(":=").Id("New"+prefix+"Encoder").Call(), "encoder")
		g.List(jen.Id("got"), jen.Err()).Op(":=").Add(appendAll("encoder", jen.Nil()))
		g.Add(fatal("t"))
		g.List(jen.Id("dynamic"), jen.Err()).Op(":=").Qual(pgcopyPkg, "NewEncoder").Call(jen.Id("TableSchema"))
		g.Add(fatal("t"))
		emitBound(g, jen.Null(), "dynamic")
		g.List(jen.Id("want"), jen.Err()).Op(":=").Add(appendAll("dynamic", jen.Nil()))
		g.Add(fatal("t"))
		g.If(jen.Op("!").Qual("bytes", "Equal").Call(jen.Id("got"), jen.Id("want"))).Block(
			jen.Id("t").Dot("Errorf").Call(jen.Lit("the batch\n%v\nis encoded as\n%x\nnot\n%x"), jen.Id("rows"), jen.Id("got"), jen.Id("want")))
		g.Id("allocs").Op(":=").Qual("testing", "AllocsPerRun").Call(jen.Lit(5), jen.Func().Params().Block(
			jen.List(jen.Id("got"), jen.Err()).Op("=").Add(appendAll("encoder", jen.Id("got").Index(jen.Empty(), jen.Lit(0))))))
		g.Add(fatal("t"))
		emitNoAllocs(g)
	})
}

// appendAll encodes the n rows that the encoder is bound to.
func appendAll(encoder string, dst jen.Code) jen.Code {
	return jen.Id(encoder).Dot("AppendRows").Call(dst, jen.Lit(0), jen.Id("n"), jen.Id("tail"))
}

// emitAppendRow declares the inverse of Columns.Row, by which the round trip is closed.
func emitAppendRow(f *jen.File, m *model) {
	comment(f, "appendRow is the inverse of Columns.Row.")
	f.Func().Id("appendRow").Params(jen.Id("b").Op("*").Qual(arrayPkg, "RecordBuilder"), jen.Id("row").Op("*").Id("Row")).BlockFunc(func(g *jen.Group) {
		for i, c := range m.columns {
			emitAppendValue(g, c.node, c.Nullable, jen.Id("b").Dot("Field").Call(jen.Lit(i)), "row."+c.GoName)
		}
	})
}

// emitAppendValue appends the Row's value at source to a builder.
func emitAppendValue(g *jen.Group, n *node, nullable bool, builder *statement, source string) {
	value := source
	if nullable {
		value += ".V"
	}
	var set *statement
	if n.scalar != nil {
		set = builder.Clone().Assert(builderType(n)).Dot("Append").Call(n.scalar.write(jen.Id(value)))
	} else {
		set = jen.Id("append"+n.columns).Call(builder.Clone().Assert(builderType(n)), jen.Op("&").Id(value))
	}
	if !nullable {
		g.Add(set)
		return
	}
	g.If(jen.Id(source).Dot("Valid")).Block(set).Else().Block(builder.Clone().Dot("AppendNull").Call())
}

func emitAppendNested(f *jen.File, n *node) {
	f.Func().Id("append"+n.columns).Params(jen.Id("b").Add(builderType(n)), jen.Id("v").Op("*").Add(goType(n, false))).BlockFunc(func(g *jen.Group) {
		g.Id("b").Dot("Append").Call(jen.True())
		switch n.typ.ID() {
		case arrow.STRUCT:
			for i, c := range n.children {
				emitAppendValue(g, c.node, c.nullable, jen.Id("b").Dot("FieldBuilder").Call(jen.Lit(i)), "v."+c.goName)
			}
		case arrow.MAP:
			g.For(jen.Id("k").Op(":=").Range().Op("*").Id("v")).BlockFunc(func(g *jen.Group) {
				emitAppendValue(g, n.children[0].node, n.children[0].nullable, jen.Id("b").Dot("KeyBuilder").Call(), "(*v)[k].Key")
				emitAppendValue(g, n.children[1].node, n.children[1].nullable, jen.Id("b").Dot("ItemBuilder").Call(), "(*v)[k].Value")
			})
		default:
			g.For(jen.Id("k").Op(":=").Range().Op("*").Id("v")).BlockFunc(func(g *jen.Group) {
				emitAppendValue(g, n.children[0].node, n.children[0].nullable, jen.Id("b").Dot("ValueBuilder").Call(), "(*v)[k]")
			})
		}
	})
}
