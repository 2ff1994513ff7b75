package emit

import (
	"fmt"
	"path"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
)

// mainFile is main.go of a loader: one query, one sink.
func mainFile(m *model, s ir.Sink) *jen.File {
	f := m.newFile("main")
	name := path.Base(m.command(s))
	for _, line := range wrap(fmt.Sprintf("Command %s loads the query %s of %s into table %s in %s.", name, m.Name, oneLine(m.File), oneLine(s.Table), sinks[s.Kind].title)) {
		f.PackageComment("// " + line)
	}
	f.PackageComment("//")
	f.PackageComment("// Its commands, flags and environment variables are listed by --help.")
	f.Func().Id("main").Params().Block(
		append(m.loader(s), jen.Qual("os", "Exit").Call(jen.Qual(runtimePkg, "Main").Call(jen.Id("p"), m.driver(s))))...)
	return f
}

// loader sets p to the pipeline with its table.
func (m *model) loader(s ir.Sink) []jen.Code {
	return []jen.Code{
		jen.Id("p").Op(":=").Qual(m.importPath, "Pipeline").Call(),
		jen.Id("p").Dot("Table").Op("=").Qual(m.importPath, sinks[s.Kind].goPrefix+"Table").Call(),
	}
}

func (m *model) driver(s ir.Sink) jen.Code {
	var args []jen.Code
	if sinks[s.Kind].encoder {
		args = append(args, jen.Qual(m.importPath, "New"+sinks[s.Kind].goPrefix+"Encoder"))
	}
	if option := sinks[s.Kind].option; option != nil {
		args = append(args, option(s))
	}
	return jen.Qual(sinksPkg+"/"+s.Kind, "NewDriver").Call(args...)
}

// loadBenchFile is bench_test.go of a loader. The build tag keeps "go test ./..." from linking a database per query.
func loadBenchFile(m *model, s ir.Sink) *jen.File {
	f := m.newFile("main")
	f.HeaderComment("//go:build ampbench")
	prefix, env := sinks[s.Kind].goPrefix, "AMP_BENCH_"+strings.ToUpper(s.Kind)
	comment(f, fmt.Sprintf("BenchmarkLoad%s loads random rows into a table of its own in %s, whose connection flags are in %s: %s=\"--…\" go test -tags ampbench -bench Load",
		prefix, sinks[s.Kind].title, env, env))
	f.Func().Id("BenchmarkLoad" + prefix).Params(jen.Id("b").Op("*").Qual("testing", "B")).Block(
		append(m.loader(s), jen.Qual(loadbenchPkg, "Run").Call(jen.Id("b"), jen.Id("p"), m.driver(s)))...)
	return f
}
