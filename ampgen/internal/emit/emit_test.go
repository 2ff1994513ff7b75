package emit

import (
	"bytes"
	"flag"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/output"
)

var update = flag.Bool("update", false, "write the golden files; such a run fails, so that it cannot pass for a test")

func TestGoldens(t *testing.T) {
	for _, p := range pipelines() {
		t.Run(p.Name, func(t *testing.T) {
			files, err := Files(p, Options{ImportPath: importPath})
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.RemoveAll(filepath.Join("testdata", p.Folder)); err != nil {
					t.Fatal(err)
				}
			}
			seen := map[string]bool{}
			for _, f := range files {
				golden := filepath.Join("testdata", f.Path+".golden")
				seen[golden] = true
				if *update {
					write(t, golden, f.Data)
					continue
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Errorf("%v; run with -update to write it", err)
					continue
				}
				if string(want) != string(f.Data) {
					t.Errorf("%s (-want +got):\n%s", f.Path, cmp.Diff(string(want), string(f.Data)))
				}
			}
			if *update {
				t.Fatal("golden files written: read the difference, then run again without -update")
			}
		})
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Two runs give the same bytes, whatever the scheduler does.
func TestFilesAreDeterministic(t *testing.T) {
	render := func(procs int) []output.File {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		var all []output.File
		for _, p := range pipelines() {
			files, err := Files(p, Options{ImportPath: importPath})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, files...)
		}
		return all
	}
	one := render(1)
	for range 5 {
		if many := render(runtime.NumCPU()); !cmp.Equal(one, many) {
			t.Fatal(cmp.Diff(one, many))
		}
	}
}

// Imports are grouped, and none has an alias that says what its path says.
func TestImports(t *testing.T) {
	for _, p := range pipelines() {
		for _, f := range files(t, p) {
			if path.Ext(f.Path) != ".go" {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), f.Path, f.Data, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			third := false
			for _, spec := range parsed.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if spec.Name != nil && spec.Name.Name == path.Base(imported) {
					t.Errorf("%s imports %s under its own name", f.Path, imported)
				}
				std := !strings.Contains(strings.Split(imported, "/")[0], ".")
				if std && third {
					t.Errorf("%s imports %s behind packages that are not of the standard library", f.Path, imported)
				}
				third = third || !std
			}
		}
	}
}

// What analysis should have refused is an error that names it.
func TestFilesRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(p *ir.Pipeline)
		want string
	}{
		{"a type without values", func(p *ir.Pipeline) { p.Query[6] = col("nothing", arrow.Null, true) },
			`pipeline Erc20Transfers: column "nothing": Null has no Go type; cast it with arrow_cast to one that has`},
		{"such a type inside", func(p *ir.Pipeline) {
			p.Query[6] = col("d", arrow.ListOf(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}), true)
		}, `pipeline Erc20Transfers: column "d": Dictionary(Int32, Utf8) has no Go type; cast it with arrow_cast to one that has`},
		{"an unknown sink", func(p *ir.Pipeline) { p.Sinks[0].Kind = "oracle" },
			`pipeline Erc20Transfers: sink "oracle" is unknown or occurs twice`},
		{"a sink twice", func(p *ir.Pipeline) { p.Sinks[0].Kind = "duckdb" },
			`pipeline Erc20Transfers: sink "duckdb" is unknown or occurs twice`},
		{"a broken pipeline", func(p *ir.Pipeline) { p.Block = "height" },
			`pipeline Erc20Transfers: block column "height" does not exist`},
		{"a table that a sink cannot have", func(p *ir.Pipeline) { p.Sinks = p.Sinks[:1]; p.Sinks[0].Table = "a.b.c" },
			`pipeline Erc20Transfers: table a.b.c in postgres: `},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := transfers()
			c.edit(p)
			if _, err := Files(p, Options{ImportPath: importPath}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// Text of the user cannot break the code around it: names, documentation and SQL of any bytes give files that are Go, as gofmt
// writes it, and SQL that is the same byte for byte.
func FuzzFiles(f *testing.F) {
	f.Add("select 1", "doc", "a", "queries/a.sql")
	f.Add("select `a`\r\n, '\x00' -- */", "+build ignore", "b\n*/ package main", "a\nb.sql")
	f.Add("\ufeff\xff", "# heading\u2028", "Row", "//go:build ignore")
	f.Add("a\n\n\n  b\n\tc `", "go:generate x\n\n", "\x00", "")
	f.Fuzz(func(t *testing.T, sql, doc, name, file string) {
		p := transfers()
		p.SQL, p.RangeSQL, p.Doc, p.File, p.Sinks = sql, "", strings.Split(doc, "\n"), file, nil
		p.NoRange = doc + "."
		p.Query = append(p.Query, col(name, utf8Type, true))
		p.Query[7].GoName = "Fuzzed"
		all, err := Files(p, Options{ImportPath: importPath})
		if err != nil {
			if p.Validate() != nil {
				t.Skip("the name is that of another column")
			}
			t.Fatal(err)
		}
		for _, f := range all {
			again, err := format.Source(f.Data)
			if err != nil || !bytes.Equal(again, f.Data) {
				t.Errorf("%s is not as gofmt writes it: %v\n%s", f.Path, err, cmp.Diff(string(f.Data), string(again)))
			}
			if path.Base(f.Path) == "pipeline.go" && constant(t, f.Data, "SQL") != sql {
				t.Errorf("the SQL %q became %q", sql, constant(t, f.Data, "SQL"))
			}
		}
	})
}

// constant is the value of a string constant in a Go file.
func constant(t *testing.T, src []byte, name string) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST && g.Specs[0].(*ast.ValueSpec).Names[0].Name == name {
			return sum(t, g.Specs[0].(*ast.ValueSpec).Values[0])
		}
	}
	t.Fatalf("no constant %s", name)
	return ""
}

// sum evaluates a sum of string literals.
func sum(t *testing.T, e ast.Expr) string {
	t.Helper()
	if b, ok := e.(*ast.BinaryExpr); ok {
		return sum(t, b.X) + sum(t, b.Y)
	}
	s, err := strconv.Unquote(e.(*ast.BasicLit).Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A hundred pipelines have to take less than a second.
func BenchmarkHundredPipelines(b *testing.B) {
	p := transfers()
	for b.Loop() {
		for range 100 {
			if _, err := Files(p, Options{ImportPath: importPath}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
