package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
)

// labelsFile is labels.go: the label files as they were when the code was generated.
func labelsFile(m *model) *jen.File {
	f := m.newFile(m.Package)
	comment(f, "Labels are the CSV files that are joined to the query's rows, in order. A file that is loaded at run time must have these columns, and cells of these types.")
	specs := make([]jen.Code, len(m.Labels))
	for i, l := range m.Labels {
		specs[i] = lines("{", "}", labelFields(l)...)
	}
	f.Func().Id("Labels").Params().Index().Qual(labelsPkg, "Spec").Block(
		jen.Return(jen.Index().Qual(labelsPkg, "Spec").Add(lines("{", "}", specs...))))
	return f
}

func labelFields(l ir.Label) []jen.Code {
	join := "Left"
	if l.Join == "inner" {
		join = "Inner"
	}
	fields := []jen.Code{
		pair("Name", jen.Lit(l.Name)),
		pair("Path", jen.Lit(l.Path)),
		pair("Key", jen.Lit(l.Key)),
		pair("KeyType", typeExpr(l.KeyType)),
		pair("On", jen.Lit(l.On)),
		pair("Join", jen.Qual(labelsPkg, join)),
	}
	if policy := map[string]string{"first": "DuplicateFirst", "last": "DuplicateLast", "fanout": "DuplicateFanout"}[l.Duplicates]; policy != "" {
		fields = append(fields, pair("Duplicates", jen.Qual(labelsPkg, policy)))
	}
	columns := make([]jen.Code, len(l.Columns))
	for i, c := range l.Columns {
		columns[i] = jen.Values(pair("CSV", jen.Lit(c.CSV)), pair("Field", qualifiedField(column{Column: c.Column}.arrowField())))
	}
	return append(fields,
		pair("Header", stringsExpr(l.Header)),
		pair("Columns", jen.Index().Qual(labelsPkg, "Column").Add(lines("{", "}", columns...))))
}
