package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ampgen/ampgen"

type layer struct {
	of   string   // the first layer that matches a package decides
	uses []string // what it may import from this module, besides packages of its own layer
}

// The way in which the packages of this repository may depend on each other. Paths are relative to the module; "*" stands for one
// folder, and "/..." for the folder and everything below it.
var layers = []layer{
	{"ampgen", []string{"ampgen/internal/cli"}},
	{"ampgen/internal/cli", []string{"ampgen/internal/...", "runtime/amp"}},
	{"ampgen/internal/describe", []string{"ampgen/internal/...", "runtime/amp"}},
	{"ampgen/internal/...", []string{"sinks/*/ddl"}},
	{"ampgen/ampdev/...", []string{"ampgen/internal/..."}},
	{"runtime/...", nil},
	{"sinks/*/ddl", nil},
	{"sinks/sinktest", []string{"runtime/..."}},
	{"sinks/*/...", []string{"runtime/..."}},
	{"generated/*/cmd/*", []string{"runtime", "runtime/loadbench", "generated/*", "sinks/*"}},
	{"generated/*", []string{"runtime/..."}},
	{"benchmarks/...", []string{"runtime/...", "sinks/...", "generated/..."}},
	{"demo/...", nil},
	{"sinks", nil}, // tests only, as are the next two
	{"queries", nil},
	{"e2e", nil},
	{"e2e/...", []string{"ampgen/ampdev/...", "generated/*", "runtime/...", "sinks/postgres/...", "sinks/sinktest/tcpproxy"}},
}

// owners says which packages may import a module. What is not listed here may be imported anywhere.
var owners = []struct {
	module string
	by     []string
}{
	{"github.com/dave/jennifer", []string{"ampgen/internal/emit"}},
	{"github.com/goccy/go-yaml", []string{"ampgen/internal/config"}},
	{"github.com/jackc/pgx/v5", []string{"sinks/postgres/...", "benchmarks/...", "e2e/..."}},
	{"github.com/duckdb/duckdb-go/v2", []string{"sinks/duckdb", "sinks/snowflake/snowtest", "ampgen/ampdev/...", "demo/..."}},
	{"github.com/snowflakedb/gosnowflake/v2", []string{"sinks/snowflake/..."}},
	{"google.golang.org/grpc", []string{"runtime/amp", "ampgen/ampdev", "e2e/..."}},
	{"github.com/vbauerster/mpb/v8", []string{"runtime/telemetry"}},
}

// cgoAllowed are the packages that may need a C compiler. Everything else builds without.
var cgoAllowed = []string{"sinks/duckdb", "sinks/lmdb", "sinks/snowflake/snowtest", "ampgen/ampdev/...", "demo/...", "e2e/...", "generated/*/cmd/*-duckdb", "benchmarks/memory", "benchmarks/snowflake"}

// cgoIfThere are modules that use a C compiler where there is one and build without.
var cgoIfThere = []string{"github.com/snowflakedb/gosnowflake/v2"}

// pkg is what go list says of a package.
type pkg struct {
	ImportPath    string
	Name          string
	Standard      bool
	Imports, Deps []string
	CgoFiles      []string
	Module        *struct{ Path string }
}

// ours is the path of a package relative to the module, or "" and false for packages from elsewhere.
func ours(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	rel, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return "", false
	}
	return rel, true
}

// listPackages lists the packages of the repository and all that they depend on, tests apart. The ignored folder build/ is
// whatever somebody tries out.
func listPackages(t *testing.T) map[string]*pkg {
	t.Helper()
	out := goTool(t, repository, "list", "-e", "-deps", "-json=ImportPath,Name,Standard,Imports,Deps,CgoFiles,Module", "./...")
	packages := map[string]*pkg{}
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		if rel, ok := ours(p.ImportPath); !ok || !strings.HasPrefix(rel, "build/") {
			packages[p.ImportPath] = &p
		}
	}
}

// matches reports whether a path of the module matches a pattern.
func matches(pattern, rel string) bool {
	prefix, below := strings.CutSuffix(pattern, "/...")
	parts := strings.Split(rel, "/")
	depth := strings.Count(prefix, "/") + 1
	if len(parts) < depth || len(parts) > depth && !below {
		return false
	}
	ok, err := path.Match(prefix, strings.Join(parts[:depth], "/"))
	return ok && err == nil
}

func matchesAny(patterns []string, rel string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, rel) })
}

