package emit

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/dave/jennifer/jen"
)

// decodeFile is decode.go: record batch to rows, without an allocation per row.
func decodeFile(m *model) *jen.File {
	f := m.newFile(m.Package)
	comment(f, "Columns are the columns of a record batch by their concrete types. Bind them to a batch, then read rows by number, or the columns themselves.")
	fields := make([]jen.Code, len(m.columns))
	for i, c := range m.columns {
		fields[i] = jen.Id(c.field()).Add(columnsType(c.node))
	}
	f.Type().Id("Columns").Struct(fields...)
	f.Line()
	emitBind(f, m)
	f.Line()
	emitRow(f, m)
	for _, n := range m.nested {
		f.Line()
		emitNested(f, n)
	}
	return f
}

// columnsType is what holds the values of a node once it is bound.
func columnsType(n *node) jen.Code {
	if n.scalar != nil {
		return arrayType(n)
	}
	return jen.Id(n.columns)
}

func emitBind(f *jen.File, m *model) {
	comment(f, "Bind points c at the columns of rows, whose schema must be TableSchema; otherwise the error names every difference. It does not retain rows, so c is of use until rows is released.")
	f.Func().Params(jen.Id("c").Op("*").Id("Columns")).Id("Bind").Params(jen.Id("rows").Qual(arrowPkg, "RecordBatch")).Error().
		BlockFunc(func(g *jen.Group) {
			g.Id("b").Op(":=").Qual(bindPkg, "New").Call(jen.Id("rows"), jen.Id("TableSchema"))
			for i, c := range m.columns {
				target := jen.Id("c").Dot(c.field())
				if c.node.scalar == nil {
					target = target.Dot(c.node.array())
				}
				g.Add(target).Op("=").Qual(bindPkg, "Column").Types(arrayType(c.node)).Call(jen.Id("b"), jen.Lit(i))
			}
			if len(m.nested) == 0 {
				g.Return(jen.Id("b").Dot("Err").Call())
				return
			}
			g.If(jen.Err().Op(":=").Id("b").Dot("Err").Call(), jen.Err().Op("!=").Nil()).Block(jen.Return(jen.Err()))
			for _, c := range m.columns {
				if c.node.scalar == nil {
					g.Id("c").Dot(c.field()).Dot("bind").Call()
				}
			}
			g.Return(jen.Nil())
		})
}

func emitRow(f *jen.File, m *model) {
	text := "Row reads row i of the bound batch into row. It allocates nothing: text and binary are the memory of the batch, so copy what has to outlive it."
	if len(m.nested) > 0 {
		text += " Lists grow in the memory that row has from before; what a nested value that is null holds in V is left over."
	}
	comment(f, text)
	f.Func().Params(jen.Id("c").Op("*").Id("Columns")).Id("Row").Params(jen.Id("i").Int(), jen.Id("row").Op("*").Id("Row")).
		BlockFunc(func(g *jen.Group) {
			for _, c := range m.columns {
				emitRead(g, c.node, c.Nullable, c.GoName, "c."+c.field(), "i", "row."+c.GoName)
			}
		})
}

// emitRead reads value index of the node bound at columns into target.
func emitRead(g *jen.Group, n *node, nullable bool, name, columns, index, target string) {
	own := columns
	if n.scalar == nil {
		own += "." + n.array()
	}
	if n.scalar == nil {
		into := target
		if nullable {
			into += ".V"
		}
		read := jen.Id(columns).Dot("read").Call(jen.Id(index), jen.Op("&").Id(into))
		if !nullable {
			g.Add(read)
			return
		}
		g.Id(target).Dot("Valid").Op("=").Id(own).Dot("IsValid").Call(jen.Id(index))
		g.If(jen.Id(target).Dot("Valid")).Block(read)
		return
	}
	value := n.scalar.read(jen.Id(own).Dot("Value").Call(jen.Id(index)))
	if !nullable {
		g.Id(target).Op("=").Add(value)
		return
	}
	null := jen.Qual("database/sql", "Null").Types(n.scalar.goType())
	g.Id(target).Op("=").Add(null.Clone()).Values()
	g.If(jen.Id(own).Dot("IsValid").Call(jen.Id(index))).Block(
		jen.Id(target).Op("=").Add(null.Clone()).Values(pair("V", value), pair("Valid", jen.True())))
}

