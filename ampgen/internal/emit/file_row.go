package emit

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// rowFile is row.go: the struct of a result row, and those of its nested values.
func rowFile(m *model) *jen.File {
	f := m.newFile(m.Package)
	comment(f, "Row is one row of the table: the query's columns, then those of the labels. A column that may be null is an sql.Null, whose Valid says whether it is not.")
	fields := make([]jen.Code, len(m.columns))
	for i, c := range m.columns {
		fields[i] = jen.Id(c.GoName).Add(goType(c.node, c.Nullable)).Comment("// " + c.describe())
	}
	f.Type().Id("Row").Struct(fields...)
	for _, n := range m.nested {
		switch n.typ.ID() {
		case arrow.STRUCT:
			f.Line()
			comment(f, n.row+" is a value of "+oneLine(n.path)+".")
			f.Type().Id(n.row).Struct(childFields(n)...)
		case arrow.MAP:
			f.Line()
			comment(f, n.row+" is an entry of the map "+oneLine(n.path)+".")
			f.Type().Id(n.row).Struct(childFields(n)...)
		}
	}
	return f
}

func childFields(n *node) []jen.Code {
	fields := make([]jen.Code, len(n.children))
	for i, c := range n.children {
		text := typeText(c.typ)
		if n.typ.ID() == arrow.STRUCT {
			text = c.name + ": " + text
		}
		if c.nullable {
			text += ", nullable"
		}
		fields[i] = jen.Id(c.goName).Add(goType(c.node, c.nullable)).Comment("// " + oneLine(text))
	}
	return fields
}

// typeText is a type in DataFusion's notation. Structs are only named: their fields are those of a generated type.
func typeText(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.StructType:
		return "Struct"
	case *arrow.MapType:
		return "Map(" + typeText(t.KeyType()) + ", " + typeText(t.ItemType()) + ")"
	case *arrow.ListType:
		return "List(" + typeText(t.Elem()) + ")"
	case *arrow.LargeListType:
		return "LargeList(" + typeText(t.Elem()) + ")"
	case *arrow.FixedSizeListType:
		return fmt.Sprintf("FixedSizeList(%d x %s)", t.Len(), typeText(t.Elem()))
	}
	return coerce.Format(t)
}

// describe is the comment of the column's field.
func (c column) describe() string {
	text := c.Name + ": " + typeText(c.Type)
	if r := c.remarks(); r != "" {
		text += ", " + r
	}
	return oneLine(text)
}

// remarks say what else there is to know of a column.
func (c column) remarks() string {
	var parts []string
	if c.Nullable {
		parts = append(parts, "nullable")
	}
	if c.Logical != "" {
		parts = append(parts, "decimal text of a "+c.Logical)
	}
	if c.label != "" {
		parts = append(parts, "label "+oneLine(c.label))
	}
	return strings.Join(parts, ", ")
}