// sameFolders reports whether a and b, which both match pattern, are below the same of the folders that its stars stand for:
// sinks/postgres and sinks/postgres/pgtest are, sinks/postgres and sinks/duckdb are not.
func sameFolders(pattern, a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i, part := range strings.Split(strings.TrimSuffix(pattern, "/..."), "/") {
		if strings.Contains(part, "*") && as[i] != bs[i] {
			return false
		}
	}
	return true
}

func TestImportDirections(t *testing.T) {
	packages := listPackages(t)
	for _, p := range packages {
		rel, ok := ours(p.ImportPath)
		if !ok {
			continue
		}
		i := slices.IndexFunc(layers, func(l layer) bool { return matches(l.of, rel) })
		if i < 0 {
			t.Errorf("%s belongs to no layer: say in this file what it may import", rel)
			continue
		}
		layer := layers[i]
		for _, imported := range p.Imports {
			to, ok := ours(imported)
			if !ok || matchesAny(layer.uses, to) || matches(layer.of, to) && sameFolders(layer.of, rel, to) {
				continue
			}
			if strings.HasPrefix(layer.of, "sinks/*") && to == path.Join(rel, "ddl") {
				continue // a sink's own types
			}
			t.Errorf("%s imports %s; packages of %s may import %s", rel, to, layer.of, strings.Join(append(layer.uses, "each other"), ", "))
		}
	}
}

func TestModulesAreImportedByTheirOwners(t *testing.T) {
	packages := listPackages(t)
	for _, p := range packages {
		rel, ok := ours(p.ImportPath)
		if !ok {
			continue
		}
		for _, imported := range p.Imports {
			for _, o := range owners {
				if (imported == o.module || strings.HasPrefix(imported, o.module+"/")) && !matchesAny(o.by, rel) {
					t.Errorf("%s imports %s, which is for %s", rel, imported, strings.Join(o.by, ", "))
				}
			}
		}
		if matches("sinks/*/ddl", rel) {
			for _, imported := range p.Imports {
				if !packages[imported].Standard && !strings.HasPrefix(imported, "github.com/apache/arrow-go/v18/arrow") {
					t.Errorf("%s imports %s; it may import arrow and the standard library", rel, imported)
				}
			}
		}
	}
}

// TestWhatIsLinked is about what packages bring along by way of others.
func TestWhatIsLinked(t *testing.T) {
	packages := listPackages(t)
	client := append([]string{module + "/runtime/amp"}, packages[module+"/runtime/amp"].Deps...)
	for _, p := range packages {
		rel, ok := ours(p.ImportPath)
		if !ok {
			continue
		}
		var sinks []string
		for _, d := range p.Deps {
			to, _ := ours(d)
			switch {
			case matches("ampgen/ampdev/...", rel) && matches("runtime/...", to):
				t.Errorf("%s links %s: the development server writes the protocol on its own", rel, to)
			case matches("ampgen/...", rel) && matches("runtime/...", to) && !slices.Contains(client, d):
				t.Errorf("%s links %s: of the runtime, the generator has the client alone", rel, to)
			case matches("sinks/snowflake/snowtest/...", to) && !matches("sinks/snowflake/snowtest/...", rel) && !matches("benchmarks/...", rel):
				t.Errorf("%s links %s, which is for tests", rel, to)
			case matches("sinks/*", to):
				sinks = append(sinks, path.Base(to))
			}
		}
		if matches("generated/*/cmd/*", rel) {
			_, own, _ := strings.Cut(path.Base(rel), "-")
			if !slices.Equal(sinks, []string{own}) {
				t.Errorf("%s links the sinks %v; a loader has exactly its own", rel, sinks)
			}
		}
	}
}

func TestCgo(t *testing.T) {
	packages := listPackages(t)
	found := 0
	for _, p := range packages {
		rel, ok := ours(p.ImportPath)
		if !ok {
			continue
		}
		for _, d := range append([]string{p.ImportPath}, p.Deps...) {
			dep := packages[d]
			if dep == nil || dep.Standard || len(dep.CgoFiles) == 0 || slices.Contains(cgoIfThere, d) {
				continue
			}
			found++
			if !matchesAny(cgoAllowed, rel) {
				t.Errorf("%s needs cgo because of %s", rel, d)
			}
		}
	}
	if found == 0 {
		t.Error("no package needs cgo, not even sinks/duckdb: this test looks at the wrong thing, or cgo is off")
	}
}

func TestModuleFileStandsAlone(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(strings.TrimSpace(line), "replace") {
			t.Errorf("go.mod has %q: users of the module would not have it", strings.TrimSpace(line))
		}
	}
}