// emitNested declares the bound arrays of a node with children, how they bind to their parent's, and how they are read.
func emitNested(f *jen.File, n *node) {
	comment(f, n.columns+" are the arrays of "+oneLine(n.path)+".")
	fields := []jen.Code{jen.Id(n.array()).Add(arrayType(n))}
	for _, c := range n.children {
		fields = append(fields, jen.Id(c.field()).Add(columnsType(c.node)))
	}
	f.Type().Id(n.columns).Struct(fields...)
	f.Line()
	f.Comment("// bind finds the arrays inside; their types were compared with the schema's before.")
	f.Func().Params(jen.Id("c").Op("*").Id(n.columns)).Id("bind").Params().BlockFunc(func(g *jen.Group) { emitNestedBind(g, n) })
	f.Line()
	valueType := goType(n, false)
	f.Func().Params(jen.Id("c").Op("*").Id(n.columns)).Id("read").
		Params(jen.Id("i").Int(), jen.Id("v").Op("*").Add(valueType)).
		BlockFunc(func(g *jen.Group) {
			if n.typ.ID() == arrow.STRUCT {
				for _, c := range n.children {
					emitRead(g, c.node, c.nullable, c.goName, "c."+c.field(), "i", "v."+c.goName)
				}
				return
			}
			emitListRead(g, n)
		})
}

func emitNestedBind(g *jen.Group, n *node) {
	for i, c := range n.children {
		var values *statement
		switch n.typ.ID() {
		case arrow.STRUCT:
			values = jen.Id("c").Dot("Struct").Dot("Field").Call(jen.Lit(i))
		case arrow.MAP:
			if i == 0 {
				g.Id("entries").Op(":=").Id("c").Dot("Map").Dot("ListValues").Call().Assert(jen.Op("*").Qual(arrayPkg, "Struct"))
			}
			values = jen.Id("entries").Dot("Field").Call(jen.Lit(i))
		default:
			values = jen.Id("c").Dot("List").Dot("ListValues").Call()
		}
		target := jen.Id("c").Dot(c.field())
		if c.scalar == nil {
			target = target.Dot(c.node.array())
		}
		g.Add(target).Op("=").Add(values).Assert(arrayType(c.node))
		if c.scalar == nil {
			g.Id("c").Dot(c.field()).Dot("bind").Call()
		}
	}
}

// emitListRead reads the elements of a list or the entries of a map.
func emitListRead(g *jen.Group, n *node) {
	g.List(jen.Id("start"), jen.Id("end")).Op(":=").Id("c").Dot(n.array()).Dot("ValueOffsets").Call(jen.Id("i"))
	g.Op("*").Id("v").Op("=").Qual("slices", "Grow").Call(
		jen.Parens(jen.Op("*").Id("v")).Index(jen.Empty(), jen.Lit(0)), jen.Int().Call(jen.Id("end").Op("-").Id("start"))).
		Index(jen.Empty(), jen.Id("end").Op("-").Id("start"))
	g.For(jen.Id("k").Op(":=").Range().Op("*").Id("v")).BlockFunc(func(g *jen.Group) {
		g.Id("j").Op(":=").Int().Call(jen.Id("start")).Op("+").Id("k")
		for _, c := range n.children {
			target := "(*v)[k]"
			if n.typ.ID() == arrow.MAP {
				target += "." + c.goName
			}
			emitRead(g, c.node, c.nullable, c.goName, "c."+c.field(), "j", target)
		}
	})
}
