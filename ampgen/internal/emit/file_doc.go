package emit

import (
	"fmt"
	"path"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
)

// docFile is doc.go: the package comment with everything that a person wants to know before reading code.
func docFile(m *model) *jen.File {
	f := m.newFile(m.Package)
	doc := packageDoc{f}
	doc.text(fmt.Sprintf("Package %s is the query %s of %s, line %d: %s.", m.Package, m.Name, oneLine(m.File), m.Line, modeText(m.Mode)))
	if len(m.Doc) > 0 {
		doc.blank()
		for _, line := range m.Doc {
			doc.line(line)
		}
	}
	doc.heading("Columns")
	for _, line := range columnTable(m) {
		doc.code(line)
	}
	if len(m.Labels) > 0 {
		doc.heading("Labels")
		for _, l := range m.Labels {
			doc.code(labelText(l))
		}
	}
	if len(m.Sinks) > 0 {
		doc.heading("Loaders")
		for _, s := range m.Sinks {
			doc.code(fmt.Sprintf("%s: table %s in %s", path.Join(m.importPath, m.command(s)), oneLine(s.Table), sinks[s.Kind].title))
		}
	}
	doc.heading("SQL")
	for line := range strings.Lines(m.SQL) {
		doc.code(strings.TrimRight(line, "\r\n"))
	}
	return f
}

func modeText(mode string) string {
	switch mode {
	case ir.Stream:
		return "a stream that follows the chain"
	case ir.Append:
		return "a batch query whose result is added to the table"
	}
	return "a batch query whose result replaces the table"
}

// columnTable has a line per column: name, Arrow type, nullability, where it comes from.
func columnTable(m *model) []string {
	rows := make([][3]string, len(m.columns))
	var nameWidth, typeWidth int
	for i, c := range m.columns {
		rows[i] = [3]string{oneLine(c.Name), oneLine(typeText(c.Type)), c.remarks()}
		nameWidth, typeWidth = max(nameWidth, len(rows[i][0])), max(typeWidth, len(rows[i][1]))
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = strings.TrimRight(fmt.Sprintf("%-*s  %-*s  %s", nameWidth, r[0], typeWidth, r[1], r[2]), " ")
	}
	return out
}

func labelText(l ir.Label) string {
	kind := "left join, rows without a label stay"
	if l.Join == "inner" {
		kind = "inner join, rows without a label are dropped"
	}
	return oneLine(fmt.Sprintf("%s: %s, %s = %s (%s)", l.Name, l.Path, l.Key, l.On, kind))
}

// packageDoc writes the lines of a package comment.
type packageDoc struct{ *jen.File }

func (d packageDoc) text(s string) {
	for _, line := range wrap(s) {
		d.PackageComment("// " + line)
	}
}

// line is a line of the user's documentation, as written. A line that the go command would read as a build constraint is not.
func (d packageDoc) line(s string) {
	s = strings.TrimRight(oneLine(s), " ")
	if strings.HasPrefix(strings.TrimSpace(s), "+build") {
		s = `"` + s + `"`
	}
	d.PackageComment(strings.TrimRight("// "+s, " "))
}

func (d packageDoc) blank() { d.PackageComment("//") }

func (d packageDoc) heading(s string) {
	d.blank()
	d.PackageComment("// # " + s)
	d.blank()
}

func (d packageDoc) code(s string) {
	s = strings.ReplaceAll(s, "\t", "    ")
	if s = strings.TrimRight(oneLine(s), " "); s == "" {
		d.blank()
		return
	}
	if strings.HasPrefix(strings.TrimSpace(s), "+build") {
		s = `"` + s + `"`
	}
	d.PackageComment("//\t" + s)
}
